-- A claim gives back its own lease, never that of a claim that followed it. Attempts are counted anew in each state.
update second_payments set lease_until = null, next_attempt_at = now() + make_interval(secs => $2::bigint / 1000.0)
where id = $1::bigint and attempts = $3::integer and state = $4
