-- How many units can still be bought, and the line's clock when that was true. None once the sale's time is over. A count that
-- was on its way for longer than another instance's newer one is not taken.
-- LINE KEYS: line
-- ARGV: gen version now ends_at left age
--   version: of the caller's document     now: its wall clock     left: '' when the stock is not counted: then only the end is news
--   age: ms since it was asked for
-- RETURNS: by how many ms the caller's clock is ahead of the time of day (below 0: behind; 0: it is believed), {'closed'}, or
--   {'behind'} when the line's document is newer: the end may be another
-- INCLUDE: common/line_clock.lua
local clock = line_advance(k_line, a_gen)
if not clock then return {'closed'} end
local s = redis.call('HMGET', k_line, 'version', 'left_at')
if tonumber(a_version) < tonumber(s[1]) then return {'behind'} end
local now = line_wall(clock, tonumber(a_now))
local left, at = a_left, clock - tonumber(a_age)
if at < tonumber(s[2]) then left = '' end
if now >= tonumber(a_ends_at) then left, at = '0', clock end
if left ~= '' then redis.call('HSET', k_line, 'left', left, 'left_at', string.format('%.0f', at)) end
return tonumber(a_now) - now
