"""Reference numbers for the LSTM policy: log-probabilities, one weighted gradient, ten clipped Adam steps.

    python make.py lstm_policy.safetensors

Shapes: B batch, T maximum length, V vocabulary, E embedding, H hidden. All floats are float64.
"""
import sys

import torch
from safetensors.torch import save_file

V, E, H, B, T = 11, 4, 5, 3, 6
START = END = 0  # one id serves as start and as end; it is never an input after step 0
UNKNOWN = 1
LENGTHS = [6, 4, 2]  # row 0 is cut at T and has no end action
TEMPERATURE = 0.7
MAX_NORM = 2.0  # between the norms of the first and the last steps, so that some steps are clipped and some not
STEPS = 10


def initial_parameters(rng):
    shapes = {"embedding": (V, E), "w": (E, 4 * H), "u": (H, 4 * H), "b": (4 * H,), "w_out": (H, V), "b_out": (V,)}
    return {name: (0.8 * torch.randn(shape, generator=rng)).requires_grad_() for name, shape in shapes.items()}


def make_batch(rng):
    """Tokens padded with 0 behind the length (the first 0 is the end action), and a weight for each action."""
    lengths = torch.tensor(LENGTHS)
    position = torch.arange(T)
    tokens = torch.randint(2, V, (B, T), generator=rng) * (position < lengths[:, None])
    # The end is an action too. Some weights are negative, as rewards minus a baseline are.
    weight = (1.5 * torch.rand(B, T, generator=rng) - 0.4).where(position <= lengths[:, None], 0.0)
    return tokens, lengths, weight


def policy_logits(p, tokens):
    """[B, T, V]: the logits of action t, given the tokens before it."""
    inputs = torch.cat([torch.full((B, 1), START), tokens[:, :-1]], 1)
    h = c = torch.zeros(B, H, dtype=p["w"].dtype)
    logits = []
    for t in range(T):
        i, f, o, g = (p["embedding"][inputs[:, t]] @ p["w"] + h @ p["u"] + p["b"]).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        logits.append(h @ p["w_out"] + p["b_out"])
    return torch.stack(logits, 1)


def action_log_prob(logits, tokens, lengths, temperature=1.0):
    """[B, T], zero behind the end action. Forbidden actions leave the softmax before it is normalised."""
    forbidden = torch.zeros(T, V, dtype=torch.bool)
    forbidden[:, UNKNOWN] = True
    forbidden[0, END] = True  # a sequence has at least one token
    log_softmax = (logits / temperature).masked_fill(forbidden, -torch.inf).log_softmax(2)
    chosen = log_softmax.gather(2, tokens[:, :, None]).squeeze(2)
    return chosen.where(torch.arange(T) <= lengths[:, None], 0.0)


def weighted_loss(p, tokens, lengths, weight):
    return -(weight * action_log_prob(policy_logits(p, tokens), tokens, lengths)).sum()


def train(p, tokens, lengths, weight):
    """Losses before each step and gradient norms before clipping; `p` is trained in place."""
    adam = torch.optim.Adam(p.values(), lr=0.01, betas=(0.9, 0.999), eps=1e-8)
    losses, norms = [], []
    for _ in range(STEPS):
        adam.zero_grad()
        loss = weighted_loss(p, tokens, lengths, weight)
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(p.values(), MAX_NORM))
        losses.append(loss.detach())
        adam.step()
    return torch.stack(losses), torch.stack(norms)


def main(path):
    torch.set_default_dtype(torch.float64)
    rng = torch.Generator().manual_seed(1)
    p = initial_parameters(rng)
    tokens, lengths, weight = make_batch(rng)
    logits = policy_logits(p, tokens)
    loss = weighted_loss(p, tokens, lengths, weight)
    grads = torch.autograd.grad(loss, p.values())
    out = {name: value.detach().clone() for name, value in p.items()}
    out |= {f"grad.{name}": grad for name, grad in zip(p, grads)}
    out |= {
        "tokens": tokens,
        "lengths": lengths,
        "weight": weight,
        "logits": logits.where((torch.arange(T) <= lengths[:, None])[:, :, None], 0.0),
        "log_prob": action_log_prob(logits, tokens, lengths),
        "log_prob_tempered": action_log_prob(logits, tokens, lengths, TEMPERATURE),
        "temperature": torch.tensor(TEMPERATURE),
        "loss": loss,
        "trace.max_norm": torch.tensor(MAX_NORM),
    }
    out["trace.loss"], out["trace.norm"] = train(p, tokens, lengths, weight)
    out |= {f"trained.{name}": value for name, value in p.items()}
    save_file({name: value.detach().contiguous() for name, value in out.items()}, path)


if __name__ == "__main__":
    main(sys.argv[1])
