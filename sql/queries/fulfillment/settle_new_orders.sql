-- What was decided about new orders: their first event, what Redis and the shopper are told, and a payment for those accepted.
with decided as (
    select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) as d (id, status, reason, move)
), settled as (
    update orders o set status = d.status, reason = d.reason
    from decided d
    where o.id = d.id
    returning o as o, d.move as move
), logged as (
    insert into order_events (order_id, event, status, reason)
    select (o).id, (o).event, (o).status, (o).reason from settled
), wanted as (
    insert into payments (order_id, amount, currency)
    select (o).id, (o).unit_price * (o).quantity, (o).currency from settled where (o).status = 'queued'
)
insert into outbox (sale, public_id, shopper, stock, payload)
select (o).sale, (o).public_id, (o).shopper, move, order_message(o, null)
from settled
order by (o).id
