insert into sandbox.sessions (id, idempotency_key, reference, amount, currency, description, sale, success_url, status, payment_status, expires_at)
values ($1, $2, $3, $4::bigint, $5, $6, $7, $8, 'open', 'unpaid', now() + $9::bigint * interval '1 second')
on conflict (idempotency_key) do nothing
