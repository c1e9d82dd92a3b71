update dead_letters set replayed_at = now() where id = $1::bigint
