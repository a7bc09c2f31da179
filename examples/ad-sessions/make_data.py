#!/usr/bin/env python3
"""make_data.py: writes data/*.ndjson, always the same: the seed is fixed.

Twelve users look at ads in bursts over a day. Rows are in the order in which they arrived, which is not
the order in which they happened: most are up to eight seconds behind, some are hours late.
"""

import json
import random
from datetime import datetime, timedelta

START = datetime(2026, 3, 1, 8, 0)
GAP = timedelta(minutes=30)
USERS = range(101, 113)
ADS = range(1, 41)
LATE_SHARE = 0.01


def pauses(rng):
    """Between two events of a user: mostly seconds, sometimes a break, sometimes just at the limit."""
    while True:
        kind = rng.random()
        if kind < 0.970:
            yield timedelta(milliseconds=rng.randrange(2_000, 240_000))
        elif kind < 0.978:
            yield GAP  # Still the same session.
        elif kind < 0.984:
            yield GAP + timedelta(milliseconds=1)  # Just not.
        else:
            yield timedelta(minutes=rng.randrange(31, 150))


def events_of(user, rng):
    at = START + timedelta(milliseconds=rng.randrange(3 * 3600 * 1000))
    favourites = rng.sample(ADS, 12)
    eagerness = rng.choice([0.0, 0.05, 0.15, 0.3])
    for pause in pauses(rng):
        if at >= START + timedelta(hours=11):
            return
        ad = rng.choice(favourites)
        yield "ad_views", user, ad, at
        if rng.random() < eagerness:
            yield "ad_clicks", user, ad, at + timedelta(milliseconds=rng.randrange(300, 1_900))
        at += pause


def delay(rng):
    if rng.random() < LATE_SHARE:
        return timedelta(minutes=rng.randrange(90, 240))
    return timedelta(milliseconds=rng.randrange(0, 8_000))


def main():
    rng = random.Random(20260301)
    arrived = []
    for user in USERS:
        for table, user_id, ad, at in events_of(user, rng):
            arrived.append((at + delay(rng), len(arrived), table, user_id, ad, at))
    arrived.sort()
    files = {name: open(f"data/{name}.ndjson", "w", encoding="utf-8") for name in ("ad_views", "ad_clicks")}
    for _, _, table, user_id, ad, at in arrived:
        text = at.isoformat(sep=" ", timespec="milliseconds")
        row = {"user_id": user_id, "ad_id": ad, "event_time": text}
        files[table].write(json.dumps(row) + "\n")
    for file in files.values():
        file.close()


if __name__ == "__main__":
    main()
