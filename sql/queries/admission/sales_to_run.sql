-- Those in $1 are in Redis: of them it is told that they are over, however long ago, until they are there no more.
select *, phase = 'ended' and ends_at <= now() - interval '1 day' as over
from published_sales where phase <> 'ended' or ends_at > now() - interval '2 days' or id = any ($1::text[])
order by over, created_at, id limit 2000
