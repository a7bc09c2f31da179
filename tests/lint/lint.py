#!/usr/bin/env python3
"""lint.py [RULE...]: checks the house rules over the checkout; `./dev lint`.

Prints path:line: rule: message for everything it finds, and leaves a line of totals in build/lint.txt.
"""

import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rules  # noqa: E402  (found through the line above)


def main(names):
    root = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    known = {rule.__name__: rule for rule in rules.RULES}
    for name in names:
        if name not in known:
            sys.exit(f"lint: no rule {name}; there are: {' '.join(known)}")
    tree = rules.Tree(root)
    passed = failed = 0
    for rule in rules.RULES:
        if names and rule.__name__ not in names:
            continue
        start = time.monotonic()
        found = rule(tree)
        for path, line, message in sorted(found):
            print(f"{path}:{line}: {rule.__name__}: {message}")
        passed, failed = passed + (not found), failed + bool(found)
        verdict = f"{len(found)} found" if found else "ok"
        print(f"lint: {rule.__name__:18} {verdict:10} {time.monotonic() - start:5.1f} s")
    total = f"lint: {passed} passed, {failed} failed, 0 skipped"
    print(total)
    os.makedirs(os.path.join(root, "build"), exist_ok=True)
    with open(os.path.join(root, "build", "lint.txt"), "w", encoding="utf-8") as f:
        f.write(total + "\n")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
