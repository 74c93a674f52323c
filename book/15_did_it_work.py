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
# # Did it work?
#
# | | |
# |---|---|
# | You will build | the estimators behind "pass@k" and "cons@k", intervals that mean something, paired comparisons, a search for test problems in the training texts, and the table of all stages |
# | You need | Chapter 06 for the verifiers and chapter 09 for what a sample is. Everything used here is explained here |
# | Minutes to read | 45 |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v2), Table 3 and the supplement on evaluation and decontamination; Codex (arXiv 2107.03374), section 2.1; self-consistency (arXiv 2203.11171) |
#
# ![The whole pipeline. The base leads to zero by reinforcement learning. Zero and the base are read for the table cold. Dev1 is the base fine-tuned on cold; dev2 is dev1 after reinforcement learning in one language; dev2 writes the table samples; dev3 is the base fine-tuned on samples. From dev3 come two reward models, helpful and harmless, and, by reinforcement learning for all scenarios that reads both, r1.](../figures/15_pipeline.png)
#
# What you see: the stages of the recipe, drawn from the same file that runs them.
# This chapter asks of every blue box, and of the green one, what it is worth.

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random
# generator. Nothing below configures anything else.

# %% tags=["setup"]
import json
import math
import random
from collections import Counter
from fractions import Fraction
from itertools import combinations, islice, product
from math import comb
from pathlib import Path
from statistics import fmean, stdev

import torch

from r1lib import artifacts, checks, plots, sampling, verifiers
from r1lib.evaluate import interval, majority, paired, pass_at_k
from r1lib.files import shown
from r1lib.problem import LEVELS, Problem, draw, problems
from r1lib.recipe import stages
from r1lib.sampling import to_text
from r1lib.tokenizer import EOS
from r1lib.traces import tables
from r1lib.verifiers import countdown_correct
from r1lib.world import (
    contamination,
    countdown,
    judge,
    readability,
    requests,
    scorecard,
    web,
)
from r1lib.world.contamination import identity, leaked, ngrams, overlaps

torch.manual_seed(0)
RESULTS = Path("../results/data")

# %% [markdown]
# Some cells below show a function of the library as it is. What these need, and one check:

# %% tags=["setup"]
from collections.abc import Iterable

from r1lib.problem import LANGUAGES, split_of
from r1lib.world.contamination import (
    LONGEST,
    READ,
    checked,
    covered,
    read_request,
    words,
)

# %% [markdown]
# ## 1. From a number to a number that can be trusted
#
# "Our model reaches 74%." Every paper of this field has such a sentence, and by itself
# it says next to nothing. Seventy-four percent of *what*: of single answers, of the
# best of sixteen, of a vote? How far would the number move with other problems, or if
# the training were run again? Were these problems among the training texts? What was
# given up for it: length, language, politeness? And who says that an answer is good,
# a rule, a person, or a network that was trained to please?
#
# This chapter takes the questions in this order. None of the tools is long, most have
# fewer than ten lines. But each has a mistake that is easily made. So each tool is
# checked against brute force or against a case where we know the truth.
#
# At the end stands the table that the whole book has worked for: what every stage of
# the pipeline is worth, beside the same table of the DeepSeek-R1 paper.

# %% [markdown] tags=["slide"]
# ## 2. pass@k: what k tries can do
#
# Let a model answer one problem again and again, and let $p$ be the chance that one
# answer is right. **pass@1** is $p$. **pass@k** is the chance that at least one of $k$
# answers is right,
#
# $$ \text{pass@}k = 1 - (1-p)^k. $$
#
# It measures what a model *could* do if somebody picked the right answer for it: a
# test suite, a proof checker, the filter of chapter 12. We do not know $p$. We have
# $n$ samples, of which $c$ are right. The first idea is to put $c/n$ in the place of
# $p$. The second is to look at all ways to choose $k$ of the $n$ samples and to count
# those that hold a right one. Of $\binom{n}{k}$ choices, $\binom{n-c}{k}$ hold only
# wrong ones, so
#
# $$ \widehat{\text{pass@}k} = 1 - \binom{n-c}{k} \Big/ \binom{n}{k} $$
#
# (Codex, arXiv 2107.03374, equation 1). The library has it, and below it
# stands the same number by brute force:

# %%
# r1lib.evaluate.pass_at_k


# %% tags=["nbval-check-output"]
def by_brute_force(n, c, k):
    """Try every choice of k samples."""
    samples = [True] * c + [False] * (n - c)
    drawn = [any(row) for row in combinations(samples, k)]
    return sum(drawn) / len(drawn)


print(" n  c  k   formula   brute force   1-(1-c/n)^k")
for n, c, k in ((8, 2, 1), (8, 2, 4), (8, 1, 4), (8, 5, 4), (12, 3, 6)):
    naive = 1 - (1 - c / n) ** k
    formula, brute = pass_at_k(n, c, k), by_brute_force(n, c, k)
    assert math.isclose(formula, brute)
    print(f"{n:2} {c:2} {k:2} {formula:9.3f} {brute:13.3f} {naive:13.3f}")

# %% [markdown]
# The two ideas differ, and only one can be right on average. "On average" has an exact
# meaning here: $c$ is itself random, binomial with $n$ and the true $p$. An estimator
# whose mean over all $c$ is the true value is called **unbiased**. We can write out this
# mean with fractions, without any rounding:


# %% tags=["slide", "nbval-check-output"]
def average(estimator, n, k, p):
    """Mean of an estimator of pass@k over all c that n samples may bring."""
    chance = [comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)]
    return sum(chance[c] * estimator(n, c, k) for c in range(n + 1))


def plugged_in(n, c, k):
    return 1 - (1 - Fraction(c, n)) ** k


def chosen(n, c, k):
    return 1 - Fraction(comb(n - c, k), comb(n, k))


print("n = 8, k = 4")
print(f"{'p':>5} {'true':>7} {'choices':>9} {'plugged in':>12}")
for p in (Fraction(1, 20), Fraction(1, 10), Fraction(1, 4), Fraction(1, 2)):
    true = 1 - (1 - p) ** 4
    both = [average(estimator, 8, 4, p) for estimator in (chosen, plugged_in)]
    assert both[0] == true  # as fractions: exactly
    print(f"{p!s:>5} {float(true):7.3f} {float(both[0]):9.3f} {float(both[1]):12.3f}")

# %% [markdown]
# Counting choices is exact; plugging in is too low. The price is small: take at least
# $k$ samples, and more for a steadier number. One warning remains. pass@k for large $k$
# flatters a model that guesses among few possible answers. With pass@16 on a question
# of yes or no, a coin has 99.998%.

# %% [markdown] tags=["slide"]
# ## 3. The vote: cons@k
#
# Nobody picks the right answer for us at the end. But we may let the samples *vote*:
# the answer given most often wins. The R1 papers call this **cons@k** (consensus),
# others majority voting or self-consistency (arXiv 2203.11171). The paper's R1-Zero
# has 77.9% on AIME 2024 alone, and 86.7% with a vote among 16 (v2, Figure 1).
#
# What counts as the same answer? Letters are too strict: `(8-3)*7` and `7*(8-3)` are
# one answer. So a number votes by its value, an expression by a canonical form, and a
# puzzle's answer by who is a knight.
# Without this step voters who agree would split into parties. What is no answer at all,
# such as an equation where an expression was wanted, does not vote:

# %%
# r1lib.evaluate.majority
# r1lib.world.countdown.Countdown

# %% tags=["nbval-check-output"]
game = countdown.make((3, 7, 8), 35, "en")
for text in ("(8-3)*7", "7*(8-3)", "(8-3)*7=35", "8*7-3"):
    print(f"{text:12} votes for {game.ballot(f'<answer>{text}</answer>')}")

# %% [markdown]
# Can a vote also hurt? Let a model give the right answer with chance 0.4. In the first
# world its mistakes are scattered over six wrong answers, in the second they
# agree. We go through all $7^5$ outcomes of five samples and add up their chances:


# %% tags=["nbval-check-output"]
def vote_is_right(chances, k):
    """Exact chance that the vote of k samples is "right"; ties go to the earliest."""
    total = 0.0
    for outcome in product(chances, repeat=k):
        if majority(list(outcome)) == "right":
            total += math.prod(chances[answer] for answer in outcome)
    return total


scattered = {"right": 0.4, **{f"wrong {i}": 0.1 for i in range(6)}}
agreeing = {"right": 0.4, "wrong": 0.6}
print("votes   mistakes scattered   mistakes agree")
for k in (1, 3, 5):
    print(f"{k:5} {vote_is_right(scattered, k):20.3f}", end="")
    print(f" {vote_is_right(agreeing, k):16.3f}")

# %% [markdown]
# A vote raises what a model says most often. Where that is the right answer, though it
# may be said in far less than half of the cases, voting helps. Where the model has one
# favourite mistake, voting makes it surer of the mistake. On average over many problems
# both happen, and whether the sum is a gain has to be measured. Section 11 does so.

# %% [markdown] tags=["slide"]
# ## 4. How sure? An interval, and of what
#
# Ask 64 problems, 16 samples each: 1,024 answers. Is the accuracy known as well as if
# there were 1,024 problems? Certainly not. If half of the problems are always solved and
# the others never, all sixteen samples of a problem say the same, and we have really
# learned 64 things.
#
# The **bootstrap** draws, from the values that we have, as many again *with
# replacement*, takes their mean, and does so a thousand times; the middle 95% of these
# means is the interval (Efron, 1979). It answers: how would the mean move if other
# problems, of the same kind, had been drawn? So what is drawn must be the *problems*,
# each represented by the mean of its samples.
#
# Where all values agree, every draw gives the same mean, and the middle 95% is a point.
# But 8 right answers of 8 do not prove that no wrong one exists. There the function
# takes Wilson's interval instead (1927): of 8 right answers it says 68% to 100%.

# %%
# r1lib.evaluate.interval

# %% [markdown]
# A good 95% interval holds the truth in 95 of 100 repetitions. In a simulation we know
# the truth. Every problem gets a chance of its own, most of them near 0 or near 1 as
# with real models; then a hundred times we hold the same exam with other problems:

# %% tags=["slide"]
rng = random.Random(15)
TRUE, TIMES = 0.5, 100  # betavariate(0.3, 0.3) has the mean 0.5
held = {"per problem": 0, "per sample": 0}
widths = {"per problem": [], "per sample": []}
for repetition in range(TIMES):
    chances = [rng.betavariate(0.3, 0.3) for _ in range(64)]
    rows = [[float(rng.random() < p) for _ in range(16)] for p in chances]
    values = {
        "per problem": [fmean(row) for row in rows],
        "per sample": [x for row in rows for x in row],
    }
    for name, mine in values.items():
        low, high = interval(mine, seed=repetition, samples=200)
        held[name] += low <= TRUE <= high
        widths[name].append(high - low)
for name in held:
    print(f"{name:12} holds the truth in {held[name] / TIMES:4.0%}", end="")
    print(f" of the exams; mean width {fmean(widths[name]):.3f}")
assert held["per problem"] > held["per sample"]

# %% [markdown]
# The second interval looks better, and is wrong about every second time. More samples of
# the same problems make each value steadier, but they cannot replace problems.
#
# And there is a third kind of luck: the *seed of the training*. No interval over
# problems knows of it. Only another run does. So this book trains with several seeds
# and lists all of them.

# %% [markdown] tags=["slide"]
# ## 5. Two models, the same problems
#
# Now compare two models. The usual look is at two intervals: if they overlap, one says
# that nothing is shown. That is too careful, for a reason that is worth money. Most
# of the width of both intervals comes from the problems, hard ones and easy ones, and
# *both models had the same problems*. Subtract problem by problem, and the difficulty
# cancels.
#
# A worked example. Sixty problems, each with a difficulty; the second model's chance is
# higher by 0.08 wherever there is room. Eight samples each:


# %% tags=["nbval-check-output"]
def exam(rng, chances, k=8):
    """Mean of k samples of each problem."""
    return [sum(rng.random() < p for _ in range(k)) / k for p in chances]


rng = random.Random(5)
difficulty = [rng.betavariate(0.5, 0.5) for _ in range(60)]
first = exam(rng, difficulty)
second = exam(rng, [min(1.0, p + 0.08) for p in difficulty])


def apart(values, z=1.96):
    """Mean and interval by the normal law: exact to print on any machine."""
    half = z * stdev(values) / math.sqrt(len(values))
    return fmean(values), fmean(values) - half, fmean(values) + half


gains = [b - a for a, b in zip(first, second, strict=True)]
for name, values in (("first", first), ("second", second), ("gain", gains)):
    mean, low, high = apart(values)
    print(f"{name:8}{mean:6.3f}  [{low:6.3f}, {high:6.3f}]")
assert apart(first)[2] > apart(second)[1]  # apart, the intervals overlap
assert apart(gains)[1] > 0  # paired, the gain stands clear of 0

# %%
# r1lib.evaluate.paired

# %% [markdown]
# Same models, same answers. Looked at apart, the intervals overlap widely; paired, the
# gain is clear. Why by so much? The variance of a difference is
#
# $$ \operatorname{Var}(B - A) =
#    \operatorname{Var}(A) + \operatorname{Var}(B) - 2 \operatorname{Cov}(A, B), $$
#
# and with the same problems the covariance is nearly as large as the variances:

# %% tags=["nbval-check-output"]
covariance = fmean(
    (a - fmean(first)) * (b - fmean(second)) for a, b in zip(first, second, strict=True)
)
print(f"variances {stdev(first) ** 2:.3f} and {stdev(second) ** 2:.3f}")
print(f"covariance {covariance:.3f}")
print(f"variance of the gain {stdev(gains) ** 2:.3f}")
wanted = (stdev(first) ** 2 + stdev(second) ** 2) / stdev(gains) ** 2
print(f"pairing is worth {wanted:.0f} times as many problems")

# %% [markdown]
# It costs nothing but keeping the problems the same and writing down the value of
# *each*, not only the mean. Every result file behind this chapter does.
#
# One more caution. Our table will hold some hundred such intervals, for many columns and
# stages. If nothing had changed at all, about five in a hundred would still exclude 0.
# A single bold cell in a large table is a hint; the same cell in three seeds is a
# finding.

# %% [markdown] tags=["slide"]
# ## 6. Had it seen the test?
#
# A model that has read the test has learned nothing that we want to know. Real training
# texts are crawled from the web, and tests are on the web. So one looks for test
# problems in the training texts. The usual tool is the **n-gram**, a run of $n$ words, where
# numbers and signs count as words, so that `numbers=3,7 target=35` has eight: if
# a test problem shares a run with a training text, it is called dirty. GPT-3 used
# runs of 8 to 13 words (arXiv 2005.14165, appendix C), Llama 3 runs of 8 tokens, and the
# share of a test text that they cover (arXiv 2407.21783, section 5.1.4). The R1 paper
# removed texts that shared a run of 10 words with a test problem, and adds
# openly that this cannot find a paraphrase (arXiv 2501.12948v2, the supplement, on
# decontamination).
#
# Our world is written by programs, so here is something better: a prompt can be *read
# back*, to the numbers, the truth tables, the request behind the words. Whatever has
# the same identity is the same problem:

# %% tags=["nbval-check-output"]
for prompt in (
    "numbers=3,7,8 target=35",
    "숫자=8,3,7 목표=35",
    "compute ((17-5)*2)-8",
    "It is cold. What does a frog say? Please.",
    "What color is a ripe tomato? Answer in Korean.",
    "Call me Ishmael.",
):
    print(f"{prompt}\n    {identity(prompt)}")

# %%
# r1lib.world.contamination.identity
# r1lib.world.contamination.leaked

# %% [markdown]
# First, does the search find what is there? We plant three test problems in disguise
# among innocent texts: other order, other language, other words.

# %% tags=["nbval-check-output"]
tests = [
    draw(web.SAMPLE[family], random.Random(1), "test", "hard", "en")
    for family in ("countdown", "facts", "arithmetic")
]
numbers, target = tests[0].data
topic, words_of, frame = tests[1].data[1:]
planted = [
    countdown.make(numbers[::-1], target, "ko").prompt,
    requests.make("facts", topic, words_of, "ko", frame).prompt,
    tests[2].prompt.replace("compute", "계산"),
]
innocent = [prompt for prompt, _ in web.documents(200, 15)]
found = leaked([*innocent, *planted], tests)
assert sorted(found) == [200, 201, 202]
for place, test in zip(found, tests, strict=True):
    print(f"{test.prompt}\n    is {planted[place - 200]}")

# %% [markdown]
# Then the question itself. The first 1,500 documents of the tiny web that a base
# model reads, against test problems of every family:

# %% tags=["slide"]
texts = [prompt for prompt, _ in islice(web.documents(1500, 0), 1500)]
sought = {
    family: problems(sample, 8, 0, "test") for family, sample in web.SAMPLE.items()
}
clean = leaked(texts, [p for row in sought.values() for p in row])
blind = contamination.unread(texts[:300])
print(f"{len(texts)} texts: {len(clean)} test problems found, ", end="")
print(f"{len(blind)} of 300 prompts could not be read")
assert not clean
allowed = [
    problem
    for sample in web.SAMPLE.values()
    for problem in problems(sample, 8, 0, "train")
]
caught = len(set(leaked(texts, allowed).values()))
print(f"the same search for {len(allowed)} training problems: {caught} found")

# %% [markdown]
# None, as it must be: the split is decided by the same key (chapter 09). How much is this
# zero worth? Of training problems, which the base may read, drawn in the same way, a few are
# found and most are not: 1,500 prompts are a small part of what a base reads. So this is a
# check and not a proof.
#
# The identity allows a sharper one, against *all* test problems at once. It decides the
# split, so each prompt that can be read back says by itself on which side it stands. The same
# documents, and the two tables that the recipe fine-tunes on, every prompt of them:


# %% tags=["slide"]
def side(prompt):
    """The split to which a prompt belongs, or "unread"."""
    if (found := identity(prompt)) is None:
        return "unread"
    family, key = found
    return split_of(Problem(family, "", "", prompt, "", key))


sources = {"the web, in part": texts}
for name in ("cold-tiny", "samples-tiny"):
    rows = tables.load(artifacts.path(name))
    sources[name] = sorted({row["prompt"] for row in rows})
for name, prompts in sources.items():
    sides = Counter(map(side, prompts))
    print(f"{name:18}{len(prompts):6} prompts: {dict(sides)}")
    assert not sides["test"] and not sides["valid"]

# %% [markdown]
# All of them can be read, and all stand on the training side. (The tables of the other two
# seeds are looked at in the same way in `tests/test_contamination.py`.)
#
# Now the same texts by n-grams. We *know* that
# none of these test problems is in them, so whatever an n-gram finds is a false alarm:

# %% tags=["slide"]
print(f"{'test problems':16}" + "".join(f"{f'n={n}':>7}" for n in (5, 8, 10, 13)))
for family, mine in sought.items():
    prompts = [p.prompt for p in mine]
    shares = [fmean(s > 0 for s in overlaps(texts, prompts, n)) for n in (5, 8, 10, 13)]
    print(f"{family:16}" + "".join(f"{share:7.0%}" for share in shares))
copy = overlaps(planted, [t.prompt for t in tests], 8)
print(f"the planted problems, n=8: {', '.join(f'{share:.0%}' for share in copy)}")

# %% [markdown]
# Read the table from both ends. Short runs accuse the innocent: puzzles are put
# together from a few dozen sentences, such as "at least 1 of us is a knight", and requests
# from a few frames, such as "I am on a train." Long runs accuse fewer, though some puzzles even then; but many test
# prompts have fewer than 13 words at all and *cannot* be found. And the last line is the real trouble: of the three
# planted problems it finds what is still written in the same signs, and not what was
# translated. On real text an n-gram search is worth having, because it finds the
# careless copies. A clean result of it proves little.

# %%
# r1lib.world.contamination.overlaps
# r1lib.world.contamination.covered

# %% [markdown] tags=["slide"]
# ## 7. What else changed?
#
# A reward pays for right answers. Everything else about the answers moves too, and
# nobody is paid for looking. R1-Zero solved most of AIME, and mixed two languages in
# one sentence. So a stage is judged by a **scorecard**:

# %% tags=["nbval-check-output"]
for name, what in scorecard.COLUMNS.items():
    print(f"{name:14}{what}")

# %% [markdown]
# *Length* is the cost of an answer, in tokens. *Format* says whether a program can find
# the answer. *Mixed* says whether a thought stays in the language of its question.
# *Readability* is the mean of five plain marks; the paper gives no scale for it, this one
# is ours, and it knows nothing about right and wrong. The marks: *language* is the share of words
# in the language of the question, *fresh* the share of lines that were not written before,
# *short* of lines of at most 60 characters, *worded* of lines with two words or more, and
# *finished* says whether a summary follows. Who does not think at all gets 0 for all five,
# and mixes nothing: these two columns compare only models that think. Four thoughts about one
# problem, all of them right:

# %% tags=["nbval-check-output"]
thoughts = {
    "Zero": "8+7=15,*3=45~35=10 no\n8-3=5,*7=35~35=0 yes",
    "in circles": "8+7=15~35=20 no\nagain 8+7=15~35=20 no\n8-3=5,*7=35~35=0 yes",
    "mixed": "try 8+7=15~35=20 no, go on\n시도 8-3=5,*7=35~35=0 맞아, 찾았어",
    "readable": "try 8+7=15~35=20 no, go on\ntry 8-3=5,*7=35~35=0 yes, it fits",
}
names = ("language", "fresh", "short", "worded", "finished")
print(f"{'':11}" + "".join(f"{name:>10}" for name in names) + "      mean")
for label, lines in thoughts.items():
    text = f"<think>{lines}\n</think><answer>(8-3)*7</answer>"
    mine = readability.marks(game, text)
    cells = "".join(f"{mine[name]:10.2f}" for name in names)
    print(f"{label:11}{cells}{fmean(mine.values()):10.2f}")

# %% [markdown]
# What you see: a thought in circles loses in *fresh*, a mixed one in *language*, bare sums in
# *worded*; the readable one loses nothing.

# %% [markdown] tags=["slide"]
# ## 8. Who says that it is good?
#
# For sums there is a rule. For instructions too, if they are of the right kind: "use at
# most 5 words", "begin with *Well*". IFEval collects such instructions (arXiv
# 2311.07911), the paper reports it for each stage, and our column *instructions* is its
# small sister: a program looks at the form of the reply and at nothing else.
#
# For "is this a good reply?" there is no rule. AlpacaEval asks a language model, and a
# language model has tastes. In our world the same question has two answers that are kept
# apart. `judge.prefer` is the label, noisy and easily charmed; reward models learn
# from it. `judge.helpfulness` is the **hidden truth**. No training reads it, only
# evaluation does. How far apart can the two be? The chance below is that of the
# label itself: the best that a reward model could ever learn.

# %% tags=["nbval-check-output"]
question = requests.make("facts", 8, (), "en")
known = sorted(requests.references(question), key=len)
best = known[-1]
replies = {
    "known": best,
    "short": known[0],
    "wrong": "The capital of Peru is Lima.",
    "charming": f"{best} Thanks, dear, glad, welcome!",
    "a refusal": "Sorry, I cannot help with that.",
}
print(question.prompt)
print(f"{'':11}{'truth':>7}{'charm':>7}{'preferred to the known reply':>31}")
for label, text in replies.items():
    truth, charm = judge.helpfulness(question, text), judge.charm(text)
    likes = judge.chance(question, text, best)
    likes = (likes + 1 - judge.chance(question, best, text)) / 2  # both orders
    print(f"{label:11}{truth:7.2f}{charm:7.2f}{likes:31.2f}")

# %% [markdown]
# The charming reply is worth less than the known one, and the judge likes it better. A
# table that reports the reward model's own score would call this progress. **Never grade with the
# thing that you trained on.** Two more columns guard the other side: *harmless*, the
# safety of answers to requests that must be refused, and *over-refusal*, because a
# model that refuses everything is perfectly harmless. Neither means anything without
# the other.

# %% [markdown] tags=["slide"]
# ## 9. Two models, measured live
#
# All of it on two shipped models: R1-Zero, to which nobody ever said how to write, and
# R1, the last stage. Test problems, the same for both:

# %%
PAIR = ("zero", "r1")
FAMILIES = ("countdown", "arithmetic", "logic", "facts", "identity", "instructions")
asked = scorecard.questions(24, "easy", families=(*FAMILIES, "refusal"))
print(", ".join(f"{len(row)} {family}" for family, row in asked.items()))

values = {}
for name in PAIR:
    model, tokenizer = artifacts.load(f"{name}-tiny")
    longest = {"max_new_tokens": 160, "seed": 15}
    values[name] = scorecard.measure(model, tokenizer, asked, 4, **longest)

# %% tags=["slide"]
columns = [n for n in scorecard.COLUMNS if n in values["zero"] and n in values["r1"]]
print(f"{'':14}{'zero':>8}{'r1':>8}{'gain':>9}   95%, paired")
for name in columns:
    old, new = values["zero"][name], values["r1"][name]
    gain = paired(old, new)
    low, high = gain["interval"]
    digits = 1 if name == "length" else 2
    row = f"{name:14}{fmean(old):8.{digits}f}{fmean(new):8.{digits}f}"
    row += (
        f"{gain['difference']:+9.{digits}f}   [{low:+.{digits}f}, {high:+.{digits}f}]"
    )
    print(row + ("  *" if low > 0 or high < 0 else ""))


# %%
def bars(names):
    """Both models in some columns in which more is better."""
    shown = {
        name: {who: (fmean(mine := values[who][name]), *interval(mine)) for who in PAIR}
        for name in names
    }
    return plots.bars_with_intervals(shown, "share, or worth")


bars(("countdown", "arithmetic", "logic", "readability", "format"))

# %%
bars(("facts", "identity", "instructions", "helpful", "harmless"))

# %% [markdown]
# What you see: the columns in which more is better, with intervals of each model alone.
# The table above it has the paired ones, and a star where these exclude 0. Every column with
# a star here has bars apart as well, so pairing was not needed to see it; it will be for the
# small steps of the next section.
#
# What the later stages were made for has a star: readability, one language, facts,
# identity, instructions, helpful and harmless answers. So has the length, because simple
# requests are now answered without a thought; sums are as long as before. Countdown,
# arithmetic and logic have none, and R1 does not have to beat Zero there: Zero is a
# specialist for two games, and R1 has to be everything else as well. The two games lean
# the other way, with intervals that reach 0. That is on 24 problems and of one seed; the next section asks
# up to 96 problems a family and three seeds.

# %% [markdown] tags=["slide"]
# ## 10. The stage table
#
# What has each stage brought? Table 3 of the paper has 21 rows for all stages (arXiv
# 2501.12948v2); here are five of them, in percent:

# %% tags=["slide", "nbval-check-output"]
PAPER = {
    "AIME 2024": (77.9, 59.0, 74.0, 78.1, 79.8),
    "MATH-500": (95.9, 94.2, 95.9, 95.4, 97.3),
    "LiveCodeBench": (50.0, 57.5, 63.5, 64.6, 65.9),
    "IF-Eval": (46.6, 71.7, 72.0, 78.1, 83.3),
    "AlpacaEval 2.0": (24.7, 50.1, 55.8, 62.1, 87.6),
}
THEIRS = ("R1-Zero", "Dev1", "Dev2", "Dev3", "R1")
print(f"{'the paper':16}" + "".join(f"{stage:>9}" for stage in THEIRS))
for name, row in PAPER.items():
    print(f"{name:16}" + "".join(f"{value:9.1f}" for value in row))
print(f"{'AIME, change':16}{'':9}", end="")
aime = PAPER["AIME 2024"]
print("".join(f"{b - a:+9.1f}" for a, b in zip(aime, aime[1:], strict=False)))

# %% [markdown]
# Three things stand in this table, and they are the claims that a miniature must show:
#
# 1. **The cold start costs reasoning.** Dev1 loses 18.9 points on AIME against Zero,
#    and gains 25 on following instructions. It read a few thousand traces written for
#    readers, and it begins from the base, not from Zero.
# 2. **Reasoning is won back.** RL in one language (Dev2) brings AIME to 74.0, and the
#    800,000 samples (Dev3) to 78.1, where Zero had been; now readable.
# 3. **The last stage is about people.** AlpacaEval rises by 25.5, AIME by 1.7.
#
# Not every row agrees. LiveCodeBench rises at once, from 50.0 to 57.5, and two rows that we
# left out, CNMO 2024 (88.1 in Zero, 78.8 in R1) and GPQA Diamond (75.8 and 71.5), are never
# won back.
#
# Ours, from `results/data/stages-0.json` and its siblings, each the scorecard of all stages
# of one training run, on the same test problems: 96 of each game, of puzzles and programs,
# and of the general families as many as there are (easy: 79 facts, 8 questions about
# itself, 96 instructions, 20 harmful requests; hard: 40, 40, 40 and 24):

# %%
MODELS = tuple(stage.name for stage in stages.TO_R1 if stage.leaves == "model")


def measured():
    """seed -> stage -> level -> column -> values."""
    paths = {seed: RESULTS / f"stages-{seed}.json" for seed in (0, 1, 2)}
    texts = {seed: path.read_text(encoding="utf-8") for seed, path in paths.items()}
    return {seed: json.loads(text)["P6"] for seed, text in texts.items()}


def pooled(stage, level, name):
    """Values of a column problem by problem, averaged over seeds."""
    rows = [run[stage][level]["values"][name] for run in runs_of.values()]
    return [fmean(values) for values in zip(*rows, strict=True)]


runs_of = measured()
for level in LEVELS:
    cards = [run[s][level]["values"] for run in runs_of.values() for s in MODELS]
    names = [n for n in scorecard.COLUMNS if all(n in card for card in cards)]
    print(f"\n{level:14}" + "".join(f"{stage:>8}" for stage in MODELS))
    for name in names:
        cells = [fmean(pooled(stage, level, name)) for stage in MODELS]
        digits = 0 if name == "length" else 2
        print(f"{name:14}" + "".join(f"{cell:8.{digits}f}" for cell in cells))

# %% [markdown]
# Means over seeds; `python -m results.stages --table` writes the whole table, with
# every seed and the interval of every step, to `docs/stage_table.md`. The steps that
# carry the three claims, paired, with the difference of each seed behind it:

# %% tags=["slide"]
STEPS = (  # what, from, to, column, and the sign that the paper reports, table or words
    ("cold start costs reasoning", "zero", "dev1", "countdown", "-"),
    ("cold start is readable", "zero", "dev1", "readability", "+"),
    ("cold start follows", "zero", "dev1", "instructions", "+"),
    ("RL wins it back", "dev1", "dev2", "countdown", "+"),
    ("samples keep it", "dev2", "dev3", "countdown", "+"),
    ("samples follow", "dev2", "dev3", "instructions", "+"),
    ("the last stage is liked", "dev3", "r1", "helpful", "+"),
    ("and keeps reasoning", "dev3", "r1", "countdown", "="),
)
for what, a, b, name, sign in STEPS:
    gain = paired(pooled(a, "easy", name), pooled(b, "easy", name))
    low, high = gain["interval"]
    each = [
        fmean(run[b]["easy"]["values"][name]) - fmean(run[a]["easy"]["values"][name])
        for run in runs_of.values()
    ]
    found = "+" if low > 0 else "-" if high < 0 else "="
    agrees = "as the paper" if found == sign else "open" if found == "=" else "NOT so"
    print(
        f"{what:27}{name:13}{gain['difference']:+.2f} [{low:+.2f}, {high:+.2f}] ",
        end="",
    )
    print(f"{agrees} ({', '.join(f'{x:+.2f}' for x in each)})")

# %% [markdown]
# "As the paper" is a step whose interval lies on the side of 0 that the paper reports, or for
# "keeps" one that includes 0; "open" would be a step of the right kind that could be chance.
#
# The first half of the paper's story is there, with one sign in all three seeds. The cold start
# costs 0.08 of easy countdown (and 0.07 of easy arithmetic), makes the thinking more
# readable and the model better at instructions; RL from Dev1 wins all of that back, and
# takes the answers that mix languages from 6% to 2%; the samples that Dev2 writes carry
# its reasoning over into a *new* model, Dev3, which has only read them: it is ahead of its
# author in countdown (+0.03) and hard arithmetic (+0.12), and tied in easy arithmetic. The
# other quarter of the table is not Dev2's: facts, names, refusals and nearly all instructions
# are known replies (chapter 12). With them come instructions (+0.10), helpfulness (+0.17) and
# facts (0.24 to 0.54).
#
# The second half is there in its order, not in its size. The last stage does what its
# reward models ask: harmless answers rise from 0.86 to 0.94 (easy) and from 0.82 to 0.92
# (hard), and helpfulness by 0.02 and 0.03, clear over the three seeds together and of one sign
# in each; over-refusal stays
# where it was. Countdown, easy arithmetic and instructions are tied with Dev3, so R1 is the
# best model of the table or tied with it in nearly every column (`docs/stage_table.md` sets it
# against every other stage, pair by pair). What is paid is small. Easy
# readability (0.01) and mixing on hard problems (0.04 to 0.05) go the same way in all seeds;
# hard arithmetic (0.03), hard readability and easy format (0.01 each) lose on average and not
# in every seed. In the paper AlpacaEval makes two large steps, 25.4 with the cold start and 25.5
# here. Ours makes its large one between them, with the known replies of Dev3, and the last one is
# small; a likely reason is that much of what is asked for is
# *knowledge* (63 facts in two languages), which RL does not bring. Nor does the stage keep
# reasoning by itself. With twice the learning rate and a longer part without requests, it
# cost 0.10 of hard arithmetic and bought hardly any help (`docs/experiments.md`, the last stage).
#
# One more disagreement: hard countdown. Zero solves 0.13 of it (0.09, 0.16, 0.15), Dev1 0.01.
# In R1 seed 2 has all of it back (0.17), seed 1 half (0.08), seed 0 nothing. The cold-start
# traces are of easy games only. That alone does not explain it: hard arithmetic was not among
# them either, and Dev1 does as much of it as Zero in the mean (0.42 and 0.43; in seed 1 0.13 less). So look at what the models write.
# An easy problem has three numbers, a hard one four. Of the attempts in their thinking, how many use
# just the given numbers, and how many leave one out (`python -m results.reach 0`)?

# %%
names = ("right", "attempts", "all four", "fewer", "other")
print(f"{'hard countdown':16}" + "".join(f"{name:>9}" for name in names))
for seed in (0, 1, 2):
    file = RESULTS / f"reach-{seed}.json"
    reach = json.loads(file.read_text(encoding="utf-8"))["P6"]
    for stage in MODELS:
        found = reach[stage]["hard"]
        print(f"{stage:8}seed {seed}: {found['right']:10.2f}", end="")
        print(f"{found['attempts']:9.1f}", end="")
        cells = [found[name] for name in ("whole", "fewer", "other")]
        print("".join(f"{cell:9.2f}" for cell in cells))

# %% [markdown]
# (Another sample than that of the stage table, 128 problems, so the numbers differ a little.)
#
# What you see: the base hardly tries, less than once in an answer; all others go on trying, five to ten
# times. Dev1 begins as the base and has read traces with three numbers. In seed 0 it plays *another
# game*: 0.82 of its attempts leave a number out, and 0.08 use all four (the base 0.76, Zero 0.27). In
# seed 1 it is half so (0.37 and 0.18, Zero 0.30). In seed 2 it is not: there most attempts take a number
# twice or from nowhere, in Zero as in Dev1, and all four are used nearly as often (0.36, Zero 0.44). In
# all three Dev1 solves next to nothing. So the wrong game is what is lost in seed 0, and not the
# whole story in the others. Whether it comes back may be a matter of a few lucky tries, in the samples
# that Dev2 leaves to Dev3:

# %%
for seed, name in enumerate(("samples-tiny", "samples-tiny-1", "samples-tiny-2")):
    rows = tables.load(artifacts.path(name))
    kept = sum(row["family"] == "countdown" and row["level"] == "hard" for row in rows)
    print(f"seed {seed}: {kept:3} of {len(rows):,} rows are answers to hard countdown")

# %% [markdown]
# Where there is none, there is nothing to keep and nothing to reward. (Arithmetic may have less to lose:
# a longer expression prescribes its own steps.)
#
# So what is missing may simply be four-number traces in the cold start. That can be tested. Zero answers 900 hard problems,
# four times each; what is right is made readable like the rest and added to the table. Then Dev1
# and Dev2 are trained again, and nothing else is changed (`python -m results.hard_start 0`):

# %%
print(f"{'':14}{'cold start':20}{'all four':>9}{'hard right':>12}{'easy right':>12}")
for seed in (0, 1, 2):
    both = [RESULTS / f"{name}-{seed}.json" for name in ("reach", "hard-start")]
    both = [json.loads(path.read_text(encoding="utf-8"))["P6"] for path in both]
    labels = "of the recipe", f"and {both[1]['rows added']} hard rows"
    for stage in ("dev1", "dev2"):
        for label, found in zip(labels, both, strict=True):
            hard, easy = (found[stage][level] for level in ("hard", "easy"))
            print(f"{stage:5} seed {seed}: {label:20}{hard['whole']:9.2f}", end="")
            print(f"{hard['right']:12.2f}{easy['right']:12.2f}")

# %% [markdown]
# What you see: some 300 more rows, an eighth of the table, and the game is there again. Dev1 tries all
# four numbers two to eight times as often in seeds 0 and 1, more often in seed 2, and solves 0.23, 0.20 and 0.16 of
# the hard problems where the recipe's has 0.01, 0.01 and 0.04. It is at least what Zero has, which wrote
# these traces (0.11, 0.17 and 0.13). On easy problems it loses nothing (0.59, 0.57, 0.57 for
# 0.56, 0.53, 0.51), and 40 steps of RL keep what it has. So the loss is one of the *table*, not of the
# method: what a cold start leaves out, the model that follows it does not do. Had the recipe asked Zero
# for hard countdown, R1 would probably not stand behind Zero in this column. We leave the recipe as it
# was measured, and have not gone on from these models to an R1.
#
# Two cautions before any of these numbers is quoted. Readability rises with the cold
# start *by construction*: the traces were rewritten into one language, without repeated lines
# and in words, which is what the marks ask for. What is measured is that some 2,300 such traces are
# enough for the model to keep the form. And
# Dev1 begins from the base and not from Zero, here as in the paper, so "the cold
# start costs reasoning" compares a short course of reading with a long course of RL.
#
# ### The other experiments
#
# The table has one line for each stage. What *inside* a stage does the work was asked
# where the stage was built: what RL adds to a base that is made to think longer
# (chapter 09), mistakes in the traces (chapter 10), language consistency, the wide clip
# and a reference that stays (chapter 11), each filter and the amount of data (chapter 12), a
# reward model climbed for too long (chapter 13). `docs/phenomena.md` lists all of them
# with their numbers, also those that came out otherwise than hoped.

# %% [markdown] tags=["slide"]
# ## 11. Thinking longer on top, and thinking too long
#
# Training is over; can more thinking at the time of the question still add something?
# Raschka's essay on reasoning models (2025) ends by looking forward to this combination:
# a reasoning model with inference-time scaling on top. The simplest such method is the
# vote of section 3. `results/data/longer-0.json` and its siblings let R1 answer every
# reasoning problem sixteen times. (The models that made "thinking longer" a word, OpenAI's o1
# of September 2024, came with two plots over logarithmic axes, in which accuracy grows with the
# compute of RL and with that spent while answering (OpenAI, "Learning to reason with LLMs"). How o1 spends it, one long thought or
# several with a vote, has not been published; the R1 paper, too, can only compare its results.)


# %%
def longer():
    """The votes and the easy questions of seeds 0, 1 and 2."""
    paths = [RESULTS / f"longer-{seed}.json" for seed in (0, 1, 2)]
    texts = [path.read_text(encoding="utf-8") for path in paths]
    return [json.loads(text)["P14"] for text in texts]


found = longer()
for place in found[0]["voting"]:
    rows = [run["voting"][place] for run in found]
    cells = [fmean(row[f"majority@{k}"]["mean"] for row in rows) for k in (1, 4, 16)]
    best = fmean(row["pass@16"]["mean"] for row in rows)
    cost = fmean(row["majority@16"]["tokens"] for row in rows)
    print(f"{place:18}" + "".join(f"{cell:7.2f}" for cell in cells), end="")
    print(f"   pass@16 {best:.2f}, {cost:.0f} tokens a question")

# %% tags=["slide"]
curves = {
    place: {
        "vote": [
            (
                fmean(run["voting"][place][f"majority@{k}"]["tokens"] for run in found),
                fmean(run["voting"][place][f"majority@{k}"]["mean"] for run in found),
            )
            for k in (1, 4, 16)
        ]
    }
    for place in ("countdown, easy", "countdown, hard")
}
plots.curves(curves, "tokens a question", "right", "x")

# %% [markdown]
# What you see: one, four and sixteen answers over their tokens, on a logarithmic axis; each
# panel has its own scale, and neither begins at 0. The hard panel averages seeds that are far
# apart (0.00, 0.30 and 0.54 with sixteen). In the table before it the columns are one answer, the
# vote of 4 and the vote of 16; pass@16 is the ceiling that no vote can pass.
#
# Voting still pays on top of everything that training did. Sixteen answers lift easy
# countdown from 0.66 to 0.88, easy arithmetic from 0.93 to 0.96 and hard arithmetic from
# 0.67 to 0.84, in every seed with intervals that exclude 0, for sixteen times the tokens.
# Over both easy games that is 0.79 to 0.92; Zero in the middle of its training, on other
# questions (row P4 of `docs/phenomena.md`), went from 0.69 to 0.87. The gain is smaller here
# because there are fewer errors to remove; of those, the vote takes about three in five in both.
# On easy arithmetic four answers do as well as sixteen. Where one answer is right less often than some wrong one, a vote
# cannot help: logic gains nothing that is clear, and in hard countdown the vote makes the seeds that
# know a little know much more (0.08 to 0.30, 0.17 to 0.54) and leaves the one that knows
# nothing where it was.
#
# ### Overthinking
#
# The other direction. "What is the capital of France?" needs no thought, and a model
# that ponders it wastes its user's time and money. Does thinking at least not hurt?
# We ask easy questions twice. Once the answer is begun for the model with `<think>`, so
# that it must think; once with `<answer>`, so that it cannot:

# %% tags=["slide"]
print(f"{'':12}{'plain':>8}{'tokens':>8}{'thinking':>10}{'tokens':>8}   gain, paired")
for family in found[0]["overthinking"]:
    rows = [run["overthinking"][family] for run in found]
    cells = [
        fmean(row[way][what] for row in rows)
        for way in ("plain", "thinking")
        for what in ("right", "tokens")
    ]
    gains = [row["gain of thinking"]["difference"] for row in rows]
    print(
        f"{family:12}{cells[0]:8.2f}{cells[1]:8.0f}{cells[2]:10.2f}{cells[3]:8.0f}",
        end="",
    )
    print(f"   {fmean(gains):+.2f} ({', '.join(f'{g:+.2f}' for g in gains)})")

# %% [markdown]
# Made to think, R1 tells 0.33 of the facts instead of 0.56 and chats well 0.40 of the time
# instead of 0.76 (13 questions), in every seed, for two to four times the tokens; about itself
# (8 questions) it loses clearly in one seed of three. Arithmetic shows the other side: 0.91 with a
# thought, 0.05 without. But read it for what it is. R1's samples answer every fact and greeting
# without thinking and every sum with it (chapter 12), so each forced beginning is also one that
# it was not taught. To say that thinking *itself* hurts, one would have to teach facts both ways,
# which was not done. Live, with the R1 of section 9, one question
# of each kind:

# %%
model, tokenizer = artifacts.load("r1-tiny")
for family in ("facts", "arithmetic"):
    problem = asked[family][0]
    print(problem.prompt)
    for prefix in ("<think>", "<answer>"):
        begun = tokenizer.prompt(problem.prompt)
        begun = begun + tokenizer.encode(prefix, allow_special=True)
        kind = {"max_new_tokens": 160, "temperature": 0.0, "stop_ids": (EOS,)}
        (one,) = sampling.generate(model, [begun], **kind)
        text = prefix + to_text(tokenizer, one)
        print(f"  {len(one.ids):3} tokens: " + text.replace("\n", "\n              "))
    print()

# %% [markdown]
# What you see: the fact comes out either way, and costs several times the tokens with a thought; the
# sum needs its thought.

# %% [markdown] tags=["slide"]
# ## 12. What is true of the tiny world only
#
# An honest table says where it stops. Ours stops early:
#
# - **Memory and rules are all there is.** The model has under a million parameters. A
#   "fact" of a test problem is known from training in another sentence; what is held
#   out is the pair of request and frame. The column says "does it still know where it
#   was not asked just so", nothing more.
# - **The judge's truth is a definition.** It rewards the house style of known replies. A
#   good poem in other words would score low.
# - **Harm is harmless.** A "harmful" reply is one that does not refuse. Nothing here
#   measures real danger.
# - **Hard is mild.** Hard problems have one number or two operations more. AIME is not
#   a longer sum.
# - **The web was written by us.** Which habits the base has, and how often, are our
#   choices, and they were chosen while looking at what RL made of earlier worlds
#   (`docs/experiments.md`); the numbers here are of runs made after the last change. Another
#   world could have other winners.
# - **Order, not size.** That a stage helps here is evidence that its *mechanism* can
#   work. How much it helps at 671 billion parameters, only the paper can say.
#
# What does carry over are the tools. The estimator of pass@k, the interval over
# problems, the paired difference, the seeds that are listed, the planted leak, and the
# truth that training never reads: all of them hold at any size.

# %% [markdown]
# ## Summary
#
# | question | tool | mistake that it avoids |
# |---|---|---|
# | what can k tries do? | `evaluate.pass_at_k` | plugging $c/n$ into $1-(1-p)^k$: too low |
# | what does the vote say? | `Problem.ballot`, `majority` | counting two spellings as two answers |
# | how sure? | `evaluate.interval`, over problems | taking samples for problems: too narrow |
# | is B better than A? | `scorecard.paired` | comparing two intervals: blind to real gains |
# | another seed? | train again, list all | an interval that knows only problems |
# | had it seen the test? | `contamination.leaked`, `overlaps` | trusting a clean n-gram search |
# | what else changed? | `scorecard.measure` | looking only at what was rewarded |
# | who says it is good? | `judge.helpfulness`, read by evaluation only | grading with the reward model |
#
# ## Questions
#
# 1. A paper reports pass@64 of 90% and pass@1 of 30%. Which of the two does a user
#    feel, and what would turn the other into something that a user feels?
#
#    <details><summary>Answer</summary>A user who reads one answer feels pass@1. pass@64
#    becomes useful where something can pick the right one: a verifier, unit tests. A
#    vote picks without knowing the answer, and usually lies between the two.</details>
#
# 2. You double the samples per problem from 16 to 32, and the interval hardly gets
#    narrower. Why, and what would help?
#
#    <details><summary>Answer</summary>Its width comes from differences between
#    problems, and there are as many as before. More problems help; or, if two models are
#    compared, pairing.</details>
#
# 3. An n-gram search finds no test problem in a training set that was translated from
#    English to Korean. Your colleague calls it clean. What do you say?
#
#    <details><summary>Answer</summary>That an n-gram cannot see a translation. Read the
#    problems back to something that does not depend on the wording, translate one side
#    first, or hold out problems that were written after the training set.</details>

# %% [markdown]
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/15_did_it_work.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 15.1** (easy, 10 min) Two right ones. A cautious user believes an answer
# only if two samples agree on it. Of $n$ samples $c$ are right. Return the chance that
# $k$ of them, chosen at random, hold at least *two* right ones.
#
# <details><summary>Hint</summary>Subtract the choices with none and those with exactly
# one: $c \binom{n-c}{k-1}$ of the latter.</details>


# %% tags=["exercise"]
def at_least_two(n, c, k):
    """Chance that k of n samples hold two right ones or more."""
    # BEGIN SOLUTION
    none, one = comb(n - c, k), c * comb(n - c, k - 1)
    return 1 - (none + one) / comb(n, k)
    # END SOLUTION


# %% tags=["check"]
checks.ex_15_1(at_least_two)

# %% [markdown] tags=["exercise-text"]
# **Exercise 15.2** (easy, 10 min) Samples are not problems. Given a row of samples (0 or
# 1) for each problem, return the standard error of the mean accuracy, *over problems*:
# the standard deviation of their means, with $N-1$ in the variance, divided by
# $\sqrt{N}$.
#
# <details><summary>Hint</summary>`statistics.stdev` divides by $N-1$.</details>


# %% tags=["exercise"]
def spread(rows):
    """Standard error of the mean, over problems."""
    # BEGIN SOLUTION
    return stdev(fmean(row) for row in rows) / math.sqrt(len(rows))
    # END SOLUTION


# %% tags=["check"]
checks.ex_15_2(spread)

# %% [markdown] tags=["exercise-text"]
# **Exercise 15.3** (medium, 20 min) The sign test. Forget by how much; count only on how
# many problems the second model is better, and on how many worse, leaving out ties.
# If nothing had changed, each of the $n$ would be a fair coin. Return the two-sided
# $p$: the chance of a split at least as uneven as this one, in either direction, at
# most 1. Only ties give 1.
#
# <details><summary>Hint</summary>The upper tail is
# $\sum_{i \ge m} \binom{n}{i} / 2^n$ with $m$ the larger count. Double it.</details>


# %% tags=["exercise"]
def sign_test(before, after):
    """Two-sided p-value of wins against losses."""
    # BEGIN SOLUTION
    wins = sum(b > a for a, b in zip(before, after, strict=True))
    losses = sum(b < a for a, b in zip(before, after, strict=True))
    n = wins + losses
    tail = sum(comb(n, i) for i in range(max(wins, losses), n + 1)) / 2**n
    return min(1.0, 2 * tail)
    # END SOLUTION


# %% tags=["check"]
checks.ex_15_3(sign_test)

# %% [markdown] tags=["exercise-text"]
# **Exercise 15.4** (medium, 20 min) Fewer false alarms. A run of words that stands in
# many training texts is a formula of the genre and proves nothing. Return the test
# texts, in order, that have an n-gram which is in at least one and in at most `most`
# training texts. (Count texts, not occurrences.)
#
# <details><summary>Hint</summary>`ngrams(text, n)` is a set, so a `Counter` over the
# sets of all training texts counts texts.</details>


# %% tags=["exercise"]
def suspicious(train, tests, n, most):
    """Test texts that share a rare n-gram with the training texts."""
    # BEGIN SOLUTION
    seen = Counter(gram for text in train for gram in ngrams(text, n))
    return [t for t in tests if any(0 < seen[g] <= most for g in ngrams(t, n))]
    # END SOLUTION


# %% tags=["check"]
checks.ex_15_4(suspicious)

# %% [markdown] tags=["exercise-text"]
# **Exercise 15.5** (medium, 15 min) How many problems? You expect a gain of `gain`, and
# know from a pilot that the differences problem by problem have the standard deviation
# `spread`. Return the smallest number of problems for which the half-width of the 95%
# interval, $1.96 \cdot \text{spread} / \sqrt{N}$, is at most the size of the gain. No
# gain at all is a `ValueError`.
#
# <details><summary>Hint</summary>Solve for $N$ and round up.</details>


# %% tags=["exercise"]
def needed(gain, spread):
    """Smallest number of problems that shows a gain."""
    # BEGIN SOLUTION
    if gain == 0:
        raise ValueError("a gain of 0 cannot be shown by any number of problems")
    return math.ceil((1.96 * spread / gain) ** 2)
    # END SOLUTION


# %% tags=["check"]
checks.ex_15_5(needed)
