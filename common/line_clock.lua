-- The line's clock: Redis TIME, never backwards, never a leap. A gap below 0 or above 0.5 s counts as nothing, so a step of
-- the wall clock neither bursts, stalls nor throws anybody out. Included by every script that needs the line's time.
local function line_time()
    local t = redis.call('TIME')
    return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function line_step(clock, last, now)
    local gap = now - last
    if gap < 0 or gap > 500 then gap = 0 end
    return clock + gap
end
-- Advances and stores the clock when `gen` is the line's generation; otherwise returns nil and changes nothing.
local function line_advance(line, gen)
    local s = redis.call('HMGET', line, 'gen', 'clock', 'time')
    if s[1] ~= gen then return nil end
    local now = line_time()
    local clock = line_step(tonumber(s[2]), tonumber(s[3]), now)
    redis.call('HSET', line, 'clock', string.format('%.0f', clock), 'time', string.format('%.0f', now))
    return clock
end
-- The time of day for somebody whose own clock says `now`: that, unless it is more than 2 s out of what Redis TIME and the
-- line's clock say. Both are asked, for TIME may have been set, and the line's clock stands still while nobody looks.
local function line_wall(clock, now)
    local time = line_time()
    local least, most = math.min(clock, time), math.max(clock, time)
    if now < least - 2000 then return least end
    if now > most + 2000 then return most end
    return now
end
