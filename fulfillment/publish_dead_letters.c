/* publish_dead_letters.c
 *
 *   read the oldest (PostgreSQL) --> send (Kafka) --delivered--> mark (PostgreSQL) --> the next
 *
 * One at a time: there are few. A message may come twice in the topic; its id tells. What would be too large for a message is
 * published without its payload, or it would hold up all later ones. */
#include "publish_dead_letters.h"
#include "fulfillmentd.h"
#include "json.h"
#include "keyspace.h"
#include "mem.h"
#include "repeat.h"
#include "sql_fulfillment.h"
#include <stdlib.h>

enum { PAUSE_MS = 2000 };

struct publish_dead_letters {
    struct fulfillment *f;
    struct repeat *repeat;
    char id[24]; /* "": none */
    char key[401];
    struct wr_buf message;
};

static enum wr_err read_next(struct wr_pg_conn *c, void *op);
static void on_read(void *op, enum wr_err err);
static void on_delivered(void *ctx, enum wr_err err);
static enum wr_err mark(struct wr_pg_conn *c, void *op);
static void on_marked(void *op, enum wr_err err);

static void run(void *ctx)
{
    struct publish_dead_letters *p = ctx;
    if (wr_pg_submit(p->f->pg, read_next, on_read, p) != WR_OK)
        repeat_ended(p->repeat, REPEAT_FAILED);
}

static void render(struct publish_dead_letters *p, const struct wr_rows *rows)
{
    struct wr_json *json = wr_json_build(
        "{s:I, s:s, s:I, s:I, s:s, s:s, s:I, s:s*}", "id", (int64_t)wr_rows_int(rows, 0, "id"), "source",
        wr_rows_text(rows, 0, "source"), "partition", (int64_t)wr_rows_int(rows, 0, "partition"), "offset",
        (int64_t)wr_rows_int(rows, 0, "position"), "key", wr_rows_text(rows, 0, "key"), "error",
        wr_rows_text(rows, 0, "error"), "payload_bytes", (int64_t)wr_rows_int(rows, 0, "bytes"),
        "payload_base64", wr_rows_text(rows, 0, "payload"));
    wr_buf_clear(&p->message);
    wr_json_render(json, &p->message);
    wr_json_free(json);
    wr_rows_copy(rows, 0, "id", p->id, sizeof p->id);
    wr_rows_copy(rows, 0, "key", p->key, sizeof p->key);
}

static enum wr_err read_next(struct wr_pg_conn *c, void *op)
{
    struct publish_dead_letters *p = op;
    struct wr_rows *rows;
    p->id[0] = '\0';
    enum wr_err err = wr_pg_query(c, &wr_sql_read_unpublished, 0, NULL, &rows);
    if (err)
        return err;
    if (wr_rows_count(rows))
        render(p, rows);
    wr_rows_free(rows);
    return WR_OK;
}

static void on_read(void *op, enum wr_err err)
{
    struct publish_dead_letters *p = op;
    if (!err && !p->id[0]) {
        repeat_ended(p->repeat, REPEAT_IDLE);
        return;
    }
    /* It would wait in the producer for half a minute, and whoever drains would wait for it. The letter stays in its table. */
    if (!err && !wr_producer_connected(p->f->producer))
        err = WR_ERR_BACKEND;
    if (!err)
        err = wr_producer_send(p->f->producer, WR_TOPIC_DEAD_LETTERS, p->key, p->message.at, p->message.len,
                               on_delivered, p);
    if (err)
        repeat_ended(p->repeat, REPEAT_FAILED);
}

static void on_delivered(void *ctx, enum wr_err err)
{
    struct publish_dead_letters *p = ctx;
    if (err || wr_pg_submit(p->f->pg, mark, on_marked, p) != WR_OK)
        repeat_ended(p->repeat, REPEAT_FAILED);
}

static enum wr_err mark(struct wr_pg_conn *c, void *op)
{
    struct publish_dead_letters *p = op;
    return wr_pg_query(c, &wr_sql_mark_published, 1, (const char *[]){p->id}, NULL);
}

static void on_marked(void *op, enum wr_err err)
{
    struct publish_dead_letters *p = op;
    repeat_ended(p->repeat, err ? REPEAT_FAILED : REPEAT_MORE);
}

static void close_flow(void *ctx)
{
    struct publish_dead_letters *p = ctx;
    wr_buf_free(&p->message);
    free(p);
}

static const struct repeat_kind repeated = {.pause_ms = PAUSE_MS, .run = run, .close = close_flow};

struct repeat *publish_dead_letters_open(struct fulfillment *f)
{
    struct publish_dead_letters *p = wr_alloc(sizeof *p);
    p->f = f;
    p->repeat = repeat_new(&f->repeats, f->loop, &repeated, p);
    return p->repeat;
}
