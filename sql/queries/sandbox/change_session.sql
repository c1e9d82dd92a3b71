-- Compare and set: from the state that was read ($2 to $4) to the next, with the event that tells of it ($9: none). An event
-- whose first delivery starts at once is born with that attempt counted and its lease ($12, ms) running.
with changed as (
    update sandbox.sessions
    set status = $5, payment_status = $6, declined = $7::integer, refund_key = nullif($8, '')
    where id = $1 and status = $2 and payment_status = $3 and declined = $4::integer
    returning id
), told as (
    insert into sandbox.events (id, session_id, type, payload, attempts, next_attempt_at)
    select $9::text, id, $10::text, $11::jsonb, case when $12::bigint > 0 then 1 else 0 end, now() + $12::bigint * interval '1 millisecond'
    from changed
    where $9::text is not null
)
select id from changed
