-- Opens a generation of the line: a run's first, or the next one after the Redis process changed. PostgreSQL has given
-- the generation and moved the ceiling before; `counter` is the old ceiling, so no place is given twice. Nothing is in the
-- bucket and the first half second only listens. What survived of the same run (settings newer than the database's,
-- admissions, slots, counters, `called`) is kept; who is ready is asked anew.
--
-- After another generation it listens a second more: for that long a worker may take to dial again, to look and to tick, and
-- who comes last must find the low places of its shoppers still to be given. And until each has had a second to write its
-- record there is no new presence table: one without them would tell numbers that are too low for ever.
-- LINE KEYS: line sale ready owners workers points inside admissions fallen vouched fronts blocked spent spent_load
-- ARGV: run gen run_id counter ceiling phase left document version settings_version rate burst_ms mode message cap factor admission_s away_limit_s spent [more]
--   [more]: blocked place, reason ...   spent: bitmap of the places that had their turn ('' for none)
-- RETURNS: 1, or 0 when the line has this or a later generation already
-- INCLUDE: common/line_clock.lua
local s = redis.call('HMGET', k_line, 'run', 'gen', 'clock', 'settings_version', 'phase')
local run, gen = tonumber(s[1] or 0), tonumber(s[2] or 0)
if run > tonumber(a_run) or (run == tonumber(a_run) and gen >= tonumber(a_gen)) then return 0 end
local survived = run == tonumber(a_run)

redis.call('DEL', k_ready, k_owners, k_workers, k_points)
if not survived then redis.call('DEL', k_line, k_inside, k_admissions, k_fallen, k_vouched, k_fronts, k_blocked) end

local now = line_time()
local began = math.max(now, survived and tonumber(s[3]) or 0)
local clock, live_at = string.format('%.0f', began), string.format('%.0f', began + (tonumber(a_gen) > 1 and 1000 or 0))
if tonumber(a_gen) > 1 then redis.call('HSET', k_line, 'table_at', string.format('%.0f', began + 2500)) end
redis.call('HSET', k_line, 'run', a_run, 'gen', a_gen, 'run_id', a_run_id, 'counter', a_counter, 'ceiling', a_ceiling,
    'clock', clock, 'time', string.format('%.0f', now), 'level', '0.000000', 'level_at', clock, 'live_at', live_at,
    'called_at', clock, 'asked', '0', 'answered', '0', 'left_at', '0', 'version', a_version,
    'admission_s', a_admission_s, 'away_limit_s', a_away_limit_s)
for _, field in ipairs({'called', 'front', 'front_at', 'table_version', 'granted_total', 'joined_total', 'entered_total',
    'finished_total', 'returned_total'}) do
    redis.call('HSETNX', k_line, field, '0')
end
redis.call('HSETNX', k_line, 'left', a_left)
if not survived or a_phase == 'ended' then redis.call('HSET', k_line, 'phase', a_phase) end
if not survived or tonumber(s[4] or 0) < tonumber(a_settings_version) then
    redis.call('HSET', k_line, 'settings_version', a_settings_version, 'rate', a_rate, 'burst_ms', a_burst_ms,
        'mode', a_mode, 'message', a_message, 'cap', a_cap, 'factor', a_factor)
end
redis.call('SET', k_sale, a_document)

if #a_spent > 0 then
    redis.call('SET', k_spent_load, a_spent)
    redis.call('BITOP', 'OR', k_spent, k_spent, k_spent_load)
    redis.call('DEL', k_spent_load)
end
for i = a_more, #ARGV, 2 do redis.call('HSET', k_blocked, ARGV[i], ARGV[i + 1]) end
return 1
