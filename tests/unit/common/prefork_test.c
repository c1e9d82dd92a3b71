#include "test.h"
#include "clock.h"
#include "prefork.h"
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct born { /* what a worker writes when it starts */
    int index;
    pid_t pid;
};
static int births[2];

/* A watcher with two workers that do `work`; returns the watcher's pid. */
static pid_t watch(void (*work)(int index))
{
    assert_int_equal(pipe(births), 0);
    pid_t watcher = fork();
    if (watcher)
        return watcher;
    int status = 0, index = wr_prefork(2, 100, &status);
    if (index < 0)
        _exit(status);
    struct born born = {index, getpid()};
    if (write(births[1], &born, sizeof born) != sizeof born)
        _exit(9);
    work(index);
    _exit(0);
}

static struct born next_birth(void)
{
    struct born born = {0};
    struct pollfd ready = {.fd = births[0], .events = POLLIN};
    if (poll(&ready, 1, 5000) != 1)
        fail_msg("no worker started within five seconds");
    assert_int_equal(read(births[0], &born, sizeof born), sizeof born);
    return born;
}

static int end_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(births[0]);
    close(births[1]);
    return status;
}

static void on_term(int signum)
{
    (void)signum;
    _exit(0);
}

static void serve(int index)
{
    (void)index;
    signal(SIGTERM, on_term);
    wr_prefork_started();
    for (;;)
        pause();
}

TEST(a_killed_worker_is_started_again_under_its_number)
{
    pid_t watcher = watch(serve);
    struct born a = next_birth(), b = next_birth();
    assert_int_equal(a.index + b.index, 1);
    uint64_t last_ms = 0, before_ms = wr_mono_ms();
    kill(a.pid, SIGKILL);
    struct born again = next_birth();
    assert_int_equal(again.index, a.index);
    last_ms = wr_mono_ms() - before_ms;
    assert_true(last_ms >= 99);
    before_ms = wr_mono_ms();
    kill(again.pid, SIGKILL); /* young: twice as long */
    struct born third = next_birth();
    assert_true(wr_mono_ms() - before_ms >= 199);
    assert_int_equal(kill(b.pid, 0), 0); /* the other one never noticed */
    kill(watcher, SIGTERM);
    assert_int_equal(end_of(watcher), 0);
    assert_int_equal(kill(b.pid, 0), -1);
    assert_int_equal(kill(third.pid, 0), -1);
}

static void give_up(int index)
{
    (void)index;
    _exit(3);
}

TEST(a_worker_that_cannot_start_ends_all_with_its_status)
{
    pid_t watcher = watch(give_up);
    int status = end_of(watcher);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 3);
}

static void never_die(int index)
{
    signal(SIGTERM, SIG_IGN);
    wr_prefork_started();
    if (index == 0)
        _exit(0); /* one ends by itself; and is started again */
    for (;;)
        pause();
}

TEST(a_worker_that_ends_by_itself_is_started_again)
{
    pid_t watcher = watch(never_die);
    int firsts = 0;
    struct born other = {0};
    while (firsts < 2 || !other.pid) {
        struct born born = next_birth();
        if (born.index == 0)
            firsts++;
        else
            other = born;
    }
    kill(watcher, SIGTERM);
    kill(other.pid, SIGKILL); /* does not end by itself */
    assert_true(WIFEXITED(end_of(watcher)));
}

TEST(the_workers_of_a_killed_watcher_end_too)
{
    pid_t watcher = watch(serve);
    struct born a = next_birth(), b = next_birth();
    kill(watcher, SIGKILL);
    close(births[1]);
    struct pollfd closed = {.fd = births[0], .events = POLLIN}; /* the last writer has gone */
    assert_int_equal(poll(&closed, 1, 5000), 1);
    int status;
    assert_int_equal(waitpid(watcher, &status, 0), watcher);
    close(births[0]);
    (void)a, (void)b;
}
