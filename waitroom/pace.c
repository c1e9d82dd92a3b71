#include "pace.h"
#include <math.h>

enum { LEAST_S = 1, MOST_S = 15 };

double pace_position_s(double wait_s, int64_t ahead)
{
    return fmin(MOST_S, fmax(LEAST_S, fmax(wait_s / 20, (double)ahead / 1000)));
}

uint64_t pace_everybody_ms(size_t sockets)
{
    return sockets < (MOST_S - LEAST_S) * 1000 ? LEAST_S * 1000 + sockets : MOST_S * 1000;
}
