select gen, redis_run_id, (extract(epoch from clock_timestamp() - opened_at) * 1000)::bigint as age_ms
from generations where run = $1 order by gen desc limit 1
