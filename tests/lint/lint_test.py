#!/usr/bin/env python3
"""Each rule finds the fault planted for it, and nothing in a clean tree."""

import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rules  # noqa: E402

HEADER = """/* a.h - a thing. */
#ifndef TIDE_BASE_CORE_A_H
#define TIDE_BASE_CORE_A_H
int tide_a(void);
#endif
"""
SOURCE = """/* a.c - a thing. */
#include "base/core/a.h"

int tide_a(void)
{
    return 1;
}
"""
CLEAN = {
    "base/core/a.h": HEADER,
    "base/core/a.c": SOURCE,
    "base/core/CMakeLists.txt": "tide_library(tide_base_core SOURCES a.c)\n",
    "base/README.md": "# base\n",
    "base/core/README.md": "# core\n",
    "tests/README.md": "# tests\n",
    "tests/lint/README.md": "# lint\n",
    "tests/lint/arrows.txt": "base/core:\nbase/column: base/core\ntests: base\n",
    ".clang-format": "BasedOnStyle: LLVM\nIndentWidth: 4\nBreakBeforeBraces: Linux\nAllowShortFunctionsOnASingleLine: None\n",
}


def with_file(path, text):
    return {**CLEAN, path: text}


def appended(path, text):
    return with_file(path, CLEAN[path] + text)


PLANTED = {
    "lengths": [
        appended("base/core/a.c", "/* " + "x" * 100 + " */\n"),
        appended("base/core/a.c", "void f(void)\n{\n" + "    g();\n" * 71 + "}\n"),
        appended("base/core/a.c", "\n" * 1000),
    ],
    "whitespace": [
        appended("base/core/a.c", "int x; \n"),
        appended("base/core/a.c", "\tint x;\n"),
        appended("base/core/a.c", "int x;"),
    ],
    "arrows": [
        appended("base/core/a.c", '#include "base/column/b.h"\n')
        | {"base/column/b.h": HEADER.replace("CORE_A", "COLUMN_B")},
        appended("base/core/a.c", '#include "a.h"\n'),
        with_file("elsewhere/a.c", SOURCE),
    ],
    "third_parties": [with_file("base/core/a.h", HEADER.replace("int tide", "#include <zlib.h>\nint tide"))],
    "guards": [with_file("base/core/a.h", HEADER.replace("CORE_A_H", "A_H"))],
    "headers_alone": [with_file("base/core/a.h", HEADER.replace("int tide", "uint32_t tide"))],
    "banned_calls": [
        appended("base/core/a.c", "void f(char *x)\n{\n    " + call + ";\n}\n")
        for call in ("strcpy(x, x)", 'sprintf(x, "a")', "atoi(x)", "strtok(x, x)", "alloca(9)", "gets(x)",
                     "rand()", "malloc(3)", "time(NULL)", "usleep(3)", "/* TODO */")
    ],
    "contract_comments": [with_file("base/core/a.c", SOURCE.replace("a.c - ", ""))],
    "formatting": [with_file("base/core/a.c", SOURCE.replace("    return", "  return"))],
    "dead_files": [
        with_file("base/core/b.c", SOURCE),
        with_file("base/core/b.h", HEADER),
        with_file("base/core/CMakeLists.txt", "tide_library(tide_base_core SOURCES aa.c)\n"),
    ],
    "readmes": [
        {k: v for k, v in CLEAN.items() if k != "base/core/README.md"},
        with_file("base/core/README.md", "x\n" * 71),
    ],
    "scripts": [with_file("tests/x.sh", "set -euo pipefail\nif\n"), with_file("tests/x.sh", "true\n")],
}
ALLOWED = [
    # A word in a comment or a string is not a call; nor is a member of that name.
    appended("base/core/a.c", '/* strcpy(a) */\nconst char *s = "rand()";\n'),
    appended("base/core/a.c", "int f(struct s *x) { return x->malloc(3); }\n"),
    appended("base/core/a.c", "void f(void)\n{\n" + "    g();\n" * 70 + "}\n"),
]


def check(rule, files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                f.write(text)
        return rule(rules.Tree(root))


class LintTest(unittest.TestCase):
    def test_every_rule_finds_what_was_planted_for_it(self):
        for rule in rules.RULES:
            for number, files in enumerate(PLANTED[rule.__name__]):
                with self.subTest(rule=rule.__name__, number=number):
                    self.assertTrue(check(rule, files))

    def test_no_rule_complains_about_a_clean_tree(self):
        for rule in rules.RULES:
            with self.subTest(rule=rule.__name__):
                self.assertEqual(check(rule, CLEAN), [])

    def test_what_only_looks_wrong_is_let_through(self):
        for number, files in enumerate(ALLOWED):
            for rule in (rules.banned_calls, rules.lengths):
                with self.subTest(number=number, rule=rule.__name__):
                    self.assertEqual(check(rule, files), [])


if __name__ == "__main__":
    unittest.main()
