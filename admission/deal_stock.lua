-- Deals the units that PostgreSQL has to this shard, once per deal.
-- STOCK KEYS: stock
-- ARGV: deal [more]
--   [more]: sku, total, free ...   What is neither free nor known here is sold: share = total.
-- RETURNS: 1, or 0 when this deal or a later one is there
local deal = redis.call('HGET', k_stock, 'deal')
if deal and tonumber(deal) >= tonumber(a_deal) then return 0 end
redis.call('DEL', k_stock)
redis.call('HSET', k_stock, 'deal', a_deal)
for i = a_more, #ARGV, 3 do
    local sku, total, free = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
    redis.call('HSET', k_stock, sku .. '|share', ARGV[i + 1], sku .. '|free', ARGV[i + 2], sku .. '|held', '0',
        sku .. '|sold', string.format('%.0f', total - free), sku .. '|voided', '0')
end
return 1
