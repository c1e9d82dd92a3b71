-- How many units can still be bought, and the line's clock when that was true.
-- KEYS: line
-- ARGV: gen left
-- RETURNS: 1, or {'closed'}
-- INCLUDE: common/line_clock.lua
local clock = line_advance(k_line, a_gen)
if not clock then return {'closed'} end
redis.call('HSET', k_line, 'left', a_left, 'left_at', string.format('%.0f', clock))
return 1
