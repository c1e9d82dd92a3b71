/* kafka_stats.h - what of librdkafka's statistics is of use here. Pure. */
#ifndef WR_KAFKA_STATS_H
#define WR_KAFKA_STATS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wr_kafka_stats {
    bool connected; /* to some broker */
    int64_t lag; /* messages not yet done, over the partitions that are read; -1: unknown, or none is read */
};
/* `topic`: whose lag; NULL: nobody's. A text that cannot be read: not connected, unknown. */
struct wr_kafka_stats wr_kafka_stats(const char *text, size_t len, const char *topic);

#endif
