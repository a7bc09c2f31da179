"""Random expressions of a wanted kind over the columns in scope."""

from dataclasses import replace

import kinds
import operations
from tree import Node, listed, node

DIGITS_MAX = 38  # Of a DECIMAL; a result that could need more is not asked for.
COMPARABLE = kinds.ALL
EXTREMES = [kind for kind in kinds.ALL if kind not in ("bool", "bytes")]


class Expressions:
    """columns: nodes that may be used. risk: how likely an operation that can fail is tried."""

    def __init__(self, rng, columns, risk):
        self.rng = rng
        self.columns = columns
        self.risk = risk

    def leaf(self, kind):
        named = [column for column in self.columns if column.kind == kind]
        if named and self.rng.random() < 0.8:
            return self.rng.choice(named)
        # Beside a constant NULL PostgreSQL computes nothing that could fail.
        return kinds.literal(self.rng, kind, 0 if self.risk else 0.08)

    def of(self, kind, depth):
        """An expression; approx and quot only as what the output shows."""
        if depth <= 0 or (kind not in ("approx", "quot") and self.rng.random() < 0.12):
            return self.leaf(kind) if kind not in ("approx", "quot") else self.last_resort(kind)
        for _ in range(5):
            made = self.choose(kind, depth)
            if made is not None:
                return made
        return self.leaf(kind) if kind not in ("approx", "quot") else self.last_resort(kind)

    def last_resort(self, kind):
        if kind == "approx":
            return node("approx", "sin({0})", self.leaf("q"))
        return node("quot", "({0} / 7)", self.bounded("dec", 0, 9), digits=(20, 16))

    def choose(self, kind, depth):
        if kind == "quot":
            return self.quotient(depth)
        if kind != "approx" and self.rng.random() < 0.3:
            return self.choice(kind, depth)
        if kind == "bool" and self.rng.random() < 0.55:
            return self.comparison(depth)
        if kind == "dec" and self.rng.random() < 0.75:
            return self.decimal(depth)
        lines = [line for line in operations.OPERATIONS if line[0] == kind]
        _, arguments, ours, theirs, fails = self.rng.choice(lines)
        if fails and self.rng.random() >= self.risk:
            return None
        kids = [self.argument(argument, depth - 1) for argument in arguments]
        if fails and not any(self.reads(kid) for kid in kids):
            return None  # PostgreSQL fails for constants even where no row needs them.
        digits = operations.CAST_DIGITS["dec"] if kind == "dec" else (0, 0)
        if "13, 3" in ours:
            digits = (10, 3)
        return node(kind, ours, *kids, theirs=theirs, digits=digits)

    def reads(self, made):
        """Does it read a column?"""
        return any(low is column for _, low in made.walk() for column in self.columns)

    def argument(self, kind, depth):
        if kind in operations.CONSTANTS:
            word = self.rng.choice(operations.CONSTANTS[kind])
            return Node("", (word.replace("{{", "{").replace("}}", "}"),) * 2)
        return self.of(kind, depth)

    def comparison(self, depth):
        kind = self.rng.choice(COMPARABLE)
        other = kind
        if kind in kinds.NUMBERS and self.rng.random() < 0.4:
            other = self.rng.choice(kinds.NUMBERS)
        shape = self.rng.randrange(8)
        # PostgreSQL compares with the constants of a list first: the others may then not be computed.
        left, right = self.of(kind, depth - 1), self.of(other, 0 if shape == 2 else depth - 1)
        if shape == 0:
            return node("bool", "({0} IS NULL)", left)
        if shape == 1:
            return node("bool", "({0} IS NOT NULL)", left)
        if shape == 2:
            some = listed([right, *(self.leaf(kind) for _ in range(self.rng.randint(0, 4)))])
            return node("bool", "({0} " + self.rng.choice(["IN", "NOT IN"]) + " ({1}))", left, some)
        if shape == 3:
            word = self.rng.choice(["BETWEEN", "NOT BETWEEN", "BETWEEN SYMMETRIC"])
            return node("bool", "({0} " + word + " {1} AND {2})", left, right, self.leaf(kind))
        if shape == 4:
            word = self.rng.choice(["IS DISTINCT FROM", "IS NOT DISTINCT FROM"])
            return node("bool", "({0} " + word + " {1})", left, right)
        return node("bool", "({0} " + self.rng.choice(["=", "<>", "<", "<=", ">", ">="]) + " {1})", left, right)

    def choice(self, kind, depth):
        """CASE and its relatives: of DECIMALs all branches have the same digits, so that their text is the same."""
        first = self.of(kind, depth - 1)
        second = self.alike(first, depth - 1)
        shape = self.rng.randrange(7)
        if shape <= 1:
            return node(kind, "CASE WHEN {0} THEN {1} ELSE {2} END", self.of("bool", depth - 1), first, second,
                        digits=first.digits)
        if shape == 2:
            return node(kind, "CASE WHEN {0} THEN {1} WHEN {2} THEN {3} END", self.of("bool", depth - 1), first,
                        self.of("bool", depth - 1), second, digits=first.digits)
        if shape == 3:
            tag = self.rng.choice(["i32", "text", "i64", "date"])
            return node(kind, "CASE {0} WHEN {1} THEN {2} WHEN {3} THEN {4} ELSE {5} END", self.of(tag, depth - 1),
                        self.leaf(tag), first, self.leaf(tag), second, self.alike(first, 0), digits=first.digits)
        if shape == 4:
            return node(kind, "COALESCE({0}, {1})", first, second, digits=first.digits)
        if shape == 5 and kind in EXTREMES:
            word = self.rng.choice(["GREATEST", "LEAST"])
            return node(kind, word + "({0}, {1}, {2})", first, second, self.alike(first, 0), digits=first.digits)
        if self.risk and not self.reads(first):
            return first  # PostgreSQL would know a NULL when it plans.
        return node(kind, "NULLIF({0}, {1})", first, second, digits=first.digits)

    def alike(self, first, depth):
        if first.kind != "dec":
            return self.of(first.kind, depth)
        fits = [column for column in self.columns if column.kind == "dec" and column.digits == first.digits]
        return self.rng.choice(fits) if fits else first if self.risk else kinds.null("dec", first.digits)

    def bounded(self, kind, depth, whole):
        """A DECIMAL or integer of at most so many digits before the point."""
        made = self.of(kind, depth)
        if kind == "dec" and made.digits[0] > whole:
            return kinds.literal(self.rng, "dec") if whole >= 6 else node("dec", "1.5", digits=(1, 1))
        return made

    def number(self, depth):
        """A DECIMAL or an integer, and the digits that it has as a DECIMAL."""
        kind = self.rng.choice(["dec", "dec", "dec", "i32", "i64", "i16"])
        made = self.of(kind, depth)
        return made, made.digits if kind == "dec" else (kinds.INTEGER_DIGITS[kind], 0)

    def decimal(self, depth):
        left = self.of("dec", depth - 1)
        right, (whole, scale) = self.number(depth - 1)
        (mine, own), sign = left.digits, self.rng.choice("++--*%1111")
        if sign in "+-":
            digits = (max(mine, whole) + 1, max(own, scale))
        elif sign == "*":
            digits = (mine + whole, own + scale)
        elif sign == "%":
            if self.rng.random() >= self.risk:
                return None
            digits = (min(mine, whole), max(own, scale))
        else:
            return self.rounded(left)
        if sum(digits) > DIGITS_MAX:
            return None
        kids = (left, right) if sign == "%" or self.rng.random() < 0.5 else (right, left)
        return node("dec", "({0} " + sign + " {1})", *kids, digits=digits)

    def rounded(self, left):
        (whole, scale), shape = left.digits, self.rng.randrange(7)
        if whole + scale >= DIGITS_MAX:
            return None
        if shape == 0:
            return node("dec", "(- {0})", left, digits=left.digits)
        if shape == 1:
            return node("dec", "abs({0})", left, digits=left.digits)
        if shape == 2:
            return node("dec", self.rng.choice(["ceil", "floor"]) + "({0})", left, digits=(whole + 1, 0))
        if shape == 3:
            return node("dec", "sign({0})", left, digits=(1, 0))
        places = self.rng.randint(-2, scale)
        word = self.rng.choice(["round", "trunc"])
        return node("dec", word + "({0}, " + f"{places})", left, digits=(whole + 1, max(places, 0)))

    def quotient(self, depth):
        left = self.of("dec", depth - 1)
        right, (_, scale) = self.number(depth - 1)
        if self.rng.random() >= self.risk:
            right = node("i32", "7")
            scale = 0
        places = max(6, min(16, DIGITS_MAX - left.digits[0] - scale))
        return node("quot", "({0} / {1})", left, right, digits=(DIGITS_MAX - places, places))


def spare(made):
    return replace(made, spare=True)
