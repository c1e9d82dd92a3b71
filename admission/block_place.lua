-- Blocks a place: it is granted nothing any more, its admission ends and its slot goes back. The row that goes counts as a token
-- let fall: after the block is lifted its jti must neither be issued again nor live again in a later generation.
-- LINE KEYS: line blocked inside admissions fallen ready owners
-- ARGV: gen place reason
-- RETURNS: {1, run}, or {'closed'}
local s = redis.call('HMGET', k_line, 'gen', 'run')
if s[1] ~= a_gen then return {'closed'} end
redis.call('HSET', k_blocked, a_place, a_reason)
redis.call('HDEL', k_owners, a_place)
redis.call('ZREM', k_ready, a_place)
redis.call('ZREM', k_inside, a_place)
if redis.call('HDEL', k_admissions, a_place) == 1 then
    redis.call('HINCRBY', k_fallen, a_place, 1)
    redis.call('HINCRBY', k_line, 'returned_total', 1)
end
return {1, s[2]}
