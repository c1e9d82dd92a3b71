-- Reads the workers' presence records when a new table is due, and forgets workers that are gone for long.
-- LINE KEYS: line presence
-- ARGV: gen every_ms forget_s
-- RETURNS: {} when the table is younger than `every_ms`; {'closed'}; or {table_version, time s, worker, record, ...}
-- INCLUDE: common/line_clock.lua
local clock = line_advance(k_line, a_gen)
if not clock then return {'closed'} end
local s = redis.call('HMGET', k_line, 'table_version', 'table_at')
if s[2] and clock - tonumber(s[2]) < tonumber(a_every_ms) then return {} end
local now = math.floor(line_time() / 1000)
local answer = {s[1], string.format('%.0f', now)}
local records = redis.call('HGETALL', k_presence)
for i = 1, #records, 2 do
    local written = cmsgpack.unpack(records[i + 1])[1]
    if now - written > tonumber(a_forget_s) then
        redis.call('HDEL', k_presence, records[i])
    else
        answer[#answer + 1], answer[#answer + 2] = records[i], records[i + 1]
    end
end
return answer
