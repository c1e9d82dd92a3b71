#!/usr/bin/env python3
"""Embeds Lua scripts, SQL statements or texts in a C header and source: embed.py lua|sql|text NAME OUT_DIR ROOT FILE...

The contract of a Lua file (LINE KEYS or STOCK KEYS, ARGV, INCLUDE) is described in common/embed.h."""
import hashlib
import os
import re
import sys


def literal(text):
    lines = text.split("\n")
    quoted = []
    for i, line in enumerate(lines):
        end = "\\n" if i < len(lines) - 1 else ""
        quoted.append('    "' + line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("?", "\\?") + end + '"')
    return "\n".join(quoted)


def lua(path, root):
    with open(path, encoding="utf-8") as source:
        text = source.read()

    def include(match):
        with open(os.path.join(root, match.group(1)), encoding="utf-8") as part:
            return part.read().rstrip("\n")

    keys = re.search(r"^-- (LINE|STOCK) KEYS:[ \t]*(.*)$", text, re.M)
    args = re.search(r"^-- ARGV:[ \t]*(.*)$", text, re.M)
    if not keys or not args:
        sys.exit(f"{path}: a script opens with '-- LINE KEYS:' or '-- STOCK KEYS:', and '-- ARGV:' lines (common/embed.h)")
    key_names, arg_names = keys.group(2).split(), args.group(1).split()
    more = bool(arg_names) and arg_names[-1] == "[more]"
    if more:
        arg_names.pop()
    for name in key_names + arg_names:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            sys.exit(f"{path}: '{name}' is no name for a key or argument")

    def local(prefix, names, table):
        if not names:
            return ""
        left = ", ".join(f"{prefix}_{n}" for n in names)
        right = ", ".join(f"{table}[{i + 1}]" for i in range(len(names)))
        return f"local {left} = {right} "

    text = text.replace(keys.group(0), local("k", key_names, "KEYS") + keys.group(0), 1)
    bind = local("a", arg_names, "ARGV") + (f"local a_more = {len(arg_names) + 1} " if more else "")
    text = text.replace(args.group(0), bind + args.group(0), 1)
    text = re.sub(r"^-- INCLUDE:[ \t]*(\S+)[ \t]*$", include, text, flags=re.M)
    return text, keys.group(1) == "STOCK", key_names, len(arg_names), more


def main():
    kind, name, out_dir, root, files = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:]
    header, source = [], []
    for path in files:
        symbol = os.path.splitext(os.path.basename(path))[0]
        if kind == "lua":
            text, of_stock, keys, args, more = lua(path, root)
            sha1 = hashlib.sha1(text.encode()).hexdigest()
            header.append(f"extern const struct wr_script wr_lua_{symbol};")
            names = ", ".join(f'"{key}"' for key in keys)
            source.append(
                f"const struct wr_script wr_lua_{symbol} = {{\n    .name = \"{symbol}\",\n    .text =\n{literal(text)},\n"
                f"    .len = {len(text.encode())},\n    .sha1 = \"{sha1}\",\n    .keys = {len(keys)},\n    .args = {args},\n"
                f"    .more_args = {'true' if more else 'false'},\n    .of_stock = {'true' if of_stock else 'false'},\n"
                f"    .key_names = {{{names}}},\n}};")
        elif kind == "text":
            symbol = re.sub(r"\W", "_", os.path.basename(path))
            with open(path, encoding="utf-8") as page:
                text = page.read().rstrip("\n")
            header.append(f"extern const char wr_text_{symbol}[];")
            source.append(f"const char wr_text_{symbol}[] =\n{literal(text)};")
        else:
            with open(path, encoding="utf-8") as statement:
                text = statement.read().strip()
            header.append(f"extern const struct wr_sql wr_sql_{symbol};")
            source.append(f"const struct wr_sql wr_sql_{symbol} = {{\n    .name = \"{symbol}\",\n    .text =\n{literal(text)},\n}};")
    guard = f"WR_{name.upper()}_H"
    os.makedirs(out_dir, exist_ok=True)
    with open(os.path.join(out_dir, name + ".h"), "w", encoding="utf-8") as out:
        out.write(f"/* Made by cmake/embed.py. */\n#ifndef {guard}\n#define {guard}\n#include \"embed.h\"\n" + "\n".join(header) + "\n#endif\n")
    with open(os.path.join(out_dir, name + ".c"), "w", encoding="utf-8") as out:
        out.write(f"/* Made by cmake/embed.py. */\n#include \"{name}.h\"\n" + "\n".join(source) + "\n")


if __name__ == "__main__":
    main()
