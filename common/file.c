#include "file.h"
#include "crypto.h"
#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET_MAX 4096

enum wr_err wr_file_read(struct wr_buf *out, const char *path, size_t max)
{
    char chunk[4096];
    size_t total = 0, len;
    FILE *file = fopen(path, "re");
    if (!file) {
        enum wr_err err = errno == ENOENT ? WR_ERR_NOT_FOUND : WR_ERR_BACKEND;
        wr_error("file cannot be opened", "file=\"%s\" what=\"%m\"", path);
        return err;
    }
    while (total <= max && (len = fread(chunk, 1, sizeof chunk, file)) > 0) {
        wr_buf_add(out, chunk, len);
        total += len;
    }
    bool failed = ferror(file);
    if (failed)
        wr_error("file cannot be read", "file=\"%s\" what=\"%m\"", path);
    fclose(file);
    if (failed)
        return WR_ERR_BACKEND;
    if (total > max) {
        wr_error("file is too large", "file=\"%s\" max=%zu", path, max);
        return WR_ERR_TOO_LARGE;
    }
    return WR_OK;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t written = write(fd, bytes, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        len -= (size_t)written;
    }
    return true;
}

/* The new name must survive a power cut too. */
static bool sync_folder_of(const char *path)
{
    char *copy = wr_strdup(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    if (fd < 0)
        return false;
    bool synced = fsync(fd) == 0;
    close(fd);
    return synced;
}

enum wr_err wr_file_replace(const char *path, const void *bytes, size_t len, unsigned mode)
{
    struct wr_buf temporary = {0};
    wr_buf_printf(&temporary, "%s.%d.new", path, (int)getpid());
    unlink(temporary.at); /* of a process with our number that died here */
    int fd = open(temporary.at, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    bool worked = fd >= 0 && write_all(fd, bytes, len) && fsync(fd) == 0;
    if (fd >= 0 && close(fd) != 0)
        worked = false;
    worked = worked && rename(temporary.at, path) == 0 && sync_folder_of(path);
    if (!worked) {
        wr_error("file cannot be written", "file=\"%s\" what=\"%m\"", path);
        unlink(temporary.at);
    }
    wr_buf_free(&temporary);
    return worked ? WR_OK : WR_ERR_BACKEND;
}

enum wr_err wr_secret_file_read(struct wr_buf *out, const char *path)
{
    struct wr_buf text = {0};
    enum wr_err err = wr_file_read(&text, path, SECRET_MAX);
    if (!err) {
        while (text.len && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r'))
            text.len--;
        if (text.len == 0 || memchr(text.at, '\n', text.len) || memchr(text.at, '\0', text.len)) {
            wr_error("not a secret on one line", "file=\"%s\"", path);
            err = WR_ERR_INVALID;
        } else {
            wr_buf_add(out, text.at, text.len);
        }
    }
    wr_buf_free(&text);
    return err;
}

enum wr_err wr_secret_file_hex(void *out, size_t len, const char *path)
{
    struct wr_buf text = {0};
    enum wr_err err = wr_secret_file_read(&text, path);
    if (!err && (text.len != 2 * len || !wr_unhex(text.at, text.len, out))) {
        wr_error("secret has the wrong shape", "file=\"%s\" expected=\"%zu hex digits\"", path, 2 * len);
        err = WR_ERR_INVALID;
    }
    wr_buf_free(&text);
    return err;
}
