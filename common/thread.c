#include "thread.h"
#include <stdlib.h>

void wr_signals_block(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

void wr_signals_restore(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

pthread_t wr_thread_start(void *(*run)(void *ctx), void *ctx)
{
    pthread_t thread;
    sigset_t before;
    wr_signals_block(&before);
    if (pthread_create(&thread, NULL, run, ctx))
        abort();
    wr_signals_restore(&before);
    return thread;
}
