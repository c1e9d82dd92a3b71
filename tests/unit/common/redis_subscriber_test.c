#include "redis.h"
#include "redis_server.h"

static struct redis_server server;
static struct wr_loop *loop;
static struct wr_redis *redis;
static struct wr_subscriber *subscriber;
static int restored, done_count;
static char heard[4096];

static void on_message(void *ctx, const char *channel, const char *message, size_t len)
{
    (void)ctx;
    size_t used = strlen(heard);
    snprintf(heard + used, sizeof heard - used, "%s=%.*s;", channel, (int)len, message);
}

static void on_restored(void *ctx)
{
    (void)ctx;
    restored++;
}

static void on_done(void *ctx)
{
    (void)ctx;
    done_count++;
}

static bool is_up(void *ctx)
{
    (void)ctx;
    return wr_redis_connected(redis);
}

static bool done_is(void *ctx)
{
    return done_count == (int)(intptr_t)ctx;
}

static bool restored_is(void *ctx)
{
    return restored == (int)(intptr_t)ctx;
}

static const char *awaited;
static bool heard_it(void *ctx)
{
    (void)ctx;
    return strcmp(heard, awaited) == 0;
}

static void hear(const char *all)
{
    awaited = all;
    run_until(loop, 3000, heard_it, NULL);
}

static int beats; /* as long as the subscriber's, on the same loop: what holds up those holds up these */
static void on_beat(void *ctx)
{
    (void)ctx;
    beats++;
}

static bool is_late(void *ctx) /* three heartbeats of half a second, and then some */
{
    (void)ctx;
    return beats >= 6;
}

static void start(void)
{
    restored = done_count = 0;
    heard[0] = '\0';
    redis_server_start(&server);
    assert_int_equal(wr_loop_open(&loop), WR_OK);
    struct wr_redis_config config = {.address = server.address};
    assert_int_equal(wr_redis_open(&redis, loop, &config), WR_OK);
    struct wr_subscriber_config sub = {
        .address = server.address, .on_message = on_message, .on_restored = on_restored};
    assert_int_equal(wr_subscriber_open(&subscriber, loop, &sub), WR_OK);
    run_until(loop, 3000, is_up, NULL);
}

static void finish(void)
{
    wr_subscriber_close(subscriber);
    wr_redis_close(redis);
    assert_true(wr_loop_close(loop, 1000));
    redis_server_remove(&server);
}

static void publish(const char *channel, const char *message)
{
    wr_redis_commandv(redis, NULL, NULL, "PUBLISH", channel, message, NULL);
}

static void subscribe(const char *channel, int done_then)
{
    wr_subscribe(subscriber, channel, on_done, NULL);
    run_until(loop, 3000, done_is, (void *)(intptr_t)done_then);
}

TEST(what_is_published_after_done_is_heard)
{
    start();
    wr_subscribe(subscriber, "a", on_done, NULL);
    assert_int_equal(done_count, 0);
    run_until(loop, 3000, done_is, (void *)1);
    publish("a", "1");
    publish("b", "2");
    publish("a", "3");
    hear("a=1;a=3;");
    finish();
}

TEST(as_many_unsubscribes_as_subscribes_end_a_channel)
{
    start();
    subscribe("a", 1);
    subscribe("a", 2);
    subscribe("z", 3);
    wr_unsubscribe(subscriber, "a");
    publish("a", "1");
    hear("a=1;");
    wr_unsubscribe(subscriber, "a");
    wr_unsubscribe(subscriber, "a");
    wr_unsubscribe(subscriber, "never");
    publish("a", "2");
    publish("z", "3");
    hear("a=1;z=3;");
    finish();
}

TEST(subscribing_again_right_after_the_end_is_confirmed_by_its_own_confirmation)
{
    start();
    subscribe("keep", 1);
    wr_subscribe(subscriber, "a", on_done, NULL);
    wr_unsubscribe(subscriber, "a"); /* its done never runs */
    subscribe("a", 2);
    publish("a", "1");
    hear("a=1;");
    assert_int_equal(done_count, 2);
    finish();
}

static void write_down(void *ctx)
{
    strcat(heard, ctx);
    done_count++;
}

TEST(each_done_waits_for_the_confirmation_of_its_own_channel)
{
    start();
    subscribe("keep", 1);
    char x[] = "x", y[] = "y";
    wr_subscribe(subscriber, "x", write_down, x);
    wr_subscribe(subscriber, "y", write_down, y);
    run_until(loop, 3000, done_is, (void *)3);
    assert_string_equal(heard, "xy");
    finish();
}

TEST(nothing_left_subscribed_is_no_end_of_the_connection)
{
    start();
    subscribe("a", 1);
    wr_unsubscribe(subscriber, "a");
    subscribe("b", 2);
    publish("b", "1");
    hear("b=1;");
    assert_int_equal(restored, 0);
    finish();
}

TEST(after_a_kill_every_channel_is_regained_and_then_restored_is_told)
{
    start();
    enum { MANY = 600 };
    for (int i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof name, "many%d", i);
        wr_subscribe(subscriber, name, on_done, NULL);
    }
    run_until(loop, 3000, done_is, (void *)MANY);
    int before = restored; /* 1 when the subscribes came before the connection stood */
    redis_server_kill(&server);
    wr_subscribe(subscriber, "while-away", on_done, NULL);
    redis_server_start(&server);
    run_until(loop, 5000, restored_is, (void *)(intptr_t)(before + 1));
    run_until(loop, 3000, done_is, (void *)(MANY + 1));
    run_until(loop, 5000, is_up, NULL);
    publish("many0", "1");
    publish("many599", "2");
    publish("while-away", "3");
    hear("many0=1;many599=2;while-away=3;");
    finish();
}

TEST(a_frozen_redis_is_noticed_by_its_heartbeat_and_regained)
{
    start();
    subscribe("a", 1);
    int before = restored;
    kill(server.pid, SIGSTOP);
    beats = 0;
    struct wr_timer *beat = wr_timer_new(loop, on_beat, NULL);
    wr_timer_start(beat, 500, 500);
    /* Nothing but the missing heartbeat tells: wait until the subscriber has given the connection up and
     * dialled anew (the kernel accepts for the frozen process), then let Redis go on. */
    run_until(loop, 8000, is_late, NULL);
    wr_timer_free(beat);
    kill(server.pid, SIGCONT);
    run_until(loop, 6000, restored_is, (void *)(intptr_t)(before + 1));
    run_until(loop, 3000, is_up, NULL);
    publish("a", "1");
    hear("a=1;");
    finish();
}
