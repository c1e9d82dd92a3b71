-- The next state of payments; provider_id is what the provider calls each, where that is new.
update payments p
set state = $2, provider_id = coalesce(n.provider_id, p.provider_id), url = coalesce(n.url, p.url), lease_until = null,
    next_attempt_at = now(), updated_at = now(), attempts = 0
from unnest($1::bigint[], $3::text[], $4::text[]) as n (id, provider_id, url)
where p.id = n.id
