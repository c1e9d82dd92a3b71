update settings set value = $1 where name = 'orders_per_second'
