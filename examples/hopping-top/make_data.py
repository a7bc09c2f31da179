#!/usr/bin/env python3
"""make_data.py: writes data/requests.csv, always the same: the seed is fixed.

A morning of a shop's requests: path, status, milliseconds, time; up to four seconds out of order, and one
rush on one page.
"""

import random
from datetime import datetime, timedelta

PATHS = ["/", "/search", "/cart", "/checkout", "/product/7", "/product/12", "/help"]
WEIGHTS = [30, 25, 10, 4, 12, 12, 3]
START = datetime(2026, 3, 2, 9, 0)


def main():
    rng = random.Random(20260302)
    rows = []
    at = START
    while at < START + timedelta(hours=2):
        at += timedelta(milliseconds=rng.randrange(500, 9_000))
        rush = timedelta(minutes=52) < at - START < timedelta(minutes=61)
        path = "/product/7" if rush and rng.random() < 0.8 else rng.choices(PATHS, WEIGHTS)[0]
        status = rng.choices([200, 404, 500], [95, 3, 2])[0]
        arrived = at + timedelta(milliseconds=rng.randrange(0, 4_000))
        rows.append((arrived, path, status, rng.randrange(3, 400), at))
        if rush:
            at -= timedelta(milliseconds=rng.randrange(0, 400))
    rows.sort()
    with open("data/requests.csv", "w", encoding="utf-8") as file:
        for _, path, status, millis, at in rows:
            file.write(f"{path},{status},{millis},{at.isoformat(' ', 'milliseconds')}\n")


if __name__ == "__main__":
    main()
