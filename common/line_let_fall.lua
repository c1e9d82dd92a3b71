-- Was this token let fall? A jti ends in how many tokens its place had let fall before it (docs/KEYSPACE.md), so the count
-- says it of every token of the place. Asked where a token of an earlier generation needs no row: its row may have gone
-- because it fell.
local function let_fall(fallen, place, jti)
    return tonumber(jti:match('%d+$') or 0) < tonumber(redis.call('HGET', fallen, place) or 0)
end
