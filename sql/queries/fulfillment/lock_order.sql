select id from orders where public_id = $1::uuid for update
