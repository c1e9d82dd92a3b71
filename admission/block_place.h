/* block_place.h - what block_place.lua and unblock_place.lua take. */
#ifndef ADMISSION_BLOCK_PLACE_H
#define ADMISSION_BLOCK_PLACE_H
#include "redis.h"

/* All after the keys; `reason` NULL: of unblock_place.lua. */
void block_arguments(struct wr_args *args, int64_t gen, int64_t place, const char *reason);

#endif
