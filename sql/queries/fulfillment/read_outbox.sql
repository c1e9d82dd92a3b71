select x.id, x.sale, x.public_id, x.shopper, x.stock, x.payload::text as payload, x.payload ->> 'event' as event, r.deal
from outbox x
join orders o on o.public_id = x.public_id
join runs r on r.id = o.run
where x.sale <> all ($1::text[])
order by x.id
limit 500
