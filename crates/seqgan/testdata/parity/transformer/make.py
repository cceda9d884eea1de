"""Hugging Face's LlamaForCausalLM on a small ragged batch: logits, a weighted loss and every gradient.

Usage: make.py OUT.safetensors. All floats are float64. Needs transformers besides torch.
"""
import sys
from functools import partial

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.models.llama.modeling_llama import LlamaRMSNorm

V, D, F, LAYERS, HEADS, B, T = 11, 12, 20, 2, 3, 4, 9
LABELS = 2
START = END = 0
UNKNOWN = 1
LENGTHS = [9, 4, 2, 7]  # row 0 is cut at T and has no end action
LABEL = [1, 0, 0, 1]

# This library's name of a layer's tensor, Hugging Face's, and whether theirs is the transpose.
OF_LAYER = [
    ("attention_norm", "input_layernorm", False),
    ("q", "self_attn.q_proj", True),
    ("k", "self_attn.k_proj", True),
    ("v", "self_attn.v_proj", True),
    ("o", "self_attn.o_proj", True),
    ("mlp_norm", "post_attention_layernorm", False),
    ("gate", "mlp.gate_proj", True),
    ("up", "mlp.up_proj", True),
    ("down", "mlp.down_proj", True),
]


def names(tied):
    yield "embedding", "model.embed_tokens.weight", False
    for layer in range(LAYERS):
        for name, theirs, transposed in OF_LAYER:
            yield f"{name}{layer + 1}", f"model.layers.{layer}.{theirs}.weight", transposed
    yield "final_norm", "model.norm.weight", False
    if not tied:
        yield "w_out", "lm_head.weight", True


def rotary_in_float64(x, position_ids):
    """The library computes angles in float32 whatever the model's type; this is the same in float64."""
    inverse = 10_000.0 ** (-torch.arange(0, D // HEADS, 2, dtype=torch.float64) / (D // HEADS))
    angles = position_ids[:, :, None].double() * inverse
    angles = torch.cat([angles, angles], -1)
    return angles.cos().to(x.dtype), angles.sin().to(x.dtype)


def norm_in_float64(module, x):
    """The library computes the root in float32, too."""
    return module.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + module.variance_epsilon))


def make_model(tied, rng):
    config = LlamaConfig(
        vocab_size=V, hidden_size=D, intermediate_size=F, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
        hidden_act="silu", rms_norm_eps=1e-6, rope_theta=10_000.0, attention_bias=False, mlp_bias=False,
        tie_word_embeddings=tied, max_position_embeddings=T, attn_implementation="sdpa", use_cache=False,
        bos_token_id=None, eos_token_id=None, pad_token_id=None,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=rng, dtype=torch.float64)
            parameter.copy_(1 + 0.3 * noise if "norm" in name else 0.5 * noise)
    return model


def make_batch(rng):
    lengths, position = torch.tensor(LENGTHS), torch.arange(T)
    tokens = torch.randint(2, V, (B, T), generator=rng) * (position < lengths[:, None])
    weight = (1.5 * torch.rand(B, T, generator=rng, dtype=torch.float64) - 0.4).where(position <= lengths[:, None], 0.0)
    return tokens, lengths, weight


def logits(model, label_vectors, tokens):
    """[B, T, V]: those of action t, given the tokens before it. A label's vector is added to every embedding."""
    inputs = torch.cat([torch.full((B, 1), START), tokens[:, :-1]], 1)
    x = model.model.embed_tokens(inputs) + label_vectors[torch.tensor(LABEL)][:, None]
    return model(inputs_embeds=x).logits


def action_log_prob(logits, tokens, lengths):
    forbidden = torch.zeros(T, V, dtype=torch.bool)
    forbidden[:, UNKNOWN] = True
    forbidden[0, END] = True
    chosen = logits.masked_fill(forbidden, -torch.inf).log_softmax(2).gather(2, tokens[:, :, None]).squeeze(2)
    return chosen.where(torch.arange(T) <= lengths[:, None], 0.0)


def main(path):
    torch.set_num_threads(1)
    rng = torch.Generator().manual_seed(1)
    tokens, lengths, weight = make_batch(rng)
    out = {"tokens": tokens, "lengths": lengths, "labels": torch.tensor(LABEL), "weight": weight,
           "num_heads": torch.tensor(HEADS)}
    before_end = (torch.arange(T) <= lengths[:, None])[:, :, None]
    for case, tied in [("own", False), ("tied", True)]:
        model = make_model(tied, rng)
        label_vectors = 0.5 * torch.randn(LABELS, D, generator=rng, dtype=torch.float64)
        # The library as it is, in float32, to see that float64 throughout is the same model.
        with torch.no_grad():
            single = logits(model, label_vectors.float(), tokens).double()
        model = model.double()
        model.model.rotary_emb.forward = rotary_in_float64
        for module in model.modules():
            if isinstance(module, LlamaRMSNorm):
                module.forward = partial(norm_in_float64, module)
        label_vectors.requires_grad_()
        double = logits(model, label_vectors, tokens)
        difference = (double - single).abs().max() / single.abs().max()
        assert difference < 3e-6, difference
        log_prob = action_log_prob(double, tokens, lengths)
        loss = -(weight * log_prob).sum()
        parameters = dict(model.named_parameters())
        grads = dict(zip([*parameters, "labels"], torch.autograd.grad(loss, [*parameters.values(), label_vectors])))
        # The labels follow the tokens in this library's embedding table.
        parameters["model.embed_tokens.weight"] = torch.cat([parameters["model.embed_tokens.weight"], label_vectors])
        grads["model.embed_tokens.weight"] = torch.cat([grads["model.embed_tokens.weight"], grads["labels"]])
        for name, theirs, transposed in names(tied):
            for prefix, values in [("", parameters), ("grad.", grads)]:
                value = values[theirs]
                out[f"{case}.{prefix}{name}"] = value.T if transposed else value
        out |= {f"{case}.logits": double.where(before_end, 0.0), f"{case}.log_prob": log_prob, f"{case}.loss": loss}
    save_file({name: value.detach().contiguous().clone() for name, value in out.items()}, path)


if __name__ == "__main__":
    main(sys.argv[1])
