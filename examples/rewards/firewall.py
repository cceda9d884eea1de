"""Reward of a payload: what it tells about the rules of a web application firewall.

TEST ONLY SYSTEMS THAT YOU OWN, or that you are asked in writing to test.

    1    it passes the rules and changes what the query returns: a hole in the rules
    0.2  it changes what the query returns, and the rules stop it: they work
    0    it changes nothing: harmless, or no valid SQL

RULES stands in for your own firewall: replace `stopped` by a request to a copy of it that runs on your own machine. The
application behind it is a table in memory, which is all that a payload can reach. The standard library is enough:

    echo "{\"sequence\":\"' or 1=1 --\"}" | python3 examples/rewards/firewall.py
"""

import json
import re
import sqlite3
import sys

# Rules and what each adds; a request with LIMIT or more is stopped. They see lower case and single spaces.
LIMIT = 5
RULES = [
    (5, r"\bor\b \d+ ?= ?\d+"),
    (5, r"' ?or ?'"),
    (5, r"\bunion\b.*\bselect\b"),
    (4, r"'[^']*'='"),
    (3, r"--|#|/\*"),
    (2, r"'"),
    (2, r"\b(or|and)\b ?\(?'?\w+'? ?(=|like|in|between)"),
]
RULES = [(points, re.compile(rule)) for points, rule in RULES]

# What an application may do with its database; everything else is denied.
READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ}


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


def stopped(payload):
    text = re.sub(r"\s+", " ", payload.lower())
    return sum(points for points, rule in RULES if rule.search(text)) >= LIMIT


def application():
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE users (name TEXT, secret TEXT)")
    database.executemany("INSERT INTO users VALUES (?, ?)", [("ann", "1"), ("bob", "2"), ("eve", "3")])
    database.commit()
    allowed = {True: sqlite3.SQLITE_OK, False: sqlite3.SQLITE_DENY}
    database.set_authorizer(lambda action, *_: allowed[action in READING])
    database.set_progress_handler(lambda: 1, 10_000)  # ends what takes long
    return database


def works(database, payload):
    """Whether the query returns rows, though no user has this name."""
    try:
        return bool(database.execute(f"SELECT name FROM users WHERE name = '{payload}'").fetchmany(2))
    except (sqlite3.Error, sqlite3.Warning, ValueError):
        return False


def score(database, payload):
    if payload in {"ann", "bob", "eve"} or not works(database, payload):
        return 0.0
    return 0.2 if stopped(payload) else 1.0


DATABASE = application()
for line in sys.stdin:
    print(score(DATABASE, text_of(line)), flush=True)
