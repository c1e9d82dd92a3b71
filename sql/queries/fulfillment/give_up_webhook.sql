-- A webhook that cannot be carried out becomes a dead letter; replayed, it is due again.
with given_up as (
    update webhook_events set processed_at = now(), outcome = 'given-up'
    where id = $1::bigint and processed_at is null
    returning payload
)
insert into dead_letters (source, payload, error) select 'webhook', convert_to(payload::text, 'UTF8'), $2 from given_up
