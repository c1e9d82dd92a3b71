#include "dead_letter.h"
#include "crypto.h"
#include "sql_fulfillment.h"
#include <stdlib.h>
#include <string.h>

/* A column of type text takes neither broken UTF-8 nor NUL: such a key is kept as hex. */
static void add_key(struct wr_buf *array, const char *key, size_t len)
{
    if (!key) {
        wr_pg_array_add(array, NULL);
        return;
    }
    bool plain = len < 200;
    for (size_t i = 0; plain && i < len; i++)
        plain = key[i] > ' ' && key[i] < 0x7f;
    size_t kept = len < 200 ? len : 200;
    char *text = wr_alloc(2 * kept + 1);
    if (plain)
        memcpy(text, key, len);
    else
        wr_hex(key, kept, text);
    wr_pg_array_add(array, text);
    free(text);
}

static void add_hex(struct wr_buf *array, const void *bytes, size_t len)
{
    char *text = wr_alloc(2 * len + 1);
    wr_hex(bytes, len, text);
    wr_pg_array_add(array, text);
    free(text);
}

void dead_letters_add(struct dead_letters *d, int32_t partition, int64_t position, const char *key,
                      size_t key_len, const void *payload, size_t len, const char *error)
{
    wr_pg_array_int(&d->partitions, partition);
    wr_pg_array_int(&d->positions, position);
    add_key(&d->keys, key, key_len);
    add_hex(&d->payloads, payload, len);
    wr_pg_array_add(&d->errors, error);
    d->count++;
}

enum wr_err dead_letters_keep(struct wr_pg_conn *c, struct dead_letters *d, const char *source)
{
    if (!d->count)
        return WR_OK;
    struct wr_buf *arrays[] = {&d->partitions, &d->positions, &d->keys, &d->payloads, &d->errors};
    const char *values[6] = {source};
    for (size_t i = 0; i < 5; i++) {
        wr_pg_array_end(arrays[i]);
        values[i + 1] = arrays[i]->at;
    }
    return wr_pg_query(c, &wr_sql_keep_dead_letters, 6, values, NULL);
}

void dead_letters_free(struct dead_letters *d)
{
    wr_buf_free(&d->partitions);
    wr_buf_free(&d->positions);
    wr_buf_free(&d->keys);
    wr_buf_free(&d->payloads);
    wr_buf_free(&d->errors);
}

enum wr_err dead_letter_keep(struct wr_pg_conn *c, const char *source, const void *payload, size_t len,
                             const char *error)
{
    char *hex = wr_alloc(2 * len + 1);
    wr_hex(payload, len, hex);
    enum wr_err err = wr_pg_query(c, &wr_sql_keep_dead_letter, 3, (const char *[]){source, hex, error}, NULL);
    free(hex);
    return err;
}
