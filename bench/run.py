#!/usr/bin/env python3
"""run.py [NAME...]: the figures of a build of Tidemill, each the median of several runs; `./dev bench`.

Input files are made once, from a fixed seed, below build/bench-data. CPU time and memory are those of the
tidemill process, start-up included. --json prints the rows as JSON; --runs N changes how many runs (5).
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TIDEMILL = os.environ.get("TIDEMILL", os.path.join(ROOT, "build", "release", "tidemill"))
DATA = os.path.join(ROOT, "build", "bench-data")

AD_EVENTS = 2_000_000
LINEITEM_ROWS = 400_000

AD_SESSIONS = """
CREATE TABLE ad_views (user_id BIGINT, ad_id BIGINT, event_time TIMESTAMP(3),
    WATERMARK FOR event_time AS event_time - INTERVAL '10' SECOND
) WITH ('connector' = 'filesystem', 'path' = '{data}/ad_views.ndjson', 'format' = 'json');
CREATE TABLE ad_clicks (user_id BIGINT, ad_id BIGINT, event_time TIMESTAMP(3),
    WATERMARK FOR event_time AS event_time - INTERVAL '10' SECOND
) WITH ('connector' = 'filesystem', 'path' = '{data}/ad_clicks.ndjson', 'format' = 'json');
CREATE TABLE result (user_id BIGINT, session_start TIMESTAMP(3), session_end TIMESTAMP(3), views BIGINT,
    clicks BIGINT, ads BIGINT) WITH ('connector' = 'blackhole');
CREATE VIEW activity AS
SELECT user_id, ad_id, event_time, FALSE AS is_click FROM ad_views
UNION ALL SELECT user_id, ad_id, event_time, TRUE FROM ad_clicks;
INSERT INTO result
SELECT user_id, window_start, window_end, COUNT(*) FILTER (WHERE NOT is_click),
    COUNT(*) FILTER (WHERE is_click), COUNT(DISTINCT ad_id)
FROM TABLE(SESSION(TABLE activity PARTITION BY user_id, DESCRIPTOR(event_time), INTERVAL '30' MINUTES))
GROUP BY user_id, window_start, window_end;
"""

LINEITEM = """
CREATE TABLE lineitem (l_orderkey BIGINT, l_partkey BIGINT, l_suppkey BIGINT, l_linenumber INT,
    l_quantity DECIMAL(15, 2), l_extendedprice DECIMAL(15, 2), l_discount DECIMAL(15, 2),
    l_tax DECIMAL(15, 2), l_returnflag STRING, l_linestatus STRING, l_shipdate DATE, l_commitdate DATE,
    l_receiptdate DATE, l_shipinstruct STRING, l_shipmode STRING, l_comment STRING, line_end STRING
) WITH ('connector' = 'filesystem', 'path' = '{data}/lineitem.tbl', 'format' = 'csv',
    'csv.field-delimiter' = '|', 'csv.disable-quote-character' = 'true');
CREATE TABLE result (a BIGINT, b BIGINT, c BIGINT, d INT, e DECIMAL(15, 2), f DECIMAL(15, 2),
    g DECIMAL(15, 2), h DECIMAL(15, 2), i STRING, j STRING, k DATE, l DATE, m DATE, n STRING, o STRING, p STRING
) WITH ('connector' = 'blackhole');
INSERT INTO result
SELECT l_orderkey, l_partkey, l_suppkey, l_linenumber, l_quantity, l_extendedprice, l_discount, l_tax,
    l_returnflag, l_linestatus, l_shipdate, l_commitdate, l_receiptdate, l_shipinstruct, l_shipmode, l_comment
FROM lineitem;
"""


def run(*arguments):
    """Wall seconds, CPU seconds and peak MB of one run."""
    began = time.monotonic()
    child = subprocess.Popen([TIDEMILL, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.stderr.close()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"bench: tidemill {' '.join(arguments)[:60]}: {errors.decode()}")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def data_file(name, write):
    """The path of an input file, made by write(file) when it is not there yet."""
    path = os.path.join(DATA, name)
    if not os.path.exists(path):
        os.makedirs(DATA, exist_ok=True)
        with open(path + ".new", "w", encoding="utf-8") as file:
            write(file)
        os.rename(path + ".new", path)
    return path


def write_ads(file, seed, events):
    rng = random.Random(seed)
    for i in range(events):
        at = i * 20 + rng.randrange(5000)
        seconds, millis = divmod(at, 1000)
        minutes, second = divmod(seconds, 60)
        hours, minute = divmod(minutes, 60)
        days, hour = divmod(hours, 24)
        file.write('{"user_id":%d,"ad_id":%d,"event_time":"2026-03-%02d %02d:%02d:%02d.%03d"}\n' % (
            rng.randrange(100_000), rng.randrange(10_000), days + 1, hour, minute, second, millis))


def write_lineitem(file):
    rng = random.Random(1)
    words = "furiously regular deposits sleep carefully final packages above the quick foxes haggle".split()
    for i in range(LINEITEM_ROWS):
        dates = ["199%d-%02d-%02d" % (rng.randrange(2, 9), rng.randrange(1, 13), rng.randrange(1, 29))
                 for _ in range(3)]
        file.write("%d|%d|%d|%d|%d|%d.%02d|0.%02d|0.%02d|%s|%s|%s|%s|%s|%s|%s|%s|\n" % (
            i // 4 + 1, rng.randrange(1, 200_000), rng.randrange(1, 10_000), i % 4 + 1, rng.randrange(1, 51),
            rng.randrange(900, 100_000), rng.randrange(100), rng.randrange(11), rng.randrange(9),
            rng.choice("ANR"), rng.choice("FO"), *dates,
            rng.choice(("DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN")),
            rng.choice(("AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK")),
            " ".join(rng.choices(words, k=rng.randrange(2, 7)))))


def median_of(runs, *arguments):
    figures = [run(*arguments) for _ in range(runs)]
    return [statistics.median(column) for column in zip(*figures)]


def start(runs):
    wall, cpu, peak = median_of(runs * 5, "run", "-o", "csv", "-e", "SELECT 1")
    yield "start: SELECT 1", wall * 1000, "ms", cpu, peak


def nexmark(runs):
    queries = ["q0", "q1", "q2", "q11", "q12"]
    out = subprocess.run([TIDEMILL, "bench", "nexmark", *queries, "--events", "20000000", "--runs", str(runs),
                          "-o", "json"], capture_output=True, text=True, check=True).stdout
    for row in json.loads(out):
        yield (f"nexmark {row['query']}", row["events_per_cpu_s"] / 1e6, "M events/CPU s", row["cpu_s"],
               row["peak_memory_mb"])


def sessions(runs):
    data_file("ad_views.ndjson", lambda file: write_ads(file, 1, AD_EVENTS * 9 // 10))
    data_file("ad_clicks.ndjson", lambda file: write_ads(file, 2, AD_EVENTS // 10))
    _, cpu, peak = median_of(runs, "run", "-e", AD_SESSIONS.format(data=DATA))
    yield "ad sessions, NDJSON", AD_EVENTS / cpu / 1e6, "M events/CPU s", cpu, peak


def csv(runs):
    size = os.path.getsize(data_file("lineitem.tbl", write_lineitem))
    _, cpu, peak = median_of(runs, "run", "-e", LINEITEM.format(data=DATA))
    yield "CSV, lineitem.tbl", size / cpu / 1e9, "GB/CPU s", cpu, peak


BENCHMARKS = {"start": start, "nexmark": nexmark, "sessions": sessions, "csv": csv}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    rows = []
    for name in options.names or BENCHMARKS:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark {name}; there are {', '.join(BENCHMARKS)}")
        for what, figure, unit, cpu, peak in BENCHMARKS[name](options.runs):
            rows.append({"what": what, "figure": figure, "unit": unit, "cpu_s": cpu, "peak_mb": peak})
            if not options.json:
                print(f"{what:24} {figure:10.2f} {unit:15} {cpu:8.3f} CPU s {peak:8.1f} MB", flush=True)
    if options.json:
        print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
