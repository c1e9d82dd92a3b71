/* kafka_positions.h - how far each partition was done, and whether one begins before that. Pure. */
#ifndef WR_KAFKA_POSITIONS_H
#define WR_KAFKA_POSITIONS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wr_kafka_positions { /* start with {0} */
    int64_t *next;          /* by partition: behind what was done last */
    size_t count;
};
void wr_kafka_positions_done(struct wr_kafka_positions *p, int32_t partition, int64_t offset);
/* True: what comes at `offset` was done before. Said once for all that comes again. */
bool wr_kafka_positions_went_back(struct wr_kafka_positions *p, int32_t partition, int64_t offset);
void wr_kafka_positions_free(struct wr_kafka_positions *p);

#endif
