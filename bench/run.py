#!/usr/bin/env python3
"""run.py [NAME...]: the figures of a build of Tidemill, each beside what the hardware allows.

Every figure is the median of several runs, and runs of Tidemill and of the program that bounds it
(bench/limits) take turns, so that a busy or slow machine bends both. docs/figures.md says what each
figure means. Input files are made once, from fixed seeds, in bench-data of the build folder. Nothing
is built: `./dev bench` does that first.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Callable, NamedTuple, Optional

import functions

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

AD_EVENTS_TABLE = """
CREATE TABLE ad_events (user_id STRING, event_type STRING, ad_id STRING, event_time TIMESTAMP(3),
    WATERMARK FOR event_time AS event_time - INTERVAL '10' SECOND
) WITH ({source}, 'format' = 'json');
CREATE TABLE result (user_id STRING, session_start TIMESTAMP(3), session_end TIMESTAMP(3), views BIGINT,
    clicks BIGINT, ads BIGINT) WITH ({sink});
INSERT INTO result
SELECT user_id, window_start, window_end, COUNT(*) FILTER (WHERE event_type = 'view'),
    COUNT(*) FILTER (WHERE event_type = 'click'), COUNT(DISTINCT ad_id)
FROM TABLE(SESSION(TABLE ad_events PARTITION BY user_id, DESCRIPTOR(event_time), INTERVAL '30' MINUTES))
GROUP BY user_id, window_start, window_end;
"""

LINEITEM = """
CREATE TABLE lineitem (l_orderkey BIGINT, l_partkey BIGINT, l_suppkey BIGINT, l_linenumber BIGINT,
    l_quantity DECIMAL(15, 2), l_extendedprice DECIMAL(15, 2), l_discount DECIMAL(15, 2),
    l_tax DECIMAL(15, 2), l_returnflag STRING, l_linestatus STRING, l_shipdate DATE, l_commitdate DATE,
    l_receiptdate DATE, l_shipinstruct STRING, l_shipmode STRING, l_comment STRING, line_end STRING
) WITH ('connector' = 'filesystem', 'path' = '{path}', 'format' = 'csv',
    'csv.field-delimiter' = '|', 'csv.disable-quote-character' = 'true');
CREATE TABLE result (a BIGINT, b BIGINT, c BIGINT, d BIGINT, e DECIMAL(15, 2), f DECIMAL(15, 2),
    g DECIMAL(15, 2), h DECIMAL(15, 2), i STRING, j STRING, k DATE, l DATE, m DATE, n STRING, o STRING, p STRING
) WITH ('connector' = 'blackhole');
INSERT INTO result
SELECT l_orderkey, l_partkey, l_suppkey, l_linenumber, l_quantity, l_extendedprice, l_discount, l_tax,
    l_returnflag, l_linestatus, l_shipdate, l_commitdate, l_receiptdate, l_shipinstruct, l_shipmode, l_comment
FROM lineitem;
"""

# Nexmark's q11 with event time running a hundred times faster per event: so many more bidders are live.
DENSE_SESSIONS = """
CREATE TABLE bid (bidder BIGINT, date_time TIMESTAMP(3), WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector' = 'nexmark', 'table-type' = 'bid', 'events' = '{events}', 'event-time.rate' = '1000000');
CREATE TABLE result (bidder BIGINT, bids BIGINT, starttime TIMESTAMP(3), endtime TIMESTAMP(3)
) WITH ('connector' = 'blackhole');
INSERT INTO result
SELECT bidder, COUNT(*), window_start, window_end
FROM TABLE(SESSION(TABLE bid PARTITION BY bidder, DESCRIPTOR(date_time), INTERVAL '10' SECOND))
GROUP BY bidder, window_start, window_end;
"""

IDLE = """
CREATE TABLE ticks (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1');
CREATE TABLE result (n BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO result SELECT n FROM ticks;
"""

# Keeps every record: what counts is the way in, through and out.
FILTER = """
CREATE TABLE incoming (n BIGINT, sent BIGINT) WITH ({source}, 'format' = 'json');
CREATE TABLE outgoing (n BIGINT, sent BIGINT) WITH ({sink}, 'format' = 'json');
INSERT INTO outgoing SELECT n, sent FROM incoming WHERE n >= 0;
"""


SORT = """
CREATE TABLE bid (price BIGINT, url STRING, date_time TIMESTAMP(3)
) WITH ('connector' = 'nexmark', 'table-type' = 'bid', 'events' = '{events}');
CREATE TABLE result (price BIGINT, url STRING) WITH ('connector' = 'blackhole');
INSERT INTO result SELECT price, url FROM bid ORDER BY {order};
"""


class Figure(NamedTuple):
    """One line of the table. A run of `ours` or `limit` returns one number in `unit`."""
    group: str
    name: str
    unit: str
    must: Optional[float]
    aim: Optional[float]
    ours: Optional[Callable[[], float]]
    limit: Optional[Callable[[], float]]
    of_limit: bool = False   # must and aim are shares of the limit


class Usage(NamedTuple):
    wall_s: float
    cpu_s: float
    peak_mb: float


class Bench:
    """Where things are, how large the inputs are, and how one run is made."""

    def __init__(self, build, quick):
        self.tidemill = os.path.join(build, "tidemill")
        self.limits = os.path.join(build, "bin", "limits")
        self.exchange = os.path.join(build, "bin", "exchange_bench")
        self.data = os.path.join(build, "bench-data")
        self.quick = quick
        self.events = 500_000 if quick else 50_000_000
        self.ad_events = 20_000 if quick else 2_400_000
        self.lineitem_blocks = 1 if quick else 6
        self.lineitem_rows = 5_000 if quick else 200_000
        cpus = sorted(os.sched_getaffinity(0))
        self.cpu, self.cpus = {cpus[-1]}, set(cpus)
        for program in (self.tidemill, self.limits, self.exchange):
            if not os.access(program, os.X_OK):
                sys.exit(f"bench: no {program}; ./dev bench builds it")

    # ---- one process ----

    def output(self, *command, cpus=None):
        """A process's JSON."""
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              preexec_fn=lambda: os.sched_setaffinity(0, cpus or self.cpu))
        if done.returncode != 0:
            sys.exit(f"bench: {' '.join(command)[:80]}: {done.stderr}")
        return json.loads(done.stdout)

    def run(self, *command, cpus=None):
        """What a whole process took, start-up included."""
        return Usage(**self.output(self.limits, "spawn", *command, cpus=cpus))

    def job(self, script):
        return self.run(self.tidemill, "run", "-p", "1", "-e", script)

    def limit(self, *arguments, cpus=None):
        return self.output(self.limits, *arguments, cpus=cpus)

    # ---- inputs ----

    def file(self, name, write):
        """The path of an input file, made by write(file) when it is not there yet."""
        path = os.path.join(self.data, ("quick-" if self.quick else "") + name)
        if not os.path.exists(path):
            os.makedirs(self.data, exist_ok=True)
            with open(path + ".new", "w", encoding="utf-8") as file:
                write(file)
            os.rename(path + ".new", path)
        return path

    def ads(self):
        return self.file("ad_events.ndjson", lambda file: write_ads(file, self.ad_events))

    def lineitem(self):
        return self.file("lineitem.tbl", lambda file: write_lineitem(file, self.lineitem_rows,
                                                                     self.lineitem_blocks))


def write_ads(file, events):
    rng = random.Random(1)
    types = ("click", "view", "purchase")
    for i in range(events):
        file.write('{"user_id":"u%d","event_type":"%s","ad_id":"a%d","event_time":%d}\n' % (
            rng.randrange(100_000), types[rng.randrange(3)], rng.randrange(1000), 1_700_000_000_000 + i))


def write_lineitem(file, rows, blocks):
    """Rows of dbgen's shape. The block is repeated: it is larger than every cache."""
    rng = random.Random(1)
    words = "furiously regular deposits sleep carefully final packages above the quick foxes haggle".split()
    lines = []
    for i in range(rows):
        dates = ["199%d-%02d-%02d" % (rng.randrange(2, 9), rng.randrange(1, 13), rng.randrange(1, 29))
                 for _ in range(3)]
        lines.append("%d|%d|%d|%d|%d|%d.%02d|0.%02d|0.%02d|%s|%s|%s|%s|%s|%s|%s|%s|\n" % (
            i // 4 + 1, rng.randrange(1, 200_000), rng.randrange(1, 10_000), i % 4 + 1, rng.randrange(1, 51),
            rng.randrange(900, 100_000), rng.randrange(100), rng.randrange(11), rng.randrange(9),
            rng.choice("ANR"), rng.choice("FO"), *dates,
            rng.choice(("DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN")),
            rng.choice(("AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK")),
            " ".join(rng.choices(words, k=6))[:rng.randrange(10, 44)]))
    text = "".join(lines)
    for _ in range(blocks):
        file.write(text)


# ---- figures ----

def nexmark_figures(b):
    def ours(query):
        return lambda: b.output(b.tidemill, "bench", "nexmark", query, "--events", str(b.events), "-p", "1",
                                "-o", "json")[0]["events_per_cpu_s"] / 1e6

    def limit(query, *options):
        return lambda: b.limit("nexmark", query, "--events", str(b.events), *options)["per_cpu_s"] / 1e6

    unit = "M events/CPU s"
    for query, must, aim in (("q0", 10, 16), ("q1", 10, 16), ("q2", 20, 50), ("q11", 10, 25), ("q12", 12, 35)):
        yield Figure("nexmark", query, unit, must, aim, ours(query), limit(query))
    dense = DENSE_SESSIONS.format(events=b.events)
    yield Figure("nexmark", "q11, 1 M events per s of event time", unit, 10, 25,
                 lambda: b.events / b.job(dense).cpu_s / 1e6, limit("q11", "--rate", "1000000"))
    yield Figure("nexmark", "q0 with every byte written and copied", unit, None, None, None,
                 limit("q0", "--written"))
    yield Figure("nexmark", "generator: all columns as numbers", unit, None, None, None, limit("numbers"))


def scaling_figures(b):
    """Wall time: how much faster two slots are than one."""
    events = str(b.events * 2)

    def ours(query):
        rates = [b.output(b.tidemill, "bench", "nexmark", query, "--events", events, "-p", slots, "-o", "json",
                          cpus=b.cpus)[0]["events_per_s"] for slots in "12"]
        return rates[1] / rates[0]

    def limit(query):
        rates = [b.limit("nexmark", query, "--events", events, "--threads", threads, cpus=b.cpus)["per_s"]
                 for threads in "12"]
        return rates[1] / rates[0]

    for query in ("q0", "q2", "q11"):
        yield Figure("scaling", f"{query}, two slots against one", "times", 0.9, None,
                     lambda query=query: ours(query), lambda query=query: limit(query), of_limit=True)


def session_figures(b):
    def ours():
        script = AD_EVENTS_TABLE.format(source=f"'connector' = 'filesystem', 'path' = '{b.ads()}'",
                                        sink="'connector' = 'blackhole'")
        return b.ad_events / b.job(script).cpu_s / 1e6

    unit = "M events/CPU s"
    yield Figure("sessions", "ad sessions, NDJSON (limit: simdjson alone)", unit, 5, 12, ours,
                 lambda: b.limit("json", b.ads())["per_cpu_s"] / 1e6)
    yield Figure("sessions", "NDJSON of a shape known in advance", unit, None, None, None,
                 lambda: b.limit("json", b.ads(), "--by-shape")["per_cpu_s"] / 1e6)


def csv_figures(b):
    def ours():
        path = b.lineitem()
        return os.path.getsize(path) / b.job(LINEITEM.format(path=path)).cpu_s / 1e9

    yield Figure("csv", "lineitem.tbl, 16 columns", "GB/CPU s", 0.8, 1.8, ours,
                 lambda: b.limit("csv", b.lineitem())["per_cpu_s"] / 1e9)


def sort_figures(b):
    """Prices that mostly differ, and urls of which there are 10,000: long, and alike at their beginning."""
    events = b.events // 10
    for order in ("price", "url, price DESC", "price LIMIT 100", "url, price DESC LIMIT 100"):
        script = SORT.format(events=events, order=order)
        yield Figure("sort", f"ORDER BY {order}", "M rows/CPU s", None, None,
                     lambda script=script: events * 46 / 50 / b.job(script).cpu_s / 1e6, None)


def start_figures(b):
    def select_1():
        return b.run(b.tidemill, "run", "-o", "csv", "-e", "SELECT 1", cpus=b.cpus)

    def nothing():
        return b.run("/bin/true", cpus=b.cpus)

    yield Figure("start", "SELECT 1 (limit: /bin/true)", "ms", 50, 10, lambda: select_1().wall_s * 1000,
                 lambda: nothing().wall_s * 1000)
    yield Figure("start", "SELECT 1, peak memory", "MB", 30, None, lambda: select_1().peak_mb,
                 lambda: nothing().peak_mb)


def idle_figures(b):
    def share():
        """Percent of a CPU that a job with one row a second takes, once it runs."""
        def cpu_s():
            with open(f"/proc/{child.pid}/stat", encoding="ascii") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

        with subprocess.Popen([b.tidemill, "run", "-p", "1", "-e", IDLE], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as child:
            time.sleep(1)
            before, began = cpu_s(), time.monotonic()
            time.sleep(1 if b.quick else 5)
            percent = (cpu_s() - before) / (time.monotonic() - began) * 100
            if child.poll() is not None:
                sys.exit("bench: the idle job ended by itself")
            child.send_signal(signal.SIGINT)
        return percent

    yield Figure("idle", "streaming job, one row a second", "% of a CPU", 1, None, share, None)


def exchange_figures(b):
    def rate(who, transport):
        return lambda: b.output(b.exchange, who, transport, "--mb", "64" if b.quick else "4096",
                                cpus=b.cpus)["gb_per_s"]

    def neighbours():
        return b.output(b.exchange, "blocked", "--seconds", "1" if b.quick else "10", cpus=b.cpus)["ratio"]

    for transport in ("ipc", "tcp"):
        yield Figure("exchange", f"rows to another process, {transport} (limit: ZeroMQ alone)", "GB/s", 0.7, 0.95,
                     rate("ours", transport), rate("raw", transport), of_limit=True)
    yield Figure("exchange", "three channels while a fourth stands still", "times", 0.95, None, neighbours, None)


def size_figures(b):
    def megabytes():
        total = 0
        with tempfile.TemporaryDirectory() as folder:
            for path in (b.tidemill, os.path.join(os.path.dirname(b.tidemill), "libtidemill.so")):
                if not os.path.exists(path):
                    continue
                stripped = os.path.join(folder, os.path.basename(path))
                subprocess.run(["strip", "-o", stripped, path], check=True)
                total += os.path.getsize(stripped)
        return total / 1e6

    yield Figure("size", "stripped program and library", "MB", 15, None, megabytes, None)


def function_figures(b):
    """Beside PostgreSQL instead of a limit, where its Debian package is there."""
    if functions.postgres.is_missing():
        print("bench: SKIPPED beside functions: PostgreSQL (there is no package postgresql)", file=sys.stderr)
    with contextlib.nullcontext() if functions.postgres.is_missing() else functions.postgres.Server() as server:
        for expression, ours, theirs in functions.costs(b, server):
            yield Figure("functions", expression.replace("|", "\\|"), "ns a row", None, None, ours, theirs)


class Broker:
    """A broker of tests/support/kafka for as long as the figures take, its data thrown away."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tidemill-bench-kafka-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        # The controller's port must be free as well: below those that the system hands out.
        self.env = {**os.environ, "KAFKA_PORT": str(port), "KAFKA_CPORT": str(20_000 + port % 10_000),
                    "KAFKA_RUN": self.folder}
        self.topics = 0

    def script(self, name, *arguments):
        return subprocess.run([os.path.join(ROOT, "tests/support/kafka", name), *arguments], env=self.env,
                              capture_output=True, text=True, check=False)

    def __enter__(self):
        started = self.script("start")
        if started.returncode != 0:
            self.script("stop", "--wipe")
            sys.exit(f"bench: no broker: {started.stderr.strip()}")
        return self

    def __exit__(self, *_):
        self.script("stop", "--wipe")
        shutil.rmtree(self.folder, ignore_errors=True)

    def topic(self):
        """A new topic of one partition."""
        self.topics += 1
        name = f"bench-{self.topics}"
        self.script("topics", "create", name, "1")
        return name

    def table(self, topic, *options):
        return ", ".join((f"'connector' = 'kafka', 'topic' = '{topic}'",
                          f"'properties.bootstrap.servers' = '{self.address}'", *options))


def kafka_figures(b):
    """Only with --kafka: everything else runs on a machine without Java."""
    with Broker() as broker:
        ads, results, incoming, outgoing, alone = (broker.topic() for _ in range(5))
        at = ("--broker", broker.address)
        b.limit("kafka-fill", b.ads(), "--to", ads, *at, cpus=b.cpus)

        def sessions():
            source = broker.table(ads, "'scan.startup.mode' = 'earliest-offset'",
                                  "'scan.bounded.mode' = 'latest-offset'")
            script = AD_EVENTS_TABLE.format(source=source, sink=broker.table(results, "'format' = 'json'"))
            return b.ad_events / b.run(b.tidemill, "run", "-p", "1", "-e", script, cpus=b.cpus).cpu_s / 1e6

        def consume():
            return b.limit("kafka-consume", ads, "--events", str(b.ad_events), *at, cpus=b.cpus)["per_cpu_s"] / 1e6

        def latency(come_in, come_out):
            return b.limit("kafka-latency", come_in, "--to", come_out, "--rate", "10000", "--events",
                           "20000" if b.quick else "100000", *at, cpus=b.cpus)["p99_ms"]

        def through_filter():
            script = FILTER.format(source=broker.table(incoming, "'scan.startup.mode' = 'earliest-offset'"),
                                   sink=broker.table(outgoing))
            with subprocess.Popen([b.tidemill, "run", "-p", "1", "-e", script], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as child:
                try:
                    return latency(incoming, outgoing)
                finally:
                    child.send_signal(signal.SIGINT)

        yield Figure("kafka", "ad sessions, Kafka JSON to Kafka JSON (limit: librdkafka reads)", "M events/CPU s",
                     1.2, 2, sessions, consume)
        latency(alone, alone)  # The broker's code is compiled while it runs: the first seconds do not count.
        yield Figure("kafka", "Kafka filter, 10,000 records/s, p99 (limit: no job between)", "ms", 10, None,
                     through_filter, lambda: latency(alone, alone))


GROUPS = {"nexmark": nexmark_figures, "scaling": scaling_figures, "sessions": session_figures,
          "csv": csv_figures, "sort": sort_figures, "exchange": exchange_figures, "start": start_figures, "idle": idle_figures,
          "size": size_figures, "functions": function_figures,
          "kafka": kafka_figures}


# ---- the table ----

def measure(figure, runs):
    """Ours and the limit in turns; medians, and every single run."""
    ours, limit = [], []
    for _ in range(runs):
        if figure.ours:
            ours.append(figure.ours())
        if figure.limit:
            limit.append(figure.limit())
    row = {"group": figure.group, "figure": figure.name, "unit": figure.unit, "must": figure.must,
           "aim": figure.aim, "share_of_limit": figure.of_limit,
           "ours": statistics.median(ours) if ours else None,
           "limit": statistics.median(limit) if limit else None, "ours_runs": ours, "limit_runs": limit}
    row["ratio"] = row["ours"] / row["limit"] if ours and limit and row["limit"] else None
    row["reached"] = reached(figure, row)
    return row


def reached(figure, row):
    """"aim", "must", "no", or None where nothing is asked for. Of times and sizes less is better."""
    value = row["ratio"] if figure.of_limit else row["ours"]
    if value is None or figure.must is None:
        return None
    less = figure.unit in ("ms", "MB", "% of a CPU")
    for name, bound in (("aim", figure.aim), ("must", figure.must)):
        if bound is not None and (value <= bound if less else value >= bound):
            return name
    return "no"


def cell(value):
    return "-" if value is None else f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def line(row):
    asked = [f"{cell(row[k])}{' of limit' if row['share_of_limit'] and row[k] else ''}" for k in ("must", "aim")]
    return (f"| {row['figure']} | {row['unit']} | {cell(row['ours'])} | {cell(row['limit'])} | {cell(row['ratio'])} "
            f"| {asked[0]} | {asked[1]} | {row['reached'] or '-'} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("groups", nargs="*", metavar="NAME", help=", ".join(GROUPS))
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one run over small inputs: does it work at all?")
    parser.add_argument("--kafka", action="store_true", help="start a broker (Java) and measure with it, too")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"), metavar="FOLDER",
                        help="with tidemill, bin/limits and bin/exchange_bench; build/release")
    options = parser.parse_args()
    for name in options.groups:
        if name not in GROUPS:
            parser.error(f"no figures {name}; there are {', '.join(GROUPS)}")
    bench = Bench(os.path.abspath(options.build), options.quick)
    rows = []
    if options.output == "table":
        print(f"{time.strftime('%Y-%m-%d')}, load {os.getloadavg()[0]:.1f} on {len(bench.cpus)} CPUs\n")
        print("| figure | unit | ours | limit | ratio | must | aim | reached |\n|---|---|---:|---:|---:|---:|---:|---|")
    names = options.groups or [name for name in GROUPS if name != "kafka"]
    for name in names + ["kafka"] * (options.kafka and "kafka" not in names):
        for figure in GROUPS[name](bench):
            rows.append(measure(figure, 1 if options.quick else options.runs))
            if options.output == "table":
                print(line(rows[-1]), flush=True)
    if options.output == "json":
        print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
