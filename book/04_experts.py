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
# # Mixture of experts
#
# | | |
# |---|---|
# | You will build | the router of DeepSeek-V3 with its groups and its bias, the layer that runs the experts, two ways to keep them all busy, and the count of 671 billion parameters to the last digit |
# | You need | PyTorch tensors and gradients; what a feed-forward layer is (chapter 03). The training loop of section 5 is that of chapter 05, and needs no reading |
# | Minutes to read | 95; sections 4 and 5 are the longest |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-V3 (arXiv 2412.19437), sections 2.1.2, 3.2, 4.2 and 4.5; DeepSeek-V2 (arXiv 2405.04434), section 2.2 |
#
# ![From left to right: a token goes to the router and to the shared expert. The router scores eight experts in four groups of two; the two groups with the best pairs of scores stay open, and in them three experts are chosen. Their outputs, with the weights 0.42, 0.30 and 0.28, and that of the shared one are summed. A bias above the router makes overloaded experts less likely to be chosen.](../figures/04_experts.png)
#
# What you see: one token on its way through a layer of experts. The small numbers
# are the sections in which you build each part.

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random
# generator. Nothing below configures anything else.

# %% tags=["setup"]
import json
import math
import random
import re
from dataclasses import replace
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from r1lib import artifacts, checks, plots
from r1lib.model import counts
from r1lib.model.config import ModelConfig
from r1lib.model.layers import SwiGLU, swiglu
from r1lib.model.moe import (
    MoE,
    balance_loss,
    close_groups,
    route,
    route_softmax,
    run_experts,
    slow_experts,
    update_bias,
    watch_routers,
)
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer, balance, router_loads
from r1lib.plots import interactive
from r1lib.problem import problems
from r1lib.tokenizer import PAD, SPECIAL, Tokenizer
from r1lib.training import optim, pretrain
from r1lib.world import arithmetic, corpus, countdown

torch.manual_seed(0)
RESULTS = Path("../results/data")

# %% [markdown]
# ## 1. Much knowledge, little work
#
# Can a model know more without working more? A transformer layer does two things.
# Attention moves information between tokens. Then a **feed-forward layer** works on each
# token by itself: it makes the vector wider, applies a nonlinearity, and makes it narrow
# again. Most of what a language model has learned by heart is believed to sit there, and
# most of its parameters do. In the tiny model of this book, and in one without experts of
# the size of Llama 3.2:

# %% tags=["nbval-check-output"]
for name in ("tiny", "llama-3.2-1b"):
    c = PRESETS[name]
    attention = counts.attention_parameters(c) * c.n_layers
    body = counts.body_parameters(c)
    print(f"{name:14} the blocks {body:>13,}   attention {attention / body:.0%}")

# %% [markdown]
# (The rest is nearly all feed-forward. The blocks are counted here with the last norm and the
# biases of the routers, so our number is 120 above that of chapter 03.) A model that should know
# more needs more of these parameters. But every parameter of an ordinary layer is used for
# every token: twice the knowledge costs twice the work.
#
# The way out is to *store* much and *use* little. Replace the one feed-forward layer
# by many small ones, called **experts**, and let each token pass through a few of
# them only. Such a layer is a **mixture of experts** (MoE). DeepSeek-V3 stores 256
# experts in each of 58 layers and uses 8 of them for a token. That is how it has 671
# billion parameters and does the work of a model of 37 billion. We will count both at
# the end.
#
# Everything depends on two questions. Which experts does a token get? And what keeps all
# tokens from wanting the same ones?

# %% [markdown] tags=["slide"]
# ## 2. The router
#
# Which experts does a token get? Each expert $i$ has a learned vector $e_i$ of the width
# of the model, a kind of address. The **router** compares a token's vector $u$ with every
# address and turns the result into a **score** by the sigmoid
# $\sigma(z) = 1 / (1 + e^{-z})$, between 0 and 1. Of the $E$ experts, the $A$ with the
# highest scores are chosen. Their scores, divided by the sum over the chosen, become their
# **weights** $g_i$, and the output is the weighted sum (DeepSeek-V3, eq. 12 to 15):
#
# $$ s_i = \sigma(u \cdot e_i), \qquad
#    g_i = \frac{s_i}{\sum_{j \,\text{chosen}} s_j}, \qquad
#    y = \sum_{i \,\text{chosen}} g_i\, \text{FFN}_i(u) + \text{FFN}_{\text{shared}}(u) $$
#
# | meaning | here | in the report | in code |
# |---|---|---|---|
# | a token's vector, normalised | $u$ | $u_t$ | a row of `x` |
# | address of an expert | $e_i$ | $e_i$ | a row of `router.weight` |
# | score of an expert | $s_i$ | $s_{i,t}$ | `scores` |
# | bias of an expert (below) | $b_i$ | $b_i$ | `router_bias` |
# | weight of a chosen expert | $g_i$ | $g_{i,t}$ | `weights` |
# | experts in all, and chosen | $E$, $A$ | $N_r$, $K_r$ | `E`, `A` or `n_activated` |
#
# The last term is the *shared* expert, which works for every token; section 4 adds it. The layer
# reads $u$, a normalised copy of the residual stream, and the block around it adds $y$ to the stream
# (chapter 03). (Eq. 12 of the report leaves out the norm and adds $y$ to $u$.)
#
# Here is the choice for one token and four experts, as slowly as possible:


# %% tags=["nbval-check-output"]
def route_token(u, addresses, n_activated):
    """(experts, their weights, all scores) of one token, as lists."""
    logits = [sum(a * b for a, b in zip(u, e, strict=True)) for e in addresses]
    scores = [1 / (1 + math.exp(-z)) for z in logits]
    order = sorted(range(len(scores)), key=lambda i: scores[i], reverse=True)
    chosen = order[:n_activated]
    total = sum(scores[i] for i in chosen)
    return chosen, [scores[i] / total for i in chosen], scores


token = [1.0, -0.5, 2.0]
addresses = [[0.2, 0.1, -0.4], [0.3, -0.8, 0.9], [-1.0, 0.5, 0.1], [0.6, 0.0, 0.2]]
chosen, weights, scores = route_token(token, addresses, 2)
print("scores ", [round(s, 2) for s in scores])
print("chosen ", chosen)
print("weights", [round(w, 2) for w in weights])

# %% [markdown]
# V3 adds one thing that looks odd at first: a number $b_i$ for each expert, its
# **bias**. It is added to the score *when experts are chosen* and forgotten *when
# they are weighed* (eq. 16). So a bias can send a token to another expert without
# changing how much that expert's score counts. Section 5 shows what it is good for. Here
# is the library's function, for $N$ tokens at once. (`close_groups` comes in section 3;
# it sees the score with the bias. With one group it does nothing.)

# %% tags=["slide"]
# r1lib.model.moe.route

# %% [markdown]
# Without a bias it agrees with the slow version. With one, expert 0 is pushed into the
# choice, and its weight is still what its own score deserves:

# %% tags=["nbval-check-output"]
logits = torch.tensor([token]) @ torch.tensor(addresses).T
no_bias, some_bias = torch.zeros(4), torch.tensor([0.5, 0.0, 0.0, 0.0])
for bias in (no_bias, some_bias):
    ids, w = route(logits.sigmoid(), bias, n_activated=2)
    print(f"bias {bias.tolist()}")
    print("  experts", ids[0].tolist(), "weights", [round(x, 2) for x in w[0].tolist()])
ids, w = route(logits.sigmoid(), no_bias, 2)
assert ids[0].tolist() == chosen
torch.testing.assert_close(w[0], torch.tensor(weights))

# %% [markdown]
# Choosing is a sharp cut: no gradient passes through "is among the best two". What the
# router learns, it learns through the *weights*: if the output would have been better
# with more of expert 1, the gradient raises expert 1's score. An expert that is not
# chosen has no weight, so neither the expert nor its address learns from this token.
#
# Weights are finally multiplied by a constant, `scale`. V3's configuration sets 2.5, and
# the report gives no reason. (Without it the routed part is an average of $A$ experts, and may be
# small beside the shared one. `normalize=False` leaves out the division by the sum.)

# %% [markdown] tags=["slide"]
# ## 3. Groups: few machines for each token
#
# How many machines does a token have to visit? One machine cannot hold the experts of all 58 layers,
# with a gradient and the state of the optimizer for each weight. V3's training spreads the experts
# of a layer over 64 GPUs on 8 machines (section 3.2 of the report). A machine is also called a
# **node**.
#
# So tokens have to travel. The vector of a token begins on one machine, its home. A copy of it goes
# to each machine that holds one of its experts: this is the **dispatch**. There the experts work,
# and the sum of their weighted outputs goes home: this is the **combine**. Every machine sends to
# every other at once, for tokens of its own. Such an exchange is called **all-to-all**.
#
# Trips between machines are slow: in V3's cluster a link carries 50 GB a second between machines
# and 160 inside one (arXiv 2412.19437v2, section 3.2.2). Suppose that the 8 chosen experts of a
# token are on all 8 machines, one of which is its home. It travels seven times in each of 58 layers,
# and its results seven times back.
#
# So V3 sets a limit. Experts are cut into 8 **groups**, one for each machine, and a token may use
# the 4 best groups only. Its home counts like any other machine. What is a group worth to a token? The sum of its two best experts.
#
# Here is such a limit with four machines of two experts each, of which a token may use two:
#
# ![Four machines with two experts each, drawn three times from left to right: home, experts, home again. Token u lives on machine 1. On the left it goes to its three best experts, 1, 6 and 4, on machines 0, 3 and 2: three arrows out, three back. On the right only machines 0 and 2 are open; experts 1, 4 and 5 work, with two arrows out and two back. Thin lines join every machine with every other.](../figures/04_machines.png)
#
# What you see: one token on the way out (orange) and back (green). Each column shows the same four
# machines. On the left the token takes its three best experts, and on the right the three best of
# two machines. The thin lines are the trips of other tokens at the same time. The function and the
# heat map below find these experts.

# %%
# r1lib.model.moe.close_groups

# %% [markdown]
# The token of the picture: eight experts in four groups of two neighbours, two groups open, three
# experts chosen.

# %%
scores = torch.tensor([[0.31, 0.92, 0.12, 0.20, 0.66, 0.60, 0.71, 0.08]])
opened = close_groups(scores, n_groups=4, n_limited=2, best=2)
ids, w = route(scores, torch.zeros(8), 3, n_groups=4, n_limited=2)
weights = torch.zeros(1, 8).scatter(1, ids, w)
rows = ["score", "open groups", "weight"]
stages = [x[0].tolist() for x in (scores, opened, weights)]
columns = [str(i) for i in range(8)]
plots.heatmaps({"one token": stages}, rows, columns, "expert")

# %% [markdown]
# What you see: the scores of one token; the same with closed groups crossed out; the
# weights of the chosen. Expert 6 has the second-highest score of all (0.71) and is not
# chosen. Its partner, expert 7, has so low a score that their group is worth less than
# the groups of 0 and 1 and of 4 and 5.
#
# Does the limit hold? Here are V3's own sizes and random scores for 1,000 tokens. How many of the
# 8 machines hold experts that a token uses?

# %% tags=["nbval-check-output"]
generator = torch.Generator().manual_seed(0)
many = torch.rand(1000, 256, generator=generator)
for n_groups, n_limited in ((1, 1), (8, 4)):
    ids, _ = route(many, torch.zeros(256), 8, n_groups, n_limited)
    visited = [len({e // 32 for e in row}) for row in ids.tolist()]
    mean = sum(visited) / len(visited)
    name = "limited" if n_groups > 1 else "free"
    print(f"{name:8} at most {max(visited)}, on average {mean:.1f} machines")

# %% [markdown]
# ### The gate of DeepSeek-V2
#
# What changed since V2? Two things. There, a group was worth its *best* expert, and scores
# came from a **softmax** over all experts, not from sigmoids. Such scores sum to 1, so
# one expert's score can rise only if others fall. They are not normalised again: V2-Lite
# takes them as weights as they are, and V2 multiplies them by 16.

# %%
# r1lib.model.moe.route_softmax

# %% tags=["nbval-check-output"]
limits = {"n_groups": 4, "n_limited": 2}
v3, _ = route(scores, torch.zeros(8), 3, **limits)
soft = scores.logit().softmax(-1)  # the same order, but with the sum 1
v2, _ = route_softmax(soft, 3, **limits)
print("V3, a group is worth its two best:", sorted(v3[0].tolist()))
print("V2, a group is worth its best:    ", sorted(v2[0].tolist()))

# %% [markdown] tags=["slide"]
# ## 4. Running the experts
#
# How are the chosen experts computed? Each is a small feed-forward layer, a SwiGLU. It
# has three matrices $W_{gate}$, $W_{up}$, $W_{down}$, and its output is
# $W_{down}(\text{silu}(W_{gate}u) \cdot W_{up}u)$. The definition of the layer is a loop
# over tokens and, for each, over its experts:

# %%
# r1lib.model.moe.slow_experts

# %% [markdown]
# This is right and slow: a thousand tokens with eight experts are 8,000 runs of an
# expert, with three tiny matrix products each. Turn the loop around: each expert runs
# *once*, on all the tokens that chose it. Sort the (token, expert) pairs by expert. Then
# each expert has a slice of the rows, and two products serve a slice.
#
# The picture shows it for tokens with one expert each:
#
# ![Five tokens, each with one expert. Sorted by expert they form slices of 1, 3 and 1. In the table each of the three experts has three places: experts 0 and 2 fill one place and leave two empty, expert 1 fills all three.](../figures/04_table.png)
#
# What you see: left, tokens as they come; middle, sorted by expert, the slices of the next
# function; right, the table of the one after.
#
# With $A$ experts for each token there are $A$ pairs a token. Number the pairs in the order of the
# tokens: with $A = 2$, pairs 0 and 1 belong to token 0, pairs 2 and 3 to token 1. So pair $p$
# belongs to token `p // A`. Here are three tokens with two experts each:

# %% tags=["nbval-check-output"]
ids = torch.tensor([[1, 2], [0, 1], [1, 0]])  # the experts of tokens 0, 1 and 2
order = ids.flatten().argsort(stable=True)  # pairs, sorted by expert
token, expert = order // 2, ids.flatten()[order]
print("pair  ", order.tolist())
print("token ", token.tolist())
print("expert", expert.tolist())
load = torch.bincount(expert, minlength=3)
print("load  ", load.tolist(), "of experts 0, 1, 2: the lengths of the slices")

# %% [markdown]
# Expert 0 works on tokens 1 and 2, expert 1 on all three, expert 2 on token 0. At the end
# `index_add` adds each result to the row of its token.
#
# One detail of the code: `w_in` holds $W_{gate}$ above $W_{up}$, for each expert. One product then
# gives both halves, and `chunk` cuts them apart.

# %%
# r1lib.model.moe.run_slices

# %% [markdown]
# Here one expert runs after the other. For a CPU that is fine. A GPU can multiply
# thousands of rows at once, and a slice has a few dozen. So for a GPU the slices are laid
# into a **table** with a row of places for each expert, and two *batched* products serve
# all experts together. All rows are as long as that of the busiest expert.
#
# Where does a pair go? We continue the example. `begins` is the row at which the slice of each
# expert begins, `place` counts within the slice, and `slot` is the place in the table, row by row:

# %% tags=["nbval-check-output"]
begins = load.cumsum(0) - load
place = torch.arange(len(order)) - begins[expert]
slot = expert * load.max() + place
print("begins", begins.tolist(), "for experts 0, 1, 2")
print("expert", expert.tolist())
print("place ", place.tolist())
print("slot  ", slot.tolist(), "of", 3 * int(load.max()))

# %% [markdown]
# In the shapes below, `F` is the inner width of an expert, the number of rows of $W_{gate}$. `F2` is
# one name for one axis, twice as long: the rows of $W_{gate}$ and $W_{up}$ together.

# %%
# r1lib.model.moe.run_table

# %% [markdown]
# `run_experts` takes the slices on a CPU and the table elsewhere. Do both agree with the
# loop, in values and in all gradients? The load may be perfectly even, or strange: one token
# only, experts that no token chose, all tokens at one expert. (Here `F` is 5, so `F2` is 10.)

# %% tags=["nbval-check-output", "hide-input"]
generator = torch.Generator().manual_seed(1)
experts = nn.ModuleList(SwiGLU(6, 5).double() for _ in range(8))
w_in = torch.stack([torch.cat((e.w_gate.weight, e.w_up.weight)) for e in experts])
w_down = torch.stack([e.w_down.weight for e in experts])


def random_choice(n, a, among=8):
    rows = [torch.randperm(among, generator=generator)[:a] for _ in range(n)]
    return torch.stack(rows)


def with_gradients(y, learned):
    loss, keep = y.square().sum(), {"materialize_grads": True, "retain_graph": True}
    return y, *torch.autograd.grad(loss, learned, **keep)


cases = {
    "usual": random_choice(40, 2),
    "perfectly even": torch.arange(80).view(40, 2) % 8,
    "one token": random_choice(1, 2),
    "five experts idle": random_choice(40, 2, among=3),
    "all to expert 5": torch.full((40, 1), 5),
}
for name, ids in cases.items():
    x = torch.randn(len(ids), 6, dtype=torch.float64, generator=generator)
    w = torch.rand(ids.shape, dtype=torch.float64, generator=generator)
    learned = (x.requires_grad_(), w.requires_grad_(), *experts.parameters())
    loop = with_gradients(slow_experts(x, ids, w, experts), learned)
    for fast in (run_slices, run_table):
        found = with_gradients(fast(x, ids, w, w_in, w_down), learned)
        for one, other in zip(found, loop, strict=True):
            torch.testing.assert_close(one, other, atol=1e-11, rtol=0)
    load = torch.bincount(ids.flatten(), minlength=8)
    room = int(load.max()) * 8
    print(f"{name:18} the same; {ids.numel()} pairs in {room} places of the table")

# %% [markdown]
# Look at the places of the table. With a perfectly even load all of them are full, in the
# usual case five eighths. If all tokens go to one expert, seven eighths are empty, and the
# empty places are computed all the same. The same holds across machines: a combine ends only when
# the busiest machine has sent its results. So balance is a question of speed.
#
# Older programs give each expert a fixed number of places and *drop* the tokens that do
# not fit: these skip the layer. V3 drops no token, neither in training nor in use
# (section 2.1.2), and our table, as wide as it has to be, drops none either. (Exercise
# 4.4 counts what dropping would cost.)
#
# The last part is the **shared expert**: one that every token passes, with weight 1.
# What all tokens need can be learned there once instead of 256 times. Several
# shared experts are built as one wide one. In the whole layer, a *buffer* holds numbers
# that get no gradient: the bias is saved with the model, the load is not
# (`persistent=False`). `real` marks the tokens that are no padding.

# %% tags=["slide"]
# r1lib.model.moe.MoE

# %% [markdown] tags=["slide"]
# ## 5. Keeping all experts busy
#
# What happens if nothing balances the load? At the start all experts are random, and by chance
# some are chosen more often than others. People fear that the rich get richer. A chosen expert
# gets gradients, so it improves, so its score rises, so it is chosen more often, while the others
# learn nothing. At worst a few experts end up with everything, which is called **collapse**. How
# far it goes in a small model, we will measure. Two cures are common.
#
# ### An auxiliary loss
#
# Add to the loss a penalty for imbalance. For one sequence of $T$ tokens (DeepSeek-V3,
# eq. 17 to 20):
#
# $$ L_{bal} = \alpha \sum_{i=1}^{E} f_i P_i, \qquad
#    f_i = \frac{E}{A T} \sum_{t} 1[\, i \text{ chosen by } t \,], \qquad
#    P_i = \frac1T \sum_t \frac{s_{i,t}}{\sum_j s_{j,t}} $$
#
# $1[\ldots]$ is 1 where the condition holds and 0 elsewhere. So $f_i$ is the **load** of
# expert $i$, 1 if it gets its fair share, and $P_i$ its mean share of the scores. $f_i$
# is counted, so it has no gradient; the gradient of $L_{bal}$ flows through $P_i$ and
# pushes down the scores of those that are busy. ("Chosen" here ignores the bias, as in the
# report. `mask` leaves out padding: its scores are set to 1, so that nothing invalid in them can
# spread.) A loop first:


# %%
def balance_by_loop(scores, n_activated):
    """One sequence, (T, E) scores -> sum of f_i * P_i."""
    T, E = scores.shape
    total = 0.0
    for i in range(E):
        count = sum(i in row.topk(n_activated).indices.tolist() for row in scores)
        f = E / (n_activated * T) * count
        p = sum(row[i] / row.sum() for row in scores) / T
        total = total + f * p
    return total


# %%
# r1lib.model.moe.balance_loss

# %% tags=["nbval-check-output"]
generator = torch.Generator().manual_seed(2)
scores = torch.rand(1, 12, 8, generator=generator)
slow, fast = balance_by_loop(scores[0], 2), balance_loss(scores, 2)
torch.testing.assert_close(slow, fast)

even = torch.full((1, 8, 8), 0.1)
for t in range(8):
    even[0, t, [t, (t + 1) % 8]] = 0.9  # each expert has two turns
collapsed = torch.zeros(1, 8, 8)
collapsed[..., :2] = 0.9  # two experts do everything
print(f"random scores {fast:.3f}")
print(f"perfectly even {balance_loss(even, 2):.3f}")
print(f"collapsed {balance_loss(collapsed, 2):.3f}, that is 8 experts / 2 chosen")

# %% [markdown]
# It works, and it has a price: its gradient does not depend on whether the router is
# *right*. A large $\alpha$ may disturb the language model, and a small one balances less.
# Section 6 measures balance and loss at one $\alpha$.
#
# ### A bias, and no gradient at all
#
# V3's main cure is the bias of section 2. After each step, look at the load of the
# whole batch. An expert above the mean gets a slightly lower bias, one below the mean a
# slightly higher one. The size of the step, $\gamma$, is fixed (in V3 0.001, and 0 for the
# last half trillion of 14.8 trillion tokens).

# %%
# r1lib.model.moe.update_bias

# %%
generator = torch.Generator().manual_seed(3)
liked = torch.tensor([0.3, 0.0, 0.05, 0.15])  # this router scores expert 0 highest
bias, panels = torch.zeros(4), {"load / mean load": {}, "bias": {}}
for step in range(31):
    scores = liked + 0.5 * torch.rand(800, 4, generator=generator)
    chosen, _ = route(scores, bias, n_activated=1)
    load = torch.bincount(chosen.flatten(), minlength=4).float()
    for panel, values in zip(panels.values(), (load / load.mean(), bias), strict=True):
        for i, value in enumerate(values.tolist()):
            panel.setdefault(f"expert {i}", []).append((step, value))
    bias = update_bias(bias, load, speed=0.01)
plots.curves(panels, "step", "")

# %% [markdown]
# What you see: a control loop. Left, the four loads come together at 1. Right, the biases
# fan out and level off where they cancel what the router prefers. There is no gradient in
# it. The router still learns from the language model's loss alone. Weights ignore the bias,
# so an expert that was chosen for balance counts no more than its own score says.
#
# ### Live: the same model three times
#
# Which cure works? A small model with 16 experts, two of them for a token, reads games of
# countdown and arithmetic (chapter 05 shows such texts). The three runs are identical, the seed
# included, except for the cure. With a run this short, $\gamma$ has to be larger than V3's, which
# had 14.3 trillion tokens to settle.
#
# Training is the subject of chapter 05. In words, the loop below does this for each batch of texts:
#
# 1. Compute the loss: how badly the model predicts each next token. Its unit is the **nat**,
#    because the logarithm in it is the natural one.
# 2. *First cure:* add $\alpha$ times the balance loss.
# 3. Change all weights a little, against the gradient of the loss.
# 4. *Second cure:* move the bias against the load of this batch.

# %%
tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
STEPS, BATCH, POINT = 160, 16, 20
texts = corpus.documents(STEPS * BATCH, seed=0)
documents = pretrain.encode_documents(tokenizer, texts)
small = replace(
    PRESETS["tiny"],
    vocab_size=tokenizer.vocab_size,
    d_model=64,
    ffn_dim=128,
    n_layers=2,  # the first one has no experts
    n_mtp=0,
    n_routed_experts=16,
)


# %% [markdown]
# Read only the two marked places. (`watch_routers` hands out the scores that the auxiliary loss
# needs, for each layer a list with an entry for each pass.)


# %% tags=["slide"]
def train_small(alpha=0.0, speed=0.0):
    """Pre-train the small model; the load of its experts every POINT steps."""
    torch.manual_seed(0)
    model = Transformer(small).train()
    plan = pretrain.PretrainConfig(steps=STEPS, batch_size=BATCH)
    optimizers = optim.base_optimizers(model, plan.muon_lr, plan.adamw_lr)
    history, losses, load = [], [], torch.zeros(16)
    for step, ids in enumerate(pretrain.stream(documents, plan), 1):
        optim.set_lr(optimizers, optim.warmup_stable_decay(step - 1, STEPS))
        with watch_routers(model) as seen:
            loss, _ = pretrain.loss(model, ids, mtp_weight=0.0)
        losses.append(loss.item())
        scores = seen["layers.1.ffn"][0].view(*ids.shape, 16)
        if alpha:  # <- the first cure
            loss = loss + alpha * balance_loss(scores, 2, mask=ids != PAD)
        loss.backward()
        optim.guarded_step(model, optimizers)
        load += router_loads(model)["layers.1.ffn"]
        balance(model, speed)  # <- the second cure: moves the bias, then counts anew
        if step % POINT == 0:
            shares = (load / load.mean()).tolist()
            mean = sum(losses[-POINT:]) / POINT
            history.append({"step": step, "loss": mean, "load": shares})
            load.zero_()
    return model, history


# %%
CURES = {
    "no balancing": {},
    "auxiliary loss": {"alpha": 0.01},
    "bias": {"speed": 0.01},
}
models, histories = {}, {}
for name, cure in CURES.items():
    models[name], histories[name] = train_small(**cure)
    first, last = (histories[name][i] for i in (0, -1))
    print(f"{name:16} loss {last['loss']:.2f}, busiest expert ", end="")
    print(f"{max(first['load']):.1f} times the mean, then {max(last['load']):.1f}")
busiest = {name: max(h[-1]["load"]) for name, h in histories.items()}
assert busiest["no balancing"] > 1.2 * max(busiest["bias"], busiest["auxiliary loss"])

# %% tags=["slide"]
plots.balance_picture(histories)

# %% [markdown]
# What you see: left, how many times the mean load the busiest expert carries. The dotted
# line is perfect balance, and 8 would be two experts doing everything. Right, the load of
# all sixteen at the end, sorted. Without a cure a few experts do most of the work and
# some do next to nothing.
#
# Did the rich get richer? Not here. Without a cure the imbalance is largest at the first point and
# then falls, from more than 6 to less than 4 times the mean. With either cure it is lower throughout.
#
# And the loss? It differs little: in a run this short, a few experts seem to be enough. The
# difference is in time. If each expert had its own machine, a step would take as long as the
# busiest one needs:

# %%
print(f"{'':16}{'loss':>7}{'idle':>7}{'useful work':>14}")
for name, history in histories.items():
    load = history[-1]["load"]
    idle = sum(x < 0.1 for x in load)
    share = 1 / max(load)
    print(f"{name:16}{history[-1]['loss']:7.2f}{idle:7}{share:14.0%}")

# %% [markdown]
# "Idle" counts the experts with less than a tenth of the mean load; "useful work" is
# the share of the machines' time in which they do not wait. This is one seed at its end: on
# the way the cures change places, and in section 6 alpha 0.01 is ahead.
#
# ### How hard does the penalty pull?
#
# How strong is the gradient of the auxiliary loss at the router, beside that of the task?
# Take the model that was never balanced and compute both gradients on one batch: `wish` is what
# the task asks of the router, `duty` what the penalty asks. We compare their lengths. The last
# line is the cosine of the angle between the two: 1 is the same direction, 0 unrelated,
# below 0 opposed.

# %%
model = models["no balancing"]
plan = pretrain.PretrainConfig(steps=1, batch_size=BATCH, seed=1)
ids = next(pretrain.stream(documents, plan))
with watch_routers(model) as seen:
    task, _ = pretrain.loss(model, ids, mtp_weight=0.0)
scores = seen["layers.1.ffn"][0].view(*ids.shape, 16)
penalty = balance_loss(scores, 2, mask=ids != PAD)
router = model.layers[1].ffn.router.weight
(wish,) = torch.autograd.grad(task, router, retain_graph=True)
(duty,) = torch.autograd.grad(penalty, router)
cosine = F.cosine_similarity(wish.flatten(), duty.flatten(), dim=0)
for alpha in (1e-4, 1e-2, 1.0):
    print(
        f"alpha {alpha:<6} pulls {alpha * duty.norm() / wish.norm():6.2f} times as hard"
    )
print(f"cosine of the two gradients: {cosine:+.2f}")

# %% [markdown]
# At $\alpha = 0.01$ the penalty is about as strong as the task. The cosine is near 0: the
# two are not opposed, but nearly at right angles. So $\alpha$ decides how much of each step the
# penalty takes. (This is an unbalanced model. Where all loads are equal, every $f_i$ is 1, the sum
# of the $P_i$ is 1 as always, and the penalty has no gradient.)
#
# V3 keeps a trace, $\alpha = 0.0001$, only against extreme imbalance *within* a single sequence.
# The bias, updated once for a whole batch, cannot see that.
#
# Which cure gives the better model? The report compares the cures at equal size, by the
# loss on held-out text (section 4.5.3). A model of 1 billion parameters reaches 2.258 with the
# auxiliary loss, counted in each sequence, and 2.253 with the bias. One of 3 billion shows the same
# gap. A *batch-wise* auxiliary loss, the same formula on the whole batch laid end to end, is as good
# as the bias at both sizes. So what helps is less the absence of a gradient than the freedom to be
# unbalanced within a sequence.

# %% [markdown] tags=["slide"]
# ## 6. The long run
#
# Which way of balancing wins? First the verdict, then how we know.
#
# - **Balance: the auxiliary loss wins here.** Both cures balance the experts in every seed. In all
#   three seeds the auxiliary loss comes closer to an even load than the bias. Its worst seed is
#   better than the best seed of the bias.
# - **Loss: there is no winner.** Two runs that differ only in the seed can be further apart than the
#   two cures are on average.
# - **How sure are we?** Sure that both cures help, for doing nothing is far worse. Fairly sure of
#   the first place, and only at these strengths, $\alpha = 0.01$ and V3's $\gamma = 0.001$. With
#   ten times this $\gamma$, the bias ended ahead in the short run of section 5.
#
# Here is what we did. The tiny model of this book has four layers: layer 0 is an ordinary one, and
# layers 1, 2 and 3 have 8 experts each. We trained it three ways, with three seeds each, for 1,500
# steps. Each way is called an **arm** of the experiment. A seed means the same data and the same
# first weights in all arms.
#
# `python -m results.experts ARM SEED` measured each run once. (This is claim P13 in
# `docs/phenomena.md`. Chapter 05 reads the arm about multi-token prediction.)

# %% tags=["slide", "hide-input"]
ARMS = {
    "none": "no balancing",
    "aux": "auxiliary loss, alpha 0.01",
    "bias": "bias, gamma 0.001",
}
long_runs, measured = {}, {"max/mean": {}, "loss": {}}
for arm, name in ARMS.items():
    paths = [RESULTS / f"experts-{arm}-{seed}.json" for seed in (0, 1, 2)]
    found = [json.loads(p.read_text(encoding="utf-8")) for p in paths if p.exists()]
    if not found:
        print(f"{name}: not measured in this copy of the book")
        continue
    long_runs[name] = [f["history"] for f in found]
    for key, rows in measured.items():
        rows[arm] = [f["P13"]["held out"][key] for f in found]
plots.compared_curves(long_runs, {"max/mean": "busiest / mean"})

# %% [markdown]
# What you see: the load of a layer's busiest expert over the mean load, along the training. A line
# is the mean of three seeds and of the layers, with the range of the seeds around it. Perfect balance
# is 1.
#
# Left alone, the busiest expert keeps more than twice its share of the work, from the first steps to
# the end. As in the short run, the imbalance does not grow. Both cures bring it close to 1. The
# auxiliary loss is there almost at once. The bias needs some hundred steps, since each moves it by
# $\gamma$ at most. Later their bands lie close together, and touch in places.
#
# The trained models then read held-out texts, whose problems no training sees:

# %% tags=["slide", "hide-input"]
TITLES = {"max/mean": "busiest / mean", "loss": "held-out loss, nats"}
PAIRS = {"max/mean": [("bias", "aux")], "loss": [("aux", "none"), ("bias", "none")]}
print(f"{'':36}", *(f"seed {seed:<2}" for seed in (0, 1, 2)), " seeds differ by")
for key, rows in measured.items():
    print(TITLES[key])
    for arm, values in rows.items():
        numbers = " ".join(f"{value:7.2f}" for value in values)
        print(f"  {ARMS[arm]:34}{numbers} {max(values) - min(values):12.2f}")
    for one, other in PAIRS[key]:
        if one in rows and other in rows:
            less = [a - b for a, b in zip(rows[one], rows[other], strict=True)]
            both = " minus ".join(ARMS[arm].split(",")[0] for arm in (one, other))
            print(f"  {both:34}", end="")
            print(" ".join(f"{x:+7.3f}" for x in less))

# %% [markdown]
# Read the differences seed by seed, in the rows with "minus". If two arms were equally good, each
# seed would fall above or below 0 by chance, like a coin. Three coins fall alike once in four times,
# so one sign in three seeds is weak evidence. Look at the sizes too: compare them with the last
# column, an arm's largest value minus its smallest.
#
# **Balance.** The bias is above the auxiliary loss in each seed, and the two rows of values do not
# overlap. For two equally good arms, three values against three would separate like this once in
# ten times. So the first place is likely, and more seeds would make it safer.
#
# **Loss.** The auxiliary loss is above "no balancing" in each seed, but by less than the seeds of
# either arm differ among themselves. The bias is above in some seeds and below in others. Nothing
# follows from this.
#
# Then why does V3 use the bias? Its authors want balance without a second gradient that disturbs
# the first. At their sizes the loss is indeed lower with the bias (arXiv 2412.19437v2, Table 5, at
# 15.7 and 228.7 billion parameters). Our runs confirm that the bias balances. They cannot confirm
# the lower loss.

# %% [markdown] tags=["slide"]
# ## 7. What do experts specialise in?
#
# "Expert" suggests a chemist and a historian. Look at the base model that comes with
# this book, trained with the bias. We let it read held-out documents and count: of
# all tokens of a kind, which share was sent to each expert? With two of eight chosen, a
# share of 0.25 means "no preference". Commas, brackets, spaces and incomplete bytes are left
# out; a single letter counts as English.


# %% tags=["hide-input"]
def kind_of(text):
    """Sort a token into a few kinds that a reader can name."""
    if text in SPECIAL:
        return "special"
    if text.strip().isdigit():
        return "number"
    if text == "\n" or "~" in text or "=" in text:
        return "= ~ line end"
    if re.search("[가-힣]", text):
        return "Korean"
    if re.search("[A-Za-z]", text):
        return "English"
    return "operator" if re.search(r"[-+*/]", text) else "other"


KINDS = ("special", "number", "operator", "= ~ line end", "English", "Korean")
model, tokenizer = artifacts.load("base-tiny")
rng, texts = random.Random(0), []
for family in (countdown, arithmetic):
    for problem in problems(family.sample, 96, 0, "valid"):
        style = rng.choice(("short", "long"))
        texts.append((problem.prompt, corpus.trace(rng, problem, style)))
held_out = pretrain.encode_documents(tokenizer, texts)
batches = list(pretrain.batches(held_out, 32, seed=0))
names = [kind_of(tokenizer.decode([i])) for i in range(tokenizer.vocab_size)]
table = torch.tensor([KINDS.index(n) if n in KINDS else -1 for n in names])
print(
    {
        n: int(sum(((table[b] == i) & (b != PAD)).sum() for b in batches))
        for i, n in enumerate(KINDS)
    }
)

# %% tags=["hide-input"]
layers = {n: m for n, m in model.named_modules() if hasattr(m, "router")}
layers = {n: m for n, m in layers.items() if n.startswith("layers")}
used = {name: torch.zeros(len(KINDS), 8) for name in layers}
for ids in batches:
    with torch.no_grad(), watch_routers(model) as seen:
        model.hidden(ids)
    for name, layer in layers.items():
        chosen, _ = layer.choose(seen[name][0])
        one_hot = torch.zeros(len(chosen), 8).scatter(1, chosen, 1.0)
        for i in range(len(KINDS)):
            here = ((table[ids] == i) & (ids != PAD)).flatten()
            used[name][i] += one_hot[here].sum(0)
shares = {n: 2 * x / x.sum(1, keepdim=True) for n, x in used.items()}
columns = [str(e) for e in range(8)]
titles = {n: f"layer {n.split('.')[1]}" for n in shares}
panels = {titles[n]: x.tolist() for n, x in shares.items()}
plots.heatmaps(panels, list(KINDS), columns, "expert")

# %% [markdown]
# What you see: for each layer with experts, the share of a kind of token (row) that goes
# to each expert (column). An even router would paint everything in the same pale blue.
#
# There are preferences for kinds of tokens. In layer 1, expert 2 reads nearly all numbers and
# expert 4 nearly all operators. English words visit expert 0 most. English and Korean words share
# some of their experts: expert 4 of layer 2 is the first choice of both.
#
# Do experts specialise in subjects? These texts cannot say: they are games and sums, without
# subjects. Reports about larger models disagree. The authors of Mixtral, with eight experts a
# layer, saw no clear pattern by subject and much by syntax (arXiv 2401.04088, section 5).
# DeepSeek-V3's report, section 4.5.3 and Figure 9, compares domains of text in models of 16 billion
# parameters: with the bias, experts specialise more than with the auxiliary loss.
#
# ![One held-out text, a countdown game, cut into its tokens. Each token is in a box with the numbers of the two experts that read it in layer 1; most numbers go to expert 2, most operators and equal signs to expert 4.](../figures/widget_experts.png)
#
# What you see: one held-out text, token by token, with the experts of layer 1. The page
# [widgets/experts.html](../widgets/experts.html) has other texts and layers; open it in a
# browser and choose a token. A box has the colour of its heavier expert.
#
# ### Try it: your own text
#
# The next cell routes a text of yours. Each column is a token, each row an expert, and a number
# is the weight of an expert that the token goes to. Type a sum, a sentence, Korean, and move the
# slider to the other layers.
#
# A question to answer by playing: type `5+5+5+5+5`. Do all fives go to the same two experts?
#
# <details><summary>Answer</summary>In layers 1 and 2, all but the first. The router sees the vector
# of a token and not the token, and attention has mixed earlier tokens into this vector. The first
# five has no five before it.</details>

# %%
interactive.experts("base-tiny", "compute ((17+5)*2)-8")

# %% [markdown]
# ### Does the map mean anything?
#
# An expert is used often for digits; do digits need it? Take each expert away: a bias of
# $-\infty$ closes it, and the router takes the next best. Then measure how much worse the
# prediction becomes after each kind of token. If use meant need, each kind would suffer most
# without the experts that it visits most.


# %%
@torch.no_grad()
def loss_by_kind(model):
    """Mean loss of the token that follows a token of each kind."""
    total, count = torch.zeros(len(KINDS)), torch.zeros(len(KINDS))
    for ids in batches:
        logits, targets = model(ids[:, :-1]), ids[:, 1:]
        loss = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
        kinds = table[ids[:, :-1]]
        for i in range(len(KINDS)):
            here = (kinds == i) & (targets != PAD)
            total[i] += loss[here].sum()
            count[i] += here.sum()
    return total / count


whole = loss_by_kind(model)
missed = {}
for name, layer in layers.items():
    rows = []
    for e in range(8):
        kept = layer.router_bias[e].item()
        layer.router_bias[e] = -math.inf
        rows.append(loss_by_kind(model) - whole)
        layer.router_bias[e] = kept
    missed[name] = torch.stack(rows, dim=1)

# %%
assert torch.equal(loss_by_kind(model), whole)  # everything is back in place
panels = {titles[n]: x.tolist() for n, x in missed.items()}
plots.heatmaps(panels, list(KINDS), columns, "expert taken away", shared=True)

# %% tags=["hide-input"]
for name in layers:
    pair = torch.stack((shares[name].flatten(), missed[name].flatten()))
    r = pair.corrcoef()[0, 1].item()
    print(f"{titles[name]}: correlation of use and need {r:+.2f}, squared {r * r:.2f}")
print(f"loss with all experts: {whole.mean():.2f} nats, mean over the kinds")
worst = max(missed, key=lambda name: float(missed[name].max()))
e = int(missed[worst].max(0).values.argmax())
print(f"worst: {titles[worst]} without expert {e}")
for i, kind in enumerate(KINDS):
    share, more = shares[worst][i, e], round(float(missed[worst][i, e]), 2) + 0.0
    print(f"    {kind:14} {share:4.0%} of them go there, loss {more:+.2f} nats")

# %% [markdown]
# What you see: the same map for need, as additional loss, with one colour scale for all
# layers. (The loss with all experts is lower than elsewhere: this base had 10,500 steps,
# the texts hold no guesses, and each kind counts the same.) Most cells are near 0: the next
# best expert does as well. Removing one of a few experts does real damage, mostly to one or two
# kinds of token.
#
# The worst case is expert 4 of layer 2, printed above. It reads most of the Korean tokens, and
# without it the loss of the token after them rises by more than 2 nats. After English ones, of which
# it reads about half, the loss rises too. But it also reads most of the numbers, and there the
# loss does not change.
#
# The square of a correlation is the share of the differences in one map that goes with
# the other. Here that is less than half in each layer: use explains a part of need.

# %% [markdown] tags=["slide"]
# ## 8. 671 billion, 37 billion
#
# Where do these two numbers come from? A configuration is a few numbers, so arithmetic on paper is
# enough. Start with one layer of experts of DeepSeek-V3: an expert has three matrices of
# $7168 \times 2048$.

# %% tags=["nbval-check-output"]
v3 = PRESETS["deepseek-v3"]
expert = 3 * v3.d_model * v3.moe_ffn_dim
router = v3.d_model * v3.n_routed_experts
print(f"one expert       {expert:>15,}")
print(f"router           {router:>15,}   (and 256 biases)")
stored = (v3.n_routed_experts + v3.n_shared_experts) * expert + router
used = (v3.n_activated_experts + v3.n_shared_experts) * expert + router
print(f"layer, stored    {stored:>15,}")
print(f"layer, used      {used:>15,}   {used / stored:.1%}")

# %% [markdown]
# With attention (chapter 03), norms, three dense layers at the beginning, 58 layers of
# experts, embedding and head:

# %% tags=["slide", "nbval-check-output"]
attention = counts.attention_parameters(v3)
norms = 2 * v3.d_model
dense = 3 * v3.d_model * v3.ffn_dim
matrix = v3.vocab_size * v3.d_model
biases = 256
parts = {
    "embedding": (1, matrix, 0),
    "dense layer": (3, attention + norms + dense, attention + norms + dense),
    "layer of experts": (
        58,
        attention + norms + stored + biases,
        attention + norms + used + biases,
    ),
    "last norm": (1, v3.d_model, v3.d_model),
    "head": (1, matrix, matrix),
}
print(f"{'':18}{'times':>6}{'stored':>18}{'used for a token':>20}")
for name, (times, each, active) in parts.items():
    print(f"{name:18}{times:6}{each:18,}{active:20,}")
total = sum(times * each for times, each, _ in parts.values())
active = sum(times * active for times, _, active in parts.values())
print(f"{'sum':24}{total:18,}{active:20,}")

# %% [markdown]
# **671,026,419,200** is stored and 36.6 billion of it is used for a token. (The
# report says 37; with the embedding, of which a token reads a single row, it is 37.6.)
# To be sure, build the model: all its 45,000 matrices, on PyTorch's
# **meta device**, where a tensor has a shape and no numbers. It takes some ten seconds
# and hardly any memory.

# %% tags=["nbval-check-output"]
with torch.device("meta"):
    giant = Transformer(v3)
learned = sum(p.numel() for p in giant.parameters())
buffers = dict(giant.named_buffers())
router_biases = sum(b.numel() for n, b in buffers.items() if n.endswith("router_bias"))
print(f"learned by gradients {learned:,}")
print(f"router biases        {router_biases:,}")
print(f"together             {learned + router_biases:,}")
assert learned + router_biases == total == counts.parameters(v3)
assert active == counts.active_parameters(v3)

# %% [markdown]
# The small difference is worth knowing if you compare programs: the 58 times 256
# biases are part of a checkpoint, but no gradient reaches them. Some programs call
# them parameters and some do not. (The multi-token prediction module, 11.6 billion more,
# is not part of the 671: chapter 05.)
#
# ### What it buys, and what it costs
#
# Work goes with what is *used*, memory with what is *stored*. A rule of thumb says
# that training costs 6 operations for each used parameter and token (chapter 05
# derives it).

# %% tags=["slide", "nbval-check-output"]
print(f"{'':18}{'stored':>17}{'used':>16}{'share':>8}")
for name in ("tiny", "deepseek-v2-lite", "deepseek-v3", "llama-3.2-1b"):
    c = replace(PRESETS[name], n_mtp=0)
    if name == "tiny":  # with the book's 640 ids
        c = replace(c, vocab_size=tokenizer.vocab_size)
    all_, some = counts.parameters(c), counts.active_parameters(c)
    print(f"{name:18}{all_:17,}{some:16,}{some / all_:8.1%}")

trained = counts.six_nd(counts.active_parameters(v3), 14.8e12)
if_dense = counts.six_nd(counts.parameters(v3), 14.8e12)
print(f"\ntraining V3 on 14.8T tokens: {trained:.2e} operations")
print(f"the same size without experts: {if_dense / trained:.0f} times as many")
print(f"memory for its weights, one byte each: {total / 2**30:.0f} GiB")

# %% [markdown]
# Training is 18 times cheaper than for a dense model of that size. But every expert must
# be ready at any moment, since the next token may want it. The weights alone nearly fill
# eight GPUs of 80 GiB, with next to nothing left for cache and activations, for one user
# as for a thousand. That is why DeepSeek-V3 is cheap *per token* for those who serve many
# people at once, and expensive to run alone at home.
#
# ## Summary
#
# | part | what it does | in DeepSeek-V3 |
# |---|---|---|
# | router | scores each expert for each token; the best are chosen | sigmoid, 8 of 256 |
# | groups | limit the machines that a token visits | 4 of 8, worth their two best |
# | weights | scores of the chosen, normalised, scaled; the only way for gradients | scale 2.5 |
# | shared expert | works for every token, weight 1 | 1 |
# | bias | chooses, never weighs; moved against the load after each step | 0.001 a step |
# | auxiliary loss | pushes down the scores of busy experts, by gradient | a trace, 0.0001 |
# | dropping | a token that finds no place is skipped | never |
#
# - V3 stores 671 billion parameters and uses 37 billion for each token.
# - Left alone, our router gives the busiest expert more than twice its share at the end, in all
#   three seeds. Both cures remove most of the waiting. The auxiliary loss came closest to an even
#   load, and three seeds cannot say which way gives the lower loss.
# - Our experts prefer kinds of tokens, and being used often is not the same as being
#   needed. Whether experts specialise in subjects, our texts cannot show.
#
# ## Questions
#
# 1. Why is the bias not simply learned by gradient descent like everything else?
#
#    <details><summary>Answer</summary>It has no gradient: it only takes part in the
#    choice, which is a sharp cut, and not in the weights. And if it had one, the
#    language model's loss might use it to make good experts busier, the opposite of
#    what it is for.</details>
#
# 2. A report claims perfect balance over a batch of 1,000 documents, each in another
#    language. Can single documents still be badly unbalanced? Is that bad?
#
#    <details><summary>Answer</summary>Yes: each language may keep its own few experts
#    busy. For quality that may be welcome. For speed it matters only
#    if one such document fills a machine's batch on its own, as in serving. V3 keeps a very
#    weak sequence-wise loss against extreme imbalance within one sequence.</details>
#
# 3. You double the number of experts and the number of chosen ones stays. What happens
#    to stored parameters, used parameters, work per token, memory, and the tokens that
#    each expert sees in training?
#
#    <details><summary>Answer</summary>Stored parameters and memory nearly double; used
#    parameters and work stay (the router grows a little); each expert sees half as many
#    tokens and learns from less. That is why the number of experts cannot grow for
#    ever.</details>

# %% [markdown]
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/04_experts.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 4.1** (easy, 5 min) Route one token without PyTorch. Given the scores and
# biases of the experts as lists, return `(experts, weights)`: chosen by score plus bias,
# weighed by score alone, weights summing to 1.
#
# <details><summary>Hint 1</summary>Sort the *numbers* of the experts, not their scores:
# `sorted(range(n), key=..., reverse=True)` sorts them by anything.</details>
#
# <details><summary>Hint 2</summary>The key is score plus bias. The weights then look at
# `scores` only, divided by the sum over the chosen.</details>


# %% tags=["exercise"]
def route_one(scores, bias, n_activated):
    """(experts, weights): [0.1, 0.6, 0.2], [0, 0, 0], 2 -> ([1, 2], [0.75, 0.25])."""
    # BEGIN SOLUTION
    order = range(len(scores))
    order = sorted(order, key=lambda i: scores[i] + bias[i], reverse=True)
    chosen = order[:n_activated]
    total = sum(scores[i] for i in chosen)
    return chosen, [scores[i] / total for i in chosen]
    # END SOLUTION


# %% tags=["check"]
checks.ex_4_1(route_one)

# %% [markdown] tags=["exercise-text"]
# **Exercise 4.2** (easy, 10 min) Measure balance. You get the chosen experts of all
# tokens, ids of shape (N, A), and the number of experts. Return the load of the busiest
# expert divided by the mean load, and how many experts got nothing at all.
#
# <details><summary>Hint 1</summary>`torch.bincount` of the flattened ids is the load of
# each expert.</details>
#
# <details><summary>Hint 2</summary>Give it `minlength`; without it, experts at the end that
# no token chose are not even counted.</details>


# %% tags=["exercise"]
def balance_of(ids, n_experts):
    """(max / mean load, idle experts): [[0, 1], [0, 2]], 4 experts -> (2.0, 1)."""
    # BEGIN SOLUTION
    load = torch.bincount(ids.flatten(), minlength=n_experts).float()
    return (load.max() / load.mean()).item(), int((load == 0).sum())
    # END SOLUTION


# %% tags=["check"]
checks.ex_4_2(balance_of)

# %% [markdown] tags=["exercise-text"]
# **Exercise 4.3** (medium, 20 min) The balance loss of one sequence, scores of shape
# (T, E), without a Python loop and without the library. An even load must give 1, and
# the gradient must flow through $P_i$ and not through $f_i$.
#
# <details><summary>Hint 1</summary>Write $f$ and $P$ as two vectors of length E, each a
# mean over the T tokens.</details>
#
# <details><summary>Hint 2</summary>`F.one_hot(chosen, E).sum(1)` of the chosen ids is a
# (T, E) table of 0 and 1 without a gradient: its mean over T, times E / A, is
# $f$.</details>


# %% tags=["exercise"]
def my_balance_loss(scores, n_activated):
    """(T, E) scores -> sum of f_i * P_i; E equal columns, all E chosen -> 1.0."""
    # BEGIN SOLUTION
    T, E = scores.shape
    chosen = scores.topk(n_activated, dim=-1).indices
    load = F.one_hot(chosen, E).sum(1).float().mean(0) * E / n_activated
    liked = (scores / scores.sum(-1, keepdim=True)).mean(0)
    return (load * liked).sum()
    # END SOLUTION


# %% tags=["check"]
checks.ex_4_3(my_balance_loss)

# %% [markdown] tags=["exercise-text"]
# **Exercise 4.4** (medium, 15 min) What dropping costs. Give each expert
# `factor` times its fair share of places, rounded up; tokens come in order, and a
# choice that finds its expert full is dropped. Return the number of dropped choices.
#
# <details><summary>Hint 1</summary>Does it matter for the *number* of dropped choices in
# which order the tokens come?</details>
#
# <details><summary>Hint 2</summary>You need the loads only. The fair share is N * A / E;
# what a load has above the number of places is dropped.</details>


# %% tags=["exercise"]
def dropped(ids, n_experts, factor):
    """Number of pairs that do not fit: [[0], [0], [1]], 3 experts, factor 1 -> 1."""
    # BEGIN SOLUTION
    places = math.ceil(factor * ids.numel() / n_experts)
    load = torch.bincount(ids.flatten(), minlength=n_experts)
    return int((load - places).clamp(min=0).sum())
    # END SOLUTION


# %% tags=["check"]
checks.ex_4_4(dropped)

# %% [markdown] tags=["exercise-text"]
# **Exercise 4.5** (easy, 5 min) Stored and used. For a layer of experts of model
# width `d` and expert width `f`, with `routed` routed experts, `shared` shared ones and
# `active` chosen ones, return `(stored, used)`, router included, biases not.
#
# <details><summary>Hint 1</summary>An expert has three matrices, the router one vector for
# each routed expert.</details>
#
# <details><summary>Hint 2</summary>How much of the router does a token use? To choose
# eight of 256, it has to look at all of them.</details>


# %% tags=["exercise"]
def layer_counts(d, f, routed, shared, active):
    """(stored, used) weights of one layer: d=2, f=1, 4, 1, 1 -> (38, 20)."""
    # BEGIN SOLUTION
    expert, router = 3 * d * f, d * routed
    return expert * (routed + shared) + router, expert * (active + shared) + router
    # END SOLUTION


# %% tags=["check"]
checks.ex_4_5(layer_counts)

# %% [markdown] tags=["exercise-text"]
# **Exercise 4.6** (hard, 30 min) The whole layer. You get x (N, D), the router's weight
# (E, D), its bias (E), a list of experts and a shared one. Each expert is a tuple of
# matrices `(gate, up, down)` as `nn.Linear` keeps them. Compute $y$ of section 2 for each
# token, with the weights multiplied by `scale` and without the residual stream. Do it without the
# library. Loops are fine. The check compares with `MoE`.
#
# <details><summary>Hint 1</summary>Write a function for one expert and one token first.
# `nn.Linear` multiplies by the transpose: `u @ gate.T`.</details>
#
# <details><summary>Hint 2</summary>Choose by score plus bias, weigh by score alone, divide
# by the sum over the chosen, then multiply by `scale`. The shared expert has weight
# 1.</details>


# %% tags=["exercise"]
def my_moe(x, router, bias, experts, shared, n_activated, scale):
    """Output (N, D) of a layer; with experts that are all 0 it is the shared one's."""

    # BEGIN SOLUTION
    def run(u, matrices):
        gate, up, down = matrices
        return (F.silu(u @ gate.T) * (u @ up.T)) @ down.T

    rows = []
    for u in x:
        scores = (u @ router.T).sigmoid()
        chosen = (scores + bias).topk(n_activated).indices
        weights = scores[chosen] / scores[chosen].sum() * scale
        y = run(u, shared)
        for i, w in zip(chosen.tolist(), weights, strict=True):
            y = y + w * run(u, experts[i])
        rows.append(y)
    return torch.stack(rows)
    # END SOLUTION


# %% tags=["check"]
checks.ex_4_6(my_moe)

# %% [markdown] tags=["exercise-text"]
# **Exercise 4.7** (medium, 20 min) The bias as a control loop: an open experiment. You get scores
# of N tokens, (N, E), that do not change. At each step, every token chooses its one best expert
# by score plus bias. Then the bias moves against the load, by `speed`. It begins at 0. Return a
# list: the busiest expert's load over the mean load, at each step. Do it without the library.
#
# Then predict before you run this: which speed balances best at the end, and why is too fast bad?
#
# ```python
# for s in (0.001, 0.01, 0.1, 1.0):
#     _, history = train_small(speed=s)
#     print(s, [round(max(point["load"]), 1) for point in history])
# ```
#
# A point adds up the loads of 20 steps. Set `POINT = 1` and run it again: what do the sums hide?
#
# <details><summary>Hint 1</summary>`(scores + bias).argmax(-1)` are the chosen experts, and
# `torch.bincount` with `minlength` counts them.</details>
#
# <details><summary>Hint 2</summary>The bias changes by `speed * torch.sign(load.mean() - load)`.
# Note the busiest load before you move it.</details>
#
# <details><summary>What we saw</summary>In the last sum 0.1 is best: its busiest expert has 1.5
# times the mean load. It is 1.7 for 0.01 and 1.8 for 1. With 0.001 it is 2.6, too slow for 160
# steps. Single steps say otherwise. In the last 20 of them the busiest has 2.2 times the mean at
# 0.01, 3.3 at 0.1 and 6.6 at 1, where 8 is two experts doing everything. A step larger than the
# gaps between scores flips the choice back and forth, and a sum hides it.</details>


# %% tags=["exercise"]
def control(scores, speed, steps):
    """Busiest / mean load at each step.

    Too fast: `control(torch.tensor([[0.6, 0.5]] * 3), 0.2, 2)` is [2.0, 2.0].
    """
    # BEGIN SOLUTION
    bias, found = torch.zeros(scores.shape[1]), []
    for _ in range(steps):
        chosen = (scores + bias).argmax(-1)
        load = torch.bincount(chosen, minlength=scores.shape[1]).float()
        found.append((load.max() / load.mean()).item())
        bias = bias + speed * torch.sign(load.mean() - load)
    return found
    # END SOLUTION


# %% tags=["check"]
checks.ex_4_7(control)

# %% [markdown] tags=["exercise-text"]
# **Exercise 4.8** (medium, 15 min) Few machines. Route one token with groups, without PyTorch.
# Experts are numbered in order, and each group has the same number of neighbours. A group is worth
# the sum of its two best scores. Return the numbers of the chosen experts: the `n_activated` best
# of those in the `n_limited` best groups. There is no bias.
#
# Before you write it: can the expert with the highest score of all be left out?
#
# <details><summary>Hint 1</summary>Cut the list of scores into slices, and sort the numbers of the
# groups by `sum(sorted(part)[-2:])`.</details>
#
# <details><summary>Hint 2</summary>Collect the numbers of all experts in open groups. Then sort
# those by score, as in section 2.</details>
#
# <details><summary>Answer to the question</summary>Yes, if its partners score low enough. With two
# groups of two and the scores 0.9, 0.0, 0.5 and 0.5, the second group is worth 1.0 and the first
# one 0.9.</details>


# %% tags=["exercise"]
def few_machines(scores, n_groups, n_limited, n_activated):
    """Chosen experts: [0.9, 0.0, 0.5, 0.6], 2 groups, 1 open, 1 chosen -> [3]."""
    # BEGIN SOLUTION
    size = len(scores) // n_groups
    parts = [range(g * size, (g + 1) * size) for g in range(n_groups)]
    worth = [sum(sorted(scores[i] for i in part)[-2:]) for part in parts]
    best = sorted(range(n_groups), key=lambda g: worth[g], reverse=True)[:n_limited]
    open_ = [i for g in best for i in parts[g]]
    return sorted(open_, key=lambda i: scores[i], reverse=True)[:n_activated]
    # END SOLUTION


# %% tags=["check"]
checks.ex_4_8(few_machines)
