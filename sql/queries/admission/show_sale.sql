select * from published_sales where id = $1
