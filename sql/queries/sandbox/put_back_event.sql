update sandbox.events set next_attempt_at = now() + $2::bigint * interval '1 millisecond' where id = $1 and delivered_at is null
