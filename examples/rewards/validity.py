"""Reward of a molecule: 1 if RDKit can read it, else 0; with --qed, its drug-likeness instead of the 1.

Needs RDKit (pip install rdkit). A molecule comes in with each line, as {"sequence":"..."}, as `seqgan sample` writes it or as
it is; a number goes out in a line:

    echo '{"sequence":"c1ccccc1O"}' | python3 examples/rewards/validity.py
"""

import json
import sys

from rdkit import Chem, RDLogger
from rdkit.Chem import QED

RDLogger.DisableLog("rdApp.*")  # each invalid molecule would be a message


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


def score(smiles, qed):
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None or molecule.GetNumAtoms() == 0:
        return 0.0
    return QED.qed(molecule) if qed else 1.0


for line in sys.stdin:
    print(score(text_of(line), "--qed" in sys.argv[1:]), flush=True)
