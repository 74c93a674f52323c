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
# | You will build | packed batches that keep their documents apart, the loss for one and for two tokens ahead, AdamW and Muon, the learning-rate plan, a scaling law, and the bill of DeepSeek-V3 |
# | You need | PyTorch tensors and gradients; what a transformer takes and returns (chapter 03). Everything else is explained here |
# | Minutes to read | 45 |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-V3 (arXiv 2412.19437), sections 1, 2.2, 4.1 and 4.2; Chinchilla (arXiv 2203.15556), section 3.3; MiniCPM (arXiv 2404.06395), section 4 |
#
# ![From left to right: documents of the tiny web are packed into rows; the model turns a row into hidden states; from these the head predicts the next token, and the MTP module, which also sees the next token, the one after it; both losses are added, and AdamW and Muon change the weights at a rate that rises, stays and falls.](../figures/05_pretraining.png)
#
# What you see: one step of pre-training. The small numbers are the sections in which
# you build each part.

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random
# generator. Nothing below configures anything else.

# %% tags=["setup"]
import copy
import json
import math
import random
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from r1lib import artifacts, checks, evaluate, plots
from r1lib.losses import next_token_loss
from r1lib.model import counts
from r1lib.model.config import ModelConfig
from r1lib.model.layers import RMSNorm
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer, mtp_hidden
from r1lib.problem import STYLES, draw, problems
from r1lib.tokenizer import EOS, PAD, Tokenizer
from r1lib.training import optim, packing, pretrain
from r1lib.training.batches import pad
from r1lib.training.optim import NEWTON_SCHULZ, Muon, orthogonalize, warmup_stable_decay
from r1lib.training.packing import Packed, pack
from r1lib.training.scaling import GRID, LEAST, MOST, ROUNDS, fit_loss, predict_loss
from r1lib.world import arithmetic, corpus, countdown
from r1lib.world.skills import measure

torch.manual_seed(0)
RESULTS = Path("../results/data")

# %% [markdown]
# ## 1. A web small enough to read
#
# A **base model** is what stands at the beginning of every story in this book: a model
# that has read a great deal and learned one thing only, to guess how a text goes on.
# Nobody asked it questions and nobody rewarded it. DeepSeek-V3-Base read 14.8 trillion
# tokens of web pages, books, code and mathematics; R1-Zero and R1 both grew out of it.
#
# Ours reads 15 million tokens of a **tiny web**. It is made by a program, and that is
# its virtue: we know exactly what is in it. In three documents of five, people solve
# two kinds of puzzles; the rest, small talk, facts, logic and programs, is the matter of
# later chapters (`docs/world.md`), and this one reads the puzzles alone. They are
# in English or Korean, and people write in three styles. They **guess** (an answer and
# no work), solve **short** (one attempt), or **long**: attempt, check, and after
# a "no" try again. They slip now and then, and some mix the languages. How often all
# of this happens is one record, fixed before any experiment with it:

# %% tags=["nbval-check-output"]
for name, value in asdict(corpus.Habits()).items():
    print(f"{name:12} {value}")

# %%
tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
rng = random.Random(5)
for family, style in ((countdown, "guess"), (countdown, "long"), (arithmetic, "long")):
    problem = draw(family.sample, rng, "train", language="en")
    print(f"--- {style}: {problem.prompt}")
    print(corpus.trace(rng, problem, style))

# %% [markdown]
# (The puzzles are explained in chapter 09. A step such as `8-3=5` is one small sum, and
# `~35=10 no` reads: the distance to 35 is 10, so no.)
#
# A recipe for a corpus says which *share* is what, and there is a trap in that: share of
# documents, or share of tokens? The model learns from tokens. Make 2,000 documents
# and count both. Each text is turned into ids by the tokenizer of chapter 02, framed by
# special tokens: `<|bos|><|user|>` question `<|assistant|>` answer `<|eos|>`.


# %% tags=["nbval-check-output"]
def form_of(completion):
    """How somebody answered, as far as one can see it."""
    if "<think>" not in completion:
        return "guess"
    return "one line" if completion.count("\n") == 1 else "several lines"


web = list(corpus.documents(2000, seed=0))
documents = pretrain.encode_documents(tokenizer, web)
share, mass = Counter(), Counter()
for (_, completion), ids in zip(web, documents, strict=True):
    share[form_of(completion)] += 1
    mass[form_of(completion)] += len(ids)
total = sum(mass.values())
print(f"{len(web)} documents, {total:,} tokens, longest {max(map(len, documents))}")
for form in ("guess", "one line", "several lines"):
    print(
        f"{form:14}{share[form] / len(web):4.0%} of documents, "
        f"{mass[form] / total:4.0%} of tokens"
    )

# %% [markdown]
# Guesses are most of the documents and a third of the tokens. Both facts matter later. A
# model that is *asked* begins as most documents do, so the base will usually guess; and
# yet most of what it *learned from* was worked out.
#
# One more promise: every puzzle belongs to `train`, `valid` or `test` by a hash of its
# numbers, whatever its language or wording, and the web holds only `train`. So here is
# text that nothing in this book was trained on:


# %%
def unseen(n, seed=0):
    """Documents on n valid problems of each family, in the styles of the web."""
    rng, texts = random.Random(seed), []
    for family in (countdown, arithmetic):
        for problem in problems(family.sample, n, 0, "valid"):
            style = rng.choices(STYLES, corpus.Habits().styles)[0]
            texts.append((problem.prompt, corpus.trace(rng, problem, style)))
    return pretrain.encode_documents(tokenizer, texts)


held_out = list(pretrain.batches(unseen(96), 32, seed=0))
print(f"{sum(len(ids) for ids in held_out)} held-out documents")

# %% [markdown] tags=["slide"]
# ## 2. Guess the next token
#
# The model gives every token of the vocabulary a probability, at every place of the
# text, having seen only what stands before. The **loss** is the mean surprise of what
# really came, $-\log p$, measured in **nats** (natural logarithms; a nat is 1.44
# bits):
#
# $$ L = -\frac{1}{|\text{targets}|} \sum_{t} \log p(x_{t+1} \mid x_1, \dots, x_t) $$
#
# Two places are where everybody slips. Token $t$ is asked for token $t+1$, so the last
# place has no target and the first token is nobody's target. And padding, which fills up
# short rows of a batch, must be no target at all.


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
# (`ahead` is 1 here; section 4 asks for 2.) What is a good loss? A number means nothing
# without something simpler to compare with. A model that knows nothing gives each of the
# 640 tokens the same chance. One that knows how *often* each token occurs does better,
# and one that knows which token follows which does better still. Such tables of counts
# are as old as Shannon; they are the ladder that any network has to climb beyond.

# %%
V = tokenizer.vocab_size
single, pairs = torch.ones(V), torch.full((V, V), 0.02)
for ids in documents:
    single += torch.bincount(torch.tensor(ids[1:]), minlength=V)
    row, column = torch.tensor(ids[:-1]), torch.tensor(ids[1:])
    pairs.index_put_((row, column), torch.ones(len(row)), accumulate=True)
tables = {
    "nothing": torch.ones(V, V),
    "how often": single.expand(V, V),
    "what follows what": pairs,
}
base, _ = artifacts.load("base-tiny")
base.eval()


@torch.no_grad()
def loss_on(batches, logits_of):
    """Mean loss over all tokens of several padded batches."""
    total, n = 0.0, 0
    for ids in batches:
        targets = int((ids[:, 1:] != PAD).sum())
        total += next_token_loss(logits_of(ids), ids).item() * targets
        n += targets
    return total / n


# %% tags=["slide"]
ids = held_out[0][:3]
with torch.no_grad():
    slow, fast = loss_by_loop(base(ids), ids), next_token_loss(base(ids), ids)
assert math.isclose(slow, fast.item(), rel_tol=1e-4)

print(f"{'knows':20} nats   one chance in")
ladder = {}
for name, table in tables.items():
    logp = (table / table.sum(1, keepdim=True)).log()
    ladder[name] = loss_on(held_out, lambda ids, logp=logp: logp[ids])
ladder["base model"] = loss_on(held_out, base)
for name, loss in ladder.items():
    print(f"{name:20} {loss:.2f}   {math.exp(loss):6.1f}")
assert list(ladder.values()) == sorted(ladder.values(), reverse=True)

# %% [markdown]
# The last column, $e^L$, is called **perplexity**: with a loss of $L$ the model is as
# unsure as somebody who guesses among that many equally likely tokens.
#
# It will never reach 0. Nobody can know which numbers a puzzle will have, or what
# somebody who guesses will guess. Where is the surprise that is left?


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


for name, (mean, n) in surprise_by_place(base, held_out).items():
    print(f"{name:16} {mean:.2f} nats over {n:5} tokens")

# %% [markdown]
# Questions are drawn by chance and stay surprising for the best of models; what can be
# worked out is nearly certain. Remember this in section 9, where a constant $E$ stands
# for what no model can know.

# %% [markdown] tags=["slide"]
# ## 3. Packing
#
# A batch is a rectangle, documents are not. The simplest cure is to fill short rows up
# with padding, which is computed and then thrown away. How much is that? It depends on
# who shares a batch with whom.


# %% tags=["nbval-check-output"]
def padded_share(batches):
    """Share of all places of some batches that hold no token."""
    places = sum(len(rows) * max(map(len, rows)) for rows in batches)
    return 1 - sum(len(row) for rows in batches for row in rows) / places


def cut(rows, size=24):
    return [rows[i : i + size] for i in range(0, len(rows), size)]


ROW = 256
rows = pack(documents, ROW)
print(f"padded, as they come      {padded_share(cut(documents)):6.1%} empty")
print(f"padded, sorted by length  {padded_share(cut(sorted(documents, key=len))):6.1%}")
print(f"packed in rows of {ROW}     {(rows.owner == 0).float().mean():6.1%}")

# %% [markdown]
# Sorting by length is what our own pre-training does (`pretrain.batches`: within a
# window of 64 batches, in random order again). It is fine for a tiny model, but a batch
# then holds short documents only or long ones only. Large models **pack**: several
# documents share a row of fixed length. The classical way lays all documents end to end
# and cuts every 4,096 tokens, which also cuts documents in two. **Best-fit packing** (Ding
# et al., arXiv 2404.10830, the method that the V3 report refers to in section 4.1)
# keeps them whole: the longest first, each into the row where the least room is left.

# %% tags=["slide"]
# r1lib.training.packing.pack

# %%
some = documents[:24]
sizes = [len(d) for d in some]
packed = pack(some, 200)
inside = [
    [n for _, n in sorted(Counter(row[row > 0].tolist()).items())]
    for row in packed.owner
]
plots.rows_picture({"padded": [[n] for n in sizes], "packed": inside}, 200)

# %% [markdown]
# What you see: the same 24 documents, each a block of colour, as rows that are padded to
# 200 tokens, and packed. Hatched is what is computed for nothing.
#
# ### Three things go wrong
#
# In a packed row a document stands behind strangers. So, first, the last token of one
# document would be asked for the first token of the next, which is none of its business.
# Second, attention would let a token look into the strangers' texts. Third, its position
# would say "I am the 180th" when it is the first word of a text. `Packed` has an answer
# to each:

# %% tags=["slide"]
# r1lib.training.packing.Packed

# %% [markdown]
# Two documents, `11 12` and `21 22 23`, and one pad, on one row:

# %% tags=["nbval-check-output"]
row = Packed(
    torch.tensor([[11, 12, 21, 22, 23, PAD]]), torch.tensor([[1, 1, 2, 2, 2, 0]])
)
print("ids      ", row.ids[0].tolist())
print("owner    ", row.owner[0].tolist())
print("positions", row.positions[0].tolist())
print("targets  ", row.targets()[0].tolist(), "(0: not asked for)")
print("who looks at whom:")
for t, seen in enumerate(row.mask[0, 0].int().tolist()):
    print("  ", row.ids[0, t].item() or "pad", seen)

# %% [markdown]
# The mask is a staircase in blocks along the diagonal. If all three are right, a packed
# row must give *exactly* what each document gives alone: the same logits, to the
# last digits that a 64-bit number has. (One subtlety of our model: its router rounds
# scores to 32 bits, where the last bit may fall either way. So here we compare
# the loss.)

# %% tags=["slide"]
exact = copy.deepcopy(base).double()
few = unseen(24, seed=1)
rows = pack(few, ROW)
with torch.no_grad():
    alone = next_token_loss(exact(pad(few)), pad(few)).item()
    apart = packing.loss(exact, rows)[0].item()
    mixed = packing.loss(exact, rows, apart=False)[0].item()
print(f"each document alone       {alone:.9f} nats")
print(f"packed, kept apart        {apart:.9f}")
print(f"packed, one long text     {mixed:.9f}")
assert abs(apart - alone) < 1e-6 < 1e-2 < mixed - alone

# %% [markdown]
# The third line lets every token see the strangers before it and counts positions through.
# This base never read such rows, so it is confused. A model that is *trained* on them
# learns to ignore what stands before `<|bos|>`, more or less, and practice differs:
# DeepSeek-V3 packs without masking (section 4.1 of its report), Llama 3 masks, and
# reports little effect in ordinary pre-training but an important one for very long
# texts (arXiv 2407.21783, section 3.2). For fine-tuning on short examples, where two
# neighbours may answer opposite questions, V3 masks as well (section 5.1).

# %% [markdown] tags=["slide"]
# ## 4. Two tokens ahead
#
# The next token is often obvious (after `8-3=` comes 5) and teaches little. DeepSeek-V3
# adds a second, harder question: what comes *after* the next token? This is
# **multi-token prediction** (MTP). A small module takes two things: the main model's
# state at token $t$, and the embedding of token $t+1$, which is known in training.
# Each is normalised, both are joined by one matrix, and one more transformer block
# follows. The *same* head as before then predicts token $t+2$ (V3, eq. 21 to 23; eq. 21
# joins the state first and the embedding second, the published checkpoints use the order
# shown here, and so do we):
#
# $$ h'_t = W\,[\operatorname{norm}(\text{emb}(x_{t+1}));\ \operatorname{norm}(h_t)],
#    \qquad p(x_{t+2}) = \operatorname{head}(\operatorname{block}(h')_t) $$

# %% tags=["slide"]
# r1lib.model.mtp.MTPModule
# r1lib.model.transformer.mtp_hidden

# %% [markdown]
# Off-by-one errors live here. Spell out who sees what, for a real text:

# %% tags=["nbval-check-output"]
ids = tokenizer.prompt("compute 6*7") + tokenizer.encode("42") + [EOS]
pieces = [repr(tokenizer.decode([i])) for i in ids]
print(f"{'t':>2}  {'state after':16}{'next, given':16}{'main asks':16}MTP asks")
for t in range(len(ids) - 2):
    print(f"{t:2}  {pieces[t]:16}{pieces[t + 1]:16}{pieces[t + 1]:16}{pieces[t + 2]}")

# %% [markdown]
# The two losses are added, the second with a weight $\lambda$: 0.3 in V3 for the
# first 10 trillion tokens, 0.1 after that (section 4.2). Ours is 0.3, on every fourth
# batch only, since on a laptop the module's time is dear.

# %%
# r1lib.training.pretrain.loss

# %%
ids = held_out[0]
with torch.no_grad():
    hidden = base.hidden(ids)
    main = next_token_loss(base.head(hidden), ids)
    two = next_token_loss(base.head(mtp_hidden(base, ids, hidden)), ids, ahead=2)
    both, metrics = pretrain.loss(base, ids, mtp_weight=0.3)
print(f"one ahead {main:.2f} nats, two ahead {two:.2f}, together {both:.2f}")
torch.testing.assert_close(both, main + 0.3 * two)
assert main < two

# %% [markdown]
# Why should it help? The state at $t$ gets a gradient from what comes two places later,
# so the model is pushed to *plan*. And there is a second use: after training, the module
# can be thrown away, or it can guess a token for free that the main model then only
# has to confirm (speculative decoding; `r1lib.speculative` proves that the text keeps
# its distribution). V3 reports that 85 to 90% of such guesses are accepted (section
# 5.4.3), and better scores on most benchmarks with MTP than without (Table 4).
#
# Does MTP help at *our* size? Measured with the tiny model by
# `python -m results.experts ARM SEED` (P13 in `docs/phenomena.md`), on held-out text:

# %% tags=["slide"]
ARMS = {"no-mtp": "without", "bias": "every 4th batch", "mtp-always": "every batch"}
shown = 0
for arm, name in ARMS.items():
    paths = [RESULTS / f"experts-{arm}-{seed}.json" for seed in (0, 1, 2)]
    found = [json.loads(p.read_text(encoding="utf-8")) for p in paths if p.exists()]
    if not found:
        continue
    shown += 1
    rows = [f["P13"] for f in found]
    losses = [f"{row['held out']['loss']:.4f}" for row in rows]
    print(f"MTP {name:16} loss of the next token, by seed: {', '.join(losses)}")
    drafts = [row["speculation"]["sampled"] for row in rows if "speculation" in row]
    for key, label in (("acceptance", "accepted"), ("tokens_per_step", "tokens/step")):
        if drafts:
            values = ", ".join(f"{d[key]:.2f}" for d in drafts)
            print(f"{'':21}{label}: {values}")
if not shown:
    print("MTP on and off: not measured in this copy of the book")

# %% [markdown]
# Read the losses of each line against each other first: seeds of one arm differ by as
# much as arms do, so at this size and age the honest answer about the loss is "we cannot
# tell". The second use does work: more than three of four guesses are accepted, nine of
# ten if every batch has paid for the module, so the main model has to run little more
# than half as often.

# %% [markdown] tags=["slide"]
# ## 5. AdamW, and Muon
#
# The gradient says in which direction each weight should move, but not how far. Plain
# descent takes one rate for all; weights with tiny gradients then hardly move.
# **AdamW** keeps two running means for each weight, of its gradient ($m$) and of the
# squared gradient ($v$), and moves by their ratio. So a step is about the learning
# rate $\eta$ long for *every* weight, and shorter where the gradient keeps changing its
# sign:
#
# $$ m \leftarrow \beta_1 m + (1-\beta_1)\, g, \qquad
#    v \leftarrow \beta_2 v + (1-\beta_2)\, g^2, \qquad
#    w \leftarrow w - \eta \Big( \frac{m / (1-\beta_1^t)}{\sqrt{v / (1-\beta_2^t)} +
#    \epsilon} + \lambda w \Big) $$
#
# The divisions by $1-\beta^t$ correct for means that started at zero. The last term is
# **weight decay**: a pull towards zero that does not pass through the ratio. V3 uses
# $\beta_1 = 0.9$, $\beta_2 = 0.95$ and $\lambda = 0.1$ (section 4.2); our runs are too
# short to need decay. Exercise 5.4 is this formula.
#
# AdamW sees a matrix as a bag of numbers. **Muon** (Keller Jordan, 2024) sees a matrix.
# Any matrix is a rotation, a stretching along some axes, and another rotation; the
# stretchings are its **singular values**. Those of a gradient are very uneven: a few
# directions dominate, and a step in proportion to it would learn these few. Muon
# keeps the two rotations and makes all stretchings equal to 1: every direction learns at
# the same speed.
#
# A singular value decomposition would do it, and is slow. Here is the trick. For a
# number $s$, the polynomial $a s + b s^3 + c s^5$ with well-chosen $a, b, c$ moves
# whatever lies between 0 and 1 towards 1. For a matrix, $a X + b (XX^T) X + c
# (XX^T)^2 X$ does the same to all singular values *at once* and leaves the rotations
# alone, since $XX^T X$ has the rotations of $X$ and the cubes of its singular values.
# This is a **Newton-Schulz** iteration:


# %% tags=["slide"]
def newton_schulz(m, steps):
    """Push the singular values of one matrix towards 1."""
    a, b, c = NEWTON_SCHULZ
    x = m / m.norm()  # now none of them is above 1
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + b * gram @ x + c * gram @ gram @ x
    return x


# %% [markdown]
# Try it on a real gradient: a matrix of the base model, one batch of text.

# %%
learner = copy.deepcopy(base)
loss, _ = pretrain.loss(learner, held_out[1], mtp_weight=0.0)
loss.backward()
gradient = learner.layers[1].attn.wo.weight.grad
stages = {}
for steps in (0, 1, 3, 5):
    values = torch.linalg.svdvals(newton_schulz(gradient, steps))
    stages[f"after {steps} steps"] = list(enumerate(values.tolist(), 1))
title = "A gradient of the attention's output matrix"
plots.curves({title: stages}, "singular value, largest first", "size", log="y")

# %% [markdown]
# What you see: the singular values of a gradient, largest first, on a logarithmic
# scale. Before, they fall by a factor of ten every fifteen directions or so. After five
# steps the stronger two thirds lie around 1 (the coefficients are chosen to be fast, not
# exact), and the rest have come up a hundredfold; the very last are rounding noise.
# The library's version does many matrices of one shape together, and lets the smaller
# side of each be multiplied:

# %%
# r1lib.training.optim.orthogonalize

# %%
by_hand = newton_schulz(gradient, 5)
torch.testing.assert_close(
    orthogonalize(gradient[None])[0], by_hand, atol=1e-4, rtol=1e-3
)
u, _, v = torch.linalg.svd(gradient, full_matrices=False)
cosine = F.cosine_similarity(by_hand.flatten(), (u @ v).flatten(), dim=0)
print(f"cosine with the exactly orthogonal matrix {cosine:.2f}")
raw = F.cosine_similarity(gradient.flatten(), (u @ v).flatten(), dim=0)
print(f"and of the gradient itself                {raw:.2f}")
assert raw < cosine

# %% [markdown]
# And whole steps beside PyTorch's own Muon. That one computes in bfloat16, a format of
# 16 bits with two to three digits, so equality is rough by nature:

# %% tags=["nbval-check-output"]
generator = torch.Generator().manual_seed(0)
start = torch.randn(6, 4, generator=generator)
ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
a = optim.Muon([ours], lr=0.1, momentum=0.95)
b = torch.optim.Muon([theirs], lr=0.1, momentum=0.95, weight_decay=0.0)
for _ in range(4):
    ours.grad = torch.randn(6, 4, generator=generator)
    theirs.grad = ours.grad.clone()
    a.step()
    b.step()
moved = (ours - start).norm().item()
gap = (ours - theirs).norm().item()
print("same steps as torch.optim.Muon:", gap < 0.03 * moved)

# %% [markdown]
# Muon is for matrices that turn a vector into a vector. Embedding and head are tables of
# tokens, and norms are vectors: they stay with AdamW. (V3 was trained with AdamW
# alone. Muon is younger; Moonshot's Kimi K2, of a similar build, used a variant of it
# at a trillion parameters, arXiv 2507.20534.)

# %%
# r1lib.training.optim.base_optimizers

# %% [markdown] tags=["slide"]
# ## 6. Warm up, stay, decay
#
# The learning rate is not constant. At the start, $m$ and $v$ know nothing and large
# steps do harm, so it **warms up**. At the end, steps of constant length would jump
# around the valley forever, so it **decays**. For years the standard between the two
# was half a cosine. It has a drawback: the curve depends on the *end*, so you must know
# before the first step how long you will train, and a model from the middle is good for
# nothing. **Warm-up, stable, decay** (WSD; MiniCPM, arXiv 2404.06395) stays at the top
# and only falls in the last part. From one long stable run you can branch off a finished
# model whenever you like. (Section 9 does.)

# %%
# r1lib.training.optim.warmup_stable_decay

# %%
steps = range(0, 1001, 10)
plans = {
    "warm-up, stable, decay": [(s, warmup_stable_decay(s, 1000)) for s in steps],
    "cosine": [
        (s, min((s + 1) / 20, 0.5 + 0.5 * math.cos(math.pi * s / 1000))) for s in steps
    ],
}
plots.curves({"Two plans for 1,000 steps": plans}, "step", "share of the rate")

# %% [markdown]
# What you see: the two plans. DeepSeek-V3 has it both ways: 2,000 steps of warm-up,
# *constant* at $2.2 \cdot 10^{-4}$ for two thirds of all tokens (10 trillion), then a
# cosine down to a tenth over 4.3 trillion, and two constant pieces for the last half
# trillion (section 4.2).

# %% [markdown] tags=["slide"]
# ## 7. A live run
#
# Now train. A small dense model, 70,000 parameters without its tables, reads 4,800
# documents, once with AdamW alone and once with Muon for its matrices. Everything else
# is the same: the seed, the documents, their order, the plan.

# %%
STEPS, BATCH, LOOK = 200, 24, 25
texts = corpus.documents(STEPS * BATCH, seed=1)
lessons = pretrain.encode_documents(tokenizer, texts)
dense = replace(PRESETS["tiny-dense"], vocab_size=V, n_layers=3)
small = replace(dense, d_model=48, head_dim=12, ffn_dim=96)


def train_small(make_optimizers):
    """Pre-train the small model; its loss on held-out text every LOOK steps."""
    torch.manual_seed(0)
    model = Transformer(small)
    plan = pretrain.PretrainConfig(steps=STEPS, batch_size=BATCH)
    curve = [(0, loss_on(held_out, model))]
    for metrics in pretrain.train(model, lessons, plan, make_optimizers(model)):
        if metrics["step"] % LOOK == 0:
            model.eval()
            curve.append((metrics["step"], loss_on(held_out, model)))
            model.train()
    return model.eval(), curve


# %% tags=["slide"]
_, with_adamw = train_small(lambda model: optim.adamw(model, 3e-3))
student, with_muon = train_small(lambda model: optim.base_optimizers(model, 0.01, 3e-3))
floor = [(0, ladder["what follows what"]), (STEPS, ladder["what follows what"])]
curves = {"AdamW": with_adamw, "Muon and AdamW": with_muon, "table of pairs": floor}
title = "Loss on text that nobody trains on"
plots.curves({title: curves}, "step", "nats per token")

# %% [markdown]
# What you see: two runs of the same small model, and as a line the table of pairs from
# section 2. The network passes the table, as it can look further back than one token.

# %%
print(f"AdamW alone {with_adamw[-1][1]:.2f}, with Muon {with_muon[-1][1]:.2f} nats")
assert max(with_muon[-1][1], with_adamw[-1][1]) < with_adamw[0][1] - 3
assert with_muon[-1][1] < ladder["what follows what"]
asked = problems(countdown.sample, 2, 3, "valid", language="en")
written = evaluate.answer(student, tokenizer, asked, max_new_tokens=48, temperature=0.7)
for problem, (text,) in zip(asked, written.texts, strict=True):
    print(f"{problem.prompt}\n    " + text.replace("\n", "\n    "))

# %% [markdown]
# The *form* is there after these few steps: tags open and close, numbers stand where
# numbers belong. The sums are nonsense. Form first, content later: that is how it goes
# at every size, and the next section watches the content come.

# %% [markdown] tags=["slide"]
# ## 8. What the loss does not tell
#
# The base model of this book is this loop over 10,500 steps and over the whole web, with
# latent attention (chapter 03), experts balanced by their bias (chapter 04) and MTP. It
# took 51 minutes on one busy core. (Measured once, by `python -m results.unit base 0`.)
# Every 100 steps its skills were examined one by one, on problems that it never
# trains on, by asking for the likeliest next token at the right place:
#
# - **copying**: does the answer repeat the numbers of the attempt?
# - **arithmetic**: behind `8-3=`, is 5 the likeliest token?
# - **verification**: behind an attempt and `~35=`, the distance to the target, is 0
#   likeliest exactly where the attempt hits? (Half of them do, so a coin gets 50%.)

# %%
long_run = json.loads((RESULTS / "base-0.json").read_text(encoding="utf-8"))
history = long_run["skills"]
FLOOR = {"copy": 0.0, "arithmetic": 0.0, "verification": 0.5}


def first_at(name, share, history=history):
    """The first step at which a skill is `share` of the way from its floor to 100%."""
    level = FLOOR[name] + share * (1 - FLOOR[name])
    return next(p["step"] for p in history if p["skills"][name] >= level)


def gone(skills):
    """Each skill as a share of the way from its floor to 100%."""
    return {n: (skills[n] - low) / (1 - low) for n, low in FLOOR.items()}


half_way = {name: first_at(name, 0.5) for name in FLOOR}
plots.phase_picture([p | {"skills": gone(p["skills"])} for p in history], half_way)

# %% [markdown]
# What you see: above, how far each skill has come from its floor to 100%, over the steps
# of pre-training; below, the loss. The floor is 0% for copying and arithmetic, and a
# coin's 50% for verification. Vertical lines mark half of the way; those of arithmetic
# and verification fall on the same step and alternate their dashes. **This is the
# figure to remember from this chapter.** Six sevenths of the fall of the loss happen in the
# first 500 steps, and all that comes after looks like slow polishing. At step 500
# the model cannot add and judges attempts like a coin.
#
# Copying is the first to come half of the way. Arithmetic follows in one long climb.
# Verification is the strange one: for nearly two thousand steps it stays within five
# points of the coin, while the loss goes down and arithmetic up. It starts later than
# arithmetic, and then it is quicker. Both are half of the way at the same step, and
# verification is the first to have three quarters. (It may start late because
# a distance is a subtraction, and so needs some arithmetic; these curves cannot prove
# that.) Such a late and quick rise is called a **phase change**. The bases of
# seeds 1 and 2 show the same order, as the table says.
#
# (The loss drawn here is the mean over training batches. Batches of short guesses, which
# are hard to predict, count as much as batches of long documents; that is why it ends
# above the 0.5 nats of section 2.)

# %% tags=["slide"]
at = {p["step"]: p for p in history}
print(f"{'':14}{'a quarter':>10}{'half':>8}{'3 quarters':>12}   (steps, of the way)")
for name in FLOOR:
    steps = [first_at(name, share) for share in (0.25, 0.5, 0.75)]
    print(f"{name:14}{steps[0]:10,}{steps[1]:8,}{steps[2]:12,}")
print("the same of seeds 1 and 2:")
for seed in (1, 2):
    other = json.loads((RESULTS / f"base-{seed}.json").read_text(encoding="utf-8"))
    for name in ("arithmetic", "verification"):
        steps = [first_at(name, s, other["skills"]) for s in (0.25, 0.5, 0.75)]
        print(f"{name:14}{steps[0]:10,}{steps[1]:8,}{steps[2]:12,}")
start, end = math.log(V), history[-1]["loss"]
for step in (500, 1800, 3500):
    loss, skills = at[step]["loss"], at[step]["skills"]
    done, adds = (start - loss) / (start - end), skills["arithmetic"]
    print(f"step {step:5,}: {done:.0%} of the fall of the loss", end=", ")
    print(f"arithmetic {adds:.0%}, verification {skills['verification']:.0%}")
assert first_at("copy", 0.5) < first_at("arithmetic", 0.5)
assert first_at("arithmetic", 0.25) < first_at("verification", 0.25)  # starts first
assert first_at("verification", 0.75) < first_at("arithmetic", 0.75)  # and ends second
checks_well = {step: at[step]["skills"]["verification"] for step in (1800, 3500)}
assert checks_well[1800] < 0.55 and checks_well[3500] > 0.85

# %% [markdown]
# Why does the loss not show it? It is a mean over all tokens, and the tokens that need a
# skill are few. Count, in the documents of section 1, those that stand behind an `=` (a
# result) or behind `~`, a number and `=` (a distance):

# %% tags=["nbval-check-output"]
marks = Counter()
for (_, completion), ids in zip(web, documents, strict=True):
    marks["tokens"] += len(ids)
    distances = completion.count("~")
    marks["distances"] += distances
    marks["results"] += completion.count("=") - distances
print(f"results   {marks['results'] / marks['tokens']:.1%} of all tokens")
print(f"distances {marks['distances'] / marks['tokens']:.1%}")

# %% [markdown]
# A distance that is known instead of guessed saves perhaps two nats. On 2% of all tokens
# this lowers the mean loss by a few hundredths, less than the noise from step to step.
# So do not ask the loss whether a model can reason. Examine it. It decides the fate of
# what follows: reinforcement learning can only reward what the base does now and then,
# and chapter 09 shows that R1-Zero training fails from a base that is stopped before
# its phase change (P12).
#
# There is a lesson about batches in it too. In a first trial for this book (one seed, a
# simpler world) the same number of tokens in 470 *large* batches never reached the
# change, while a few thousand small steps did.
#
# The finished base, examined here and now:

# %%
watched = problems(countdown.sample, 64, 1, "valid")
known = measure(base, tokenizer, watched)
young = measure(student, tokenizer, watched)
for name in ("copy", "arithmetic", "verification"):
    print(f"{name:14} our live run {young[name]:4.0%}   the base {known[name]:4.0%}")
assert min(known[n] for n in ("copy", "arithmetic", "verification")) > 0.9

# %% [markdown] tags=["slide"]
# ## 9. A law for the loss
#
# Before anybody spends millions they want to know what they will get. The loss turns out
# to be predictable. With $N$ parameters and $D$ tokens (Hoffmann et al., called
# Chinchilla, arXiv 2203.15556, eq. 2):
#
# $$ L(N, D) = E + \frac{A}{N^{\alpha}} + \frac{B}{D^{\beta}} $$
#
# $E$ is what nobody can know (section 2), the second term is what this model is too small
# for, and the third what it has not read yet. We measured a family of small dense models
# (`python -m results.scaling SIZE SEED`). The learning rates are the same for all sizes,
# not tuned for each. A size and a seed were trained *once* with a stable rate, and
# finished models were branched off by short decays, as section 6 promised.

# %%
units = {}
for path in sorted(RESULTS.glob("scaling-*.json")):
    found = json.loads(path.read_text(encoding="utf-8"))
    units[found["scaling"]["parameters"], found["seed"]] = found
points = [
    (n, p["tokens"], p["loss"])
    for (n, _), u in units.items()
    for p in u["scaling"]["points"]
]
print(f"{'size':>7}{'parameters':>12}{'seed':>6}   loss after thousands of tokens")
for (n, seed), found in sorted(units.items()):
    cells = [
        f"{p['loss']:.3f} ({p['tokens'] // 1000})" for p in found["scaling"]["points"]
    ]
    print(f"{found['scaling']['size']:>7}{n:>12,}{seed:>6}   " + "  ".join(cells))
minutes = sum(u["minutes"] for u in units.values())
print(
    f"{len(points)} points, {len(units)} runs, {minutes:.0f} minutes on one busy core"
)

# %% [markdown]
# (Parameters are those of the blocks, without embedding and head; size is width x
# layers.) For given exponents the law is linear in $E$, $A$ and $B$, and that is
# ordinary least squares. So only two numbers have to be searched:

# %% tags=["slide"]
# r1lib.training.scaling.predict_loss
# r1lib.training.scaling.fit_loss

# %% [markdown]
# Never trust a fit that has not found a law you put there yourself:

# %% tags=["nbval-check-output"]
known = {"E": 1.69, "A": 406.4, "alpha": 0.34, "B": 410.7, "beta": 0.28}
grid = [(n, d) for n in (1e7, 1e8, 1e9, 1e10) for d in (1e9, 1e10, 1e11)]
made = torch.tensor([(n, d, predict_loss(known, n, d)) for n, d in grid]).double()
found = fit_loss(made)
print({name: round(found[name], 2) for name in known})

# %%
law = fit_loss(torch.tensor(points).double())
print(
    f"L = {law['E']:.2f} + {law['A']:.3g} / N^{law['alpha']:.2f} "
    f"+ {law['B']:.3g} / D^{law['beta']:.2f}"
)
print(f"misses the points by {law['rms']:.3f} nats (root mean square)")
plots.scaling_picture(points, lambda n, d: predict_loss(law, n, d))

# %% [markdown]
# What you see: the same measurements twice, over tokens with a line for each size, and
# over parameters with a line for each amount of text. Marks are measured, lines are the
# fitted law. Every size was run with three seeds; how far these are apart says how much
# of a gap between mark and line means nothing.
#
# How far can it be trusted? Leave the largest amount of text out, fit the rest, and
# predict what was left out. That is what the law is for:

# %%
most = {n: max(d for m, d, _ in points if m == n) for n, _, _ in points}
kept = [p for p in points if p[1] < 0.9 * most[p[0]]]
left = [p for p in points if p[1] >= 0.9 * most[p[0]]]
guess = fit_loss(torch.tensor(kept).double())
print(f"{'parameters':>11}{'tokens':>12}{'predicted':>11}{'measured':>10}")
for n, d, loss in sorted(left):
    print(f"{n:11,}{d:12,}{predict_loss(guess, n, d):11.3f}{loss:10.3f}")
gap = max(abs(predict_loss(guess, n, d) - loss) for n, d, loss in left)
print(f"largest gap {gap:.3f} nats")

# %% [markdown]
# A curve with five constants through so few points will look good. Ask it something
# further away: the base of this book, which has read several times as much. (It has
# experts and latent attention, so take its used parameters, and be lenient.)

# %%
active = counts.body_parameters(replace(PRESETS["tiny"], vocab_size=V), active=True)
read = round(sum(100 * p["tokens"] for p in history))
foreseen, chance = predict_loss(law, active, read), surprise_by_place(base, held_out)
print(f"base, {active:,} used parameters, {read / 1e6:.1f}M tokens")
print(f"foreseen {foreseen:.2f}, measured {ladder['base model']:.2f} nats")
tokens = sum(n for _, n in chance.values())
floor = chance["questions"][0] * chance["questions"][1] / tokens
print(f"questions alone contribute {floor:.2f} to it; the law's E is {law['E']:.2f}")

# %% [markdown]
# Now look at $E$: practically zero. But it should be what nobody can know, and section 2
# has shown that questions alone, numbers drawn by chance, leave about a third of a nat. The
# constants of a fit are much less certain than its curve: $E$, $A$ and $\alpha$ can trade
# against each other, and a floor that no point has come near cannot be seen from above.
# Something else pulls as well: the last points of the larger models lie *after* their
# phase change, where the loss falls faster than any power law through the points before.
# Large laboratories use hundreds of runs over many powers of ten, and still correct one
# another: a replication found errors in Chinchilla's own fit (arXiv 2404.10102). Inside
# the range of its points a law is a good guess; outside it is a hope.
#
# And the law speaks of the loss only. The same models, examined as in section 8:

# %% tags=["slide"]
steps = [p["step"] for p in next(iter(units.values()))["scaling"]["points"]]
head = "".join(f"{step:6}" for step in steps)
print(f"{'after batches':18}{'adds':>6}{'':20}verifies\n{'':18}{head}  {head}")
for (_, seed), found in sorted(units.items()):
    skills = [p["skills"] for p in found["scaling"]["points"]]
    cells = [
        "".join(f"{s[name]:6.0%}" for s in skills)
        for name in ("arithmetic", "verification")
    ]
    print(f"{found['scaling']['size']:>6}, seed {seed}    {cells[0]}  {cells[1]}")

# %% [markdown]
# Here the sizes part ways, and so do seeds. After the most text the largest size verifies
# more than 80% with every seed, the next one 88%, 54% and 70%. The two smaller sizes lie
# between the coin's 50% and 77%, and the 77% (48x3, seed 2) are more than the larger
# 64x4 has with that seed: one seed could have shown the wrong order. Half as much text was too little for all but one run, however
# smoothly the loss fell. Whether a
# skill has arrived is not a smooth function of size or of text. *Emergent abilities* is
# the name for this in large models, and there is a dispute whether they are sudden or
# only measured by a sudden ruler (arXiv 2304.15004). Our ruler, "is the right token the
# likeliest", is one of the sudden kind.

# %% [markdown] tags=["slide"]
# ## 10. The bill
#
# ### Work
#
# Reading a token multiplies it with every weight that it passes: one multiplication and
# one addition each, 2 operations (FLOPs) for a parameter. The backward pass needs
# two products of the same size, one for the gradient of the weights and one for the
# gradient of what came in: 4 more. Hence the rule of thumb
#
# $$ C \approx 6\, N D . $$
#
# $N$ counts parameters that are *used* for a token, so experts that are not chosen
# don't count. Attention over long texts is not in it either, and for tiny models
# neither is something large: the head. Our exact pencil counts all of it:

# %% tags=["nbval-check-output"]
v3 = PRESETS["deepseek-v3"]
tiny = replace(PRESETS["tiny"], vocab_size=V)
TRILLION = 10**12
print(f"{'':14}{'used':>16}{'6ND':>11}{'exactly':>11}")
for name, c, tokens, length in (
    ("tiny base", tiny, read, 42),
    ("DeepSeek-V3", v3, 14.8 * TRILLION, 4096),
):
    used = counts.active_parameters(c)
    rule = counts.six_nd(used, tokens)
    exact = counts.training_flops(c, tokens, length)
    print(f"{name:14}{used:16,}{rule:11.2e}{exact:11.2e}")

# %% [markdown]
# ### Memory
#
# Weights are the smaller part of training memory. Each parameter also has a gradient, the
# two means of AdamW, and usually a 32-bit copy, since tiny steps would vanish in 16 bits.
# V3 keeps the copy and the gradients in 32 bits and the two means in 16 (section 3.3),
# with weights of 8 bits for the products:

# %% tags=["nbval-check-output"]
everything = counts.parameters(v3)
usual = counts.training_bytes(everything)
frugal = counts.training_bytes(everything, weight=1, gradient=4, master=4, moment=2)
for name, parts in (("usual", usual), ("DeepSeek-V3", frugal)):
    told = ", ".join(f"{k} {v / 1e12:.1f}" for k, v in parts.items())
    total = sum(parts.values())
    print(
        f"{name:12}{total / everything:.0f} bytes each, {total / 1e12:.1f} TB: {told}"
    )
each = sum(frugal.values()) / 2048 / 1e9
print(f"spread evenly over 2,048 GPUs {each:.1f} GB each, no activations")

# %% [markdown]
# ### Hours and dollars
#
# Table 1 of the V3 report gives the hours of its GPUs (H800, a variant of the H100 for
# export), and assumes a rent of two dollars an hour:

# %% tags=["slide", "nbval-check-output"]
print(f"{'':20}{'hours':>12}{'dollars':>14}")
for stage, hours in counts.V3_HOURS.items():
    print(f"{stage:20}{hours:12,}{counts.dollars(hours):14,.0f}")
total = sum(counts.V3_HOURS.values())
print(f"{'together':20}{total:12,}{counts.dollars(total):14,.0f}")
days = counts.V3_HOURS["pre-training"] / 2048 / 24
print(f"pre-training on 2,048 GPUs: {days:.0f} days")

# %% [markdown]
# **$5.576 million.** Is it plausible? Work divided by hours gives operations per second,
# and the data sheet of the H100, whose arithmetic the H800 shares, promises 989 trillion
# a second for dense bfloat16. The ratio is called **MFU**, model FLOPs utilisation:

# %% tags=["nbval-check-output"]
PEAK = 989e12
work = counts.training_flops(v3, 14.8 * TRILLION, 4096)
mfu = counts.utilization(work, counts.V3_HOURS["pre-training"], PEAK)
print(f"MFU, against the bfloat16 peak: {mfu:.0%}")
dense = counts.six_nd(405e9, 15.6 * TRILLION)
print(f"Llama 3.1 405B, all parameters used: {dense / work:.0f} times the work")
for share in (0.2, mfu, 0.5):
    hours = counts.gpu_hours(work, PEAK, share)
    price = counts.dollars(hours) / 1e6
    print(f"at {share:.0%}: {hours:10,.0f} hours, ${price:.1f} million")

# %% [markdown]
# It is. Llama 3 reports 38 to 43% on such hardware (arXiv 2407.21783, section 3.3.2), and
# V3 computed most products in 8 bits, whose peak is twice as high. No magic is needed for
# the number: experts save an order of magnitude of work, and the rest is solid
# engineering.
#
# ### The six-million confusion
#
# "DeepSeek built R1 for six million dollars" was in every newspaper. Four corrections:
#
# 1. It is the price of **V3**, the base, not of R1. What R1 cost on top was reported
#    later, in the supplement of the Nature version of 2025: $294,000. Chapter 16
#    recomputes it.
# 2. It is the **final run only**. The report says itself, in the same paragraph, that
#    research and trial runs on architecture, algorithms and data are not included.
# 3. It is a **rent that was assumed**, not what was paid. A cluster of 2,048 such GPUs
#    costs many times as much to buy, and people, electricity and data are not in it.
# 4. So it must be compared with the final run of others, not with the budgets of
#    companies. Llama 3.1 405B names 30.84 million H100 hours in its model card:

# %% tags=["nbval-check-output"]
llama = 30_840_000
print(f"Llama 3.1 405B at the same rent: ${counts.dollars(llama) / 1e6:.1f} million")
print(f"V3: ${counts.dollars(total) / 1e6:.1f} million, {llama / total:.0f} times less")
for price in (1, 2, 4):
    print(f"V3 at ${price} an hour: ${counts.dollars(total, price) / 1e6:.1f} million")

# %% [markdown]
# That comparison is fair, and it is the real news: eleven times fewer GPU hours for a
# model that is at least as good. And our own base?

# %%
tokens = sum(100 * p["tokens"] for p in history)
seconds = 60 * long_run["minutes"]
speed = counts.training_flops(tiny, tokens, 42) / seconds
print(f"{tokens / 1e6:.1f} million tokens in {seconds / 60:.0f} minutes on one core")
print(f"{speed / 1e9:.1f} billion operations a second; V3's cluster did")
cluster = work / (days * 86_400)
print(f"{cluster / speed:,.0f} times as many, for {days:.0f} days")

# %% [markdown]
# ## Summary
#
# | part | what it does | in DeepSeek-V3 |
# |---|---|---|
# | corpus mix | shares of documents are not shares of tokens | 14.8 trillion tokens |
# | next-token loss | mean surprise; token t asks for t + 1, never for padding | the main loss |
# | packing | whole documents in fixed rows; mask and positions can keep them apart | packed, not masked |
# | MTP | a block that predicts two ahead; discarded or used for drafts | weight 0.3, then 0.1 |
# | AdamW | a step of one length for every weight | all weights |
# | Muon | a step of one length for every direction of a matrix | not used |
# | warm-up, stable, decay | one stable run, many finished models | nearly: two thirds constant |
# | 6ND | the work of training | $3.3 \cdot 10^{24}$ operations |
#
# - The loss falls smoothly; skills arrive late, and the loss does not tell when.
#   Checking starts after adding, rises faster, and is nearly complete first.
# - The loss follows a law in parameters and tokens. Skills do not.
# - 2.788 million GPU hours are $5.576 million at $2: the final run of the base and
#   nothing else.
#
# ## Questions
#
# 1. Two runs have the same loss to three digits. May one of them be far better as a base
#    for reinforcement learning?
#
#    <details><summary>Answer</summary>Yes. Verification moves the mean loss by a few
#    hundredths of a nat, which a slightly better guess of common tokens can outweigh.
#    Examine the skill that the reward will lean on.</details>
#
# 2. Somebody packs documents, masks attention, restarts positions, and forgets the loss at
#    the borders. What does the model learn, and how would you notice?
#
#    <details><summary>Answer</summary>What follows an end token. Here that is always
#    `<|bos|>`, so it learns one easy thing and the mean loss looks a little *better* than
#    it is; where documents begin with their first word it would look worse. Little
#    harm is done, but packed and padded loss no longer agree, and that is how you
#    notice. (Forgetting the attention mask is worse, and harder to notice.)</details>
#
# 3. The law says that twice the parameters would lower your loss by 0.02. Twice the tokens
#    would do the same. Which do you take?
#
#    <details><summary>Answer</summary>Both cost the same to train, as C = 6ND. But the
#    smaller model is cheaper each time it is used, for ever. So one reads more text
#    than the optimum of training alone asks for, and R1, whose reinforcement
#    learning samples millions of long answers, pays for size again and again. (With
#    experts the price of use is that of the used parameters.)</details>

# %% [markdown]
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/05_pretraining.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 5.1** (easy, 10 min) Write the loss of the next token for logits (B, T, V)
# and ids (B, T), without `cross_entropy` and without the library. Padding is no
# target.
#
# <details><summary>Hint</summary>`log_softmax`, then `gather` with the targets
# `ids[:, 1:]`; a mask says which targets count.</details>


# %% tags=["exercise"]
def my_loss(logits, ids):
    """Mean surprise of the next token in nats."""
    # BEGIN SOLUTION
    targets = ids[:, 1:]
    logp = logits[:, :-1].log_softmax(-1)
    chosen = logp.gather(2, targets.unsqueeze(2)).squeeze(2)
    return -chosen[targets != PAD].mean()
    # END SOLUTION


# %% tags=["check"]
checks.ex_5_1(my_loss)

# %% [markdown] tags=["exercise-text"]
# **Exercise 5.2** (easy, 10 min) Given the lengths of documents in order and the
# number of documents in a batch, which share of all places is padding? Each batch is as
# wide as its own longest document; the last batch may be smaller.
#
# <details><summary>Hint</summary>Count all places first: rows of a batch times its
# widest. What is not a token is padding.</details>


# %% tags=["exercise"]
def waste(lengths, batch):
    """Share of the places of all batches that hold no token."""
    # BEGIN SOLUTION
    cut = [lengths[i : i + batch] for i in range(0, len(lengths), batch)]
    places = sum(len(rows) * max(rows) for rows in cut)
    return 1 - sum(lengths) / places
    # END SOLUTION


# %% tags=["check"]
checks.ex_5_2(waste)

# %% [markdown] tags=["exercise-text"]
# **Exercise 5.3** (medium, 15 min) The mask of one packed row. Given the lengths of its
# documents and the width of the row, return a (width, width) tensor of booleans: may
# token t (row) look at token s (column)? Padding at the end may look at itself and
# at padding before it.
#
# <details><summary>Hint</summary>Give each place the number of its document with
# `torch.repeat_interleave`; two places belong together if their numbers are
# equal.</details>


# %% tags=["exercise"]
def block_mask(lengths, width):
    """Causal, and only within one document."""
    # BEGIN SOLUTION
    lengths = [*lengths, width - sum(lengths)]
    number = torch.arange(len(lengths)).repeat_interleave(torch.tensor(lengths))
    return (number.unsqueeze(1) == number).tril()
    # END SOLUTION


# %% tags=["check"]
checks.ex_5_3(block_mask)

# %% [markdown] tags=["exercise-text"]
# **Exercise 5.4** (medium, 15 min) One step of AdamW. Given parameters `p`, gradient
# `grad`, the two running means `m` and `v`, and the number `t` of the step (the first is
# 1), return the new `(p, m, v)`. The check compares several steps with PyTorch's.
#
# <details><summary>Hint</summary>First the two means, then the two corrections, then
# decay and step. The decay is `lr * decay * p`, with the `p` from before.</details>


# %% tags=["exercise"]
def adamw_step(p, grad, m, v, t, lr=0.1, betas=(0.9, 0.95), eps=1e-8, decay=0.1):
    """(p, m, v) after one step."""
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
# **Exercise 5.5** (medium, 20 min) Muon's coefficients are fast and end *near* 1. The
# classical ones, $a = 1.5$, $b = -0.5$, $c = 0$, are slow and end *at* 1. Write the
# iteration with them so that all singular values are within 0.001 of 1, for square, wide
# and tall matrices, without a decomposition. How many steps does it take?
#
# <details><summary>Hint</summary>Scale first, so that no singular value is above 1;
# the norm of the matrix is never below the largest. A small singular value grows by 1.5
# in each step: 40 steps take $10^{-6}$ to 1.</details>


# %% tags=["exercise"]
def orthogonal(x):
    """The nearest orthogonal matrix."""
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
# <details><summary>Hint</summary>Put $D = C / 6N$ into the law and set the derivative
# by $N$ to zero: $\alpha A N^{-\alpha} = \beta B D^{-\beta}$. Or search along a fine
# grid of $\log N$; the check accepts both.</details>


# %% tags=["exercise"]
def best_split(law, flops):
    """(parameters, tokens) of the lowest loss for a budget."""
    # BEGIN SOLUTION
    a, b = law["alpha"], law["beta"]
    ratio = (a * law["A"]) / (b * law["B"])
    parameters = (ratio * (flops / 6) ** b) ** (1 / (a + b))
    return parameters, flops / 6 / parameters
    # END SOLUTION


# %% tags=["check"]
checks.ex_5_6(best_split)
