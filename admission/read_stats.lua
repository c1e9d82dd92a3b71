-- What a merchant sees of a line beside its hash.
-- LINE KEYS: line inside ready table
-- ARGV: gen
-- RETURNS: {shoppers inside, places ready, presence table}, or {'closed'}
-- INCLUDE: common/line_clock.lua
local clock = line_advance(k_line, a_gen)
if not clock then return {'closed'} end
return {redis.call('ZCOUNT', k_inside, string.format('(%.0f', clock), '+inf'), redis.call('ZCARD', k_ready),
    redis.call('GET', k_table) or ''}
