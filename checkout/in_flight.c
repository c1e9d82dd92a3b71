#include "in_flight.h"
#include "hash.h"

static uint8_t *counter(struct in_flight *f, const char *shopper)
{
    return &f->of_shopper[hash_text(HASH_START, shopper) % IN_FLIGHT_COUNTERS];
}

enum wr_err in_flight_enter(struct in_flight *f, const char *shopper)
{
    if (f->count >= f->max)
        return WR_ERR_BUSY;
    uint8_t *mine = counter(f, shopper);
    if (*mine >= IN_FLIGHT_PER_SHOPPER)
        return WR_ERR_TOO_MANY;
    ++*mine;
    f->count++;
    return WR_OK;
}

void in_flight_leave(struct in_flight *f, const char *shopper)
{
    --*counter(f, shopper);
    f->count--;
}
