insert into dead_letters (source, payload, error) values ($1, decode($2, 'hex'), $3)
