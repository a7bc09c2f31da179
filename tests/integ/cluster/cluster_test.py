#!/usr/bin/env python3
"""A local cluster as users meet it: start, submit, look, end; and what is said when something is wrong."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

TIDEMILL = os.environ["TIDEMILL"]
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
LIBRARY = os.path.join(os.path.dirname(TIDEMILL), "examples", "libad_sessions.so")
SLOW_JOB = os.path.join(os.path.dirname(TIDEMILL), "tests", "libslow_job.so")
PROGRAM = os.path.join(os.path.dirname(TIDEMILL), "examples", "submit")
DEADLINE_S = 120
ENDLESS = """
CREATE TABLE bid (auction BIGINT, price BIGINT, date_time TIMESTAMP(3), WATERMARK FOR date_time AS date_time)
WITH ('connector' = 'nexmark', 'table-type' = 'bid', 'events-per-second' = '2000');
CREATE TABLE nothing (auction BIGINT, n BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO nothing
SELECT auction, COUNT(*) FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(date_time), INTERVAL '1' SECOND))
GROUP BY auction, window_start, window_end;
"""


def tidemill(*arguments, cwd=None, stdin="", env=None):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TIDEMILL_")}
    return subprocess.run([TIDEMILL, *arguments], input=stdin, capture_output=True, text=True, cwd=cwd, check=False,
                          timeout=DEADLINE_S, env={**clean, "HOME": cwd or "/nonexistent", **(env or {})})


class Cluster(unittest.TestCase):
    """One cluster for all tests of a class, in a folder of its own; START are flags of `cluster start`."""

    START = ["-w", "2", "--slots", "2"]

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="tide-cluster-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        started = tidemill("cluster", "start", *cls.START, cwd=cls.folder)
        if started.returncode != 0:
            raise AssertionError(started.stderr)
        cls.addClassCleanup(tidemill, "cluster", "stop", cwd=cls.folder)
        cls.rest = started.stdout.strip()

    def tearDown(self):
        """What a failed test left running would take slots from the others."""
        env = {"TIDEMILL_REST_TOKEN": "s3cret"}
        jobs = json.loads(tidemill("list", "-o", "json", cwd=self.folder, env=env).stdout)["jobs"]
        left = [job["jid"] for job in jobs if job["end-time"] < 0]
        if left:
            tidemill("cancel", "--wait", "--timeout", "60s", *left, cwd=self.folder, env=env)

    def run_it(self, *arguments, code=0, **more):
        more.setdefault("cwd", self.folder)
        run = tidemill(*arguments, **more)
        self.assertEqual(run.returncode, code, f"{arguments}\n{run.stdout}\n{run.stderr}\n{self.told()}")
        return run

    def told(self):
        """The ends of the logs, for failures."""
        texts = []
        for name in sorted(os.listdir(f"{self.folder}/.tidemill")):
            if name.endswith(".log"):
                with open(f"{self.folder}/.tidemill/{name}", encoding="utf-8") as file:
                    texts.append(f"== {name}\n{file.read()[-1500:]}")
        return "\n".join(texts)

    def wait_for(self, question):
        end = time.monotonic() + DEADLINE_S
        while not question():
            self.assertLess(time.monotonic(), end, self.told())
            time.sleep(0.01)

    def submit(self, sql, *flags):
        job = self.run_it("submit", "-", *flags, stdin=sql).stdout
        self.assertRegex(job, r"\A[0-9a-f]{16}\n\Z")
        return job.strip()

    def get(self, path, method="GET", body=None, token=None, code=200):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(self.rest + path, data=body, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                got, text, kind = answer.status, answer.read(), answer.headers["Content-Type"]
        except urllib.error.HTTPError as error:
            got, text, kind = error.code, error.read(), error.headers["Content-Type"]
        self.assertEqual(got, code, text)
        if code >= 400:
            self.assertEqual(kind, "application/problem+json")
        return json.loads(text) if "json" in kind else text.decode()


class LifeTest(Cluster):
    def test_the_ad_sessions_come_out_as_in_one_process(self):
        # Its paths are relative: to where it is submitted, not to where a worker was started.
        place = os.path.join(ROOT, "examples", "ad-sessions")
        job = self.run_it("submit", "job.sql", "-p", "4", "--name", "ad sessions", "--wait", "--timeout", "60s",
                          cwd=place, env={"TIDEMILL_MASTER": self.rest}).stdout.strip()
        cluster = self.run_it("logs", job).stdout.splitlines()
        alone = tidemill("run", "-o", "jsonl", "job.sql", cwd=place).stdout.splitlines()
        self.assertEqual(sorted(map(json.loads, cluster), key=str), sorted(map(json.loads, alone), key=str))
        self.assertGreater(len(alone), 5)
        self.assertEqual(self.run_it("status", job).stdout, "FINISHED\n")
        # What it did can be looked up when it is over.
        self.assertRegex(self.run_it("describe", job).stdout, r"scan ad_views +4 +FINISHED +[1-9]")
        jobs = json.loads(self.run_it("list", "-o", "json").stdout)["jobs"]
        self.assertIn((job, "ad sessions", "FINISHED"), [(j["jid"], j["name"], j["state"]) for j in jobs])

    @unittest.skipUnless(os.path.exists(LIBRARY), "the example in C is not built")
    def test_a_library_is_uploaded_and_run_with_its_arguments(self):
        data = os.path.join(ROOT, "examples", "ad-sessions", "data")
        run = self.run_it("submit", LIBRARY, "--wait", "--timeout", "60s", "--", data)
        self.assertIn('"user_id"', self.run_it("logs", run.stdout.strip()).stdout)

    @unittest.skipUnless(os.path.exists(PROGRAM), "the example program is not built")
    def test_a_program_submits_and_waits(self):
        def run(sql):
            return subprocess.run([PROGRAM, sql], env={**os.environ, "TIDEMILL_MASTER": self.rest}, text=True,
                                  capture_output=True, timeout=DEADLINE_S, check=False)
        done = run("SELECT 7 AS seven")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('"seven":7', self.run_it("logs", done.stdout.strip()).stdout)
        self.assertEqual(run("SELECT x").returncode, 3)

    def test_a_job_is_watched_stopped_and_cancelled(self):
        job = self.submit(ENDLESS, "-p", "2", "--wait", "RUNNING", "--timeout", "60s")
        described = self.run_it("describe", job).stdout
        for word in (job, "RUNNING", "scan bid", "RUNNER"):
            self.assertIn(word, described)
        self.assertRegex(self.run_it("top", job).stdout, r"scan bid +RUNNING +2 ")
        self.run_it("stop", job, "--wait", "--timeout", "60s")
        self.assertEqual(self.run_it("status", job, "--wait", "FINISHED", "--timeout", "1s").stdout, "FINISHED\n")
        job = self.submit(ENDLESS, "--wait", "RUNNING", "--timeout", "60s")
        ended = json.loads(self.run_it("cancel", job, "--wait", "--timeout", "60s", "-o", "json").stdout)
        self.assertEqual(ended, [{"jid": job, "request": "cancel", "done": True}])
        self.assertEqual(self.run_it("status", job).stdout, "CANCELED\n")
        self.assertIn("will not be RUNNING", self.run_it("status", job, "--wait", "RUNNING", code=7).stderr)

    def test_a_failing_job_says_why_and_exits_with_1(self):
        job = self.submit("SELECT 1 / (x - 1) AS y FROM (VALUES (1)) AS t(x)", "-D", "restart-strategy.type=none")
        run = self.run_it("status", job, "--wait", "--timeout", "60s", code=1)
        self.assertIn("division by zero", run.stderr)
        self.assertIn("division by zero", self.run_it("describe", job).stdout)
        self.assertIn("division by zero", self.get(f"/jobs/{job}/exceptions")["root-exception"])

    def test_too_few_slots_are_waited_for_and_the_job_says_so(self):
        job = self.submit(ENDLESS, "-p", "64")
        self.run_it("status", job, "--wait", "WAITING", "--timeout", "60s")
        run = self.run_it("status", job, "--wait", "RUNNING", "--timeout", "100ms", code=5)
        self.assertIn("64 slots", run.stderr)
        self.assertIn("64 slots", self.run_it("describe", job).stdout)
        self.run_it("cancel", job, "--wait", "--timeout", "60s")

    def test_driver_mode_ends_with_its_process_and_gives_slots_back(self):
        run = self.run_it("submit", "--deploy-mode", "client", "-e", "SELECT 1 AS one")
        self.assertRegex(run.stdout, r"\A[0-9a-f]{16}\n\Z")
        driver = subprocess.Popen([TIDEMILL, "submit", "--deploy-mode", "client", "-e", ENDLESS], cwd=self.folder,
                                  stdout=subprocess.PIPE, text=True, env={**os.environ, "HOME": self.folder})
        self.addCleanup(driver.kill)
        job = driver.stdout.readline().strip()
        self.wait_for(lambda: [x["state"] for x in self.get("/leases")["leases"] if x["job"] == job] == ["granted"])
        driver.send_signal(signal.SIGINT)
        self.assertEqual(driver.wait(DEADLINE_S), 130)
        driver.stdout.close()
        self.wait_for(lambda: job not in [x["job"] for x in self.get("/leases")["leases"]])

    def test_what_is_not_there_exits_with_6(self):
        for arguments in (["describe", "0123456789abcdef"], ["status", "no such job"], ["cancel", "x/y"],
                          ["stop", "1"], ["logs", "1"], ["top", "1"]):
            with self.subTest(arguments=arguments):
                self.assertIn("there is no job" if arguments[0] not in ("cancel", "stop") else "job",
                              self.run_it(*arguments, code=6).stderr)
        self.run_it("submit", os.path.join(self.folder, "missing.sql"), code=6)
        self.run_it("submit", os.path.join(self.folder, "missing.so"), code=6)

    def test_rest_serves_what_it_describes(self):
        job = self.submit(ENDLESS, "--wait", "RUNNING", "--timeout", "60s")
        vertex = self.get(f"/jobs/{job}")["vertices"][0]["id"]
        agent = self.get("/taskmanagers")["taskmanagers"][0]["id"]
        for path, methods in self.get("/openapi.json")["paths"].items():
            if "get" not in methods:
                continue
            filled = path.replace("{job}", job).replace("{vertex}", vertex).replace("{agent}", agent)
            for prefix in ("", "/v1"):
                with self.subTest(path=prefix + path):
                    self.get(prefix + filled.replace("{trigger}", job))
        self.assertEqual(self.get("/overview")["taskmanagers"], 2)
        self.wait_for(lambda: "tidemill_task_num_records_in{" in self.get("/metrics"))
        worker = next(t for t in self.get("/taskmanagers")["taskmanagers"] if t["freeSlots"] < 2)
        with urllib.request.urlopen(worker["path"] + "/metrics", timeout=DEADLINE_S) as answer:
            self.assertRegex(answer.read().decode(), r'tidemill_runner_resident_memory_bytes{pid="\d+"} \d+')
        trigger = self.get(f"/jobs/{job}/stop", "POST", b"", code=202)["request-id"]
        self.assertIn(self.get(f"/jobs/{job}/stop/{trigger}")["status"]["id"], ("IN_PROGRESS", "COMPLETED"))
        self.run_it("status", job, "--wait", "--timeout", "60s")

    def test_a_runner_serves_its_own_metrics(self):
        job = self.submit(ENDLESS, "-p", "4", "--wait", "RUNNING", "--timeout", "60s")
        def runners():
            return [t["targets"][0] for t in self.get("/metrics/targets") if t["labels"].get("job") == job]
        def scrape(target, path="metrics"):
            with urllib.request.urlopen(f"http://{target}/{path}", timeout=DEADLINE_S) as answer:
                return answer.read().decode()
        rows = re.compile(rf'^tidemill_runner_num_records_in{{job="{job}",operator="scan bid",subtask="\d"}} [1-9]', re.M)
        self.wait_for(lambda: len(runners()) == 2)
        self.assertEqual({t["labels"]["process"] for t in self.get("/metrics/targets")}, {"master", "worker", "runner"})
        for target in runners():
            self.wait_for(lambda target=target: len(rows.findall(scrape(target))) == 2)
            self.assertRegex(scrape(target), rf'tidemill_runner_exchange_num_bytes_out{{job="{job}"}} [1-9]')
            self.assertIn("process_resident_memory_bytes ", scrape(target))
            self.assertEqual(json.loads(scrape(target, "healthz")), {"status": "ok"})
        told = [runner["rest"] for runner in self.get(f"/jobs/{job}")["runners"]]
        self.assertEqual(sorted(told), sorted(f"http://{target}" for target in runners()))
        self.assertIn(told[0], self.run_it("describe", "-o", "wide", job).stdout)
        self.run_it("stop", job, "--wait", "--timeout", "60s")
        self.assertEqual(runners(), [])

    def test_wrong_requests_are_answered_with_what_to_do(self):
        self.assertIn("did you mean /overview?", self.get("/overveiw", code=404)["detail"])
        self.assertEqual(self.get("/jobs", "DELETE", code=405)["code"], "E_UNSUPPORTED")
        self.assertEqual(self.get("/%zz", code=400)["code"], "E_INVALID")
        self.assertIn("not JSON", self.get("/jobs", "POST", b"{", code=400)["detail"])
        self.assertIn("did you mean", self.get("/jobs", "POST", b'{"nme": "x"}', code=400)["detail"])
        self.assertIn("python", self.get("/jobs", "POST", b'{"kind": "python"}', code=400)["detail"])
        wrong = b'{"kind": "sql", "text": "SELECT 1", "parallelism": 0}'
        self.assertIn("parallelism", self.get("/jobs", "POST", wrong, code=400)["detail"])
        missing = b'{"kind": "library", "artifact": "00112233445566aa", "parallelism": 1}'
        self.assertIn("00112233445566aa", self.get("/jobs", "POST", missing, code=404)["detail"])
        changed = self.get("/artifacts?checksum=0000000000000000", "POST", b"abc", code=500)
        self.assertIn("send it again", changed["hint"])
        self.get("/jobs/0123456789abcdef?mode=explode", "PATCH", code=400)
        metrics = self.get("/metrics")
        for name in ("refused", "malformed"):
            self.assertGreater(int(re.search(rf"^tidemill_rest_requests_{name}_total (\d+)$", metrics, re.M)[1]), 0)
        self.assertEqual(self.get("/jobs/0123456789abcdef?mode=cancel", "PATCH", code=404)["code"], "E_NOT_FOUND")


class TimeTest(Cluster):
    """Where the time of tasks goes, in every place that tells it."""

    TIMES = ("busyTimeMsPerSecond", "backPressuredTimeMsPerSecond", "idleTimeMsPerSecond")

    def times(self, job):
        """Of each vertex, by its name: busy, back-pressured, idle. Nothing is left out, nor counted twice."""
        told = json.loads(self.run_it("top", job, "-o", "json").stdout)[0]["vertices"]
        times = {v["name"]: [v["metrics"][name] for name in self.TIMES] for v in told}
        for name, parts in times.items():
            self.assertTrue(sum(parts) == 0 or 999 < sum(parts) < 1001, (name, parts))
        return times

    @unittest.skipUnless(os.path.exists(SLOW_JOB), "the slow job is not built")
    def test_a_slow_step_is_busy_and_holds_its_source_up(self):
        job = self.run_it("submit", SLOW_JOB, "-p", "2", "--wait", "RUNNING", "--timeout", "60s").stdout.strip()
        def is_held():
            times = self.times(job)
            slow = next(parts for name, parts in times.items() if "dawdle" in name)
            source = times["scan numbers"]
            return slow[0] > 900 and source[1] > 900 and slow[1] < 50
        self.wait_for(is_held)
        vertices = {v["name"]: v for v in self.get(f"/jobs/{job}")["vertices"]}
        source, slow = vertices["scan numbers"], next(v for name, v in vertices.items() if "dawdle" in name)
        # On a machine with other work the last second may be the one in which the source was kept from its core.
        def levels(vertex):
            told = self.get(f"/jobs/{job}/vertices/{vertex['id']}/backpressure")
            self.assertEqual(told["status"], "ok")
            ratios = [(s["ratio"], s["busyRatio"]) for s in told["subtasks"]]
            return told["backpressure-level"], [s["backpressure-level"] for s in told["subtasks"]], ratios
        def is_high(level, each, ratios):
            return level == "high" and each == ["high", "high"] and min(ratios)[0] > 0.8
        def is_ok(level, each, ratios):
            return level == "ok" and each == ["ok", "ok"] and min(r[1] for r in ratios) > 0.8
        self.wait_for(lambda: is_high(*levels(source)))
        self.wait_for(lambda: is_ok(*levels(slow)))
        # What the other runner sends is no reason for a source to wait for ever.
        def rows():
            return [s["metrics"]["write-records"] for s in self.get(f"/jobs/{job}/vertices/{source['id']}")["subtasks"]]
        before = rows()
        self.wait_for(lambda: all(now > then for now, then in zip(rows(), before)))
        metrics = f"/jobs/{job}/vertices/{slow['id']}/subtasks/metrics?get=busyTimeMsPerSecond,numBytesIn"
        self.wait_for(lambda: self.get(metrics)[0]["min"] > 800)
        self.assertGreater(self.get(metrics)[1]["sum"], 0)
        self.assertGreater(source["metrics"]["write-bytes"], 0)
        row = r"scan numbers +RUNNING +2 +\d+ +\d+ +\d+ % +(9\d|100) % "
        self.wait_for(lambda: re.search(row, self.run_it("top", job).stdout))
        row = r"dawdle.* +RUNNING +\d+ +\d+ +(9\d|100) % "
        self.wait_for(lambda: re.search(row, self.run_it("describe", job).stdout))
        held = rf'^tidemill_task_back_pressured_time_seconds{{job_id="{job}",.*task_name="scan numbers".*}} [1-9]'
        self.wait_for(lambda: len(re.findall(held, self.get("/metrics"), re.M)) == 2)
        runner = self.get(f"/jobs/{job}")["runners"][0]["rest"]
        with urllib.request.urlopen(f"{runner}/metrics", timeout=DEADLINE_S) as answer:
            self.assertRegex(answer.read().decode(), r'tidemill_runner_busy_time_seconds{.*dawdle.*} [1-9]')
        self.run_it("cancel", job, "--wait", "--timeout", "60s")

    def test_a_subtask_is_finished_before_its_job(self):
        sql = ENDLESS.replace("INSERT", """CREATE TABLE few (auction BIGINT) WITH ('connector' = 'datagen',
            'rows-per-second' = '0', 'number-of-rows' = '10');
            INSERT INTO nothing SELECT auction, 1 FROM few; INSERT""")
        job = self.submit(sql, "-p", "2", "--wait", "RUNNING", "--timeout", "60s")
        def vertex(name):
            return next(v for v in self.get(f"/jobs/{job}")["vertices"] if v["name"] == name)
        self.wait_for(lambda: vertex("scan few")["status"] == "FINISHED")
        self.assertEqual(vertex("scan few")["tasks"], {"FINISHED": 2})
        self.assertEqual(vertex("scan few")["metrics"]["write-records"], 10)
        self.assertEqual(vertex("scan bid")["tasks"], {"RUNNING": 2})
        subtasks = self.get(f"/jobs/{job}/vertices/{vertex('scan few')['id']}")["subtasks"]
        self.assertEqual([s["status"] for s in subtasks], ["FINISHED", "FINISHED"])
        for command in ("top", "describe"):
            told = self.run_it(command, job).stdout
            self.assertRegex(told, "scan few +(2 +)?FINISHED ")
            self.assertRegex(told, "scan bid +(2 +)?RUNNING ")
        self.run_it("cancel", job, "--wait", "--timeout", "60s")

    def test_a_job_without_much_to_do_is_idle(self):
        job = self.submit(ENDLESS.replace("2000", "10"), "-p", "2", "--wait", "RUNNING", "--timeout", "60s")
        def is_idle():
            times = self.times(job).values()
            return all(parts[2] > 950 for parts in times)
        self.wait_for(is_idle)
        self.run_it("cancel", job, "--wait", "--timeout", "60s")


class TokenTest(Cluster):
    START = ["-w", "1", "--slots", "1", "-D", "rest.token=s3cret"]

    def test_nobody_without_the_token_is_served(self):
        for path in ("/jobs", "/overview", "/metrics", "/nowhere"):
            self.assertIn("asks for a token", self.get(path, code=401)["detail"])
            self.assertIn("not the one", self.get(path, token="s3cres", code=401)["detail"])
        self.get("/healthz")
        self.get("/readyz")
        self.get("/jobs", token="s3cret")
        self.assertNotIn("s3cret", json.dumps(self.get("/jobmanager/config", token="s3cret")))
        self.assertIn("rest.token", self.run_it("list", code=7).stderr)
        self.run_it("list", env={"TIDEMILL_REST_TOKEN": "s3cret"})
        self.run_it("submit", "-e", "SELECT 1", "--wait", "--timeout", "60s", env={"TIDEMILL_REST_TOKEN": "s3cret"})


    def test_runners_ask_for_the_token_too(self):
        env = {"TIDEMILL_REST_TOKEN": "s3cret"}
        job = self.run_it("submit", "-e", ENDLESS, env=env).stdout.strip()
        end, rest = time.monotonic() + DEADLINE_S, ""
        while not rest and time.monotonic() < end:
            rest = "".join(r["rest"] for r in self.get(f"/jobs/{job}", token="s3cret")["runners"])
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{rest}/metrics", timeout=DEADLINE_S)
        self.addCleanup(refused.exception.close)
        self.assertEqual(refused.exception.code, 401)
        request = urllib.request.Request(f"{rest}/metrics", headers={"Authorization": "Bearer s3cret"})
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            self.assertIn(f'job="{job}"', answer.read().decode())
        self.run_it("cancel", job, "--wait", "--timeout", "60s", env=env)


class StartTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tide-cluster-")
        self.addCleanup(shutil.rmtree, self.folder)

    def test_a_second_one_in_the_same_folder_is_refused_and_stop_ends_all(self):
        first = tidemill("cluster", "start", "-o", "json", cwd=self.folder)
        self.addCleanup(tidemill, "cluster", "stop", cwd=self.folder)
        self.assertEqual(first.returncode, 0, first.stderr)
        second = tidemill("cluster", "start", cwd=self.folder)
        self.assertEqual(second.returncode, 7)
        self.assertIn(json.loads(first.stdout)["rest"], second.stderr)
        status = json.loads(tidemill("cluster", "status", "-o", "json", cwd=self.folder).stdout)
        self.assertEqual([p["state"] for p in status["processes"]], ["runs", "runs"])
        self.assertEqual(tidemill("cluster", "stop", cwd=self.folder).returncode, 0)
        for process in status["processes"]:
            self.assertFalse(os.path.exists(f"/proc/{process['pid']}/exe"))
        self.assertEqual(tidemill("cluster", "stop", cwd=self.folder).returncode, 6)

    def test_the_one_started_last_is_found_from_everywhere(self):
        away, home = (os.path.join(self.folder, name) for name in ("away", "home"))
        os.mkdir(away)
        os.mkdir(home)
        env = {"HOME": home}
        started = tidemill("cluster", "start", "--dir", os.path.join(self.folder, "c"), cwd=self.folder, env=env)
        self.addCleanup(tidemill, "cluster", "stop", "--dir", os.path.join(self.folder, "c"))
        self.assertEqual(started.returncode, 0, started.stderr)
        status = tidemill("cluster", "status", cwd=away, env=env)
        self.assertIn(started.stdout.strip(), status.stdout)
        self.assertEqual(tidemill("list", cwd=away, env=env).returncode, 0)
        self.assertEqual(tidemill("cluster", "stop", cwd=away, env=env).returncode, 0)
        self.assertEqual(tidemill("cluster", "status", cwd=away, env=env).returncode, 6)
        # Where it cannot be remembered, it runs all the same.
        started = tidemill("cluster", "start", "--dir", os.path.join(self.folder, "c"), cwd=self.folder,
                           env={"HOME": "/proc"})
        self.assertEqual(started.returncode, 0, started.stderr)

    def test_a_taken_port_is_said_and_nothing_stays_behind(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            run = tidemill("cluster", "start", "--rest-port", port, cwd=self.folder)
            self.assertNotEqual(run.returncode, 0)
            self.assertIn(f"port {port} of 127.0.0.1 is taken", run.stderr)
            run = tidemill("cluster", "start", "--control-port", port, cwd=self.folder)
            self.assertNotEqual(run.returncode, 0)
            self.assertRegex(run.stderr, "(?i)in use|taken")
        self.assertEqual(tidemill("cluster", "status", cwd=self.folder).returncode, 6)

    def test_a_folder_that_cannot_be_made_is_said(self):
        blocked = os.path.join(self.folder, "file")
        with open(blocked, "w", encoding="utf-8"):
            pass
        run = tidemill("cluster", "start", "--dir", os.path.join(blocked, "x"), cwd=self.folder)
        self.assertEqual(run.returncode, 1)
        self.assertIn("--dir names another folder", run.stderr)
        run = tidemill("master", "-D", f"data.dir={blocked}/x", "-D", "rest.port=0", "-D", "control.port=0",
                       cwd=self.folder)
        self.assertEqual(run.returncode, 1)
        self.assertIn("data.dir names another folder", run.stderr)

    def test_jobs_go_on_when_the_cluster_is_started_again(self):
        self.addCleanup(tidemill, "cluster", "stop", cwd=self.folder)
        self.assertEqual(tidemill("cluster", "start", cwd=self.folder).returncode, 0)
        job = tidemill("submit", "-e", ENDLESS, "--wait", "RUNNING", "--timeout", "60s", cwd=self.folder).stdout.strip()
        self.assertEqual(tidemill("cluster", "stop", cwd=self.folder).returncode, 0)
        self.assertEqual(tidemill("cluster", "start", cwd=self.folder).returncode, 0)
        run = tidemill("status", job, "--wait", "RUNNING", "--timeout", "60s", cwd=self.folder)
        self.assertEqual(run.returncode, 0, run.stderr)


    def test_a_standby_points_to_the_leader(self):
        first = tidemill("cluster", "start", cwd=self.folder)
        self.addCleanup(tidemill, "cluster", "stop", cwd=self.folder)
        self.assertEqual(first.returncode, 0, first.stderr)
        standby = subprocess.Popen(
            [TIDEMILL, "master", "-D", "rest.port=0", "-D", "control.port=0", "--dir", f"{self.folder}/standby",
             "--storage", f"{self.folder}/.tidemill/storage"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, cwd=self.folder)
        self.addCleanup(standby.stdout.close)
        self.addCleanup(standby.wait, DEADLINE_S)
        self.addCleanup(standby.terminate)
        master = f"127.0.0.1:{re.search(r'rest at port ([0-9]+)', standby.stdout.readline())[1]}"

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *arguments):
                return None
        # Until the lease has been read it does not know who leads, and says so.
        end, answer = time.monotonic() + DEADLINE_S, None
        while answer != 307 and time.monotonic() < end:
            try:
                urllib.request.build_opener(Stay).open(f"http://{master}/jobs", timeout=DEADLINE_S)
                self.fail("a standby answered")
            except urllib.error.HTTPError as error:
                answer, location = error.code, error.headers["Location"]
                self.assertIn(answer, (307, 503))
        self.assertEqual(location, f"{first.stdout.strip()}/jobs")
        job = tidemill("submit", "-e", "SELECT 1", "--wait", "--master", master, "--timeout", "60s", cwd=self.folder)
        self.assertEqual(job.returncode, 0, job.stderr)
        self.assertIn(job.stdout.strip(), tidemill("list", "--master", master, cwd=self.folder).stdout)


class DocumentationTest(unittest.TestCase):
    def test_the_reference_has_every_setting_with_its_default(self):
        rows = json.loads(tidemill("config", "effective", "-o", "json").stdout)
        with open(os.path.join(ROOT, "jobapi", "plan", "cluster_settings.def"), encoding="utf-8") as file:
            keys = set(re.findall(r'TIDE_CLUSTER_SETTING\(\s*"([^"]+)"', file.read()))
        with open(os.path.join(ROOT, "docs", "operations.md"), encoding="utf-8") as file:
            documented = dict(re.findall(r"^\| `([a-zA-Z.-]+)` \| (?:`([^`]+)`)? ?\|", file.read(), re.M))
        self.assertEqual(documented, {row["key"]: row["default"] for row in rows if row["key"] in keys})


if __name__ == "__main__":
    unittest.main(verbosity=1)
