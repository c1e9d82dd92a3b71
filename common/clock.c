#include "clock.h"
#include <string.h>
#include <time.h>

uint64_t wr_mono_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t wr_mono_ms(void)
{
    return wr_mono_us() / 1000;
}

int64_t wr_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void wr_wall_text(int64_t wall_ms, char out[25])
{
    static const int64_t last_ms = 253402300799999; /* the end of year 9999: the text stays 24 characters */
    if (wall_ms < 0)
        wall_ms = 0;
    if (wall_ms > last_ms)
        wall_ms = last_ms;
    time_t seconds = (time_t)(wall_ms / 1000);
    int ms = (int)(wall_ms % 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    strftime(out, 25, "%Y-%m-%dT%H:%M:%S.000Z", &parts);
    out[20] = (char)('0' + ms / 100);
    out[21] = (char)('0' + ms / 10 % 10);
    out[22] = (char)('0' + ms % 10);
}
