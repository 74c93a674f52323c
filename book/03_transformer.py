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
# | You will build | the parts of a decoder: RMSNorm, SwiGLU, rotary positions and YaRN, attention with a cache, grouped queries, DeepSeek's multi-head latent attention in two forms that agree to ten digits, and the dice that turn logits into text |
# | You need | PyTorch tensors and matrix products; the idea of a token (chapter 02) and of a gradient |
# | Minutes to read | 55 |
# | Minutes to run | 1, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-V2 (arXiv 2405.04434), section 2.1; DeepSeek-V3 (arXiv 2412.19437), sections 2.1.1 and 4.3; RoFormer (2104.09864); YaRN (2309.00071), section 3 |
#
# ![Three columns. MHA: eight query heads, each with a key and a value of its own below it. GQA: four query heads each share one key and one value. MLA: eight query heads, pale keys and values that are expanded when needed, and below them one latent and one rotary key, the only things that are kept.](../figures/03_memory.png)
#
# What you see: what three kinds of attention keep for every token that they have
# read, with eight heads drawn. Solid blocks are kept, pale ones are not. The numbers
# are for one layer with the 128 heads of DeepSeek-V3.

# %% [markdown]
# **Run this first**, both cells of it. It imports everything and seeds the one global
# random generator. Nothing below configures anything else.

# %% tags=["setup"]
import copy
import json
import math
import random
import statistics
import sys
import time
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from r1lib import artifacts, checks, plots, sampling
from r1lib.losses import token_logprobs
from r1lib.model.config import ModelConfig
from r1lib.recipe import pipeline
from r1lib.sampling import to_text
from r1lib.tokenizer import EOS, PAD
from r1lib.world import arithmetic, corpus, countdown

torch.manual_seed(0)
torch.set_num_threads(1)  # for tensors this small, more are no help
RESULTS = Path("../results/data")

# %% [markdown]
# And these are the functions that the chapter builds, so that each can be compared
# with its first version as soon as it stands.

# %% tags=["setup"]
from r1lib.model.attention import (
    absorbed_attention,
    attend,
    attend_shared,
    expand_latents,
    naive_attention,
)
from r1lib.model.counts import cache_numbers
from r1lib.model.layers import (
    angle_tables,
    apply_rope,
    apply_rope_half,
    check_stretch,
    even,
    llama3_frequencies,
    rms_norm,
    rope_frequencies,
    swiglu,
    to_halves,
    to_neighbours,
    yarn_frequencies,
    yarn_mscale,
)
from r1lib.sampling import keep_min_p, keep_top_k, keep_top_p, sample_token

# %% [markdown]
# ## 1. Thinking costs memory
#
# A reasoning model earns its answers by writing: DeepSeek-R1 was evaluated with up
# to 32,768 tokens for one answer (arXiv 2501.12948v1, section 3). Each new token has
# to look back at *all* earlier ones. So the model keeps notes on every token that it
# has read or written, in every layer. These notes are called the **KV cache**, and
# for long thoughts they, not the weights, decide how many people a computer can
# serve at once.
#
# This chapter builds the model around that fact. We take the parts in the order in
# which a token meets them, each first in a slow version that says what it means,
# then as the library has it. The model on the bench is the book's own base model:
# small, but with all the parts of DeepSeek-V3.

# %% tags=["nbval-check-output"]
model, tokenizer = artifacts.load("base-tiny")
c = model.config
print(f"layers {c.n_layers}, width {c.d_model}, heads {c.n_heads}")
print(f"kept for a token: {c.kv_lora_rank} + {c.qk_rope_head_dim} numbers a layer")
print([name for name, _ in model.layers[0].named_children()])

# %% [markdown] tags=["slide"]
# ## 2. A stream, and two things that write to it
#
# A token enters as a row of the embedding table, a vector of `d_model` numbers. This
# vector then passes through the layers like a page through an office. Each layer
# reads it and *adds* something:
#
# $$ x \leftarrow x + \operatorname{attention}(\operatorname{norm}(x)), \qquad
#    x \leftarrow x + \operatorname{ffn}(\operatorname{norm}(x)). $$
#
# Because nothing is ever overwritten, the vector is called the **residual stream**.
# Attention is the only part that lets one position look at others; the
# feed-forward part (ffn) works on each position by itself. Adding has a price: the
# stream grows.

# %%
prompt = tokenizer.prompt("compute ((17+5)*2)-8")
x = model.embed(torch.tensor([prompt]))
rope = model.rope_at(x[..., 0], None, 0)
with torch.no_grad():
    for i, block in enumerate(model.layers):
        print(f"before layer {i}: size {x.square().mean().sqrt():.2f}")
        x = block(x, rope)
print(f"at the end:     size {x.square().mean().sqrt():.2f}")

# %% [markdown]
# "Size" is the root mean square of its numbers. If layers had to read a stream whose
# size changes from place to place, each would have to learn at every size. So they
# read a normalised copy. **RMSNorm** (arXiv 1910.07467) divides by the root mean
# square and then scales each coordinate by a learned weight $w$:
#
# $$ \operatorname{norm}(x)_i = \frac{x_i}{\sqrt{\frac{1}{D}\sum_j x_j^2 + \epsilon}}
#    \; w_i $$


# %%
def rms_norm_by_loop(vector, weight, eps):
    mean_square = sum(v * v for v in vector) / len(vector)
    size = math.sqrt(mean_square + eps)
    return [v / size * weight[i] for i, v in enumerate(vector)]


# %%
# r1lib.model.layers.rms_norm

# %% tags=["nbval-check-output"]
vector, weight = [3.0, -4.0, 0.0, 5.0], [1.0, 1.0, 1.0, 2.0]
slow = rms_norm_by_loop(vector, weight, 1e-6)
for factor in (1, 1000):
    fast = rms_norm(factor * torch.tensor(vector), torch.tensor(weight), 1e-6)
    print(factor, [round(v, 4) for v in fast.tolist()])
assert torch.allclose(torch.tensor(slow), fast, atol=1e-5)

# %% [markdown]
# A thousandfold input gives the same output: only the direction is read. (The older
# LayerNorm also subtracts the mean; the authors of RMSNorm report the same quality
# without that, in less time.)
#
# The feed-forward part is where most of the parameters live, and chapter 04 replaces
# it by a choice of experts. One expert is a **SwiGLU** (arXiv 2002.05202): one
# matrix makes features, a second one makes gates, and each gate decides how much of
# its feature passes.
#
# $$ \operatorname{ffn}(x) = W_{\text{down}}\,\big(\operatorname{SiLU}(W_{\text{gate}}\,
#    x) \odot W_{\text{up}}\, x\big), \qquad
#    \operatorname{SiLU}(z) = \frac{z}{1 + e^{-z}} $$

# %%
# r1lib.model.layers.swiglu

# %% tags=["nbval-check-output"]
print("gate    SiLU(gate) * 1    by hand")
for gate in (-6.0, -1.0, 0.0, 1.0, 6.0):
    value = swiglu(torch.tensor([gate]), torch.tensor([1.0])).item()
    print(f"{gate:+4.0f}{value:+14.4f}{gate / (1 + math.exp(-gate)):+15.4f}")

# %% [markdown]
# A strongly negative gate shuts the feature off, a strongly positive one lets it
# through, multiplied by the gate itself. Multiplying two things that both come from
# the input is what a plain matrix cannot do.

# %% [markdown] tags=["slide"]
# ## 3. Attention: looking back
#
# Think of each token as asking a question and wearing a label. From the stream of
# token $t$ three vectors are made by three matrices: the **query** $q_t$, what it is
# looking for; the **key** $k_t$, how others can find it; and the **value** $v_t$,
# what it hands over when found. Token $t$ compares its query with the key of every
# token $s \le t$, turns the scores into shares by a softmax, and takes the mixture
# of values:
#
# $$ o_t = \sum_{s \le t} a_{ts}\, v_s, \qquad
#    a_{ts} = \operatorname{softmax}_{s \le t}\big(q_t \cdot k_s / \sqrt{K}\big) $$
#
# The factor $1/\sqrt{K}$, with $K$ the length of a key, keeps the scores of random
# vectors near size 1, so that a softmax does not start as a hard choice.


# %%
def attend_by_loop(q, k, v, scale):
    """One head: q and k are (T, K), v is (T, V)."""
    rows = []
    for t in range(len(q)):
        scores = torch.stack([q[t] @ k[s] * scale for s in range(t + 1)])
        shares = scores.softmax(0)
        rows.append(sum(share * v[s] for s, share in enumerate(shares)))
    return torch.stack(rows)


# %% tags=["slide"]
# r1lib.model.attention.attend

# %% [markdown]
# The library computes all heads and all tokens at once, and leaves the case without
# a special mask to PyTorch's fused function, which never stores the T x S table of
# scores. B counts sequences, H heads, T queries, S keys. Where T is smaller than S,
# the queries are the *last* T of the S tokens, as happens with a cache.

# %% tags=["nbval-check-output"]
B, H, T, K, V = 2, 3, 7, 4, 5
kind = {"generator": torch.Generator().manual_seed(0), "dtype": torch.float64}
q, k = torch.randn(B, H, T, K, **kind), torch.randn(B, H, T, K, **kind)
v = torch.randn(B, H, T, V, **kind)
fast = attend(q, k, v, K**-0.5)
for b in range(B):
    for h in range(H):
        slow = attend_by_loop(q[b, h], k[b, h], v[b, h], K**-0.5)
        torch.testing.assert_close(fast[b, h], slow)
last = attend(q[:, :, -2:], k, v, K**-0.5)
torch.testing.assert_close(last, fast[:, :, -2:])
print("all heads agree; shape", tuple(fast.shape))

# %% [markdown] tags=["slide"]
# ## 4. Nobody sees the future: a test
#
# A language model is trained to predict each token from those before it. If any
# information leaks from a later token into an earlier prediction, the training loss
# looks wonderful and the model is useless. Two tests complement each other. The first
# is a gradient: where logits at $t$ depend smoothly on the embedding at $s$, even
# faintly, the derivative $\partial\, \text{logits}_t / \partial\, \text{embedding}_s$
# is not zero. For $s > t$ it must be **exactly** zero.


# %% tags=["slide"]
def reach(model, ids, mask=None):
    """(T, T): how strongly the logits at t move with the embedding at s."""
    x = model.embed(torch.tensor([ids])).detach().requires_grad_()
    rope, h = model.rope_at(x[..., 0], None, 0), x
    for block in model.layers:
        h = block(h, rope, mask)
    logits = model.head(model.norm(h))[0]
    direction = torch.randn(logits.shape[1])  # of all logits at once
    rows = []
    for value in logits @ direction:
        (grad,) = torch.autograd.grad(value, x, retain_graph=True)
        rows.append(grad[0].norm(dim=-1))
    return torch.stack(rows)


# %% tags=["nbval-check-output"]
text = "<think>17+5=22,*2=44,-8=36\n</think>"
ids = prompt + tokenizer.encode(text, allow_special=True)
found = reach(model, ids)
T = len(ids)
later = torch.ones(T, T, dtype=torch.bool).triu(1)
print("later tokens, all zero:", bool((found[later] == 0).all()))
print("itself and earlier, all above zero:", bool((found[~later] > 0).all()))

off_by_one = torch.ones(1, 1, T, T, dtype=torch.bool).tril(1)
leaks = reach(model, ids, off_by_one)
print("a mask off by one is caught:", bool((leaks[later] > 0).any()))

# %% [markdown]
# A gradient does not see dependence through a *choice*. Suppose that an expert picks the
# three tokens that it scores highest ("expert choice" routing, which V3 does not use).
# A later token can push an earlier one out, and every derivative is zero. So the second
# test changes what comes later and compares the outputs:


# %% tags=["nbval-check-output"]
def pick_three(x):
    """Keep the three tokens with the highest first number, set the others to 0."""
    return x * (x[:, :1] >= x[:, 0].topk(3).values[-1])


x = torch.tensor([[1.0], [4.0], [3.0], [0.5]], requires_grad=True)
(grad,) = torch.autograd.grad(pick_three(x)[0].sum(), x)
print("gradient from the last token to the first output:", grad[3].item())
for last in (0.5, 2.0):
    changed = torch.cat((x[:3], torch.tensor([[last]])))
    print(f"last token {last}: first output {pick_three(changed)[0].item()}")

with torch.no_grad():
    whole = model(torch.tensor([ids]))
    for t in range(1, T):
        other = ids[:t] + [(i + 1) % tokenizer.vocab_size for i in ids[t:]]
        seen = model(torch.tensor([other]))[:, :t]
        torch.testing.assert_close(seen, whole[:, :t], rtol=1e-4, atol=1e-4)
print("our model: other tokens from t on change nothing before t, for each t")

# %% [markdown]
# One text, one random direction and one replacement are a test, not a proof.

# %%
names = [tokenizer.decode([i]).replace("\n", "\\n") for i in ids]
shares = found / found.amax(1, keepdim=True)
plots.heat_maps({"d logits[t] / d embedding[s]": shares.tolist()}, names, names)

# %% [markdown]
# What you see: a row for each position t whose next token is predicted, a column for
# each position s it may depend on; each row is scaled to its largest entry. Grey is
# exactly zero. Everything above the diagonal is grey, and nothing else is. Already
# some structure shows: a result depends on the numbers just before it, and little
# on the rest. Section 12 asks which head does that.

# %% [markdown] tags=["slide"]
# ## 5. Where am I? Rotary positions
#
# Something is missing. The formula of section 3 does not contain $t$ or $s$ apart
# from the limit of the sum: shuffle the earlier tokens, and the last one receives
# the same mixture. To it, `8-3` and `3-8` are one and the same.

# %% tags=["nbval-check-output"]
order = torch.tensor([3, 0, 5, 1, 4, 2, 6])  # the last token stays
shuffled = attend(q, k[:, :, order], v[:, :, order], K**-0.5)
same = torch.allclose(shuffled[:, :, -1], fast[:, :, -1])
print("the last token notices the shuffling:", not same)

# %% [markdown]
# **Rotary position embedding**, RoPE (arXiv 2104.09864), tells positions by turning.
# Take the numbers of a query in pairs, and read each pair as an arrow in a plane.
# At position $t$, turn pair $i$ by the angle $t\,\theta_i$; turn keys likewise. A
# dot product of two arrows depends only on the angle between them, and turning one
# by $t\,\theta_i$ and the other by $s\,\theta_i$ changes that angle by
# $(t - s)\,\theta_i$. So the score depends on the **distance** of two tokens,
# whatever their absolute places:
#
# $$ \langle R_t\, q,\; R_s\, k \rangle = \langle R_{t-s}\, q,\; k \rangle, \qquad
#    \theta_i = \theta^{-2i/R}. $$
#
# The pairs turn at different speeds, like the hands of a clock. The first turns by
# one radian a step and tells neighbours apart; the last hardly moves within
# thousands of tokens and can tell far from very far. With complex numbers, RoPE is
# one multiplication:


# %%
def rope_by_complex(x, positions, theta):
    """Turn neighbouring pairs of x (..., T, K) as complex numbers."""
    arrows = torch.view_as_complex(x.unflatten(-1, (-1, 2)))
    speed = theta ** (-torch.arange(0, x.shape[-1], 2).double() / x.shape[-1])
    angle = positions.double()[:, None] * speed
    turned = arrows * torch.polar(torch.ones_like(angle), angle)
    return torch.view_as_real(turned).flatten(-2)


# %% [markdown]
# The library looks cos and sin up in tables, so that they are computed once:

# %%
# r1lib.model.layers.rope_frequencies
# r1lib.model.layers.angle_tables
# r1lib.model.layers.apply_rope

# %% tags=["nbval-check-output"]
one_q = torch.tensor([1.0, 2.0, -1.0, 0.5], dtype=torch.float64)
one_k = torch.tensor([0.5, -1.0, 2.0, 1.0], dtype=torch.float64)
print("distance:       " + "".join(f"{d:9}" for d in range(4)))
for start in (0, 7, 1000):
    scores = []
    for distance in range(4):
        places = torch.tensor([start + distance, start])
        turned = rope_by_complex(torch.stack((one_q, one_k)), places, 100.0)
        scores.append((turned[0] @ turned[1]).item())
    print(f"key at {start:5}:   " + "".join(f"{s:9.4f}" for s in scores))

# %% [markdown]
# Each column is constant: only the distance counts. Now the library against the
# complex numbers, and a trap that costs people days. Which numbers form a pair?
# DeepSeek's checkpoints pair **neighbours**, (0, 1), (2, 3), and so on. Llama's and
# Qwen's files pair number $i$ with number $i + K/2$, the **half** layout. Both are
# right, and a model trained with one is nonsense under the other. Nothing raises an
# error; the text merely becomes worse with every token. `to_halves` and
# `to_neighbours` reorder queries, or the rows of a weight matrix, from one into the
# other. (`apply_rope` reads neighbours and writes halves: queries and keys are
# reordered alike, so no score changes.)

# %%
# r1lib.model.layers.apply_rope_half
# r1lib.model.layers.to_halves

# %% tags=["nbval-check-output"]
T, H, K = 7, 3, 10
x = torch.randn(1, T, H, K, **kind)
tables = angle_tables(T, rope_frequencies(K, 100.0).double())[:, None]
turned = apply_rope(x, tables)
by_complex = rope_by_complex(x.transpose(1, 2), torch.arange(T), 100.0)
agree = torch.allclose(to_neighbours(turned), by_complex.transpose(1, 2), atol=1e-5)
print("tables agree with complex numbers:", agree)
in_halves = apply_rope_half(to_halves(x), tables)
print("both layouts agree after reordering:", torch.equal(in_halves, turned))
wrong = apply_rope_half(x, tables)
print("and without it:", torch.allclose(to_halves(wrong), turned))

# %% [markdown]
# Does the trained model keep its promise? We let it read 64 worked problems as if
# they began at position 0, 100 or 300; and once with every distance doubled.


# %%
def worked(n, seed=3):
    """n prompts with a flawless short solution, as ids padded on the right."""
    clean = corpus.Habits(slip=0.0, false_yes=0.0, false_no=0.0, switch=0.0)
    rng, rows = random.Random(seed), []
    for i in range(n):
        family = (arithmetic, countdown)[i % 2]
        problem = family.sample(rng, "easy", "en")
        start = tokenizer.prompt(problem.prompt)
        solution = corpus.trace(rng, problem, "short", clean)
        rows.append((start, tokenizer.encode(solution, allow_special=True)))
    width = max(len(a) + len(b) for a, b in rows)
    ids = torch.full((n, width), PAD)
    written = torch.zeros(n, width, dtype=torch.bool)
    for row, (a, b) in enumerate(rows):
        ids[row, : len(a) + len(b)] = torch.tensor(a + b)
        written[row, len(a) : len(a) + len(b)] = True
    return ids, written


# %%
ids, written = worked(64)
places = torch.arange(ids.shape[1]).expand(ids.shape)
print("nats for each token of the solution")
losses = {}
for name, positions in (
    ("from 0", places),
    ("from 100", places + 100),
    ("from 300", places + 300),
    ("doubled", 2 * places),
):
    with torch.no_grad():
        logits = model(ids, positions=positions)
    losses[name] = -token_logprobs(logits, ids)[written].mean().item()
    print(f"{name:10}{losses[name]:.4f}")
assert abs(losses["from 300"] - losses["from 0"]) < 1e-3
assert losses["doubled"] > losses["from 0"] + 0.05

# %% [markdown]
# To be shifted changes nothing; to be stretched hurts. Remember this for left
# padding: when prompts of different lengths share a batch, shorter ones are padded on
# the left. A row that begins at column 5 still counts its positions from its own
# beginning, though the shift would be harmless. What is *not* harmless is to let
# anyone look at the padding, so a mask closes it (`sampling.read_prompts`).

# %% [markdown] tags=["slide"]
# ## 6. Longer than training: YaRN
#
# DeepSeek-V3 was pre-trained on texts of 4,096 tokens and then taught to read
# 128K in only two times 1,000 steps (V3, section 4.3). What has to be taught?
#
# The fast pairs turn round many times within 4,096 tokens; every angle they can
# ever have has been seen. The slow pairs are the trouble: one that completes a
# quarter turn in training meets angles beyond it for the first time at position
# 4,097. The cure is to slow these pairs down, so that the new length fits into the
# old angles. Slowing *all* of them down by the same factor ("position
# interpolation") blurs neighbours. **YaRN** (arXiv 2309.00071, section 3) counts
# turns within the training length: 32 or more, keep; one or fewer, divide by the
# factor; in between, a ramp.

# %% tags=["slide"]
# r1lib.model.layers.yarn_frequencies
# r1lib.model.layers.yarn_mscale

# %% [markdown]
# The second function answers a side effect. Among 40 times as many keys a softmax
# spreads thinner. YaRN sharpens it by scaling queries and keys, that is, the scores
# twice. DeepSeek folds both into the softmax scale. Its numbers are width 64 for the
# rotary part, 192 for a whole key, factor 40 from 4,096 tokens (its `config.json`):

# %% tags=["nbval-check-output"]
plain = rope_frequencies(64, 10_000.0)
yarn = yarn_frequencies(64, 10_000.0, factor=40.0, original_positions=4096)
slowed = plain / yarn
scale = 192**-0.5 * yarn_mscale(40.0) ** 2
print(f"pairs kept as they are: {int((slowed < 1.0001).sum())} of 32")
print(f"pairs slowed down 40 times: {int((slowed > 39.999).sum())}")
print(f"softmax scale: {192**-0.5:.5f} -> {scale:.5f}")


# %%
def by_turns(plain, slow, length):
    """(turns within the training length, how much slower) of each pair."""
    turns = length * plain / (2 * math.pi)
    return list(zip(turns.tolist(), (plain / slow).tolist(), strict=True))


llama = rope_frequencies(128, 500_000.0)
slow = llama3_frequencies(128, 500_000.0, factor=8.0, original_positions=8192)
lines = {
    "DeepSeek-V3: YaRN, 40 times": by_turns(plain, yarn, 4096),
    "Llama 3.1, 8 times": by_turns(llama, slow, 8192),
}
axes = ("turns within the training length", "times slower")
plots.curves({"How much each pair is slowed down": lines}, *axes, log="xy")

# %% [markdown]
# What you see: a line through all pairs of the rotary part, fast pairs to the right.
# Both recipes leave the right side alone and slow the left side down by the whole
# factor. Llama 3.1 draws the line at one and four turns, YaRN at one and 32.
#
# Our tiny model has no need of this (its texts are short), but every checkpoint of
# chapter 16 does, and a wrong table there is another of those errors that raise
# nothing.

# %% [markdown] tags=["slide"]
# ## 7. The cache: never read a token twice
#
# Writing one token at a time, the plain way is to feed the whole text again for each
# new token. But look at causality from its good side: as no token sees later ones,
# nothing that was computed for a token ever changes. Its keys and values can be
# kept. Then each step feeds *one* token, whose query meets the kept keys.


# %%
@torch.no_grad()
def write_plainly(model, ids, n):
    """n greedy tokens, everything read anew for each; and how much was read."""
    ids, read = list(ids), 0
    for _ in range(n):
        logits = model(torch.tensor([ids]))
        read += len(ids)
        ids.append(int(logits[0, -1].argmax()))
    return ids[-n:], read


# %% tags=["slide"]
@torch.no_grad()
def write_with_cache(model, ids, n):
    """The same with a cache."""
    cache, new, feed, read = model.new_cache(1, len(ids) + n), [], ids, 0
    for _ in range(n):
        logits = model(torch.tensor([feed]), cache)
        cache.length += len(feed)  # the caller moves it on, never a layer
        read += len(feed)
        feed = [int(logits[0, -1].argmax())]
        new += feed
    return new, read


# %% tags=["nbval-check-output"]
long_prompt = prompt * 20
seconds = {}
for write in (write_plainly, write_with_cache):
    start = time.process_time()  # of the processor, not on the wall
    new, read = write(model, long_prompt, 60)
    seconds[write] = time.process_time() - start
    print(f"{write.__name__:17} {read:6} tokens read for 60 new ones")
assert write_plainly(model, long_prompt, 10)[0] == new[:10]

# %%
ratio = seconds[write_plainly] / seconds[write_with_cache]
print(f"without the cache it took {ratio:.1f} times as long")
whole = torch.tensor([long_prompt + new])
cache, parts = model.new_cache(1, whole.shape[1]), []
with torch.no_grad():
    for chunk in whole.split([200, 1, 1, whole.shape[1] - 202], dim=1):
        parts.append(model(chunk, cache))
        cache.length += chunk.shape[1]
    gap = (torch.cat(parts, 1) - model(whole)).abs().max().item()
print(f"largest difference of any logit, cached and full: {gap:.1e}")
assert gap < 1e-3

# %% [markdown]
# Cached equals full, in chunks of any size. (To the last digit of float32, in which
# the shipped model computes; `tests/test_attention.py` holds the same for float64 at
# ten digits, with left padding and with positions that begin anywhere.) The work
# falls from a square to a line: 60 new tokens after a prompt of length $n$ take
# $n + 59$ readings instead of $60\,n + 1770$. That the time did not fall as much is
# the tiny model's fault: calling a layer has a fixed price, and here there is little
# work in a call.
#
# The bill arrives as memory. For each token, each layer keeps a key and a value of
# each head: $2 H K$ numbers. The original multi-head attention (**MHA**) of GPT-2 XL,
# with 48 layers of 25 heads of 64 numbers, keeps 307,200 bytes for every token
# in 16-bit numbers. And at every step all of it has to travel from memory to the
# processor, which is what makes long thoughts slow.

# %% [markdown] tags=["slide"]
# ## 8. Share the keys: MQA and GQA
#
# Do 32 heads need 32 different labels on each token? **Multi-query attention** (MQA,
# arXiv 1911.02150) lets all heads share a single key and value. That saves most and
# costs some quality. **Grouped-query attention** (GQA, arXiv 2305.13245) shares
# within groups, usually of four or eight heads; Llama 3 and Qwen2.5 use it. With as
# many groups as heads it *is* MHA, with one group it is MQA.
#
# When one token is decoded, heads that share a key can be treated as several
# tokens that ask the same key. Nothing has to be copied:

# %% tags=["slide"]
# r1lib.model.attention.attend_shared

# %% tags=["nbval-check-output"]
B, H, S, K = 2, 8, 9, 4
q = torch.randn(B, 1, H, K, **kind)
for groups in (8, 4, 2, 1):
    k, v = (torch.randn(B, S, groups, K, **kind) for _ in range(2))
    shared = attend_shared(q, k, v, K**-0.5)
    each = (y.repeat_interleave(H // groups, 2).transpose(1, 2) for y in (k, v))
    copied = attend(q.transpose(1, 2), *each, K**-0.5).transpose(1, 2)
    same = torch.allclose(shared, copied, rtol=1e-10, atol=1e-10)
    print(f"{groups} keys for {H} heads: {2 * groups * K:3} numbers a token, {same}")

# %% [markdown] tags=["slide"]
# ## 9. MLA: keep a summary, not the keys
#
# DeepSeek asked another question: are the keys and values of a token worth so many
# numbers at all? All of them are computed from *one* vector, the stream of that
# token. **Multi-head latent attention** (MLA; DeepSeek-V2, section 2.1; V3, eq. 1 to
# 11) first presses this vector into a short **latent** $c$ and keeps only that.
# Every head has its own matrices to expand key and value from it:
#
# $$ c_s = \operatorname{norm}(W^{DKV} x_s), \qquad
#    k_s^{(h)} = W^{UK}_h c_s, \qquad v_s^{(h)} = W^{UV}_h c_s $$
#
# For V3 a latent has 512 numbers, where the keys and values of its 128 heads would
# have 32,768. No head has to share its labels with another; what they share is the
# place from which they take them.

# %%
# r1lib.model.attention.expand_latents
# r1lib.model.attention.naive_attention

# %% [markdown]
# This form is called **naive**. In training it is the best one: each latent is
# expanded once, and all queries use the result. In decoding it would be a poor
# bargain, since 32,768 numbers would have to be made again from each latent for every
# single new token. But look at the score of one head:
#
# $$ q^\top k_s = q^\top \big(W^{UK} c_s\big) = \big((W^{UK})^{\top} q\big)^{\top} c_s $$
#
# Same numbers, other brackets. On the right the *query* is moved into the space of
# latents, once, and meets the latents as they lie in the cache. The output allows
# the same: $\sum_s a_s W^{UV} c_s = W^{UV} \sum_s a_s c_s$, so mix latents first and
# expand the one mixture. The matrices have been **absorbed**, and no key or value
# ever exists.

# %% tags=["slide"]
# r1lib.model.attention.absorbed_attention

# %% [markdown]
# ### Why positions need a key of their own
#
# A detail of these functions has not been explained: queries and latents carry a
# second part, `q_pe` and `k_pe`. Suppose that we had simply applied RoPE to the
# expanded keys. Then a rotation stands between the two matrices,
#
# $$ (R_t q)^\top R_s W^{UK} c_s = q^\top R_{s-t} W^{UK} c_s
#    = \big( (W^{UK})^\top R_{t-s}\, q \big)^\top c_s, $$
#
# and the query in latent space depends on the distance. Let us see by how much, with
# a query of our tiny model's size: how similar is the query that suits a key at
# distance 0 to those which suit keys farther away?

# %% tags=["nbval-check-output"]
up = torch.sin(torch.arange(16 * 32).double()).view(16, 32)  # any W_UK will do
query = torch.cos(torch.arange(16).double())
turned = rope_by_complex(query.expand(8, 16), torch.arange(8), 100.0)
needed = turned @ up  # one latent query for each distance
likeness = torch.cosine_similarity(needed[0], needed, dim=1)
for distance in (0, 1, 2, 4, 7):
    print(f"distance {distance}: cosine {likeness[distance]:+.3f}")

# %% [markdown]
# A new query for each distance: nothing is absorbed. (Turning latents instead does
# not help: a rotation of $c$ is not a rotation of $W^{UK} c$.) DeepSeek's way out is
# to **decouple**: the expanded part of a key carries no position at all, and beside
# it stands a short rotary key $k^R$ (64 numbers in V3), made from the stream, turned
# by its position before it is kept, and shared by all heads. The score is the sum
# of both dot products:
#
# $$ \text{score}_{ts} = \big(q_t \cdot W^{UK} c_s + q^R_t \cdot k^R_s\big) \cdot
#    \text{scale} $$
#
# So the cache holds the normalised latent and the *turned* rotary key. Two traps:
# the scale belongs to the width of naive keys (128 + 64 in V3), never to that of the
# latents; and in V3 it includes YaRN's factor of section 6.
#
# ### Naive equals absorbed
#
# The weights of our model, its third layer, in float64, on text it knows:

# %% tags=["slide", "nbval-check-output"]
layer = copy.deepcopy(model.layers[2]).double()
with torch.no_grad():
    x = model.embed(ids[:8])
    rope = model.rope_at(ids, None, 0)
    for block in model.layers[:2]:
        x = block(x, rope)
    h, rope = layer.attn_norm(x.double()), rope.double()
    q_nope, q_pe = layer.attn.queries(h, rope)
    latents = layer.attn.latents(h, rope)
given = (latents, layer.attn.wkv_b.weight, layer.attn.scale)
naive = naive_attention(q_nope, q_pe, *given)
absorbed = absorbed_attention(q_nope, q_pe, *given)
torch.testing.assert_close(absorbed, naive, rtol=1e-10, atol=1e-10)
print("prompt: equal to ten digits")
last = absorbed_attention(q_nope[:, -1:], q_pe[:, -1:], *given)
torch.testing.assert_close(last, naive[:, :, -1:], rtol=1e-10, atol=1e-10)
print("one new token: equal to ten digits")

# %% [markdown]
# Equal numbers, unequal work. Count multiplications for one new token in one layer of
# V3, with $S$ tokens in the cache:

# %% tags=["slide", "nbval-check-output"]
H, NOPE, ROPE, VALUE, C = 128, 128, 64, 128, 512
print(f"{'tokens in the cache':24}{1000:>16,}{100_000:>18,}")
for name, work in (
    (
        "expand, then attend",
        lambda S: H * S * (C * (NOPE + VALUE) + NOPE + ROPE + VALUE),
    ),
    ("attend, all expanded", lambda S: H * S * (NOPE + ROPE + VALUE)),
    ("absorbed", lambda S: H * (C * (NOPE + VALUE) + S * (2 * C + ROPE))),
):
    print(f"{name:24}{work(1000):16,}{work(100_000):18,}")
print(f"{'numbers read':24}{'for each token in the cache':>34}")
print(f"{'attend, all expanded':24}{H * (NOPE + ROPE + VALUE):34,}")
print(f"{'absorbed':24}{C + ROPE:34,}")

# %% [markdown]
# To expand anew at each step is hopeless. To keep the expanded keys (middle line) is
# cheapest to compute, but then the cache is as large as ever. Absorbed costs about
# 3.4 times as many multiplications as that, and reads 71 times fewer numbers. A
# processor that decodes mostly waits for memory, so that is the better bargain; when
# a long prompt is read at once it is not, and naive wins.

# %% [markdown] tags=["slide"]
# ## 10. The bill
#
# Now the memory of some well-known models, from the sizes in their published
# `config.json` files. One formula covers all of them:

# %%
# r1lib.model.counts.cache_numbers


# %% tags=["slide", "nbval-check-output"]
def mla(layers, latent, rotary):
    sizes = {"kv_lora_rank": latent, "qk_rope_head_dim": rotary}
    return ModelConfig(n_layers=layers, **sizes)


def gqa(layers, groups, width):
    sizes = {"n_heads": groups, "n_kv_heads": groups, "head_dim": width}
    return ModelConfig(n_layers=layers, attention="gqa", **sizes)


MODELS = {
    "DeepSeek-V3, R1 (MLA)": mla(61, 512, 64),
    "V3's size with MHA, 128 heads": gqa(61, 128, 128),
    "V3's size with GQA, 8 keys": gqa(61, 8, 128),
    "DeepSeek-V2-Lite (MLA)": mla(27, 512, 64),
    "Llama-3.1-405B (GQA, 8 keys)": gqa(126, 8, 128),
    "Qwen2.5-72B (GQA, 8 keys)": gqa(80, 8, 128),
    "Llama-3.1-8B (GQA, 8 keys)": gqa(32, 8, 128),
    "Qwen3-0.6B (GQA, 8 keys)": gqa(28, 8, 128),
    "Qwen2.5-0.5B (GQA, 2 keys)": gqa(24, 2, 64),
    "GPT-2 XL (MHA, 25 heads)": gqa(48, 25, 64),
    "our tiny model (MLA)": c,
}
bytes_a_token = {name: 2 * cache_numbers(m) for name, m in MODELS.items()}
print(f"{'bytes in bfloat16':32}{'a token':>12}{'32,768 tokens':>16}")
for name, count in bytes_a_token.items():
    print(f"{name:32}{count:12,}{count * 32_768 / 2**30:12.2f} GiB")

# %%
marked = "(MLA)"
plots.log_bars(bytes_a_token, "bytes of cache for a token", marked)

# %% [markdown]
# What you see: the first column of the table on a logarithmic scale, MLA hatched.
# V3, with 671 billion parameters, keeps less for a token than Qwen3 with 0.6
# billion. One answer of 32,768 tokens takes a little over 2 GiB; with plain MHA of
# the same heads it would be 122 GiB, more than the 80 GB of the H800. Compared per
# layer, 576 numbers are what GQA would keep with 2.25 keys of width 128 (V2, Table
# 1), while DeepSeek reports results above MHA's (V2, appendix D).
#
# And the tiny model's cache is a real tensor, so the formula can be put to the test:

# %% tags=["nbval-check-output"]
cache = model.new_cache(batch=3, positions=50)
held = sum(
    part.numel() * part.element_size()
    for layer in cache.layers
    for part in (layer.key, layer.value)
)
print(
    f"{held:,} bytes held, {3 * 50 * 4 * cache_numbers(c):,} by the formula (float32)"
)

# %% [markdown] tags=["slide"]
# ## 11. Decoding against the context
#
# How does the time of one step grow with the context? We time the part that grows:
# one new token that attends to a full cache. Sizes are between our model and V3 (16
# heads of width 64; latents of 256 with rotary keys of 32). Of eleven rounds the
# quickest counts, because a laptop has other things to do in between. Compare within
# a line; MHA is 1.


# %%
def contestants(S, heads=16, nope=64, rotary=32, latent=256):
    """name -> one decoding step of one sequence with S tokens in its cache."""
    q, q_pe = torch.randn(1, 1, heads, nope), torch.randn(1, 1, heads, rotary)
    latents = torch.randn(1, S, latent + rotary)
    weight = torch.randn(heads * 2 * nope, latent) * latent**-0.5
    given = (q, q_pe, latents, weight, (nope + rotary) ** -0.5)
    steps = {
        "MLA, naive": lambda: naive_attention(*given),
        "MLA, absorbed": lambda: absorbed_attention(*given),
    }
    for name, groups in (("MHA", heads), ("GQA, 4 keys", 4)):
        k, v = (torch.randn(1, S, groups, nope) for _ in range(2))
        steps[name] = lambda k=k, v=v: attend_shared(q, k, v, nope**-0.5)
    return steps


# %%
# Time of the processor where the system tells it finely, else time on the wall.
clock = time.perf_counter if sys.platform == "win32" else time.process_time


def quickest(steps, rounds=11):
    """name -> seconds of the round that was least disturbed."""
    best = {}
    for name, step in steps.items():
        spent = []
        for _ in range(rounds):
            start = clock()
            step()
            spent.append(clock() - start)
        best[name] = min(spent)
    return best


# %% tags=["slide"]
kinds = ("MHA", "GQA, 4 keys", "MLA, naive", "MLA, absorbed")
print(f"{'context':>8}" + "".join(f"{name:>15}" for name in kinds))
for S in (256, 1024, 4096):
    with torch.no_grad():
        times = quickest(contestants(S))
    cells = [f"{times[name] / times['MHA']:.2f}" for name in kinds]
    print(f"{S:8}" + "".join(f"{cell:>15}" for cell in cells))

# %% [markdown]
# Naive MLA, which expands all latents again, falls far behind, as section 9 said.
# Count it: for each earlier token and head MHA does $2 \cdot 64$ multiplications, and
# expanding a latent takes $256 \cdot 128$, which is 256 times as many. The time
# grows less than the count, because one large product uses the processor far better
# than many small ones that wait for memory. How much less depends on the machine. Absorbed
# MLA pays something fixed to move the query, and so wins
# nothing in short contexts; the longer the context, the more it gains.
#
# The same was measured with three seeds, one thread, and up to 8,192 tokens by
# `python -m results.attention`. It gives medians of the time on the wall, on another
# machine, so expect other ratios than above. A fifth contestant keeps expanded keys:

# %%
measured = json.loads((RESULTS / "attention.json").read_text(encoding="utf-8"))
SAME = {"GQA": "GQA, 4 keys", "MLA, expanding anew": "MLA, naive"}  # as above
times, sizes = {}, {}
for context, row in measured["decode"].items():
    for name, found in row.items():
        name, ratio = SAME.get(name, name), statistics.median(found["times_mha"])
        times.setdefault(name, []).append((int(context), ratio))
        size = found["cache_bytes"] / row["MHA"]["cache_bytes"]
        sizes.setdefault(name, []).append((int(context), size))
panels = {"Time of a step (MHA = 1)": times, "Cache (MHA = 1)": sizes}
plots.curves(panels, "tokens in the cache", "times MHA", log="xy")

# %% [markdown]
# What you see: left, the time of one step relative to MHA in the same context; right,
# the bytes of the cache. (On the right the two MLA lines that keep latents
# coincide.) GQA with four keys is quick everywhere and keeps twice as much as MLA
# here. These are numbers of a laptop's processor; on an accelerator, with more heads
# and many sequences at once, memory is even scarcer in relation to arithmetic.

# %% [markdown] tags=["slide"]
# ## 12. Where the tiny model looks
#
# The shares $a_{ts}$ can be looked at. Let us catch our model at a sum. In a tape
# such as `17+5=22,*2=44` every `=` is a moment of truth: the next token must be the
# result of the three tokens before it. (A check, `~35=10`, is one more such sum, a
# distance.) Where does each of the 16 heads look from the `=`?


# %%
@torch.no_grad()
def attention_maps(model, ids):
    """(layers, heads, T, T): the shares of one sequence."""
    x, T = model.embed(torch.tensor([ids])), len(ids)
    rope = model.rope_at(x[..., 0], None, 0)
    later, maps = torch.ones(T, T, dtype=torch.bool).triu(1), []
    for block in model.layers:
        attn, h = block.attn, block.attn_norm(x)
        q = torch.cat(attn.queries(h, rope), dim=-1)
        given = (attn.latents(h, rope), attn.wkv_b.weight, attn.n_heads, attn.nope)
        scores = torch.einsum("bthk,bshk->bhts", q, expand_latents(*given)[0])
        scores = (scores * attn.scale).masked_fill(later, -math.inf)
        maps.append(scores.softmax(-1)[0])
        x = block(x, rope)
    return torch.stack(maps)


# %%
def moments(ids, written):
    """(row, column) of every `=` of a tape: the next token is a result."""
    equals, end = tokenizer.encode("=")[0], tokenizer.special_ids["</think>"]
    thinking = written & ((ids == end).cumsum(1) == 0)
    return ((ids == equals) & thinking).nonzero().tolist()


at = moments(ids, written)
looks, last_row = torch.zeros(c.n_layers, c.n_heads, 3), None
for row, t in at:
    if row != last_row:
        maps, last_row = attention_maps(model, ids[row].tolist()), row
    looks += maps[:, :, t, t - 3 : t] / len(at)
print(f"{len(at)} sums in {len(ids)} solutions")

# %% [markdown]
# Looking is not using. A head may stare at a token and pass nothing on. The honest
# test is to **remove** it: set its columns of the output matrix to zero, change
# nothing else, and ask how likely the right results still are.


# %%
@torch.no_grad()
def chance_of_results(model):
    """Mean probability of the right result after `=`."""
    logprobs = token_logprobs(model(ids), ids)
    return sum(logprobs[row, t + 1].exp().item() for row, t in at) / len(at)


def without(layer, head):
    """A copy of the model with one head removed."""
    weaker = copy.deepcopy(model)
    columns = slice(head * c.v_head_dim, (head + 1) * c.v_head_dim)
    weaker.layers[layer].attn.wo.weight.data[:, columns] = 0
    return weaker


# %% tags=["slide"]
whole = chance_of_results(model)
heads = [(i, h) for i in range(c.n_layers) for h in range(c.n_heads)]
left = {head: chance_of_results(without(*head)) for head in heads}
ranked = sorted(left, key=left.get)
print(f"probability of the right result: {whole:.2f}\n")
print("layer head   looks at: first  operator  second   without it")
for i, h in ranked[:6] + ranked[-2:]:
    first, operator, second = looks[i, h].tolist()
    print(f"{i:5}{h:5}{first:17.2f}{operator:10.2f}{second:8.2f}{left[i, h]:13.2f}")
assert left[ranked[0]] < whole - 0.1

# %% [markdown]
# Read the table from the top: heads that are missed most, and what they look at. In
# the model that we ship, the work is divided as one might have designed it: heads of
# the first layer fetch the two numbers and the operator, each with most of its
# attention, and without any of them the sums fail; the layers above do something
# else. Nobody designed it. Pre-training on a made-up web found that three things
# must be brought to one place before they can be added.

# %% tags=["slide"]
example = tokenizer.prompt("numbers=3,7,8 target=35")
example += tokenizer.encode("<think>8-3=5,*7=35~35=0", allow_special=True)
names = [tokenizer.decode([i]) for i in example]
maps = attention_maps(model, example)
start = names.index("<think>")
chosen = {f"layer {i}, head {h}": maps[i, h] for i, h in ranked[:3]}
tables = {name: table[start:, start:].tolist() for name, table in chosen.items()}
plots.heat_maps(tables, names[start:], names[start:])

# %% [markdown]
# What you see: the three heads that are missed most. Each row is a token of the tape
# and shows where in the tape this token looks (dark: most of its attention; what a
# row lacks goes to the prompt). Grey cells, exactly zero, lie in its future. Follow
# the rows of the `=` signs.

# %% [markdown] tags=["slide"]
# ## 13. Dice: from logits to text
#
# The model ends in **logits**, one number for each token of the vocabulary; softmax
# makes them probabilities. Which token shall be written?
#
# - **Temperature** $\tau$ divides all logits first. Below 1 the likely become
#   likelier; at 0 only the best remains (greedy); above 1 chances even out.
# - **top-k** keeps the $k$ likeliest tokens. A fixed number is too many where the
#   model is sure and too few where it is not.
# - **top-p** keeps the smallest set that holds a share $p$ of the probability (arXiv
#   1904.09751). It adapts, yet at high temperatures the set grows large.
# - **min-p** keeps tokens at least $p$ times as likely as the best one (arXiv
#   2407.01082): strict when the model is sure, generous when it is not.

# %%
# r1lib.sampling.keep_top_k
# r1lib.sampling.keep_top_p
# r1lib.sampling.keep_min_p

# %% tags=["slide", "nbval-check-output"]
sure = torch.tensor([[0.91, 0.04, 0.02, 0.01, 0.01, 0.01]]).log()
unsure = torch.tensor([[0.25, 0.22, 0.20, 0.15, 0.10, 0.08]]).log()
print(f"{'tokens kept of 6':20}{'sure':>8}{'unsure':>8}")
for name, keep in (
    ("top-k, k=3", lambda logp: keep_top_k(logp, 3)),
    ("top-p, p=0.9", lambda logp: keep_top_p(logp, 0.9)),
    ("min-p, p=0.1", lambda logp: keep_min_p(logp, 0.1)),
):
    counts = [int(keep(logp).isfinite().sum()) for logp in (sure, unsure)]
    print(f"{name:20}{counts[0]:8}{counts[1]:8}")

# %% [markdown]
# To draw, the library adds noise instead of rolling a die: subtract from each
# log-probability the logarithm of an exponential random number and take the largest.
# This is the **Gumbel-max trick**. It draws each token with exactly its probability,
# for all rows at once.

# %%
# r1lib.sampling.sample_token

# %% [markdown]
# Note what is returned: the log-probability in the *whole* distribution, not in what
# the filters left. Reinforcement learning needs it so (chapter 09), and for the same
# reason it samples without filters: a token that a filter never lets through can never
# be corrected. For *using* a model filters are fine. R1's authors recommend a
# temperature of 0.6 with top-p 0.95 (the README of its repository).
#
# What do settings do to our base model? Right answers on held-out problems, four
# samples each, and the share of samples that begin by thinking:


# %%
@torch.no_grad()
def outcome(problems, **how):
    """Share of right answers, share that thinks, and mean length."""
    found = sampling.generate(
        model,
        [tokenizer.prompt(p.prompt) for p in problems],
        max_new_tokens=96,
        stop_ids=(EOS,),
        generator=torch.Generator().manual_seed(0),
        repeat=4,
        **how,
    )
    texts = [to_text(tokenizer, done) for done in found]
    asked = [p for p in problems for _ in range(4)]
    right = [p.check(t) for p, t in zip(asked, texts, strict=True)]
    thinks = ["<think>" in t for t in texts]
    n = len(texts)
    return sum(right) / n, sum(thinks) / n, sum(len(d.ids) for d in found) / n


# %% tags=["slide"]
problems = pipeline.held_out(48, "valid")
print(f"{'':26}{'right':>7}{'thinks':>9}{'tokens':>8}")
for name, how in (
    ("greedy", {"temperature": 0.0}),
    ("temperature 0.6", {"temperature": 0.6}),
    ("temperature 0.6, top-p .95", {"temperature": 0.6, "top_p": 0.95}),
    ("temperature 1", {}),
    ("temperature 1.5", {"temperature": 1.5}),
    ("temperature 1.5, top-k 5", {"temperature": 1.5, "top_k": 5}),
    ("temperature 1.5, top-p .9", {"temperature": 1.5, "top_p": 0.9}),
    ("temperature 1.5, min-p .2", {"temperature": 1.5, "min_p": 0.2}),
):
    right, thinks, tokens = outcome(problems, **how)
    print(f"{name:26}{right:7.0%}{thinks:9.0%}{tokens:8.0f}")

# %% [markdown]
# With 384 samples a line, differences of four points are noise. Three things are
# not. Greedy decoding never thinks: it always takes the likeliest *first* token, and
# in this base model that one begins a guess. Heat makes it think more often. But
# plain heat also breaks the solutions, since one bad token among twenty is enough,
# and there the filters help: they leave the open choice at the beginning open and
# keep the dice out of the sums, where the model is sure.

# %% [markdown]
# ## 14. What this does not show
#
# Equal outputs are proved here, equal *quality* is not: that a latent of 512 numbers
# loses nothing that matters is DeepSeek's measurement (V2, appendix D), not ours. The
# timings are those of one processor and of the growing part of a step alone. And
# the division of labour in section 12 was found in one small model and one task;
# large models spread such work over many heads, and attention pictures of them are
# easy to over-read. The habit to keep is the other one: remove, and measure.
#
# ## Summary
#
# | | keeps for a token and layer | numbers, V3's heads | best for |
# |---|---|---|---|
# | MHA | key and value of each head | 32,768 | short texts |
# | GQA, 8 keys | key and value of each group | 2,048 | simple and quick |
# | MLA, naive | latent and rotary key, expands | 576 | training, reading prompts |
# | MLA, absorbed | latent and rotary key, as they are | 576 | writing |
#
# - A token is a stream to which attention and feed-forward parts add. RMSNorm lets
#   them read its direction only.
# - Rotary positions make scores depend on distances. The order of pairs and the slow
#   pairs (YaRN) are where checkpoints go wrong without an error.
# - Causality can be tested twice: gradients from later tokens are exactly zero, and
#   other later tokens change nothing. A gradient alone misses discrete choices.
# - The cache turns quadratic work into memory. GQA shares keys, MLA keeps a latent;
#   absorption reads it without ever making a key.
# - Sampling filters are for using a model, not for training it by RL.
#
# ## Questions
#
# 1. Why may RMSNorm be applied to the latent before it is kept, but RoPE not to the
#    expanded key?
#
#    <details><summary>Answer</summary>The norm is computed once from the latent itself
#    and is the same for every later query, so its result can be kept. A rotation of
#    the expanded key would stand between the two matrices that absorption merges, and
#    the merged query would depend on the distance to each key.</details>
#
# 2. A service reads prompts of 30,000 tokens and writes answers of ten. Would you use
#    absorbed attention throughout?
#
#    <details><summary>Answer</summary>No. For the prompt all queries come at once and
#    each latent is expanded a single time, so naive attention needs about 3.4 times
#    fewer multiplications; absorbed is for the ten tokens that follow.</details>
#
# 3. A friend's model trains well with Llama's layout. Loaded into another program it
#    writes fluent nonsense. Which two things would you check first, and how?
#
#    <details><summary>Answer</summary>The order of rotary pairs and the frequencies
#    (theta, YaRN or Llama scaling). Compare logits of one prompt with the original
#    program: where position 0 agrees and later ones drift apart, it is the
#    positions.</details>

# %% [markdown]
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/03_transformer.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 3.1** (easy, 10 min) The bill of any model. Given the fields of a
# published `config.json` as a dictionary, return the bytes of cache for one token in
# bfloat16. Fields: `num_hidden_layers`, `num_attention_heads`,
# `num_key_value_heads`, `hidden_size`; sometimes `head_dim`; with MLA also
# `kv_lora_rank` and `qk_rope_head_dim`.
#
# <details><summary>Hint</summary>Where `head_dim` is missing it is `hidden_size /
# num_attention_heads`. A config with `kv_lora_rank` means MLA, whatever the other
# fields say.</details>


# %% tags=["exercise"]
def cache_bytes(config):
    """Bytes of KV cache for one token."""
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
checks.ex_3_1(cache_bytes)

# %% [markdown] tags=["exercise-text"]
# **Exercise 3.2** (easy, 10 min) The other layout. Turn queries of shape (B, T, H, K)
# whose pairs are number $i$ and number $i + K/2$. `cos` and `sin` have shape
# (T, K/2). Use nothing but `torch`.
#
# <details><summary>Hint</summary>`x.chunk(2, dim=-1)` gives both halves, and
# `cos[:, None]` fits them to the heads. A pair (a, b) becomes (a cos - b sin,
# a sin + b cos).</details>


# %% tags=["exercise"]
def rope_half(x, cos, sin):
    """Rotary positions in the half layout."""
    # BEGIN SOLUTION
    a, b = x.chunk(2, dim=-1)
    cos, sin = cos[:, None], sin[:, None]
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)
    # END SOLUTION


# %% tags=["check"]
checks.ex_3_2(rope_half)

# %% [markdown] tags=["exercise-text"]
# **Exercise 3.3** (medium, 15 min) A window. Some models let a token see only itself
# and the `window - 1` tokens before it, so that the cache need not grow. Return the
# mask (T, S), true where query t may see key s; the T queries are the last T of the
# S tokens.
#
# <details><summary>Hint</summary>Write the place of each query, `S - T + t`, as a
# column and the place of each key as a row, and compare them.</details>


# %% tags=["exercise"]
def window_mask(T, S, window):
    """Who may see whom."""
    # BEGIN SOLUTION
    query = torch.arange(S - T, S)[:, None]
    key = torch.arange(S)
    return (key <= query) & (key > query - window)
    # END SOLUTION


# %% tags=["check"]
checks.ex_3_3(window_mask)

# %% [markdown] tags=["exercise-text"]
# **Exercise 3.4** (medium, 20 min) Absorb everything. Leave the rotary part aside. Of
# a head with `w_q` (H, K, D), `w_key` (H, K, C), `w_value` (H, V, C) and the common
# `w_out` (D, H * V), two matrices remain: one that takes the stream straight to a
# latent query, (H, C, D), and one that takes mixed latents straight to the output,
# (H, D, C). Return both. Then ask yourself why nobody stores them so.
#
# <details><summary>Hint</summary>Two einsums; view `w_out` as (D, H, V) first. And
# compare C times D with K times (C + D), for V3's sizes.</details>


# %% tags=["exercise"]
def absorb(w_q, w_key, w_value, w_out):
    """(stream -> latent query, latent -> output), for each head."""
    # BEGIN SOLUTION
    H, V, _ = w_value.shape
    into = torch.einsum("hkc,hkd->hcd", w_key, w_q)
    out = torch.einsum("dhv,hvc->hdc", w_out.view(-1, H, V), w_value)
    return into, out
    # END SOLUTION


# %% tags=["check"]
checks.ex_3_4(absorb)

# %% [markdown] tags=["exercise-text"]
# **Exercise 3.5** (medium, 15 min) A temperature by its effect. Find the temperature
# at which softmax(logits / temperature) has a given entropy, in nats, to three
# digits. ($-\sum p \log p$; a fair choice among $n$ has entropy $\log n$.)
#
# <details><summary>Hint</summary>The entropy grows with the temperature. Keep a low
# and a high bound, try the middle (their geometric mean, as temperatures are
# factors), and halve sixty times.</details>


# %% tags=["exercise"]
def temperature_for(logits, wanted):
    """The temperature that gives this entropy."""
    # BEGIN SOLUTION
    low, high = 1e-3, 1e3
    for _ in range(60):
        middle = math.sqrt(low * high)
        logp = (logits / middle).log_softmax(-1)
        entropy = -(logp.exp() * logp).sum().item()
        low, high = (middle, high) if entropy < wanted else (low, middle)
    return middle
    # END SOLUTION


# %% tags=["check"]
checks.ex_3_5(temperature_for)

# %% [markdown] tags=["exercise-text"]
# **Exercise 3.6** (hard, 30 min) Read the question once. Sixteen answers to one
# question begin with the same prompt (chapter 09 lives from this). Given a prefix and
# N endings of one common length, return the logits (N, V) after each ending, and
# read the prefix only once.
#
# <details><summary>Hint</summary>`cache = model.new_cache(1, room)`, feed the prefix,
# move `cache.length` on, then `cache.select(torch.zeros(N, dtype=torch.long))` makes
# N rows of the one. </details>


# %% tags=["exercise"]
def after_prefix(model, prefix, endings):
    """Logits after prefix + ending, for each ending."""
    # BEGIN SOLUTION
    cache = model.new_cache(1, len(prefix) + len(endings[0]))
    model(torch.tensor([prefix]), cache)
    cache.length += len(prefix)
    cache.select(torch.zeros(len(endings), dtype=torch.long))
    return model(torch.tensor(endings), cache)[:, -1]
    # END SOLUTION


# %% tags=["check"]
checks.ex_3_6(after_prefix)
