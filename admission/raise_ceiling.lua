-- Takes a ceiling that PostgreSQL already holds, when it is higher.
-- LINE KEYS: line
-- ARGV: gen ceiling
-- RETURNS: the ceiling in force, or {'closed'}
local s = redis.call('HMGET', k_line, 'gen', 'ceiling')
if s[1] ~= a_gen then return {'closed'} end
if tonumber(s[2]) >= tonumber(a_ceiling) then return s[2] end
redis.call('HSET', k_line, 'ceiling', a_ceiling)
return a_ceiling
