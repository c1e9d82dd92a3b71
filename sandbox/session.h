/* session.h - a checkout session of the sandbox provider: its state and what may be done with it. Pure. */
#ifndef SANDBOX_SESSION_H
#define SANDBOX_SESSION_H
#include "err.h"
#include <stdbool.h>
#include <stdint.h>

enum session_status { SESSION_OPEN, SESSION_COMPLETE, SESSION_EXPIRED };
enum session_payment { PAYMENT_UNPAID, PAYMENT_PAID, PAYMENT_REFUNDED };

struct session {
    char id[64]; /* "cs_test_<32 hex>" */
    char reference[121], currency[4], description[201], sale[81], success_url[1001], refund_key[121];
    int64_t amount;                       /* in the currency's minor unit */
    int64_t expires_s, created_s, left_s; /* wall clock of the database; left_s: until it expires */
    int declined;
    bool past; /* expires_s has come, whether or not `status` says so already */
    enum session_status status;
    enum session_payment payment;
};

enum session_act {
    SESSION_PAY,
    SESSION_DECLINE,
    SESSION_EXPIRE, /* the shop's wish */
    SESSION_LAPSE,  /* its time has come */
    SESSION_REFUND, /* `refund_key` of the session is compared and kept */
};
enum session_verdict { SESSION_CHANGED, SESSION_ALREADY, SESSION_REFUSED };

/* Changes the session, or finds that this was done before, or that its state does not allow it. `key`: of a
 * refund. */
enum session_verdict session_apply(struct session *s, enum session_act act, const char *key);
const char *session_event(enum session_act act); /* the event its change is told as; NULL: none */
bool session_payable(const struct session *s);

const char *session_status_name(enum session_status status); /* as Stripe and the table call it */
const char *session_payment_name(enum session_payment payment);
bool session_status_parse(const char *text, enum session_status *out) WR_MUST_CHECK;
bool session_payment_parse(const char *text, enum session_payment *out) WR_MUST_CHECK;

#endif
