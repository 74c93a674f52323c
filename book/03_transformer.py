# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] tags=["slide"]
# # The transformer and its memory
#
# | | |
# |---|---|
# | You will build | a small transformer of your own, which learns in seconds; then, part by part, the decoder as DeepSeek designed it, with multi-head latent attention, a cache and a sampler. It loads the trained weights of our base and writes |
# | You need | PyTorch tensors and matrix products; tokens (chapter 02); tapes such as `17+5=22,*2=44` (chapter 01, section 2); appendix C if `einsum`, `view` or gradients are new to you |
# | Minutes to read | 130, best in four sittings: sections 1 to 6, to the middle of 8, to 9, the rest. About 100 without folded cells and sections 11 and 12; half as much again if attention is new. The exercises take three hours more |
# | Minutes to run | 1, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-V2 (arXiv 2405.04434), section 2.1; DeepSeek-V3 (arXiv 2412.19437), sections 2.1.1 and 4.3; RoFormer (2104.09864); YaRN (2309.00071), section 3 |
#
# ![A decoder from bottom to top. Token ids go through the embedding into a vertical stream. A block adds attention to the stream, then a feed-forward layer, each after a norm. The block is repeated 4 times here and 61 times in V3. At the top a norm and the head give logits, and a token is sampled and fed back. The attention writes to a cache.](../figures/03_model.png)
#
# What you see: the whole model of this chapter. The numbers on the discs are the
# sections that build each part.

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random generator.
# The second cell imports what the chapter builds, so that first versions can be compared.
# Folded cells measure, draw or check: run them, but you need not read them.

# %% tags=["setup"]
import copy
import json
import math
import random
import time
from pathlib import Path
from statistics import fmean, median, stdev

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from r1lib import artifacts, checks, plots
from r1lib.losses import token_logprobs
from r1lib.model.attention import GroupedQueryAttention, LayerCache
from r1lib.model.config import ModelConfig
from r1lib.model.counts import cache_numbers
from r1lib.model.moe import MoE  # chapter 04 builds it
from r1lib.model.mtp import MTPModule  # chapter 05 builds it
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Cache, draw_weights, rope_at, rope_of
from r1lib.plots import interactive
from r1lib.recipe import pipeline
from r1lib.sampling import generate, to_text
from r1lib.tokenizer import EOS, PAD
from r1lib.world import arithmetic, corpus, countdown

torch.manual_seed(0)
torch.set_num_threads(1)  # more threads do not help with tensors this small
RESULTS = Path("../results/data")

# %% tags=["setup"]
from r1lib.model.attention import (
    ROPE,
    absorbed_attention,
    attend,
    crossover,
    expand_latents,
    naive_attention,
    softmax_scale,
)
from r1lib.model.layers import (
    angle_tables,
    apply_rope,
    apply_rope_half,
    rms_norm,
    rope_frequencies,
    swiglu,
    to_halves,
    yarn_frequencies,
    yarn_mscale,
)
from r1lib.sampling import keep_min_p, keep_top_k, keep_top_p, sample_token

# %% [markdown] tags=["slide"]
# ## 1. Ids in, logits out
#
# A decoder is a function. It takes token ids, and returns at every position one number for
# each token of the vocabulary, the **logits**. A softmax turns them into the probabilities
# of the next token.
#
# R1 was evaluated with up to 32,768 tokens for one answer (arXiv 2501.12948v1, section 3), and
# each new token looks back at all earlier ones. So the main question of DeepSeek's design is: how
# much must be remembered of every token?
#
# We take the parts in the order in which a token meets them. By the end of section 6 they are a
# small plain transformer, which you train here. Sections 7 to 9 turn it into DeepSeek's model.
#
# Letters name the axes of tensors: `Float[Tensor, "B T D"]` holds `B` texts of `T` tokens, and `D`
# numbers for each token. The folded table has all letters.
#
# <details><summary>The letters of this chapter</summary>
#
# | in shapes | what it counts | section |
# |---|---|---|
# | `B`, `T`, `D` | texts in a batch, tokens of a text, numbers in the stream of a token | 2 |
# | `F` | features of a feed-forward layer | 2 |
# | `S` | tokens that can be attended to, when `T` tokens attend | 3 |
# | `H`; `K`, `Y` | heads; numbers of a key and of a value of one head | 3 |
# | `V` | tokens of the vocabulary | 6 |
# | `P`, `R` | positions and rotary pairs in a table of angles | 9 |
# | `C`, `J`, `L` | numbers of a latent, of a rotary key, and of both, `C` + `J` | 8 |
# | `O` | rows of a weight | 8 |
#
# | in formulas | what it is | section |
# |---|---|---|
# | $x$, $w$, $W$ | the stream of a token, the weights of a norm, a matrix of weights | 2 |
# | $\epsilon$ | a tiny constant that prevents a division by zero | 2 |
# | $q$, $k$, $v$, $o$ | query, key, value and output of one head | 3 |
# | $t$, $s$; $a_{ts}$ | the token that looks and the one looked at; the share of $s$ in $t$ | 3 |
# | $\omega_i$, $\theta$ | the speed of rotary pair $i$, the base of all speeds | 5 |
# | $c^{\text{KV}}$ | a latent. (In code `c` is a configuration.) | 8 |
# | $\tau$ | temperature | 10 |
#
# Upright letters in a formula are part of a name, as in the papers: $W^{\text{UK}}$ leads up to the
# keys. `*B` is any number of axes, and `#B` may also be 1. `F.` before a function is
# `torch.nn.functional`. [docs/notation.md](../docs/notation.md) has the letters of all chapters.
#
# </details>
#
# Here is the model that you will rebuild, in the middle of a sum:

# %% tags=["slide", "nbval-check-output"]
model, tokenizer = artifacts.load("base-tiny")
model.eval()
c = model.config
prompt = tokenizer.prompt("compute ((17+5)*2)-8")
tape = tokenizer.encode("<think>17+5=22,*2=44,-8=", allow_special=True)
ids = torch.tensor([prompt + tape])
with torch.no_grad():
    logits = model(ids)
print(f"{c.n_layers} blocks, {c.d_model} numbers for each token")
print("ids", tuple(ids.shape), "-> logits", tuple(logits.shape))
likely = logits[0, -1].softmax(0).topk(3)
for p, i in zip(*(x.tolist() for x in likely), strict=True):
    print(f"next token {tokenizer.decode([i])!r:7} probability {p:.2f}")

# %% [markdown] tags=["slide"]
# ## 2. A stream, and two layers that add to it
#
# A token enters as one row of the embedding table, a vector of `d_model` numbers. The vector
# passes through the blocks. A block has two layers:
#
# - **Attention** lets a position read the earlier ones (section 3).
# - The **feed-forward layer** (ffn) works on each position alone.
#
# Each layer reads the vector and *adds* something to it:
#
# $$ x \leftarrow x + \operatorname{attention}(\operatorname{norm}(x)), \qquad
#    x \leftarrow x + \operatorname{ffn}(\operatorname{norm}(x)). $$
#
# Nothing is overwritten: each layer adds a correction, a *residual* (He et al., arXiv 1512.03385).
# Hence the vector is called the **residual stream**. Adding has a consequence: the stream grows.
# The cell measures each token of the prompt in the trained model, and prints the median:

# %%
x, rope = model.embed(ids), rope_at(model.rope, ids.shape[1])
sizes = [x.square().mean(-1).sqrt().median().item()]  # root mean square of a token
with torch.no_grad():
    for block in model.layers:
        x = block(x, rope)  # rope: positions, section 5
        sizes.append(x.square().mean(-1).sqrt().median().item())
for i, size in enumerate(sizes):
    times = size / sizes[0]
    print(f"blocks passed: {i}, median size {size:6.2f}, {times:3.0f} times the first")
assert sizes[3] > 100 * sizes[0]

# %% [markdown]
# By ratio the largest step is the first block's, which adds to a small embedding. What enters the
# last block is hundreds of times as large. So every layer reads a normalised copy. **RMSNorm**
# (arXiv 1910.07467) divides a vector by its root mean square. Then it scales coordinate $i$ by a learned
# weight $w_i$:
#
# $$ \operatorname{norm}(x)_i = \frac{x_i}{\sqrt{\frac{1}{D}\sum_j x_j^2 + \epsilon}}
#    \; w_i $$
#
# The tiny $\epsilon$ prevents a division by zero.
#
# The feed-forward layer is a **SwiGLU** (arXiv 2002.05202). One matrix makes features and
# a second one makes gates. Each gate decides how much of its feature passes:
#
# $$ \operatorname{ffn}(x) = W_{\text{down}}\,\big(\operatorname{SiLU}(W_{\text{gate}}\,
#    x) \odot W_{\text{up}}\, x\big), \qquad
#    \operatorname{SiLU}(z) = \frac{z}{1 + e^{-z}} $$
#
# SiLU is nearly 0 for strongly negative gates and nearly $z$ for strongly positive ones. So two
# things that were read from the stream are multiplied: "this feature, but only where that gate is
# open". A matrix alone cannot do this.

# %%
# r1lib.model.layers.rms_norm
# r1lib.model.layers.RMSNorm
# r1lib.model.layers.swiglu
# r1lib.model.layers.SwiGLU


# %% tags=["nbval-check-output"]
def norm_by_loop(vector, weight, eps=1e-6):
    size = math.sqrt(fmean(v * v for v in vector) + eps)
    return [v / size * w for v, w in zip(vector, weight, strict=True)]


vector, weight = [3.0, -4.0, 0.0, 5.0], [1.0, 1.0, 1.0, 2.0]
print("loop   ", [round(v, 2) for v in norm_by_loop(vector, weight)])
for factor in (1, 1000):
    fast = rms_norm(factor * torch.tensor(vector), torch.tensor(weight), 1e-6)
    print(f"times {factor:5}", [round(v, 2) for v in fast.tolist()])
for gate in (-6.0, 0.0, 6.0):
    passed = swiglu(torch.tensor([gate]), torch.ones(1)).item()
    print(f"gate {gate:+.0f}: {passed:+.2f}")

# %% [markdown]
# A vector that is 1,000 times as long gives the same result: before its weights, the norm keeps
# only the direction. The last three lines let a feature of 1 pass through three gates.

# %% [markdown] tags=["slide"]
# ## 3. Attention: looking back
#
# Attention is a soft search. Suppose that the model has read `17+5=`. At the `=` it needs two
# numbers and an operator. Three matrices make three vectors from the stream of each token: a
# **query** $q$ that searches, a **key** $k$ to be found by, and a **value** $v$ to pass on. A layer
# makes several such sets side by side, its **heads**, and each head searches by itself. One head of
# a trained model might work like this:
#
# | token | key: what it can be found by | value: what it passes on |
# |---|---|---|
# | `17` | a number | 17 |
# | `+` | an operator | add |
# | `5` | a number | 5 |
# | `=` | neither | nothing |
#
# The query of `=` could then ask for numbers here, and for the operator in another head. (Section 12
# finds such heads in our base.) Token $t$ compares its query with all keys up to its
# own. A softmax turns these scores into shares, and the output is the mixture of the values:
#
# $$ o_t = \sum_{s \le t} a_{ts}\, v_s, \qquad
#    a_{ts} = \operatorname{softmax}_{s \le t}\big(q_t \cdot k_s / \sqrt{K}\big) $$
#
# $K$ is the length of a key, and `Y` below is that of a value. A dot product of random vectors
# grows like $\sqrt{K}$, so the division keeps scores near size 1.
#
# ![Left, the token = looks back: its query (2, 0) meets the keys of 17, +, 5 and =, which are (2, 0), (0, 2), (2, 0) and (0, 0). The products are 4, 0, 4 and 0, the shares 0.47, 0.03, 0.47 and 0.03. The values 17, 0, 5 and 0 are mixed to 10.4. Right, the causal mask as a table of shares: row 17 has 1.00, row + has 0.94 and 0.06, row 5 has 0.49, 0.03 and 0.49, row = all four. The triangle above the diagonal is grey. The mixtures are 17.0, 16.1, 10.7 and 10.4.](../figures/03_attention.png)
#
# What you see: the four tokens, and on the right the same query for each of them. The first number
# of a key means "a number", the second "an operator": this query asks for numbers. Where nothing is
# passed on, the value is 0. The cell writes the definition as a loop, and computes the picture:


# %% tags=["nbval-check-output"]
def attend_by_loop(q, k, v, scale):
    """One head: q and k are (T, K), v is (T, Y)."""
    rows = []
    for t in range(len(q)):
        scores = torch.stack([q[t] @ k[s] * scale for s in range(t + 1)])
        shares = scores.softmax(0)
        rows.append(sum(share * v[s] for s, share in enumerate(shares)))
    return torch.stack(rows)


keys = torch.tensor([[2.0, 0.0], [0.0, 2.0], [2.0, 0.0], [0.0, 0.0]])  # 17 + 5 =
values = torch.tensor([[17.0], [0.0], [5.0], [0.0]])
query = torch.tensor([2.0, 0.0])  # looks for a large first number
scores = keys @ query / 2**0.5  # K is 2
shares = scores.softmax(0)
print("q . k  ", (keys @ query).tolist())
print("scores ", [round(score, 2) for score in scores.tolist()])
print("shares ", [round(a, 2) for a in shares.tolist()])
print(f"mixture {(shares @ values).item():.1f}")
looped = attend_by_loop(query.expand(4, 2), keys, values, 2**-0.5)
print("loop    ", [round(o.item(), 1) for o in looped])

# %% [markdown]
# In the last line `17` sees only itself, `+` mixes two values, `5` three, and `=` all four. The rule
# that no token sees a later one is the **causal mask**.
#
# The library computes all `H` heads and all tokens at once with PyTorch's function, which masks by
# itself (`is_causal`). `S` counts the tokens that the `T` queries can attend to. Fewer queries than
# keys (`T < S`) occur with a cache (section 7).

# %% tags=["slide"]
# r1lib.model.attention.attend


# %% tags=["nbval-check-output", "hide-input"]
source = torch.Generator().manual_seed(0)


def normal(*shape):
    return torch.randn(shape, generator=source, dtype=torch.float64)


q, k, v = normal(2, 3, 7, 4), normal(2, 3, 7, 4), normal(2, 3, 7, 5)  # Y is 5
fast = attend(q, k, v, 4**-0.5).flatten(0, 1)
for mixed, *one_head in zip(fast, *(x.flatten(0, 1) for x in (q, k, v)), strict=True):
    torch.testing.assert_close(mixed, attend_by_loop(*one_head, 4**-0.5))
print("2 texts, 3 heads, 7 tokens: all agree with the loop")

# %% [markdown]
# A whole attention layer, then, is four matrices around `attend`. Each head gets its part of the
# queries, keys and values. The last matrix, `wo`, takes the joined outputs of the heads back to the
# stream. (`turn` is for positions, section 5.)


# %% tags=["slide", "nbval-check-output"]
class PlainAttention(nn.Module):
    """Multi-head attention, without a cache."""

    def __init__(self, width, heads):
        super().__init__()
        self.size = width // heads  # numbers of one head
        self.wq, self.wk, self.wv, self.wo = (
            nn.Linear(width, width, bias=False) for _ in range(4)
        )

    def by_head(self, y):  # (B, T, H * K) -> (B, H, T, K)
        return y.unflatten(-1, (-1, self.size)).transpose(1, 2)

    def split(self, x):
        """Queries, keys and values of all heads, from the stream x (B, T, D)."""
        return [self.by_head(w(x)) for w in (self.wq, self.wk, self.wv)]

    def forward(self, x, turn=None):
        q, k, v = self.split(x)
        if turn:
            q, k = turn(q), turn(k)
        y = attend(q, k, v, self.size**-0.5)
        return self.wo(y.transpose(1, 2).flatten(2))


layer = PlainAttention(12, 3).double()
x = normal(2, 7, 12)
print("stream", tuple(x.shape), "-> to be added", tuple(layer(x).shape))

# %% [markdown] tags=["slide"]
# ## 4. No token sees the future: two tests
#
# If anything leaks from a later token, the loss looks wonderful and the model is useless. The first
# test changes all tokens from place $t$ on. No logits before $t$ may change:

# %% tags=["slide", "nbval-check-output"]
length = ids.shape[1]
with torch.no_grad():
    for t in range(1, length):
        other = ids.clone()
        other[0, t:] = (other[0, t:] + 1) % c.vocab_size
        same = model(other)[:, :t]
        torch.testing.assert_close(same, logits[:, :t], rtol=1e-4, atol=1e-3)
print("other tokens from t on change no logits before t, for each t")

# %% [markdown]
# The second test asks autograd how strongly the logits at $t$ change when the embedding at $s$
# changes a little. At $s > t$ this must be exactly zero. It also shows *where* the model looks.
# The first test is still needed, since a gradient misses dependence through a *choice*, such as "the
# three tokens with the highest score". The folded cell also breaks the mask by one, and the test
# finds it.


# %% tags=["slide", "hide-input"]
def reach(model, ids, mask=None):
    """(T, T): how strongly the logits at t change with the embedding at s."""
    x = model.embed(ids).detach().requires_grad_()
    h, rope = x, rope_at(model.rope, ids.shape[1])
    for block in model.layers:
        h = block(h, rope, mask)
    logits = model.head(model.norm(h))[0]
    values = logits @ torch.randn(c.vocab_size)  # one number from 640 logits
    grads = [torch.autograd.grad(y, x, retain_graph=True)[0] for y in values]
    return torch.stack([grad[0].norm(dim=-1) for grad in grads])


later = torch.ones(length, length, dtype=torch.bool).triu(1)
found = reach(model, ids)
print("gradients from later tokens are all zero: ", bool((found[later] == 0).all()))
print("those from earlier ones are not:          ", bool((found[~later] > 0).all()))
off_by_one = torch.ones(1, 1, length, length, dtype=torch.bool).tril(1)
leaks = reach(model, ids, off_by_one)
print("a mask that is off by one is caught:      ", bool((leaks[later] > 0).any()))

names = [tokenizer.decode([i]) for i in ids[0].tolist()]
for t in (t for t, name in enumerate(names) if name == "="):
    near = found[t, t - 3 : t + 1].sum() / found[t].sum()
    print(f"position {t}, '=': {near:.0%} of its row lies on the last four tokens")
scaled = (found / found.amax(1, keepdim=True)).tolist()
plots.heat_maps({"d logits[t] / d embedding[s]": scaled}, names, names)

# %% [markdown]
# What you see: a row for each position $t$, a column for each $s$, each row scaled to its
# largest entry. Grey is exactly zero: all above the diagonal.
#
# Most rows are blue nearly everywhere below the diagonal. Most of a row of `=` lies on the sum just
# before and on `=` itself, as the printed lines say.

# %% [markdown] tags=["slide"]
# ## 5. Where am I? Rotary positions
#
# Something is missing. Shuffle the earlier tokens, and in the first block the last one
# receives the same mixture. There the `=` of `8-3=` looks like that of `3-8=`.
#
# **Rotary position embedding**, RoPE (arXiv 2104.09864), turns queries and keys. Take the
# numbers of a vector in pairs, and read each pair as an arrow in a plane. At position $t$
# turn pair $i$ by the angle $t\,\omega_i$.
#
# ![Left: the key of token 2 and the query of token 5 as arrows, 100 degrees apart. Middle: at positions 12 and 15 both arrows are turned by 200 degrees more, and the angle is the same. Right: three pairs after ten steps: the first has turned more than once around, the last has hardly moved.](../figures/03_rope.png)
#
# What you see: each position turns an arrow by 20 degrees. Before turning, query and key are 40
# degrees apart. Their distance of three adds 60, on the left and ten positions later.
#
# On the right $K$ is 8, and pairs 0, 1 and 2 turn by 1, 0.1 and 0.01 radians a step. Fast pairs
# tell neighbours apart, slow ones far positions.
#
# A dot product depends on the angle *between* two arrows, and turning both changes it by
# $(t - s)\,\omega_i$. So of two positions only the distance enters the score. With
# $\operatorname{turn}_t$ for turning all $K/2$ pairs of a vector:
#
# $$ \operatorname{turn}_t(q) \cdot \operatorname{turn}_s(k) =
#    \operatorname{turn}_{t-s}(q) \cdot k, \qquad
#    \omega_i = \theta^{-2i/K}, \quad i = 0, 1, \dots, K/2 - 1. $$
#
# $\theta$ is 10,000. With complex numbers, turning is one product:


# %% tags=["nbval-check-output"]
def rope_by_complex(x, positions, theta):
    """Turn neighbouring pairs of x (..., T, K) as complex numbers."""
    arrows = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    speed = theta ** (-torch.arange(0, x.shape[-1], 2).double() / x.shape[-1])
    angle = positions.double()[:, None] * speed
    turned = arrows * torch.polar(torch.ones_like(angle), angle)
    return torch.view_as_real(turned).flatten(-2).type_as(x)


# theta is 100: a vector of 4 has two pairs, and 10,000 would hardly turn the second
one_q = torch.tensor([1.0, 2.0, -1.0, 0.5], dtype=torch.float64)
one_k = torch.tensor([0.5, -1.0, 2.0, 1.0], dtype=torch.float64)
print("score at distance" + "".join(f"{d:7}" for d in range(4)))
for start in (0, 7, 1000):
    scores = []
    for distance in range(4):
        places = torch.tensor([start + distance, start])
        turned = rope_by_complex(torch.stack((one_q, one_k)), places, 100.0)
        scores.append((turned[0] @ turned[1]).item())
    print(f"key at {start:5}     " + "".join(f"{s:7.2f}" for s in scores))

# %% [markdown]
# Each column is constant: only distances count. What, then, does our base do in the middle of its sum
# when positions begin at 300, and when they are doubled?

# %% tags=["nbval-check-output"]
places = torch.arange(ids.shape[1])[None]
print("our model, probability of the right result when positions")
for name, positions in (
    ("begin at 0", places),
    ("begin at 300", places + 300),
    ("are doubled", 2 * places),
):
    with torch.no_grad():
        p = model(ids, positions=positions)[0, -1].softmax(0)
    print(f"{name:13}{p[tokenizer.encode('36')[0]]:.2f}")

# %% [markdown] tags=["slide"]
# ## 6. A whole transformer, and it learns
#
# A **block** is attention and a feed-forward layer, each with a norm before it and each added to the
# stream. The **transformer** is an embedding, the blocks, a
# last norm and the **head**, a matrix that turns the stream into logits (not one of the heads
# of attention). Our texts are short, so $\theta$ is 100 here:


# %% tags=["slide"]
def turn(x, start=0):
    """Turn x (B, H, T, K), whose tokens are at the places from `start` on."""
    return rope_by_complex(x, torch.arange(start, start + x.shape[-2]), 100.0)


class PlainBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.attn_norm, self.ffn_norm = RMSNorm(width, 1e-6), RMSNorm(width, 1e-6)
        self.attn, self.ffn = PlainAttention(width, heads), SwiGLU(width, 2 * width)

    def forward(self, x, turn):
        x = x + self.attn(self.attn_norm(x), turn)
        return x + self.ffn(self.ffn_norm(x))


class PlainTransformer(nn.Module):
    """Ids (B, T) in, logits (B, T, V) out; V counts the tokens of the vocabulary."""

    def __init__(self, vocabulary, width=64, heads=4, blocks=2, turn=turn):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList(PlainBlock(width, heads) for _ in range(blocks))
        self.norm, self.turn = RMSNorm(width, 1e-6), turn
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, ids):
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x, self.turn)
        return self.head(self.norm(x))


# %% [markdown]
# The task is to write words backwards: `planet>tenalp`. The letters are random, so nothing can be
# learned by heart. Each step reads 64 words. The loss is small when the letter that really comes
# next has a high probability (chapter 05). The same model without positions is trained beside it:


# %% tags=["slide"]
LETTERS = "abcdefghijklmnopqrstuvwxyz>"


def words(n, dice):
    """n words of six letters, each with `>` and its letters in reverse: ids (n, 13)."""
    asked = torch.randint(26, (n, 6), generator=dice)
    return torch.cat((asked, torch.full((n, 1), 26), asked.flip(1)), dim=1)


def learn(model, steps=300, show=True):
    dice = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(1, steps + 1):
        ids = words(64, dice)
        logits = model(ids[:, :-1])[:, 6:]  # what follows `>` and each later letter
        loss = F.cross_entropy(logits.flatten(0, 1), ids[:, 7:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if show and (step == 1 or step % 100 == 0):
            print(f"step {step:3}: loss {loss.item():.2f}")


torch.manual_seed(0)
plain = PlainTransformer(len(LETTERS))
print(f"{sum(p.numel() for p in plain.parameters()):,} weights")
learn(plain)
print("without positions:")
torch.manual_seed(0)
blind = PlainTransformer(len(LETTERS), turn=None)
learn(blind)

# %% [markdown]
# To write, feed the text, append the likeliest next token, and repeat. Here are three words,
# then 500 random ones, almost surely new: there are $26^6 \approx 309$ million. `share_right` feeds the
# right letters. A word right in this way is also written right.


# %% tags=["slide"]
@torch.no_grad()
def write_plainly(model, ids, n):
    """The likeliest token, n times, without a cache; also how many tokens were read."""
    ids, read = list(ids), 0
    for _ in range(n):
        logits = model(torch.tensor([ids]))
        read += len(ids)
        ids.append(int(logits[0, -1].argmax()))
    return ids[-n:], read


@torch.no_grad()
def share_right(model, n=500):
    """The share of n new words that are right to the last letter."""
    ids = words(n, torch.Generator().manual_seed(1))
    best = model(ids[:, :-1])[:, 6:].argmax(-1)
    return (best == ids[:, 7:]).all(1).float().mean().item()


for word in ("planet", "tokens", "absorb"):
    written, _ = write_plainly(plain, map(LETTERS.index, word + ">"), 6)
    print(f"{word}>{''.join(LETTERS[i] for i in written)}")
seeing, unseeing = share_right(plain), share_right(blind)
print(f"right to the last letter, of 500 new words: {seeing:.0%} with positions")
print(f"and after as many steps without them:       {unseeing:.0%}")
assert seeing > 0.8 and unseeing < 0.5

# %% [markdown]
# After as many steps the model without positions gets few words right, though more than by chance:
# the mask alone gives away something of the order. Its loss shows that it is still learning.
#
# Where does the trained model look while it writes `tenalp`? The folded cell draws the head of the
# second block that looks most at the letters to be copied. Beside it is the best head for
# each letter:

# %% tags=["slide", "hide-input"]
text = "planet>tenalp"
columns = list(text[:-1])
rows = [f"at {text[i]}, next is {text[i + 1]}" for i in range(6, 12)]
with torch.no_grad():
    h = plain.embed(torch.tensor([[LETTERS.index(letter) for letter in columns]]))
    h, block = plain.blocks[0](h, turn), plain.blocks[1]
    q, k, _ = block.attn.split(block.attn_norm(h))
    scores = turn(q) @ turn(k).transpose(-1, -2) * q.shape[-1] ** -0.5
    shares = scores.masked_fill(torch.ones(12, 12).triu(1) > 0, -math.inf).softmax(-1)
shares = shares[0, :, 6:]  # four heads, six letters to write, twelve tokens to see
wanted = torch.stack([shares[:, i, 5 - i] for i in range(6)], dim=1)
one_head, each_best = int(wanted.mean(1).argmax()), wanted.argmax(0)
for i, row in enumerate(rows):
    print(f"{row}: head {one_head} {wanted[one_head, i]:4.0%}", end=", ")
    print(f"best head {each_best[i]}, {wanted[:, i].max():.0%}")
assert wanted.mean(1).max() > 0.5
maps = {f"head {one_head} alone": shares[one_head].tolist()}
maps["for each letter its best head"] = shares[each_best, range(6)].tolist()
plots.heat_maps(maps, rows, columns)

# %% [markdown]
# What you see: a row for each token after which a letter is written, a column for each token that
# can be seen. On the right a line runs from the last letter of the word back to the first. On the
# left it breaks at the letter where the printed share of this head is small. So the heads divide the
# work, and the printed lines say which of them finds each letter.
#
# **A good place to stop.** You have trained a whole transformer.

# %% [markdown] tags=["slide"]
# ## 7. The cache: never read a token twice
#
# `write_plainly` feeds the whole text again for each new token. But no token sees later
# ones. So nothing that was computed for a token ever changes, and its keys and values can be
# kept, in the **KV cache**. Each step then feeds *one* token.
#
# ![Two triangles of cells for a text that grows from 3 to 6 tokens. Left, without a cache, each step computes all tokens: 3 + 4 + 5 + 6 = 18. Right, with a cache, each later step computes one token and reads the kept ones: 3 + 1 + 1 + 1 = 6.](../figures/03_cache.png)
#
# What you see: a prompt of three tokens and three steps after it. Solid cells are computed,
# pale ones are read from the cache. In our plain layer a cache takes few lines. Keys are turned
# once, before they are kept:


# %% tags=["slide", "nbval-check-output"]
class CachedAttention(PlainAttention):
    """PlainAttention that keeps the keys and values of all tokens it has read."""

    kept = None

    def forward(self, x, turn):
        q, k, v = self.split(x)
        start = self.kept[0].shape[2] if self.kept else 0
        q, k = turn(q, start), turn(k, start)
        if self.kept:
            k, v = (torch.cat(pair, 2) for pair in zip(self.kept, (k, v), strict=True))
        self.kept = k, v
        y = attend(q, k, v, q.shape[-1] ** -0.5)
        return self.wo(y.transpose(1, 2).flatten(2))


cached, x = CachedAttention(12, 3).double(), normal(2, 7, 12)
cached.load_state_dict(layer.state_dict())
parts = [cached(part, turn) for part in x.split([3, 2, 1, 1], dim=1)]
torch.testing.assert_close(torch.cat(parts, 1), layer(x, turn))
print("read in parts of 3, 2, 1 and 1 tokens: the same output as at once")
mask = torch.ones(2, 5, dtype=torch.int).tril(5 - 2)
print("2 queries, 5 keys:", *mask.tolist())

# %% [markdown]
# The second part has 2 queries and 5 keys, since the queries are the *last* T of S tokens. The
# first of them is token 3, which sees tokens 0 to 3: this is `tril(S - T)` in `attend`, printed in the
# last line.
#
# Now the same for a whole model. The library sets the room aside beforehand (`new_cache`). Guess
# first: 60 tokens are written after a prompt of 240. How many are read with a cache, and without? Does
# the time fall as much?


# %% tags=["slide"]
@torch.no_grad()
def write_with_cache(model, ids, n):
    """What `write_plainly` returns, with a cache: each token is read once."""
    cache, new, feed, read = model.new_cache(1, len(ids) + n), [], list(ids), 0
    for _ in range(n):
        logits = model(torch.tensor([feed]), cache)
        cache.length += len(feed)  # the caller moves it on, never a layer
        read += len(feed)
        feed = [int(logits[0, -1].argmax())]
        new += feed
    return new, read


# %% tags=["hide-input"]
long_prompt, seconds, results = prompt * 20, [], []
for write in (write_plainly, write_with_cache):
    start = time.process_time()  # processor time, not elapsed time
    new, read = write(model, long_prompt, 60)
    seconds.append(time.process_time() - start)
    results.append(new)
    print(f"{write.__name__:17} {read:6} tokens read for 60 new ones")
print(f"time without a cache: {seconds[0] / seconds[1]:.1f} times as long")
print("the first ten are the same:", results[0][:10] == results[1][:10])

# %% [markdown]
# Cached equals full, up to rounding. After the ten compared tokens, rounding may decide near ties.
# For a prompt of $n$ tokens, $n + 59$ are read instead of $60\,n + 1770$. The saving in time is
# smaller, since each call has a fixed overhead.

# %% [markdown] tags=["slide"]
# ### Fewer keys: MHA, MQA and GQA
#
# The cost is memory. In the original form, **multi-head attention** (MHA), each layer keeps a
# key and a value for each head. At every step all of them have to travel from memory to the
# processor, and this makes long answers slow.
#
# ![Three columns, with eight query heads drawn. MHA: each has a key and a value of its own. GQA: four heads share one key and one value. MQA: all eight share them. Kept by V3's 128 heads: 32,768, 2,048 and 256 numbers.](../figures/03_memory.png)
#
# What you see: below the queries, the keys and values that one layer keeps for one token.
#
# **Multi-query attention** (MQA, arXiv 1911.02150) lets all heads share one key and
# value, which saves the most memory. **Grouped-query attention** (GQA,
# arXiv 2305.13245) shares within groups of heads, and Llama 3 and Qwen2.5 use it. With as many
# groups as heads GQA *is* MHA; with one group it is MQA. In papers and config files the shared
# pairs are **KV heads** (`num_key_value_heads`).
#
# The change to `PlainAttention` is small. `wk` and `wv` make keys and values for `groups` heads
# only. After the place where a cache would keep them (`kept`), each is repeated for the query heads
# that share it.


# %% tags=["slide", "nbval-check-output"]
class PlainGroupedAttention(PlainAttention):
    """Attention whose heads share keys and values in groups."""

    def __init__(self, width, heads, groups):
        super().__init__(width, heads)
        width_kv = self.size * groups  # numbers of the keys of a token
        self.wk, self.wv = (nn.Linear(width, width_kv, bias=False) for _ in range(2))
        self.share = heads // groups  # query heads that share a key

    def forward(self, x, turn=None):
        q, k, v = self.split(x)
        if turn:
            q, k = turn(q), turn(k)
        self.kept = k, v  # all that a cache would keep
        k, v = (y.repeat_interleave(self.share, dim=1) for y in self.kept)
        y = attend(q, k, v, self.size**-0.5)
        return self.wo(y.transpose(1, 2).flatten(2))


def numbers_kept(layer, tokens):
    """How many numbers a layer kept for each of the tokens that it just read."""
    return sum(y.numel() for y in layer.kept) // tokens


x = normal(2, 7, 12)
grouped = {groups: PlainGroupedAttention(12, 3, groups).double() for groups in (3, 1)}
grouped[3].load_state_dict(layer.state_dict())
assert torch.equal(grouped[3](x), layer(x))
print("as many groups as heads: the same as PlainAttention")
for groups, shared in grouped.items():
    shared(x)
    kept = numbers_kept(shared, 2 * 7)
    print(f"3 heads, KV heads: {groups}, numbers kept for a token: {kept}")

# %% [markdown] tags=["slide"]
# ## 8. Multi-head latent attention
#
# All keys and values of a token are computed from *one* vector, the stream. **Multi-head latent
# attention** (MLA; DeepSeek-V2, section 2.1; V3, eq. 1 to 11) compresses this vector to a short
# **latent** $c^{\text{KV}}$, and keeps only that. Each head expands it to a key and a value:
#
# $$ c^{\text{KV}}_s = \operatorname{norm}(W^{\text{DKV}} x_s), \qquad
#    k_s = W^{\text{UK}} c^{\text{KV}}_s, \qquad v_s = W^{\text{UV}} c^{\text{KV}}_s $$
#
# The names are those of the paper: DKV leads down to the latent, UK up to the keys of a head, and
# UV up to its values. In V3 a latent has 512 numbers, and the keys and values of its 128 heads would
# have 32,768. In the plain layer one matrix leads down to the latent and two lead up from it:


# %% tags=["slide", "nbval-check-output"]
class PlainLatentAttention(PlainAttention):
    """Keys and values that are expanded from one short latent; no positions."""

    def __init__(self, width, heads, size):
        super().__init__(width, heads)
        self.down, self.norm = nn.Linear(width, size, bias=False), RMSNorm(size, 1e-6)
        self.wk, self.wv = (nn.Linear(size, width, bias=False) for _ in range(2))

    def split(self, x):
        latent = self.norm(self.down(x))
        self.kept = (latent,)  # all that a cache would keep
        three = (self.wq(x), self.wk(latent), self.wv(latent))
        return [self.by_head(y) for y in three]


latent_layer, x = PlainLatentAttention(12, 3, size=5).double(), normal(2, 7, 12)
print("stream", tuple(x.shape), "-> to be added", tuple(latent_layer(x).shape))
print("numbers kept for a token:", numbers_kept(latent_layer, 2 * 7))

# %% [markdown] tags=["slide"]
# ### Absorption: attend to latents directly
#
# This form is called **naive**. It suits training, where each latent is expanded once for all
# queries. In decoding, all of them would be expanded again for every new token. But look at the score
# of one head:
#
# $$ q_t \cdot k_s = q_t \cdot \big(W^{\text{UK}} c^{\text{KV}}_s\big)
#    = \big((W^{\text{UK}})^{\top} q_t\big) \cdot c^{\text{KV}}_s $$
#
# Only the brackets have moved. On the right the *query* is taken into the space of latents,
# once, and meets the latents as they are in the cache. The output allows the same:
#
# $$ o_t = \sum_s a_{ts}\, W^{\text{UV}} c^{\text{KV}}_s
#    = W^{\text{UV}} \sum_s a_{ts}\, c^{\text{KV}}_s $$
#
# So mix the latents first, then expand the one mixture. No key or value is ever made. (In the paper
# $W^{\text{UK}}$ is **absorbed**: merged into the query's matrix once. Our code only changes the order
# of the products.)
#
# ![Two data flows for one new token and S kept latents, with V3's shapes. Naive: latents S by 512 are expanded to keys and values S by 128 by 128, which meet the query 128 by 128 and give shares 128 by S and the output. Absorbed: the query is multiplied to 128 by 512 and meets the latents; the mixture 128 by 512 is expanded to the output.](../figures/03_absorb.png)
#
# What you see: the shapes of V3. The large blocks on the left grow with the context, and on the
# right they are gone. The first cell moves the brackets
# with small numbers, the second one in our plain layer. There `einsum("bthk,hkc->bthc", ...)`
# multiplies two tensors and sums over the letters that are missing after the arrow, here `k`.

# %% tags=["nbval-check-output"]
W_UK = torch.tensor([[1.0, 2.0], [0.0, 1.0], [3.0, 0.0]])  # latent of 2 -> key of 3
latent, query = torch.tensor([1.0, -1.0]), torch.tensor([2.0, 1.0, 0.0])
key, moved = W_UK @ latent, W_UK.T @ query
print(f"expand the latent: key   {key.tolist()}, score {(query @ key).item():.0f}")
print(f"move the query:    query {moved.tolist()}, score {(moved @ latent).item():.0f}")


# %% tags=["slide", "nbval-check-output"]
def absorb_plainly(layer, x):
    """What a PlainLatentAttention returns, without making a key or a value."""
    T, K, latent = x.shape[1], layer.size, layer.norm(layer.down(x))
    up_k, up_v = (w.weight.unflatten(0, (-1, K)) for w in (layer.wk, layer.wv))
    q = layer.wq(x).unflatten(-1, (-1, K))
    q = torch.einsum("bthk,hkc->bthc", q, up_k)  # queries in the space of latents
    scores = torch.einsum("bthc,bsc->bhts", q, latent) * K**-0.5
    later = torch.ones(T, T, dtype=torch.bool).triu(1)
    shares = scores.masked_fill(later, -math.inf).softmax(-1)
    mixed = torch.einsum("bhts,bsc->bthc", shares, latent)  # one latent for each query
    y = torch.einsum("bthc,hyc->bthy", mixed, up_v)
    return layer.wo(y.flatten(2))


torch.testing.assert_close(absorb_plainly(latent_layer, x), latent_layer(x))
print("the same output from latents alone")

# %% [markdown]
# **A good place to stop.** You have absorption. What is missing is positions.
#
# ### Positions need a key of their own
#
# If RoPE turns the expanded keys, a rotation comes between the two matrices:
#
# $$ \operatorname{turn}_t(q_t) \cdot \operatorname{turn}_s\big(W^{\text{UK}} c^{\text{KV}}_s\big)
#    = \big( (W^{\text{UK}})^\top \operatorname{turn}_{t-s}(q_t) \big) \cdot c^{\text{KV}}_s $$
#
# The query in latent space now depends on the distance. The cell compares the query for distance 0
# with those for other distances. A cosine of 1 would mean that one query serves both:

# %% tags=["nbval-check-output", "hide-input"]
up = torch.sin(torch.arange(16 * 32).double()).view(16, 32)  # any W_UK will do
turned = rope_by_complex(
    torch.cos(torch.arange(16).double()).expand(8, 16), torch.arange(8), 100.0
)
needed = turned @ up  # one latent query for each distance
likeness = torch.cosine_similarity(needed[0], needed, dim=1)
for distance in (0, 1, 2, 4, 7):
    print(f"distance {distance}: cosine {likeness[distance]:+.2f}")

# %% [markdown] tags=["slide"]
# Each distance needs another query, so nothing can be absorbed. DeepSeek **decouples** positions.
# The expanded part of a key has none. Beside it is a short **rotary key**
# $k^{\text{R}}$ (64 numbers in V3), made from the stream, turned before it is kept, and shared by
# all heads. A score is the sum of two dot products:
#
# $$ \text{score}_{ts} = \big(q_t \cdot W^{\text{UK}} c^{\text{KV}}_s
#    + q^{\text{R}}_t \cdot k^{\text{R}}_s\big) / \sqrt{K + J} $$
#
# $K$ and $J$ are the widths of both parts, 128 and 64 in V3. The divisor is that of a naive key, also
# in the absorbed form.
#
# ![Four heads, each with a query of two parts, 128 and 64 numbers. The second parts of all heads are joined by lines to one rotary key of 64 numbers, drawn solid above them. The first part of each head is joined to a pale key below it; the pale keys and values are joined by dashed lines to one solid latent of 512 numbers.](../figures/03_latent.png)
#
# What you see: solid blocks are kept, 576 numbers for a token in V3. Pale ones are made only by the
# naive form. The latent layer needs two matrices more.
#
# Can such layers learn? The second cell puts each in the place of plain attention, and trains as in
# section 6. Guess first: which form suffers from keeping so little?


# %% tags=["slide"]
class PlainDecoupledAttention(PlainLatentAttention):
    """Keys of two parts: one from the latent, one with a position for all heads."""

    def __init__(self, width, heads, size, rotary):
        super().__init__(width, heads, size)
        self.wq_pe = nn.Linear(width, heads * rotary, bias=False)
        self.wk_pe, self.rotary = nn.Linear(width, rotary, bias=False), rotary

    def forward(self, x, turn):
        q, k, v = self.split(x)
        q_pe = turn(self.wq_pe(x).unflatten(-1, (-1, self.rotary)).transpose(1, 2))
        k_pe = turn(self.wk_pe(x)[:, None])  # (B, 1, T, J)
        self.kept += (k_pe,)
        q, k = torch.cat((q, q_pe), -1), torch.cat((k, k_pe.expand_as(q_pe)), -1)
        y = attend(q, k, v, q.shape[-1] ** -0.5)
        return self.wo(y.transpose(1, 2).flatten(2))


# %% tags=["slide"]
print(f"{'':22}kept  right")
print(f"{'MHA, section 6':22}{2 * 64:4}{seeing:7.0%}")
for name, make, sizes in (
    ("GQA, 2 KV heads", PlainGroupedAttention, (64, 4, 2)),
    ("MQA", PlainGroupedAttention, (64, 4, 1)),
    ("latent and rotary key", PlainDecoupledAttention, (64, 4, 16, 16)),
):
    torch.manual_seed(0)
    small = PlainTransformer(len(LETTERS))
    for block in small.blocks:
        block.attn = make(*sizes)
    learn(small, show=False)
    good = share_right(small)
    print(f"{name:22}{numbers_kept(block.attn, 500 * 12):4}{good:7.0%}")

# %% [markdown] tags=["slide"]
# What you see: the numbers that a layer keeps for a token, and the share of new words that are right.
# This task is easy, and one run of each cannot rank them. But heads can share keys here, and a latent
# with a rotary key is enough.
#
# The library calls the parts:
#
# | in the formulas | in the library | numbers |
# |---|---|---|
# | $q$, without a position | `q_nope` ("no position") | `K` |
# | $q^{\text{R}}$, turned | `q_pe` | `J` |
# | $c^{\text{KV}}$ and $k^{\text{R}}$, side by side | `latents` | `L` = `C` + `J` |
# | $W^{\text{UK}}$ and $W^{\text{UV}}$, the rows of each head | `weight` | `O` by `C` |
#
# Its naive form expands, then attends. The absorbed form is `absorb_plainly` plus the second dot
# product. Both pairs lie side by side, so a single product serves both:

# %%
# r1lib.model.attention.expand_latents
# r1lib.model.attention.naive_attention

# %% tags=["slide"]
# r1lib.model.attention.absorbed_attention

# %% [markdown]
# ### The whole layer
#
# V3 compresses its queries, too: down to 1,536 numbers, a norm, and up to all heads (eq. 6 to 9;
# `wq_a`, `q_norm`, `wq_b`). This does not shrink the cache. It saves weights and, in training, the
# memory of what the backward pass needs (V2, section 2.1.2). Our tiny model has only `wq`.
#
# `cache.write` stores the new latents and returns all that are kept. It also expects values, and
# `latents[..., :0]` gives it none. The lines after it choose a form. For a long prompt it is
# naive: many queries share each expanded latent. For few tokens, in our model fewer than 54, it is
# absorbed (`crossover`, folded text below).

# %% tags=["slide"]
# r1lib.model.attention.MultiHeadLatentAttention

# %% tags=["slide", "nbval-check-output"]
attn = copy.deepcopy(model.layers[2].attn).double()
h, rope = normal(8, 40, c.d_model), rope_at(model.rope, 40).double()
with torch.no_grad():
    queries, latents = attn.queries(h, rope), attn.latents(h, rope)
    rest = (latents, attn.wkv_b.weight, attn.scale)
    naive = naive_attention(*queries, *rest)
    absorbed = absorbed_attention(*queries, *rest)
    last = absorbed_attention(*(q[:, -1:] for q in queries), *rest)
torch.testing.assert_close(absorbed, naive, rtol=1e-10, atol=1e-10)
torch.testing.assert_close(last, naive[:, :, -1:], rtol=1e-10, atol=1e-10)
print("naive equals absorbed to ten digits, for a prompt and for one new token")

# %% [markdown] tags=["slide"]
# ### What it saves: memory, then time
#
# The cache of some well-known models, from the sizes in their published `config.json`, with two
# bytes for each number (the format bfloat16):


# %% tags=["slide"]
NUMBERS = {  # layers * what one layer keeps for a token
    "DeepSeek-V3, R1 (MLA)": 61 * (512 + 64),
    "V3's size with MHA, 128 heads": 61 * 2 * 128 * 128,
    "V3's size with GQA, 8 KV heads": 61 * 2 * 8 * 128,
    "DeepSeek-V2-Lite (MLA)": 27 * (512 + 64),
    "Llama-3.1-405B (GQA, 8 KV heads)": 126 * 2 * 8 * 128,
    "Qwen2.5-72B (GQA, 8 KV heads)": 80 * 2 * 8 * 128,
    "Llama-3.1-8B (GQA, 8 KV heads)": 32 * 2 * 8 * 128,
    "Qwen3-0.6B (GQA, 8 KV heads)": 28 * 2 * 8 * 128,
    "GPT-2 XL (MHA, 25 heads)": 48 * 2 * 25 * 64,
    "our tiny model (MLA)": cache_numbers(c),
}
bytes_a_token = {name: 2 * numbers for name, numbers in NUMBERS.items()}
for name in list(NUMBERS)[:3]:
    answer = 32_768 * bytes_a_token[name] / 2**30
    print(f"{name:30} {answer:5.1f} GiB for one answer of 32,768 tokens")
plots.log_bars(bytes_a_token, "bytes of cache for a token (bfloat16)", "(MLA)")

# %% [markdown]
# What you see: bytes for one token on a logarithmic scale, MLA hatched. V3, with 671
# billion parameters, keeps less for a token than Qwen3 with 0.6 billion. With MHA one
# long answer would need more than the 80 GB of an H800, the GPU of V3's training.
#
# And time? `python -m results.attention` measured the attention of one decoding step on one core:
# 16 heads of width 64. GQA with 4 KV heads keeps 512 numbers for a token, and MLA 288 (latent 256,
# rotary key 32). Guess first: which form is fastest after 8,000 tokens, and which slowest?

# %% tags=["hide-input"]
measured = json.loads((RESULTS / "attention.json").read_text(encoding="utf-8"))
NAMES = {"GQA": "GQA, 4 KV heads", "MLA, expanded cache": "MLA, keys and values kept"}
NAMES |= {"MLA, expanding anew": "MLA, naive"}
times = {}
for context, row in measured["decode"].items():
    for kind, numbers in row.items():
        ratio = median(numbers["times_mha"])  # of three seeds
        times.setdefault(NAMES.get(kind, kind), []).append((int(context), ratio))
panels = {"Time of one decoding step (MHA = 1)": times}
plots.curves(panels, "tokens in the cache", "times MHA", log="xy")

# %% [markdown]
# What you see: the time of a step relative to MHA with as many tokens in the cache.
#
# - *MLA, naive* is the slowest by far: for each new token it expands every kept latent again.
# - *MLA, keys and values kept* expands each latent once, and its cache is even larger than MHA's.
# - *MLA, absorbed* pays a fixed price to move the query. It loses against MHA in short contexts
#   (unfairly: MHA's projections are not timed). It wins in long ones, where it reads fewer numbers
#   from memory.
# - *GQA* wins at every length.
#
# Absorption gains more where reading the cache dominates a step, as it can on a GPU.
#
# ### Then why not GQA?
#
# Here it is faster because it multiplies less. For each head and kept token, GQA needs $K + Y$
# multiplications, here 128. Absorbed attention needs $2C + J$, here 544. It trades arithmetic for
# memory: V3 with 8 KV heads would need 3.6 times the cache.
#
# The other reason is quality. In DeepSeek's comparisons GQA and MQA did worse than MHA, and MLA did
# better than MHA (V2, appendices D.1 and D.2). So MLA, not the fastest form here, aims at the
# quality of MHA with a far smaller cache.
#
# <details><summary>What was timed, and what a GPU would gain</summary>
#
# The projections from and to the stream are not timed. For *keys and values kept*, expanding the
# new token is not timed either. Moving the query is timed, so short contexts are unfair to
# *absorbed*.
#
# All heads share one latent. In V3 absorbed attention reads 576 numbers for a token and layer, and
# expanded keys and values would be 40,960. So it gains most where memory traffic takes most of the
# time.
#
# With expanded keys and values in the cache, each head has its own copy of the rotary numbers. So
# that cache is larger than the one of MHA.
#
# </details>
#
# <details><summary>Which form multiplies less, and where they change places</summary>
#
# One head has $n$ new queries and $S$ kept tokens, the new ones among them:
#
# | | expand | scores and mixtures |
# |---|---|---|
# | naive | each kept token: $S \cdot C(K + Y)$ | $nS \cdot (K + J + Y)$ |
# | absorbed | each query: $n \cdot C(K + Y)$ | $nS \cdot (2C + J)$ |
#
# For a prompt that is read at once, $S = n$. Both forms expand equally often, so naive attention
# is cheaper at every length. In V3 its scores and mixtures need 320 multiplications for each pair of
# tokens, and those of absorbed attention 1,088, which is 3.4 times as many. For one new token after
# many, naive attention expands everything again, and absorbed attention is far cheaper. In between,
# both rows are equal at
#
# $$ \frac{1}{n} = \frac{1}{S} + \frac{1}{X}, \qquad X = \frac{C\,(K + Y)}{2C - K - Y} $$
#
# $X$ is the limit for a long cache, called `crossover` in the code:
# $512 \cdot 256 / (1024 - 256) \approx 171$ in V3. `forward` uses a simple rule: with a cache and
# fewer than $X$ tokens, it absorbs. When tokens are written, that is right. A short prompt then
# costs a few more multiplications than it must.
#
# </details>

# %% [markdown] tags=["slide"]
# ## 9. The model, assembled
#
# Compare DeepSeek's block and transformer with the plain ones of section 6: the same lines, plus a
# cache, padding, and other layers to choose. In most blocks the feed-forward layer is a choice of
# several small ones, the experts of chapter 04 (`MoE`).
#
# Some names are new. `hidden` is the stream after the last norm. The MTP module predicts one token
# further (chapter 05). `real` is true where a token is not padding. `Cache` has one `LayerCache` for
# each layer. `draw_weights` draws the weights before training. `rope_of` makes a table of angles,
# `rope_at` takes its rows, and `register_buffer` keeps it beside the weights.
#
# In `LayerCache`, `*heads, width` splits a shape: (8, 64) is 8 heads of width 64. The latents' shape
# (576,) has no heads.

# %% tags=["slide"]
# r1lib.model.attention.LayerCache
# r1lib.model.transformer.Block

# %% tags=["slide"]
# r1lib.model.transformer.Transformer

# %% [markdown]
# `Transformer` is now the class above. It loads the trained weights and continues the prompt. Guess
# first: which part holds most of the weights?

# %% tags=["slide", "nbval-check-output"]
mine = Transformer(c)
mine.load_state_dict(model.state_dict())
mine.eval()
with torch.no_grad():
    assert torch.equal(mine(ids), logits)
print(f"{sum(p.numel() for p in mine.parameters()):,} weights loaded, same logits")
for name, part in mine.named_children():
    print(f"    {name:8}{sum(p.numel() for p in part.parameters()):>8,}")
start = prompt + tokenizer.encode("<think>", allow_special=True)
new, _ = write_with_cache(mine, start, 27)
print(tokenizer.decode(start + new[: new.index(EOS) + 1]))

# %% [markdown]
# The blocks hold most of the weights. The MTP module, which writing does not use, is in the file,
# too.
#
# ### The order of the pairs is a trap
#
# Loading a checkpoint, a file of weights, has a trap: which numbers of a rotary key form a pair?
# DeepSeek's checkpoints pair neighbours, (0, 1), (2, 3), and so on. Hugging Face's files of Llama and
# Qwen pair each number of the first half with one of the second. A model that was trained with one
# layout writes nonsense with the other, and nothing raises an error. `to_halves` reorders one into
# the other.
#
# The library reads cosines and sines from a table, with a row for each of `P` positions and a column
# for each of `R` pairs. `apply_rope` takes neighbours apart into even and odd places, and returns
# all turned even ones before the odd ones. Queries and keys are reordered alike, so no score
# changes.

# %%
# r1lib.model.layers.apply_rope

# %% tags=["nbval-check-output"]
x = normal(1, 7, 3, 10)  # B T H K
tables = angle_tables(7, rope_frequencies(10, 100.0).double())[:, None]
turned = apply_rope(x, tables)
same = torch.allclose(turned, to_halves(turn(x.transpose(1, 2)).transpose(1, 2)))
print("tables agree with complex numbers:  ", same)
in_halves = apply_rope_half(to_halves(x), tables)
print("both layouts agree after reordering:", torch.equal(in_halves, turned))
print("and without:", torch.allclose(apply_rope_half(x, tables), turned))

# %% [markdown] tags=["slide"]
# **A good place to stop.** The model is whole. What follows is about writing with it.
#
# ## 10. From logits to text
#
# Which token is written? There are four common settings.
#
# - **Temperature** $\tau$ divides all logits. Below 1 likely tokens become likelier still. At 0
#   only the best is left, which is called *greedy*. Above 1 the probabilities become more equal.
# - **top-k** keeps the $k$ likeliest tokens. A fixed number is too many where the model is
#   sure, and too few where it is not.
# - **top-p** keeps the smallest set of tokens that has a share $p$ of the probability (arXiv
#   1904.09751). The set is large at high temperatures.
# - **min-p** keeps tokens at least $p$ times as likely as the best (arXiv 2407.01082).
#
# ![Bars with the probabilities of six tokens, where the model is sure (0.91, 0.04, 0.02, then 0.01 three times) and where it is unsure (0.25, 0.22, 0.20, 0.15, 0.10, 0.08). Filled boxes show the tokens that are kept. Sure: top-k of 3 keeps three, top-p of 0.9 one, min-p of 0.1 one. Unsure: three, five and six.](../figures/03_filters.png)
#
# What you see: top-k keeps three tokens in either case. The other two filters adapt.

# %%
# r1lib.sampling.keep_top_k
# r1lib.sampling.keep_top_p
# r1lib.sampling.keep_min_p

# %% [markdown]
# To **draw** a token, lay the probabilities end to end on a line. A random number that is
# uniform over the whole length falls on one of them. With 0.5, 0.3 and 0.2 the running sum
# is 0.5, 0.8, 1.0. The number 0.61 lies between the first two, so it draws the second token.


# %% tags=["slide"]
def pick(logits, temperature=1.0, top_p=1.0, dice=None):
    """Draw one token for each row of logits (B, V)."""
    if temperature == 0:
        return logits.argmax(-1)
    logp = (logits / temperature).log_softmax(-1)
    edges = keep_top_p(logp, top_p).exp().cumsum(-1, dtype=torch.float64)
    point = torch.rand(len(logits), 1, dtype=torch.float64, generator=dice)
    return (edges <= point * edges[:, -1:]).sum(-1)  # how many tokens end before it


seeds = [torch.Generator().manual_seed(5) for _ in range(2)]
one = pick(logits[0], 1.5, 0.9, seeds[0])
assert torch.equal(one, sample_token(logits[0], 1.5, 0.9, seeds[1])[0])

# %% [markdown]
# The library's `sample_token` draws the same tokens. It also returns their log-probabilities without
# filters. Reinforcement learning needs these, and it draws without filters: a token that never passes
# a filter can never be corrected.
#
# ### Many prompts at once: `generate`
#
# Prompts of different lengths share a batch. Shorter ones are padded on the **left**, so that all
# rows write into the same column. A mask hides the padding, and positions count from the first real
# token of a row. With two prompts:
#
# ```
# ids          [[PAD, a, b],   [c, d, e]]
# real         [[0, 1, 1],     [1, 1, 1]]
# places       [[0, 0, 1],     [0, 1, 2]]
# first pass   feeds three columns, draws x and y
# next pass    feeds one column: x at place 2, y at place 3
# ```
#
# The first pass, **prefill**, reads the prompts. **Decoding** then feeds one token for each row:


# %% tags=["slide"]
@torch.no_grad()
def generate_plainly(model, prompts, n, **how):
    """n tokens after each prompt, all rows at once; `pick` draws as `how` says."""
    width = max(map(len, prompts))
    ids = torch.tensor([[PAD] * (width - len(p)) + p for p in prompts])
    cache = model.new_cache(len(prompts), width + n)
    for _ in range(n):
        start, S, real = cache.length, ids.shape[1], ids != PAD
        places = (real.cumsum(1) - 1).clamp(min=0)[:, start:]
        mask = real[:, None].expand(-1, S, -1).tril() | torch.eye(S, dtype=torch.bool)
        mask = mask[:, None, start:]  # a pad sees itself, so that no row is empty
        logits = model(ids[:, start:], cache, positions=places, attn_mask=mask)
        cache.length = S
        ids = torch.cat((ids, pick(logits[:, -1], **how)[:, None]), dim=1)
    return ids[:, width:].tolist()


# %% tags=["slide", "nbval-check-output"]
def until_end(row):
    return row[: row.index(EOS) + 1] if EOS in row else row


questions = ("compute ((17+5)*2)-8", "numbers=3,7,8 target=35")
think = tokenizer.encode("<think>", allow_special=True)
starts = [tokenizer.prompt(question) + think for question in questions]
rows = [until_end(row) for row in generate_plainly(mine, starts, 60, temperature=0)]
alone = [until_end(write_plainly(model, ids, 60)[0]) for ids in starts]
greedy = {"max_new_tokens": 60, "temperature": 0.0, "stop_ids": (EOS,)}
assert rows == alone == [done.ids for done in generate(mine, starts, **greedy)]
for question, row in zip(questions, rows, strict=True):
    print(f"{question}\n<think>{tokenizer.decode(row)}\n")
print("batched, alone and by the library: the same tokens")

# %% [markdown]
# The library's `generate` also returns log-probabilities. It reads a prompt once for several
# completions, and finished rows leave the batch ([r1lib/sampling.py](../r1lib/sampling.py)).
#
# ### What the settings do
#
# *One* token at the beginning decides whether our base thinks, and one bad token spoils a sum. We ask
# 96 problems of the `valid` split, four samples each, and count right answers and samples that
# contain `<think>`:

# %% tags=["slide", "hide-input"]
problems = pipeline.held_out(48, "valid")
asked = [p for p in problems for _ in range(4)]
frames = [tokenizer.prompt(p.prompt) for p in problems]
print(f"{'':26}{'right':>7}{'+-':>6}{'thinks':>9}")
for name, how in (
    ("temperature 0 (greedy)", {"temperature": 0.0}),
    ("temperature 0.6, top-p .95", {"temperature": 0.6, "top_p": 0.95}),
    ("temperature 1", {}),
    ("temperature 1.5", {"temperature": 1.5}),
    ("temperature 1.5, top-k 5", {"temperature": 1.5, "top_k": 5}),
    ("temperature 1.5, top-p .9", {"temperature": 1.5, "top_p": 0.9}),
    ("temperature 1.5, min-p .2", {"temperature": 1.5, "min_p": 0.2}),
):
    how = {"generator": torch.Generator().manual_seed(0), **how}
    how |= {"max_new_tokens": 96, "stop_ids": (EOS,), "repeat": 4}
    texts = [to_text(tokenizer, done) for done in generate(mine, frames, **how)]
    right = [p.check(text) for p, text in zip(asked, texts, strict=True)]
    each = [fmean(right[i : i + 4]) for i in range(0, len(right), 4)]
    error = 2 * stdev(each) / len(each) ** 0.5  # two standard errors of the mean
    thinks = fmean("<think>" in text for text in texts)
    print(f"{name:26}{fmean(each):7.0%}{error:6.0%}{thinks:9.0%}")

# %% [markdown] tags=["slide"]
# What you see: right answers, two standard errors over the 96 problems (the four samples of each
# averaged first), and samples that think.
#
# Greedy decoding never thinks, because the likeliest *first* token of this base begins a guess. A high
# temperature makes thinking more frequent, and spoils sums. A strict filter leaves the first choice
# open, and removes bad tokens from the sums, where the model is sure. Compare the row of min-p with
# that of temperature 1.5 alone. The errors are too large to rank most of the others.
#
# R1's authors recommend 0.6, and evaluated R1 with it and top-p 0.95 (README of its repository).
#
# ### Try it: turn the dials
#
# The bars are our base's probabilities of the next token, after temperature and top-p. Move the
# sliders. Then type `<think>17+5=` as the beginning of the answer and press Enter: inside a sum, one
# token has nearly everything.
#
# With an empty `answer`, at which temperature does `<think>` become likelier than `<answer>`?
#
# <details><summary>Answer</summary>At none. All logits are divided by the same number, so their
# order stays. A high temperature only brings the bars closer together.</details>

# %%
interactive.next_token("base-tiny", "compute ((17+5)*2)-8")

# %% [markdown] tags=["slide"]
# ## 11. Longer than training: YaRN
#
# *You may skip this section at first reading.* DeepSeek-V3 was pre-trained on texts of 4,096
# tokens. In two further phases of 1,000 steps each it learned to read 128K (V3, section 4.3). Its
# factor is 40, which leaves room: 40 * 4,096 is 160K.
#
# A fast rotary pair turns many times in 4,096 tokens, so the model has seen each of its angles.
# A slow pair that makes a quarter turn in training meets new angles from position 4,096 on.
# So slow pairs are slowed down until the new length fits into the old angles. Slowing *all* pairs
# would blur neighbours. **YaRN** (section 3 of its paper) counts turns within
# the training length: 32 or more, keep; one or fewer, divide by the factor; in between, a ramp.
#
# Among 40 times as many keys a softmax is flatter. So YaRN also multiplies queries and keys by
# $0.1 \ln 40 + 1 = 1.37$. DeepSeek puts the square, 1.87, into the scale (`softmax_scale`).


# %% tags=["slide"]
def slow_down(frequency, factor, length, many=32, few=1):
    """YaRN: keep pairs that turn `many` times, slow those that turn `few` times."""
    turns = length * frequency / (2 * math.pi)  # fewer with each pair
    low, high = (turns >= many).sum() - 1, (turns > few).sum()  # where the ramp is
    ramp = ((torch.arange(len(turns)) - low) / (high - low)).clamp(0, 1)
    return frequency * (1 - ramp) + frequency / factor * ramp


# %% tags=["nbval-check-output", "hide-input"]
usual = rope_frequencies(64, 10_000.0)  # the rotary key of V3
slowed = slow_down(usual, 40.0, 4096)
torch.testing.assert_close(slowed, yarn_frequencies(64, 10_000.0, 40.0, 4096))
turns, slower = 4096 * usual / (2 * math.pi), usual / slowed
kept, full = (slower < 1.0001).sum(), (slower > 39.999).sum()
print(f"pairs kept as they are: {kept} of 32, slowed down 40 times: {full}")
scale = softmax_scale(PRESETS["deepseek-v3"])
assert math.isclose(scale, 192**-0.5 * yarn_mscale(40.0) ** 2)
print(f"softmax scale: {192**-0.5:.3f} -> {scale:.3f}")
axes = ("turns within 4,096 tokens", "times slower")
line = {"DeepSeek-V3": list(zip(turns.tolist(), slower.tolist(), strict=True))}
plots.curves({"How much YaRN slows each pair down": line}, *axes, log="xy")

# %% [markdown] tags=["slide"]
# What you see: a line through all 32 pairs, with a mark at every second one; the fast pairs
# are on the right. The left plateau is 40.
#
# ## 12. Where the tiny model looks
#
# *You may skip this section at first reading.* In a tape, the token after each `=` must be
# the result of the three tokens before it: first number, operator, second number. (In a check,
# the operator is `~`, the distance: `18~10=8`.) When the model is at `=`, where do its 16 heads
# look? A head may look at a token and pass nothing on. So we also **remove** each head: its columns
# of the output matrix `wo` become zero. How likely are the right results then?


# %% tags=["hide-input"]
def worked(n, seed=3):
    """The thinking of n flawless solutions as padded ids; (row, place) of each `=`."""
    clean = corpus.Habits(slip=0.0, false_yes=0.0, false_no=0.0, switch=0.0)
    equals, rng, rows, at = tokenizer.encode("=")[0], random.Random(seed), [], []
    for i in range(n):
        problem = (arithmetic, countdown)[i % 2].sample(rng, "easy", "en")
        start = tokenizer.prompt(problem.prompt)
        solution = corpus.trace(rng, problem, "short", clean).split("</think>")[0]
        row = start + tokenizer.encode(solution, allow_special=True)
        at += [(i, t) for t in range(len(start), len(row)) if row[t] == equals]
        rows.append(row)
    width = max(map(len, rows))
    return torch.tensor([row + [PAD] * (width - len(row)) for row in rows]), at


@torch.no_grad()
def attention_maps(model, ids):
    """(layers, B, heads, T, T): the shares of a batch."""
    x, T, maps = model.embed(ids), ids.shape[1], []
    rope, later = rope_at(model.rope, T), torch.ones(T, T, dtype=torch.bool).triu(1)
    for block in model.layers:
        attn, h = block.attn, block.attn_norm(x)
        q = torch.cat(attn.queries(h, rope), dim=-1)
        given = (attn.latents(h, rope), attn.wkv_b.weight, attn.n_heads, attn.nope)
        scores = torch.einsum("bthk,bshk->bhts", q, expand_latents(*given)[0])
        maps.append((scores * attn.scale).masked_fill(later, -math.inf).softmax(-1))
        x = block(x, rope)
    return torch.stack(maps)


# %% tags=["slide", "hide-input"]
@torch.no_grad()
def chance_of_results(model):
    """Mean probability of the right result after `=`."""
    logprobs = token_logprobs(model(solutions), solutions)
    return fmean(logprobs[row, t + 1].exp().item() for row, t in at)


def without(layer, head):
    """A copy of the model with one head removed."""
    weaker = copy.deepcopy(mine)
    columns = slice(head * c.v_head_dim, (head + 1) * c.v_head_dim)
    weaker.layers[layer].attn.wo.weight.data[:, columns] = 0
    return weaker


solutions, at = worked(64)
maps, whole = attention_maps(mine, solutions), chance_of_results(mine)
heads, table = [], []
for i in range(c.n_layers):
    for h in range(c.n_heads):
        looks = torch.stack([maps[i, row, h, t, t - 3 : t] for row, t in at]).mean(0)
        heads.append(f"{i}.{h}")
        table.append([*looks.tolist(), whole - chance_of_results(without(i, h))])
assert max(row[3] for row in table) > 0.1
tilde = tokenizer.encode("~")[0]
distances = sum(int(solutions[row, t - 2] == tilde) for row, t in at)
print(f"{len(at) - distances} sums and {distances} distances", end=", ")
print(f"probability of the right result: {whole:.2f}")
rows = ["to first number", "to operator", "to second number", "lost without it"]
table = [list(column) for column in zip(*table, strict=True)]
plots.heatmaps({"Attention from =": table}, rows, heads, "block.head")

# %% [markdown]
# What you see: a column for each head. Three rows show how much of its attention goes from
# `=` to the three tokens before it. The last shows no attention, but what the right
# result loses without the head.
#
# Three heads of the first block share the work: two look at the numbers, and one at the operator.
# Without any one of them the right result becomes unlikely. Some other heads look at the operator,
# too, but hardly anything is lost without them.
#
# ## 13. What this does not show
#
# The reversing task shows that each form can learn, not which is better. The times are those of one
# processor. The division of work in section 12 was found in one small model.
#
# ## Summary
#
# | | keeps for a token and layer | numbers, V3's heads | best for |
# |---|---|---|---|
# | MHA | key and value of each head | 32,768 | a baseline |
# | GQA, 8 KV heads | key and value of each group | 2,048 | simple and fast |
# | MLA, naive | latent and rotary key, expanded when read | 576 | training, reading prompts |
# | MLA, absorbed | latent and rotary key, read as they are | 576 | writing |
#
# - A block adds to the residual stream twice. RMSNorm keeps the direction, then applies weights.
# - Rotary positions make scores depend on distances. A checkpoint fixes the order of the pairs.
# - The KV cache turns repeated work into memory. GQA shares keys, MLA keeps a latent, and
#   absorption reads latents without making a key.
# - Prefill reads prompts, padded on the left. Decoding draws and feeds one token for each row.
#
# ## Questions
#
# 1. Why may RMSNorm be applied to the latent before it is kept, but RoPE not to the
#    expanded key?
#
#    <details><summary>Answer</summary>The norm depends on the latent alone, so its result can
#    be kept. A rotation of the expanded key would come between the two matrices that
#    absorption merges, and the merged query would depend on the distance to each key.</details>
#
# 2. A service reads prompts of 30,000 tokens and writes answers of ten. Would you use
#    absorbed attention throughout?
#
#    <details><summary>Answer</summary>No. In the prompt all queries come at once and each
#    latent is expanded a single time. Absorbed attention would need about 3.4 times as many
#    multiplications (folded text of section 8). It is for the ten tokens after it.</details>
#
# 3. A friend's model trains well with the half layout of Hugging Face's Llama. Loaded into
#    another program it writes nonsense. Which two things would you check first, and how?
#
#    <details><summary>Answer</summary>The order of rotary pairs and the frequencies
#    (theta, YaRN or Llama scaling). Compare the logits of one prompt with those of the original
#    program. Where position 0 agrees and later ones drift apart, positions are wrong.</details>
#
# ## Exercises
#
# Fill in the function, run it, then the check. Solutions: `solutions/03_transformer.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 3.1** (easy, 5 min) A bad norm. A program contains this line:
# `return x / x.square().sum(-1, keepdim=True).sqrt() * weight`. It is meant to be RMSNorm
# of `x` (..., D). Two things are wrong. Fix them.
#
# <details><summary>Hint 1</summary>A vector of length 1 in 100 dimensions has very small
# numbers. Is that what section 2 asks for?</details>
#
# <details><summary>Hint 2</summary>Root *mean* square. And what happens to a vector of
# zeros?</details>


# %% tags=["exercise"]
def mended_norm(x, weight, eps=1e-6):
    """RMSNorm: [3, 4] with weights 1 has mean square 12.5 and becomes [0.85, 1.13]."""
    # BEGIN SOLUTION
    return x / (x.square().mean(-1, keepdim=True) + eps).sqrt() * weight
    # END SOLUTION


# %% tags=["check"]
checks.ex_3_1(mended_norm)

# %% [markdown] tags=["exercise-text"]
# **Exercise 3.2** (medium, 25 min) Write attention. You get queries `q` (B, H, T, K), keys `k`
# (B, H, S, K) and values `v` (B, H, S, Y). The T queries are the last T of the S tokens, and none
# sees a later one. Return the mixtures (B, H, T, Y), with scores divided by $\sqrt{K}$. Use
# neither a loop nor `scaled_dot_product_attention`.
#
# <details><summary>Hint 1</summary>`q @ k.transpose(-1, -2)` is the table of all scores,
# (B, H, T, S). Which axis holds the keys that one query compares?</details>
#
# <details><summary>Hint 2</summary>Write minus infinity where a query may not look, before the
# softmax. With T = S these places are `triu(1)` of a table of ones. With fewer queries the
# diagonal moves to the right by S - T.</details>


# %% tags=["exercise"]
def my_attend(q, k, v):
    """One head, q and k all 0, v = [[1.0], [3.0]] -> [[1.0], [2.0]]."""
    # BEGIN SOLUTION
    T, S, K = q.shape[2], k.shape[2], k.shape[3]
    later = torch.ones(T, S, dtype=torch.bool).triu(S - T + 1)
    scores = (q @ k.transpose(-1, -2)) / K**0.5
    return scores.masked_fill(later, -math.inf).softmax(-1) @ v
    # END SOLUTION


# %% tags=["check"]
checks.ex_3_2(my_attend)

# %% [markdown] tags=["exercise-text"]
# **Exercise 3.3** (medium, 25 min) Find three bugs. This function prepares the first pass over a
# batch of prompts. Then the program calls `model(ids, positions=places, attn_mask=mask)`, and reads
# the logits in the last column.
#
# ```
# def first_pass(prompts, pad):
#     width = max(map(len, prompts))
#     ids = torch.tensor([p + [pad] * (width - len(p)) for p in prompts])
#     places = torch.arange(width).expand(len(prompts), -1)
#     mask = torch.ones(width, width, dtype=torch.bool).tril()
#     return ids, places, mask.expand(len(prompts), 1, -1, -1)
# ```
#
# Prompts of equal length get the logits that they get alone. Of two different lengths, the shorter
# one gets nonsense, and nothing raises an error. Mend it. When the first bug is gone, two others
# begin to matter. `ids` and `places` are (B, T), and `mask` is (B, 1, T, T), true where a token is
# seen.
#
# <details><summary>Hint 1</summary>Write down all three tensors for the prompts [5] and [6, 7]. What
# is in the last column of the short one? Then ask for each real token: at which place is it, and
# what does it see?</details>
#
# <details><summary>Hint 2</summary>With the padding on the left, `ids != pad` is true for real
# tokens. Its running sum gives their places. The same table, as columns of the mask, hides the
# padding. But a row of a mask must not be empty.</details>


# %% tags=["exercise"]
def first_pass(prompts, pad):
    """(ids, places, mask): [[5], [6, 7]] and pad 0 -> ids [[0, 5], [6, 7]], places
    [[0, 0], [0, 1]], and the mask of the first prompt lets 5 see only itself."""
    # BEGIN SOLUTION
    width = max(map(len, prompts))
    ids = torch.tensor([[pad] * (width - len(p)) + p for p in prompts])
    real = ids != pad
    places = (real.cumsum(1) - 1).clamp(min=0)
    seen = real[:, None].expand(-1, width, -1).tril()
    mask = seen | torch.eye(width, dtype=torch.bool)
    return ids, places, mask[:, None]
    # END SOLUTION


# %% tags=["check"]
checks.ex_3_3(first_pass)

# %% [markdown] tags=["exercise-text"]
# **Exercise 3.4** (medium, 20 min) A block from its parts. Given the stream `x` (B, T, D), the
# number of heads and a dictionary `w` of weights, return the stream after one block: attention,
# then SwiGLU. Each reads a normed copy, and each is added. There are no positions.
#
# The norms `attn_norm` and `ffn_norm` have D weights. The matrices `wq`, `wk`, `wv` and `wo` are
# (D, D), `w_gate` and `w_up` are (F, D), and `w_down` is (D, F). Each is used as `y @ matrix.T`. Call
# `rms_norm(y, weight, 1e-6)`, `attend(q, k, v, scale)` and `swiglu(gate, up)`. Try it without
# looking at `PlainBlock`.
#
# <details><summary>Hint 1</summary>`y.view(B, T, heads, -1).transpose(1, 2)` gives each head its
# numbers, (B, H, T, K). The scale is one over the root of K.</details>
#
# <details><summary>Hint 2</summary>Before `wo` the heads come back beside each other: transpose
# again, then reshape to (B, T, D). The second layer reads the stream *after* the first was
# added.</details>


# %% tags=["exercise"]
def my_block(x, w, heads):
    """The stream after one block: with all weights 0 it is x itself."""
    # BEGIN SOLUTION
    B, T, D = x.shape
    y = rms_norm(x, w["attn_norm"], 1e-6)
    q, k, v = (
        (y @ w[name].T).view(B, T, heads, -1).transpose(1, 2)
        for name in ("wq", "wk", "wv")
    )
    y = attend(q, k, v, (D // heads) ** -0.5)
    x = x + y.transpose(1, 2).reshape(B, T, D) @ w["wo"].T
    y = rms_norm(x, w["ffn_norm"], 1e-6)
    return x + swiglu(y @ w["w_gate"].T, y @ w["w_up"].T) @ w["w_down"].T
    # END SOLUTION


# %% tags=["check"]
checks.ex_3_4(my_block)

# %% [markdown] tags=["exercise-text"]
# **Exercise 3.5** (medium, 40 min) Break the mask, an open experiment. Some models let a token
# see only itself and the `window - 1` tokens before it, so that the cache need not grow.
# Return this mask (T, S), true where query t may see key s. The T queries are the last T of the
# S tokens.
#
# Then predict, and run. Our model was trained without a window. The cell after the check has
# `chances`, which runs it with your mask on flawless solutions. Try windows of 4, 8, 16 and 32. In
# which do the right results after `=` begin to suffer? Are sums and distances hurt alike?
#
# <details><summary>Hint 1</summary>Write the place of each query, `S - T + t`, as a
# column and the place of each key as a row, and compare them.</details>
#
# <details><summary>Hint 2</summary>A query may see the keys from its own place back to `window - 1`
# places earlier. For the prediction: in four blocks information can travel back $4(w - 1)$
# tokens.</details>
#
# <details><summary>What we saw</summary>Windows of 16 and more cost very little. With 4, the
# right results of sums become a little less likely, and distances lose several times as
# much.</details>


# %% tags=["exercise"]
def window_mask(T, S, window):
    """True where a query may see a key: (1, 3, 2) -> [[False, True, True]]."""
    # BEGIN SOLUTION
    query = torch.arange(S - T, S)[:, None]
    key = torch.arange(S)
    return (key <= query) & (key > query - window)
    # END SOLUTION


# %% tags=["check"]
checks.ex_3_5(window_mask)


# %%
def chances(window=None, problems=32):
    """Mean probability of the right result of a sum, and of a distance (`~`)."""
    clean = corpus.Habits(slip=0.0, false_yes=0.0, false_no=0.0, switch=0.0)
    rng, found = random.Random(3), {"sums": [], "distances": []}
    for i in range(problems):
        problem = (arithmetic, countdown)[i % 2].sample(rng, "easy", "en")
        solved = corpus.trace(rng, problem, "short", clean).split("</think>")[0]
        asked = tokenizer.prompt(problem.prompt)
        row = asked + tokenizer.encode(solved, allow_special=True)
        mask = window_mask(len(row), len(row), window)[None, None] if window else None
        with torch.no_grad():
            logits = model(torch.tensor([row]), attn_mask=mask)
        chance = token_logprobs(logits, torch.tensor([row]))[0].exp().tolist()
        names = [tokenizer.decode([i]) for i in row]
        for t in range(len(asked), len(row) - 1):
            if names[t] == "=":
                kind = "distances" if names[t - 2] == "~" else "sums"
                found[kind].append(chance[t + 1])
    return {kind: round(fmean(each), 2) for kind, each in found.items()}


print("no window:", chances())  # then, with your mask: chances(16)

# %% [markdown] tags=["exercise-text"]
# **Exercise 3.6** (hard, 30 min) Read the question once. Sixteen answers to one question
# begin with the same prompt. Given a prefix and N endings of one common length, return the
# logits (N, V) after each ending, and read the prefix only once.
#
# <details><summary>Hint 1</summary>`cache = model.new_cache(1, room)`, feed the prefix, and
# move `cache.length` on.</details>
#
# <details><summary>Hint 2</summary>`cache.select(torch.zeros(N, dtype=torch.long))` makes N
# rows of the one.</details>


# %% tags=["exercise"]
def after_prefix(model, prefix, endings):
    """Logits after prefix + ending: prefix [5, 6], endings [[7], [8]] -> (2, V)."""
    # BEGIN SOLUTION
    cache = model.new_cache(1, len(prefix) + len(endings[0]))
    model(torch.tensor([prefix]), cache)
    cache.length += len(prefix)
    cache.select(torch.zeros(len(endings), dtype=torch.long))
    return model(torch.tensor(endings), cache)[:, -1]
    # END SOLUTION


# %% tags=["check"]
checks.ex_3_6(after_prefix)

# %% [markdown] tags=["exercise-text"]
# **Exercise 3.7** (easy, 10 min) The bill of any model. Given the fields of a
# published `config.json` as a dictionary, return the bytes of cache for one token in
# bfloat16. Fields: `num_hidden_layers`, `num_attention_heads`,
# `num_key_value_heads`, `hidden_size`; sometimes `head_dim`; with MLA also
# `kv_lora_rank` and `qk_rope_head_dim`.
#
# <details><summary>Hint 1</summary>A key and a value for each head that is kept, in each
# layer, two bytes a number. A config with `kv_lora_rank` means MLA, whatever the other fields
# say.</details>
#
# <details><summary>Hint 2</summary>Where `head_dim` is missing it is `hidden_size /
# num_attention_heads`. With MLA a layer keeps `kv_lora_rank + qk_rope_head_dim`
# numbers.</details>


# %% tags=["exercise"]
def cache_bytes(config):
    """Bytes of KV cache for one token: 70,272 for DeepSeek-V3 (61 * 576 * 2)."""
    # BEGIN SOLUTION
    if "kv_lora_rank" in config:
        numbers = config["kv_lora_rank"] + config["qk_rope_head_dim"]
    else:
        width = config["hidden_size"] // config["num_attention_heads"]
        width = config.get("head_dim", width)
        numbers = 2 * config["num_key_value_heads"] * width
    return 2 * config["num_hidden_layers"] * numbers
    # END SOLUTION


# %% tags=["check"]
checks.ex_3_7(cache_bytes)

# %% [markdown] tags=["exercise-text"]
# **Exercise 3.8** (medium, 20 min) Top-p and a draw by hand. Given a list of probabilities, `p`,
# and a random number `u` from 0 to below 1, return the id of the drawn token. First keep the
# smallest set of likeliest tokens whose sum is at least `p`. Then lay the kept ones end to end,
# in the order of their ids, so that together they have the length 1. Use plain Python.
#
# Before you write it: which id do `[0.5, 0.3, 0.2]`, `p = 0.8` and `u = 0.6` give? And without
# the filter?
#
# <details><summary>Hint 1</summary>Sort the ids by probability, largest first, and take them
# until the sum of those taken reaches `p`.</details>
#
# <details><summary>Hint 2</summary>Instead of dividing all kept probabilities by their sum,
# multiply `u` by it. Then walk along the kept ids and subtract.</details>
#
# <details><summary>Answer to the question</summary>Id 0: the kept tokens have 0.8
# together, and 0.6 of 0.8 is 0.48, which is inside the first 0.5. Without the filter it is id 1,
# since 0.6 lies between 0.5 and 0.8.</details>


# %% tags=["exercise"]
def draw_top_p(probabilities, p, u):
    """The id of the drawn token: [0.2, 0.5, 0.3], p = 0.7, u = 0.65 -> 2."""
    # BEGIN SOLUTION
    kept, total = [], 0.0
    for i in sorted(range(len(probabilities)), key=lambda i: -probabilities[i]):
        if total >= p:
            break
        kept.append(i)
        total += probabilities[i]
    place = u * total
    for i in sorted(kept):
        if place < probabilities[i]:
            return i
        place -= probabilities[i]
    return max(kept)  # rounding
    # END SOLUTION


# %% tags=["check"]
checks.ex_3_8(draw_top_p)

# %% [markdown] tags=["exercise-text"]
# **Exercise 3.9** (medium, 20 min) Absorb everything. Leave the rotary part aside. The
# weights are `w_q` (H, K, D), `w_key` (H, K, C), `w_value` (H, Y, C) and the common `w_out`
# (D, H * Y). Two matrices per head remain. The first takes the stream straight to a latent
# query: (H, C, D). The second takes mixed latents straight to the output: (H, D, C). Return
# both. Then ask yourself why they are not stored like that.
#
# <details><summary>Hint 1</summary>The score is $(W_q x) \cdot (W_{key}\, c^{\text{KV}})$. Which
# matrix is between $x$ and $c^{\text{KV}}$?</details>
#
# <details><summary>Hint 2</summary>Two einsums; view `w_out` as (D, H, Y) first. For the
# last question compare C times D with K times (C + D), in V3's sizes.</details>
#
# <details><summary>Answer to the last question</summary>In V3 a head's merged query matrix has
# 512 * 7168 = 3.7 million numbers, and the two separate ones have 128 * (512 + 7168) = 1.0 million.
# With a compressed query (1,536) the saving is smaller.</details>


# %% tags=["exercise"]
def absorb(w_q, w_key, w_value, w_out):
    """(stream -> latent query, latent -> output): all sizes 1 with values 2, 3, 5, 7
    give 2 * 3 = 6 and 5 * 7 = 35."""
    # BEGIN SOLUTION
    H, Y, _ = w_value.shape
    into = torch.einsum("hkc,hkd->hcd", w_key, w_q)
    out = torch.einsum("dhv,hvc->hdc", w_out.view(-1, H, Y), w_value)
    return into, out
    # END SOLUTION


# %% tags=["check"]
checks.ex_3_9(absorb)
