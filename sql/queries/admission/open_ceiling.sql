update ceilings set gen = $2, ceiling = $4 where run = $1 and lane = 0 and gen < $2 and ceiling = $3 returning ceiling
