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
# # Pre-training the base
#
# | | |
# |---|---|
# | You will build | the loop that trained our base: padded batches of similar length, the loss for one and for two tokens ahead, Muon beside PyTorch's AdamW, the learning-rate plan. Beside it: packing as V3 does it, a scaling law, the bill of DeepSeek-V3, and the rule of speculative decoding |
# | You need | PyTorch tensors and gradients; the model of chapter 03; tapes and checks (chapter 01, section 2) |
# | Minutes to read | 125; the exercises take about 125 |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-V3 (arXiv 2412.19437), sections 1, 2.2, 3.3, 4.1, 4.2, 4.5.1, 5.1 and 5.4.3; speculative decoding (2211.17192), section 2; Chinchilla (2203.15556), section 3.3; MiniCPM (2404.06395), section 4 |
#
# ![From left to right: documents become the rows of a batch; the model turns a row into hidden states; from these the head predicts the next token, and the MTP module, which also sees the next token, the one after it; both losses are added, and AdamW and Muon change the weights at a rate that rises, stays and falls.](../figures/05_pretraining.png)
#
# Pre-training teaches a model how texts go on, one token at a time.
#
# What you see: one step of it. We pad documents of similar length; V3 packs. The numbers
# on the discs are the sections that build each part.
#
# | section | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 |
# |---|---|---|---|---|---|---|---|---|---|---|---|---|
# | minutes to read | 5 | 13 | 2 | 13 | 9 | 18 | 4 | 17 | 14 | 11 | 8 | 11 |
#
# The short path reads sections 1, 2, 3, 7, 8, 9 and 11, and section 6 up to the cell with AdamW, in
# about 70 minutes. Run the cells of the other sections, too: later cells use what they define.

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random generator.

# %% tags=["setup"]
import copy
import itertools
import json
import math
import random
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from r1lib import artifacts, checks, evaluate, plots, sampling, speculative
from r1lib.losses import next_token_loss
from r1lib.model import counts
from r1lib.model.config import ModelConfig
from r1lib.model.layers import RMSNorm
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer, balance, evaluating, rope_at
from r1lib.problem import STYLES, problems

# %% tags=["setup"]
from r1lib.sampling import draw
from r1lib.tokenizer import EOS, PAD, Tokenizer
from r1lib.training import optim, pretrain
from r1lib.training.batches import pad
from r1lib.training.optim import NEWTON_SCHULZ, orthogonalize, warmup_stable_decay
from r1lib.training.packing import Packed, pack
from r1lib.training.pretrain import PretrainConfig
from r1lib.training.scaling import fit_loss, predict_loss
from r1lib.world import arithmetic, corpus, countdown, web
from r1lib.world.skills import measure

torch.manual_seed(0)
torch.set_num_threads(1)  # for tensors this small, more are no help
RESULTS = Path("../results/data")

# %% [markdown]
# ## 1. A web small enough to read
#
# A **base model** has learned one thing from a great deal of text: how a text goes on.
# DeepSeek-V3-Base read 14.8 trillion tokens of web pages, books, code and mathematics, and
# R1-Zero and R1 both started from it. Reinforcement learning can later strengthen abilities that
# the base shows now and then.
#
# Our base reads 15 million tokens of a **tiny web**, made by a program. So we know exactly
# what is in it. Three documents of five are puzzles, and through section 8 we use only these. (The
# rest is small talk, facts, logic and programs; `docs/world.md` describes it.) People
# answer in three styles: they *guess*, work *short* (one attempt), or work *long* (attempt, check,
# and go on after a "no"). They make slips now and then, and some mix languages.

# %%
tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
V = tokenizer.vocab_size
rng = random.Random(0)
for family, style, n in (
    (countdown, "guess", 1),
    (countdown, "long", 4),
    (arithmetic, "long", 2),
):
    problem = problems(family.sample, 1, n, "train", language="en")[0]
    print(f"--- {style}: {problem.prompt}\n{corpus.trace(rng, problem, style)}")

# %% [markdown]
# The first guess is wrong, as nearly all guesses of this web are: 5% are right on purpose. In
# arithmetic the second line repeats the first to check it. 맞아 is Korean for *yes*: this is one of
# the texts that mix languages.
#
# The recipe of a corpus gives *shares*. There is a trap: of documents, or of tokens? A model
# learns from tokens. Each document becomes ids with special tokens around it: `<|bos|><|user|>`
# question `<|assistant|>` answer `<|eos|>`. The cell counts both shares. (A long answer that hits
# at once has one line, like a short one.)


# %% tags=["nbval-check-output"]
def form_of(completion):
    """How the answer was given, as far as the text shows."""
    if "<think>" not in completion:
        return "guess"
    return "one line" if completion.count("\n") == 1 else "several lines"


puzzles = list(corpus.documents(2000, seed=0))
documents = pretrain.encode_documents(tokenizer, puzzles)
share, mass = Counter(), Counter()
for (_, completion), ids in zip(puzzles, documents, strict=True):
    answer_at = ids.index(tokenizer.special_ids["<|assistant|>"])
    share[form_of(completion)] += 1
    mass["question"] += answer_at
    mass[form_of(completion)] += len(ids) - answer_at
print(f"{len(puzzles)} documents, {mass.total():,} tokens")
print(f"{'question':32}{mass['question'] / mass.total():4.0%} of tokens")
for form in ("guess", "one line", "several lines"):
    counted = f"{share[form] / share.total():4.0%} of documents"
    print(f"{form:14}{counted}, {mass[form] / mass.total():4.0%} of tokens")

# %% [markdown] tags=["slide"]
# Guesses are most of the documents, but only a tenth of the tokens. When you prompt the model, it
# usually answers as most documents do, with a guess. But half of the puzzle tokens are worked-out
# answers, and more than a third are questions.
#
# ## 2. The loss: guess the next token
#
# At every place of a text the model gives each token of the vocabulary a probability. The
# **loss** is the mean surprise of the tokens that really came, $-\log p$. It is measured in
# **nats**, the unit of natural logarithms (a nat is 1.44 bits):
#
# $$ L = -\frac{1}{|\text{targets}|} \sum_{t} \log p(x_{t+1} \mid x_1, \dots, x_t) $$
#
# Two things are easy to get wrong. Token $t$ must predict token $t+1$, so the last place has
# no target, and the first token is never a target. And padding, which fills up short rows
# of a batch, must not be a target.


# %%
def loss_by_loop(logits, ids):
    """Mean surprise of the next token, pads left out, one token at a time."""
    total, count = 0.0, 0
    for b in range(ids.shape[0]):
        for t in range(ids.shape[1] - 1):
            target = int(ids[b, t + 1])
            if target != PAD:
                total -= logits[b, t].log_softmax(-1)[target].item()
                count += 1
    return total / count


# %% tags=["slide"]
# r1lib.losses.next_token_loss

# %% [markdown]
# (`ahead` is 1 here and 2 in section 5. With `head`, the first argument holds states, and the head
# is applied only at places with a target.) What is a good loss? Compare it with simpler models.
# One that knows nothing gives each of the 640 tokens the same chance. A table of how *often* each
# token occurs does better, and a table of which token follows which does better still. We measure
# on documents about problems that nothing in this book is trained on (`unseen`):


# %% tags=["slide"]
def unseen(n, seed=0):
    """Documents on n valid problems of each family, in the styles of the web."""
    rng, texts = random.Random(seed), []
    for family in (countdown, arithmetic):
        for problem in problems(family.sample, n, 0, "valid"):
            style = rng.choices(STYLES, corpus.Habits().styles)[0]
            texts.append((problem.prompt, corpus.trace(rng, problem, style)))
    return pretrain.encode_documents(tokenizer, texts)


@torch.no_grad()
def loss_on(batches, logits_of):
    """Mean loss over all tokens of several padded batches."""
    total, n = 0.0, 0
    for ids in batches:
        targets = int((ids[:, 1:] != PAD).sum())
        total += next_token_loss(logits_of(ids), ids).item() * targets
        n += targets
    return total / n


# %%
held_out = list(pretrain.batches(unseen(96), 32, seed=0))
base, _ = artifacts.load("base-tiny")
base.eval()
some = held_out[0][:3]
with torch.no_grad():
    slow, fast = loss_by_loop(base(some), some), next_token_loss(base(some), some)
assert math.isclose(slow, fast.item(), rel_tol=1e-4)

single = torch.ones(V)
pairs = torch.full((V, V), 0.02)  # a little for pairs never seen, or log 0
for ids in documents:
    single += torch.bincount(torch.tensor(ids[1:]), minlength=V)
    row, column = torch.tensor(ids[:-1]), torch.tensor(ids[1:])
    pairs.index_put_((row, column), torch.ones(len(row)), accumulate=True)
tables = {"nothing": torch.ones(V, V), "how often": single.expand(V, V)}
tables["which follows which"], ladder = pairs, {}
for name, table in tables.items():
    logp = (table / table.sum(1, keepdim=True)).log()
    ladder[name] = loss_on(held_out, lambda ids, logp=logp: logp[ids])
ladder["base model"] = loss_on(held_out, base)
print(f"{'knows':20} nats   one chance in")
for name, nats in ladder.items():
    print(f"{name:20} {nats:.2f}   {math.exp(nats):6.1f}")
assert list(ladder.values()) == sorted(ladder.values(), reverse=True)

# %% [markdown]
# The last column, $e^L$, is called **perplexity**. With a loss of $L$ the model is as unsure as
# a fair choice among that many tokens. Perplexity 1 is out of reach: no model can know which
# numbers a puzzle will have. Where is the surprise that is left?


# %%
@torch.no_grad()
def surprise_by_place(model, batches):
    """Mean surprise within questions, guessed answers, and worked-out text."""
    assistant = tokenizer.special_ids["<|assistant|>"]
    think = tokenizer.special_ids["<think>"]
    found = {"questions": [], "guesses": [], "worked-out text": []}
    for ids in batches:
        logp = model(ids).log_softmax(-1)[:, :-1]
        surprise = -logp.gather(2, ids[:, 1:, None]).squeeze(2)
        real = ids[:, 1:] != PAD
        answer = (ids == assistant).cumsum(1)[:, :-1].bool()
        works = (ids == think).any(1, keepdim=True)
        found["questions"] += surprise[real & ~answer].tolist()
        found["guesses"] += surprise[real & answer & ~works].tolist()
        found["worked-out text"] += surprise[real & answer & works].tolist()
    return {name: (sum(v) / len(v), len(v)) for name, v in found.items()}


chance = surprise_by_place(base, held_out)
everywhere = sum(n for _, n in chance.values())
for name, (mean, n) in chance.items():
    part = mean * n / everywhere
    print(f"{name:16} {mean:.2f} nats over {n:5} tokens: {part:.2f} of the mean")

# %% [markdown] tags=["slide"]
# Questions are drawn by chance and stay surprising. A token of worked-out text, including the
# choice of attempts, carries about a fifth of the surprise of a question's token.
#
# ## 3. The whole loop in one cell
#
# Training repeats three steps: compute the loss of a batch, compute its gradient, move every
# weight a little against it. Here is a new model of 48 numbers a token and two layers, and the
# simplest rule, **gradient descent**: each weight moves by a fixed rate times its gradient.

# %% tags=["slide"]
small = replace(PRESETS["tiny"], vocab_size=V, d_model=48, n_layers=2)
small = replace(small, ffn_dim=96, moe_ffn_dim=16, n_routed_experts=4)
torch.manual_seed(0)
beginner = Transformer(small)
optimizer = torch.optim.SGD(beginner.parameters(), lr=0.2)
for step in range(40):
    ids = pad(documents[24 * step : 24 * step + 24])  # a batch
    nats = next_token_loss(beginner(ids), ids)
    optimizer.zero_grad()
    nats.backward()
    optimizer.step()
    if step % 13 == 0:
        print(f"step {step:2}: {nats.item():.2f} nats")

# %% [markdown] tags=["slide"]
# It learns, slowly: after 40 steps it is nearly as good as the table of how often each token occurs.
# Sections 4 to 7 improve one line each: the batch (4), the loss (5), the step of the optimizer (6)
# and its rate (7). Section 8 puts the improved lines together, with sorted batches: packing,
# most of section 4, is V3's way.
#
# ## 4. Packing
#
# A batch is a rectangle, and documents are not. The simplest way is to fill short rows up with
# padding, which is computed for nothing.
#
# Our own pre-training therefore sorts documents by length within a window of 64 batches
# (`batches`, section 8), so that a batch has rows of similar length. This has a price. One step sees
# only short documents, nearly all guesses, and another only long ones. So the gradient of a single
# step is that of one kind of text.
#
# Large models **pack**: several documents share a row of fixed length. The classical way lays
# all documents end to end and cuts every 4,096 tokens, also within documents.
# **Best-fit packing** (arXiv 2404.10830, to which the V3 report refers in section 4.1) keeps
# them whole. The longest come first, each into the row with the least room that is enough.
#
# Take documents of 5, 4, 3 and 2 tokens, and rows of 8. The 5 opens row A, and leaves room for 3.
# The 4 does not fit there, so it opens row B, with room for 4. The 3 fits both, and goes into A,
# which has less room. The 2 goes into B. In the code `with_room` maps a room to the rows that
# have it, here {3: [A], 4: [B]} before the third document.

# %% tags=["slide"]
# r1lib.training.packing.pack


# %%
def padded_share(batches):
    """Share of all places of some batches that hold no token."""
    places = sum(len(rows) * max(map(len, rows)) for rows in batches)
    return 1 - sum(len(row) for rows in batches for row in rows) / places


def cut(rows, size=24):
    return [rows[i : i + size] for i in range(0, len(rows), size)]


ROW = 256
rows = pack(documents, ROW)
toy = pack([[5] * 5, [4] * 4, [3] * 3, [2] * 2], 8)
print("four documents in rows of 8:", toy.ids.tolist())
print(f"padded, as they come      {padded_share(cut(documents)):4.0%} empty")
print(f"padded, sorted by length  {padded_share(cut(sorted(documents, key=len))):4.0%}")
print(f"packed in rows of {ROW}     {(rows.owner == 0).float().mean():4.0%}")
widest = max(map(len, documents[:24]))
packed = pack(documents[:24], widest)
inside = [list(Counter(row[row > 0].tolist()).values()) for row in packed.owner]
layouts = {"padded": [[len(d)] for d in documents[:24]], "packed": inside}
plots.rows_picture(layouts, widest)

# %% [markdown]
# What you see: the same 24 documents, each a block of colour, as rows padded to the longest of
# them, and packed. Hatched places are computed for nothing. Sorted and packed rows waste about
# equally little. But a packed batch mixes short and long documents, and all batches have one shape.
#
# In a packed row a document comes after others that have nothing to do with it. Two things
# go wrong. The last token of one document would have to predict the first token of the next.
# And attention would look into the other documents. `Packed` answers both, with the number of each
# token's document, its `owner`. For the documents `11 12` and `21 22 23` and one pad on a row:
#
# | ids | 11 | 12 | 21 | 22 | 23 | pad |
# |---|---|---|---|---|---|---|
# | `owner` | 1 | 1 | 2 | 2 | 2 | 0 |
# | `positions` | 0 | 1 | 0 | 1 | 2 | 0 |
# | `targets()` | | 12 | | 22 | 23 | |
#
# Positions start again with each document. To count on would do no harm here, as a shift changes
# nothing (chapter 03).

# %% tags=["slide"]
# r1lib.training.packing.Packed

# %% [markdown]
# First the row of the table. Then `packed_loss` hands mask and positions to the model. If both answers
# are right, packed rows must give *exactly* the loss that each document gives alone.

# %% tags=["slide"]
row = Packed(
    torch.tensor([[11, 12, 21, 22, 23, 0]]), torch.tensor([[1, 1, 2, 2, 2, 0]])
)
print("positions", row.positions[0].tolist())
print("targets  ", row.targets()[0].tolist(), "(0: no target)")
for t, seen in enumerate(row.mask[0, 0].int().tolist()):
    print(f"{row.ids[0, t].item() or 'pad':>9}", seen)


def packed_loss(model, rows, apart):
    """Loss of packed rows; `apart` hides other documents and restarts positions."""
    positions, mask = (rows.positions, rows.mask) if apart else (None, None)
    logits = model(rows.ids, positions=positions, attn_mask=mask)
    return next_token_loss(logits, rows.targets()).item()


exact, few = copy.deepcopy(base).double(), unseen(24, seed=1)
rows = pack(few, ROW)
with torch.no_grad():
    alone = next_token_loss(exact(pad(few)), pad(few)).item()
    apart = packed_loss(exact, rows, apart=True)
    mixed = packed_loss(exact, rows, apart=False)
print(f"\neach document alone   {alone:.7f} nats")
print(f"packed, kept apart    {apart:.7f}")
print(f"packed, one long text {mixed:.7f}")
assert abs(apart - alone) < 1e-6 < 1e-2 < mixed - alone

# %% [markdown] tags=["slide"]
# What you see: the mask is a staircase of blocks along the diagonal. `packed, one long text` is
# the loss without this mask, with positions that count on. Our base has never read such rows, so it
# is confused. This does not say what a model would do that is *trained* on such rows.
#
# Large runs do it either way. V3 packs without a mask in pre-training (section 4.1) and masks in
# fine-tuning (5.1). Llama 3 masks. Its authors saw little effect in ordinary pre-training, and an
# important one with very long texts (arXiv 2407.21783, section 3.2).
#
# ## 5. Two tokens ahead
#
# The next token is often obvious. DeepSeek-V3 adds a harder question: which token comes *after* the
# next one? This is **multi-token prediction** (MTP).
#
# ![A text of five tokens, 17 + 5 = 22, and above it the main model's states. From the state after + the head predicts 5. The MTP module joins this state with the embedding of 5, and the same head predicts =.](../figures/05_mtp.png)
#
# What you see: the module takes the main model's state at token $t$ and the embedding of token
# $t+1$, which is known in training. Each is normalised, one matrix joins them, and one more
# block follows. The *same* head then predicts token $t+2$ (V3, eq. 21 to 23):
#
# $$ h'_t = W\,[\operatorname{norm}(\text{emb}(x_{t+1}));\ \operatorname{norm}(h_t)],
#    \qquad p(x_{t+2}) = \operatorname{head}(\operatorname{block}(h')_t) $$
#
# (Eq. 21 has the state first. The published checkpoints use the order shown here.)

# %% tags=["slide"]
# r1lib.model.mtp.MTPModule
# r1lib.model.transformer.mtp_hidden

# %% [markdown]
# The two losses are added, the second with a weight: 0.3 in V3 for the first 10 trillion
# tokens, then 0.1 (section 4.2). Ours is 0.3, on every fourth batch only, because the module
# costs time.

# %% tags=["slide"]
# r1lib.training.pretrain.loss

# %% tags=["nbval-check-output"]
ids = tokenizer.prompt("compute 6*7") + tokenizer.encode("42") + [EOS]
pieces = [repr(tokenizer.decode([i])) for i in ids]
print(f"{'state after':16}{'next, given':16}{'main target':16}MTP target")
for t in range(4, len(ids) - 2):
    print(f"{pieces[t]:16}{pieces[t + 1]:16}{pieces[t + 1]:16}{pieces[t + 2]}")
with torch.no_grad():
    both, parts = loss(base, held_out[0], mtp_weight=0.3)
print(f"\non one batch: one ahead {parts['loss']:.2f} nats", end="")
print(f", two ahead {parts['mtp_loss']:.2f}", end="")
print(f", together {both:.2f}")
assert math.isclose(both, parts["loss"] + 0.3 * parts["mtp_loss"], rel_tol=1e-5)
assert parts["loss"] < parts["mtp_loss"]

# %% [markdown]
# Why can it help? The last layer's state at $t$ must now also serve the token two places later, and
# gets a gradient from it. V3's authors report better scores on most benchmarks with MTP than without
# (Table 4).
#
# And at our size? `python -m results.experts` trained models without MTP and with it, three seeds
# for 1,500 steps each, a seventh of our base's, on puzzles only.

# %%
ARMS = {"no-mtp": "without", "bias": "every 4th batch"}
with_mtp = {}
print(f"{'MTP':18}loss of the next token, three seeds")
for arm, name in ARMS.items():
    files = [RESULTS / f"experts-{arm}-{seed}.json" for seed in (0, 1, 2)]
    with_mtp[name] = [json.loads(f.read_text(encoding="utf-8"))["P13"] for f in files]
    losses = [one["held out"]["loss"] for one in with_mtp[name]]
    print(f"{name:18}" + "  ".join(f"{nats:.2f}" for nats in losses))

# %% [markdown] tags=["slide"]
# Compare the seeds of a line first. Without MTP they differ by more than the two lines do, so
# about the loss we cannot tell.
#
# ## 6. AdamW and Muon
#
# The gradient says in which direction each weight should move, but not how far. Let us see one
# first step of three rules, for a matrix of four weights whose gradient is large in one corner and
# small in the other:

# %% tags=["slide", "nbval-check-output"]
corner = torch.tensor([[3.0, 0.0], [0.0, 0.1]])
RULES = {
    "gradient descent": lambda w: torch.optim.SGD([w], lr=0.1),
    "AdamW": lambda w: torch.optim.AdamW([w], lr=0.1, weight_decay=0.0),
    "Muon": lambda w: optim.Muon([w], lr=0.1, momentum=0.0),
}
for name, make in RULES.items():
    w = nn.Parameter(torch.zeros(2, 2))
    w.grad = corner.clone()
    make(w).step()
    rows = [[f"{-x + 0.0:.2f}" for x in row] for row in w.tolist()]
    print(f"{name:17}", "   ".join(" ".join(row) for row in rows))

# %% [markdown]
# What you see: the two rows of each step, without its minus. Gradient descent hardly moves the
# weight with the small gradient. AdamW moves both equally far. Muon does so here only roughly, but
# it will treat *directions* equally, and not single weights.
#
# Let $g$ be the gradient of a weight $w$, $\eta$ the learning rate, and $t$ the number of the
# step. **AdamW** keeps two running means for each weight, of its gradient and of the squared
# gradient:
#
# $$ m \leftarrow \beta_1 m + (1-\beta_1)\, g $$
#
# $$ v \leftarrow \beta_2 v + (1-\beta_2)\, g^2 $$
#
# It divides the first by the root of the second. So a step is about $\eta$ long for *every* weight,
# and shorter where the gradient keeps changing direction:
#
# $$ w \leftarrow w - \eta \Big( \frac{m / (1-\beta_1^t)}{\sqrt{v / (1-\beta_2^t)} +
#    \epsilon} + \lambda w \Big) $$
#
# The divisions by $1-\beta^t$ correct for means that started at zero. The last term, **weight
# decay** with the factor $\lambda$, pulls weights towards zero. The tiny $\epsilon$ avoids a
# division by zero. V3 uses $\beta_1 = 0.9$,
# $\beta_2 = 0.95$ and $\lambda = 0.1$ (section 4.2). Our runs are too short to need decay.
# Exercise 5.4 writes a step; here PyTorch's takes twenty, for three kinds of gradients:

# %% tags=["nbval-check-output"]
KINDS = {"tiny": [0.001] * 20, "large": [1.0] * 20, "alternating": [1.0, -1.0] * 10}
for name, grads in KINDS.items():
    w = nn.Parameter(torch.zeros(1))
    adamw = torch.optim.AdamW([w], lr=0.1, betas=(0.9, 0.95), weight_decay=0.0)
    for g in grads:
        w.grad = torch.tensor([g])
        adamw.step()
    print(f"{name:12} moved {w.item():+.2f} in 20 steps of rate 0.1")

# %% [markdown]
# AdamW sees a matrix as a list of numbers. **Muon** (Keller Jordan, 2024) sees a map that takes
# vectors to vectors. Our matrix above stretches the first axis 3 times and shrinks the second to a
# tenth. Every matrix does something like this: it rotates, stretches along some axes, and rotates
# again. (A reflection may take the place of a rotation.) The stretchings are its **singular
# values**, here 3 and 0.1. A matrix whose singular values are all 1 stretches nothing, and is
# called **orthogonal**. Muon would like to step with such a matrix.
#
# ![A circle of unit vectors and its images under three matrices. The gradient makes a long thin ellipse. One Newton-Schulz step gives a rounder one. Five steps give an ellipse with the same axes, nearly as large as the circle: singular values 0.71 and 0.92.](../figures/05_muon.png)
#
# What you see: another gradient stretches one direction much more than the other. A step in proportion
# to it learns mainly the long one. Muon keeps the rotations and makes all stretchings about 1, in
# the hope that the short directions, too, hold something to learn.
#
# The last ellipse is no circle: its short axis (dashed) has overtaken the long one, an overshoot.
#
# A singular value decomposition, $X = U S V^T$, finds the rotations $U$ and $V$ and the stretchings
# on the diagonal of $S$. Leaving out $S$ gives $U V^T$, the orthogonal matrix that is nearest to $X$.
# But it is slow, so Muon uses a polynomial.
#
# Odd powers keep both rotations: $XX^T X = U S^3 V^T$. So
# $a X + b (XX^T) X + c (XX^T)^2 X$ takes every singular value $s$ to $a s + b s^3 + c s^5$, all
# *at once*. Repeating this is a **Newton-Schulz** iteration.
#
# It needs a start with no singular value above 1. So $X$ is first divided by its **norm**, the root
# of the sum of its squared entries. This is also the root of the sum of the squared singular values,
# so none of them is larger.
#
# The three numbers, $(3.4445, -4.7750, 2.0315)$, were chosen for a steep start: near 0
# a step multiplies by 3.4. The price is an overshoot: all but the smallest values end between
# about 0.7 and 1.2, and not at 1. First with a single number:


# %% tags=["slide"]
def newton_schulz(m, steps):
    """Bring the singular values of one matrix near 1."""
    a, b, c = NEWTON_SCHULZ
    x = m / m.norm()
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + b * gram @ x + c * gram @ gram @ x
    return x


(a, b, c), path = NEWTON_SCHULZ, [0.01]
for _ in range(5):
    path.append(a * path[-1] + b * path[-1] ** 3 + c * path[-1] ** 5)
print("0.01 in five steps:", " -> ".join(f"{number:.2f}" for number in path))

# %% [markdown]
# Now the same polynomial, $s \to a s + b s^3 + c s^5$, on all singular values of a real gradient of
# our base. How near does it come to $U V^T$? To compare two matrices, we read each as one long
# vector and take the cosine of the angle between them: 1 is the same direction, 0 is none in common.

# %%
learner = copy.deepcopy(base)
loss(learner, held_out[1], mtp_weight=0.0)[0].backward()
gradient = learner.layers[1].attn.wo.weight.grad
stages = {}
for steps in (0, 1, 5):
    values = torch.linalg.svdvals(newton_schulz(gradient, steps))
    name = f"after {steps} step" + "s" * (steps != 1)
    stages[name] = list(enumerate(values.tolist(), 1))
u, _, v = torch.linalg.svd(gradient, full_matrices=False)
for name, matrix in (("gradient", gradient), ("Muon", newton_schulz(gradient, 5))):
    cosine = F.cosine_similarity(matrix.flatten(), (u @ v).flatten(), dim=0)
    print(f"cosine of {name:8} with the exactly orthogonal matrix: {cosine:.2f}")
title = "A gradient of the attention's output matrix"
plots.curves({title: stages}, "singular value, largest first", "size", log="y")

# %% [markdown]
# What you see: the singular values before and after one and five steps. At the end the
# stronger four fifths are between about 0.7 and 1.2. The smallest have grown 485 times
# ($3.4445^5$) and are still far below 1.
#
# A step of Muon puts **momentum** in front, a running mean of the gradients with $\beta = 0.95$.
# Here it is for one matrix:


# %% tags=["slide"]
@torch.no_grad()
def muon_step(w, mean, lr, beta=0.95):
    """One step of Muon for one matrix; its running mean of gradients is `mean`."""
    mean.lerp_(w.grad, 1 - beta)  # mean = beta * mean + (1 - beta) * grad
    ahead = w.grad.lerp(mean, beta)  # the newest gradient once more
    scale = max(1, w.shape[0] / w.shape[1]) ** 0.5  # a tall matrix moves more
    w -= lr * scale * newton_schulz(ahead, 5)


# %% [markdown]
# <details><summary>What the last three lines add, and where Muon is used</summary>
#
# `ahead` is **Nesterov's** form of momentum: the newest gradient is mixed in once more, as a look
# ahead. The scale, the root of rows over columns where that is above 1, lets tall matrices move as
# much per output as square ones.
#
# The library's `Muon`, in the folded cells, does the same for many matrices of one shape
# together, which is faster. The last folded cell compares three Muons: `muon_step`, the library's and
# PyTorch's. PyTorch's computes in bfloat16, with two to three digits, so it agrees only roughly.
#
# Kimi K2, of a similar build, used a variant of Muon at a trillion parameters (arXiv 2507.20534). The
# report of DeepSeek-V4 names Muon, too ([docs/papers.md](../docs/papers.md)).
#
# </details>

# %% tags=["hide-input"]
# r1lib.training.optim.orthogonalize

# %% tags=["hide-input"]
# r1lib.training.optim.Muon

# %% tags=["nbval-check-output", "hide-input"]
generator = torch.Generator().manual_seed(0)
start = torch.randn(6, 4, generator=generator)
mine, ours, theirs = (nn.Parameter(start.clone()) for _ in range(3))
ours_step = Muon([ours], lr=0.1, momentum=0.95)
theirs_step = torch.optim.Muon([theirs], lr=0.1, momentum=0.95, weight_decay=0.0)
mean = torch.zeros(6, 4)
for _ in range(4):
    grad = torch.randn(6, 4, generator=generator)
    mine.grad, ours.grad, theirs.grad = grad.clone(), grad.clone(), grad.clone()
    muon_step(mine, mean, lr=0.1)
    ours_step.step()
    theirs_step.step()
moved = (ours - start).norm().item()
print("by hand = the library's:      ", torch.allclose(mine, ours, atol=1e-5))
print("roughly torch.optim.Muon's:   ", (ours - theirs).norm().item() < 0.03 * moved)

# %%
# r1lib.training.optim.base_optimizers

# %% [markdown] tags=["slide"]
# `base_optimizers` shares out the weights. Muon is for matrices that map a vector to a vector.
# Embedding, head and norms stay with AdamW, and so does the router of the experts. V3 was trained with
# AdamW alone.
#
# ## 7. The learning rate: warm up, stay, decay
#
# Early on, $m$ and $v$ are poor estimates, and large steps can do damage. So the rate **warms up**. At
# the end, steps of constant length would jump around the minimum forever. So the rate **decays**.
# The usual plan falls along half a cosine, beginning right after the warm-up. It depends on the
# *end*: the length of the run must be known before the first step. **Warm-up, stable, decay**
# (WSD; MiniCPM, arXiv 2404.06395) stays at the top and falls only in the last part. From one long
# stable run many finished models can branch off.

# %%
# r1lib.training.optim.warmup_stable_decay

# %%
plans = {
    "warm-up, stable, decay": [(s, warmup_stable_decay(s, 1000)) for s in range(1001)],
    "cosine": [(s, optim.warmup_cosine(s, 1000, 0.02, 0.0)) for s in range(1001)],
}
plots.curves({"Two plans for 1,000 steps": plans}, "step", "share of the rate")

# %% [markdown] tags=["slide"]
# What you see: the two plans. V3 uses both. Its rate is constant at
# $2.2 \cdot 10^{-4}$ for two thirds of all tokens. Then a cosine takes it down to a tenth, and
# the last half trillion tokens have two constant pieces (section 4.2).
#
# ## 8. The training loop
#
# Now all parts but packing meet. The loop sets the rate, computes the loss, runs the backward
# pass, **clips** the gradient, steps, and moves the bias of the experts (`balance`, chapter 04).
# Clipping shortens a gradient that is longer than 1 to length 1, so that one strange batch cannot
# throw the weights far. The loop yields its metrics after each step, so the caller decides what to
# print and when to stop. A gradient that is not finite ends the run.

# %% tags=["slide"]
# r1lib.training.pretrain.train
# r1lib.training.optim.set_lr

# %%
# r1lib.training.pretrain.stream
# r1lib.training.pretrain.batches
# r1lib.training.optim.guarded_step

# %%
for name, value in vars(PretrainConfig()).items():
    print(f"{name:12}{value}")

# %% [markdown]
# This is the loop that trained the base of this book, with `PretrainConfig()`, printed above: 10,500
# steps of 24 documents. They take 13 minutes on two cores (`results/data/minutes-0.json`).
# Here it trains the small model of section 3 (`small`), latent attention, experts and MTP included,
# for 200 steps, once with AdamW for all weights and once with Muon. The seed, the documents and their
# order are the same.

# %%
STEPS, LOOK = 200, 25
lessons = pretrain.encode_documents(tokenizer, corpus.documents(STEPS * 24, seed=1))


def train_small(make_optimizers, seed=0, show=()):
    """Pre-train the small model: loss every LOOK steps, an answer at steps `show`."""
    torch.manual_seed(seed)
    model, plan = Transformer(small), PretrainConfig(steps=STEPS, seed=seed)
    curve = [(0, loss_on(held_out, model))]
    for metrics in train(model, lessons, plan, make_optimizers(model)):
        if metrics["step"] % LOOK == 0:
            with evaluating(model):
                curve.append((metrics["step"], loss_on(held_out, model)))
        if metrics["step"] in show:
            said = evaluate.answer(model, tokenizer, puzzle, max_new_tokens=32)
            print(f"step {metrics['step']:3}: {said.texts[0][0]!r}")
    return model.eval(), curve


puzzle = problems(countdown.sample, 1, 3, "valid", language="en")
print(puzzle[0].prompt)
_, with_adamw = train_small(lambda model: optim.adamw(model, 3e-3))
student, with_muon = train_small(
    lambda model: base_optimizers(model, 0.01, 3e-3), show=(5, 25, 100, STEPS)
)
floor = [(0, ladder["which follows which"]), (STEPS, ladder["which follows which"])]
runs = {"AdamW": with_adamw, "Muon and AdamW": with_muon, "table of pairs": floor}
assert with_muon[-1][1] < ladder["which follows which"]
plots.curves({"Loss on held-out text": runs}, "step", "nats per token")

# %% [markdown]
# What you see: four answers of the second run to this puzzle while it learns to write, and the
# loss of both runs. The horizontal line is the table of pairs from section 2. The network
# passes it, because it sees more than one previous token. It has also read more: 4,800 documents
# against 2,000. One seed and untuned learning rates do not compare the two optimizers. Does the finished student use the
# numbers of the puzzle?

# %%
print(f"AdamW alone {with_adamw[-1][1]:.2f}, with Muon {with_muon[-1][1]:.2f} nats")
asked = problems(countdown.sample, 64, 3, "valid", language="en")
written = evaluate.answer(student, tokenizer, asked, max_new_tokens=48, temperature=0.7)
used, given = 0, 0
for i, (problem, (text,)) in enumerate(zip(asked, written.texts, strict=True)):
    numbers = list(map(str, problem.data[0]))
    answer = re.findall(r"\d+", text.partition("<answer>")[2])
    used, given = used + len(answer), given + sum(n in numbers for n in answer)
    if i < 2:
        print(f"{problem.prompt}\n    " + text.replace("\n", "\n    "))
print(f"of {used} numbers in 64 answers {given / used:.0%} are the puzzle's")
assert given < used / 2

# %% [markdown] tags=["slide"]
# The *form* is there after these few steps: tags open and close, and numbers are where numbers
# belong. But most of them are not the numbers of the puzzle, and some of the rest are luck: the
# model hardly uses the question yet.
#
# <details><summary>What a large run adds</summary>
#
# - **Gradient accumulation**: the gradients of several small batches are summed before a step.
# - **Mixed precision**: products in 16 or 8 bits, weights in 32.
# - **Checkpoints**: weights, optimizer and place in the data are saved, to go on after a crash.
#   Here `start` skips the batches that were read.
# - A watch for **overfitting**: the loss on held-out text rises while the training loss falls, as
#   the model learns its texts by heart.
#
# </details>
#
# ## 9. What the loss does not tell
#
# During the training of the base, we tested its skills every 100 steps, on problems that it
# never trains on. Each time the question is which next token is the likeliest:
#
# - **copying**: after an attempt that is shown, does the answer repeat its tokens?
# - **arithmetic**: after `8-3=`, is 5 the likeliest token?
# - **verification**: after an attempt and `~35=`, the distance to the target, is 0 the
#   likeliest exactly where the attempt hits? Half of them do, so a coin gets 50%.

# %% tags=["hide-input"]
histories = {}
for seed in (0, 1, 2):
    file = RESULTS / f"base-{seed}.json"
    histories[seed] = json.loads(file.read_text(encoding="utf-8"))["skills"]
history = histories[0]
FLOOR = {"copy": 0.0, "arithmetic": 0.0, "verification": 0.5}


def first_at(name, share, history=history):
    """The first step at which a skill is `share` of the way from its floor to 100%."""
    level = FLOOR[name] + share * (1 - FLOOR[name])
    return next(p["step"] for p in history if p["skills"][name] >= level)


def gone(skills):
    """Each skill as a share of the way from its floor to 100%."""
    return {n: (skills[n] - low) / (1 - low) for n, low in FLOOR.items()}


def fallen(step, history):
    """The share of the whole fall of the loss that is done at a step."""
    loss_at = {p["step"]: p["loss"] for p in history}
    return (math.log(V) - loss_at[step]) / (math.log(V) - history[-1]["loss"])


half_way = {name: first_at(name, 0.5) for name in FLOOR}
drawn = [[p | {"skills": gone(p["skills"])} for p in h] for h in histories.values()]
early = (500, f"{fallen(500, history):.0%} of the fall\nof the loss")
plots.phase_picture(drawn[0], half_way, early, drawn[1:])

# %% [markdown]
# What you see: above, how far each skill has come from its floor to 100%. Below, the training loss
# on the whole web, each time the mean of 100 batches. The strong lines are seed 0, the faint ones of
# the same colour seeds 1 and 2.
# Vertical lines mark half of the way in seed 0.
#
# **This is the figure to remember from this chapter.** Most of the fall of the loss happens in the
# first 500 steps (shaded), and the rest looks like slow polishing. But at step 500 the model can
# hardly add. And it does not tell hits from misses at all: a score of just one half is what the same
# answer to every attempt gets.

# %% tags=["hide-input"]
for seed, points in histories.items():
    for p in points:
        if p["step"] in (500, 1800, 3500):
            done, can = fallen(p["step"], points), p["skills"]
            print(
                f"seed {seed}, step {p['step']:5,}: loss {done:.0%} of its fall", end=""
            )
            print(f", adds {can['arithmetic']:3.0%}", end=", ")
            print(f"verifies {can['verification']:.0%}")

# %% [markdown]
# Arithmetic then rises in one long climb. Verification stays at its floor for nearly two thousand
# steps, and then rises fast. When has a skill come a quarter, a half and three quarters of its way?
# (Each look has only 128 problems, so a *first* time is a little early by luck.)

# %% tags=["slide", "hide-input"]
LATER = range(3200, 5001, 100)
print(f"{'first step at':24}a quarter    half    3 quarters of the way")
for seed, points in histories.items():
    for name in ("arithmetic", "verification"):
        steps = [first_at(name, share, points) for share in (0.25, 0.5, 0.75)]
        print(f"seed {seed}, {name:14}{steps[0]:11,}{steps[1]:8,}{steps[2]:14,}")
    assert first_at("arithmetic", 0.25, points) < first_at("verification", 0.25, points)
    assert first_at("verification", 0.75, points) < first_at("arithmetic", 0.75, points)
print(f"\nverification leads, of {len(LATER)} looks at steps 3,200 to 5,000:")
for seed, points in histories.items():
    ways = [gone(p["skills"]) for p in points if p["step"] in LATER]
    leads = sum(way["verification"] > way["arithmetic"] for way in ways)
    lead = sum(way["verification"] - way["arithmetic"] for way in ways) / len(ways)
    print(f"seed {seed}: {leads:2}, by {round(100 * lead):+} points in the mean")

# %% [markdown]
# In every seed verification is the later one at a quarter of the way, and the earlier one at three
# quarters. At half, both come at the same look. A distance is itself a subtraction, so verification
# may depend on arithmetic, but this is no proof. Afterwards the seeds differ: verification may
# keep a clear lead, or none.
#
# Such a late and quick rise is called a **phase change**. The measure has a part in it: "is the right
# token the likeliest" can make a gradual change look sudden. For this reason the sudden *emergent
# abilities* of large models are disputed (arXiv 2304.15004).
#
# ### Why does the loss not show it?
#
# How much can verification move the loss? The loss is a mean over all tokens of the web. So we need two numbers: how many of these tokens are distances, and how much
# knowing a distance saves, compared with guessing.

# %%
for name, texts in (("puzzles", puzzles), ("the web", list(web.documents(2000, 0)))):
    marks = sum(completion.count("~") for _, completion in texts)
    tokens = sum(map(len, pretrain.encode_documents(tokenizer, texts)))
    share_of_marks = marks / tokens
    print(f"distances are {share_of_marks:.1%} of the tokens of {name}")

# %%
tilde, equals = (tokenizer.encode(sign)[0] for sign in "~=")  # as in ~35=0
after = []  # the first token of each distance, and the surprise of the base
with torch.no_grad():
    for ids in pretrain.batches(documents[:480], 32, seed=0):
        logp = base(ids).log_softmax(-1)
        for b, t in (ids == tilde).nonzero().tolist():
            if later := (ids[b, t:] == equals).nonzero().tolist():
                place = t + later[0][0] + 1
                token = ids[b, place].item()
                after.append((token, -logp[b, place - 1, token].item()))
known, n = Counter(token for token, _ in after), len(after)
blind = -sum(c / n * math.log(c / n) for c in known.values())  # by frequency alone
saved = blind - sum(nats for _, nats in after) / n
worth = share_of_marks * saved
print(f"knowing a distance saves {saved:.1f} of {blind:.1f} nats")
print(f"in the mean over the web that is {worth:.3f} nats")
assert 2.5 < saved < 3

# %% [markdown]
# So learning to verify lowers the mean loss by a few hundredths of a nat, once and for all. Could
# we see that? We enlarge the loss where it happens.

# %% tags=["slide", "hide-input"]
FROM, TO = 2000, 3500
print(f"from step {FROM:,} to {TO:,} (means of five looks); then from look to look:")
stretch, dots = {}, {}
for seed, points in histories.items():
    name, dots[name] = f"seed {seed}", first_at("verification", 0.5, points)
    stretch[name] = [(p["step"], p["loss"]) for p in points]
    stretch[name] = [look for look in stretch[name] if 1500 <= look[0] <= 5000]
    near = {
        c: [nats for s, nats in stretch[name] if abs(s - c) <= 200] for c in (FROM, TO)
    }
    drop = sum(near[FROM]) / len(near[FROM]) - sum(near[TO]) / len(near[TO])
    ends = [(p["loss"], p["tokens"]) for p in points if 1500 <= p["step"] <= 5000]
    jumps = torch.tensor(ends).diff(dim=0).T  # of the loss, of the tokens in a batch
    related = torch.corrcoef(jumps)[0, 1]
    print(f"{name}: the loss falls by {drop:.2f}", end=", ")
    print(f"verification can be {worth / drop:.0%} of it")
    print(f"        jumps of {jumps[0].abs().mean():.3f}", end=", ")
    print(f"correlation with jumps of the tokens in a batch {related:+.1f}")
plots.close_up(stretch, dots, worth, "all that verification\ncan save")

# %% [markdown]
# What you see: the loss of three seeds. A dot marks the look at which verification has come half of
# its way. The bar is as high as all that verification can save.
#
# What hides it is that everything else is still being learned, and takes the loss down several times
# as far. The curve also jumps by about the height of the bar, but partly because each look is the mean
# of other batches. In every seed the loss tends to fall where these hold more tokens: worked-out text is
# easier (section 2).
#
# So do not ask the loss whether a model can reason. Examine the skill itself. Chapter 09 shows that
# R1-Zero training fails from a base that was stopped before its phase change.
#
# The finished base, examined here and now, beside our live run. (Copying here is from a shown
# attempt. Section 8 counted numbers that are taken from the question.)

# %%
watched = problems(countdown.sample, 64, 1, "valid")
known, young = (measure(model, tokenizer, watched) for model in (base, student))
for name in FLOOR:
    print(f"{name:14} our live run {young[name]:4.0%}   the base {known[name]:4.0%}")
assert min(known[name] for name in FLOOR) > 0.9

# %% [markdown] tags=["slide"]
# ## 10. A law for the loss (optional)
#
# Can we predict the loss of a large run before paying for it? With $N$ parameters and $D$ tokens ("Chinchilla", arXiv 2203.15556, eq. 2):
#
# $$ L(N, D) = E + \frac{A}{N^{\alpha}} + \frac{B}{D^{\beta}} $$
#
# $E$ is the loss that no model can avoid. The second term is the price of a model that is too
# small, and the third that of too little text. `python -m results.scaling SIZE SEED` trained small
# models without experts in four sizes, with one set of learning rates. Each run has a stable rate,
# and finished models branch off by short decays, as in section 7. In this section $N$ counts the
# blocks and the last norm, not the embedding and output matrices.
#
# For given exponents the law is linear in $E$, $A$ and $B$, and least squares finds those with the
# smallest squared errors. So only $\alpha$ and $\beta$ are searched. (The library's `fit_loss`
# does the same on a grid that becomes finer, and allows no negative constants.) A fit should
# first find a law that we have put there ourselves. We take the constants that Chinchilla reports
# (appendix D.3):


# %% tags=["nbval-check-output"]
def fit_by_grid(points):
    """(error, E, A, alpha, B, beta): the best exponents between 0.2 and 0.6."""
    n, d, nats = torch.tensor(points).double().T
    best = (math.inf,)
    for alpha, beta in itertools.product(range(20, 61), repeat=2):
        columns = torch.stack((n**0, n ** -(alpha / 100), d ** -(beta / 100)), dim=1)
        size = columns.norm(dim=0)
        E, A, B = torch.linalg.lstsq(columns / size, nats).solution / size
        error = (columns @ torch.stack((E, A, B)) - nats).square().mean().item()
        best = min(best, (error, E.item(), A.item(), alpha / 100, B.item(), beta / 100))
    return best


true = {"E": 1.69, "A": 406.4, "alpha": 0.34, "B": 410.7, "beta": 0.28}
grid = list(itertools.product((1e7, 1e8, 1e9, 1e10), (1e9, 1e10, 1e11)))
made = [(n, d, predict_loss(true, n, d)) for n, d in grid]
print("put there", list(true.values()))
print("found    ", [round(x, 2) for x in fit_by_grid(made)[1:]])
found = fit_loss(torch.tensor(made).double())
print("library  ", [round(found[name], 2) for name in true])

# %%
units = []
for path in sorted(RESULTS.glob("scaling-*.json")):
    units.append(json.loads(path.read_text(encoding="utf-8"))["scaling"])
points = [(u["parameters"], p["tokens"], p["loss"]) for u in units for p in u["points"]]
law = fit_loss(torch.tensor(points).double())
print(f"L = {law['E']:.2f} + {law['A']:.0f} / N^{law['alpha']:.2f}", end=" ")
print(f"+ {law['B']:.0f} / D^{law['beta']:.2f}, off by {law['rms']:.3f} nats")
plots.scaling_picture(points, lambda n, d: predict_loss(law, n, d))

# %% [markdown]
# What you see: the same measurements twice. Marks are measured, three seeds each, and lines are
# the fitted law. (Its error is a root mean square.) The lines follow the marks. But do they miss
# only by chance?

# %% tags=["hide-input"]
amounts = sorted({p["step"] for u in units for p in u["points"]})
print("measured minus law, in hundredths of a nat, three seeds")
print(f"{'parameters':>10}" + "".join(f"{f'{step} batches':>18}" for step in amounts))
gaps = {}
for unit in units:
    for p in unit["points"]:
        gap = p["loss"] - predict_loss(law, unit["parameters"], p["tokens"])
        gaps.setdefault((unit["parameters"], p["step"]), []).append(f"{100 * gap:+.0f}")
for size in sorted({n for n, _ in gaps}):
    cells = [f"{' '.join(gaps[size, step]):>18}" for step in amounts]
    print(f"{size:10,}" + "".join(cells))

# %% [markdown]
# Compare each miss with the spread of its seeds. With the least text the smallest model is worse than
# the law says, and the largest is better. Both miss by more, in the mean, than their seeds differ. So
# chance is an unlikely reason, and the *form* of the law does not fit there.
#
# And the constants? We set the least $E$ that is allowed, and fit anew. (We subtract it from all
# losses, as the library allows no negative rest.)

# %%
mean, n = chance["questions"]
for least in (-4.0, 0.0, 0.2, round(mean * n / everywhere, 2)):
    shifted = [(n, d, nats - least) for n, d, nats in points]
    other = fit_loss(torch.tensor(shifted).double())
    print(f"E at least {least:5.2f}: E = {least + other['E']:5.2f}", end=", ")
    print(f"alpha {other['alpha']:.2f}, off by {other['rms']:.3f} nats")

# %% [markdown]
# The fit takes the smallest $E$ that it may, even a negative one. But no loss can be negative. The last
# line takes as the least $E$ what the questions alone left in section 2. With it the error grows by
# about a hundredth of a nat, and $\alpha$ doubles: $E$, $A$ and $\alpha$ trade against each other.
# So constants are much less certain than a curve. A replication found errors even in
# Chinchilla's own fit (arXiv 2404.10102).
#
# Now we predict what a fit has not seen: the largest amount of text, and our base.

# %%
most = {n: max(d for m, d, _ in points if m == n) for n, _, _ in points}
kept = [p for p in points if p[1] < 0.9 * most[p[0]]]
left = [p for p in points if p[1] >= 0.9 * most[p[0]]]
guess = fit_loss(torch.tensor(kept).double())
errors = [predict_loss(guess, n, d) - nats for n, d, nats in left]
print(f"largest amount of text: off by {min(errors):+.2f} to {max(errors):+.2f} nats")
active = counts.body_parameters(replace(PRESETS["tiny"], vocab_size=V), active=True)
read = round(sum(100 * p["tokens"] for p in history))
print(f"our base, N = {active:,}, after {read / 1e6:.0f} million tokens", end=": ")
print(f"predicted {predict_loss(law, active, read):.2f}", end=", ")
print(f"measured {ladder['base model']:.2f}")

# %% [markdown]
# Twice the text is predicted to about 0.1 nats. For the base the law is far too optimistic. But many
# things differ there. It has read ten times as many tokens, and only three of five of its documents
# are puzzles. It has experts, latent attention and an MTP module. And its loss is measured on
# fewer problems.
#
# And the law is about the loss only. The same models after the most text, examined as in
# section 9:

# %% tags=["slide"]
skills = {"adds": {}, "verifies (a coin: 0.5)": {}}
for unit in sorted(units, key=lambda unit: unit["parameters"]):
    last = unit["points"][-1]["skills"]
    label = f"{unit['parameters']:,}"
    for panel, name in zip(skills, ("arithmetic", "verification"), strict=True):
        skills[panel].setdefault(label, []).append((last[name],) * 3)
plots.interval_dots(skills, "share right")

# %% [markdown]
# What you see: a row for each number of parameters, a dot for each seed. Where the loss falls
# smoothly, skills scatter. Look how far the three dots of a row lie apart, probably because some
# runs have passed their phase change and others have not. One seed could have shown the wrong order.
#
# ## 11. The bill
#
# ### Work and memory
#
# A token meets every weight on its way with one multiplication and one addition. So reading costs 2
# operations (FLOPs) for each parameter. The backward pass needs two products of the same size, 4
# more. Hence the rule of thumb
#
# $$ C \approx 6\, N D . $$
#
# Here $N$ counts the parameters that a token *uses*: the head is one of them, an expert that is
# not chosen is not. (This N includes the head, that of section 10 does not: a sixth of our N.
# Exercise 5.6 takes both as one.) 6ND leaves out attention over long texts; the last column has it.
# Both leave out the MTP module.
#
# Each parameter also needs memory, usually 16 bytes. The weight and its gradient take 2 each. A copy
# in 32 bits takes 4, since tiny steps would vanish in 16 bits. AdamW's two means take 4 each. V3
# (section 3.3) needs 13: 1 for the weight, 4 for the gradient, 4 for the copy, 2 for each mean.

# %% tags=["nbval-check-output"]
v3, tiny, TRILLION = (
    PRESETS["deepseek-v3"],
    replace(PRESETS["tiny"], vocab_size=V),
    10**12,
)
print(f"{'':14}{'used':>16}{'6ND':>11}{'with attention':>17}")
for name, c, tokens, length in (
    ("tiny base", tiny, read, round(read / (10_500 * 24))),  # mean length of a document
    ("DeepSeek-V3", v3, 14.8 * TRILLION, 4096),
):
    used = counts.active_parameters(c)
    work = counts.training_flops(c, tokens, length)
    print(f"{name:14}{used:16,}{counts.six_nd(used, tokens):11.1e}{work:17.1e}")
v3_work = work  # of the last line, DeepSeek-V3
block = counts.layer_parameters(v3, moe=True, active=True)
mtp = block + 2 * v3.d_model**2 + v3.vocab_size * v3.d_model  # block, join, head
print(f"V3's MTP module would add {mtp / used:.0%}")
everything = counts.parameters(v3)
frugal = counts.training_bytes(everything, weight=1, gradient=4, master=4, moment=2)
for name, sizes in (("usual", counts.training_bytes(everything)), ("V3", frugal)):
    total = sum(sizes.values())
    each = f"{total / everything:.0f} bytes for each parameter"
    print(f"memory, {name:6} {each}, {total / TRILLION:.1f} TB in all")

# %% [markdown]
# ### Hours and dollars
#
# Table 1 of the V3 report gives the hours of its GPUs (H800, a variant of the H100 for
# export), and assumes a rent of two dollars an hour. Is that plausible? Work divided by hours
# gives operations per second. The data sheet of the H100, whose arithmetic the H800 shares,
# promises 989 trillion a second in dense bfloat16. The ratio is called **MFU**, model FLOPs
# utilisation. Without the MTP module it is a lower bound:

# %% tags=["slide", "nbval-check-output"]
print(f"{'':20}{'hours':>12}{'dollars':>14}")
for stage, hours in counts.V3_HOURS.items():
    print(f"{stage:20}{hours:12,}{counts.dollars(hours):14,.0f}")
total = sum(counts.V3_HOURS.values())
print(f"{'together':20}{total:12,}{counts.dollars(total):14,.0f}")
mfu = counts.utilization(v3_work, counts.V3_HOURS["pre-training"], 989e12)
print(f"MFU of pre-training, against the bfloat16 peak: {mfu:.0%}")
for price in (1, 4):
    print(f"at ${price} an hour: ${counts.dollars(total, price) / 1e6:.1f} million")
dense, llama = counts.six_nd(405e9, 15.6 * TRILLION), 30_840_000
ours = counts.six_nd(used, 14.8 * TRILLION)  # 6ND for both
print(f"\nLlama 3.1 405B: {dense / ours:.0f} times the work", end=", ")
print(
    f"{llama / total:.0f} times the hours, ${counts.dollars(llama) / 1e6:.1f} million"
)

# %% [markdown]
# **$5.576 million**, and it is plausible. Llama 3 reports 38 to 43% on such hardware (arXiv
# 2407.21783, section 3.3.2), and V3 computed most products in 8 bits, whose peak is twice as high.
#
# ### The six-million confusion
#
# "DeepSeek built R1 for six million dollars" was in many newspapers. Four corrections:
#
# 1. It is the price of **V3**, its chat post-training included, not of R1. What R1 cost on top was reported
#    later, in the supplement of the Nature version of 2025: $294,000 (chapter 16 multiplies).
# 2. It is the **final run only**. The report itself says that research and trial runs on
#    architecture, algorithms and data are not included.
# 3. It is an **assumed rent**, not a price that was paid. To buy 2,048 such GPUs costs many times
#    as much, and people, electricity and data are not in it.
# 4. So it must be compared with the final run of others. Llama 3.1 405B names 30.84 million H100
#    hours in its model card, 11 times as many.
#
# ## 12. Optional: speculative decoding, a draft and its check
#
# This section makes writing faster, not training. A large model on a GPU waits
# for memory while it decodes (chapter 03). So two tokens at once cost hardly more than one. After
# training, the MTP module can *draft* the token after the next one. The main model then reads the
# certain token and the draft in one step. If it agrees, one step has written two tokens.
#
# ![Left: the main model has written 22 and the MTP module drafts a comma. The main model reads both in one step. Right: bars of p, orange frames of q over three tokens, p 0.5, 0.3, 0.2 and q 0.2, 0.7, 0.1: the common part is accepted, and after a rejection the first or the third token is drawn, where p is above q.](../figures/05_speculative.png)
#
# What you see: the rule of Leviathan et al. (arXiv 2211.17192, section 2.3). The module drafts the
# second token with probability 0.7, but the main model gives it 0.3. So it is accepted with
# probability 0.3/0.7. A draft of the chart's first token is always accepted, since the main model
# gives it more.
#
# In general a token drafted from $q$ is accepted with probability $\min(1, p/q)$, where $p$ is the
# main model's own distribution. After a rejection a token is drawn from the **residual**,
# $\max(0, p - q)$ divided by its sum. The text then has exactly the distribution $p$:
#
# - Accepted drafts contribute $q \min(1, p/q) = \min(p, q)$ for each token.
# - A draft is rejected with probability $1 - \sum \min(p, q) = \sum \max(0, p - q)$, as $p$ sums
#   to 1. The residual is divided by just this sum, so rejections contribute $\max(0, p - q)$.
# - Both together are $p$.

# %% tags=["slide"]
# r1lib.speculative.acceptance
# r1lib.speculative.residual

# %% tags=["nbval-check-output"]
p, q = torch.tensor([[0.5, 0.3, 0.2]]), torch.tensor([[0.2, 0.7, 0.1]])
n, dice = 200_000, torch.Generator().manual_seed(0)
drafts = draw(q.expand(n, 3), dice)
ok = torch.rand(n, generator=dice) < acceptance(p.expand(n, 3), q.expand(n, 3), drafts)
final = torch.where(ok, drafts, draw(residual(p, q).expand(n, 3), dice))
shares = torch.bincount(final).div(n).tolist()
print("wanted ", [round(x, 2) for x in p[0].tolist()])
print("written", [round(x, 2) for x in shares])
accepted, excess = ok.float().mean(), (p - q).clamp(min=0).sum()
print(f"accepted {accepted:.2f}, sum of min(p, q) {torch.minimum(p, q).sum():.2f}")
print(f"rejected {1 - accepted:.2f}, sum of max(0, p - q) {excess:.2f}")

# %% [markdown]
# The loop around this rule is `r1lib.speculative.generate`, 40 lines with the bookkeeping of a
# batch. At temperature 0 its text must be that of ordinary decoding, in fewer steps of the main
# model.
#
# <details><summary>How the loop goes</summary>
#
# A token is *sure* when it is written, but not yet read by the main model.
#
# 1. Read the prompt, and draw a sure token. The MTP module reads it and gives a state.
# 2. Draw the draft from the $q$ of this state.
# 3. One step of the main model reads both, the sure token and the draft.
# 4. Accept the draft with $\min(1, p/q)$.
# 5. If it is rejected, draw from the residual; if accepted, draw one more token from the next $p$.
#    So a round writes one token or two, and the last one is the new sure token.
# 6. The MTP module gives its next state, and the loop returns to 2.
#
# Rows of a batch accept and reject at different places. So a rejected draft stays in the cache, and
# a mask hides it. The MTP module has a cache of its own.
#
# </details>

# %% tags=["slide", "nbval-check-output"]
asked = problems(arithmetic.sample, 6, 3, "valid", language="en")
think = tokenizer.encode("<think>", allow_special=True)
starts = [tokenizer.prompt(problem.prompt) + think for problem in asked]
plan = {"max_new_tokens": 60, "stop_ids": (EOS,)}
usual = sampling.generate(base, starts, temperature=0.0, **plan)
quick, greedy = speculative.generate(base, starts, temperature=0.0, **plan)
assert [done.ids for done in quick] == [done.ids for done in usual]
print("same text:", tokenizer.decode(quick[0].ids[:20]).replace("\n", " "))
dice = torch.Generator().manual_seed(0)
_, sampled = speculative.generate(base, starts, temperature=1.0, generator=dice, **plan)
for name, run in (("temperature 0", greedy), ("temperature 1", sampled)):
    print(f"{name}: accepted {run['acceptance']:.2f}", end=", ")
    print(f"tokens for each step of the main model {run['tokens_per_step']:.2f}")

print("\naccepted, three seeds of section 5, on more prompts")
records = [one["speculation"] for one in with_mtp["every 4th batch"]]
for name, kind in (("temperature 0", "greedy"), ("temperature 1", "sampled")):
    print(f"{name}: ", *(f"{one[kind]['acceptance']:.2f}" for one in records))

# %% [markdown] tags=["slide"]
# The sums of the first lines are easy to predict, so our base accepts nearly every draft. The models
# of section 5 accept fewer: they had a seventh of the steps, and got other prompts. A step writes
# less than 2 tokens also where an accepted draft is the end token, as nothing follows it. V3 reports
# that it accepts 85 to 90%, and writes 1.8 times as many tokens per second (section 5.4.3).
#
# ## Summary
#
# | part | what it does | in DeepSeek-V3 |
# |---|---|---|
# | corpus mix | shares of documents are not shares of tokens | 14.8 trillion tokens |
# | next-token loss | mean surprise; token t predicts t + 1, never padding | the main loss |
# | packing | whole documents in fixed rows; a mask can keep them apart | packed, not masked |
# | MTP | a block that predicts two ahead, and drafts | weight 0.3, then 0.1 |
# | AdamW | a step of one length for every weight | all weights |
# | Muon | momentum made orthogonal: one length for every direction | not used |
# | warm-up, stable, decay | one stable run, many finished models | two thirds constant |
# | 6ND | the work of training | $3.3 \cdot 10^{24}$ operations |
# | speculative decoding | accept with min(1, p/q): same distribution (at temperature 0 the same text), fewer steps | 1.8 times the speed |
#
# - The loss falls smoothly. Skills arrive late, and the loss does not tell when.
# - A law in parameters and tokens comes near the loss of our small runs, but misses it with a pattern.
#   Its constants and what it says of other runs deserve little trust. Skills of equal models differ
#   too much between seeds to be read from it.
# - 2.788 million GPU hours are $5.576 million at $2: the final run of V3, chat post-training
#   included, and nothing else.
#
# ## Questions
#
# 1. Two runs have the same loss to three digits. May one of them be far better as a base
#    for reinforcement learning?
#
#    <details><summary>Answer</summary>Yes. Verification moves the mean loss by a few
#    hundredths of a nat, which a slightly better guess of common tokens can outweigh.
#    Examine the skill that the reward will build on.</details>
#
# 2. A program packs documents, masks attention, and forgets the loss at the borders. What does
#    the model learn, and how would you notice?
#
#    <details><summary>Answer</summary>What follows an end token. Here that is always
#    `<|bos|>`, so the model learns one easy thing and the mean loss looks a little *better* than
#    it is. Packed and padded loss no longer agree, and that is how you notice.</details>
#
# 3. The law says that twice the parameters would lower your loss by 0.02. Twice the tokens
#    would do the same. Which do you take?
#
#    <details><summary>Answer</summary>Both cost the same to train, as C = 6ND. But the
#    smaller model is cheaper each time it is used. R1's reinforcement learning samples
#    millions of long answers and pays for size again and again.</details>
#
# ## Exercises
#
# Fill in the function, run it, then the check. Solutions: `solutions/05_pretraining.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 5.1** (easy, 10 min) V3's learning rate, as section 4.2 of its report plans it.
# Given how many trillion tokens are read, return the rate. We leave the warm-up out.
#
# - up to 10 trillion: $2.2 \cdot 10^{-4}$
# - over the next 4.3: half a cosine down to $2.2 \cdot 10^{-5}$
# - for the next 0.333: constant at that
# - for the last 0.167: constant at $7.3 \cdot 10^{-6}$
#
# <details><summary>Hint 1</summary>Begin with the last piece, and return early. In the second, let
# `x` go from 0 to 1.</details>
#
# <details><summary>Hint 2</summary>`(1 + math.cos(math.pi * x)) / 2` goes from 1 to 0. Use it to mix
# the two rates.</details>


# %% tags=["exercise"]
def v3_rate(tokens):
    """The rate: 5 (trillion) -> 2.2e-4, 12.15 -> 1.21e-4, 14.7 -> 7.3e-6."""
    # BEGIN SOLUTION
    high, low, last = 2.2e-4, 2.2e-5, 7.3e-6
    if tokens > 14.633:
        return last
    x = min(1.0, max(0.0, (tokens - 10) / 4.3))
    return low + (high - low) * (1 + math.cos(math.pi * x)) / 2
    # END SOLUTION


# %% tags=["check"]
checks.ex_5_1(v3_rate)

# %% [markdown] tags=["exercise-text"]
# **Exercise 5.2** (easy, 10 min) What should each state of packed rows predict? In `Packed` a
# target is at the place of its own token. Write it at the place of the *state* that predicts it:
# `ahead` places earlier, and only within one document. All other places are `PAD`. Do it from
# `ids` and `owner` alone, both (B, T).
#
# <details><summary>Hint 1</summary>Compare `owner` with `owner` `ahead` places later, by two slices.
# </details>
#
# <details><summary>Hint 2</summary>Begin with `torch.full_like(ids, PAD)`, and fill all columns but
# the last `ahead`. `masked_fill` puts PAD where two owners differ.</details>


# %% tags=["exercise"]
def targets_of(ids, owner, ahead):
    """ids 11 12 21 22 23 0, owner 1 1 2 2 2 0, 2 ahead -> 0 0 23 0 0 0 (PAD is 0)."""
    # BEGIN SOLUTION
    out = torch.full_like(ids, PAD)
    other = owner[:, ahead:] != owner[:, :-ahead]
    out[:, :-ahead] = ids[:, ahead:].masked_fill(other, PAD)
    return out
    # END SOLUTION


# %% tags=["check"]
checks.ex_5_2(targets_of)

# %% [markdown] tags=["exercise-text"]
# **Exercise 5.3** (medium, 20 min) Section 9 in one number. From which look on is a skill *for
# good* at a level or above? Return the share of the whole fall of the loss that is done at that look.
# The fall begins at the loss `start` and ends at the last look. `points` is like `history`: dicts with
# `loss` and `skills`. If the skill is below the level in the end, return None.
#
# Then use it on the three `histories`, with `math.log(V)` as `start`: for `copy` at 0.5,
# `arithmetic` at 0.5 and `verification` at 0.75, half of the way. Which skills come when the loss
# seems finished?
#
# <details><summary>Hint 1</summary>Walk from the end to the beginning, as long as the skill is at the
# level.</details>
#
# <details><summary>Hint 2</summary>With `reached` as the loss of the look that you found:
# `(start - reached) / (start - points[-1]["loss"])`.</details>
#
# <details><summary>What to look for</summary>Compare the shares with 100%. Copying comes during the
# fall. The other two come in its last few percent, where the curve looks flat. Compare the steps
# with the table of section 9 as well: "for good" is sometimes later than "first".</details>


# %% tags=["exercise"]
def share_done(points, name, level, start):
    """Losses 4 2 1.5 1, skill .6 .4 .9 .8, level .5, start 6: (6 - 1.5) / 5 = 0.9."""
    # BEGIN SOLUTION
    reached = None
    for point in reversed(points):
        if point["skills"][name] < level:
            break
        reached = point["loss"]
    if reached is None:
        return None
    return (start - reached) / (start - points[-1]["loss"])
    # END SOLUTION


# %% tags=["check"]
checks.ex_5_3(share_done)

# %% [markdown] tags=["exercise-text"]
# **Exercise 5.4** (medium, 15 min) One step of AdamW. Given parameters `p`, gradient
# `grad`, the two running means `m` and `v`, and the number `t` of the step (the first is
# 1), return the new `(p, m, v)`. The check compares several steps with PyTorch's.
#
# <details><summary>Hint 1</summary>First the two means, then the two corrections, then
# decay and step.</details>
#
# <details><summary>Hint 2</summary>The decay is `lr * decay * p`, with the `p` from
# before.</details>


# %% tags=["exercise"]
def adamw_step(p, grad, m, v, t, lr=0.1, betas=(0.9, 0.95), eps=1e-8, decay=0.1):
    """(p, m, v): p = 1, grad = 2, m = v = 0, t = 1 give p = 1 - 0.01 - 0.1 = 0.89."""
    # BEGIN SOLUTION
    m = betas[0] * m + (1 - betas[0]) * grad
    v = betas[1] * v + (1 - betas[1]) * grad**2
    mean, spread = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
    p = p - lr * decay * p - lr * mean / (spread.sqrt() + eps)
    return p, m, v
    # END SOLUTION


# %% tags=["check"]
checks.ex_5_4(adamw_step)

# %% [markdown] tags=["exercise-text"]
# **Exercise 5.5** (medium, 40 min) Other coefficients, an open experiment. Muon's are fast and
# end *near* 1. The classical ones, $a = 1.5$, $b = -0.5$, $c = 0$, are slow and end *at* 1. Write
# the iteration with them, so that all singular values are within 0.001 of 1, for square, wide
# and tall matrices, without a decomposition.
#
# Then predict, and run. Does a more exactly orthogonal matrix train better? First run
# `train_small(lambda model: base_optimizers(model, 0.01, 3e-3), seed=seed)` for the seeds 0, 1, 2
# and note the last loss of each curve. Then write, in a new cell, `def orthogonalize(m)` that does
# yours for a stack of matrices: `Muon` of section 6 will use it. Run the three seeds again.
#
# <details><summary>Hint 1</summary>Scale first, so that no singular value is above 1. The norm of
# the matrix is never below the largest.</details>
#
# <details><summary>Hint 2</summary>A small singular value grows by 1.5 in each step: 40 steps take
# $10^{-6}$ to 1. For a stack: `torch.stack([orthogonal(x) for x in m])`.</details>
#
# <details><summary>How to judge it</summary>Compare the two losses of each seed, and then the
# differences of the three seeds with each other. If they do not all have one sign, three seeds cannot
# name a winner. Note the seconds, too: yours does more products a step.</details>


# %% tags=["exercise"]
def orthogonal(x):
    """The nearest orthogonal matrix: [[2, 0], [0, 0.5]] -> [[1, 0], [0, 1]]."""
    # BEGIN SOLUTION
    x = x / x.norm()
    for _ in range(60):
        x = 1.5 * x - 0.5 * x @ x.T @ x
    return x
    # END SOLUTION


# %% tags=["check"]
checks.ex_5_5(orthogonal)

# %% [markdown] tags=["exercise-text"]
# **Exercise 5.6** (hard, 30 min) You may spend `flops` operations, and you know the law.
# Which $N$ and $D$ give the lowest loss? Use $C = 6ND$. `law` has the keys `E`, `A`,
# `alpha`, `B` and `beta`.
#
# Then judge the law: call yours with the `law` of section 10 and the budget of our base,
# `6 * active * read`. How far is the answer from the base's own $N$ and $D$, and how much lower would
# the loss be by the law (`predict_loss`)? Would you follow this advice?
#
# <details><summary>Hint 1</summary>Put $D = C / 6N$ into the law. Then only $N$ is
# left to choose. A fine grid of $\log N$ is accepted, too.</details>
#
# <details><summary>Hint 2</summary>Set the derivative to zero: $\alpha A N^{-\alpha} = \beta B
# D^{-\beta}$.</details>
#
# <details><summary>How to judge it</summary>Near the best split the loss hardly changes, so a split
# need not be exact. Call yours with the other fits of section 10, too (`other`): do they split
# the budget otherwise, or do only their constants differ? But the budget is far outside the runs
# that were fitted, and the law missed the loss of the base by far. And no law for the loss says what
# a skill needs.</details>


# %% tags=["exercise"]
def best_split(law, flops):
    """(N, D) for a budget: E = 0, A = B = 1, alpha = beta, 600 FLOPs -> (10, 10)."""
    # BEGIN SOLUTION
    a, b = law["alpha"], law["beta"]
    ratio = (a * law["A"]) / (b * law["B"])
    parameters = (ratio * (flops / 6) ** b) ** (1 / (a + b))
    return parameters, flops / 6 / parameters
    # END SOLUTION


# %% tags=["check"]
checks.ex_5_6(best_split)
