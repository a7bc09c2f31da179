"""Random queries over the tables, as scripts of views and a last SELECT in both dialects."""

from dataclasses import dataclass, replace

import kinds
import windows
from expressions import Expressions, spare
from tree import NOTHING, Node, listed, node

LAST_ONLY = ("approx", "quot")  # Their last digits may differ, so nothing may depend on them.
DEPTH = 3


@dataclass
class Relation:
    """What FROM can name: `item` stands in FROM, columns are nodes."""
    item: Node
    columns: list
    name: str = None
    event: Node = None


@dataclass
class Query:
    script: Node
    columns: list
    order: list  # Names of the columns that the last ORDER BY begins with.
    rows_of: str = None  # A table: the query is asked row by row, and rows that fail are skipped.
    simple: bool = False  # Errors of rows must come from both.
    loose: bool = False  # Which of equal values comes out is not determined (-0 and 0, 1 day and 24 hours).


class Queries:
    def __init__(self, rng, tables):
        self.rng = rng
        self.tables = {table.name: table for table in tables}
        self.views = []
        self.n_names = 0
        self.loose = False

    def name(self, stem):
        self.n_names += 1
        return f"{stem}{self.n_names}"

    def expressions(self, columns, risk=0):
        return Expressions(self.rng, columns, risk)

    def clause(self, word, made):
        return node("", word + " {0}", made, spare=True)

    # What a query reads.

    def table(self, name):
        table = self.tables[name]
        event = next((column for column in table.nodes if column.texts[0] == table.event), None)
        return Relation(node("", name), table.nodes, name, event)

    def source(self, depth):
        """A table, a view or a subquery."""
        shape = self.rng.random()
        if depth <= 0 or shape < 0.4:
            return self.table(self.rng.choice(["t", "t", "e"]))
        alias = self.name("q")
        if shape < 0.45:
            return self.values(alias)
        if shape < 0.7:
            select, columns = self.query(depth - 1, last=False)
            return Relation(node("", "({0}) AS " + alias, select), columns)
        select, columns = self.query(depth - 1, last=False)
        self.views.append(node("", f"CREATE VIEW {alias} AS " + "{0}", select))
        return Relation(node("", alias), columns, alias)

    def values(self, alias):
        rng = self.rng
        wanted = [kind for kind in rng.choices(kinds.ALL, k=rng.randint(1, 4)) if kind not in ("dec", "i32")] or ["text"]
        rows = [node("", "({0})", listed((kinds.literal(rng, kind) for kind in wanted), least=len(wanted)))
                for _ in range(rng.randint(1, 4))]
        columns = [node(kind, f"c{at}") for at, kind in enumerate(wanted)]
        names = ", ".join(column.texts[0] for column in columns)
        return Relation(node("", "(VALUES {0}) AS " + f"{alias} ({names})", listed(rows)), columns)

    # What a query is.

    def query(self, depth, last):
        """A select of any shape, and its columns."""
        shape = self.rng.random()
        if shape < 0.12:
            return self.union(depth, last)
        if shape < 0.2 and not last:
            return self.cut(depth)
        if shape < 0.4:
            return self.windowed(last)
        if shape < 0.47:
            return self.group_window(last)
        if shape < 0.75:
            return self.grouped(self.source(depth), last)
        return self.projected(self.source(depth), last)

    def named(self, items):
        """Select items with names, and the columns that they become."""
        named, columns = [], []
        for at, item in enumerate(items):
            named.append(node("", "{0} AS c" + str(at), item))
            columns.append(node(item.kind, f"c{at}", digits=item.digits))
        return listed(named), columns

    def kind(self, last, distinct=False):
        more = LAST_ONLY if last and not distinct else ()
        return self.rng.choice([*kinds.ALL, *more])

    def projected(self, relation, last, kinds_wanted=None, risk=0, shows_distinct=True):
        rng, made = self.rng, self.expressions(relation.columns, risk)
        distinct = shows_distinct and rng.random() < 0.2
        self.loose |= distinct
        wanted = kinds_wanted or [self.kind(last, distinct) for _ in range(rng.randint(1, 5))]
        items, columns = self.named([made.of(kind, rng.randint(0, DEPTH)) for kind in wanted])
        where = self.clause("WHERE", made.of("bool", DEPTH)) if rng.random() < 0.5 else NOTHING
        word = node("", "DISTINCT", spare=True) if distinct else NOTHING
        return node("", "SELECT {0} {1} FROM {2} {3}", word, items, relation.item, where), columns

    def aggregate(self, made, last):
        rng = self.rng
        if rng.random() < 0.15:
            call = node("i64", "count(*)")
        else:
            call = self.call(made, last)
        if rng.random() < 0.25:
            call = node(call.kind, "{0} {1}", call, spare(node("", "FILTER (WHERE {0})", made.of("bool", 2))),
                        digits=call.digits)
        return call

    def call(self, made, last):
        rng = self.rng
        distinct = node("", "DISTINCT ", spare=True) if rng.random() < 0.3 else NOTHING
        word = rng.choice(["count", "sum", "sum", "min", "max", "avg"])
        if word == "avg" and not last:
            word = "sum"
        if word == "count":
            return node("i64", "count({0}{1})", distinct, made.of(rng.choice(kinds.ALL), rng.randint(0, 2)))
        if word in ("min", "max"):
            kind = rng.choice([kind for kind in kinds.ALL if kind not in ("bool", "bytes")])
            argument = made.of(kind, rng.randint(0, 2))
            return node(kind, word + "({0}{1})", distinct, argument, digits=argument.digits)
        kind = rng.choice(["i16", "i32", "i64", "dec", "q", "g"] + ["iv"] * (word == "sum"))
        argument = made.of(kind, rng.randint(0, 2))
        result, digits = self.total(word, argument)
        return node(result, word + "({0}{1})", distinct, argument, digits=digits)

    def total(self, word, argument):
        if word == "avg":
            return ("approx", (0, 0)) if argument.kind in ("q", "g") else ("quot", (22, 16))
        if argument.kind == "dec":
            return "dec", (38 - argument.digits[1], argument.digits[1])
        return {"i16": "i64", "i32": "i64", "i64": "dec"}.get(argument.kind, argument.kind), (38, 0)

    def grouped(self, relation, last):
        rng, made = self.rng, self.expressions(relation.columns)
        keys = [self.key(made) for _ in range(rng.choice([0, 1, 1, 2, 3]))]
        return self.group_select(relation, made, keys, last)

    def key(self, made):
        """An expression that is no constant: its number would be a position."""
        kind = self.rng.choice([column.kind for column in made.columns])
        column = self.rng.choice([column for column in made.columns if column.kind == kind])
        if self.rng.random() < 0.5 or kind in ("bytes",):
            return column
        return node(kind, "COALESCE({0}, {1})", column, made.alike(column, 1), digits=column.digits) \
            if self.rng.random() < 0.5 else made.of(self.rng.choice(["bool", "text", "date"]), 2)

    def group_select(self, relation, made, keys, last, shown=(), by=None):
        """shown: expressions of the select list that come as they are, in front, and keys unless `by` stands for them."""
        rng, self.loose = self.rng, True
        keys = [key for key in keys if any(low.texts == c.texts for _, low in key.walk() for c in relation.columns)]
        aggregates = [self.aggregate(made, last) for _ in range(rng.randint(1, 4))]
        above = self.expressions([*keys, *(a for a in aggregates if a.kind not in LAST_ONLY)])
        items = [*shown, *(key for key in keys if rng.random() < 0.8), *aggregates]
        if rng.random() < 0.5:
            items = [item if at < len(shown) or rng.random() < 0.6 else above.of(item.kind, 1)
                     for at, item in enumerate(items)]
        select, columns = self.named(items)
        every = [*([by] if by else shown), *keys]
        group = node("", "GROUP BY {0}", listed(every)) if every else NOTHING
        having = self.clause("HAVING", above.of("bool", 2)) if rng.random() < 0.3 else NOTHING
        where = NOTHING if shown else self.clause("WHERE", made.of("bool", 2)) if rng.random() < 0.3 else NOTHING
        return node("", "SELECT {0} FROM {1} {2} {3} {4}", select, relation.item, where, group, having), columns

    def union(self, depth, last):
        rng = self.rng
        word = rng.choice(["UNION ALL", "UNION ALL", "UNION"])
        self.loose |= word == "UNION"
        wanted = [self.kind(last, word == "UNION") for _ in range(rng.randint(1, 4))]
        wanted = [kind for kind in wanted if kind not in ("dec", "quot")] or ["i32"]
        parts = [self.projected(self.source(depth - 1), last, wanted) for _ in range(rng.choice([2, 2, 3]))]
        shared = self.views and rng.random() < 0.5
        if shared:
            self.share(wanted, parts, last)
        return listed([select for select, _ in parts], f" {word} ", 1), parts[0][1]

    def share(self, wanted, parts, last):
        """The last two parts read the same view."""
        alias = self.name("q")
        select, columns = self.query(0, last=False)
        self.views.append(node("", f"CREATE VIEW {alias} AS " + "{0}", select))
        relation = Relation(node("", alias), columns, alias)
        parts[-2:] = [self.projected(relation, last, wanted) for _ in range(2)]

    def cut(self, depth):
        """The first rows in an order that determines them."""
        rng, self.loose = self.rng, True
        wanted = [kind for kind in (rng.choice(kinds.ALL) for _ in range(rng.randint(1, 4))) if kind != "iv"] or ["text"]
        select, columns = self.projected(self.source(depth), False, wanted)
        order = listed([self.direction(column) for column in rng.sample(columns, len(columns))], least=len(columns))
        return node("", "{0} ORDER BY {1} {2}", select, order, self.limit()), columns

    def limit(self):
        rng = self.rng
        offset = node("", f"OFFSET {rng.choice([0, 1, 3, 30])}", spare=True) if rng.random() < 0.4 else NOTHING
        return node("", f"LIMIT {rng.choice([0, 1, 2, 5, 10, 100])} " + "{0}", offset, spare=True)

    def direction(self, column):
        rng = self.rng
        word = rng.choice(["", "", " DESC", " ASC"]) + rng.choice(["", "", " NULLS FIRST", " NULLS LAST"])
        return node("", "{0}" + word, column)

    # Windows.

    def events(self):
        """e, or a view of it that keeps its event time."""
        table, rng = self.table("e"), self.rng
        if rng.random() < 0.5:
            return table
        alias = self.name("q")
        made = self.expressions(table.columns)
        parts = []
        wanted = [rng.choice(["i32", "text", "bool", "q", "i64"]) for _ in range(3)]
        for _ in range(rng.choice([1, 1, 2])):
            items = [made.of(kind, 2) for kind in wanted]
            select = listed([node("", "{0} AS c" + str(at), item) for at, item in enumerate([table.event, *items])],
                            least=4)
            where = self.clause("WHERE", made.of("bool", 2)) if rng.random() < 0.4 else NOTHING
            parts.append(node("", "SELECT {0} FROM e {1}", select, where))
        self.views.append(node("", f"CREATE VIEW {alias} AS " + "{0}", listed(parts, " UNION ALL ")))
        columns = [node(kind, f"c{at}") for at, kind in enumerate([table.event.kind, *wanted])]
        return Relation(node("", alias), columns, alias, columns[0])

    def window_texts(self, relation, session, shifts):
        """A windowing function and its arguments, PostgreSQL's rows, and the keys of a session."""
        rng, unit = self.rng, self.tables["e"].unit_s
        event = relation.event
        if not session:
            function = rng.choice([windows.tumble, windows.tumble, windows.hop, windows.cumulate])
            return *function(rng, unit, relation.name, event.texts[0], event.kind, shifts), []
        can = [column for column in relation.columns if column is not event and column.kind in ("i32", "text", "bool")]
        keys = rng.sample(can, min(len(can), rng.choice([0, 1, 1, 2])))
        names = [key.texts[0] for key in keys]
        return *windows.session(rng, unit, relation.name, event.texts[0], names), keys

    def window_of(self, relation, session):
        """The relation with its windows, and the keys that a session must be grouped by."""
        event, alias = relation.event, self.name("w")
        ours, theirs, keys = self.window_texts(relation, session, True)
        names = [key.texts[0] for key in keys]
        bounds = [node(event.kind, name) for name in ("window_start", "window_end", "window_time")]
        item = windows.relation(ours, theirs, relation.name, event.texts[0], names, alias)
        return Relation(item, relation.columns, alias), bounds, keys

    def group_window(self, last):
        """GROUP BY TUMBLE(ts, size) and the like."""
        rng, relation, alias = self.rng, self.events(), self.name("w")
        session = rng.random() < 0.35
        ours, theirs, keys = self.window_texts(relation, session, False)
        event = relation.event
        item, bounds, by = windows.grouped(ours, theirs, relation.name, event.texts[0], event.kind, alias)
        windowed = Relation(item, relation.columns, alias)
        made = self.expressions(windowed.columns)
        keys = keys if session else [self.key(made) for _ in range(rng.choice([0, 1, 1, 2]))]
        return self.group_select(windowed, made, keys, last, bounds[:rng.randint(1, 3)], by)

    def windowed(self, last):
        rng, relation = self.rng, self.events()
        shape = rng.random()
        windowed, bounds, keys = self.window_of(relation, shape < 0.35)
        if shape >= 0.35 and rng.random() < 0.25:
            return self.projected(replace(windowed, columns=[*windowed.columns, *bounds]), last, shows_distinct=False)
        made = self.expressions(windowed.columns)
        shown = bounds[:2] + bounds[2:] * (rng.random() < 0.5)
        if shape < 0.35:
            select, columns = self.group_select(windowed, made, [], last, [*shown, *keys])
        else:
            keys = [self.key(made) for _ in range(rng.choice([0, 1, 1, 2]))]
            select, columns = self.group_select(windowed, made, keys, last and rng.random() < 0.6, shown)
        return (select, columns) if rng.random() < 0.6 else self.second_stage(select, columns, len(shown), last)

    def second_stage(self, select, columns, n_bounds, last):
        """Windows of windows: the same again, or larger ones over window_time."""
        rng, alias = self.rng, self.name("q")
        rest = [column for column in columns[n_bounds:] if column.kind not in LAST_ONLY]
        if len(rest) < len(columns) - n_bounds or not rest:
            return select, columns
        if n_bounds < 3 or rng.random() < 0.5:
            relation = Relation(node("", "({0}) AS " + alias, select), rest)
            return self.group_select(relation, self.expressions(rest), [], last, columns[:2])
        self.views.append(node("", f"CREATE VIEW {alias} AS " + "{0}", select))
        inner = Relation(node("", alias), rest, alias, columns[2])
        windowed, bounds, keys = self.window_of(inner, rng.random() < 0.3)
        return self.group_select(windowed, self.expressions(rest), [], last, [*bounds[:2], *keys])

    # Whole scripts.

    def row_by_row(self):
        """A projection of t with any risk: rows whose expressions fail are skipped on both sides."""
        table = self.table("t")
        item = Node("", ("t", "(SELECT * FROM t_rows WHERE _row = _at OFFSET 0) AS t"))
        select, columns = self.projected(replace(table, item=item), True, risk=1, shows_distinct=False)
        return Query(script([], select), columns, [], rows_of="t")

    def whole(self):
        if self.rng.random() < 0.35 and len(self.tables["t"].rows) <= 60:
            return self.row_by_row()
        simple = self.rng.random() < 0.15
        if simple:
            select, columns = self.projected(self.table("t"), True, risk=0.2, shows_distinct=False)
        else:
            select, columns = self.query(2, last=True)
        order = []
        can = [column for column in columns if column.kind not in LAST_ONLY]
        if can and self.rng.random() < 0.3:
            order = self.rng.sample(can, self.rng.randint(1, len(can)))
            keys = listed([self.direction(column) for column in order])
            select = node("", "{0} {1}", select, node("", "ORDER BY {0}", keys, spare=True))
            if len(order) == len(columns) and "iv" not in [column.kind for column in columns] and self.rng.random() < 0.6:
                self.loose = True
                select = node("", "{0} {1}", select, self.limit())
        names = [column.texts[0] for column in order]
        return Query(script(self.views, select), columns, names, simple=simple, loose=self.loose)


def script(views, select):
    return listed([listed(views, ";\n", least=0), select], ";\n", least=2)
