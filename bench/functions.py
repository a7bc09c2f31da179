"""What scalar functions cost a row, beside PostgreSQL: the group "functions" of run.py.

Both count an expression over the same rows of Nexmark's bids, and what counting a plain column costs is taken off: start-up,
reading and counting are in neither figure. CPU time, so that a busy machine bends little.
"""

import os
import subprocess
import sys
from typing import NamedTuple

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "sql"))
import postgres  # noqa: E402 (a helper of the tests)

BIDS_PER_EVENT = 0.92
COLUMNS = ("price", "bidder", "channel", "url", "date_time")

TABLE = """
CREATE TABLE bid (auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING, date_time TIMESTAMP(3),
    extra STRING, WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector' = 'nexmark', 'table-type' = 'bid', 'events' = '{events}', 'event-time.rate' = '10000');
"""


class Case(NamedTuple):
    expression: str
    theirs: str = ""  # PostgreSQL's spelling, where it is another


CASES = (
    Case("upper(url)"), Case("initcap(url)"), Case("char_length(url)"), Case("reverse(url)"), Case("left(url, 5)"),
    Case("right(url, 5)"), Case("lpad(channel, 20, 'x')"), Case("btrim(url, 'h')"), Case("replace(url, 'item', 'x')"),
    Case("translate(url, 'abc', 'xyz')"), Case("position('item' in url)"), Case("split_part(url, '/', 4)"),
    Case("quote_literal(url)"), Case("to_hex(price)"), Case("url LIKE '%item%'"), Case("url LIKE 'http%query=1'"),
    Case("url LIKE 'http%_m%item%'"), Case("url ILIKE '%ITEM%'"), Case("url SIMILAR TO '%item%'"),
    Case("url ~ 'item[.]'"), Case("regexp_replace(url, '[a-z]+', 'x', 'g')"), Case("regexp_count(url, '[a-z]')"),
    Case("md5(url)"), Case("sha256(url::bytea)"), Case("encode(url::bytea, 'hex')"),
    Case("encode(url::bytea, 'base64')"), Case("channel IN ('Google', 'Apple', 'Baidu')"), Case("price::text"),
    Case("price::double::text", "price::float8::text"), Case("date_time::text"), Case("date_time::text::timestamp"),
    Case("to_char(date_time, 'YYYY-MM-DD HH24:MI:SS')"),
    Case("DATE_FORMAT(date_time, 'yyyy-MM-dd HH:mm')", "to_char(date_time, 'YYYY-MM-DD HH24:MI')"),
    Case("to_timestamp(date_time::text, 'YYYY-MM-DD HH24:MI:SS')"), Case("to_char(price, '999G999D99')"),
    Case("to_char(price::double, '9.99EEEE')", "to_char(price::float8, '9.99EEEE')"),
    Case("round(price::decimal(20, 4) / 7, 2)"), Case("gcd(price, bidder)"),
    Case("age(date_time, TIMESTAMP '2000-01-01 00:00:00')"), Case("date_trunc('month', date_time)"),
    Case("date_time AT TIME ZONE 'Europe/Berlin'"),
)


class Postgres:
    """One table in a server of our own. Sessions are new ones: nothing stays from one to the next."""

    def __init__(self, server, rows):
        self.server = server
        self.server.psql("""
CREATE UNLOGGED TABLE bid (price bigint, bidder bigint, channel text, url text, date_time timestamp(3));
COPY bid FROM STDIN WITH (FORMAT csv);
""" + rows + "\\.\nVACUUM ANALYZE bid;\n")

    def cpu_s(self, expression):
        """CPU time of counting an expression, by the kernel's account of the backend."""
        clock = "SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1);\n"
        before, _, after = self.server.psql(
            "SET max_parallel_workers_per_gather = 0; SET jit = off; SET extra_float_digits = 1;\n"
            f"{clock}SELECT count({expression}) FROM bid;\n{clock}", "-A", "-t").split()
        return (int(after) - int(before)) / 1e9


def rows_as_csv(tidemill, events):
    query = TABLE.format(events=events) + f"SELECT {', '.join(COLUMNS)} FROM bid"
    done = subprocess.run([tidemill, "run", "-p", "1", "-o", "csv", "-e", query], capture_output=True, text=True,
                          check=True)
    return done.stdout.split("\n", 1)[1]


def costs(bench, server):
    """For each case: its expression, and functions that measure ours and PostgreSQL's nanoseconds a row."""
    events = 20_000 if bench.quick else 1_000_000
    rows = events * BIDS_PER_EVENT
    theirs = Postgres(server, rows_as_csv(bench.tidemill, events)) if server else None
    column = {}

    def ours_s(expression):
        return bench.run(bench.tidemill, "run", "-p", "1", "-o", "csv", "-e",
                         TABLE.format(events=events) + f"SELECT COUNT({expression}) FROM bid").cpu_s

    def plain(who, cpu_s, name):
        if (who, name) not in column:
            column[who, name] = min(cpu_s(name) for _ in range(1 if bench.quick else 5))
        return column[who, name]

    for case in CASES:
        name = next(c for c in COLUMNS if c in case.expression)

        def ours(case=case, name=name):
            return (ours_s(case.expression) - plain("ours", ours_s, name)) / rows * 1e9

        def limit(case=case, name=name):
            return (theirs.cpu_s(case.theirs or case.expression) - plain("theirs", theirs.cpu_s, name)) / rows * 1e9

        yield case.expression, ours, limit if theirs else None
