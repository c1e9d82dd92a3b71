-- Those that are settled one by one, later: pushing the next attempt away is the lease.
update webhook_events set next_attempt_at = now() + interval '10 seconds', attempts = attempts + 1
where id = any ($1::bigint[])
