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
# # Rewards that cannot be fooled
#
# | | |
# |---|---|
# | You will build | verifiers for games, mathematics and logic, rewards for form and language, a reward for programs with its sandbox, a gallery of 24 ways to cheat, and a learned judge that you then lead astray |
# | You need | Python. Section 10 uses PyTorch, but you can read it without |
# | Minutes to read | 55 |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download. Programs run behind walls on Linux, elsewhere behind a seat belt, and the chapter says which |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v1), sections 2.2.2 and 2.3.2; v2, section 2.2; DAPO (arXiv 2503.14476), equation 13; CodeT (arXiv 2207.10397) |
#
# ![From left to right: a completion; its one answer is found; one of four verifiers judges it, for games, mathematics, logic or programs, the last one inside a sandbox; right or wrong goes into a sum. Below, the thinking goes to rules for format and language, which join the sum with small weights. The sum is the reward.](../figures/06_rewards.png)
#
# What you see: the way of a completion to its reward. The small numbers are the
# sections in which you build each part.

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random
# generator. Nothing below configures anything else.

# %% tags=["setup"]
import ast
import json
import math
import operator
import os
import random
import re
import struct
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from itertools import product
from pathlib import Path

import torch
from torch import nn

from r1lib import artifacts, checks, evaluate, plots, rewards, sandbox, verifiers
from r1lib.problem import Problem, problems
from r1lib.rewards import code as code_reward
from r1lib.rewards import lint
from r1lib.sandbox import Sandbox
from r1lib.sandbox.inside import read, write
from r1lib.tokenizer import chat
from r1lib.verifiers import algebra, answers
from r1lib.world import arithmetic, countdown, logic, programs

torch.manual_seed(0)
RESULTS = Path("../results/data")

# %% [markdown]
# Some cells below show a function as the library has it. These are the bounds and names
# that they use.

# %% tags=["setup"]
import unicodedata

import regex

from r1lib.problem import LANGUAGES
from r1lib.rewards import (
    CODE,
    COMMAND,
    LETTERS,
    MARK,
    MARKS,
    SCRIPT,
    SYMBOL,
    TAG,
    WORD,
    letters_of,
    purity,
)
from r1lib.rewards.code import (
    DOUBLINGS,
    PARTIAL,
    PER_COMPLAINT,
    UNMEASURED,
    Parts,
    speed,
)
from r1lib.sandbox.inside import is_sealed, limit, play, resource, take
from r1lib.tokenizer.chat import CLOSE, CLOSE_ANSWER, OPEN, OPEN_ANSWER, blank
from r1lib.verifiers import BOX, ONE_TOKEN, PATIENCE, _unboxed
from r1lib.verifiers.answers import LONGEST
from r1lib.verifiers.last_number import last_number
from r1lib.verifiers.notation import DEEPEST, DIGITS, join_thousands, wording
from r1lib.verifiers.trees import BITS, POWER, Refused, Tree, written
from r1lib.world.logic import LONGEST_ANSWER, NAMES, READ, holds

# %% [markdown]
# ## 1. Whom do you trust to say "right"?
#
# In reinforcement learning a model is not shown what to write. It writes, somebody
# says a number, the **reward**, and what earned more becomes more likely. Nothing in
# this loop knows what you *meant*. If "right" is worth 1 and a strange text that is
# not right is worth 1 too, the model is not cheating when it writes the strange
# text. It is doing exactly what it is paid for, and with thousands of attempts a minute
# it will find every such text there is. People call that a **reward hack**. The older
# name is Goodhart's law: when a measure becomes a target, it ceases to be a good
# measure.
#
# So who should say the number? There are two candidates. A **reward model** is a
# neural network, trained on examples of good and bad answers, that gives a score to
# any text. A **rule** is a program that checks: is this the number 35, did each test
# pass? DeepSeek-R1's reasoning was trained with rules. Its authors give two reasons
# against a neural reward model, be it for the outcome or for single steps: in
# large-scale RL it may be exploited, and it must be trained anew again and again, which
# costs resources and complicates everything (arXiv 2501.12948v1, section 2.2.2; v2,
# section 2.2). Mathematics is checked by comparing the final answer, which has to stand
# in a given format; programming problems by a compiler and test cases. Where no rule is
# possible, in helpfulness, they do use reward models, and the supplement of v2 shows
# one being exploited: its score goes up while the model gets worse at programming.
# Chapter 13 has the same experiment.
#
# A rule, however, is only as good as its author. Most of this chapter is about rules
# that *look* right. We build each one from the naive version that everybody writes
# first, break it, and mend it. At the end, in section 10, we train a judge instead and
# see what happens.

# %% [markdown] tags=["slide"]
# ## 2. Find the answer
#
# A completion is text: some thinking, then an answer. Before an answer can be judged,
# it has to be found, and the first version that comes to mind is one line:


# %%
def first_answer(text):
    found = re.search(r"<answer>(.*?)</answer>", text)
    return found[1] if found else None


# %% [markdown]
# What could go wrong? Somebody may *think* about an answer in these tags and then give
# another one. Somebody may give two answers, one of which is right: a **hedge**. And
# people who have learned from mathematical text put the answer into `\boxed{...}`.
# Our rule, in words: look only behind the last `</think>`. If there are answer tags,
# there must be exactly one pair. Else there may be one box. Else the last number
# counts. *Two answers are no answer*, even if they are equal.

# %% tags=["slide"]
# r1lib.tokenizer.chat.summary
# r1lib.tokenizer.chat.answer

# %%
# r1lib.verifiers.extract_answer
# r1lib.verifiers.boxed

# %% tags=["nbval-check-output"]
texts = [
    "<think>2+2=5? no</think><answer>4</answer>",
    "<think><answer>5</answer> no</think><answer>4</answer>",
    "<answer>4</answer> or <answer>5</answer>",
    "<answer>4",
    r"<think>a half</think>so it is \boxed{\frac{1}{2}}.",
    r"\boxed{4} or \boxed{5}",
    "first 3, then 5, so 1,234",
    "<think>it must be 4</think>",
]
print(f"{'first_answer':14}{'extract_answer':16}completion")
for text in texts:
    print(f"{first_answer(text)!s:14}{extract_answer(text)!s:16}{text}")

# %% [markdown]
# In the second line the naive rule takes what was only thought. In the third it takes
# the first of two, so a model that is unsure can offer both and be paid for luck. The
# last line shows a decision that could be made otherwise: if nothing follows the
# thinking, there is no answer, however plainly it was thought.
#
# A word on style. The regular expression above is harmless, others are not:
# `(a|aa)+$` needs longer than the age of the universe on a few hundred letters *a*
# and a *b*. What a model writes is hostile text, without any ill will on its part. So
# no pattern of ours may need more than about linear time, and lengths are bounded
# first.

# %% [markdown] tags=["slide"]
# ## 3. Exact numbers, and a game
#
# The game of this book is **countdown**: reach a target with given numbers, each used
# exactly once, by `+ - * /` and brackets. From 3, 7, 8 reach 35: `(8-3)*7`. What does a
# verifier have to check? That the numbers are the given ones, and that the value is
# the target. Public verifiers of this game find the numbers by a regular expression
# and let Python compute the value by `eval`, up to a small error. We never give a
# model's text to `eval`; but the following computes what `eval` would:

# %%
PYTHON = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
}


def python_value(node):
    """What Python makes of a syntax tree of numbers and operators."""
    if isinstance(node, ast.BinOp):
        sides = python_value(node.left), python_value(node.right)
        return PYTHON[type(node.op)](*sides)
    return node.value


def naive_countdown(answer, numbers, target):
    """The given numbers, and nearly the target."""
    used = [int(n) for n in re.findall(r"\d+", answer)]
    result = python_value(ast.parse(answer, mode="eval").body)
    return sorted(used) == sorted(numbers) and abs(result - target) < 1e-5


# %% [markdown]
# Now the hunt. `**` and `//` are Python, but not the game. A point between two numbers
# *glues* them into one decimal, `3.4`, and so do an underscore (`1_0` is ten in Python)
# and an `e` (`3e1` is thirty): the regular expression sees two numbers where Python
# sees one.

# %% tags=["nbval-check-output"]
GAMES = [
    ("(8-3)*7", [3, 7, 8], 35),
    ("2**3*5", [2, 3, 5], 40),
    ("7//2*3", [2, 3, 7], 9),
    ("3.4*5", [3, 4, 5], 17),
    ("1_0*2", [0, 1, 2], 20),
    ("3e1+2", [1, 2, 3], 32),
    ("8*7-3*7", [3, 7, 8], 35),
    ("35", [3, 7, 8], 35),
    ("(8-3)*7=35", [3, 7, 8], 35),
]


def told(rule, *given):
    """What a rule says, or how it fails."""
    try:
        return "yes" if rule(*given) else "no"
    except SyntaxError:
        return "crash"


for game in GAMES:
    answer, numbers, target = game
    naive, ours = told(naive_countdown, *game), told(verifiers.countdown_correct, *game)
    print(f"{answer:12} from {numbers} to {target}: naive {naive:6} ours {ours}")

# %% [markdown]
# Five lies believed, and the last line crashes the program, which in the middle of a
# training run is no small thing either. There is a worse one that we do not run:
# `9**9**9`, a number of 369,693,100 digits, with which the naive verifier is busy
# until somebody kills it.
#
# ### Exact, and bounded before anything is computed
#
# Why "nearly the target"? Because computers round:

# %% tags=["nbval-check-output"]
print("floating point:", 1 / 49 * 49, 1 / 49 * 49 == 1)
print("fractions:     ", Fraction(1, 49) * 49, Fraction(1, 49) * 49 == 1)

# %% [markdown]
# A tolerance mends the first line, and opens a door for answers that are nearly
# right. It is better to compute in **fractions**: a `Fraction` keeps numerator and
# denominator as whole numbers and never rounds. So the verifier that we use has three
# parts. The first decides what is an expression at all: 200 characters, these signs
# and no others, brackets at most 30 deep, numbers of at most 12 digits. (`ast.parse`
# only reads. It executes nothing.)

# %%
# r1lib.verifiers.parse_expression

# %% [markdown]
# The second computes its value in fractions, and the third asks the two questions of
# the game.

# %% tags=["slide"]
# r1lib.verifiers.value
# r1lib.verifiers.countdown_correct

# %% tags=["nbval-check-output"]
print("value of (8-3)/7:", value(parse_expression("(8-3)/7")))
for hostile in ("2**3*5", "3.4*5", "9**9**9", "(" * 1000, "1+" * 10**6 + "1", "５+1"):
    seen = hostile if len(hostile) < 12 else f"{len(hostile)} characters"
    print(f"{seen:20} {parse_expression(hostile)}")
assert all(countdown_correct(*game) == (i == 0) for i, game in enumerate(GAMES))

# %% [markdown]
# The bounds are not there to be strict with right answers, since no right answer of the
# game comes near them. They are there so that the *cost* of looking at an answer is
# known before anybody looks. (The last one is a fullwidth 5, which Python's `int`
# would accept. Digits of other scripts are numbers too, and another door.)

# %% [markdown] tags=["slide"]
# ## 4. When are two answers the same?
#
# In mathematics the right answer is known, the **gold** answer, and the model's
# answer has to be compared with it. As texts? `1/2`, `0.5`, `50%`, `\frac{1}{2}` and
# `x = 1/2` are five texts and one answer, and each mistake here is a lie to the
# model: a right answer called wrong teaches it to unlearn what it knows. Four steps,
# each for what the one before leaves undecided.
#
# **Step 1: one number, exactly.** Thousands, percent, a fraction, a name in front:

# %%
# r1lib.verifiers.notation.parse_number

# %% tags=["nbval-check-output"]
for text in ("1/2", "0.5", "50%", "x = 1/2", "1,000", "12,34", "1/0", "three"):
    print(f"{text:8} {parse_number(text)}")

# %% [markdown]
# `12,34` is no number here: it might be 1,234 with a slip, or 12.34 in another
# country, or two numbers. The principle behind all that follows: *what is not surely
# one answer is refused.*
#
# **Step 2: read the structure.** Tuples, sets, intervals, roots, letters, LaTeX. A
# parser of some 200 lines, `r1lib/verifiers/answers.py`, turns text into a **tree**, nested
# tuples such as `("/", top, bottom)`, and refuses whatever it does not understand.

# %% tags=["nbval-check-output"]


def sketch(tree):
    """A tree on one line."""
    kind, *parts = tree
    if kind in ("number", "name"):
        return str(parts[0])
    parts = list(map(sketch, parts))
    return f"({kind.join(parts)})" if kind in "+*/^" else f"{kind} {', '.join(parts)}"


for text in (r"\frac{1}{2}", "(1,2)", "{1,2}", "[0,1)", r"2\sqrt{2}", "3 or 4"):
    tree = answers.read(text)
    print(f"{text:12} {sketch(tree) if tree else 'refused'}")

# %% [markdown]
# **Step 3: compute what is rational**, with bounds on every power *before* it is taken.
# `answers.read` refuses some huge powers already, so the last tree is made by hand:

# %%
# r1lib.verifiers.trees.exact
# r1lib.verifiers.trees._power

# %% tags=["nbval-check-output"]
for text in ("2^{10}", "2^{-1}+1", "2^{5000}", "9^{9^{9}}", r"\sqrt{2}"):
    tree = answers.read(text)
    print(f"{text:10} {exact(tree) if tree else 'refused while reading'}")
nine = ("number", Fraction(9))
try:
    exact(("^", nine, ("^", nine, nine)))
except Refused as refused:
    print("exact, by hand:", refused)

# %% [markdown]
# **Step 4: algebra**, for roots and letters. Is $2\sqrt2$ the same as $\sqrt8$, is
# $x^2-1$ the same as $(x-1)(x+1)$? That is what sympy is for. But simplifying may
# take for ever, and an alarm signal, the usual remedy, works in the main thread of a
# program only; in several projects it has silently turned into rewards of 0. So sympy
# lives in a process of its own. It gets the tree (never the text), it has three
# seconds of computing, and it can be killed. What it cannot *prove* equal is not equal.
#
# All four steps in one function:

# %% tags=["slide"]
# r1lib.verifiers.same
# r1lib.verifiers._same_units

# %% [markdown]
# One line of it deserves a second look: `return written(answer) == value`. Where the
# gold answer is a number, the model has to *write out* that number. `2+2` has the
# value 4, and so has every question in arithmetic: if values were enough, repeating
# the question would always be right. Now see which step decides:


# %%
def by_steps(gold, answer):
    """(the step that decides, its verdict): the whole of section 4, slowly."""
    if parse_number(gold) is not None and parse_number(answer) is not None:
        return "1 number", parse_number(gold) == parse_number(answer)
    left, right = answers.read(gold), answers.read(answer)
    if left is None or right is None:
        return "wording", left is right and wording(answer) == wording(gold)
    if {left[0], right[0]} & {"tuple", "set", "interval()", "interval[)"}:
        return "2 structure", same(left, right, time.monotonic() + PATIENCE)
    if left == right or exact(left) is not None:
        return "3 exact", left == right or written(right) == exact(left)
    return "4 algebra", algebra.equal(left, right) is True


# %% tags=["slide", "nbval-check-output"]
PAIRS = [
    ("1/2", "50%"),
    ("1/3", "0.333333333"),
    ("10", "10%"),
    ("3", "3 or 4"),
    ("1024", "2^{10}"),
    ("4", "2+2"),
    ("(1,2)", "(2,1)"),
    ("{1,2}", "{2,1}"),
    (r"2\sqrt{2}", r"\sqrt{8}"),
    ("x^2-1", "(x-1)(x+1)"),
    (r"\sqrt{x^2}", "x"),
    (r"\text{Monday}", "Monday"),
]
print(f"{'gold':15}{'answer':14}{'decided by':13}same")
for gold, answer in PAIRS:
    step, verdict = by_steps(gold, answer)
    assert verdict == verifiers.math_equal(gold, answer)
    print(f"{gold:15}{answer:14}{step:13}{'yes' if verdict else 'no'}")

# %% [markdown]
# `docs/answers.md` lists more than a hundred such rows with a reason for each, and
# the tests read that page and try every row, so it cannot become untrue.
#
# ### A second opinion
#
# [Math-Verify](https://github.com/huggingface/Math-Verify) is a verifier that many open
# replications of R1 use, and it reads far more LaTeX than ours. Do the two
# agree? They were asked the same question for pairs of 52 kinds that templates made,
# once, by `python -m results.agreement`:


# %%
def load_result(name):
    """A committed measurement, or one line that says that there is none."""
    path = RESULTS / name
    if not path.exists():
        print(f"results/data/{name}: not measured in this copy of the book")
        return None
    return json.loads(path.read_text(encoding="utf-8"))


# %% tags=["slide", "nbval-check-output"]
agreement = load_result("agreement.json")
kinds = agreement["kinds"]
print(f"{agreement['agree']} of {agreement['pairs']} pairs, of {len(kinds)} kinds")
alike = sum(kind["agree"] == kind["pairs"] for kind in kinds.values())
print(f"{alike} kinds: always the same verdict; {len(kinds) - alike}: never\n")

differ = {}
for row in agreement["disagreements"]:
    differ.setdefault(row["kind"], []).append(row)
for kind, rows in differ.items():
    first = rows[0]
    ours = "equal" if first["ours"] else "not"
    example = f"{first['gold']} | {first['answer']}"
    print(
        f"{len(rows):3} {kind:23} we say {ours}, e.g. {example}\n      {first['why']}"
    )

# %% [markdown]
# No disagreement is an accident: each is a whole kind, and each has a reason. Most
# are of one sort. Math-Verify is *kind*: it compares six decimals, takes 10% for 10
# as well as for 0.1, takes a bare list for a tuple, and an unfinished sum for its
# value. For *evaluating* a model that is sensible, since nobody there tries to
# exploit it. As a *reward* each kindness is a door. Think of a gold answer like 1/3
# and a model that finds out that many digits from a rough calculation will do.

# %% [markdown] tags=["slide"]
# ## 5. Knights and knaves
#
# A third family of problems: on an island everybody is either a **knight**, who says
# only true things, or a **knave**, who says only false ones. A says: "B is a knave."
# B says: "A and I are the same." Who is what? A knight's statement must be true and a
# knave's must be false; with two people there are four possibilities, so try them
# all. Statements are plain data. Person 0 is A, and `True` stands for a knight:

# %% tags=["nbval-check-output"]
statements = (("is", 1, False), ("same", 0, 1))
puzzle = logic.make(statements, "en")
print(puzzle.prompt)
for world in product((True, False), repeat=2):
    said = [holds(statement, world) for statement in statements]
    verdict = "fits" if tuple(said) == world else "no"
    print(f"A, B = {world!s:15} what they say is {said!s:15} {verdict}")

# %% [markdown]
# The library makes a table of each statement once and compares. The same function makes
# problems, as it counts solutions: a puzzle with two of them, or none, is never asked,
# because then "right" would have no meaning.

# %%
# r1lib.world.logic._table
# r1lib.world.logic.solutions
# r1lib.world.logic.read_answer
# r1lib.world.logic.verify

# %% tags=["nbval-check-output"]
print("solutions:", solutions(statements, 2))
for answer in (
    "A=knight,B=knave",
    "B=knave, A=knight",
    "A=기사,B=거짓",
    "A=knight",
    "A=knight,A=knave,B=knave",
    "A=knight or knave,B=knave",
):
    print(f"{answer:28} {verify(puzzle, answer)}")

# %% [markdown]
# Each person once, one word for each, in either language. The last two lines try what
# section 2 called a hedge, inside one answer.

# %% [markdown] tags=["slide"]
# ## 6. Form, language, length
#
# Being right is what we want. A few more things we would *like*, and they are paid
# in small change.
#
# **Format.** R1-Zero was paid for putting its thinking between tags. Ours is strict:
# one `<think>`, something in it, `</think>`, directly one `<answer>`, something in
# it, the end. Nothing before, between or behind, since what is allowed there will be
# used.

# %% tags=["slide"]
# r1lib.rewards.format

# %% [markdown]
# **Language.** R1-Zero mixed languages in its thinking. R1 was therefore paid for the
# share of words in the language of the question (arXiv 2501.12948v1, section 2.3.2).
# That sounds simple until you ask what a *word* is. Numbers and operators belong to
# no language, nor do a few single letters (a variable `x`, a person `A`) or names of
# Python, so they must count on neither side. But whoever spells English as `y1e1s1`,
# or hides letters between invisible ones, has written a word.

# %%
# r1lib.tokenizer.chat.thinking
# r1lib.rewards.words

# %%
# r1lib.rewards.purity
# r1lib.rewards.language_consistency

# %% tags=["nbval-check-output"]
game_en = countdown.make((3, 7, 8), 35, "en")
game_ko = countdown.make((3, 7, 8), 35, "ko")
for thought in (
    "8-3=5,*7=35~35=0 yes",
    "again 8-3=5,*7=35~35=0 맞아",
    "8-3=5,*7=35",
    "",
):
    text = f"<think>{thought}</think><answer>(8-3)*7</answer>"
    both = [language_consistency(game, text) for game in (game_en, game_ko)]
    print(
        f"English {both[0]:.1f}, Korean {both[1]:.1f}, format {format(game_en, text)}"
    )
    print(f"    {text}")

# %% [markdown]
# Thinking without any word mixes nothing, so it is paid in full; *no thinking* is
# paid nothing, or silence would be the cheapest way to speak one language. Chapter 11
# uses this reward and measures its price.
#
# **Length and repetition** have nothing to do with "right or wrong", but runs go astray
# if nothing limits them. DAPO (arXiv 2503.14476, equation 13) lowers the reward over
# the last stretch before the limit $L$, softly, so that a completion is not cut by
# surprise; with a buffer $b$ and a length $n$,
#
# $$ p(n) = -\frac{\min(\max(n - (L - b),\, 0),\, b)}{b}. $$
#
# And a text that says the same again and again pays for the share of **n-grams**
# (runs of $n$ words) that were there before.

# %%
# r1lib.rewards.length_penalty
# r1lib.rewards.repetition_penalty

# %% tags=["nbval-check-output"]
lengths = (60, 100, 110, 120, 140, 500)
print("tokens ", *(f"{n:6}" for n in lengths))
print("penalty", *(f"{length_penalty(n, 120, 20):6.2f}" for n in lengths))
for text in ("first try then look once more", "wait wait wait wait wait wait"):
    print(f"{text}: {repetition_penalty(text.split(), n=2):+.2f}")

# %% [markdown]
# ### Adding up, and keeping the parts
#
# One number goes to the learner; *all* of them go to the log. A reward that rises says
# little if you cannot see which part rises.

# %% tags=["slide"]
# r1lib.rewards.Weighted


# %% tags=["nbval-check-output"]
def repeats(problem, text):
    return repetition_penalty(text.split())


reward = Weighted(
    {
        "accuracy": (1.0, rewards.accuracy),
        "format": (0.1, format),
        "language": (0.1, language_consistency),
        "repetition": (0.1, repeats),
    }
)
right, wrong = "<answer>(8-3)*7</answer>", "<answer>8*7-3</answer>"
for text in (
    "<think>8-3=5,*7=35 yes</think>" + right,
    "<think>8-3=5,*7=35 맞아</think>" + right,
    "<think>8*7=56,-3=53 yes</think>" + wrong,
    "<think>wait, and wait, and wait, and wait, and</think>" + wrong,
):
    print(f"{reward(game_en, text):5.2f}  {text}")
print("\nmean of each part:", {k: round(v, 2) for k, v in reward.means().items()})

# %% [markdown]
# The weights follow one law: **no wrong answer may ever beat a right one.** The worst
# right answer of this mixture gets 0.9, in no form and full of repetitions; the best
# wrong one gets 0.2. With equal weights, 1 for each part, a neat wrong answer in good English would
# beat a right one that is untidy, and you would get neat English. (Exercise 6.5
# checks any mixture.)

# %% [markdown] tags=["slide"]
# ## 7. A gallery of cheats
#
# Now 24 ways to be paid without being right. Each line below has a naive reward,
# which we write down and call, and a completion that earns something there. The naive
# rules are not inventions. Stripped to their core, they are rules of public
# replications of R1 or of their tools: first answers that count, decimals glued
# together, thinking that may be empty, bullets that are paid as "steps of reasoning".
# Next to it stands what the same completion earns from ours. First, answers:

# %%
sums = Problem("arithmetic", "easy", "en", "compute ((17+5)*2)-8", "36", "sum 1")
gallery = []  # (what the model does, naive reward, our reward)


def last_value(text):
    tree = parse_expression(re.findall(r"<answer>(.*?)</answer>", text)[-1])
    return value(tree)


def exhibit(name, naive, problem, text, ours=rewards.total):
    gallery.append((name, float(naive(text)), float(ours(problem, text))))


def tag(*answers_):
    return " ".join(f"<answer>{a}</answer>" for a in answers_)


gold = sums.answer
everything = "it is one of " + " ".join(map(str, range(1, 51)))
exhibit("several answers", lambda t: tag(gold) in t, sums, tag(35, 36, 37))
exhibit("every number there is", lambda t: f" {gold} " in t, sums, everything)
thought = f"<think>{tag(gold)}, or not?</think>{tag(35)}"
exhibit("answer only thought", lambda t: first_answer(t) == gold, sums, thought)
question = tag("((17+5)*2)-8")
exhibit("the question itself", lambda t: last_value(t) == int(gold), sums, question)
exhibit("the target itself", lambda t: last_value(t) == 35, game_en, tag(35))
for answer, numbers, target in GAMES[1:6]:

    def naive(text, numbers=numbers, target=target):
        return naive_countdown(first_answer(text), numbers, target)

    problem = countdown.make(numbers, target, "en")
    exhibit(f"game: {answer}", naive, problem, tag(answer))

# %% [markdown]
# Then mathematics and logic. Six decimals, a percentage read both ways, members in any
# order, and a person who is both:


# %%
def six_decimals(gold, answer):
    return abs(float(gold) - float(answer)) < 1e-6


def either_percent(gold, answer):
    number = parse_number(answer)
    return Fraction(gold) in (number, 100 * number)


def any_order(gold, answer):
    return Counter(gold) == Counter(answer)


for name, naive, gold, answer in (
    ("rounded", six_decimals, Fraction(1, 3), "0.3333335"),
    ("10% of everything", either_percent, "10", "10%"),
    ("members in any order", any_order, "(1,2)", "(2,1)"),
):
    ours = verifiers.math_equal(str(gold), answer)
    gallery.append((name, float(naive(gold, answer)), float(ours)))

both = tag("A=knight,A=knave,B=knight,B=knave")
wanted = ("A=knight", "B=knave")
exhibit("knight and knave", lambda t: all(w in t for w in wanted), puzzle, both)

# %% [markdown]
# Then form. Here the naive rules pay for something that can be *counted*: tags,
# bullets, the word "wait", length, and the absence of foreign words.


# %%
def opens_and_closes(text):
    return text.startswith("<think>") and "</think>" in text


def begins_well(text):
    return re.match("<think>.+</think><answer>.+?</answer>", text) is not None


def per_tag(text):
    tags = ("<think>", "</think>", "<answer>", "</answer>")
    return sum(0.25 for tag in tags if text.count(tag) == 1)


def steps(text):
    return min(1.0, len(re.findall(r"Step \d+:|^- ", text, re.MULTILINE)) / 3)


def no_foreign_word(text):
    return 1 - len(re.findall("[가-힣]+", text)) / max(1, len(text.split()))


guess = "<think></think><answer>35</answer>"
more = "<think>a</think><answer>35</answer> or <answer>36</answer>"
many = "Step 1: think. Step 2: think. Step 3: think."
exhibit("empty thinking", opens_and_closes, sums, guess, format)
exhibit("more after the end", begins_well, sums, more, format)
exhibit("nothing but tags", per_tag, sums, "<answer></think></answer><think>")
exhibit("bullets", steps, sums, many)
exhibit("wait wait wait", lambda t: min(1, t.count("wait") / 5), sums, "wait " * 9)
exhibit("long", lambda t: min(1, len(t) / 500), sums, "so " * 300)
exhibit("says nothing", no_foreign_word, sums, guess, language_consistency)

# %% [markdown]
# Last, programs. A naive test compares what a program returned with what it should have
# returned by Python's `==`, which an object may define for itself, and for which 1 and
# `True` are the same; or pair by pair, up to the end of the shorter side. Ours turns
# both into text that names exact types and compares these texts (`write`, of section 9).


# %%
class Agreeable:
    """Equal to everything."""

    def __eq__(self, other):
        return True

    __hash__ = None


def as_text(returned, wanted):
    try:
        return write(returned) == write(wanted)
    except ValueError:  # no plain data
        return False


wanted = [42, 1, 1]
for name, naive, returned in (
    ("equal to everything", lambda r: r == wanted, Agreeable()),
    ("an empty list", lambda r: all(map(operator.eq, r, wanted)), []),
    ("true for 1", lambda r: r == wanted, [42, True, True]),
):
    ours = as_text(returned, wanted)
    gallery.append((f"program: {name}", float(naive(returned)), float(ours)))
assert as_text([42, 1, 1], wanted)

# %% tags=["slide", "nbval-check-output"]
print(f"{'what the model does':32}{'naive':>6}{'ours':>6}")
for name, naive, ours in gallery:
    print(f"{name:32}{naive:6.2f}{ours:6.2f}")
    assert naive > 0 == ours
print(f"{len(gallery)} cheats, paid by ours: {sum(o > 0 for *_, o in gallery)}")

# %% [markdown]
# What do these have in common? Nearly every naive rule pays for a *sign* of the thing
# instead of the thing: the gold answer appears somewhere, the tags are there, the word
# "step" is there. A sign is always cheaper to produce than the thing. And two habits
# close most of the doors: **one answer, in one place, or none**, and **refuse what you
# do not surely understand.**
#
# Is the gallery complete? Of course not. A list of known cheats proves nothing about
# unknown ones, which is why the rules above say what is *allowed*, and everything else
# is refused. The tests also throw thousands of random completions at each verifier,
# which never may raise, hang, or pay outside of its range. A script did the same at
# length, once (`python -m results.fuzz`):

# %%
if fuzz := load_result("fuzz.json"):
    print(f"{'':24}{'completions':>12}{'exceptions':>12}{'lowest':>8}{'highest':>8}")
    for name, seen in fuzz["verifiers"].items():
        count = f"{seen['completions']:12,}{len(seen['exceptions']):12}"
        print(f"{name:24}{count}{seen['lowest']:8.2f}{seen['highest']:8.2f}")

# %% [markdown] tags=["slide"]
# ## 8. Programs: "sorted, with 42 at the start"
#
# A program cannot be compared with a gold program, as there are endless ways to write
# one. But it can be *run*. Our problem: *write a function `solve(xs)` that returns the
# list sorted, with 42 at the start.* Four completions, as a model might write them:

# %%
ops = (("sort", None), ("start", 42))
task = programs.make(ops, "en")
FOUR = {
    "one line": """def solve(xs):
    return [42] + sorted(xs)""",
    "step by step": """def solve(xs):
    left, out = list(xs), [42]
    while left:
        out.append(min(left))
        left.remove(min(left))
    return out""",
    "a slip": """def solve(xs):
    xs.sort()
    return xs.insert(0, 42)""",
    "wrong order": """def solve(xs):
    out = [42] + ordered
    ordered = sorted(xs)
    return out""",
}


def completion(code):
    fenced = f"```python\n{code}\n```"
    return f"<think>sort, then 42</think><answer>{fenced}</answer>"


print(task.prompt)
for args, expected in task.data[:2]:
    print(f"    a test: solve({args[0]}) should return {expected}")

# %% [markdown]
# Read them first and decide for yourself: which are right, and which is the best? (The
# third is a classic: `insert` changes the list and returns nothing.)
#
# ### Look at it without running it
#
# Much can be known from reading alone, cheaply and without danger. `ast.parse` turns
# the text into a syntax tree, which settles the question of *syntax*. A **linter**
# then walks over the tree and complains about what a careful reader would. Ours is
# pyflakes, a well-known one, which sees names that are not defined or never used. We
# added three habits that hide mistakes: an `except` that catches everything, a default
# value that can change, and `== None`.

# %% tags=["nbval-check-output"]
for name, code in (*FOUR.items(), ("half a text", "def solve(xs):\n    return [42")):
    found = lint.lint(code)
    print(f"{name:13}", "; ".join(map(str, found)) or "nothing to complain about")

# %% [markdown]
# ### Run it
#
# Now the program has to run, on tests whose expected results are known. Nothing that
# a model wrote is ever run in this process. It goes into a **sandbox**, which is the
# subject of section 9. Its walls are those of Linux. On other systems a program runs
# in a process of its own behind a seat belt, which is no wall, and the first line says so.

# %%
WHY_NOT = sandbox.missing()
box = Sandbox()  # starts when it is first used
print(WHY_NOT or sandbox.promise())

# %% [markdown]
# The parts of the reward, with their weights:
#
# | part | weight | question |
# |---|---|---|
# | syntax | 0.05 | is it a program? |
# | lint | 0.05 | would a careful reader complain? a quarter less for each complaint |
# | runs | 0.10 | does it run on all tests without an error? |
# | tests | 0.70 | all passed: 1; else at most a half, by the share that passed |
# | speed | 0.10 | only if all passed: how fast, beside a reference program? |
#
# The partial credit is explicit, and it obeys the law of section 6: every wrong
# program stays below $0.05 + 0.05 + 0.1 + 0.5 \cdot 0.7 = 0.55$, and the worst right
# one gets 0.85. (R1 had compilers and test cases. Lint, partial credit and run time
# are ours.)

# %% tags=["slide"]
# r1lib.rewards.code.score

# %% [markdown]
# For the speed we need a reference and some large input. Ours is a decent program that
# sorts by merging halves. The large input has 4,000 numbers.

# %% tags=["slide"]
REFERENCE = """def merge(a, b):
    out, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        if a[i] <= b[j]:
            out.append(a[i])
            i += 1
        else:
            out.append(b[j])
            j += 1
    return out + a[i:] + b[j:]
def order(xs):
    half = len(xs) // 2
    return merge(order(xs[:half]), order(xs[half:])) if half else xs
def solve(xs):
    return [42] + order(xs)"""
large = [([random.Random(0).randrange(10**6) for _ in range(4000)],)]
timing = {"reference": REFERENCE, "large": large}
PARTS = ("syntax", "lint", "runs", "tests", "speed")


def judge_all(completions, problem, **options):
    """Score completions, print a table of their parts, and return them."""
    if WHY_NOT:
        print(WHY_NOT)
        return {}
    scored = {}
    print(" " * 14 + "".join(f"{n:>8}" for n in PARTS) + "   total  first error")
    for name, text in completions.items():
        parts = code_reward.judge(problem, text, box, **options)
        cells = "".join(f"{getattr(parts, n):8.2f}" for n in PARTS)
        print(f"{name:14}{cells}{parts.total:8.2f}  {(parts.error or '')[:45]}")
        scored[name] = parts
    return scored


four = {name: completion(code) for name, code in FOUR.items()}
scored = judge_all(four, task, **timing)


# %%
def earned(parts):
    """What each part adds to the reward, and what is missing to 1."""
    weights = code_reward.WEIGHTS
    adds = {name: weights[name] * getattr(parts, name) for name in PARTS}
    reads = {"syntax and lint": adds.pop("syntax") + adds.pop("lint")}
    return {**reads, **adds, "not earned": 1 - parts.total}


plots.stacked_shares({n: earned(p) for n, p in scored.items()}) if scored else None

# %% [markdown]
# What you see: the same rewards as bars, each part as long as what it adds.
#
# Two are right, and the fast one earns more. The slip of the third is punished where
# it should be: it is well formed, it runs, and all of its tests fail, as it returns
# `None`. The fourth never gets through, and the linter knew why before anything ran.
#
# ### How to measure speed without measuring the weather
#
# A reward must not depend on how busy the machine is. So what is measured is
# *processor* time, by the kernel and outside of the program's reach; medians of
# several runs, in turns; without what a program needs that does nothing. And only
# whole doublings count:

# %%
# r1lib.rewards.code.doublings

# %% tags=["nbval-check-output"]
for ratio in (0.05, 0.5, 0.8, 1.0, 1.3, 2.0, 4.0, 16.0, 100.0):
    print(f"{ratio:6} times as fast as the reference: {doublings(ratio):.3f}")

# %%
if WHY_NOT:
    print(WHY_NOT)
else:
    chosen = ("one line", "step by step")
    codes = {"reference": REFERENCE, **{n: FOUR[n] for n in chosen}}
    seconds = code_reward.work(list(codes.values()), large, box)
    for name, used in zip(codes, seconds, strict=True):
        print(f"{name:14}{1000 * used:8.0f} ms, {seconds[0] / used:6.2f} times as fast")
    assert seconds[1] < seconds[0] < seconds[2]

# %% [markdown]
# Does the noise ever decide? Pairs of right programs were scored again and again on a busy
# machine (`python -m results.run_time`). A *flip* is a measurement in which the slower one
# earned more, a *tie* one in which both earned the same. Both may happen where two
# programs are nearly as fast as each other, which is what whole doublings are for;
# anywhere else a flip is a mistake of the clock. Among the 195 comparisons of programs that
# are more than twice as fast as each other there is none.

# %%
if noise := load_result("run-time.json"):
    print(f"{'times as fast':>13}{'n':>5}{'ties':>6}{'flips':>7}   programs")
    pairs = [p for t in noise["tasks"].values() for p in t["pairs"]]
    for pair in sorted(pairs, key=lambda pair: -pair["times faster"]):
        counts = f"{pair['n']:5}{pair['ties']:6}{pair['flips']:7}"
        both = f"{pair['quicker']} - {pair['slower']}"
        print(f"{pair['times faster']:13.1f}{counts}   {both[:50]}")

# %% [markdown]
# ### Where do tests come from?
#
# The task came with five tests. Here is a program that has understood nothing but these
# five:

# %%
table = {tuple(args[0]): expected for args, expected in task.data}
memory = f"def solve(xs):\n    return {table}.get(tuple(xs), [])"
_ = judge_all({"memory": completion(memory)}, task)
# %% [markdown]
# Full marks, but for the speed, which without a reference counts as average. This is
# the oldest cheat of all: to learn the examination instead of the subject. A model
# need not be wicked for it. If the same five tests come back often enough, gradient
# descent finds the table. The remedy is *more tests than anybody can know*, and a
# reference program can make them: draw inputs, run the reference, and what it returns
# is expected from all.

# %%
# results.unit_tests.draw_inputs
# results.unit_tests.generate_tests

# %%
if WHY_NOT:
    print(WHY_NOT)
else:
    inputs = draw_inputs("chapter 06", n=30)
    generated = generate_tests(REFERENCE, inputs, box)
    print(f"{len(generated)} tests, e.g. solve({generated[8][0][0]})")
    both = [*task.data, *generated]
    for name, code in (("one line", FOUR["one line"]), ("memory", memory)):
        outcome, parts = box.run(code, both), code_reward.score(code, both, box)
        print(
            f"{name:10} passes {outcome.passed} of {outcome.total}: {parts.total:.2f}"
        )

# %% [markdown]
# ### Tests that a model wrote
#
# Often there is no reference. Then a model may write the tests too, and some of them
# will be wrong. A wrong test is worse than none: it fails right programs and passes
# those that share its mistake. What can be done without knowing the truth?
#
# Take several programs that were written independently, and believe a test only if
# *most programs that return anything return what it expects*. Programs that are wrong
# are mostly wrong in different ways, so they do not agree with each other, and right
# ones do. (Chen and others call a refined form of it dual execution agreement: CodeT,
# arXiv 2207.10397.)

# %% tags=["slide"]
# results.unit_tests.agreed

# %% [markdown]
# How well does that work? Here we do know the truth, so it can be measured: the
# **precision** of a set of tests is the share of right ones in it, the **recall** of the
# vote is the share of the right ones that it kept.

# %%
# results.unit_tests.precision_and_recall
# results.unit_tests._test_text

# %% [markdown]
# The tests arrive as text, and `read_tests` takes only lines that are exactly a test.

# %%
# results.unit_tests.read_tests
# results.unit_tests._literal_test

# %% [markdown]
# For each of 16 tasks six writers propose one test each, and eight others one program
# each. Some of them misunderstand the task and make one mistake, such as even for odd or
# two steps in the wrong order (`programs.trace` draws it). Then a harder case: *the same
# mistake for all*, as it happens when the wording of a task misleads everybody.


# %%
def guess(rng, problem, wrong):
    """A program of a writer who is wrong with that probability."""
    code, is_wrong = problem.answer, rng.random() < wrong
    while is_wrong and code == problem.answer:
        text = programs.trace(rng, problem, "guess")
        code = code_reward.extract_program(text)
    return code


def proposed_tests(rng, problem, writers):
    """One test from each writer: what it believes its own program to return."""
    lines, inputs = [], draw_inputs(str(rng.random()), 20)[6:]
    for code, (xs,) in zip(writers, inputs, strict=False):
        text = box.call(code, [(xs,)]).texts[0]
        lines += [f"assert solve({xs}) == {read(text)}"] if text else []
    return read_tests("\n".join(lines))


def vote_on_tests(wrong, shared=False, n_tasks=16):
    """Mean precision before and after the vote, and mean recall, over tasks."""
    rng, rows = random.Random(6), []
    for problem in problems(programs.sample, n_tasks, 6, "train", language="en"):
        if shared:  # everybody who is wrong makes this mistake
            common = guess(rng, problem, 1.0)
            drawn = [
                common if rng.random() < wrong else problem.answer for _ in range(14)
            ]
        else:
            drawn = [guess(rng, problem, wrong) for _ in range(14)]
        tests = proposed_tests(rng, problem, drawn[:6])
        kept = agreed(drawn[6:], tests, box)
        rows.append(precision_and_recall(tests, kept, problem.answer, box))
    return {name: sum(r[name] for r in rows) / len(rows) for name in rows[0]}


# %% tags=["slide"]
if WHY_NOT:
    print(WHY_NOT)
else:
    columns = f"{'precision before':>18}{'after':>8}{'recall':>8}"
    print(f"{'wrong writers':32}{columns}")
    for wrong in (0.3, 0.5, 0.7):
        for shared in (False, True):
            kind = "the same mistake" if shared else "each its own mistake"
            before, after, recall = vote_on_tests(wrong, shared).values()
            label = f"{wrong:.0%}, {kind}"
            print(f"{label:32}{before:18.0%}{after:8.0%}{recall:8.0%}")

# %% [markdown]
# (A test of a wrong writer may still be right, where the mistake does not show.) As
# long as at most half of the writers are wrong, each in its own way, nearly everything
# that the vote keeps is right. Where most are wrong it still raises the share of right
# tests a great deal, and loses many of them. But with the same mistake for all, the
# majority decides, and if that is wrong, more than half of what is kept is false. (16
# tasks are few: read the table to the nearest tenth.) Agreement is evidence of truth
# only as far as errors are *independent*, and a single model that writes all programs
# and all tests is not very independent of itself.

# %% [markdown] tags=["slide"]
# ## 9. The sandbox
#
# Sooner or later a model that is paid for passing tests writes a program that attacks
# the test instead of solving the task, without meaning to: some sample happens to
# call `exit`, and earns something. So we assume the worst of every program. Four
# ideas:
#
# 1. **The answer is not there.** Expected results never enter the process that runs the
#    program. It gets arguments, and returns plain data as text; the trainer compares. A
#    program may rewrite its own Python as it likes. There is nothing to steal and no
#    verdict to forge.
# 2. **Every program has a process of its own**, a copy of a warm server, which is
#    gone afterwards. The server never sees a program, so none can leave a present for
#    the next.
# 3. **The kernel refuses.** Every wish to the outside world, to open a file, to
#    connect, to start a process, is a **system call**, a request to the kernel. A
#    filter lets some two dozen harmless ones pass (use memory, read the clock, end),
#    and all others fail.
# 4. **Limits count work**: processor seconds, memory, output. Behind the filter a
#    program cannot even wait.
#
# The heart of it, the loop of the server, is short. `play` is the one place of the
# whole library where a model's text is executed:

# %%
# r1lib.sandbox.inside.serve

# %% [markdown]
# And the notation in which values travel. It names exact types, so that `True` is not
# `1`, and it knows plain data only: what is not a number, a text or a container of such
# is refused. (A decimal number is written in hexadecimal, so that nothing is rounded.)

# %% tags=["nbval-check-output"]
for result in ([1, 2], [1, True], (1, 2), {"a": 1.5}, Agreeable(), [[[]]] * 3):
    try:
        print(f"{type(result).__name__:10}", write(result))
    except ValueError as refused:
        print(f"{type(result).__name__:10}", "refused:", refused)

# %% [markdown]
# ### Which walls does this machine have?
#
# A process with limits is no isolation. The kernel's filter (*seccomp*) is. Two more
# walls stand behind it and close files and network a second time: *Landlock*, and
# *namespaces*, in which the program has a process table and a network of its own, with
# nothing in them. The level names what was reached. Where it is below `filtered`, the
# level is `process`: a process of its own with a time limit, behind a **seat belt** that
# reads the program first. It keeps careless programs from files; hostile ones can get out.

# %%
# r1lib.sandbox.level_of

# %%
if WHY_NOT:
    print(WHY_NOT)
else:
    box.start()
    print(f"level {box.level!r}, walls: {', '.join(box.walls)}")

# %% [markdown]
# ### Attack it
#
# Twelve programs, each with one bad idea. Each is asked for a secret that it cannot
# compute, so a passed test would be a theft. We try each twice: with what this machine
# has, as in training, and then with nothing but the seat belt.

# %%
ATTACKS = {
    "work for ever": "def solve(p):\n    while True: pass",
    "eat all memory": "def solve(p):\n    return 'x' * 10**12",
    "multiply": "import os\ndef solve(p):\n    while True: os.fork()",
    "leave early": "import os\ndef solve(p):\n    os._exit(0)",
    "print a verdict": "def solve(p):\n    print('1 passed, 0 failed')",
    "equal to all": (
        "class Same(str):\n    def __eq__(self, other): return True\n"
        "def solve(p):\n    return Same('x')"
    ),
    "read a file": "def solve(p):\n    return open('/etc/passwd').read()",
    "look around": "import os\ndef solve(p):\n    return str(os.listdir('/'))",
    "call home": (
        "import socket\ndef solve(p):\n    socket.create_connection(('127.0.0.1', 80))"
    ),
    "native code": (
        "import ctypes\ndef solve(p):\n    return ctypes.CDLL(None).system(b'id')"
    ),
    "walk to a file": (
        "def solve(p):\n    walk = object.__subclasses__()\n"
        "    return [c for c in walk if c.__name__ == 'FileLoader'][0]"
        "('a', '/etc/passwd').get_data('/etc/passwd').decode()"
    ),
    "patch the harness": (
        "import __main__\n__main__.write = lambda *a, **k: '\"secret\"'\n"
        "def solve(p):\n    return 1"
    ),
}

# %% tags=["slide"]
SECRET = [(("where is it?",), "the secret")]
if WHY_NOT:
    print(WHY_NOT)
else:
    print(f"{'':20}{box.level:42}process")
    with Sandbox("process") as belt:
        for name, code in ATTACKS.items():
            first = box.run(code, SECRET, timeout=1.0)
            second = belt.run(code, SECRET, timeout=1.0)
            assert first.passed == second.passed == 0
            one, two = (o.error or "runs; a wrong value" for o in (first, second))
            one = one.partition(": '")[0]  # without names of files
            print(f"{name:20}{one[:40]:42}{two[:50]}")

# %% [markdown]
# All of them score 0, both times, and the next program finds everything as it was. The
# seat belt gives clear messages, but it is no wall: Python has too many ways around any
# list. The walls know nothing about Python and need not.
#
# The tests attack the walls with more than a hundred programs:
#
# | threat | defence | test (in `tests/test_sandbox.py`) |
# |---|---|---|
# | a hundred attacks of all kinds: loops, bombs, exits, forgeries, theft | all of the below | `test_no_attack_scores_escapes_or_hangs` |
# | endless work, also inside C, also ignoring signals | processor seconds counted by the kernel | `test_answers_after_the_limit_count_for_nothing_even_if_the_signal_is_ignored` |
# | memory, fork and file bombs | limits set before the program's first line | `test_limits_are_set_before_the_first_line_of_a_program` |
# | waiting for ever | no such system call; else the whole group is killed | `test_a_program_that_could_wait_is_killed_with_its_whole_group` |
# | outliving a trainer that was killed | a guard kills the group when a pipe closes | `test_when_the_parent_is_killed_nothing_is_left` |
# | leaving early, crashing on purpose | only what was returned before counts | `test_what_was_right_before_a_crash_counts` |
# | `__eq__`, subclasses, `True` for 1 | exact types, compared as text in the trainer | `test_type_and_value_must_be_exact` |
# | the harness patched, the expected value searched for | it is not there | `test_expected_values_never_reach_the_process` |
# | arguments changed for the next test | read anew for each test | `test_each_test_gets_fresh_arguments` |
# | something left for the next program | a process of its own | `test_nothing_leaks_from_one_program_to_the_next` |
# | files, network, local sockets | the filter; and apart from it Landlock with namespaces; either is enough | `test_each_wall_alone_stops_every_thief` |
# | native code that calls the kernel by number | the filter looks at the number | `test_the_kernel_refuses_every_system_call_that_is_not_on_the_list` |
# | becoming root again, reading the environment | nobody, and an empty environment | `test_a_program_of_root_is_not_root`, `test_a_program_is_nobody_and_knows_nothing` |
# | forged clocks | time is taken outside | `test_processor_time_is_measured_outside_and_grows_with_the_work` |
# | hostile text sent to the trainer | bounds on length and depth | `test_hostile_notation_is_refused` |
# | a level that this machine does not reach | nothing runs, one clear line | `test_below_the_level_asked_for_nothing_runs` |
#
# One test is of another sort: `test_the_thieves_do_steal_where_nothing_stops_them` runs
# the thieves *without* the sandbox and sees each of them succeed. A wall is shown to
# hold only by somebody who would otherwise have come through.
#
# What it does not promise: a hole in the kernel behind one of the allowed calls, or the
# side channels of a shared processor. `docs/sandbox.md` has the whole construction.

# %% [markdown] tags=["slide"]
# ## 10. A rule, or a judge?
#
# All of this was work. Would it not be easier to *learn* what a right answer looks
# like? Collect completions, have them marked, train a small network. We try it
# fairly: on a task for which we have the rule, so that the truth is known.
#
# The writer is the base model of this book (chapter 05 trains it), the task
# **arithmetic**, such as `compute ((17+5)*2)-8`. It writes four completions for each
# of 400 problems, and the rule marks them.

# %%
policy, tokenizer = artifacts.load("base-tiny")


def write_answers(split, n, k, seed):
    """k completions of each of n arithmetic problems, marked by the rule."""
    drawn = problems(arithmetic.sample, n, seed, split)
    kind = {"max_new_tokens": 80, "batch": 4096, "seed": seed}
    return evaluate.answer(policy, tokenizer, drawn, k, **kind)


marked = write_answers("train", 400, 4, seed=1)
unseen = write_answers("valid", 96, 4, seed=2)
for name, found in (("to learn from", marked), ("held out", unseen)):
    count, share = found.right.numel(), found.right.mean()
    print(f"{name:14} {count:5} completions, {share:.0%} right")

# %% [markdown]
# The judge sees a completion as a bag of **n-grams**: all runs of one to four
# characters, in the problem and in the completion. Each has a weight, the mean of the
# weights is the score, and a sigmoid makes it a probability of being right. That is a
# small judge. But it is trained and used as large ones are.


# %%
BINS = 2**14  # n-grams share this many weights


def bag(found):
    """N-grams of all completions, and where each completion begins."""
    ids, starts = [], []
    for problem, texts in zip(found.problems, found.texts, strict=True):
        for text in texts:
            starts.append(len(ids))
            letters = f"{problem.prompt}\n{text}".encode()
            for n in (1, 2, 3, 4):
                for i in range(len(letters) - n + 1):
                    ids.append(zlib.crc32(letters[i : i + n]) % BINS)
    return torch.tensor(ids), torch.tensor(starts)


# %%
class Judge(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.EmbeddingBag(BINS, 1, mode="mean")
        nn.init.zeros_(self.weights.weight)
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, bags):
        return 10 * self.weights(*bags).squeeze(1) + self.bias


def train_judge(found, steps=100):
    """Fit a judge to the marks of the rule."""
    judge, bags, marks = Judge(), bag(found), found.right.flatten()
    optimizer = torch.optim.AdamW(judge.parameters(), lr=0.02, weight_decay=1e-3)
    for _ in range(steps):
        scores = judge(bags)
        loss = nn.functional.binary_cross_entropy_with_logits(scores, marks)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return judge.requires_grad_(False)


def scores_of(judge, found):
    return judge(bag(found)).view(found.right.shape)


# %% [markdown]
# How good is it, on problems that it has not seen?

# %%
judge = train_judge(marked)
believed = scores_of(judge, unseen) > 0
agrees = (believed == unseen.right.bool()).float().mean(1)  # by problem
low, high = evaluate.interval(agrees.tolist())
lazy = 1 - unseen.right.mean()
print(f"the judge is right about {agrees.mean():.1%} [{low:.1%}, {high:.1%}]")
print(f"one that calls everything wrong: {lazy:.1%}")

# %% [markdown]
# That is a judge one could be content with. It has not learned to calculate, of
# course. It has learned what right completions *look like*, and as long as the texts
# stay as they are, looks go with truth.
#
# ### Now use it as a reward
#
# The simplest way to optimise against a judge is **best-of-N**: write N completions,
# take the one that it likes best. The larger N, the stronger the pressure; RL does in
# a few hundred steps what an enormous N would. 56 new problems, up to 256 completions
# each. Beside it, the same game with the rule as the judge.

# %%
hunt = write_answers("test", 56, 256, seed=3)
scores = scores_of(judge, hunt)


def best_of(n, scores):
    """(probability the judge gives its favourite of n, is it right), by problem."""
    groups = scores.view(len(scores), -1, n)
    right = hunt.right.view(groups.shape)
    best = groups.argmax(2, keepdim=True)
    chosen = [x.gather(2, best).squeeze(2).mean(1) for x in (groups.sigmoid(), right)]
    return chosen


rows = []
print(f"{'N':>4}{'judge believes':>16}{'really right':>26}{'chosen by the rule':>20}")
for n in (1, 2, 4, 8, 16, 32, 64, 128, 256):
    believes, right = best_of(n, scores)
    _, by_rule = best_of(n, hunt.right)
    low, high = evaluate.interval(right.tolist())
    rows.append((n, believes.mean().item(), right.mean().item(), by_rule.mean().item()))
    shown = f"{rows[-1][2]:.0%} [{low:.0%}, {high:.0%}]"
    print(f"{n:4}{rows[-1][1]:16.0%}{shown:>26}{rows[-1][3]:20.0%}")

# %% tags=["slide"]
names = ("what the judge believes", "right, chosen by the judge", "right, by the rule")
lines = {name: [(r[0], r[i]) for r in rows] for i, name in enumerate(names, 1)}
plots.doubling_curves({"Best of N, share": lines}, "completions to choose from (N)")

# %% [markdown]
# What you see: the judge's own belief in its choice climbs on and on. The truth
# climbs with it at first, since a good judge *is* useful, then it stands still and
# falls. The rule has no such turn: what it believes is what is so.
#
# Nothing has happened to the judge between left and right. It is the same network
# with the same accuracy. But that accuracy was an average over *typical* completions,
# and the larger N, the less typical is what wins. Among 256 texts there are a few
# that look more right than right ones do, and a maximum finds just these. (Gao and
# others measured this systematically for large reward models: arXiv 2210.10760.) Look
# at what it fell for:

# %%
favourite = scores.argmax(1)
fooled = [i for i, j in enumerate(favourite.tolist()) if not hunt.right[i, j]]
fooled.sort(key=lambda i: -scores[i].max().item())
for i in fooled[:4]:
    text = hunt.texts[i][favourite[i]]
    print(f"{hunt.problems[i].prompt}   [{scores[i].max().sigmoid():.0%} sure]")
    print("    " + text.replace("\n", "\n    "))
    print(f"    (the right answer is {hunt.problems[i].answer})\n")

# %% [markdown]
# Two kinds come up again and again. Some are no answers at all: a text that goes on to
# the limit, or with broken tags, but full of pieces that the judge likes. In others every
# piece looks right and the whole is not: the answer is not what was calculated, or what was
# calculated is not what was asked, and the check says yes all the same. To notice
# that, one has to read and calculate, which the judge never learned. Among a few texts such
# oddities are rare and hardly matter. Among 256 there is often one, and the maximum
# finds it. A problem has one right answer and very many near misses.
#
# How soon the turn comes depends on task and judge, and nobody knows it beforehand.
# (In countdown the same judge is less accurate, and there the truth only stood still,
# up to the N of this experiment.) Is the fall real, or the luck of 56 problems?
# Compare each problem with itself:

# %%
early, late = (best_of(n, scores) for n in (32, 256))
print("from N = 32 to 256:")
for name, a, b in zip(("belief", "truth"), early, late, strict=True):
    low, high = evaluate.interval((b - a).tolist())
    print(f"  {name:7}{(b - a).mean():+7.1%} [{low:+.1%}, {high:+.1%}]")

assert rows[-1][1] > rows[4][1] > rows[0][1]  # its belief climbs all the way
assert rows[-1][3] > 0.95 > 0.05 + rows[-1][2]  # the truth stays behind the rule

# %% [markdown]
# ### Would a better judge help?
#
# One can mark the judge's favourites, add them to the lesson, and train again. That is
# how it is done in practice, and it is what "retraining the reward model" in section 1
# means. Try it once: the favourites on 32 other problems are marked and learned.

# %%
extra = write_answers("train", 32, 128, seed=4)
liked = scores_of(judge, extra).topk(4).indices
picked = [
    [texts[j] for j in row]
    for texts, row in zip(extra.texts, liked.tolist(), strict=True)
]
lesson = evaluate.Answers(
    marked.problems + extra.problems,
    marked.texts + picked,
    torch.cat((marked.right, extra.right.gather(1, liked))),
    torch.cat((marked.lengths, extra.lengths.gather(1, liked))),
)
second = scores_of(train_judge(lesson), hunt)
print(f"{'N':>4}{'first judge':>14}{'second judge':>14}   (really right)")
for n in (1, 16, 64, 256):
    first_, second_ = (best_of(n, s)[1].mean() for s in (scores, second))
    print(f"{n:4}{first_:14.0%}{second_:14.0%}")

# %% [markdown]
# Hardly, after one small lesson: a percent or two is what chance would also give. The
# second judge knows the favourites of the first, and has favourites of its own. In
# practice this is repeated for as long as the policy trains:
# the judge runs after the policy, and each round needs new marks from somebody who
# knows the truth. We had the rule for that. Where there is no rule, people have to do
# it.
#
# And the price of the rule? It judges about as fast as one can hand
# it texts:

# %%
start = time.process_time()
for problem, texts in zip(hunt.problems[:16], hunt.texts, strict=False):
    for text in texts:
        rewards.total(problem, text)
spent = time.process_time() - start
print(f"{16 * 256 / spent:,.0f} completions a second, on one core")

# %%
if speeds := load_result("benchmark-rewards.json"):
    print("rewards a second, measured once:")
    for name, found in speeds["rewards"].items():
        print(f"  {name:32}{found['per second']:10,.0f}")

# %% [markdown] tags=["slide"]
# ## 11. Learning to program (P16)
#
# Does the reward of section 8 teach anything? A small model learned to write list
# programs from a made-up web, some of it wrong and some of it slow, and was then
# trained by the loop of chapter 09 with the code reward: lint, run, tests, run time.
# It was measured on problems that no training saw, once, by `python -m results.code
# SEED`.


# %%
def code_runs():
    """The committed runs of P16, by seed."""
    paths = {seed: RESULTS / f"code-{seed}.json" for seed in (0, 1, 2)}
    return {s: load_result(p.name) for s, p in paths.items() if p.exists()}


def cell(found, name):
    """A mean with its interval."""
    if name not in found:
        return "-"
    low, high = found[name]["interval"]
    return f"{found[name]['mean']:.2f} [{low:.2f}, {high:.2f}]"


MEASURES = {
    "pass": "passes the given tests",
    "hidden": "and 20 hidden ones",
    "runs": "runs",
    "lint": "lint",
    "length": "tokens",
}


def before_after(run, split):
    """A table of one seed: base and after RL."""
    sides = run["P16"]["before"][split], run["P16"]["after"][split]
    for name, label in MEASURES.items():
        if all(name in side for side in sides):
            print(f"  {label:26}" + "".join(f"{cell(s, name):>22}" for s in sides))


# %% tags=["slide"]
found = code_runs()
if not found:
    print("P16: not measured in this copy of the book")
for seed, run in found.items():
    for split in ("easy", "hard"):
        count = run["P16"]["before"][split]["problems"]
        print(f"seed {seed}, {split} ({count} problems){'base':>22}{'after RL':>22}")
        before_after(run, split)

# %% [markdown]
# "Hidden" is the honest line: about twenty generated tests of which no reward ever
# knew. If "passes the given tests" rose and "hidden" did not, the model would have
# learned the tests and not the task. Is it more than a habit of thinking first? As in
# chapter 09, the control is the base that is forced to think:

# %%
for seed, run in found.items():
    print(f"seed {seed}, easy problems: pass{'sampled':>22}{'greedy':>22}")
    before, after, controls = (run["P16"][n] for n in ("before", "after", "controls"))
    for name, sampled, greedy in (
        ("base", before["easy"], before["greedy"]),
        ("base, thinking", controls["thinking"], controls["thinking, greedy"]),
        ("after RL", after["easy"], after["greedy"]),
    ):
        print(f"  {name:26}{cell(sampled, 'pass'):>22}{cell(greedy, 'pass'):>22}")

# %% [markdown]
# The pass rate of single samples rises in every seed, far outside of the intervals, and
# the hidden tests confirm it. But look at the greedy column. The base's *most likely*
# program passes more often than a sample after RL, whether it is made to think or not.
# And greedy did not improve: 0.75, 0.74 and 0.81 before, 0.73, 0.76 and 0.78 after. RL
# has moved the samples towards the program that was the likeliest already. So the word
# of chapter 09 for this is **selected**.
#
# On hard problems, with three operations, which RL never saw, the pass rate stays where
# it was, at 0.05 to 0.08. But fewer programs *run*: 0.83, 0.83 and 0.84 before, 0.70,
# 0.67 and 0.78 after, with disjoint intervals in seeds 0 and 1. The same holds for lint.
# There RL has made the model worse.
#
# Then the run time. For a part of the problems half of the texts that the base has read
# hold a slow expression, which the tests cannot see and the clock can. How often is a
# right program a slow one?

# %%
for seed, run in found.items():
    sides = run["P16"]["before"]["wasteable"], run["P16"]["after"]["wasteable"]
    shares = "  ->  ".join(cell(side, "wasteful") for side in sides)
    print(f"seed {seed}: slow among the right programs {shares}")

# %% [markdown]
# It falls to nearly nothing, and it would be easy to praise the clock. Don't: a slow
# program is also a *long* one, and after RL the model thinks first, so that thinking and
# a slow program together hardly fit into the 72 tokens of a completion. Two causes, one
# effect; this run cannot tell them apart.
#
# So here is a race that can. The same base, problems of this kind only, and room for 128
# tokens: once with the clock in the reward (*timed*), once with the same reward, in
# which all right programs count as equally fast (*untimed*).

# %%
races = {s: load_result(f"code-race-{s}.json") for s in (0, 1, 2)}
races = {s: run["P16"] for s, run in races.items() if run}
for seed, arms in races.items():
    print(f"seed {seed}{'right':>22}{'slow among the right':>24}{'tokens':>9}")
    for name in ("base", "untimed", "timed"):
        shares = f"{cell(arms[name], 'pass'):>20}{cell(arms[name], 'wasteful'):>24}"
        print(f"{name:9}{shares}{arms[name]['length']['mean']:9.0f}")

# %% [markdown]
# Both arms learn to be right equally often, and in both the slow programs become rarer,
# even without a clock (a longer text has more places to go wrong, which may be why). The
# clock does a little more. *Timed* ends below *untimed* in every seed: far below in
# seed 2, with intervals that do not touch; in seeds 0 and 1 the difference is no more
# than chance would allow, and in seed 1 next to nothing was left to remove. So a tenth of
# the reward, for a difference that only the kernel's clock can see, can move what the
# model writes, and need not. (With a clock in the reward even the same seed is
# another run each time; these are single ones.)
#
# And the sentence that this part of the chapter began with. The first four samples
# for "return the list sorted, with 42 at the start", before and after, unselected,
# with all parts of the reward (a problem kept out of all training). Two of the four are
# right before, and two after: four samples are a look at the texts, not a measurement.

# %%
for moment in ("before", "after") if found else ():
    seed, run = next(iter(found.items()))
    print(f"--- {moment} RL, seed {seed}")
    for sample in run["P16"][moment]["shown"]:
        parts = ", ".join(f"{n} {sample[n]:.2f}" for n in PARTS)
        print("    " + sample["text"].replace("\n", "\n    "))
        print(f"  reward {sample['reward']:.2f}: {parts}")
        print(f"  {sample['error'] or 'no error'}\n")

# %%
histories = [run["history"] for run in found.values()]
plots.learning_curves(histories, "pass", "pass, training") if histories else None

# %% [markdown]
# ## 12. What this does not show
#
# Verifiable problems are a small part of what people ask. There is no rule for a good
# letter, a kind answer, or a proof in prose. For those chapter 13 trains reward
# models, uses them briefly and on a leash, and this chapter is the reason for the
# leash. Our rules also judge the final answer only. A model that reasons badly and
# guesses well is paid in full, and nobody looks at its reasons. And a rule protects
# against false answers, not against questions that should not have been asked: if the
# tests of a task are wrong, the rule enforces the mistake with great precision.
#
# ## Summary
#
# | part | the naive version | what it cost | ours |
# |---|---|---|---|
# | finding the answer | first match | hedges, answers only thought | one answer, in one place, after the thinking |
# | countdown | `eval`, nearly equal | `**`, `3.4`, crashes, hangs | a small grammar, bounds, fractions |
# | mathematics | same text, or six decimals | right called wrong; rounding | number, structure, exact, algebra; what is not surely one answer is refused |
# | logic | the right words occur | both kinds named | each person once, the one solution |
# | format, language | tags or words counted | tags without content, silence | strict form; no thinking earns nothing |
# | programs | run here, `==`, "passed" | forged verdicts, escapes | another process, no answers inside, walls of the kernel, types and values as text |
# | tests | five fixed ones | tables of answers | generated by a reference; a model's own only if programs agree |
# | the sum | equal weights | neat beats right | no wrong answer may ever beat a right one |
# | a learned judge | accurate on what it has seen | best-of-N finds what it has not | only where no rule exists |
#
# - Reward the thing, not a sign of it. A sign is always cheaper.
# - Bound the cost of looking before you look. What a model writes is hostile text.
# - A judge's accuracy says nothing about what an optimiser will find in its gaps.
#
# ## Questions
#
# 1. Your verifier makes mistakes on 1% of completions. When is that harmless, and when
#    does it decide what the model becomes?
#
#    <details><summary>Answer</summary>Harmless if the mistakes fall anywhere: the
#    advantage of section 5 in chapter 09 averages them out. Fatal if a kind of text that the
#    model can *produce at will* is always believed: RL makes that kind the most
#    frequent one, and 1% becomes 100%.</details>
#
# 2. Why do expected results not even enter the process in which the program runs? Would
#    it not be enough to hide them well?
#
#    <details><summary>Answer</summary>A program in the same interpreter can read every
#    object, patch every function and look through its frames; hiding is a race. What is
#    not there cannot be found, and the proof needs no list of attacks.</details>
#
# 3. A colleague wants to pay 0.3 for each unit test that passes, "so that there is more
#    signal". What do you ask first?
#
#    <details><summary>Answer</summary>Whether a wrong program can then beat a right one,
#    or a table of known tests beat an honest attempt; and whether the tests are more than
#    anybody can learn by heart. Partial credit must stay below the whole.</details>

# %% [markdown]
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/06_rewards.ipynb`. None of them needs the sandbox.

# %% [markdown] tags=["exercise-text"]
# **Exercise 6.1** (easy, 10 min) Find the answer. Return what stands between
# `<answer>` and `</answer>`, spaces at its ends dropped, but only after the last
# `</think>`, and only if there is exactly one of each tag, in this order. Else `None`.
#
# <details><summary>Hint</summary>`text.rsplit("</think>", 1)[-1]` is what follows the
# last one, or all of it if there is none.</details>


# %% tags=["exercise"]
def find_answer(text):
    """The one answer of a completion, or None."""
    # BEGIN SOLUTION
    text = text.rsplit("</think>", 1)[-1]
    if text.count("<answer>") != 1 or text.count("</answer>") != 1:
        return None
    inside, closed, _ = text.partition("<answer>")[2].partition("</answer>")
    return inside.strip() if closed else None
    # END SOLUTION


# %% tags=["check"]
checks.ex_6_1(find_answer)

# %% [markdown] tags=["exercise-text"]
# **Exercise 6.2** (easy, 15 min) One number, exactly. Return a `Fraction` for `7`,
# `-7`, `3/4`, `0.75`, `75%` and `1,000`, and `None` for everything else. No floating
# point, at most 12 characters, digits 0 to 9 only.
#
# <details><summary>Hint</summary>`re.fullmatch` with `re.ASCII` decides what is a
# number. `Fraction` itself reads "0.75" and "3/4". Commas only every three digits. What
# about 3/0?</details>


# %% tags=["exercise"]
def my_number(text):
    """The value of a number that is written out, or None."""
    # BEGIN SOLUTION
    form = r"-?(\d{1,3}(,\d{3})+|\d+)(\.\d+|/0*[1-9]\d*)?%?"
    if len(text) > 12 or not re.fullmatch(form, text, flags=re.ASCII):
        return None
    number = Fraction(text.rstrip("%").replace(",", ""))
    return number / 100 if text.endswith("%") else number
    # END SOLUTION


# %% tags=["check"]
checks.ex_6_2(my_number)

# %% [markdown] tags=["exercise-text"]
# **Exercise 6.3** (medium, 15 min) Knights and knaves with any statements. `said[i]` is
# a function that takes a tuple of `n` booleans (`True` for each knight) and says
# whether the statement of person `i` is true then. Return the one tuple that fits, or
# `None` if there is none or more than one.
#
# <details><summary>Hint</summary>`product((True, False), repeat=n)` gives all worlds. In
# one that fits, `said[i](world) == world[i]` for everybody.</details>


# %% tags=["exercise"]
def who_is_who(said):
    """The only world in which knights are right and knaves wrong, or None."""
    # BEGIN SOLUTION
    worlds = [
        world
        for world in product((True, False), repeat=len(said))
        if all(bool(s(world)) == side for s, side in zip(said, world, strict=True))
    ]
    return worlds[0] if len(worlds) == 1 else None
    # END SOLUTION


# %% tags=["check"]
checks.ex_6_3(who_is_who)

# %% [markdown] tags=["exercise-text"]
# **Exercise 6.4** (medium, 20 min) Tests that catch. Write at most six input lists for
# "return the list without duplicates, sorted, largest first". The check has a right
# program and nine wrong ones; each wrong one must fail on at least one of your lists.
# (Numbers from 0 to 99. This is how test writers are tested: by *mutants*.)
#
# <details><summary>Hint</summary>Think of slips: nothing sorted, sorted upwards, duplicates
# removed only where they are neighbours, the empty list, a zero lost, the largest lost,
# numbers compared as text.</details>


# %% tags=["exercise"]
def catching_inputs():
    """At most six lists that together catch every mutant."""
    # BEGIN SOLUTION
    return [[], [3, 1, 3, 2], [0, 5], [9, 10, 2], [7], [1, 2, 3, 4, 5, 6]]
    # END SOLUTION


# %% tags=["check"]
checks.ex_6_4(catching_inputs)

# %% [markdown] tags=["exercise-text"]
# **Exercise 6.5** (medium, 15 min) The law of section 6. A mixture is a dictionary from
# the name of a part to `(weight, lowest, highest)`, the range that this part can take.
# The part "accuracy" is 1 for right and 0 for wrong answers; all others may be anything
# in their range. Return how far the worst right answer is above the best wrong one.
# (Below 0: the mixture can be fooled.)
#
# <details><summary>Hint</summary>Weights may be negative: then the *highest* value of a
# part is the worst.</details>


# %% tags=["exercise"]
def margin(mixture):
    """Worst right answer minus best wrong answer."""
    # BEGIN SOLUTION
    worst, best = mixture["accuracy"][0], 0.0
    for name, (weight, low, high) in mixture.items():
        if name != "accuracy":
            worst += min(weight * low, weight * high)
            best += max(weight * low, weight * high)
    return worst - best
    # END SOLUTION


# %% tags=["check"]
checks.ex_6_5(margin)

# %% [markdown] tags=["exercise-text"]
# **Exercise 6.6** (hard, 25 min) The vote on tests. `outputs[p][t]` is what program
# `p` returned for test `t`, `None` where it returned nothing; `expected[t]` is what
# the test wants. Return the numbers of the tests to keep: those whose expected value
# has more votes than any other value, and at least half of the votes cast.
#
# <details><summary>Hint</summary>Programs that returned nothing cast no vote. A test for
# which nobody returned anything has no votes and is not kept. In Python 1 equals
# True; here
# they are different votes.</details>


# %% tags=["exercise"]
def trusted(outputs, expected):
    """The numbers of the tests that most programs agree with."""
    # BEGIN SOLUTION
    kept = []
    for t, wanted in enumerate(expected):
        votes = Counter(repr(row[t]) for row in outputs if row[t] is not None)
        mine = votes.pop(repr(wanted), 0)
        rivals = max(votes.values(), default=0)
        if mine > rivals and 2 * mine >= mine + votes.total():
            kept.append(t)
    return kept
    # END SOLUTION


# %% tags=["check"]
checks.ex_6_6(trusted)
