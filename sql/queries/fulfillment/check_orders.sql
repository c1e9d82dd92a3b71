-- The orders of one sale's current run, with what of each is still on its way to Redis.
select o.public_id, o.sku, o.quantity, o.status, coalesce(o.reason, '') as reason, o.event,
       (select string_agg((x.payload ->> 'event') || ' ' || x.stock, ',' order by x.id) from outbox x
        where x.public_id = o.public_id) as pending,
       exists (select from webhook_events w where w.processed_at is null
               and w.payload #>> '{data,object,client_reference_id}' = o.public_id::text) as webhook_waiting
from orders o
join sales s on s.id = o.sale and s.run = o.run
where o.sale = $1
order by o.public_id
