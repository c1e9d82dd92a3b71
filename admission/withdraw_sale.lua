-- Takes a sale that is over out of the line's Redis. For a while the word stays that this was done: whoever finds a
-- line neither there nor withdrawn has a Redis before it that lost the line, and lets nobody go. It names no generation:
-- that PostgreSQL knows the sale to be over holds for each.
-- LINE KEYS: line sale table ready owners workers points inside admissions fallen vouched fronts blocked presence spent
-- ARGV: keep_s
-- RETURNS: 1
redis.call('UNLINK', k_line, k_sale, k_table, k_ready, k_owners, k_workers, k_points, k_inside, k_admissions, k_fallen,
    k_vouched, k_fronts, k_blocked, k_presence, k_spent)
redis.call('HSET', k_line, 'withdrawn', '1')
redis.call('EXPIRE', k_line, a_keep_s)
return 1
