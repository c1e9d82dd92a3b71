-- Another session of an order that is paid already was paid too: that one's money goes back.
insert into second_payments (order_id, provider_id, amount, currency)
select o.id, $2, p.amount, p.currency from orders o join payments p on p.order_id = o.id where o.public_id = $1::uuid
on conflict do nothing
