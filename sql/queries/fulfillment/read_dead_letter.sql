select source, coalesce(partition, 0) as partition, coalesce(position, 0) as position, encode(payload, 'hex') as payload,
       replayed_at is not null as replayed
from dead_letters
where id = $1::bigint
