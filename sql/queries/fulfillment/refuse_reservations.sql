-- Reservations that can never become an order: remembered, so that they never do, and the shopper told, with the units given back.
-- What is refused already was told already.
with refused as (
    insert into refused_reservations (public_id, sale, run, sku, quantity, reason)
    select n.public_id, n.sale, n.run, n.sku, n.quantity, 'refused'
    from unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::integer[]) as n (public_id, sale, run, sku, quantity)
    on conflict do nothing
    returning public_id, sale, sku, quantity, reason
)
insert into outbox (sale, public_id, shopper, stock, deal, payload)
select f.sale, f.public_id, n.shopper, 'release', n.deal,
       jsonb_build_object('type', 'order', 'sale', f.sale, 'queue_ticket_id', f.public_id, 'sku', f.sku, 'quantity', f.quantity,
                          'status', 'failed', 'event', 1, 'reason', f.reason)
from refused f
join unnest($1::uuid[], $6::text[], $7::bigint[]) as n (public_id, shopper, deal) using (public_id)
