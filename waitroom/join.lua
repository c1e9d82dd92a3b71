-- join: the next numbers of the sale's one counter, for all who joined in one turn of a worker's loop. Redis counts only up
-- to the ceiling that PostgreSQL holds; whoever gets no number waits and asks again. Phase and mode are looked at here and
-- not at the worker, so that everybody meets the same door.
--
-- LINE KEYS: line
-- ARGV: gen run count
-- RETURNS: {first, how many} (how many may be 0); or one element: `closed`, `not-open`, `ended`, `reject`
-- INCLUDE: common/line_clock.lua
if not line_advance(k_line, a_gen) then return {'closed'} end
local s = redis.call('HMGET', k_line, 'run', 'phase', 'mode', 'counter', 'ceiling')
if s[1] ~= a_run then return {'closed'} end
if s[2] == 'ended' then return {'ended'} end
if s[2] ~= 'live' and s[2] ~= 'sold_out' then return {'not-open'} end
if s[3] == 'reject' then return {'reject'} end
local counter = tonumber(s[4])
local n = math.max(0, math.min(tonumber(a_count), tonumber(s[5]) - counter))
if n > 0 then
    redis.call('HINCRBY', k_line, 'counter', n)
    redis.call('HINCRBY', k_line, 'joined_total', n)
end
return {counter + 1, n}
