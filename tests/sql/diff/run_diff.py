#!/usr/bin/env python3
"""Random queries over random tables, asked of $TIDEMILL and of a PostgreSQL: every answer must be the same.

    run_diff.py                          what ctest runs: the seeds of DEFAULT_SEEDS
    run_diff.py --seeds 1000 1500        more of them; --queries N of each
    run_diff.py --seeds 7 8 --query 3    one again; --show prints what it is

Each runs in --modes of: streaming and batch, with one, two and four slots. What differs is made smaller
and printed with seed, data, query and both answers. Exits with 1 if something differs, with 77 without PostgreSQL.
"""

import argparse
import os
import random
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import answers  # noqa: E402
import postgres  # noqa: E402
import tables  # noqa: E402
from queries import Queries  # noqa: E402
from tree import OURS, THEIRS, smaller  # noqa: E402

DEFAULT_SEEDS = (1, 9)
DEFAULT_MODES = 3
TRIES = 250  # Of making a query or its tables smaller.
WORKERS = 2


class Case:
    """One query over its tables, and how it is asked."""

    def __init__(self, binary, data, query, modes):
        self.binary, self.data, self.query, self.modes = binary, data, query, modes

    def script(self):
        return "".join(table.ours() for table in self.data.tables) + self.query.script.sql(OURS) + ";\n"

    def check(self):
        """What differs -> the modes in which it does, and PostgreSQL's answer."""
        theirs, found = self.data.ask(self.query.script.sql(THEIRS), self.query.rows_of), {}
        with tempfile.TemporaryDirectory() as folder:
            for table in self.data.tables:
                table.write(os.path.join(folder, "data"))
            for mode in self.modes:
                ours = answers.ask_us(self.binary, self.script(), *mode, self.query.rows_of, folder)
                wrong = answers.difference(self.query, ours, theirs)
                if wrong:
                    found.setdefault(wrong, []).append(mode)
        return found, theirs

    def shrunk(self, found):
        """A smaller case that still differs in one of the modes, and as an error only if this one does."""
        (wrong, modes), *_ = found.items()
        fails = wrong.startswith("error")
        case, tries = Case(self.binary, self.data, self.query, modes[:1]), TRIES
        for step in (case_queries, case_rows, case_queries):
            going = True
            while going and tries > 0:
                going = False
                for other in step(case):
                    tries -= 1
                    if tries <= 0:
                        break
                    if any(text.startswith("error") == fails for text in other.check()[0]):
                        case, going = other, True
                        break
        return case


def case_queries(case):
    for script in smaller(case.query.script):
        yield Case(case.binary, case.data, replace(case.query, script=script), case.modes)


def case_rows(case):
    tables_now = case.data.tables
    for at, table in enumerate(tables_now):
        n_rows = len(table.rows)
        step = n_rows // 2
        while step >= 1:
            for begin in range(0, n_rows, step):
                less = replace(table, rows=table.rows[:begin] + table.rows[begin + step:])
                data = answers.Postgres(case.data.server, tables_now[:at] + [less] + tables_now[at + 1:])
                yield Case(case.binary, data, case.query, case.modes)
            step //= 2


def report(name, case, found):
    small = case.shrunk(found)
    again, _ = small.check()
    lines = [f"FAILED {name} ({', '.join(f'{mode} -p {slots}' for modes in found.values() for mode, slots in modes)})"]
    for table in small.data.tables:
        if re.search(rf"\b{table.name}\b", small.query.script.sql(OURS)):
            lines += [table.ours() + "".join(table.line(row) for row in table.rows[:20])]
    lines += [small.query.script.sql(OURS) + ";", "PostgreSQL: " + small.query.script.sql(THEIRS) + ";",
              *(again or found)]
    return "\n".join(lines) + "\n"


def run_seed(server, binary, seed, options):
    """(queries, useless ones, reports)"""
    given = [make(random.Random(f"{seed}/{make.__name__}")) for make in (tables.table_t, tables.table_e)]
    data, useless, reports = answers.Postgres(server, given), 0, []
    numbers = range(options.queries) if options.query is None else [options.query]
    for number in numbers:
        rng = random.Random(f"{seed}/{number}")
        query = Queries(rng, given).whole()
        case = Case(binary, data, query, rng.sample(answers.MODES, options.modes))
        if options.show:
            print(case.script(), "-- PostgreSQL\n", query.script.sql(THEIRS), sep="")
        found, theirs = case.check()
        if theirs.kind == "query":
            useless += 1
            if options.show:
                print(theirs.error)
        elif found:
            reports.append(report(f"seed {seed}, query {number}", case, found))
    return len(numbers), useless, reports


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", nargs=2, type=int, default=DEFAULT_SEEDS, metavar=("FIRST", "END"))
    parser.add_argument("--queries", type=int, default=12)
    parser.add_argument("--query", type=int)
    parser.add_argument("--modes", type=int, default=DEFAULT_MODES)
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--show", action="store_true")
    return parser.parse_args()


def main():
    options = arguments()
    if postgres.is_missing():
        print("skipped: no PostgreSQL (package postgresql): random queries are not compared with it")
        return 77
    binary = answers.environment_binary(HERE)
    n_queries = n_useless = n_failed = 0
    with postgres.Server() as server, ThreadPoolExecutor(options.workers) as pool:
        runs = pool.map(lambda seed: run_seed(server, binary, seed, options), range(*options.seeds))
        for queries, useless, reports in runs:
            n_queries, n_useless, n_failed = n_queries + queries, n_useless + useless, n_failed + len(reports)
            for text in reports:
                print(text, flush=True)
    print(f"{n_queries} queries, {n_failed} differ; {n_useless} are none to PostgreSQL")
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
