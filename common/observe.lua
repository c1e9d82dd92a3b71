-- LINE KEYS: line sale
-- ARGV: version
-- RETURNS: run, gen, run id, phase, mode, message, rate, left, called, clock, counter, front, version, table version, and
-- the sale document when its version is not the one named (else ''); one element, `withdrawn`, when admissiond has taken the
-- sale away; nothing at all when there is no line, that is, when Redis has lost it.
-- Reads only: the clock is projected, not advanced, so that looking neither costs a write nor hides a gap.
-- INCLUDE: common/line_clock.lua
local s = redis.call('HMGET', k_line, 'run', 'gen', 'run_id', 'phase', 'mode', 'message', 'rate', 'left', 'called', 'clock',
    'counter', 'front', 'version', 'table_version', 'time', 'withdrawn')
if not s[1] then return s[16] and {'withdrawn'} or {} end
s[16] = nil
for i = 1, 15 do s[i] = s[i] or '' end
local clock, time = tonumber(s[10]), tonumber(s[15])
if clock and time then s[10] = string.format('%.0f', line_step(clock, time, line_time())) end
s[15] = ''
if s[13] ~= a_version then s[15] = redis.call('GET', k_sale) or '' end
return s
