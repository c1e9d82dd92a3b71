-- The next state of payments; provider_id is what the provider calls each, where that is new. A payment whose session is not
-- known is looked for at the provider only when the claim that may be making it has ended: what a process that died had asked
-- for may be made after the question.
update payments p
set state = $2, provider_id = coalesce(n.provider_id, p.provider_id), url = coalesce(n.url, p.url), lease_until = null,
    next_attempt_at = case when $2 = 'closing' and n.provider_id is null and p.provider_id is null
                           then greatest(now(), p.lease_until) else now() end, updated_at = now(), attempts = 0
from unnest($1::bigint[], $3::text[], $4::text[]) as n (id, provider_id, url)
where p.id = n.id
