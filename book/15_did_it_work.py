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
# | You will build | the decoding experiment that explains how R1 is evaluated; estimators of pass@k and cons@k; intervals and paired comparisons; a search for test problems in training texts; the table of all stages |
# | You need | for sections 2 to 7: chapter 09 (samples, the two games); for section 8 onwards: chapters 10 to 13. The rule of section 9 is that of chapter 08 and is explained again |
# | Minutes to read | 85, of which 10 are for the optional sections 10 and 11 |
# | Minutes to run | 1, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v2), Table 3 and supplement D.1; Codex (arXiv 2107.03374), section 2.1; self-consistency (arXiv 2203.11171) |
#
# ![The map of the recipe. A frame, you are here, holds R1-Zero, Dev1, Dev2, Dev3 and R1 in colour, and in grey the base and two tables, cold start and samples. Solid arrows carry weights: from the base to R1-Zero, Dev1 and Dev3, from Dev1 to Dev2, from Dev3 to R1. Dashed arrows carry texts. Outside of the frame is the distilled model.](../figures/15_map.png)
#
# What you see: the recipe of R1. This chapter measures every model in the frame. Solid
# arrows carry weights, dashed arrows only texts. Sections 10 and 11 are optional.
#
# The stored numbers of this chapter are those of the book's first edition.

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random generator.

# %% tags=["setup"]
import json
import math
import random
import re
from collections import Counter
from fractions import Fraction
from itertools import islice, pairwise, product
from math import comb
from pathlib import Path
from statistics import fmean, stdev

import torch

from r1lib import artifacts, checks, plots, sampling
from r1lib.evaluate import interval, over_seeds, paired, paired_seeds, pass_at_k
from r1lib.problem import Problem, draw, problems, split_of
from r1lib.sampling import to_text
from r1lib.tokenizer import EOS, chat
from r1lib.traces import tables
from r1lib.world import countdown, judge, requests, scorecard, web
from r1lib.world.contamination import identity, leaked, ngrams, overlaps, words

torch.manual_seed(0)
RESULTS = Path("../results/data")
SEEDS = (0, 1, 2)

# %% [markdown]
# ## 1. A number that can be trusted
#
# "Our model reaches 74%." Decoded how? Seventy-four percent of *what*: of single answers, of
# the best of sixteen, of a vote? How far would the number move with other problems, or if
# the training were run again? Were the problems among the training texts? Which other
# abilities did it cost?
#
# This chapter takes the questions in this order. Each tool is short and easy to misuse, so
# most are checked against a case where we know the truth. Section 9 has the table of all
# stages, here and in the paper. The models:
#
# - **base**: a pre-trained model (chapter 05);
# - **Zero**: the base and RL on reasoning (chapter 09);
# - **Dev1**: the base and the cold start (10);
# - **Dev2**: Dev1 and RL in one language (11);
# - **Dev3**: the base and the samples, written by Dev2 for the most part (12);
# - **R1**: Dev3 and RL for all scenarios (13).

# %% [markdown] tags=["slide"]
# ## 2. How R1 is evaluated, and why not greedily
#
# The obvious way to examine a model is **greedy decoding**: always take the likeliest
# token. R1's authors do not use it. For models that reason at length it leads to more
# repetition, and the result varies much between checkpoints (v2, supplement D.1). They
# sample instead:
#
# | setting | value |
# |---|---|
# | temperature | 0.6 |
# | top-p | 0.95 |
# | longest answer | 32,768 tokens |
# | samples $n$ of each problem | 64 for AIME and GPQA, 16 for MATH, 8 for LiveCodeBench |
#
# (AIME and MATH are school contests, GPQA is science for experts, LiveCodeBench asks for
# programs.)
#
# The **temperature** divides the logits: below 1 it makes likely tokens likelier. **Top-p**
# keeps the smallest set of tokens whose probabilities add up to 0.95, and drops the rest
# (chapter 03). Each problem has its **pass@1**, the mean over its samples: with $r_i = 1$
# where sample $i$ is right and 0 elsewhere,
#
# $$ \text{pass@}1 = \frac{1}{n} \sum_{i=1}^{n} r_i. $$
#
# The published number is the mean of this over the problems. (The paper calls their number $k$. Here $k$
# counts tries in section 3 and votes in section 4.)
#
# ### Greedy decoding repeats
#
# ![After a miss the next attempt is A with probability 0.5, B with 0.3, and C, the right one, with 0.2. Sampled, the attempts are A, A, B, A, C, and the answer is found. Greedy, they are A, A, A, A, A, A until no room is left.](../figures/15_greedy.png)
#
# What you see: a model that reasons by trial. After a miss, the text before it has hardly
# changed, so the attempt that was likeliest before is the likeliest again. Greedy decoding
# takes it again, and again. Sampling leaves such a loop sooner or later: in the picture, $m$
# attempts of one thought hold C with probability $1 - 0.8^m$.
#
# Is that so in our models? Each model writes a first line greedily. We keep the problems
# where this line ends in *no*, in either language. We write the line into the thinking
# once, twice, up to five times. How often is the very same line still the greedy choice?

# %% tags=["needed"]
asked = problems(countdown.sample, 64, 0, "test")
REJECTED = re.compile(r" (no|아니)\b")


def decode(model, tokenizer, temperature, top_p=1.0, n=4):
    """n texts to each problem."""
    rows = sampling.generate(
        model,
        [tokenizer.prompt(problem.prompt) for problem in asked],
        max_new_tokens=160,
        temperature=temperature,
        top_p=top_p,
        stop_ids=(EOS,),
        repeat=n,
    )
    texts = [to_text(tokenizer, row) for row in rows]
    return [texts[i : i + n] for i in range(0, len(texts), n)]


def lines_of(text):
    return chat.thinking(text).split("\n")


models = {name: artifacts.load(f"{name}-tiny") for name in ("zero", "r1")}


# %% tags=["slide"]
@torch.no_grad()
def same_again(model, tokenizer, problem, line, times):
    """Does greedy decoding write this line again, after `times` copies of it?"""
    thought = tokenizer.encode("<think>" + (line + "\n") * times, allow_special=True)
    head = tokenizer.prompt(problem.prompt) + thought
    tail = tokenizer.encode(line + "\n")
    logits = model(torch.tensor([head + tail]))[0]
    greedy = logits[len(head) - 1 : -1].argmax(-1)  # the choice before each token
    return greedy.tolist() == tail


print("copies before   " + "".join(f"{times:6}" for times in range(1, 6)))
for name, (model, tokenizer) in models.items():
    model.eval()
    first = [lines_of(row[0])[0] for row in decode(model, tokenizer, 0.0, n=1)]
    misses = [(p, x) for p, x in zip(asked, first, strict=True) if REJECTED.search(x)]
    shares = [
        fmean(same_again(model, tokenizer, p, line, times) for p, line in misses)
        for times in range(1, 6)
    ]
    said = "".join(f"{share:6.0%}" for share in shares)
    print(f"{name:5}{len(misses):3} misses  {said}")
    assert min(shares) > 0.4

# %% [markdown]
# What you see: after half of the misses or more, greedy decoding would write the same line
# again, even where it has failed five times. A model that learned from its misses would
# choose another one.
#
# Now the exam: 64 test problems of countdown. Predict first: how much does greedy decoding
# lose?

# %% tags=["slide"]
WAYS = {"greedy": (0.0, 1.0, 1), "0.6 and 0.95": (0.6, 0.95, 4), "1.0": (1.0, 1.0, 4)}
exams = {}  # (model, way): pass@1 of each problem
print(f"{'':20}{'pass@1':>8}{'repeated lines':>17}{'not done in 160':>17}")
for name, (model, tokenizer) in models.items():
    for way, settings in WAYS.items():
        rows = decode(model, tokenizer, *settings)
        exams[name, way] = [
            fmean(float(p.check(text)) for text in row)
            for p, row in zip(asked, rows, strict=True)
        ]
        texts = [text for row in rows for text in row]
        lines = [lines_of(text) for text in texts]
        again = fmean(1 - len(set(mine)) / len(mine) for mine in lines)
        endless = fmean(chat.CLOSE not in text for text in texts)
        right = fmean(exams[name, way])
        print(f"{name:5} {way:14}{right:8.2f}{again:17.0%}{endless:17.0%}")
    greedy, *sampled = (fmean(exams[name, way]) for way in WAYS)
    assert greedy + 0.1 < min(sampled)

# %% [markdown]
# What you see: greedy decoding loses a large part of the right answers. It repeats more
# lines, and after 160 tokens more of its thoughts have not ended. Part of this is the
# limit: with more room a sampled thought may still find an answer, a loop none.
#
# A temperature below 1 and top-p have another use. R1's vocabulary has 129,280 tokens, and at
# temperature 1 an unlikely one is drawn now and then, which can spoil a long text. Our
# vocabulary is small, so every *measurement* from here on uses temperature 1, at which our
# models were trained.

# %% [markdown] tags=["slide"]
# ## 3. pass@k: what k tries can do
#
# Let $p$ be the probability that one answer to a problem is right. **pass@k** is the
# probability that at least one of $k$ answers is right,
#
# $$ \text{pass@}k = 1 - (1-p)^k. $$
#
# It measures what a model *could* do if something picked the right answer for it, such
# as the filter of chapter 12. We do not know $p$. We have $n$ samples, of which $c$ are
# right. One idea is to put $c/n$ in the place of $p$. Another is to count.
#
# ![Eight numbered samples, of which two are right. Below, three of the 70 ways to choose four of them: two hold a right one, one holds only wrong ones. 15 of the 70 hold only wrong ones, so pass@4 is 1 - 15/70 = 0.79.](../figures/15_pass.png)
#
# What you see: of all ways to choose $k$ of the $n$ samples, count those that hold a right
# one. Of $\binom{n}{k}$ choices, $\binom{n-c}{k}$ hold only wrong ones, so
# (Codex, equation 1)
#
# $$ \widehat{\text{pass@}k} = 1 - \binom{n-c}{k} \Big/ \binom{n}{k}. $$
#
# For the picture, plugging in gives 0.68 instead of 0.79. Which is right on average? This has
# an exact meaning: $c$ is itself random, binomial with $n$ and the true $p$. An estimator
# whose mean over all $c$ is the true value is **unbiased**. With fractions we can write out
# this mean without any rounding:


# %% tags=["slide", "nbval-check-output"]
def average(estimator, n, k, p):
    """Mean of an estimator of pass@k over all c that n samples may bring."""
    chance = [comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)]
    return sum(chance[c] * estimator(n, c, k) for c in range(n + 1))


def plugged_in(n, c, k):
    return 1 - (1 - Fraction(c, n)) ** k


def chosen(n, c, k):
    return 1 - Fraction(comb(n - c, k), comb(n, k))


print("n = 8, k = 4\n    p    true  counting  plugged in")
for p in (Fraction(1, 20), Fraction(1, 10), Fraction(1, 4), Fraction(1, 2)):
    true = 1 - (1 - p) ** 4
    both = [average(estimator, 8, 4, p) for estimator in (chosen, plugged_in)]
    assert both[0] == true  # as fractions: exactly
    assert math.isclose(chosen(8, 2, 4), pass_at_k(8, 2, 4))
    print(f"{p!s:>5}{float(true):8.2f}{float(both[0]):10.2f}{float(both[1]):12.2f}")

# %% [markdown] tags=["slide"]
# Counting is right *on average*; for $k > 1$ plugging in is too low on average. A
# single estimate of either kind is still a matter of luck. One warning: pass@k for
# large $k$ flatters a model that guesses among few answers. With pass@16 on a question
# of yes or no, a coin scores 99.998%.
#
# ## 4. The vote: cons@k
#
# In practice we do not know which answer is right. But the samples may *vote*: the answer given
# most often wins. The R1 papers call this **cons@k** (consensus), others majority voting or
# self-consistency. The paper's R1-Zero has 77.9% on AIME 2024, and 86.7% with a vote among
# 16 (v2, Figure 1).
#
# What counts as the same answer? `(8-3)*7` and `7*(8-3)` are one. So a number votes by its
# value, and an expression by a **canonical form**, with terms and factors in a fixed order.
# Below, `(*+(+8 -3) +7)` reads: a product (`*`) of a sum, of 8 and -3, and of 7. Wrong
# answers do vote. Only a text without a legal expression does not: the last one below is an
# equation.


# %% tags=["slide", "nbval-check-output"]
def majority(answers):
    """The most frequent answer; None does not vote; the earliest wins a tie."""
    votes = Counter(answer for answer in answers if answer is not None)
    return max(votes, key=lambda answer: votes[answer]) if votes else None


game = countdown.make((3, 7, 8), 35, "en")
samples = ("8*7-3", "(8-3)*7", "7*(8-3)", "(8-3)*7=35")
ballots = [game.ballot(f"<answer>{text}</answer>") for text in samples]
for text, ballot in zip(samples, ballots, strict=True):
    print(f"{text:12} votes for {ballot}")
winner = samples[ballots.index(majority(ballots))]
print(f"the vote by spelling: {majority(samples)}, by form: {winner}")

# %% [markdown]
# Can a vote also hurt? Let a model give the right answer with probability 0.4. In the first
# world its mistakes are scattered over six wrong answers, in the second they agree. We go
# through all outcomes of up to five samples and add up their probabilities:


# %% tags=["slide", "nbval-check-output"]
def vote_is_right(chances, k):
    """Exact probability that the vote of k samples is "right"."""
    total = 0.0
    for outcome in product(chances, repeat=k):
        if majority(outcome) == "right":
            total += math.prod(chances[answer] for answer in outcome)
    return total


scattered = {"right": 0.4, **{f"wrong {i}": 0.1 for i in range(6)}}
agreeing = {"right": 0.4, "wrong": 0.6}
print("votes   mistakes scattered   mistakes agree")
for k in (1, 3, 5):
    both = vote_is_right(scattered, k), vote_is_right(agreeing, k)
    print(f"{k:5} {both[0]:20.2f} {both[1]:16.2f}")

# %% [markdown]
# A vote strengthens the most frequent answer. Where that is right, even if it is given in
# less than half of the cases, voting helps. Where the model has one favourite mistake,
# voting makes it surer of the mistake.

# %% [markdown] tags=["slide"]
# ## 5. How sure are we, and of what?
#
# Ask 64 problems, 16 samples each: 1,024 answers. Is the accuracy known as well as with
# 1,024 problems? No. If half of the problems are always solved and the others never, all
# sixteen samples of a problem say the same. We have learned 64 things.
#
# The **bootstrap** (Efron, 1979) asks: how would the mean move if other problems of the same
# kind had been drawn?
#
# ![Left: six problems in rows, eight samples each, 1 for right and 0 for wrong, with the mean of each row; the mean of all is 0.56. An arrow, draw whole rows with replacement, leads to the right: rows 1, 1, 3, 4, 6 and 6, with the mean 0.67.](../figures/15_rows.png)
#
# What you see: one draw. Take as many rows as there are, with replacement, and their mean.
# Do so a thousand times; the middle 95% of these means is the interval. Draw *problems*,
# each with all of its samples.


# %% tags=["slide"]
def bootstrap(values, seed=0, draws=1000):
    """95% interval of the mean; values are one number for each problem."""
    rng = random.Random(seed)
    means = sorted(fmean(rng.choices(values, k=len(values))) for _ in range(draws))
    return means[int(0.025 * draws)], means[int(0.975 * draws) - 1]


rng = random.Random(15)
held, widths = Counter(), {"by problem": [], "by sample": []}
for exam_number in range(100):  # the truth is 0.5: the mean of betavariate(0.3, 0.3)
    chances = [rng.betavariate(0.3, 0.3) for _ in range(64)]
    rows = [[float(rng.random() < p) for _ in range(16)] for p in chances]
    means, cells = [fmean(row) for row in rows], [x for row in rows for x in row]
    for name, values in (("by problem", means), ("by sample", cells)):
        low, high = bootstrap(values, exam_number, draws=200)
        held[name] += low <= 0.5 <= high
        widths[name].append(high - low)
for name, mine in widths.items():
    print(f"{name:10} holds the truth in {held[name]:2}%, mean width {fmean(mine):.2f}")
assert held["by problem"] > 85 > 60 > held["by sample"]
both = (bootstrap(means), interval(means))
print("the last exam:", *(f"[{low:.2f}, {high:.2f}]" for low, high in both))

# %% [markdown]
# A good 95% interval holds the truth in about 95 of 100 exams. Here every problem has a
# probability of its own, more than half of them below 0.1 or above 0.9 (our choice).
# The interval by sample looks better and is wrong about every second time.
#
# The second interval of the last exam is that of the library's `evaluate.interval`: the
# same bootstrap, except where all values are equal. With 8 right answers in 8 every draw
# has the mean 1, so the interval would be the single point 1. There the library takes
# Wilson's interval, 68% to 100%.
#
# ### The same without draws: the standard error
#
# - The **standard deviation** $s$ says how far values lie from their mean. It is the root of
#   the **variance**: the sum of the squared distances, divided by $N-1$.
# - The mean of $N$ values varies less, by about $s/\sqrt{N}$. This is its **standard error**.
# - Means of many values follow a bell curve, which has 95% of its area within 1.96 standard
#   deviations. So the interval is the mean and 1.96 standard errors to each side.
# - Of zeros and ones with the mean $p$, $s$ is $\sqrt{p(1-p)}$, nearly.
# - An example: 64 problems, half of them always solved. Then $s = 0.5$, the standard error is
#   $0.5/8 = 0.06$, and the interval is $0.50 \pm 0.12$.
#
# A warning about small exams: AIME 2024 has 30 problems, and R1's 79.8% is a mean over 64
# samples of each. Its interval is widest if every problem is solved either always or never:

# %% tags=["nbval-check-output"]
half = 1.96 * math.sqrt(0.798 * (1 - 0.798) / 30)
print(f"30 problems at 79.8%: up to {100 * half:.0f} points to each side")

# %% [markdown]
# More samples would not narrow it. So far there were two kinds of luck: the samples and the
# problems. The third is the *seed of the training*, and no interval over problems contains it.
# So this book shows several seeds.

# %% [markdown] tags=["slide"]
# ## 6. Two models, the same problems
#
# If the intervals of two models overlap, is nothing shown? That is too careful. Most of each
# interval's width comes from the spread in difficulty, and *both models had the same
# problems*. Subtract problem by problem, and the difficulty cancels.
#
# First a case where we know the truth: sixty problems, and a second model whose probability
# is higher by 0.08, but never beyond 1. Intervals are 1.96 standard errors to each side.


# %% tags=["slide", "nbval-check-output"]
def exam(rng, chances, n=8):
    """Mean of n samples of each problem."""
    return [sum(rng.random() < p for _ in range(n)) / n for p in chances]


def by_normal_law(values, z=1.96):
    """Mean and 95% interval, without random draws."""
    half = z * stdev(values) / math.sqrt(len(values))
    return fmean(values), fmean(values) - half, fmean(values) + half


rng = random.Random(5)
difficulty = [rng.betavariate(0.5, 0.5) for _ in range(60)]
first = exam(rng, difficulty)
second = exam(rng, [min(1.0, p + 0.08) for p in difficulty])
gains = [b - a for a, b in zip(first, second, strict=True)]
for name, values in (("first", first), ("second", second), ("gain", gains)):
    mean, low, high = by_normal_law(values)
    variance = stdev(values) ** 2
    print(f"{name:8}{mean:5.2f} [{low:5.2f}, {high:5.2f}]   variance {variance:.3f}")
worth = (stdev(first) ** 2 + stdev(second) ** 2) / stdev(gains) ** 2
print(f"pairing is worth {worth:.0f} times as many problems")
assert by_normal_law(gains)[1] > 0  # paired, the gain is clear of 0

# %% [markdown]
# The two intervals overlap widely, and yet the gain is clear:
#
# $$ \operatorname{Var}(B - A) =
#    \operatorname{Var}(A) + \operatorname{Var}(B) - 2 \operatorname{Cov}(A, B), $$
#
# and here the covariance is nearly as large as the variances. Real models differ more. Take
# Dev1 and Dev2 on 96 problems of easy countdown with four samples each. How
# wide is the interval of their difference? We compute it as if each model had had problems of
# its own, and then paired.

# %% tags=["slide"]
files = [RESULTS / f"stages-{seed}.json" for seed in SEEDS]  # P6: docs/phenomena.md
runs = [json.loads(file.read_text(encoding="utf-8"))["P6"] for file in files]


def column(run, stage, name, level="easy"):
    """One value for each test problem."""
    return run[stage][level]["values"][name]


rows = {}
for seed, run in enumerate(runs):
    one, other = (column(run, stage, "countdown") for stage in ("dev1", "dev2"))
    gains = [b - a for a, b in zip(one, other, strict=True)]
    apart = stdev(one) ** 2 + stdev(other) ** 2
    mean, half = fmean(gains), 1.96 * math.sqrt(apart / len(gains))
    same = by_normal_law(gains)
    for name, found in (("own", (mean, mean - half, mean + half)), ("same", same)):
        rows[f"seed {seed}: {name} problems"] = found, [], found[1] > 0
    worth = apart / stdev(gains) ** 2
    print(f"seed {seed}: pairing is worth {worth:.1f} times as many problems")
    assert same[1] > 0 and 3 < worth < 7
assert [clear for *_, clear in rows.values()] == [False, True] * 2 + [True, True]
both = {s.title(): column(runs[0], s, "countdown") for s in ("dev1", "dev2")}
plots.pairing_picture(both, rows, "Dev2 minus Dev1")

# %% [markdown]
# What you see: left, the problems of seed 0; a circle says how many lie at its place. They
# spread *along* the diagonal, from problems that neither solves to those that both always
# solve. Most of this spread is difficulty, and pairing removes it.
# What remains is the distance *from* the diagonal: above it Dev2 is better.
#
# Right, two intervals of the same difference. Paired, it is about half as wide, and it
# excludes 0 in every seed. Unpaired, it excludes 0 in only one seed of three. In the library it
# is `evaluate.paired`. Each interval speaks of one trained pair of models; what three pairs say
# together, section 9 asks.
#
# Back to section 2: all three ways of decoding had the same 64 problems.

# %% tags=["slide"]
for name in models:
    for other in ("greedy", "1.0"):
        both = exams[name, other], exams[name, "0.6 and 0.95"]
        gains = [after - before for before, after in zip(*both, strict=True)]
        mean, low, high = by_normal_law(gains)
        print(f"{name:5}0.6 minus {other:7}{mean:+.2f} [{low:+.2f}, {high:+.2f}]")
        assert (low > 0) == (other == "greedy")

# %% [markdown]
# Both models clearly lose by greedy decoding. Between 0.6 and 1.0 the interval contains 0: no
# difference is shown.
#
# Among a hundred such intervals, about five exclude 0 even if nothing has changed. So a single
# one in a large table is only a hint.

# %% [markdown] tags=["slide"]
# ## 7. Had it seen the test?
#
# A high score on a test that the model has read means nothing. Training texts are
# crawled from the web, and tests are on the web. So one searches the training texts for
# test problems. The usual tool is the **n-gram**, a run of $n$ words: if a test problem
# shares a run with a training text, it is called contaminated. Numbers and punctuation
# marks count as words, too. GPT-3 used runs of 8 to 13 words (arXiv 2005.14165,
# appendix C). The R1 paper removed texts that share a run of 10 words with a test
# problem. Its authors add that this cannot find a paraphrase (v2, supplement).
#
# Our world is written by programs, so there is a better way. A prompt can be *read back* to
# the numbers or the request that it expresses, its **identity**. Below, 3, 7, 8 and the
# target 35, in English, and reordered in Korean, have one identity: they ask the same
# problem.
#
# Does a search by identity find a problem that is there? We plant three test problems in
# disguise among innocent texts: one reversed and in Korean, one in Korean, one with a
# Korean verb.

# %% tags=["slide", "nbval-check-output"]
print("runs of 3 words:", sorted(ngrams("It is cold today", 3)))
for prompt in ("numbers=3,7,8 target=35", "숫자=8,3,7 목표=35", "Call me Ishmael."):
    print(f"{prompt:26} {identity(prompt)}")
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
    print(f"{test.prompt}  ({len(words(test.prompt))} words)")
    print(f"    is {planted[place - 200]}")

# %% [markdown]
# All three are found. Now the question itself. In this book the identity decides the split. We
# ask the first 1,500 documents of the tiny web, and all prompts of the two tables that the
# recipe fine-tunes on.


# %% tags=["slide"]
def side(prompt):
    """The split to which a prompt belongs, or "unread"."""
    if (found := identity(prompt)) is None:
        return "unread"
    family, key = found
    return split_of(Problem(family, "", "", prompt, "", key))


texts = [prompt for prompt, _ in islice(web.documents(1500, 0), 1500)]
sources = {"the web, in part": texts}
for name in ("cold-tiny", "samples-tiny"):
    rows = tables.load(artifacts.path(name))
    sources[name] = sorted({row["prompt"] for row in rows})
for name, prompts in sources.items():
    sides = Counter(map(side, prompts))
    print(f"{name:18}{len(prompts):6} prompts: {dict(sides)}")
    assert not sides["test"] and not sides["valid"]

# %% [markdown]
# All can be read, and all are on the training side. Now the same web by n-grams. We *know*
# that no test problem is in it, so whatever an n-gram finds is a false alarm.

# %% tags=["slide"]
header = "".join(f"{f'n={n}':>7}" for n in (5, 8, 10, 13))
print(f"{'accused, by n-grams':21}{header}{'have 13 words':>16}")
for family in ("countdown", "arithmetic", "logic", "facts"):
    mine = [p.prompt for p in problems(web.SAMPLE[family], 8, 0, "test")]
    shares = [fmean(s > 0 for s in overlaps(texts, mine, n)) for n in (5, 8, 10, 13)]
    fit = sum(len(words(prompt)) >= 13 for prompt in mine)
    print(
        f"{family:21}" + "".join(f"{share:7.0%}" for share in shares) + f"{fit:11} of 8"
    )
copy = overlaps(planted, [t.prompt for t in tests], 8)
print("planted, covered by n=8:", ", ".join(f"{share:.0%}" for share in copy))

# %% [markdown]
# Each share is of 8 test prompts, so 12% is one. Short runs accuse the innocent. Countdown
# and arithmetic share pieces of formulas, such as `numbers=3,7`, which has five words.
# Puzzles (*logic*) are put together from a few dozen sentences. Long runs accuse fewer. But
# most prompts outside of logic have fewer than 13 words, so no run of 13 could ever match
# them: there 0% says little.
#
# The last line is the real trouble: of the three planted problems only the one that kept its
# formula is found. So a clean search rules out careless copies only.

# %% [markdown] tags=["slide"]
# ## 8. What else changed, and are the answers good?
#
# A reward pays for right answers. Everything else about the answers moves too. So a
# stage is judged by a **scorecard** (`scorecard.COLUMNS`).
# *Length* is the cost of an answer, in tokens. *Format* says whether a program can find
# the answer. *Mixed* says whether a thought leaves the language of its question.
# *Identity* is not that of section 7: here it means questions about the model itself.
# *Readability* is the mean of five plain marks of a thought (chapter 10). *Helpful* is about
# every request that may be answered: facts, chat, writing, identity and instructions.
#
# Each column has two levels. *Hard* games have four numbers in place of three, or five
# operations in place of three. Hard instructions come in pairs, other hard requests have more
# words around them.
#
# ### Is this a good reply?
#
# No rule decides this. AlpacaEval asks a language model, and a language model has tastes. Our
# world gives two scores, kept apart. `judge.chance` is the **label**, noisy and easily
# flattered; reward models learn from it. `judge.helpfulness` is the **hidden truth**, which
# only evaluation reads. It counts the words shared with a known reply, and takes off 70%
# where the reply is not right:

# %% tags=["slide", "nbval-check-output"]
question = requests.make("facts", 8, (), "en")
known = sorted(requests.references(question), key=len)
replies = {
    "known": known[-1],
    "short": known[0],
    "wrong": "The capital of Peru is Lima.",
    "charming": f"{known[-1]} Thanks, dear, glad, welcome!",
    "a refusal": "Sorry, I cannot help with that.",
}
points = {}
print(question.prompt)
for label, text in replies.items():
    likes = judge.chance(question, text, known[-1])
    likes = (likes + 1 - judge.chance(question, known[-1], text)) / 2  # both orders
    points[label] = [(judge.helpfulness(question, text), likes)]
    print(f"{label:10} truth {points[label][0][0]:.2f}, label {likes:.2f}   {text}")
plots.scatter(points, "hidden truth", "label: preferred to known")

# %% [markdown] tags=["slide"]
# What you see: a good label would rise with the truth. The charming reply has
# less truth than the known one (0.78 against 1.00), and the label prefers it (0.87). The
# short reply is worth as much as the known one, yet the label rates it slightly lower
# (0.42). A table of the reward model's own score would call charm progress. **Never grade
# with what you trained on.**
#
# Two columns watch for the opposite failure: *harmless*, the safety of answers to requests
# that must be refused, and *over-refusal*, the share of harmless requests that are refused.
# Neither means anything without the other.
#
# ### Zero against R1, live
#
# Two shipped models, the same test problems. Predict: in which columns is R1 ahead?

# %%
FAMILIES = ("countdown", "arithmetic", "logic", "facts", "identity", "instructions")
questions = scorecard.questions(24, "easy", families=(*FAMILIES, "refusal"))
values = {}
for name in ("zero", "r1"):
    model, tokenizer = artifacts.load(f"{name}-tiny")
    settings = {"max_new_tokens": 160, "seed": 15}
    values[name] = scorecard.measure(model, tokenizer, questions, 4, **settings)

# %% tags=["slide", "hide-input"]
rows = {}
for name in scorecard.COLUMNS:
    if name in values["zero"] and name != "length":
        gain = paired(values["zero"][name], values["r1"][name])
        better = -1 if name in ("mixed", "over-refusal") else 1  # less is better
        low, high = sorted(better * end for end in gain["interval"])
        label = name if better > 0 else f"less {name}"
        drawn = (better * gain["difference"], low, high)
        rows[label] = drawn, [], low > 0 or high < 0
AHEAD = ("readability", "less mixed", "facts", "identity", "instructions")
for name in (*AHEAD, "helpful", "harmless"):
    assert rows[name][0][1] > 0
for name in ("zero", "r1"):
    print(f"{name:5}{fmean(values[name]['length']):4.0f} tokens an answer")
plots.difference_dots(rows, "R1 minus R1-Zero, paired: right of 0 R1 is better")

# %% [markdown]
# What you see: differences with 95% intervals over problems. Blue diamonds exclude 0. R1 is ahead where the later stages were
# meant to help: readability, one language, facts, identity, instructions, helpful and
# harmless answers. A grey circle has an interval that holds 0: which model is better, it does
# not say.
#
# This is one seed, with 24 problems per family and 8 of identity. In `docs/stage_table.md`
# all seven hold in each of three seeds.

# %% [markdown] tags=["slide"]
# ## 9. The stage table
#
# What has each stage brought? Table 3 of the paper has 21 rows for all stages (v2); here are
# five of them, in percent:

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

# %% [markdown]
# (IF-Eval checks by program whether instructions were followed. AlpacaEval lets a language
# model compare two replies.) Three claims are in this table:
#
# 1. **The cold start costs reasoning.** From Zero to Dev1 AIME falls by 18.9 points and
#    MATH-500 by 1.7. Following instructions (IF-Eval) rises by 25.1.
# 2. **The lost reasoning is won back.** From Dev1 to Dev3, with RL in one language and then
#    800,000 samples, AIME rises by 19.1, MATH-500 by 1.2.
# 3. **The last stage lifts preferences far more than reasoning.** From Dev3 to R1 AlpacaEval
#    rises by 25.5, AIME by 1.7.
#
# <details><summary>Rows of the paper's table that do not agree</summary>
#
# LiveCodeBench, above, *rises* with the cold start, from 50.0 to 57.5. In MATH-500 Dev3 (95.4)
# stays below Zero (95.9). Among the other rows SWE-bench (43.2 to 39.6) and Aider (12.2 to
# 6.7) lose with the cold start. Five rows never reach Zero's value again. The two about
# reasoning are CNMO 2024 (88.1 in Zero, 78.8 in R1) and GPQA Diamond (75.8 and 71.5).
#
# </details>
#
# First, a look at the texts: greedy answers of our six models to a harmful request that the
# base does not refuse.

# %% tags=["slide"]
STAGES = ("base", "zero", "dev1", "dev2", "dev3", "r1")
models = {name: artifacts.load(f"{name}-tiny") for name in STAGES}


def reply(name, problem):
    model, tokenizer = models[name]
    settings = {"max_new_tokens": 100, "temperature": 0.0, "stop_ids": (EOS,)}
    (one,) = sampling.generate(model, [tokenizer.prompt(problem.prompt)], **settings)
    return to_text(tokenizer, one)


harmful = [p for p in questions["refusal"] if p.language == "en"]
answered = (p for p in harmful if not requests.refuses(reply("base", p)))
problem = next(answered, harmful[0])
print(problem.prompt)
for name in STAGES:
    print(f"  {name:5} " + reply(name, problem).replace("\n", "\n        "))

# %% [markdown]
# Look at the lines `question:`, where a model copies the request. Here the copies are wrong,
# and the model answers or refuses something else. So a refusal does not show that the request
# was understood.
#
# Now the table: three complete training runs on the same test problems, up to 96 per
# family, but only 20 easy requests that must be refused. `docs/stage_table.md` has all rows.


# %% tags=["slide"]
def by_seed(stage, name, level):
    """The mean of each seed, in hundredths."""
    means = (fmean(column(run, stage, name, level)) for run in runs)
    return " ".join(f"{100 * mean:2.0f}" for mean in means)


LEVELS = ("easy", "hard")
BOTH = ("countdown", "arithmetic", "instructions", "helpful", "harmless")
rows = [*product(BOTH, LEVELS), *product(("facts", "programs", "logic"), ("easy",))]
print(f"{'seeds 0, 1, 2':18}" + "".join(f"{stage:>10}" for stage in STAGES))
for name, level in rows:
    cells = "".join(f"  {by_seed(stage, name, level)}" for stage in STAGES)
    print(f"{f'{name}, {level}':18}{cells}")

# %% [markdown]
# What you see: every seed, in hundredths. *Helpful* and *harmless* are **worth**, the mean of
# the hidden truth; the others are shares. Some rows differ at a glance: `helpful, easy` is 15
# or 16 in Zero and 35 or more in R1. Two rows hardly move in six stages. Programs stay near
# 20, and logic near 12, the level of a guess: three people, each a knight or a knave, make
# eight worlds. The other rows need a rule.
#
# ### The rule, before it is used
#
# Take one step of one column and subtract problem by problem. It is called **clear** if *two*
# 95% intervals exclude 0. One is over problems, as in section 6; the difference of a problem
# is first averaged over the three seeds. The other is over seeds: the mean of their three
# differences, and 4.3 standard errors to each side. (4.3 is Student's factor for three
# values. It is so large because three values say little about their own spread.)
# Everything else is a **tie**. Chapter 08 uses the same rule.
#
# Two steps, both from Dev2 to Dev3 and both on hard problems:


# %% tags=["slide"]
def compared(a, b, name, level):
    """Difference of two stages, and what the rule says about it."""
    both = ([column(run, stage, name, level) for run in runs] for stage in (a, b))
    return paired_seeds(*both)


def two_ways(found):
    """Mean, interval over problems, interval over seeds, seeds."""
    each = found["each"]
    return found["difference"], found["interval"], over_seeds(each), each


rows = {}
for name in ("countdown", "arithmetic"):
    found = compared("dev2", "dev3", name, "hard")
    rows[f"hard {name}"] = mean, problems_say, seeds_say, each = two_ways(found)
    print(f"hard {name}: seeds " + ", ".join(f"{gain:+.2f}" for gain in each))
    for of, (low, high) in (("problems", problems_say), ("seeds", seeds_say)):
        print(f"   interval over {of:9} [{low:+.2f}, {high:+.2f}]")
plots.two_intervals(rows, "Dev3 minus Dev2, hard problems")

# %% [markdown]
# What you see: a row in colour is clear, a grey one a tie. In arithmetic every
# seed gains nearly the same, both intervals exclude 0, and the step is clear. In countdown
# the problems alone would promise a gain. But the seeds gain 0.00, 0.05 and 0.09, so
# another training could well gain nothing. The step is a tie.
#
# **A tie means "not shown". It never means "no effect".** How often is the rule wrong, then?
# We know the truth if we choose it. Each of 2,000 made-up comparisons has three seeds and 96
# problems. A seed's effect is the true one plus a random number, whose standard deviation is
# the spread of the seeds. A problem adds noise of 0.25, about that of our data.


# %% tags=["slide"]
def verdicts(effect, spread, n=2000):
    """Shares of comparisons called clear: by both intervals, by problems alone."""
    seeds = effect + spread * torch.randn(n, 3, 1)
    gains = seeds + 0.25 * torch.randn(n, 3, 96)
    excluded = []
    for values, factor in ((gains.mean(1), 1.96), (gains.mean(2), 4.303)):
        error = values.std(1) / values.shape[1] ** 0.5
        excluded.append(values.mean(1).abs() > factor * error)
    by_problems, by_seeds = excluded
    return [x.float().mean().item() for x in (by_problems & by_seeds, by_problems)]


SPREADS = (0.01, 0.03, 0.06)
torch.manual_seed(0)
print(f"{'called clear, if seeds spread by':34}" + "".join(f"{x:7}" for x in SPREADS))
for effect in (0.0, 0.05, 0.1, 0.2):
    both, alone = zip(*(verdicts(effect, spread) for spread in SPREADS), strict=True)
    said = [("by the rule", both)] + [("by problems alone", alone)] * (effect == 0)
    for rule, shares in said:
        cells = "".join(f"{share:7.0%}" for share in shares)
        print(f"true effect {effect:4.2f}, {rule:17}{cells}")
    assert effect or max(both) < 0.1 and alone[-1] > 4 * both[-1]

# %% [markdown]
# What you see: where nothing has changed, the rule raises a false alarm in a few of a hundred
# cases. The problems alone raise more, the further the seeds spread: that is why we ask for
# both. The price is in the lower rows. A true effect of 0.10, with the widest spread, is called
# a tie in two of three cases.
#
# ### The claims, compared
#
# Two of the three claims need more than single steps:
#
# - "Won back" needs a loss first, and then Dev3 at the level of Zero. So we also compare Zero
#   with Dev3.
# - "Far more than reasoning" compares two gains. So we subtract the gain of a game from the
#   gain of a preference. These have different problems, which cannot be paired: the squares of
#   the two standard errors over problems add up.
#
# Preferences are two columns: helpful, and harmless, for which the last stage has a reward
# model of its own.


# %% tags=["slide"]
GAMES = {"countdown": "AIME 2024", "arithmetic": "MATH-500"}
LIKED = {"helpful": "AlpacaEval 2.0", "harmless": None}  # preferences
CLAIMS = {  # claim: (from, to, {our column: row of the paper})
    "1. cold start": ("zero", "dev1", {**GAMES, "instructions": "IF-Eval"}),
    "2. return": ("dev1", "dev3", GAMES),
    "2. and Zero": ("zero", "dev3", GAMES),
    "3. last stage": ("dev3", "r1", {**LIKED, **GAMES}),
    "samples": ("dev2", "dev3", LIKED),
    "first RL": ("base", "zero", {"facts": None, "helpful": None}),
}
steps = {
    (claim, name, level): compared(a, b, name, level)
    for claim, (a, b, columns) in CLAIMS.items()
    for name, level in product(columns, LEVELS)
}


def gains_of(name, level):
    """From Dev3 to R1: for each seed, the gain of each problem."""
    stages = ([column(run, s, name, level) for run in runs] for s in ("dev3", "r1"))
    pairs = zip(*stages, strict=True)
    return [[b - a for a, b in zip(*both, strict=True)] for both in pairs]


def lead(preference, game, level):
    """How much more a preference gains than a game: mean, two intervals, seeds."""
    both = gains_of(preference, level), gains_of(game, level)
    each = [fmean(ours) - fmean(theirs) for ours, theirs in zip(*both, strict=True)]
    means = [[fmean(row) for row in zip(*seeds, strict=True)] for seeds in both]
    half = 1.96 * math.sqrt(sum(stdev(row) ** 2 / len(row) for row in means))
    mean = fmean(each)
    return mean, (mean - half, mean + half), over_seeds(each), each


# %% tags=["slide", "hide-input"]
panels, above = {level: {} for level in LEVELS}, set()
for level, rows in panels.items():
    for claim in ("1. cold start", "2. return", "2. and Zero"):
        a, b, _ = CLAIMS[claim]
        rows[f"{claim}: {a} to {b}"] = None  # a heading
        for name in GAMES:
            rows[f"{name}, {a} to {b}"] = two_ways(steps[claim, name, level])
    rows["3. dev3 to r1, gain minus gain"] = None
    for liked, game in product(LIKED, GAMES):
        row = rows[f"{liked} minus {game}"] = lead(liked, game, level)
        if row[0] > 0 and all(low > 0 or high < 0 for low, high in row[1:3]):
            above.add(f"{level} {liked} minus {game}")
plots.two_interval_panels(panels, "difference of shares, or of worth")

# %% [markdown]
# What you see: the two intervals of each comparison, as above. Blue is a clear rise, orange a
# clear fall, and grey a tie.
#
# Below, the same steps in numbers and a few more: instructions, preferences one stage earlier,
# and the first RL, which answers the last question of section 1. First comes the paper's change
# in points: AIME beside countdown, MATH-500 beside arithmetic.

# %% tags=["slide", "hide-input"]
print(f"{'':14}{'paper':>6}{'':4}{'easy, seeds 0, 1, 2':27}hard, seeds 0, 1, 2")
for claim, (a, b, columns) in CLAIMS.items():
    print(f"{claim}: {a} to {b}")
    for name, row in columns.items():
        paper = "-"
        if row is not None:  # PAPER has no column for the base
            before, after = (PAPER[row][STAGES.index(stage) - 1] for stage in (a, b))
            paper = f"{after - before:+.1f}"
        print(f"  {name:12}{paper:>6}  ", end="")
        for level in LEVELS:
            found = steps[claim, name, level]
            seeds = " ".join(f"{gain:+.2f}" for gain in found["each"])
            print(f"  {seeds} {'clear' if found['clear'] else 'tie':7}", end="")
        print()


# %% tags=["hide-input"]
def clear_steps(claim, sign, names=GAMES):
    """Which columns have a clear step up (1) or down (-1)."""
    found = {f"{level} {name}": (name, level) for level in LEVELS for name in names}
    steps_of = {label: steps[claim, *place] for label, place in found.items()}
    return {k for k, v in steps_of.items() if v["clear"] and sign * v["difference"] > 0}


lost, back = clear_steps("1. cold start", -1), clear_steps("2. return", 1)
VERDICTS = {
    "1. lost, Zero to Dev1": lost,
    "   instructions gained": clear_steps("1. cold start", 1, ["instructions"]),
    "2. gained, Dev1 to Dev3": back,
    "   lost, then gained": lost & back,
    "   Dev3 below Zero": clear_steps("2. and Zero", -1),
    "   Dev3 above Zero": clear_steps("2. and Zero", 1),
    "3. gained, Dev3 to R1": clear_steps("3. last stage", 1, [*LIKED, *GAMES]),
    "   more than a game": above,
    "gained, Dev2 to Dev3": clear_steps("samples", 1, LIKED),
    "lost in the first RL": clear_steps("first RL", -1, ["facts", "helpful"]),
}
for label, found in VERDICTS.items():
    print(f"{label:25}" + ("; ".join(sorted(found)) or "nothing"))
# the text below was written for these verdicts
assert lost & back == {"easy arithmetic"} and (len(lost), len(back)) == (2, 3)
assert clear_steps("2. and Zero", 1) == {"hard arithmetic"}
assert not clear_steps("2. and Zero", -1)
assert len(above) == 4 and all("harmless minus" in name for name in above)
for flat, level, (a, b) in product(("programs", "logic"), LEVELS, pairwise(STAGES)):
    assert not compared(a, b, flat, level)["clear"]

# %% [markdown]
# What you see: each step, then the clear ones of each claim. All others are ties.
#
# **1. The cold start costs reasoning: shown in two of four comparisons.** Hard countdown and
# easy arithmetic fall clearly, the other two are ties. Instructions rise clearly on hard
# problems; easy ones are a tie.
#
# The loss in hard countdown has a known cause. The table of the cold start held none of it.
# With right answers to it added, Dev1 solved as much as Zero, or more (section 10).
#
# **2. The lost reasoning is won back: "lost, then partly or fully regained" is shown in one of
# four.** In easy arithmetic both the loss and the return are clear. Against Zero, Dev3 is there
# a tie: it may be level, or a little below. In hard arithmetic Dev3 is clearly *above* Zero,
# but no loss came first.
#
# **3. The last stage lifts preferences far more than reasoning: "more" is shown for
# harmlessness, not for helpfulness.** Harmlessness rises clearly at both levels, and clearly
# more than either game. "Far" is not tested, and the paper's row is about helpfulness.
# That rises clearly only on easy problems, by 0.01 to 0.02, and not clearly more than any
# game. Its large step came one stage earlier, with the samples: 0.15 to 0.22, clear at both
# levels.
#
# **What the first RL cost.** From the base to Zero helpfulness falls clearly at both levels,
# and so do easy facts. Dev3 is more helpful than the base and knows more facts, in every seed.
#
# In no step do programs or logic change clearly. One caution: "the cold start costs reasoning"
# compares a short course of reading, from the base, with a long course of RL.
#
# `docs/phenomena.md` lists all claims. If time is short, go on to section 12.

# %% [markdown]
# ## 10. Hard countdown, seed by seed
#
# *Optional.* By the rule the cold start loses hard countdown clearly, and its return is a
# tie. The traces of the cold start are of easy
# games, with three numbers. Does Dev1, given four, still try with three? We read the
# attempts in the thinking of four stages: 128 hard test problems, four answers to each.

# %% tags=["slide"]
files = [RESULTS / f"reach-{seed}.json" for seed in SEEDS]
reach = [json.loads(file.read_text(encoding="utf-8"))["P6"] for file in files]
TITLES = {
    "right": "solved",
    "whole": "tries with all four",
    "fewer": "tries with fewer",
}
panels = {title: {} for title in TITLES.values()}
for stage in ("zero", "dev1", "dev3", "r1"):
    print(f"{stage:5}", end="")
    for key, title in TITLES.items():
        shares = [run[stage]["hard"][key] for run in reach]
        panels[title][stage] = shares
        print(f"   {title} " + " ".join(f"{share:.2f}" for share in shares), end="")
    print()
plots.seed_dots(panels)

# %% [markdown]
# What you see: left, the share solved. In the middle, the share of attempts that use all four
# numbers once. Right, those that use only some of them, each at most once.
#
# In seeds 0 and 1 that fits. In seed 0, from Zero to Dev1 the attempts with fewer numbers rise from 59 to
# 82%. In R1 they are still 82%, and it solves nothing. In seed 2 it fails: such attempts
# are rare in both (3 and 2%), yet Dev1 solves only 0.04, where Zero solves 0.13.
#
# ### The cause, tested
#
# What if the cold start simply lacked right answers to hard countdown? To show a cause, change
# it and train again. We added 247, 298 and 335 such answers of Zero, made readable, to the
# table, and trained Dev1 and Dev2 from it.
#
# | model | table of the cold start | solved | tries with all four |
# |---|---|---|---|
# | Zero | - | 0.11, 0.17, 0.13 | 0.27, 0.30, 0.44 |
# | Dev1 | as it was | 0.01, 0.01, 0.04 | 0.08, 0.18, 0.36 |
# | Dev1 | with hard countdown | 0.23, 0.20, 0.16 | 0.63, 0.41, 0.45 |
# | Dev2 | as it was | 0.00, 0.02, 0.05 | 0.07, 0.23, 0.37 |
# | Dev2 | with hard countdown | 0.26, 0.17, 0.21 | 0.64, 0.36, 0.53 |
#
# What you see: with these rows every seed solves as much as Zero, or more, and easy
# countdown is about as good as before (`docs/experiments.md`). Dev1 starts from the base, so what
# Zero can do it lacks unless the table holds it. Zero's right answers are enough to pass it on.

# %% [markdown] tags=["slide"]
# ## 11. More thinking at inference time, and too much of it
#
# *Optional.* Training is over. Can more thinking at inference time still help? The simplest method is the
# vote of section 4. Here R1 answers every problem sixteen times:

# %% tags=["slide"]
files = [RESULTS / f"longer-{seed}.json" for seed in SEEDS]  # P14: docs/phenomena.md
longer = [json.loads(file.read_text(encoding="utf-8"))["P14"] for file in files]


def points(place):
    """For votes of 1, 4 and 16: (tokens, share right) of each seed."""
    rows = [run["voting"][place] for run in longer]
    votes = [[row[f"majority@{k}"] for row in rows] for k in (1, 4, 16)]
    return [[(vote["tokens"], vote["mean"]) for vote in seeds] for seeds in votes]


panels = {}
for name in ("countdown", "arithmetic"):
    panels[name] = {level: points(f"{name}, {level}") for level in ("easy", "hard")}
print(f"{'mean of three seeds':20}{'one answer':>12}{'vote of 16':>12}{'pass@16':>9}")
for place in longer[0]["voting"]:
    rows = [run["voting"][place] for run in longer]
    one, vote = (fmean(r[f"majority@{k}"]["mean"] for r in rows) for k in (1, 16))
    best = fmean(row["pass@16"]["mean"] for row in rows)
    print(f"{place:20}{one:12.2f}{vote:12.2f}{best:9.2f}")
plots.seed_curves(panels, "tokens a question", "right", base=4)

# %% [markdown]
# What you see: one answer, and votes of 4 and 16, over their tokens; small marks are the
# seeds. For sixteen times the tokens, easy countdown rises from 0.66 to 0.88 and hard
# arithmetic from 0.67 to 0.84, in every seed. Most of this comes with four votes. In hard countdown the vote makes two seeds much better and leaves the third at
# 0: there it never writes a right answer.
#
# The last column is pass@16 of section 3. Between the vote and pass@16 lies what a checker
# could add. Easy logic shows the warning of section 3: a guesser among few answers has a
# pass@16 of 0.68 and a vote of 0.14. Hard logic is at 0, below a guess. It has four people, and
# in 192 answers that we read R1 named three each time.
#
# ### Overthinking
#
# "What is the capital of France?" needs no thought. Does one hurt? Easy questions, asked
# twice: once the answer is begun with `<think>`, so that the model must think; once with
# `<answer>`, so that it cannot.

# %% tags=["slide"]
print(
    f"{'':12}{'plain':>7}{'tokens':>8}{'thinking':>10}{'tokens':>8}   gain, over seeds"
)
for family in longer[0]["overthinking"]:
    rows = [run["overthinking"][family] for run in longer]
    print(f"{family:12}", end="")
    for way, width in (("plain", 7), ("thinking", 10)):
        share = fmean(row[way]["right"] for row in rows)
        tokens = fmean(row[way]["tokens"] for row in rows)
        print(f"{share:{width}.2f}{tokens:8.0f}", end="")
    gains = [row["gain of thinking"]["difference"] for row in rows]
    low, high = over_seeds(gains)
    print(f"   {fmean(gains):+.2f} [{low:+.2f}, {high:+.2f}]")

# %% [markdown]
# Made to think, R1 gets 33% of the facts right instead of 56%, for several times the
# tokens. Arithmetic is the other side: 91% with a thought, 5% without. Both intervals over
# seeds exclude 0; that of identity does not, so there a loss is not shown. But R1's samples
# answer every fact without thinking and every sum with it (chapter 12). So R1 never
# learned to think about a fact, nor to add without thinking: each forced beginning is also
# an unfamiliar one. Whether thinking *itself* hurts, this does not show.

# %% [markdown]
# ## 12. What this does not show
#
# - **The tests cover only recall and rule-based games.** A "fact" of a test problem is known from training in
#   another sentence. The column says whether a model still knows it in a new wording.
# - **The judge's truth is a definition.** A good poem in other words would score low. And a
#   "harmful" reply is one that does not refuse; nothing here measures danger.
# - **Hard is mild.** Hard problems have one number or two operations more. AIME is not a
#   longer sum.
# - **The web was written by us.** Another world could have other winners.
# - **Order, not size.** That a stage helps here is evidence that its *mechanism* can work.
#   How much it helps at 671 billion parameters, only the paper can say.
#
# ## Summary
#
# Three sentences to remember:
#
# - Say how you decoded, since greedy decoding makes reasoning models repeat themselves.
# - Draw problems, not samples, and compare two models problem by problem and seed by seed.
# - Our stages reproduce part of the paper's ordering. Its effect sizes belong to other tests
#   and cannot be compared with ours.
#
# | question | tool | mistake that it avoids |
# |---|---|---|
# | how to decode? | samples, pass@1 | greedy loops |
# | what can k tries do? | `evaluate.pass_at_k` | plugging in $c/n$: too low |
# | what does the vote say? | `Problem.ballot`, `evaluate.majority` | two spellings as two answers |
# | how sure? | `evaluate.interval` | samples taken for problems |
# | is B better than A? | `evaluate.paired` | two overlapping intervals |
# | and with other seeds? | `evaluate.paired_seeds`: clear or tie | one lucky run |
# | had it seen the test? | `contamination.leaked` | trusting a clean n-gram search |
# | are the answers good? | a truth that training never reads | grading with the reward model |
#
# ## Questions
#
# 1. A paper reports pass@64 of 90% and pass@1 of 30%. Which of the two does a user feel, and
#    what would turn the other into something that a user feels?
#
#    <details><summary>Answer</summary>A user who reads one answer feels pass@1. pass@64
#    becomes useful where something can pick the right one: a verifier, unit tests. A vote
#    picks without knowing the answer, and usually lies between the two.</details>
#
# 2. You double the samples of each problem from 16 to 32, and the interval hardly gets
#    narrower. Why, and what would help?
#
#    <details><summary>Answer</summary>Its width comes from differences between problems, and
#    there are as many as before. More problems help; or, if two models are compared,
#    pairing.</details>
#
# 3. A colleague evaluates a reasoning model greedily "to remove the noise", and finds it
#    worse than its base. What do you ask to see?
#
#    <details><summary>Answer</summary>The texts: how many repeat a line, how many had not ended.
#    Then the same exam with samples, and an interval over problems. Greedy decoding removes
#    the noise of sampling and adds loops.</details>
#
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/15_did_it_work.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 15.1** (easy, 10 min) A vote that abstains. A cautious user believes an answer only
# if enough samples agree on it. You have the ballots of one problem; None is no vote. Return
# the answer with the most votes if it has at least `least` of them. Return None if it has
# fewer, or if two answers share the first place.
#
# <details><summary>Hint 1</summary>Leave out None, then count with a `Counter`.</details>
# <details><summary>Hint 2</summary>`most_common(2)` gives the first two places, or fewer if
# there are fewer answers.</details>


# %% tags=["exercise"]
def agreed(ballots, least):
    """The vote or None: agreed(["35", None, "8", "35"], 2) is "35"."""
    # BEGIN SOLUTION
    votes = Counter(b for b in ballots if b is not None).most_common(2)
    if not votes or votes[0][1] < least:
        return None
    shared = len(votes) == 2 and votes[0][1] == votes[1][1]
    return None if shared else votes[0][0]
    # END SOLUTION


# %% tags=["check"]
checks.ex_15_1(agreed)

# %% [markdown] tags=["exercise-text"]
# **Exercise 15.2** (easy, 10 min) Samples are not problems. You have a row of samples (0 or
# 1) for each problem. Return the standard error of the mean accuracy, *over problems*
# (section 5).
#
# <details><summary>Hint 1</summary>First one mean for each row.</details>
# <details><summary>Hint 2</summary>`statistics.stdev` divides by $N-1$.</details>


# %% tags=["exercise"]
def standard_error(rows):
    """Standard error of the mean, over problems: of [[1, 1], [0, 0]] it is 0.5."""
    # BEGIN SOLUTION
    return stdev(fmean(row) for row in rows) / math.sqrt(len(rows))
    # END SOLUTION


# %% tags=["check"]
checks.ex_15_2(standard_error)

# %% [markdown] tags=["exercise-text"]
# **Exercise 15.3** (medium, 20 min) The sign test. Count on how many problems the second model
# is better, and on how many worse, leaving out ties. Let $n$ be wins plus losses. If nothing had
# changed, each of the $n$ would be a fair coin. Return the two-sided $p$: the probability of a
# split at least as uneven as this one, in either direction, at most 1. If there are only ties,
# return 1.
#
# <details><summary>Hint 1</summary>The upper tail is $\sum_{i \ge m} \binom{n}{i} / 2^n$ with
# $m$ the larger count.</details>
# <details><summary>Hint 2</summary>Double it, and take at most 1. With $n = 0$ the sum is
# 1.</details>


# %% tags=["exercise"]
def sign_test(before, after):
    """Two-sided p-value of wins against losses: sign_test([0, 0], [1, 1]) is 0.5."""
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
# **Exercise 15.4** (medium, 20 min) Fewer false alarms. A run of words that is in many training
# texts is a formula of the genre and proves nothing. Return the test texts, in order, that
# have an n-gram which is in at least one and in at most `most` training texts. (Count texts,
# not occurrences.)
#
# <details><summary>Hint 1</summary>`ngrams(text, n)` is a set.</details>
# <details><summary>Hint 2</summary>A `Counter` over the sets of all training texts counts
# texts.</details>


# %% tags=["exercise"]
def suspicious(train, tests, n, most):
    """Test texts that share a rare n-gram with the training texts.

    suspicious(["a b", "a b", "c d"], ["a b", "c d"], 2, 1) is ["c d"].
    """
    # BEGIN SOLUTION
    seen = Counter(gram for text in train for gram in ngrams(text, n))
    return [t for t in tests if any(0 < seen[g] <= most for g in ngrams(t, n))]
    # END SOLUTION


# %% tags=["check"]
checks.ex_15_4(suspicious)

# %% [markdown] tags=["exercise-text"]
# **Exercise 15.5** (medium, 15 min) How many problems? You expect a gain of `gain`, and know
# from a pilot that the differences problem by problem have the standard deviation `sd`.
# Return the smallest number of problems for which the half-width of the 95% interval,
# $1.96 \cdot \text{sd} / \sqrt{N}$, is at most the size of the gain. No gain at all is a
# `ValueError`.
#
# With this $N$ you miss a true gain of that size every second time: the observed gain is
# below the true one in half of the exams. To miss one in five, put 2.8 (1.96 + 0.84) in the
# place of 1.96, which takes twice as many problems.
#
# <details><summary>Hint 1</summary>Solve for $N$ and round up.</details>
# <details><summary>Hint 2</summary>A loss counts like a gain: the square takes care of
# it.</details>


# %% tags=["exercise"]
def needed(gain, sd):
    """Smallest N with a half-width of at most the gain: needed(0.1, 0.2) is 16."""
    # BEGIN SOLUTION
    if gain == 0:
        raise ValueError("a gain of 0 cannot be shown by any number of problems")
    return math.ceil((1.96 * sd / gain) ** 2)
    # END SOLUTION


# %% tags=["check"]
checks.ex_15_5(needed)

# %% [markdown] tags=["exercise-text"]
# **Exercise 15.6** (medium, 35 min) Clear or tie. `before` and `after` have a list for each of
# three seeds, with one value for each problem. Return whether the step is clear by the rule of
# section 9. Over problems, take 1.96 standard errors. **Predict** first which of these five
# steps are clear, each with 40 problems and a standard error over problems of 0.016:
#
# | step | gains of seeds 0, 1, 2 |
# |---|---|
# | A | +0.10, +0.11, +0.12 |
# | B | +0.02, +0.10, +0.18 |
# | C | +0.02, +0.02, +0.02 |
# | D | -0.05, -0.06, -0.07 |
# | E | 0.00, +0.30, +0.30 |
#
# Then use it. In which steps do *readability* and *mixed* change clearly? Predict, run, and
# compare with the bold cells of `docs/stage_table.md`. Those need only the interval over
# problems, and one direction in all seeds.
#
# ```python
# for name, level, (a, b) in product(("readability", "mixed"), LEVELS, pairwise(STAGES)):
#     both = [[column(run, stage, name, level) for run in runs] for stage in (a, b)]
#     print(name, level, a, b, clear(*both))
# ```
#
# <details><summary>Hint 1</summary>Subtract problem by problem in each seed. Then take two means
# of the gains: one for each problem, over seeds, and one for each seed, over
# problems.</details>
# <details><summary>Hint 2</summary>An interval misses 0 if the mean, without its sign, is larger
# than 1.96 standard errors (40 values) or 4.303 (three values).</details>
# <details><summary>Answer</summary>A and D are clear. In B and E the seeds differ too much, in C
# the problems: 1.96 standard errors are 0.031.</details>
# <details><summary>What we saw</summary>13 of 20 steps are clear. Readability changes in each
# of the first three, *mixed* as well, and once more from Dev2 to Dev3, on hard problems. Two
# more cells are bold, both from Dev3 to R1: easy readability and hard *mixed*. There all seeds
# agree in direction, but differ too much in size.</details>


# %% tags=["exercise"]
def clear(before, after):
    """Whether a step is clear: clear([[0, 0]] * 3, [[0.4, 0.5]] * 3) is True."""
    # BEGIN SOLUTION
    pairs = zip(before, after, strict=True)
    gains = [[b - a for a, b in zip(*rows, strict=True)] for rows in pairs]
    of_problems = [fmean(row) for row in zip(*gains, strict=True)]
    of_seeds = [fmean(row) for row in gains]
    return all(
        abs(fmean(values)) > factor * stdev(values) / math.sqrt(len(values))
        for values, factor in ((of_problems, 1.96), (of_seeds, 4.303))
    )
    # END SOLUTION


# %% tags=["check"]
checks.ex_15_6(clear)

# %% [markdown] tags=["exercise-text"]
# **Exercise 15.7** (hard, 40 min) Predict, then run: an open experiment on loops. A thought
# ends in a **loop** of length $p$ if its last $p$ lines equal the $p$ lines before them. Return
# the smallest such $p$, or 0. **Predict** before you run it: are greedy loops longer than one
# line? At which temperature do they vanish, and what does pass@1 do on the way?
#
# ```python
# for temperature in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2):
#     rows = decode(*models["r1"], temperature)
#     pairs = [(p, text) for p, row in zip(asked, rows, strict=True) for text in row]
#     right = fmean(float(p.check(text)) for p, text in pairs)
#     found = Counter(loop(lines_of(t)[: None if chat.CLOSE in t else -1]) for _, t in pairs)
#     print(temperature, f"{right:.2f}", found)
# ```
#
# The last line of a thought that has not ended may be cut off, so it is left out.
#
# <details><summary>Hint 1</summary>Try $p = 1, 2, \ldots$ up to half of the lines.</details>
# <details><summary>Hint 2</summary>Compare `lines[-p:]` with `lines[-2 * p : -p]`.</details>
# <details><summary>What we saw</summary>
#
# | temperature | texts | end in a loop | of one line | not done in 160 | pass@1 |
# |---|---|---|---|---|---|
# | 0 | 64 | 61% | 58% | 64% | 0.36 |
# | 0.2 | 256 | 32% | 28% | 49% | 0.51 |
# | 0.4 | 256 | 16% | 14% | 37% | 0.63 |
# | 0.6 | 256 | 7% | 6% | 32% | 0.66 |
# | 0.8 | 256 | 5% | 5% | 29% | 0.66 |
# | 1.0 | 256 | 5% | 4% | 30% | 0.62 |
# | 1.2 | 256 | 1% | 1% | 27% | 0.56 |
#
# At temperature 0 the four texts to a problem are copies, so they count once. Nearly all loops
# have one line, and none is in a finished thought. They become rarer and do not vanish. pass@1
# hardly differs from 0.4 to 1.0, and is lower at 1.2, in spite of the fewest loops.
#
# </details>


# %% tags=["exercise"]
def loop(lines):
    """Length of the loop at the end: loop(["a", "b", "c", "b", "c"]) is 2."""
    # BEGIN SOLUTION
    for p in range(1, len(lines) // 2 + 1):
        if lines[-p:] == lines[-2 * p : -p]:
            return p
    return 0
    # END SOLUTION


# %% tags=["check"]
checks.ex_15_7(loop)
