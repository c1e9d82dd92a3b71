-- The provider has ended the session: its hold ends now.
update orders set hold_expires_at = now() where public_id = $1::uuid and status = 'pending_payment'
