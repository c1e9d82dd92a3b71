-- Whether an order has something to be told is asked before its hold may end.
create index outbox_by_order on outbox (public_id);
