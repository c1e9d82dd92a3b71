update sales
set rate_per_minute = $2, burst_ms = $3, mode = $4, message = $5, cap = $6, factor_percent = $7, settings_version = $8
where id = $1 and settings_version < $8
