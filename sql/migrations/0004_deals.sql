-- The highest deal that was given to Redis: under it something may have been reserved, so the same deal is never dealt twice
-- once somebody may have bought (docs/ARCHITECTURE.md).
alter table runs add column dealt bigint not null default 0;
update runs set dealt = deal;
