-- Settings act in Redis first and are written here afterwards: the higher settings_version is the newer truth
-- (docs/KEYSPACE.md, "Settings").
alter table sales add column settings_version bigint not null default 1;

-- A change that is written again after an unknown outcome leaves one audit row.
create unique index audit_changes on audit ((detail ->> 'change')) where detail ? 'change';

-- What is published of a sale: its document, and beside it the settings that live in the line.
create view published_sales as
select s.id, s.run, s.phase, s.version, s.settings_version, s.rate_per_minute, s.burst_ms, s.mode, s.message, s.cap,
       s.factor_percent, s.away_limit_s, s.ends_at, s.created_at,
       json_build_object(
           'id', s.id, 'run', s.run, 'deal', r.deal, 'version', s.version, 'title', s.title,
           'description', s.description, 'image_url', s.image_url, 'currency', s.currency,
           'starts_at', round(extract(epoch from s.starts_at) * 1000)::bigint,
           'ends_at', round(extract(epoch from s.ends_at) * 1000)::bigint,
           'per_shopper', s.per_shopper, 'hold_s', s.hold_s, 'admission_s', s.admission_s,
           'checkout_url', s.checkout_url, 'shards', s.shards,
           'skus', coalesce((select json_agg(json_build_object('sku', k.sku, 'name', k.name, 'unit_price', k.unit_price,
                                                               'total', k.total) order by k.position)
                             from skus k where k.sale = s.id), '[]'::json)) as document
from sales s join runs r on r.id = s.run;
