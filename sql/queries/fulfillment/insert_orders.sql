-- New reservations become rows in the order they came; what is known already, was refused, or names no such sale, run or
-- sku, does not.
insert into orders (public_id, sale, run, sku, quantity, unit_price, currency, shopper, lane, place, jti, granted_ms,
                    status, hold_s, reserved_at)
select n.public_id, n.sale, n.run, n.sku, n.quantity, k.unit_price, s.currency, n.shopper, n.lane, n.place, n.jti,
       n.granted_ms, 'queued', s.hold_s, to_timestamp(n.reserved_at / 1000.0)
from unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::integer[], $6::text[], $7::integer[], $8::bigint[],
            $9::text[], $10::bigint[], $11::bigint[])
     with ordinality as n (public_id, sale, run, sku, quantity, shopper, lane, place, jti, granted_ms, reserved_at, ord)
join sales s on s.id = n.sale
join runs r on r.id = n.run and r.sale = n.sale
join skus k on k.sale = n.sale and k.sku = n.sku
where not exists (select from refused_reservations f where f.public_id = n.public_id)
order by n.ord
on conflict do nothing
returning id, public_id, sale, sku, quantity
