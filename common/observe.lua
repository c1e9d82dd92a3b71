-- LINE KEYS: line sale
-- ARGV: version
-- RETURNS: run, gen, run id, phase, mode, message, rate, left, called, clock, counter, front, version, table version, and
-- the sale document when its version is not the one named (else ''); one element, `withdrawn`, when admissiond has taken the
-- sale away; nothing at all when there is no line, that is, when Redis has lost it.
-- left: -1 when no stock of ours limits the sale, -2 when it was not counted yet.
-- Reads only: the clock is projected, not advanced, so that looking neither costs a write nor hides a gap.
-- INCLUDE: common/line_clock.lua
local s = redis.call('HMGET', k_line, 'run', 'gen', 'run_id', 'phase', 'mode', 'message', 'rate', 'left', 'called', 'clock',
    'counter', 'front', 'version', 'table_version', 'time', 'withdrawn', 'left_at')
if not s[1] then return s[16] and {'withdrawn'} or {} end
-- A line opens with nothing left, so that it lets nobody in before the stock was counted; that is not to be told.
if s[8] == '0' and s[17] == '0' and s[4] ~= 'sold_out' and s[4] ~= 'ended' then s[8] = '-2' end
s[16], s[17] = nil, nil
for i = 1, 15 do s[i] = s[i] or '' end
local clock, time = tonumber(s[10]), tonumber(s[15])
if clock and time then s[10] = string.format('%.0f', line_step(clock, time, line_time())) end
s[15] = ''
if s[13] ~= a_version then s[15] = redis.call('GET', k_sale) or '' end
return s
