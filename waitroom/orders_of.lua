-- orders_of: one shopper's orders at this shard.
--
-- STOCK KEYS: orders_of orders
-- ARGV: shopper
-- RETURNS: the records, JSON, oldest first
local ids = redis.call('HGET', k_orders_of, a_shopper)
local records = {}
for id in (ids or ''):gmatch('%S+') do
    records[#records + 1] = redis.call('HGET', k_orders, id) or nil
end
return records
