-- As claim_payments, of payments that were made twice; a lease, so that a process that dies gives them back by itself.
with due as (
    select id from second_payments
    where state = $1 and next_attempt_at <= now() and (lease_until is null or lease_until < now())
    order by next_attempt_at
    limit $2::integer
    for update skip locked
), claimed as (
    update second_payments p set lease_until = now() + interval '30 seconds', attempts = attempts + 1
    from due
    where p.id = due.id
    returning p.*
)
select c.id, extract(epoch from now() - c.updated_at)::bigint as age_s, c.provider_id, c.amount, c.currency, c.attempts, $3::text as public_url, o.public_id, o.sale, o.quantity, o.unit_price,
       k.name as sku_name, s.title
from claimed c
join orders o on o.id = c.order_id
join skus k on k.sale = o.sale and k.sku = o.sku
join sales s on s.id = o.sale
