"""Windowing functions over a named relation, and what they are in PostgreSQL."""

from tree import Node

DAY_S = 86400


def seconds(n_seconds):
    for size, word in ((DAY_S, "DAY"), (3600, "HOUR"), (60, "MINUTE")):
        if n_seconds and n_seconds % size == 0:
            return f"INTERVAL '{n_seconds // size}' {word}"
    return f"INTERVAL '{n_seconds}' SECOND"


def bin_of(event, kind, size, offset):
    """date_bin counts from an origin long before every row: PostgreSQL's before its origin was off in some versions."""
    zero = "TIMESTAMPTZ '1970-01-01 00:00:00+00'" if kind == "tz" else "TIMESTAMP '1970-01-01 00:00:00'"
    back = (3000 * 365 * DAY_S // size) * size
    return f"date_bin({seconds(size)}, {event}, {zero} + {seconds(offset)} - interval '{back} seconds')"


def tumble(rng, unit, name, event, kind, shifts):
    size = unit * rng.choice([1, 2, 5, 7, 10, 60])
    offset = rng.choice([0, 0, size // 2, -(size // 3)]) if shifts else 0
    ours = "TUMBLE", seconds(size) + shift(offset)
    theirs = (f"SELECT src.*, b AS window_start, b + {seconds(size)} AS window_end FROM {name} AS src, "
              f"LATERAL (SELECT {bin_of(event, kind, size, offset)} AS b) AS bin")
    return ours, theirs


def shift(offset):
    return f", {seconds(offset)}" if offset else ""


def hop(rng, unit, name, event, kind, shifts):
    slide = unit * rng.choice([1, 2, 5, 10])
    size = slide * rng.choice([1, 2, 3, 6])
    offset = rng.choice([0, 0, 0, slide // 2]) if shifts else 0
    ours = "HOP", f"{seconds(slide)}, {seconds(size)}{shift(offset)}"
    theirs = (f"SELECT src.*, b - i * {seconds(slide)} AS window_start, b - i * {seconds(slide)} + {seconds(size)} AS "
              f"window_end FROM {name} AS src, LATERAL (SELECT {bin_of(event, kind, slide, offset)} AS b) AS bin, "
              f"generate_series(0, {size // slide - 1}) AS i")
    return ours, theirs


def cumulate(rng, unit, name, event, kind, shifts):
    step = unit * rng.choice([1, 2, 5, 10])
    size = step * rng.choice([1, 2, 3, 6])
    offset = rng.choice([0, 0, 0, step // 2]) if shifts else 0
    ours = "CUMULATE", f"{seconds(step)}, {seconds(size)}{shift(offset)}"
    theirs = (f"SELECT src.*, b AS window_start, b + i * {seconds(step)} AS window_end FROM {name} AS src, "
              f"LATERAL (SELECT {bin_of(event, kind, size, offset)} AS b) AS bin, "
              f"generate_series(1, {size // step}) AS i WHERE {event} < b + i * {seconds(step)}")
    return ours, theirs


def session(rng, unit, name, event, keys):
    gap = unit * rng.choice([1, 2, 3, 10])
    by = "PARTITION BY " + ", ".join(keys) if keys else ""
    whole = "PARTITION BY " + ", ".join([*keys, "_island"])
    ours = "SESSION", seconds(gap)
    begins = f"{event} - lag({event}) OVER ({by} ORDER BY {event}) > {seconds(gap)} AS _begins"
    theirs = (f"SELECT *, min({event}) OVER ({whole}) AS window_start, max({event}) OVER ({whole}) + {seconds(gap)} AS "
              f"window_end FROM (SELECT *, count(*) FILTER (WHERE _begins) OVER ({by} ORDER BY {event}) AS _island "
              f"FROM (SELECT *, {begins} FROM {name}) AS a) AS b")
    return ours, theirs


def relation(ours, theirs, name, event, keys, alias):
    """The item of FROM: a windowing function; window_time is a millisecond before the end."""
    part = f" PARTITION BY ({', '.join(keys)})" if len(keys) > 1 else f" PARTITION BY {keys[0]}" if keys else ""
    function, arguments = ours
    call = f"TABLE({function}(TABLE {name}{part}, DESCRIPTOR({event}), {arguments})) AS {alias}"
    return Node("", (call, timed(theirs, alias)))


def timed(theirs, alias):
    return f"(SELECT *, window_end - INTERVAL '0.001' SECOND AS window_time FROM ({theirs}) AS {alias}_w) AS {alias}"


def grouped(ours, theirs, name, event, kind, alias):
    """The older spelling: the item of FROM, the windows' bounds as the select list has them, and the item of GROUP BY."""
    function, arguments = ours
    item = Node("", (f"{name} AS {alias}", timed(theirs, alias)))
    bounds = [Node(kind, (f"{function}_{word}({event}, {arguments})", column)) for word, column in
              (("START", "window_start"), ("END", "window_end"), ("ROWTIME", "window_time"))]
    return item, bounds, Node("", (f"{function}({event}, {arguments})", "window_start, window_end, window_time"))
