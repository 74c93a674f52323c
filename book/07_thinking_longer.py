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
# | You will build | votes, best-of-N, a process reward model, beam search, a tree search, budget forcing, and one account of tokens for all of them |
# | You need | Chapter 01; the verifier of chapter 06 helps |
# | Minutes to read | 35 |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948), section 4.2 of version 1, "Unsuccessful Attempts"; each method names its own paper |
#
# ![A map. On the left a policy that writes, a scorer that judges, and a ledger that counts all tokens. From there three rows lead to one answer and the tokens it took: whole answers side by side with vote, best of n and weighted vote; step by step with beam, lookahead and tree search; one answer, changed, with budget forcing, refine and calculator.](../figures/07_map.png)
#
# What you see: nine ways to spend more tokens on a question. The numbers are the
# sections that build them. The weights of the policy never change in this chapter.

# %% [markdown]
# **Run this first.** It imports everything and loads two models of the book: the base,
# which has only read text, and R1, the end of the recipe.

# %% tags=["setup"]
import json
import math
import pathlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import accumulate
from statistics import fmean, pstdev

import torch
from torch.nn import functional as F

# %% tags=["setup"]
from r1lib import artifacts, checks, plots, search
from r1lib.evaluate import majority, paired
from r1lib.feedback import preferences, reward_model
from r1lib.feedback.reward_model import RewardConfig, RewardModel
from r1lib.problem import problems
from r1lib.progress import bar
from r1lib.search import beams, process, trees, votes
from r1lib.search.forcing import AGAIN
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
from r1lib.search.process import Step
from r1lib.search.together import together
from r1lib.search.tools import CALL, last_expression
from r1lib.tokenizer.chat import CLOSE
from r1lib.training import optim
from r1lib.verifiers import extract_answer, parse_expression, value
from r1lib.verifiers.notation import DIGITS
from r1lib.world import arithmetic, countdown

# %%
models = {name: artifacts.load(f"{name}-tiny") for name in ("base", "r1")}
tokenizer = models["r1"][1]

# %% [markdown] tags=["slide"]
# ## 1. More tokens for one answer
#
# The **policy** is the model that writes. `Ask` turns a model into one: it takes
# prefixes, each a pair of a prompt and the text written so far, and returns
# continuations of each. A continuation says how many tokens it took, how it ended, and
# how likely the policy found it (its log-probability). It ends with `"stop"` where the
# model ended its answer, with `"until"` where a string that we wait for was written,
# such as `STEP`, the end of a line, and with `"length"` where it was cut off.
#
# A line of thinking is one try, a *tape*: sums from left to right, each going on from
# the last result. Then come `~`, the target and the difference to it, and a verdict.
# The model can get its own sums wrong.

# %%
LONGEST = 192  # tokens of one completion


def policy(name, temperature=1.0, seed=1):
    """A model as a policy, with a random generator of its own."""
    generator = torch.Generator().manual_seed(seed)
    return Ask(*models[name], LONGEST, temperature, generator)


game = problems(countdown.sample, 1, 4, "test", language="en")[0]
((one,),) = policy("r1")([(game.prompt, "")])
print(game.prompt)
print(one.text)
print(f"{one.tokens} tokens, finish {one.finish!r}, log-probability {one.logprob:.1f}")

# %% [markdown]
# The oldest way to spend more tokens is a **chain of thought**. Wei et al. showed large
# models worked examples (arXiv 2201.11903); for Kojima et al. the words "Let's think
# step by step" were enough (arXiv 2205.11916). Our base was trained on tagged text, so
# the same nudge is one tag. We open its answer with `<think>`, or with `<answer>`.

# %%
games = problems(countdown.sample, 40, 3, "test")  # easy, held out
sums = problems(arithmetic.sample, 40, 3, "test")


def share(name, problems, begin, k=4):
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

# %% [markdown]
# What you see: the same weights, and one tag of difference. This works because the base
# *has* a habit of working things out. The tag asks for it.

# %% [markdown] tags=["slide"]
# ## 2. Many answers and a vote
#
# Now draw several answers to one question, and take the most frequent one. Wang et al.
# called this **self-consistency** (arXiv 2203.11171). A first version counts texts:

# %% tags=["nbval-check-output"]
target = countdown.make((3, 4, 5), 17, "en")
said = ["<answer>3*4+5</answer>", "<answer>5+4*3</answer>", "<answer>(5-4)*3</answer>"]
said = [*said, "<answer>(5-4)*3</answer>"]


def most_frequent_text(completions):
    """The naive vote."""
    answers = [extract_answer(text) for text in completions if text]
    return Counter(answers).most_common(1)[0]


print(most_frequent_text([*said, "<answer>4*3+5</answer>"]))

# %% [markdown]
# The winner has two votes and is wrong. Three answers were right, but they were written
# in three ways. So a vote has to count *meanings*: `3*4+5` and `5+4*3` are one
# expression. Each problem has a `ballot` that says what a completion votes for.

# %% tags=["nbval-check-output"]
ballots = [target.ballot(text) for text in [*said, "<answer>4*3+5</answer>"]]
winner = majority(ballots)
text = [*said, "<answer>4*3+5</answer>"][ballots.index(winner)]
print(ballots.count(winner), "votes for", extract_answer(text))
print("right" if target.check(text) else "wrong")

# %% [markdown]
# Sampling is the slow part, and most methods below need the same samples. `Recorded`
# is a policy that hands out samples drawn before, in their order. Draw 16 answers to
# each of the 40 games, once:

# %%
LIVE = 16
drawn = policy("r1")([(p.prompt, "") for p in games], LIVE)
samples = {p.prompt: row for p, row in zip(games, drawn, strict=True)}


def recorded():
    """The samples as a policy that starts from the first again."""
    return Recorded(samples, LONGEST)


single = [fmean(p.check(m.text) for m in samples[p.prompt]) for p in games]
print(f"R1, one answer: {fmean(single):.0%} right")

# %% [markdown]
# The library's search has the same two lines in it. `Ledger` keeps the account of
# tokens; section 5 says what it counts.

# %%
# r1lib.search.votes.self_consistency

# %%
found = self_consistency(games[0], recorded(), budget=2000, n=LIVE)
texts = [m.text for m in samples[games[0].prompt] if m.finish == "stop"]
naive = majority([games[0].ballot(text) for text in texts])
drawn_texts = [path.text for path in found.candidates]
assert drawn_texts == texts[: len(drawn_texts)]
assert len(drawn_texts) < len(texts) or games[0].ballot(found.text) == naive
print(f"{len(found.candidates)} finished answers, {found.tokens} tokens")
print(found.answer)

# %% [markdown] tags=["slide"]
# How does the vote grow? We replay the recording with 1, 2, 4, 8 and 16 answers.


# %%
def replay(way, n):
    """Use a search on every game with n recorded answers: the share right, tokens."""
    right, tokens = [], []
    for problem in games:
        try:
            found = way(problem, recorded(), budget=LIVE * LONGEST * 3, n=n)
            right.append(float(problem.check(found.text)))
            tokens.append(found.tokens)
        except OutOfTokens as error:  # all n were cut off
            right.append(0.0)
            tokens.append(error.tokens)
    return fmean(tokens), fmean(right)


SIZES = (1, 2, 4, 8, 16)
lines = {"vote": [replay(self_consistency, n) for n in SIZES]}
for n, (tokens, right) in zip(SIZES, lines["vote"], strict=True):
    print(f"{n:2} answers {tokens:6.0f} tokens {right:4.0%} right")

# %% [markdown]
# What you see: the curve climbs, and then it flattens. Two votes cannot outvote each
# other. But an answer that was cut off has no vote, so a second one can replace it.

# %% [markdown] tags=["slide"]
# ## 3. Best of N: somebody has to choose
#
# A vote needs answers that meet. **Best-of-N** needs a score instead: draw n answers,
# and keep the one with the highest score. There are three sources of scores.
#
# **The policy itself.** It knows how likely it found each answer. We take the mean over
# tokens, because a sum would prefer whatever is short.

# %%
# r1lib.search.votes.likeliest

# %% [markdown]
# **The verifier.** It knows what is right. With it, best-of-N is right as soon as one
# of the n answers is: this is pass@n of chapter 15, the ceiling of every choice. On a
# real question there is no such verifier, or nobody would need the model.

# %%
# r1lib.search.best_of_n

# %% [markdown]
# **An outcome reward model** (ORM). It reads a whole answer and gives the chance that
# it is right (Cobbe et al., arXiv 2110.14168). Ours is R1 itself with one number as
# its output in place of the next token. It learns from R1's answers to *training* problems.

# %%
LESSONS = 64  # training problems
lessons = problems(countdown.sample, LESSONS, 5, "train")
asker = policy("r1", seed=2)
rows = asker([(p.prompt, "") for p in lessons], 8)
answers = [
    (p, more.text)
    for p, row in zip(lessons, rows, strict=True)
    for more in row
    if more.finish == "stop"
]
graded = [
    (preferences.encode(tokenizer, p.prompt, text, str), float(p.check(text)))
    for p, text in answers
]
print(f"{len(graded)} answers, {fmean(right for _, right in graded):.0%} right")


# %%
def learn(examples, epochs, label):
    """Train a scorer from R1's weights on (ids, share of right answers)."""
    model, config = RewardModel.of(models["r1"][0]), RewardConfig(epochs=epochs)
    optimizers = optim.adamw(model, config.lr)
    kind = {"loss": process.step_loss}
    loop = reward_model.train(model, examples, config, optimizers, **kind)
    steps = epochs * math.ceil(len(examples) / config.batch_size)
    losses = [metrics["loss"] for metrics in bar(loop, steps, label, ("loss",))]
    return model, losses


orm, losses = learn(graded, 2, "outcome model")
rate = remembered(outcome_score(orm, tokenizer))  # computes each text once
print(f"loss: {fmean(losses[:5]):.2f} at first, {fmean(losses[-5:]):.2f} at last")

# %%
ways = {
    "likeliest": votes.likeliest,
    "best of n, outcome model": partial(search.best_of_n, score=rate),
    "best of n, verifier": partial(search.best_of_n, score=verified),
}
for name, way in ways.items():
    lines[name] = [replay(way, n) for n in SIZES]
    row = "  ".join(f"{right:4.0%}" for _, right in lines[name])
    print(f"{name:26}{row}")

# %% [markdown]
# What you see: the columns are 1 to 16 answers. The verifier climbs furthest, as it must.
# The policy's own probability is a surprisingly good judge of its answers here. The
# learned one saw a few hundred answers. The more answers it may choose from, the more
# chances it has to like a wrong one.

# %% [markdown] tags=["slide"]
# ## 4. The weighted vote
#
# A vote ignores scores, and best-of-N ignores agreement. Li et al. add them up (arXiv
# 2206.02336): equal answers sum their scores, and the highest sum wins. One bad score
# can no longer decide alone.

# %% tags=["nbval-check-output"]
rated = [("5", 0.9), ("6", 0.4), ("6", 0.4), ("7", 0.3), ("6", 0.35)]
sums_of = defaultdict(float)
for answer, score in rated:
    sums_of[answer] += score
print("best of n:    ", max(rated, key=lambda pair: pair[1])[0])
print("weighted vote:", max(sums_of, key=sums_of.get), dict(sums_of))

# %%
# r1lib.search.weighted_vote

# %%
ways["weighted vote, outcome model"] = partial(weighted_vote, score=rate)
lines["weighted vote, outcome model"] = [
    replay(ways["weighted vote, outcome model"], n) for n in SIZES
]
for name in ("vote", "best of n, outcome model", "weighted vote, outcome model"):
    print(f"{name:30}{lines[name][-1][1]:4.0%} of {LIVE} answers a question")

# %% [markdown] tags=["slide"]
# ## 5. One account of tokens
#
# Is best-of-8 with a reward model cheaper than a vote of 16? Only a common unit can
# say. The **ledger** of each search counts:
#
# - 1 for each token that the policy samples, the end of the answer included, whether the
#   answer is used or not;
# - what a scorer reads or writes: each token of a text once, because a model that keeps
#   its cache does not read the same beginning twice;
# - nothing for questions, openings, and whatever a program adds.
#
# A search talks to policy and scorer through its ledger only. `ask(paths, n, until)`
# continues each path n times, `score(paths)` gives each a value, and `draw(n)` asks for
# whole answers and drops those that were cut off. `affordable(n)` says how many of n
# still fit into the budget.
#
# A toy policy makes the account easy to follow. It takes what comes next from a table,
# and each entry costs 5 tokens.


# %%
class Toy:
    """A policy that follows a table: what may come behind a text, in turn."""

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


# %% tags=["nbval-check-output"]
toy_game = countdown.make((3, 7, 8), 35, "en")
TABLE = {
    "": ["8+7=15\n", "8-3=5\n"],
    "8+7=15\n": ["<answer>8+7+3</answer>", "<answer>(8+7)*3</answer>"],
    "8-3=5\n": ["<answer>8-3+7</answer>", "<answer>(8-3)*7</answer>"],
}


def judge(problem, texts):
    """A scorer that reads 2 tokens of each text, and likes one beginning."""
    return [0.8 if text.startswith("8-3") else 0.3 for text in texts], [2] * len(texts)


for name, found in (
    ("vote", votes.self_consistency(toy_game, Toy(TABLE), 1000, n=4)),
    ("best of n", search.best_of_n(toy_game, Toy(TABLE), judge, 1000, n=4)),
):
    print(f"{name:10}{found.tokens} tokens, {found.scored} of them for the scorer")
    print(
        f"{'':10}{found.answer}: {'right' if toy_game.check(found.text) else 'wrong'}"
    )

# %% [markdown]
# Four answers of 10 tokens are 40, and the scorer's 8 make 48. Every search takes a
# `budget`, the most tokens that policy and scorer may spend together. What if it is
# smaller than one completion, or the policy never stops? Then there is no answer, and
# the search says so. It does not return half of a thought:

# %% tags=["nbval-check-output"]
for budget in (9, 12):
    try:
        print(budget, search.best_of_n(toy_game, Toy(TABLE), judge, budget).answer)
    except OutOfTokens as error:
        print(budget, str(error)[:76])

# %% [markdown] tags=["slide"]
# ## 6. A process reward model
#
# A score at the end comes late: R1 may waste a hundred tokens after its first slip. A
# **process reward model** (PRM) scores each step. For us a step is a line of thinking.
#
# Where do labels for steps come from? For the first such models people read the steps
# (Lightman et al., arXiv 2305.20050). Math-Shepherd asks the policy itself (arXiv
# 2312.08935): go on from a step several times. The share of right answers is the label.

# %%
# r1lib.search.process.steps
# r1lib.search.process.label

# %% [markdown]
# One transcript of R1, and eight rollouts from each of its steps:

# %%
long = max(
    ((p, text) for p, text in answers if p.check(text)),
    key=lambda pair: min(len(steps(pair[1])), 6),
)
labelled, spent = label([long], asker, n=8, max_new_tokens=LONGEST)
print(long[0].prompt)
for step, before in zip(labelled, [None, *labelled]):  # noqa: B905
    line = step.text.removeprefix(before.text if before else "").strip()
    print(f"{step.share:5.2f}  {line}")
print(f"{spent} tokens for {len(labelled)} labels")

# %% [markdown]
# What you see: the share of right answers after each line. The labels say how much
# hope is left, and not whether a line is correct. A failed try costs little as long as
# there is room for the next one. And the bill is large: many tokens for few labels.
#
# Now label one answer to each training problem, and train. The loss is the
# cross-entropy between the label and the model's number, at the last token of a step.

# %%
# r1lib.search.process.step_loss

# %%
walked = list({p.prompt: (p, text) for p, text in answers}.values())
labels, spent = label(walked, asker, n=4, max_new_tokens=LONGEST)
print(f"{len(labels)} labels for {spent:,} tokens")
prm, losses = learn(process.examples(tokenizer, labels), 3, "process model")
print(f"loss: {fmean(losses[:5]):.2f} at first, {fmean(losses[-5:]):.2f} at last")
assert fmean(losses[-5:]) < fmean(losses[:5])

# %% tags=["slide"]
english = [p for p in games if p.language == "en"]
held = next(p for p in english if len(steps(samples[p.prompt][0].text)) >= 4)
text = samples[held.prompt][0].text
(values,), (read,) = process.step_values(prm, tokenizer, held.prompt, [text])
truth, _ = label([(held, text)], policy("r1", seed=4), 8, LONGEST)
print(held.prompt, "right" if held.check(text) else "wrong", f"{read} tokens read")
plots.steps_picture(
    steps(text), {"8 rollouts": [s.share for s in truth], "model": values}
)

# %% [markdown]
# What you see: each step of an answer that the model has never read, with eight new
# rollouts beside the model's guess. The model reads an answer once; the rollouts had to
# write many. A few hundred labels are not many, so it stays unsure, and it rises at the line
# that says yes. Keep that in mind for section 12. `process_score` makes a scorer of it.

# %% [markdown] tags=["slide"]
# ## 7. Beam search
#
# With a value for each step, bad paths can be dropped early. **Beam search** writes
# several next steps, keeps the best `width` paths, and goes on from these.
#
# ![Three columns of four steps. In each column two paths with the highest values are kept and the other two are dropped. After the third column the answer (8-3)*7 has the highest value.](../figures/07_beam.png)
#
# What you see: width 2, two next steps for each kept path. Solid arrows are kept.
#
# The naive version is greedy: one path, the best of n next steps. The toy shows it:


# %% tags=["nbval-check-output"]
def greedy_steps(problem, ask, score, n=2):
    """Always go on with the best next step."""
    text, finish = "", "until"
    while finish == "until":
        row = ask([(problem.prompt, text)], n, max_new_tokens=99, until="\n")[0]
        scores, _ = score(problem, [text + more.text for more in row])
        chosen = row[scores.index(max(scores))]
        text, finish = text + chosen.text, chosen.finish
    return text


print(greedy_steps(toy_game, Toy(TABLE), judge).replace("\n", " | "))

# %%
# r1lib.search.beams.next_steps
# r1lib.search.beams.look_ahead
# r1lib.search.beams.keep
# r1lib.search.beams.last_step

# %%
# r1lib.search.beam

# %% tags=["nbval-check-output"]
found = beam(toy_game, Toy(TABLE), judge, 1000, width=1, expand=2)
assert found.text == greedy_steps(toy_game, Toy(TABLE), judge)
print(found.answer, found.tokens, "tokens,", found.scored, "for the scorer")

# %% [markdown]
# A beam of width 1 is the greedy version. Two relatives of it:
#
# - **Lookahead** writes a step further before it scores a path, and drops that step
#   again (Snell et al., arXiv 2408.03314). The score is better informed, and dearer.
# - **Diverse beams** keep groups apart: a step loses value if another group has just
#   taken the same one (Vijayakumar et al., arXiv 1610.02424).
#
# A search for one question leaves most of a processor idle. `together` runs the searches
# of many questions side by side, and samples what they ask for in one batch.

# %%
judged = process.process_score(prm, tokenizer)


def attempt(problem, way, ask):
    """Run a search: (right, tokens). A search that finishes nothing is wrong."""
    try:
        found = way(problem, ask)
    except OutOfTokens as error:
        return 0.0, error.tokens
    return float(problem.check(found.text)), found.tokens


def side_by_side(way, games, seed=3):
    """Run one search on many games in one batch: mean tokens, share right."""
    tries = [partial(attempt, game, way) for game in games]
    found = together(policy("r1", seed=seed), tries)
    right, tokens = zip(*found, strict=True)
    return fmean(tokens), fmean(right)


FEW = 16
wide = {"score": judged, "budget": 1500, "width": 2, "expand": 2}
for name, way in (
    ("beam", partial(beam, **wide)),
    ("lookahead", partial(beam, lookahead=1, **wide)),
    ("diverse", partial(beams.diverse, groups=2, **wide)),
):
    tokens, right = side_by_side(way, games[:FEW])
    print(f"{name:10}{tokens:6.0f} tokens {right:4.0%} right of {FEW} games")

# %% [markdown] tags=["slide"]
# ## 8. A tree that grows where results are good
#
# A beam forgets what it drops. **Monte Carlo tree search** (MCTS) keeps all paths and
# returns to them. Each simulation has five moves: *select* a leaf, *expand* it by
# next steps, write one of them to its end (a *rollout*), and *back up* the score.
#
# Selecting has to weigh two things: go where results were good, and go where few
# results are known. The bound of Kocsis and Szepesvári (2006) adds them. The larger $c$
# is, the more it explores:
#
# $$ \text{bound} = \frac{\text{total}}{\text{visits}} + c \sqrt{\frac{\ln \text{visits of the parent}}{\text{visits}}} $$

# %%
# r1lib.search.trees.uct

# %% tags=["nbval-check-output"]
for total, visits in ((3.0, 4), (0.5, 1), (0.0, 0)):
    print(f"{total} in {visits} visits: {uct(total, visits, 10, c=2**0.5):.2f}")

# %% [markdown]
# A mean of 0.75 over four results loses to 0.5 from a single one, because one result
# says little. A child without visits comes first. The other moves:

# %%
# r1lib.search.trees.Node
# r1lib.search.trees.select
# r1lib.search.trees.expand

# %%
# r1lib.search.trees.backup
# r1lib.search.trees.close
# r1lib.search.trees.simulate

# %% [markdown]
# By hand, on the toy. Each line is one simulation; then the tree is shown.


# %% tags=["nbval-check-output"]
def grow(problem, ask, score, budget, simulations, n):
    """A tree with all its nodes; `mcts` is this loop with a stricter end."""
    book, root = Ledger(problem, ask, score, budget), Node(Path())
    for _ in range(simulations):
        if root.closed or book.left < LONGEST:
            break
        yield root, simulate(book, root, n, math.sqrt(2)), book.spent


walks = list(grow(toy_game, Toy(TABLE), judge, 1000, 5, 2))
for _, answer, spent in walks:
    print(f"{spent:3} tokens: {answer.text!r} scored {answer.value}")
root = walks[0][0]
for child in root.children:
    print(f"{child.path.text.strip()}: {child.visits} visits, {child.total:.1f} in all")

# %%
# r1lib.search.mcts

# %% [markdown]
# Now R1's tree for one game, with our process model as the judge:

# %% tags=["slide"]
asks = policy("r1", seed=6)
root, _, spent = list(grow(english[1], asks, judged, 2500, 16, 4))[-1]
print(f"{english[1].prompt}: {root.visits} simulations, {spent} tokens")
plots.tree_picture(root)

# %% [markdown]
# What you see: the number at a node is its visits, its colour the mean value. The tree
# may try only four lines at each node, and it is three steps deep when the tokens are
# gone. Chess has some thirty moves in a position; a line of text has far more. How many
# different first lines are among the samples of one question?

# %%
first_lines = [
    len({more.text.partition("\n")[0] for more in samples[p.prompt]}) for p in games
]
print(f"{fmean(first_lines):.1f} different first lines in {LIVE} samples")
assert fmean(first_lines) > 4

# %% [markdown] tags=["slide"]
# ## 9. One answer, longer, shorter, or again
#
# **Budget forcing** changes the length of one thought (s1, arXiv 2501.19393). Where a
# model would stop too early, its `</think>` is taken away and "Wait" is written. Where
# it thinks too long, `</think>` is put there. Our models do not know "Wait". Their
# tapes go on after a "no", so we write that word of the problem's language.

# %%
# r1lib.search.forcing.force


# %%
def wait(problem, ask, least):
    """Make R1 think for at least so many tokens, by turning its last line down."""
    no = countdown.WORDS[problem.language]["no"] + "\n"
    return force(problem, ask, 600, most=LONGEST, least=least, wait=no)


def stop(problem, ask, most):
    """Make R1 answer after so many tokens of thinking."""
    return force(problem, ask, 600, most=most)


shorter = [side_by_side(partial(stop, most=n), games) for n in (16, 64)]
longer = [side_by_side(partial(wait, least=n), games) for n in (64,)]
for name, points in (("early stop", shorter), ("made to wait", longer)):
    row = ", ".join(f"{right:.0%} for {tokens:.0f} tokens" for tokens, right in points)
    print(f"{name}: {row}")
print(f"R1, as it is: {fmean(single):.0%}")
assert shorter[0][1] < fmean(single)

# %% [markdown]
# What you see: stopping early saves tokens and costs answers. Making R1 wait costs
# answers, too. R1 stops when it has said yes. Our "no" turns down a line that was often
# right, and R1 leaves it. The model of s1 had stopped too early; ours rarely does.
#
# **Self-refinement** shows a model its own answer and asks for a better one (Madaan et
# al., arXiv 2303.17651). Our models were never asked such a thing.

# %%
# r1lib.search.forcing.refine

# %%
again = partial(refine, score=rate, budget=1200, rounds=2)
tokens, right = side_by_side(again, games)
print(
    f"refine: {right:.0%} right for {tokens:.0f} tokens; one answer {fmean(single):.0%}"
)

# %% [markdown]
# **A tool.** When the model writes `=`, a program can write the result. Cobbe et al.
# trained with such a calculator in 2021. What the model wrote is parsed and never run
# as code; length, nesting and digits are bounded.

# %%
# r1lib.search.tools.calculate

# %% tags=["nbval-check-output"]
for expression in ("17*23", "(1+2)/6", "2**99999", "1/0", "__import__('os')"):
    print(f"{expression:18}{calculate(expression)}")
print(
    countdown.sum_at_end("<think>8-3=5,*7"), "|", countdown.sum_at_end("8-3=5,*7=35~35")
)

# %% [markdown]
# A tape's step goes on from the result before it, so `*7` alone is no sum. Only the world
# knows that: `countdown.sum_at_end` reads the tape for the calculator.

# %%
# r1lib.search.tools.with_calculator

# %%
hard = problems(arithmetic.sample, 32, 3, "test", "hard")
alone = side_by_side(partial(votes.likeliest, budget=2 * LONGEST, n=1), hard)
tool = partial(with_calculator, budget=400, read=countdown.sum_at_end)
helped = side_by_side(tool, hard)
for name, (tokens, right) in (("alone", alone), ("with a calculator", helped)):
    print(f"hard arithmetic, {name:18}{right:4.0%} right for {tokens:.0f} tokens")

# %% [markdown]
# One answer to each of 32 questions is too little to tell the two apart. Section 11 has
# more of them.

# %% [markdown] tags=["slide"]
# ## 10. Live: beat R1's single answer
#
# The simplest way of all, in front of you: eight fresh answers to each of forty held-out
# games, and a vote. Nothing is trained.

# %%
fresh = policy("r1", seed=11)([(p.prompt, "") for p in games], 8)
one_each, eight = [], []
for problem, row in zip(games, fresh, strict=True):
    one_each.append(fmean(problem.check(more.text) for more in row))
    ballots = [problem.ballot(m.text) for m in row if m.finish == "stop"]
    chosen = majority(ballots)
    said = [m.text for m in row if m.finish == "stop"]
    won = chosen is not None and problem.check(said[ballots.index(chosen)])
    eight.append(float(won))
gain = paired(one_each, eight)
low, high = gain["interval"]
print(f"one answer {fmean(one_each):.0%}, a vote of eight {fmean(eight):.0%}")
print(f"paired gain {gain['difference']:+.2f} [{low:+.2f}, {high:+.2f}]")
assert fmean(eight) > fmean(one_each)

# %% tags=["slide"]
names = ("vote", "weighted vote, outcome model", "best of n, verifier")
plots.doubling_curves(
    {"easy countdown, right": {name: lines[name] for name in names}},
    "tokens a question",
)

# %% [markdown]
# *Paired* takes the difference game by game; in brackets is its 95% interval. These are
# fresh samples, so the numbers differ a little from those of section 2.
#
# What you see: one to sixteen recorded answers over what they cost, the scorer's
# tokens included. The verifier is the ceiling. A vote gets much of the way, and needs
# nobody to judge.

# %% [markdown] tags=["slide"]
# ## 11. The measured curves
#
# One live run on one family shows little. `results/inference.py` measured every way of
# this chapter on 64 held-out problems: easy and hard countdown, and hard arithmetic. All
# ways had the same problems and the same account of tokens.
#
# Three models: the base with an opening `<think>`, R1-Zero, and R1. For the base the
# three seeds are three trained models. Of Zero and R1 one model is shipped, so their
# seeds are three draws from *one* model, with three sets of trained scorers.

# %%
MODELS, SEEDS = ("base", "zero", "r1"), (0, 1, 2)
RESULTS = pathlib.Path("../results/data")


def read_unit(model, seed):
    """What one unit measured."""
    path = RESULTS / f"inference-{model}-{seed}.json"
    return json.loads(path.read_text(encoding="utf-8"))


units = {(model, seed): read_unit(model, seed) for model in MODELS for seed in SEEDS}
BUDGETS = units["r1", 0]["settings"]["budgets"]
KINDS = [f"{level} {family}" for family, level, _ in units["r1", 0]["problems"]]


def column(model, way, what="right", kind=None):
    """A number for each problem: the mean over the three seeds."""
    rows = [units[model, seed]["P14"]["arms"][way][what] for seed in SEEDS]
    means = [fmean(values) for values in zip(*rows, strict=True)]
    return [m for m, k in zip(means, KINDS, strict=True) if kind in (None, k)]


def point(model, way, kind=None):
    """(tokens, share right) of one way."""
    return tuple(fmean(column(model, way, x, kind)) for x in ("tokens", "right"))


print(Counter(KINDS))
for model in MODELS:
    tokens, right = point(model, "sampled")
    print(f"{model:5} one answer: {right:.2f} right, {tokens:3.0f} tokens")

# %% tags=["slide"]
CHOICES = {
    "vote": "vote",
    "likeliest": "likeliest",
    "best of n, outcome model": "best of n, outcome",
    "weighted vote, outcome model": "weighted vote, outcome",
    "best of n, verifier": "best of n, verifier",
}
SEARCHES = {
    "beam, process model": ("beam 2 x 2", "beam 4 x 4"),
    "tree search, process model": ("mcts 512", "mcts 1024"),
}


def panel(model):
    """All lines of one model: a point for each budget."""
    lines = {
        label: [point(model, f"{way} {budget}") for budget in BUDGETS]
        for label, way in CHOICES.items()
    }
    return lines | {
        label: [point(model, way) for way in ways] for label, ways in SEARCHES.items()
    }


plots.doubling_curves(
    {f"{model}, right": panel(model) for model in MODELS}, "tokens a question"
)

# %% [markdown]
# What you see: a point for each budget; lines further up and to the left are better.
# For all three models the vote climbs far above one answer, and the likeliest answer
# climbs with it or past it. The learned judge helps the base's vote most, once there
# are many answers. The verifier is the ceiling. For the base it is far away: a right
# answer was written, and neither a vote nor a learned judge chose it. The searches lie
# at the vote or below.
#
# One caution. R1 has lost hard countdown on its way (chapter 10 shows where), and a
# quarter of these problems are of that kind. So R1's ceiling is low in this mix.

# %% [markdown] tags=["slide"]
# ### Where the curves cross
#
# Can a vote of a weak model replace training? We compare the base's vote, at each
# budget, with one answer of R1, problem by problem. An interval that excludes 0 is a
# difference; one that holds it is a tie.


# %% tags=["slide"]
def versus(model, way, other, rival):
    """By how much a way is better than another, with its interval, and tokens."""
    found = paired(column(other, rival), column(model, way))
    low, high = found["interval"]
    mark = "tie" if low <= 0 <= high else ""
    return f"{found['difference']:+.2f} [{low:+.2f}, {high:+.2f}] {mark}"


cost, right = point("r1", "sampled")
print(f"one answer of R1: {right:.2f} for {cost:.0f} tokens")
for budget in BUDGETS:
    tokens, right = point("base", f"vote {budget}")
    gap = versus("base", f"vote {budget}", "r1", "sampled")
    print(f"base, vote: {right:.2f} for {tokens:5.0f} tokens, {gap}")

# %% [markdown]
# What you see: a few hundred tokens of votes bring the base up to one answer of R1, and
# more tokens pass it. R1 gets there with a fraction of them, each time it is asked:
# training paid for that, once. (R1 solves no hard countdown, a quarter of this mix:
# section 11 ends with R1's share by kind.)

# %% [markdown] tags=["slide"]
# ### RL and SFT plus inference-time scaling
#
# Raschka's essay on reasoning models ends by looking forward to this combination: a
# model trained by RL and SFT, with inference-time scaling on top. Here it is, against
# one answer of the same model, paired:

# %% tags=["slide"]
top = BUDGETS[-1]
for model in MODELS:
    (t1, one), (t2, many) = point(model, "sampled"), point(model, f"vote {top}")
    gap = versus(model, f"vote {top}", model, "sampled")
    print(f"{model:5}{one:.2f} -> {many:.2f}, {t1:.0f} -> {t2:.0f} tokens, {gap}")
    by_seed = [
        fmean(units[model, seed]["P14"]["arms"][f"vote {top}"]["right"])
        - fmean(units[model, seed]["P14"]["arms"]["sampled"]["right"])
        for seed in SEEDS
    ]
    print("      by seed:", ", ".join(f"{gain:+.2f}" for gain in by_seed))
    assert min(by_seed) > 0
for kind in dict.fromkeys(KINDS):
    row = [point("r1", way, kind)[1] for way in ("sampled", f"vote {top}")]
    limit = point("r1", f"best of n, verifier {top}", kind)[1]
    print(f"R1, {kind:16}{row[0]:.2f} -> {row[1]:.2f}, with a verifier {limit:.2f}")

# %% [markdown]
# What you see: votes on top of training add to every model, in every seed. They add most
# to the base, which is right now and then, and least where nothing is left to find: R1
# solves no hard countdown with any number of votes. **Inference-time scaling finds what a
# model can do sometimes. It does not teach it anything.**

# %% [markdown] tags=["slide"]
# ### Ways to change one answer

# %% tags=["slide"]
ONE = ("sampled", "greedy", "stop at 16", "stop at 64", "wait, no, until 64")
ONE = (*ONE, "wait, again, until 64", "refine", "calculator")
print(f"{'':24}" + "".join(f"{model:>14}" for model in MODELS))
for way in ONE:
    cells = (point(model, way) for model in MODELS)
    row = "".join(f"{right:8.2f} {tokens:5.0f}" for tokens, right in cells)
    print(f"{way:24}{row}")
print("(share right, tokens)")
for model in MODELS:
    print(
        f"{model}, calculator - sampled:", versus(model, "calculator", model, "sampled")
    )

# %% [markdown]
# What you see: no way to lengthen or repeat one answer helps. Early stops cost answers.
# A forced "no" or "again" costs more, because the model then gives up a right line.
# Nobody taught these models to look at an answer of their own, and refinement harms. A
# calculator is the one change that helps Zero and R1, but the answers get longer.
# For the base it is a tie.

# %% [markdown] tags=["slide"]
# ## 12. Why R1's authors call two of these unsuccessful
#
# Section 4.2 of the paper (version 1) names what did not work for R1: process reward
# models and MCTS. The reasons given for the first: a step is hard to define, a step is hard
# to label, and a learned judge is *hacked*. For the second: the space of texts is far larger
# than that of chess, and a value model for it is hard to train. The paper speaks of
# training *and* of search; it grants that a PRM can rerank answers, at a price.
#
# We test the search. Does it pay here? Each search has spent some tokens on each
# problem. We give the same tokens, problem by problem, to a plain vote over recorded
# samples.

# %% tags=["slide"]
HUNTS = ("beam 2 x 2", "beam 4 x 4", "lookahead 2 x 2", "diverse 4 x 4", "mcts 1024")


def rival(model, hunt, name):
    """The right answers of a rival with the tokens of a search, for each problem."""
    rows = [
        units[model, seed]["P10"]["equal tokens"][hunt][name]["right"] for seed in SEEDS
    ]
    return [fmean(values) for values in zip(*rows, strict=True)]


print(f"{'':22}{'tokens':>7}{'scorer':>8}{'right':>7}{'vote':>6}   search - vote")
for model in MODELS:
    for hunt in HUNTS:
        tokens, right = point(model, hunt)
        arms = [units[model, seed]["P14"]["arms"][hunt] for seed in SEEDS]
        scored = fmean(arm["scored"] for arm in arms)
        plain = rival(model, hunt, "vote")
        gap = paired(plain, column(model, hunt))
        low, high = gap["interval"]
        print(f"{model:5} {hunt:16}{tokens:7.0f}{scored:8.0f}{right:7.2f}", end="")
        print(
            f"{fmean(plain):6.2f}   {gap['difference']:+.2f} [{low:+.2f}, {high:+.2f}]"
        )
        assert low <= 0  # no search is clearly ahead

# %% [markdown]
# What you see: at equal tokens no search is clearly ahead of the vote, and several are
# clearly behind (an interval below 0). And more is hardly better: a wide beam costs
# more than twice as much as a narrow one, and gives the judge more to choose from.
# Between 29% and 46% of the tokens went to the judge.

# %% [markdown] tags=["slide"]
# ### The judge is exploited
#
# Let the process model choose among more and more answers. What it *promises* for the
# chosen answer must rise, because it is a maximum. Does the share of right answers?


# %% tags=["slide"]
def promises(model, scorer):
    """Two lines over n: the mean score of the chosen answer, and the share right."""
    rows = [units[model, seed]["P10"]["exploited"][scorer] for seed in SEEDS]
    sizes = [n for n in rows[0] if n.isdigit()]
    return {
        "promised": [(int(n), fmean(r[n]["promised"] for r in rows)) for n in sizes],
        "right": [(int(n), fmean(fmean(r[n]["right"]) for r in rows)) for n in sizes],
    }


for scorer in ("process", "outcome"):
    lines_of = promises("r1", scorer)
    gaps = [p - r for (_, p), (_, r) in zip(*lines_of.values(), strict=True)]
    print(f"{scorer:8} promised - right: {gaps[0]:+.2f} of one, {gaps[-1]:+.2f} of all")
    assert gaps[-1] > gaps[0]
plots.doubling_curves(
    {
        f"R1, {scorer} model, share": promises("r1", scorer)
        for scorer in ("process", "outcome")
    },
    "answers to choose from",
)

# %% [markdown]
# What you see: the promise rises with each doubling. The share of right answers rises at
# first, and then stops or falls. A judge that errs sometimes is asked for its largest
# value, and that is where its errors are. A wide beam does the same at each step.

# %% tags=["slide"]
worst = max(
    (units["r1", seed]["P10"]["fooled"]["beam 4 x 4"] for seed in SEEDS),
    key=lambda found: found["value"],
)
print(worst["prompt"])
for step, number in worst["steps"]:
    print(f"{number:5.2f}  {step.strip()}")
print(f"promised {worst['value']:.2f}, wrong; the right answer: {worst['answer']}")

# %% [markdown]
# This is the wrong answer that a beam was surest of, with the judge's value after each
# step. Compute it by hand, and compare: the check has repeated the mistake and said
# yes. It looks like a right answer, and the look is a part of what the judge has
# learned. The paper calls this reward hacking, and R1's rewards for reasoning are
# rules.

# %%
for model in MODELS:
    wide_rows = [units[model, seed]["P10"]["width"] for seed in SEEDS]
    number = fmean(fmean(row["different first steps"]) for row in wide_rows)
    n = units[model, 0]["settings"]["samples"]
    print(f"{model:5} {number:.0f} different first lines among {n} samples")
for model in MODELS:
    cells = [
        point(model, way) for way in ("mcts 1024, verifier", "best of n, verifier 1024")
    ]
    row = ", ".join(f"{right:.2f} for {tokens:.0f} tokens" for tokens, right in cells)
    print(f"{model:5} verifier as the judge: tree and best of n {row}")

# %% [markdown]
# What you see: the second reason of the paper. Among 32 samples there are 15 to 21
# different first lines. The tree tries four lines at each node, and a thousand tokens
# pay for a handful of simulations. A tree pays where it can come back to a position
# often. Even with the verifier as its judge, which makes no errors, the tree is not
# ahead of best-of-n, which had somewhat more tokens.

# %% [markdown] tags=["slide"]
# ## 13. What readers ask
#
# ### Does a longer answer mean a better one?
#
# Readers of R1 look for growing lengths. Are the long answers of one model the good
# ones? Hard questions take longer, so look at each question by itself, too:

# %%
flat = [(m.tokens, game.check(m.text)) for game in games for m in samples[game.prompt]]
flat.sort()
quarter = len(flat) // 4
for i in range(4):
    part = flat[i * quarter : (i + 1) * quarter]
    print(f"{part[0][0]:3} to {part[-1][0]:3} tokens: {fmean(r for _, r in part):4.0%}")
within = []
for game in games:
    row = sorted(samples[game.prompt], key=lambda m: m.tokens)
    halves = row[: LIVE // 2], row[LIVE // 2 :]
    short, long_ones = (fmean(game.check(m.text) for m in half) for half in halves)
    within.append(long_ones - short)
print(f"long minus short half of one question: {fmean(within):+.2f}")
assert flat and fmean(r for _, r in flat[:quarter]) > fmean(
    r for _, r in flat[-quarter:]
)

# %% [markdown]
# What you see: the last quarter was cut off at the limit, so nearly all of it is wrong.
# Of the other three the shortest is not the best. Part of the difference within a
# question is the limit, too, and not the length.
#
# Training made answers longer *and* better, compared with the base. It does not follow
# that of two answers the longer one is better.
#
# ### Why are my answers cut off, and their score 0?
#
# Because the limit of tokens was reached before the answer. A completion without an
# answer counts as wrong, so a low limit makes a good model look bad.

# %%
for limit in (48, 96, LONGEST):
    kept = [
        (m.tokens <= limit and m.finish == "stop", game.check(m.text))
        for game in games
        for m in samples[game.prompt]
    ]
    done = fmean(whole for whole, _ in kept)
    right = fmean(whole and good for whole, good in kept)
    print(f"limit {limit:3}: {done:4.0%} finished, {right:4.0%} right")

# %% [markdown]
# ### Why do I not get the published accuracy?
#
# A single answer at temperature 1 is one draw. Sixteen runs of the same model on the
# same 40 questions:

# %%
runs = [
    fmean(game.check(samples[game.prompt][i].text) for game in games)
    for i in range(LIVE)
]
print(f"lowest {min(runs):.0%}, mean {fmean(runs):.0%}, highest {max(runs):.0%}")
print(f"standard deviation {pstdev(runs):.1%}")
assert max(runs) - min(runs) > 0.04

# %% [markdown]
# Nothing differs but the random generator. Average several samples of each question,
# and give an interval (chapter 15). A greedy answer has no such noise. But it measures
# another way to answer: in section 11 it is better than a sample for the base, and
# about equal for Zero and R1.
#
# ### Why does my vote not help?
#
# A vote finds the answer that the model gives most often. Where this is a wrong one,
# more votes make it surer. What would 16 votes do, by how often one answer is right?

# %%
groups = defaultdict(list)
for game, chance in zip(games, single, strict=True):
    way = partial(self_consistency, budget=LIVE * LONGEST * 2, n=LIVE)
    right, _ = attempt(game, way, recorded())
    name = "under 1/3" if chance < 1 / 3 else "to 2/3" if chance < 2 / 3 else "over"
    groups[name].append((chance, right))
for name, row in sorted(groups.items()):
    before, after = (fmean(numbers) for numbers in zip(*row, strict=True))
    print(f"{name:10}{len(row):3} games: one {before:4.0%}, vote {after:4.0%}")

# %% [markdown]
# What you see: the vote gains in every group, even where a single answer is mostly
# wrong, as long as the wrong answers differ from each other. It cannot solve a game
# where no answer is ever right, or where one wrong answer comes more often.
#
# ### When is thinking longer a waste?
#
# When there is nothing to work out. The same units asked for facts, as the model likes,
# with a forced thought, and with the answer at once:

# %% tags=["slide"]
for model in MODELS:
    for way in ("free", "thinking", "at once"):
        arms = [units[model, seed]["P14"]["facts"][way] for seed in SEEDS]
        right, tokens = (fmean(fmean(a[x]) for a in arms) for x in ("right", "tokens"))
        print(f"{model:5} {way:9}{right:6.2f} right {tokens:5.0f} tokens")

# %% [markdown]
# What you see: a forced thought about a fact costs tokens and answers. It is also a beginning
# that the model was not taught for facts; chapter 15 discusses what that proves.

# %% [markdown]
# ## 14. What this chapter does not show
#
# Our scorers are as small as the policy and read a few hundred answers; a PRM of seven
# billion weights, trained on millions of labels, is another thing. Our steps are lines of
# a game. And 64 problems leave wide intervals: read a tie as "we cannot tell".
#
# ## Summary
#
# - More tokens can go into one longer answer, many answers, or a search over steps.
# - A vote needs answers that meet, and no judge. Count meanings, not texts.
# - Best-of-N is as good as its judge. With a verifier it is the ceiling; a learned judge is
#   exploited, and more so with every extra answer. A weighted vote dampens that.
# - A process reward model learns step labels from rollouts of the policy itself.
# - Beam search and MCTS need a judge of unfinished texts, in a space that is too wide.
# - Count all tokens, those of the scorer included, and compare at equal tokens, paired.
#
# ## Questions
#
# 1. A paper reports best-of-64 with a reward model against a vote of 64. Is that fair?
#
#    <details><summary>Answer</summary>Not yet: the reward model has read 64 answers, too. At
#    equal tokens the vote could have had about 128, where the scorer is as large as
#    the policy.</details>
#
# 2. Why is the lookahead's step dropped again, although it was paid for?
#
#    <details><summary>Answer</summary>It only informs the score. Kept, it would be the one
#    continuation that every path must follow, and the beam would have no choice at that
#    step.</details>
#
# 3. A friend's search never fails: where the budget ends, it returns what is written so
#    far. What is wrong with that?
#
#    <details><summary>Answer</summary>A cut-off thought has no answer, or one found by
#    accident. The failure of a budget is a result that has to be counted.</details>

# %% [markdown]
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
    """The share of rows with at least one right sample."""
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
    """All tokens of a search: [(before, new), ...] -> a number."""
    # BEGIN SOLUTION
    policy_tokens = sum(new for _, new in written)
    again = 0 if cached else sum(before for before, _ in written)
    return 2 * policy_tokens + again
    # END SOLUTION


# %% tags=["check"]
checks.ex_7_2(bill)

# %% [markdown] tags=["exercise-text"]
# **Exercise 7.3** (medium, 15 min) Which child? Each child is (total, visits). Return the
# index of the child with the highest bound of section 8; the parent's visits are those
# of all its children together. A child without visits comes first; of equals the first.
#
# <details><summary>Hint 1</summary>Handle a child with 0 visits before you divide.</details>
# <details><summary>Hint 2</summary>`math.inf` is larger than every bound, and `max` over
# `range(len(children))` with a key returns the first of equals.</details>


# %% tags=["exercise"]
def choose_child(children, c):
    """The index of the child to visit next."""
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
    """How many ballots have to be drawn until the vote is decided."""
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
# or 0, of the rollouts from it. Return three things: the soft labels (shares), the hard
# labels (1.0 if any rollout is right, else 0.0), and the index of the first step from
# which no rollout recovers: its hard label and those of all steps after it are 0. If
# there is none, return `None` as the third.
#
# <details><summary>Hint 1</summary>A step with label 0 may be bad luck: the next one may
# have a right rollout again.</details>
# <details><summary>Hint 2</summary>Go backwards from the last step while the hard label is
# 0.</details>


# %% tags=["exercise"]
def step_labels(rollouts):
    """[[1, 0], ...] -> (soft labels, hard labels, first hopeless step or None)."""
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
# `mine(problem, ask, budget)` that returns a `SearchResult` and never spends more than
# its budget. The check tries it on scripted policies. Then measure it on the 40 games
# at 1,000 tokens a question against the vote, paired, and on fresh problems if you
# have looked at these too often. Idea: exercise 7.4 inside a vote.
#
# <details><summary>Hint 1</summary>`Ledger(problem, ask, None, budget)` counts for you:
# `draw(n)` returns finished paths, `result(path, all)` makes the answer.</details>
# <details><summary>Hint 2</summary>Draw a few, count ballots, and draw more only where they
# do not agree. `draw` raises `OutOfTokens` once nothing can be paid; catch it if you
# have answers already.</details>


# %% tags=["exercise"]
def mine(problem, ask, budget):
    """A search of your own: SearchResult, at most `budget` tokens."""
    # BEGIN SOLUTION
    book = Ledger(problem, ask, None, budget)
    answers = book.draw(3)
    while len(answers) < 24:
        counts = Counter(problem.ballot(path.text) for path in answers)
        first, second, *_ = [*sorted(counts.values(), reverse=True), 0, 0]
        if first >= second + 3:
            break
        try:
            answers += book.draw(2)
        except OutOfTokens:
            break
    chosen = majority([problem.ballot(path.text) for path in answers])
    agreed = [p for p in answers if problem.ballot(p.text) == chosen]
    return book.result(agreed[0], answers)
    # END SOLUTION


# %% tags=["check"]
checks.ex_7_6(mine)
