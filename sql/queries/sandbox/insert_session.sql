-- Nothing is returned when the key is known already.
insert into sandbox.sessions (id, idempotency_key, reference, amount, currency, description, sale, success_url, status, payment_status, expires_at)
values ($1, $2, $3, $4::bigint, $5, $6, $7, $8, 'open', 'unpaid', now() + $9::bigint * interval '1 second')
on conflict (idempotency_key) do nothing
returning id, reference, amount, currency, description, sale, success_url, status, payment_status, declined, coalesce(refund_key, '') as refund_key,
          expires_at <= now() as past,
          extract(epoch from expires_at)::bigint as expires_s,
          extract(epoch from created_at)::bigint as created_s,
          greatest(0, extract(epoch from expires_at - now()))::bigint as left_s
