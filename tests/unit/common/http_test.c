/* How a server of ours opens and ends; what it does between is on the wire, in tests/integration/http.test.mjs. */
#include "http.h"
#include "log.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#define WR_TEST_SETUP open_all
#define WR_TEST_TEARDOWN close_all
#include "test.h"

enum { CLIENTS = 700 }; /* more than are accepted at a time */
static struct wr_loop *loop;
static struct wr_http *http;
static int taken;

static void take(void *ctx, struct wr_request *req)
{
    (void)ctx;
    taken++;
    wr_answer(req, &(struct wr_answer){.status = 204});
}

static int open_all(void **state)
{
    static const struct wr_route routes[] = {{.method = "POST", .path = "/", .handle = take}, {0}};
    static const struct wr_socket_route socket_routes[] = {{0}};
    struct rlimit files;
    (void)state;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files); /* both ends of every connection are here */
    taken = 0;
    wr_log_open(WR_LOG_ERROR, "http_test");
    assert_int_equal(wr_loop_open(&loop), WR_OK);
    return wr_http_open(&http, loop,
                        &(struct wr_http_config){.listen = "127.0.0.1:0",
                                                 .public_url = "http://shop.test",
                                                 .routes = routes,
                                                 .socket_routes = socket_routes});
}

static int close_all(void **state)
{
    (void)state;
    wr_http_close(http);
    assert_true(wr_loop_close(loop, 2000));
    return 0;
}

/* The kernel finishes the handshake and takes the request: the loop has not run yet. */
static int come(void)
{
    static const char request[] = "POST / HTTP/1.1\r\nHost: shop.test\r\n\r\n";
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)wr_http_port(http)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(send(fd, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
    return fd;
}

TEST(whom_the_kernel_has_let_in_is_answered_when_accepting_ends)
{
    static int clients[CLIENTS];
    char answer[1000];
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = come();
    wr_http_stop_accepting(http);
    for (int i = 0; i < CLIENTS; i++) {
        assert_true(recv(clients[i], answer, sizeof answer, 0) > 12);
        assert_memory_equal(answer, "HTTP/1.1 204", 12);
        close(clients[i]);
    }
    assert_int_equal(taken, CLIENTS);
    assert_int_equal(wr_http_port(http), 0);
}

TEST(a_server_that_is_closed_hands_nobody_to_a_daemon_that_never_was)
{
    int client = come();
    wr_http_close(http);
    http = NULL;
    assert_int_equal(taken, 0);
    close(client);
}
