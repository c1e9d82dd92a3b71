-- These entries tell of a payment link, and are late: their orders have the whole hold from now on. It is a new event in place of
-- the one that waited, since a Redis that was frozen may tell that one yet, with its old end. Locked in the order of find_cancels.
with late as (
    select o.id, x.id as entry
    from outbox x join orders o on o.public_id = x.public_id
    where x.id = any ($1::bigint[]) and o.status = 'pending_payment'
    order by o.sale collate "C", o.sku collate "C", o.id
    for update of o
), renewed as (
    update orders o set event = o.event + 1, updated_at = now(), hold_expires_at = now() + make_interval(secs => o.hold_s)
    from late l where o.id = l.id
    returning o as o, l.entry
), logged as (
    insert into order_events (order_id, event, status) select (o).id, (o).event, (o).status from renewed
)
update outbox x set payload = order_message(r.o, x.payload ->> 'payment_url') from renewed r where x.id = r.entry
