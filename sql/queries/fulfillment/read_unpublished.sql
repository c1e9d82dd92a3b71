-- The payload only if it fits into a message of the topic (1 MB) as base64.
select id, source, partition, position, coalesce(key, '') as key, length(payload) as bytes,
       case when length(payload) <= 600000 then translate(encode(payload, 'base64'), E'\n', '') end as payload, error
from dead_letters
where published_at is null
order by id
limit 1
