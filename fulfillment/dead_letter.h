/* dead_letter.h - keeping what could not be understood. For work on a pool thread. */
#ifndef FULFILLMENT_DEAD_LETTER_H
#define FULFILLMENT_DEAD_LETTER_H
#include "err.h"
#include "mem.h"
#include "pg.h"
#include <stdint.h>

/* Letters from Kafka are told apart by partition, offset and payload: kept once. */
struct dead_letters {                                            /* start with {0} */
    struct wr_buf partitions, positions, keys, payloads, errors; /* array literals */
    int count;
};
void dead_letters_add(struct dead_letters *d, int32_t partition, int64_t position, const char *key,
                      size_t key_len, const void *payload, size_t len, const char *error);
enum wr_err dead_letters_keep(struct wr_pg_conn *c, struct dead_letters *d, const char *source) WR_MUST_CHECK;
void dead_letters_free(struct dead_letters *d);

/* One that came without partition or offset. */
enum wr_err dead_letter_keep(struct wr_pg_conn *c, const char *source, const void *payload, size_t len,
                             const char *error) WR_MUST_CHECK;

#endif
