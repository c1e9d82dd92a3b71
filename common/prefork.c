#include "prefork.h"
#include "clock.h"
#include "log.h"
#include "mem.h"
#include "metrics.h"
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_DELAY_MS 100
#define LAST_DELAY_MS 2000
#define YOUNG_MS 10000
#define PAST_DRAIN_MS 10000 /* closing after the drain limit: Kafka alone may take 5 s */

struct worker {
    pid_t pid; /* 0: not running */
    uint64_t born_ms, due_ms, delay_ms;
};

struct watcher {
    struct worker *workers;
    int count;
    int64_t drain_ms;
    bool ending, killed;
    uint64_t kill_ms;
    int status;
};

static atomic_bool *started; /* shared by all: some worker has served */

void wr_prefork_started(void)
{
    if (started)
        atomic_store(started, true);
}

/* ---- one worker ---- */

/* True in the worker. */
static bool start(struct watcher *w, int index, const sigset_t *mask)
{
    struct worker *worker = &w->workers[index];
    pid_t parent = getpid();
    worker->born_ms = wr_mono_ms();
    pid_t pid = fork();
    if (pid < 0) {
        wr_error("worker cannot be started", "worker=%d what=\"%m\"", index);
        worker->due_ms = worker->born_ms + LAST_DELAY_MS;
        return false;
    }
    if (pid > 0) {
        worker->pid = pid;
        return false;
    }
    /* Nobody would stop the workers of a killed watcher, and they would go on sharing the port. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(0);
    sigprocmask(SIG_SETMASK, mask, NULL);
    return true;
}

static void note_end(struct watcher *w, int how)
{
    bool asked = WIFSIGNALED(how) && WTERMSIG(how) == SIGTERM; /* before it could listen for it */
    if (how != 0 && !asked && !w->status)
        w->status = 1;
}

/* What does not start will not start the next time: an option is wrong, or a port is taken. */
static void give_up(struct watcher *w, int index, int status)
{
    wr_error("a worker gave up before any had started", "worker=%d status=%d", index, status);
    w->status = status;
    raise(SIGTERM); /* pending: the next turn ends the others */
}

static void start_later(struct worker *worker, int index, int how)
{
    uint64_t now = wr_mono_ms();
    bool young = now - worker->born_ms < YOUNG_MS;
    worker->delay_ms = young && worker->delay_ms ? worker->delay_ms * 2 : FIRST_DELAY_MS;
    if (worker->delay_ms > LAST_DELAY_MS)
        worker->delay_ms = LAST_DELAY_MS;
    worker->due_ms = now + worker->delay_ms;
    wr_metrics_restart();
    wr_warn("worker died", "worker=%d signal=%d status=%d again_in_ms=%d", index,
            WIFSIGNALED(how) ? WTERMSIG(how) : 0, WIFEXITED(how) ? WEXITSTATUS(how) : 0,
            (int)worker->delay_ms);
}

static void on_death(struct watcher *w, int index, int how)
{
    w->workers[index].pid = 0;
    if (w->ending)
        note_end(w, how);
    else if (WIFEXITED(how) && WEXITSTATUS(how) != 0 && !atomic_load(started))
        give_up(w, index, WEXITSTATUS(how));
    else
        start_later(&w->workers[index], index, how);
}

/* ---- all of them ---- */

static void reap(struct watcher *w)
{
    int how;
    for (pid_t pid; (pid = waitpid(-1, &how, WNOHANG)) > 0;) {
        for (int i = 0; i < w->count; i++) {
            if (w->workers[i].pid == pid)
                on_death(w, i, how);
        }
    }
}

static void signal_all(const struct watcher *w, int signum)
{
    for (int i = 0; i < w->count; i++) {
        if (w->workers[i].pid)
            kill(w->workers[i].pid, signum);
    }
}

static int running(const struct watcher *w)
{
    int count = 0;
    for (int i = 0; i < w->count; i++)
        count += w->workers[i].pid != 0;
    return count;
}

static void end(struct watcher *w)
{
    if (w->ending)
        return;
    w->ending = true;
    w->kill_ms = wr_mono_ms() + (uint64_t)w->drain_ms + PAST_DRAIN_MS;
    signal_all(w, SIGTERM);
}

/* Starts what is due; the number of the worker in a worker, else -1. */
static int start_due(struct watcher *w, const sigset_t *mask)
{
    for (int i = 0; i < w->count; i++) {
        if (!w->workers[i].pid && wr_mono_ms() >= w->workers[i].due_ms && start(w, i, mask))
            return i;
    }
    return -1;
}

static uint64_t next_ms(const struct watcher *w)
{
    uint64_t next = w->ending ? w->kill_ms : UINT64_MAX;
    for (int i = 0; !w->ending && i < w->count; i++) {
        if (!w->workers[i].pid && w->workers[i].due_ms < next)
            next = w->workers[i].due_ms;
    }
    return next;
}

/* Until a signal comes or something is due. */
static void wait_for_signal(struct watcher *w, const sigset_t *set)
{
    uint64_t now = wr_mono_ms(), next = next_ms(w), left = next > now ? next - now : 0;
    if (left > 3600000)
        left = 3600000;
    struct timespec limit = {.tv_sec = (time_t)(left / 1000), .tv_nsec = (long)(left % 1000) * 1000000};
    int signum = sigtimedwait(set, NULL, &limit);
    if (signum == SIGTERM || signum == SIGINT)
        end(w);
    if (w->ending && !w->killed && wr_mono_ms() >= w->kill_ms) {
        wr_error("workers do not end and are killed", "workers=%d", running(w));
        signal_all(w, SIGKILL);
        w->killed = true;
        w->kill_ms = UINT64_MAX;
    }
}

int wr_prefork(int workers, int64_t drain_ms, int *status)
{
    struct watcher w = {.count = workers, .drain_ms = drain_ms};
    sigset_t set, mask;
    started = mmap(NULL, sizeof *started, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (started == MAP_FAILED)
        abort();
    w.workers = wr_alloc((size_t)workers * sizeof *w.workers);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, &mask);
    signal(SIGCHLD, SIG_DFL); /* an ignored one, inherited, would reap for us */
    wr_metrics_worker(workers);
    do {
        int index = w.ending ? -1 : start_due(&w, &mask);
        if (index >= 0) {
            free(w.workers);
            return index;
        }
        wait_for_signal(&w, &set);
        reap(&w);
    } while (!w.ending || running(&w));
    free(w.workers);
    *status = w.status;
    return -1;
}
