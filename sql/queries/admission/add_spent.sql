insert into spent_places (run, lane, bits) values ($1, $2, ''::bytea) on conflict do nothing
