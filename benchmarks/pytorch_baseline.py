#!/usr/bin/env python3
# What a careful user would write in PyTorch instead of using SeqGAN: `cargo xtask versus-pytorch` times it in turn with
# crates/seqgan/benches/phases, phase by phase, on the same shapes. It trains nothing to the end and shares no code with
# the library. Needs torch; MIT or Apache-2.0, as the rest of this repository.
"""A strong PyTorch CPU baseline for the SeqGAN synthetic task (f32, eager by default).

Shapes: vocab 5000, length 20, batch 64; generator LSTM emb 32 / hidden 32; 16 rollouts per prefix;
discriminator = embedding 64, 12 conv widths (1720 filters), ReLU, max-over-time, highway(1720),
dropout keep 0.75, linear 2, L2 0.2 on the output layer, Adam 1e-4; generator Adam 1e-2, clip 5.

Phases (each prints one JSON line with the seconds of every repeat, after one untimed warm-up):
  mle     one maximum-likelihood epoch: 10,000 sequences, 156 batches of 64
  sample  10,000 sequences from the generator
  dtrain  one discriminator epoch: 20,000 sequences, 312 batches of 64
  reward  the reward of one batch of 64: 19 prefixes x 16 rollouts = 19,456 sequences, plus the 64 full ones
  pg      one policy-gradient update (forward, backward, clip, Adam)
  round   sample 64 + reward + pg + 5 x (sample 10,000 + 3 x dtrain)
  product one f32 product of two 2048 x 2048 matrices
"""
import argparse, json, os, resource, sys, time

# Huge pages and no mmap per tensor: about 9 % off a discriminator step. glibc reads this at start, so start again.
TUNE = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=8589934592"
if __name__ == "__main__" and "GLIBC_TUNABLES" not in os.environ:
    os.environ["GLIBC_TUNABLES"] = TUNE
    os.execv(sys.executable, [sys.executable] + sys.argv)

import torch
import torch.nn as nn
import torch.nn.functional as F

V, L, B, E, H, START, ROLL = 5000, 20, 64, 32, 32, 0, 16
DE, KS = 64, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20]
NF = [100, 200, 200, 200, 200, 100, 100, 100, 100, 100, 160, 160]
FEAT, NPOS = sum(NF), 10000
D_FWD_FLOP = sum(2 * k * DE * n * (L - k + 1) for k, n in zip(KS, NF)) + 2 * 2 * FEAT * FEAT
OPT = argparse.Namespace(conv="im2col", dchunk=256, gchunk=512, compile=False)


# ------------------------------------------------------------------ generator
class FusedLinearNLL(torch.autograd.Function):
    """sum_i w_i * -log softmax(h_i Wo^T + bo)[t_i]; gradients are made in the forward pass, a block of
    rows at a time, so that the [1280 x 5000] logits never leave the cache."""

    @staticmethod
    def forward(ctx, h, wo, bo, tgt, w):
        ha, wa = torch.cat([h, h.new_ones(h.shape[0], 1)], 1), torch.cat([wo, bo[:, None]], 1)   # the bias as a column
        dh, dwa, loss = torch.empty_like(ha), torch.zeros_like(wa), h.new_zeros(())
        for s in range(0, h.shape[0], 128):
            hs, t, ws = ha[s:s + 128], tgt[s:s + 128, None], w[s:s + 128, None]
            p = torch.softmax(torch.mm(hs, wa.t()), 1)
            loss -= (ws * p.gather(1, t).clamp_min(1e-20).log()).sum()
            p.scatter_add_(1, t, -torch.ones_like(ws))
            torch.mm(p, wa, out=dh[s:s + 128])
            dwa.addmm_(p.t(), hs * ws)
        ctx.save_for_backward(dh[:, :-1] * w[:, None], dwa[:, :-1], dwa[:, -1])
        return loss

    @staticmethod
    def backward(ctx, g):
        return tuple(d * g for d in ctx.saved_tensors) + (None, None)


class Generator(nn.Module):
    def __init__(self, std=0.1):
        super().__init__()
        self.emb, self.lstm, self.out = nn.Embedding(V, E), nn.LSTM(E, H, batch_first=True), nn.Linear(H, V)
        for p in self.parameters():
            nn.init.normal_(p, std=std)

    def weighted_nll(self, x, w):
        """x [b, L] tokens, w [b, L] weights of each token's -log p."""
        inp = torch.cat([x.new_full((x.shape[0], 1), START), x[:, :-1]], 1)
        h, _ = self.lstm(self.emb(inp))
        return FusedLinearNLL.apply(h.reshape(-1, H), self.out.weight, self.out.bias, x.reshape(-1), w.reshape(-1))


class Policy:
    """A frozen copy of the generator for sampling: the embedding and the input half of the LSTM are
    folded into one [5000 x 128] table, so a step is a gather, a [32 x 128] GEMM and the output layer."""

    def __init__(self, gen):
        self.t = {k: v.detach().clone() for k, v in gen.state_dict().items()}
        self.fold()

    def fold(self):
        t = self.t
        self.table = torch.addmm(t["lstm.bias_ih_l0"] + t["lstm.bias_hh_l0"], t["emb.weight"], t["lstm.weight_ih_l0"].t())
        self.whh, wo, bo = t["lstm.weight_hh_l0"].t().contiguous(), t["out.weight"].t(), t["out.bias"][None]
        self.wo = torch.cat([wo, bo, -torch.ones_like(bo)])      # [34 x 5000]: weights, bias, minus the row's shift
        self.wmax, self.bmax = wo.norm(dim=0).max(), bo.max()

    def blend(self, gen, rate=0.8):
        """The reference's rollout policy: the embedding copied, everything else a moving average."""
        for k, v in gen.state_dict().items():
            self.t[k].copy_(v) if k == "emb.weight" else self.t[k].mul_(rate).add_(v, alpha=1 - rate)
        self.fold()

    def step(self, tok, h, c):
        g = torch.addmm(self.table[tok], h, self.whh)
        s = torch.sigmoid(g)
        c = s[:, H:2 * H] * c + s[:, :H] * torch.tanh(g[:, 2 * H:3 * H])
        return s[:, 3 * H:] * torch.tanh(c), c

    def draw(self, h, n=1):
        """n tokens for each row of h: [r, n]. Inverse CDF in two levels (50 blocks of 100)."""
        shift = (h.norm(dim=1, keepdim=True) * self.wmax + self.bmax - 79).clamp_min_(0)   # logits <= 79: exp is finite
        h = torch.cat([h, torch.ones_like(shift), shift], 1)
        return torch.cat([SAMPLE_ROWS(hs, self.wo, torch.rand(hs.shape[0], n)) for hs in h.split(OPT.gchunk)])


def sample_rows(h, wo, u):
    e = torch.mm(h, wo).exp_().view(-1, 50, 100)
    blk = e.sum(2)
    cdf = blk.cumsum(1)
    u = u * cdf[:, -1:]
    j = torch.searchsorted(cdf, u, right=True).clamp_max_(49)
    rest = (u - cdf.gather(1, j) + blk.gather(1, j)).unsqueeze(2)
    inner = e.gather(1, j.unsqueeze(2).expand(-1, -1, 100)).cumsum(2)
    return j * 100 + torch.searchsorted(inner, rest, right=True).squeeze(2).clamp_max_(99)


SAMPLE_ROWS = sample_rows


@torch.inference_mode()
def generate(pol, n):
    out = torch.empty(n, L, dtype=torch.long)
    h, c = pol.step(torch.full((n,), START), torch.zeros(n, H), torch.zeros(n, H))
    for t in range(L):
        out[:, t:t + 1] = pol.draw(h)
        if t < L - 1:
            h, c = pol.step(out[:, t], h, c)
    return out


@torch.inference_mode()
def rollouts(pol, x):
    """x [64, L] -> [19 * 64 * 16, L]: prefix g = 1..19 of each row completed 16 times. The prefix is run
    once; all prefixes advance together, one time step at a time, and the first drawn token of a prefix
    takes its 16 draws from one softmax."""
    b, per = x.shape[0], x.shape[0] * ROLL
    out = x.repeat_interleave(ROLL, 0).repeat(L - 1, 1)
    hp, cp = pol.step(torch.full((b,), START), torch.zeros(b, H), torch.zeros(b, H))
    h = c = torch.empty(0, H)
    for t in range(1, L):                                   # position t is drawn for the prefixes g <= t
        if t > 1:
            h, c = pol.step(out[:per * (t - 1), t - 1], h, c)
        hp, cp = pol.step(x[:, t - 1], hp, cp)               # state after the prefix of length t
        if t > 1:
            out[:per * (t - 1), t:t + 1] = pol.draw(h)
        out[per * (t - 1):per * t, t] = pol.draw(hp, ROLL).reshape(-1)
        h = torch.cat([h, hp.repeat_interleave(ROLL, 0)])
        c = torch.cat([c, cp.repeat_interleave(ROLL, 0)])
    return out


# -------------------------------------------------------------- discriminator
class ConvMax(torch.autograd.Function):
    """max over time of a width-k convolution, as one im2col GEMM. x is [b, L * DE]: a window is contiguous."""

    @staticmethod
    def forward(ctx, x, w, bias, k):
        b, p, n = x.shape[0], L - k + 1, w.shape[0]
        cols = x.unfold(1, k * DE, DE).reshape(b * p, k * DE)
        y = torch.mm(cols, w.t()).view(b, p, n)
        m = y.amax(1)
        ctx.save_for_backward(cols, w, y, m)
        ctx.dims = b, p, n, k
        return m + bias

    @staticmethod
    def backward(ctx, g):
        cols, w, y, m = ctx.saved_tensors
        b, p, n, k = ctx.dims
        dy = (y == m.unsqueeze(1)).float()                       # equal windows share the gradient
        dy.mul_((g / dy.sum(1)).unsqueeze(1))
        dw = torch.mm(dy.view(b * p, n).t(), cols)
        dc = torch.mm(dy.view(b * p, n), w).view(b, p, k, DE)
        dx = g.new_zeros(b, L, DE)
        for i in range(min(k, p)):
            dx[:, i:i + (p if k < p else k)] += dc[:, :, i] if k < p else dc[:, i]
        return dx.view(b, L * DE), dw, g.sum(0), None


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(V, DE)
        self.w = nn.ParameterList([nn.Parameter(torch.randn(n, k * DE).clamp_(-2, 2) * 0.1) for k, n in zip(KS, NF)])
        self.b = nn.ParameterList([nn.Parameter(torch.full((n,), 0.1)) for n in NF])
        self.highway, self.out = nn.Linear(FEAT, 2 * FEAT), nn.Linear(FEAT, 2)     # transform and gate in one GEMM
        nn.init.uniform_(self.emb.weight, -1, 1)
        nn.init.xavier_uniform_(self.highway.weight[:FEAT].data), nn.init.xavier_uniform_(self.highway.weight[FEAT:].data)
        nn.init.trunc_normal_(self.out.weight, std=0.1), nn.init.constant_(self.out.bias, 0.1)

    def forward(self, x):
        e = self.emb(x)
        if OPT.conv == "conv1d":                             # oneDNN's direct convolution
            e = e.transpose(1, 2)
            y = [F.conv1d(e, w.view(-1, k, DE).transpose(1, 2), b).amax(2) for w, b, k in zip(self.w, self.b, KS)]
        elif OPT.conv == "autograd":                         # the same im2col, its backward left to autograd
            e = e.reshape(-1, L * DE)
            y = [F.linear(e.unfold(1, k * DE, DE), w, b).amax(1) for w, b, k in zip(self.w, self.b, KS)]
        elif torch.is_grad_enabled():
            e = e.view(-1, L * DE)
            y = [ConvMax.apply(e, w, b, k) for w, b, k in zip(self.w, self.b, KS)]
        else:
            e = e.view(-1, L * DE)
            y = [torch.mm(e.unfold(1, k * DE, DE).reshape(-1, k * DE), w.t()).view(-1, L - k + 1, n).amax(1) + b
                 for w, b, k, n in zip(self.w, self.b, KS, NF)]
        y = torch.relu(torch.cat(y, 1))
        g, t = self.highway(y).chunk(2, 1)
        y = torch.lerp(y, torch.relu(g), torch.sigmoid(t))
        if self.training:                                        # keep 192 of 256 random bytes
            y = y * (torch.empty(y.numel() // 8, dtype=torch.long).random_(-2**63, None).view(torch.uint8).view(y.shape) < 192) / 0.75
        return self.out(y)

    def loss(self, x, label):
        l2 = 0.5 * (self.out.weight.square().sum() + self.out.bias.square().sum())
        return F.cross_entropy(self(x), label) + 0.2 * l2


@torch.inference_mode()
def score(dis, x):
    """probability of 'real', dropout off."""
    dis.eval()
    return torch.cat([torch.softmax(dis(xs), 1)[:, 1] for xs in x.split(OPT.dchunk)])


@torch.inference_mode()
def get_reward(pol, dis, x):
    r = score(dis, torch.cat([rollouts(pol, x), x]))
    mc = r[:-x.shape[0]].view(L - 1, x.shape[0], ROLL).mean(2).t()
    return torch.cat([mc, r[-x.shape[0]:, None]], 1)          # [64, L]


# --------------------------------------------------------------------- phases
class World:
    def __init__(self):
        torch.manual_seed(88)
        self.real = generate(Policy(Generator(std=1.0)), NPOS).clone()
        self.gen, self.dis = Generator(), Discriminator()
        adam = lambda m, lr: torch.optim.Adam(m.parameters(), lr=lr, fused=True)
        self.g_opt, self.pg_opt, self.d_opt = adam(self.gen, 1e-2), adam(self.gen, 1e-2), adam(self.dis, 1e-4)
        self.rollout = Policy(self.gen)
        self.neg, self.x, self.r = self.real.flip(0), self.real[:B], torch.rand(B, L)
        self.d_loss = torch.compile(self.dis.loss) if OPT.compile else self.dis.loss

    def g_step(self, opt, x, w):
        opt.zero_grad(set_to_none=True)
        self.gen.weighted_nll(x, w).backward()
        nn.utils.clip_grad_norm_(self.gen.parameters(), 5.0)
        opt.step()

    def mle(self):
        w = torch.full((B, L), 1.0 / (B * L))
        for x in self.real.split(B)[:NPOS // B]:
            self.g_step(self.g_opt, x, w)

    def sample(self, n=NPOS):
        return generate(Policy(self.gen), n).clone()

    def dtrain(self):
        self.dis.train()
        x, y = torch.cat([self.real, self.neg]), torch.arange(2 * NPOS).lt(NPOS).long()
        perm = torch.randperm(2 * NPOS)
        x, y = x[perm], y[perm]
        for s in range(0, 2 * NPOS - B + 1, B):
            self.d_opt.zero_grad(set_to_none=True)
            self.d_loss(x[s:s + B], y[s:s + B]).backward()
            self.d_opt.step()

    def reward(self):
        self.r = get_reward(self.rollout, self.dis, self.x).clone()

    def pg(self):
        self.g_step(self.pg_opt, self.x, self.r)

    def round(self):
        self.x = self.sample(B)
        self.reward(), self.pg(), self.rollout.blend(self.gen)
        for _ in range(5):
            self.neg = self.sample()
            for _ in range(3):
                self.dtrain()


class Product:
    def __init__(self):
        self.a, self.b, self.c = torch.rand(2048, 2048) - 0.5, torch.rand(2048, 2048) - 0.5, torch.empty(2048, 2048)

    def product(self):
        torch.mm(self.a, self.b, out=self.c)


def main():
    global SAMPLE_ROWS
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--phase", required=True, choices=["mle", "sample", "dtrain", "reward", "pg", "round", "product"])
    ap.add_argument("--repeat", type=int, default=3)
    ap.add_argument("--threads", type=int, default=2)
    ap.add_argument("--conv", default=OPT.conv, choices=["im2col", "conv1d", "autograd"])
    ap.add_argument("--dchunk", type=int, default=OPT.dchunk, help="sequences scored by D at once")
    ap.add_argument("--gchunk", type=int, default=OPT.gchunk, help="rows of logits made at once")
    ap.add_argument("--compile", action="store_true", help="torch.compile D's loss and the sampler (slower here: 64 ms against 44 ms a D step)")
    ap.add_argument("--no-warmup", action="store_true")
    ap.add_argument("--profile", action="store_true", help="print a torch.profiler table of one more repeat")
    a = ap.parse_args()
    OPT.conv, OPT.dchunk, OPT.gchunk, OPT.compile = a.conv, a.dchunk, a.gchunk, a.compile
    torch.set_num_threads(a.threads)
    if a.compile:
        SAMPLE_ROWS = torch.compile(sample_rows, dynamic=True)
    res = {"phase": a.phase, "threads": a.threads, "torch": torch.__version__, "conv": a.conv, "compile": a.compile}
    w = Product() if a.phase == "product" else World()
    fn, times = getattr(w, a.phase), []
    if not a.no_warmup:
        t = time.perf_counter()
        fn()
        res["warmup"] = round(time.perf_counter() - t, 4)
    for _ in range(a.repeat):
        t = time.perf_counter()
        fn()
        times.append(round(time.perf_counter() - t, 5))
    res["seconds"] = times
    res["median"] = sorted(times)[len(times) // 2] if times else None
    res["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(res), flush=True)
    if a.profile:
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as prof:
            fn()
        print(prof.key_averages().table(sort_by="self_cpu_time_total", row_limit=16, max_name_column_width=48))


if __name__ == "__main__":
    main()
