select id, source, encode(payload, 'hex') as payload, error, replayed_at is not null as replayed
from dead_letters
where id = $1::bigint
for update
