/* in_flight.h - how many requests are under way, in all and per shopper. Pure. Shoppers share the counters of
 * a table of fixed size, so the bound of one shopper is generous: it stops a script, not a family. */
#ifndef CHECKOUT_IN_FLIGHT_H
#define CHECKOUT_IN_FLIGHT_H
#include "err.h"
#include <stddef.h>
#include <stdint.h>

#define IN_FLIGHT_PER_SHOPPER 16
#define IN_FLIGHT_COUNTERS 16384

struct in_flight { /* zeroed at the start but for `max` */
    size_t max, count;
    uint8_t of_shopper[IN_FLIGHT_COUNTERS];
};
/* WR_ERR_BUSY: too many in all; WR_ERR_TOO_MANY: of this shopper. Otherwise counted, until in_flight_leave().
 */
enum wr_err in_flight_enter(struct in_flight *f, const char *shopper) WR_MUST_CHECK;
void in_flight_leave(struct in_flight *f, const char *shopper);

#endif
