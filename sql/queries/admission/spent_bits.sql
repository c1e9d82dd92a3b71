select encode(bits, 'hex') as bits from spent_places where run = $1 and lane = $2
