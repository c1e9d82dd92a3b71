select count(*) filter (where o.id is null) as missing,
       count(*) filter (where o.status in ('queued', 'expiring')) as under_way,
       count(*) filter (where o.status = 'pending_payment') as unpaid
from unnest($1::uuid[]) as accepted (public_id) left join orders o using (public_id)
