insert into skus (sale, sku, name, unit_price, total, position)
select $1, sku, name, unit_price, total, n
from unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[]) with ordinality as given (sku, name, unit_price, total, n)
