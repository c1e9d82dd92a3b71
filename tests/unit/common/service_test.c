/* The frame around a small daemon that runs in a process of its own, asked over HTTP like any other. */
#include "test.h"
#include "clock.h"
#include "mem.h"
#include "service.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the daemon ---- */

struct config {
    struct wr_service_config service;
    int64_t broken, unready, untidy; /* 1: it is */
};
static const struct wr_option options[] = {
    WR_OPT_INT(struct config, broken, "--broken", NULL, "0", 0, 1, "Does not open."),
    WR_OPT_INT(struct config, unready, "--unready", NULL, "0", 0, 1, "Is not ready."),
    WR_OPT_INT(struct config, untidy, "--untidy", NULL, "0", 0, 1, "Leaves a timer behind, and what exit() must not meet."),
    {0},
};

struct daemon {
    struct wr_runtime *rt;
    const struct config *config;
    struct wr_timer *slow;
    struct wr_request *waiting;
};

static enum wr_err open_daemon(struct wr_runtime *rt, const void *config, void **daemon);
static void close_daemon(void *daemon);

static bool ready(void *daemon, const char **why)
{
    struct daemon *d = daemon;
    *why = "The test says no.";
    return !d->config->unready;
}

static void answer_slowly(void *ctx)
{
    struct daemon *d = ctx;
    wr_answer_json(d->waiting, 200, wr_json_build("{s:s}", "answer", "at last"));
    d->waiting = NULL;
}

static void take_slow(void *ctx, struct wr_request *req)
{
    struct daemon *d = ctx;
    d->waiting = req;
    wr_timer_start(d->slow, 300, 0);
    wr_metric_add(0, 1);
}

static void show_process(void *ctx, struct wr_request *req)
{
    struct daemon *d = ctx;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    wr_answer_json(req, 200,
                   wr_json_build("{s:i, s:s, s:b}", "pid", (int)getpid(), "id", wr_runtime_id(d->rt),
                                 "raised", limit.rlim_cur == limit.rlim_max || limit.rlim_cur >= 1048576));
}

static void leave(void *ctx, struct wr_request *req)
{
    struct daemon *d = ctx;
    wr_answer_json(req, 200, wr_json_build("{}"));
    wr_drained(d->rt);
}

static void drain(void *daemon)
{
    (void)daemon; /* until it is asked to leave */
}

static const struct wr_route routes[] = {
    {.method = "GET", .path = "/process", .handle = show_process},
    {.method = "GET", .path = "/slow", .handle = take_slow},
    {.method = "GET", .path = "/leave", .handle = leave},
    {0},
};
static const struct wr_metric metrics[] = {{"test_slow_total", NULL, "Slow requests.", WR_COUNTER}};
static struct wr_service service = {.name = "testd",
                                    .summary = "a daemon for this test",
                                    .options = options,
                                    .config_size = sizeof(struct config),
                                    .preforks = true,
                                    .metrics = metrics,
                                    .metric_count = 1,
                                    .routes = routes,
                                    .open = open_daemon,
                                    .ready = ready,
                                    .close = close_daemon};

static enum wr_err open_daemon(struct wr_runtime *rt, const void *config, void **daemon)
{
    const struct config *c = config;
    if (c->broken)
        return WR_ERR_BACKEND;
    struct daemon *d = wr_alloc(sizeof *d);
    d->rt = rt;
    d->config = c;
    d->slow = wr_timer_new(wr_runtime_loop(rt), answer_slowly, d);
    *daemon = d;
    return WR_OK;
}

static void close_daemon(void *daemon)
{
    struct daemon *d = daemon;
    if (d->config->untidy) {
        atexit(abort);
        wr_timer_start(d->slow, 3600000, 0);
        return;
    }
    if (d->waiting)
        wr_answer_problem(d->waiting, WR_ERR_DRAINING, NULL, 1); /* its client has gone */
    wr_timer_free(d->slow);
    free(d);
}

/* ---- its process ---- */

static int port;
static char said[20000]; /* what it wrote to stderr or stdout */

static int free_port(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof any;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &len), 0);
    close(fd);
    return ntohs(any.sin_port);
}

/* Its standard output and error go to `out` when that is a descriptor. */
static pid_t start(int out, const char *more)
{
    static char listen[40], copy[200], name[] = "testd", flag[] = "--listen";
    char *argv[20] = {name, flag, listen};
    int argc = 3;
    port = free_port();
    snprintf(listen, sizeof listen, "127.0.0.1:%d", port);
    strcpy(copy, more);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    fflush(NULL);
    pid_t pid = fork();
    if (pid)
        return pid;
    if (out >= 0) {
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
    }
    int status = wr_service_main(&service, argc, argv);
    fflush(NULL);
    if (strstr(more, "--untidy"))
        exit(status); /* as a return from main does */
    _exit(status);
}

static int exit_of(pid_t pid)
{
    int how;
    uint64_t deadline = wr_mono_ms() + 10000;
    while (waitpid(pid, &how, WNOHANG) == 0) {
        if (wr_mono_ms() > deadline) {
            kill(pid, SIGKILL);
            fail_msg("the daemon did not end within ten seconds");
        }
        usleep(2000);
    }
    assert_true(WIFEXITED(how));
    return WEXITSTATUS(how);
}

/* Runs it to its end. */
static int run(const char *more)
{
    int pipes[2];
    ssize_t len;
    size_t total = 0;
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    pid_t pid = start(pipes[1], more);
    close(pipes[1]);
    while (total < sizeof said - 1 && (len = read(pipes[0], said + total, sizeof said - 1 - total)) > 0)
        total += (size_t)len;
    said[total] = '\0';
    close(pipes[0]);
    return exit_of(pid);
}

static int ask(const char *path) /* sends the request; -1: nobody listens */
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = 5};
    char request[200];
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    int len = snprintf(request, sizeof request,
                       "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 && write(fd, request, (size_t)len) == len)
        return fd;
    close(fd);
    return -1;
}

/* The status; 0: no answer. The whole answer is in `said`. */
static int answer_of(int fd)
{
    size_t total = 0;
    ssize_t len;
    said[0] = '\0';
    if (fd < 0)
        return 0;
    while (total < sizeof said - 1 && (len = read(fd, said + total, sizeof said - 1 - total)) > 0)
        total += (size_t)len;
    said[total] = '\0';
    close(fd);
    return total > 12 ? atoi(said + 9) : 0;
}

static int get(const char *path)
{
    return answer_of(ask(path));
}

static void wait_for(const char *path, int status)
{
    uint64_t deadline = wr_mono_ms() + 5000;
    while (get(path) != status) {
        if (wr_mono_ms() > deadline)
            fail_msg("%s did not answer %d within five seconds but: %s", path, status, said);
        usleep(5000);
    }
}

static int number_in_answer(const char *name)
{
    const char *at = strstr(said, name);
    assert_non_null(at);
    return atoi(at + strlen(name));
}

/* ---- tests ---- */

TEST(every_daemon_tells_health_readiness_and_metrics)
{
    pid_t pid = start(-1, "");
    wait_for("/readyz", 200);
    assert_int_equal(get("/healthz"), 200);
    assert_non_null(strstr(said, "\"status\":\"alive\""));
    assert_int_equal(get("/metrics"), 200);
    assert_non_null(strstr(said, "text/plain; version=0.0.4"));
    assert_non_null(strstr(said, "\ntest_slow_total 0\n"));
    assert_int_equal(get("/nowhere"), 404);
    assert_int_equal(get("/metrics"), 200);
    assert_non_null(strstr(said, "wr_refusals_total{problem=\"not-found\"} 1\n"));
    assert_int_equal(get("/process"), 200);
    assert_non_null(strstr(said, "\"raised\":true"));
    kill(pid, SIGTERM);
    assert_int_equal(exit_of(pid), 0);
    assert_int_equal(get("/healthz"), 0);
}

TEST(a_daemon_that_is_not_ready_says_why)
{
    pid_t pid = start(-1, "--unready 1");
    wait_for("/healthz", 200);
    assert_int_equal(get("/readyz"), 503);
    assert_non_null(strstr(said, "application/problem+json"));
    assert_non_null(strstr(said, "The test says no."));
    kill(pid, SIGINT);
    assert_int_equal(exit_of(pid), 0);
}

TEST(what_is_in_flight_is_answered_before_the_end)
{
    pid_t pid = start(-1, "");
    wait_for("/readyz", 200);
    int fd = ask("/slow");
    uint64_t deadline = wr_mono_ms() + 5000;
    do /* until it is in the handler */
        get("/metrics");
    while (!strstr(said, "\ntest_slow_total 1\n") && wr_mono_ms() < deadline);
    kill(pid, SIGTERM);
    assert_int_equal(answer_of(fd), 200);
    assert_non_null(strstr(said, "at last"));
    assert_int_equal(exit_of(pid), 0);
}

TEST(a_draining_daemon_is_not_ready_and_ends_when_it_says)
{
    service.drain = drain;
    pid_t pid = start(-1, "");
    wait_for("/readyz", 200);
    kill(pid, SIGTERM);
    wait_for("/readyz", 503);
    assert_non_null(strstr(said, "/problems/draining"));
    kill(pid, SIGTERM); /* again: changes nothing */
    assert_int_equal(get("/readyz"), 503);
    assert_int_equal(get("/leave"), 200);
    siginfo_t ended = {0};
    while (!ended.si_pid && waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT) == 0)
        kill(pid, SIGTERM); /* to the very end */
    assert_int_equal(exit_of(pid), 0);
    service.drain = NULL;
}

TEST(the_drain_limit_ends_what_does_not_drain)
{
    service.drain = drain;
    pid_t pid = start(-1, "--drain-ms 200");
    wait_for("/readyz", 200);
    int fd = ask("/slow"); /* unanswered when it ends */
    kill(pid, SIGTERM);
    assert_int_equal(exit_of(pid), 0);
    close(fd);
    service.drain = NULL;
}

TEST(a_killed_worker_comes_back_and_the_others_serve_on)
{
    pid_t pid = start(-1, "--workers 2");
    wait_for("/readyz", 200);
    int first, others = 0;
    assert_int_equal(get("/process"), 200);
    first = number_in_answer("\"pid\":");
    assert_int_not_equal(first, pid);
    kill(first, SIGKILL);
    uint64_t deadline = wr_mono_ms() + 5000;
    do {
        if (get("/metrics") == 200)
            others++;
        if (wr_mono_ms() > deadline)
            fail_msg("the worker was not started again: %s", said);
    } while (!strstr(said, "\nwr_worker_restarts_total 1\n"));
    assert_true(others > 0);
    kill(pid, SIGTERM);
    assert_int_equal(exit_of(pid), 0);
    assert_int_equal(get("/healthz"), 0); /* no worker was left */
}

TEST(what_is_left_behind_at_the_end_never_meets_the_handlers_of_exit)
{
    pid_t pid = start(-1, "--untidy 1");
    wait_for("/readyz", 200);
    kill(pid, SIGTERM);
    assert_int_equal(exit_of(pid), 0); /* abort() would be a signal */
}

TEST(what_cannot_start_ends_with_a_reason)
{
    assert_int_equal(run("--broken 1"), 1);
    assert_non_null(strstr(said, "level=error msg=\"cannot start\""));
    assert_int_equal(run("--broken 1 --workers 3"), 1);
    assert_int_equal(run("--public-url nonsense"), 1);
    pid_t pid = start(-1, "");
    wait_for("/readyz", 200);
    kill(pid, SIGTERM);
    assert_int_equal(exit_of(pid), 0);
}

TEST(a_wrong_option_refuses_to_start_and_is_named)
{
    assert_int_equal(run("--drain-ms -1"), 2);
    assert_non_null(strstr(said, "testd: --drain-ms: a whole number from 0 to 600000"));
    assert_int_equal(run("--nonsense"), 2);
    assert_non_null(strstr(said, "--nonsense: there is no such option"));
}

TEST(help_and_version_go_to_standard_output)
{
    assert_int_equal(run("--help"), 0);
    assert_non_null(strstr(said, "a daemon for this test"));
    assert_non_null(strstr(said, "--untidy"));
    assert_int_equal(run("--version"), 0);
    assert_non_null(strstr(said, "testd " WR_VERSION "\n"));
    assert_non_null(strstr(said, "OpenSSL 3"));
    assert_non_null(strstr(said, "\n  libuv 1."));
    assert_non_null(strstr(said, "\n  libwebsockets 4."));
    assert_null(strstr(said, "librdkafka")); /* this one does not use it */
    assert_int_equal(run("--describe-options"), 0);
    assert_non_null(strstr(said, "| `--drain-ms` | `WR_DRAIN_MS` |"));
}
