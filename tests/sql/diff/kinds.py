"""The kinds of values: their types in both dialects, values for columns, literals.

Two kinds share a type with another: `q` is a DOUBLE, `g` a FLOAT, both of quarters, so small that sums are exact in
any order. `approx` and `quot` are DOUBLEs and DECIMALs whose last digits may differ: only the output has them.
"""

from tree import node

TYPES = {
    "bool": ("BOOLEAN", "boolean"), "i16": ("SMALLINT", "smallint"), "i32": ("INT", "int"),
    "i64": ("BIGINT", "bigint"), "f32": ("FLOAT", "real"), "g": ("FLOAT", "real"),
    "f64": ("DOUBLE", "double precision"), "q": ("DOUBLE", "double precision"), "text": ("STRING", "text"),
    "bytes": ("BYTES", "bytea"), "date": ("DATE", "date"), "time": ("TIME(6)", "time"),
    "ts": ("TIMESTAMP(6)", "timestamp"), "tz": ("TIMESTAMP_LTZ(6)", "timestamptz"), "iv": ("INTERVAL", "interval"),
    "approx": ("DOUBLE", "double precision"),
}
INTEGERS = ("i16", "i32", "i64")
NUMBERS = (*INTEGERS, "dec", "f32", "g", "f64", "q")
TIMES = ("date", "time", "ts", "tz", "iv")
ALL = ("bool", *NUMBERS, "text", "bytes", *TIMES)
INTEGER_DIGITS = {"i16": 5, "i32": 10, "i64": 19}

LETTERS = ["a", "b", "c", "A", "B", "Z", "é", "É", "ß", "Ж", "ж", "漢", "😀", " ", "%", "_", "1", "2", "-", ",", ".", "'"]
WORDS = ["", " ", "a", "A", "ab", "abc", "Abc def", "ÀÉÎ", "straße", "жЖ", "漢字", "a😀b", "%", "_", "a_b", "x'y", "0", "12",
         "-7", "3.5", "1e2", "true", "2024-02-29", "  ab  ", "a,b,,c", "aaa", "bab", "NULL", 'q"r', "tab\there"]
# Far enough from the years 1 and 9999, where ours end, for some arithmetic.
TIMESTAMPS = ["1969-12-31 23:59:59.999999", "1970-01-01 00:00:00", "1970-01-01 00:00:00.000001", "0500-01-01 00:00:00",
              "9500-12-31 23:59:59.999999", "2024-02-29 12:34:56.789", "1900-03-01 06:00:00", "2000-01-01 00:00:00",
              "1582-10-15 00:00:00", "2023-12-31 23:59:59.5", "2025-01-31 10:00:00"]
INTERVALS = ["00:00:00", "1 day", "24:00:00", "-1 days", "1 mon", "30 days", "-1 mons +2 days -03:04:05.6", "1 year 2 mons",
             "00:00:00.000001", "-00:00:00.000001", "100 days 25:00:00", "01:30:00", "-1 years", "00:10:00"]
FLOATS = ["0", "-0", "1", "-1", "0.5", "-2.5", "1.5", "2.5", "0.1", "1e10", "-1e10", "123456.789", "1e-10", "2147483648"]
WILD = ["1e300", "-1e300", "1e-300", "5e-324", "1.7976931348623157e+308", "9007199254740993", "NaN", "Infinity", "-Infinity"]


def integer(rng, kind):
    top = 2 ** {"i16": 15, "i32": 31, "i64": 63}[kind]
    if rng.random() < 0.2:
        return rng.choice([-top, top - 1, -top + 1, top // 2, 0, -1])
    return rng.randint(-12, 12) if rng.random() < 0.7 else rng.randrange(-top, top)


def decimal(rng, digits):
    whole, scale = digits
    if rng.random() < 0.2:
        units = rng.choice([0, 1, -1, 10 ** (whole + scale) - 1, 1 - 10 ** (whole + scale)])
    else:
        units = rng.randint(-20 * 10 ** scale, 20 * 10 ** scale) if rng.random() < 0.7 else \
            rng.randrange(10 ** (whole + scale))
    text = str(abs(units)).rjust(scale + 1, "0")
    point = len(text) - scale
    return ("-" if units < 0 else "") + text[:point] + ("." + text[point:] if scale else "")


def timestamp(rng):
    if rng.random() < 0.4:
        return rng.choice(TIMESTAMPS)
    day = f"{rng.randint(1950, 2030):04}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    micros = rng.choice(["", "", ".5", f".{rng.randrange(1000000):06}".rstrip("0").rstrip(".")])
    return f"{day} {rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}{micros}"


def text(rng):
    if rng.random() < 0.5:
        return rng.choice(WORDS)
    return "".join(rng.choice(LETTERS) for _ in range(rng.randint(0, 6)))


def floating(rng, kind):
    if kind in ("q", "g"):
        return repr(rng.randint(-400, 400) / 4)
    if kind == "f64" and rng.random() < 0.15:
        return rng.choice(WILD)
    return rng.choice(FLOATS) if rng.random() < 0.7 else repr(round(rng.uniform(-100, 100), rng.randint(0, 6)))


def value(rng, kind, digits=(8, 2)):
    """As PostgreSQL reads it."""
    if kind == "bool":
        return rng.choice(["true", "false"])
    if kind in INTEGERS:
        return str(integer(rng, kind))
    if kind == "dec":
        return decimal(rng, digits)
    if kind in ("f32", "g", "f64", "q"):
        return floating(rng, kind)
    if kind == "text":
        return text(rng)
    if kind == "bytes":
        return "\\x" + bytes(rng.choice([0, 1, 65, 98, 127, 128, 255]) for _ in range(rng.randint(0, 4))).hex()
    if kind == "date":
        return timestamp(rng).split(" ")[0]
    if kind == "time":
        return timestamp(rng).split(" ")[1]
    if kind == "iv":
        return rng.choice(INTERVALS)
    return timestamp(rng) + ("+00" if kind == "tz" else "")


def type_names(kind, digits=(0, 0)):
    if kind in ("dec", "quot"):
        return (f"DECIMAL({sum(digits)}, {digits[1]})",) * 2
    return TYPES[kind]


def null(kind, digits=(1, 0)):
    ours, theirs = type_names(kind, digits)
    return node(kind, f"CAST(NULL AS {ours})", theirs=f"CAST(NULL AS {theirs})", digits=digits)


def quoted(word):
    return "'" + word.replace("'", "''") + "'"


def literal(rng, kind, nulls=0.08):
    if rng.random() < nulls:
        return null(kind)
    digits = (rng.randint(1, 6), rng.randint(1, 4)) if kind == "dec" else (0, 0)
    word = value(rng, kind, digits)
    if kind == "text":
        return node(kind, quoted(word), theirs=quoted(word) + "::text")
    if kind in ("dec", "i32"):
        if kind == "i32" and word == str(-2 ** 31):
            word = "0"
        return node(kind, f"({word})" if word[0] == "-" else word, digits=digits)
    if kind == "bool":
        return node(kind, word.upper())
    if kind == "iv":
        return node(kind, f"INTERVAL {quoted(word)}")
    ours, theirs = type_names(kind)
    return node(kind, f"CAST({quoted(word)} AS {ours})", theirs=f"CAST({quoted(word)} AS {theirs})")
