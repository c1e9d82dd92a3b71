with opened as (insert into runs (sale) values ($1) returning id),
     ceiling as (insert into ceilings (run, lane, gen, ceiling) select id, 0, 0, 0 from opened)
update sales set run = opened.id from opened where sales.id = $1
