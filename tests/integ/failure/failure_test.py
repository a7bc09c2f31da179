#!/usr/bin/env python3
"""failure_test.py: what a cluster does when a part of it is lost. Real processes, real signals, real cuts.

Hosts are network namespaces. Times that the design promises are asserted in builds without sanitizers;
they are measured from the outside, polling included.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support", "cluster"))
from hosts import Hosts  # noqa: E402  (found through the line above)
from kit import TIDEMILL, Cluster, is_running, wait_until  # noqa: E402

SANITIZED = bool(os.environ.get("TIDE_SANITIZE"))
# Rows go on for ever, over a shuffle, and out through every slot's own sink.
TICKING = """
CREATE TABLE ticks (a BIGINT, k AS MOD(a, 16)) WITH ('connector' = 'datagen', 'rows-per-second' = '200',
    'fields.a.min' = '0', 'fields.a.max' = '1000');
CREATE TABLE shown (k BIGINT, n BIGINT) WITH ('connector' = 'print');
SET 'execution.runtime-mode' = 'streaming';
SET 'restart-strategy.type' = 'fixed-delay';
SET 'restart-strategy.fixed-delay.attempts' = '20';
SET 'restart-strategy.fixed-delay.delay' = '50 ms';
INSERT INTO shown SELECT k, COUNT(*) FROM ticks GROUP BY k;
"""


class Failures(unittest.TestCase):
    def setUp(self):
        self.hosts = Hosts(4)
        self.addCleanup(self.hosts.close)
        self.cluster = Cluster(self.hosts)
        self.addCleanup(self.cluster.close)
        self.cluster.start_master(0)

    def ticking(self, slots):
        job = self.cluster.submit(TICKING, slots)
        self.cluster.await_state(job, "RUNNING")
        self.cluster.await_rows(job, 5)
        return job

    def await_next_attempt(self, job, attempt, within_s):
        """Until the job runs in a later attempt; and it took no longer than promised."""
        began = time.monotonic()

        def later():
            now = self.cluster.job(job)
            return now["attempt"] > attempt and now["state"] == "RUNNING"
        wait_until(later, about=self.cluster.tell)
        if not SANITIZED:
            self.assertLess(time.monotonic() - began, within_s, self.cluster.tell())

    def assert_goes_on(self, job):
        self.cluster.await_rows(job, self.cluster.logs(job).count("\n") + 5)

    def test_a_killed_runner_costs_its_job_a_restart_and_others_nothing(self):
        a, b = self.cluster.start_worker(1), self.cluster.start_worker(2)
        hit, spared = self.ticking(2), self.ticking(2)
        attempt, calm = self.cluster.job(hit)["attempt"], self.cluster.job(spared)["attempt"]
        self.assertEqual(len(self.cluster.runners(a) + self.cluster.runners(b)), 4)
        victim = re.search(rf"job={hit} attempt={attempt} pid=(\d+)", a.output())
        os.kill(int(victim[1]), signal.SIGKILL)
        self.await_next_attempt(hit, attempt, 2)
        self.assert_goes_on(hit)
        self.assertEqual(self.cluster.job(spared)["attempt"], calm)
        self.assertIn("signal 9", self.cluster.command("describe", hit), self.cluster.tell())

    def test_a_killed_agent_takes_its_runners_along_and_tasks_move(self):
        a = self.cluster.start_worker(1)
        self.cluster.start_worker(2, slots=4)
        job = self.ticking(4)
        attempt, runners = self.cluster.job(job)["attempt"], self.cluster.runners(a)
        self.assertTrue(runners)
        a.kill()
        wait_until(lambda: not any(is_running(p) for p in runners), 10, "runners outlive their agent")
        self.await_next_attempt(job, attempt, 2)
        self.assert_goes_on(job)

    def test_a_host_that_is_cut_off_is_given_up(self):
        a = self.cluster.start_worker(1)
        self.cluster.start_worker(2, slots=4)
        job = self.ticking(4)
        attempt, runners = self.cluster.job(job)["attempt"], self.cluster.runners(a)
        self.assertTrue(runners)
        self.hosts.cut(1)
        self.await_next_attempt(job, attempt, 5)
        self.assert_goes_on(job)
        # Back again, it learns that its runners are of an old attempt.
        self.hosts.heal(1)
        wait_until(lambda: not any(is_running(p) for p in runners), about=self.cluster.tell)
        self.assertEqual(self.cluster.job(job)["state"], "RUNNING")

    def test_without_slots_a_job_waits_and_says_for_what(self):
        a = self.cluster.start_worker(1)
        job = self.ticking(2)
        a.kill()
        wait_until(lambda: "waits for 2 slots" in self.cluster.job(job).get("waiting-for", ""),
                   about=self.cluster.tell)
        self.cluster.start_worker(2)
        self.cluster.await_state(job, "RUNNING")
        self.assert_goes_on(job)

    def test_a_restarted_master_finds_its_jobs_running(self):
        self.cluster.start_worker(1)
        job = self.ticking(2)
        before = self.cluster.job(job)
        runners = self.cluster.runners(self.cluster.workers[0])
        self.cluster.masters[0].kill()
        self.cluster.start_master(again=0)
        self.cluster.await_state(job, "RUNNING")
        self.assertEqual(self.cluster.job(job)["attempt"], before["attempt"])
        self.assertEqual(self.cluster.runners(self.cluster.workers[0]), runners)
        self.assert_goes_on(job)
        self.cluster.command("cancel", job)
        self.cluster.await_state(job, "CANCELED")

    def test_a_standby_takes_over_and_adopts_what_runs(self):
        self.cluster.start_master(3)
        self.cluster.start_worker(1)
        job = self.ticking(2)
        before, runners = self.cluster.job(job), self.cluster.runners(self.cluster.workers[0])
        self.cluster.masters[0].kill()
        began = time.monotonic()

        def answered():
            done = self.cluster.command("list", "-o", "json", check=False)
            return done.returncode == 0 and \
                any(j["jid"] == job and j["state"] == "RUNNING"
                    for j in json.loads(done.stdout)["jobs"])
        wait_until(answered, about=self.cluster.tell)
        if not SANITIZED:
            self.assertLess(time.monotonic() - began, 5, self.cluster.tell())
        self.assertEqual(self.cluster.job(job)["attempt"], before["attempt"])
        self.assertEqual(self.cluster.runners(self.cluster.workers[0]), runners)
        self.assert_goes_on(job)

    def test_a_dead_driver_gives_its_slots_back(self):
        worker = self.cluster.start_worker(1)
        path = os.path.join(self.cluster.folder, "driver.sql")
        with open(path, "w", encoding="utf-8") as f:
            f.write(TICKING)
        masters = ",".join(control for _, _, control in self.cluster.endpoints)
        driver = subprocess.Popen(
            [*self.hosts.inside(3), TIDEMILL, "submit", path, "-p", "2", "--deploy-mode", "client"],
            env=dict(os.environ, TIDEMILL_CONTROL_MASTERS=masters,
                     TIDEMILL_CONTROL_BIND_ADDRESS=self.hosts.address(3)),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(driver.stderr.close)
        wait_until(lambda: self.cluster.runners(worker) or driver.poll() is not None,
                   about=self.cluster.tell)
        self.assertIsNone(driver.poll(), driver.stderr.read() if driver.poll() is not None else "")
        driver.kill()
        driver.wait()
        began = time.monotonic()
        wait_until(lambda: not self.cluster.runners(worker), about=self.cluster.tell)
        if not SANITIZED:
            self.assertLess(time.monotonic() - began, 4)
        self.ticking(2)

    def test_a_drained_worker_leaves_cleanly(self):
        a = self.cluster.start_worker(1)
        self.cluster.start_worker(2)
        job = self.ticking(2)
        self.cluster.command("cancel", job)
        self.cluster.await_state(job, "CANCELED")
        self.assertEqual(a.end(), 0, a.output())
        self.assertEqual(self.cluster.runners(a), [])
        self.ticking(2)


if __name__ == "__main__":
    why = Hosts.available()
    if why:
        print(f"skipped: {why}")
        sys.exit(77)
    unittest.main(verbosity=2)
