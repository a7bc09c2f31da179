#!/usr/bin/env python3
"""make_data.py: writes data/words.csv, one word a line, out of Shakespeare's sonnet 60 (1609)."""

import re

SONNET = """
Like as the waves make towards the pebbled shore,
So do our minutes hasten to their end;
Each changing place with that which goes before,
In sequent toil all forwards do contend.
Nativity, once in the main of light,
Crawls to maturity, wherewith being crown'd,
Crooked eclipses 'gainst his glory fight,
And Time that gave doth now his gift confound.
Time doth transfix the flourish set on youth
And delves the parallels in beauty's brow,
Feeds on the rarities of nature's truth,
And nothing stands but for his scythe to mow:
And yet to times in hope my verse shall stand,
Praising thy worth, despite his cruel hand.
"""

with open("data/words.csv", "w", encoding="utf-8") as file:
    for word in re.findall(r"[A-Za-z']+", SONNET):
        file.write(word + "\n")
