update sales set phase = $3 where id = $1 and run = $2 and phase <> $3
