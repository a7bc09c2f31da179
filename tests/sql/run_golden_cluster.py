#!/usr/bin/env python3
"""Runs every query of golden/ on a cluster of four workers with a slot each, so that rows of every type and plan
cross process boundaries; the last query of each becomes the content of a table of CSV files.

    run_golden_cluster.py [TEXT...]    only queries whose "topic: title" contains one of the texts
"""

import glob
import os
import re
import subprocess
import sys
import tempfile

import golden_files
import run_golden

DEADLINE_S = 60
SINK = "CREATE TABLE golden_out WITH ('connector' = 'filesystem', 'path' = '{}', 'format' = 'csv', 'csv.header' = 'true') AS "
TOKEN = re.compile(r"""--[^\n]*|'[^']*'|"[^"]*"|`[^`]*`|;|.""", re.S)


def tidemill(folder, *arguments, stdin=""):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TIDEMILL_")}
    return subprocess.run([run_golden.TIDEMILL, *arguments], input=stdin, capture_output=True, text=True, cwd=folder,
                          timeout=DEADLINE_S * 2, check=False, env={**clean, "HOME": folder})


def statements(job):
    """Its statements, without comments."""
    found = [""]
    for token in TOKEN.findall(job):
        if token == ";":
            found.append("")
        elif not token.startswith("--"):
            found[-1] += token
    return [text for text in found if text.strip()]


def into_files(job, path):
    """The job with its last query's rows written to a folder."""
    *before, query = statements(job)
    return "".join(text + ";" for text in before) + SINK.format(path) + query.strip() + ";"


def rows_of(path, header):
    """The lines of all files of a folder, behind one header; `header` when no row came."""
    lines = []
    for name in sorted(glob.glob(path + "/*")):
        header, *rows = golden_files.read(name).split("\n")[:-1]
        lines += rows
    return [header, *lines]


def run_query(folder, tables, query):
    """What is wrong; empty if the rows are the expected ones."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        os.symlink(os.path.join(golden_files.HERE, "data"), os.path.join(own, "data"))
        result = os.path.join(own, "result")
        for i, job in enumerate(query.jobs):
            text = into_files(job, result) if i == len(query.jobs) - 1 else job
            # Paths of a job are those of the workers.
            text = re.sub(r"('path' = ')(?!/)", rf"\1{own}/", tables + text)
            run = tidemill(folder, "submit", "-", "-p", "4", "-D", "execution.runtime-mode=batch",
                           "--wait", "--timeout", f"{DEADLINE_S}s", stdin=text)
            if run.returncode != 0:
                return f"exit code {run.returncode}\n{run.stderr}"
        return run_golden.difference(query, rows_of(result, (query.expected or [""])[0]))


def main(texts):
    tables = golden_files.read(os.path.join(golden_files.GOLDEN, "tables.sql"))
    queries = [q for q in golden_files.queries() if not texts or any(t in q.name for t in texts)]
    failed = 0
    with tempfile.TemporaryDirectory(prefix="tide-golden-") as folder:
        started = tidemill(folder, "cluster", "start", "-w", "4", "--slots", "1")
        if started.returncode != 0:
            print(started.stderr)
            return 1
        try:
            for query in queries:
                wrong = run_query(folder, tables, query)
                failed += bool(wrong)
                if wrong:
                    print(f"FAILED {query.name}\n{wrong}")
        finally:
            tidemill(folder, "cluster", "stop")
    print(f"{len(queries) - failed} passed, {failed} failed")
    return 1 if failed or not queries else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
