-- The orders' open payments are to be closed at the provider.
update payments p set state = 'closing', next_attempt_at = now(), attempts = 0, lease_until = null, updated_at = now()
from orders o
where o.public_id = any ($1::uuid[]) and p.order_id = o.id and p.state = 'open'
