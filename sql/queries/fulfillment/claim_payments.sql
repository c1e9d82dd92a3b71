-- Payments in one state that need the provider now; a lease, so that a process that dies gives them back by itself. It outlasts the
-- longest job: three calls (to find, close and look up a session) of 6 s, the longest --payment-deadline-ms, and the settling. The first
-- claim keeps the public URL of now ($3): the session is asked for with the same parameters ever after.
with due as (
    select id from payments
    where state = $1 and next_attempt_at <= now() and (lease_until is null or lease_until < now())
    order by next_attempt_at
    limit $2::integer
    for update skip locked
), claimed as (
    update payments p set lease_until = now() + interval '30 seconds', attempts = attempts + 1, public_url = coalesce(p.public_url, $3)
    from due
    where p.id = due.id
    returning p.*
)
select c.id, extract(epoch from now() - c.updated_at)::bigint as age_s, c.provider_id, c.amount, c.currency, c.attempts, c.public_url, o.public_id, o.sale, o.quantity, o.unit_price,
       k.name as sku_name, s.title
from claimed c
join orders o on o.id = c.order_id
join skus k on k.sale = o.sale and k.sku = o.sku
join sales s on s.id = o.sale
