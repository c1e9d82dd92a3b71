-- settle: outbox entries that Kafka has confirmed go.
--
-- STOCK KEYS: outbox
-- ARGV: [more]
-- further: outbox entries
-- RETURNS: how many went
local settled = 0
for i = a_more, #ARGV do settled = settled + redis.call('XDEL', k_outbox, ARGV[i]) end
return settled
