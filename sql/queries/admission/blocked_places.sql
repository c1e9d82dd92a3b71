select place, reason from blocked_places where run = $1 and lane = $2
