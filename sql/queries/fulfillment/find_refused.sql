-- Which reservations of a batch have no order after insert_orders and were not refused before: they can never become one.
select n.ord - 1 as index,
       case when s.id is null then 'there is no such sale'
            when r.id is null then 'this sale has no such run'
            when k.sku is null then 'this sale has no such sku'
            else 'another order has this token' end as why
from unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[]) with ordinality as n (public_id, sale, run, sku, ord)
left join sales s on s.id = n.sale
left join runs r on r.id = n.run and r.sale = n.sale
left join skus k on k.sale = n.sale and k.sku = n.sku
where not exists (select from orders o where o.public_id = n.public_id)
  and not exists (select from refused_reservations f where f.public_id = n.public_id)
order by n.ord
