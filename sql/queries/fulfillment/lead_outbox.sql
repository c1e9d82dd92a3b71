-- Only one instance relays at a time; an instance that wakes up late repeats what was told, which changes nothing.
update leases set holder = $1, until = now() + interval '5 seconds'
where name = 'outbox' and (holder = $1 or until < now())
returning name
