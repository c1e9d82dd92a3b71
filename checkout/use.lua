-- use: which admissions live, and marks them entered: their slot is theirs until the token ends, their place is spent.
--
-- An admission lives when its row names this token and shopper and its time is not over. A token of an earlier
-- generation needs no row - a restart of Redis makes no token worthless - unless its place is blocked, has since been
-- given another token, or let this one fall. `entered_total` counts places, so the `spent` bit, which was set once, guards it.
--
-- LINE KEYS: line admissions inside blocked spent fallen
-- ARGV: gen [more]
-- further: place, jti, shopper, generation of the token; again for each request. All of one run and lane, whose bitmap is `spent`.
-- RETURNS: a text per request: live, gone or blocked; or the single element `closed`
-- INCLUDE: common/line_clock.lua
-- INCLUDE: common/line_let_fall.lua
local clock = line_advance(k_line, a_gen)
if not clock then return {'closed'} end
local admission_ms = redis.call('HGET', k_line, 'admission_s') * 1000
local line_gen = tonumber(a_gen)

local function enter(place, row)
    if row and tonumber(row[5]) ~= 1 then
        row[4], row[5] = row[3] + admission_ms, 1
        redis.call('HSET', k_admissions, place, cmsgpack.pack(row))
        redis.call('ZADD', k_inside, string.format('%.0f', row[4]), place)
    end
    if redis.call('SETBIT', k_spent, place, 1) == 0 then redis.call('HINCRBY', k_line, 'entered_total', 1) end
end

local function use(place, jti, shopper, gen)
    if redis.call('HEXISTS', k_blocked, place) == 1 then return 'blocked' end
    local packed = redis.call('HGET', k_admissions, place)
    local row = packed and cmsgpack.unpack(packed)
    local named = row and row[1] == jti and row[2] == shopper
    local living = named and tonumber(row[4]) >= clock
    if not living and (gen >= line_gen or (row and not named) or let_fall(k_fallen, place, jti)) then return 'gone' end
    enter(place, living and row or nil)
    return 'live'
end

local states = {}
for i = a_more, #ARGV, 4 do
    states[#states + 1] = use(ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3]))
end
return states
