/* err.h - every way an operation can end, with what a caller over HTTP or WebSocket is told about it.
 *
 * One table: name, HTTP status, Retry-After in seconds (0: waiting does not help), problem type (RFC 9457 `type` is
 * "/problems/<slug>"), title, what to do next.
 * An error says whether the effect may have happened: WR_ERR_BACKEND was refused (nothing happened),
 * WR_ERR_NO_ANSWER may have happened: undo nothing, find out first. */
#ifndef WR_ERR_H
#define WR_ERR_H

#define WR_MUST_CHECK __attribute__((warn_unused_result))

#define WR_ERRORS(X)                                                                                         \
    X(OK, 200, 0, "ok", "Done", "Nothing to do.")                                                            \
    X(MALFORMED, 400, 0, "malformed", "The request is malformed", "Correct the request and send it again.")  \
    X(KEY_MISSING, 400, 0, "idempotency-key-missing", "The Idempotency-Key header is missing or unusable",   \
      "Send an Idempotency-Key of 8 to 64 printable characters and keep it for every retry.")                \
    X(UNAUTHENTICATED, 401, 0, "unauthenticated", "This needs a credential",                                 \
      "Open a session first, or send the credential that the documentation names.")                          \
    X(TICKET_INVALID, 401, 0, "ticket-invalid", "This ticket is not valid", "Join the line again without it.") \
    X(TOKEN_INVALID, 401, 0, "token-invalid", "This admission token is not valid", "Go back to the line.")   \
    X(TOKEN_EXPIRED, 401, 0, "token-expired", "This admission token has expired", "Go back to the line.")    \
    X(ORIGIN, 403, 0, "origin-not-allowed", "This origin is not allowed",                                    \
      "Open the page from the shop itself.")                                                                 \
    X(TOKEN_FOREIGN, 403, 0, "token-foreign", "This token belongs to another sale, run or browser",          \
      "Go back to the line in the browser that was admitted.")                                               \
    X(NOT_ADMITTED, 403, 0, "not-admitted", "This admission is over", "Go back to the line.")                \
    X(BLOCKED, 403, 0, "blocked", "This place was blocked by the merchant", "Ask the shop's support.")       \
    X(NOT_FOUND, 404, 0, "not-found", "There is nothing here", "Check the address.")                         \
    X(UNKNOWN_SALE, 404, 0, "unknown-sale", "There is no such sale", "Check the address of the sale.")       \
    X(METHOD, 405, 0, "method-not-allowed", "This method is not allowed here", "Use a method named in Allow.") \
    X(TIMEOUT, 408, 0, "timeout", "The request did not arrive in time", "Send it again, without pauses.")    \
    X(KEY_REUSED, 409, 0, "idempotency-key-reused", "This idempotency key was used with another request",    \
      "Use a new key for a new request.")                                                                    \
    X(TOKEN_USED, 409, 0, "token-used", "This token has already reserved",                                   \
      "Read the order's status; a token reserves once.")                                                     \
    X(CONFLICT, 409, 0, "conflict", "The state of this resource does not allow that",                        \
      "Read its state and decide again.")                                                                    \
    X(SPENT, 409, 0, "ticket-spent", "This place has had its turn", "Join the line again for a new place.")  \
    X(PASSED, 410, 0, "place-passed", "This place was passed too long ago", "Join the line again at its end.") \
    X(SOLD_OUT, 410, 0, "sold-out", "Sold out", "Wait on the page: units that come back are offered again.") \
    X(ENDED, 410, 0, "sale-ended", "This sale has ended", "Nothing more can be bought here.")                \
    X(TOO_LARGE, 413, 0, "too-large", "The request is too large", "Send less.")                              \
    X(MEDIA_TYPE, 415, 0, "media-type", "This media type is not understood", "Send application/json.")       \
    X(INVALID, 422, 0, "invalid", "A value is not acceptable", "Correct the named value and send it again.") \
    X(UNKNOWN_SKU, 422, 0, "unknown-sku", "This sale has no such article", "Choose one the sale lists.")     \
    X(OVER_LIMIT, 422, 0, "over-limit", "This is more than one shopper may buy", "Order fewer.")             \
    X(UPGRADE, 426, 0, "upgrade-required", "A WebSocket cannot be opened like this",                         \
      "Connect with version 13 and subprotocol waitroom.v1.")                                                \
    X(TOO_MANY, 429, 1, "too-many-requests", "Too many requests",                                            \
      "Wait as long as Retry-After says, or ten seconds; then ask less often.")                              \
    X(HEADERS, 431, 0, "headers-too-large", "The request's headers are too large", "Send fewer cookies.")    \
    X(INTERNAL, 500, 0, "internal", "Something went wrong here", "Try again; the operator has been told.")   \
    X(BACKEND, 503, 1, "backend-refused", "A part we need refused; nothing has happened", "Try again shortly.") \
    X(NO_ANSWER, 503, 1, "outcome-unknown", "We do not know yet whether this happened",                      \
      "Try again with the same idempotency key to find out.")                                                \
    X(CLOSED, 503, 1, "line-closed", "The line is closed for a moment; places are safe",                     \
      "Try again shortly; on an open socket it goes on by itself.")                                          \
    X(NOT_OPEN, 503, 1, "not-open", "This sale has not opened yet", "Come back at its start.")               \
    X(NOT_ADMITTING, 503, 10, "not-admitting", "Nobody new is let into the line at the moment",              \
      "Join again when the sale's mode is no longer reject.")                                                \
    X(BUSY, 503, 1, "busy", "Too much is in flight", "Try again shortly.")                                   \
    X(DRAINING, 503, 1, "draining", "This process is shutting down", "Connect again; another one answers.")

enum wr_err {
#define X(name, status, retry_s, slug, title, next) WR_ERR_##name,
    WR_ERRORS(X)
#undef X
        WR_ERR_COUNT
};
#define WR_OK WR_ERR_OK

int wr_err_status(enum wr_err err);  /* HTTP status */
int wr_err_retry_s(enum wr_err err); /* after how many seconds to ask again; 0: waiting does not help */
/* The last part of the problem type; also `code` of a WebSocket error. */
const char *wr_err_slug(enum wr_err err);
const char *wr_err_title(enum wr_err err); /* one sentence for people */
const char *wr_err_next(enum wr_err err);  /* what to do next */

#endif
