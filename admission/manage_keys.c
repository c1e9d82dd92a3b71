/* manage_keys.c - `admissiond keys stage | activate KID | retire KID [at-once] | list`. */
#include "admissiond.h"
#include "routes.h"
#include <stdio.h>
#include <string.h>

static void print_key(void *ctx, const char *kid, const char *state)
{
    (void)ctx;
    printf("%s %s\n", kid, state);
}

static int list(const char *folder)
{
    enum wr_err err = wr_keys_list(folder, print_key, NULL);
    if (err == WR_ERR_NOT_FOUND)
        fputs("no keys yet; `admissiond keys stage` makes one\n", stderr);
    return err ? 1 : 0;
}

/* Why not is logged where it was decided. */
static int told(const char *kid, enum wr_err err)
{
    if (!err)
        printf("%s\n", kid);
    return err ? 1 : 0;
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
        return told(staged, err);
    }
    if (strcmp(verb, "list") == 0 && !kid)
        return list(config->token_keys);
    if (strcmp(verb, "activate") == 0 && kid)
        return told(kid, wr_keys_activate(config->token_keys, kid));
    bool at_once = argc == 3 && strcmp(argv[2], "at-once") == 0;
    if (strcmp(verb, "retire") == 0 && kid && (argc == 2 || at_once))
        return told(kid, wr_keys_retire(config->token_keys, kid, at_once));
    fputs("usage: admissiond keys stage | activate KID | retire KID [at-once] | list\n", stderr);
    return 2;
}
