/* thread.h - threads beside the loop: the signals are the loop's, so none of them takes one. */
#ifndef WR_THREAD_H
#define WR_THREAD_H
#include <pthread.h>
#include <signal.h>

/* Aborts when there can be no more threads. */
pthread_t wr_thread_start(void *(*run)(void *ctx), void *ctx);
/* Around a call of a library that starts threads of its own. */
void wr_signals_block(sigset_t *before);
void wr_signals_restore(const sigset_t *before);

#endif
