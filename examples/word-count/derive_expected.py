#!/usr/bin/env python3
"""derive_expected.py: computes expected/counts.csv from data/ in plain Python, to check the engine by."""

from collections import Counter

with open("data/words.csv", encoding="utf-8") as file:
    counts = Counter(line.strip().lower() for line in file)
with open("expected/counts.csv", "w", encoding="utf-8") as file:
    file.write("word,n\n")
    for word, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:12]:
        file.write(f"{word},{n}\n")
