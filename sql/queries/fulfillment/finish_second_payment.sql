update second_payments set state = 'refunded', lease_until = null, updated_at = now() where id = $1::bigint and state = 'refunding'
