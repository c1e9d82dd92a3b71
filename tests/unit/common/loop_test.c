#include "test.h"
#include "clock.h"
#include "loop.h"
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static struct wr_loop *loop;
static struct wr_timer *limit;
static int calls, order[16];

static void too_long(void *ctx)
{
    (void)ctx;
    wr_loop_stop(loop);
    fail_msg("the loop was not stopped within five seconds");
}

static void start(void)
{
    calls = 0;
    assert_int_equal(wr_loop_open(&loop), WR_OK);
    limit = wr_timer_new(loop, too_long, NULL);
    wr_timer_start(limit, 5000, 0);
}

static void finish(void)
{
    wr_timer_free(limit);
    assert_true(wr_loop_close(loop, 1000));
}

static void stop(void *ctx)
{
    (void)ctx;
    calls++;
    wr_loop_stop(loop);
}

TEST(a_timer_fires_after_its_delay)
{
    start();
    uint64_t before = wr_loop_now_ms(loop); /* what a timer counts from */
    struct wr_timer *t = wr_timer_new(loop, stop, NULL);
    wr_timer_start(t, 30, 0);
    wr_loop_run(loop);
    assert_int_equal(calls, 1);
    assert_true(wr_mono_ms() - before >= 29);
    wr_timer_free(t);
    finish();
}

static struct wr_timer *self;
static void free_self(void *ctx)
{
    (void)ctx;
    calls++;
    wr_timer_free(self);
    wr_loop_defer(loop, stop, NULL);
}

TEST(a_repeating_timer_may_free_itself_in_its_callback)
{
    start();
    self = wr_timer_new(loop, free_self, NULL);
    wr_timer_start(self, 1, 1);
    wr_loop_run(loop);
    assert_int_equal(calls, 2);
    finish();
}

TEST(a_stopped_timer_stays_silent)
{
    start();
    struct wr_timer *silent = wr_timer_new(loop, too_long, NULL), *t = wr_timer_new(loop, stop, NULL);
    wr_timer_start(silent, 1, 0);
    wr_timer_stop(silent);
    wr_timer_start(t, 20, 0);
    wr_loop_run(loop);
    wr_timer_free(silent);
    wr_timer_free(t);
    wr_timer_free(NULL);
    finish();
}

static void note(void *ctx)
{
    order[calls++] = *(int *)ctx;
}

static void note_and_stop(void *ctx)
{
    note(ctx);
    wr_loop_stop(loop);
}

static int one = 1, two = 2, three = 3, four = 4;
static void defer_more(void *ctx)
{
    note(ctx);
    wr_loop_defer(loop, note_and_stop, &four);
}

static void on_due_deferring(void *ctx)
{
    (void)ctx;
    wr_loop_defer(loop, defer_more, &two);
    wr_loop_defer(loop, note, &three);
    note(&one);
}

TEST(deferred_work_runs_once_after_the_events_in_order)
{
    start();
    struct wr_timer *t = wr_timer_new(loop, on_due_deferring, NULL);
    wr_timer_start(t, 0, 0);
    uint64_t before = wr_mono_ms();
    wr_loop_run(loop);
    assert_true(wr_mono_ms() - before < 1000); /* did not sleep until the next timer */
    assert_int_equal(calls, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(order[i], i + 1);
    wr_timer_free(t);
    finish();
}

static void take_byte(void *ctx, int events)
{
    int fd = *(int *)ctx;
    char byte = '\0';
    if (events & WR_READABLE && read(fd, &byte, 1) == 1)
        order[calls++] = byte;
    if (byte == 'b')
        wr_loop_stop(loop);
    else
        wr_loop_defer(loop, note, &one);
}

TEST(deferred_work_of_a_descriptor_runs_before_the_next_event)
{
    int pair[2];
    start();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct wr_watch *w = wr_watch_new(loop, pair[0], take_byte, &pair[0]);
    wr_watch_set(w, WR_READABLE);
    assert_int_equal(write(pair[1], "ab", 2), 2);
    wr_loop_run(loop);
    assert_int_equal(order[0], 'a');
    assert_int_equal(order[1], 1); /* the deferral, not 'b' */
    wr_watch_free(w);
    close(pair[0]);
    close(pair[1]);
    finish();
}

static void on_any_event(void *ctx, int events)
{
    *(int *)ctx |= events;
    calls++;
    wr_loop_stop(loop);
}

TEST(a_watch_tells_what_is_possible_and_pauses)
{
    int pair[2], seen = 0;
    start();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct wr_watch *w = wr_watch_new(loop, pair[0], on_any_event, &seen);
    wr_watch_set(w, WR_READABLE | WR_WRITABLE);
    wr_loop_run(loop);
    assert_int_equal(seen, WR_WRITABLE);
    wr_watch_set(w, 0);
    struct wr_timer *t = wr_timer_new(loop, stop, NULL);
    wr_timer_start(t, 20, 0);
    calls = 0;
    wr_loop_run(loop);
    assert_int_equal(calls, 1); /* only the timer */
    wr_watch_set(w, WR_READABLE);
    seen = 0;
    close(pair[1]);
    wr_loop_run(loop);
    assert_true(seen & WR_READABLE); /* end of file */
    wr_watch_free(w);
    wr_timer_free(t);
    close(pair[0]);
    finish();
}

TEST(an_error_on_a_descriptor_is_told_as_both_and_pauses_until_set_again)
{
    int ends[2], seen = 0;
    start();
    assert_int_equal(pipe(ends), 0);
    close(ends[0]); /* nobody will read: the other end has an error */
    struct wr_watch *w = wr_watch_new(loop, ends[1], on_any_event, &seen);
    for (int again = 0; again < 2; again++) {
        seen = 0;
        wr_watch_set(w, WR_WRITABLE);
        wr_loop_run(loop);
        assert_int_equal(seen, WR_READABLE | WR_WRITABLE);
    }
    assert_int_equal(calls, 2);
    wr_watch_free(w);
    close(ends[1]);
    finish();
}

static void *send_wakes(void *wake)
{
    for (int i = 0; i < 100; i++)
        wr_wake_send(wake);
    return NULL;
}

TEST(another_thread_wakes_the_loop)
{
    pthread_t thread;
    start();
    struct wr_wake *wake = wr_wake_new(loop, stop, NULL);
    assert_int_equal(pthread_create(&thread, NULL, send_wakes, wake), 0);
    wr_loop_run(loop);
    pthread_join(thread, NULL);
    assert_true(calls >= 1);
    wr_wake_free(wake);
    finish();
}

TEST(a_signal_arrives_on_the_loop)
{
    start();
    struct wr_signal *s = wr_signal_new(loop, SIGUSR1, stop, NULL);
    raise(SIGUSR1);
    wr_loop_run(loop);
    assert_int_equal(calls, 1);
    wr_signal_free(s);
    finish();
}

TEST(deferred_work_left_at_closing_still_runs)
{
    start();
    wr_loop_defer(loop, note, &one);
    finish();
    assert_int_equal(calls, 1);
}

TEST(closing_with_an_open_timer_says_so_in_time)
{
    start();
    struct wr_timer *t = wr_timer_new(loop, too_long, NULL);
    wr_timer_start(t, 60000, 0);
    wr_timer_free(limit);
    uint64_t before = wr_mono_ms();
    assert_false(wr_loop_close(loop, 50));
    assert_true(wr_mono_ms() - before < 1000);
    wr_timer_free(t);
    assert_true(wr_loop_close(loop, 1000));
}
