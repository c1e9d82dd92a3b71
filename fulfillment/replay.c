/* replay.c - `fulfillmentd replay ID`: a dead letter is taken again, in this process and at once; the running
 * daemon does the rest. What it became is printed; one that is still not understood stays a dead letter. */
#include "crypto.h"
#include "fulfillmentd.h"
#include "json.h"
#include "log.h"
#include "mem.h"
#include "record_orders.h"
#include "sql_fulfillment.h"
#include "take_webhook.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct letter {
    char source[80];
    char *payload;
    size_t len;
    int64_t partition, position;
    bool replayed;
};

static enum wr_err read_letter(struct wr_pg_conn *c, const char *id, struct letter *letter)
{
    struct wr_rows *rows;
    enum wr_err err = wr_pg_query(c, &wr_sql_read_dead_letter, 1, (const char *[]){id}, &rows);
    if (err)
        return err;
    if (wr_rows_count(rows) == 1) {
        const char *hex = wr_rows_text(rows, 0, "payload");
        letter->len = strlen(hex) / 2;
        letter->payload = wr_alloc(letter->len + 1);
        letter->partition = wr_rows_int(rows, 0, "partition");
        letter->position = wr_rows_int(rows, 0, "position");
        letter->replayed = wr_rows_bool(rows, 0, "replayed");
        wr_rows_copy(rows, 0, "source", letter->source, sizeof letter->source);
        err = wr_unhex(hex, 2 * letter->len, letter->payload) ? WR_OK : WR_ERR_INTERNAL;
    } else {
        err = WR_ERR_NOT_FOUND;
    }
    wr_rows_free(rows);
    return err;
}

static enum wr_err replay_event(struct wr_pg_conn *c, const struct letter *letter)
{
    /* Under its old number: should it be refused again, it is the letter that is there already. */
    struct batch_item item = {.partition = (int32_t)letter->partition,
                              .position = letter->position,
                              .payload = letter->payload,
                              .len = letter->len};
    struct order_batch batch = {.source = letter->source, .items = &item, .count = 1};
    batch_item_read(&item);
    enum wr_err err = item.dead ? WR_OK : record_orders(c, &batch);
    if (!err && item.dead) {
        printf("still refused: %s\n", item.why);
        err = WR_ERR_INVALID;
    }
    if (!err)
        printf("order %s: %s\n", item.event.order_id,
               batch.done.accepted    ? "accepted"
               : batch.done.oversold  ? "failed: no unit is left"
               : batch.done.cancelled ? "cancelled"
               : batch.done.cancels   ? "its cancel is remembered"
                                      : "known already, or refused for good and its shopper told");
    return err;
}

static enum wr_err replay_webhook(struct wr_pg_conn *c, const struct letter *letter)
{
    struct wr_json *json;
    struct provider_event event;
    struct stored_webhook webhook = {.event = &event, .body = letter->payload};
    enum wr_err err = wr_json_parse(&json, letter->payload, letter->len, NULL);
    if (!err) {
        err = provider_event_decode(json, &event);
        wr_json_free(json);
    }
    if (err)
        printf("still not understood: no event of the payment provider's\n");
    else
        err = webhooks_store(c, &webhook, 1);
    if (!err && !webhook.fresh)
        err = wr_pg_query(c, &wr_sql_revive_webhook, 1, (const char *[]){event.id}, NULL);
    if (!err)
        printf("webhook %s: %s\n", event.id,
               webhook.fresh ? "stored" : "known already; if it was given up, it is due again");
    return err;
}

static enum wr_err replay_refund(struct wr_pg_conn *c, const struct letter *letter)
{
    struct wr_json *json;
    struct wr_rows *rows = NULL;
    enum wr_err err = wr_json_parse(&json, letter->payload, letter->len, NULL);
    if (err)
        return err;
    const char *session = wr_json_text(wr_json_get(json, "session_id"));
    err =
        session ? wr_pg_query(c, &wr_sql_retry_refund, 1, (const char *[]){session}, &rows) : WR_ERR_INVALID;
    if (!err)
        printf("refund of session %s: %s\n", session,
               wr_rows_count(rows) ? "is tried again" : "is not one that was given up");
    wr_rows_free(rows);
    wr_json_free(json);
    return err;
}

static enum wr_err replay_payload(struct wr_pg_conn *c, const struct letter *letter)
{
    if (strcmp(letter->source, "webhook") == 0)
        return replay_webhook(c, letter);
    if (strcmp(letter->source, "refund") == 0)
        return replay_refund(c, letter);
    return replay_event(c, letter);
}

static enum wr_err replay(struct wr_pg_conn *c, const char *id)
{
    struct letter letter = {0};
    enum wr_err err = read_letter(c, id, &letter);
    if (!err && letter.replayed)
        printf("it was replayed before\n");
    if (!err)
        err = replay_payload(c, &letter);
    if (!err)
        err = wr_pg_query(c, &wr_sql_mark_replayed, 1, (const char *[]){id}, NULL);
    free(letter.payload);
    return err;
}

int fulfillment_replay(const void *config, int argc, char **argv)
{
    const struct fulfillment_config *options = config;
    const char *id = argc == 1 ? argv[0] : "";
    if (!options->database[0] || !*id || strspn(id, "0123456789") != strlen(id) || strlen(id) > 18) {
        fprintf(stderr, "usage: fulfillmentd replay ID --database URL (ID: that of a row of dead_letters)\n");
        return 2;
    }
    struct wr_pg_conn *c;
    enum wr_err err = wr_pg_connect(&c, options->database);
    if (!err) {
        err = replay(c, id);
        wr_pg_disconnect(c);
    }
    if (err == WR_ERR_NOT_FOUND)
        fprintf(stderr, "there is no dead letter %s\n", id);
    else if (err && err != WR_ERR_INVALID)
        fprintf(stderr, "fulfillmentd replay: %s\n", wr_err_title(err));
    return err ? 1 : 0;
}
