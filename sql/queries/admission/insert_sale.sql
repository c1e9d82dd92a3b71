insert into sales (id, title, description, image_url, currency, starts_at, ends_at, rate_per_minute, burst_ms, cap,
                   factor_percent, admission_s, away_limit_s, hold_s, per_shopper, checkout_url)
values ($1, $2, $3, $4, $5, to_timestamp($6::numeric / 1000), to_timestamp($7::numeric / 1000), $8, $9, $10, $11, $12, $13,
        $14, $15, $16)
on conflict (id) do nothing
returning id
