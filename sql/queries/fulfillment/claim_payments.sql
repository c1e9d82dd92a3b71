-- Payments in one state that need the provider now; a lease, so that a process that dies gives them back by itself.
with due as (
    select id from payments
    where state = $1 and next_attempt_at <= now() and (lease_until is null or lease_until < now())
    order by next_attempt_at
    limit $2::integer
    for update skip locked
), claimed as (
    update payments p set lease_until = now() + interval '15 seconds', attempts = attempts + 1
    from due
    where p.id = due.id
    returning p.*
)
select c.id, c.provider_id, c.amount, c.currency, c.attempts, o.public_id, o.sale, o.quantity, o.unit_price,
       k.name as sku_name, s.title
from claimed c
join orders o on o.id = c.order_id
join skus k on k.sale = o.sale and k.sku = o.sku
join sales s on s.id = o.sale
