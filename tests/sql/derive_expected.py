#!/usr/bin/env python3
"""Asks a PostgreSQL of its own for the rows that the queries of golden/ must give.

    derive_expected.py            writes golden/*.csv
    derive_expected.py --check    compares instead; exits with 1 if one differs, with 77 without PostgreSQL

The server lives in a temporary folder, listens on a socket there only, and is gone afterwards. Queries whose
rows are derived by hand (`-- by hand: ...`) keep what golden/*.csv says.
"""

import itertools
import os
import sys

import golden_files
import postgres


def split_statements(text):
    """Statements of a text without comments; ; in quotes does not end one."""
    text = "\n".join(line for line in text.split("\n") if not line.startswith("--"))
    parts, quoted, begin = [], False, 0
    for at, char in enumerate(text):
        if char == "'":
            quoted = not quoted
        elif char == ";" and not quoted:
            parts.append(text[begin:at].strip())
            begin = at + 1
    return [part for part in [*parts, text[begin:].strip()] if part]


def boolean_columns(described):
    types = [line.split("|")[1] for line in described.split("\n") if "|" in line]
    return [at for at, name in enumerate(types) if name == "boolean"]


def with_words(line, columns):
    """PostgreSQL writes t and f where the engine writes true and false."""
    values = golden_files.fields(line)
    if not any(values[at] in ("t", "f") for at in columns):
        return line
    words = {"t": "true", "f": "false"}
    values = [words.get(v, v) if at in columns else v for at, v in enumerate(values)]
    return ",".join(map(as_field, values))


def as_field(value):
    if value is None:
        return ""
    return '"' + value.replace('"', '""') + '"' if value == "" or set(value) & set(',"\n') else value


def rows_of(server, query):
    """The lines that PostgreSQL answers, the header first."""
    *before, last = split_statements(query.oracle)
    script = "BEGIN;" + "".join(statement + ";\n" for statement in before)
    booleans = boolean_columns(server.psql(f"{script}{last} \\gdesc\n", "-A", "-t"))
    lines = server.psql(f"{script}COPY ({last}) TO STDOUT CSV HEADER;\n").split("\n")[:-1]
    return lines[:1] + [with_words(line, booleans) for line in lines[1:]]


def derive(server, query):
    """Returns whether the rows are those of the file; takes them."""
    try:
        rows = rows_of(server, query)
    except RuntimeError as why:
        print(f"{query.name}: {why}")
        return False
    if not query.ordered:
        rows = rows[:1] + sorted(rows[1:])
    same = rows == query.expected
    if not same:
        print(f"{query.name}: PostgreSQL gives", *rows, sep="\n    ")
    query.expected = rows
    return same


def main(arguments):
    if postgres.is_missing():
        print("skipped: no PostgreSQL (package postgresql): the expected rows of tests/sql/golden are not checked")
        return 77
    check = arguments == ["--check"]
    queries = golden_files.queries()
    with postgres.Server() as server:
        server.psql(golden_files.read(os.path.join(golden_files.GOLDEN, "tables.pg.sql")))
        wrong = [q.name for q in queries if not q.by_hand and not derive(server, q)]
    if not check:
        for topic, found in itertools.groupby(queries, lambda q: q.topic):
            golden_files.write_expected(topic, found)
    print(f"{len(queries)} queries, {len(wrong)} differ" if check else f"{len(queries)} queries written")
    return 1 if check and wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
