select id, source, partition, position, coalesce(key, '') as key, translate(encode(payload, 'base64'), E'\n', '') as payload, error
from dead_letters
where published_at is null
order by id
limit 1
