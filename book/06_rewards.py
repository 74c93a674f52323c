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
# | You will build | verifiers for a game, mathematics and logic; rewards for format and language; a gallery of 19 cheats; a reward for programs, run in a sandbox; and a learned judge that you then lead astray |
# | You need | Python. Section 6 uses PyTorch, but you can read it without |
# | Minutes to read | 115 |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v1), sections 2.2.2 and 2.3.2; v2, section 2.2; DAPO (arXiv 2503.14476), equation 13; CodeT (arXiv 2207.10397) |
#
# ![A completion; its one answer is found; one of four verifiers judges it, for games, mathematics, logic or programs (in a sandbox). Above, rules for format and language. They join games, mathematics and logic in a sum, with small weights: the reward. Programs have a reward of their own, a share of tests and other parts.](../figures/06_rewards.png)
#
# What you see: how a completion becomes a reward. The small numbers are the sections that build
# each part. Section 5 says why nobody can promise what the title does.
#
# | route | sections | exercises | for you if |
# |---|---|---|---|
# | short, about 70 minutes | 1 to 6 | 6.1, 6.2, 6.5, 6.7 | you want to reach RL soon: chapters 07 to 10 need no more |
# | full | 1 to 11 | all | you also want to judge mathematics, logic (7, 8) or programs that a model wrote (9, 10) |
# | after chapter 09 | 12 | | you want to see what the reward for programs teaches |

# %% [markdown]
# **Run this first.** It seeds the one global random generator. Later cells import more, where
# it is needed. A cell that begins with `# r1lib.` shows the library's own code.

# %% tags=["setup"]
import re

import torch

from r1lib import checks, plots, verifiers

_ = torch.manual_seed(0)

# %% [markdown]
# ## 1. Who decides what is right?
#
# In reinforcement learning (RL) a model writes, a program gives the text a number, the
# **reward**, and texts with a high reward become more likely. Nothing in this loop knows what
# you *meant*. If a strange text earns as much as a right answer, a model that writes the strange
# text is doing exactly what it is paid to do. This is called a **reward hack**. An older name is
# Goodhart's law: when a measure becomes a target, it ceases to be a good measure.
#
# Here is the law at work. A model writes one of two kinds of text. An honest attempt is right
# three times in ten. A list of all numbers is written once in a hundred times, and never right.
# The naive rule looks for the right number anywhere.
#
# Let $r_i$ be the mean reward of a kind, $\bar r$ the mean over all texts, and $\eta$ a step
# size. In the simplest picture, one step of RL multiplies the probability of a kind by
# $1 + \eta\,(r_i - \bar r)$. (The gradient of a network's softmax has one more factor, the
# probability itself, so rare texts change more slowly. With two kinds of text, as here, the
# direction is the same.)

# %% tags=["slide"]
TRUE = {"honest attempt": 0.3, "list of all": 0.0}
NAIVE = {"honest attempt": 0.3, "list of all": 1.0}


def average_step(chances, reward, rate=0.5):
    """What earns more than the mean becomes more likely."""
    mean = sum(p * reward[kind] for kind, p in chances.items())
    return {kind: p * (1 + rate * (reward[kind] - mean)) for kind, p in chances.items()}


shares = {}
for name, reward in (("naive rule", NAIVE), ("strict rule", TRUE)):
    chances, shares[name] = {"honest attempt": 0.99, "list of all": 0.01}, []
    for step in range(31):
        shares[name].append((step, chances["list of all"]))
        chances = average_step(chances, reward)
assert shares["naive rule"][30][1] > 0.99 and shares["strict rule"][30][1] < 0.01
plots.curves({"A list of all numbers": shares}, "step", "share of texts")

# %% [markdown] tags=["slide"]
# What you see: under the naive rule, nearly every text is a list after thirty steps of this
# toy. Under a strict rule, which pays a list nothing, lists die out.
#
# So which program should give the number? There are two candidates. A **reward model** is a
# neural network, trained on examples of good and bad answers, that scores any text. A
# **rule** checks: is this the number 35, did each test pass?
#
# DeepSeek-R1's reasoning was trained with rules. Its authors give two reasons against a neural
# reward model here (v1, section 2.2.2; v2, section 2.2). In large-scale RL it may be exploited,
# and retraining it costs resources and complicates the pipeline. Mathematics is checked by its
# final answer, programs by a compiler and test cases. For helpfulness, where no rule is
# possible, they use reward models (chapter 13).
#
# We write each naive rule first, break it, and repair it. In section 6 we train a judge instead.
#
# ## 2. Find the answer
#
# A completion is some thinking, then an answer, which has to be found before it can be judged.
# The first version that comes to mind is one line:


# %%
def first_answer(text):
    found = re.search(r"<answer>(.*?)</answer>", text)
    return found[1] if found else None


# %% [markdown]
# But the model may *think* about an answer in these tags and then give
# another one. It may give two answers, of which one is right: a **hedge**. And a model that
# has read mathematics puts the answer into `\boxed{...}`.
#
# ![Five completions in rows. Grey pieces are thinking, up to the closing think tag, and are never searched. In the rest, one pair of answer tags, one box, or the last number is the answer. Two pairs of tags give nothing, and so does a thought that is not closed.](../figures/06_answer.png)
#
# What you see: where the answer is looked for. The rule in words: look only after the last
# `</think>`. If there are answer tags, there must be exactly one pair. Otherwise there may be
# one box. *Two answers are no answer*, even if they agree. Otherwise the last number counts,
# because a calculation has many plain numbers.
#
# In code this rule calls a few helpers, which need not be read. `chat.summary` gives the text
# after the thinking. `chat.answer` gives what is between the tags (exercise 6.2 builds it). `boxed`
# gives what is in the braces of a box, and `_unboxed` opens a box between the tags. `last_number`
# gives the last number, unless it may belong to a range or a list.

# %% tags=["slide"]
# r1lib.verifiers.extract_answer

# %% tags=["nbval-check-output"]
from r1lib.tokenizer import chat
from r1lib.verifiers import BOX, _unboxed, boxed  # extract_answer calls these
from r1lib.verifiers.last_number import last_number

texts = [
    "<think>2+2=5? no</think><answer>4</answer>",
    "<think><answer>5</answer> no</think><answer>4</answer>",
    "<answer>4</answer> or <answer>5</answer>",
    r"<think>a half</think>so it is \boxed{\frac{1}{2}}.",
    "first 3, then 5, so 1,234",
    "it is one of 3, 4, 5",
    "<think>it must be 4</think>",
]
print(f"{'first_answer':14}{'extract_answer':16}completion")
for text in texts:
    print(f"{first_answer(text)!s:14}{extract_answer(text)!s:16}{text}")

# %% [markdown]
# In the second line the naive rule takes an answer that was only thought. In the third it takes
# the first of two. In the last but one, three numbers are offered, so none is the answer. The last
# line is a choice of ours: where nothing follows the thinking, there is no answer, even if a number
# was thought.
#
# Treat a model's text as **hostile**: bound its length first, and use no pattern that can need
# more than linear time. On `aaaa...b`, for example, the pattern `(a|aa)+$` tries every way to
# split the a's, and there are exponentially many.

# %% [markdown] tags=["slide"]
# ## 3. Exact numbers, and a game
#
# The game of this book is **countdown**: reach a target with given numbers, each used
# exactly once, by `+ - * /` and brackets. From 3, 7, 8 reach 35: `(8-3)*7`. A verifier has
# two questions: are these the given numbers, and is the value the target?
#
# A common verifier finds the numbers by a regular expression and lets Python's `eval`
# compute the value, up to a small error. Never give a model's text to `eval`. The first cell
# below computes what `eval` would. The second is a hunt: before you run it, predict which
# lines the naive rule accepts.

# %%
import ast
import operator

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


# %% tags=["slide", "nbval-check-output"]
GAMES = [
    ("(8-3)*7", [3, 7, 8], 35),
    ("2**3*5", [2, 3, 5], 40),
    ("7//2*3", [2, 3, 7], 9),
    ("3.4*5", [3, 4, 5], 17),
    ("1_0*2", [0, 1, 2], 20),
    ("3e1+2", [1, 2, 3], 32),
    ("8*7-3*7", [3, 7, 8], 35),
    ("(8-3)*7=35", [3, 7, 8], 35),
]


def verdict(rule, *given):
    """What a rule says, or that it fails."""
    try:
        return str(rule(*given))
    except SyntaxError:
        return "crash"


for game in GAMES:
    answer, numbers, target = game
    naive, ours = verdict(naive_countdown, *game), verifiers.countdown_correct(*game)
    print(f"{answer:12} from {numbers} to {target}: naive {naive:6} ours {ours}")

# %% [markdown]
# `**` and `//` are Python, but not the game. A point, an underscore or an `e` *glues* two
# numbers: the pattern sees two where Python sees one. The last line crashes the program, in
# the middle of a training run. Worse is `9**9**9`, with 369,693,100 digits: the naive verifier
# would be busy until it is killed.
#
# Our verifier has three parts. The first, `parse_expression`, decides what is an expression at
# all. It allows few characters, refuses `**`, `//` and numbers side by side, and bounds the
# length and the depth, so that no text keeps it busy. (Right answers are far shorter.) Only then
# does Python's parser read the text, and it executes nothing.
#
# The second part computes in **fractions**. Floating point rounds: `1/49*49` is not 1. A
# tolerance would hide that, but it would also accept answers that are only nearly right. A
# `Fraction` never rounds. The third part asks the two questions of the game.

# %% tags=["nbval-check-output"]
from fractions import Fraction

from r1lib.verifiers.answers import LONGEST
from r1lib.verifiers.notation import DEEPEST, DIGITS

print(
    f"{LONGEST} characters, {DEEPEST} brackets deep, {DIGITS} digits a number at most"
)

# %%
# r1lib.verifiers.parse_expression

# %% tags=["slide"]
# r1lib.verifiers.value
# r1lib.verifiers.countdown_correct


# %% tags=["nbval-check-output"]
def stopped_by(answer, numbers, target):
    """The part of our verifier that refuses an answer."""
    tree = parse_expression(answer)
    if tree is None:
        strange = re.sub(r"[0-9+*/() -]", "", answer)
        return f"the character {strange}" if strange else "two operators in a row"
    used = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    if sorted(used) != sorted(numbers):
        return f"the numbers {sorted(used)}"
    return "nothing" if value(tree) == target else f"the value {value(tree)}"


for game in GAMES:
    print(f"{game[0]:12} stopped by {stopped_by(*game)}")
print("floating point:", 1 / 49 * 49 == 1, " fractions:", Fraction(1, 49) * 49 == 1)
for hostile in ("9**9**9", "(" * 1000, "1+" * 10**6 + "1", "５+1"):
    # the last one has a digit of another script, which Python's int would accept
    seen = hostile if len(hostile) < 12 else f"{len(hostile):,} characters"
    print(f"{seen:20} {parse_expression(hostile)}")
assert [countdown_correct(*game) for game in GAMES] == [True] + [False] * 7

# %% [markdown] tags=["slide"]
# ## 4. Format, language, and the sum
#
# We would *like* a few more things besides a right answer. Each gets a small weight.
#
# **Format.** R1-Zero was paid for putting its thinking between tags. Our rule is strict. It wants
# one pair of `<think>` tags, directly followed by one pair of `<answer>` tags, something in each,
# and nothing else.
#
# **Language.** R1-Zero mixed languages in its thinking. R1 was therefore paid for the share
# of words in the language of the question (v1, section 2.3.2). Chapter 11 builds this reward
# and measures its cost; here we only use it. (맞아 is Korean for *yes*.)


# %% tags=["needed", "nbval-check-output"]
from r1lib import rewards
from r1lib.rewards import language_consistency
from r1lib.tokenizer import chat
from r1lib.world import countdown


def in_form(text):
    """1.0 for exactly <think>something</think><answer>something</answer>."""
    if any(text.count(tag) != 1 for tag in chat.TAGS):
        return 0.0
    match = re.fullmatch("<think>(.+)</think><answer>(.+)</answer>", text, re.DOTALL)
    return float(match is not None and bool(match[1].strip() and match[2].strip()))


game = countdown.make((3, 7, 8), 35, "en")
thoughts = ("8-3=5,*7=35~35=0 yes", "again 8-3=5,*7=35~35=0 맞아", "8-3=5,*7=35", "")
print("format  English words  completion")
for thought in thoughts:
    text = f"<think>{thought}</think><answer>(8-3)*7</answer>"
    assert in_form(text) == rewards.format(game, text)
    print(f"{in_form(text):6.1f}{language_consistency(game, text):15.1f}  {text}")

# %% [markdown]
# Thinking without any word mixes nothing, so it is paid in full. An *empty* thought earns nothing;
# otherwise saying nothing would be the cheapest way to stay in one language.
#
# ### Adding up
#
# One number goes to the learner. *All* parts go to the log, because a reward that rises says
# little if you cannot see which part rises:
#
# $$ r = r_{\text{right}} + 0.1\, r_{\text{format}} + 0.1\, r_{\text{language}}. $$
#
# A right answer in form and language gets 1.2, a neat wrong one 0.2. The weights follow one law:
# **no wrong answer may ever beat a right one.**
#
# ![Two mixtures of rewards over one axis. With weights of 0.1 for form and language, wrong answers get 0 to 0.2 and right ones 1 to 1.2, with a gap between them. With a weight of 1 for all three parts, wrong answers get 0 to 2 and right ones 1 to 3, so the ranges overlap.](../figures/06_margin.png)
#
# What you see: the rewards that wrong and right answers can get. With equal weights a neat wrong
# answer in good English beats an untidy right one. Where every sample is wrong, only the small
# parts differ, and then they are all that RL sees. Even
# `<think>hm</think><answer>35</answer>`, where 35 is wrong, earns 0.2 for form and language.
#
# Two penalties can join the sum, because a run can drift into endless text.
# `rewards.repetition_penalty` takes away the share of **n-grams**, runs of $n$ words (here
# three), that occurred before: 2 of 6 in the last text below. `rewards.length_penalty` (DAPO,
# equation 13) lowers the reward over the last $b$ tokens before the limit $L$. At a length of $n$
# tokens it is
#
# $$ p(n) = -\frac{\min(\max(n - (L - b),\, 0),\, b)}{b}. $$
#
# The law holds for penalties too. Beside format and language, and a repetition penalty
# of weight 0.1, the length penalty must weigh less than 0.7. Otherwise a long right
# answer can fall below a neat wrong one. (Exercise 6.5 computes this margin.)
#
# `Weighted` adds the parts up. `means()` averages each part since its last call.

# %%
from collections.abc import Callable

from r1lib.problem import Problem

# %% tags=["slide"]
# r1lib.rewards.Weighted


# %% tags=["slide", "nbval-check-output"]
def repeats(problem, text):
    return rewards.repetition_penalty(text.split())


parts = {"right": (1.0, rewards.accuracy), "format": (0.1, rewards.format)}
parts |= {"language": (0.1, language_consistency), "repetition": (0.1, repeats)}
reward = Weighted(parts)
right, wrong = "<answer>(8-3)*7</answer>", "<answer>8*7-3</answer>"
for text in (
    "<think>8-3=5,*7=35 yes</think>" + right,
    "<think>8-3=5,*7=35 맞아</think>" + right,
    "<think>8*7=56,-3=53 yes</think>" + wrong,
    "<think>wait, and wait, and wait, and wait, and</think>" + wrong,
):
    print(f"{reward(game, text):5.2f}  {text}")
print("mean of each part:", {k: round(v, 2) for k, v in reward.means().items()})
print("penalty for 100, 110, 120, 500 tokens, limit 120, buffer 20:")
print([rewards.length_penalty(n, 120, 20) for n in (100, 110, 120, 500)])

# %% [markdown] tags=["slide"]
# ## 5. A gallery of cheats
#
# Here are 19 ways to get paid without being right. Each has a naive rule and a completion that
# this rule pays in full. Our rules pay it nothing, and the last column says why. In the rows
# about 36 the task is `compute ((17+5)*2)-8`. The code is folded: it runs both rules on every
# row, and asserts these two rewards. "Our rules" are the sum for right and format. Where a cheat
# aims at one rule alone, such as format or language, it is that rule.
#
# The last three are values that a program returned. A naive test compares results by Python's `==`, which an object
# may define for itself. Another one stops at the end of the shorter list. Ours first turns both
# sides into text that names exact types: `[1, True]` becomes `[1,true]`, which is not `[1,1]`.

# %% tags=["hide-input"]
from functools import partial

gallery = {"wrong answers": [], "empty form": [], "programs": []}


def exhibit(kind, problem, pays_for, naive, text, stopped, ours=rewards.total):
    """Add a cheat that the naive rule pays in full, and ours not at all."""
    assert float(naive(text)) == 1.0 and float(ours(problem, text)) == 0.0
    gallery[kind].append((pays_for, text, stopped))


def tag(*inside):
    return " ".join(f"<answer>{each}</answer>" for each in inside)


def has_36(text):
    return tag(36) in text


def first_is_36(text):
    return first_answer(text) == "36"


def is_worth(number, text):
    return python_value(ast.parse(first_answer(text), mode="eval").body) == number


def in_game(numbers, target, text):
    return naive_countdown(first_answer(text), numbers, target)


sums = Problem("arithmetic", "easy", "en", "compute ((17+5)*2)-8", "36", "sum 1")
thought, every = f"<think>{tag(36)}?</think>{tag(35)}", " ".join(map(str, range(1, 51)))
wrong = partial(exhibit, "wrong answers")
wrong(sums, "36 in some tag", has_36, tag(35, 36), "two answers are none")
wrong(sums, "36 anywhere", lambda t: " 36 " in t, every, "a list has no last number")
wrong(sums, "36 in the first tag", first_is_36, thought, "thinking is not searched")
repeated = tag("((17+5)*2)-8")
wrong(sums, "the value 36", partial(is_worth, 36), repeated, "a number must be written")

# %% tags=["hide-input"]
from collections import Counter

from r1lib.world import logic


def nearly_third(text):
    return abs(float(text) - 1 / 3) < 1e-6


def same_members(text):
    return Counter(text) == Counter("(1,2)")


def both_facts(text):
    return "A=knight" in text and "B=knave" in text


once = "each given number once"
wrong(game, "the value 35 from 3, 7, 8", partial(is_worth, 35), tag(35), once)
for text, numbers, target in (GAMES[1], GAMES[3]):
    problem = countdown.make(numbers, target, "en")
    rule, name = partial(in_game, numbers, target), f"section 3: {target} from "
    name += ", ".join(map(str, numbers))
    wrong(problem, name, rule, tag(text), "a small grammar")
same = partial(wrong, ours=verifiers.math_equal)
third, exactly = "six decimals of 1/3", "fractions do not round"
same("1/3", third, nearly_third, "0.3333335", exactly)
same("(1,2)", "members of (1,2)", same_members, "(2,1)", "a tuple has an order")
puzzle = logic.make((("is", 1, False), ("same", 0, 1)), "en")  # A knight, B knave
hedge = tag("A=knight,A=knave,B=knight,B=knave")
wrong(puzzle, "A=knight and B=knave", both_facts, hedge, "each person once")

# %% tags=["hide-input"]
from r1lib.sandbox.inside import write


def each_once(text):
    return all(text.count(each) == 1 for each in chat.TAGS)


def three_steps(text):
    return len(re.findall(r"Step \d", text)) >= 3


def as_text(wanted, returned):
    try:
        return write(returned) == write(wanted)
    except ValueError:  # no plain data
        return False


empty = partial(exhibit, "empty form", sums)
guess, unseen = "<think></think><answer>35</answer>", "only the answer counts"
blank, mixed = "thinking must not be empty", "<answer></think></answer><think>"
steps = "Step 1: hm. Step 2: hm. Step 3: hm."
empty("think tags", lambda t: "<think>" in t, guess, blank, rewards.format)
empty("each of the four tags once", each_once, mixed, "the tags have an order")
empty("three steps", three_steps, steps, unseen)
empty("the word wait", lambda t: min(1, t.count("wait") / 5), "wait " * 9, unseen)
empty("length", lambda t: min(1, len(t) / 500), "so " * 200, unseen)
silent = "silence is not paid"
empty("no foreign word", str.isascii, guess, silent, language_consistency)

# %% tags=["slide", "nbval-check-output", "hide-input"]
from IPython.display import Markdown


class Agreeable:
    """Equal to everything."""

    __hash__ = None

    def __eq__(self, other):
        return True

    def __str__(self):
        return "an object equal to all"


def equal_pairs(returned):
    return all(map(operator.eq, returned, wanted))


wanted, types = [42, 1, 1], "types are compared, too"
program = partial(exhibit, "programs", wanted, ours=as_text)
program(
    "returned == wanted", lambda r: r == wanted, Agreeable(), "only plain data counts"
)
program("equal pairs", equal_pairs, [], "the whole list is compared")
program("equal members", lambda r: r == wanted, [42, True, True], types)
rows = [
    "| the naive rule pays for | what it pays | what stops it |",
    "|---|---|---|",
]
for kind, cheats in gallery.items():
    rows.append(f"| **{kind}** | | |")
    for pays_for, text, stopped in cheats:
        shown = str(text) if len(str(text)) < 60 else f"{str(text)[:40]}..."
        rows.append(f"| {pays_for} | `{shown}` | {stopped} |")
assert sum(map(len, gallery.values())) == 19
Markdown("\n".join(rows))

# %% [markdown]
# Each naive rule pays for an *indicator* that is cheaper to produce than the thing itself. Two
# habits help most: accept **one answer, in one place, or none**, and **refuse what you do not
# surely understand**.
#
# A list of known cheats proves nothing about unknown ones. So the rules say what is *allowed* and
# refuse the rest. (The rules also got 100,000 random completions each, and the sandbox 5,000.
# None raised an exception: `results/data/fuzz.json`.)

# %% [markdown] tags=["slide"]
# ## 6. A rule, or a judge?
#
# Would it not be easier to *learn* what a right answer looks like? We try it on a task for which
# we have the rule, so that the truth is known.
#
# The base model of this book (chapter 05) does **arithmetic**, such as `compute
# ((17+5)*2)-8`. It writes four completions to each of 400 problems, and the rule marks them.
# The judge sees a text as a bag of n-grams, this time all runs of one to four *bytes* (chapter
# 02), in the problem and the completion. Each n-gram has a weight. With the mean weight $\bar w$
# of a text's n-grams and a bias $b$, the judge gives it the probability
# $\sigma(10\,\bar w + b)$ of being right, where $\sigma(x) = 1/(1 + e^{-x})$. (The factor 10
# lets it learn in 100 steps, because a mean of many small weights is small.)

# %%
from r1lib import artifacts, evaluate
from r1lib.problem import problems
from r1lib.world import arithmetic

policy, tokenizer = artifacts.load("base-tiny")


def write_answers(split, n, k, seed):
    """k completions of each of n arithmetic problems, marked by the rule."""
    drawn = problems(arithmetic.sample, n, seed, split)
    settings = {"max_new_tokens": 80, "batch": 4096, "seed": seed}
    return evaluate.answer(policy, tokenizer, drawn, k, **settings)


marked = write_answers("train", 400, 4, seed=1)
unseen = write_answers("valid", 96, 4, seed=2)
for name, found in (("to learn from", marked), ("held out", unseen)):
    count, share = found.right.numel(), found.right.mean()
    print(f"{name:14} {count:5} completions, {share:.0%} right")

# %%
import zlib

from torch import nn

BINS = 2**14  # n-grams share this many weights


def bag(found):
    """N-grams of all completions, and where each completion begins."""
    ids, starts = [], []
    for problem, texts in zip(found.problems, found.texts, strict=True):
        for text in texts:
            starts.append(len(ids))
            raw = f"{problem.prompt}\n{text}".encode()
            for n in (1, 2, 3, 4):
                for i in range(len(raw) - n + 1):
                    ids.append(zlib.crc32(raw[i : i + n]) % BINS)
    return torch.tensor(ids), torch.tensor(starts)


class Judge(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.EmbeddingBag(BINS, 1, mode="mean")
        nn.init.zeros_(self.weights.weight)
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, bags):
        # a mean of many small weights: times 10, it learns in 100 steps
        return 10 * self.weights(*bags).squeeze(1) + self.bias


# %% tags=["slide"]
def train_judge(found, steps=100):
    """Fit a judge to the marks of the rule."""
    judge, bags, marks = Judge(), bag(found), found.right.flatten()
    optimizer = torch.optim.AdamW(judge.parameters(), lr=0.02, weight_decay=1e-3)
    for _ in range(steps):
        loss = nn.functional.binary_cross_entropy_with_logits(judge(bags), marks)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return judge.requires_grad_(False)


def scores_of(judge, found):
    return judge(bag(found)).view(found.right.shape)


judge = train_judge(marked)
believed = scores_of(judge, unseen) > 0
agrees = (believed == unseen.right.bool()).float().mean(1)  # by problem
low, high = evaluate.interval(agrees.tolist())
print(f"the judge is right about {agrees.mean():.0%} [{low:.0%}, {high:.0%}]")
print(f"a judge that calls everything wrong: {1 - unseen.right.mean():.0%}")

# %% [markdown]
# That looks like a good judge, on problems that it has not seen. (In brackets is a 95% interval
# over problems; chapter 15 builds it.) What has it learned? List the n-grams that occur in many
# completions, and look at those with the highest and the lowest weight:

# %% tags=["slide", "hide-input"]
from collections import Counter

texts = [
    (f"{problem.prompt}\n{text}", mark)
    for problem, *row in zip(marked.problems, marked.texts, marked.right, strict=True)
    for text, mark in zip(*row, strict=True)
]
counts = Counter()
for text, _ in texts:
    raw = text.encode()
    counts.update({raw[i : i + 4] for i in range(len(raw) - 3)})
common = [gram for gram, n in counts.items() if n >= 80 and gram.isascii()]
weights = judge.weights.weight.flatten().tolist()
common.sort(key=lambda gram: (weights[zlib.crc32(gram) % BINS], gram))
for name, grams in (("lowest", common[:8]), ("highest", common[:-9:-1])):
    print(f"{name:8}", *(f"{gram.decode()!r:10}" for gram in grams))
for piece in ("<think>", "yes\n</think>", "?\n<answer>"):
    marks = [mark.item() for text, mark in texts if piece in text]
    share = sum(marks) / len(marks)
    print(f"{len(marks):4} completions with {piece!r:16} {share:4.0%} of them right")

# %% [markdown]
# What you see: the judge likes the pieces of `<think>` and `</think>`, and it dislikes an answer
# that follows the question directly. As a guess that is sensible, because completions with a
# thought are mostly right and those without one seldom are. But none of these weights adds two
# numbers. The judge has learned what right completions *look like*.
#
# ### Now use it as a reward
#
# The simplest way to optimise against a judge is **best-of-N**: write N completions, take
# the one that the judge likes best. The larger N, the stronger the pressure. Predict: what
# happens to the judge's belief in its choice, and what to the truth? There are 56 new problems
# with 256 completions each, cut into 256/N groups whose results are averaged. For comparison, the
# rule chooses as well: it finds a right completion wherever a group has one.

# %% tags=["slide"]
hunt = write_answers("test", 56, 256, seed=3)
scores = scores_of(judge, hunt)


def best_of(n, scores):
    """(probability the judge gives its favourite of n, is it right), by problem."""
    groups = scores.view(len(scores), -1, n)
    right = hunt.right.view(groups.shape)
    best = groups.argmax(2, keepdim=True)
    return [x.gather(2, best).squeeze(2).mean(1) for x in (groups.sigmoid(), right)]


names = ("what the judge believes", "right, chosen by the judge", "right, by the rule")
lines = {name: [] for name in names}
for n in (1, 2, 4, 8, 16, 32, 64, 128, 256):
    values = *best_of(n, scores), best_of(n, hunt.right)[1]
    for name, each in zip(names, values, strict=True):
        lines[name].append((n, each.mean().item()))
truth, rule = lines[names[1]], lines[names[2]]
print("the truth is best at N =", max(truth, key=lambda point: point[1])[0])
change = best_of(256, scores)[1] - best_of(16, scores)[1]
low, high = evaluate.interval(change.tolist())
print(f"from N = 16 to 256: {change.mean():+.2f} [{low:+.2f}, {high:+.2f}]")
assert rule[-1][1] > 0.95 > 0.05 + truth[-1][1]  # far behind the rule
plots.doubling_curves({"Best of N, share": lines}, "completions to choose from (N)")

# %% [markdown]
# What you see: up to N = 8 belief and truth are nearly one line, so on typical texts the judge is
# **calibrated**. Then its belief goes on rising. The truth rises with it at first, since a
# good judge *is* useful, but then it turns and falls, far below the rule. (The printed
# interval compares each problem with itself, at N = 16 and at N = 256. Had we picked the best N
# after looking, part of its height would be luck, and the fall would look too large.)
#
# The judge's accuracy was an average over *typical* completions, and the larger N, the less
# typical the winner. Among 256 texts a few look more right than right ones do, and the maximum
# picks exactly those. Gao and others measured this **over-optimisation** for large reward models
# (arXiv 2210.10760). Three favourites that are wrong:

# %% tags=["slide"]
favourite = scores.argmax(1)
fooled = [i for i, j in enumerate(favourite.tolist()) if not hunt.right[i, j]]
fooled.sort(key=lambda i: -scores[i].max().item())
for i in fooled[:3]:
    text = hunt.texts[i][favourite[i]]
    print(f"{hunt.problems[i].prompt}   [{scores[i].max().sigmoid():.0%} sure]")
    print("    " + text.replace("\n", "\n    "))
    print(f"    (the right answer is {hunt.problems[i].answer})\n")

# %% [markdown]
# Two kinds come up again and again. Some are no answers at all: a text is cut off or has broken
# tags, but is full of pieces that the judge likes. In others every piece looks right and the
# whole is wrong, which only a calculation shows. In practice one marks such favourites and trains
# the judge again, and the new judge then has new wrong favourites.

# %% [markdown] tags=["slide"]
# ## 7. When are two answers the same?
#
# In mathematics the right answer is known, the **gold** answer. Is the model's answer the
# same? `1/2`, `0.5`, `50%`, `\frac{1}{2}` and `x = 1/2` are five texts and one answer. A
# right answer that is called wrong teaches the model to unlearn what it knows.
#
# ![Four boxes: number, structure, exact, algebra. The first decides 1/2 and 50%, equal; the second the tuples (1,2) and (2,1), not equal; the third 1024 and 2 to the 10, equal; the fourth 2 root 2 and root 8, equal. Each hands on pairs that it cannot decide. Pairs that algebra cannot prove equal are not. Text that is no mathematics, such as Monday, is compared word for word.](../figures/06_ladder.png)
#
# What you see: four steps, from cheap to costly. Each step either decides or hands the pair to the
# next.
#
# 1. **Number.** Where both texts are plain numbers, compare them as fractions.
# 2. **Structure.** Otherwise a parser turns LaTeX into a **tree**, nested tuples such as `("/", top,
#    bottom)`. Tuples and sets are compared member by member. A text that is no mathematics
#    has no tree, and is compared as words.
# 3. **Exact.** Where the gold tree has a rational value, the answer has to be this number. Powers
#    are bounded *before* they are taken.
# 4. **Algebra.** For roots and letters, the library sympy may prove that two trees are equal.
#    Simplifying may never end, so it runs in a process of its own, for three seconds at most. What it
#    cannot *prove* equal is not equal.
#
# `verifiers.math_equal` does all this. The folded cell repeats its steps in short, so that
# the table can say which step decides:


# %% tags=["hide-input"]
import time

from r1lib.verifiers import algebra, answers
from r1lib.verifiers.notation import parse_number, wording
from r1lib.verifiers.trees import exact, written


def same_answer(gold, answer):
    """(the step that decides, its verdict)"""
    numbers = parse_number(gold), parse_number(answer)
    if None not in numbers:
        return "1 number", numbers[0] == numbers[1]
    left, right = answers.read(gold), answers.read(answer)
    if left is None or right is None:  # at least one is no mathematics
        return "words", left == right and wording(answer) == wording(gold)
    if {left[0], right[0]} & {"tuple", "set", "list"}:
        return "2 structure", verifiers.same(left, right, time.monotonic() + 60)
    if left == right or exact(left) is not None:
        return "3 exact", left == right or written(right) == exact(left)
    return "4 algebra", algebra.equal(left, right) is True


# %% tags=["slide", "nbval-check-output"]
PAIRS = [
    ("1/2", "50%"),
    ("1/3", "0.333333333"),
    ("1234", "12,34"),
    ("3", "3 or 4"),
    ("1024", "2^{10}"),
    ("4", "2+2"),
    ("(1,2)", "(2,1)"),
    ("{1,2}", "{2,1}"),
    (r"2\sqrt{2}", r"\sqrt{8}"),
    ("x^2-1", "(x-1)(x+1)"),
    (r"\sqrt{x^2}", "x"),
]
print(f"{'gold':15}{'answer':14}{'decided by':13}same")
for gold, answer in PAIRS:
    step, equal = same_answer(gold, answer)
    assert equal == verifiers.math_equal(gold, answer)
    print(f"{gold:15}{answer:14}{step:13}{'yes' if equal else 'no'}")

# %% [markdown]
# Two lessons are in this table. *A text that is not surely one answer is refused*: `3 or 4`, and
# `12,34`, which might be 1,234 with a slip, or two numbers, or 12.34 in another country. And
# where the gold answer is a number, the model has to *write one out*. A fraction, a percentage or one
# power of plain numbers will do, but not `2+2`. If values were enough, repeating the question
# "compute 2+2" would be right. (For "compute 2^10" our rule would pay the repeated question, so
# we never ask such questions.)
#
# `docs/answers.md` lists with reasons which forms are accepted and refused; the tests try
# every row. Many open replications of R1 use
# [Math-Verify](https://github.com/huggingface/Math-Verify). Of 498 pairs made from templates the
# two agree on 376, and of 2,054 from our own list on 2,035 (`results/data/agreement.json`).
# Math-Verify is mostly more *lenient*: it compares six decimals, and takes 10% for 10. In a
# *reward*, each leniency can be exploited.

# %% [markdown] tags=["slide"]
# ## 8. Knights and knaves
#
# On an island everybody is either a
# **knight**, who says only true things, or a **knave**, who says only false ones. A says:
# "B is a knave." B says: "A and I are the same."
#
# A knight's statement must be true and a knave's false. With two people there are four possible
# worlds, so try them all. Below, person 0 is A and `True` is a knight. A puzzle with two
# solutions, or none, is never asked.
#
# An answer names each person once, in either language. The last two answers below are hedges.

# %% tags=["nbval-check-output"]
from itertools import product

from r1lib.world import logic

statements = (("is", 1, False), ("same", 0, 1))
puzzle = logic.make(statements, "en")
print(puzzle.prompt)


def fitting(statements, n):
    """Every world in which knights are right and knaves wrong."""
    found = []
    for world in product((True, False), repeat=n):
        said = tuple(logic.holds(statement, world) for statement in statements)
        print(f"A, B = {world!s:15} what they say: {said}")
        found += [world] if said == world else []
    return found


assert fitting(statements, 2) == logic.solutions(statements, 2) == [(True, False)]
for answer in (
    "B=knave, A=knight",
    "A=기사,B=거짓",
    "A=knight",
    "A=knight,A=knave,B=knave",
    "A=knight or knave,B=knave",
):
    print(f"{logic.verify(puzzle, answer)!s:6} {answer}")

# %% [markdown] tags=["slide"]
# ## 9. Programs: "sorted, with 42 at the start"
#
# There are endless ways to write a right program. But a program can be *run*. The problem: *write
# a function `solve(xs)` that returns the list sorted, with 42 at the start.* Here are four
# completions, as a model might write them. Which are right, and which is the best?

# %% tags=["slide"]
from r1lib.rewards import lint
from r1lib.world import programs

task = programs.make((("sort", None), ("start", 42)), "en")
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
print(task.prompt)
for args, expected in task.data[:2]:
    print(f"    a test: solve({args[0]}) should return {expected}")
for name, code in FOUR.items():
    found = lint.lint(code)
    print(f"{name:13}", "; ".join(map(str, found)) or "no complaint")

# %% [markdown]
# The last lines are from a **linter**, which reads the program without running it.
# (Ours is pyflakes with three more habits.) Then the program runs on tests
# inside a **sandbox**, which section 10 explains. The reward is a sum of five parts:
#
# | part | weight | question |
# |---|---|---|
# | syntax | 0.05 | is it a program? |
# | lint | 0.05 | a quarter less for each complaint |
# | runs | 0.10 | does it run on all tests without an error? One error costs all of it |
# | tests | 0.70 | all passed: 1; otherwise at most a half, by the share that passed |
# | speed | 0.10 | if all passed: how fast, beside a reference program? |
#
# The reference program comes with the task (`task.answer`). A program as fast as it earns half of
# the last row, 0.95 in all. This sum is the whole reward here and in section 12: form and language are not added. The law of section 4
# holds: a wrong program stays below 0.55, and a right one gets at least 0.85. R1 had compilers
# and test cases; lint, partial credit and run time are ours.

# %%
import random

from r1lib import sandbox
from r1lib.rewards import code as code_reward
from r1lib.rewards.code import PARTIAL, PER_COMPLAINT, UNMEASURED, Parts, speed
from r1lib.sandbox import Sandbox

# %% tags=["slide"]
# r1lib.rewards.code.score

# %% tags=["slide"]
box = Sandbox()  # starts when it is first used
print(sandbox.promise())
large = [([random.Random(0).randrange(10**6) for _ in range(2000)],)]


def middle(text, times=5):
    """Judge a program several times, and keep the middle one of the rewards."""
    options = {"reference": task.answer, "large": large}
    found = [code_reward.judge(task, text, box, **options) for _ in range(times)]
    return sorted(found, key=lambda parts: parts.total)[times // 2]


scored = {}
for name, code in FOUR.items():
    text = f"<think>sort, then 42</think><answer>{code}</answer>"
    parts = scored[name] = middle(text)
    print(f"{name:13}{parts.total:5.2f}  {(parts.error or '')[:60]}")


def earned(parts):
    """What each part adds to the reward, and what is missing to 1."""
    adds = {name: w * getattr(parts, name) for name, w in code_reward.WEIGHTS.items()}
    reads = {"syntax and lint": adds.pop("syntax") + adds.pop("lint")}
    return {**reads, **adds, "not earned": 1 - parts.total}


rows = {name: earned(parts) for name, parts in scored.items()}
plots.stacked_shares(rows, "reward, in percent of the largest")

# %% [markdown]
# What you see: the rewards as bars, cut into their parts. Two programs are right, and the faster
# one earns more. In the slip, `insert` changes the list and returns nothing, so the program runs
# but fails all tests. The fourth program crashes, as the linter predicted.
#
# **Speed with little noise.** A reward must not depend on how busy the machine is. So the operating
# system measures *processor* time, outside of the program's reach. Only whole doublings count: a
# program $q$ times as fast as the reference gets $0.5 + \mathrm{round}(\log_2 q)/8$, from 0 to
# 1. Four times as fast gives 0.75, as fast 0.5, sixteen times as slow 0. In 195 comparisons of programs of which one was more than twice as fast, the slower
# one never earned more (`results/data/run-time.json`).
#
# Noise can still move a program by a step. In the same file, in one of 15 measurements, a program as fast as the reference was scored one step too
# low. So the cell above judges each program five times and shows the middle reward.
#
# ### Where do tests come from?
#
# The task came with a handful of tests. Below, `memory` knows nothing but these: it looks the
# answers up in a table. If the same tests come back often enough, RL finds such a program.
#
# The remedy is *more tests than can be known*. A reference program makes them: draw inputs, run
# the reference, and expect its results. In this cell no speed is measured, and an unmeasured speed
# counts a half, so the best reward is again 0.95. `memory` gets 0.2 for syntax, lint and running,
# and 0.35 times the share of tests that it passes.

# %%
# results.unit_tests.draw_inputs
# results.unit_tests.generate_tests

# %% tags=["slide"]
from r1lib.sandbox.inside import read  # generate_tests calls it

table = {tuple(args[0]): expected for args, expected in task.data}
memory = f"def solve(xs):\n    return {table}.get(tuple(xs), [])"
generated = generate_tests(task.answer, draw_inputs("chapter 06", n=30), box)
print(f"{len(generated)} tests, e.g. solve({generated[8][0][0]})")
for name, code in (("one line", FOUR["one line"]), ("memory", memory)):
    few = code_reward.score(code, list(task.data), box)
    many = code_reward.score(code, [*task.data, *generated], box)
    print(f"{name:10} given tests: {few.total:.2f}, with generated: {many.total:.2f}")

# %% [markdown] tags=["slide"]
# ### Tests that a model wrote
#
# Often there is no reference. Then a model may
# write the tests too, and some will be wrong. How can one find these without knowing the truth?
#
# ![Three tests in rows and five programs in columns. On the first test four of five programs agree with what it expects: keep. On the second one of five: drop. On the third four agree and one fails, so four of four: keep.](../figures/06_vote.png)
#
# What you see: independent programs vote on tests. Of those that return anything, *at least half
# must return the expected value, and no other value may get as many votes*. In the code, `mine`
# counts the votes for the expected value: here 4, 1 and 4. Wrong programs are mostly wrong in
# different ways, and right ones agree. (CodeT, arXiv 2207.10397, refines this as *dual execution
# agreement*.)

# %%
from collections import Counter
from itertools import product

from r1lib.rewards.code import extract_program
from r1lib.sandbox.inside import write

# %% tags=["slide"]
# results.unit_tests.agreed


# %% [markdown]
# Does it work? `vote_on_tests` takes 16 tasks for which we know the
# truth. For each task six writers propose a test each, and eight others write a program each.
# Some of the writers misunderstand the task. Their mistakes are *independent*, each in a way of
# its own, or *shared*, all in the same way. The table gives the share of right tests among those
# proposed and among those kept (**precision**), and the share of right tests that were kept
# (**recall**).

# %% tags=["hide-input"]
# results.unit_tests.mistaken
# results.unit_tests.vote_on_tests

# %% tags=["hide-input"]
# results.unit_tests.ratio
# results.unit_tests.ratio_interval

# %% tags=["slide"]
print(f"{'right among those':23}{'proposed':>9}{'kept':>7}{'(interval)':>16}", end="")
print(f"{'recall':>8}")
for wrong, shared in product((0.3, 0.5, 0.7), (False, True)):
    tasks = vote_on_tests(wrong, shared, box)
    kept, of_right = ratio(tasks, "both", "kept"), ratio(tasks, "both", "right")
    low, high = ratio_interval(tasks, "both", "kept")
    label = f"{wrong:.0%} wrong, " + ("shared" if shared else "independent")
    print(f"{label:23}{ratio(tasks, 'right', 'proposed'):9.0%}{kept:7.0%}", end="")
    print(f"{f'{low:.0%} to {high:.0%}':>16}{of_right:8.0%}")

# %% [markdown]
# More tests are right than writers, since a mistaken program may give the right value for an
# input. Where most writers are right, nearly all kept tests are right. Where half are wrong, it
# matters how. Independent mistakes scatter and are outvoted, so that 95% of the kept tests are
# right. A shared mistake gets about as many votes as the truth, and the vote gains nothing.
# Where most writers are wrong, even independent mistakes outvote the truth, since there are few
# ways to misunderstand a task. (The interval draws whole tasks, because the tests of one task
# fail together; 16 tasks are few, and the intervals are wide.)

# %% [markdown] tags=["slide"]
# ## 10. The sandbox
#
# A model that is paid for passing tests may come to write programs that attack the test. It
# begins with a sample that happens to call `exit(0)`: a careless harness takes exit code 0 for
# success, and pays. So assume the worst of every program.
#
# A **process** is a running program with memory of its own, which the operating system keeps
# apart from all others. Whatever it wants from outside, such as a file or a connection, it must
# ask of the system's core, the **kernel**. Such a request is a **system call**. So whoever
# controls the system calls controls what a program can reach.
#
# ![On the left the trainer, which holds the arguments and the expected values. Program and arguments go into a sealed box, to one process of their own. A warm server, which reads no program, forks that process when a number arrives. Only values, as text, come back, and are compared in the trainer. Below, the kernel lets a few calls pass and refuses others such as open and connect.](../figures/06_sandbox.png)
#
# What you see: what crosses the wall, and what does not. The server in the middle only saves time.
# It has Python loaded already, and for each job it makes a copy of itself, a *fork*, in which the
# program then runs.
#
# 1. **The answer is not there.** Expected values never enter the process that runs the
#    program. The program gets arguments and returns plain data as text; the trainer
#    compares. There is nothing to steal and no verdict to forge.
# 2. **Every program has a process of its own**, which is gone afterwards. Nothing is left
#    for the next program.
# 3. **The kernel refuses.** A filter of Linux, *seccomp*, lets some two dozen harmless system
#    calls pass. Opening a file or a connection is not among them, and fails. (A fork by the
#    program fails, too, because the limit on new processes is zero.)
#
# Limits on processor time and memory end programs that never stop. All this needs Linux.
# Elsewhere the level is `process`: a process of its own with a time limit, and a check that
# reads the program first, the **seat belt**. It stops careless programs, not hostile ones.
# `docs/sandbox.md` has the construction, every threat, and the test that shows its defence.
#
# The first cell shows the text form in which values travel. It names exact types, so `True`
# is not `1`. The second cell is an attack. Each program is asked for a secret that it cannot
# compute, so a passed test would be a theft.

# %% tags=["nbval-check-output"]
for result in ([1, 2], [1, True], (1, 2), {"a": 1.5}, Agreeable()):
    try:
        print(f"{type(result).__name__:10}", write(result))
    except ValueError as refused:
        print(f"{type(result).__name__:10}", "refused:", refused)

# %% tags=["slide"]
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
SECRET = [(("where is it?",), "the secret")]
for name, code in ATTACKS.items():
    outcome = box.run(code, SECRET, timeout=1.0)
    error = (outcome.error or "runs; a wrong value").partition(": '")[0]
    print(f"{name:20}{outcome.passed} passed  {error[:52]}")
    assert outcome.passed == 0

# %% [markdown]
# None of them scores. The library's tests run more than a hundred such programs. The programs that
# try to steal the secret are also run *without* the sandbox, and there each one does steal it. The
# sandbox promises nothing against a hole in the kernel itself.

# %% [markdown]
# ## 11. What this does not show
#
# There is no rule for a good letter or a proof in prose. Our rules also judge only the final
# answer: a model that reasons badly and guesses well is paid in full. And where the tests of a
# task are wrong, a rule enforces the mistake.

# %% [markdown] tags=["slide"]
# ## 12. Optional, after chapter 09: does the reward for programs teach anything?
#
# Read this section after chapter 09, whose words it uses. A small model was pre-trained on
# list programs, and then RL trained it with the reward of section 9 (`results/code.py`).
# **Sampled** programs are drawn at temperature 1. A **greedy** program is made of the
# likeliest token each time.


# %% tags=["slide"]
import json
from pathlib import Path

RESULTS = Path("../results/data")


def passes(run, moment, way):
    """(mean, low, high) of the pass rate on easy held-out problems."""
    found = run["P16"][moment]["easy" if way == "sampled" else "greedy"]["pass"]
    return found["mean"], *found["interval"]


files = [RESULTS / f"code-{seed}.json" for seed in (0, 1, 2)]
runs = [json.loads(file.read_text(encoding="utf-8")) for file in files]
rows = {
    f"{name}, {way}": [passes(run, moment, way) for run in runs]
    for way in ("sampled", "greedy")
    for name, moment in (("base", "before"), ("after RL", "after"))
}
plots.interval_dots({"easy problems": rows}, "passes all tests")

# %% [markdown]
# What you see: three seeds with 95% intervals over problems. In numbers (more in
# `docs/claims/P16.md`):
#
# | by seed | before RL | after RL |
# |---|---|---|
# | sampled programs pass | 0.36, 0.36, 0.37 | 0.59, 0.59, 0.61 |
# | sampled programs think first | 0.21, 0.24, 0.22 | 0.79, 0.93, 0.94 |
# | greedy programs pass | 0.75, 0.74, 0.81 | 0.73, 0.76, 0.78 |
# | hard problems: pass | 0.06, 0.05, 0.06 | 0.07, 0.08, 0.05 |
# | hard problems: run | 0.83, 0.83, 0.84 | 0.70, 0.67, 0.78 |
#
# Sampled programs pass far more often, and nearly all of these also pass twenty hidden tests.
# Two observations say where the gain comes from.
#
# - A part is a choice of style. The base passes 0.43 to 0.49 as soon as its text is begun with
#   `<think>`, and after RL 0.79 to 0.94 of the programs think first.
# - Greedy decoding writes the likeliest program. After RL it thinks first, but passes no more
#   often.
#
# So RL mostly made a style that passes more frequent, which chapter 09 calls **selected**. On hard
# problems, which this RL never saw, the pass rate stays low and fewer programs run.

# %% [markdown]
# ## Summary
#
# Three sentences to remember: RL finds whatever the reward pays for. A rule should say what
# is allowed, look in one place, and refuse the rest. A learned judge is accurate on typical
# texts, and optimisation finds the others.
#
# | part | the naive version | what it cost | ours |
# |---|---|---|---|
# | answer | first match | hedges | one answer, after the thinking |
# | countdown | `eval`, nearly equal | `**`, `3.4`, crashes | a small grammar, bounds, fractions |
# | mathematics | same text, or six decimals | right called wrong; rounding | number, structure, exact, algebra |
# | programs | run here, `==` | forged verdicts | another process, no answers inside |
# | tests | a few fixed ones | tables of answers | generated by a reference |
# | the sum | equal weights | neat beats right | no wrong answer beats a right one |
#
# ## Questions
#
# 1. Your verifier is wrong about 1% of completions. When is that harmless, and when does it
#    decide what the model becomes?
#
#    <details><summary>Answer</summary>Harmless if the mistakes fall anywhere: they average
#    out. Fatal if one kind of text that the model can *produce at will* is always accepted.
#    RL makes that kind frequent, as in section 1.</details>
#
# 2. Why do expected results not even enter the process in which the program runs? Would it
#    not be enough to hide them well?
#
#    <details><summary>Answer</summary>A program in the same interpreter can read every
#    object and patch every function. It cannot read a value that never came in.</details>
#
# 3. A colleague wants to pay 0.3 for each unit test that passes, "so that there is more
#    signal". What do you ask first?
#
#    <details><summary>Answer</summary>Whether a wrong program can then beat a right one, and
#    whether the tests are more than can be learned by heart. Partial credit must stay below
#    the whole.</details>
#
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/06_rewards.ipynb`. 6.1 attacks the naive rule of section 3, 6.3 builds on
# section 8, and 6.6 on the end of section 9. Only 6.7 needs cells to be run, those of sections 4
# and 6.

# %% [markdown] tags=["exercise-text"]
# **Exercise 6.1** (easy, 5 min) Be the cheat. From 1, 5 and 99999999 one cannot reach 5
# exactly. Return an expression that `naive_countdown` of section 3 accepts all the
# same: each number once, only `+ - * /` and brackets.
#
# <details><summary>Hint 1</summary>The naive rule accepts what is nearly the target.
# </details>
# <details><summary>Hint 2</summary>What is 1 divided by a very large number?</details>


# %% tags=["exercise"]
def nearly():
    """An expression that is nearly 5; "5*1+99999999" is not near enough."""
    # BEGIN SOLUTION
    return "5+1/99999999"
    # END SOLUTION


# %% tags=["check"]
checks.ex_6_1(nearly)

# %% [markdown] tags=["exercise-text"]
# **Exercise 6.2** (easy, 10 min) Find the answer. Look after the last `</think>` only. A thought
# that is not closed has no answer. If there is exactly one `<answer>` and one `</answer>`, in
# this order, return the text between them without spaces at its ends. Otherwise return `None`.
#
# <details><summary>Hint 1</summary>`text.rsplit("</think>", 1)[-1]` is what follows the last
# one, or all of the text if there is none. If it holds a `<think>`, a thought is open.</details>
# <details><summary>Hint 2</summary>Count both tags first. Then use `partition` twice: it also
# says whether the closing tag was found after the opening one.</details>


# %% tags=["exercise"]
def find_answer(text):
    """The one answer of a completion, or None: "<answer> 4 </answer>" gives "4"."""
    # BEGIN SOLUTION
    text = text.rsplit("</think>", 1)[-1]
    if "<think>" in text:  # still thinking
        return None
    if text.count("<answer>") != 1 or text.count("</answer>") != 1:
        return None
    inside, closed, _ = text.partition("<answer>")[2].partition("</answer>")
    return inside.strip() if closed else None
    # END SOLUTION


# %% tags=["check"]
checks.ex_6_2(find_answer)

# %% [markdown] tags=["exercise-text"]
# **Exercise 6.3** (medium, 15 min) Knights and knaves, and what is certain. `said[i]` is a
# function that takes a tuple of booleans (`True` for each knight) and says whether the statement
# of person `i` is true then. Return a tuple with `True` or `False` for each person on whom all
# worlds that fit agree, and `None` for the others. If no world fits, return `None` alone.
#
# <details><summary>Hint 1</summary>`product((True, False), repeat=n)` gives all worlds. In one
# that fits, `said[i](world) == world[i]` for every person.</details>
# <details><summary>Hint 2</summary>`zip(*worlds)` gives the sides of each person in all worlds.
# A set of them has one member or two.</details>


# %% tags=["exercise"]
from itertools import product


def who_is_who(said):
    """What is certain about each person.

    [lambda w: True] gives (True,), and [lambda w: w[0]] gives (None,).
    """
    # BEGIN SOLUTION
    worlds = [
        world
        for world in product((True, False), repeat=len(said))
        if all(bool(s(world)) == side for s, side in zip(said, world, strict=True))
    ]
    if not worlds:
        return None
    people = map(set, zip(*worlds, strict=True))
    return tuple(sides.pop() if len(sides) == 1 else None for sides in people)
    # END SOLUTION


# %% tags=["check"]
checks.ex_6_3(who_is_who)

# %% [markdown] tags=["exercise-text"]
# **Exercise 6.4** (medium, 20 min) Tests that catch. Write at most six input lists for
# "return the list without duplicates, sorted, largest first". The check has a right program
# and nine wrong ones, called **mutants**. Each mutant must fail on at least one of your
# lists. (Numbers from 0 to 99.)
#
# <details><summary>Hint 1</summary>Think of slips: nothing sorted, sorted upwards, duplicates
# removed only where they are neighbours.</details>
# <details><summary>Hint 2</summary>Also: the empty list, a zero lost, the largest lost,
# numbers compared as text, only so many numbers returned.</details>


# %% tags=["exercise"]
def catching_inputs():
    """At most six lists: [[3, 1, 3]] catches a mutant that keeps duplicates."""
    # BEGIN SOLUTION
    return [[], [3, 1, 3, 2], [0, 5], [9, 10, 2], [7], [1, 2, 3, 4, 5, 6]]
    # END SOLUTION


# %% tags=["check"]
checks.ex_6_4(catching_inputs)

# %% [markdown] tags=["exercise-text"]
# **Exercise 6.5** (medium, 15 min) The law of section 4. A mixture maps the name of a part to
# `(weight, lowest, highest)`, the range of this part. The part "accuracy" is 1 for right and
# 0 for wrong answers; all others may be anything in their range. Return how far the worst
# right answer is above the best wrong one.
#
# <details><summary>Hint 1</summary>For each other part, find the worst and the best product
# of weight and value.</details>
# <details><summary>Hint 2</summary>Weights may be negative: then the *highest* value of a
# part is the worst.</details>


# %% tags=["exercise"]
def margin(mixture):
    """Worst right minus best wrong.

    {"accuracy": (1, 0, 1), "format": (0.1, 0, 1)} gives 0.9.
    """
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
# **Exercise 6.6** (hard, 25 min) A weighted vote, a step towards CodeT. `outputs[p][t]` is what
# program `p` returned for test `t`, `None` where it returned nothing; `expected[t]` is the value
# that the test wants. A program's weight counts, over all tests and all other programs, how often
# another one returned the same value. Return the numbers of the tests to keep: the expected value
# has more weight than any other value, and at least half of all weight cast on the test. Where
# all weights are 0, no test is kept.
#
# <details><summary>Hint 1</summary>Values may be lists, and in Python 1 equals True; here they are
# different. Compare `repr(value)`. Two programs that returned nothing do not agree.</details>
# <details><summary>Hint 2</summary>If c programs returned a value for a test, each of them agrees
# with c - 1 others there: one `Counter` for each test gives all weights.</details>


# %% tags=["exercise"]
from collections import Counter


def trusted(outputs, expected):
    """Tests kept by a weighted vote: trusted([[1, 5], [1, 6]], [1, 7]) is [0]."""
    # BEGIN SOLUTION
    texts = [[None if x is None else repr(x) for x in row] for row in outputs]
    counts = [Counter(column) for column in zip(*texts, strict=True)]
    weights = [
        sum(counts[t][x] - 1 for t, x in enumerate(row) if x is not None)
        for row in texts
    ]
    kept = []
    for t, wanted in enumerate(expected):
        votes = Counter()
        for row, weight in zip(texts, weights, strict=True):
            if row[t] is not None:
                votes[row[t]] += weight
        mine = votes.pop(repr(wanted), 0)
        if mine > max(votes.values(), default=0) and mine >= votes.total():
            kept.append(t)
    return kept
    # END SOLUTION


# %% tags=["check"]
checks.ex_6_6(trusted)

# %% [markdown] tags=["exercise-text"]
# **Exercise 6.7** (medium, 30 min) Predict, then run: an open experiment. A rule can protect
# a judge. Write a score that is the judge's score where a text is in the strict form of
# section 4, and minus infinity elsewhere. **Predict** before you run it: does the fall of
# section 6 vanish, shrink, or stay? Which of the two kinds of wrong favourites is left?
#
# ```python
# pairs = [zip(*row) for row in zip(hunt.texts, scores.tolist())]
# safer = torch.tensor([[screened(text, score) for text, score in row] for row in pairs])
# for n in (1, 16, 64, 256):
#     print(n, f"{best_of(n, scores)[1].mean():.2f} {best_of(n, safer)[1].mean():.2f}")
# ```
#
# Then add a rule of your own, as long as it does not know the answer.
#
# <details><summary>Hint 1</summary>`in_form(text)` of section 4 is 1.0 or 0.0.</details>
# <details><summary>Hint 2</summary>Do not multiply by it: a score can be below 0, and then 0
# would be better.</details>
# <details><summary>What came out</summary>The fall shrinks: 0.22, 0.85, 0.84 and 0.61 right
# without the rule, 0.22, 0.88, 0.89 and 0.75 with it. 14 favourites of 56 are wrong instead of
# 22. The score allows only perfect form, so the first kind is gone. The other kind, whose pieces
# look right, is left for a rule of your own.</details>


# %% tags=["exercise"]
def screened(text, score):
    """The score of a text in strict form, else minus infinity.

    screened("4", 2.5) is -inf.
    """
    # BEGIN SOLUTION
    return score if in_form(text) == 1.0 else float("-inf")
    # END SOLUTION


# %% tags=["check"]
checks.ex_6_7(screened)
