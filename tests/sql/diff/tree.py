"""Trees of SQL text in two dialects: ours, and PostgreSQL's. Immutable, so that a shrunk copy shares most of it."""

import itertools
from dataclasses import dataclass, replace

OURS, THEIRS = 0, 1


@dataclass(frozen=True)
class Node:
    """texts: a template a dialect, in which {0} is the first of kids. digits: of a DECIMAL, before and behind the
    point. spare: may be left out altogether. A node with a separator is a list of at least `least` kids."""
    kind: str
    texts: tuple
    kids: tuple = ()
    digits: tuple = (0, 0)
    spare: bool = False
    separator: str = None
    least: int = 0

    def sql(self, dialect):
        parts = [kid.sql(dialect) for kid in self.kids]
        if self.separator is not None:
            return self.separator.join(part for part in parts if part)
        return self.texts[dialect].format(*parts) if parts else self.texts[dialect]

    def walk(self, path=()):
        yield path, self
        for at, kid in enumerate(self.kids):
            yield from kid.walk(path + (at,))

    def with_kid(self, path, node):
        """A copy in which `node` stands at the path; None takes the kid away."""
        if not path:
            return node
        at = path[0]
        kid = self.kids[at].with_kid(path[1:], node)
        new = (kid,) if kid is not None else ()
        return replace(self, kids=self.kids[:at] + new + self.kids[at + 1:])


NOTHING = Node("", ("", ""))


def node(kind, ours, *kids, theirs=None, digits=(0, 0), spare=False):
    return Node(kind, (ours, ours if theirs is None else theirs), kids, digits, spare)


def listed(kids, separator=", ", least=1):
    return Node("", ("", ""), tuple(kids), separator=separator, least=least)


def smaller(root):
    """Trees that are a little smaller than this one, the ones that save most first."""
    places = sorted(root.walk(), key=lambda place: -sum(1 for _ in place[1].walk()))
    for path, at in places:
        if at.spare:
            yield root.with_kid(path, NOTHING)
        if at.separator is not None and len(at.kids) > at.least:
            for index in range(len(at.kids)):
                yield root.with_kid(path + (index,), None)
    for path, at in places:
        if at.kind and at.kids:
            inner = (low for _, low in itertools.islice(at.walk(), 1, None) if low.kind == at.kind)
            for low in sorted(inner, key=lambda low: sum(1 for _ in low.walk())):
                yield root.with_kid(path, low)
