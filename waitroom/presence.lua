-- presence: writes how many shoppers of this worker stand in which block of places, and reads the table that admissiond
-- made of all workers' records, when it is not the one the worker has. For telling only: it steers nothing.
--
-- The record is msgpack {wall s, width, {block -> count}}, packed by hand so that the last is always a map: the packer
-- would make an array of blocks that happen to be 1..n. The time is Redis', because its readers compare it with that.
--
-- KEYS: line presence table
-- ARGV: gen worker table_version width [more]
-- further: block, count; again for each block that is not empty. Width 0: the worker goes, its record too.
-- RETURNS: {table_version}, {table_version, table}, or {'closed'}
-- INCLUDE: common/line_clock.lua
if not line_advance(k_line, a_gen) then return {'closed'} end
if a_width == '0' then
    redis.call('HDEL', k_presence, a_worker)
else
    local pairs_of = {}
    for i = a_more, #ARGV do pairs_of[#pairs_of + 1] = cmsgpack.pack(tonumber(ARGV[i])) end
    local head = '\147' .. cmsgpack.pack(math.floor(line_time() / 1000), tonumber(a_width))
    local map = struct.pack('>BI4', 223, #pairs_of / 2) .. table.concat(pairs_of)
    redis.call('HSET', k_presence, a_worker, head .. map)
end
local version = redis.call('HGET', k_line, 'table_version')
if version == a_table_version then return {version} end
return {version, redis.call('GET', k_table)}
