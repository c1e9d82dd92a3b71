/* change_settings.h - arguments of change_settings.lua, for those who change settings: the merchant and
 * reconciliation. */
#ifndef ADMISSION_CHANGE_SETTINGS_H
#define ADMISSION_CHANGE_SETTINGS_H
#include "line.h"
#include "redis.h"
#include <stdint.h>

/* `version` 0: a new change. */
void settings_arguments(struct wr_args *args, int64_t gen, int64_t version);
void settings_add_all(struct wr_args *args, const struct settings *settings);

#endif
