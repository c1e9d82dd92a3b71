#include "ticket.h"
#include "file.h"
#include "log.h"
#include "mem.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 8
#define KID_MAX 16
#define MAC_LEN 43 /* 32 bytes as base64url */
#define FILE_MAX 4096

struct wr_ticket_key {
    struct {
        char kid[KID_MAX + 1];
        struct wr_hmac *hmac;
    } keys[KEYS_MAX];
    size_t count;
};

/* ---- the key file ---- */

static bool kid_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

static struct wr_hmac *find(const struct wr_ticket_key *key, const char *kid, size_t len)
{
    for (size_t i = 0; i < key->count; i++) {
        if (strlen(key->keys[i].kid) == len && memcmp(key->keys[i].kid, kid, len) == 0)
            return key->keys[i].hmac;
    }
    return NULL;
}

/* One line, "<kid> <64 hex digits>". */
static bool add_line(struct wr_ticket_key *key, const char *line, size_t len)
{
    uint8_t secret[32];
    size_t kid_len = 0;
    while (kid_len < len && kid_char(line[kid_len]))
        kid_len++;
    if (key->count == KEYS_MAX || kid_len == 0 || kid_len > KID_MAX || len != kid_len + 1 + 64 ||
        line[kid_len] != ' ' || !wr_unhex(line + kid_len + 1, 64, secret) || find(key, line, kid_len))
        return false;
    memcpy(key->keys[key->count].kid, line, kid_len);
    key->keys[key->count++].hmac = wr_hmac_new(secret, sizeof secret);
    return true;
}

enum wr_err wr_ticket_key_load(struct wr_ticket_key **out, const char *path)
{
    struct wr_buf text = {0};
    struct wr_ticket_key *key = wr_alloc(sizeof *key);
    int line_number = 0;
    *out = NULL;
    enum wr_err err = wr_file_read(&text, path, FILE_MAX);
    for (char *line = text.at; !err && line && *line;) {
        size_t len = strcspn(line, "\n");
        line_number++;
        if (!add_line(key, line, len))
            err = WR_ERR_INVALID;
        line += len + (line[len] == '\n');
    }
    if (!err && key->count == 0)
        err = WR_ERR_INVALID;
    if (err == WR_ERR_INVALID)
        wr_error("ticket keys out of shape",
                 "file=\"%s\" line=%d expected=\"a new kid, a space, 64 hex digits\"", path, line_number);
    wr_buf_free(&text);
    if (err)
        wr_ticket_key_free(key);
    else
        *out = key;
    return err;
}

void wr_ticket_key_free(struct wr_ticket_key *key)
{
    if (!key)
        return;
    for (size_t i = 0; i < key->count; i++)
        wr_hmac_free(key->keys[i].hmac);
    free(key);
}

/* ---- tickets ---- */

static int64_t at_least_0(int64_t n)
{
    return n > 0 ? n : 0; /* there was no estimate */
}

void wr_ticket_sign(struct wr_ticket_key *key, const struct wr_ticket *t, char out[WR_TICKET_MAX])
{
    uint8_t mac[32];
    assert(t->run >= 0 && t->lane >= 0 && t->place <= INT64_MAX && t->moves >= 0);
    int len = snprintf(out, WR_TICKET_MAX,
                       "wt1.%s.%" PRId64 ".%d.%" PRIu64 ".%s.%d.%" PRId64 ".%" PRId64 ".%" PRId64,
                       key->keys[0].kid, t->run, t->lane, t->place, t->shopper, t->moves, t->issued_s,
                       at_least_0(t->told_low_s), at_least_0(t->told_high_s));
    assert(len > 0 && len + 1 + MAC_LEN < WR_TICKET_MAX);
    wr_hmac_sign(key->keys[0].hmac, out, (size_t)len, mac);
    out[len] = '.';
    wr_base64url(mac, sizeof mac, out + len + 1);
}

/* The text between two dots; `*at` moves behind the second. False when there is no dot. */
static bool next_part(const char **at, const char *end, const char **part, size_t *len)
{
    const char *dot = memchr(*at, '.', (size_t)(end - *at));
    if (!dot)
        return false;
    *part = *at;
    *len = (size_t)(dot - *at);
    *at = dot + 1;
    return true;
}

static bool next_number(const char **at, const char *end, int64_t max, int64_t *out)
{
    const char *part;
    size_t len;
    if (!next_part(at, end, &part, &len) || len == 0 || len > 19 || (len > 1 && part[0] == '0'))
        return false;
    uint64_t n = 0; /* 19 digits fit */
    for (size_t i = 0; i < len; i++) {
        if (part[i] < '0' || part[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(part[i] - '0');
    }
    if (n > (uint64_t)max)
        return false;
    *out = (int64_t)n;
    return true;
}

/* `at` is behind the kid's dot, `end` behind the last number's dot. */
static bool read_parts(const char *at, const char *end, struct wr_ticket *out)
{
    const char *shopper;
    size_t shopper_len;
    int64_t lane, place, moves;
    if (!next_number(&at, end, INT64_MAX, &out->run) || !next_number(&at, end, INT_MAX, &lane) ||
        !next_number(&at, end, INT64_MAX, &place) || !next_part(&at, end, &shopper, &shopper_len) ||
        !wr_shopper_valid(shopper, shopper_len) || !next_number(&at, end, INT_MAX, &moves) ||
        !next_number(&at, end, INT64_MAX, &out->issued_s) ||
        !next_number(&at, end, INT64_MAX, &out->told_low_s) ||
        !next_number(&at, end, INT64_MAX, &out->told_high_s) || at != end)
        return false;
    out->lane = (int)lane;
    out->place = (uint64_t)place;
    out->moves = (int)moves;
    return wr_copy_text(out->shopper, sizeof out->shopper, shopper, shopper_len);
}

enum wr_err wr_ticket_verify(struct wr_ticket_key *key, const char *text, size_t len, struct wr_ticket *out)
{
    uint8_t told[32], mac[32];
    const char *at = text, *part;
    size_t part_len;
    if (len >= WR_TICKET_MAX || len < MAC_LEN + 1)
        return WR_ERR_TICKET_INVALID;
    const char *end = text + len - MAC_LEN; /* behind the last dot */
    if (end[-1] != '.' || wr_unbase64url(end, MAC_LEN, told, sizeof told) != sizeof told)
        return WR_ERR_TICKET_INVALID;
    if (!next_part(&at, end, &part, &part_len) || part_len != 3 || memcmp(part, "wt1", 3) != 0)
        return WR_ERR_TICKET_INVALID;
    struct wr_hmac *hmac = next_part(&at, end, &part, &part_len) ? find(key, part, part_len) : NULL;
    if (!hmac)
        return WR_ERR_TICKET_INVALID;
    wr_hmac_sign(hmac, text, (size_t)(end - 1 - text), mac);
    if (!wr_equal(mac, told, sizeof mac))
        return WR_ERR_TICKET_INVALID;
    struct wr_ticket ticket;
    if (!read_parts(at, end, &ticket))
        return WR_ERR_TICKET_INVALID;
    *out = ticket;
    return WR_OK;
}
