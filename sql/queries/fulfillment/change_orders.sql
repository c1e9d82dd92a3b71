-- The only statement that changes the state of orders that exist, one or many from the same state to the same: compare and
-- set, each with its event, what its sku's ledger row changes by ($6 times the quantity), and what Redis and the shopper are told.
with changed as (
    update orders set status = $3, reason = nullif($4, ''), event = event + 1, updated_at = now(),
        hold_expires_at = case when $3 = 'pending_payment' then now() + make_interval(secs => hold_s) else hold_expires_at end
    where public_id = any ($1::uuid[]) and status = $2
    returning orders as o
), ledger as (
    update skus k set committed = k.committed + $6::integer * c.quantity
    from (select (o).sale, (o).sku, sum((o).quantity) as quantity from changed where $6::integer <> 0 group by 1, 2) as c
    where k.sale = c.sale and k.sku = c.sku
), logged as (
    insert into order_events (order_id, event, status, reason)
    select (o).id, (o).event, (o).status, (o).reason from changed
), told as (
    insert into outbox (sale, public_id, shopper, stock, payload)
    select (o).sale, (o).public_id, (o).shopper, $5,
           order_message(o, (select url from payments where order_id = (o).id and (o).status = 'pending_payment'))
    from changed
)
select (o).public_id as public_id, (o).event as event from changed
