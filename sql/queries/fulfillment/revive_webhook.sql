-- One that was given up is due again, as if it had just come.
update webhook_events set processed_at = null, outcome = null, attempts = 0, next_attempt_at = now(), received_at = now()
where provider_event_id = $1 and outcome = 'given-up'
