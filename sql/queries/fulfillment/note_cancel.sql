-- An order that is expiring anyway ends as cancelled, and is refunded should it turn out paid.
update orders set reason = 'cancelled' where public_id = $1::uuid and status = 'expiring'
