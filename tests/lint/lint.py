#!/usr/bin/env python3
"""Rules of the structure that no compiler checks: lint.py ROOT RULE, or lint.py --list.

A rule prints what breaks it, one line each, and then fails. lint_test.py breaks each of them once."""
import ast
import os
import re
import subprocess
import sys

DAEMONS = ["waitroom", "admission", "checkout", "fulfillment", "sandbox"]
FOLDERS = ["common", *DAEMONS, "bench"]

# Third-party headers and the one file of common/ that may include them.
LIBRARIES = {
    "libwebsockets": "websocket.c",
    "uv": "loop.c",
    "hiredis/": "redis_wire.c",
    "librdkafka/": "kafka_private.h",
    "libpq": "pg.c",
    "openssl/": "crypto.c",
    "jansson": "json.c",
    "curl/": "http_client.c",
}

TEXT_LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
SQL = re.compile(r"\b(select\b.+\bfrom|insert\s+into|update\s+\w+\s+set|delete\s+from|create\s+table|alter\s+table)\b", re.I)


def files(root, *endings, folders=FOLDERS):
    for folder in folders:
        for name in sorted(os.listdir(os.path.join(root, folder))) if os.path.isdir(os.path.join(root, folder)) else []:
            if name.endswith(endings):
                yield f"{folder}/{name}"


def lines(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as source:
        yield from enumerate(source.read().split("\n"), 1)


def without_comments(text):
    """Comments become spaces, so that line numbers and texts stay."""
    pattern = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|/\*.*?\*/|//[^\n]*', re.S)
    return pattern.sub(lambda m: m.group(0) if m.group(0)[0] in "\"'" else re.sub(r"[^\n]", " ", m.group(0)), text)


def literals(root, path):
    """Line number and content of every text in C code; include lines left out."""
    with open(os.path.join(root, path), encoding="utf-8") as source:
        code = without_comments(source.read())
    for number, line in enumerate(code.split("\n"), 1):
        if not re.match(r"\s*#\s*include\b", line):
            for text in TEXT_LITERAL.findall(line):
                yield number, text


def libraries(root):
    """Each third-party library is included by one file of common/, the one that owns it."""
    for path in files(root, ".c", ".h"):
        for number, line in lines(root, path):
            header = re.match(r"\s*#\s*include\s*[<\"]([^>\"]+)[>\"]", line)
            for library, owner in LIBRARIES.items() if header else []:
                name = header.group(1)
                mine = name.startswith(library) if library.endswith("/") else re.fullmatch(library + r"(-[a-z]+)?\.h", name)
                if mine and path != f"common/{owner}":
                    yield f"{path}:{number}: {name} belongs to common/{owner}"


def layers(root):
    """Dependencies point down: a daemon includes its own headers and common's, common its own."""
    homes = {}
    for path in files(root, ".h"):
        folder, name = path.split("/")
        homes.setdefault(name, set()).add(folder)
    for path in files(root, ".c", ".h"):
        folder = path.split("/")[0]
        for number, line in lines(root, path):
            header = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if not header:
                continue
            name = header.group(1)
            made = re.fullmatch(r"(?:lua|sql|text)_(\w+)\.h", name)
            home = {made.group(1)} if made else homes.get(name, set())
            if "/" in name or not home & {folder, "common"}:
                yield f"{path}:{number}: {name} is not of {folder}/ or common/"


def independence(root):
    """The crowd is an independent client: nothing of how the servers speak HTTP and WebSocket reaches bench/, by whatever way."""
    def includes(path):
        for number, line in lines(root, path):
            header = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            homes = [f"{folder}/{header.group(1)}" for folder in (path.split("/")[0], "common")] if header else []
            found = [home for home in homes if os.path.isfile(os.path.join(root, home))]
            yield from ((number, home) for home in found[:1])  # its own before common's

    def reaches(path, seen):
        """Whether a header is, or brings along, one of the server's."""
        if re.match(r"common/(http|websocket)", path):
            return True
        new = [header for _, header in includes(path) if header not in seen]
        return any(reaches(header, seen | set(new)) for header in new)

    for path in files(root, ".c", ".h", folders=["bench"]):
        for number, header in includes(path):
            if header.startswith("common/") and reaches(header, {header}):
                yield f"{path}:{number}: {header} is, or includes, how the servers speak"


def redis_keys(root):
    """One module knows how keys are spelled (docs/KEYSPACE.md)."""
    for path in files(root, ".c", ".h"):
        if os.path.splitext(path)[0] == "common/keyspace":
            continue
        for number, text in literals(root, path):
            if text.startswith("wr:"):
                yield f'{path}:{number}: "{text}" is spelled out beside common/keyspace'


def sql(root):
    """SQL lies in sql/queries, one statement a file."""
    for path in files(root, ".c", ".h"):
        if os.path.basename(path).startswith("pg"):
            continue
        for number, text in literals(root, path):
            if SQL.search(text):
                yield f"{path}:{number}: SQL in C: {text}"
    for folder in DAEMONS:
        queries = os.path.join(root, "sql", "queries", folder)
        for name in sorted(os.listdir(queries)) if os.path.isdir(queries) else []:
            with open(os.path.join(queries, name), encoding="utf-8") as statement:
                text = re.sub(r"--[^\n]*|'(?:[^']|'')*'", "", statement.read()).strip().rstrip(";")
            if ";" in text:
                yield f"sql/queries/{folder}/{name}: more than one statement"


def json(root):
    """JSON is printed by json.h alone."""
    for path in files(root, ".c", ".h"):
        for number, text in literals(root, path):
            if re.search(r'\\"[A-Za-z_]+\\"\s*:', text):
                yield f"{path}:{number}: JSON made by hand: {text}"


def lua(root):
    """Every script opens with its contract (common/embed.h)."""
    for path in files(root, ".lua"):
        head = []
        for _, line in lines(root, path):
            if not line.startswith("--"):
                break
            head.append(line)
        if not head:
            yield f"{path}:1: it does not say what it does"
        if os.path.basename(path).startswith("line_"):
            continue  # a part that scripts include
        for field in ("(LINE|STOCK) KEYS", "ARGV", "RETURNS"):
            if not any(re.match(rf"-- {field}:", line) for line in head):
                yield f"{path}:1: no '-- {field}:' line in its head"


def mains(root):
    """main.c is the option table and the service struct."""
    for folder in DAEMONS:
        path = f"{folder}/main.c"
        if os.path.exists(os.path.join(root, path)):
            count = sum(1 for _ in lines(root, path)) - 1
            if count >= 60:
                yield f"{path}: {count} lines; logic belongs elsewhere"


def layout(root):
    """Lines end where they end: no tabs, no trailing blanks, at most 160 columns, a newline at the end."""
    for path in files(root, ".c", ".h", ".lua"):
        last = ""
        for number, line in lines(root, path):
            if "\t" in line or line != line.rstrip() or len(line) > 160:
                yield f"{path}:{number}: tab, trailing blank or more than 160 columns"
            last = line
        if last:
            yield f"{path}: no newline at its end"


MODULES = """for (const path of process.argv.slice(1)) {
    try { new vm.SourceTextModule(fs.readFileSync(path, 'utf8')); } catch (error) { console.log(`${path}: ${error.message}`); }
}"""


def syntax(root):
    """Every script parses: *.mjs by Node, bash and Python by themselves. What no test runs today does not rot unseen."""
    modules, found = [], []
    for folder, inside, names in os.walk(root):
        inside[:] = [name for name in inside if name not in ("node_modules", "dist", ".git") and not name.startswith(("build", ".run"))]
        for path in (os.path.join(folder, name) for name in sorted(names)):
            with open(path, "rb") as script:
                text = script.read()
            if path.endswith(".mjs"):
                modules.append(path)
            elif path.endswith(".sh") or re.match(rb"#!.*bash", text):
                found += subprocess.run(["bash", "-n", path], stderr=subprocess.PIPE, text=True, check=False).stderr.splitlines()[:1]
            elif path.endswith(".py"):
                try:
                    ast.parse(text)
                except SyntaxError as error:
                    found.append(f"{path}: {error}")
    node = ["node", "--no-warnings", "--experimental-vm-modules", "-e", MODULES, "--", *modules]
    found += subprocess.run(node, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    yield from (line.replace(root + "/", "") for line in found)


RULES = {rule.__name__: rule for rule in (libraries, layers, independence, redis_keys, sql, json, lua, mains, layout, syntax)}


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(RULES))
        return
    root, rule = sys.argv[1], RULES[sys.argv[2]]
    found = list(rule(root))
    if found:
        sys.exit("\n".join(found) + f"\n{rule.__doc__} ({len(found)} found)")


if __name__ == "__main__":
    main()
