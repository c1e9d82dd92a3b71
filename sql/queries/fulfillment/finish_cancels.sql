update cancels set done_at = now() where public_id = any ($1::uuid[])
