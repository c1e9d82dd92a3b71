/* watch_line.h - looks at the line in Redis while the crowd runs: until when did neither cap nor stock hold the drip
 * back, how fast were numbers and tokens given, and was more granted between two looks than may be? */
#ifndef BENCH_WATCH_LINE_H
#define BENCH_WATCH_LINE_H
#include "climb.h"
#include "crowd.h"
#include "drip_check.h"

struct line_watch;
struct line_watch *line_watch_open(const struct stage *stage, const struct drip *drip);
void line_watch_turn(struct line_watch *w, int ms); /* looks once, and takes so long */
/* The line's clock at the last look before the first that found the drip held back; INT64_MAX: none did. */
int64_t line_watch_open_until(const struct line_watch *w);
struct drip_line line_watch_drip(const struct line_watch *w);
struct climb line_watch_joins(const struct line_watch *w);
struct drip_looked line_watch_grants(const struct line_watch *w); /* while nothing held the drip back */
void line_watch_close(struct line_watch *w);

#endif
