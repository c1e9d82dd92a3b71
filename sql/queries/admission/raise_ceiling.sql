update ceilings set ceiling = greatest(ceiling, $3) where run = $1 and lane = 0 and gen = $2 returning ceiling
