/* redis_server.h - a real Redis of a test's own: on a free port, in a folder of its own, gone when the test
 * ends however it ends (the server dies with its parent). */
#ifndef WR_TEST_REDIS_SERVER_H
#define WR_TEST_REDIS_SERVER_H
#include "test.h"
#include "clock.h"
#include "loop.h"
#include "store_folder.h"
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct redis_server {
    pid_t pid;
    int port;
    char address[32], folder[40];
};

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* Below the range from which the kernel takes ports for outgoing connections, so that a restart finds it free
 * again. */
static int free_port(void)
{
    for (int i = 0, port = 20000 + getpid() % 6000 * 2; i < 200; i++, port++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        int on = 1;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        struct sockaddr_in at = loopback(port);
        int rc = bind(fd, (struct sockaddr *)&at, sizeof at);
        close(fd);
        if (rc == 0)
            return port;
    }
    fail_msg("no free port");
    return 0;
}

static bool reachable(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = loopback(port);
    int rc = connect(fd, (struct sockaddr *)&at, sizeof at);
    close(fd);
    return rc == 0;
}

/* Starts, or starts again on the same port with nothing left of before. */
static void redis_server_start(struct redis_server *s)
{
    if (!s->port) {
        s->port = free_port();
        snprintf(s->address, sizeof s->address, "127.0.0.1:%d", s->port);
        assert_true(store_folder(s->folder, sizeof s->folder, "redis"));
    }
    char program[60], port[8];
    snprintf(program, sizeof program, "%s/redis-server", s->folder);
    snprintf(port, sizeof port, "%d", s->port);
    /* Debian's redis-tools holds the server too: redis-check-rdb is the same program, told apart by its name.
     */
    bool whole = access("/usr/bin/redis-server", X_OK) == 0;
    if (access(program, F_OK) != 0)
        assert_int_equal(symlink(whole ? "/usr/bin/redis-server" : "/usr/bin/redis-check-rdb", program), 0);
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl(program, program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", s->folder,
              "--logfile", "log", (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 2000 && !reachable(s->port); i++)
        poll(NULL, 0, 5);
    assert_true(reachable(s->port));
}

static void redis_server_kill(struct redis_server *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    s->pid = 0;
}

static void redis_server_remove(struct redis_server *s)
{
    if (s->pid)
        redis_server_kill(s);
    char path[80];
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", s->folder, i ? "log" : "redis-server");
        unlink(path);
    }
    rmdir(s->folder);
    *s = (struct redis_server){0};
}

/* Runs the loop until `holds(ctx)`; the test fails when that takes longer than `limit_ms`. */
struct wr_until {
    struct wr_loop *loop;
    bool (*holds)(void *ctx);
    void *ctx;
    uint64_t limit_ms;
};

static void on_look(void *ctx)
{
    struct wr_until *u = ctx;
    if (u->holds(u->ctx) || wr_mono_ms() > u->limit_ms)
        wr_loop_stop(u->loop);
}

static void run_until(struct wr_loop *loop, uint64_t limit_ms, bool (*holds)(void *ctx), void *ctx)
{
    struct wr_until u = {.loop = loop, .holds = holds, .ctx = ctx, .limit_ms = wr_mono_ms() + limit_ms};
    struct wr_timer *look = wr_timer_new(loop, on_look, &u);
    wr_timer_start(look, 0, 1);
    wr_loop_run(loop);
    wr_timer_free(look);
    assert_true(holds(ctx));
}

#endif
