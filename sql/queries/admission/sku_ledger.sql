select sku, name, total, committed from skus where sale = $1 order by position
