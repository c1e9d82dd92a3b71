/* embed.h - Lua scripts and SQL statements, embedded at build time (cmake/embed.py writes the tables).
 *
 * A Lua file opens with its contract, which the build reads:
 *   -- KEYS: line ready ...          how many keys, by name
 *   -- ARGV: gen me ... [more]       how many arguments at least; `[more]` allows further ones
 *   -- RETURNS: ...
 *   -- INCLUDE: common/line_clock.lua    the named file's text takes this line's place
 * Inside, the build has made a local of each named key and argument: `k_line`, `a_gen` (all texts); further
 * arguments start at ARGV[a_more]. The script `waitroom/tick.lua` is `wr_lua_tick` of "lua_waitroom.h";
 * `sql/queries/fulfillment/insert_orders.sql` is `wr_sql_insert_orders` of "sql_fulfillment.h". */
#ifndef WR_EMBED_H
#define WR_EMBED_H
#include <stdbool.h>
#include <stddef.h>

struct wr_script {
    const char *name, *text;
    size_t len;
    char sha1[41];
    int keys, args;
    bool more_args;
};
struct wr_sql {
    const char *name, *text;
};

#endif
