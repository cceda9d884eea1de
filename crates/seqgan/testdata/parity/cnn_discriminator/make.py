"""Reference numbers for the convolutional discriminator: outputs, every gradient, ten Adam steps.

    python make.py cnn_discriminator.safetensors

Shapes: B batch, T maximum length, V vocabulary, E embedding, F all filters together. All floats are float64.
"""
import sys

import torch
import torch.nn.functional as nn
from safetensors.torch import save_file

V, E, B, T = 13, 6, 5, 6
WIDTHS, FILTERS = [1, 2, 4, 6], [3, 4, 2, 5]
F = sum(FILTERS)
LENGTHS = [6, 5, 3, 1, 6]
LABELS = [1, 0, 1, 0, 0]  # 1 is real
L2, KEEP, STEPS = 0.2, 0.75, 10


def initial_parameters(rng):
    shapes = {"embedding": (V, E)}
    for i, (width, filters) in enumerate(zip(WIDTHS, FILTERS)):
        shapes |= {f"conv_w.{i}": (filters, width * E), f"conv_b.{i}": (filters,)}
    for branch in ("transform", "gate"):
        shapes |= {f"highway_{branch}_w": (F, F), f"highway_{branch}_b": (F,)}
    shapes |= {"output_w": (2, F), "output_b": (2,)}
    # Wide enough that no ReLU branch is dead for all rows and no gate saturates.
    return {name: (0.4 * torch.randn(shape, generator=rng)).requires_grad_() for name, shape in shapes.items()}


def make_batch(rng):
    """Tokens padded with 0. Token 0 is a word as well: what is padding is decided by the length alone."""
    lengths = torch.tensor(LENGTHS)
    tokens = torch.randint(1, V, (B, T), generator=rng)
    tokens[0, 2] = tokens[2, 0] = 0
    return tokens * (torch.arange(T) < lengths[:, None]), lengths, torch.tensor(LABELS)


def pooled_features(p, tokens, lengths):
    """[B, F]: ReLU of the maximum over the windows inside the sequence, or over window 0 of a short one."""
    inside = torch.arange(T) < lengths[:, None]
    x = p["embedding"][tokens] * inside[:, :, None]
    pooled = []
    for i, width in enumerate(WIDTHS):
        # unfold puts the position in the window last; a filter's weights are position major.
        windows = x.unfold(1, width, 1).transpose(2, 3).flatten(2)  # [B, T - width + 1, width * E]
        conv = windows @ p[f"conv_w.{i}"].T  # [B, T - width + 1, filters]
        allowed = torch.arange(T - width + 1) < (lengths - width + 1).clamp(min=1)[:, None]
        conv = conv.masked_fill(~allowed[:, :, None], -torch.inf)
        pooled.append((conv.amax(1) + p[f"conv_b.{i}"]).relu())
    return torch.cat(pooled, 1)


def highway(p, x):
    t = (x @ p["highway_gate_w"].T + p["highway_gate_b"]).sigmoid()
    g = (x @ p["highway_transform_w"].T + p["highway_transform_b"]).relu()
    return t * g + (1 - t) * x


def forward(p, tokens, lengths, labels, mask=None):
    """Every intermediate result. `mask` [B, F] of 0 and 1 is a dropout mask on the highway's output."""
    pooled = pooled_features(p, tokens, lengths)
    y = highway(p, pooled)
    kept = y if mask is None else y * mask / KEEP
    logits = kept @ p["output_w"].T + p["output_b"]
    penalty = 0.5 * (p["output_w"].square().sum() + p["output_b"].square().sum())
    loss = nn.cross_entropy(logits, labels) + L2 * penalty
    # `highway` is before dropout.
    return {"pooled": pooled, "highway": y, "logits": logits, "real": logits.softmax(1)[:, 1], "loss": loss}


def outputs_and_gradients(prefix, p, batch, mask=None):
    out = forward(p, *batch, mask)
    grads = torch.autograd.grad(out["loss"], p.values())
    out |= {f"grad.{name}": grad for name, grad in zip(p, grads)}
    return {f"{prefix}.{name}": value for name, value in out.items()}


def train(p, batch):
    """The losses before each step; `p` is trained in place."""
    adam = torch.optim.Adam(p.values(), lr=0.01, betas=(0.9, 0.999), eps=1e-8)
    losses = []
    for _ in range(STEPS):
        adam.zero_grad()
        loss = forward(p, *batch)["loss"]
        loss.backward()
        losses.append(loss.detach())
        adam.step()
    return torch.stack(losses)


def main(path):
    torch.set_default_dtype(torch.float64)
    # A seed whose maxima and ReLU inputs stay at least 0.002 from their kinks during all ten steps, so that rounding
    # cannot send a gradient another way, and with which every filter is alive in some row and some are dead in others.
    rng = torch.Generator().manual_seed(9)
    p = initial_parameters(rng)
    batch = make_batch(rng)
    mask = (torch.rand(B, F, generator=rng) < KEEP).double()
    out = {name: value.detach().clone() for name, value in p.items()}
    out |= dict(zip(("tokens", "lengths", "labels"), batch), dropout_mask=mask)
    out |= outputs_and_gradients("plain", p, batch)
    out |= outputs_and_gradients("dropped", p, batch, mask)
    out["trace.loss"] = train(p, batch)
    out |= {f"trained.{name}": value for name, value in p.items()}
    save_file({name: value.detach().contiguous() for name, value in out.items()}, path)


if __name__ == "__main__":
    main(sys.argv[1])
