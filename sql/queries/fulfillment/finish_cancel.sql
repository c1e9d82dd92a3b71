update cancels set done_at = now() where public_id = $1::uuid
