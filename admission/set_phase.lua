-- Moves the phase by compare-and-set. A line that goes live listens for half a second before it calls or gives; at the
-- start its bucket is empty.
-- KEYS: line
-- ARGV: gen from to
-- RETURNS: 1, 0 when the phase was not `from`, or {'closed'}
-- INCLUDE: common/line_clock.lua
local clock = line_advance(k_line, a_gen)
if not clock then return {'closed'} end
if redis.call('HGET', k_line, 'phase') ~= a_from then return 0 end
redis.call('HSET', k_line, 'phase', a_to)
clock = string.format('%.0f', clock)
if a_to == 'live' then redis.call('HSET', k_line, 'live_at', clock) end
if a_from == 'scheduled' then redis.call('HSET', k_line, 'level', '0.000000', 'level_at', clock) end
return 1
