insert into blocked_places (run, lane, place, reason) values ($1, $2, $3, $4)
on conflict (run, lane, place) do update set reason = excluded.reason
