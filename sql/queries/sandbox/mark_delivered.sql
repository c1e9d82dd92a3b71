update sandbox.events set delivered_at = now() where id = any ($1::text[])
