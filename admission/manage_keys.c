/* manage_keys.c - `admissiond keys stage | activate KID | retire KID | list`. */
#include "admissiond.h"
#include "routes.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_FILE_MAX 65536

static int list(const char *folder)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/keys.json", folder);
    FILE *file = fopen(path, "re");
    if (!file) {
        fprintf(stderr, "%s: no keys yet; `admissiond keys stage` makes one\n", path);
        return 1;
    }
    char *text = wr_alloc(KEYS_FILE_MAX);
    size_t len = fread(text, 1, KEYS_FILE_MAX, file);
    fclose(file);
    struct wr_json *ring;
    char why[160];
    enum wr_err err = wr_json_parse(&ring, text, len, why);
    free(text);
    if (err != WR_OK) {
        fprintf(stderr, "%s: %s\n", path, why);
        return 1;
    }
    const struct wr_json *keys = wr_json_get(ring, "keys");
    for (size_t i = 0; i < wr_json_count(keys); i++)
        printf("%s %s\n", wr_json_text(wr_json_get(wr_json_at(keys, i), "kid")),
               wr_json_text(wr_json_get(wr_json_at(keys, i), "state")));
    wr_json_free(ring);
    return 0;
}

static int told(const char *what, const char *kid, enum wr_err err)
{
    if (err == WR_OK)
        printf("%s\n", kid);
    else
        fprintf(stderr, "cannot %s %s: %s\n", what, kid,
                err != WR_ERR_CONFLICT          ? wr_err_title(err)
                : strcmp(what, "activate") == 0 ? "it is not staged"
                                                : "it signs at present; activate another one first");
    return err == WR_OK ? 0 : 1;
}

int manage_keys(const void *ctx, int argc, char **argv)
{
    const struct admissiond_config *config = ctx;
    const char *verb = argc > 0 ? argv[0] : "", *kid = argc > 1 ? argv[1] : NULL;
    if (config->token_keys[0] == '\0') {
        fputs("name the folder of the keys: --token-keys DIR or WR_TOKEN_KEYS\n", stderr);
        return 2;
    }
    if (strcmp(verb, "stage") == 0 && !kid) {
        char staged[WR_KID_MAX] = "";
        enum wr_err err = wr_keys_stage(config->token_keys, staged);
        return told("stage", staged, err);
    }
    if (strcmp(verb, "list") == 0 && !kid)
        return list(config->token_keys);
    if (strcmp(verb, "activate") == 0 && kid)
        return told("activate", kid, wr_keys_activate(config->token_keys, kid));
    if (strcmp(verb, "retire") == 0 && kid)
        return told("retire", kid, wr_keys_retire(config->token_keys, kid));
    fputs("usage: admissiond keys stage | activate KID | retire KID | list\n", stderr);
    return 2;
}
