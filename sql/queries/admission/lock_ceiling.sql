select gen, ceiling from ceilings where run = $1 and lane = 0 for update
