update sandbox.events e set next_attempt_at = now() + p.pause * interval '1 millisecond'
from unnest($1::text[], $2::bigint[]) as p (id, pause)
where e.id = p.id and e.delivered_at is null
