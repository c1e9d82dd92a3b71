select id, reference, amount, currency, description, sale, success_url, status, payment_status, declined, coalesce(refund_key, '') as refund_key,
       expires_at <= now() as past,
       extract(epoch from expires_at)::bigint as expires_s,
       extract(epoch from created_at)::bigint as created_s,
       greatest(0, extract(epoch from expires_at - now()))::bigint as left_s
from sandbox.sessions where id = $1 for update
