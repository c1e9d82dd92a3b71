-- Publishes the next presence table; of several instances one does it.
-- LINE KEYS: line table
-- ARGV: gen after table
--   after: the table_version it was made after
-- RETURNS: the version published, 0 when another instance was first, or {'closed'}
-- INCLUDE: common/line_clock.lua
local clock = line_advance(k_line, a_gen)
if not clock then return {'closed'} end
if redis.call('HGET', k_line, 'table_version') ~= a_after then return 0 end
local version = redis.call('HINCRBY', k_line, 'table_version', 1)
redis.call('HSET', k_line, 'table_at', string.format('%.0f', clock))
redis.call('SET', k_table, struct.pack('>I8', version) .. string.sub(a_table, 9))
return version
