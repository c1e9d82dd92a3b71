#include "test.h"
#include "index.h"
#include "places.h"
#include <stdlib.h>

#define N 2000
static struct place_node nodes[N];

static int collect(void *ctx, struct place_node *node)
{
    uint64_t **at = ctx;
    *(*at)++ = node->place;
    return 1;
}

TEST(a_set_agrees_with_a_sorted_array_through_random_changes)
{
    struct places set = {0};
    bool in[N] = {false};
    uint64_t listed[N], *end;
    size_t count = 0;
    srand(7);
    for (size_t i = 0; i < N; i++)
        nodes[i] = (struct place_node){.place = 10 + 3 * i};
    for (int step = 0; step < 20000; step++) {
        size_t i = (size_t)rand() % N;
        if (in[i])
            places_remove(&set, &nodes[i]);
        else
            places_insert(&set, &nodes[i]);
        count += in[i] ? (size_t)-1 : 1;
        in[i] = !in[i];
        assert_int_equal(places_count(&set), count);
        if (step % 500)
            continue;
        end = listed;
        places_lowest(&set, N, collect, &end);
        assert_int_equal(end - listed, count);
        size_t k = 0;
        for (size_t j = 0; j < N; j++) {
            if (!in[j])
                continue;
            assert_ptr_equal(places_at(&set, k), &nodes[j]);
            assert_int_equal(listed[k++], nodes[j].place);
        }
        assert_null(places_at(&set, k));
    }
}

TEST(the_lowest_few_are_visited_in_order_and_no_more)
{
    struct places set = {0};
    uint64_t listed[N], *end = listed;
    assert_null(places_first(&set));
    for (size_t i = N; i-- > 0;) {
        nodes[i] = (struct place_node){.place = i};
        places_insert(&set, &nodes[i]);
    }
    places_lowest(&set, 5, collect, &end);
    assert_int_equal(end - listed, 5);
    assert_int_equal(listed[4], 4);
}

TEST(an_index_finds_every_node_of_a_key)
{
    static struct index_node n[1000];
    struct index index = {0};
    assert_null(index_find(&index, 1));
    for (size_t i = 0; i < 1000; i++)
        index_add(&index, &n[i], i / 2);
    for (size_t i = 0; i < 500; i++) {
        struct index_node *a = index_find(&index, i), *b = index_find_next(a);
        assert_true((a == &n[2 * i] && b == &n[2 * i + 1]) || (a == &n[2 * i + 1] && b == &n[2 * i]));
        assert_null(index_find_next(b));
    }
    index_remove(&index, &n[8]);
    assert_ptr_equal(index_find(&index, 4), &n[9]);
    index_remove(&index, &n[9]);
    assert_null(index_find(&index, 4));
    index_free(&index);
}
