/* create_session.h - POST /sandbox/v1/checkout/sessions. The same Idempotency-Key finds the same session. */
#ifndef SANDBOX_CREATE_SESSION_H
#define SANDBOX_CREATE_SESSION_H
#include "http.h"

wr_handler create_session;

#endif
