select status, coalesce(reason, '') as reason, count(*) as orders, coalesce(sum(quantity), 0)::bigint as units
from orders where sale = $1 group by 1, 2 order by 1, 2
