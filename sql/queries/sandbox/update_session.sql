update sandbox.sessions
set status = $2, payment_status = $3, declined = $4::integer, refund_key = nullif($5, '')
where id = $1
