/* ticket.h - a shopper's place, signed (HMAC-SHA256), kept by the browser. Pure: no clock, no I/O.
 *
 * Text: "wt1.<kid>.<run>.<lane>.<place>.<shopper>.<moves>.<issued_s>.<low_s>.<high_s>.<mac base64url>"; the
 * MAC covers everything before its dot. It counts only with the secret its shopper id derives from. The sale
 * is not in it: the run is unique over all sales. */
#ifndef WR_TICKET_H
#define WR_TICKET_H
#include "crypto.h"
#include "err.h"
#include "id.h"

#define WR_TICKET_MAX 240

struct wr_ticket {
    int64_t run;
    int lane;
    uint64_t place;
    char shopper[WR_SHOPPER_LEN + 1];
    int moves;
    int64_t issued_s;                /* wall clock */
    int64_t told_low_s, told_high_s; /* the estimate told at joining; 0: none */
};

struct wr_ticket_key; /* current key and those still accepted */
/* The file: lines "<kid> <64 hex digits>"; the first signs, all verify. Out of shape: WR_ERR_INVALID, logged.
 */
enum wr_err wr_ticket_key_load(struct wr_ticket_key **out, const char *path) WR_MUST_CHECK;
void wr_ticket_key_free(struct wr_ticket_key *key);
void wr_ticket_sign(struct wr_ticket_key *key, const struct wr_ticket *t, char out[WR_TICKET_MAX]);
enum wr_err wr_ticket_verify(struct wr_ticket_key *key, const char *text, size_t len,
                             struct wr_ticket *out) WR_MUST_CHECK;

#endif
