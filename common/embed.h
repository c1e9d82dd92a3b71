/* embed.h - Lua scripts, SQL statements and texts, embedded at build time (cmake/embed.py writes the tables).
 *
 * A Lua file opens with its contract, which the build reads:
 *   -- LINE KEYS: line ready ...     the keys, by name: of the line, or with STOCK of the stock (keyspace.h writes them)
 *   -- ARGV: gen me ... [more]       how many arguments at least; `[more]` allows further ones
 *   -- RETURNS: ...
 *   -- INCLUDE: common/line_clock.lua    the named file's text takes this line's place
 * Inside, the build has made a local of each named key and argument: `k_line`, `a_gen` (all texts); further arguments
 * start at ARGV[a_more].
 * The script `waitroom/tick.lua` is `wr_lua_tick` of "lua_waitroom.h"; `sql/queries/fulfillment/insert_orders.sql` is
 * `wr_sql_insert_orders` of "sql_fulfillment.h"; `sandbox/pay_page.html` is `wr_text_pay_page_html` of "text_sandbox.h". */
#ifndef WR_EMBED_H
#define WR_EMBED_H
#include <stdbool.h>
#include <stddef.h>

enum { WR_SCRIPT_KEYS_MAX = 16 };
struct wr_script {
    const char *name, *text;
    size_t len;
    char sha1[41];
    int keys, args;
    bool more_args, of_stock;
    const char *key_names[WR_SCRIPT_KEYS_MAX];
};
struct wr_sql {
    const char *name, *text;
};

#endif
