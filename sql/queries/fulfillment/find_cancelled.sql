-- Cancels that came before their order win.
update cancels c set done_at = now()
from orders o
where o.id = any ($1::bigint[]) and c.public_id = o.public_id and c.shopper = o.shopper
returning o.id
