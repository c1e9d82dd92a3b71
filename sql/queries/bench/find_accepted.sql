select count(*) filter (where o.id is null) as missing,
       count(*) filter (where o.status in ('queued', 'pending_payment', 'expiring')) as unsettled
from unnest($1::uuid[]) as accepted (public_id) left join orders o using (public_id)
