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
# | You will build | a collection of samples that survives a kill, the filters that decide what is worth learning, the funnel that counts what each of them removes, a judge for answers that no rule can check, the mix of three parts reasoning and one part general, and a base model that has read it |
# | You need | Chapter 09 for what the sampler is, chapter 06 for the verifiers. Everything used here is explained here |
# | Minutes to read | 45 |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v1), section 2.3.3; v2, the supplement on the 800K supervised data |
#
# ![From left to right: samples of an RL model fall through a funnel of seven filters, right, in form, one language, not too long, nothing twice, new, few of a prompt; a judge passes replies that are as good as a known one. What is left is mixed, three parts of reasoning with one part of known replies, and the base learns from the mix for two epochs.](../figures/12_rejection.png)
#
# What you see: the way of a sample into the training data of the next model. The
# small numbers are the sections in which you build each part.

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random
# generator. Nothing below configures anything else.

# %% tags=["setup"]
import copy
import json
import math
import random
import tempfile
from collections import Counter
from fractions import Fraction
from pathlib import Path
from statistics import fmean

import torch

from r1lib import artifacts, checks, evaluate, plots, sampling
from r1lib.files import shown
from r1lib.problem import problems
from r1lib.recipe import rejection
from r1lib.recipe.rejection import FILTERS, GENERAL, KNOWN, Sizes, filtered, known
from r1lib.sampling import to_text
from r1lib.tokenizer import EOS, Tokenizer
from r1lib.traces import collect, tables
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

torch.manual_seed(0)
RESULTS = Path("../results/data")
temporary = tempfile.TemporaryDirectory()  # it goes when the kernel stops
FOLDER = Path(temporary.name)  # everything this chapter writes
tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")

# %% [markdown]
# Some cells below show a function of the library as it is. What these need:

# %% tags=["setup"]
import os
import re
import unicodedata
from collections.abc import Callable

from r1lib import files, rewards
from r1lib.problem import LEVELS, Problem, draw
from r1lib.recipe.rejection import (
    SCRIPTED,
    SIMPLE,
    collected,
    parts,
    sample,
    without_programs,
)
from r1lib.tokenizer import chat
from r1lib.traces import filters
from r1lib.traces.collect import read
from r1lib.traces.filters import Filter
from r1lib.world.countdown import AGAIN

# %% [markdown]
# ## 1. Why start again from the base?
#
# By now the paper has a model that reasons well. Cold start gave it a readable
# style, reinforcement learning made it right more often, and a reward for language
# consistency keeps its thinking in one language. Why not simply go on?
#
# Because it has become a specialist. The rewards looked at mathematics, code and
# logic, where a rule can tell right from wrong. Nobody paid for a good letter, a
# fact, a polite refusal. And long RL has pulled its weights away from the base, in
# directions that the reward chose.
#
# So R1 does something that sounds wasteful and is not. It takes the specialist as an
# *author*. The specialist answers a great many problems, several times each. What is
# wrong or hard to read is thrown away. What is left becomes a textbook, to which
# replies of other kinds are added, and a **fresh copy of the base model** learns
# from it (arXiv 2501.12948v1, section 2.3.3). The specialist itself is not trained
# any further. It leaves nothing behind but its best answers.
#
# Keeping only those samples that pass a test is called **rejection sampling**. The
# name is from statistics: draw from a distribution that you can sample, reject some
# draws, and what remains follows a distribution that you could not have sampled
# directly. Here the first is "what the model writes" and the second "what it writes
# when it is right, in one language, and to the point".
#
# Names, as in the second version of the paper: the author is **Dev2**, and the base
# that has read the textbook is **Dev3**. One more stage of RL, in chapter 13, makes
# it R1.

# %% [markdown] tags=["slide"]
# ## 2. Two numbers that everybody quotes
#
# "600k reasoning samples and 200k others" is in every summary of R1. The first
# version of the paper rounds; the second one has the table (arXiv 2501.12948v2, the
# supplement on the supervised data):

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
print(f"reasoning: {reasoning:,}, so {reasoning / PAPER['general']:.2f} : 1")
print(f"in tokens: about {everything * MEAN_TOKENS / 1e9:.1f} billion")

# %% [markdown]
# So the 600 and 200 are really 627 and 178, a ratio of 3.5 to 1. Two kinds of task
# make up 97% of the reasoning part: those for which the authors had both good
# questions and a rule. And the whole is small. Pre-training read 14.8 trillion
# tokens (DeepSeek-V3, arXiv 2412.19437, abstract); this textbook has 4.3 billion,
# read twice. Making it took 5,000 of the 147,000 GPU hours of R1 (v2, the table of
# training costs).
#
# What is in the general part? Writing, factual questions, questions about the model
# itself and translation, from the data and the pipeline of DeepSeek-V3 (v1, section
# 2.3.3), and besides them repairing programs and building web pages (v2). For some of
# them V3 was asked to write a chain of thought first. For simple ones, "hello" is the
# example, there is none (v1, section 2.3.3).
#
# Our tiny world keeps the proportions, about 3 to 1, and the split of sources: the
# first part is sampled from the model, the second consists of known replies with a
# scripted thought or none, and of replies that a judge let pass.

# %% [markdown] tags=["slide"]
# ## 3. What rejection does to a distribution
#
# A model that answers prompt $x$ is a distribution $p(y \mid x)$ over completions.
# Let $r(y)$ be 1 if a completion is kept and 0 if not. What is kept is distributed as
#
# $$ q(y \mid x) = \frac{p(y \mid x)\, r(y)}{Z(x)}, \qquad
#    Z(x) = \sum_y p(y \mid x)\, r(y), $$
#
# where $Z$ is nothing but the share that is kept, the pass rate. Four completions,
# of which two are right, are enough to see it:

# %% tags=["nbval-check-output"]
p = {"A": Fraction(4, 10), "B": Fraction(3, 10), "C": Fraction(2, 10)}
p["D"] = 1 - sum(p.values())
r = {"A": 0, "B": 1, "C": 0, "D": 1}
Z = sum(p[y] * r[y] for y in p)
q = {y: p[y] * r[y] / Z for y in p}
print(f"kept: {Z}")
for y in p:
    print(f"{y}: {p[y]!s:>5} -> {q[y]}")

# %% [markdown]
# Two things can be read off. Wrong completions vanish; and the right ones keep their
# *proportions*: B stays three times as likely as D. Rejection teaches a model
# nothing that it could not do, it removes what it should not do.
#
# Now fine-tune on the kept samples, that is, make $-\mathbb{E}_q \log \pi$ small. The
# expectation under $q$ is one under $p$ with $r$ as a weight:
#
# $$ -\nabla\, \mathbb{E}_{q}[\log \pi(y)] =
#    -\frac{1}{Z}\, \mathbb{E}_{p}[\, r(y)\, \nabla \log \pi(y) \,]. $$
#
# Where $\pi = p$ this is, but for the factor $1/Z$, the REINFORCE gradient of
# chapter 09 with rewards 0 and 1 and no baseline. Check it, with numbers:

# %% tags=["nbval-check-output"]
logits = torch.tensor([float(p[y]) for y in p]).log().requires_grad_()
weight = torch.tensor([float(q[y]) for y in p])
fine_tuning = -(weight * logits.log_softmax(0)).sum()
(tuned,) = torch.autograd.grad(fine_tuning, logits)

probability = torch.tensor([float(p[y]) for y in p])
reward = torch.tensor([float(r[y]) for y in p])
reinforce = -(probability * reward * logits.log_softmax(0)).sum()
(pushed,) = torch.autograd.grad(reinforce, logits)

print("fine-tuning  ", [f"{g:+.3f}" for g in tuned.tolist()])
print("REINFORCE / Z", [f"{g:+.3f}" for g in (pushed / float(Z)).tolist()])

# %% [markdown]
# So if the author learned from its own filtered samples, its first step would be a step
# of REINFORCE, with $1/Z$ as a weight for each prompt: if each prompt gives the same
# number of rows, one with one right answer in a hundred counts as much as an easy one.
# After that step the two part, since the model moves and the samples stay frozen. And
# $\pi$ does not have to begin at $p$: anybody can learn from the samples. R1 uses that
# freedom to begin from the base, and to teach smaller models (chapter 14).
#
# The price is paid in samples. Of a prompt with pass rate $Z$, at least one of $k$ samples
# is kept with chance $1 - (1-Z)^k$:

# %% tags=["nbval-check-output"]
print("pass rate" + "".join(f"{f'k={k}':>8}" for k in (1, 4, 8, 16)) + "   k for 90%")
for rate in (0.9, 0.5, 0.25, 0.05, 0.01):
    found = [1 - (1 - rate) ** k for k in (1, 4, 8, 16)]
    needed = math.ceil(math.log(0.1) / math.log(1 - rate))
    print(f"{rate:9}" + "".join(f"{chance:8.0%}" for chance in found) + f"{needed:12}")

# %% [markdown]
# With eight samples we keep something of nearly every problem that is solved half of
# the time, and of every thirteenth that is solved once in a hundred; to keep something
# of nine in ten of those would take 230. Left alone, the textbook fills up with easy
# problems answered eight times over. Hence a cap: of one prompt, at most a few samples.

# %% [markdown] tags=["slide"]
# ## 4. Collect
#
# The paper sampled for thousands of GPU hours. Whatever takes long will be
# interrupted, and then one wants to go on and not begin anew. The usual first version
# keeps everything in memory and saves at the end:


# %%
def naive_collect(model, problems, k, longest, seed=0):
    """All samples at once, in memory: lost if the machine stops."""
    generator = torch.Generator().manual_seed(seed)
    prompts = [tokenizer.prompt(problem.prompt) for problem in problems]
    found = sampling.generate(
        model,
        prompts,
        max_new_tokens=longest,
        stop_ids=(EOS,),
        generator=generator,
        repeat=k,
    )
    return [to_text(tokenizer, completion) for completion in found]


# %% [markdown]
# `collect.collect` does the same chunk by chunk, and writes each chunk to the end of
# a file before it begins the next. Two details make it safe. A chunk draws from a
# generator of its own, seeded by (seed, number of the chunk), so that chunk 7 is the
# same whether or not chunks 1 to 6 were sampled in this very run. And a kill may
# leave half a line at the end of the file, which the next start cuts off:

# %%
# r1lib.traces.collect.append
# r1lib.traces.collect.begin

# %% [markdown]
# We kill one. Sixteen short samples, whole; then the same with an interruption after
# two chunks, and half a line lost:

# %% tags=["nbval-check-output"]
sampler, _ = artifacts.load("zero-tiny")
asked = problems(countdown.sample, 8, 12, "train")
kind = {"source": "zero-tiny", "max_new_tokens": 12, "at_once": 2}


def collecting(name):
    path = FOLDER / name
    return path, collect.collect(path, sampler, tokenizer, asked, 2, **kind)


whole, steps = collecting("whole.jsonl")
print("chunks, whole:  ", len(list(steps)))
broken, steps = collecting("broken.jsonl")
next(steps), next(steps)
steps.close()
broken.write_bytes(broken.read_bytes()[:-40])  # what a kill may leave
broken, steps = collecting("broken.jsonl")
print("chunks, resumed:", len(list(steps)))
print("the same bytes: ", whole.read_bytes() == broken.read_bytes())

# %% [markdown]
# (Two chunks were done, and the second has lost a line: it is sampled again, and only
# that line is written.)
#
# A line of the file is a **row**, with everything that a filter may ask for: prompt
# and completion, language, number of tokens, whether it ended by itself, whether the
# verifier called it right. Nothing is thrown away while sampling. Which filter
# is a good one is decided afterwards, and can be decided again, at no cost.
#
# ### Only training problems
#
# A sample of a test problem in the textbook would make every later measurement
# worthless. `collect` looks up the split of each problem and refuses:

# %% tags=["nbval-check-output"]
held = problems(countdown.sample, 1, 0, "test")
try:
    next(collect.collect(FOLDER / "no", sampler, tokenizer, held, 2, **kind))
except ValueError as error:
    print(error)
print("a file was written:", (FOLDER / "no").exists())

# %% [markdown] tags=["slide"]
# ## 5. Filters
#
# A **filter** looks at rows and says of each: keep, or not. The paper names four
# reasons to throw a sample away: it is wrong, its thinking mixes languages, it has
# long paragraphs, it has blocks of code in the thinking (v1, section 2.3.3); for the
# cold start also repetition (v2, section on the cold start). Ours are these, in the
# order in which they are applied:

# %% tags=["nbval-check-output"]
print(*FILTERS, sep="\n")

# %% [markdown]
# - **correct**: what the verifier said when the sample was collected.
# - **form**: thinking in its tags, then one answer. This is stricter than it looks:
#   a bare guess that happens to be right is thrown away. It would teach to guess.
# - **language**: every word, thought or said, in the language of the question.
# - **length**: it ended by itself, within a number of tokens.
# - **repetition**: no line of the thinking was there before.
# - **unique** and **per prompt**: no doubles, and of one prompt only so many.
#
# Eight rows, written by hand, for one problem. One of them is good. A line of thought is a
# **tape** (chapter 09): `8-3=5,*7=35` takes 3 from 8, and 7 times the 5. Behind `~` stand
# the target and how far off it is; `~35=0 yes` means reached.

# %%
PROBLEM = countdown.make((3, 7, 8), 35, "en", answer="(8-3)*7")
TRY = "try 8-3=5,*7=35~35=0 yes, it fits\n"
ANSWER = "</think><answer>(8-3)*7</answer>"


def row(text, tokens=60, correct=True, finished=True):
    kind = {"source": "by hand", "seed": 0, "tokens": tokens}
    return tables.row(PROBLEM, text, **kind, correct=correct, finished=finished)


miss = "try 8+7=15,*3=45~35=10 no, go on\n"
by_hand = {
    "good": row(f"<think>{miss}{TRY}{ANSWER}"),
    "wrong": row("<think>8+7=15\n</think><answer>15</answer>", correct=False),
    "a lucky guess": row("<answer>(8-3)*7</answer>"),
    "mixed": row(f"<think>{miss}시도 8-3=5,*7=35~35=0 맞아\n{ANSWER}"),
    "too long": row(f"<think>{miss}{TRY}{ANSWER}", tokens=190),
    "cut off": row(f"<think>{miss}", finished=False, correct=False),
    "in circles": row(f"<think>{miss}again {miss}{TRY}{ANSWER}"),
    "a double": row(f"<think>{miss} {TRY}{ANSWER}"),
}

# %% [markdown]
# Each of these filters is a few lines:

# %%
# r1lib.traces.filters.correct
# r1lib.traces.filters.not_rambling

# %%
# r1lib.recipe.rejection.in_form
# r1lib.recipe.rejection.nothing_twice

# %% [markdown]
# The language filter reuses the reward of chapter 11, the share of words in the
# language of the question, on the *whole* text. It wants exactly 1. A reward may be
# generous, since it only pushes; a filter decides what is copied letter by letter.

# %%
# r1lib.traces.filters.one_language

# %% [markdown]
# Doubles are found by comparing what is left after case, width of letters and idle
# spaces are taken away. (NFKC is the Unicode form in which a full-width `２` is a 2.)

# %%
# r1lib.traces.filters.exact
# r1lib.traces.filters.normalised
# r1lib.traces.filters.at_most

# %% tags=["slide", "nbval-check-output"]
every = rejection.chosen(Sizes())
rows = list(by_hand.values())
for name, keep in every.items():
    flags = keep(rows)
    gone = [n for n, flag in zip(by_hand, flags, strict=True) if not flag]
    print(f"{name:12} {', '.join(gone) or '-'}")

# %% [markdown]
# Look at "unique": it also names "too long". That row has the words of the good one,
# and a filter does not know what the others did. What *each filter alone* would remove is
# one question; what it removes *after the others* is another, and depends on the
# order. A report should say both. In a loop:


# %%
def naive_funnel(rows, filters):
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
# The library's version adds the count `alone`, and one thing more: if nothing is left
# it does not return an empty table, on which training would fail an hour later
# with some message about dimensions. It says which filter was the last straw.

# %%
# r1lib.traces.filters.apply

# %% tags=["slide", "nbval-check-output"]
kept, report = apply(rows, every)
naive_kept, naive_report = naive_funnel(rows, every)
names = ("filter", "in", "removed", "out")
assert kept == naive_kept
assert naive_report == [tuple(line[n] for n in names) for line in report]
print(f"{'filter':12}   in  removed  out  alone")
for line in report:
    print("{filter:12} {in:4} {removed:8} {out:4} {alone:6}".format(**line))

# %% tags=["nbval-check-output"]
try:
    apply([by_hand["mixed"], by_hand["in circles"]], every)
except ValueError as error:
    print(error)

# %% [markdown] tags=["slide"]
# ## 6. A funnel on real samples
#
# Now a real author. In the pipeline it is Dev2. Here we let R1-Zero of chapter 09
# write, because nobody has yet taught it to write for readers: it mixes languages
# and leaves its doubts standing, and the filters have more to do. `Sizes` says how
# much:

# %%
live = Sizes(
    reasoning=(("countdown", 144, 0), ("arithmetic", 96, 0), ("logic", 48, 0)),
    judged=(("chat", 40, 0), ("writing", 16, 0)),
    k=8,
    keep=4,
    max_new_tokens=144,
    most_tokens=120,
)
work = FOLDER / "samples-work"
work.mkdir()
for step in rejection.sample(work, sampler, tokenizer, live, source="zero-tiny"):
    problems_done, right = step["problems"], step["correct"]
    kind_of = f"{step['family']}, {step['level']}"
    print(f"{kind_of:20} {problems_done:4} problems, {right:4.0%} right")

# %%
raw, raw_judged = (rejection.collected(work, p, live) for p in rejection.parts(live))
found = tables.statistics(raw)
print(f"{found['rows']:,} samples of {found['prompts']} prompts")
print(f"{found['tokens']['sum']:,} tokens, median {found['tokens']['median']}")
kept, report = filtered("reasoning", raw, live)
plots.funnel_bars(report)

# %% [markdown]
# What you see: how many samples are left after each filter; the hatched part is what
# it removed. One wide step may surprise: **unique**, the doubles. In arithmetic there is hardly
# more than one way to write a right tape, so that eight samples of one problem are
# nearly eight times the same. The pipeline has learned from this picture: it
# takes four samples of each of many problems, not eight of half as many.
#
# The widest step is not always the one that matters most. That is a question for
# section 11, which trains without each of them.
#
# The same by kind of task. The column of a filter says what it alone would remove:


# %%
def removed_alone(rows, names):
    return [every_live[name](rows).count(False) / len(rows) for name in names]


every_live = rejection.chosen(live)
names = FILTERS[:6]
print(f"{'':12} samples" + "".join(f"{name:>12}" for name in names) + "    kept")
for family, *_ in live.reasoning:
    mine = [r for r in raw if r["family"] == family]
    shares = "".join(f"{share:12.0%}" for share in removed_alone(mine, names))
    left = sum(r["family"] == family for r in kept)
    print(f"{family:12} {len(mine):7,}{shares}{left:8,}")

# %% [markdown]
# Numbers hide what was thrown away, so look at it. For each filter, the first sample
# that it removed and the earlier ones had let pass; unselected.


# %%
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

# %% tags=["slide"]
for r in left[:: max(1, len(left) // 3)][:3]:
    show(r, "kept: ")

# %% [markdown]
# Read the removed ones with sympathy: apart from the first, all of them are *right*.
# They go because a model that learns to write like this is hard to follow, and
# because what a textbook does twice, its reader does always. (맞아 is *yes*, 아니
# *no*, 시도 in the row by hand *try*. A � is half a Korean letter: a token can end inside
# one.)
#
# ### Easy problems crowd in
#
# Section 3 predicted that the textbook would lean towards easy problems. Group the
# prompts by how often their eight samples were right:

# %%
times_right = Counter()
for r in raw:
    times_right[r["prompt"]] += r["correct"]
before = Counter(times_right[r["prompt"]] for r in raw)
among = Counter(times_right[r["prompt"]] for r in raw if r["correct"])
after = Counter(times_right[r["prompt"]] for r in kept)
print("right of 8   share of samples   of the right ones   of what is kept")
for low, high in ((0, 0), (1, 2), (3, 5), (6, 7), (8, 8)):
    raw_share, right_share, kept_share = (
        sum(counts[n] for n in range(low, high + 1)) / counts.total()
        for counts in (before, among, after)
    )
    label = f"{low}" if low == high else f"{low} to {high}"
    print(f"{label:12} {raw_share:16.0%} {right_share:19.0%} {kept_share:17.0%}")

# %% [markdown]
# Being right alone would give most rows to problems that are always solved, as section 3
# foretold. Removing doubles and the cap work against it: compare the last two columns.
#
# Problems that were never solved are gone altogether, and so is whatever could be
# learned from them. No filter can help: it takes a better author, more samples, or
# somebody else's solution.

# %% [markdown] tags=["slide"]
# ## 7. A judge where no rule reaches
#
# Rules end before reasoning does: many good questions have a known answer that no
# program can compare. For these the paper shows both answers to DeepSeek-V3 and lets it
# judge (v1, section 2.3.3). We use a judge for something else, where our rules end:
# replies that are a matter of taste. It is `judge.prefer`, a small stand-in for V3 with a
# truth inside, how much of the request a reply answers, that only an evaluation may
# read. It is shown two replies and says which is better. All that a filter gets is this
# label, and the label has three weaknesses that are known of such judges. It is noisy. It
# likes long and polite answers. And it leans towards the answer that it was shown first.
#
# The last one can be cancelled: ask in both orders. The first can be averaged: ask
# more than once. Four labels, two in each order, and a sample is kept if it wins at
# least two of them against a known reply.

# %%
# r1lib.recipe.rejection.preferred

# %% [markdown]
# The random generator of the labels is seeded by prompt and text: asked again
# about the same answer, the judge says the same. Otherwise a resumed collection could
# not end with the same bytes. How often are these replies kept, with 200 seeds
# of the noise?

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
    print(f"{name:20} {kept_by:4} of 200   {text}")

# %% [markdown]
# What misses the point is thrown out, as it should be. A known reply is thrown out too,
# in one case of three: it is compared with its equal, and the noise decides. A noisy
# judge costs good samples. And look at the last line. Politeness that nobody asked for makes a reply *more* likely
# to be kept. A filter passes on the taste of its judge, and a model that learns from
# the filtered data learns this taste. Chapter 13 shows what happens when one
# optimises against it for long.
#
# The replies of our author, judged. The truth is read here once, to see how good the
# labels are; no filter uses it.

# %%
by_prompt = {
    p.prompt: p
    for family, level, n in rejection.parts(live)[1]
    for p in rejection.training(family, level, n, 0)
}
for verdict in (True, False):
    mine = [r for r in raw_judged if r["correct"] == verdict]
    truth = fmean(
        judge.helpfulness(by_prompt[r["prompt"]], r["completion"]) for r in mine
    )
    label = "kept" if verdict else "removed"
    print(f"{label:8} {len(mine):4} samples, true helpfulness {truth:.2f}")

# %% [markdown]
# Few pass, and rightly so. R1-Zero was paid for two games and nothing else. This is the
# specialist of section 1. Dev2 is hardly a better author of these:
# of its easy chat replies 17% pass, of its easy writing 6% (section 11). So most of the
# general part is not sampled at all.

# %%
liked, more = filtered("judged", raw_judged, live)
print(f"{len(liked)} of {len(raw_judged)} judged samples pass all filters")
for r in liked[:3]:
    show(r)

# %% [markdown]
# Read the thoughts, too (질문 is *question*, 생각 *idea*). To "I slept badly last night"
# the first one has the idea "you can do it, look at the notebook once more and sleep
# well", and then the answer is "rest a little, drink water and go to bed early". Some
# thoughts have little to do with the request, and the answer is good all the same. The
# judge was shown the answer only, and what nobody looks at is
# not filtered. Greetings need no thought, so we drop it from simple
# requests. One small mistake of ours: this comes after *unique*, so two replies that
# differed in their thought alone become the same row, as the first two above do. In the
# three textbooks of section 11 it happens 12, 9 and 9 times.

# %%
# r1lib.recipe.rejection.plain

# %%
liked = rejection.plain(liked, tokenizer)
show(liked[0])

# %% [markdown] tags=["slide"]
# ## 8. The general part
#
# Most of the general part is not sampled at all. R1 took it from the supervised data
# of DeepSeek-V3; we have `references`, the list of known good replies of the tiny
# world. What is left to decide is **who thinks**. To a greeting or a question of fact
# the reply stands alone. Before half of the others stand one or two lines of
# thought, written by a script that plays V3's part.

# %%
# r1lib.recipe.rejection.known

# %% tags=["nbval-check-output"]
for r in known(tokenizer, 9, Sizes()):
    print(f"{r['family']}: {r['prompt']}")
    print("    " + r["completion"].replace("\n", "\n    "))

# %% [markdown]
# Is this honest work for a "reasoning model"? Think of the reader of the answer. A
# model that ponders "What color is the sky?" for two hundred tokens wastes its
# user's time and money. It is called overthinking, and chapter 15 measures it.
# Here is where R1 was taught otherwise: by examples of simple questions with plain replies.

# %% [markdown] tags=["slide"]
# ## 9. The mix
#
# Three rows of reasoning, then one general row, shuffled, so that every batch of the
# training holds both. Trained one after the other, the second would wash out the
# first.

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


origins = [
    *(family for family, *_ in live.reasoning),
    "judged replies",
    "known replies",
]
total = {"rows": len(data), "tokens": sum(r["tokens"] for r in data)}
shares = {"rows": dict.fromkeys(origins, 0.0), "tokens": dict.fromkeys(origins, 0.0)}
for r in data:
    shares["rows"][part_of(r)] += 1 / total["rows"]
    shares["tokens"][part_of(r)] += r["tokens"] / total["tokens"]
plots.stacked_shares(shares)

# %% [markdown]
# What you see: the same table, counted in rows and in tokens. The loss averages over
# tokens, so the lower bar is what the model feels. In our world the two nearly agree.
# Where thinking runs to thousands of tokens and a greeting to ten they do not, and 3
# to 1 in rows can be far more than that in tokens. Exercise 12.3 mixes by tokens.
#
# ### A data card
#
# Whoever finds this table in a year will ask where it came from, what was removed, and
# what a column means. So it is never saved without a card:

# %%
note = (
    "8 samples of each training problem, written by R1-Zero of chapter 09; then one "
    "general row for 3 of reasoning: known replies, and samples that a judge liked."
)
tables.save(FOLDER / "samples", data, "A small textbook", report + more, note)
card = (FOLDER / "samples" / "README.md").read_text(encoding="utf-8")
print("\n".join(card.splitlines()[:24]))

# %% [markdown]
# All of it, sampling, filters, mix and card, is one call in the pipeline. Killed at
# any moment, it goes on from its files and ends with the same bytes:

# %%
# r1lib.recipe.rejection.build

# %% [markdown] tags=["slide"]
# ## 10. Teach the base
#
# Fine-tuning is chapter 10's: the loss is the mean of $-\log \pi$ over the tokens of
# the completions, two epochs, a cosine down to a tenth of the learning rate. The paper
# does the same for two or three epochs (v2, B.4.2), from 5e-5 to 5e-6 and in batches of
# 128. Our learning rate is that of a tiny model, and with so little data a batch has 16.
#
# What must it be compared with? With the base before, of course. But also with the
# same number of rows, from the same author, *not filtered*. Otherwise we could not
# tell whether the filters did anything, or whether any text of R1-Zero would have
# done.

# %%
base, _ = artifacts.load("base-tiny")
rng = random.Random(12)
general = [r for r in data if r["family"] in GENERAL]
unfiltered = rng.sample(raw, len(kept)) + general
rng.shuffle(unfiltered)


def fine_tune(rows, label):
    """A copy of the base that has read the rows twice."""
    model = copy.deepcopy(base)
    torch.manual_seed(0)
    examples = sft.encode(tokenizer, [(r["prompt"], r["completion"]) for r in rows])
    config = sft.SFTConfig(batch_size=16)
    optimizers = optim.adamw(model, config.lr)
    losses = [m["loss"] for m in sft.train(model, examples, config, optimizers)]
    print(f"{label}: {len(rows)} rows, {len(losses)} steps, ", end="")
    print(f"loss {fmean(losses[:3]):.2f} -> {fmean(losses[-3:]):.2f}")
    return model


students = {"base": base}
students["unfiltered"] = fine_tune(unfiltered, "unfiltered")
students["filtered"] = fine_tune(data, "filtered")

# %% [markdown]
# Held-out problems, four answers each. "Right" is the verifier's word; the other
# columns are what the filters looked at.

# %%
GAMES = ("countdown", "arithmetic", "logic")
held_out = [p for g in GAMES for p in problems(web.SAMPLE[g], 48, 0, "valid")]


def marks(problem, text):
    """What the filters look at, for one completion."""
    kind = {"source": "", "seed": 0, "tokens": 1, "finished": True, "correct": True}
    one = [tables.row(problem, text, **kind)]
    return {
        "in form": rejection.in_form(one)[0],
        "mixed": readability.mixed_share(problem, text) > 0,
        "repeats": not rejection.nothing_twice(one)[0],
    }


def examine(model):
    found = evaluate.answer(model, tokenizer, held_out, 4, max_new_tokens=144)
    pairs = zip(found.problems, found.texts, strict=True)
    marked = [marks(p, t) for p, texts in pairs for t in texts]
    means = {name: fmean(m[name] for m in marked) for name in marked[0]}
    return found, {**skills.summary(found), **means}


# %% tags=["slide"]
answers, scores = {}, {}
print(f"{'':11} right  [95%]          tokens  in form  mixed  repeats")
for name, model in students.items():
    answers[name], s = examine(model)
    scores[name] = s
    low, high = s["interval"]
    line = f"{name:11}{s['pass@1']:6.2f}  [{low:.2f}, {high:.2f}] {s['length']:10.0f}"
    print(line + f"{s['in form']:9.0%}{s['mixed']:7.0%}{s['repeats']:9.0%}")
assert scores["filtered"]["interval"][0] > scores["base"]["interval"][1]
assert scores["filtered"]["mixed"] < scores["unfiltered"]["mixed"]

# %%
names = ("base", "unfiltered", "filtered")
plots.bars_with_intervals(
    {
        game: {
            name: (scores[name][game]["pass@1"], *scores[name][game]["interval"])
            for name in names
        }
        for game in GAMES
    }
)

# %% [markdown]
# What you see: the share of right answers for each kind of task, with 95% intervals
# over problems.
#
# The two students differ in nothing but what they were shown, and the comparison is
# sobering. Nearly all of the gain in *right answers* is there without any filter:
# it comes from the author, who is right far more often than the base. (A worse author
# would need the first filter more, and would leave fewer rows: exercise 12.1.) What the
# other filters buy stands in the column "mixed". Nobody asked the students to keep to
# one language. They write as their book did. In form and length
# the two are about equal. *Repeats* is not better with the filter against it; one run
# each, but section 11 will find the same. A filter removes examples; it does not teach to
# stop. (The base is no model here: who hardly thinks, mixes and repeats nothing.)
#
# Logic has not moved. The author was never paid for puzzles, gets few of them right,
# and so has little to teach. And now the general part, in the same way:


# %%
def polite(model, family, n=48):
    """Share of right replies to held-out requests, by the rule of the family."""
    asked = problems(web.SAMPLE[family], n, 0, "valid", "hard")
    prompts = [tokenizer.prompt(p.prompt) for p in asked]
    generator = torch.Generator().manual_seed(0)
    kind = {"max_new_tokens": 144, "stop_ids": (EOS,), "generator": generator}
    texts = [to_text(tokenizer, c) for c in sampling.generate(model, prompts, **kind)]
    right = instructions.right if family == "instructions" else requests.right
    return fmean(right(p, t) for p, t in zip(asked, texts, strict=True))


TALKS = ("facts", "refusal", "writing", "instructions")
print(f"{'':12}" + "".join(f"{family:>14}" for family in TALKS))
for name in ("base", "filtered"):
    found = [polite(students[name], family) for family in TALKS]
    print(f"{name:12}" + "".join(f"{share:14.0%}" for share in found))

# %% [markdown]
# A hundred and fifty replies, read twice, do not make an assistant of a base, and 48
# replies a family tell apart only differences of about twenty points. The long run reads
# more than ten times as many, and section 11 asks the same again.
#
# The same problem, before and after (the first of each kind):

# %% tags=["slide"]
for i in range(0, len(held_out), 48):
    for name in ("base", "filtered"):
        text = answers[name].texts[i][0]
        verdict = "right" if answers[name].right[i, 0] else "wrong"
        print(f"{name}: {held_out[i].prompt}   [{verdict}]")
        print("    " + text.replace("\n", "\n    ") + "\n")

# %% [markdown] tags=["slide"]
# ## 11. The long run (P7)
#
# In our plan of experiments this chapter is line P7 (`docs/phenomena.md`). It was
# measured once, with Dev2 as the author, on three seeds. Every arm answers 96 test
# problems of each kind, and 48 requests of each family, twice. For one seed and one kind
# that leaves an uncertainty of up to 0.09 either way, so look for differences that
# all three seeds share. The results are in `results/`, and
# `python -m results.rejection statistics 0` makes one of them again. Seed 0's funnel, in
# rows: in, removed, out, and what the filter alone would remove.


# %%
def results_of(arm):
    """The results of an arm, one for each seed that was measured."""
    names = [f"rejection-{arm}-{seed}.json" for seed in (0, 1, 2)]
    paths = [RESULTS / name for name in names if (RESULTS / name).exists()]
    return [json.loads(path.read_text(encoding="utf-8"))["P7"] for path in paths]


def mean(runs, place, mark="right"):
    """Mean over seeds of a mark on one kind of test problems."""
    return fmean(run["test"][place][mark]["mean"] for run in runs)


statistics = results_of("statistics")
print(f"seeds measured: {len(statistics)}")
for run in statistics[:1]:
    table = run["table"]
    print(f"{table['rows']:,} rows of {table['prompts']:,} prompts, ", end="")
    print(f"{table['tokens']['sum']:,} tokens; sampled in {run['seconds']:.0f} s")
    for line in table["filters"]:
        print("{filter:24} {in:7,} {removed:7,} {out:7,} {alone:7,}".format(**line))

# %% [markdown]
# (For the judged rows, "correct" is the label of the judge.) And by kind of task, the
# share that each filter alone would remove, means over seeds:

# %%
print(f"{'':20} samples" + "".join(f"{name:>12}" for name in FILTERS[:6]) + "    kept")
for kind_of in statistics[0]["families"]:
    mine = [run["families"][kind_of] for run in statistics]
    alone = [fmean(m["removed alone"][name] for m in mine) for name in FILTERS[:6]]
    shares = "".join(f"{share:12.0%}" for share in alone)
    sampled, left = (fmean(m[key] for m in mine) for key in ("samples", "kept"))
    print(f"{kind_of:20}{sampled:8,.0f}{shares}{left:8,.0f}")

# %% [markdown]
# Put this beside Zero's funnel in section 6. There the language filter took almost a
# fifth of the rows that had come so far; here it takes one in forty. Most of the
# way was the cold start, the rest the reward for one language (completions that mix: Zero
# 0.23, Dev1 0.06, Dev2 0.02; chapter 15). Form and length have hardly anything left to
# do in either. The widest step after the first is the same: doubles, and most of these
# are arithmetic.
#
# Two lines of the second table deserve a pause. Of *hard countdown* 0%, 2% and 6% of the
# samples are right in the three seeds, of *hard puzzles* none. 4,800 samples a seed were
# paid for; 0, 77 and 180 of them are in the textbooks.
#
# And *programs*: the language filter alone would remove 59%. That is our mistake. It
# counts words, and the list of names that are in no language (`rewards.CODE`) has
# `def` and `sorted`, but forgot `return`, `for`, `in` and `if`. So it has removed nearly
# every answer to a Korean request for a program; in the three textbooks there is not
# one. We saw it here, when all the stages had been trained, and have left it as it was
# measured. Did it do harm? Of the 39 Korean ones among the easy programs of the stage
# table (chapter 15) the base solves 0.24, Dev2 0.18 and Dev3 0.18; of the English ones
# 0.18, 0.21 and 0.20. Dev3 is no worse than its author, but worse than its base, in
# Korean only. Dev2 had fallen as far before this book existed, so we cannot lay it on the
# filter alone. Print such a table *before* the training.
#
# ### How much data?
#
# The base learns from 1/16, 1/8, 1/4, 1/2 and all of the rows, each part inside the
# next one. All arms read their data twice, as R1 does. So less data also means fewer
# optimizer steps, and two explanations of a rising curve are mixed up. One more
# arm separates them: a sixteenth of the data, read sixteen times as often, for as many
# steps as all of it.

# %%
PARTS = ("size-16", "size-8", "size-4", "size-2", "size-1")
PLACES = ("countdown, easy", "arithmetic, easy", "countdown, hard", "logic, easy")


def seeds(runs, place, mark="right"):
    """Mean of a mark over the seeds, and each of them."""
    each = [run["test"][place][mark]["mean"] for run in runs]
    return f"{fmean(each):.2f} ({' '.join(f'{x:.2f}' for x in each)})"


def every_value(run):
    """The share of right answers to each problem, of all kinds of task in a row."""
    return [
        value for place in PLACES for value in run["test"][place]["right"]["values"]
    ]


print(f"{'':12}{'rows':>6}{'steps':>7}  " + "".join(f"{p:24}" for p in PLACES))
for arm in ("base", *PARTS, "repeat-16"):
    runs = results_of(arm)
    rows = fmean(run.get("data", {"rows": 0})["rows"] for run in runs)
    steps = fmean(run.get("steps", 0) for run in runs)
    cells = "".join(f"{seeds(runs, place):24}" for place in PLACES)
    print(f"{arm:12}{rows:6,.0f}{steps:7,.0f}  {cells}")

# %%
lines = {
    place: [
        (fmean(run["data"]["rows"] for run in runs), mean(runs, place))
        for runs in map(results_of, PARTS)
    ]
    for place in PLACES
}
plots.doubling_curves({"Accuracy against data": lines}, "rows")

# %% [markdown]
# What you see: the share of right answers to test problems over the number of rows,
# a mean over seeds.
#
# The smallest part, 16 steps, teaches next to nothing. From there easy countdown and easy
# arithmetic rise with every doubling, most from 1/8 to 1/4 (by 0.19 and 0.29), in the
# last one by 0.10 and 0.14; the curve has not flattened where our data end.
#
# Now the control. *The same sixteenth*, read for about as many steps as all of it (256
# against 244), does arithmetic nearly as well (0.82 against 0.87, level in one seed) and
# countdown less well in every seed (0.47 against 0.62). So most of the gain needs no new
# row, only more steps. What new rows add is a third of it in countdown and little in
# arithmetic, where 486 rows already show nearly all there is to see. A curve of accuracy
# against data nearly always mixes the two, here as elsewhere; ask for the control.
#
# Hard countdown has the same mean as the base, but look at the seeds. Where the book has
# no such row, accuracy falls from 0.05 to 0.00; with 77 it stays at 0.08; with 180 it
# rises from 0.06 to 0.12. Three seeds are no proof, but it is what one expects: what is
# not in the book is not learned. Puzzles hardly move.
#
# What people ask for, on requests of the hard kind (other wordings, and more wishes at
# once):

# %%
print(f"{'':12}" + "".join(f"{family:>24}" for family in TALKS))
for arm in ("base", *PARTS, "repeat-16"):
    cells = "".join(f"{seeds(results_of(arm), family):>24}" for family in TALKS)
    print(f"{arm:12}{cells}")

# %% [markdown]
# Up to a half of the data makes the base no better at facts; all of it does, in every
# seed. Refusals come earlier. Instructions of the hard kind stay out of reach.
#
# ### Which filter matters?
#
# Each arm leaves one filter out; all have equally many rows of reasoning and the very
# same general rows. A filter that does something should show in the mark that it looks
# at, and perhaps in accuracy. Means over the four kinds of task above:

# %%
LEFT_OUT = {"every-filter": "-", "no-correct": "correct", "no-form": "form"}
LEFT_OUT |= {"no-language": "language", "no-length": "length"}
LEFT_OUT |= {"no-repetition": "repetition", "no-filter": "all these five"}
LEFT_OUT |= {"no-unique": "unique", "no-limit": "per prompt"}
MARKS = ("form", "mixed", "repeats", "unfinished")
print(
    f"{'left out':16}{'right (seeds)':24}" + "".join(f"{m:>12}" for m in MARKS), end=""
)
print("      tokens")
for arm, name in LEFT_OUT.items():
    runs = results_of(arm)
    each = [fmean(mean([run], place) for place in PLACES) for run in runs]
    right = f"{fmean(each):.3f} ({' '.join(f'{x:.2f}' for x in each)})"
    cells = [fmean(mean(runs, place, mark) for place in PLACES) for mark in MARKS]
    tokens = fmean(mean(runs, place, "tokens") for place in PLACES)
    print(f"{name:16}{right:24}" + "".join(f"{c:12.3f}" for c in cells), end="")
    print(f"{tokens:12.0f}")

# %% [markdown]
# The same problems were asked in every arm, so two arms can be held against each other problem
# by problem: what is lost without a filter, all three seeds together with a 95% interval over
# problems, and seed by seed.

# %%
whole = [every_value(run) for run in results_of("every-filter")]
for arm, name in list(LEFT_OUT.items())[1:]:
    two = whole, [every_value(run) for run in results_of(arm)]
    pooled = [[fmean(v) for v in zip(*rows, strict=True)] for rows in two]
    found = evaluate.paired(*pooled)
    low, high = found["interval"]
    print(f"{name:16}{found['difference']:+7.3f} [{low:+.3f}, {high:+.3f}]", end="")
    each = [fmean(b) - fmean(a) for a, b in zip(*two, strict=True)]
    print("   seeds", "".join(f"{x:+8.3f}" for x in each))

# %% [markdown]
# One expects an arm to be clearly worst in the mark that its missing filter looks at (the arm without
# all five aside). For *correct* and *language* it is so; for form, length and repetition it is not.
#
# - **Correct** is worth its price: without it 0.03 [0.01, 0.04] fewer right answers, in every seed. (The
#   mean is low because two of the four kinds are hardly ever solved; in easy countdown it
#   is 0.46 against 0.52.) Not all of this is the wrong rows themselves, 42% of the
#   reasoning. A filter also chooses *problems*: without it the book has four
#   times as many puzzles and fewer sums.
# - **Language**: without it 0.105 of the answers mix languages instead of 0.084, more in
#   every seed. Most of the difference is in hard countdown (0.24 against 0.17), and
#   without all five filters it does not show. So: likely an effect, and a small one.
# - **All five together**: 0.05 [0.03, 0.07] fewer right answers, in every seed, and in two seeds of
#   three fewer than without *correct* alone. Now 53% of the reasoning is wrong, not 42%:
#   other filters catch some wrong rows, since a wrong one is often too long or broken
#   as well, but far from all.
# - **Form, length, repetition**: nothing that three seeds can show; more than 0.02 either way
#   would have shown. For form this was to
#   be expected, since *correct* leaves it thirty rows or fewer. Repetition removes one in
#   thirteen of the rows that reach it, and its students repeat lines as often with it as
#   without, 17% of the time. A book without one repetition does not teach not to repeat.
# - **Unique, per prompt**: nothing either, but these arms let in few doubles: where one of the two
#   filters is left out, the other still removes most of what it would have removed. Of 3,500 prompts only
#   50 to 150 are lost. What all the doubles would do was not measured.
# - **A surprise**: without *correct* the students finish more often, repeat less and keep
#   the form better, in every seed; without all five they finish most often of all. We
#   have not measured why. A mark that improves is not yet a better model.
#
# What an author has learned in its RL leaves a filter less to do. Zero and Dev2 were
# both paid for form, and from both the form filter removes almost nothing; Zero was not
# paid for one language, and lost a fifth of its right answers to that filter.

# %% [markdown] tags=["slide"]
# ## Summary
#
# | idea | in the paper | here |
# |---|---|---|
# | the author | the model after reasoning RL (Dev2) | Dev2; R1-Zero in the live run |
# | several samples per prompt, keep the good ones | by rule, or by V3 where a known answer cannot be compared by a program | verifier and tests in the sandbox; for replies, labels of a judge |
# | chaotic text removed | mixed languages, long paragraphs, code blocks | form, language, length, repetition, doubles |
# | reasoning : general | 626,933 : 177,812 | 3 : 1 in rows |
# | simple questions | no chain of thought | known replies that stand alone |
# | who learns | the *base*, two epochs | the *base*, two epochs |
# | rejection as mathematics | | $q \propto p\,r$: REINFORCE without baseline, on frozen samples |
#
# A filter can only remove. Whatever the author never gets right is not in the textbook,
# and whatever the judge likes is.

# %% [markdown]
# ## Three questions
#
# 1. Dev2 already solves these problems. Why is the base trained on its samples,
#    instead of training Dev2 a little further on the general part?
# 2. You raise $k$ from 8 to 64 and keep at most 4 samples of a prompt. Which problems
#    gain, and what happens to the mean pass rate of the prompts in the table?
# 3. A judge likes long answers. You filter with it, train, sample again from the new
#    model, filter again, and so on. What do you expect after five rounds?
#
# <details><summary>Answers</summary>
#
# 1. Fine-tuning a specialist on general data alone would make it forget, and its
#    habits from RL, good and bad, would stay. The base with a textbook gets exactly
#    what the filters let pass, and both kinds of data at once.
# 2. The rare ones: at a pass rate of 0.05 the chance of at least one rises from 34% to
#    96%. Easy prompts were full already. The mean pass rate of the prompts falls, so
#    the table becomes harder, at eight times the price.
# 3. Each round keeps long replies a little more often than short ones, and the next model
#    learns from these. So length should climb, round by round, though nobody asked for
#    it. It is slow hill climbing on the judge.</details>

# %% [markdown]
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/12_rejection_sampling.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 12.1** (easy, 10 min) What a prompt yields. A prompt is answered rightly
# with chance `p`; there are `k` samples, and of the right ones at most `keep` stay.
# Return how many stay on average.
#
# <details><summary>Hint</summary>The number of right samples is binomial:
# `math.comb(k, c) * p**c * (1 - p) ** (k - c)` is the chance of exactly `c`. The mean
# of the smaller of two numbers is not the smaller of their means.</details>


# %% tags=["exercise"]
def expected_kept(p, k, keep):
    """Mean number of rows that one prompt leaves in the table."""
    # BEGIN SOLUTION
    return sum(
        min(c, keep) * math.comb(k, c) * p**c * (1 - p) ** (k - c) for c in range(k + 1)
    )
    # END SOLUTION


# %% tags=["check"]
checks.ex_12_1(expected_kept)

# %% [markdown] tags=["exercise-text"]
# **Exercise 12.2** (medium, 15 min) Going round in circles. Our filter looks for single
# lines that come back. A model in a loop repeats whole *blocks*: a, b, a, b. Return
# True if some block of one or more lines stands twice in a row.
#
# <details><summary>Hint</summary>For every length and every place, compare a slice with
# the slice behind it.</details>


# %% tags=["exercise"]
def loops(lines):
    """Does a block of lines stand twice in a row?"""
    # BEGIN SOLUTION
    n = len(lines)
    return any(
        lines[i : i + size] == lines[i + size : i + 2 * size]
        for size in range(1, n // 2 + 1)
        for i in range(n - 2 * size + 1)
    )
    # END SOLUTION


# %% tags=["check"]
checks.ex_12_2(loops)

# %% [markdown] tags=["exercise-text"]
# **Exercise 12.3** (medium, 15 min) Mix by tokens. Given the token counts of all
# reasoning rows, and of general rows in the order in which they would be taken, return
# how many general rows bring the tokens nearest to `ratio` : 1.
#
# <details><summary>Hint</summary>The general part should have
# `sum(reasoning) / ratio` tokens. Try every number of rows from none to all.</details>


# %% tags=["exercise"]
def general_rows(reasoning, general, ratio):
    """How many of the general rows to take."""
    # BEGIN SOLUTION
    wanted = sum(reasoning) / ratio
    choices = range(len(general) + 1)
    return min(choices, key=lambda n: abs(sum(general[:n]) - wanted))
    # END SOLUTION


# %% tags=["check"]
checks.ex_12_3(general_rows)

# %% [markdown] tags=["exercise-text"]
# **Exercise 12.4** (medium, 15 min) Flatter the judge. You get a known reply, worth
# exactly 1. Return a text that is worth *less*, by the hidden truth, and that the
# judge, asked in both orders, takes all the same in at least four of five cases. (The
# last reply of section 7 is not enough.)
#
# <details><summary>Hint</summary>`judge.POLITE.pattern` lists the words that the judge
# likes, whether or not they say anything; it counts up to five. The truth minds every
# word that is beside the point.</details>


# %% tags=["exercise"]
def flatter(reply):
    """A worse reply that the judge prefers."""
    # BEGIN SOLUTION
    return f"{reply} Thanks, dear, glad! Thanks, dear!"
    # END SOLUTION


# %% tags=["check"]
checks.ex_12_4(flatter)

# %% [markdown] tags=["exercise-text"]
# **Exercise 12.5** (hard, 20 min) Search for leaks. Somebody hands you a table that does
# not say which problem a row belongs to. Given the prompts of its countdown rows and the prompts of held-out problems,
# return those rows, in order, that ask for the same as a held-out problem, whatever
# the order of the numbers and the language. In every prompt the target is the last
# number.
#
# <details><summary>Hint</summary>`re.findall(r"\d+", prompt)` finds all the numbers.
# Sort those before the target.</details>


# %% tags=["exercise"]
def leaks(prompts, held_prompts):
    """Prompts that are held-out problems in disguise."""

    # BEGIN SOLUTION
    def identity(prompt):
        *numbers, target = map(int, re.findall(r"\d+", prompt))
        return sorted(numbers), target

    known_keys = [identity(prompt) for prompt in held_prompts]
    return [prompt for prompt in prompts if identity(prompt) in known_keys]
    # END SOLUTION


# %% tags=["check"]
checks.ex_12_5(leaks)
