#define WR_TEST_SETUP open_line
#define WR_TEST_TEARDOWN close_line
#include "test.h"
#include "line.h"
#include <stdlib.h>

#define N 600
static struct line line;
static struct seat seats[N];
static struct line_report report;
static int asks, falls, ends;
static enum seat_state last_state; /* of the seat that moved last */

static void on_ask(void *ctx, struct seat *s)
{
    (void)ctx, (void)s;
    asks++;
}
static void on_fell(void *ctx, struct seat *s)
{
    (void)ctx, (void)s;
    falls++;
}
static void on_over(void *ctx, struct seat *s)
{
    (void)ctx, (void)s;
    ends++;
}
static void on_moved(void *ctx, struct seat *s)
{
    (void)ctx;
    last_state = s->state;
}
static int open_line(void **state)
{
    static const struct line_events events = {on_ask, on_fell, on_over, on_moved};
    (void)state;
    line_init(&line, &events, NULL);
    memset(seats, 0, sizeof seats);
    asks = falls = ends = 0;
    return 0;
}
static int close_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < N; i++) {
        if (seats[i].state != SEAT_OVER)
            line_depart(&line, &seats[i]);
    }
    assert_int_equal(line.seats, 0);
    line_free(&line);
    return 0;
}
static void arrive(size_t n)
{
    for (size_t i = 0; i < n; i++)
        line_arrive(&line, &seats[i], i + 1, 0);
}
static void say(bool full, size_t target, size_t stride, uint64_t now)
{
    line_report(&line, full, target, stride, now, &report);
}

TEST(the_call_asks_whoever_it_passes_and_they_are_waited_for_a_moment)
{
    arrive(10);
    say(true, 32, 4, 0);
    assert_int_equal(report.uncalled, 10);
    assert_int_equal(report.first, 1);
    assert_int_equal(report.next_count, 3);
    assert_int_equal(report.next[0], 4);
    assert_int_equal(report.next[2], 10); /* the last point stands for what is left */
    line_called(&line, 4, true, 100);
    assert_int_equal(asks, 4);
    line_here(&line, &seats[0], false, 150);
    say(false, 32, 4, 200);
    assert_int_equal(report.asked, 4);
    assert_int_equal(report.answered, 1);
    assert_int_equal(report.waiting, 3);
    assert_int_equal(report.low, 2);
    assert_int_equal(report.first, 5);
    assert_int_equal(report.add_count, 1);
    say(false, 32, 4, 400);
    assert_int_equal(report.waiting, 0);
    assert_int_equal(report.low, 0);
    assert_int_equal(report.asked, 0);
}

TEST(whoever_comes_back_is_asked_but_neither_counted_nor_waited_for)
{
    line_called(&line, 100, true, 0);
    arrive(5);
    assert_int_equal(asks, 5);
    line_here(&line, &seats[1], false, 10);
    say(false, 32, 1, 20);
    assert_int_equal(report.asked + report.answered, 0);
    assert_int_equal(report.waiting, 0);
    assert_int_equal(report.add_count, 1);
}

TEST(after_a_resync_the_asked_are_not_waited_for)
{
    arrive(3);
    line_called(&line, 3, false, 0);
    say(true, 32, 1, 10);
    assert_int_equal(asks, 3);
    assert_int_equal(report.asked, 0);
    assert_int_equal(report.waiting, 0);
}

TEST(only_the_lowest_ready_are_exposed_and_the_state_is_said_never_the_history)
{
    arrive(50);
    line_called(&line, 50, true, 0);
    for (size_t i = 10; i < 50; i++)
        line_here(&line, &seats[i], false, 10);
    say(true, 32, 1, 20);
    assert_int_equal(report.add_count, 32);
    assert_int_equal(report.held, 8);
    assert_int_equal(seat_place(report.add[0]), 11);
    for (size_t i = 0; i < 4; i++)
        line_here(&line, &seats[i], false, 30); /* four lower ones push four out */
    say(false, 32, 1, 40);
    assert_int_equal(report.add_count, 4);
    assert_int_equal(report.del_count, 4);
    assert_int_equal(report.held, 12);
    line_depart(&line, &seats[0]); /* leaves and comes back before the next tick */
    line_arrive(&line, &seats[0], 1, 50);
    line_here(&line, &seats[0], false, 50);
    say(false, 32, 1, 60);
    assert_int_equal(report.add_count, 1);
    assert_int_equal(report.del_count, 1);
    assert_int_equal(report.del[0], 1);
    say(true, 32, 1, 70);
    assert_int_equal(report.add_count, 32);
    assert_int_equal(report.del_count, 0);
}

TEST(who_is_ready_is_asked_every_two_seconds_and_lasts_five_from_the_last_answer)
{
    arrive(2);
    line_called(&line, 2, true, 0);
    line_here(&line, &seats[0], false, 100);
    line_due(&line, 2050);
    assert_int_equal(asks, 2);
    line_due(&line, 2100);
    assert_int_equal(asks, 3); /* who did not answer is not asked again: the first question is still on its way */
    line_here(&line, &seats[0], false, 2200);
    line_due(&line, 5000);
    assert_int_equal(seats[1].state, SEAT_QUIET);
    assert_int_equal(seats[0].state, SEAT_READY);
    line_due(&line, 7200);
    assert_int_equal(seats[0].state, SEAT_QUIET);
    assert_true(line_here(&line, &seats[1], false, 7300)); /* any message brings it back */
    assert_int_equal(seats[1].state, SEAT_READY);
}

TEST(whoever_counts_seats_is_told_of_every_move)
{
    arrive(1);
    assert_int_equal(last_state, SEAT_UNCALLED);
    line_called(&line, 1, true, 0);
    assert_int_equal(last_state, SEAT_ASKED);
    line_due(&line, 5000);
    assert_int_equal(last_state, SEAT_QUIET);
    line_here(&line, &seats[0], false, 5100);
    assert_int_equal(last_state, SEAT_READY);
    line_give(&line, &seats[0], 15100, 5200);
    assert_int_equal(last_state, SEAT_GIVEN);
    line_enter(&line, &seats[0], 90000);
    assert_int_equal(last_state, SEAT_INSIDE);
    line_due(&line, 90000);
    assert_int_equal(last_state, SEAT_OVER);

    for (enum seat_state s = SEAT_OVER; s <= SEAT_QUIET; s++) {
        bool awaits_its_turn = s == SEAT_UNCALLED || s == SEAT_ASKED || s == SEAT_READY;
        assert_int_equal(seat_is_present(&(struct seat){.state = s}), awaits_its_turn); /* QUIET is as good as gone */
        assert_int_equal(seat_waits(&(struct seat){.state = s}), awaits_its_turn || s == SEAT_QUIET);
    }
}

TEST(who_lets_a_token_fall_is_quiet_until_a_person_says_so)
{
    arrive(1);
    line_called(&line, 1, true, 0);
    line_here(&line, &seats[0], false, 10);
    line_give(&line, &seats[0], 10100, 100);
    assert_false(line_here(&line, &seats[0], false, 200));
    line_due(&line, 10099);
    assert_int_equal(falls, 0);
    line_due(&line, 10100);
    assert_int_equal(falls, 1);
    assert_false(line_here(&line, &seats[0], false, 10200));
    assert_int_equal(seats[0].state, SEAT_QUIET);
    assert_true(line_here(&line, &seats[0], true, 10300));
    say(false, 32, 1, 10300);
    assert_int_equal(report.answered, 1);
    assert_int_equal(report.add_count, 1);
}

TEST(an_admission_ends_when_its_time_is_over_whatever_order_they_began_in)
{
    arrive(3);
    line_give(&line, &seats[0], 10000, 0);
    line_enter(&line, &seats[0], 90000);
    line_give(&line, &seats[1], 10000, 0);
    line_enter(&line, &seats[1], 50000);
    line_due(&line, 50000);
    assert_int_equal(ends, 1);
    assert_int_equal(seats[1].state, SEAT_OVER);
    assert_int_equal(line.seats, 2);
    line_due(&line, 90000);
    assert_int_equal(ends, 2);
    assert_int_equal(falls, 0);
}

TEST(a_person_vouches_for_a_seat_until_its_next_token_falls)
{
    arrive(1);
    line_called(&line, 1, true, 0);
    assert_true(line_here(&line, &seats[0], false, 1));
    line_give(&line, &seats[0], 100, 2);
    line_due(&line, 100);
    assert_false(line_here(&line, &seats[0], false, 101));
    assert_false(seats[0].vouched);
    assert_true(line_here(&line, &seats[0], true, 102));
    assert_true(line_here(&line, &seats[0], false, 103));
    assert_true(seats[0].vouched);
    line_give(&line, &seats[0], 200, 104);
    assert_true(seats[0].vouched);
    line_due(&line, 200);
    assert_false(seats[0].vouched);
}
TEST(counts_of_a_call_that_failed_are_said_again)
{
    arrive(4);
    line_called(&line, 4, true, 0);
    say(true, 32, 1, 10);
    assert_int_equal(report.asked, 4);
    line_uncount(&line, report.asked, report.answered);
    line_here(&line, &seats[0], false, 20);
    say(true, 32, 1, 30);
    assert_int_equal(report.asked, 4);
    assert_int_equal(report.answered, 1);
}

TEST(lists_and_counts_agree_through_random_lives)
{
    uint64_t now = 0;
    size_t shown = 0;
    srand(3);
    for (int step = 0; step < 30000; step++) {
        struct seat *s = &seats[rand() % N];
        now += (uint64_t)(rand() % 20);
        if (s->state == SEAT_OVER) {
            *s = (struct seat){0};
            line_arrive(&line, s, (uint64_t)(s - seats) + 1, now);
        } else if (rand() % 20 == 0) {
            line_depart(&line, s);
        } else if (rand() % 3 == 0) {
            line_here(&line, s, rand() % 2, now);
        } else if (s->state == SEAT_READY) {
            line_give(&line, s, now + 10000, now);
        } else if (s->state == SEAT_GIVEN) {
            line_enter(&line, s, now + (uint64_t)(rand() % 9000));
        }
        if (rand() % 30 == 0)
            line_called(&line, line.called + (uint64_t)(rand() % 9), true, now);
        if (rand() % 5 == 0)
            line_due(&line, now);
        if (rand() % 4)
            continue;
        bool full = rand() % 10 == 0;
        say(full, 40, 3, now);
        shown = (full ? 0 : shown) + report.add_count - report.del_count;
        size_t ready = 0, uncalled = 0, alive = 0;
        for (size_t i = 0; i < N; i++) {
            ready += seats[i].state == SEAT_READY;
            uncalled += seats[i].state == SEAT_UNCALLED;
            alive += seats[i].state != SEAT_OVER;
            assert_true(seats[i].state == SEAT_READY || !seats[i].exposed);
        }
        assert_int_equal(alive, line.seats);
        assert_int_equal(uncalled, report.uncalled);
        assert_int_equal(ready, shown + report.held);
        assert_true(shown == 40 || report.held == 0);
    }
}
