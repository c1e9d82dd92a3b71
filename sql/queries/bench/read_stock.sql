select coalesce(sum(total), 0)::bigint as total, coalesce(sum(committed), 0)::bigint as committed,
       (select coalesce(sum(quantity), 0)::bigint from orders where sale = $1 and status = 'confirmed') as confirmed,
       (select count(*) from (select sku from orders where sale = $1 and status = 'confirmed' group by sku
            having sum(quantity) > (select total from skus where sale = $1 and skus.sku = orders.sku)) as over) as oversold_skus
from skus where sale = $1
