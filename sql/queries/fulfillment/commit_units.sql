update skus s set committed = s.committed + n.units
from unnest($1::text[], $2::text[], $3::bigint[]) as n (sale, sku, units)
where s.sale = n.sale and s.sku = n.sku
