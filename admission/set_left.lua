-- How many units can still be bought, and the line's clock when that was true. None once the sale's time is over.
-- LINE KEYS: line
-- ARGV: gen version now ends_at left
--   version: of the caller's document     now: its wall clock     left: '' when the stock is not counted: then only the end is news
-- RETURNS: by how many ms the caller's clock is ahead of the time of day (below 0: behind; 0: it is believed), {'closed'}, or
--   {'behind'} when the line's document is newer: the end may be another
-- INCLUDE: common/line_clock.lua
local clock = line_advance(k_line, a_gen)
if not clock then return {'closed'} end
if tonumber(a_version) < tonumber(redis.call('HGET', k_line, 'version')) then return {'behind'} end
local now = line_wall(clock, tonumber(a_now))
local left = now >= tonumber(a_ends_at) and '0' or a_left
if left ~= '' then redis.call('HSET', k_line, 'left', left, 'left_at', string.format('%.0f', clock)) end
return tonumber(a_now) - now
