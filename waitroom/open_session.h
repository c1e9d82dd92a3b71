/* open_session.h - who a browser is: the secret in its cookie, or in a header where it keeps none. */
#ifndef WR_OPEN_SESSION_H
#define WR_OPEN_SESSION_H
#include "http.h"
#include "id.h"

/* The shopper id of the request's secret (cookie first, then the header); false when it brings none. */
bool session_shopper(struct wr_http *http, const struct wr_request *req, char out[WR_SHOPPER_LEN + 1]);

#endif
