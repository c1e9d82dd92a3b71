select distinct place from orders where run = $1 and lane = $2
