select count(*) as sales from sales where phase <> 'ended' or ends_at > now() - interval '1 day'
