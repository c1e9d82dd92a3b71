-- Those in $1 are in Redis, or are stepped by who asks: of them it is told that they are over, however long ago, until they are
-- neither. $2: of this run alone, unless null.
select *, phase = 'ended' and ends_at <= now() - interval '1 day' as over
from published_sales
where case when $2::bigint is null then phase <> 'ended' or ends_at > now() - interval '2 days' or id = any ($1::text[])
           else run = $2 end
order by over, created_at, id limit 2000
