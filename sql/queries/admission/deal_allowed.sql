select r.dealt < $2
       or ($3::bigint = 0 and not exists (select from orders o where o.run = r.id)
           and not exists (select from spent_places p where p.run = r.id and bit_count(p.bits) > 0)) as allowed
from sales s join runs r on r.id = s.run where s.id = $1 and r.deal = $2 for update of r
