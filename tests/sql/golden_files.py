"""The files of tests/sql/golden: topics of titled queries, and their expected rows.

TOPIC.sql holds queries begun by lines `--- title`. Within one, a line `-- then` begins another job, which
runs when the one before has ended; the last job's rows count. TOPIC.csv holds the expected rows under the
same titles, TOPIC.pg.sql what PostgreSQL is asked instead, where it does not know the query's dialect.
"""

import os
import re
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "golden")
BY_HAND = "-- by hand: "


@dataclass
class Query:
    topic: str
    title: str
    jobs: list
    oracle: str
    by_hand: bool
    expected: list = field(default_factory=list)  # Lines, the header first.

    @property
    def name(self):
        return f"{self.topic}: {self.title}"

    @property
    def ordered(self):
        """Does the last statement end in ORDER BY? What stands in parentheses does not count."""
        text = re.sub(r"--[^\n]*|'[^']*'", "", self.jobs[-1]).strip().rstrip(";").split(";")[-1]
        while re.search(r"\([^()]*\)", text):
            text = re.sub(r"\([^()]*\)", "", text)
        return re.search(r"\bORDER\s+BY\b", text, re.I) is not None


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def sections(path):
    """Title -> text of a file's sections, in their order; nothing if there is no such file."""
    found = {}
    if not os.path.exists(path):
        return found
    for part in re.split(r"^--- ", read(path), flags=re.M)[1:]:
        title, _, text = part.partition("\n")
        if title in found:
            raise ValueError(f"{path}: two sections \"{title}\"")
        found[title] = text.removesuffix("\n")
    return found


def queries():
    """Every query of every topic."""
    found = []
    for name in sorted(os.listdir(GOLDEN)):
        if not name.endswith(".sql") or name.endswith(".pg.sql") or name == "tables.sql":
            continue
        topic = name[: -len(".sql")]
        base = os.path.join(GOLDEN, topic)
        oracle, expected = sections(base + ".pg.sql"), sections(base + ".csv")
        mine = sections(base + ".sql")
        for title in oracle:
            if title not in mine:
                raise ValueError(f"{topic}.pg.sql: no query \"{title}\"")
        for title, text in mine.items():
            jobs = re.split(r"^-- then$", text, flags=re.M)
            by_hand = any(line.startswith(BY_HAND) for line in text.split("\n"))
            rows = expected[title].split("\n") if title in expected else []
            found.append(Query(topic, title, jobs, oracle.get(title, text), by_hand, rows))
    return found


def write_expected(topic, found):
    with open(os.path.join(GOLDEN, topic + ".csv"), "w", encoding="utf-8", newline="") as file:
        for query in found:
            file.write("".join(line + "\n" for line in [f"--- {query.title}", *query.expected]))


def fields(line):
    """The fields of a CSV line: an unquoted empty one is None, for NULL."""
    found = []
    for match in re.finditer(r'(?:^|,)("(?:[^"]|"")*"|[^,]*)', line):
        text = match.group(1)
        found.append(text[1:-1].replace('""', '"') if text.startswith('"') else text or None)
    return tuple(found)
