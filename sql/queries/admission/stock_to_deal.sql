select k.sku, k.total, k.total - k.committed as free
from skus k join sales s on s.id = k.sale join runs r on r.id = s.run
where k.sale = $1 and r.deal = $2 order by k.position
