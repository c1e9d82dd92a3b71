#include "session_store.h"
#include "clock.h"
#include "log.h"
#include "mem.h"
#include "session_json.h"
#include "sql_sandbox.h"
#include <stdlib.h>
#include <string.h>

enum wr_err session_read(const struct wr_rows *rows, size_t row, struct session *s)
{
    *s = (struct session){
        .amount = wr_rows_int(rows, row, "amount"),
        .expires_s = wr_rows_int(rows, row, "expires_s"),
        .created_s = wr_rows_int(rows, row, "created_s"),
        .left_s = wr_rows_int(rows, row, "left_s"),
        .declined = (int)wr_rows_int(rows, row, "declined"),
        .past = wr_rows_bool(rows, row, "past"),
    };
    wr_rows_copy(rows, row, "id", s->id, sizeof s->id);
    wr_rows_copy(rows, row, "reference", s->reference, sizeof s->reference);
    wr_rows_copy(rows, row, "currency", s->currency, sizeof s->currency);
    wr_rows_copy(rows, row, "description", s->description, sizeof s->description);
    wr_rows_copy(rows, row, "sale", s->sale, sizeof s->sale);
    wr_rows_copy(rows, row, "success_url", s->success_url, sizeof s->success_url);
    wr_rows_copy(rows, row, "refund_key", s->refund_key, sizeof s->refund_key);
    if (session_status_parse(wr_rows_text(rows, row, "status"), &s->status) &&
        session_payment_parse(wr_rows_text(rows, row, "payment_status"), &s->payment))
        return WR_OK;
    wr_error("state of a session not understood", "session=%s", s->id);
    return WR_ERR_INTERNAL;
}

enum wr_err session_find(struct wr_pg_conn *c, const struct wr_sql *sql, const char *key, struct session *out)
{
    return session_query(c, sql, 1, &key, out);
}

enum wr_err session_query(struct wr_pg_conn *c, const struct wr_sql *sql, int n, const char *const values[],
                          struct session *out)
{
    struct wr_rows *rows;
    enum wr_err err = wr_pg_query(c, sql, n, values, &rows);
    if (err)
        return err;
    err = wr_rows_count(rows) ? WR_OK : WR_ERR_NOT_FOUND;
    if (!err)
        err = session_read(rows, 0, out);
    wr_rows_free(rows);
    return err;
}

static void render_event(struct session_news *news, const struct session *s, const char *type,
                         const char *base)
{
    struct wr_buf payload = {0};
    random_id("evt_", news->id);
    struct wr_json *event = event_json(news->id, type, wr_wall_ms() / 1000, s, base);
    wr_json_render(event, &payload);
    wr_json_free(event);
    news->payload = payload.at;
}

enum wr_err session_change(struct wr_pg_conn *c, struct session *s, enum session_act act, const char *key,
                           const char *base, enum session_verdict *verdict, struct session_news *news)
{
    const struct session before = *s;
    news->payload = NULL;
    *verdict = session_apply(s, act, key);
    if (*verdict != SESSION_CHANGED)
        return WR_OK;
    const char *type = session_event(act);
    if (type)
        render_event(news, s, type, base);
    const char *const values[] = {s->id,
                                  session_status_name(before.status),
                                  session_payment_name(before.payment),
                                  WR_PG_INT(before.declined),
                                  session_status_name(s->status),
                                  session_payment_name(s->payment),
                                  WR_PG_INT(s->declined),
                                  s->refund_key,
                                  type ? news->id : NULL,
                                  type,
                                  news->payload,
                                  WR_PG_INT(news->lease_ms)};
    struct wr_rows *rows;
    enum wr_err err = wr_pg_query(c, &wr_sql_change_session, 12, values, &rows);
    if (!err && !wr_rows_count(rows))
        err = WR_ERR_CONFLICT;
    wr_rows_free(rows);
    if (err) {
        free(news->payload);
        news->payload = NULL;
    }
    return err;
}
