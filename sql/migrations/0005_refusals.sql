-- What fulfillment cannot carry out has an end that can be seen.

-- Reservations that can never become an order (their sale has no such run or sku, or their token made another one): their shopper
-- is told that they failed, once and for good.
create table refused_reservations (
    public_id  uuid primary key,
    sale       text not null,
    run        bigint not null,
    sku        text not null,
    quantity   integer not null,
    reason     text not null,
    created_at timestamptz not null default now()
);
create index refused_reservations_by_sale on refused_reservations (sale, run);
alter table outbox add column deal bigint; -- of what has no order to read it from

-- A refund that the provider refuses for good, or that was tried for too long: somebody has to look (dead_letters has it too).
alter table payments drop constraint payments_state_check;
alter table payments add constraint payments_state_check check (state in
    ('wanted', 'open', 'paid', 'closing', 'closed', 'refunding', 'refunded', 'refund_failed'));

-- Sessions that were paid although another session of the same order was: their money goes back, the order stays as it is.
create table second_payments (
    id              bigint generated always as identity primary key,
    order_id        bigint not null references orders,
    provider_id     text not null unique,
    state           text not null default 'refunding' check (state in ('refunding', 'refunded', 'refund_failed')),
    amount          bigint not null,
    currency        text not null,
    attempts        integer not null default 0,
    next_attempt_at timestamptz not null default now(),
    lease_until     timestamptz,
    updated_at      timestamptz not null default now()
);
create index second_payments_to_do on second_payments (state, next_attempt_at);
