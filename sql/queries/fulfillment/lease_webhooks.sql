-- Webhooks to process; pushing the next attempt away is the lease.
with due as (
    select id from webhook_events
    where processed_at is null and next_attempt_at <= now()
    order by next_attempt_at
    limit $1::integer
    for update skip locked
)
update webhook_events w set next_attempt_at = now() + interval '10 seconds', attempts = attempts + 1
from due
where w.id = due.id
returning w.id, w.type, w.payload::text as payload, w.attempts
