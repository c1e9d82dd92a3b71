select coalesce((select value from settings where name = 'orders_per_second'), 2000) as orders_per_second,
       (select count(*) from outbox) as outbox,
       coalesce((select extract(epoch from now() - min(created_at))::bigint from outbox), 0) as outbox_age_s,
       (select count(*) from webhook_events where processed_at is null) as webhooks_waiting,
       (select count(*) from dead_letters where replayed_at is null) as dead_letters,
       (select count(*) from payments where state in ('wanted', 'closing', 'refunding')) as payments_waiting,
       (select count(*) from payments where state = 'refund_failed')
       + (select count(*) from second_payments where state = 'refund_failed') as refunds_failed
