insert into webhook_events (provider_event_id, type, payload)
values ($1, $2, $3::jsonb)
on conflict do nothing
returning id
