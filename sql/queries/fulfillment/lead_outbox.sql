-- Only one instance relays at a time; an instance that wakes up late repeats what was told, which changes nothing.
with taken as (
    update leases set holder = $1, until = now() + interval '5 seconds'
    where name = 'outbox' and (until < now() or holder = $1 and until < now() + interval '3 seconds')
    returning name
)
select exists (select from taken)
    or exists (select from leases where name = 'outbox' and holder = $1 and until >= now() + interval '3 seconds') as leads
