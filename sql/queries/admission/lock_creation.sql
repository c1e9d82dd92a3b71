select pg_advisory_xact_lock(hashtext('waitroom.create_sale'))
