-- finish: accepted orders leave: row and slot go in one step and are counted, once, by the row that was there.
--
-- A row that names another token belongs to somebody else and stays.
--
-- LINE KEYS: line admissions inside
-- ARGV: gen [more]
-- further: place, jti; again for each order
-- RETURNS: how many rows went; or the single element `closed`
if redis.call('HGET', k_line, 'gen') ~= a_gen then return {'closed'} end
local finished = 0
for i = a_more, #ARGV, 2 do
    local place, jti = ARGV[i], ARGV[i + 1]
    local packed = redis.call('HGET', k_admissions, place)
    if packed and cmsgpack.unpack(packed)[1] == jti then
        redis.call('HDEL', k_admissions, place)
        redis.call('ZREM', k_inside, place)
        finished = finished + 1
    end
end
if finished > 0 then redis.call('HINCRBY', k_line, 'finished_total', finished) end
return finished
