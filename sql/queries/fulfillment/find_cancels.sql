-- Cancels whose order is there: who asks must be the order's shopper. In the order of lock_skus, so that who changes the ledger for
-- several of them takes its rows in the same order as everybody else.
with due as (
    select c.public_id, c.shopper
    from cancels c
    where c.done_at is null and exists (select from orders o where o.public_id = c.public_id)
    order by c.requested_at
    limit 100
    for update of c skip locked
)
select d.public_id, d.shopper = o.shopper as own
from due d
join orders o on o.public_id = d.public_id
order by o.sale collate "C", o.sku collate "C", o.id
