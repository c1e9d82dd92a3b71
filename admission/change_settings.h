/* change_settings.h - arguments of change_settings.lua, for those who change settings: the merchant and
 * reconciliation. */
#ifndef ADMISSION_CHANGE_SETTINGS_H
#define ADMISSION_CHANGE_SETTINGS_H
#include "line.h"
#include "redis.h"
#include <stdint.h>

void settings_arguments(struct wr_args *args, const char *sale, int64_t gen,
                        int64_t version); /* 0: a new change */
void settings_add(struct wr_args *args, const char *field, const char *value);
void settings_add_int(struct wr_args *args, const char *field, int64_t value);
void settings_add_all(struct wr_args *args, const struct settings *settings);

#endif
