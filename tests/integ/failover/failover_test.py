#!/usr/bin/env python3
"""failover_test.py: masters, workers and a driver as processes, and what happens when one is killed.

Every process is started here, on ports that the system chose, and ended here.
"""

import json
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
import unittest

TIDEMILL = os.environ["TIDEMILL"]
DEADLINE_S = 60
ENDLESS = """
CREATE TABLE ticks (a BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '100');
CREATE TABLE nowhere (a BIGINT, n BIGINT) WITH ('connector' = 'blackhole');
SET 'execution.runtime-mode' = 'streaming';
INSERT INTO nowhere SELECT a, COUNT(*) FROM ticks GROUP BY a;
"""
PRINTING = """
CREATE TABLE ticks (a BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '100');
SET 'execution.runtime-mode' = 'streaming';
SELECT a FROM ticks;
"""
BOUNDED = """
CREATE TABLE bid (auction BIGINT, bidder BIGINT, price BIGINT, date_time TIMESTAMP(3),
    WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector' = 'nexmark', 'table-type' = 'bid', 'events' = '100000');
CREATE TABLE nowhere (bidder BIGINT, n BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO nowhere SELECT bidder, COUNT(*) FROM bid GROUP BY bidder;
"""


def read_line(fd):
    """One line from a pipe, or a failure when the time is over."""
    line = b""
    end = time.monotonic() + DEADLINE_S
    while not line.endswith(b"\n"):
        if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
            raise AssertionError("a process was not ready in time")
        more = os.read(fd, 1)
        if not more:
            raise AssertionError("a process ended before it was ready")
        line += more
    return line.decode()


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(child) for child in f.read().split()]


class Log:
    """What a process writes, line by line, for whoever waits for some of it."""

    def __init__(self, pipe):
        self.text, self.ended = "", False
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read, args=(pipe,))
        self.reader.start()

    def read(self, pipe):
        with pipe:
            for line in pipe:
                with self.changed:
                    self.text += line
                    self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def until(self, text):
        with self.changed:
            self.changed.wait_for(lambda: text in self.text or self.ended, DEADLINE_S)
            if text not in self.text:
                raise AssertionError(f"never said \"{text}\":\n{self.text}")


class Failover(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.processes, self.logs = [], {}
        self.addCleanup(self.end_all)
        self.masters, self.workers = [], []

    def end_all(self):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
        for log in self.logs.values():
            log.reader.join()

    def start(self, name, *arguments, fds=()):
        process = subprocess.Popen([TIDEMILL, *arguments], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   pass_fds=fds)
        self.processes.append(process)
        self.logs[name] = Log(process.stdout)
        return process

    def start_master(self):
        name = f"master{len(self.masters)}"
        ours, its = os.pipe()
        process = self.start(name, "master", "-D", "control.port=0", "-D", "rest.port=0", "-D",
                             f"data.dir={self.folder}/{name}", "-D",
                             f"high-availability.storageDir={self.folder}/shared", "--ready-fd",
                             str(its), fds=(its,))
        os.close(its)
        ready = json.loads(read_line(ours))
        os.close(ours)
        self.masters.append((process, ready["rest"], ready["control"].removeprefix("tcp://")))

    def start_worker(self, slots):
        name = f"worker{len(self.workers)}"
        masters = ",".join(control for _, _, control in self.masters)
        self.workers.append(self.start(
            name, "worker", "-D", f"control.masters={masters}", "-D",
            f"taskmanager.numberOfTaskSlots={slots}", "-D", f"data.dir={self.folder}/{name}"))

    def call(self, *arguments, code=0):
        rest = ",".join(rest for _, rest, _ in self.masters)
        run = subprocess.run([TIDEMILL, *arguments, "--master", rest], capture_output=True, text=True,
                             timeout=DEADLINE_S, check=False)
        self.assertEqual(run.returncode, code, run.stderr)
        return run.stdout

    def submit(self, text, slots, *more):
        path = os.path.join(self.folder, "job.sql")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return self.call("submit", path, "-p", str(slots), *more).strip()

    def until(self, job, state, attempt):
        """Waits until the job is in that state with that attempt."""
        end = time.monotonic() + DEADLINE_S
        while True:
            self.call("status", job, "--wait", state, "--timeout", f"{DEADLINE_S}s")
            seen = json.loads(self.call("describe", job, "-o", "json"))
            if seen["state"] == state and seen["attempt"] == attempt:
                return seen
            self.assertLess(time.monotonic(), end, f"attempt {seen['attempt']} is {seen['state']}")

    def until_logs(self, job, is_so):
        """Waits until that is so of the places with the job's logs."""
        end = time.monotonic() + DEADLINE_S
        while True:
            logs = json.loads(self.call("describe", job, "-o", "json"))["logs"]
            if is_so(logs):
                return logs
            self.assertLess(time.monotonic(), end, logs)
            time.sleep(0.05)

    def test_a_bounded_job_runs_to_its_end_on_two_workers(self):
        self.start_master()
        self.start_worker(1)
        self.start_worker(1)
        job = self.submit(BOUNDED, 2)
        self.until(job, "FINISHED", 1)

    def test_a_job_survives_its_master_its_runner_and_its_worker(self):
        self.start_master()
        self.start_master()
        self.start_worker(2)
        self.start_worker(2)
        job = self.submit(ENDLESS, 3)
        self.until(job, "RUNNING", 1)
        with self.subTest("the leader is killed: the attempt goes on"):
            self.masters[0][0].send_signal(signal.SIGKILL)
            self.until(job, "RUNNING", 1)
        with self.subTest("a runner is killed: the next attempt"):
            os.kill(children_of(self.workers[0].pid)[0], signal.SIGKILL)
            self.until(job, "RUNNING", 2)
        with self.subTest("a worker is killed, and there is another"):
            self.start_worker(2)
            self.workers[1].send_signal(signal.SIGKILL)
            self.until(job, "RUNNING", 3)
        self.call("cancel", job)
        self.until(job, "CANCELED", 3)
        self.logs["master1"].until("-> RUNNING: attempt 1 goes on, its 2 runners reported")

    def test_the_end_of_a_lost_workers_logs_is_kept(self):
        self.start_master()
        self.start_worker(1)
        job = self.submit(PRINTING, 1)
        self.until_logs(job, lambda logs: logs and logs[0]["bytes-kept"] > 0)
        self.workers[0].send_signal(signal.SIGKILL)
        place = self.until_logs(job, lambda logs: logs[0]["lost"] > 0)[0]
        run = subprocess.run([TIDEMILL, "logs", job, "--master", self.masters[0][1]],
                             capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(len(run.stdout), place["bytes-kept"])
        self.assertIn(f"worker {place['taskmanager-id']} on host ", run.stderr)
        self.assertIn(" is lost since ", run.stderr)

    def test_a_job_whose_log_is_damaged_is_shown_until_it_is_mended(self):
        self.start_master()
        self.start_worker(1)
        job = self.submit(ENDLESS, 1)
        self.until(job, "RUNNING", 1)
        entry = os.path.join(self.folder, "shared", "jobs", job, "log", "2")
        with open(entry, "rb") as f:
            good = f.read()
        self.masters[0][0].send_signal(signal.SIGKILL)
        self.masters[0][0].wait()
        with open(entry, "wb") as f:
            f.write(good[:-1])
        self.start_master()
        self.logs["master1"].until("leads with term")
        self.start_worker(1)
        run = subprocess.run([TIDEMILL, "status", job, "--wait", "--timeout", "60s", "--master",
                              self.masters[1][1]], capture_output=True, text=True, check=False,
                             timeout=DEADLINE_S)
        self.assertEqual((run.returncode, run.stdout), (7, "SUSPENDED\n"), run.stderr)
        self.assertIn(f"jobs/{job}/log/2: ", run.stderr)
        listed = json.loads(self.call("list", "-o", "json"))["jobs"]
        self.assertEqual([(j["jid"], j["state"]) for j in listed], [(job, "SUSPENDED")])
        self.assertIn("back from a backup", listed[0]["waiting-for"])
        self.assertIn(f"jobs/{job}/log/2: ", self.call("describe", job))
        with open(entry, "wb") as f:
            f.write(good)
        self.logs["master1"].until("its log can be read now")
        self.until(job, "RUNNING", 2)

    def test_a_drivers_job_goes_on_when_the_master_changes(self):
        self.start_master()
        self.start_master()
        self.start_worker(2)
        path, settings = (os.path.join(self.folder, name) for name in ("job.sql", "settings.yaml"))
        with open(path, "w", encoding="utf-8") as f:
            f.write(ENDLESS)
        with open(settings, "w", encoding="utf-8") as f:
            f.write("control.masters: " + ",".join(control for _, _, control in self.masters) + "\n")
        driver = self.start("driver", "submit", path, "-p", "2", "--deploy-mode", "client", "--config",
                            settings, "--master", self.masters[0][1])
        self.logs["master0"].until("-> granted")
        self.logs["worker0"].until("runner started")
        self.masters[0][0].send_signal(signal.SIGKILL)
        self.logs["master1"].until("orphaned -> granted")
        self.assertEqual(self.logs["worker0"].text.count("runner started"), 1)
        self.assertIsNone(driver.poll())
        driver.send_signal(signal.SIGINT)
        self.assertEqual(driver.wait(timeout=DEADLINE_S), 130)
        self.logs["master1"].until("lease is over")


if __name__ == "__main__":
    unittest.main()
