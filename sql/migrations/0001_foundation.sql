-- Sales, runs, generations and ceilings: written by admissiond.
create table sales (
    id               text primary key check (id ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
    title            text not null,
    description      text not null default '',
    image_url        text not null default '',
    currency         text not null check (currency ~ '^[A-Z]{3}$'),
    starts_at        timestamptz not null,
    ends_at          timestamptz not null check (ends_at > starts_at),
    phase            text not null default 'scheduled' check (phase in ('scheduled', 'lobby', 'live', 'sold_out', 'ended')),
    mode             text not null default 'queue' check (mode in ('queue', 'hold', 'reject', 'passthrough')),
    message          text not null default '',
    rate_per_minute  bigint not null check (rate_per_minute between 0 and 6000000),
    burst_ms         integer not null default 500 check (burst_ms between 300 and 1000),
    cap              bigint not null default 0 check (cap >= 0),              -- shoppers inside at once; 0: no cap
    factor_percent   integer not null default 100 check (factor_percent >= 100), -- admissions allowed per unit left
    admission_s      integer not null default 600 check (admission_s between 10 and 86400), -- life of a token
    away_limit_s     integer not null default 600 check (away_limit_s between 10 and 86400),
    hold_s           integer not null default 600 check (hold_s between 2 and 86400), -- from the moment the link is ready
    per_shopper      integer not null default 1 check (per_shopper between 1 and 1000), -- units of one sku
    shards           integer not null default 1 check (shards = 1),
    reduction        text not null default 'pre-reserve' check (reduction = 'pre-reserve'),
    checkout_url     text not null default '',
    run              bigint,           -- the current one
    version          bigint not null default 1, -- rises with every change that is published to Redis
    created_at       timestamptz not null default now()
);

create table skus (
    sale       text not null references sales,
    sku        text not null check (sku ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$'),
    name       text not null,
    unit_price bigint not null check (unit_price >= 0), -- in the currency's minor unit
    total      bigint not null check (total >= 0),
    committed  bigint not null default 0,
    position   integer not null default 0,
    primary key (sale, sku),
    constraint never_oversold check (committed between 0 and total)
);

create table runs (
    id        bigint generated always as identity primary key,
    sale      text not null references sales,
    kind      text not null default 'sale' check (kind in ('sale', 'rehearsal')),
    deal      bigint not null default 1, -- rises whenever the stock is dealt to Redis anew
    opened_at timestamptz not null default now()
);
alter table sales add foreign key (run) references runs;

create table generations (
    run          bigint not null references runs,
    gen          bigint not null,
    redis_run_id text not null,
    opened_at    timestamptz not null default now(),
    primary key (run, gen)
);

create table ceilings (
    run     bigint not null references runs,
    lane    integer not null,
    gen     bigint not null, -- only the current generation may raise it
    ceiling bigint not null check (ceiling >= 0),
    primary key (run, lane)
);

create table spent_places ( -- copy of the bitmap in Redis, once a second
    run        bigint not null references runs,
    lane       integer not null,
    bits       bytea not null,
    updated_at timestamptz not null default now(),
    primary key (run, lane)
);

create table blocked_places (
    run    bigint not null references runs,
    lane   integer not null,
    place  bigint not null,
    reason text not null,
    primary key (run, lane, place)
);

-- Orders and money: written by fulfillmentd.
create table orders (
    id              bigint generated always as identity primary key,
    public_id       uuid not null unique,        -- queue_ticket_id in the API
    sale            text not null references sales,
    run             bigint not null references runs,
    sku             text not null,
    quantity        integer not null check (quantity > 0),
    unit_price      bigint not null,
    currency        text not null,
    shopper         text not null,
    lane            integer not null,
    place           bigint not null,
    jti             text not null,
    granted_ms      bigint not null,
    status          text not null check (status in
        ('queued', 'pending_payment', 'expiring', 'confirmed', 'expired', 'cancelled', 'failed', 'refunded')),
    reason          text,                        -- why failed, cancelled or refunded
    event           integer not null default 1,  -- number of the newest order_events row
    hold_s          integer not null,
    reserved_at     timestamptz not null,
    hold_expires_at timestamptz,                 -- set when the payment link is ready
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    foreign key (sale, sku) references skus (sale, sku),
    unique (run, jti)
);
create index orders_expiring on orders (hold_expires_at) where status in ('pending_payment', 'expiring');
create index orders_by_shopper on orders (shopper);
create index orders_by_sale on orders (sale, status);

create table order_events (
    order_id bigint not null references orders,
    event    integer not null,
    status   text not null,
    reason   text,
    at       timestamptz not null default now(),
    primary key (order_id, event)
);

create table cancels ( -- remembered until done: a cancel that came before its order wins
    public_id    uuid primary key,
    sale         text not null,
    shopper      text not null, -- only the order's own shopper cancels it
    requested_at timestamptz not null default now(),
    done_at      timestamptz
);
create index cancels_to_do on cancels (requested_at) where done_at is null;

create table payments (
    id              bigint generated always as identity primary key,
    order_id        bigint not null unique references orders,
    provider_id     text unique,                 -- null until the provider answered
    state           text not null default 'wanted' check (state in
        ('wanted', 'open', 'paid', 'closing', 'closed', 'refunding', 'refunded')),
    amount          bigint not null,
    currency        text not null,
    url             text,
    attempts        integer not null default 0,
    next_attempt_at timestamptz not null default now(),
    lease_until     timestamptz,
    updated_at      timestamptz not null default now()
);
create index payments_to_do on payments (state, next_attempt_at); -- whole: its statement names the state as a parameter

create table webhook_events (
    id                bigint generated always as identity primary key,
    provider_event_id text not null unique,
    type              text not null,
    payload           jsonb not null,
    received_at       timestamptz not null default now(),
    processed_at      timestamptz,
    outcome           text,
    attempts          integer not null default 0,
    next_attempt_at   timestamptz not null default now()
);
create index webhook_events_to_do on webhook_events (next_attempt_at) where processed_at is null;

create table outbox ( -- what Redis and the shopper must still be told, in order
    id         bigint generated always as identity primary key,
    sale       text not null,
    public_id  uuid not null,
    shopper    text not null,
    stock      text not null check (stock in ('none', 'sell', 'release', 'void', 'take', 'unsell')),
    payload    jsonb not null, -- the `order` message
    created_at timestamptz not null default now()
);

create table leases ( -- work that only one instance may do at a time
    name   text primary key,
    holder text not null default '',
    until  timestamptz not null default '-infinity'
);
insert into leases (name) values ('outbox');

-- What a shopper's page is told about an order (docs/KEYSPACE.md), so that there is one place that says it.
create function order_message(o orders, payment_url text) returns jsonb language sql stable as $$
    select jsonb_strip_nulls(jsonb_build_object(
        'type', 'order', 'sale', o.sale, 'queue_ticket_id', o.public_id, 'sku', o.sku, 'quantity', o.quantity,
        'status', o.status, 'event', o.event, 'payment_url', payment_url,
        'expires_at', case when o.status = 'pending_payment'
                           then floor(extract(epoch from o.hold_expires_at) * 1000)::bigint end,
        'reason', o.reason))
$$;

create table dead_letters (
    id           bigint generated always as identity primary key,
    source       text not null,  -- topic, or 'webhook'
    partition    integer,
    position     bigint,         -- offset
    key          text,
    payload      bytea not null,
    error        text not null,
    created_at   timestamptz not null default now(),
    published_at timestamptz,    -- when the dead letters' topic had it
    replayed_at  timestamptz,
    unique (source, partition, position)
);
create index dead_letters_to_publish on dead_letters (id) where published_at is null;

create table audit (
    id     bigint generated always as identity primary key,
    at     timestamptz not null default now(),
    actor  text not null,
    action text not null,
    sale   text,
    detail jsonb not null default '{}'
);

create table settings (
    name  text primary key,
    value bigint not null
);
insert into settings values ('orders_per_second', 2000);

-- The sandbox payment provider keeps its own books, as a foreign provider would.
create schema sandbox;
create table sandbox.sessions (
    id             text primary key,
    idempotency_key text not null unique,
    reference      text not null,     -- client_reference_id: the order
    amount         bigint not null,
    currency       text not null,
    description    text not null default '',
    status         text not null check (status in ('open', 'complete', 'expired')),
    payment_status text not null check (payment_status in ('unpaid', 'paid', 'refunded')),
    expires_at     timestamptz not null,
    created_at     timestamptz not null default now()
);
create table sandbox.events (
    id              text primary key,
    session_id      text not null references sandbox.sessions,
    type            text not null,
    payload         jsonb not null,
    delivered_at    timestamptz,
    attempts        integer not null default 0,
    next_attempt_at timestamptz not null default now()
);
create index sandbox_events_to_do on sandbox.events (next_attempt_at) where delivered_at is null;
