"""Writes cases.json: sentence BLEU-2 to BLEU-5 by NLTK of small random sets, and self-BLEU of the same.

    pip install nltk==3.10.4
    python make.py
"""

import json
import pathlib
import random

from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

WEIGHTS = [(1 / n,) * n for n in (2, 3, 4, 5)]
SMOOTHING = SmoothingFunction().method1
random_source = random.Random(20170204)


def sequence(vocabulary, longest):
    return [random_source.randrange(vocabulary) for _ in range(random_source.randint(0, longest))]


def sequences(count, vocabulary, longest):
    return [sequence(vocabulary, longest) for _ in range(count)]


def scores(hypothesis, references):
    return [float(s) for s in sentence_bleu(references, hypothesis, WEIGHTS, SMOOTHING)]


def case(name, hypotheses, references):
    others = lambda b: hypotheses[:b] + hypotheses[b + 1 :]
    return {
        "name": name,
        "hypotheses": hypotheses,
        "references": references,
        "bleu": [scores(h, references) for h in hypotheses],
        "self_bleu": [scores(h, others(b)) for b, h in enumerate(hypotheses)],
    }


corners = [[], [1], [2], [1, 2], [1, 2, 3], [1, 2, 3, 4], [1, 2, 3, 4], [90, 91, 92], [95], [1] * 9]
cases = [
    case("mixed", sequences(100, 8, 14) + corners, sequences(40, 8, 14)),
    case("few words, many repeats", sequences(80, 3, 20), sequences(6, 3, 20)),
    case("many words, little overlap", sequences(60, 60, 12), sequences(20, 60, 12)),
    case("one reference", sequences(60, 5, 10) + corners, [[1, 2, 3, 4, 1, 2, 3]]),
    case("duplicates", 3 * sequences(15, 6, 9), 2 * sequences(8, 6, 9)),
    case("an empty reference", sequences(30, 4, 6) + corners, [[], [1, 2, 3, 0, 2, 1]]),
    case("only an empty reference", corners, [[]]),
    case("two samples", [[1, 2, 3, 4, 5, 6], [1, 2, 3, 9]], [[4, 5, 6], [9]]),
]

path = pathlib.Path(__file__).with_name("cases.json")
path.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
