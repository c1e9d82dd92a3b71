-- presence: writes how many shoppers of this worker stand in which block of places, and reads the table that admissiond
-- made of all workers' records, when it is not the one the worker has. For telling only: it steers nothing.
--
-- The record is msgpack {wall s, width, {block -> count}}. The worker packs all but the time, which is Redis', because
-- its readers compare it with that: a worker's thousands of blocks cost this script one concatenation.
--
-- LINE KEYS: line presence table
-- ARGV: gen worker table_version blocks
-- blocks: width and map, packed; empty: the worker goes, its record too.
-- RETURNS: {table_version}, {table_version, table}, or {'closed'}
-- INCLUDE: common/line_clock.lua
if not line_advance(k_line, a_gen) then return {'closed'} end
if a_blocks == '' then
    redis.call('HDEL', k_presence, a_worker)
else
    redis.call('HSET', k_presence, a_worker, '\147' .. cmsgpack.pack(math.floor(line_time() / 1000)) .. a_blocks)
end
local version = redis.call('HGET', k_line, 'table_version')
if version == a_table_version then return {version} end
return {version, redis.call('GET', k_table)}
