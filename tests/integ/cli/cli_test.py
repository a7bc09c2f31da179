#!/usr/bin/env python3
"""The command line: what users type, what they see, and how it exits."""

import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import tempfile
import time
import unittest

TIDEMILL = os.environ["TIDEMILL"]
DEADLINE_S = 60
ENDLESS = """
CREATE TABLE bid (auction BIGINT, price BIGINT, date_time TIMESTAMP(3))
WITH ('connector' = 'nexmark', 'table-type' = 'bid', 'events-per-second' = '20000');
SELECT auction, price FROM bid;
"""
ENDLESS_SILENT = """
CREATE TABLE bid (auction BIGINT, date_time TIMESTAMP(3), WATERMARK FOR date_time AS date_time)
WITH ('connector' = 'nexmark', 'table-type' = 'bid', 'events-per-second' = '20000');
CREATE TABLE nothing (auction BIGINT, n BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO nothing
SELECT auction, COUNT(*) FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(date_time), INTERVAL '1' SECOND))
GROUP BY auction, window_start, window_end;
"""


def tidemill(*arguments, stdin="", env=None, cwd=None):
    return subprocess.run([TIDEMILL, *arguments], input=stdin, capture_output=True, text=True, cwd=cwd,
                          timeout=DEADLINE_S, check=False, env={**os.environ, **(env or {})})


class Folder(unittest.TestCase):
    """A test with a temporary folder."""

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = place.name

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return file.read()


class UsageTest(Folder):
    def assert_usage(self, expect, *arguments):
        run = tidemill(*arguments)
        self.assertEqual((run.returncode, run.stdout), (2, ""), run.stderr)
        self.assertIn(expect, run.stderr)

    def test_mistakes_exit_with_2_and_say_what_was_meant(self):
        self.assert_usage('did you mean "run"?', "rnu")
        self.assert_usage("did you mean --output?", "run", "--ouptut", "csv")
        self.assert_usage("one of table|csv|json|jsonl", "run", "-o", "xml", "-e", "SELECT 1")
        self.assert_usage("not both", "run", "-e", "SELECT 1", "job.sql")
        self.assert_usage("KEY=VALUE", "run", "-D", "x", "-e", "SELECT 1")
        self.assert_usage("pipeline.name", "run", "-D", "pipline.name=x", "-e", "SELECT 1")
        self.assert_usage("nexmark", "bench", "tpch")
        self.assert_usage('"q99"', "bench", "nexmark", "q99")
        self.assert_usage("bash|zsh|fish", "completion", "csh")

    def test_help_comes_for_everything(self):
        for arguments in ([], ["--help"], ["help"], ["run", "--help"], ["help", "test"], ["help", "--man"],
                          ["help", "settings"], ["help", "functions"], ["help", "connectors"],
                          ["help", "formats"], ["help", "counters"]):
            with self.subTest(arguments=arguments):
                run = tidemill(*arguments)
                self.assertEqual((run.returncode, run.stderr), (0, ""))
                self.assertGreater(len(run.stdout), 100)

    def test_completion_scripts_parse(self):
        script = self.write("completion", tidemill("completion", "bash").stdout)
        subprocess.run(["bash", "-n", script], check=True)
        words = subprocess.run(
            ["bash", "-c", f"source {script}; COMP_WORDS=(tidemill run -o ''); COMP_CWORD=3; _tidemill; "
             'echo "${COMPREPLY[@]}"'], capture_output=True, text=True, check=True).stdout
        self.assertEqual(words, "table csv json jsonl\n")

    def test_version(self):
        self.assertRegex(tidemill("version").stdout, r"^tidemill \d+\.\d+\.\d+\n$")
        self.assertIn("version", json.loads(tidemill("version", "-o", "json").stdout))


class ClusterCommandsTest(Folder):
    """What can be said about a cluster without one."""

    def run_here(self, *arguments, env=None):
        return tidemill(*arguments, cwd=self.folder, env={"HOME": self.folder, **(env or {})})

    def test_config_tells_every_value_and_its_origin(self):
        path = self.write("tidemill.yaml", "rest:\n  port: 9000\nparallelism.default: 3\nrest.token: s3cret\n")
        run = self.run_here("config", "effective", "-o", "json", "--config", path,
                            env={"TIDEMILL_CONTROL_PORT": "7000"})
        self.assertEqual(run.returncode, 0, run.stderr)
        values = {row["key"]: (row["value"], row["origin"]) for row in json.loads(run.stdout)}
        self.assertEqual(values["rest.port"], ("9000", f"{path}:2"))
        self.assertEqual(values["parallelism.default"], ("3", f"{path}:3"))
        self.assertEqual(values["control.port"], ("7000", "TIDEMILL_CONTROL_PORT"))
        self.assertEqual(values["rest.token"][0], "***")
        self.assertEqual(values["heartbeat.timeout"], ("2500 ms", "default"))
        table = self.run_here("config", "effective", "-D", "rest.port=1").stdout
        self.assertRegex(table, r"rest\.port +1 +-D")

    def test_config_explains_a_key_by_any_name(self):
        run = self.run_here("config", "explain", "jobmanager.rpc.port")
        self.assertEqual(run.returncode, 0, run.stderr)
        for word in ("control.port", "6123", "TIDEMILL_CONTROL_PORT", "jobmanager.rpc.port"):
            self.assertIn(word, run.stdout)
        run = self.run_here("config", "explain", "rest.prt")
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertIn("did you mean 'rest.port'?", run.stderr)

    def test_unknown_keys_in_the_file_are_errors_for_every_command(self):
        path = self.write("tidemill.yaml", "heartbeat.timout: 3 s\n")
        for arguments in (["run", "-e", "SELECT 1"], ["list"], ["config", "effective"], ["doctor"]):
            with self.subTest(arguments=arguments):
                run = self.run_here(*arguments, "--config", path)
                self.assertEqual(run.returncode, 2)
                self.assertIn(f"{path}:1: unknown setting 'heartbeat.timout', did you mean 'heartbeat.timeout'?",
                              run.stderr)

    def test_no_master_exits_with_4_and_says_what_to_do(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # Bound, and nobody listens.
            master = f"127.0.0.1:{taken.getsockname()[1]}"
            for arguments in (["list"], ["describe", "1f"], ["status", "1f", "--wait"], ["cancel", "1f"],
                              ["stop", "1f"], ["logs", "1f"], ["top"], ["submit", "-e", "SELECT 1"]):
                with self.subTest(arguments=arguments):
                    run = self.run_here(*arguments, "--master", master)
                    self.assertEqual((run.returncode, run.stdout), (4, ""), run.stderr)
                    self.assertIn("tidemill cluster start", run.stderr)

    def test_submit_plans_first_with_the_messages_of_run(self):
        for arguments in (["-e", "SELECT x"], ["-e", "SELEC 1"], ["-e", "SET 'on-error' = 'explode'"]):
            with self.subTest(arguments=arguments):
                ran, submitted = self.run_here("run", *arguments), self.run_here("submit", *arguments)
                self.assertEqual((submitted.returncode, submitted.stderr, submitted.stdout),
                                 (ran.returncode, ran.stderr, ""))
                self.assertEqual(submitted.returncode, 3)

    def test_a_dry_run_shows_the_operators_and_needs_no_cluster(self):
        run = self.run_here("submit", "--dry-run", "-e", "SELECT 1 AS one", "-p", "2")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("print", run.stdout)
        spec = json.loads(self.run_here("submit", "--dry-run", "-o", "json", "-e", "SELECT 1 AS one").stdout)
        self.assertEqual((spec["kind"], spec["text"]), ("sql", "SELECT 1 AS one"))

    def test_doctor_looks_at_everything(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            run = self.run_here("doctor", "-o", "json", "-D", f"rest.port={port}", "-D", "control.port=0",
                                "--kafka", f"127.0.0.1:{port}")
        checks = {row["check"]: row for row in json.loads(run.stdout)}
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertEqual(checks["rest.port"]["verdict"], "warn")
        self.assertIn("free it", checks["rest.port"]["to-do"])
        self.assertEqual(checks["kafka"]["verdict"], "ok")
        self.assertLessEqual({"control.port", "data.dir", "storage speed", "clock", "descriptors", "limits", "memory",
                              "topology", "plugins"}, set(checks))
        run = self.run_here("doctor", "-D", "data.dir=/proc/nowhere", "-D", "rest.port=0", "-D", "control.port=0")
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stdout, r"data\.dir +fail")

    def test_no_cluster_in_the_folder_is_said(self):
        for verb in ("stop", "status"):
            run = self.run_here("cluster", verb)
            self.assertEqual(run.returncode, 6)
            self.assertIn("tidemill cluster start", run.stderr)


class RunTest(Folder):
    def test_text_comes_from_a_file_the_flag_or_standard_input(self):
        path = self.write("job.sql", "SELECT 1 + 1 AS two;\n")
        for arguments, stdin in ((["run", path], ""), (["run", "-e", "SELECT 1 + 1 AS two"], ""),
                                 (["run"], "SELECT 1 + 1 AS two"), (["run", "-"], "SELECT 1 + 1 AS two;")):
            with self.subTest(arguments=arguments):
                run = tidemill(*arguments, "-o", "csv", stdin=stdin)
                self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "two\n2\n", ""))

    def test_rows_in_every_form(self):
        sql = "SELECT 1 AS a, 'x,y' AS b UNION ALL SELECT NULL, 'z'"
        csv = tidemill("run", "-o", "csv", "-e", sql).stdout
        self.assertEqual(csv, 'a,b\n1,"x,y"\n,z\n')
        rows = [{"a": 1, "b": "x,y"}, {"a": None, "b": "z"}]
        self.assertEqual(json.loads(tidemill("run", "-o", "json", "-e", sql).stdout), rows)
        lines = tidemill("run", "-o", "jsonl", "-e", sql).stdout.splitlines()
        self.assertEqual([json.loads(line) for line in lines], rows)
        self.assertIn("x,y", tidemill("run", "-e", sql).stdout)

    def test_every_query_has_its_header_and_comes_in_its_place(self):
        sql = "SELECT 1 AS a; SELECT 2 AS b, 3 AS c; SELECT 4 AS b, 5 AS c"
        self.assertEqual(tidemill("run", "-o", "csv", "-e", sql).stdout, "a\n1\nb,c\n2,3\nb,c\n4,5\n")
        self.assertEqual(tidemill("run", "-e", sql).stdout,
                         " a\n---\n 1\n(1 row)\n"
                         " b | c\n---+---\n 2 | 3\n(1 row)\n"
                         " b | c\n---+---\n 4 | 5\n(1 row)\n")

    def test_an_updating_result_prints_final_rows_or_its_changes(self):
        sql = "SELECT x, COUNT(*) AS n FROM (SELECT 1 AS x UNION ALL SELECT 1) t GROUP BY x"
        streaming = ["-D", "execution.runtime-mode=streaming", "-o", "csv"]
        self.assertEqual(tidemill("run", *streaming, "-e", sql).stdout, "x,n\n1,2\n")
        changes = tidemill("run", *streaming, "--changelog", "-e", sql).stdout.splitlines()
        self.assertEqual(changes[0], "op,x,n")
        self.assertEqual(changes[1:], ["+I,1,2"])

    def test_failures_say_where_and_exit_with_their_code(self):
        cases = (
            (3, "1:1", "SELEC 1"),
            (3, "nosuch", "SELECT nosuch FROM (SELECT 1 AS a) t"),
            (3, "connector", "CREATE TABLE t (a INT) WITH ('connector' = 'filesystm', 'path' = 'x');"
                             "SELECT a FROM t"),
            (6, "/nonexistent", "CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', "
                                "'path' = '/nonexistent', 'format' = 'json'); SELECT a FROM t"),
            (1, "division by zero", "SELECT 1 / x FROM (SELECT 0 AS x UNION ALL SELECT 0) t"),
        )
        for code, expect, sql in cases:
            with self.subTest(sql=sql):
                run = tidemill("run", "-o", "csv", "-e", sql)
                self.assertEqual(run.returncode, code, run.stderr)
                self.assertIn(expect, run.stderr)
                self.assertTrue(run.stderr.startswith("error: "), run.stderr)

    def test_a_plan_without_a_graph_is_no_failure_of_the_job(self):
        for command in ("run", "explain"):
            run = tidemill(command, "-p", "129", "-e", "SELECT 1")
            self.assertEqual((run.returncode, run.stdout), (3, ""), run.stderr)
            self.assertIn("raise 'pipeline.max-parallelism'", run.stderr)

    def test_options_of_a_format_are_errors_of_the_text(self):
        run = tidemill("run", "-e", "CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = "
                                    "'x', 'format' = 'csv', 'csv.field-delimiter' = ';;'); SELECT a FROM t")
        self.assertEqual((run.returncode, run.stdout), (3, ""), run.stderr)
        self.assertIn("error: -e:1:90: table t: option 'csv.field-delimiter' = ';;': expected one", run.stderr)

    def test_output_to_a_closed_stream_goes_nowhere_else(self):
        """Descriptor 1 is not that of the next file that is opened."""
        part = os.path.join(self.folder, "out")
        sql = ("CREATE TABLE o (a STRING) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'csv');"
               "INSERT INTO o SELECT 'file'; SELECT 'rows'" % part)
        run = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&-', TIDEMILL, "run", "-e", sql],
                             capture_output=True, text=True)
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("writing the output: Bad file descriptor", run.stderr)

    def test_a_job_that_cannot_be_read(self):
        for path, code in (("/nonexistent.sql", 6), (self.folder, 1)):
            run = tidemill("run", path)
            self.assertEqual(run.returncode, code, run.stderr)
            self.assertIn(path, run.stderr)
        run = tidemill("run", stdin="SELECT 1\0;")
        self.assertEqual(run.returncode, 3)
        self.assertIn("NUL", run.stderr)

    def test_a_script_without_a_query_says_so(self):
        run = tidemill("run", "-e", "SET 'pipeline.name' = 'x'")
        self.assertEqual((run.returncode, run.stdout), (0, ""))
        self.assertIn("nothing to run", run.stderr)

    def test_settings_from_file_and_environment_reach_the_job(self):
        config = self.write("tidemill.yaml", "parallelism.default: 3\n")
        sql = "SELECT COUNT(*) AS n FROM (SELECT 1 AS x) t"
        explain = ["explain", "-o", "json", "-e", sql]
        self.assertNotEqual(tidemill(*explain).stdout, tidemill(*explain, "--config", config).stdout)
        self.assertEqual(tidemill(*explain, "--config", config).stdout,
                         tidemill(*explain, env={"TIDEMILL_PARALLELISM_DEFAULT": "3"}).stdout)
        run = tidemill("run", "-e", sql, "--config", self.write("bad.yaml", "\nparalelism.default: 3\n"))
        self.assertEqual(run.returncode, 2)
        self.assertIn("bad.yaml:2", run.stderr)

    def test_explain_shows_plan_and_graph(self):
        text = tidemill("explain", "-e", "SELECT 1 AS one").stdout
        self.assertIn("Logical plan", text)
        self.assertIn("Job graph", text)
        self.assertIn("graph", json.loads(tidemill("explain", "-o", "json", "-e", "SELECT 1 AS one").stdout))


class ProcessTest(unittest.TestCase):
    """Signals, pipes and terminals."""

    def start(self, *arguments, **streams):
        # Unbuffered: communicate() would leave out what readline() had read ahead.
        child = subprocess.Popen([TIDEMILL, "run", *arguments], stdin=subprocess.DEVNULL, bufsize=0, **streams)
        self.addCleanup(self.end, child)
        return child

    @staticmethod
    def end(child):
        child.kill()
        child.wait()
        for stream in (child.stdout, child.stderr):
            if stream:
                stream.close()

    def test_ctrl_c_ends_cleanly_with_what_is_complete(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                child = self.start("-o", "csv", "-e", ENDLESS, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                self.assertEqual(child.stdout.readline(), b"auction,price\n")
                child.stdout.readline()
                child.send_signal(number)
                rest, errors = child.communicate(timeout=DEADLINE_S)
                self.assertEqual(child.returncode, 130, errors)
                self.assertRegex(rest, rb"^(\d+,\d+\n)*$")  # No row is torn.

    def test_ctrl_c_twice_ends_at_once(self):
        child = self.start("-o", "csv", "-e", ENDLESS, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        child.stdout.readline()  # It runs, and from here nobody reads: a clean end would wait for us.
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(timeout=DEADLINE_S), 130)

    def test_a_reader_that_goes_away_ends_the_job(self):
        child = self.start("-o", "csv", "-e", ENDLESS, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        child.stdout.readline()
        child.stdout.close()
        self.assertEqual(child.wait(timeout=DEADLINE_S), 1)
        self.assertIn(b"closed", child.stderr.read())

    def test_progress_is_silent_when_piped(self):
        run = tidemill("run", "-e", ENDLESS_SILENT.replace("events-per-second", "events"))
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "", ""))

    def test_progress_shows_on_a_terminal(self):
        ours, theirs = pty.openpty()
        child = self.start("-e", ENDLESS_SILENT, stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        seen, deadline = b"", time.monotonic() + DEADLINE_S
        while not re.search(rb"rows/s  watermark \d{4}-", seen) and time.monotonic() < deadline:
            if select.select([ours], [], [], 0.1)[0]:
                seen += os.read(ours, 4096)
        self.assertRegex(seen[-200:], rb"\d rows  [\d.]+( k| M)? rows/s  watermark \d{4}-\d\d-\d\d")
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(timeout=DEADLINE_S), 130)
        os.close(ours)


class CaseTest(Folder):
    """tidemill test"""

    JOB = """CREATE TABLE t (k STRING, v INT) WITH ('connector' = 'kafka', 'topic' = 't',
             'properties.bootstrap.servers' = 'nowhere:1', 'format' = 'json');
             CREATE TABLE big (k STRING, twice INT) WITH ('connector' = 'blackhole');
             INSERT INTO big SELECT k, v * 2 FROM t WHERE v > 1;"""

    def setUp(self):
        super().setUp()
        self.write("job.sql", self.JOB)
        self.write("case/input/t.ndjson", '{"k":"a","v":1}\n{"k":"b","v":3}\n{"k":"a","v":2}\n')
        self.write("case/expected/big.csv", "k,twice\na,4\nb,6\n")

    def run_test(self, *arguments):
        return tidemill("test", self.folder, *arguments)

    def test_rows_are_compared_in_any_order(self):
        run = self.run_test()
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("1 passed, 0 failed", run.stdout)

    def test_a_difference_is_shown_and_update_takes_it(self):
        self.write("case/expected/big.csv", "k,twice\na,4\nb,7\n")
        run = self.run_test()
        self.assertEqual(run.returncode, 1)
        self.assertIn("\n-b,7\n+b,6\n", run.stdout)
        self.assertEqual(self.run_test("--update").returncode, 0)
        self.assertEqual(self.read("case/expected/big.csv"), "k,twice\na,4\nb,6\n")
        self.assertEqual(self.run_test().returncode, 0)

    def test_an_expected_failure_passes(self):
        self.write("case/input/t.ndjson", '{"k":"a","v":"many"}\n')
        self.write("case/expected/error.txt", "many\n")
        run = self.run_test()
        self.assertEqual(run.returncode, 0, run.stdout)
        self.write("case/expected/error.txt", "something else\n")
        self.assertEqual(self.run_test().returncode, 1)
        self.write("case/input/t.ndjson", '{"k":"a","v":1}\n')
        self.assertIn("succeeded", self.run_test().stdout)

    def test_files_that_do_not_match_the_job_are_named(self):
        os.rename(os.path.join(self.folder, "case/input/t.ndjson"),
                  os.path.join(self.folder, "case/input/tt.ndjson"))
        self.assertIn("no file t.ndjson", self.run_test().stdout)
        self.write("case/input/t.ndjson", "")
        self.assertIn("tt.ndjson", self.run_test().stdout)

    def test_an_empty_folder_is_not_a_passing_test(self):
        empty = os.path.join(self.folder, "empty")
        os.mkdir(empty)
        self.assertEqual(tidemill("test", empty).returncode, 6)


class BenchTest(unittest.TestCase):
    def test_figures_come_as_json(self):
        run = tidemill("bench", "nexmark", "q0", "q2", "--events", "20000", "--runs", "3", "-o", "json")
        self.assertEqual(run.returncode, 0, run.stderr)
        rows = json.loads(run.stdout)
        self.assertEqual([row["query"] for row in rows], ["q0", "q2"])
        for row in rows:
            self.assertEqual((row["events"], row["runs"], row["parallelism"]), (20000, 3, 1))
            self.assertEqual(row["rows_in"], 18400)  # 46 of 50 events are bids.
            self.assertGreater(row["events_per_s"], 0)
            self.assertGreater(row["events_per_cpu_s"], 0)
            self.assertGreater(row["peak_memory_mb"], 0)

    def test_every_query_runs(self):
        run = tidemill("bench", "nexmark", "--events", "5000", "-p", "2")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(len(run.stdout.splitlines()), 11)


if __name__ == "__main__":
    unittest.main()
