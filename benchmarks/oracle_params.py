#!/usr/bin/env python3
"""Turns the oracle that the original code ships into a file for `seqgan oracle --oracle-params`:

    curl -LO https://github.com/LantaoYu/SeqGAN/raw/e2b52fb6309851b14765290e8a972ccac09f1bec/save/target_params_py3.pkl
    python3 benchmarks/oracle_params.py target_params_py3.pkl oracle.safetensors

The standard library is enough. A pickle can run anything when it is loaded; this one may name the three objects that rebuild an array
of numpy, for which a few lines here stand in, and nothing else. No value is changed.
MIT or Apache-2.0, as the rest of this repository.
"""

import hashlib
import json
import math
import pickle
import sys

# The order in which target_lstm.py of the original code takes them.
GATES = [f"{part}_{gate}" for gate in "ifoc" for part in "wub"]
NAMES = ["embedding", *GATES, "w_out", "b_out"]


class Array:
    """What numpy's __setstate__ is given: version, shape, type, order, bytes."""

    def __setstate__(self, state):
        _, self.shape, kind, by_columns, self.data = state
        if kind.name != "f4" or kind.order != "<" or by_columns or len(self.data) != 4 * math.prod(self.shape):
            raise ValueError("expected f32 arrays, lowest byte first, in rows")


class Kind:
    def __init__(self, name, *_):
        self.name = name

    def __setstate__(self, state):
        self.order = state[1]


class Arrays(pickle.Unpickler):
    ALLOWED = {"_reconstruct": lambda *_: Array(), "ndarray": Array, "dtype": Kind}

    def find_class(self, module, name):
        if module.split(".")[0] != "numpy" or name not in self.ALLOWED:
            raise ValueError(f"the pickle asks for {module}.{name}: not what the original code ships")
        return self.ALLOWED[name]


def safetensors(tensors):
    header, at = {}, 0
    for name, tensor in tensors:
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [at, at + len(tensor.data)]}
        at += len(tensor.data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(tensor.data for _, tensor in tensors)


if len(sys.argv) != 3:
    sys.exit(__doc__)
with open(sys.argv[1], "rb") as file:
    arrays = Arrays(file).load()
if len(arrays) != len(NAMES):
    sys.exit(f"{len(arrays)} arrays, expected {len(NAMES)}")
content = safetensors(sorted(zip(NAMES, arrays)))
with open(sys.argv[2], "wb") as file:
    file.write(content)
print(hashlib.sha256(content).hexdigest(), sys.argv[2])
