-- What the sandbox provider shows and remembers beyond the state of a session.
alter table sandbox.sessions
    add column sale        text not null default '',   -- metadata[sale]
    add column success_url text not null default '',
    add column declined    integer not null default 0, -- how often the shopper's payment was declined
    add column refund_key  text;                       -- idempotency key of the refund, once there is one
create index sandbox_sessions_open on sandbox.sessions (expires_at) where status = 'open';
