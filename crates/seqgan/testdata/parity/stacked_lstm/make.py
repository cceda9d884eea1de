"""Reference numbers for a stacked LSTM with tied embeddings and AdamW, from torch.nn.LSTM and torch.optim.AdamW.

    python make.py stacked_lstm.safetensors

Shapes: B batch, T maximum length, V vocabulary, E embedding, H hidden, L layers. All floats are float64.
"""
import sys

import torch
from safetensors.torch import save_file

V, E, H, B, T, L = 11, 4, 6, 3, 6, 3
LENGTHS = [6, 4, 2]  # row 0 is cut at T and has no end action
RATE, DECAY, STEPS = 0.01, 0.3, 5


class Model(torch.nn.Module):
    """Layers of H units, the last of E units; logits are h times the embedding table, plus a bias."""

    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(V, E)
        sizes = [E] + [H] * (L - 1) + [E]
        self.layers = torch.nn.ModuleList(
            torch.nn.LSTM(i, o, batch_first=True) for i, o in zip(sizes, sizes[1:])
        )
        self.b_out = torch.nn.Parameter(torch.zeros(V))

    def forward(self, inputs):
        h = self.embedding(inputs)
        for layer in self.layers:
            h, _ = layer(h)
        return h @ self.embedding.weight.T + self.b_out


def ours(layer, tensor_of):
    """W, U and b in the order of gates i, f, o, c and with a column an output; torch has i, f, c, o, a row an output, and two
    biases, whose sum is b."""
    order = lambda x: torch.cat([x.chunk(4)[gate] for gate in (0, 1, 3, 2)])
    w, u = order(tensor_of(layer.weight_ih_l0)).T, order(tensor_of(layer.weight_hh_l0)).T
    return w, u, order(tensor_of(layer.bias_ih_l0)), order(tensor_of(layer.bias_hh_l0))


def named(model, tensor_of, add_biases):
    out = {"embedding": tensor_of(model.embedding.weight), "b_out": tensor_of(model.b_out)}
    for number, layer in enumerate(model.layers):
        w, u, b, second = ours(layer, tensor_of)
        suffix = "" if number == 0 else str(number + 1)
        out |= {f"w{suffix}": w, f"u{suffix}": u, f"b{suffix}": b + second if add_biases else b}
    return out


def main(path):
    torch.set_default_dtype(torch.float64)
    rng = torch.Generator().manual_seed(1)
    model = Model()
    for parameter in model.parameters():
        parameter.data = 0.6 * torch.randn(parameter.shape, generator=rng)
    for layer in model.layers:
        # The library has one bias; the second is held at zero.
        layer.bias_hh_l0.data.zero_()
        layer.bias_hh_l0.requires_grad_(False)
    lengths = torch.tensor(LENGTHS)
    position = torch.arange(T)
    tokens = torch.randint(1, V, (B, T), generator=rng) * (position < lengths[:, None])
    weight = (1.5 * torch.rand(B, T, generator=rng) - 0.4).where(position <= lengths[:, None], 0.0)
    inputs = torch.cat([torch.zeros(B, 1, dtype=torch.long), tokens[:, :-1]], 1)
    forbidden = torch.zeros(T, V, dtype=torch.bool)
    forbidden[0, 0] = True  # a sequence has at least one token

    def loss_now():
        log_softmax = model(inputs).masked_fill(forbidden, -torch.inf).log_softmax(2)
        chosen = log_softmax.gather(2, tokens[:, :, None]).squeeze(2)
        log_prob = chosen.where(position <= lengths[:, None], 0.0)
        return log_prob, -(weight * log_prob).sum()

    out = {"tokens": tokens, "lengths": lengths, "weight": weight}
    out |= named(model, lambda p: p.detach().clone(), True)
    out["log_prob"], out["loss"] = loss_now()
    out["loss"].backward()
    zero = lambda p: torch.zeros_like(p) if p.grad is None else p.grad.clone()
    out |= {f"grad.{name}": grad for name, grad in named(model, zero, False).items()}
    adam = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad], lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=DECAY
    )
    losses = []
    for _ in range(STEPS):
        adam.zero_grad()
        loss = loss_now()[1]
        loss.backward()
        losses.append(loss.detach())
        adam.step()
    out |= {"trace.loss": torch.stack(losses), "trace.weight_decay": torch.tensor(DECAY)}
    out |= {f"trained.{name}": value for name, value in named(model, lambda p: p.detach(), True).items()}
    save_file({name: value.detach().contiguous() for name, value in out.items()}, path)


if __name__ == "__main__":
    main(sys.argv[1])
