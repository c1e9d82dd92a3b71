update sales
set starts_at = least(starts_at, now() - interval '1 millisecond'), ends_at = now(), version = version + 1
where id = $1 and ends_at > now()
