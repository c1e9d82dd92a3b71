/* clock.h - the two clocks. Deadlines and intervals use the monotonic one; only what leaves the process as a
 * date uses the wall clock. */
#ifndef WR_CLOCK_H
#define WR_CLOCK_H
#include <stddef.h>
#include <stdint.h>

uint64_t wr_mono_ms(void);
uint64_t wr_mono_us(void);
int64_t wr_wall_ms(void); /* since 1970-01-01T00:00Z */
/* Writes RFC 3339 UTC with milliseconds ("2026-01-02T03:04:05.678Z"), always 24 characters and NUL. */
void wr_wall_text(int64_t wall_ms, char out[25]);

#endif
