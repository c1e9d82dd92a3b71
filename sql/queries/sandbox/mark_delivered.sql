update sandbox.events set delivered_at = now() where id = $1
