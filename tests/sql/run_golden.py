#!/usr/bin/env python3
"""Runs every query of golden/ through $TIDEMILL: streaming and batch, with one, two and four slots.

    run_golden.py [TEXT...]    only queries whose "topic: title" contains one of the texts

Rows are compared in any order, or in theirs if the query ends in ORDER BY.
"""

import difflib
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import golden_files

TIDEMILL = os.environ.get("TIDEMILL", os.path.join(golden_files.HERE, "../../build/dev/tidemill"))
MODES = [(mode, slots) for mode in ("streaming", "batch") for slots in (1, 2, 4)]
DEADLINE_S = 30
WORKERS = 2


def run_job(tables, job, mode, slots, folder):
    """The lines that a job prints; raises RuntimeError with what it said if it fails."""
    command = [TIDEMILL, "run", "-o", "csv", "-p", str(slots), "-D", "execution.runtime-mode=" + mode]
    try:
        run = subprocess.run(command, input=tables + job, capture_output=True, text=True, cwd=folder,
                             timeout=DEADLINE_S, check=False)
    except subprocess.TimeoutExpired as late:
        raise RuntimeError(f"still runs after {DEADLINE_S} s\n") from late
    if run.returncode != 0 or run.stderr:
        raise RuntimeError(f"exit code {run.returncode}\n{run.stderr}")
    return run.stdout.split("\n")[:-1]


def difference(query, got):
    """Empty if the rows are the expected ones."""
    want = query.expected
    if not want:
        return "no expected rows: run derive_expected.py\n"
    if query.ordered:
        same = list(map(golden_files.fields, want)) == list(map(golden_files.fields, got))
    else:
        want, got = (rows[:1] + sorted(rows[1:]) for rows in (want, got))
        keys = [[golden_files.fields(row) for row in rows] for rows in (want, got)]
        same = keys[0][:1] == keys[1][:1] and sorted(map(repr, keys[0])) == sorted(map(repr, keys[1]))
    if same:
        return ""
    lines = difflib.unified_diff(want, got, "expected", "got", n=1, lineterm="")
    return "".join(line + "\n" for line in lines)


def failures(tables, query):
    """What is wrong, with the modes in which it is."""
    found = {}
    for mode, slots in MODES:
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(os.path.join(golden_files.HERE, "data"), os.path.join(folder, "data"))
            try:
                for job in query.jobs:
                    got = run_job(tables, job, mode, slots, folder)
                wrong = difference(query, got)
            except RuntimeError as why:
                wrong = str(why)
        if wrong:
            found.setdefault(wrong, []).append(f"{mode} -p {slots}")
    return found


def main(texts):
    tables = golden_files.read(os.path.join(golden_files.GOLDEN, "tables.sql"))
    queries = [q for q in golden_files.queries() if not texts or any(t in q.name for t in texts)]
    failed = 0
    with ThreadPoolExecutor(WORKERS) as pool:
        for query, found in zip(queries, pool.map(lambda q: failures(tables, q), queries)):
            failed += bool(found)
            for wrong, modes in found.items():
                print(f"FAILED {query.name} ({', '.join(modes)})\n{wrong}")
    print(f"{len(queries) - failed} passed, {failed} failed")
    return 1 if failed or not queries else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
