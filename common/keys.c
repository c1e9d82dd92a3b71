/* keys.c - what `admissiond keys` does to the folder: next -> current -> previous -> gone.
 *
 * Staged first and activated later, a key is known to every verifier before anything is signed with it. Retired no sooner
 * than the last token that it signed ends, it takes nobody's admission away. */
#include "clock.h"
#include "file.h"
#include "keyring.h"
#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEPT_S (86400 + 60) /* the longest admission_s, and what a worker may have signed before it knew */

/* One change at a time; the lock goes with the descriptor. */
static enum wr_err lock_folder(const char *folder, int *fd)
{
    *fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd >= 0 && flock(*fd, LOCK_EX) == 0)
        return WR_OK;
    wr_error("key folder cannot be locked", "folder=\"%s\" what=\"%m\"", folder);
    if (*fd >= 0)
        close(*fd);
    return WR_ERR_BACKEND;
}

enum wr_err wr_keys_list(const char *folder, wr_key_visit *visit, void *ctx)
{
    struct wr_key_list list;
    enum wr_err err = wr_key_list_read(&list, folder);
    for (size_t i = 0; !err && i < list.count; i++)
        visit(ctx, list.at[i].kid, wr_key_state_name(list.at[i].state));
    return err;
}

static bool has_list(const char *folder)
{
    struct stat seen;
    struct wr_buf path = {0};
    wr_buf_printf(&path, "%s/keys.json", folder);
    bool there = stat(path.at, &seen) == 0;
    wr_buf_free(&path);
    return there;
}

static enum wr_err stage_locked(const char *folder, char kid[WR_KID_MAX])
{
    struct wr_key_list list = {0};
    uint8_t bits[8];
    enum wr_err err = has_list(folder) ? wr_key_list_read(&list, folder) : WR_OK;
    if (err)
        return err;
    if (list.count == WR_KEYRING_MAX) {
        wr_error("too many keys; retire one first", "folder=\"%s\" max=%d", folder, WR_KEYRING_MAX);
        return WR_ERR_CONFLICT;
    }
    wr_random(bits, sizeof bits);
    wr_hex(bits, sizeof bits, kid);
    struct wr_key_entry *entry = &list.at[list.count++];
    memcpy(entry->kid, kid, sizeof entry->kid);
    entry->state = WR_KEY_NEXT;
    struct wr_ed25519 *key = wr_ed25519_new();
    wr_ed25519_raw(key, entry->x);
    struct wr_buf path = wr_key_path(folder, kid);
    err = wr_ed25519_save(key, path.at);
    if (!err)
        err = wr_key_list_write(&list, folder);
    wr_buf_free(&path);
    wr_ed25519_free(key);
    return err;
}

enum wr_err wr_keys_stage(const char *folder, char kid[WR_KID_MAX])
{
    int fd;
    memset(kid, 0, WR_KID_MAX);
    if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
        wr_error("key folder cannot be made", "folder=\"%s\" what=\"%m\"", folder);
        return WR_ERR_BACKEND;
    }
    enum wr_err err = lock_folder(folder, &fd);
    if (err)
        return err;
    err = stage_locked(folder, kid);
    close(fd);
    return err;
}

static enum wr_err activate_locked(const char *folder, const char *kid)
{
    struct wr_key_list list;
    enum wr_err err = wr_key_list_read(&list, folder);
    if (err)
        return err;
    struct wr_key_entry *entry = wr_key_list_find(&list, kid);
    if (!entry || entry->state != WR_KEY_NEXT) {
        wr_error("key is not staged", "kid=\"%s\"", kid);
        return WR_ERR_CONFLICT;
    }
    for (size_t i = 0; i < list.count; i++) {
        if (list.at[i].state != WR_KEY_CURRENT)
            continue;
        list.at[i].state = WR_KEY_PREVIOUS;
        list.at[i].replaced_s = wr_wall_ms() / 1000;
    }
    entry->state = WR_KEY_CURRENT;
    return wr_key_list_write(&list, folder);
}

enum wr_err wr_keys_activate(const char *folder, const char *kid)
{
    int fd;
    enum wr_err err = lock_folder(folder, &fd);
    if (err)
        return err;
    err = activate_locked(folder, kid);
    close(fd);
    return err;
}

/* A token that it signed may live. */
static bool is_needed(const struct wr_key_entry *entry)
{
    int64_t left_s = entry->replaced_s + KEPT_S - wr_wall_ms() / 1000;
    if (entry->state != WR_KEY_PREVIOUS || left_s <= 0)
        return false;
    wr_error("tokens that this key signed may still live; wait, or say at-once to end them",
             "kid=\"%s\" left_s=%lld", entry->kid, (long long)left_s);
    return true;
}

static enum wr_err retire_locked(const char *folder, const char *kid, bool at_once)
{
    struct wr_key_list list;
    enum wr_err err = wr_key_list_read(&list, folder);
    if (err)
        return err;
    struct wr_key_entry *entry = wr_key_list_find(&list, kid);
    if (!entry) {
        wr_error("there is no such key", "kid=\"%s\"", kid);
        return WR_ERR_NOT_FOUND;
    }
    if (entry->state == WR_KEY_CURRENT) {
        wr_error("key is current; activate another one first", "kid=\"%s\"", kid);
        return WR_ERR_CONFLICT;
    }
    if (list.count == 1) {
        wr_error("the last key cannot be retired", "kid=\"%s\"", kid);
        return WR_ERR_CONFLICT;
    }
    if (!at_once && is_needed(entry))
        return WR_ERR_CONFLICT;
    *entry = list.at[--list.count];
    err = wr_key_list_write(&list, folder);
    if (err)
        return err;
    struct wr_buf path = wr_key_path(folder, kid);
    if (unlink(path.at) != 0)
        wr_warn("retired key's file stays", "file=\"%s\" what=\"%m\"", path.at);
    wr_buf_free(&path);
    return WR_OK;
}

enum wr_err wr_keys_retire(const char *folder, const char *kid, bool at_once)
{
    int fd;
    enum wr_err err = lock_folder(folder, &fd);
    if (err)
        return err;
    err = retire_locked(folder, kid, at_once);
    close(fd);
    return err;
}
