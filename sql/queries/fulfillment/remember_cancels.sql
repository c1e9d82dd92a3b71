insert into cancels (public_id, sale, shopper, requested_at)
select n.public_id, n.sale, n.shopper, to_timestamp(n.requested_at / 1000.0)
from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[]) as n (public_id, sale, shopper, requested_at)
on conflict do nothing
