#include "session_store.h"
#include "clock.h"
#include "mem.h"
#include "session_json.h"
#include "sql_sandbox.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy(char *out, size_t cap, const struct wr_rows *rows, size_t row, const char *column)
{
    snprintf(out, cap, "%s", wr_rows_text(rows, row, column));
}

void session_read(const struct wr_rows *rows, size_t row, struct session *s)
{
    *s = (struct session){
        .amount = wr_rows_int(rows, row, "amount"),
        .expires_s = wr_rows_int(rows, row, "expires_s"),
        .created_s = wr_rows_int(rows, row, "created_s"),
        .left_s = wr_rows_int(rows, row, "left_s"),
        .declined = (int)wr_rows_int(rows, row, "declined"),
        .past = wr_rows_bool(rows, row, "past"),
    };
    session_status_parse(wr_rows_text(rows, row, "status"), &s->status);
    session_payment_parse(wr_rows_text(rows, row, "payment_status"), &s->payment);
    copy(s->id, sizeof s->id, rows, row, "id");
    copy(s->reference, sizeof s->reference, rows, row, "reference");
    copy(s->currency, sizeof s->currency, rows, row, "currency");
    copy(s->description, sizeof s->description, rows, row, "description");
    copy(s->sale, sizeof s->sale, rows, row, "sale");
    copy(s->success_url, sizeof s->success_url, rows, row, "success_url");
    copy(s->refund_key, sizeof s->refund_key, rows, row, "refund_key");
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
        session_read(rows, 0, out);
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
    char declined_before[16], declined[16], lease[24];
    snprintf(declined_before, sizeof declined_before, "%d", before.declined);
    snprintf(declined, sizeof declined, "%d", s->declined);
    snprintf(lease, sizeof lease, "%" PRId64, news->lease_ms);
    const char *const values[] = {s->id,
                                  session_status_name(before.status),
                                  session_payment_name(before.payment),
                                  declined_before,
                                  session_status_name(s->status),
                                  session_payment_name(s->payment),
                                  declined,
                                  s->refund_key,
                                  type ? news->id : NULL,
                                  type,
                                  news->payload,
                                  lease};
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
