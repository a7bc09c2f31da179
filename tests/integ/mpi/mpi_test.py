#!/usr/bin/env python3
"""mpi_test.py: `mpirun -n N tidemill run`: the rows of one process, clear ends, no hang.

Sanitizers find leaks in MPI's own libraries, so leak checks are off for these runs.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

TIDEMILL = os.environ["TIDEMILL"]
DEADLINE_S = 120
SESSIONS = """
CREATE TABLE bid (auction BIGINT, bidder BIGINT, price BIGINT, date_time TIMESTAMP(3),
    WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector' = 'nexmark', 'table-type' = 'bid', 'events' = '200000');
SELECT bidder, window_start, window_end, COUNT(*) AS bids, MAX(price) AS top
FROM TABLE(SESSION(TABLE bid PARTITION BY bidder, DESCRIPTOR(date_time), INTERVAL '1' SECOND))
GROUP BY bidder, window_start, window_end;
"""
ENDLESS = """
CREATE TABLE ticks (a BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '100');
CREATE TABLE nowhere (a BIGINT, n BIGINT) WITH ('connector' = 'blackhole');
SET 'execution.runtime-mode' = 'streaming';
INSERT INTO nowhere SELECT a, COUNT(*) FROM ticks GROUP BY a;
"""


def mpirun(ranks, *arguments, **options):
    environment = dict(os.environ, OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_ALLOW_RUN_AS_ROOT="1",
                       OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_btl="self,vader,tcp",
                       ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
    command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), TIDEMILL, *arguments]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env=environment, **options)


def finish(process):
    try:
        out, err = process.communicate(timeout=DEADLINE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"still running after {DEADLINE_S} s\n{out}\n{err}") from None
    return process.returncode, out, err


def ranks_of(mpirun_pid):
    """The pids of the ranks, children of mpirun."""
    with open(f"/proc/{mpirun_pid}/task/{mpirun_pid}/children", encoding="ascii") as f:
        return [int(pid) for pid in f.read().split()]


class Ranks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def job(self, text):
        path = os.path.join(self.folder, "job.sql")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def test_ranks_give_the_rows_of_one_process(self):
        path = self.job(SESSIONS)
        alone = subprocess.run([TIDEMILL, "run", path, "-o", "csv"], capture_output=True, text=True,
                               timeout=DEADLINE_S, check=True).stdout
        self.assertGreater(alone.count("\n"), 1000)
        for ranks, more in ((2, []), (3, []), (2, ["-p", "5"])):
            with self.subTest(ranks=ranks, more=more):
                code, out, err = finish(mpirun(ranks, "run", path, "-o", "csv", *more))
                self.assertEqual(code, 0, err)
                self.assertEqual(sorted(out.splitlines()), sorted(alone.splitlines()))

    def test_an_error_in_the_text_is_said_once(self):
        code, out, err = finish(mpirun(3, "run", "-e", "SELECT nothing FROM nowhere"))
        self.assertEqual(code, 3, err)
        self.assertEqual(len(re.findall(r"^error: ", err, re.M)), 1, err)

    def test_a_failing_row_ends_all_ranks(self):
        code, out, err = finish(mpirun(2, "run", "-e", "SELECT 1 / 0"))
        self.assertEqual(code, 1, err)
        self.assertIn("division by zero", err)

    def test_too_few_slots_are_refused(self):
        code, out, err = finish(mpirun(3, "run", "-p", "2", self.job(SESSIONS)))
        self.assertEqual(code, 3, err)
        self.assertIn("raise -p, or start fewer", err)

    def test_standard_input_is_no_job_for_ranks(self):
        code, out, err = finish(mpirun(2, "run"))
        self.assertEqual(code, 2, err)
        self.assertIn("ranks do not share standard input", err)

    def test_a_lost_rank_ends_the_job(self):
        process = mpirun(3, "run", "--log", "info", self.job(ENDLESS))
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        # Every rank says that it runs; only then is one taken away.
        said = []
        while sum("rank runs" in line for line in said) < 3:
            line = process.stderr.readline()
            self.assertTrue(line, said)
            said.append(line)
        os.kill(ranks_of(process.pid)[1], signal.SIGKILL)
        code, _, err = finish(process)
        self.assertNotEqual(code, 0)
        # Who is first to say so: mpirun, or a rank that was connected with it.
        self.assertRegex(err, r"(signal 9|is lost|lost|the connection to runner 1 closed)")

    def test_ctrl_c_ends_it_cleanly(self):
        process = mpirun(2, "run", "--log", "info", self.job(ENDLESS))
        said = []
        while sum("rank runs" in line for line in said) < 2:
            line = process.stderr.readline()
            self.assertTrue(line, said)
            said.append(line)
        for pid in ranks_of(process.pid):
            os.kill(pid, signal.SIGINT)
        code, _, err = finish(process)
        self.assertEqual(code, 130, err)


if __name__ == "__main__":
    if shutil.which("mpirun") is None:
        print("skipped: mpirun is not installed")
        sys.exit(77)
    if not os.path.exists(os.path.join(os.path.dirname(TIDEMILL), "libtidemill_mpi.so")):
        print("skipped: built without MPI")
        sys.exit(77)
    if os.environ.get("TIDE_SANITIZE") == "thread":
        print("skipped: MPI's own libraries are not built for ThreadSanitizer")
        sys.exit(77)
    unittest.main(verbosity=2)
