// A daemon whose wall clock is wrong from its start on: the environment for startDaemon().
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { temporaryFolder } from './servers.mjs';

const source = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec *t)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, t);
    if (clock == CLOCK_REALTIME)
        t->tv_sec += atol(getenv("CLOCK_AHEAD_S"));
    return result;
}`;

// `ahead_s` below 0: behind.
export function wrongClock(ahead_s) {
    const library = join(temporaryFolder('clock'), 'clock.so');
    execFileSync('cc', ['-shared', '-fPIC', '-o', library, '-x', 'c', '-'], { input: source });
    return { LD_PRELOAD: library, CLOCK_AHEAD_S: String(ahead_s), ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0` };
}
