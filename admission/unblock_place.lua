-- Takes a block off a place. An admission that the block ended stays ended.
-- LINE KEYS: line blocked
-- ARGV: gen place
-- RETURNS: {how many blocks went, run}, or {'closed'}
local s = redis.call('HMGET', k_line, 'gen', 'run')
if s[1] ~= a_gen then return {'closed'} end
return {redis.call('HDEL', k_blocked, a_place), s[2]}
