-- reserve: the reservations of one turn of the loop, at the shoppers' home; each is decided whole before it writes anything.
--
-- The key comes first: a known key has its stored hold, whatever became of token, window or stock since, and while Kafka
-- has not confirmed it also the event to publish again. Then the token, whose admission went when it was used; then the
-- admission, the sale's window, the shopper's limit and the stock. Only a hold stores anything; a refusal spends neither token nor key.
-- A known key is written again unchanged: WAIT counts only what its own connection wrote, and this puts the old hold
-- before that mark.
--
-- STOCK KEYS: stock orders used keys bought orders_of outbox
-- ARGV: deal window now ends_at limit [more]
-- further: idempotency key, body hash, order id, admission (1 lives, 0 not), shopper, sku, quantity, jti, order record, event;
--   again for each request. `window` is open, or what is answered instead (not-open, ended); an open one ends at `ends_at` by the
--   caller's time of day, `now`, as far as Redis TIME agrees. `limit`: units of a sku for one shopper.
-- RETURNS: a list per request: code, order id, status, event number, units free, outbox entry, event to publish. Codes: held, known,
--   key-reused, not-admitted, not-open, ended, token-used, over-limit, unknown-sku, sold-out, drift. Or the single element `closed`
-- INCLUDE: common/line_clock.lua
if redis.call('HGET', k_stock, 'deal') ~= a_deal then return {'closed'} end
local limit, window = tonumber(a_limit), a_window
if window == 'open' and line_wall(line_time(), tonumber(a_now)) >= tonumber(a_ends_at) then window = 'ended' end

local function stored(name, stored_key, hash)
    local body, order, entry = string.match(stored_key, '^(%x+)|([^|]+)|(.+)$')
    if body ~= hash then return {'key-reused'} end
    local record = cjson.decode(redis.call('HGET', k_orders, order))
    local event = ''
    local pending = redis.call('XRANGE', k_outbox, entry, entry)[1]
    if pending then
        event = pending[2][6]
        redis.call('HSET', k_keys, name, stored_key)
    else
        entry = ''
    end
    return {'known', order, record.status, string.format('%.0f', record.event), '', entry, event}
end

local function units(sku)
    local s = redis.call('HMGET', k_stock, sku .. '|share', sku .. '|free', sku .. '|held', sku .. '|sold', sku .. '|voided')
    if not s[1] then return nil end
    local free = tonumber(s[2])
    return free, free + s[3] + s[4] + s[5] == tonumber(s[1])
end

local function reserve(key, hash, order, admission, shopper, sku, quantity, jti, record, event)
    local name, bought = shopper .. '|' .. key, shopper .. '|' .. sku
    local stored_key = redis.call('HGET', k_keys, name)
    if stored_key then return stored(name, stored_key, hash) end
    local used = redis.call('HGET', k_used, jti)
    if used then return {'token-used', used} end
    if admission ~= '1' then return {'not-admitted'} end
    if window ~= 'open' then return {window} end
    if (redis.call('HGET', k_bought, bought) or 0) + quantity > limit then return {'over-limit'} end
    local free, whole = units(sku)
    if not free then return {'unknown-sku'} end
    if not whole then return {'drift'} end
    if free < quantity then return {'sold-out', '', '', '', string.format('%.0f', free)} end

    redis.call('HINCRBY', k_stock, sku .. '|free', -quantity)
    redis.call('HINCRBY', k_stock, sku .. '|held', quantity)
    redis.call('HINCRBY', k_bought, bought, quantity)
    redis.call('HSET', k_used, jti, order)
    redis.call('HSET', k_orders, order, record)
    local orders = redis.call('HGET', k_orders_of, shopper)
    redis.call('HSET', k_orders_of, shopper, orders and orders .. ' ' .. order or order)
    local entry = redis.call('XADD', k_outbox, '*', 'order', order, 'kind', 'reserved', 'event', event)
    redis.call('HSET', k_keys, name, hash .. '|' .. order .. '|' .. entry)
    return {'held', order, 'queued', '0', string.format('%.0f', free - quantity), entry, event}
end

local answers = {}
for i = a_more, #ARGV, 10 do
    answers[#answers + 1] = reserve(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5],
        tonumber(ARGV[i + 6]), ARGV[i + 7], ARGV[i + 8], ARGV[i + 9])
end
return answers
