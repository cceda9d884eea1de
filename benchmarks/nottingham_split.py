#!/usr/bin/env python3
"""Copies the folk tunes of jukedeck/nottingham-dataset into the parts that this documentation uses:

    git clone https://github.com/jukedeck/nottingham-dataset && git -C nottingham-dataset checkout 0992bb6c
    python3 benchmarks/nottingham_split.py nottingham-dataset/MIDI nottingham/midi

makes nottingham/midi/train (669 files), valid (168) and test (83); docs/data.md says how the split came about. The standard
library is enough. MIT or Apache-2.0, as the rest of this repository.
"""

import shutil
import sys
from pathlib import Path

# A letter for each tune of a collection, ashover1.mid first: t train, v valid, x test, - none of them.
PARTS = {"t": "train", "v": "valid", "x": "test"}
TUNES = {
    "ashover": "t-tv-ttttv-tttt--ttttv-ttttv-t--tv-tt-t--ttttv",
    "hpps": "tttvxttttvxttt-vxttttv-ttttvxttttv-t-t-vxttttvxtttt-xttttvxttttvx",
    "jigs": (
        "tttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxt"
        "tttvxttttvxttttvxttttvxttt-vxttttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxt"
        "tttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxt"
        "tttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxt-ttvxttttvxttttvxttttv"
    ),
    "morris": "tttvxttttvxttttvxttttvxttttvxtt",
    "playford": "tttvxttttvxtttt",
    "reelsa-c": "tttv-ttttv-ttttv-t-ttt-ttttv-tt-tv--tttv-ttttv-ttttv-ttttv--tttv-ttttv-ttttv--ttt",
    "reelsd-g": "tttv-ttttv-ttttv-ttttv-ttttv-ttttv-ttttv-ttttv-ttttv-ttttv-ttttvtttttv-ttttv-ttttv-t",
    "reelsh-l": (
        "ttttv-ttttv-ttttv--tttv-ttttv-ttttv-ttttv-ttt-v---ttv--tttv-ttttv-ttttv-ttttv-ttttv--tttv-"
        "-tt"
    ),
    "reelsm-q": "tv-ttttv-ttttv-ttttv-ttvtv-ttttv-ttttv-ttttv-ttttv-ttttv-tt-tv-ttttvxt-tt--ttttv",
    "reelsr-t": (
        "v-ttttv-ttttv-ttttv-ttttv-ttttv-ttttv-ttttv-ttttv-ttttv-ttttv-ttttv-ttttv-t--t--ttttv-tttt"
        "v-"
    ),
    "reelsu-z": "-ttt-v-ttttv-ttttv-ttttv-ttttv-ttt",
    "slip": "tttv-ttttv-",
    "waltzes": "tttvxttttvxttttvxttttvxttttvxttttvxttttvxttttvxttttv",
    "xmas": "tttvxttttvxtt",
}

if len(sys.argv) != 3:
    sys.exit(__doc__)
source, target = Path(sys.argv[1]), Path(sys.argv[2])
for part in PARTS.values():
    (target / part).mkdir(parents=True)
for collection, letters in TUNES.items():
    for number, letter in enumerate(letters, 1):
        if letter in PARTS:
            name = f"{collection}{number}.mid"
            shutil.copyfile(source / name, target / PARTS[letter] / name)
for part in PARTS.values():
    print(part, len(list((target / part).iterdir())))
