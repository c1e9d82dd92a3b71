#include "read_secret.h"
#include "log.h"
#include "mem.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum wr_err read_secret(const char *path, size_t least, size_t most, char **out)
{
    char line[512] = "";
    FILE *file = fopen(path, "re");
    if (!file || !fgets(line, sizeof line, file)) {
        wr_error("a secret's file is unreadable", "file=\"%s\" why=\"%s\"", path, file ? "it is empty" : strerror(errno));
        if (file)
            fclose(file);
        return WR_ERR_INVALID;
    }
    fclose(file);
    size_t len = strcspn(line, "\r\n");
    line[len] = '\0';
    if (len < least || len > most) {
        wr_error("a secret has a wrong length", "file=\"%s\" least=%zu most=%zu", path, least, most);
        return WR_ERR_INVALID;
    }
    *out = wr_strdup(line);
    return WR_OK;
}
