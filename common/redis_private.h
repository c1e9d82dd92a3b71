/* redis_private.h - what redis.c is made of beside its queues and its link: how a command is written, and what
 * there is to know about scripts and refusals. Without I/O. */
#ifndef WR_REDIS_PRIVATE_H
#define WR_REDIS_PRIVATE_H
#include "redis.h"
#include <stdbool.h>
#include <stddef.h>

struct wr_argv { /* the texts of one command, borrowed; the memory is used again */
    const char **at;
    size_t *lens, count, cap;
    char keys[16];
};
void wr_argv_begin(struct wr_argv *v, size_t most);
void wr_argv_add(struct wr_argv *v, const char *text, size_t len);
void wr_argv_add_args(struct wr_argv *v, const struct wr_args *args);
void wr_argv_free(struct wr_argv *v);

#define WR_SCRIPTS_MAX 64
/* Scripts that a connection has sent whole. The first use is an EVAL, so that a command pipelined behind it
 * (WAIT) is never overtaken by the second sending that NOSCRIPT would need. */
struct wr_scripts {
    const struct wr_script *known[WR_SCRIPTS_MAX];
    size_t count;
};
/* Asked once: known from then on. */
bool wr_scripts_know(struct wr_scripts *s, const struct wr_script *script);
/* Aborts: not its contract. */
void wr_script_check(const struct wr_script *script, const struct wr_args *args);
void wr_script_write(struct wr_argv *v, const struct wr_script *script, const struct wr_args *args,
                     bool whole); /* EVAL, else EVALSHA */

bool wr_refusal_unknown_script(const char *text); /* NOSCRIPT: nothing happened, send it whole */
bool wr_refusal_replica(const char *text);        /* the address may lead to another process by now */
/* Refused by name (LOADING, BUSY, OOM, ...): nothing has happened. A script that failed on its way (ERR,
 * WRONGTYPE) may have written before. */
enum wr_err wr_refusal_err(const char *text, bool of_script);

#endif
