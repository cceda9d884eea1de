"""Reference numbers for single layers, the optimiser and the gradient clip.

    python make.py layers.safetensors

Each case stores its inputs, its output, the gradient `d_<output>` that arrives from above and `grad.<input>`,
the gradient of sum(output * d_<output>). All floats are float64.
"""
import sys

import torch
from safetensors.torch import save_file


def backward(output, upstream, inputs):
    """The gradients of `inputs` as {"grad.<name>": gradient}."""
    grads = torch.autograd.grad(output, inputs.values(), upstream)
    return {f"grad.{name}": grad for name, grad in zip(inputs, grads)}


def leaves(normal, **shapes):
    return {name: normal(*shape).requires_grad_() for name, shape in shapes.items()}


def linear(normal):
    p = leaves(normal, x=(3, 4), w=(5, 4), b=(5,))
    y, d_y = p["x"] @ p["w"].T + p["b"], normal(3, 5)
    return p | {"y": y, "d_y": d_y} | backward(y, d_y, p)


def highway(normal):
    p = leaves(normal, x=(3, 4), transform_w=(4, 4), transform_b=(4,), gate_w=(4, 4), gate_b=(4,))
    t = (p["x"] @ p["gate_w"].T + p["gate_b"]).sigmoid()
    g = (p["x"] @ p["transform_w"].T + p["transform_b"]).relu()
    y, d_y = t * g + (1 - t) * p["x"], normal(3, 4)
    return p | {"y": y, "d_y": d_y} | backward(y, d_y, p)


def conv_max(normal):
    """y = relu(max over windows + b); window 0 of a row shorter than the width is padded with zeros."""
    batch, length, width, embedding, filters = 4, 5, 3, 2, 6
    lengths = torch.tensor([5, 4, 2, 3])
    inside = (torch.arange(length) < lengths[:, None])[:, :, None]
    p = leaves(normal, w=(filters, width * embedding), b=(filters,))
    p["x"] = (normal(batch, length, embedding) * inside).requires_grad_()
    # Masked once more, so that padding gets no gradient although window 0 of row 2 covers it.
    windows = (p["x"] * inside).unfold(1, width, 1).transpose(2, 3).flatten(2)
    allowed = torch.arange(length - width + 1) < (lengths - width + 1).clamp(min=1)[:, None]
    conv = (windows @ p["w"].T).masked_fill(~allowed[:, :, None], -torch.inf)
    y, d_y = (conv.amax(1) + p["b"]).relu(), normal(batch, filters)
    return p | {"lengths": lengths, "y": y, "d_y": d_y} | backward(y, d_y, p)


def softmax_cross_entropy(normal):
    """loss = sum over rows of -weight * log softmax(logits)[target]; weights may be zero or negative."""
    p = leaves(normal, logits=(5, 7))
    target, weight = torch.tensor([0, 6, 3, 3, 1]), torch.tensor([1.0, 0.25, 0.0, -0.5, 2.0])
    log_prob = p["logits"].log_softmax(1)[torch.arange(5), target]
    loss = -(weight * log_prob).sum()
    return p | {"target": target, "weight": weight, "log_prob": log_prob, "loss": loss} | backward(loss, None, p)


def lstm(normal):
    """Gate order i, f, o, c; zero initial state; the upstream gradient reaches every h_t."""
    batch, length, inputs, hidden = 2, 4, 3, 5
    p = leaves(normal, x=(batch, length, inputs), w=(inputs, 4 * hidden), u=(hidden, 4 * hidden), b=(4 * hidden,))
    h, c = torch.zeros(2, batch, hidden)
    steps = []
    for t in range(length):
        i, f, o, g = (p["x"][:, t] @ p["w"] + h @ p["u"] + p["b"]).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        steps.append((h, c))
    h, c = (torch.stack(states, 1) for states in zip(*steps))
    d_h = normal(batch, length, hidden)
    return p | {"h": h, "c": c, "d_h": d_h} | backward(h, d_h, p)


def embedding(normal):
    """Tokens repeat, so that gradients of one row must add up; row 5 is never used."""
    p = leaves(normal, w=(6, 3))
    tokens = torch.tensor([[0, 3, 3, 1], [4, 3, 2, 0]])
    y, d_y = p["w"][tokens], normal(2, 4, 3)
    return p | {"tokens": tokens, "y": y, "d_y": d_y} | backward(y, d_y, p)


def adam_steps(start, grads, **options):
    """[steps, n]: the parameters after each step."""
    p = start.clone().requires_grad_()
    adam = torch.optim.Adam([p], lr=0.01, betas=(0.9, 0.999), eps=1e-8, **options)
    after = []
    for grad in grads:
        p.grad = grad.clone()
        adam.step()
        after.append(p.detach().clone())
    return torch.stack(after)


def adam(normal):
    start, grads = normal(7), normal(5, 7)
    grads[:, 2] = 0.0  # a parameter without a gradient moves by the decay alone
    grads[:, 3] *= 1e-7  # here eps counts
    weight_decay = 0.1
    return {
        "start": start,
        "grads": grads,
        "weight_decay": torch.tensor(weight_decay),
        "after": adam_steps(start, grads),
        # Adam's own weight decay (not AdamW's): weight_decay * parameter is added to the gradient.
        "after_weight_decay": adam_steps(start, grads, weight_decay=weight_decay),
    }


def clip(normal):
    """One norm over all gradients together; torch scales by min(1, max_norm / (norm + 1e-6))."""
    p = leaves(normal, a=(3, 4), b=(5,))
    out = {name: value.detach().clone() for name, value in p.items()}
    for case, max_norm in {"low": 1.5, "high": 100.0}.items():
        for name, value in p.items():
            value.grad = out[name].clone()
        out["norm"] = torch.nn.utils.clip_grad_norm_(p.values(), max_norm)
        out |= {f"{case}.max_norm": torch.tensor(max_norm)}
        out |= {f"{case}.{name}": value.grad for name, value in p.items()}
    return out


def main(path):
    torch.set_default_dtype(torch.float64)
    cases = [linear, highway, conv_max, softmax_cross_entropy, lstm, embedding, adam, clip]
    out = {}
    for seed, case in enumerate(cases):
        # A seed each: a change of one case leaves the numbers of the others alone.
        rng = torch.Generator().manual_seed(seed)
        for name, value in case(lambda *shape: torch.randn(shape, generator=rng)).items():
            out[f"{case.__name__}.{name}"] = value.detach().contiguous()
    save_file(out, path)


if __name__ == "__main__":
    main(sys.argv[1])
