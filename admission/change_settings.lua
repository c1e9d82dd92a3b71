-- Changes settings of the line: rate, burst_ms, mode, message, cap, factor. What the bucket earned at the old rate is
-- credited up to now, then cut to the new burst; a line that is held earns nothing. A line that goes back to `queue`
-- starts with an empty bucket and listens for half a second.
-- LINE KEYS: line
-- ARGV: gen version [more]
--   version: '' for a new change; else the settings_version these values had in PostgreSQL, taken only when it is higher than
--   the line's.   [more]: field, value ...
-- A change raises settings_version by one, and above all that any change of an earlier generation can have: one of those may
-- still be on its way to PostgreSQL when the line was lost with it.
-- RETURNS: {settings_version, run, rate, burst_ms, mode, message, cap, factor} now in force, or {'closed'}
-- INCLUDE: common/line_clock.lua
local clock = line_advance(k_line, a_gen)
if not clock then return {'closed'} end
local s = redis.call('HMGET', k_line, 'rate', 'burst_ms', 'mode', 'phase', 'level', 'level_at', 'settings_version', 'live_at')
local function answer()
    return redis.call('HMGET', k_line, 'settings_version', 'run', 'rate', 'burst_ms', 'mode', 'message', 'cap', 'factor')
end
local version = math.max(tonumber(s[7]), (tonumber(a_gen) - 1) * 1000000) + 1
if a_version ~= '' then
    if tonumber(a_version) <= tonumber(s[7]) then return answer() end
    version = tonumber(a_version)
end

local function burst(rate, burst_ms) return 1 + burst_ms / 1000 * rate / 60 end
local rate, level = tonumber(s[1]), tonumber(s[5])
if s[3] == 'queue' and s[4] == 'live' then
    level = math.min(burst(rate, tonumber(s[2])), level + rate * (clock - tonumber(s[6])) / 60000)
end
local known = {rate = true, burst_ms = true, mode = true, message = true, cap = true, factor = true}
for i = a_more, #ARGV, 2 do
    if not known[ARGV[i]] then return redis.error_reply('WRONG field') end
    redis.call('HSET', k_line, ARGV[i], ARGV[i + 1])
end
local n = redis.call('HMGET', k_line, 'rate', 'burst_ms', 'mode')
level = math.min(level, burst(tonumber(n[1]), tonumber(n[2])))
local now = string.format('%.0f', clock)
if n[3] == 'queue' and s[3] ~= 'queue' then
    level = 0
    redis.call('HSET', k_line, 'live_at', string.format('%.0f', math.max(clock, tonumber(s[8])))) -- a generation that has just opened listens longer
end
redis.call('HSET', k_line, 'level', string.format('%.6f', level), 'level_at', now, 'settings_version',
    string.format('%.0f', version))
return answer()
