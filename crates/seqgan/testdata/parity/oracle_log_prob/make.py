"""Reference log-probabilities of the paper's oracle LSTM, for 50 of its own sequences and 50 uniform ones.

    python make.py oracle_log_prob.safetensors oracle.safetensors

The second file holds the oracle's parameters (see README.md in the folder above). They are float32; everything
here is computed in float64.
"""
import sys

import torch
from safetensors.torch import load_file, save_file

NUM_DRAWN, NUM_UNIFORM, LENGTH, START = 50, 50, 20, 0


def load_oracle(path):
    """The gates' matrices side by side, in the order i, f, o, c."""
    p = {name: value.double() for name, value in load_file(path).items()}
    for kind in "wub":
        p[kind] = torch.cat([p[f"{kind}_{gate}"] for gate in "ifoc"], -1)
    return p


def run(p, batch, next_token):
    """Runs the oracle; `next_token(t, log_softmax)` says what happens. Returns tokens and log-probabilities [batch, 20]."""
    token = torch.full((batch,), START)
    h, c = torch.zeros(2, batch, p["u"].shape[0])
    tokens, log_prob = [], []
    for t in range(LENGTH):
        i, f, o, g = (p["embedding"][token] @ p["w"] + h @ p["u"] + p["b"]).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        log_softmax = (h @ p["w_out"] + p["b_out"]).log_softmax(1)
        token = next_token(t, log_softmax)
        tokens.append(token)
        log_prob.append(log_softmax.gather(1, token[:, None])[:, 0])
    return torch.stack(tokens, 1), torch.stack(log_prob, 1)


def sample(p, batch, rng):
    return run(p, batch, lambda _, log_softmax: log_softmax.exp().multinomial(1, generator=rng)[:, 0])


def score(p, tokens):
    return run(p, len(tokens), lambda t, _: tokens[:, t])[1]


def main(path, oracle_path):
    torch.set_default_dtype(torch.float64)
    rng = torch.Generator().manual_seed(1)
    p = load_oracle(oracle_path)
    drawn, _ = sample(p, NUM_DRAWN, rng)
    uniform = torch.randint(0, p["b_out"].shape[0], (NUM_UNIFORM, LENGTH), generator=rng)
    tokens = torch.cat([drawn, uniform])
    save_file({"tokens": tokens, "log_prob": score(p, tokens)}, path)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
