-- Under which public URL the provider was first asked for the session: the same idempotency key takes no other parameters.
alter table payments add column public_url text;
