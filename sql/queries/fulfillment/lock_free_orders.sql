-- Never waits: what somebody else has locked is left out.
select public_id from orders where public_id = any ($1::uuid[]) for update skip locked
