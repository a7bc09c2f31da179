"""Asks both for a query's rows, and compares what they say."""

import base64
import itertools
import math
import os
import re
import struct
import subprocess
from dataclasses import dataclass, field
from decimal import Decimal

DEADLINE_S = 60
# What docs/sql.md says that we refuse: windows that are not whole, years before 1 and behind 9999.
REFUSALS = ["needs window_start too", "needs window_end too", "needs window_start and window_end too",
            "SESSION needs GROUP BY", "timestamp out of range", "date out of range"]
QUOTIENT_DIGITS = Decimal("1e-15")  # PostgreSQL keeps at least 16 digits, we 16 decimals.
MODES = [(mode, slots) for mode in ("streaming", "batch") for slots in (1, 2, 4)]


@dataclass
class Answer:
    error: str = ""
    kind: str = ""  # Of an error: "rows" for one of values, else "query".
    header: list = field(default_factory=list)
    rows: list = field(default_factory=list)
    types: dict = field(default_factory=dict)


def csv_rows(text):
    """Rows of fields; an unquoted empty one is None, for NULL."""
    rows, row, at = [], [], 0
    pattern = re.compile(r'("(?:[^"]|"")*"|[^,\n]*)(,|\n)')
    while at < len(text):
        match = pattern.match(text, at)
        word, at = match.group(1), match.end()
        row.append(word[1:-1].replace('""', '"') if word.startswith('"') else word or None)
        if match.group(2) == "\n":
            rows.append(row)
            row = []
    return rows


class Postgres:
    """Tables in a schema of their own; what a script creates is gone behind it."""
    numbers = itertools.count()

    def __init__(self, server, tables):
        self.server, self.tables, self.schema = server, tables, f"s{next(Postgres.numbers)}"
        filled = "".join(table.theirs() for table in tables)
        server.psql(f"CREATE SCHEMA {self.schema}; {self.begin()}{filled}COMMIT;")

    def begin(self):
        return f"SET client_min_messages = warning; SET search_path = {self.schema}; BEGIN;\n"

    def ask(self, script, rows_of):
        *views, last = script.split(";\n")
        text = self.begin() + "".join(view + ";\n" for view in views)
        if rows_of:
            text += row_by_row(last, len(next(table for table in self.tables if table.name == rows_of).rows))
            last = "SELECT * FROM answer"
        text += f"{last} \\gdesc\n\\echo --\nCOPY ({last}) TO STDOUT CSV HEADER;\n"
        try:
            out = self.server.psql("\\set VERBOSITY verbose\n" + text, "-A", "-t")
        except RuntimeError as why:
            code = re.search(r"ERROR:  (\w\w)", str(why))
            return Answer(str(why), "rows" if code and code.group(1) == "22" else "query")
        described, _, rows = out.partition("--\n")
        types = dict(line.rsplit("|", 1) for line in described.split("\n") if "|" in line)
        header, *rows = csv_rows(rows)
        return Answer(header=header, rows=rows, types=types)


def row_by_row(last, n_rows):
    """Fills `answer` with the rows for which the query does not fail."""
    return (f"CREATE TEMP TABLE answer AS {last.replace('_row = _at', '_row = 0')} WITH NO DATA;\n"
            f"DO $do$ BEGIN FOR i IN 0..{n_rows - 1} LOOP BEGIN EXECUTE replace($q$INSERT INTO answer {last}$q$, "
            "'_row = _at', '_row = ' || i); EXCEPTION WHEN data_exception THEN NULL; END; END LOOP; END $do$;\n")


def ask_us(binary, script, mode, slots, skips, folder):
    command = [binary, "run", "-q", "-o", "csv", "-p", str(slots), "-D", "execution.runtime-mode=" + mode]
    if skips:
        command += ["-D", "on-error=skip"]
    try:
        run = subprocess.run(command, input=script, capture_output=True, text=True, errors="backslashreplace",
                             cwd=folder, timeout=DEADLINE_S, check=False)
    except subprocess.TimeoutExpired:
        return Answer(f"still runs after {DEADLINE_S} s", "hang")
    if run.returncode == 0:
        header, *rows = csv_rows(run.stdout)
        return Answer(header=header, rows=rows)
    if run.returncode < 0 or "Sanitizer" in run.stderr or "runtime error" in run.stderr:
        return Answer(f"exit code {run.returncode}\n{run.stderr}", "crash")
    return Answer(run.stderr, "query" if re.match(r"error: [^ ]*:\d+:\d+: ", run.stderr) else "rows")


def interval_micros(text):
    total = 0
    for number, word in re.findall(r"([+-]?\d+) (year|mon|day)", text):
        total += int(number) * {"year": 360, "mon": 30, "day": 1}[word] * 86400 * 10 ** 6
    clock = re.search(r"([+-]?)(\d+):(\d+):(\d+(?:\.\d+)?)$", text)
    if clock:
        sign, hours, minutes, seconds = clock.groups()
        micros = (int(hours) * 60 + int(minutes)) * 60 * 10 ** 6 + int(Decimal(seconds) * 10 ** 6)
        total += -micros if sign == "-" else micros
    return total


def floating(value, kind, loose):
    """PostgreSQL prints more digits of some FLOATs than it takes to tell them."""
    number = float(value)
    if kind == "real" and math.isfinite(number):
        number = struct.unpack("f", struct.pack("f", number))[0]
    return repr(abs(number) if loose and number == 0 else number)


def canonical(value, kind, loose, ours):
    if value is None:
        return None
    if kind == "boolean":
        return {"t": "true", "f": "false"}.get(value, value)
    if kind == "bytea" and ours:
        return "\\x" + base64.b64decode(value).hex()
    if kind.startswith("numeric") or kind in ("smallint", "integer", "bigint"):
        return Decimal(value)
    if kind in ("double precision", "real"):
        return floating(value, kind, loose)
    if loose and kind == "interval":
        return interval_micros(value)
    return value


def canonical_row(row, kinds, loose, ours):
    return tuple(canonical(value, kind, loose, ours) for value, kind in zip(row, kinds))


def order_keys(query, answer, kinds, ours):
    """The values that ORDER BY sees, row by row: 1 day is as long as 24 hours."""
    keys = [at for at, name in enumerate(answer.header) if name in query.order]
    rows = (canonical_row(row, kinds, True, ours) for row in answer.rows)
    return [[row[at] for at in keys] for row in rows]


def is_near(mine, other, column):
    """Are two values the same, but for the last digits of an inexact column?"""
    if mine == other:
        return True
    if mine is None or other is None or column.kind not in ("approx", "quot"):
        return False
    if column.kind == "quot":
        off = abs(Decimal(mine) - Decimal(other))
        return off <= max(2 * Decimal(10) ** -column.digits[1], abs(Decimal(other)) * QUOTIENT_DIGITS)
    return math.isclose(float(mine), float(other), rel_tol=1e-9, abs_tol=1e-9)


def sort_key(row, columns):
    exact = [repr(value) for value, column in zip(row, columns) if column.kind not in ("approx", "quot")]
    inexact = [rank(value) for value, column in zip(row, columns)
               if column.kind in ("approx", "quot")]
    return exact, inexact


def rank(value):
    number = float(value or 0)
    return (2, 0) if value is None else (1, 0) if math.isnan(number) else (0, number)


def difference(query, ours, theirs):
    """Why the answers do not agree, or nothing."""
    if ours.kind in ("hang", "crash"):
        return ours.error
    if theirs.error or ours.error:
        return difference_of_errors(query, ours, theirs)
    if ours.header != theirs.header:
        return f"columns {ours.header} instead of {theirs.header}"
    by_name = {column.texts[0]: column for column in query.columns}
    columns = [by_name[name] for name in ours.header]
    kinds = [theirs.types[name] for name in ours.header]
    mine, other = order_keys(query, ours, kinds, True), order_keys(query, theirs, kinds, False)
    if query.order and is_ordered(query) and mine != other:
        return f"other order by {', '.join(query.order)}"
    mine, other = ([canonical_row(row, kinds, query.loose, answer is ours) for row in answer.rows]
                   for answer in (ours, theirs))
    mine, other = (sorted(rows, key=lambda row: sort_key(row, columns)) for rows in (mine, other))
    for left, right in zip(mine, other):
        if not all(map(is_near, left, right, columns)):
            return f"ours   {shown(left, columns)}\ntheirs {shown(right, columns)}"
    return f"{len(mine)} rows instead of {len(other)}" if len(mine) != len(other) else ""


def is_ordered(query):
    """Its ORDER BY may have been made smaller: then the keys are not known."""
    last = query.script.sql(0).split(";\n")[-1].rpartition(" ORDER BY ")[2].split("LIMIT")[0]
    return re.findall(r"\bc\d+", last) == query.order


def shown(row, columns):
    return ", ".join(f"{column.texts[0]}={value if value is None else str(value)!r}" for value, column in zip(row, columns))


def difference_of_errors(query, ours, theirs):
    """A query that PostgreSQL refuses for its form is none. Where it fails for a row, we need not where we do not
    compute what nobody asks for, unless the query is simple."""
    if theirs.kind == "query" or any(text in ours.error for text in REFUSALS):
        return ""
    if theirs.error:
        return f"no error, but PostgreSQL says {theirs.error}" if query.simple and not ours.error else ""
    return f"error: {ours.error}"


def is_useless(theirs):
    return theirs.kind == "query"


def environment_binary(here):
    return os.environ.get("TIDEMILL", os.path.join(here, "../../../build/dev/tidemill"))
