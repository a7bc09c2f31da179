#!/usr/bin/env python3
"""Jobs against a real broker: what the mock cluster of the unit tests cannot show."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

TIDEMILL = os.environ["TIDEMILL"]
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..", "..")
TOOLS = os.path.join(ROOT, "tests", "support", "kafka")
DEADLINE_S = 60


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Broker:
    """One broker in a folder of its own."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="tidemill-kafka-")
        self.env = dict(os.environ, KAFKA_PORT=str(free_port()), KAFKA_CPORT=str(free_port()),
                        KAFKA_RUN=self.folder.name, KAFKA_HEAP="384m")
        self.address = self.start()

    def tool(self, name, *arguments):
        run = subprocess.run([os.path.join(TOOLS, name), *arguments], env=self.env, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300, check=False)
        if run.returncode == 77:
            print(run.stderr.strip())
            sys.exit(77)
        if run.returncode != 0:
            raise RuntimeError(f"{name} {arguments}: {run.stderr}")
        return run.stdout.strip()

    def start(self):
        return self.tool("start")

    def kill(self):
        self.tool("stop", "--kill")

    def create(self, topic, partitions=1):
        self.tool("topics", "create", topic, str(partitions))

    def end(self):
        self.tool("stop", "--wipe")
        self.folder.cleanup()


BROKER = None


def setUpModule():
    global BROKER
    if os.environ.get("TIDE_SANITIZE") == "thread":
        print("skipped: librdkafka's C11 threads crash under ThreadSanitizer")
        sys.exit(77)
    BROKER = Broker()


def tearDownModule():
    if BROKER:
        BROKER.end()


def tidemill(sql, *arguments, cwd=None):
    return subprocess.run([TIDEMILL, "run", "-e", sql, "-o", "csv", *arguments], capture_output=True,
                          text=True, timeout=DEADLINE_S, check=False, cwd=cwd)


def table(name, columns, topic, **options):
    keys = {"connector": "kafka", "topic": topic, "properties.bootstrap.servers": BROKER.address,
            "format": "json"}
    keys.update({k.replace("__", "-").replace("_", "."): v for k, v in options.items()})
    listed = ", ".join(f"'{k}' = '{v}'" for k, v in keys.items())
    return f"CREATE TABLE {name} ({columns}) WITH ({listed});\n"


BOUNDED = {"scan_startup_mode": "earliest-offset", "scan_bounded_mode": "latest-offset"}


def sequence(first, last):
    return ("CREATE TABLE numbers (id BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '0', "
            f"'fields.id.kind' = 'sequence', 'fields.id.start' = '{first}', 'fields.id.end' = '{last}');\n")


class Reader:
    """A job that does not end, whose rows are waited for."""

    def __init__(self, sql):
        self.process = subprocess.Popen([TIDEMILL, "run", "-e", sql, "-o", "csv"], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.lines, self.changed = [], threading.Condition()
        threading.Thread(target=self.collect, daemon=True).start()

    def collect(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.strip())
                self.changed.notify_all()

    def wait_for(self, lines):
        with self.changed:
            if not self.changed.wait_for(lambda: set(lines) <= set(self.lines), DEADLINE_S):
                raise AssertionError(f"missing {set(lines) - set(self.lines)}")

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=DEADLINE_S)


class KafkaTest(unittest.TestCase):
    def check(self, run):
        self.assertEqual(run.returncode, 0, run.stderr)
        return run

    def insert(self, topic, first, last, partitioner="default"):
        self.check(tidemill(sequence(first, last) +
                            table("t", "id BIGINT", topic, key_format="json", key_fields="id",
                                  sink_partitioner=partitioner) +
                            "INSERT INTO t SELECT id FROM numbers;"))

    def test_rows_come_back_at_every_parallelism(self):
        BROKER.create("round", 4)
        self.insert("round", 1, 20000)
        for slots in ("1", "2", "3"):
            with self.subTest(slots=slots):
                run = self.check(tidemill(table("t", "id BIGINT, p INT METADATA FROM 'partition' VIRTUAL",
                                                "round", **BOUNDED) +
                                          "SELECT count(*), sum(id), min(id), max(id), count(DISTINCT p) "
                                          "FROM t;", "-p", slots))
                self.assertEqual(run.stdout.split()[-1], "20000,200010000,1,20000,4")

    def test_sessions_from_kafka_are_those_from_files(self):
        example = os.path.join(ROOT, "examples", "ad-sessions")
        with open(os.path.join(example, "job.sql"), encoding="utf-8") as file:
            job = file.read()
        with open(os.path.join(example, "expected", "sessions.csv"), encoding="utf-8") as file:
            expected = file.read()
        columns = "user_id BIGINT, ad_id BIGINT, event_time TIMESTAMP(3)"
        for topic in ("ad_views", "ad_clicks"):
            BROKER.create(topic)
            files = (f"CREATE TABLE f ({columns}) WITH ('connector' = 'filesystem', "
                     f"'path' = 'data/{topic}.ndjson', 'format' = 'json');\n")
            self.check(tidemill(files + table("t", columns, topic) + "INSERT INTO t SELECT * FROM f;", "-p",
                                "1", cwd=example))
            job = job.replace(f"'path' = 'data/{topic}.ndjson'",
                              f"'topic' = '{topic}', 'properties.bootstrap.servers' = '{BROKER.address}', "
                              "'scan.startup.mode' = 'earliest-offset', "
                              "'scan.bounded.mode' = 'latest-offset'")
        run = self.check(tidemill(job.replace("'filesystem'", "'kafka'"), "-p", "1", cwd=example))
        self.assertEqual(sorted(run.stdout.splitlines()), sorted(expected.splitlines()))

    def test_a_cluster_shares_out_the_partitions(self):
        BROKER.create("from", 4)
        BROKER.create("to", 3)
        self.insert("from", 1, 20000)
        job = (table("f", "id BIGINT, p INT METADATA FROM 'partition' VIRTUAL", "from", **BOUNDED) +
               table("t", "p INT, id BIGINT", "to", key_format="json", key_fields="p") +
               "INSERT INTO t SELECT p, id FROM f;")
        with tempfile.TemporaryDirectory(prefix="tidemill-kafka-") as folder:
            def cluster(*arguments, stdin=""):
                return self.check(subprocess.run([TIDEMILL, *arguments], input=stdin, capture_output=True, text=True,
                                                 cwd=folder, env=dict(os.environ, HOME=folder),
                                                 timeout=2 * DEADLINE_S, check=False)).stdout
            cluster("cluster", "start", "-w", "2", "--slots", "2")
            try:
                job_id = cluster("submit", "-", "-p", "4", "--wait", "--timeout", f"{DEADLINE_S}s", stdin=job).split()[0]
                told = json.loads(cluster("describe", job_id, "-o", "json"))
            finally:
                cluster("cluster", "stop")
        self.assertEqual({v["parallelism"] for v in told["vertices"]}, {4})
        run = self.check(tidemill(table("t", "p INT, id BIGINT", "to", **BOUNDED) +
                                  "SELECT count(*), sum(id), count(DISTINCT id), count(DISTINCT p) FROM t;"))
        self.assertEqual(run.stdout.split()[-1], "20000,200010000,20000,4")

    def test_new_partitions_are_read(self):
        BROKER.create("growing", 1)
        self.insert("growing", 1, 5)
        reader = Reader(table("t", "id BIGINT", "growing", scan_startup_mode="earliest-offset",
                              **{"scan_topic__partition__discovery_interval": "200 ms"}) +
                        "SELECT id FROM t;")
        try:
            reader.wait_for(str(i) for i in range(1, 6))
            BROKER.tool("topics", "class", "org.apache.kafka.tools.TopicCommand", "--bootstrap-server",
                        BROKER.address, "--alter", "--topic", "growing", "--partitions", "3")
            self.insert("growing", 6, 40)
            reader.wait_for(str(i) for i in range(1, 41))
        finally:
            reader.stop()

    def test_a_broker_that_comes_back_is_read_on(self):
        BROKER.create("bumpy", 1)
        self.insert("bumpy", 1, 3)
        reader = Reader(table("t", "id BIGINT", "bumpy", scan_startup_mode="earliest-offset") +
                        "SELECT id FROM t;")
        try:
            reader.wait_for(["1", "2", "3"])
            BROKER.kill()
            BROKER.start()
            self.insert("bumpy", 4, 6)
            reader.wait_for(["4", "5", "6"])
        finally:
            reader.stop()

    def test_group_offsets_and_times_are_starts(self):
        BROKER.create("starts", 1)
        self.insert("starts", 1, 10)
        query = "SELECT count(*) FROM t;"
        run = tidemill(table("t", "id BIGINT", "starts", properties_group_id="nobody",
                             scan_startup_mode="group-offsets", scan_bounded_mode="latest-offset") + query)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("group nobody has no offset for topic starts, partition 0", run.stderr)
        for millis, rows in (("0", "10"), ("253402300799000", "0")):
            run = self.check(tidemill(table("t", "id BIGINT", "starts", scan_startup_mode="timestamp",
                                            scan_bounded_mode="latest-offset",
                                            **{"scan_startup_timestamp__millis": millis}) + query))
            self.assertEqual(run.stdout.split()[-1], rows)

    def test_a_missing_topic_says_so(self):
        for sql in (table("t", "id BIGINT", "nowhere", **BOUNDED) + "SELECT * FROM t;",
                    sequence(1, 2) + table("t", "id BIGINT", "a topic", **BOUNDED) +
                    "INSERT INTO t SELECT id FROM numbers;"):
            run = tidemill(sql)
            self.assertNotEqual(run.returncode, 0)
            self.assertRegex(run.stderr, "topic (nowhere|a topic)")


if __name__ == "__main__":
    unittest.main()
