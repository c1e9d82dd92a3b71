#!/usr/bin/env python3
"""Breaks every rule of lint.py once, and sees that what is allowed passes."""
import os
import tempfile
import unittest

import lint

GOOD_LUA = "-- Does it.\n-- LINE KEYS: line\n-- ARGV: gen\n-- RETURNS: 1\nreturn 1\n"


class Rules(unittest.TestCase):
    def found(self, rule, tree):
        with tempfile.TemporaryDirectory() as root:
            for path, text in tree.items():
                os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as out:
                    out.write(text)
            return list(lint.RULES[rule](root))

    def allows(self, rule, tree):
        self.assertEqual(self.found(rule, tree), [])

    def refuses(self, rule, tree, count=1):
        self.assertEqual(len(self.found(rule, tree)), count)

    def test_a_library_has_one_owner(self):
        self.allows("libraries", {"common/loop.c": "#include <uv.h>\n", "common/x.c": '#include <stdio.h>\n#include "uvula.h"\n'})
        self.refuses("libraries", {"common/x.c": "#include <uv.h>\n"})
        self.refuses("libraries", {"waitroom/line.c": "#  include <openssl/evp.h>\n"})
        self.refuses("libraries", {"checkout/x.h": "#include <librdkafka/rdkafka.h>\n"})
        self.refuses("libraries", {"common/y.c": "#include <libpq-fe.h>\n"})
        self.refuses("libraries", {"common/y.c": "#include <jansson.h>\n#include <curl/curl.h>\n"}, 2)

    def test_dependencies_point_down(self):
        headers = {"common/err.h": "\n", "waitroom/line.h": "\n", "checkout/order.h": "\n"}
        self.allows("layers", {**headers, "waitroom/line.c": '#include "line.h"\n#include "err.h"\n#include "lua_waitroom.h"\n#include "lua_common.h"\n#include "text_waitroom.h"\n'})
        self.refuses("layers", {**headers, "waitroom/line.c": '#include "order.h"\n'})
        self.refuses("layers", {**headers, "common/err.c": '#include "line.h"\n'})
        self.refuses("layers", {**headers, "waitroom/line.c": '#include "../checkout/order.h"\n'})
        self.refuses("layers", {**headers, "waitroom/line.c": '#include "lua_checkout.h"\n'})

    def test_the_crowd_is_an_independent_client(self):
        common = {"common/http.h": "\n", "common/route.h": '#include "http.h"\n', "common/service.h": '#include "route.h"\n', "common/json.h": "\n", "bench/http_wire.h": "\n"}
        self.allows("independence", {**common, "bench/net.c": '#include "http_wire.h"\n#include "json.h"\n/* "http.h" */\n', "bench/net.h": '#include "net.h"\n'})
        self.refuses("independence", {**common, "bench/net.c": '#include "http.h"\n'})
        self.refuses("independence", {**common, "bench/net.c": '#include "service.h"\n'})
        self.refuses("independence", {**common, "bench/net.h": '#include "route.h"\n', "common/websocket.h": "\n", "bench/x.c": '#include "websocket.h"\n'}, 2)

    def test_keys_have_one_owner(self):
        self.allows("redis_keys", {"common/keyspace.c": 'x = "wr:{%s}:line";\n', "common/keyspace.h": '#define K "wr:sales"\n'})
        self.allows("redis_keys", {"waitroom/tick.c": '/* "wr:{x}" */ y = "line";\n'})
        self.refuses("redis_keys", {"waitroom/tick.c": 'y = "wr:{%s}:ready";\n'})

    def test_sql_lies_in_files_of_one_statement(self):
        self.allows("sql", {"common/pg.c": 'x = "select 1 from x";\n', "fulfillment/x.c": 'x = "Select one of these."; // delete from it\n'})
        self.refuses("sql", {"fulfillment/x.c": 'x = "SELECT id FROM orders";\n'})
        self.refuses("sql", {"fulfillment/x.c": 'x = "insert into orders";\n'})
        self.allows("sql", {"sql/queries/checkout/one.sql": "-- a; b\nselect ';' as x;\n"})
        self.refuses("sql", {"sql/queries/checkout/two.sql": "select 1; select 2;\n"})

    def test_json_is_not_made_by_hand(self):
        self.allows("json", {"waitroom/x.c": 'build("{s:s}", "a", b); log("x", "what=\\"%s\\""); /* "{\\"a\\":1}" */\n'})
        self.refuses("json", {"waitroom/x.c": 'printf("{\\"type\\": 1}");\n'})

    def test_scripts_open_with_their_contract(self):
        self.allows("lua", {"waitroom/tick.lua": GOOD_LUA, "common/line_clock.lua": "-- The clock.\nreturn 1\n"})
        self.refuses("lua", {"waitroom/tick.lua": GOOD_LUA.replace("-- RETURNS: 1\n", "")})
        self.refuses("lua", {"waitroom/tick.lua": "return 1\n" + GOOD_LUA}, 4)
        self.refuses("lua", {"common/line_clock.lua": "return 1\n"})

    def test_main_files_are_tables(self):
        self.allows("mains", {"waitroom/main.c": "x\n" * 59})
        self.refuses("mains", {"waitroom/main.c": "x\n" * 60})

    def test_lines_end_where_they_end(self):
        self.allows("layout", {"waitroom/x.c": "int x;\n\n"})
        self.refuses("layout", {"waitroom/x.c": "\tint x;\nint y; \n" + "x" * 161 + "\n"}, 3)
        self.refuses("layout", {"waitroom/x.lua": "-- x"})

    def test_scripts_parse(self):
        self.allows("syntax", {"tests/a.mjs": "export const x = 1;\n", "script/up": "#!/usr/bin/env bash\necho\n", "node_modules/b.mjs": "{\n"})
        self.refuses("syntax", {"tests/a.mjs": "<<<<<<< HEAD\n"})
        self.refuses("syntax", {"script/up": "#!/usr/bin/env bash\nif\n", "script/lib/x.sh": "(\n", "cmake/x.py": "def\n"}, 3)


if __name__ == "__main__":
    unittest.main()
