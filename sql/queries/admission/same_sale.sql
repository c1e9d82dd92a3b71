select detail = $2::jsonb as same from audit where action = 'sale.create' and sale = $1
