/* watch_line.h - looks at the line in Redis while the crowd runs: until when did neither cap nor stock hold
 * the drip back? Nothing but that moment is asked of it. */
#ifndef BENCH_WATCH_LINE_H
#define BENCH_WATCH_LINE_H
#include "crowd.h"

struct line_watch;
struct line_watch *line_watch_open(const struct stage *stage);
void line_watch_turn(struct line_watch *w, int ms); /* looks once, and takes so long */
/* The line's clock at the last look before the first that found the drip held back; INT64_MAX: none did. */
int64_t line_watch_open_until(const struct line_watch *w);
void line_watch_close(struct line_watch *w);

#endif
