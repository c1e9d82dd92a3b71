/* watch_backlog.h - once a second: the settings that may change while it runs, and how much waits where. */
#ifndef WATCH_BACKLOG_H
#define WATCH_BACKLOG_H
#include <stdbool.h>
#include <stdint.h>

struct fulfillment;
struct watch_backlog;
struct watch_backlog *watch_backlog_open(struct fulfillment *f);
int64_t watch_backlog_rate(
    const struct watch_backlog *w); /* events a second; 0 until the database has said it once */
void watch_backlog_stop(struct watch_backlog *w);
bool watch_backlog_idle(const struct watch_backlog *w);
void watch_backlog_close(struct watch_backlog *w); /* takes NULL */

#endif
