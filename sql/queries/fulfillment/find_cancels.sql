-- Cancels whose order is there: who asks must be the order's shopper.
select c.public_id, c.shopper = o.shopper as own
from cancels c
join orders o on o.public_id = c.public_id
where c.done_at is null
order by c.requested_at
limit 100
for update of c skip locked
