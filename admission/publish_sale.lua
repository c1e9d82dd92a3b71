-- Publishes a newer sale document; document and `version` of the line change together.
-- LINE KEYS: line sale
-- ARGV: gen version document
-- RETURNS: 1, 0 when the line has this version or a later one, or {'closed'}
local s = redis.call('HMGET', k_line, 'gen', 'version')
if s[1] ~= a_gen then return {'closed'} end
if tonumber(s[2]) >= tonumber(a_version) then return 0 end
redis.call('SET', k_sale, a_document)
redis.call('HSET', k_line, 'version', a_version)
return 1
