select status, count(*) as orders from orders where sale = $1 group by status order by status
