select * from published_sales order by phase = 'ended', created_at desc, id limit 1000
