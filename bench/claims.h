/* claims.h - what a shopper may read in its own admission token (a JWT); nothing is verified here. Pure. */
#ifndef BENCH_CLAIMS_H
#define BENCH_CLAIMS_H
#include <stdbool.h>
#include <stdint.h>

struct claims {
    int64_t granted_ms;
    char jti[80];
};
bool claims_read(struct claims *out, const char *token);

#endif
