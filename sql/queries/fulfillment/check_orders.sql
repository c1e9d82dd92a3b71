-- The orders of one sale's current run, with what of each is still on its way to Redis; and what was refused without becoming one.
select o.public_id, o.sku, o.quantity, o.status, coalesce(o.reason, '') as reason, o.event,
       (select string_agg((x.payload ->> 'event') || ' ' || x.stock, ',' order by x.id) from outbox x
        where x.public_id = o.public_id) as pending,
       exists (select from webhook_events w where w.processed_at is null
               and w.payload #>> '{data,object,client_reference_id}' = o.public_id::text)
       or exists (select from payments p where p.order_id = o.id and p.state in ('refunding', 'refund_failed')) as payment_waiting
from orders o
join sales s on s.id = o.sale and s.run = o.run
where o.sale = $1
union all
select f.public_id, f.sku, f.quantity, 'failed', f.reason, 1,
       (select string_agg((x.payload ->> 'event') || ' ' || x.stock, ',' order by x.id) from outbox x
        where x.public_id = f.public_id), false
from refused_reservations f
join sales s on s.id = f.sale and s.run = f.run
where f.sale = $1
order by public_id
