/* pg_pool.c - threads with a blocking connection each, and the jobs between them and the loop.
 *
 *   loop: wr_pg_submit() --waiting--> thread: work(conn, op) --finished--> wake --> loop: done(op, err)
 *
 * The lock guards the two lists and the counters; a connection belongs to its thread alone. A thread without a
 * connection takes jobs only while no thread has one: then they fail at once instead of waiting for the database. */
#include "backoff.h"
#include "clock.h"
#include "crypto.h"
#include "log.h"
#include "mem.h"
#include "pg.h"
#include "pg_conn.h"
#include "thread.h"
#include <stdlib.h>
#include <time.h>

enum {
    BACKOFF_LEAST_MS = 100,
    BACKOFF_MOST_MS = 2000,
    WAIT_MAX_MS = 5000,   /* a job that waited longer is not begun: whoever asked may have left */
    IDLE_CHECK_MS = 1000, /* how soon an idle thread notices that its connection is gone */
};

struct job {
    struct job *next;
    wr_pg_work *work;
    wr_pg_done *done;
    void *op;
    uint64_t submitted_ms;
    enum wr_err err;
};
struct list {
    struct job *first, **end;
};

struct wr_pg {
    char *url;
    struct wr_wake *wake;
    pthread_t *threads;
    int thread_count;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* waiting, connected, untried or closing changed */
    struct list waiting, finished;
    size_t waiting_count, queue_max;
    int connected; /* threads that have a connection; written under the lock, read anywhere */
    int untried;   /* threads whose first attempt has not ended */
    bool closing;  /* written under the lock, read anywhere */
};

struct worker { /* what a thread knows of its connection */
    struct wr_pg *pg;
    struct wr_pg_conn *conn;
    bool connected; /* counted in pg->connected */
    bool tried;
    int64_t failures;      /* of connecting, since it last did */
    uint64_t next_attempt; /* wr_mono_ms() */
};

static void list_init(struct list *l)
{
    l->first = NULL;
    l->end = &l->first;
}

static void list_push(struct list *l, struct job *job)
{
    job->next = NULL;
    *l->end = job;
    l->end = &job->next;
}

static struct job *list_pop(struct list *l)
{
    struct job *job = l->first;
    if (job && !(l->first = job->next))
        l->end = &l->first;
    return job;
}

/* ---- a thread; its functions hold the lock, and give it up while they talk to the database ---- */

static void wait_for_change(struct wr_pg *pg, uint64_t until_ms)
{
    struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                             .tv_nsec = (long)(until_ms % 1000) * 1000000};
    pthread_cond_timedwait(&pg->changed, &pg->lock, &until);
}

static void set_connected(struct worker *w, bool connected)
{
    struct wr_pg *pg = w->pg;
    if (connected == w->connected)
        return;
    w->connected = connected;
    int now = __atomic_add_fetch(&pg->connected, connected ? 1 : -1, __ATOMIC_RELAXED);
    if (connected && now == 1)
        wr_info("PostgreSQL is there", "threads=%d", pg->thread_count);
    if (!connected && !now)
        wr_warn("PostgreSQL is gone", "why=\"%s\"", wr_pg_error(w->conn));
    if (!connected)
        w->next_attempt = wr_mono_ms();
    pthread_cond_broadcast(&pg->changed);
}

static void try_to_connect(struct worker *w)
{
    struct wr_pg *pg = w->pg;
    bool first = !w->tried;
    uint32_t random;
    pthread_mutex_unlock(&pg->lock);
    bool ok = wr_pg_conn_open(w->conn, pg->url);
    pthread_mutex_lock(&pg->lock);
    wr_random(&random, sizeof random);
    w->tried = true;
    w->failures = ok ? 0 : w->failures + 1;
    w->next_attempt = wr_mono_ms() + wr_backoff_ms(w->failures, BACKOFF_LEAST_MS, BACKOFF_MOST_MS, random);
    if (first) {
        pg->untried--;
        pthread_cond_broadcast(&pg->changed);
        if (!ok && !pg->untried && !pg->connected)
            wr_warn("PostgreSQL is not there", "why=\"%s\"", wr_pg_error(w->conn));
    }
    set_connected(w, ok);
}

static void run_job(struct worker *w)
{
    struct wr_pg *pg = w->pg;
    struct job *job = list_pop(&pg->waiting);
    pg->waiting_count--;
    pthread_mutex_unlock(&pg->lock);
    bool late = wr_mono_ms() - job->submitted_ms > WAIT_MAX_MS;
    job->err = WR_ERR_BACKEND;
    if (late)
        wr_warn("work waited too long for PostgreSQL", "limit_ms=%d", WAIT_MAX_MS);
    if (w->connected && !late) {
        job->err = job->work(w->conn, job->op);
        wr_pg_rollback(w->conn); /* of work that ended without its commit */
    }
    pthread_mutex_lock(&pg->lock);
    list_push(&pg->finished, job);
    wr_wake_send(pg->wake);
}

static bool may_take_job(const struct worker *w)
{
    return w->pg->waiting.first && (w->connected || (!w->pg->connected && !w->pg->untried));
}

static void *run_thread(void *arg)
{
    struct wr_pg *pg = arg;
    struct worker w = {.pg = pg, .conn = wr_pg_conn_new(&pg->closing)};
    pthread_mutex_lock(&pg->lock);
    while (!pg->closing) {
        uint64_t now = wr_mono_ms();
        if (w.connected && !wr_pg_conn_alive(w.conn))
            set_connected(&w, false);
        else if (!w.connected && now >= w.next_attempt)
            try_to_connect(&w);
        else if (may_take_job(&w))
            run_job(&w);
        else
            wait_for_change(pg, w.connected ? now + IDLE_CHECK_MS : w.next_attempt);
    }
    pthread_mutex_unlock(&pg->lock);
    wr_pg_conn_free(w.conn);
    return NULL;
}

/* ---- the loop's side ---- */

static void deliver(void *ctx)
{
    struct wr_pg *pg = ctx;
    pthread_mutex_lock(&pg->lock);
    struct job *next = pg->finished.first;
    list_init(&pg->finished);
    pthread_mutex_unlock(&pg->lock);
    while (next) {
        struct job *job = next;
        next = job->next;
        job->done(job->op, job->err);
        free(job);
    }
}

static void init_lock(struct wr_pg *pg)
{
    pthread_condattr_t attr;
    pthread_mutex_init(&pg->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC); /* as wr_mono_ms() */
    pthread_cond_init(&pg->changed, &attr);
    pthread_condattr_destroy(&attr);
}

static void start_threads(struct wr_pg *pg, int threads)
{
    pg->threads = wr_alloc((size_t)threads * sizeof *pg->threads);
    pg->thread_count = pg->untried = threads;
    for (int i = 0; i < threads; i++)
        pg->threads[i] = wr_thread_start(run_thread, pg);
}

enum wr_err wr_pg_open(struct wr_pg **out, struct wr_loop *loop, const char *url, int threads,
                       size_t queue_max)
{
    *out = NULL;
    if (!wr_pg_url_valid(url))
        return WR_ERR_INVALID;
    struct wr_pg *pg = wr_alloc(sizeof *pg);
    pg->url = wr_strdup(url);
    pg->queue_max = queue_max;
    list_init(&pg->waiting);
    list_init(&pg->finished);
    init_lock(pg);
    pg->wake = wr_wake_new(loop, deliver, pg);
    start_threads(pg, threads);
    *out = pg;
    return WR_OK;
}

void wr_pg_stop(struct wr_pg *pg)
{
    if (!pg || pg->closing)
        return;
    pthread_mutex_lock(&pg->lock);
    __atomic_store_n(&pg->closing, true, __ATOMIC_RELAXED);
    pthread_cond_broadcast(&pg->changed);
    pthread_mutex_unlock(&pg->lock);
    for (int i = 0; i < pg->thread_count; i++)
        pthread_join(pg->threads[i], NULL);
    struct job *job;
    while ((job = list_pop(&pg->waiting))) {
        job->err = WR_ERR_BACKEND;
        list_push(&pg->finished, job);
    }
    deliver(pg);
}

void wr_pg_close(struct wr_pg *pg)
{
    if (!pg)
        return;
    wr_pg_stop(pg);
    wr_wake_free(pg->wake);
    pthread_cond_destroy(&pg->changed);
    pthread_mutex_destroy(&pg->lock);
    free(pg->threads);
    free(pg->url);
    free(pg);
}

enum wr_err wr_pg_submit(struct wr_pg *pg, wr_pg_work *work, wr_pg_done *done, void *op)
{
    pthread_mutex_lock(&pg->lock);
    bool taken = !pg->closing && pg->waiting_count < pg->queue_max;
    if (taken) {
        struct job *job = wr_alloc(sizeof *job);
        *job = (struct job){.work = work, .done = done, .op = op, .submitted_ms = wr_mono_ms()};
        list_push(&pg->waiting, job);
        pg->waiting_count++;
        pthread_cond_broadcast(&pg->changed);
    }
    pthread_mutex_unlock(&pg->lock);
    return taken ? WR_OK : WR_ERR_BUSY;
}

bool wr_pg_connected(const struct wr_pg *pg)
{
    return __atomic_load_n(&pg->connected, __ATOMIC_RELAXED) > 0;
}
