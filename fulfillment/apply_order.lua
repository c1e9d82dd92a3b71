-- apply_order.lua: what PostgreSQL decided about orders of one shard, told to the stock, to the order records and to
-- the shoppers.
--
-- STOCK KEYS: stock orders bought
-- ARGV: deal [more]
-- Five per order: order id, event, move, message, shopper; move is none, sell, release, void, unsell or take.
-- RETURNS: {'closed'} when the deal is not the stock's (nothing happened), else one word per order:
--   applied | old (told already: nothing happened) | missing (no record: no stock moved; the shopper was told)
--   take: taken | none (no unit is free) | early (what is before it was not told yet) | old
--
-- Any order any number of times: an event counts only when it is higher than the record's, and a move only when the
-- record's hold is what it moves from. A take is no event: it wants the record exactly at the event its caller saw, so
-- one that arrives late takes nothing.

-- move -> hold before, hold after, counter before, counter after, change of the shopper's units
local MOVES = {
    sell = {'held', 'sold', 'held', 'sold', 0},
    release = {'held', 'released', 'held', 'free', -1},
    void = {'held', 'voided', 'held', 'voided', -1},
    unsell = {'sold', 'released', 'sold', 'free', -1},
    take = {'released', 'held', 'free', 'held', 1},
}

local function move_stock(record, name)
    local move = MOVES[name]
    if not move or record.hold ~= move[1] then return end
    local q = record.quantity
    redis.call('HINCRBY', k_stock, record.sku .. '|' .. move[3], -q)
    redis.call('HINCRBY', k_stock, record.sku .. '|' .. move[4], q)
    if move[5] ~= 0 then
        local mine = record.shopper .. '|' .. record.sku
        if redis.call('HINCRBY', k_bought, mine, move[5] * q) <= 0 then redis.call('HDEL', k_bought, mine) end
    end
    record.hold = move[2]
end

local function take(id, record, event)
    if record.event < event then return 'early' end
    if record.event > event then return 'old' end
    if record.hold == 'released' then
        local free = tonumber(redis.call('HGET', k_stock, record.sku .. '|free') or '0')
        if free < record.quantity then return 'none' end
        move_stock(record, 'take')
        redis.call('HSET', k_orders, id, cjson.encode(record))
    end
    return record.hold == 'held' and 'taken' or 'none'
end

local function apply(id, record, event, move, message)
    if record.event >= event then return 'old' end
    move_stock(record, move)
    local m = cjson.decode(message)
    record.status, record.event, record.reason = m.status, event, m.reason
    record.payment_url, record.expires_at = m.payment_url, m.expires_at
    redis.call('HSET', k_orders, id, cjson.encode(record))
    return 'applied'
end

if redis.call('HGET', k_stock, 'deal') ~= a_deal then return {'closed'} end
local words = {}
for i = a_more, #ARGV, 5 do
    local id, event, move, message, shopper = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
    local text = redis.call('HGET', k_orders, id)
    local word = 'missing'
    if text then
        local record = cjson.decode(text)
        word = move == 'take' and take(id, record, event) or move ~= 'take' and apply(id, record, event, move, message)
    end
    if move ~= 'take' and word ~= 'old' then redis.call('PUBLISH', 'wr:shopper:' .. shopper, message) end
    words[#words + 1] = word
end
return words
