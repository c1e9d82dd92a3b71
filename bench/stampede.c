/* stampede.c
 *
 *   options -> stage (sale, targets) -> accounts before -> fork the crowd -> watch it -> settle -> accounts after -> report */
#include "accounts.h"
#include "clock.h"
#include "crowd.h"
#include "log.h"
#include "report.h"
#include "setup.h"
#include "watch_line.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES_MAX 256
#define GRACE_MS 10000 /* for orders under way after everything was sold */

static volatile sig_atomic_t interrupted;

static void on_signal(int signum)
{
    (void)signum;
    interrupted = 1;
}

static void start_crowd(const struct run *run, pid_t *pids)
{
    fflush(NULL);
    for (uint32_t i = 0; i < run->processes; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            signal(SIGINT, SIG_IGN); /* the parent says when it is over */
            crowd_run(run->stage, run->tally, i, run->processes);
            _exit(0);
        }
        if (pids[i] < 0) {
            perror("stampede: fork");
            exit(2);
        }
    }
}

static void show(const struct run *run, double seconds)
{
    fprintf(stderr,
            "\r\x1b[K%6.1f s  joined %llu  called %llu  admitted %llu  ordered %llu  paid %llu  confirmed "
            "%llu  over %llu  unanswered %llu",
            seconds, run_count(run, COUNT_JOINED), run_count(run, COUNT_CALLED), run_count(run, COUNT_ADMITTED),
            run_count(run, COUNT_ACCEPTED), run_count(run, COUNT_PAID), run_count(run, COUNT_CONFIRMED),
            run_count(run, COUNT_OVER), run_count(run, COUNT_NO_ANSWERS));
}

/* Everything is sold, and nobody's order is open any more or has had its time. `sold_ms`: since when it is; 0: it is not. */
static bool sold_out(struct run *run, uint64_t now, uint64_t *sold_ms)
{
    if ((int64_t)run_count(run, COUNT_CONFIRMED) < run->stage->stock)
        *sold_ms = 0;
    else if (!*sold_ms)
        *sold_ms = now;
    run->tally->sold_out = *sold_ms != 0;
    return *sold_ms && (!run_count(run, COUNT_OPEN_ORDERS) || now - *sold_ms > GRACE_MS);
}

static uint64_t everybody(const struct run *run)
{
    return (uint64_t)(run->stage->options->shoppers + run->stage->options->deaf_more);
}

static bool gathered(const struct run *run)
{
    return run_count(run, COUNT_JOINED) >= everybody(run) ||
           run->seconds > (double)run->stage->options->gather_s;
}

/* Everybody is at their end, everything is sold, or the time is up. */
static bool over(struct run *run, uint64_t now, uint64_t *sold_ms)
{
    const struct options *o = run->stage->options;
    if (run_count(run, COUNT_OVER) >= everybody(run) || sold_out(run, now, sold_ms))
        return true;
    run->timed_out = interrupted || (o->timeout_s && run->seconds > (double)o->timeout_s);
    return run->timed_out;
}

static void watch(struct run *run)
{
    uint64_t sold_ms = 0;
    bool terminal = isatty(STDERR_FILENO);
    bool held = run->stage->options->gather_s != 0;
    struct line_watch *line = line_watch_open(run->stage, &run->drip);
    for (int turn = 0;; turn++) {
        uint64_t now = wr_mono_ms(), begun = run->stage->begins_ms;
        run->seconds = now > begun ? (double)(now - begun) / 1000 : 0;
        if (terminal && turn % 5 == 0)
            show(run, run->seconds);
        if (over(run, now, &sold_ms))
            break;
        if (held && gathered(run))
            held = !setup_let_go(run->stage);
        line_watch_turn(line, 100);
    }
    run->open_until = line_watch_open_until(line);
    run->line = line_watch_drip(line);
    run->joins = line_watch_joins(line);
    run->grants = line_watch_grants(line);
    line_watch_close(line);
    if (terminal)
        fputs("\r\x1b[K", stderr);
}

static bool end_crowd(struct run *run, const pid_t *pids)
{
    bool well = true;
    atomic_store(&run->tally->stop, true);
    for (uint32_t i = 0; i < run->processes; i++) {
        int status = 0;
        waitpid(pids[i], &status, 0);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            fprintf(stderr, "stampede: a process of the crowd died\n");
            well = false;
        }
    }
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    run->cpu_seconds = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    return well;
}

int main(int argc, char **argv)
{
    static struct options options;
    static struct stage stage;
    static pid_t pids[PROCESSES_MAX];
    int status = options_read(&options, argc, argv);
    if (status >= 0)
        return status;
    wr_log_open(WR_LOG_ERROR, "stampede");
    struct run run = {.stage = &stage, .processes = crowd_processes(&options)};
    if (run.processes > PROCESSES_MAX) {
        fprintf(stderr, "stampede: this crowd needs more than %d processes: raise the limit of open files\n",
                PROCESSES_MAX);
        return 2;
    }
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (!setup_stage(&stage, &options) || !accounts_read(&run.before, &stage, NULL))
        return 2;
    stage.stock = run.before.free;
    run.drip = (struct drip){.per_minute = (double)run.before.rate_per_minute, .burst_ms = (int)run.before.burst_ms};
    stage.begins_ms = wr_mono_ms() + 100;
    run.tally = tally_new((size_t)(options.shoppers + options.deaf_more));
    start_crowd(&run, pids);
    watch(&run);
    bool well = end_crowd(&run, pids);
    bool settled = accounts_settle(&run.after, &stage, run.tally);
    setup_strike(&stage);
    if (!settled)
        return 2;
    return report(&run) || !well ? 1 : 0;
}
