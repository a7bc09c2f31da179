#!/usr/bin/env python3
"""Every example gives its expected rows, whatever the parallelism and the execution mode."""

import os
import subprocess
import unittest

TIDEMILL = os.environ["TIDEMILL"]
EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "examples")
EXPECTED = {
    "ad-sessions": "expected/sessions.csv",
    "hopping-top": "expected/top.csv",
    "word-count": "expected/counts.csv",
}


def tidemill(*arguments, cwd):
    return subprocess.run([TIDEMILL, *arguments], cwd=cwd, capture_output=True, text=True, timeout=60,
                          check=False)


class ExamplesTest(unittest.TestCase):
    def test_rows_are_the_expected_ones(self):
        for name, expected in EXPECTED.items():
            folder = os.path.join(EXAMPLES, name)
            with open(os.path.join(folder, expected), encoding="utf-8") as file:
                want = file.read()
            for mode in ("streaming", "batch"):
                for slots in ("1", "2", "4"):
                    with self.subTest(example=name, mode=mode, slots=slots):
                        run = tidemill("run", "job.sql", "-o", "csv", "-p", slots, "-D",
                                       "execution.runtime-mode=" + mode, cwd=folder)
                        self.assertEqual(run.stderr, "")
                        self.assertEqual(run.stdout, want)
                        self.assertEqual(run.returncode, 0)

    def test_the_job_in_c_gives_the_rows_of_the_job_in_sql(self):
        library = os.path.join(os.path.dirname(TIDEMILL), "examples", "libad_sessions.so")
        folder = os.path.join(EXAMPLES, "ad-sessions")
        with open(os.path.join(folder, EXPECTED["ad-sessions"]), encoding="utf-8") as file:
            want = sorted(file.read().splitlines())
        for slots in ("1", "2", "4"):
            with self.subTest(slots=slots):
                run = tidemill("run", library, "-o", "csv", "-p", slots, "--", "data", cwd=folder)
                self.assertEqual(run.stderr, "")
                self.assertEqual(sorted(run.stdout.splitlines()), want)

    def test_expectations_are_what_their_scripts_derive(self):
        for name, expected in EXPECTED.items():
            with self.subTest(example=name):
                path = os.path.join(EXAMPLES, name, expected)
                with open(path, encoding="utf-8") as file:
                    before = file.read()
                subprocess.run(["python3", "derive_expected.py"], cwd=os.path.join(EXAMPLES, name), check=True)
                with open(path, encoding="utf-8") as file:
                    self.assertEqual(file.read(), before)

    def test_cases_in_virtual_time_pass(self):
        run = tidemill("test", ".", cwd=EXAMPLES)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_the_kafka_job_is_understood(self):
        """Planning needs no broker."""
        run = tidemill("explain", "job.sql", cwd=os.path.join(EXAMPLES, "ad-sessions-kafka"))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("session", run.stdout)


if __name__ == "__main__":
    unittest.main()
