#include "log.h"
#include "redis_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool wr_scripts_know(struct wr_scripts *s, const struct wr_script *script)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->known[i] == script)
            return true;
    if (s->count < WR_SCRIPTS_MAX)
        s->known[s->count++] = script;
    return false;
}

void wr_script_check(const struct wr_script *script, const struct wr_args *args)
{
    size_t least = (size_t)script->keys + (size_t)script->args;
    if (args->count == least || (script->more_args && args->count > least))
        return;
    wr_error("script called against its contract", "script=%s wants=%zu given=%zu", script->name, least,
             args->count);
    abort();
}

void wr_script_write(struct wr_argv *v, const struct wr_script *script, const struct wr_args *args,
                     bool whole)
{
    int keys_len = snprintf(v->keys, sizeof v->keys, "%d", script->keys);
    wr_argv_begin(v, args->count + 3);
    wr_argv_add(v, whole ? "EVAL" : "EVALSHA", whole ? 4 : 7);
    wr_argv_add(v, whole ? script->text : script->sha1, whole ? script->len : sizeof script->sha1 - 1);
    wr_argv_add(v, v->keys, (size_t)keys_len);
    wr_argv_add_args(v, args);
}

static bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool wr_refusal_unknown_script(const char *text)
{
    return starts(text, "NOSCRIPT");
}

bool wr_refusal_replica(const char *text)
{
    return starts(text, "READONLY");
}

enum wr_err wr_refusal_err(const char *text, bool of_script)
{
    return of_script && (starts(text, "ERR") || starts(text, "WRONGTYPE")) ? WR_ERR_NO_ANSWER
                                                                           : WR_ERR_BACKEND;
}
