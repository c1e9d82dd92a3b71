select *, phase = 'ended' and ends_at <= now() - interval '1 day' as over
from published_sales where phase <> 'ended' or ends_at > now() - interval '2 days' order by over, created_at, id limit 2000
