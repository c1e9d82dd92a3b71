select * from published_sales order by created_at desc, id limit 1000
