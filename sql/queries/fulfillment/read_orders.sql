-- After lock_order or lock_free_orders: what waited for that lock would see the order as it is now and its payment as it was before.
-- The payment is locked with its order: a claim of it that commits after it was read would be overwritten by what is decided, and the
-- session that this claim makes would be nobody's.
select o.id, o.public_id, o.status, coalesce(o.reason, '') as reason, o.event, o.sale, o.run, o.shopper, o.quantity,
       r.deal, p.id as payment_id, p.state as payment_state, p.provider_id, p.amount, p.currency,
       p.attempts as payment_attempts,
       p.lease_until > now() as payment_leased
from orders o
join runs r on r.id = o.run
left join lateral (select * from payments where order_id = o.id for update) p on true
where o.public_id = any ($1::uuid[])
