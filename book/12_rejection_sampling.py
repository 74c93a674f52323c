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
# # Rejection sampling: a model writes its own textbook
#
# | | |
# |---|---|
# | You will build | a table of samples, collected in a job that can be resumed; seven filters and the funnel that counts how much each removes; a test by a judge, asked in both orders, for answers that no rule can check; the mix of reasoning and general data; and four students, each taught from other rows |
# | You need | chapter 06: Goodhart's law; chapter 07: best-of-N; chapter 08: REINFORCE; chapter 09: sampling and pass@k; chapter 10: fine-tuning; chapter 11: where Dev2 comes from |
# | Minutes to read | 100 |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v1), section 2.3.3; v2, the supplement on the 800K supervised data |
#
# ![The map of the recipe. Two frames, you are here, hold the table of samples and the model Dev3. A dashed arrow for texts leads from Dev2 to the samples and from there to Dev3. A solid arrow for weights leads to Dev3 from the base.](../figures/12_map.png)
#
# What you see: the recipe of R1, this chapter in colour. Solid arrows carry weights, dashed
# ones only texts. Look at Dev3: its texts come from Dev2, its weights from the base.

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random generator.

# %% tags=["setup"]
import copy
import json
import math
import random
import re
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from statistics import fmean

import torch

from r1lib import artifacts, checks, evaluate, plots, rewards
from r1lib.problem import Problem, problems
from r1lib.recipe import rejection
from r1lib.recipe.rejection import FILTERS, GENERAL, KNOWN, Sizes, known
from r1lib.tokenizer import chat
from r1lib.traces import collect, filters, tables
from r1lib.traces.filters import Filter
from r1lib.training import optim, sft
from r1lib.world import (
    countdown,
    instructions,
    judge,
    readability,
    requests,
    skills,
    web,
)
from r1lib.world.countdown import AGAIN

torch.manual_seed(0)
RESULTS = Path("../results/data")
temporary = tempfile.TemporaryDirectory()  # it goes when the kernel stops
FOLDER = Path(temporary.name)  # everything this chapter writes
author, tokenizer = artifacts.load("dev2-tiny")

# %% [markdown]
# ## 1. Why start again from the base?
#
# By now the paper has a model, **Dev2**, that reasons well and in one language. But Dev2 is a
# specialist. Reinforcement learning (RL) looked at tasks where a rule can tell right from wrong.
# No reward was paid for a good letter, a fact, or a polite refusal. There are three
# ways to add these:
#
# - (a) Train Dev2 on general texts.
# - (b) Let Dev2 write reasoning samples, and train *Dev2* on a mix of both.
# - (c) Train a **fresh copy of the base** on this mix.
#
# R1 takes (c), with Dev2 as the *author*. Dev2 answers a great many problems, several times each.
# Wrong and unreadable answers are thrown away, texts of other kinds are added, and the base
# learns from the mix (v1, section 2.3.3). The result is **Dev3**.
#
# That section gives no reason for (c), and tests neither (a) nor (b). We can guess. With (a) the
# model may forget to reason. With (b) it may keep habits of RL that no filter lets pass. After (c)
# all that it knows of reasoning comes from texts that were checked. Question 1 tries all three.
#
# ### One loop with many names
#
# The step "sample several answers, check them, keep the good ones" is called **rejection
# sampling**. It has many names, which differ mainly in the use of the kept answers.
#
# ![On the left three boxes: a model writes k answers, a check says yes or no, the good ones are kept. On the right four uses of the good ones: show the best, which is best-of-N; train the model that wrote them, which is expert iteration; train the first model again, which is STaR; train another model once, which is rejection-sampling fine-tuning, as for Dev3, and distillation. From expert iteration and STaR an arrow leads back to the first box.](../figures/12_uses.png)
#
# What you see: one filter, four uses. Two of them go around again.
#
# - **Best-of-N** (chapter 07) shows the best answer to the user. No weight changes.
# - **Expert iteration** trains the author on the kept answers, then samples again from the
#   better author, and so on. (In the first paper, arXiv 1705.08439, the good moves come from a
#   tree search. With language models, a check takes its place.)
# - **STaR**, the self-taught reasoner, repeats too, but starts each round of training from
#   the first model (Zelikman et al., arXiv 2203.14465). For a problem that it gets wrong in a
#   round, it tries again with the answer given as a hint.
# - **Rejection-sampling fine-tuning** (RFT) does one round: sample from a tuned model, keep
#   each right one once, train the base on it (Yuan et al., arXiv 2308.01825).
#
# The step from Dev2 to Dev3 is RFT. If the model that learns is a smaller one, the same step is called
# distillation (chapter 14).

# %% [markdown] tags=["slide"]
# ## 2. Two numbers that everybody quotes
#
# "600k reasoning samples and 200k others" is in every summary of R1. The second version of
# the paper has the table (arXiv 2501.12948v2, the supplement on the supervised data):

# %% tags=["slide", "nbval-check-output"]
PAPER = {
    "mathematics": 395_285,
    "code": 211_129,
    "STEM": 10_124,
    "logic": 10_395,
    "general": 177_812,
}
MEAN_TOKENS = 5_355  # of a sample

everything = sum(PAPER.values())
reasoning = everything - PAPER["general"]
for name, n in PAPER.items():
    print(f"{name:12}{n:>9,}{n / everything:8.1%}")
print(f"{'all':12}{everything:>9,}")
print(f"reasoning : general = {reasoning / PAPER['general']:.1f} : 1")
print(f"in tokens: about {everything * MEAN_TOKENS / 1e9:.1f} billion")

# %% [markdown]
# So the 600 and 200 are really 627 and 178. Mathematics and code make up 97% of the reasoning part.
# And the dataset is small: pre-training read 14.8 trillion tokens (DeepSeek-V3, arXiv 2412.19437,
# abstract).
#
# The general part holds writing, factual questions, questions about the model itself and
# translation, from the data and the pipeline of DeepSeek-V3 (v1, section 2.3.3). For some of them V3
# wrote a chain of thought first.
#
# Our tiny world keeps the proportions, about 3 to 1. One part is sampled from Dev2. The other has
# known good replies, and sampled replies that a judge let pass. From left to right:
#
# ![From left to right: the author Dev2 writes k samples of each problem; problems with a rule go to a verifier, requests to a judge. Both kinds fall through a funnel of seven filters: correct, form, language, length, repetition, unique, per prompt. The rest is mixed with known replies, three parts of reasoning to one general part, and the base learns from the mix for two epochs. The result is Dev3.](../figures/12_rejection.png)
#
# What you see: the way of a sample into the training data. Small numbers are sections.

# %% [markdown] tags=["slide"]
# ## 3. What rejection does to a distribution
#
# A model that answers a prompt $x$ is a probability distribution $p(y \mid x)$ over
# completions. How does it change when the wrong ones are thrown away?
#
# ![Left, the author: four bars, A wrong 0.5, B right 0.3, C wrong 0.1, D right 0.1. In the middle, the wrong bars are crossed out, and 0.4 of the probability is left. Right, the kept ones: B 0.75, D 0.25, three to one as before.](../figures/12_reweight.png)
#
# What you see: wrong completions vanish, and the right ones grow until they add up to 1.
# Their *proportion* stays as it was: B is three times as likely as D, before and after.
#
# As a formula: let $r(y)$ be 1 if a completion is kept and 0 if not. Kept samples follow
#
# $$ q(y \mid x) = \frac{p(y \mid x)\, r(y)}{Z(x)}, \qquad
#    Z(x) = \sum_y p(y \mid x)\, r(y). $$
#
# Here $Z$ is the share that is kept: the pass rate of the prompt. Rejection adds
# nothing: the model could write every kept answer before.
#
# Now fine-tune on the kept samples, that is, minimise $-\mathbb{E}_q \log \pi$. The
# expectation under $q$ is an expectation under $p$, with $r$ as a weight:
#
# $$ -\nabla\, \mathbb{E}_{q}[\log \pi(y)] =
#    -\frac{1}{Z}\, \mathbb{E}_{p}[\, r(y)\, \nabla \log \pi(y) \,]. $$
#
# For $\pi = p$ this is, up to the factor $1/Z$, the REINFORCE gradient of chapter 08, with
# rewards 0 and 1 and no baseline. (A *baseline*, subtracted from the reward, would make wrong
# samples count negatively.) Check it by sampling from the author of the
# picture: fine-tuning on what is left of 10,000 samples, REINFORCE on 10,000 others.

# %% tags=["nbval-check-output"]
p = {"A": 0.5, "B": 0.3, "C": 0.1, "D": 0.1}  # the author
r = {"A": 0.0, "B": 1.0, "C": 0.0, "D": 1.0}
Z = sum(p[y] * r[y] for y in p)
q = [p[y] * r[y] / Z for y in p]
logits = torch.tensor([*p.values()]).log().requires_grad_()
dice = random.Random(0)


def draw(n):
    """n completions of the author, as places in p, and their rewards."""
    drawn = dice.choices([*p], [*p.values()], k=n)
    return torch.tensor([[*p].index(y) for y in drawn]), torch.tensor(
        [*map(r.get, drawn)]
    )


def gradient(losses):
    return torch.autograd.grad(losses.mean(), logits)[0].tolist()


ids, reward = draw(10_000)
tuned = gradient(-logits.log_softmax(0)[ids[reward == 1]])  # rejected ones are gone
ids, reward = draw(10_000)
pushed = gradient(-(reward * logits.log_softmax(0)[ids]) / Z)  # all are there
formula = [a - b for a, b in zip(p.values(), q, strict=True)]
for name, found in (
    ("fine-tuning", tuned),
    ("REINFORCE / Z", pushed),
    ("p - q", formula),
):
    print(f"{name:14}", *(f"{y} {g:+.2f}  " for y, g in zip(p, found, strict=True)))
    for a, b in zip(found, formula, strict=True):
        assert math.isclose(a, b, abs_tol=0.02)

# %% [markdown]
# These are gradients of a loss (*p - q* is exact): descent lowers a logit with a plus and raises one
# with a minus. A wrong sample contributes nothing. Yet A and C fall: each sample of B or D pushes
# all other logits down a little, since probabilities add up to 1.
#
# So if an author learns from its own filtered samples of a prompt, its first step is a step of
# REINFORCE. After that step the two part: the model moves, and the samples stay as they are.
# This is why rejection sampling is often called offline RL without negative samples.
#
# The freedom gained is that $\pi$ need not start at $p$. Any model can learn from the samples.
# R1 uses this to start from the base, and to teach smaller models.
#
# ### From one prompt to a table
#
# A table has many prompts, and $Z$ differs between them. What becomes of the $1/Z$? Take an easy
# prompt and a hard one, 40 samples of each. Every right sample is kept:

# %% tags=["nbval-check-output"]
pass_rates, k = {"easy": Fraction(1, 2), "hard": Fraction(1, 20)}, 40
rows_of = {name: k * z for name, z in pass_rates.items()}
print("rows:", {name: int(n) for name, n in rows_of.items()})
for name, z in pass_rates.items():
    assert rows_of[name] * (1 / z) == k  # rows times the 1/Z of each: the same for all
weights = {
    "all right samples": {
        n: float(x / sum(rows_of.values())) for n, x in rows_of.items()
    },
    "equal shares": dict.fromkeys(rows_of, 1 / len(rows_of)),
}
plots.stacked_shares(weights)

# %% [markdown]
# What you see: two ways to weigh the prompts. With equal shares, the lower bar, the factor $1/Z$
# would stay, and the hard prompt would count ten times as much as in REINFORCE, beside the easy one.
# But the table, the upper bar, has $k Z$ rows of a prompt, and $Z$ cancels:
#
# $$ \sum_x k\, Z(x)\, \mathbb{E}_{q}[\nabla \log \pi] =
#    k \sum_x \mathbb{E}_{p}[\, r\, \nabla \log \pi \,]. $$
#
# So a table of *all* right samples weighs its prompts exactly as REINFORCE does, easy ones most.
# To weigh prompts differently, one has to change the table.
#
# ### The price is paid in samples
#
# Of a prompt with pass rate $Z$, at least one of $k$ samples is kept with probability
# $1 - (1-Z)^k$. This is pass@k of chapter 09.

# %%
RATES, draws_of = (0.5, 0.25, 0.05, 0.01), (1, 2, 4, 8, 16, 32, 64)
lines = {
    f"pass rate {rate}": [(k, 1 - (1 - rate) ** k) for k in draws_of] for rate in RATES
}
shown_as = "A prompt keeps at least one sample, chance"
plots.doubling_curves({shown_as: lines}, "samples of each prompt")

# %% [markdown]
# What you see: with eight samples the chance is nearly 1 for a problem that is solved half of the
# time. For one solved once in a hundred it is one in thirteen. Left alone, the data fills up with
# easy problems. So recipes cap how many samples of one prompt may stay.
#
# How many rows does a prompt leave on average, of four samples, if at most two may stay? Simulate
# 20,000 prompts of each kind. (Exercise 12.2 computes it exactly.)

# %% tags=["nbval-check-output"]
dice = random.Random(0)
for rate in RATES:
    solved = (sum(dice.random() < rate for _ in range(4)) for _ in range(20_000))
    capped = fmean(min(times, 2) for times in solved)
    print(f"pass rate {rate:4}: {4 * rate:.2f} right samples, {capped:.2f} rows")

# %% [markdown] tags=["slide"]
# ## 4. Collect
#
# Sampling is slow, and slow jobs are interrupted. So `collect.collect` works in chunks and writes each
# chunk to a file before the next. Two details make it safe to resume:
#
# - Each chunk has a random generator of its own, so its samples do not depend on earlier chunks.
# - A killed job may leave a partial last line. The next start truncates it.
#
# Let us kill one: sixteen short samples in one go, then the same with an interruption after two
# chunks and half a line lost. One chunk is whole then, so three are left to write.

# %% tags=["nbval-check-output"]
asked = problems(countdown.sample, 8, 12, "train")
kind = {"source": "dev2-tiny", "max_new_tokens": 12, "at_once": 2}


def collecting(name):
    path = FOLDER / name
    return path, collect.collect(path, author, tokenizer, asked, 2, **kind)


whole, steps = collecting("whole.jsonl")
print("chunks, whole:  ", len(list(steps)))
broken, steps = collecting("broken.jsonl")
next(steps), next(steps)
steps.close()
broken.write_bytes(broken.read_bytes()[:-40])  # what a kill may leave
broken, steps = collecting("broken.jsonl")
print("chunks, resumed:", len(list(steps)))
print("the same bytes: ", whole.read_bytes() == broken.read_bytes())

held = problems(countdown.sample, 1, 0, "test")
try:
    next(collect.collect(FOLDER / "no", author, tokenizer, held, 2, **kind))
except ValueError as error:
    print(error)

# %% [markdown]
# The last line of the output is a refusal of a test problem: it would spoil later measurements.
#
# A line of the file is a **row**: prompt and completion, language, number of tokens, whether
# it ended by itself, whether the verifier called it right. Filters come after the sampling,
# so they can be changed without sampling again.

# %% [markdown] tags=["slide"]
# ## 5. Filters
#
# A **filter** looks at rows and says of each: keep, or not. The paper throws a sample away if
# it is wrong, mixes languages, has long paragraphs, or has blocks of code in its thinking
# (v1, section 2.3.3). The cold start also removes repetition (v2, section on the cold start).
# Ours, in the order in which they are applied:
#
# - **correct**: the verifier said so.
# - **form**: thinking in one pair of tags, then one answer. A bare guess that happens to be right
#   would teach to guess.
# - **language**: every word, thought or said, in the language of the question.
# - **length**: it ended by itself, within a number of tokens.
# - **repetition**: no line of the thinking was there before.
# - **unique** and **per prompt**: no doubles, and at most two rows of one prompt.
#
# Ten rows, written by hand, for one problem. Three of them are good. A line of thought is a
# **tape** (chapter 09): `8-3=5,*7=35` takes 3 from 8, and multiplies the 5 by 7. After the `~`
# come the target and the distance to it.

# %%
PROBLEM = countdown.make((3, 7, 8), 35, "en", answer="(8-3)*7")
TRY = "try 8-3=5,*7=35~35=0 yes, it fits\n"
ANSWER = "</think><answer>(8-3)*7</answer>"


def row(text, tokens=60, correct=True, finished=True):
    note = {"source": "by hand", "seed": 0, "tokens": tokens}
    return tables.row(PROBLEM, text, **note, correct=correct, finished=finished)


miss = "try 8+7=15,*3=45~35=10 no, go on\n"
by_hand = {
    "good": row(f"<think>{miss}{TRY}{ANSWER}"),
    "another good one": row(f"<think>try 7*8=56,-3=53~35=18 no\n{TRY}{ANSWER}"),
    "a third good one": row(f"<think>try 8*3=24,+7=31~35=4 no\n{TRY}{ANSWER}"),
    "wrong": row("<think>8+7=15\n</think><answer>15</answer>", correct=False),
    "a lucky guess": row("<answer>(8-3)*7</answer>"),
    "mixed": row(f"<think>{miss}시도 8-3=5,*7=35~35=0 맞아\n{ANSWER}"),
    "too long": row(f"<think>{miss}{TRY}{ANSWER}", tokens=190),
    "cut off": row(f"<think>{miss}", finished=False, correct=False),
    "in circles": row(f"<think>{miss}again {miss}{TRY}{ANSWER}"),
    "a double": row(f"<think>{miss} {TRY}{ANSWER}"),
}

# %% tags=["slide", "nbval-check-output"]
every = rejection.chosen(Sizes())  # all seven; section 6 explains Sizes
rows = list(by_hand.values())
alone = {n: dict(zip(by_hand, keep(rows), strict=True)) for n, keep in every.items()}
left, ends = by_hand, {}  # what is left, and which filter removed the others
for name, keep in every.items():
    flags = keep(list(left.values()))
    gone = [n for n, flag in zip(left, flags, strict=True) if not flag]
    ends |= dict.fromkeys(gone, name)
    left = {n: one for n, one in left.items() if n not in gone}
assert ends["cut off"] == "correct" and ends["a third good one"] == "per prompt"
plots.filter_lanes(alone, ends)

# %% [markdown]
# What you see: ten samples on their way through seven filters, from left to right. A full square
# removes the sample, and its line ends. Hollow squares are later filters that would have removed
# it, too. Below, full squares are counted first, then all squares.
#
# Follow the sample *cut off*. *Correct* removes it, so *form* and *length* never see it, though each
# would have removed it. So there are two questions about a filter:
#
# - How much does it remove **alone**, from all samples? *Form* removes two.
# - How much **after the others**, in this order? *Form* removes one.
#
# How is a filter written? It gets all rows and returns a verdict for each. The first four:

# %%
# r1lib.traces.filters.correct
# r1lib.recipe.rejection.in_form
# r1lib.traces.filters.one_language
# r1lib.traces.filters.not_rambling

# %% [markdown]
# The language filter reuses the measure of chapter 11, the share of words in the language of
# the question, on the *whole* text. It wants exactly 1. A reward may be generous, since it
# only pushes; a kept row is copied letter by letter.
#
# The other three compare texts. So each needs an *identity*: the part that must be equal for two
# lines or two rows to count as the same. For doubles, capital letters, extra spaces and the
# width of letters should not matter. (NFKC is the Unicode form in which a full-width `２` is a 2.)

# %%
# r1lib.traces.filters.exact
# r1lib.traces.filters.normalised
# r1lib.traces.filters.unique
# r1lib.traces.filters.at_most

# %% [markdown]
# For the cap the identity is the prompt, and for repetition a line without an "again" in front:

# %%
# r1lib.recipe.rejection.nothing_twice

# %% [markdown]
# The filters form a **funnel**: each gets what the one before has left. As a loop:


# %%
def naive_funnel(rows, filters):
    """What each filter removes after the ones before it."""
    report = []
    for name, keep in filters.items():
        left = []
        for row, flag in zip(rows, keep(rows), strict=True):
            if flag:
                left.append(row)
        report.append((name, len(rows), len(rows) - len(left), len(left)))
        rows = left
    return rows, report


# %% [markdown]
# The library's version, `filters.apply`, adds the count `alone`. And if nothing is left, it names
# the last filter.

# %% tags=["slide", "nbval-check-output"]
kept, report = filters.apply(rows, every)
naive_kept, naive_report = naive_funnel(rows, every)
names = ("filter", "in", "removed", "out")
assert kept == naive_kept
assert naive_report == [tuple(line[n] for n in names) for line in report]
print(f"{'filter':12}   in  removed  out  alone")
for line in report:
    print("{filter:12} {in:4} {removed:8} {out:4} {alone:6}".format(**line))
try:
    filters.apply([by_hand["mixed"], by_hand["in circles"]], every)
except ValueError as error:
    print(error)

# %% [markdown] tags=["slide"]
# ## 6. A funnel on real samples
#
# Now the real author, Dev2. `Sizes` says how much is sampled: easy and hard problems of each
# family, four samples each, of which at most two may stay. The pipeline has fourteen times as
# many problems, programs among them.

# %%
live = Sizes(
    reasoning=(("countdown", 200, 0), ("arithmetic", 100, 100), ("logic", 48, 0)),
    judged=(("chat", 40, 0), ("writing", 16, 0)),
    k=4,
    keep=2,
    max_new_tokens=144,
    most_tokens=120,
)
work = FOLDER / "samples-work"
work.mkdir()
total, right = Counter(), Counter()
for step in rejection.sample(work, author, tokenizer, live, source="dev2-tiny"):
    kind_of = f"{step['family']}, {step['level']}"
    total[kind_of] += step["samples"]
    right[kind_of] += round(step["samples"] * step["correct"])
    share = right[kind_of] / total[kind_of]
    print(f"{kind_of:20}{total[kind_of]:5} samples so far, {share:4.0%} right")

# %% tags=["slide"]
raw, raw_judged = (rejection.collected(work, p, live) for p in rejection.parts(live))
found = tables.statistics(raw)
print(f"{found['rows']:,} samples of {found['prompts']} prompts, ", end="")
print(f"{found['tokens']['sum']:,} tokens")
kept, report = rejection.filtered("reasoning", raw, live)
for line in report:
    print("{filter:23}removed {removed:5}, alone {alone:5}".format(**line))
plots.funnel_bars(report)

# %% [markdown]
# What you see: how many samples are left after each filter; the hatched part was removed. Two
# steps are wide, *correct* and *unique*: in arithmetic there is hardly more than one way to write a
# right tape.
#
# *Form* removes next to nothing here, and far more *alone*, from all samples: a sample in
# bad form is nearly always wrong, too, and is gone already. *Language* has little to do in games
# even alone: there RL paid this author for it.
#
# Now look at removed samples, for each of the first five filters the first that it removed in
# the funnel.

# %% tags=["slide"]
every_live = rejection.chosen(live)


def show(row, label=""):
    print(f"{label}{row['prompt']}")
    print("    " + row["completion"].replace("\n", "\n    ") + "\n")


left = raw
for name, keep in every_live.items():
    flags = keep(left)
    gone = [r for r, flag in zip(left, flags, strict=True) if not flag]
    left = [r for r, flag in zip(left, flags, strict=True) if flag]
    if gone and name in FILTERS[:5]:
        show(gone[0], f"{name}: ")

# %% [markdown]
# Apart from the first, all of these have the *right answer*. Ours in bad form opens its
# thinking twice. (맞아 is *yes*, 아니 *no*, 참 *true*, 거짓 *false*, 목표 *target*.
# The first text says 아니 참, *no true*, in its second line: a verdict that contradicts itself.)
#
# And one that was kept, if possible with a **slip**: a line whose sum or distance is false.
# `slips` does the sums:

# %% tags=["nbval-check-output", "needed"]
LINE = re.compile(r"(\d+)((?:,?[-+*/]\d+=\d+)+)(?:~(\d+)=(\d+))?")


def slips(text):
    """Tapes in a text with a false result or a false distance to the target."""
    found = []
    for tape in LINE.finditer(text):
        start, steps, target, distance = tape.groups()
        value, true = int(start), True
        for op, number, result in re.findall(r"([-+*/])(\d+)=(\d+)", steps):
            true &= countdown.apply(value, op, int(number)) == int(result)
            value = int(result)
        if target:
            true &= abs(int(target) - value) == int(distance)
        if not true:
            found.append(tape[0])
    return found


print(slips("8-3=5,*7=35~35=0 8-3=5,*7=34~35=1 8+3=11~40=28"))

# %%
games = [sample for sample in kept if sample["family"] == "countdown"]
false = [sample for sample in games if slips(sample["completion"])]
in_english = [sample for sample in false if sample["language"] == "en"]
one = (in_english or false or games)[0]
show(one, "kept: ")
print("slips in it:", slips(one["completion"]))
print(f"kept rows of countdown with a slip: {len(false)} of {len(games)}")

# %% [markdown]
# The verifier reads the answer only. So a right answer with a false step passes every filter, and
# the row teaches the slip as well. In our games `slips` can filter sums, too (exercise 12.1), though not verdicts or reused numbers. Where
# no rule can check a step, it takes a *process* reward model (chapter 07).
#
# ### Easy problems crowd in
#
# Group the prompts by how many of their four samples were right, and follow these groups through
# the funnel:

# %%
times_right = Counter()
for sample in raw:
    times_right[sample["prompt"]] += sample["correct"]


def groups(rows):
    """Share of the rows whose prompt was solved 0 to 4 times."""
    counts = Counter(times_right[sample["prompt"]] for sample in rows)
    return {f"{n} of 4 right": counts[n] / len(rows) for n in range(5)}


stages = {
    "all samples": groups(raw),
    "the right ones": groups([sample for sample in raw if sample["correct"]]),
    "what is kept": groups(kept),
}
sampled, right, left = (shares["4 of 4 right"] for shares in stages.values())
assert sampled < right > left  # always solved: more of the right ones, then fewer again
plots.stacked_shares(stages)

# %% [markdown]
# What you see: filtering for correctness alone leaves mostly problems that are always solved, as
# section 3 said. Removing doubles and the cap of two work against it: a text written three times
# counts once, a prompt at most twice. So the table weighs its rows as REINFORCE does up to the
# fifth filter only.
#
# Problems that were never solved are gone. They need a better author, more samples, or a hint, as in
# STaR.

# %% [markdown] tags=["slide"]
# ## 7. A judge where no rule reaches
#
# Some reasoning questions have a known answer that no program can compare. For these the paper
# shows V3 the known answer and the model's, and lets V3 judge (v1, section 2.3.3). This is called
# **LLM-as-a-judge**.
#
# Here we depart from the paper. A program compares all our reasoning answers. So our judge filters
# replies to requests, in chat and writing, and says which of *two replies is better*.
#
# `judge.prefer` is a small stand-in for V3. Inside it is a hidden truth about a reply, which only an
# evaluation may read (chapter 13, section 2). The judge's labels have three weaknesses that real
# judges share. They are noisy. They favour long and polite replies. And they lean towards the reply
# that was shown first.
#
# Asking in both orders helps with the last weakness, and asking more often with the noise. So we
# ask four times, twice in each order. A sample is kept if it wins at least two times against a
# known good reply.
#
# ![Four questions to a judge. In the first two the sample is shown first and the known reply second: the sample wins once, the known reply once. In the other two the known reply is shown first: again each wins once. So the sample has 2 wins of 4 and is kept.](../figures/12_judge.png)
#
# What you see: the same two replies, four questions. The same order may get two verdicts, by noise.

# %%
# r1lib.recipe.rejection.preferred

# %% tags=["nbval-check-output"]
letter = requests.make("chat", 0, (), "en")
good = requests.references(letter)[0]
replies = {
    "a known reply": good,
    "half of it": " ".join(good.split()[: len(good.split()) // 2]),
    "something else": "The capital of Peru is Lima.",
    "known, with thanks": f"{good} Thanks, dear, glad to help!",
}
print(letter.prompt)
for name, text in replies.items():
    kept_by = sum(rejection.preferred(4, seed)(letter, text) for seed in range(200))
    print(f"{name:20}kept {kept_by / 200:4.0%}   {text}")

# %% [markdown]
# Replies that miss the point are thrown out. So is a known reply, in about one case of three: it is
# compared with its equal, and the noise decides.
#
# Now look at the fourth. Long politeness, not asked for, makes a reply *more* likely to be
# kept: a filter passes on the taste of its judge. This is Goodhart's law (chapter 06) in small.
#
# Now the replies of our author are judged. The hidden truth is read here once, to see how good the
# labels are. Helpfulness is between 0 and 1, and a known reply has 1:

# %%
by_prompt = {
    p.prompt: p
    for family, level, n in rejection.parts(live)[1]
    for p in rejection.training(family, level, n, 0)
}
for verdict in (True, False):
    mine = [sample for sample in raw_judged if sample["correct"] == verdict]
    truth = fmean(
        judge.helpfulness(by_prompt[s["prompt"]], s["completion"]) for s in mine
    )
    label = "kept" if verdict else "removed"
    print(f"{label:8}{len(mine):4} samples, true helpfulness {truth:.2f}")
liked, more = rejection.filtered("judged", raw_judged, live)
print(f"{len(liked)} of {len(raw_judged)} judged samples pass all filters\n")
english = [r["language"] == "en" and r["family"] == "chat" for r in liked]
i = english.index(True) if any(english) else 0  # one that can be read, if there is one
show(liked[i])
liked = rejection.plain(liked, tokenizer)
show(liked[i])

# %% [markdown]
# Compare the last two prints. The judge was shown the answer only, so nobody has checked the
# thought. Here it is about another request. A simple request needs no thought, so
# `rejection.plain` drops it.

# %% [markdown] tags=["slide"]
# ## 8. The general part
#
# Most of the general part is not sampled: we have the known good replies of the tiny world. One
# decision is left: **which requests get a thought**. To a greeting or a question of fact the reply comes without one.
# Before half of the others come one or two lines of thought, written by a script in V3's role
# (`rejection.known`).

# %% tags=["nbval-check-output"]
for sample in rejection.known(tokenizer, 5, Sizes()):
    print(f"{sample['family']}: {sample['prompt']}")
    print("    " + sample["completion"].replace("\n", "\n    "))

# %% [markdown]
# (The first is in Korean: "It is raining here. How does one make weapons?" The reply is a refusal:
# "I am sorry, but I cannot help with that. It could hurt someone.")
#
# Why no thought before simple answers? A model that ponders "What color is the sky?" for two
# hundred tokens wastes time and money. The field calls this **overthinking**.

# %% [markdown] tags=["slide"]
# ## 9. The mix
#
# Three rows of reasoning to one general row, shuffled, so that batches hold both. Trained one
# after the other, the second kind would make the model forget the first (**catastrophic
# forgetting**). At most half of the general rows may be judged replies.

# %%
# r1lib.recipe.rejection.mix

# %%
data = rejection.mix(kept, liked, tokenizer, live)
assert len(data) == len(kept) + round(len(kept) / 3)
assert data == rejection.mix(kept, liked, tokenizer, live)  # same seed, same mix


def part_of(row):
    if row["family"] not in GENERAL:
        return row["family"]
    return "known replies" if row["source"] == KNOWN else "judged replies"


origins = [family for family, *_ in live.reasoning]
origins += ["judged replies", "known replies"]
shares = {what: dict.fromkeys(origins, 0.0) for what in ("rows", "tokens")}
for sample in data:
    shares["rows"][part_of(sample)] += 1 / len(data)
    part = sample["tokens"] / sum(other["tokens"] for other in data)
    shares["tokens"][part_of(sample)] += part
plots.stacked_shares(shares)

# %% [markdown]
# What you see: the same data, counted in rows and in tokens. The loss averages over tokens, so
# the gradient sees the lower bar. In R1's data a general
# sample has 1,420 tokens on average and a sample of mathematics 6,094 (v2, the table of section 2).
# So the general part is 22% of the rows and 6% of the tokens. Exercise 12.3 mixes by tokens.
#
# The table is saved with a **data card**: its origin, and how much each filter removed.

# %%
note = (
    "4 samples of each training problem, written by Dev2; then one general row for 3."
)
tables.save(FOLDER / "samples", data, "A small textbook", report + more, note)
card = (FOLDER / "samples" / "README.md").read_text(encoding="utf-8")
print("\n".join(card.splitlines()[:15]))

# %% [markdown] tags=["slide"]
# ## 10. Teach the base
#
# Fine-tuning is that of chapter 10: the mean of $-\log \pi$ over the tokens of the completions,
# two epochs, a cosine down to a tenth of the learning rate. The paper trains for two or three
# epochs, from 5e-5 to 5e-6, in batches of 128 (v2, B.4.2). Our table is small, so a batch has only
# 16 rows: few rows still make many steps. (The runs of section 11 have batches of 64.)
#
# For a fair comparison we teach four copies of the base. All read the same
# general rows. Three also read equally many rows of reasoning by the same author:
#
# - **general only**: no reasoning, but the general rows four times, for about as many steps;
# - **filtered**: the rows that passed the funnel;
# - **unfiltered**: a random part of all samples;
# - **wrong**: only samples that the verifier called wrong.
#
# Predict first: which of the four get better than the base, and in which order will they be?

# %%
base, _ = artifacts.load("base-tiny")
rng = random.Random(12)
general = [sample for sample in data if sample["family"] in GENERAL]
wrong = [sample for sample in raw if not sample["correct"]]
lessons = {
    "general only": general * 4,
    "wrong": rng.sample(wrong, len(kept)) + general,
    "unfiltered": rng.sample(raw, len(kept)) + general,
    "filtered": kept + general,
}
for name, rows in (("wrong", wrong), ("kept", kept)):
    tapes = sum(len(LINE.findall(sample["completion"])) for sample in rows)
    false = sum(len(slips(sample["completion"])) for sample in rows)
    print(f"{name:6} rows hold {tapes:,} tapes, {1 - false / tapes:.0%} without a slip")


def game(row):
    name = f"{row['family']}, {row['level']}"
    return "general" if row["family"] in GENERAL else name


played = sorted({game(row) for row in raw}) + ["general"]
mixes = {}
for name, rows in lessons.items():
    counts = Counter(map(game, rows))
    mixes[name] = {part: counts[part] / len(rows) for part in played}
plots.stacked_shares(mixes)

# %% [markdown]
# What you see: what each student reads. *Wrong* holds more logic and hardly any easy arithmetic,
# since a filter chooses problems, too. So the four differ in more than one thing.


# %%
def fine_tune(rows, label, start=base):
    """A copy of a model, the base if you name none, that has read the rows twice."""
    pupil, rows = copy.deepcopy(start), list(rows)
    torch.manual_seed(0)
    random.Random(0).shuffle(rows)
    examples = sft.encode(tokenizer, [(r["prompt"], r["completion"]) for r in rows])
    config = sft.SFTConfig(batch_size=16)
    optimizers = optim.adamw(pupil, config.lr)
    losses = [m["loss"] for m in sft.train(pupil, examples, config, optimizers)]
    print(f"{label:13}{len(rows)} rows, {len(losses)} steps, ", end="")
    print(f"loss {fmean(losses[:3]):.2f} -> {fmean(losses[-3:]):.2f}")
    return pupil


students = {"base": base}
students |= {name: fine_tune(rows, name) for name, rows in lessons.items()}

# %% tags=["slide"]
GAMES = ("countdown", "arithmetic", "logic")
held_out = [p for g in GAMES for p in problems(web.SAMPLE[g], 48, 0, "valid")]


def marks(problem, text):
    """What the filters look at, for one completion."""
    note = {"source": "", "seed": 0, "tokens": 1, "finished": True, "correct": True}
    one = [tables.row(problem, text, **note)]
    mixes = readability.mixed_share(problem, text) > 0  # the thinking only
    return rejection.in_form(one)[0], mixes, not rejection.nothing_twice(one)[0]


answers, scores = {}, {}
print(f"{'':12}right  [95%]         in form  mixed  repeats")
for name, pupil in students.items():
    found = evaluate.answer(pupil, tokenizer, held_out, 4, max_new_tokens=144)
    answers[name], s = found, skills.summary(found)
    scores[name] = s
    texts = zip(found.problems, found.texts, strict=True)
    means = map(fmean, zip(*(marks(p, t) for p, ts in texts for t in ts), strict=True))
    low, high = s["interval"]
    cells = "".join(f"{mean:9.0%}" for mean in means)
    print(f"{name:12}{s['pass@1']:5.2f}  [{low:.2f}, {high:.2f}] {cells}")
for name in ("wrong", "unfiltered", "filtered"):
    assert scores[name]["interval"][0] > scores["base"]["interval"][1]
lost, before = (scores[name]["arithmetic"] for name in ("general only", "base"))
assert lost["interval"][1] < before["interval"][0]
print(f"arithmetic: {before['pass@1']:.2f}, general only {lost['pass@1']:.2f}")
each = {name: found.right.mean(1).tolist() for name, found in answers.items()}
everywhere, puzzles = slice(0, 144), slice(96, 144)
for name, part in (
    ("wrong", everywhere),
    ("unfiltered", everywhere),
    ("base", puzzles),
):
    gain = evaluate.paired(each[name][part], each["filtered"][part])
    low, high = gain["interval"]
    where = "in logic" if part is puzzles else "everywhere"
    label = f"filtered minus {name} {where}:"
    print(f"{label:36}{gain['difference']:.2f} [{low:.2f}, {high:.2f}]")

# %%
plots.interval_dots(
    {
        game: {
            name: [(s[game]["pass@1"], *s[game]["interval"])]
            for name, s in scores.items()
        }
        for game in GAMES
    },
    "right answers",
)

# %% [markdown]
# What you see: answers to held-out problems, four for each. In the table, *right* is the verdict of
# the verifier. *Mixed* is the share of answers whose *thinking* has words of the other language. An
# answer without a thought cannot mix or repeat. The last lines subtract problem by problem. In the
# picture, right answers for each kind of task, with 95% intervals over problems.
#
# First, the student of *wrong* samples is far above the base. Where may this come from?
#
# - *The general rows?* No: alone, for as many steps, they give 0.12, and the base has 0.16.
# - *Form?* It may: it rises from 21% to 61%.
# - *True lines?* They may: 70% of the tapes in wrong rows have no slip, and 88% in kept rows.
#
# Still, it is below *filtered*, by 0.11.
#
# Second, *general only* is worse than the base in arithmetic: 0.07, down from 0.21, and the intervals
# do not meet. Most general rows have no thought, and their student thinks less than the base (*in
# form*). A sum guessed at once is rarely right.
#
# Third, *unfiltered* is not far behind *filtered*: 0.07. About half of this author's samples would
# pass the first five filters anyway. The interval excludes 0, but this is one run of each. Section 12
# asks again, with six times as much data and three seeds.

# %% [markdown]
# Fourth, no reasoning row of *filtered* mixes languages or repeats a line. Yet its student does both,
# and more often than the base, which seldom thinks at all (*in form*). A filter acts on rows, not on
# the habits of a student. Section 11 follows both habits as the data grows.
#
# In logic the interval holds 0: no difference to the base can be seen.
#
# The same problem before and after, one of each game, if possible one that only the student
# solves:

# %% tags=["slide"]
for g in range(len(GAMES)):
    mine = range(48 * g, 48 * g + 48)
    changed = [i for i in mine if answers["filtered"].right[i, 0]]
    i = next((i for i in changed if not answers["base"].right[i, 0]), mine[0])
    print(f"{held_out[i].prompt}")
    for name in ("base", "filtered"):
        verdict = "right" if answers[name].right[i, 0] else "wrong"
        text = answers[name].texts[i][0].replace("\n", "\n    ")
        print(f"  {name} [{verdict}]:\n    {text}")

# %% [markdown]
# The logic puzzle is in Korean. "Knights and liars. A: exactly 0 of us are knights. B: if C is a
# knight, I am a liar. C: A is a liar and B is a liar." In the answers 기사 is *knight* and 거짓 is
# *liar*. The base says that all are knights. The student is right, but without a line of thought,
# so it may be luck.

# %% [markdown] tags=["slide"]
# ## 11. The long run: how much data?
#
# Our student saw a twelfth of Dev3's training data (`artifacts.path("samples-tiny")`). Now the measured
# runs, with the Dev2 of each of three seeds as author, and batches of 64 rows. Every student answers
# 96 test problems of each kind, twice. (All numbers are in [docs/claims/P07.md](../docs/claims/P07.md).)
# First the pipeline's filters: the share of all samples that each would remove alone, mean over seeds.

# %%
SEEDS = (0, 1, 2)


def results_of(arm):
    """The results of an arm, one for each seed."""
    paths = [RESULTS / f"rejection-{arm}-{seed}.json" for seed in SEEDS]
    return [json.loads(path.read_text(encoding="utf-8"))["P7"] for path in paths]


families = [run["families"] for run in results_of("statistics")]
names = FILTERS[:6]
table = [
    [fmean(run[kind_of]["removed alone"][name] for run in families) for name in names]
    for kind_of in families[0]
]
plots.heatmaps({"removed by each filter alone": table}, list(families[0]), names)

# %% [markdown]
# What you see: dark cells are filters that throw much away. (In chat, writing and instructions
# *correct* is the verdict of the judge. *Per prompt* is left out: alone it always removes half.)
# *Correct* is first nearly everywhere, but *unique* in easy arithmetic, and *repetition* in easy
# countdown. *Language* removes more in replies than in games: no reward was paid there.
#
# Nearly all samples of *hard countdown* and all of *hard logic* are wrong. Only 0, 77 and 180 rows of
# hard countdown and none of hard logic are in the data of the three seeds.
#
# And *programs*: the language filter alone would remove 59%. This is a bug of ours: the list of
# names that are in no language (`rewards.CODE`) forgot `return`, `for`, `in` and `if`. What does it
# leave of the programs?

# %% tags=["nbval-check-output"]
for name in ("samples-tiny", "samples-tiny-1", "samples-tiny-2"):
    stored = tables.load(artifacts.path(name))
    programs = Counter(r["language"] for r in stored if r["family"] == "programs")
    print(f"{name:15} programs: {programs['en']:4} English, {programs['ko']} Korean")
    assert not programs["ko"]

# %% [markdown]
# Not one Korean program is left in any seed. We noticed after training every stage. Exercise 12.4
# fixes the filter.
#
# ### More data, or more steps?
#
# The base learns from a sixteenth, a quarter and all of the rows, each part inside the next one.
# All read their data twice. So less data also means fewer optimizer steps. One more run separates the
# two: a sixteenth of the data, read sixteen times as often (32 epochs instead of 2).

# %%
PLACES = ("countdown, easy", "arithmetic, easy", "countdown, hard", "logic, easy")
ROWS = {"the base": "base", "1/16 of the rows": "size-16", "1/4": "size-4"}
ROWS |= {"all": "size-1", "1/16, read 32 times": "repeat-16"}
ASKED = {"countdown": "countdown, easy", "arithmetic": "arithmetic, easy"}
ASKED |= {"facts": "facts", "refusal": "refusal"}


def means(arm, place, mark="right"):
    """Mean of a mark on one kind of test problems, for each seed."""
    return [run["test"][place][mark]["mean"] for run in results_of(arm)]


def of_seeds(arm, mark):
    """Mean over the four kinds of task, for each seed."""
    each = [means(arm, place, mark) for place in PLACES]
    return [fmean(seed) for seed in zip(*each, strict=True)]


def steps(arm):
    """Optimizer steps of each seed; the base has taken none."""
    return [run.get("steps", 0) for run in results_of(arm)]


def points(names, place):
    """(steps, right) of each seed, for each of some arms."""
    arms = [ROWS[name] for name in names]
    return [list(zip(steps(a), means(a, place), strict=True)) for a in arms]


# %% tags=["slide"]
more = ["the base", "1/16 of the rows", "1/4", "all"]
control = ["1/16, read 32 times"]
plots.seed_curves(
    {
        title: {
            "more rows, each read twice": points(more, place),
            "control: 1/16 of the rows, read 32 times": points(control, place),
        }
        for title, place in [*ASKED.items()][:2]
    },
    "optimizer steps",
    "right answers",
)

# %% [markdown]
# What you see: right answers to test problems, over the number of steps. Lines join means over
# seeds; small marks are the seeds. On the line are, from the left, the base, a sixteenth, a
# quarter and all of the rows.
#
# With a quarter, and again with all of the rows, both games rise in every seed. The sixteenth hardly
# leaves the base, but it took only 16 steps.
#
# The mark without a line is the control: *the same sixteenth*, for about as many steps as all of the rows.
# It does arithmetic nearly as well. In countdown it falls short, in every seed: 0.47 against 0.62. So
# most of the gain needs no new row, only more steps: 0.28 of 0.43 in countdown. New rows add the
# other 0.15, and little in arithmetic.
#
# In the table, *in form*, *mixed* and *repeats* are shares of answers as in section 10, means over easy
# and hard countdown, easy arithmetic and easy logic:

# %% tags=["slide"]
HABITS = {"form": "in form", "mixed": "mixed", "repeats": "repeats"}
head = ("rows", "steps", *ASKED, *HABITS.values())
print(f"{'means over seeds':20}" + "".join(f"{t:>{len(t) + 2}}" for t in head))
for name, arm in ROWS.items():
    n = fmean(run["data"]["rows"] if "data" in run else 0 for run in results_of(arm))
    cells = f"{n:6,.0f}{fmean(steps(arm)):7.0f}"
    for title, place in ASKED.items():
        cells += f"{fmean(means(arm, place)):{len(title) + 2}.2f}"
    for mark, title in HABITS.items():
        cells += f"{fmean(of_seeds(arm, mark)):{len(title) + 2}.2f}"
    print(f"{name:20}{cells}")
for title, place, mark in (
    ("hard countdown, right", "countdown, hard", "right"),
    ("easy countdown, repeats", "countdown, easy", "repeats"),
):
    print(f"\n{title:25}" + "".join(f"{f'seed {n}':>8}" for n in SEEDS))
    for name in ("the base", "all"):
        cells = "".join(f"{mean:8.2f}" for mean in means(ROWS[name], place, mark))
        print(f"{name:25}{cells}")

# %% [markdown]
# The filters let no row pass that mixes or repeats. What becomes of the two habits? With more rows
# *mixed* first grows and then falls. Part of the growth may be more thinking: *in form* grows, too.
# Beside *all*, the control has as many steps and thinks about as much. But *mixed* is 0.05 for *all* and
# still 0.13 for the control. So new rows cure mixing, and steps alone do not.
#
# *Repeats* grows from 1/4 on: to 0.19, and to 0.38 in easy countdown. The control repeats most, so
# more steps on clean rows are enough. Why, these runs do not say.
#
# Facts improve only with all of the data. Refusals improve with steps and with rows. Hard countdown
# goes with its rows, 0, 77 and 180 of them: in seed 0 it is lost, and in seed 2 it doubles. Three
# seeds cannot prove it, but a skill that is missing from the data may even be lost.

# %% [markdown] tags=["slide"]
# ## 12. Which filter matters?
#
# Does it pay to check the answers? And do the four filters of readability
# (*form*, *language*, *length*, *repetition*) matter beyond that?
#
# Three students of each seed read 3,000 rows of reasoning, and the very same 1,000 general rows:
#
# - **every filter**: all seven;
# - **without correct**: wrong samples stay;
# - **without all five**: unreadable samples stay, too.
#
# The same problems were asked of each. So subtract problem by problem, in each seed. Hard countdown
# and logic are left out: there all students are near the base.

# %% tags=["slide"]
LEFT_OUT = {"every filter": "every-filter", "without correct": "no-correct"}
LEFT_OUT |= {"without all five": "no-filter"}
PAIRS = [("every filter", "without correct"), ("every filter", "without all five")]
PAIRS += [("without correct", "without all five")]


def by_problem(arm, place):
    """Right answers to every test problem of a kind, a row for each seed."""
    return [run["test"][place]["right"]["values"] for run in results_of(arm)]


panels = {}
for title in ("countdown", "arithmetic"):
    panels[f"easy {title}"] = rows = {}
    for whole, other in PAIRS:
        both = (by_problem(LEFT_OUT[name], ASKED[title]) for name in (whole, other))
        found = evaluate.paired_seeds(*both)
        each, name = found["each"], f"{other} minus {whole}"
        low, high = evaluate.over_seeds(each)
        rows[name] = (found["difference"], low, high), each, found["clear"]
        verdict = "clear" if found["clear"] else "a tie"
        print(f"{title:11}{name:40}{verdict}")
plots.difference_panels(panels, "difference in right answers")

# %% [markdown]
# What you see: left of 0, leaving filters out costs right answers. Bars are 95% intervals over
# seeds, small ticks are the seeds. By the rule of chapter 08 a difference is clear if this interval
# *and* that over problems exclude 0. Others are ties, and grey.
#
# **Does checking pay?** In countdown, yes: without *correct* fewer answers are right. In arithmetic
# all three seeds point the same way, but by the rule it is a tie. And much is left, though 42% of the
# reasoning rows are wrong (next table).
#
# **Do the readability filters matter?** For right answers we cannot tell: the lowest bars are grey.
#
# What else differs between the students? First what they read, then their habits:

# %% tags=["slide"]
head = ("wrong rows", "tokens", "arithmetic rows", "logic rows")
print(f"{'what was read':20}" + "".join(f"{t:>{len(t) + 2}}" for t in head))
for name, arm in LEFT_OUT.items():
    read = [run["data"] for run in results_of(arm)]
    cells = f"{fmean(1 - (d['correct'] - 1000) / 3000 for d in read):12.0%}"
    cells += f"{fmean(d['tokens']['sum'] for d in read):8,.0f}"
    cells += f"{fmean(d['family']['arithmetic'] for d in read):17,.0f}"
    print(f"{name:20}{cells}{fmean(d['family']['logic'] for d in read):12,.0f}")

panels = {}
for mark, title in {**HABITS, "unfinished": "unfinished"}.items():
    panels[title] = rows = {}
    for whole, other in PAIRS:
        both = (of_seeds(LEFT_OUT[name], mark) for name in (whole, other))
        each = [after - before for before, after in zip(*both, strict=True)]
        low, high = evaluate.over_seeds(each)
        seen = (fmean(each), low, high), each, low > 0 or high < 0
        rows[f"{other} minus {whole}"] = seen
plots.difference_panels(panels, "difference in the share of answers")

# %% [markdown]
# In the table, a filter also chooses *problems*. Without *correct*, arithmetic loses a quarter of its
# rows, and logic gets more than four times as many. Without all five 53% of the rows are wrong, not
# 42%: an unreadable sample is often a wrong one. And half as many tokens again are read. So no
# difference belongs to one filter alone.
#
# What you see below it: four habits, as means over the four kinds of task. Without the readability
# filters form falls. Leaving out *correct* moves it *up*, by less, and repeating *down*. (Colour here
# means clear over the seeds alone.) Without *correct*, with or without the others, *fewer* answers stay
# unfinished. A filter acts on rows.
#
# Six filters were also left out one at a time, in the first edition of this book
# ([docs/experiments.md](../docs/experiments.md)). None of the six changed right answers clearly.
# Without *language* more answers mixed, in every seed, by about 0.02. *Form* was hardly tested,
# since it removes next to nothing after *correct*.

# %% [markdown] tags=["slide"]
# ## Summary
#
# Three sentences to remember. Sample, check, keep: mainly the use of what is kept differs between
# best-of-N, expert iteration, STaR and rejection-sampling fine-tuning. Fine-tuning on kept samples is
# REINFORCE without negative samples, on samples that do not move. A filter acts on rows: what a
# student of these rows does has to be measured.
#
# | idea | in the paper | here |
# |---|---|---|
# | author | the model after reasoning RL | Dev2 |
# | check | rules; V3, beside a known answer, where no program can compare | verifiers; a judge of pairs for chat and writing |
# | removed as hard to read | mixed languages, long paragraphs, code blocks | form, language, length, repetition |
# | reasoning : general | 626,933 : 177,812 | 3 : 1 in rows |
# | learner | the *base*, two or three epochs | the *base*, two epochs |
#
# **What this does not show.** Our author is wrong in about half of its samples, and our students are
# tiny. Elsewhere other filters may matter.

# %% [markdown]
# ## Questions
#
# 1. Try (a) and (b) of section 1: `fine_tune(general, "a", author)` and
#    `fine_tune(kept + general, "b", author)`. Measure them as in section 10, beside `author`. Predict:
#    how much does (a) forget, and is (b) better than (c)?
#
#    <details><summary>Answer</summary>Our run, right answers: the author 0.56, (a) 0.52, (b) 0.50, (c)
#    0.44. In its 22 steps (a) forgets little. (b) loses in arithmetic, from 0.95 to 0.79. Yet it is above
#    (c), by 0.06 [0.02, 0.09], and mixes less: 1% against 10%. So here starting again does not pay in
#    right answers. The base had 86 steps to learn what Dev2 could do already. With more rows it comes
#    closer (section 11).</details>
#
# 2. Expert iteration, with a learner that fits $q$ perfectly: what does the second round change
#    for the prompts of the first round? Why do people do several rounds all the same?
#
#    <details><summary>Answer</summary>Nothing: $q$ has no wrong completion left, so $Z = 1$ and
#    the second $q$ equals the first. Real learners fit imperfectly, and what they learn
#    carries over to prompts that were not solved before. Those bring new rows.</details>
#
# 3. A judge likes long answers. You filter with it, train, sample from the new model, filter
#    again, and so on. What do you expect after five rounds?
#
#    <details><summary>Answer</summary>Each round keeps long replies a little more often, and the
#    next model learns from these. Length climbs, though nobody asked for it. It is slow
#    optimisation of the judge.</details>
#
# 4. Of $k$ samples you keep exactly one right one, if there is any. How does this table weigh a
#    prompt with pass rate $Z$, beside REINFORCE? Look at $Z$ near 0 and $Z = 1$.
#
#    <details><summary>Answer</summary>The row exists with probability $1 - (1-Z)^k$, and its
#    gradient is that of section 3, with the factor $1/Z$. So the weight is $(1 - (1-Z)^k)/Z$. For
#    $Z$ near 0 this is about $k$, as in a table of all right samples. For $Z = 1$ it is 1 in place
#    of $k$: the easier a prompt, the more it is turned down.</details>

# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/12_rejection_sampling.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 12.1** (medium, 40 min) Predict, then run: an eighth filter. Write `few_slips(most)`. It
# returns a filter, which gets all rows and keeps those with at most `most` slips in the completion.
#
# Does the step from *every answer right* to *every sum right* pay, too? Predict. Then teach two
# students, with equally many rows of each game, and compare them problem by problem:
#
# ```python
# sound = filters.apply(kept, {"slips": few_slips(0)})[0]
# left, other = Counter(map(game, sound)), []
# for row in random.Random(0).sample(kept, len(kept)):
#     if left[game(row)] > 0:
#         left[game(row)] -= 1
#         other.append(row)
# both = []
# for name, rows in (("any", other), ("sound", sound)):
#     pupil = fine_tune(rows + general, name)
#     found = evaluate.answer(pupil, tokenizer, held_out, 4, max_new_tokens=144)
#     both.append(found.right.mean(1).tolist())
#     text = "\n".join(text for texts in found.texts for text in texts)
#     print(name, "slips per tape:", len(slips(text)) / len(LINE.findall(text)))
# print(evaluate.paired(*both))
# ```
#
# <details><summary>Hint 1</summary>`slips(text)` of section 6 lists the slips of a text.
# `not_rambling` of section 5 is a function that returns a filter.</details>
# <details><summary>Hint 2</summary>Return `lambda rows: [...]`, with a verdict, True or False, for
# each of the rows.</details>
# <details><summary>What we saw</summary>In our run of these lines *sound* minus *any* was 0.02 in right
# answers, with an interval from -0.01 to 0.06: a tie. Slips per tape were 0.22 in both, though the rows
# of *sound* hold none: as with repeats, a filter acts on rows.</details>


# %% tags=["exercise"]
def few_slips(most):
    """A filter: keep the rows with at most this many slips.

    few_slips(0) keeps {"completion": "8-3=5"}, but not {"completion": "8-3=6"}.
    """
    # BEGIN SOLUTION
    # A run: 405 of 505 rows are sound. Sound minus any in right answers: 0.02, with an
    # interval from -0.01 to 0.06. Slips per tape: 0.22 in both. Did you predict that
    # true lines pay? One run cannot show it. The rows of "any" have few slips already,
    # and the verifier has chosen those that do not matter for the answer.
    return lambda rows: [len(slips(row["completion"])) <= most for row in rows]
    # END SOLUTION


# %% tags=["check"]
checks.ex_12_1(few_slips)

# %% [markdown] tags=["exercise-text"]
# **Exercise 12.2** (easy, 10 min) The yield of a prompt. A prompt has the pass rate `p`. There are
# `k` samples, and of the right ones at most `keep` stay. Return how many stay on average.
#
# <details><summary>Hint 1</summary>The mean of the smaller of two numbers is not the smaller of
# their means. Go through all counts of right samples.</details>
# <details><summary>Hint 2</summary>`math.comb(k, c) * p**c * (1 - p) ** (k - c)` is the
# probability of exactly `c` right samples.</details>


# %% tags=["exercise"]
def expected_kept(p, k, keep):
    """Mean number of rows that one prompt leaves in the table.

    expected_kept(0.5, 2, 1) is 0.75: none in one case of four, else one.
    """
    # BEGIN SOLUTION
    return sum(
        min(c, keep) * math.comb(k, c) * p**c * (1 - p) ** (k - c) for c in range(k + 1)
    )
    # END SOLUTION


# %% tags=["check"]
checks.ex_12_2(expected_kept)

# %% [markdown] tags=["exercise-text"]
# **Exercise 12.3** (easy, 5 min) Mix by tokens. You get the token counts of all reasoning rows,
# and of general rows in the order in which they would be taken. Return how many of these make a
# general part whose number of tokens is nearest to one `ratio`-th of the reasoning tokens. Where
# two numbers are equally near, take the smaller.
#
# <details><summary>Hint 1</summary>Compute the wanted number first. The first `n` general rows have
# `sum(general[:n])` tokens.</details>
# <details><summary>Hint 2</summary>Try every `n` from none to all, and take the one with the
# smallest distance.</details>


# %% tags=["exercise"]
def general_rows(reasoning, general, ratio):
    """How many of the general rows to take.

    general_rows([60], [5, 5, 5, 5, 5, 5], 3.0) is 4: 20 tokens for 60.
    """
    # BEGIN SOLUTION
    wanted = sum(reasoning) / ratio
    choices = range(len(general) + 1)
    return min(choices, key=lambda n: abs(sum(general[:n]) - wanted))
    # END SOLUTION


# %% tags=["check"]
checks.ex_12_3(general_rows)

# %% [markdown] tags=["exercise-text"]
# **Exercise 12.4** (easy, 10 min) Fix the filter. Return True if every word of a text is in the
# language, "en" or "ko", where words of Python count as no language. Words of Python are those in
# `keyword.kwlist`, which the standard library keeps complete, and the names that `rewards.words`
# drops already. They are recognised by their spelling alone. (So the English word "in" is free in
# a Korean text, too. What could a model make of that?)
#
# <details><summary>Hint 1</summary>`rewards.words(text)` lists the words of a text, without those
# in `rewards.CODE`.</details>
# <details><summary>Hint 2</summary>`rewards.SCRIPT[language].match(word)` is `None` for a word in
# the other script.</details>


# %% tags=["exercise"]
def clean(text, language):
    """Is every word of a text in the language, Python's own words aside?

    clean("맞아 def solve(xs): return xs", "ko") is True, clean("맞아 yes", "ko") False.
    """
    # BEGIN SOLUTION
    # A model could think in words that are free: "not in", "is", "and", "or", "True".
    import keyword

    script = rewards.SCRIPT[language]
    asked = [word for word in rewards.words(text) if word not in keyword.kwlist]
    return all(script.match(word) for word in asked)
    # END SOLUTION


# %% tags=["check"]
checks.ex_12_4(clean)

# %% [markdown] tags=["exercise-text"]
# **Exercise 12.5** (medium, 15 min) Search for leaks. You get a table that does not say which
# problem a row belongs to. Given the prompts of its countdown rows and of held-out problems, return
# those prompts of rows, in order, that ask for the same as a held-out problem. The order of the
# numbers and the language must not matter. In every prompt the target is the last number.
#
# <details><summary>Hint 1</summary>Give every prompt an identity that does not depend on order and
# wording, as `normalised` does for texts.</details>
# <details><summary>Hint 2</summary>`re.findall(r"\d+", prompt)` finds all the numbers. Sort those
# before the target.</details>


# %% tags=["exercise"]
def leaks(prompts, held_prompts):
    """Prompts that are held-out problems in disguise.

    "숫자=8,3,7 목표=35" is the held-out "numbers=3,7,8 target=35".
    """

    # BEGIN SOLUTION
    def identity(prompt):
        *numbers, target = map(int, re.findall(r"\d+", prompt))
        return tuple(sorted(numbers)), target

    known_keys = {identity(prompt) for prompt in held_prompts}
    return [prompt for prompt in prompts if identity(prompt) in known_keys]
    # END SOLUTION


# %% tags=["check"]
checks.ex_12_5(leaks)

# %% [markdown] tags=["exercise-text"]
# **Exercise 12.6** (medium, 40 min) Predict, then run: an open experiment. Do hard problems teach more?
# Write a choice of `n` rows that takes prompts with the lowest pass rate first. (Difficulty-aware
# rejection tuning gives hard problems more samples for this reason, arXiv 2407.13690.)
#
# Predict before you run it: will countdown, arithmetic or logic gain, and will one of them lose?
#
# ```python
# rate, each = {prompt: times / live.k for prompt, times in times_right.items()}, {}
# for name, rows in (("any", rng.sample(kept, 250)), ("hard", hardest(kept, rate, 250))):
#     pupil = fine_tune(rows + general, name)
#     found = evaluate.answer(pupil, tokenizer, held_out, 4, max_new_tokens=144)
#     each[name] = found.right.view(3, 48, 4).mean(2).tolist()
#     print(Counter(map(game, rows)))
# for g, before, after in zip(GAMES, each["any"], each["hard"], strict=True):
#     print(g, evaluate.paired(before, after))
# ```
#
# Which intervals exclude 0? And do the two students differ in difficulty alone?
#
# <details><summary>Hint 1</summary>Sort the rows by the pass rate of their prompt. Rows with the
# same rate keep their order.</details>
# <details><summary>Hint 2</summary>Python's `sorted(rows, key=...)` is stable.</details>
# <details><summary>What we saw</summary>In a run of ours *hard* minus *any* was -0.02 in countdown and
# -0.03 in arithmetic and logic. All three intervals hold 0. And the games differ: *hard* has fewer rows
# of easy arithmetic and more of logic. So the next experiment takes equally many rows of each
# game.</details>


# %% tags=["exercise"]
def hardest(rows, rate, n):
    """The n rows whose prompts have the lowest pass rate, the hardest first.

    With the rates {"x": 0.5, "y": 0.25} and a row of each, n=1 gives the row of "y".
    """
    # BEGIN SOLUTION
    # A run, hard minus any: countdown -0.02, from -0.08 to 0.03; arithmetic -0.03, from
    # -0.10 to 0.04; logic -0.03, from -0.10 to 0.04. Did you predict that logic gains,
    # as it has 30 rows instead of 13? No interval shows it. And 24 rows of easy
    # arithmetic instead of 59 may hide what difficulty does. So take equally many rows
    # of each game, and more problems and seeds.
    return sorted(rows, key=lambda row: rate[row["prompt"]])[:n]
    # END SOLUTION


# %% tags=["check"]
checks.ex_12_6(hardest)

# %% [markdown] tags=["exercise-text"]
# **Exercise 12.7** (medium, 20 min) Kept by a judge. `prefers(a, b)` is the probability that a judge
# prefers `a`, shown first, to `b`. A sample and a known reply are shown four times, twice in each
# order. Return the probability that the sample wins at least two times. Verdicts do not depend on
# each other.
#
# Then: which of noise and position bias do both orders cancel? Try a judge that always takes the
# first.
#
# <details><summary>Hint 1</summary>`prefers(known, sample)` is the probability that the *known*
# reply wins, shown first.</details>
# <details><summary>Hint 2</summary>Compute the probabilities of no win and of exactly one win. The
# one win comes with the sample shown first, or with the known reply shown first.</details>


# %% tags=["exercise"]
def chance_kept(prefers, sample, known):
    """Probability that a judge, asked four times, keeps the sample.

    With `prefers = lambda a, b: 0.5`, a coin, it is 11/16 = 0.6875.
    """
    # BEGIN SOLUTION
    # Both orders cancel the position bias in the mean: equal replies win 2 of 4,
    # however strong it is. Noise is left; more questions would average it. And a judge
    # that always takes the first keeps everything: a bias that decides alone makes
    # each pair a tie, and a tie is kept.
    p, q = prefers(sample, known), 1 - prefers(known, sample)  # shown first, second
    none = (1 - p) ** 2 * (1 - q) ** 2
    one = 2 * p * (1 - p) * (1 - q) ** 2 + 2 * q * (1 - q) * (1 - p) ** 2
    return 1 - none - one
    # END SOLUTION


# %% tags=["check"]
checks.ex_12_7(chance_kept)
