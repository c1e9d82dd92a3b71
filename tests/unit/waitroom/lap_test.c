#include "test.h"
#include "lap.h"
#include <stdlib.h>

#define N 50
static struct link head, links[N];
static bool in[N];
static int visits[N];
static struct lap lap;

static void ring(size_t n)
{
    link_init(&head);
    lap = (struct lap){0};
    for (size_t i = 0; i < N; i++) {
        link_init(&links[i]);
        in[i] = i < n;
        visits[i] = 0;
        if (in[i])
            list_append(&head, &links[i]);
    }
}
static bool step(void)
{
    struct link *l = lap_next(&lap, &head);
    if (l)
        visits[l - links]++;
    return l != NULL;
}
static void take_out(size_t i)
{
    lap_leave(&lap, &links[i]);
    link_out(&links[i]);
    in[i] = false;
}

TEST(a_lap_visits_everybody_once_and_is_over)
{
    ring(0);
    assert_false(step());
    lap_begin(&lap, &head);
    assert_false(step());
    ring(3);
    lap_begin(&lap, &head);
    for (int i = 0; i < 3; i++)
        assert_true(step());
    assert_false(step());
    assert_false(lap_is_under_way(&lap));
    for (int i = 0; i < 3; i++)
        assert_int_equal(visits[i], 1);
}

TEST(a_lap_that_begins_again_and_again_still_comes_to_the_last_one)
{
    ring(10);
    for (int i = 0; i < 10; i++) {
        lap_begin(&lap, &head);
        assert_true(step());
    }
    for (int i = 0; i < 10; i++)
        assert_int_equal(visits[i], 1);
    for (int more = 0; more < 9; more++) /* from its last beginning once around: who was visited then was told all */
        assert_true(step());
    assert_false(step());
}

TEST(whoever_leaves_takes_the_lap_along_neither_lost_nor_longer)
{
    ring(6);
    lap_begin(&lap, &head);
    step();
    step();
    lap_begin(&lap, &head); /* its end: 2 */
    step();
    take_out(3); /* the next one */
    take_out(2); /* the end */
    while (step())
        ;
    static const int expected[] = {2, 2, 1, 0, 1, 1};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(visits[i], expected[i]);
    ring(4);
    lap_begin(&lap, &head);
    for (int i = 0; i < 3; i++)
        step();
    lap_begin(&lap, &head); /* its end: the last one */
    step();
    take_out(3);
    while (step())
        ;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(visits[i], 2);
}

TEST(random_rings_visit_all_that_stayed_since_the_lap_began_and_come_to_an_end)
{
    bool stayed[N] = {0};
    srand(7);
    ring(N / 2);
    for (int i = 0; i < 200000; i++) {
        size_t k = (size_t)rand() % N;
        if (rand() % 40 == 0) {
            lap_begin(&lap, &head);
            memset(visits, 0, sizeof visits);
            memcpy(stayed, in, sizeof stayed);
        } else if (rand() % 10 == 0 && in[k]) {
            take_out(k);
            stayed[k] = false;
        } else if (rand() % 10 == 0 && !in[k]) {
            list_append(&head, &links[k]);
            in[k] = true;
            visits[k] = 0;
        } else if (lap_is_under_way(&lap) && !step()) {
            for (size_t j = 0; j < N; j++)
                assert_true(!stayed[j] || visits[j] == 1);
        }
        for (size_t j = 0; j < N; j++)
            assert_true(visits[j] <= 1);
    }
}
