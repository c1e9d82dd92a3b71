insert into dead_letters (source, partition, position, key, payload, error)
select $1, n.partition, n.position, n.key, decode(n.payload, 'hex'), n.error
from unnest($2::integer[], $3::bigint[], $4::text[], $5::text[], $6::text[]) as n (partition, position, key, payload, error)
on conflict do nothing
