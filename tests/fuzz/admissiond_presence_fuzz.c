/* Any bytes as a worker's record of presence out of Redis: what is taken can be added up and rendered, and a table counts what was
 * added. The same bytes are tried as a table, too. */
#include "presence_table.h"
#include "presence_format.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct presence_sum sum = {0};
    struct wr_buf table = {0};
    int64_t added = 0;
    (void)presence_total(data, size);
    bool taken = presence_add(&sum, data, size, 1000);
    if (!taken && sum.count)
        abort();
    for (size_t i = 0; i < sum.count; i++)
        added += sum.blocks[i].count;
    presence_render(&sum, &table);
    if (table.len < wr_presence_size(0) || table.len > wr_presence_size(WR_PRESENCE_BLOCKS_MAX))
        abort();
    if (added <= UINT32_MAX && presence_total(table.at, table.len) != added)
        abort();
    wr_buf_free(&table);
    presence_free(&sum);
    return 0;
}
