-- A payment's next state; $3 is what the provider calls it, where that is new.
update payments set state = $2, provider_id = coalesce($3, provider_id), url = coalesce($4, url), lease_until = null,
       next_attempt_at = now(), updated_at = now(), attempts = 0
where id = $1::bigint
