#include "keyring.h"
#include "file.h"
#include "log.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ISSUER_MAX 64

struct keys { /* what one reading of the folder gave */
    struct wr_key_list list;
    struct wr_ed25519 *public[WR_KEYRING_MAX];
    struct wr_ed25519 *signer; /* private; NULL when only verifying */
    char signer_kid[WR_KID_MAX];
};

struct stamp { /* tells one keys.json from the next: it is replaced, never rewritten */
    ino_t inode;
    struct timespec modified;
    off_t size;
};

struct wr_keyring {
    char *folder, *issuer;
    enum wr_keyring_use use;
    struct stamp stamp;
    struct keys keys;
};

static const char *const state_names[] = {
    [WR_KEY_NEXT] = "next", [WR_KEY_CURRENT] = "current", [WR_KEY_PREVIOUS] = "previous"};

const char *wr_key_state_name(enum wr_key_state state)
{
    return state_names[state];
}

/* ---- keys.json ---- */

struct row {
    char kid[WR_KID_MAX], state[12], x[44];
    int64_t replaced;
};
static const struct wr_json_field row_fields[] = {
    WR_FIELD_TEXT(struct row, kid, "kid", true),
    WR_FIELD_TEXT(struct row, state, "state", true),
    WR_FIELD_TEXT(struct row, x, "x", true),
    WR_FIELD_INT(struct row, replaced, "replaced", false, 0, 0),
    {0},
};

/* The kid becomes a file's name. */
static bool kid_valid(const char *kid)
{
    return kid[0] &&
           kid[strspn(kid, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] == '\0';
}

static bool state_of(const char *name, enum wr_key_state *out)
{
    for (int state = WR_KEY_NEXT; state <= WR_KEY_PREVIOUS; state++) {
        if (strcmp(name, state_names[state]) == 0) {
            *out = (enum wr_key_state)state;
            return true;
        }
    }
    return false;
}

static bool read_row(const struct wr_json *v, struct wr_key_list *list, char why[160])
{
    struct row row = {0};
    struct wr_key_entry entry = {0};
    if (list->count == WR_KEYRING_MAX) {
        strcpy(why, "There are too many keys.");
        return false;
    }
    if (wr_json_decode(v, row_fields, &row, why))
        return false;
    memcpy(entry.kid, row.kid, sizeof entry.kid);
    entry.replaced_s = row.replaced;
    if (!kid_valid(row.kid) || !state_of(row.state, &entry.state) || wr_key_list_find(list, row.kid) ||
        wr_unbase64url(row.x, strlen(row.x), entry.x, sizeof entry.x) != sizeof entry.x) {
        strcpy(why, "A key's kid, state or x is not acceptable.");
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (entry.state == WR_KEY_CURRENT && list->at[i].state == WR_KEY_CURRENT) {
            strcpy(why, "Two keys are current.");
            return false;
        }
    }
    list->at[list->count++] = entry;
    return true;
}

static struct wr_buf list_path(const char *folder)
{
    struct wr_buf path = {0};
    wr_buf_printf(&path, "%s/keys.json", folder);
    return path;
}

struct wr_buf wr_key_path(const char *folder, const char *kid)
{
    struct wr_buf path = {0};
    wr_buf_printf(&path, "%s/%s.pem", folder, kid);
    return path;
}

enum wr_err wr_key_list_read(struct wr_key_list *out, const char *folder)
{
    struct wr_buf path = list_path(folder), text = {0};
    struct wr_json *document = NULL;
    char why[160] = "There is no list of keys.";
    *out = (struct wr_key_list){0};
    enum wr_err err = wr_file_read(&text, path.at, WR_KEYRING_FILE_MAX);
    if (!err && wr_json_parse(&document, text.at, text.len, why) == WR_OK) {
        const struct wr_json *rows = wr_json_get(document, "keys");
        bool good = wr_json_count(rows) > 0;
        for (size_t i = 0; good && i < wr_json_count(rows); i++)
            good = read_row(wr_json_at(rows, i), out, why);
        err = good ? WR_OK : WR_ERR_INVALID;
    } else if (!err) {
        err = WR_ERR_INVALID;
    }
    if (err == WR_ERR_INVALID)
        wr_error("keys.json is out of shape", "file=\"%s\" what=\"%s\"", path.at, why);
    wr_json_free(document);
    wr_buf_free(&text);
    wr_buf_free(&path);
    return err;
}

enum wr_err wr_key_list_write(const struct wr_key_list *list, const char *folder)
{
    struct wr_json *rows = wr_json_build("[]");
    for (size_t i = 0; i < list->count; i++) {
        const struct wr_key_entry *entry = &list->at[i];
        char x[44];
        wr_base64url(entry->x, 32, x);
        struct wr_json *row = wr_json_build("{s:s, s:s, s:s}", "kid", entry->kid, "state",
                                            state_names[entry->state], "x", x);
        if (entry->state == WR_KEY_PREVIOUS)
            wr_json_set(row, "replaced", wr_json_build("I", entry->replaced_s));
        wr_json_append(rows, row);
    }
    struct wr_json *document = wr_json_build("{s:o}", "keys", rows);
    struct wr_buf path = list_path(folder), text = {0};
    wr_json_render(document, &text);
    wr_buf_text(&text, "\n");
    enum wr_err err = wr_file_replace(path.at, text.at, text.len, 0644);
    wr_json_free(document);
    wr_buf_free(&text);
    wr_buf_free(&path);
    return err;
}

struct wr_key_entry *wr_key_list_find(struct wr_key_list *list, const char *kid)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->at[i].kid, kid) == 0)
            return &list->at[i];
    }
    return NULL;
}

/* ---- the ring ---- */

static void drop_keys(struct keys *keys)
{
    for (size_t i = 0; i < keys->list.count; i++)
        wr_ed25519_free(keys->public[i]);
    wr_ed25519_free(keys->signer);
    *keys = (struct keys){0};
}

static enum wr_err load_signer(struct keys *keys, const struct wr_key_entry *entry, const char *folder)
{
    uint8_t x[32];
    struct wr_buf path = wr_key_path(folder, entry->kid);
    enum wr_err err = wr_ed25519_load(&keys->signer, path.at);
    if (!err) {
        wr_ed25519_raw(keys->signer, x);
        if (memcmp(x, entry->x, sizeof x) != 0) {
            wr_error("key is not the one keys.json names", "file=\"%s\"", path.at);
            err = WR_ERR_INVALID;
        }
        memcpy(keys->signer_kid, entry->kid, sizeof keys->signer_kid);
    }
    wr_buf_free(&path);
    return err;
}

static enum wr_err load(struct keys *keys, const char *folder, enum wr_keyring_use use)
{
    *keys = (struct keys){0};
    enum wr_err err = wr_key_list_read(&keys->list, folder);
    if (err) {
        keys->list.count = 0;
        return err;
    }
    for (size_t i = 0; i < keys->list.count; i++)
        keys->public[i] = wr_ed25519_public(keys->list.at[i].x);
    if (use == WR_KEYRING_VERIFY)
        return WR_OK;
    for (size_t i = 0; i < keys->list.count; i++) {
        if (keys->list.at[i].state == WR_KEY_CURRENT)
            err = load_signer(keys, &keys->list.at[i], folder);
    }
    if (!err && !keys->signer) {
        wr_error("no key is current", "folder=\"%s\"", folder);
        err = WR_ERR_INVALID;
    }
    if (err)
        drop_keys(keys);
    return err;
}

static struct stamp stamp_of(const char *folder)
{
    struct stat seen;
    struct stamp stamp = {0};
    struct wr_buf path = list_path(folder);
    if (stat(path.at, &seen) == 0)
        stamp = (struct stamp){.inode = seen.st_ino, .modified = seen.st_mtim, .size = seen.st_size};
    wr_buf_free(&path);
    return stamp;
}

static bool same_stamp(struct stamp a, struct stamp b)
{
    return a.inode == b.inode && a.size == b.size && a.modified.tv_sec == b.modified.tv_sec &&
           a.modified.tv_nsec == b.modified.tv_nsec;
}

enum wr_err wr_keyring_open(struct wr_keyring **out, const char *folder, const char *issuer,
                            enum wr_keyring_use use)
{
    *out = NULL;
    if (!issuer[0] || strlen(issuer) > ISSUER_MAX) { /* a token must fit into WR_TOKEN_MAX */
        wr_error("the issuer's name must have 1 to 64 bytes", "");
        return WR_ERR_INVALID;
    }
    struct wr_keyring *ring = wr_alloc(sizeof *ring);
    ring->folder = wr_strdup(folder);
    ring->issuer = wr_strdup(issuer);
    ring->use = use;
    ring->stamp = stamp_of(folder); /* before reading: a change in between is seen at the next refresh */
    enum wr_err err = load(&ring->keys, folder, use);
    if (err)
        wr_keyring_close(ring);
    else
        *out = ring;
    return err;
}

void wr_keyring_refresh(struct wr_keyring *ring)
{
    struct keys fresh;
    struct stamp stamp = stamp_of(ring->folder);
    if (same_stamp(stamp, ring->stamp))
        return;
    if (load(&fresh, ring->folder, ring->use)) {
        wr_error("keys changed and cannot be used; the old ones stay", "folder=\"%s\"", ring->folder);
        return; /* the stamp stays too: the next refresh tries again */
    }
    drop_keys(&ring->keys);
    ring->keys = fresh;
    ring->stamp = stamp;
    wr_info("keys read again", "folder=\"%s\" keys=%zu", ring->folder, fresh.list.count);
}

void wr_keyring_close(struct wr_keyring *ring)
{
    if (!ring)
        return;
    drop_keys(&ring->keys);
    free(ring->folder);
    free(ring->issuer);
    free(ring);
}

struct wr_json *wr_keyring_jwks(const struct wr_keyring *ring)
{
    struct wr_json *keys = wr_json_build("[]");
    for (size_t i = 0; i < ring->keys.list.count; i++) {
        const struct wr_key_entry *entry = &ring->keys.list.at[i];
        char x[44];
        wr_base64url(entry->x, 32, x);
        wr_json_append(keys, wr_json_build("{s:s, s:s, s:s, s:s, s:s, s:s}", "kty", "OKP", "crv", "Ed25519",
                                           "use", "sig", "alg", "EdDSA", "kid", entry->kid, "x", x));
    }
    return wr_json_build("{s:o}", "keys", keys);
}

const struct wr_ed25519 *wr_keyring_key(const struct wr_keyring *ring, const char *kid)
{
    for (size_t i = 0; i < ring->keys.list.count; i++) {
        if (strcmp(ring->keys.list.at[i].kid, kid) == 0)
            return ring->keys.public[i];
    }
    return NULL;
}

const struct wr_ed25519 *wr_keyring_signer(const struct wr_keyring *ring)
{
    return ring->keys.signer;
}

const char *wr_keyring_signer_kid(const struct wr_keyring *ring)
{
    return ring->keys.signer_kid;
}

const char *wr_keyring_issuer(const struct wr_keyring *ring)
{
    return ring->issuer;
}
