-- tick: one worker's tenth of a second. Everything that decides who is admitted happens here, atomically: bucket, order and
-- call are one script, so there is no leader. How and why: docs/ARCHITECTURE.md, "The call and the grant".
--
-- A worker hands in the state now of each place that changed, never its history. Whatever it repeats after a lost answer
-- changes nothing: an admission is known by its jti, `entered` and `expired` look at the row. What the shoppers said
-- (entered, expired, left) comes before the expiry of rows and before `add`, so that a page that was heard in time is not
-- thrown out by the same call, and a place that fell and came back at once is not handed the token it let fall.
--
-- LINE KEYS: line ready owners workers points inside admissions fallen vouched fronts blocked spent
-- ARGV: gen run me full called clock low first waiting held asked answered stride uncalled next unhanded n_add n_del n_entered n_expired n_left n_handed [more]
--   full: 1: `add` is the worker's whole list     called: highest this worker knows, looked at when full
--   clock: highest this worker knows, in its first list of a generation; else 0
--   low: lowest place it waits for (0: none)      first: its first uncalled place (0: none)
--   waiting: how many it waits for                held: ready ones it holds back
--   asked, answered: since the last call          stride, uncalled, next: every stride-th uncalled place, texts with spaces
--   unhanded: how many admissions of earlier generations it has yet to hand in, after this call's
--   further: add (place, shopper, ready for how long, ms, 1: a person said so), del (place), entered (place, jti), expired (place, jti),
--            left (place, jti), handed in (place, shopper, jti, granted, expires, entered): admissions of earlier generations
-- RETURNS: {called, stride, target, resync, clock, yield of the last 250 asked in thousandths, grants (place, jti ...),
--           again (place, jti, granted, expires, entered ...), refused (place, reason ...), limit}, or {'closed'}
--   reasons: spent, blocked, passed, moved (of an add or grant); fell (of an add: it let a token fall, and no person said so since);
--            late (entered too late); entered (expired, but it is inside)
--   limit: what lets in fewer than the rate would and are ready: 0 nothing, 1 cap or units left, 2 nobody counts the units
-- INCLUDE: common/line_clock.lua
-- INCLUDE: common/line_let_fall.lua
local UP_TAKE, OFF, LISTEN, STALE, FRONT_EVERY, TRIES, AT_ONCE, POINTS, RECENT = 10000, 500, 500, 2000, 10000, 3, 2000, 16, 250
local NEVER = 2 ^ 52

local clock = line_advance(k_line, a_gen)
if not clock then return {'closed'} end
local s = redis.call('HMGET', k_line, 'run', 'phase', 'mode', 'rate', 'burst_ms', 'level', 'level_at', 'live_at', 'called',
    'called_at', 'asked', 'answered', 'front', 'front_at', 'cap', 'factor', 'admission_s', 'away_limit_s', 'left', 'left_at',
    'open_ms', 'asked_recent', 'answered_recent')
if s[1] ~= a_run then return {'closed'} end
local mode, rate, level, level_at, live_at = s[3], tonumber(s[4]), tonumber(s[6]), tonumber(s[7]), tonumber(s[8])
local called, called_at, asked, answered = tonumber(s[9]), tonumber(s[10]), tonumber(s[11]), tonumber(s[12])
local front, front_at, cap, factor = tonumber(s[13]), tonumber(s[14]), tonumber(s[15]), tonumber(s[16])
local admission, away_limit, left, left_at = tonumber(s[17]) * 1000, tonumber(s[18]) * 1000, tonumber(s[19]), tonumber(s[20])
local giving = s[2] == 'live' and (mode == 'queue' or mode == 'passthrough')
local burst = 1 + tonumber(s[5]) / 1000 * rate / 60
local target = mode == 'passthrough' and AT_ONCE or math.max(32, math.ceil(rate / 30)) -- two seconds of drip

local function text(n) return string.format('%.0f', n) end
-- Calls f(part) with at most 1,000 elements of `list` at a time: `unpack` ends at 8,000.
local function parts(list, f)
    for i = 1, #list, 1000 do
        local part = {}
        for j = i, math.min(i + 999, #list) do part[#part + 1] = list[j] end
        f(part)
    end
end
local at = a_more
local function take(count, width)
    local list = {}
    for i = 1, tonumber(count) do
        list[i] = width == 1 and ARGV[at] or {unpack(ARGV, at, at + width - 1)}
        at = at + width
    end
    return list
end
local add, del, entered = take(a_n_add, 4), take(a_n_del, 1), take(a_n_entered, 2)
local expired, gone, handed = take(a_n_expired, 2), take(a_n_left, 2), take(a_n_handed, 6)

-- A generation may have opened behind what its workers know: nothing of theirs may lie in the future. Only while it opens:
-- when Redis is frozen the worker's clock goes on, and taking it afterwards, from a worker whose first list comes late
-- because it had nobody, would be the leap that the line's clock refuses.
local unseen = math.max(0, clock - level_at)
if a_full == '1' then
    called = math.max(called, tonumber(a_called))
    local ahead = tonumber(a_clock) - clock
    if ahead > 0 and clock < live_at + LISTEN then
        clock, level_at, live_at, called_at = clock + ahead, level_at + ahead, live_at + ahead, called_at + ahead
        if left_at > 0 then left_at = left_at + ahead end
    end
end
if giving then level = level + rate * unseen / 60000 end
level = math.min(burst, level)

-- ---- workers: who was not heard for half a second is forgotten, and its ready places go ----
local function owner_of(value) return value:match('^[^|]*') end
local function drop_ready(workers)
    local all, places = redis.call('HGETALL', k_owners), {}
    for i = 1, #all, 2 do
        if workers[owner_of(all[i + 1])] then places[#places + 1] = all[i] end
    end
    parts(places, function(p) redis.call('ZREM', k_ready, unpack(p)) redis.call('HDEL', k_owners, unpack(p)) end)
end
local known, off, others, mine = redis.call('HGETALL', k_workers), {}, {}, nil
for i = 1, #known, 2 do
    local w = cmsgpack.unpack(known[i + 1]) -- heard, synced, low, first, waiting, held, unhanded
    if clock - w[1] > OFF then
        off[known[i]] = true
        redis.call('HDEL', k_workers, known[i])
        redis.call('HDEL', k_points, known[i])
    elseif known[i] == a_me then
        mine = w
    else
        others[known[i]] = w
    end
end
local resync = a_full ~= '1' and not (mine and mine[2] == 1)
if a_full == '1' then off[a_me] = true end
if next(off) then drop_ready(off) end

-- ---- admissions ----
local again, refused, returned, entries = {}, {}, 0, 0
local function refuse(place, reason) refused[#refused + 1], refused[#refused + 2] = place, reason end
local function row_of(place)
    local packed = redis.call('HGET', k_admissions, place)
    return packed and cmsgpack.unpack(packed)
end
local function keep(place, row)
    redis.call('HSET', k_admissions, place, cmsgpack.pack(row))
    redis.call('ZADD', k_inside, text(row[4]), place)
end
local function spend(place) return redis.call('SETBIT', k_spent, place, 1) == 0 end
local function enter(place, row)
    row[4], row[5] = row[3] + admission, 1
    keep(place, row)
    if spend(place) then entries = entries + 1 end
end
local function remove(place, row, given_up)
    redis.call('HDEL', k_admissions, place)
    redis.call('ZREM', k_inside, place)
    returned = returned + 1
    if (given_up or row[5] ~= 1) and redis.call('HINCRBY', k_fallen, place, 1) >= TRIES then spend(place) end
end
for _, h in ipairs(handed) do
    local place, row = h[1], row_of(h[1])
    local earlier = h[3]:match('^%d+%-(%d+)%-') ~= a_gen -- a row of this generation that is missing was removed
    if earlier and not let_fall(k_fallen, place, h[3]) and not row and tonumber(h[5]) > clock and redis.call('HEXISTS', k_blocked, place) == 0 then
        row = {h[3], h[2], tonumber(h[4]), tonumber(h[5]), 0, a_me, ''}
        keep(place, row)
    end
    if row and row[1] == h[3] and row[5] ~= 1 and h[6] == '1' then enter(place, row) end
end
for _, e in ipairs(entered) do
    local row = row_of(e[1])
    if row and row[1] == e[2] then
        if row[5] ~= 1 then enter(e[1], row) end
    elseif let_fall(k_fallen, e[1], e[2]) or redis.call('GETBIT', k_spent, e[1]) == 0 then
        refuse(e[1], 'late') -- else its order was accepted, and the row went with it
    end
end
for _, e in ipairs(expired) do
    local row = row_of(e[1])
    if row and row[1] == e[2] then
        if row[5] == 1 then refuse(e[1], 'entered') else remove(e[1], row) end
    end
end
for _, e in ipairs(gone) do
    local row = row_of(e[1])
    if row and row[1] == e[2] then remove(e[1], row, true) end
end
-- While it only listens, a worker that was not heard yet may bring the `entered` of a row whose time ran out in the outage.
if clock >= live_at + LISTEN then
    for _, place in ipairs(redis.call('ZRANGEBYSCORE', k_inside, '-inf', text(clock), 'LIMIT', 0, AT_ONCE)) do
        remove(place, row_of(place) or {'', '', 0, 0, 1})
    end
end

-- ---- who is ready: a place has one owner, the last worker that added it ----
-- How many the limits let in: cap, stock, mode, and the half second that only listens.
local room, inside = NEVER, redis.call('ZCARD', k_inside) + tonumber(a_unhanded)
for _, w in pairs(others) do inside = inside + (w[7] or 0) end
if cap > 0 then room = cap - inside end
local uncounted = left >= 0 and clock - left_at > STALE
if left >= 0 then room = math.min(room, math.floor(left * factor / 100) - inside) end
if uncounted then room = 0 end
if not giving or clock < live_at + LISTEN then room = 0 end

-- Passed: who came back longer after someone behind them was let in than the merchant's limit. Only time in which the drip
-- was open counts (`open`): while nobody is let in, nobody goes ahead. And it ends when they are back: who was in time
-- keeps the place however long the token takes, and on however many lists it stands meanwhile.
-- `fronts` keeps one entry older than the limit.
local open = tonumber(s[21]) or clock
if room > 0 and rate > 0 and unseen <= OFF then open = open + unseen end
local passed = 0
local oldest = redis.call('ZRANGE', k_fronts, 0, 1, 'WITHSCORES')
if oldest[3] and open - tonumber(oldest[3]) >= away_limit then
    redis.call('ZREMRANGEBYRANK', k_fronts, 0, 0)
    oldest = {oldest[3], oldest[4]}
end
if oldest[1] and open - tonumber(oldest[1]) >= away_limit then passed = tonumber(oldest[2]) end
local function came_too_late(place, ready_for)
    if tonumber(place) >= passed then return false end
    local first = redis.call('ZRANGEBYSCORE', k_fronts, '(' .. place, '+inf', 'LIMIT', 0, 1)
    return open - tonumber(first[1]) - tonumber(ready_for) >= away_limit
end

local function spent_bits(places)
    local ask = {}
    for _, place in ipairs(places) do ask[#ask + 1], ask[#ask + 2], ask[#ask + 3] = 'GET', 'u1', place end
    return redis.call('BITFIELD_RO', k_spent, unpack(ask))
end
-- Whether its admission lives: then that is what it gets.
local function take_again(place, shopper, packed)
    if not packed then return false end
    local row = cmsgpack.unpack(packed)
    if row[2] ~= shopper then
        refuse(place, 'moved')
    else
        row[6] = a_me
        redis.call('HSET', k_admissions, place, cmsgpack.pack(row))
        for _, v in ipairs({place, row[1], text(row[3]), text(row[4]), tostring(row[5])}) do again[#again + 1] = v end
    end
    return true
end
-- Who let a token fall is ready again once a person says so, on whatever worker: the word lasts until another one falls.
local function wants_person(place, fallen, vouched, said)
    fallen = tonumber(fallen or 0)
    if said == '1' and fallen > 0 then
        redis.call('HSET', k_vouched, place, fallen)
        return false
    end
    return fallen > tonumber(vouched or 0)
end
local function add_part(part)
    local places = {}
    for i, a in ipairs(part) do places[i] = a[1] end
    local blocked, rows = redis.call('HMGET', k_blocked, unpack(places)), redis.call('HMGET', k_admissions, unpack(places))
    local fallen, vouched = redis.call('HMGET', k_fallen, unpack(places)), redis.call('HMGET', k_vouched, unpack(places))
    local bits, scores, owners = spent_bits(places), {}, {}
    for i, a in ipairs(part) do
        local place, shopper = a[1], a[2]
        if blocked[i] then
            refuse(place, 'blocked')
        elseif take_again(place, shopper, rows[i]) then -- that is all
        elseif bits[i] == 1 then
            refuse(place, 'spent')
        elseif came_too_late(place, a[3]) then
            refuse(place, 'passed')
        elseif wants_person(place, fallen[i], vouched[i], a[4]) then
            refuse(place, 'fell')
        else
            scores[#scores + 1], scores[#scores + 2] = place, place
            owners[#owners + 1], owners[#owners + 2] = place, a_me .. '|' .. shopper
        end
    end
    if #scores > 0 then
        redis.call('ZADD', k_ready, unpack(scores))
        redis.call('HSET', k_owners, unpack(owners))
    end
end
local function del_part(part)
    local owners, places = redis.call('HMGET', k_owners, unpack(part)), {}
    for i, place in ipairs(part) do
        if owners[i] and owner_of(owners[i]) == a_me then places[#places + 1] = place end
    end
    if #places == 0 then return end
    redis.call('ZREM', k_ready, unpack(places))
    redis.call('HDEL', k_owners, unpack(places))
end
if not resync then
    parts(del, del_part)
    parts(add, add_part)
end

-- ---- the grant: the credits belong to the lowest ready places of all workers; take mine ----
-- The door: nobody passes a place that was called a moment ago and may still answer.
local function number_or_never(n) n = tonumber(n) return n > 0 and n or NEVER end
local low, first = number_or_never(a_low), number_or_never(a_first)
if resync then low, first = NEVER, NEVER end
local door, waiting, held = NEVER, tonumber(a_waiting), tonumber(a_held)
local function look_at_door(l, f)
    door = math.min(door, l)
    if f <= called then door = math.min(door, f) end
end
look_at_door(low, first)
for _, w in pairs(others) do
    look_at_door(w[3], w[4])
    waiting, held = waiting + w[5], held + w[6]
end

local n = math.min(room, mode == 'passthrough' and AT_ONCE or math.min(AT_ONCE, math.floor(level + 1e-9)))
local limit = 0
if giving and clock >= live_at + LISTEN and room < math.min(math.floor(level + 1e-9), redis.call('ZCARD', k_ready)) then
    limit = uncounted and 2 or 1
end
if resync then n = 0 end
if mode == 'passthrough' then door = NEVER end

local grants = {}
local function grant_part(part)
    local owners, blocked = redis.call('HMGET', k_owners, unpack(part)), redis.call('HMGET', k_blocked, unpack(part))
    local rows = redis.call('HMGET', k_admissions, unpack(part)) -- handed in since the place was added
    local bits, fallen = spent_bits(part), redis.call('HMGET', k_fallen, unpack(part))
    for i, place in ipairs(part) do
        local worker, shopper = (owners[i] or '|'):match('^([^|]*)|(.*)$')
        if worker == a_me and tonumber(place) < door then
            redis.call('ZREM', k_ready, place)
            redis.call('HDEL', k_owners, place)
            if blocked[i] then
                refuse(place, 'blocked')
            elseif take_again(place, shopper, rows[i]) then -- that is all
            elseif bits[i] == 1 then
                refuse(place, 'spent')
            else
                local jti = a_run .. '-' .. a_gen .. '-0-' .. place .. '-' .. (fallen[i] or '0') -- lane 0
                keep(place, {jti, shopper, clock, clock + UP_TAKE, 0, a_me, ''})
                grants[#grants + 1], grants[#grants + 2] = place, jti
                front = math.max(front, tonumber(place))
            end
        end
    end
end
if n > 0 then parts(redis.call('ZRANGE', k_ready, 0, n - 1), grant_part) end
local granted = #grants / 2
if mode ~= 'passthrough' then level = level - granted end
if front > 0 and open - front_at >= FRONT_EVERY then
    local last = redis.call('ZRANGE', k_fronts, -1, -1, 'WITHSCORES')
    if not last[2] or tonumber(last[2]) < front then
        redis.call('ZADD', k_fronts, text(front), text(open))
        front_at = open
    end
end

-- ---- the call: enough are asked that the ready set fills up to its target ----
redis.call('HSET', k_workers, a_me, cmsgpack.pack({clock, resync and 0 or 1, low, first, tonumber(a_waiting), tonumber(a_held), tonumber(a_unhanded)}))
redis.call('HSET', k_points, a_me, a_stride .. ' ' .. a_uncalled .. ' ' .. a_next)
asked, answered = asked + tonumber(a_asked), answered + tonumber(a_answered)
local yield = math.max(0.05, math.min(1, (answered + 1) / (asked + 1)))
-- What is told goes by the last 250 asked: the yield that steers forgets in half a second, and in a slow line it is nearly
-- always that of nobody.
local fade = math.exp(-tonumber(a_asked) / RECENT)
local asked_recent = (tonumber(s[22]) or 0) * fade + tonumber(a_asked)
local answered_recent = (tonumber(s[23]) or 0) * fade + tonumber(a_answered)
local told = math.min(1, (answered_recent + 1) / (asked_recent + 1))

-- The points of live workers, in order: {place, how many uncalled it stands for}. Called only moves by them.
local function read_points(have)
    local ahead, all = {}, redis.call('HGETALL', k_points)
    for i = 1, #all, 2 do
        if all[i] == a_me or others[all[i]] then
            local stride, uncalled, places = all[i + 1]:match('^(%d+) (%d+) (.*)$')
            stride, uncalled = tonumber(stride), tonumber(uncalled)
            for place in places:gmatch('%d+') do
                local stands_for = math.min(stride, uncalled)
                uncalled = uncalled - stands_for
                if tonumber(place) <= called then
                    have = have + stands_for * yield
                else
                    ahead[#ahead + 1] = {tonumber(place), stands_for}
                end
            end
        end
    end
    table.sort(ahead, function(a, b) return a[1] < b[1] end)
    return have, ahead
end
if giving and clock - called_at >= 50 and clock >= live_at + LISTEN then
    local decay = 0.5 ^ ((clock - called_at) / 500)
    asked, answered, called_at = asked * decay, answered * decay, clock
    local have, ahead = read_points(redis.call('ZCARD', k_ready) + held + waiting * yield)
    for _, point in ipairs(ahead) do
        if have >= target then break end
        called = point[1]
        have = have + point[2] * yield
    end
end

redis.call('HSET', k_line, 'clock', text(clock), 'level', string.format('%.6f', level), 'level_at', text(clock), 'live_at',
    text(live_at), 'called', text(called), 'called_at', text(called_at), 'asked', string.format('%.6f', asked), 'answered',
    string.format('%.6f', answered), 'asked_recent', string.format('%.6f', asked_recent), 'answered_recent',
    string.format('%.6f', answered_recent), 'front', text(front), 'front_at', text(front_at), 'left_at', text(left_at), 'open_ms', text(open))
if granted > 0 then redis.call('HINCRBY', k_line, 'granted_total', granted) end
if entries > 0 then redis.call('HINCRBY', k_line, 'entered_total', entries) end
if returned > 0 then redis.call('HINCRBY', k_line, 'returned_total', returned) end
return {called, math.max(1, math.ceil(target / yield / POINTS)), target, resync and 1 or 0, clock, math.floor(told * 1000),
    grants, again, refused, limit}
