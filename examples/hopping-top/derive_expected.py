#!/usr/bin/env python3
"""derive_expected.py: computes expected/top.csv from data/ in plain Python, to check the engine by."""

import csv
from collections import defaultdict
from datetime import datetime, timedelta

SIZE, SLIDE = timedelta(minutes=15), timedelta(minutes=5)
EPOCH = datetime(1970, 1, 1)


def windows_of(at):
    """The starts of the windows that hold `at`, the last first."""
    start = at - (at - EPOCH) % SLIDE
    while start > at - SIZE:
        yield start
        start -= SLIDE


def main():
    groups = defaultdict(list)
    with open("data/requests.csv", encoding="utf-8", newline="") as file:
        for path, status, millis, at in csv.reader(file):
            if int(status) < 400:
                for start in windows_of(datetime.fromisoformat(at)):
                    groups[path, start].append(int(millis))
    rows = [(start, start + SIZE, path, len(all_millis), max(all_millis)) for (path, start), all_millis in
            groups.items()]
    rows.sort(key=lambda row: (-row[3], row[0], row[2]))
    with open("expected/top.csv", "w", encoding="utf-8") as file:
        file.write("window_start,window_end,path,hits,slowest_ms\n")
        for start, end, path, hits, slowest in rows[:10]:
            file.write(f"{start},{end},{path},{hits},{slowest}\n")


if __name__ == "__main__":
    main()
