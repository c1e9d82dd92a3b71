-- Returns those that were not known yet.
insert into webhook_events (provider_event_id, type, payload)
select provider_event_id, type, payload
from unnest($1::text[], $2::text[], $3::jsonb[]) as n (provider_event_id, type, payload)
on conflict do nothing
returning provider_event_id
