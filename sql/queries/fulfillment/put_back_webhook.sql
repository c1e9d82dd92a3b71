-- Tried again later, unless it was processed meanwhile, or its lease lapsed and another attempt has it.
update webhook_events set outcome = $3, next_attempt_at = now() + make_interval(secs => $2::bigint / 1000.0)
where id = $1::bigint and processed_at is null and attempts = $4::integer
