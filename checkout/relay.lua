-- relay: what lies in the outbox up to an entry, for the one checkoutd that has the lease.
--
-- How long an entry lies is measured by its readers, who name the newest entry that they saw 2 s ago: entry numbers
-- follow Redis' wall clock, which may step. Every caller is told the newest entry, so that a lease passes on without delay.
--
-- STOCK KEYS: outbox relay
-- ARGV: me lease_ms from upto count
-- `from`: `-`, or `(` and the entry after which this round goes on; `upto`: an entry, or empty: then nothing is read and no lease is asked for
-- RETURNS: has the lease (1, 0), entries in the outbox, newest entry (empty: none), then per entry: its number, order, kind, event
local newest = redis.call('XREVRANGE', k_outbox, '+', '-', 'COUNT', 1)[1]
local answer = {0, redis.call('XLEN', k_outbox), newest and newest[1] or ''}
if not newest or a_upto == '' then return answer end
local holder = redis.call('GET', k_relay)
if holder and holder ~= a_me then return answer end
redis.call('SET', k_relay, a_me, 'PX', a_lease_ms)
answer[1] = 1
for _, entry in ipairs(redis.call('XRANGE', k_outbox, a_from, a_upto, 'COUNT', a_count)) do
    answer[#answer + 1] = {entry[1], entry[2][2], entry[2][4], entry[2][6]}
end
return answer
