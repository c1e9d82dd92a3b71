delete from blocked_places where run = $1 and lane = $2 and place = $3
