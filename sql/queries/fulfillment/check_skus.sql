-- Every sku with what the ledger says and what its orders add up to.
select k.sale, k.sku, s.run, s.phase = 'ended' as ended, k.total, k.committed, coalesce(sum(o.quantity), 0) as ordered, count(o.id) as orders
from skus k
join sales s on s.id = k.sale and s.run is not null
left join orders o on o.sale = k.sale and o.sku = k.sku and o.status in ('queued', 'pending_payment', 'expiring', 'confirmed')
group by k.sale, k.sku, s.run, s.phase
order by k.sale collate "C", k.sku collate "C"
