"""Reward of a molecule: 1 if RDKit can read it, else 0; with --qed, its drug-likeness instead of the 1.

Needs RDKit (pip install rdkit). A line of JSON comes in for each molecule, a number goes out in a line:

    echo '{"sequence":"c1ccccc1O"}' | python3 examples/rewards/validity.py
"""

import json
import sys

from rdkit import Chem, RDLogger
from rdkit.Chem import QED

RDLogger.DisableLog("rdApp.*")  # each invalid molecule would be a message


def score(smiles, qed):
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None or molecule.GetNumAtoms() == 0:
        return 0.0
    return QED.qed(molecule) if qed else 1.0


for line in sys.stdin:
    print(score(json.loads(line)["sequence"], "--qed" in sys.argv[1:]), flush=True)
