#include "test.h"
#include "metrics.h"
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOINS_WS, JOINS_POLL, SOCKETS, LATENCY };
static const struct wr_metric table[] = {
    {"wr_joins_total", "kind=\"ws\"", "Joins.", WR_COUNTER},
    {"wr_joins_total", "kind=\"poll\"", "Joins.", WR_COUNTER},
    {"wr_sockets", NULL, "Open sockets.", WR_GAUGE},
    {"wr_checkout_seconds", NULL, "Time to an answer.", WR_HISTOGRAM},
};

/* Forks worker `index`, which does `work` and ends. */
static void in_worker(int index, void (*work)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        wr_metrics_worker(index);
        work();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void count_some(void)
{
    wr_metric_add(JOINS_WS, 3);
    wr_metric_add(JOINS_POLL, 1);
    wr_metric_set(SOCKETS, 5);
    wr_metric_observe_us(LATENCY, 100);
    wr_metric_observe_us(LATENCY, 101);
    wr_metric_observe_us(LATENCY, 60000000);
    wr_metrics_refusal(WR_ERR_SOLD_OUT);
}

static void count_nothing(void)
{
}

static void expect_lines(const char *const *lines)
{
    struct wr_buf out = {0};
    wr_metrics_render(&out);
    for (; *lines; lines++) {
        struct wr_buf line = {0};
        wr_buf_printf(&line, "\n%s\n", *lines);
        if (!strstr(out.at, line.at))
            fail_msg("missing: %s in\n%s", *lines, out.at);
        wr_buf_free(&line);
    }
    wr_buf_free(&out);
}

TEST(nothing_happens_before_the_table_is_open)
{
    struct wr_buf out = {0};
    wr_metric_add(0, 1);
    wr_metric_set(0, 1);
    wr_metric_observe_us(0, 1);
    wr_metrics_refusal(WR_ERR_BUSY);
    assert_int_equal(wr_metric_read(0), 0);
    wr_metrics_render(&out);
    assert_int_equal(out.len, 0);
}

TEST(the_text_is_the_sum_over_all_workers)
{
    wr_metrics_open(table, 4, 2);
    in_worker(0, count_some);
    in_worker(1, count_some);
    expect_lines((const char *const[]){
        "# TYPE wr_joins_total counter", "wr_joins_total{kind=\"ws\"} 6", "wr_joins_total{kind=\"poll\"} 2",
        "# TYPE wr_sockets gauge", "wr_sockets 10", "# TYPE wr_checkout_seconds histogram",
        "wr_checkout_seconds_bucket{le=\"0.0001\"} 2", "wr_checkout_seconds_bucket{le=\"0.00025\"} 4",
        "wr_checkout_seconds_bucket{le=\"10\"} 4", "wr_checkout_seconds_bucket{le=\"+Inf\"} 6",
        "wr_checkout_seconds_sum 120.000402", "wr_checkout_seconds_count 6",
        "wr_refusals_total{problem=\"sold-out\"} 2", "wr_refusals_total{problem=\"busy\"} 0", NULL});
}

TEST(a_restarted_worker_keeps_its_counts_and_loses_its_gauges)
{
    wr_metrics_open(table, 4, 2);
    in_worker(0, count_some);
    in_worker(1, count_some);
    in_worker(1, count_nothing);
    expect_lines((const char *const[]){"wr_joins_total{kind=\"ws\"} 6", "wr_sockets 5", NULL});
}

TEST(a_name_has_one_head)
{
    struct wr_buf out = {0};
    wr_metrics_open(table, 4, 1);
    wr_metrics_render(&out);
    char *first = strstr(out.at, "# TYPE wr_joins_total");
    assert_non_null(first);
    assert_null(strstr(first + 1, "# TYPE wr_joins_total"));
    wr_buf_free(&out);
}

TEST(a_worker_reads_its_own_part)
{
    wr_metrics_open(table, 4, 2);
    wr_metrics_worker(1);
    count_some();
    assert_int_equal(wr_metric_read(JOINS_WS), 3);
    assert_int_equal(wr_metric_read(LATENCY), 3);
    wr_metric_set(SOCKETS, 2);
    wr_metric_add(SOCKETS, -1);
    assert_int_equal(wr_metric_read(SOCKETS), 1);
    wr_metrics_worker(0);
    assert_int_equal(wr_metric_read(JOINS_WS), 0);
}

TEST(a_counter_kept_elsewhere_is_caught_up_with_and_never_falls)
{
    wr_metrics_open(table, 4, 1);
    wr_metrics_worker(0);
    wr_metric_raise_to(JOINS_WS, 3);
    wr_metric_raise_to(JOINS_WS, 5);
    assert_int_equal(wr_metric_read(JOINS_WS), 5);
    wr_metric_raise_to(JOINS_WS, 0); /* a worker was started again, its library counts anew */
    assert_int_equal(wr_metric_read(JOINS_WS), 5);
}
