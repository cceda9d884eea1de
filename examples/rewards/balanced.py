"""Reward of a molecule without a chemistry toolkit: 1 if brackets and rings are closed, else 0.

Valences and aromatic rings are not checked, so this says yes to more than RDKit does. The standard library is enough:

    echo '{"sequence":"c1ccccc1O"}' | python3 examples/rewards/balanced.py
"""

import json
import re
import sys

# A bracket atom, a ring closure of two digits, or one character.
TOKEN = re.compile(r"\[[^\[\]]*\]|%\d\d|.")
BONDS = set("=#-:/\\")


def text_of(line):
    """The sequence in a line: `sequence` or the only text of a JSON object, a JSON string, or the line as it is."""
    line = line.rstrip("\r\n")
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return line
    if isinstance(row, str):
        return row
    if not isinstance(row, dict):
        return line
    if isinstance(row.get("sequence"), str):
        return row["sequence"]
    texts = [name for name, value in row.items() if isinstance(value, str)]
    if len(texts) != 1:
        found = "none" if not texts else ", ".join(texts)
        sys.exit(f"{sys.argv[0]}: which text is the sequence? Name it `sequence`; texts found: {found}; in {line[:200]}")
    return row[texts[0]]


def score(smiles):
    depth, rings, before = 0, set(), ""
    for token in TOKEN.findall(smiles):
        if token == "(":
            depth += 1
            if before in {"", "("} or before in BONDS:
                return 0.0
        elif token == ")":
            depth -= 1
            if depth < 0 or before == "(" or before in BONDS:
                return 0.0
        elif token in {"[", "]", "[]"}:
            return 0.0
        elif token.isdigit() or token.startswith("%"):
            if before in {"", "(", ")"}:
                return 0.0
            rings ^= {token}
        elif token in BONDS and before in BONDS:
            return 0.0
        before = token
    return float(before not in {"", "("} and before not in BONDS and depth == 0 and not rings)


for line in sys.stdin:
    print(score(text_of(line)), flush=True)
