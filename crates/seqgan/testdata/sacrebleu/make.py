"""Writes cases.json: sentence BLEU-2 to BLEU-5 by sacrebleu of small random sets, from 0 to 1.

    pip install sacrebleu==2.6.0
    python make.py
"""

import json
import pathlib
import random

from sacrebleu.metrics import BLEU

SCORERS = [
    BLEU(max_ngram_order=n, smooth_method="floor", smooth_value=0.1, tokenize="none", effective_order=False, force=True)
    for n in (2, 3, 4, 5)
]
random_source = random.Random(20180604)


def sequences(count, vocabulary, shortest, longest):
    length = lambda: random_source.randint(shortest, longest)
    return [[random_source.randrange(vocabulary) for _ in range(length())] for _ in range(count)]


def text(sequence):
    return " ".join(map(str, sequence))


def case(name, hypotheses, references):
    texts = [text(r) for r in references]
    scores = lambda h: [scorer.sentence_score(text(h), texts).score / 100 for scorer in SCORERS]
    return {"name": name, "hypotheses": hypotheses, "references": references, "bleu": [scores(h) for h in hypotheses]}


cases = [
    case("mixed", sequences(90, 8, 5, 14), sequences(30, 8, 3, 16)),
    case("few words, many repeats", sequences(50, 3, 5, 20), sequences(6, 3, 5, 20)),
    case("many words, little overlap", sequences(40, 60, 5, 12), sequences(20, 60, 5, 12)),
    case("one reference", sequences(20, 5, 5, 10), [[1, 2, 3, 4, 1, 2, 3]]),
    case("short", sequences(20, 4, 1, 4), sequences(10, 4, 1, 6)),
]

path = pathlib.Path(__file__).with_name("cases.json")
path.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
