update sandbox.events
set attempts = attempts + 1, next_attempt_at = now() + $2::bigint * interval '1 millisecond'
where id in (select id from sandbox.events where delivered_at is null and next_attempt_at <= now()
             order by next_attempt_at limit $1::bigint for update skip locked)
returning id, payload, attempts
