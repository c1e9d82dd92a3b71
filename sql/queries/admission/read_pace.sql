select value from settings where name = 'orders_per_second'
