insert into sandbox.events (id, session_id, type, payload) values ($1, $2, $3, $4::jsonb)
