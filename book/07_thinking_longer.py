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
# # Thinking longer at inference
#
# | | |
# |---|---|
# | You will build | votes, best-of-N, a process reward model, beam search, a tree search, budget forcing, and a fair count of tokens for all of them |
# | You need | Chapter 01; the verifier of chapter 06 helps |
# | Minutes to read | 135; the exercises take about 120 |
# | Minutes to run | 1 on a laptop's processor, some more if it is busy |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948), section 4.2 of version 1, "Unsuccessful Attempts"; each method names its own paper |
#
# ![A map. In a frame on the left three shared parts: a policy that writes, a scorer that judges, a ledger that counts tokens. Arrows lead from it to three rows, and on to one answer and its tokens. Whole answers: vote, best of n, weighted vote. Step by step: beam, lookahead, tree search. One answer, changed: budget forcing, refine, calculator.](../figures/07_map.png)
#
# What you see: nine ways to spend a question's tokens, and their sections. The weights of the policy never change.
#
# | section | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 |
# |---|---|---|---|---|---|---|---|---|---|---|---|---|---|
# | minutes to read | 6 | 10 | 8 | 7 | 12 | 9 | 11 | 11 | 7 | 5 | 23 | 14 | 8 |
#
# **The short route** (70 minutes): sections 1 to 5 and 10, the table in section 11, and
# section 12. Run the cells of sections 6 to 9 without their text. You only need these words:
#
# - A *process reward model* (PRM) scores each line of an answer.
# - A beam keeps a few unfinished answers. A tree keeps all; each is a *node*.
# - A *simulation* goes to one node and lets the policy finish it: a *rollout*. The nodes on
#   the way are *visited*, and note the score.
# - Forcing stops a thought or makes it go on.
#
# **Run the next cell first**, and skip its list of names.

# %% tags=["setup"]
import json
import math
import pathlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate
from statistics import fmean, pstdev

import torch
from torch.nn import functional as F

from r1lib import artifacts, checks, plots
from r1lib.evaluate import majority, paired
from r1lib.feedback import preferences, reward_model
from r1lib.feedback.reward_model import RewardConfig, RewardModel
from r1lib.problem import problems
from r1lib.progress import bar
from r1lib.search import beams, process
from r1lib.search.forcing import AGAIN, refine
from r1lib.search.ledger import Ledger, OutOfTokens, SearchResult
from r1lib.search.models import Ask, Recorded, outcome_score, remembered, verified
from r1lib.search.paths import (
    STEP,
    Continuation,
    Path,
    asked,
    at_least_one,
    best,
    ended,
)
from r1lib.search.process import Step, steps
from r1lib.search.tools import calculate, with_calculator
from r1lib.search.trees import Node
from r1lib.tokenizer.chat import CLOSE
from r1lib.training import optim
from r1lib.verifiers import extract_answer
from r1lib.world import arithmetic, countdown

# %% [markdown] tags=["slide"]
# ## 1. More tokens for one answer
#
# A language model spends about the same compute on every token. To spend more on a question,
# it must write more: a longer answer, several answers, or a search among unfinished
# ones. This is **inference-time scaling**.
#
# The **policy** is the model that writes. `Ask` wraps it: it takes pairs of a prompt and
# the text written so far, and returns continuations. Each has a text, its number of
# tokens, and its log-probability: how likely the policy found it. The field `finish`
# says how it ended:
#
# - `"stop"`: the model ended its answer;
# - `"until"`: it reached a string that we wait for, such as the end of a line;
# - `"length"`: it was cut off.
#
# We begin with one answer of R1 to a countdown (chapter 01): reach the target with the
# given numbers.

# %%
models = {name: artifacts.load(f"{name}-tiny") for name in ("base", "r1")}
tokenizer = models["r1"][1]
LONGEST = 192  # tokens of one completion


def policy(name, temperature=1.0, seed=1):
    """A model as a policy, with a random generator of its own."""
    generator = torch.Generator().manual_seed(seed)
    return Ask(*models[name], LONGEST, temperature, generator)


game = problems(countdown.sample, 1, 27, "test", language="en")[0]
((one,),) = policy("r1")([(game.prompt, "")])
print(game.prompt)
print(one.text)
print(f"{one.tokens} tokens, finish {one.finish!r}, log-probability {one.logprob:.1f}")
assert game.check(one.text) and one.tokens < 64

# %% [markdown]
# Each line of thinking is one attempt, a *tape*. Read the first one:
#
# | on the line | it says |
# |---|---|
# | `15+7=22,+11=33` | sums from left to right, each continuing from the previous result |
# | `~11` | the target |
# | `=22` | the distance of 33 from it |
# | `no false` | the verdict; its second word is for human readers (chapter 10) |
#
# In our run the second line has a slip: 15+11 is 26. R1 rejects
# that line too, and tries another, until one reaches the target.
#
# The oldest way to spend more tokens is a **chain of thought**. Wei et al. showed large
# models worked examples (arXiv 2201.11903). For Kojima et al. the words "Let's think
# step by step" were enough (arXiv 2205.11916). Our base has read tagged text, so the
# same nudge is one tag: we open its answer with `<think>`, or with `<answer>`.

# %%
games = problems(countdown.sample, 40, 3, "test")  # easy, held out
sums = problems(arithmetic.sample, 40, 3, "test")


def share(name, problems, begin, k=2):
    """The share of right answers of a model, and the mean of their tokens."""
    rows = policy(name)([(p.prompt, begin) for p in problems], k)
    right = fmean(
        p.check(begin + more.text)
        for p, row in zip(problems, rows, strict=True)
        for more in row
    )
    return right, fmean(more.tokens for row in rows for more in row)


chain = {}
for family, mine in (("countdown", games), ("arithmetic", sums)):
    for begin in ("<answer>", "<think>"):
        chain[family, begin] = right, tokens = share("base", mine, begin)
        print(f"base, {family:11}{begin:9} {right:4.0%} right, {tokens:3.0f} tokens")
    assert chain[family, "<think>"][0] > chain[family, "<answer>"][0]

# %% [markdown] tags=["slide"]
# What you see: the same weights, with one tag of difference. The base already *has* a
# habit of working things out, and the tag asks for it.
#
# ## 2. Many answers and a vote
#
# The next idea: draw several answers to one question, and keep the most frequent one. Wang
# et al. called this **self-consistency** (arXiv 2203.11171). It needs no judge, but it has
# to know when two answers are the same:

# %% tags=["nbval-check-output"]
target = countdown.make((3, 4, 5), 17, "en")
five = ("3*4+5", "5+4*3", "(5-4)*3", "(5-4)*3", "4*3+5")
said = [f"<answer>{text}</answer>" for text in five]
text, count = Counter(extract_answer(text) for text in said).most_common(1)[0]
print(f"votes by text:    {count} for {text}")

ballots = [target.ballot(text) for text in said]
winner = majority(ballots)
chosen = said[ballots.index(winner)]
print(f"votes by meaning: {ballots.count(winner)} for {extract_answer(chosen)}")
print("right" if target.check(chosen) else "wrong")

# %% [markdown]
# Counted as texts, the wrong `(5-4)*3` wins with two votes. Yet three answers were right
# and only written differently. So a vote must count *meanings*: `3*4+5` and `5+4*3` are
# one expression. The `ballot` of a problem says what a completion votes for.
#
# Now with R1. Sampling is the slow part, and most methods need the same samples. So we draw 16
# answers to each of the 40 games once, and let the first n of them vote. An answer that was cut
# off has no vote.

# %%
LIVE, SIZES = 16, (1, 2, 4, 8, 16)
drawn = policy("r1")([(p.prompt, "") for p in games], LIVE)
samples = {p.prompt: row for p, row in zip(games, drawn, strict=True)}
single = [fmean(p.check(m.text) for m in samples[p.prompt]) for p in games]


def finished(answers):
    """The texts that were not cut off."""
    return [more.text for more in answers if more.finish == "stop"]


def vote(problem, answers):
    """The first text with the most frequent meaning; empty if none was finished."""
    texts = finished(answers)
    ballots = [problem.ballot(text) for text in texts]
    return texts[ballots.index(majority(ballots))] if texts else ""


def first(problem, answers):
    """The first text that was finished, without any vote."""
    return next(iter(finished(answers)), "")


def chosen_by(choose, n):
    """Is the choice among the first n answers right? A verdict for each game."""
    return [float(p.check(choose(p, samples[p.prompt][:n]))) for p in games]


print(f"one answer, mean of {LIVE} draws: {fmean(single):.0%} right")
print(f"{'answers':15}" + "".join(f"{n:6}" for n in SIZES))
for name, choose in (("first finished", first), ("vote", vote)):
    shares = [fmean(chosen_by(choose, n)) for n in SIZES]
    print(f"{name:15}" + "".join(f"{share:6.0%}" for share in shares))

# %% [markdown]
# The vote climbs, and then flattens. (The first draws were luckier than the mean of all 16.)
# But a vote does two things: it drops what was cut off, and it looks for agreement. The row
# `first finished` does only the first, and in our run brings most of the gain. Agreement
# brings the rest.
#
# Two votes make no majority. So the rows are equal there: a second answer helps only where
# the first was cut off.
#
# But 16 answers cost more than one, and we want to compare methods at equal cost. So every method
# of the library has one form. It takes a problem, a policy and a `budget`, and returns a text with
# its bill. A `Ledger` draws the answers, drops what was cut off, and counts tokens (section 5). An
# answer is a `Path` there; its field `value` will hold a score.

# %%
# r1lib.search.votes.self_consistency

# %% [markdown]
# The policy `Recorded` plays our samples back in order. `replay` runs a method on the first n
# of each game; a method that finishes nothing raises `OutOfTokens`, and counts as wrong.


# %%
def attempt(problem, way, ask):
    """Run a search: (right, tokens). One that finishes nothing is wrong."""
    try:
        found = way(problem, ask)
    except OutOfTokens as error:
        return 0.0, error.tokens
    return float(problem.check(found.text)), found.tokens


def replay(way, n):
    """A search on every game with n recorded answers: tokens and verdicts."""
    plenty = LIVE * LONGEST * 3  # no budget that would stop it
    way = partial(way, budget=plenty, n=n)
    rows = [attempt(game, way, Recorded(samples, LONGEST)) for game in games]
    right, tokens = zip(*rows, strict=True)
    return tokens, right


replayed = {"vote": [replay(self_consistency, n) for n in SIZES]}
for n, (tokens, right) in zip(SIZES, replayed["vote"], strict=True):
    print(f"vote of the first {n:2}: {fmean(tokens):6.0f} tokens, {fmean(right):.0%}")
    assert list(right) == chosen_by(vote, n)

# %% [markdown] tags=["slide"]
# The verdicts are the same. Now we also know what they cost.
#
# ## 3. Best of N: something has to choose
#
# A vote needs answers that coincide, and two essays never coincide word for word. **Best-of-N**
# needs a score instead: draw n answers, and keep the one with the highest score. Three
# judges can give it:
#
# - **The policy** knows how likely it found each answer. To keep its **likeliest** answer,
#   we compare the mean log-probability of a token. A sum would prefer whatever is short.
# - **The verifier** knows what is right. With it, best-of-N is right as soon as one of the
#   n answers is: this is pass@n of chapter 15, the ceiling for every choice. A real
#   question has no such verifier.
# - **An outcome reward model** (ORM) reads a whole answer and gives the probability that
#   it is right (Cobbe et al., arXiv 2110.14168).
#
# Our ORM is R1 with its output layer replaced by a single number. It learns from R1's own
# answers to *training* problems, each marked right or wrong by the verifier. Its loss is
# **binary cross-entropy**: $-\ln p$ for a right answer, $-\ln(1-p)$ for a wrong one. How low
# should it be? A model that always says the mean label is the one to beat.
#
# <details><summary>The names in the cell after next</summary>
#
# In `learn`, `RewardModel.of` copies R1 and adds this output. `RewardConfig` holds the
# epochs, the batch size and the learning rate. The loss is `step_loss`: this
# cross-entropy, which section 6 also needs for labels between 0 and 1.
#
# </details>

# %%
# r1lib.search.votes.likeliest
# r1lib.search.best_of_n

# %%
lessons = problems(countdown.sample, 48, 5, "train")
asker = policy("r1", seed=2)
rows = asker([(p.prompt, "") for p in lessons], 8)
answers = [
    (p, more.text)
    for p, row in zip(lessons, rows, strict=True)
    for more in row
    if more.finish == "stop"
]
graded = [  # `str`: the whole text is read, not the final answer alone
    (preferences.encode(tokenizer, p.prompt, text, str), float(p.check(text)))
    for p, text in answers
]
print(f"{len(graded)} answers, {fmean(right for _, right in graded):.0%} right")


def learn(examples, epochs, name):
    """Train a scorer from R1's weights on (ids, share of right answers)."""
    model, config = RewardModel.of(models["r1"][0]), RewardConfig(epochs=epochs)
    optimizers = optim.adamw(model, config.lr)
    loop = reward_model.train(model, examples, config, optimizers, process.step_loss)
    steps = epochs * math.ceil(len(examples) / config.batch_size)
    losses = [metrics["loss"] for metrics in bar(loop, steps, name, ("loss",))]
    print(f"loss: {fmean(losses[:5]):.2f} at first, {fmean(losses[-5:]):.2f} at last")
    p = fmean(share for _, share in examples)
    constant = -p * math.log(p) - (1 - p) * math.log(1 - p)
    print(f"a model that always says {p:.2f}: {constant:.2f}")
    assert fmean(losses[-5:]) < fmean(losses[:5]), "the loss did not fall"
    return model


orm = learn(graded, 2, "outcome model")
rate = remembered(outcome_score(orm, tokenizer))  # computes each text once

# %% [markdown] tags=["slide"]
# ## 4. The weighted vote
#
# A vote ignores scores, and best-of-N ignores agreement. Li et al. combine them (arXiv
# 2206.02336): equal answers add up their scores, and the highest sum wins.
#
# ![Six answers to one question with their scores: 6 with 0.20, 5 with 0.50, 6 with 0.20, 7 with 0.90, 5 with 0.45, 6 with 0.20. The vote chooses 6, which has three votes. Best of n chooses 7, for its 0.90. The weighted vote chooses 5, as 0.50 + 0.45 = 0.95 is the highest sum. A verifier, which knows that 5 is right, chooses the first 5.](../figures/07_choices.png)
#
# What you see: the same six answers, chosen in four ways. The vote takes 6, the most frequent.
# Best-of-N takes 7, the answer with the highest score. The weighted vote takes 5, because
# 0.50 + 0.45 = 0.95 is the highest sum. A verifier would also take 5, as it is right.

# %%
# r1lib.search.weighted_vote

# %%
ways = {
    "likeliest": likeliest,
    "best of n, outcome model": partial(best_of_n, score=rate),
    "weighted vote, outcome model": partial(weighted_vote, score=rate),
    "best of n, verifier": partial(best_of_n, score=verified),
}
for name, way in ways.items():
    replayed[name] = [replay(way, n) for n in SIZES]
print(f"{'answers':28}" + "".join(f"{n:6}" for n in SIZES))
for name, columns in replayed.items():
    print(f"{name:28}" + "".join(f"{fmean(right):6.0%}" for _, right in columns))
above = []  # for each game with both: how often a right answer is above a wrong one
for problem in games:
    scores = defaultdict(list)
    texts = [m.text for m in samples[problem.prompt] if m.finish == "stop"]
    for text, score in zip(texts, rate(problem, texts)[0], strict=True):
        scores[problem.check(text)].append(score)
    both = [good > bad for good in scores[True] for bad in scores[False]]
    above += [fmean(both)] if both else []
low, high = paired([0.0] * len(above), above)["interval"]
print(f"outcome model, in {len(above)} games with right and wrong answers:", end=" ")
print(f"right above wrong in {fmean(above):.0%} of pairs [{low:.0%}, {high:.0%}]")

# %% [markdown]
# The verifier climbs furthest, as it must. On these 40 games the policy's own probability
# is a good judge, and free: sampling has computed it. A likely reason: a right tape
# is a string of easy sums, and a slip a rare token.
#
# The ORM is a weak judge. It has learned from a few hundred answers, and its loss is about
# that of the constant. How often does it put a right answer above a wrong one of the same
# game? The last line gives the share with its 95% interval (section 10), which contains a
# coin's 50% in our run. (`paired` compares two lists; against zeros it
# gives the interval of a mean.) A judge may also rank well and be badly **calibrated**: it
# says 0.9 of ten answers, and six are right.
#
# Its best-of-n rises and falls by a few games, too few for a conclusion. Section 12 has more.

# %% [markdown] tags=["slide"]
# ## 5. One account of tokens: counting fairly
#
# Is best-of-8 with a reward model cheaper than a vote of 16? Only a common unit can tell.
# The **ledger** of a search counts
#
# - 1 for each token that the policy samples, the end of the answer included, whether the
#   answer is used or not;
# - 1 for each token that a model as scorer reads or writes. A beginning that has already
#   been scored *on its own* is not paid again;
# - 0 for a verifier, which is a program;
# - 0 for the question, for the opening that we write, and for what a program adds.
#
# An example for the second rule: two answers share their first line, and a line has 5 tokens.
# If that line was scored by itself before, each answer costs the judge 5. If not, each costs
# 10. A cache (chapter 03) would keep the line anyway, and make the second answer 5. So the rule
# is biased against tree search, where many answers share lines. Section 12 says what this changes.
#
# Every search takes a `budget`, the most tokens that policy and scorer may spend together
# on an answer that is returned. If no answer is complete when the budget runs out, the search
# raises `OutOfTokens`.
#
# A toy makes the account easy to follow. Its policy has a table with what may come after each
# text. Asked again, it gives the next entry of the row, and each entry costs 5 tokens:
#
# | written so far | may come next |
# |---|---|
# | nothing | `8+7=15`, `8-3=5`, `8*3=24`, `7-3=4` |
# | `8+7=15` | `8+7+3`, `(8+7)*3`, `8+7-3`, `(8+7)/3` |
# | `8-3=5` | `8-3+7`, `(8-3)*7` |
# | `8*3=24` | `8*3+7` |
# | `7-3=4` | `(7-3)*8` |
#
# Its judge reads a text at 5 tokens a line, and looks up a value for the last line.


# %%
class Toy:
    """A policy that follows a table: what may come after a text, in turn."""

    def __init__(self, table, price=5):
        self.table, self.price, self.turn = table, price, Counter()

    def __call__(self, prefixes, n, *, max_new_tokens, until=""):
        return [
            [self.write(text, max_new_tokens, until) for _ in range(n)]
            for _, text in prefixes
        ]

    def write(self, begun, most, until):
        text, tokens = "", 0
        while choices := self.table.get(begun + text):
            if tokens + self.price > most:
                return Continuation("", most, "length")
            turn = self.turn[begun + text]
            self.turn[begun + text] += 1
            text += choices[turn % len(choices)]
            tokens += self.price
            if until and text.endswith(until):
                return Continuation(text, tokens, "until")
        return Continuation(text, tokens)


# %%
toy_game = countdown.make((3, 7, 8), 35, "en")
TREE = {
    "8+7=15\n": ("8+7+3", "(8+7)*3", "8+7-3", "(8+7)/3"),
    "8-3=5\n": ("8-3+7", "(8-3)*7"),
    "8*3=24\n": ("8*3+7",),
    "7-3=4\n": ("(7-3)*8",),
}
TABLE = {"": list(TREE)}
TABLE |= {k: [f"<answer>{text}</answer>" for text in row] for k, row in TREE.items()}
VALUES = {"8+7=15": 0.6, "8-3=5": 0.5, "8*3=24": 0.3, "7-3=4": 0.2}
VALUES |= {"(8+7)*3": 0.2, "(8-3)*7": 0.9, "(7-3)*8": 0.3}  # all others: 0.1


def judge(problem, texts):
    """A scorer that looks up the last line, and reads 5 tokens a line."""
    lines = [re.sub("<.*?>", "", text).splitlines() for text in texts]
    return [VALUES.get(row[-1], 0.1) for row in lines], [5 * len(row) for row in lines]


policy_of_toy = Toy(TABLE)
for _ in range(3):  # asked three times
    ((more,),) = policy_of_toy([(toy_game.prompt, "")], 1, max_new_tokens=99)
    print(f"{more.tokens} tokens: {more.text!r}")

# %% [markdown]
# Here is a minimal ledger, without a budget:


# %% tags=["nbval-check-output"]
class SmallLedger:
    """The token count of one search: tokens written, and tokens read for scores."""

    def __init__(self, problem, ask, score):
        self.problem, self.ask, self.score = problem, ask, score
        self.written = self.scored = 0

    def draw(self, n):
        """n answers with their scores, without those that were cut off."""
        (row,) = self.ask([(self.problem.prompt, "")], n, max_new_tokens=99)
        self.written += sum(more.tokens for more in row)
        texts = [more.text for more in row if more.finish == "stop"]
        values, read = self.score(self.problem, texts)
        self.scored += sum(read)
        return texts, values


account = SmallLedger(toy_game, Toy(TABLE), judge)
for text, score in zip(*account.draw(4), strict=True):
    print(f"{extract_answer(text):8}{score}")
print(f"{account.written} tokens written, {account.scored} read by the judge")

# %% [markdown]
# All tokens are added to `written` before anything is dropped: truncated answers are paid for
# as well. The library's `Ledger` (`r1lib/search/ledger.py`) also knows steps, a budget, and
# which beginnings were scored before.
# Both must agree:

# %% tags=["nbval-check-output"]
for name, found in (
    ("vote", self_consistency(toy_game, Toy(TABLE), 1000, n=4)),
    ("best of n", best_of_n(toy_game, Toy(TABLE), judge, 1000, n=4)),
):
    mark = "right" if toy_game.check(found.text) else "wrong"
    print(f"{name:10}{found.answer:8}{mark}, {found.tokens} tokens", end=", ")
    print(f"{found.scored} of them for the judge")
assert found.tokens == account.written + account.scored
try:
    best_of_n(toy_game, Toy(TABLE), judge, budget=15)
except OutOfTokens as error:
    print("budget 15:", str(error).partition(":")[0])

# %% [markdown]
# Four answers of two lines are 4 x 10 = 40 tokens. The judge reads the same 40, so the
# bill doubles. A budget of 15 pays for one answer, but not for its score. The price of a first
# score is known only afterwards, so 20 tokens are gone.
#
# Both answers are wrong. Each of the four first lines was continued once, and the only
# right answer comes second after `8-3=5`. Section 7 finds it with the same 80 tokens.

# %% [markdown] tags=["slide"]
# ## 6. A process reward model
#
# A score at the end comes late: R1 may waste a hundred tokens after its first slip. A
# **process reward model** (PRM) scores each step. For us a step is a line of thinking.
#
# Where do labels for steps come from? For the first such models people read the steps
# (arXiv 2211.14275, 2305.20050). Math-Shepherd asks the policy itself (arXiv 2312.08935). It
# lets the policy go on from a step several times; each of these continuations is a
# **rollout**. The share of right rollouts is the label.
#
# Here is an invented answer to 3, 7, 8 with target 35, and four rollouts from each line:
#
# | line | right rollouts | label |
# |---|---|---|
# | `8+7=15,-3=12~35=23 no` | 3 of 4 | 0.75 |
# | `8-3=6,*7=42~35=7 no` | 2 of 4 | 0.50 |
# | `8*3=24,+7=35~35=0 yes` | 0 of 4 | 0 |
#
# The first two lines miss, and a right one may still follow. After the last line the answer
# is due, and it is wrong, because 24 + 7 is 31. So a label is the chance of still reaching a
# right answer, whether or not this line is correct.
#
# The PRM learns the label by cross-entropy, at the last token of the step. So one pass over
# an answer gives a value after every line.

# %%
# r1lib.search.process.label
# r1lib.search.process.step_loss

# %% [markdown]
# Now we label the steps of one answer to each training problem, by four rollouts from each step,
# and train.
#
# <details><summary>How `label` goes through the steps</summary>
#
# `accumulate(steps(text))` joins the steps one by one: the first line, the first two, and so
# on. `[:-1]` leaves out the last of these, the whole answer: its label is the verdict. The
# loop asks for the rollouts of 64 beginnings at once, which is faster than one by one.
#
# </details>
#
# Then we look at a wrong answer that the PRM has not read, with eight new rollouts from each
# step. The folded cell chooses it: a problem that R1 solves about half of the time, and the
# wrong answer to it with the most different lines.

# %% tags=["hide-input"]
wrong = {}
for i, p in enumerate(games):
    texts = [m.text for m in samples[p.prompt] if m.finish == "stop"]
    wrong[i] = [text for text in texts if p.language == "en" and not p.check(text)]
place = min(filter(wrong.get, wrong), key=lambda i: abs(single[i] - 0.5))
held, text = games[place], max(wrong[place], key=lambda t: len(set(steps(t))))

# %% tags=["slide"]
walked = list({p.prompt: (p, text) for p, text in answers}.values())
labels, spent = label(walked, asker, n=4, max_new_tokens=LONGEST)
print(f"{len(labels)} labels for {spent:,} tokens")
prm = learn(process.examples(tokenizer, labels), 3, "process model")

(values,), (read,) = process.step_values(prm, tokenizer, held.prompt, [text])
truth, spent = label([(held, text)], policy("r1", seed=4), 8, LONGEST)
print(f"{held.prompt}: R1 is right in {single[place]:.0%} of its answers, not in this")
print(f"rollouts: {spent} tokens written, process model: {read} tokens read")
assert truth[-1].share == 0 < 0.2 < values[-1]
plots.steps_picture(
    steps(text),
    {"8 rollouts": [s.share for s in truth], "process model": values},
    "Chance of a right answer after each step",
)

# %% [markdown]
# What you see: the share of right rollouts from each step, beside the PRM's estimate. At the
# end the truth is 0. Find the line where it falls, and do its sums. (Eight rollouts are few:
# small differences may be chance.) In our run the PRM rises there instead. It has learned
# from few labels, and such a line *looks* like a solution.
#
# A PRM is cheap to use: these rollouts wrote thousands of tokens, and the model read the
# answer once. But first its labels, in the first printed line, cost many times
# that.

# %% [markdown] tags=["slide"]
# ## 7. Beam search
#
# *Sections 7 to 9 are optional. Run their cells.*
#
# With a value for each step, bad paths can be dropped early. **Beam search** writes
# several next steps, keeps the best `width` paths, and goes on from these.
#
# ![Two searches on one toy question, numbers 3, 7, 8 and target 35. Width 1 keeps only 8+7=15, and its best answer is (8+7)*3 with value 0.2. Width 2 keeps 8-3=5, too, and finds (8-3)*7 with value 0.9.](../figures/07_beam.png)
#
# What you see: the toy of section 5. Both searches write four next steps each time. Green
# is kept, orange is chosen. Width 1 follows `8+7=15`, the step with the highest value,
# into a dead end. Width 2 also keeps `8-3=5`, which leads to the right answer.
#
# Width 1 is a greedy search of a few lines; the third cell shows that both agree.
#
# <details><summary>The names in the next two cells</summary>
#
# `affordable` is the number of steps that the budget still allows. A step that is cut off,
# or written twice, is dropped. `taken` and `look_ahead` are for two relatives below, and
# change nothing here.
#
# </details>

# %%
# r1lib.search.beams.next_steps
# r1lib.search.beams.last_step
# r1lib.search.beams.keep

# %%
# r1lib.search.beam


# %% tags=["nbval-check-output"]
def greedy_steps(problem, ask, score, n=4):
    """Always go on with the best next step."""
    text, finish = "", "until"
    while finish == "until":
        row = ask([(problem.prompt, text)], n, max_new_tokens=99, until="\n")[0]
        scores, _ = score(problem, [text + more.text for more in row])
        chosen = row[scores.index(max(scores))]
        text, finish = text + chosen.text, chosen.finish
    return text


for width, each in ((1, 4), (2, 2)):
    found = beam(toy_game, Toy(TABLE), judge, 1000, width=width, expand=each)
    mark = "right" if toy_game.check(found.text) else "wrong"
    print(f"width {width}: {found.answer:8}{mark}, {found.tokens} tokens")
    if width == 1:
        assert found.text == greedy_steps(toy_game, Toy(TABLE), judge)

# %% [markdown]
# The same 80 tokens as best-of-4 in section 5, and width 2 is right.
#
# <details><summary>Two relatives: lookahead and diverse beams</summary>
#
# - **Lookahead** writes a step further before it scores a path, and drops that step
#   again (Snell et al., arXiv 2408.03314). The score knows more, and costs more.
# - **Diverse beams** keep groups apart: a step loses value if another group has just
#   taken the same one (Vijayakumar et al., arXiv 1610.02424).
#
# </details>
#
# Here are all three with R1 and our PRM. One game shows only that they run; section 12
# compares them.

# %%
judged = process.process_score(prm, tokenizer)
wide = {"score": judged, "budget": 1500, "width": 2, "expand": 2}
for name, way in (
    ("beam", partial(beam, **wide)),
    ("lookahead", partial(beam, lookahead=1, **wide)),
    ("diverse", partial(beams.diverse, groups=2, **wide)),
):
    right, tokens = attempt(held, way, policy("r1", seed=3))
    print(f"{name:10}{tokens:5} tokens, {'right' if right else 'wrong'}")

# %% [markdown] tags=["slide"]
# ## 8. A tree that grows where results are good
#
# *Optional.*
#
# A beam forgets what it drops. **Monte Carlo tree search** (MCTS) keeps all paths and can
# come back to them. It repeats one *simulation*, in five moves:
#
# 1. *select*: walk down from the root to a leaf of the tree;
# 2. *expand* the leaf by a few next steps;
# 3. *roll out*: let the policy write one of these to its end;
# 4. *score* the finished answer;
# 5. *back up*: add the score to all nodes on the way.
#
# Selecting has to weigh two things: go where results were good, and go where few results
# are known. The bound UCT (*upper confidence bounds applied to trees*,
# Kocsis and Szepesvári 2006) adds them up:
#
# $$ \text{bound} = \frac{\text{total}}{\text{visits}} + c \sqrt{\frac{\ln \text{visits of the parent}}{\text{visits}}} $$
#
# The first term is the mean score of a node. The second shrinks with each visit to it. A
# larger $c$ explores more.
#
# A node knows its `visits` and the `total` of their scores. A node is **closed** once everything
# below it has been tried, and `select` then passes it by. `expand` gives a leaf its children and
# returns the first one, where the rollout starts. So this child is visited before it has
# children. What the rollout writes does not enter the tree.

# %%
# r1lib.search.trees.uct
# r1lib.search.trees.select
# r1lib.search.trees.expand

# %%
# r1lib.search.trees.backup
# r1lib.search.trees.close
# r1lib.search.trees.simulate

# %% [markdown]
# Now by hand, on the toy. A simulation may add two next steps to a leaf. The tokens are
# running totals of policy and judge together.
#
# ![Five small trees, one after each simulation, with total and visits in each node. 1: 8+7=15 has 0.1 / 1, 8-3=5 is not tried. 2: 8-3=5 has 0.1 / 1 and two answers. 3: 8+7=15 has 0.3 / 2 and two answers. 4: the second answer of 8-3=5, (8-3)*7, scores 0.9, and 8-3=5 with 1.0 / 2 is closed. 5: the last answer is tried, and the root with 1.4 / 5 is closed.](../figures/07_tree.png)
#
# What you see: the tree after each simulation, with `total / visits` in each node. Orange is the
# path of this simulation. A dotted box is not tried yet. A black square means closed; closed
# nodes off the path are green.


# %% tags=["nbval-check-output"]
def grow(problem, ask, score, budget, simulations, n):
    """Grow a tree: yield the root, the new answer and the tokens so far."""
    book, root = Ledger(problem, ask, score, budget), Node(Path())
    for _ in range(simulations):
        if root.closed or book.left < LONGEST:
            break
        yield root, simulate(book, root, n, math.sqrt(2)), book.spent


walk = grow(toy_game, Toy(TABLE), judge, 1000, 9, 2)
for number, (root, answer, spent) in enumerate(walk, 1):
    first = answer.text.partition("\n")[0]
    print(f"{number}: {first:7}{extract_answer(answer.text):8}", end=" ")
    print(f"score {answer.value}, {spent:2} tokens so far")
    if number == 3:
        for child in root.children:
            seen = child.total, child.visits, root.visits
            print(f"      {child.path.text.strip():7}bound {uct(*seen, 2**0.5):.2f}")

# %% [markdown]
# <details><summary>The five simulations, line by line</summary>
#
# 1. The root gets two first steps (10 tokens). The first one is rolled out to an answer
#    (5), and the judge reads both lines of it (10): 25 in all.
# 2. A child without visits comes first, so `8-3=5` is next. It gets two answers as
#    children (10), and the first one is judged (10).
# 3. Both children have one visit and a score of 0.1. Ties go to the first: `8+7=15` gets
#    two answers, and one is judged.
# 4. The two bounds are printed above this line. `8-3=5` has the lower mean, but only one
#    visit, so its bound is higher. Its second answer is there already, and only the judge
#    is paid. The line `8-3=5` was read before, but never scored on its own. So our account
#    has 10 tokens here, where a cache would make it 5. This is the right answer.
# 5. Everything below `8-3=5` is tried: it is closed. One answer is left. After it the root
#    is closed as well, and the search ends.
#
# </details>
#
# The library's `search.mcts` is this loop. At the end it returns the best answer.
#
# Here is R1's tree for the game of section 6, with our PRM as the judge:

# %% tags=["slide"]
asks = policy("r1", seed=6)
root, _, spent = list(grow(held, asks, judged, 2500, 16, 4))[-1]
print(f"{held.prompt}: {root.visits} simulations, {spent} tokens")
plots.tree_picture(root)

# %% [markdown]
# What you see: the number in a node is its visits, the colour its mean value. A rollout
# that is cut off counts 0. Hollow nodes were written and never tried. The tree is still
# shallow when the tokens are gone. The numbers of the colour bar are close together: to this
# judge most branches are nearly equal, so it hardly steers the search.

# %% [markdown] tags=["slide"]
# ## 9. One answer, longer, shorter, or again
#
# *Optional.*
#
# **Budget forcing** changes the length of one thought (s1, arXiv 2501.19393). Where the
# model would stop too early, its `</think>` is taken away and "Wait" is written instead.
# Where it thinks too long, `</think>` is put there.
#
# Our models have never read "Wait". Two words of their tapes can take its place: `no` rejects
# the last line, and `again` repeats the same sum.
#
# **Self-refinement** shows a model its own answer and asks for a better one (Madaan et al.,
# arXiv 2303.17651). The new answer replaces the old one where a scorer likes it better.
# `refine` does so for a few rounds, with the prompt printed below.

# %%
# r1lib.search.forcing.force

# %%
print(AGAIN, "\n")


def show(name, way):
    """Print what a way does with the first game of this chapter."""
    found = way(game, policy("r1"), budget=600)
    mark = "right" if game.check(found.text) else "wrong"
    print(f"--- {name}: {found.tokens} tokens, {mark}\n{found.text}")
    return found.text


no, once_more = countdown.WORDS["en"]["no"] + "\n", countdown.AGAIN["en"]
show("stopped after 8 tokens", partial(force, most=8))
waited = show("made to wait, no", partial(force, most=LONGEST, least=64, wait=no))
wait = partial(force, most=LONGEST, least=64, wait=once_more)
repeated = show("made to wait, again", wait)
show("refined", partial(refine, score=rate, rounds=2))
assert f"{no}{no}" in waited and once_more in repeated

# %% [markdown]
# This is the game of section 1. In our run no change makes a better answer of it.
#
# <details><summary>The four answers, one by one</summary>
#
# Stopped early, R1 has to guess. Our "no" comes after a line
# that was right: R1 closes its thought again and again, and each time gets another "no".
# After "again" it does the same sum once more. Refined, it gives up after one line and
# guesses. Two answers are right although the line before them misses the target.
#
# </details>
#
# **A tool.** When the model writes `=`, a program can write the result. Cobbe et al.
# trained with such a calculator. What the model wrote is parsed and never run as code;
# length, nesting and digits are bounded. The program's digits cost nothing.
#
# <details><summary>And on a tape?</summary>
#
# There `*7` alone is no sum, because it goes on from the result before it. So
# `countdown.sum_at_end` reads tapes for the calculator; the last line below shows one.
#
# </details>

# %% tags=["nbval-check-output"]
for expression in ("17*23", "(1+2)/6", "2**99999", "1/0", "__import__('os')"):
    print(f"{expression:18}{calculate(expression)}")
PRODUCT = {"": ["17*23="], "17*23=391": ["<answer>391</answer>"]}
found = with_calculator(toy_game, Toy(PRODUCT), 100)
print(found.text, found.tokens, "tokens")
print(countdown.sum_at_end("<think>8-3=5,*7"), "from a tape that ends with ,*7")

# %% [markdown] tags=["slide"]
# ## 10. What an answer costs: vote against one answer
#
# Back to the recorded answers of sections 2 to 4, now over what they cost. Does the vote
# beat a single answer of the same model? We compare game by
# game: the *paired* gain is the mean of the differences, with its 95% interval.

# %% tags=["slide"]
WEIGHTED = "weighted vote, outcome model"
gain = paired(single, replayed["vote"][-1][1])
low, high = gain["interval"]
vote = fmean(replayed["vote"][-1][1])
print(f"one answer {fmean(single):.1%}, a vote of {LIVE} {vote:.1%}")
print(f"paired gain {gain['difference']:+.2f} [{low:+.2f}, {high:+.2f}]")
assert low > 0
weighted = paired(replayed["vote"][-1][1], replayed[WEIGHTED][-2][1])
low, high = weighted["interval"]
print("weighted vote of 8 minus vote of 16", end=" ")
print(f"{weighted['difference']:+.2f} [{low:+.2f}, {high:+.2f}]")
assert low <= 0 <= high  # a tie
lines = {
    name: [(fmean(tokens), fmean(right)) for tokens, right in replayed[name]]
    for name in ("vote", WEIGHTED, "best of n, verifier")
}
every = [more.tokens for row in samples.values() for more in row]
lines["one answer"] = [(fmean(every), fmean(single))]
plots.doubling_curves({"easy countdown, share right": lines}, "tokens a question")

# %% [markdown]
# What you see: points for 1, 2, 4, 8 and 16 answers, over all tokens that they cost. The
# vote stays below the ceiling. The weighted vote starts to the right of it, because its
# judge is also paid, and passes it later. The last printed line compares the two where
# the weighted vote has fewer tokens: its interval does not exclude a tie.
#
# `compare`, also for exercise 7.6, fixes the budget. It prints the rival first, here the
# vote. A positive gain favours `way`, here the likeliest answer:


# %%
def compare(way, rival, budget=1000):
    """Replay two searches with one budget: their shares, tokens and paired gain."""
    verdicts = []
    for one in (rival, way):
        search = partial(one, budget=budget)
        rows = [attempt(p, search, Recorded(samples, LONGEST)) for p in games]
        right, tokens = zip(*rows, strict=True)
        print(f"{fmean(right):.0%} right for {fmean(tokens):.0f} tokens", end=", ")
        verdicts.append(right)
    gain = paired(*verdicts)
    low, high = gain["interval"]
    print(f"paired gain {gain['difference']:+.2f} [{low:+.2f}, {high:+.2f}]")


compare(partial(likeliest, n=LIVE), partial(self_consistency, n=LIVE))

# %% [markdown] tags=["slide"]
# ## 11. The measured curves
#
# *On a first reading the table is enough.*
#
# `results/inference.py` measured every way of this chapter on 64 held-out problems, with one
# account of tokens: easy and hard countdown, and hard arithmetic
# ([more](../docs/claims/P14.md)).
#
# Three models have three seeds each: the base with an opening `<think>`, R1-Zero,
# and R1. **Not every seed is another trained model.** The first edition ships three bases,
# but one Zero and one R1. Their seeds are three draws from the same weights, each with new
# scorers.
#
# "Best gain" is in share right over one sampled answer: the best of three models and of all
# measured budgets and widths, so it flatters ways with many of them. "In short" also compares with that answer, unless it says "against the vote".
# Greedy is one answer at temperature 0.
#
# | method | needs a judge? | can be used on essays? | best gain | in short |
# |---|---|---|---|---|
# | vote | no | no | +0.29 | helps every model from 256 tokens on |
# | likeliest answer | no | yes | +0.34 | free; against the vote: ahead or a tie |
# | greedy | no | yes | +0.11 | helps the base, and saves tokens |
# | best of n, ORM | yes | yes | +0.24 | against the vote: a tie at best; its judge is exploited |
# | weighted vote, ORM | yes | no | +0.34 | against the vote: from 1,024 tokens on ahead for base and Zero, a tie for R1 |
# | beam and its relatives, PRM | yes, of steps | yes | +0.16 | against the vote: not ahead at equal tokens |
# | tree search, PRM | yes | yes | +0.14 | against the vote: not ahead at equal tokens |
# | budget forcing: `stop`, `wait` | no | yes | none | loses, at best a tie |
# | self-refinement: `refine` | yes | yes | none | loses |
# | calculator | no | no | +0.08 | helps where there are sums |

# %% tags=["hide-input"]
MODELS, SEEDS = ("base", "zero", "r1"), (0, 1, 2)


def read_unit(model, seed):
    """What one unit measured; docs/claims/ has a page for each of its two parts."""
    path = pathlib.Path(f"../results/data/inference-{model}-{seed}.json")
    unit = json.loads(path.read_text(encoding="utf-8"))
    ways = {"ways": unit["P14"]["arms"], "facts": unit["P14"]["facts"]}
    return unit | unit["P10"] | ways


units = {(model, seed): read_unit(model, seed) for model in MODELS for seed in SEEDS}
KINDS = [f"{level} {family}" for family, level, _ in units["r1", 0]["problems"]]


def over_seeds(rows, kinds):
    """A number for each problem of these kinds: the mean over the three seeds."""
    means = [fmean(values) for values in zip(*rows, strict=True)]
    return [m for m, k in zip(means, KINDS, strict=True) if k in kinds]


def column(model, way, what="right", kinds=KINDS):
    """The means over the seeds of one way."""
    return over_seeds([units[model, x]["ways"][way][what] for x in SEEDS], kinds)


def point(model, way, kinds=KINDS):
    """(tokens, share right) of one way."""
    return tuple(fmean(column(model, way, x, kinds)) for x in ("tokens", "right"))


# %% tags=["hide-input"]
BUDGETS = units["r1", 0]["settings"]["budgets"]


def budgets(way):
    """The names of one way at each budget."""
    return [f"{way} {budget}" for budget in BUDGETS]


def panels_of(lines):
    """A panel for each model: each line goes through the points of its ways."""
    panels = {}
    for model in MODELS:
        panel = {name: [point(model, w) for w in ways] for name, ways in lines.items()}
        panel["one answer"] = [point(model, "sampled")]
        panels[f"{model}, share right"] = panel
    return panels


def print_last(lines):
    """Print the last point of each line."""
    for name, ways in lines.items():
        print(f"{name:29}", end="")
        for model in MODELS:
            tokens, right = point(model, ways[-1])
            print(f"  {model} {right:.2f} ({tokens:5,.0f})", end="")
        print()


def versus(model, way, other, rival, kinds=KINDS):
    """By how much a way is better than another, with its interval."""
    rows = [column(*both, kinds=kinds) for both in ((other, rival), (model, way))]
    found = paired(*rows)
    low, high = found["interval"]
    mark = "tie" if low <= 0 <= high else ""
    return f"{found['difference']:+.2f} [{low:+.2f}, {high:+.2f}] {mark}"


# %% [markdown]
# `point` is (tokens, share right) of one way, and `versus` compares two ways problem by
# problem. First, ways without a learned judge, and the verifier as their ceiling:

# %% tags=["slide"]
NOT_HARD = set(KINDS) - {"hard countdown"}
print(dict(Counter(KINDS)), end="; trained models:")
for model in MODELS:
    weights = [units[model, seed]["provenance"]["weights"] for seed in SEEDS]
    digests = {digest for row in weights for digest in row.values()}
    print(f" {model} {len(digests)}", end="")
plain = {way: budgets(way) for way in ("vote", "likeliest", "best of n, verifier")}
print()
print_last(plain)
print("with the verifier, without hard countdown: R1 minus base")
for way in budgets("best of n, verifier"):
    print(f"  {way:25}", versus("r1", way, "base", way, NOT_HARD))
plots.doubling_curves(panels_of(plain), "tokens a question")

# %% [markdown]
# Shares are of right answers, with the tokens in brackets. Up and to the left is better, and
# the star is one answer. At the smallest budget the votes of Zero and R1 are not above it. With
# more tokens all three are, and the likeliest answer climbs with the vote or past it.
#
# For the base the verifier, our ceiling, is far away: a right answer was written, and the vote
# did not choose it. R1's ceiling is low in this mix. The R1 shipped here, seed 0, has lost hard
# countdown on its way (chapter 10 shows where), and that is a quarter of these problems. On
# the other 48 its ceiling is ahead at the two smallest budgets, and then a tie.
#
# Now the ways that need a learned judge, beside the same vote:

# %% tags=["slide"]
judges = {
    "vote": budgets("vote"),
    "best of n, outcome model": budgets("best of n, outcome"),
    "weighted vote, outcome model": budgets("weighted vote, outcome"),
    "beam, process model": ["beam 2 x 2", "beam 4 x 4"],
    "tree search, process model": ["mcts 512", "mcts 1024"],
}
print_last(judges)
print("weighted vote minus vote")
for budget in (BUDGETS[0], *BUDGETS[-2:]):
    for model in MODELS:
        ways = f"weighted vote, outcome {budget}", f"vote {budget}"
        print(f"{budget:5} {model:5}", versus(model, ways[0], model, ways[1]))
plots.doubling_curves(panels_of(judges), "tokens a question")

# %% [markdown]
# The ORM helps the base's vote most, once there are many answers. At the smallest budget it
# harms all three votes, as half of the tokens go to the judge. No search is clearly above the
# vote. For R1, best of n with the ORM falls again at the largest budgets;
# section 12 shows why.
#
# ### Where the curves cross
#
# Can a vote of a weak model replace training? We compare the base's vote, at each
# budget, with one answer of R1, problem by problem. The second comparison leaves out hard
# countdown, where this R1 solves nothing:

# %% tags=["slide"]
panels, levels = {}, {}
for name, kinds in (("all", KINDS), ("without hard countdown", NOT_HARD)):
    cost, right = point("r1", "sampled", kinds)
    title = f"{name} ({len(column('r1', 'sampled', kinds=kinds))} problems)"
    print(f"{title}: one answer of R1 {right:.2f} for {cost:.0f} tokens")
    levels[f"{title}, share right"] = {"one answer of R1": right}
    votes = [point("base", way, kinds) for way in budgets("vote")]
    panels[f"{title}, share right"] = {"vote of the base": votes}
    for way, (tokens, share) in zip(budgets("vote"), votes, strict=True):
        gap = versus("base", way, "r1", "sampled", kinds)
        print(f"  vote of the base: {share:.2f} for {tokens:5.0f} tokens, {gap}")
plots.doubling_curves(panels, "tokens a question", levels)

# %% [markdown]
# A few hundred tokens of votes bring the base up to one answer of R1, and more tokens pass
# it. On the right both are higher, and they meet at somewhat more tokens. R1 gets
# there with a fraction of these each time it is asked. Training paid for that, once.
#
# ### RL and SFT plus inference-time scaling
#
# Sebastian Raschka's essay "Understanding Reasoning LLMs" (February 2025) looks forward to
# a model trained by RL and SFT, with inference-time scaling on top. Here it is, for each kind
# of problem:

# %% tags=["slide"]
top = BUDGETS[-1]


def one_finished(model, kinds):
    """The share right of an answer that was not cut off."""
    rows = [units[model, x]["exploited"]["outcome"]["1"]["right"] for x in SEEDS]
    return fmean(over_seeds(rows, kinds))


print(f"{'':22}one (tokens)  finished   vote  verifier")
for model in MODELS:
    for name in ("all", *dict.fromkeys(KINDS)):
        kinds = KINDS if name == "all" else [name]
        tokens, one = point(model, "sampled", kinds)
        _, many = point(model, f"vote {top}", kinds)
        _, limit = point(model, f"best of n, verifier {top}", kinds)
        print(f"{model:5}{name:16}{one:5.2f} ({tokens:3.0f})", end="")
        print(f"{one_finished(model, kinds):13.2f}{many:7.2f}{limit:10.2f}")
    print("     vote minus one:", versus(model, f"vote {top}", model, "sampled"))
    rows = [units[model, seed]["ways"] for seed in SEEDS]
    by_seed = [
        fmean(x[f"vote {top}"]["right"]) - fmean(x["sampled"]["right"]) for x in rows
    ]
    print("     each seed:", ", ".join(f"{gain:+.2f}" for gain in by_seed))
    assert min(by_seed) > 0

# %% [markdown]
# Votes on top of training add to every model, with each seed, and most to the base, which is
# right now and then. Again part of the gain is not agreement: the column `finished` is one
# answer that was not cut off. For the base it brings next to nothing, for Zero about a
# third of the gain, and for R1 about half.
#
# Where nothing can be found, votes add nothing, as for R1 in hard countdown. R1s of other
# seeds solve some of it ([the stage table](../docs/stage_table.md)).
#
# **Inference-time scaling finds the answers that a model gives now and then**; its weights
# learn nothing.
#
# ### On a second reading: one answer changed, and many tries
#
# Can one answer be improved at once? Here are the ways of section 9, against
# `sampled`, one answer at temperature 1. `stop at 16` ends the thinking after 16 tokens.
# `wait, no, until 64` writes a "no" wherever it would end before 64.

# %% tags=["slide"]
WAITS = ("wait, no, until 64", "wait, again, until 64")
for way in ("greedy", "stop at 16", "stop at 64", *WAITS, "refine", "calculator"):
    for model in MODELS:
        tokens, right = point(model, way)
        gap = versus(model, way, model, "sampled")
        print(f"{way:22}{model:5}{right:.2f} ({tokens:3.0f} tokens), {gap}")

# %% [markdown]
# Greedy decoding helps the base, and saves tokens. The calculator helps Zero and R1. No way
# to lengthen or repeat an answer helps, and an early stop costs right answers or is a tie.
#
# <details><summary>The losses, one by one</summary>
#
# A stop at 16 tokens costs right answers in all models. A stop at 64 costs Zero and R1 some;
# for the base it is a tie, with fewer tokens. A forced "no" or "again" is worse than a stop at
# 64. Refinement also harms: these models were never trained to revise their own answers.
#
# </details>
#
# How far could perfect choosing go? We estimate the chance that at least one of k answers is
# right. The second table leaves out hard countdown.
#
# <details><summary>The estimate in `some_right`</summary>
#
# We have n samples of a problem, c of them right. Draw k of the n. All k are wrong if they are
# all drawn from the n - c wrong ones. There are $\binom{n-c}{k}$ such draws among
# $\binom{n}{k}$ draws in all, and one minus this share is the chance of a right one.
#
# </details>


# %%
def some_right(n, c, k):
    """The chance that k of n answers, c of them right, include a right one."""
    return 1 - math.comb(n - c, k) / math.comb(n, k)


def tries(model, k, problems):
    """The chance that one of k samples is right: the mean over problems and seeds."""
    n = units[model, 0]["settings"]["samples"]
    rows = [units[model, seed]["ways"]["sampled"]["right"] for seed in SEEDS]
    return fmean(some_right(n, round(row[i] * n), k) for row in rows for i in problems)


others = [i for i, kind in enumerate(KINDS) if kind in NOT_HARD]
for title, kept in (("all", range(len(KINDS))), ("not hard countdown", others)):
    print(f"{title}, {len(kept)} problems")
    for model in MODELS:
        shares = [f"k={k}: {tries(model, k, kept):.2f} " for k in (1, 4, 8, 16, 32)]
        print(f"  {model:5}", *shares)

# %% [markdown]
# ![The chance that at least one of k samples is right, over k from 1 to 32, for base, R1-Zero and R1. At k = 1 R1 is the highest and the base the lowest; between 4 and 5 tries the curves cross, and at 32 the base is the highest.](../figures/widget_pass.png)
#
# What you see: the same on all 64 problems, for each seed (thin) and as their mean. From
# five tries on the base's mean is highest. Most of its gap to R1 comes from hard countdown.
# On the other 48 problems R1 leads at 4 tries; from 8 on the two are tied. In
# [widgets/pass.html](../widgets/pass.html) you can move k.

# %% [markdown] tags=["slide"]
# ## 12. Why R1's authors call two of these unsuccessful
#
# Section 4.2 of the paper (version 1) names what did not work for R1: process reward models
# and MCTS. The reasons given for the first: a step is hard to define and to label, and a
# learned judge is *hacked*. For the second: the space of texts is far larger than that of
# chess, and a value model for it is hard to train. The paper grants that a PRM can rerank
# answers, at a price.
#
# We test the search. For each problem, a plain vote gets exactly as many tokens as the
# search spent. `beam 2 x 2` keeps two paths and writes two next steps of each, and
# `mcts 1024` has a budget of 1,024 tokens.

# %% tags=["slide"]
HUNTS = ("beam 2 x 2", "beam 4 x 4", "lookahead 2 x 2", "diverse 4 x 4", "mcts 1024")
rows, shares = {}, []
for model in MODELS:
    for hunt in HUNTS:
        mine = [units[model, seed]["ways"][hunt] for seed in SEEDS]
        plain = [units[model, seed]["equal tokens"][hunt]["vote"] for seed in SEEDS]
        plain = [row["right"] for row in plain]
        means = [fmean(values) for values in zip(*plain, strict=True)]
        gap = paired(means, column(model, hunt))
        low, high = gap["interval"]
        assert low <= 0  # no search is clearly ahead
        tokens = fmean(column(model, hunt, "tokens"))
        shares.append(fmean(row["scored"] for row in mine) / tokens)
        pairs = zip(mine, plain, strict=True)
        seeds = [fmean(m["right"]) - fmean(p) for m, p in pairs]
        name = f"{model}, {hunt}, {tokens:,.0f} tokens"
        rows[name] = (gap["difference"], low, high), seeds, high < 0
print(f"{min(shares):.0%} to {max(shares):.0%} of the tokens went to the judge")
label = "search minus vote, share right at equal tokens (right of 0: search better)"
plots.difference_dots(rows, label)

# %% [markdown]
# What you see: a bar is a 95% interval, a tick one seed. Grey is a tie; orange means that
# the whole interval is below 0, where the vote is better. No search is clearly ahead of the
# vote, and several are clearly behind. One reason is the bill: what the
# judge reads, the vote spends on more answers.
#
# **The account is biased against the tree search:** the judge is paid again for what answers
# share (section 5). What would a cheaper judge change? Take the extreme, a judge that costs
# nothing. Then the tree has spent only what it wrote, and its rival is the next smaller vote:

# %% tags=["slide"]
for model in MODELS:
    way, vote = "mcts 1024", f"vote {BUDGETS[2]}"
    read = fmean(units[model, seed]["ways"][way]["scored"] for seed in SEEDS)
    spent, _ = point(model, way)
    plain, _ = point(model, vote)
    gap = versus(model, way, model, vote)
    print(f"{model:5}tree, {spent - read:.0f} written, minus vote, {plain:.0f}: {gap}")
    assert plain < spent - read  # the vote has fewer
    assert paired(column(model, vote), column(model, way))["interval"][0] <= 0

# %% [markdown]
# Even then no tree is clearly ahead, though its rival has somewhat fewer tokens. But for the
# base "clearly behind" becomes a tie, so the account may have made that loss.
#
# ### The judge is exploited
#
# Let a learned judge choose among more and more finished answers. The score of the chosen
# answer is what the judge *promises*. It can only rise with n, since it is a maximum. Does the
# share of right answers also rise? A third line says how often a right answer is there at all.


# %% tags=["slide"]
def there(unit, k):
    """The chance that one of k finished answers is right, for each problem."""
    n, sampled = unit["settings"]["samples"], unit["ways"]["sampled"]["right"]
    one = unit["exploited"]["outcome"]["1"]["right"]  # of finished answers
    for share, of_finished in zip(sampled, one, strict=True):
        right = round(share * n)
        whole = round(right / of_finished) if right else n  # answers that were finished
        yield some_right(whole, right, min(k, whole))


def promises(model, scorer):
    """Lines over n: the mean score of the chosen answer, and shares of right ones."""
    rows = [units[model, seed]["exploited"][scorer] for seed in SEEDS]
    sizes = [n for n in rows[0] if n.isdigit()]
    every = [(int(n), [units[model, seed] for seed in SEEDS]) for n in sizes]
    return {
        "promised": [(int(n), fmean(r[n]["promised"] for r in rows)) for n in sizes],
        "right": [(int(n), fmean(fmean(r[n]["right"]) for r in rows)) for n in sizes],
        "a right one is there": [
            (n, fmean(p for unit in us for p in there(unit, n))) for n, us in every
        ],
    }


panels = {
    f"{model}, {scorer} model, share": promises(model, scorer)
    for scorer in ("process", "outcome")
    for model in MODELS
}
for name, lines in panels.items():
    gaps = [
        p - r for (_, p), (_, r) in zip(lines["promised"], lines["right"], strict=True)
    ]
    peak, _ = max(lines["right"], key=lambda pair: pair[1])
    print(f"{name.removesuffix(', share'):23}best at n = {peak:2}", end="; ")
    print(f"promised minus right {gaps[0]:+.2f} with 1, {gaps[-1]:+.2f} with 32")
plots.doubling_curves(panels, "answers to choose from", columns=len(MODELS))

# %% [markdown]
# The promise rises with each doubling, and so does the chance that a right answer is there.
# The share of right answers rises at first. By paired intervals, its fall from the best
# n to 32 is clear for R1's judges and the base's ORM, unclear for Zero's and the base's PRM.
# R1's judges mislead early: their best is at a few answers. With 32 answers they and
# Zero's ORM promise far too much; the others are close. R1's ORM promises even more than
# is there.
#
# We always take the answer that the judge rates highest. Among many answers that is
# more often one that it overrates. At auctions this is called the *winner's curse*.
#
# Here is the wrong answer that a beam was surest of, with the judge's value after each
# step. (It is in Korean: `계산` means "compute", `맞아 참` means "yes, true".)

# %% tags=["slide"]
fooled = [units["r1", seed]["fooled"]["beam 4 x 4"] for seed in SEEDS]
worst = max(fooled, key=lambda found: found["value"])
print(worst["prompt"])
for step, number in worst["steps"]:
    print(f"{number:5.2f}  {step.strip()}")
print(f"promised {worst['value']:.2f}, wrong; the right answer: {worst['answer']}")

# %% [markdown]
# The question ends with `+2`, and the model added 5. The check repeats the mistake and says
# yes. The answer *looks* right, and the judge has partly learned to score looks. The paper
# calls this reward hacking; R1's rewards for reasoning are rules.
#
# ### The tree is too wide
#
# A tree search pays if it visits the same node many times. How many different first lines
# are there? And how does the tree do if its judge is the verifier, which makes no errors?

# %% tags=["slide"]
for model in MODELS:
    found = [units[model, seed]["width"]["different first steps"] for seed in SEEDS]
    n = units[model, 0]["settings"]["samples"]
    print(f"{model:5}{fmean(map(fmean, found)):3.0f} different first lines", end="")
    print(f" among {n} samples")
print("\nwith the verifier as the judge")
for model in MODELS:
    t1, tree = point(model, "mcts 1024, verifier")
    t2, plain = point(model, "best of n, verifier 1024")
    print(f"{model:5}tree {tree:.2f} for {t1:.0f} tokens", end=", ")
    print(f"best of n {plain:.2f} for {t2:.0f} tokens")

# %% [markdown]
# Among 32 samples of a question, about half to two thirds of the first lines are different.
# The tree tries four at each node, and a thousand tokens pay for a handful of simulations. So
# most nodes are visited once. Even with the verifier as its judge, its share is no higher
# than that of best-of-n. This settles nothing: best-of-n had somewhat more tokens.

# %% [markdown] tags=["slide"]
# ## 13. Frequently asked
#
# The numbers for the first three questions, from the recorded answers of section 2:

# %%
flat = [(m, game.check(m.text)) for game in games for m in samples[game.prompt]]
flat.sort(key=lambda pair: pair[0].tokens)
quarter = len(flat) // 4
parts = [flat[i * quarter : (i + 1) * quarter] for i in range(4)]
for part in parts:
    shortest, longest = part[0][0].tokens, part[-1][0].tokens
    lines = fmean(m.text.count("~") for m, _ in part)
    print(
        f"{shortest:3} to {longest:3} tokens: {fmean(r for _, r in part):4.0%} right",
        end="",
    )
    print(f", {lines:.1f} attempts")
assert fmean(r for _, r in parts[0]) > fmean(r for _, r in parts[-1])

for limit in (48, 96, LONGEST):
    done = [m.tokens <= limit and m.finish == "stop" for m, _ in flat]
    right = fmean(d and r for d, (_, r) in zip(done, flat, strict=True))
    print(f"limit {limit:3}: {fmean(done):4.0%} finished, {right:4.0%} right")

runs = [
    fmean(game.check(samples[game.prompt][i].text) for game in games)
    for i in range(LIVE)
]
print(f"{LIVE} runs: lowest {min(runs):.0%}, highest {max(runs):.0%}", end=", ")
print(f"standard deviation {pstdev(runs):.1%}")
assert max(runs) - min(runs) > 0.04
print("one answer, Zero minus base")
for kind in dict.fromkeys(KINDS):
    print(f"  {kind:16}", versus("zero", "sampled", "base", "sampled", [kind]))
print(f"  {'all':16}", versus("zero", "sampled", "base", "sampled"))

# %% [markdown]
# ### Does a longer answer mean a better one?
#
# Not within one model. The last quarter was cut off at the limit, so nearly all of it is
# wrong. Of the other three the longest is not the best: long answers are those with failed
# attempts.
#
# Nor from one model to the next. Zero's answers are longer than the base's in each kind of
# problem (section 11). As the last lines show, they are clearly better in easy countdown and
# clearly worse in hard arithmetic. Over all 64 problems this is a tie.
#
# ### Why are my answers cut off, and their score 0?
#
# <details><summary>Because the limit of tokens came before the answer</summary>
#
# A completion without an answer counts as wrong, so a low limit makes a good model look bad.
#
# </details>
#
# ### Why do I not get the published accuracy?
#
# <details><summary>Because one answer at temperature 1 is one draw</summary>
#
# The line "16 runs" is about runs of the same model on the same questions. Average several
# samples of each, and give an interval (chapter 15).
#
# </details>

# %%
pairs = list(zip(single, replayed["vote"][-1][1], strict=True))
for low, high in ((0, 1 / 3), (1 / 3, 2 / 3), (2 / 3, 1.01)):
    row = [(one, vote) for one, vote in pairs if low <= one < high]
    print(f"one answer right in {low:3.0%} to {min(high, 1):4.0%}:", end=" ")
    means = (fmean(numbers) for numbers in zip(*row, strict=True))
    print(f"{len(row):2} games", *(f"{mean:.0%}" for mean in means), sep=", ")
print("games that the vote loses")
for p in games:
    texts = finished(samples[p.prompt])
    ballots = [p.ballot(text) for text in texts]
    winner, good = majority(ballots), {p.ballot(x) for x in texts if p.check(x)}
    if winner not in good:
        rival = max(map(ballots.count, good), default=0)
        print(f"  {p.prompt}: {ballots.count(winner)} of {len(texts)} votes", end=" ")
        print(f"for the winner, {rival} for a right answer")

print("\nfacts")
for model in MODELS:
    for way in ("free", "thinking", "at once"):
        found = [units[model, seed]["facts"][way] for seed in SEEDS]
        right, tokens = (fmean(fmean(f[x]) for f in found) for x in ("right", "tokens"))
        print(f"{model:5} {way:9}{right:6.2f} right {tokens:5.0f} tokens")

# %% [markdown]
# ### Why does my vote not help?
#
# <details><summary>Because no right answer has more votes than every wrong one</summary>
#
# The first lines above sort the games by how often one answer is right; the last two numbers
# are one answer and the vote. Then come the games that the vote loses. Either a wrong answer
# has more votes than any right one, or there is a tie, and the wrong one came first. More votes
# help against such a tie. But where the model's most frequent answer is wrong, they
# only make the vote surer of it (question 4).
#
# </details>
#
# ### When is thinking longer a waste?
#
# <details><summary>When there is nothing to work out</summary>
#
# The last lines ask for facts in three ways: as the
# model likes, with a forced thought, and with the answer at once. Compared with the last, a
# forced thought costs tokens and right answers. It is also a beginning that R1 was not taught
# for facts; chapter 15 discusses what that proves.
#
# </details>

# %% [markdown]
# ## 14. What this chapter does not show
#
# Our scorers are as small as the policy. The ORM has read a few hundred answers, the PRM the
# steps of about a hundred or fewer. Much larger scorers may do better. And 64 problems leave
# wide intervals: read a tie as "we cannot say".
#
# ## Summary
#
# - A vote needs answers that coincide, and no judge. Count meanings, not texts.
# - Best-of-N is as good as its judge. R1's judges mislead early. A weighted vote dampens that.
# - A process reward model learns step labels from rollouts of the policy itself.
# - Beam search needs a judge of unfinished texts, and MCTS pays for rollouts, in a space
#   that is too wide.
# - Count all tokens, those of the scorer included, and compare at equal tokens, paired.
#
# ## Questions
#
# 1. A paper reports best-of-64 with a reward model against a vote of 64. Is that fair?
#
#    <details><summary>Answer</summary>Not yet: the reward model has also read 64 answers. At
#    equal tokens the vote could have had about 128, where the scorer is as large as
#    the policy.</details>
#
# 2. Why is the lookahead's step dropped again, although it was paid for?
#
#    <details><summary>Answer</summary>It only informs the score. If it were kept, every path
#    would have one continuation, and the beam would have no choice at that step.</details>
#
# 3. A friend's search never fails: where the budget ends, it returns what is written so
#    far. What is wrong with that?
#
#    <details><summary>Answer</summary>A cut-off thought has no answer, or one found by
#    accident. The failure of a budget is a result that has to be counted.</details>
#
# 4. One answer is right with probability p, and all wrong answers are the same one. How often
#    is a vote of three right, for p = 0.6 and for p = 0.4? Where do many votes lead?
#
#    <details><summary>Answer</summary>The vote needs three right answers or two of three:
#    $p^3 + 3p^2(1-p)$. That is 0.65 for 0.6 and 0.35 for 0.4. So a vote moves p away from one
#    half. With many votes the first goes to 1 and the second to 0. If the wrong
#    answers differ, a p below one half can be enough.</details>
#
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/07_thinking_longer.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 7.1** (easy, 2 min) The ceiling. Each row holds the verdicts of one problem's
# samples, 1 or 0. Return the share of problems that best-of-n with a verifier solves.
#
# <details><summary>Hint 1</summary>One right sample is enough.</details>
# <details><summary>Hint 2</summary>`any(row)` is a bool, and bools can be
# averaged.</details>


# %% tags=["exercise"]
def ceiling(rows):
    """The share of rows with at least one right sample: [[0, 1], [0, 0]] -> 0.5."""
    # BEGIN SOLUTION
    return fmean(float(any(row)) for row in rows)
    # END SOLUTION


# %% tags=["check"]
checks.ex_7_1(ceiling)

# %% [markdown] tags=["exercise-text"]
# **Exercise 7.2** (easy, 10 min) The bill. A search has written steps; each is a pair
# (tokens before it, tokens of it). A scorer read the text up to the end of each step.
# Return the tokens of the policy and the scorer together. With `cached=True` the scorer
# pays for the new tokens only, otherwise for the whole text each time.
#
# <details><summary>Hint 1</summary>The policy always pays for the new tokens
# only.</details>
# <details><summary>Hint 2</summary>Without a cache one step costs the scorer both numbers of
# the pair.</details>


# %% tags=["exercise"]
def bill(written, cached):
    """All tokens of a search: [(0, 10), (10, 5)] -> 30 if cached, else 40."""
    # BEGIN SOLUTION
    policy_tokens = sum(new for _, new in written)
    again = 0 if cached else sum(before for before, _ in written)
    return 2 * policy_tokens + again
    # END SOLUTION


# %% tags=["check"]
checks.ex_7_2(bill)

# %% [markdown] tags=["exercise-text"]
# **Exercise 7.3** (medium, 15 min) Which child? Each child is (total, visits). Return the
# index of the child with the highest bound of section 8. Take for the parent's visits the sum
# over its children. (In section 8 that holds at the root; any other parent has one more.)
# A child without visits comes first. Ties go to the first.
#
# <details><summary>Hint 1</summary>Handle a child with 0 visits before you divide.</details>
# <details><summary>Hint 2</summary>`math.inf` is larger than every bound, and `max` over
# `range(len(children))` with a key returns the first where several are largest.</details>


# %% tags=["exercise"]
def choose_child(children, c):
    """The index of the child to visit next: [(3.0, 4), (0.5, 1)], c = 0 -> 0."""
    # BEGIN SOLUTION
    parent = sum(visits for _, visits in children)

    def bound(i):
        total, visits = children[i]
        if not visits:
            return math.inf
        return total / visits + c * math.sqrt(math.log(parent) / visits)

    return max(range(len(children)), key=bound)
    # END SOLUTION


# %% tags=["check"]
checks.ex_7_3(choose_child)

# %% [markdown] tags=["exercise-text"]
# **Exercise 7.4** (medium, 20 min) Stop when it is decided. A vote of n answers is paid in
# full even if the first five agree. The ballots come in the order in which they were
# drawn; `None` is no vote. Return how many have to be drawn until the winner of all n is
# certain: the leader is ahead of every other by more than what is left. If it never is,
# return n.
#
# <details><summary>Hint 1</summary>After k ballots, n - k are left, and all of them may go to
# one rival, or to an answer nobody has given yet.</details>
# <details><summary>Hint 2</summary>Compare the two largest counts of a `Counter`; the second is
# 0 if there is only one.</details>


# %% tags=["exercise"]
def decided_after(ballots):
    """How many ballots decide the vote: ["a", "a", "a", "b", "a"] -> 3."""
    # BEGIN SOLUTION
    counts, n = Counter(), len(ballots)
    for k, ballot in enumerate(ballots, 1):
        if ballot is not None:
            counts[ballot] += 1
        first, second, *_ = [*sorted(counts.values(), reverse=True), 0, 0]
        if first > second + n - k:
            return k
    return n
    # END SOLUTION


# %% tags=["check"]
checks.ex_7_4(decided_after)

# %% [markdown] tags=["exercise-text"]
# **Exercise 7.5** (medium, 15 min) Labels from rollouts. Each step has a row of verdicts, 1
# or 0, of the rollouts from it. Return three things:
#
# - the soft labels: shares of right rollouts;
# - the hard labels: 1.0 if any rollout is right, else 0.0;
# - the index of the first hopeless step, or `None`. From it on all hard labels are 0.
#
# <details><summary>Hint 1</summary>A step with label 0 may be bad luck: the next one may
# have a right rollout again.</details>
# <details><summary>Hint 2</summary>Go backwards from the last step while the hard label is
# 0.</details>


# %% tags=["exercise"]
def step_labels(rollouts):
    """[[1, 0], [0, 0]] -> ([0.5, 0.0], [1.0, 0.0], 1): soft, hard, first hopeless."""
    # BEGIN SOLUTION
    soft = [fmean(row) for row in rollouts]
    hard = [float(any(row)) for row in rollouts]
    first = len(hard)
    while first and not hard[first - 1]:
        first -= 1
    return soft, hard, first if first < len(hard) else None
    # END SOLUTION


# %% tags=["check"]
checks.ex_7_5(step_labels)

# %% [markdown] tags=["exercise-text"]
# **Exercise 7.6** (hard, 60 min) Your own search, an open experiment. Write
# `mine(problem, ask, budget)` that returns a `SearchResult` and never spends more than its
# budget. Where nothing is finished, let `OutOfTokens` through. And one answer is no search:
# where the first answer is an unlikely exception and all later ones agree, yours has to find
# the common one. The check tries all this on scripted policies. Whether your search is good,
# only a measurement says. So measure it: `compare(mine, partial(self_consistency, n=16))`
# (section 10) replays the recorded answers of the 40 games with 1,000 tokens a question. There
# are 16 of each game, so ask for no more. Read all three: the shares, the tokens, and the interval
# of the paired gain. One idea: use exercise 7.4 inside a vote.
#
# <details><summary>Hint 1</summary>`Ledger(problem, ask, None, budget)` counts for you:
# `draw(n)` returns finished paths, `result(path, all)` makes the answer.</details>
# <details><summary>Hint 2</summary>Draw a few, count ballots, and draw more only where they
# do not agree. `draw` raises `OutOfTokens` once nothing can be paid; catch it if you
# have answers already.</details>


# %% tags=["exercise"]
def mine(problem, ask, budget):
    """A search of your own: a SearchResult whose `tokens` are at most `budget`."""
    # BEGIN SOLUTION
    # `compare` in the first edition: 88% right for 495 tokens, the vote 88% for 905,
    # paired gain +0.00 [-0.09, +0.09]. So it saves tokens, and we saw no loss.
    book = Ledger(problem, ask, None, budget)
    answers, asked_for = book.draw(3), 3
    while asked_for < 15:  # `compare` has 16 recorded answers
        ballots = [problem.ballot(path.text) for path in answers]
        counts = Counter(b for b in ballots if b is not None)  # `None` is no vote
        first, second, *_ = [*sorted(counts.values(), reverse=True), 0, 0]
        if first >= second + 3:
            break
        asked_for += 2
        try:
            answers += book.draw(2)
        except OutOfTokens:  # nothing could be paid, or both were cut off
            continue
    chosen = majority([problem.ballot(path.text) for path in answers])
    agreed = [p for p in answers if problem.ballot(p.text) == chosen]
    return book.result(agreed[0], answers)
    # END SOLUTION


# %% tags=["check"]
checks.ex_7_6(mine)
