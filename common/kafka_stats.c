#include "kafka_stats.h"
#include "json.h"
#include <string.h>

static bool any_broker_up(const struct wr_json *stats)
{
    const struct wr_json *brokers = wr_json_get(stats, "brokers");
    const char *name;
    for (size_t i = 0; (name = wr_json_name(brokers, i)); i++) {
        const char *state = wr_json_text(wr_json_get(wr_json_get(brokers, name), "state"));
        if (state && (!strcmp(state, "UP") || !strcmp(state, "UPDATE")))
            return true;
    }
    return false;
}

/* -1: where it ends is not known yet. What was never read by this group begins at its start. */
static int64_t partition_lag(const struct wr_json *part)
{
    static const char *const floors[] = {"lo_offset", "committed_offset", "stored_offset"};
    int64_t end = wr_json_int(wr_json_get(part, "hi_offset"), -1);
    int64_t done = 0;
    for (size_t i = 0; i < sizeof floors / sizeof *floors; i++) {
        int64_t at = wr_json_int(wr_json_get(part, floors[i]), -1);
        if (at > done)
            done = at;
    }
    return end < 0 ? -1 : end < done ? 0 : end - done;
}

static int64_t total_lag(const struct wr_json *stats, const char *topic)
{
    const struct wr_json *partitions =
        wr_json_get(wr_json_get(wr_json_get(stats, "topics"), topic), "partitions");
    const char *name;
    int64_t total = -1;
    for (size_t i = 0; (name = wr_json_name(partitions, i)); i++) {
        const struct wr_json *part = wr_json_get(partitions, name);
        const char *state = wr_json_text(wr_json_get(part, "fetch_state"));
        if (!state || strcmp(state, "active") != 0)
            continue;
        int64_t lag = partition_lag(part);
        if (lag < 0)
            return -1;
        total = (total < 0 ? 0 : total) + lag;
    }
    return total;
}

struct wr_kafka_stats wr_kafka_stats(const char *text, size_t len, const char *topic)
{
    struct wr_kafka_stats result = {.lag = -1};
    struct wr_json *stats;
    if (wr_json_parse(&stats, text, len, NULL) != WR_OK)
        return result;
    result.connected = any_broker_up(stats);
    if (topic)
        result.lag = total_lag(stats, topic);
    wr_json_free(stats);
    return result;
}
