select x.id, x.sale, x.public_id, x.shopper, x.stock, x.payload::text as payload, x.payload ->> 'event' as event,
       (select r.deal from orders o join runs r on r.id = o.run where o.public_id = x.public_id) as deal
from outbox x
where x.sale <> all ($1::text[])
order by x.id
limit 500
