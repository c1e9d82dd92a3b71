insert into generations (run, gen, redis_run_id, opened_at) values ($1, $2, $3, clock_timestamp())
