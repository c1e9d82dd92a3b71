-- Moves the phase by compare-and-set. A line that goes live listens for half a second before it calls or gives; at the
-- start its bucket is empty. `ended` is for ever, and a start tells everybody: neither comes of one caller's wrong clock.
-- What goes by the stock goes by what the line has been told of it: a caller's own count may be the older one.
-- LINE KEYS: line
-- ARGV: gen version from to now due
--   version: of the caller's document     now: its wall clock     due: wall ms from which the step is due; 0: it goes by the stock
-- RETURNS: 1, 0 when the phase was not `from` or the step is not due, {'closed'}, or {'behind'} when the line's document is newer
-- INCLUDE: common/line_clock.lua
local clock = line_advance(k_line, a_gen)
if not clock then return {'closed'} end
local s = redis.call('HMGET', k_line, 'phase', 'live_at', 'version', 'left')
if tonumber(a_version) < tonumber(s[3]) then return {'behind'} end
if s[1] ~= a_from then return 0 end
if a_due == '0' then
    if (a_to == 'sold_out') ~= (s[4] == '0') then return 0 end
elseif line_wall(clock, tonumber(a_now)) < tonumber(a_due) then
    return 0
end
redis.call('HSET', k_line, 'phase', a_to)
local live_at = math.max(clock, tonumber(s[2])) -- a generation that has just opened listens longer
if a_to == 'live' then redis.call('HSET', k_line, 'live_at', string.format('%.0f', live_at)) end
clock = string.format('%.0f', clock)
if a_from == 'scheduled' then redis.call('HSET', k_line, 'level', '0.000000', 'level_at', clock) end
return 1
