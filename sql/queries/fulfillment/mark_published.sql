update dead_letters set published_at = now() where id = $1::bigint
