update spent_places set bits = decode($3, 'hex'), updated_at = now() where run = $1 and lane = $2
