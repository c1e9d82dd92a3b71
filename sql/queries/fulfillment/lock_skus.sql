-- No key update: the foreign keys of the orders just inserted hold their sku's key, in every instance at once.
select s.sale, s.sku, s.total - s.committed as free
from skus s
where (s.sale, s.sku) in (select * from unnest($1::text[], $2::text[]))
order by s.sale collate "C", s.sku collate "C"
for no key update
