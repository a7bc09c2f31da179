"""The rules of the house, each a function from a Tree to a list of (path, line, message)."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

LINE_COLUMNS_MAX = 100
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 1000
README_LINES_MAX = 70
WORKERS = 2

# What a header of ours may include with <>: the C library and POSIX, never a third party, so that
# nobody depends on one without naming it. Tests' headers may have cmocka's.
LIBC = set("""assert complex ctype dlfcn endian errno fcntl fenv float inttypes limits locale math poll
pthread sched setjmp signal stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string
strings sys/eventfd sys/mman sys/resource sys/stat sys/types sys/uio sys/wait time unistd""".split())

# (pattern, why, folders or files where it is allowed)
BANNED = [
    (r"\b(strcpy|strcat|stpcpy|sprintf|vsprintf|gets)\s*\(", "it cannot be told where to stop", ()),
    (r"\b(atoi|atol|atoll|atof)\s*\(", "it cannot say that the text is not a number", ()),
    (r"\bstrtok\s*\(", "it keeps its state in a global", ()),
    (r"\balloca\s*\(", "the stack has no error path", ()),
    (r"\b(rand|srand|random|srandom|drand48)\s*\(", "use base/core/random.h", ()),
    (r"(?<![\w.>])(malloc|calloc|realloc|strdup|strndup|asprintf)\s*\(", "use base/core/mem.h",
     ("base/core/mem.c", "tests/fuzz", "examples")),
    (r"\b(clock_gettime|gettimeofday|time)\s*\((?!\))", "time is an argument, or base/core/clock.h",
     ("base/core/clock.c", "bench", "tests/support")),
    (r"\b(sleep|usleep|nanosleep)\s*\(", "wait for an event with a deadline",
     ("examples", "cli/mpi/plugin.c")),
    (r"\b(TODO|FIXME|XXX)\b", "do it or leave it out", ()),
]


class Tree:
    """The source files below a root, read once."""

    def __init__(self, root):
        self.root = root
        self.files = sorted(self._list())
        self._text = {}
        self._code = {}

    def _list(self):
        skipped = {".git", "build", ".tidemill", "__pycache__"}
        for folder, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if f not in skipped]
            for name in names:
                yield os.path.relpath(os.path.join(folder, name), self.root)

    def having(self, *endings):
        return [f for f in self.files if f.endswith(endings)]

    def text(self, path):
        if path not in self._text:
            with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as f:
                self._text[path] = f.read()
        return self._text[path]

    def lines(self, path):
        return self.text(path).split("\n")

    def code(self, path):
        """The text with the contents of strings and comments blanked, line by line as it was."""
        if path not in self._code:
            token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
            self._code[path] = token.sub(
                lambda m: re.sub(r"[^\n]", " ", m.group()), self.text(path))
        return self._code[path]


C_SOURCES = (".c", ".h", ".cpp", ".def")


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


# ---- sizes ----

def lengths(tree):
    """Lines of at most 100 columns, files of at most 1,000 lines, functions of at most 70."""
    found = []
    for path in tree.having(*C_SOURCES):
        lines = tree.lines(path)
        if len(lines) - 1 > FILE_LINES_MAX:
            found.append((path, FILE_LINES_MAX, f"file of {len(lines) - 1} lines"))
        opened = None
        for number, line in enumerate(lines, 1):
            if len(line) > LINE_COLUMNS_MAX:
                found.append((path, number, f"line of {len(line)} columns"))
            if line == "{":
                opened = number
            elif line.startswith("}") and opened:
                if number - opened - 1 > FUNCTION_LINES_MAX:
                    found.append((path, opened, f"function of {number - opened - 1} lines"))
                opened = None
    return found


def whitespace(tree):
    """No tabs, no spaces at a line's end, a newline at the file's end."""
    found = []
    for path in tree.having(*C_SOURCES, ".sql", ".py", ".txt", ".cmake"):
        text = tree.text(path)
        for number, line in enumerate(text.split("\n"), 1):
            if line != line.rstrip() or "\t" in line and path.endswith(C_SOURCES):
                found.append((path, number, "tab or space where none belongs"))
        if text and not text.endswith("\n"):
            found.append((path, line_of(text, len(text)), "no newline at the end"))
    return found


# ---- includes ----

def read_arrows(tree):
    arrows = {}
    for line in tree.lines("tests/lint/arrows.txt"):
        folder, colon, allowed = line.partition(":")
        if colon and not line.startswith("#"):
            arrows[folder.strip()] = allowed.split()
    return arrows


def is_below(path, folder):
    return path == folder or path.startswith(folder + "/")


def arrows(tree):
    """Includes point down the drawing of the architecture, from the repository's root."""
    table = read_arrows(tree)
    found = []
    for path in tree.having(*C_SOURCES):
        owner = max((f for f in table if is_below(path, f)), key=len, default=None)
        if owner is None:
            found.append((path, 1, "a folder that tests/lint/arrows.txt does not know"))
            continue
        for match in re.finditer(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', tree.text(path), re.M):
            line, target = line_of(tree.text(path), match.start()), match.group(2)
            if target.startswith("tidemill/"):
                target = "jobapi/include/" + target
            elif match.group(1) == "<":
                continue
            if target not in tree.files:
                found.append((path, line, f'"{target}" is not a path from the root'))
                continue
            if not any(is_below(target, folder) for folder in [owner, *table[owner]]):
                found.append((path, line, f"{owner} may not include {target}"))
    return found


def third_parties(tree):
    """No header of ours includes a third party's, but for those private to their folder."""
    found = []
    for path in tree.having(".h"):
        if path.endswith("_priv.h"):
            continue
        for match in re.finditer(r"^\s*#\s*include\s*<([^>]+)>", tree.text(path), re.M):
            name = match.group(1)
            if name.removesuffix(".h") in LIBC or name.startswith("tidemill/") or "intrin." in name:
                continue
            if path.startswith("tests/") and name == "cmocka.h":
                continue
            found.append((path, line_of(tree.text(path), match.start()), f"<{name}> in a header"))
    return found


def guards(tree):
    """A header's guard is its path."""
    found = []
    for path in tree.having(".h"):
        name = path.removeprefix("jobapi/include/").removeprefix("tidemill/")
        want = "TIDE_" + re.sub(r"[^A-Za-z0-9]", "_", name).upper()
        if path.startswith("jobapi/include/"):
            want = want.replace("TIDE_", "TIDEMILL_", 1)
        match = re.search(r"^#ifndef (\w+)\n#define (\w+)$", tree.text(path), re.M)
        if not match or match.group(1) != match.group(2):
            found.append((path, 1, f"no include guard {want}"))
        elif match.group(1) != want:
            found.append((path, line_of(tree.text(path), match.start()),
                          f"guard {match.group(1)}, expected {want}"))
    return found


def compiles(tree, path):
    flags = "-std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -x c -I. -Ijobapi/include"
    run = subprocess.run(["gcc", *flags.split(), "-include", path, "/dev/null"], cwd=tree.root,
                         capture_output=True, text=True, check=False)
    if run.returncode == 0:
        return []
    first = next((x for x in run.stderr.split("\n") if "error" in x), run.stderr.strip())
    return [(path, 1, "does not compile alone: " + first)]


def headers_alone(tree):
    """Every header compiles by itself."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return sum(pool.map(lambda path: compiles(tree, path), tree.having(".h")), [])


# ---- contents ----

def banned_calls(tree):
    """Calls that have no place here."""
    found = []
    for path in tree.having(".c", ".h", ".cpp"):
        for pattern, why, allowed in BANNED:
            if any(is_below(path, place) for place in allowed):
                continue
            text = tree.text(path) if "TODO" in pattern else tree.code(path)
            for match in re.finditer(pattern, text):
                found.append((path, line_of(text, match.start()),
                              f"{match.group().strip('( ')}: {why}"))
    return found


def contract_comments(tree):
    """Every C file opens with its name and what it is about."""
    found = []
    for path in tree.having(".c", ".h"):
        name = os.path.basename(path)
        if path.startswith(("tests/", "bench/", "examples/")):
            continue
        if path.startswith("jobapi/include/"):
            name = path.removeprefix("jobapi/include/")
        if not tree.text(path).startswith(f"/* {name} - "):
            found.append((path, 1, f'does not begin with "/* {name} - "'))
    return found


def formatting(tree):
    """clang-format 14 would change nothing."""
    files = tree.having(".c", ".h", ".cpp")

    def check(path):
        run = subprocess.run(["clang-format-14", "--dry-run", "-Werror", "--ferror-limit=1", path],
                             cwd=tree.root, capture_output=True, text=True, check=False)
        if run.returncode == 0:
            return []
        match = re.match(r"[^:]+:(\d+)", run.stderr)
        return [(path, int(match.group(1)) if match else 1, "not formatted: ./dev fmt")]

    with ThreadPoolExecutor(WORKERS) as pool:
        return sum(pool.map(check, files), [])


# ---- files ----

def dead_files(tree):
    """Every source is built by its folder's CMakeLists.txt, every header and table included."""
    found = []
    included = set()
    for path in tree.having(*C_SOURCES):
        for name in re.findall(r'#\s*include\s*[<"]([^>"]+)[>"]', tree.text(path)):
            included.add(name)
            included.add("jobapi/include/" + name)
    for path in tree.having(".c", ".cpp"):
        folder, name, listed = os.path.dirname(path), os.path.basename(path), False
        while True:
            lists = os.path.join(folder, "CMakeLists.txt")
            if lists in tree.files:
                word = re.escape(name)
                listed = re.search(rf"(?<![\w.-]){word}(?![\w.])", tree.text(lists)) is not None
                break
            if not folder:
                break
            name = os.path.join(os.path.basename(folder), name)
            folder = os.path.dirname(folder)
        if not listed:
            found.append((path, 1, f"not in {lists}"))
    for path in tree.having(".h", ".def"):
        if path not in included and not path.startswith("jobapi/include/"):
            found.append((path, 1, "nobody includes it"))
    return found


def readmes(tree):
    """Every folder of the map has a README.md of at most a page."""
    found = []
    tops = ("base", "jobapi", "scheduler", "checkpoint", "worker", "master", "cli", "examples", "tests",
            "bench", "docs")
    folders = set()
    for path in tree.files:
        parts = path.split("/")
        if parts[0] not in tops or len(parts) < 2:
            continue
        folders.add(parts[0])
        if len(parts) > 2 and not path.endswith(".md"):
            folders.add("/".join(parts[:2]))
    for folder in sorted(folders):
        readme = folder + "/README.md"
        if readme not in tree.files:
            found.append((readme, 1, "missing"))
        elif len(tree.lines(readme)) - 1 > README_LINES_MAX:
            found.append((readme, README_LINES_MAX, "longer than a page"))
    return found


def scripts(tree):
    """Shell scripts parse and stop at the first failure."""
    found = []
    for path in tree.files:
        if not (path.endswith(".sh") or path in ("dev", ".ci/run")):
            continue
        run = subprocess.run(["bash", "-n", path], cwd=tree.root, capture_output=True, text=True,
                             check=False)
        if run.returncode != 0:
            found.append((path, 1, run.stderr.strip()))
        if not re.search(r"^set -[a-z]*u[a-z]*o pipefail$", tree.text(path), re.M):
            found.append((path, 1, "no set -euo pipefail"))
    return found


RULES = [lengths, whitespace, arrows, third_parties, guards, headers_alone, banned_calls,
         contract_comments, formatting, dead_files, readmes, scripts]
