#include "kafka_positions.h"
#include "mem.h"
#include <stdlib.h>
#include <string.h>

static int64_t *next_of(struct wr_kafka_positions *p, int32_t partition)
{
    size_t count = (size_t)partition + 1;
    if (count > p->count) {
        p->next = wr_realloc(p->next, count * sizeof *p->next);
        memset(p->next + p->count, 0, (count - p->count) * sizeof *p->next);
        p->count = count;
    }
    return &p->next[partition];
}

void wr_kafka_positions_done(struct wr_kafka_positions *p, int32_t partition, int64_t offset)
{
    *next_of(p, partition) = offset + 1;
}

bool wr_kafka_positions_went_back(struct wr_kafka_positions *p, int32_t partition, int64_t offset)
{
    int64_t *next = next_of(p, partition);
    if (offset >= *next)
        return false;
    *next = offset;
    return true;
}

void wr_kafka_positions_free(struct wr_kafka_positions *p)
{
    free(p->next);
    *p = (struct wr_kafka_positions){0};
}
