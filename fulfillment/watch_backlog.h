/* watch_backlog.h - once a second: the settings that may change while it runs, and how much waits where. */
#ifndef FULFILLMENT_WATCH_BACKLOG_H
#define FULFILLMENT_WATCH_BACKLOG_H
#include <stdint.h>

struct fulfillment;
struct watch_backlog;
struct watch_backlog *watch_backlog_open(struct fulfillment *f);
/* Events a second; 0 until the database has said it once. */
int64_t watch_backlog_rate(const struct watch_backlog *w);

#endif
