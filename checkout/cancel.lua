-- cancel: the owner's wish, into the outbox once; fulfilment decides whether it comes in time.
--
-- The record remembers the entry, so asking again finds it (and publishes it again while Kafka has not confirmed it).
--
-- STOCK KEYS: orders outbox
-- ARGV: order shopper event
-- RETURNS: code, outbox entry, event to publish. Codes: asked, known (asked before or cancelled already), too-late (its state allows
--   none), not-found (unknown, or another shopper's)
local OPEN = {queued = true, pending_payment = true, expiring = true}
local stored = redis.call('HGET', k_orders, a_order)
if not stored then return {'not-found'} end
local record = cjson.decode(stored)
if record.shopper ~= a_shopper then return {'not-found'} end
if record.cancel then
    local pending = redis.call('XRANGE', k_outbox, record.cancel, record.cancel)[1]
    if not pending then return {'known', '', ''} end
    redis.call('HSET', k_orders, a_order, stored) -- for WAIT, as in reserve.lua
    return {'known', record.cancel, pending[2][6]}
end
if record.status == 'cancelled' then return {'known', '', ''} end
if not OPEN[record.status] then return {'too-late'} end
record.cancel = redis.call('XADD', k_outbox, '*', 'order', a_order, 'kind', 'cancel', 'event', a_event)
redis.call('HSET', k_orders, a_order, cjson.encode(record))
return {'asked', record.cancel, a_event}
