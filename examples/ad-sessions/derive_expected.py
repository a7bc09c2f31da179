#!/usr/bin/env python3
"""derive_expected.py: computes expected/sessions.csv from data/ in plain Python, to check the engine by.

A session is a user's events with no break of more than 30 minutes; it ends 30 minutes behind its last
event. Everything in the files counts, however late it came: they are read as a whole.
"""

import csv
import json
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

GAP = timedelta(minutes=30)


def read(table):
    with open(f"data/{table}.ndjson", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield row["user_id"], datetime.fromisoformat(row["event_time"]), row["ad_id"], table == "ad_clicks"


def sessions_of(events):
    """Splits one user's events, ordered by time, where the break is too long."""
    session = []
    for event in events:
        if session and event[0] - session[-1][0] > GAP:
            yield session
            session = []
        session.append(event)
    yield session


def text(at):
    """A time as SQL prints it: no zeros at the end of the fraction."""
    return at.isoformat(" ", "milliseconds").rstrip("0").rstrip(".") if at.microsecond else at.isoformat(" ")


def percentage(clicks, views):
    if views == 0:
        return ""
    return (Decimal(100 * clicks) / views).quantize(Decimal("0.1"), ROUND_HALF_UP)


def main():
    by_user = defaultdict(list)
    for table in ("ad_views", "ad_clicks"):
        for user, at, ad, is_click in read(table):
            by_user[user].append((at, ad, is_click))
    rows = []
    for user, events in by_user.items():
        for session in sessions_of(sorted(events)):
            start, end = session[0][0], session[-1][0] + GAP
            clicks = sum(is_click for _, _, is_click in session)
            views = len(session) - clicks
            ads = len({ad for _, ad, _ in session})
            rows.append((user, start, end, views, clicks, ads, percentage(clicks, views)))
    with open("expected/sessions.csv", "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("user_id", "session_start", "session_end", "views", "clicks", "ads", "click_percent"))
        for user, start, end, *rest in sorted(rows):
            out.writerow((user, text(start), text(end), *rest))


if __name__ == "__main__":
    main()
