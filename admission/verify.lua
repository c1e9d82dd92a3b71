-- Is this admission live, and is this the browser it is bound to? At its first use it is bound to the browser that
-- brings it and counts as entered. A token of an earlier generation needs no row unless it was let fall: it gets one here,
-- so that it too is bound and takes its slot.
-- LINE KEYS: line inside admissions blocked spent fallen
-- ARGV: gen run token_gen place jti shopper granted pass
-- RETURNS: {'ok', clock, expires}, {'foreign'}, {'over'}, {'blocked'}, or {'closed'}
-- INCLUDE: common/line_clock.lua
-- INCLUDE: common/line_let_fall.lua
local clock = line_advance(k_line, a_gen)
if not clock then return {'closed'} end
local s = redis.call('HMGET', k_line, 'run', 'admission_s')
if s[1] ~= a_run then return {'foreign'} end
if redis.call('HEXISTS', k_blocked, a_place) == 1 then return {'blocked'} end
local ends = tonumber(a_granted) + tonumber(s[2]) * 1000

local packed = redis.call('HGET', k_admissions, a_place)
local row = packed and cmsgpack.unpack(packed)
if row and (row[1] ~= a_jti or row[2] ~= a_shopper) then return {'over'} end
if not row then
    if tonumber(a_token_gen) >= tonumber(a_gen) or ends <= clock or let_fall(k_fallen, a_place, a_jti) then return {'over'} end
    row = {a_jti, a_shopper, tonumber(a_granted), ends, 0, '', ''}
end
if tonumber(row[4]) < clock then return {'over'} end
if row[7] ~= '' and row[7] ~= a_pass then return {'foreign'} end
local entered = tonumber(row[5]) == 1
if not entered or row[7] == '' then
    row[5], row[7] = 1, a_pass
    if not entered then
        row[4] = ends
        if redis.call('SETBIT', k_spent, a_place, 1) == 0 then redis.call('HINCRBY', k_line, 'entered_total', 1) end
    end
    redis.call('ZADD', k_inside, string.format('%.0f', row[4]), a_place)
    redis.call('HSET', k_admissions, a_place, cmsgpack.pack(row))
end
return {'ok', string.format('%.0f', clock), string.format('%.0f', row[4])}
