insert into audit (actor, action, sale, detail) values ($1, $2, $3, $4::jsonb) on conflict do nothing
