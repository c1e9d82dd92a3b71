select * from published_sales where phase <> 'ended' or ends_at > now() - interval '1 day' order by id limit 1000
