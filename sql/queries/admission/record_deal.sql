update runs set dealt = deal where id = (select run from sales where id = $1) and deal = $2
