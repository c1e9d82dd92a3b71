-- The provider has ended the session: its hold ends now, and is none that could be given anew (renew_holds).
update orders set hold_expires_at = now(), hold_s = 0 where public_id = $1::uuid and status = 'pending_payment'
