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
# | You will build | a table of samples, collected in a job that can be resumed; seven filters and the funnel that counts how much each removes; a test by a judge, asked in both orders, for answers that no rule can check; the mix of reasoning and general data; and four models that differ only in their reading |
# | You need | chapter 09: sampling and pass@k; chapter 10: fine-tuning; chapter 11: where Dev2 comes from |
# | Minutes to read | 90 |
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
from r1lib.traces import collect, filters, tables
from r1lib.traces.filters import Filter
from r1lib.training import optim, sft
from r1lib.world import countdown, instructions, judge, requests, skills, web

torch.manual_seed(0)
RESULTS = Path("../results/data")
temporary = tempfile.TemporaryDirectory()  # it goes when the kernel stops
FOLDER = Path(temporary.name)  # everything this chapter writes
author, tokenizer = artifacts.load("dev2-tiny")

# %% [markdown]
# ## 1. Why start again from the base?
#
# By now the paper has a model that reasons well, in a readable style and in one language. In
# the paper's second version this model is called **Dev2**. Why not simply train it further?
#
# Because Dev2 has become a specialist. Reinforcement learning (RL) looked at mathematics, code
# and logic, where a rule can tell right from wrong. No reward was paid for a good letter, a
# fact, or a polite refusal. And RL has pulled its weights away from the base.
#
# So R1 takes the specialist as an *author*. Dev2 answers a great many problems, several
# times each. Wrong and unreadable answers are thrown away. The rest becomes training data,
# texts of other kinds are added, and a **fresh copy of the base** learns from them (v1,
# section 2.3.3). The result is **Dev3**. All that remains of Dev2 is the text that passed the
# filters.
#
# ### One loop with many names
#
# The step "sample several answers, check them, keep the good ones" is called **rejection
# sampling**. It has many names, which differ only in the use of the kept answers.
#
# ![On the left a loop of three boxes: a model writes k answers, a check says yes or no, the good ones are kept. On the right four uses of the good ones: show the best, which is best-of-N; train the model that wrote them, and repeat, which is expert iteration; train the first model again, and repeat, which is STaR; train another model once, which is rejection-sampling fine-tuning, as for Dev3, and distillation.](../figures/12_uses.png)
#
# What you see: one filter, four uses.
#
# - **Best-of-N** (chapter 07) shows the best answer to the user. No weight changes.
# - **Expert iteration** trains the author on the kept answers, then samples again from the
#   better author, and so on (Anthony, Tian and Barber, arXiv 1705.08439).
# - **STaR**, the self-taught reasoner, repeats too, but starts each round of training from
#   the first model (Zelikman et al., arXiv 2203.14465). For a problem that it gets wrong in a
#   round, it tries again with the answer given as a hint.
# - **Rejection-sampling fine-tuning** (RFT) does one round: sample from a tuned model, keep
#   each right one once, train the base on it (Yuan et al., arXiv 2308.01825).
#
# The step from Dev2 to Dev3 is RFT with an author that RL has made. If the model that learns
# is a smaller one, the same step is called distillation (chapter 14).

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
# So the 600 and 200 are really 627 and 178. Mathematics and code make up 97% of the
# reasoning part: there the authors had both good questions and a rule. And the dataset is
# small: 4.3 billion tokens, after 14.8 trillion in pre-training (DeepSeek-V3, arXiv
# 2412.19437, abstract). Making it took 5,000 of the 147,000 GPU hours of R1 (v2, the table
# of training costs).
#
# The general part holds writing, factual questions, questions about the model itself and
# translation. They come from the data and the pipeline of DeepSeek-V3 (v1, section 2.3.3).
# For some of them V3 wrote a chain of thought first, but not for "hello" and the like.
#
# Our tiny world keeps the proportions, about 3 to 1, and the two sources. One part is sampled
# from Dev2. The other has known good replies, and sampled replies that a judge let pass. The
# rest of the chapter builds this, from left to right:
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
# ![Left, the author: four bars, A wrong 0.4, B right 0.3, C wrong 0.2, D right 0.1. In the middle, the wrong bars are crossed out, and 0.4 of the probability is left. Right, the kept ones: B 0.75, D 0.25, three to one as before.](../figures/12_reweight.png)
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
# rewards 0 and 1 and no baseline. (REINFORCE: sample from the model, and raise the
# log-probability of each sample in proportion to its reward. A *baseline*, subtracted from the
# reward, would make wrong samples count negatively.) Check it with the four completions of the
# picture:

# %% tags=["nbval-check-output"]
p = {"A": Fraction(4, 10), "B": Fraction(3, 10), "C": Fraction(2, 10)}
p["D"] = 1 - sum(p.values())
r = {"A": 0, "B": 1, "C": 0, "D": 1}
Z = sum(p[y] * r[y] for y in p)
q = {y: p[y] * r[y] / Z for y in p}
print("kept:", Z, " q:", {y: str(value) for y, value in q.items()})

logits = torch.tensor([float(p[y]) for y in p]).log().requires_grad_()
weight = torch.tensor([float(q[y]) for y in p])
fine_tuning = -(weight * logits.log_softmax(0)).sum()
(tuned,) = torch.autograd.grad(fine_tuning, logits)

probability = torch.tensor([float(p[y]) for y in p])
reward = torch.tensor([float(r[y]) for y in p])
reinforce = -(probability * reward * logits.log_softmax(0)).sum()
(pushed,) = torch.autograd.grad(reinforce, logits)
print("fine-tuning  ", [f"{g:+.2f}" for g in tuned.tolist()])
pushed = (pushed / float(Z)).tolist()
print("REINFORCE / Z", [f"{g:+.2f}" for g in pushed])
for a, b in zip(tuned.tolist(), pushed, strict=True):
    assert math.isclose(a, b, rel_tol=1e-5)

# %% [markdown]
# So if an author learns from its own filtered samples of a prompt, its first step is a step of
# REINFORCE. After that step the two part: the model moves, and the samples stay as they are.
# This is why rejection sampling is often called offline RL without negative samples. In
# GRPO a wrong answer teaches, too. Here it is only left out.
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
print(f"{'prompt':8}{'rows':>5}{'of the table':>14}{'equal shares of q':>19}")
for name, n in rows_of.items():
    share = float(n / sum(rows_of.values()))
    print(f"{name:8}{str(n):>5}{share:14.0%}{1 / len(rows_of):19.0%}")
for name, z in pass_rates.items():
    assert rows_of[name] * (1 / z) == k  # rows times the 1/Z of each: the same for all

# %% [markdown]
# If both prompts had an equal share of the table, the factor $1/Z$ would stay. Beside the easy
# prompt, the hard one would count ten times as much as in REINFORCE. But the table has $k Z$ rows
# of a prompt, and $Z$ cancels:
#
# $$ \sum_x k\, Z(x)\, \mathbb{E}_{q}[\nabla \log \pi] =
#    k \sum_x \mathbb{E}_{p}[\, r\, \nabla \log \pi \,]. $$
#
# So a table of *all* right samples weighs its prompts exactly as REINFORCE does, easy ones most.
# To weigh prompts differently, one has to change the table. Recipes do, as the next figure explains.
#
# ### The price is paid in samples
#
# Of a prompt with pass rate $Z$, at least one of $k$ samples is kept with probability
# $1 - (1-Z)^k$. This is pass@k of chapter 09, and also the accuracy of best-of-N with a
# perfect verifier.

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
# easy problems, each answered many times. So recipes cap how many samples of one prompt may stay.
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
# Sampling is slow, and slow jobs are interrupted. If all samples are kept in memory until the end,
# they are lost. `collect.collect` works in chunks and writes each chunk to a file before the next. Two
# details make it safe to resume:
#
# - Each chunk has a random generator of its own, so its samples do not depend on earlier chunks.
# - A killed job may leave a partial last line. The next start truncates it.
#
# Let us kill one: sixteen short samples in one go, then the same with an interruption after two
# chunks and half a line lost. (The code is in `r1lib/traces/collect.py`.)

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
# The last line of the output is a refusal: a test problem in the training data would make
# every later measurement worthless.
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
# - **form**: thinking in its tags, then one answer. A bare guess that happens to be right is
#   thrown away, since it would teach to guess.
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
every = rejection.chosen(Sizes())
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
# Follow the sample *cut off*. It is wrong, so *correct* removes it. *Form* and *length* never see it,
# though each would have removed it. So there are two questions about a filter:
#
# - How much does it remove **alone**, from all samples? *Form* removes two.
# - How much **after the others**, in this order? *Form* removes one.
#
# *Per prompt* shows the largest difference, eight against one. Alone it keeps the first two rows of
# the prompt, whatever they are.
#
# How is a filter written? It gets all rows and returns a verdict for each. Two examples:

# %%
# r1lib.traces.filters.not_rambling
# r1lib.traces.filters.one_language

# %% [markdown]
# The language filter reuses the measure of chapter 11, the share of words in the language of
# the question, on the *whole* text. It wants exactly 1. A reward may be generous, since it
# only pushes; a kept row is copied letter by letter.
#
# Repetition and doubles compare texts. So each needs an *identity*: the part that must be equal for
# two lines or two rows to count as the same. For doubles, capital letters, extra spaces and the
# width of letters should not matter. (NFKC is the Unicode form in which a full-width `２` is a 2.)

# %%
# r1lib.traces.filters.exact
# r1lib.traces.filters.normalised

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
# the last filter. (An empty table would make the training fail an hour later, with a message
# about shapes.)

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
# steps are wide. One is *correct*. The other is *unique*: in arithmetic there is hardly more
# than one way to write a right tape, so samples of one problem are often the same text.
#
# *Form* removes next to nothing here, and far more *alone*, from all samples: a sample in
# bad form is nearly always wrong, too, and is gone already. *Language* has little to do even
# alone, since this author has been paid for it in its RL.
#
# Now look at removed samples: for each of the first five filters, the first that it
# removed and the earlier ones had let pass. Then one that was kept, if possible one with a
# **slip**: a line whose sum or distance is false. `slips` does the sums:

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

# %%
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


assert slips("8-3=5,*7=35~35=0 8-3=5,*7=34~35=1 8+3=11~40=28") == [
    "8-3=5,*7=34~35=1",
    "8+3=11~40=28",
]
games = [sample for sample in kept if sample["family"] == "countdown"]
false = [sample for sample in games if slips(sample["completion"])]
one = (false or games)[0]
show(one, "kept: ")
print("slips in it:", slips(one["completion"]))
print(f"kept rows of countdown with a slip: {len(false)} of {len(games)}")

# %% [markdown]
# Apart from the first, all of the removed ones have the *right answer*. They are removed for the
# reasons given in section 5. (맞아 is *yes*, 아니 *no*, 참 *true*, 거짓 *false*, 목표 *target*.
# The first text says 아니 참, *no true*, in its second line: a verdict that contradicts itself.)
#
# Look at the last lines of the output. The verifier reads the answer only. So a right answer
# with a false step passes every filter, and the row teaches the slip as well. In our games a rule
# such as `slips` could filter steps, too. Where no rule can check a step, as in a proof in words,
# it takes a *process* reward model (chapter 07).
#
# ### Easy problems crowd in
#
# Section 3 predicted that easy problems would fill the data. Group the prompts by how many of
# their four samples were right, and follow these groups through the funnel:

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
# Problems that were never solved are gone. No filter can help. It takes a better author, more
# samples, or a hint, as in STaR.

# %% [markdown] tags=["slide"]
# ## 7. A judge where no rule reaches
#
# Rules end before reasoning does. Many good questions have a known answer that no program can
# compare. For these the paper shows the known answer and the model's answer to DeepSeek-V3 and
# lets it judge (v1, section 2.3.3). This is called **LLM-as-a-judge**.
#
# R1 judges *reasoning* in this way. We use a judge for replies to requests. `judge.prefer` is
# a small stand-in for V3: it is shown two replies and says which is better. Inside it is a
# hidden truth about a reply, which only an evaluation may read (chapter 13, section 2, opens
# it). The judge's labels have three weaknesses that real judges share. They are noisy. They favour
# long and polite replies. And they lean towards the reply that was shown first.
#
# The last weakness can be cancelled by asking in both orders, and the noise can be averaged. So
# we ask four times, twice in each order. A sample is kept if it wins at least two times against
# a known good reply.
#
# ![Four questions to a judge. In the first two the sample is shown first and the known reply second: the sample wins once, the known reply once. In the other two the known reply is shown first: again each wins once. So the sample has 2 wins of 4 and is kept.](../figures/12_judge.png)
#
# What you see: the same two replies, four questions. The same order may get two verdicts: that is
# the noise. A tie of two and two is enough.

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
# Replies that miss the point are thrown out, as they should be. A known reply is thrown out,
# too, in about one case of three: it is compared with its equal, and the noise decides.
#
# Now look at the last line. Politeness that nobody asked for makes a reply *more* likely to be
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

# %% [markdown] tags=["slide"]
# ## 8. The general part
#
# Few judged replies pass, and rightly so: Dev2 is the specialist of section 1. Compare the two
# prints at the end of section 7. The judge was shown the answer only, so nobody has checked the
# thought. Here it is about another request ("How big are you?" before a reply to "How is it
# going?"). A simple request needs no thought, so `rejection.plain` drops it.
#
# Most of the general part is not sampled at all. R1 took it from the supervised data of
# DeepSeek-V3. We have the known good replies of the tiny world. One decision is left: **which
# requests get a thought**. To a greeting or a question of fact the reply comes without one.
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
# Why keep thoughts away from simple questions? A model that ponders "What color is the sky?" for
# two hundred tokens wastes its user's time and money. The field calls this **overthinking**, and
# R1 was taught otherwise by such examples.

# %% [markdown] tags=["slide"]
# ## 9. The mix
#
# Three rows of reasoning to one general row, shuffled, so that batches hold both. Trained one
# after the other, the second kind would make the model forget the first (**catastrophic
# forgetting**).

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
# the gradient sees the lower bar. In our world the two are not far apart. In R1's data a general
# sample has 1,420 tokens on average and a sample of mathematics 6,094 (v2, the table from which
# section 2 took its counts). So the general part is 22% of the rows and 6% of the tokens. Exercise
# 12.3 mixes by tokens.
#
# The table is saved with a **data card**: where it came from, and how much each filter removed.

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
# epochs, from 5e-5 to 5e-6, in batches of 128 (v2, B.4.2). Ours are the settings of a tiny
# model.
#
# A fair comparison needs more than the base. We teach four copies of it. All read the same
# general rows. Three also read equally many rows of reasoning by the same author:
#
# - **general only**: no reasoning, so a quarter of the rows and of the steps;
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
tapes = sum(len(LINE.findall(sample["completion"])) for sample in wrong)
false = sum(len(slips(sample["completion"])) for sample in wrong)
print(f"wrong samples hold {tapes:,} tapes, {1 - false / tapes:.0%} without a slip")
lessons = {
    "general only": list(general),
    "wrong": rng.sample(wrong, len(kept)) + general,
    "unfiltered": rng.sample(raw, len(kept)) + general,
    "filtered": kept + general,
}


def fine_tune(rows, label):
    """A copy of the base that has read the rows twice."""
    pupil, rows = copy.deepcopy(base), list(rows)
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
    mixes = not rejection.one_language(one)[0]
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
# What you see: answers to held-out problems, four for each. In the table, *right* is the verdict
# of the verifier, and the other columns are marks that the filters looked at. In the picture,
# right answers for each kind of task, with 95% intervals over problems. Four findings
# surprised us.
#
# First, the student of *wrong* samples is far above the base. Where may this come from?
#
# - *The general rows?* No: with them alone the student has 0.12, down from the base's 0.16. (It took
#   fewer steps, too.)
# - *Form?* In part: it rises to 61%.
# - *True lines?* In part: 70% of the *tapes* in wrong rows have no slip. They teach to write a sum
#   down and to check it. (Section 6 counted kept *rows*. The two cannot be compared.)
#
# Still, it is below *filtered*: their intervals hardly meet.
#
# Second, *general only* is worse than the base in arithmetic: 0.07, down from 0.21, and the intervals
# do not meet. Most general rows have no thought, and their student thinks less than the base (*in
# form*, 9% and 21%). A sum guessed at once is rarely right.
#
# Third, *unfiltered* is not far behind *filtered*. A single run of this size cannot tell a few
# hundredths, and about half of this author's samples would pass the first five filters anyway.
# Section 12 asks again, with six times as much data and three seeds.
#
# Fourth, all rows of *filtered* are in one language and without repeated lines, and its student
# still mixes and repeats. The base does so less, as it seldom thinks at all (*in form*). The
# table of section 11 shows that with more rows mixing first grows and then falls.
#
# On logic puzzles the intervals overlap: no difference can be seen. The author gets few of them
# right, so it has little to teach.
#
# The same problem before and after, one of each game, if possible one that only the student
# solves.
#
# The logic puzzle is in Korean. "Knights and liars. A: exactly 0 of us are knights. B: if C is a
# knight, I am a liar. C: A is a liar and B is a liar." In the answers 기사 is *knight* and 거짓 is
# *liar*. The base says that all are knights. The student is right, but without a line of thought,
# so it may be luck.

# %% tags=["slide"]
for game in range(len(GAMES)):
    mine = range(48 * game, 48 * game + 48)
    changed = [i for i in mine if answers["filtered"].right[i, 0]]
    i = next((i for i in changed if not answers["base"].right[i, 0]), mine[0])
    print(f"{held_out[i].prompt}")
    for name in ("base", "filtered"):
        verdict = "right" if answers[name].right[i, 0] else "wrong"
        text = answers[name].texts[i][0].replace("\n", "\n    ")
        print(f"  {name} [{verdict}]:\n    {text}")

# %% [markdown] tags=["slide"]
# ## 11. The long run: how much data?
#
# Our student saw a twelfth of Dev3's training data. (The pipeline's Dev3 is
# `artifacts.load("dev3-tiny")`, and its data `artifacts.path("samples-tiny")`.) Now the measured
# runs, with the Dev2 of each of three seeds as author. Every student answers 96 test problems of
# each kind, twice. (All numbers are in [docs/claims/P07.md](../docs/claims/P07.md).
# `python -m results.rejection statistics 0` measures one run again.) First the pipeline's
# filters: the share of all samples that each would remove alone, mean over seeds.

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
# *Correct* is first nearly everywhere. *Unique* is strong in arithmetic, and *repetition* is
# first in easy countdown, where Dev2 likes to try a tape again.
#
# Nearly all samples of *hard countdown*, all of *hard logic* and all but one of *hard programs*
# are wrong. For the first two, 4,800 samples a seed were written. Only 0, 77 and 180 rows of hard
# countdown and none of hard logic are in the data of the three seeds.
#
# And *programs*: the language filter alone would remove 59%. This is a bug of ours. The list of
# names that are in no language (`rewards.CODE`) has `def` and `sorted`, but forgot `return`,
# `for`, `in` and `if`. What does it leave of the programs?

# %% tags=["nbval-check-output"]
for name in ("samples-tiny", "samples-tiny-1", "samples-tiny-2"):
    stored = tables.load(artifacts.path(name))
    programs = Counter(r["language"] for r in stored if r["family"] == "programs")
    print(f"{name:15} programs: {programs['en']:4} English, {programs['ko']} Korean")
    assert not programs["ko"]

# %% [markdown]
# Not one Korean program is left in any seed. This table, printed before the training, would have
# shown it. We noticed only after training every stage, and kept the results as measured. Exercise
# 12.4 fixes the filter.
#
# ### More data, or more steps?
#
# The base learns from a sixteenth, a quarter and all of the rows, each part inside the next one.
# All read their data twice. So less data also means fewer optimizer steps, and a rising curve
# has two possible reasons. One more run separates them: a sixteenth of the data, read sixteen
# times as often (32 epochs instead of 2).

# %% tags=["slide"]
PLACES = ("countdown, easy", "arithmetic, easy", "countdown, hard", "logic, easy")
ROWS = {"the base": "base", "1/16 of the rows": "size-16", "1/4": "size-4"}
ROWS |= {"all": "size-1", "1/16, read 32 times": "repeat-16"}


def dots(arm, place, mark="right"):
    """[(mean, low, high) of each seed] of a mark on one kind of test problems."""
    cells = [run["test"][place][mark] for run in results_of(arm)]
    return [(cell["mean"], *cell["interval"]) for cell in cells]


def of_seeds(arm, mark):
    """Mean over the four kinds of task, for each seed."""
    each = [[mean for mean, *_ in dots(arm, place, mark)] for place in PLACES]
    return [fmean(seed) for seed in zip(*each, strict=True)]


ASKED = {"countdown": "countdown, easy", "arithmetic": "arithmetic, easy"}
ASKED |= {"facts": "facts", "refusal": "refusal"}
print(f"{'mean over seeds':20}" + "".join(f"{t:>11}" for t in (*ASKED, "mixed")))
for name, arm in ROWS.items():
    means = [fmean(mean for mean, *_ in dots(arm, place)) for place in ASKED.values()]
    cells = "".join(f"{m:11.2f}" for m in (*means, fmean(of_seeds(arm, "mixed"))))
    print(f"{name:20}{cells}")
print(f"\n{'hard countdown':20}" + "".join(f"{f'seed {n}':>11}" for n in SEEDS))
for name in ("the base", "all"):
    found = [mean for mean, *_ in dots(ROWS[name], "countdown, hard")]
    print(f"{name:20}" + "".join(f"{mean:11.2f}" for mean in found))
plots.interval_dots(
    {
        title: {name: dots(arm, place) for name, arm in ROWS.items()}
        for title, place in ASKED.items()
    },
    "right",
)

# %% [markdown]
# What you see: right answers to test problems. *Mixed* is the share of answers in two languages, a
# mean over four kinds: easy and hard countdown, easy arithmetic, easy logic. The figure has a dot
# for each seed with its 95% interval.
#
# The sixteenth teaches next to nothing: its students take 16 steps. With a quarter, and again with
# all of the rows, both easy games rise in every seed.
#
# Now the last row, the control. *The same sixteenth*, read for about as many steps as all of it,
# does arithmetic nearly as well. In countdown it falls short, in every seed: 0.47 against 0.62. So
# most of the gain needs no new row, only more steps: 0.28 of 0.43 in countdown. New rows add the
# other 0.15 there, and little in arithmetic. Without the control, the curve shows both as one.
#
# Facts improve only with all of the data. Hard countdown goes with its
# rows, 0, 77 and 180 of them: in seed 0 it is lost, and in seed 2 it doubles. Three seeds cannot
# prove it, but a skill that is missing from the data may even be lost.

# %% [markdown] tags=["slide"]
# ## 12. Which filter matters?
#
# Two questions are left. Does it pay to check the answers? And do the four filters of readability
# (*form*, *language*, *length*, *repetition*) matter beyond that?
#
# Three students of each seed read 3,000 rows of reasoning, and the very same 1,000 general rows:
#
# - **every filter**: all seven;
# - **without correct**: wrong samples stay;
# - **without all five**: unreadable samples stay, too.
#
# The same problems were asked of each. So subtract problem by problem, as in chapter 11: all seeds
# together, with a 95% interval over problems. Numbers are means over four kinds of task, as in
# section 11, two of which are nearly hopeless.

# %% tags=["slide"]
LEFT_OUT = {"every filter": "every-filter", "without correct": "no-correct"}
LEFT_OUT |= {"without all five": "no-filter"}
MARKS = {"right": "right", "form": "in form", "mixed": "mixed", "repeats": "repeats"}

print(f"{'means over seeds':20}wrong rows", *(f"{m:>8}" for m in MARKS.values()))
for name, arm in LEFT_OUT.items():
    rows_read = [run["data"] for run in results_of(arm)]
    wrong_rows = fmean(1 - (d["correct"] - 1000) / 3000 for d in rows_read)
    means = (f"{fmean(of_seeds(arm, mark)):8.2f}" for mark in MARKS)
    print(f"{name:20}{wrong_rows:10.0%}", *means)
forms = [of_seeds(arm, "form") for arm in ("no-correct", "no-filter")]
assert all(without < with_them for with_them, without in zip(*forms, strict=True))


# %%
def by_problem(arm):
    """Right answers to every test problem, a row for each seed."""
    return [
        [value for place in PLACES for value in run["test"][place]["right"]["values"]]
        for run in results_of(arm)
    ]


differences = {}
for whole, other in (
    ("every filter", "without correct"),
    ("every filter", "without all five"),
    ("without correct", "without all five"),
):
    before, after = by_problem(LEFT_OUT[whole]), by_problem(LEFT_OUT[other])
    pooled = [[fmean(v) for v in zip(*s, strict=True)] for s in (before, after)]
    gain = evaluate.paired(*pooled)
    low, high = gain["interval"]
    each = [fmean(b) - fmean(a) for a, b in zip(before, after, strict=True)]
    one_way = all(d > 0 for d in each) or all(d < 0 for d in each)
    clear = one_way and (low > 0 or high < 0)
    name = f"{other} minus {whole}"
    differences[name] = (gain["difference"], low, high), each, clear
plots.difference_dots(differences, "difference in right answers")

# %% [markdown]
# What you see: left of 0, leaving filters out costs right answers. Bars are intervals, small ticks
# are the seeds. A bar is grey if its interval holds 0 or if the seeds disagree: for the four readability
# filters seed 2 shows no difference at all.
#
# **Does checking pay?** Yes: without *correct* fewer answers are right in every seed, by 0.03 in
# the mean. That is small for data in which 42% of the reasoning rows are wrong.
#
# **Do the readability filters matter?** For the form they do: it falls from 0.67 to 0.59 when they
# go, too, and in every seed. For right answers we cannot tell. They fall by another 0.02 in the mean, but in one seed
# not at all. And more of the rows read are wrong then, 53% and not 42%: an unreadable sample is
# often a wrong one. Mixing and repeating hardly move.
#
# A filter also chooses *problems*. Without *correct* there are more than four times as many logic
# rows, of which the author gets few right. Part of the 0.03 may come from there.
#
# Each filter by itself was measured once, in the first edition of this book. Six of the seven
# made no clear difference in right answers ([docs/experiments.md](../docs/experiments.md)).

# %% [markdown] tags=["slide"]
# ## Summary
#
# Three sentences to remember. Sample, check, keep: the same loop is best-of-N, expert iteration,
# STaR or rejection-sampling fine-tuning, and only the learner differs. Fine-tuning on kept samples
# is REINFORCE without negative samples, on samples that do not move. The reasoning part holds
# answers that its author can write and its verifier accepts; the judged part adds the taste of a
# judge.
#
# | idea | in the paper | here |
# |---|---|---|
# | author | the model after reasoning RL | Dev2 |
# | check | rules; V3 where no program can compare | verifiers; a judge for replies |
# | removed as hard to read | mixed languages, long paragraphs, code blocks | form, language, length, repetition, doubles |
# | reasoning : general | 626,933 : 177,812 | 3 : 1 in rows |
# | learner | the *base*, two or three epochs | the *base*, two epochs |
#
# **What this does not show.** Our author is right in half of its samples, and our students are
# tiny. With another author or a larger student, other filters may matter.

# %% [markdown]
# ## Questions
#
# 1. Dev2 already solves these problems. Why is the base trained on its samples, instead of
#    training Dev2 a little further on the general part?
#
#    <details><summary>Answer</summary>Fine-tuning a specialist on general data alone would make
#    it forget some of its reasoning, while habits from RL, such as mixed languages, would stay.
#    The base gets exactly what the filters let pass, and both kinds of data at once.</details>
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
# **Exercise 12.1** (easy, 2 min) How many samples? A prompt has the pass rate `p`, above 0 and
# below 1. Return the smallest number of samples with which at least one is right with probability
# `sure` or more. Predict first: by what factor does it grow from p = 0.05 to p = 0.01?
#
# <details><summary>Hint 1</summary>The probability that all `k` samples are wrong is
# `(1 - p) ** k`.</details>
# <details><summary>Hint 2</summary>Count `k` up from 1 until that is at most `1 - sure`.</details>


# %% tags=["exercise"]
def samples_needed(p, sure=0.9):
    """Smallest number of samples of which at least one is right, nearly surely.

    samples_needed(0.5) is 4: four samples all miss with probability 0.06.
    """
    # BEGIN SOLUTION
    # 45 samples for p = 0.05 and 230 for p = 0.01: five times as many. It grows
    # like 1/p.
    k = 1
    while 1 - (1 - p) ** k < sure:
        k += 1
    return k
    # END SOLUTION


# %% tags=["check"]
checks.ex_12_1(samples_needed)

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
        return sorted(numbers), target

    known_keys = [identity(prompt) for prompt in held_prompts]
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
# rate = {prompt: times / live.k for prompt, times in times_right.items()}
# for name, rows in (("hard", hardest(kept, rate, 250)), ("any", rng.sample(kept, 250))):
#     students[name] = fine_tune(rows + general, name)
# ```
#
# Then run the two cells of section 10 again that measure and draw `students`. Is the difference
# larger than the intervals? If not, which experiment would settle it?
#
# <details><summary>Hint 1</summary>Sort the rows by the pass rate of their prompt. Rows with the
# same rate keep their order.</details>
# <details><summary>Hint 2</summary>Python's `sorted(rows, key=...)` is stable.</details>
# <details><summary>What we saw</summary>A few short runs like yours, of which no file is kept. In
# arithmetic *hard* was a little below *any*. In countdown and logic we saw no difference. All
# intervals overlap. And the games differ: *hard* has fewer rows of arithmetic and more of logic. So
# the next experiment takes equally many rows of each game.</details>


# %% tags=["exercise"]
def hardest(rows, rate, n):
    """The n rows whose prompts have the lowest pass rate, the hardest first.

    With the rates {"x": 0.5, "y": 0.25} and a row of each, n=1 gives the row of "y".
    """
    # BEGIN SOLUTION
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
