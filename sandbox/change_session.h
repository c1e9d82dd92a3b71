/* change_session.h - what the shop (API) and the shopper (page) do with a session. */
#ifndef SANDBOX_CHANGE_SESSION_H
#define SANDBOX_CHANGE_SESSION_H
#include "http.h"

wr_handler expire_by_api, refund_by_api, pay_by_page, decline_by_page;

#endif
