-- Webhooks to process, locked: who settles them in this transaction needs no lease.
select id, payload::text as payload, attempts + 1 as attempts, extract(epoch from now() - received_at)::bigint as age_s
from webhook_events
where processed_at is null and next_attempt_at <= now()
order by next_attempt_at
limit $1::integer
for update skip locked
