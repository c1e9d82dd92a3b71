update webhook_events set processed_at = now(), outcome = $2 where id = any ($1::bigint[]) and processed_at is null
