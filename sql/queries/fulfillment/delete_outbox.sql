-- As they were told: an entry that was renewed meanwhile tells of another event.
delete from outbox x using unnest($1::bigint[], $2::text[]) as told (id, event)
where x.id = told.id and x.payload ->> 'event' = told.event
