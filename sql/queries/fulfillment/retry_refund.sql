-- A refund that was given up is tried again.
with own as (
    update payments set state = 'refunding', attempts = 0, next_attempt_at = now(), lease_until = null, updated_at = now()
    where provider_id = $1 and state = 'refund_failed'
    returning id
), second as (
    update second_payments set state = 'refunding', attempts = 0, next_attempt_at = now(), lease_until = null, updated_at = now()
    where provider_id = $1 and state = 'refund_failed'
    returning id
)
select id from own union all select id from second
