select public_id, status
from orders
where status = 'pending_payment' and hold_expires_at <= now()
order by hold_expires_at
limit 100
for update skip locked
