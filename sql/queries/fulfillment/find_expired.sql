-- No hold ends unseen: while the payment link waits to be told, the hold has not begun (renew_holds).
select o.public_id, o.status
from orders o
where o.status = 'pending_payment' and o.hold_expires_at <= now()
  and not exists (select from outbox x where x.public_id = o.public_id)
order by o.hold_expires_at
limit 100
for update of o skip locked
