"""Random tables: declared in both dialects, their rows written as files for us and copied into PostgreSQL.

`t` has a column of every kind, `e` is a folder of files with an event time whose rows are out of order by at most
what its watermark allows, so that none is late.
"""

import base64
import datetime
import json
import os
from dataclasses import dataclass, field

import kinds
from tree import node

T_COLUMNS = [(f"{kind}_", kind, (0, 0)) for kind in kinds.ALL if kind != "dec"]
T_COLUMNS += [("n", "dec", (6, 2)), ("m", "dec", (15, 5)), ("s", "text", (0, 0)), ("id", "i32", (0, 0))]
E_COLUMNS = [("k", "text", (0, 0)), ("u", "i32", (0, 0)), ("v", "i64", (0, 0)), ("x", "q", (0, 0)), ("n", "dec", (6, 2)),
             ("f", "bool", (0, 0)), ("w", "text", (0, 0))]
SIZES = [0, 1, 4, 20, 20, 40, 40, 300, 3000, 9000]
ANCHORS = ["1969-12-31 23:58:00", "2024-02-28 23:00:00", "0001-06-01 00:00:00", "2000-01-01 00:00:00"]


@dataclass
class Table:
    name: str
    columns: list  # (name, kind, digits)
    rows: list
    json: bool
    files: int = 1
    event: str = None  # The column with the event time,
    disorder_s: int = 0  # and by how much it is out of order.
    unit_s: int = 1  # About the distance of two rows' times.
    nodes: list = field(default_factory=list)

    def __post_init__(self):
        self.nodes = [node(kind, name, digits=digits) for name, kind, digits in self.columns]

    def declared(self, dialect):
        return ", ".join(f"{name} {kinds.type_names(kind, digits)[dialect]}" for name, kind, digits in self.columns)

    def ours(self):
        watermark = f", WATERMARK FOR {self.event} AS {self.event} - INTERVAL '{self.disorder_s}' SECOND" \
            if self.event else ""
        format_name = "json" if self.json else "csv"
        return (f"CREATE TABLE {self.name} ({self.declared(0)}{watermark}) WITH ('connector' = 'filesystem', "
                f"'path' = 'data/{self.name}', 'format' = '{format_name}');\n")

    def theirs(self):
        """The view hides the row's number, by which a single row can be asked for."""
        lines = "".join(",".join([str(at), *map(csv_field, row)]) + "\n" for at, row in enumerate(self.rows))
        names = ", ".join(name for name, _, _ in self.columns)
        return (f"CREATE TABLE {self.name}_rows (_row int, {self.declared(1)});\n"
                f"COPY {self.name}_rows FROM STDIN CSV;\n{lines}\\.\n"
                f"CREATE VIEW {self.name} AS SELECT {names} FROM {self.name}_rows;\n")

    def write(self, folder):
        os.makedirs(os.path.join(folder, self.name), exist_ok=True)
        for part in range(self.files):
            path = os.path.join(folder, self.name, f"{part}.{'json' if self.json else 'csv'}")
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(map(self.line, self.rows[part::self.files]))

    def line(self, row):
        values = [as_ours(kind, value) for (_, kind, _), value in zip(self.columns, row)]
        if not self.json:
            return ",".join(map(csv_field, values)) + "\n"
        fields = zip(self.columns, values)
        return "{" + ",".join(f'"{name}":{as_json(kind, value)}' for (name, kind, _), value in fields) + "}\n"


def csv_field(value):
    if value is None:
        return ""
    return '"' + value.replace('"', '""') + '"' if value == "" or set(value) & set(',"\n\\') else value


def as_ours(kind, value):
    if kind == "bytes" and value is not None:
        return base64.b64encode(bytes.fromhex(value[2:])).decode()
    return value


def as_json(kind, value):
    if value is None:
        return "null"
    plain = kind in ("bool", *kinds.NUMBERS) and value not in ("NaN", "Infinity", "-Infinity")
    return value if plain else json.dumps(value, ensure_ascii=False)


def random_rows(rng, columns, n_rows):
    nulls = [rng.choice([0, 0.1, 0.1, 0.2, 0.6]) for _ in columns]
    few = [rng.random() < 0.3 for _ in columns]  # Only a few different values, for groups.
    pools = [[kinds.value(rng, kind, digits) for _ in range(4)] for _, kind, digits in columns]
    return [[None if rng.random() < nulls[at] else rng.choice(pools[at]) if few[at] else kinds.value(rng, kind, digits)
             for at, (_, kind, digits) in enumerate(columns)] for _ in range(n_rows)]


def table_t(rng):
    rows = random_rows(rng, T_COLUMNS, rng.choice(SIZES))
    for at, row in enumerate(rows):
        row[-1] = str(at)
    return Table("t", T_COLUMNS, rows, rng.random() < 0.5)


def table_e(rng):
    kind, unit, n_rows = rng.choice(["ts", "ts", "tz"]), rng.choice([1, 60, 3600]), rng.choice(SIZES)
    disorder = unit * rng.choice([0, 1, 10, 100])
    columns = [*E_COLUMNS, ("ts", kind, (0, 0))]
    rows = random_rows(rng, E_COLUMNS, n_rows)
    at = datetime.datetime.fromisoformat(rng.choice(ANCHORS))
    micros = rng.choice([1, 1000, 1000000])
    for row in rows:
        at += datetime.timedelta(seconds=rng.choice([0, 0, 1, 1, 2, 3, 30]) * unit)
        late = datetime.timedelta(microseconds=rng.randint(0, disorder * 1000000 // micros) * micros)
        row.append((at - late + datetime.timedelta(seconds=disorder)).isoformat(" ") + ("+00" if kind == "tz" else ""))
    keys = [(str(k) if k is not None else None) for k in rng.sample(kinds.WORDS, 3) + [None]]
    for row in rows:
        row[0], row[1] = rng.choice(keys), str(rng.randint(0, 2)) if rng.random() < 0.9 else None
    return Table("e", columns, rows, rng.random() < 0.5, rng.randint(1, 3), "ts", disorder, unit)
