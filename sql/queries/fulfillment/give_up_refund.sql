-- A refund that cannot be made becomes a dead letter; replayed, it is tried again.
with given_up as (
    update payments set state = 'refund_failed', lease_until = null, updated_at = now()
    where id = $1::bigint and state = 'refunding'
    returning *
)
insert into dead_letters (source, payload, error)
select 'refund', convert_to(jsonb_build_object('order_id', o.public_id, 'session_id', g.provider_id, 'amount', g.amount,
                                               'currency', g.currency)::text, 'UTF8'), $2
from given_up g join orders o on o.id = g.order_id
