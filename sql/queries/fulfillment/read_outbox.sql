-- What is to be told next, under the deal that is there to be told. What a refused reservation had of an earlier deal (x.deal) is
-- free in this one already, so nothing moves. A payment link is late when more than a tenth of its order's hold is gone.
-- The sales in $1 wait for their stock; those in $2 are asked whether it is there, so nothing of theirs is late yet.
select x.id, x.sale, x.public_id, x.shopper, case when x.deal < r.deal then 'none' else x.stock end as stock,
       x.payload::text as payload, x.payload ->> 'event' as event, greatest(x.deal, r.deal) as deal,
       x.sale <> all ($2::text[]) and x.payload ->> 'status' = 'pending_payment' and o.status = 'pending_payment' and o.hold_s > 0
       and o.hold_expires_at < now() + make_interval(secs => o.hold_s - greatest(1, o.hold_s / 10)) as late
from outbox x
left join orders o on o.public_id = x.public_id
left join sales s on s.id = x.sale
left join runs r on r.id = coalesce(o.run, s.run)
where x.sale <> all ($1::text[])
order by x.id
limit 500
