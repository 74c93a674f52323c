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
# # Reasoning RL in one language
#
# | | |
# |---|---|
# | You will build | a measure of language, word by word; a reward of several parts; a leash that moves along; a count of the tokens that a clip silences; and a run with the language reward beside one without it |
# | You need | chapter 09: groups, advantages, ratio and clip. Chapter 10 tells where Dev1 comes from; everything else is explained here |
# | Minutes to read | 35 |
# | Minutes to run | 3, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v2), section 3.2.1 and supplement B.6; arXiv 2501.12948v1, section 2.3.2 |
#
# ![Above, a strip of the chapters that build R1 with chapter 11, reasoning RL, marked. Below, Dev1 answers a question; its answer is paid in three parts, right, format and language, which are added up. The clipped loss makes a new policy. A dashed leash ties the policy to a reference, and an arrow copies the policy into the reference every N steps.](../figures/11_language.png)
#
# What you see: the loop of chapter 09 with two changes, and a question. A third part is
# paid, the language of the thinking. A leash holds the policy near a reference, and the
# reference follows. The question is how wide the clip should be. The small numbers are
# the sections.

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random
# generator. Nothing below configures anything else.

# %% tags=["setup"]
import copy
import json
import math
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import regex
import torch
from jaxtyping import Float
from torch import Tensor

from r1lib import artifacts, checks, evaluate, plots, rewards
from r1lib.losses import clipped, token_logprobs
from r1lib.problem import LANGUAGES, Problem
from r1lib.problem import problems as distinct
from r1lib.recipe import pipeline, scenarios, stages
from r1lib.recipe.stages import RefreshedGRPO
from r1lib.rewards import COMMAND, MARK, MARKS, SYMBOL, TAG, letters_of
from r1lib.rl import grpo
from r1lib.rl.grpo import group_advantages
from r1lib.rl.rollout import rollout
from r1lib.tokenizer import chat
from r1lib.tokenizer.chat import CLOSE, OPEN, blank
from r1lib.training import optim
from r1lib.world import corpus, countdown, draws, readability, scorecard

torch.manual_seed(0)
RESULTS = Path("../results/data")

# %% [markdown] tags=["slide"]
# ## 1. Why Zero mixes languages
#
# Somebody asks in English, and the model thinks half in Chinese. The authors of R1
# name this as one of the two troubles of R1-Zero, next to poor readability (arXiv
# 2501.12948v2, section 3), and the word they use is *mixing*. It looks like a fault.
# From the side of the reward it is nothing at all. Here is one problem and one
# thought, written down three times: in the language of the question, with a last word
# in another language, and in the other language altogether. (In the Korean thoughts of
# our tiny world 시도 is *try*, 아니 *no*, 맞아 *yes*, 찾았어 *found it*; in its puzzles
# 기사 is a *knight*, 거짓 a *liar*, 참 *true*.)

# %% tags=["nbval-check-output"]
problem = countdown.make((3, 7, 8), 35, "en", answer="(8-3)*7")
RIGHT, WRONG = "<answer>(8-3)*7</answer>", "<answer>8*7-3</answer>"
endings = {
    "one language": "7+8=15,*3=45~35=10 no\n8-3=5,*7=35~35=0 yes",
    "mixed": "7+8=15,*3=45~35=10 no\n8-3=5,*7=35~35=0 맞아",
    "another one": "7+8=15,*3=45~35=10 아니\n8-3=5,*7=35~35=0 맞아",
}
paid = [rewards.total(problem, f"<think>{t}</think>{RIGHT}") for t in endings.values()]
pushes = group_advantages(torch.tensor([paid]))[0].tolist()
for name, reward, push in zip(endings, paid, pushes, strict=True):
    print(f"{name:14} reward {reward:.1f}, advantage {push:+.1f}")

# %% [markdown]
# The three are siblings in a group, they earn the same, and so none of them is pushed
# anywhere. The reward of R1-Zero does not like mixing; it is *blind* to it. What
# nobody pays for is free to drift: with whatever happens to stand beside a right
# answer, and by plain chance.
#
# There is a second reason, and it needs no drift. Suppose that the habit never
# changes: each word has the same small chance $s$ to be in the wrong language. A
# thought of $n$ words is then free of mixing with probability $(1-s)^n$. RL makes
# thoughts longer:

# %% tags=["nbval-check-output"]
words_in_thought = (1, 3, 10, 30, 100)
print("chance per word   " + "".join(f"{n:>7} words" for n in words_in_thought))
for s in (0.005, 0.02, 0.10):
    shares = [1 - (1 - s) ** n for n in words_in_thought]
    print(f"{s:<18}" + "".join(f"{share:>13.0%}" for share in shares))

# %% [markdown]
# With one slip in fifty words, a thought of one word is nearly always clean and one of
# a hundred only about one time in eight. So "the share of mixed answers has grown" can
# mean that the model became careless, or only that it thinks longer. To tell them apart,
# report the share of *answers* that mix beside the share of *words* that are foreign, as
# section 6 does, or beside the length, as section 7 does.
#
# ### In our tiny world (P5)
#
# P5 is the line of our plan of experiments about this: R1-Zero mixes more than its
# base, and a reward for consistency repairs that at a small price. In the tiny web
# that our base model has read, some people mix English and Korean:

# %%
habits = corpus.Habits()
print(f"a verdict in the other language: {habits.switch:.0%}")


def read(name):
    """A measured file of results/, or None if nobody has measured it yet."""
    path = RESULTS / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


SEEDS = (0, 1, 2)
print(f"\n{'':8}{'seed':>5}{'answers that mix':>18}{'tokens':>9}")
for name, file, keys in (
    ("base", "base", ("controls", "sampled")),
    ("forced", "base", ("controls", "forced")),
    ("zero", "zero", ("zero",)),
):
    for seed in SEEDS:
        one = read(f"{file}-{seed}.json")["P1"]
        for key in keys:
            one = one[key]
        print(f"{name:8}{seed:5}{one['mixes']:18.1%}{one['length']:9.0f}")

# %% [markdown]
# These are the test problems of chapter 09, sampled at temperature 1; an answer
# counts as mixing if a verdict (yes, no) stands anywhere in the other language.
# *Forced* is the base that may not stop thinking before it has said yes, and it is the
# warning from above: made to think a little longer than Zero, the base mixes seven to nine
# times as often as before: as much as Zero in seed 0, half as much in seed 1, two thirds in
# seed 2. So length can explain all of it in one seed, and a part in two.
#
# R1's authors met the trouble twice. First they *started* elsewhere: the cold start
# of chapter 10 fine-tunes the base on readable thoughts in one language each. The
# result is called **Dev1**. But fine-tuning only sets out in one language. The RL
# that follows pays for right answers and is as blind as before. So, second, they
# opened its eyes.

# %% [markdown] tags=["slide"]
# ## 2. Measuring language, word by word
#
# The reward is one line in the paper (v2, section 3.2.1; v1, section 2.3.2): the
# share of words of the thinking that are in the language of the question,
#
# $$ r_{\text{language}} = \frac{\text{words in the target language}}
#    {\text{all words}}. $$
#
# Everything that matters hides in the word "word". The obvious program splits at
# spaces and looks for letters:


# %% tags=["nbval-check-output"]
def naive(language, thought):
    """Share of the pieces between spaces that hold a letter of the language."""
    letter = {"en": "[A-Za-z]", "ko": "[가-힣]"}[language]
    pieces = thought.split()
    return sum(bool(re.search(letter, piece)) for piece in pieces) / len(pieces)


for language, thought in (
    ("en", "try 8-3=5,*7=35~35=0 yes, it fits"),
    ("ko", "시도 8-3=5,*7=35~35=0 맞아"),
    ("ko", "A는 기사, B는 거짓"),
    ("ko", r"\frac{1}{2} + x = 1 맞아"),
    ("ko", "맞아yes"),
):
    print(f"{language}  {naive(language, thought):.2f}  {thought}")

# %% [markdown]
# The first four are perfect in their language, and only one of them gets full marks;
# the last is mixed, and gets them too. The tape counts as a foreign word, so a model
# that writes more arithmetic is paid less. A formula is punished in Korean and would
# be praised in English, because LaTeX is written in Latin letters. And two words glued
# together count as one that belongs to both. This program would pay for thinking
# *without numbers*.
#
# So decide, one by one, what is in no language and counts on neither side:
#
# - numbers and operators;
# - a few single Latin letters: a variable `x`, a person `A` of the logic puzzles;
# - commands of LaTeX, `\frac`, from a list;
# - names of Python in programs, from a short list.
#
# And a word is a run of letters of *one* script, so `맞아yes` is two words. The
# patterns say it in three lines. Hangul and Latin are the two scripts that we know;
# the last alternative catches every other one, since a third language is a
# foreign language, too.

# %%
# r1lib.rewards.WORD
# r1lib.rewards.SCRIPT
# r1lib.rewards.CODE
# r1lib.rewards.LETTERS

# %% tags=["nbval-check-output"]
for thought in ("try 8-3=5 yes, it fits", "A는 기사, B는 거짓", "맞아yes да 好"):
    print(f"{thought:26} {WORD.findall(thought)}")

# %% [markdown]
# Whose words? Those of the *thinking*, not of the answer: an answer may have to be in
# another language, and `<answer>` is judged elsewhere. The thinking goes from the
# first `<think>` to the last `</think>`. (To the *last*: with the first one, a model
# could close its thought after one clean word and go on in a second thought.)

# %% tags=["slide"]
# r1lib.tokenizer.chat.thinking
# r1lib.rewards.words

# %%
# r1lib.rewards.purity
# r1lib.rewards.language_consistency

# %% [markdown]
# Now the cases, with the language of the question in front. Cover the numbers and
# guess first.

# %% tags=["nbval-check-output"]
cases = (
    ("en", "English", "try 8-3=5,*7=35~35=0 yes, it fits"),
    ("ko", "Korean", "시도 8-3=5,*7=35~35=0 맞아, 찾았어"),
    ("ko", "Korean, one foreign word", "시도 8-3=5,*7=35~35=0 yes, 찾았어"),
    ("ko", "all in English", "try 8-3=5,*7=35~35=0 yes"),
    ("ko", "logic: names of people", "기사=A,B:A 참,B 거짓 아니"),
    ("ko", "formula", r"\frac{1}{2} + x = 1 맞아"),
    ("ko", "code", "시도 sorted(xs)>[1,2] 맞아"),
    ("en", "code in a program", "def solve(xs): return sorted(xs)"),
    ("en", "glued", "맞아yes"),
    ("en", "a third language", "yes 好 да no"),
    ("en", "no word at all", "8-3=5,*7=35~35=0"),
    ("en", "no thinking", ""),
)
for language, name, thought in cases:
    asked = Problem("countdown", "easy", language, "", "", "")
    text = f"<think>{thought}</think>{RIGHT}"
    print(f"{language}  {language_consistency(asked, text):.2f}  {name:25} {thought}")

# %% [markdown]
# Three lines deserve a second look. The eighth pays for `return`, which is not on the
# list of names, as if it were English; a list is never complete, and in English this
# error is invisible. The line without a word gets everything: it mixes nothing. And
# *no thinking* gets nothing. Both are decisions, and section 3 looks for what they
# invite.
#
# For tables we want the opposite number. `readability.mixed_share` is one minus this,
# and 0 where nobody thinks. An answer **mixes** where it is above 0, which means that one
# foreign word is enough. (Section 1 counted verdicts only, so its numbers are not to be
# put beside those that follow.)
#
# ### Ask Dev1
#
# The same held-out problems for each measurement up to section 6: three families, both
# languages, 72 problems, two answers each.

# %%
dev1, tokenizer = artifacts.load("dev1-tiny")
config = stages.settings("tiny").dev2
LONGEST = 112  # tokens; the long run may use config.max_new_tokens
asked = [
    p
    for family in sorted(draws.REASONING)
    for p in distinct(draws.REASONING[family], 24, 0, "valid")
]


# %% tags=["needed"]
def words_of(text):
    """The words of the thinking that are in any language."""
    return rewards.words(chat.thinking(text))


# %%
def mixed(problem, text):
    """1.0 where a foreign word is in the thinking."""
    return float(readability.mixed_share(problem, text) > 0)


def wordless(problem, text):
    """1.0 where somebody thinks without a single word."""
    return float(bool(chat.thinking(text)) and not words_of(text))


def measure(policy, k=2):
    """Answer the held-out problems k times; shares, and (problem, text) pairs."""
    found = evaluate.answer(policy, tokenizer, asked, k, max_new_tokens=LONGEST)
    rows = zip(asked, found.texts, strict=True)
    pairs = [(p, text) for p, row in rows for text in row]
    shares = {"right": found.right.mean().item()}
    for name, mark in (
        ("format", rewards.format),
        ("mixed", mixed),
        ("wordless", wordless),
    ):
        shares[name] = sum(mark(*pair) for pair in pairs) / len(pairs)
    foreign = [readability.mixed_share(*pair) for pair in pairs]
    shares["foreign words"] = sum(foreign) / len(pairs)
    return {**shares, "tokens": found.lengths.mean().item()}, pairs


# %%
before, pairs = measure(dev1)
print({name: round(value, 3) for name, value in before.items()})
mixing = [pair for pair in pairs if mixed(*pair)]
for p, text in mixing[:2]:  # the first ones, not the worst
    print(f"\n{p.prompt}\n{text}")

# %% [markdown]
# Dev1 has been told what one language looks like, and mostly keeps to it: about one
# answer in eighteen mixes. In the two printed here a single word is foreign, and in the
# second it is no word at all: `st` is a piece of a line that fell apart. The meter
# cannot tell a language from rubble.

# %% [markdown] tags=["slide"]
# ## 3. Several rewards, added up
#
# The authors add the language reward directly to the others (v2, section 3.2.1). One
# number goes to the learner; the parts go to the log, each by itself, because a sum
# that rises does not say which part rises. The recipe's weight for language is 3. We
# begin with a gentler one, 0.6, and shall see why it was not enough.

# %%
# r1lib.rewards.Weighted
# r1lib.recipe.pipeline.in_one_language

# %% tags=["nbval-check-output"]
TAPE = "8-3=5,*7=35~35=0"
texts = {
    "one language, right": f"<think>try {TAPE} yes, it fits</think>{RIGHT}",
    "mixed, right": f"<think>try {TAPE} 맞아</think>{RIGHT}",
    "other language, right": f"<think>시도 {TAPE} 맞아</think>{RIGHT}",
    "no word, right": f"<think>{TAPE}</think>{RIGHT}",
    "no thinking, right": RIGHT,
    "one language, wrong": f"<think>yes yes yes it fits</think>{WRONG}",
    "a dot, wrong": f"<think>.</think>{WRONG}",
}
gentle = replace(config, language=scenarios.LANGUAGE)  # a weight of 0.6
reward = pipeline.in_one_language(gentle)
print(f"{'':23}" + "".join(f"{name:>10}" for name in (*reward.parts, "sum")))
for name, text in texts.items():
    total = reward(problem, text)
    cells = [*reward.means().values(), total]
    print(f"{name:23}" + "".join(f"{cell:10.2f}" for cell in cells))

# %% [markdown]
# ### A weight that cannot be beaten by being wrong
#
# Read the table from below. What can be had for nothing? A dot. It is thinking (the
# format is content), it holds no foreign word (the language is content), and it gets
# two of the three parts, whatever the question. A reward that can be had for nothing
# is no crime as long as it is *small*: the best wrong answer must never reach the
# worst right one. With weights 1 for right, $w_f$ for the format and $w$ for the
# language, the worst right answer earns 1 and the best wrong one $w_f + w$. So
#
# $$ w < 1 - w_f. $$

# %% tags=["nbval-check-output"]
print("weight   best wrong   worst right   safe")
for weight in (0.1, 0.3, 0.6, 0.9, 1.0, 3.0):
    mixture = pipeline.in_one_language(replace(config, language=weight))
    best_wrong = max(mixture(problem, t) for n, t in texts.items() if "wrong" in n)
    worst_right = min(mixture(problem, t) for n, t in texts.items() if "right" in n)
    safe = "yes" if best_wrong < worst_right - 1e-9 else "no"
    print(f"{weight:6.1f}{best_wrong:13.2f}{worst_right:14.2f}   {safe}")

# %% [markdown]
# With equal weights, as in the paper, a wrong answer in clean language earns more
# than a right one that mixes and forgets its tags. That need not be fatal when almost
# everything is well formed. With 0.6 one need not hope.
#
# Look at what the third part does to a group, with the spread left undivided as in
# chapter 09. Five groups of four:

# %% tags=["nbval-check-output"]
groups = {
    "two right, all clean": [1.7, 1.7, 0.7, 0.7],
    "one of the right ones mixes": [1.7, 1.55, 0.7, 0.7],
    "all right, one mixes": [1.7, 1.7, 1.7, 1.55],
    "all wrong, one mixes": [0.7, 0.7, 0.7, 0.55],
    "the second, weight 3": [4.1, 3.35, 3.1, 3.1],
}
for name, row in groups.items():
    push = group_advantages(torch.tensor([row]), normalize_std=False)[0]
    print(f"{name:29}" + "".join(f"{a:+8.2f}" for a in push.tolist()))

# %% [markdown]
# The second row still pushes the mixed right answer *up*, only less. The third is the
# useful one: where all are right, "right" has nothing left to teach, and the language
# part speaks alone. The fourth is the doubtful one. Nobody was right, and the group
# still teaches: to be wrong in one language. With the spread divided out, its
# push would be as loud as that of the first. (The last row has the weight 3, to which we
# come: a right answer in which a quarter of the words is foreign is pushed *down*.)
#
# ### How loud is one foreign word?
#
# The reward is a share, so the price of a foreign word depends on its company:

# %% tags=["nbval-check-output"]
print("words in the thought   price of a foreign one, weight 0.6 and 3")
for n in (1, 3, 10, 30):
    thought = " ".join(["yes"] * (n - 1) + ["맞아"])
    share = language_consistency(problem, f"<think>{thought}</think>{RIGHT}")
    cells = [weight * (1 - share) for weight in (gentle.language, config.language)]
    print(f"{n:20}" + "".join(f"{cell:15.3f}" for cell in cells))

# %% [markdown]
# In a long thought a foreign word costs next to nothing at the weight 0.6, a fiftieth
# of being right, and section 1 showed that long thoughts are where foreign words are
# likely. So expect a gentle hand: this reward cures thoughts that are half in another
# language, and hardly feels a single slip. A strict rule (1 if nothing is mixed, else
# 0) would be loud, and would be silent between a slip and a whole page in the wrong
# language. The paper chose the share.
#
# We tried the safe 0.6 first, and it was too gentle (section 7 has it as the arm
# *weak*). So the recipe takes five times as much, 3, and breaks the rule from above with
# open eyes. What is left of it? A right answer with a share $f$ of foreign words beats a
# wrong one in clean language while $3 f < 1$, if both are well-formed and both think: up
# to a third of its words may be foreign. One that does not think at all loses all 3. How
# many answers of Dev1 are beyond that?

# %%
thoughtful = [pair for pair in pairs if chat.thinking(pair[1])]
beyond = sum(readability.mixed_share(*pair) > 1 / 3 for pair in thoughtful)
quick = [pair for pair in pairs if not chat.thinking(pair[1])]
lucky = sum(rewards.accuracy(*pair) for pair in quick)
print(f"{len(thoughtful)} think, {beyond} of them with more than a third foreign words")
print(f"{len(quick)} do not think, {lucky:.0f} of them are right")

# %% [markdown]
# None that thinks is beyond it. Those that do not think would be, if one of them were
# right: a wrong answer in clean language would beat it. So 3 is also a strong reward for
# thinking at all. A weight can be safe for what a policy *does* without being safe for all
# that it could do. That is a statement about this policy on this day, and RL changes policies.
# Whoever relies on it needs meters. One more thing breaks with the rule: whoever counted
# a reward of at least 1 as "right" must now read the part *right* itself.
#
# ### What nobody forbids
#
# Now the fourth line of the table of texts. *No word, right* gets everything: 1.70, with
# the weight 0.6. A model that stopped using words, and only wrote its tape, would have
# full marks for language, for ever. Neither of the other parts objects to it: the format wants
# *something* between the tags, and accuracy wants what helps. Let us be exact about
# who keeps what in check:
#
# - Empty thinking is caught by the format, and by the language part itself.
# - A dot is caught by accuracy, not by any rule about dots: answers without
#   work are mostly wrong, and a thought in one language is paid as much as a dot.
# - A tape without words is caught by **nobody**. Words are worth something only if
#   they help to be right (the verdict at the end of a tape decides whether to go on),
#   and only because Dev1 starts with them.
#
# Is this a hole? For the one purpose of not mixing, no. For the larger purpose of
# thinking that a person can follow, yes. We do not hide it: the live run carries two
# meters, for mixing and for thoughts without a word. A meter is a part with weight 0;
# it is logged like the others and pays nothing. Exercise 11.3 closes the hole.


# %%
def with_meters(config):
    """The reward of the stage, and two parts that are only logged."""
    parts = pipeline.in_one_language(config).parts
    meters = {"mixed": (0.0, mixed), "wordless": (0.0, wordless)}
    return rewards.Weighted({**parts, **meters})


# %% [markdown] tags=["slide"]
# ## 4. The leash, and why it moves
#
# Chapter 09 left off the KL term: a penalty for drifting away from a reference model,
# $\beta$ times the KL divergence to it, estimated per token by
#
# $$ k_3 = \frac{\pi_{\text{ref}}}{\pi_\theta}
#    - \log \frac{\pi_{\text{ref}}}{\pi_\theta} - 1 . $$

# %%
# r1lib.losses.kl_k3

# %% [markdown]
# ($k_3$ is 0 where both agree, otherwise positive; $\beta$ says how strong the leash is.)
# Here it has a purpose. Dev1 can do something that no reward mentions: it writes
# thoughts that people can read. RL could lose it without noticing. A leash to Dev1
# says: change what pays, and leave the rest as it is.
#
# But a leash to a fixed point also limits what can be learned. How much? For a single
# choice the answer is a formula. The distribution that is best under "reward minus
# $\beta$ times KL" is the reference, tilted by the reward:
#
# $$ \pi^*(o) \propto \pi_{\text{ref}}(o)\; e^{\,r(o)/\beta}. $$
#
# However long you train, a fixed reference allows this and no more. Now replace the
# reference by $\pi^*$ and train again: the tilt is applied a second time. After $n$
# **refreshes** the exponent is $(n+1)\,r/\beta$. A fixed leash limits *how far* the
# policy goes. A refreshed leash limits *how fast*. For an answer with reward 1 among
# others with reward 0, which the start gives one chance in a hundred:

# %% tags=["nbval-check-output"]
start_chance, beta = 0.01, 1.0
print("refreshes   chance of the paid answer")
for refreshes in range(0, 11, 2):
    tilt = math.exp((refreshes + 1) / beta)
    chance = start_chance * tilt / (start_chance * tilt + 1 - start_chance)
    print(f"{refreshes:9}{chance:12.3f}")

# %% [markdown]
# R1 replaced its reference by the newest policy every 400 steps, with $\beta = 0.001$
# (v2, section 3.2.1). With $\beta = 0.001$ the very first exponent is 1,000, so by this
# formula even a fixed leash would allow everything; what it does hold, section 6 will
# show. Our run is shorter and refreshes sooner (`recipe.DEV2`). In code
# it is a copy of the weights, once in a while:
# `ref.load_state_dict(policy.state_dict())`.
#
# What does one see in a log? A toy that we can compute exactly: three tokens, and a
# policy that moves its logits by the same little bit at each step. The KL to the
# start grows and grows. The KL to a reference that is refreshed every five steps saws:
# it rises from zero and falls back.

# %%
logits = torch.tensor([0.0, 0.5, 1.0])
step_of_logits = torch.tensor([0.15, 0.0, -0.15])


def kl(a, b):
    """KL divergence of two distributions given by their logits, exactly."""
    p, q = a.log_softmax(0), b.log_softmax(0)
    return (p.exp() * (p - q)).sum().item()


toy = {"to the start": [(0, 0.0)], "to a refreshed reference": [(0, 0.0)]}
reference, now = logits, logits
for step in range(1, 21):
    now = now + step_of_logits
    toy["to the start"].append((step, kl(now, logits)))
    toy["to a refreshed reference"].append((step, kl(now, reference)))
    if step % 5 == 0:
        reference = now

# %% tags=["nbval-check-output"]
print("step   to the start   to the reference")
for step in (1, 5, 6, 10, 15, 20):
    values = [points[step][1] for points in toy.values()]
    print(f"{step:4}{values[0]:15.4f}{values[1]:19.4f}")

# %% tags=["slide"]
plots.curves({"KL of a policy that drifts steadily": toy}, "step", "nats")

# %% [markdown]
# What you see: the same drift, measured twice. The upper line only grows. The lower
# one saws, and the height of a tooth says how much the policy changed in five steps, a
# speed. (The teeth get lower as the policy becomes sure of one token: the same step of
# the logits then changes little.) Two warnings for reading logs follow. A KL that falls
# to zero in the middle of a run need not mean that the policy came home; somebody
# refreshed. And two runs with different refreshing cannot be compared by their KL.
#
# There is a price. Every refresh forgets a little of where you came from. Nothing in
# this loss remembers Dev1 after the first one, so if readable thoughts can be lost
# slowly enough, they can be lost.

# %% [markdown] tags=["slide"]
# ## 5. A clip of 10
#
# One number of R1's first RL looks like a misprint: the clip. Chapter 09 used 0.2
# below and 0.28 above. The paper says $\epsilon = 10$ (v2, section 3.2.1), and gives
# a reason in two halves: a clip that is too low cuts off the gradients of many tokens
# and costs performance; one that is too high makes training unstable. It does not say
# more, so let us look what the number does.
#
# The clip keeps the ratio $\rho$ of new to old probability between $1-\epsilon$ and
# $1+\epsilon$. A ratio is never negative. With 10 the lower edge is $-9$, which
# cannot be reached: *downwards there is no clip at all*. Upwards it starts at 11.
# Which cases lose their gradient?


# %% tags=["nbval-check-output"]
def slope(ratio, advantage, low, high):
    """Gradient of one token's objective by its log-probability."""
    logprob = torch.tensor([[math.log(ratio)]], requires_grad=True)
    weight = torch.tensor([[advantage]])
    clipped(logprob, torch.zeros(1, 1), weight, low, high).sum().backward()
    return logprob.grad.item()


ratios = (0.01, 0.5, 1.0, 1.5, 5.0, 20.0)
print(f"{'clip':12}{'advantage':>10}" + "".join(f"{r:>9}" for r in ratios))
for name, low, high in (("0.2 / 0.28", 0.2, 0.28), ("10 / 10", 10.0, 10.0)):
    for advantage in (1.0, -1.0):
        cells = [slope(r, advantage, low, high) for r in ratios]
        print(f"{name:12}{advantage:+10.0f}" + "".join(f"{c:9.2f}" for c in cells))

# %% [markdown]
# Zeros are tokens that have fallen silent. With the narrow clip a good token stops at
# 1.28 times its old probability, and a bad one at 0.8. With the wide one a good token
# may become eleven times as likely, and bad tokens never fall silent. But look at the
# slope: it contains the ratio itself. A bad token that has become *less* likely is
# pushed down by a gradient that shrinks with it, so going on pushing does little. A
# good token that has become more likely is pushed up harder, up to eleven times as hard.
# That may be one source of the instability; the paper does not say. (A bad token that has
# become likelier has no limit under either clip: look at the last column.)
#
# **Count them.** One batch of Dev1, and sixteen optimizer steps on it, each with its
# own part of the batch: in the paper 512 answers, here one group of eight. Before each
# step, ask of every token whether its gradient is gone. Tokens of a group that agrees
# have none to lose and are not counted. (The steps themselves are taken with the narrow
# clip of the recipe, so both columns are counted along its path.)

# %%
shape = {"prompts": 16, "group_size": 8, "max_new_tokens": LONGEST}
one = replace(config, **shape, minibatches=16, kl_coef=0.0)
rng = random.Random(11)
drawn = [draws.draw_reasoning(rng) for _ in range(one.prompts)]
sampled = torch.Generator().manual_seed(11)
limit = {"max_new_tokens": LONGEST, "generator": sampled}
batch = rollout(dev1, tokenizer, drawn, one.group_size, with_meters(one), **limit)
grouped = batch.rewards.view(one.prompts, one.group_size)
advantages = group_advantages(grouped, normalize_std=False).flatten()


def silent(ratio, advantages, low, high):
    """Where the clip has taken the gradient away; (B, T) and (B,) -> (B, T)."""
    good, bad = advantages[:, None] > 0, advantages[:, None] < 0
    return (good & (ratio > 1 + high)) | (bad & (ratio < 1 - low))


# %% tags=["slide"]
learner = copy.deepcopy(dev1)
optimizers = optim.adamw(learner, one.lr)
gone, table, chances = Counter(), [], []
for rows in torch.arange(len(advantages)).chunk(one.minibatches):
    ids, mask, old = batch.ids[rows], batch.mask[rows], batch.old_logprobs[rows]
    with torch.no_grad():
        ratio = (token_logprobs(learner(ids), ids) - old).exp()
    counted = mask & (advantages[rows].abs() > 1e-6)[:, None]
    narrow = silent(ratio, advantages[rows], 0.2, 0.28) & counted
    wide = silent(ratio, advantages[rows], 10.0, 10.0) & counted
    gone.update(tokenizer.decode([i]) for i in ids[narrow].tolist())
    chances += old[narrow].exp().tolist()
    counts = [int(found.sum()) for found in (counted, narrow, wide)]
    table.append((*counts, ratio[mask].max().item()))
    grpo.update(learner, optimizers, batch, advantages, rows, one)

print("part   tokens   silent at 0.2/0.28   silent at 10   largest ratio")
for part, (total, at_narrow, at_wide, most) in enumerate(table, 1):
    share = at_narrow / max(1, total)
    print(f"{part:4}{total:9}{at_narrow:12} {share:6.1%}{at_wide:15}{most:16.2f}")
assert table[0][1] == 0, "nothing can be silent before the first step"
print("\nmost often silent:", gone.most_common(8))
print(f"their probability when they were sampled, mean: {fmean(chances):.2f}")
print(f"of all tokens of the batch: {batch.old_logprobs[batch.mask].exp().mean():.2f}")

# %% [markdown]
# In the first part all ratios are 1 and nothing is silent. Then the policy moves away
# from the samples, part by part, and some tokens go quiet at the narrow clip; at 10,
# none. They are few, well under one in a hundred, but not just any tokens. One whose
# probability was near 1 cannot become 1.28 times as likely, and seldom falls to 0.8 of
# it; most tokens of a tape are like that. What is cut are places where the model was
# undecided, as the two means show: signs and numbers between which it chooses, and rare
# slips, too.
#
# Which clip is better is a question of how far the policy moves on one rollout. With
# 16 parts, as in the paper, the last part is trained by a policy that is 15 steps away
# from its samples, and a narrow clip has more to silence. With few parts there is
# little to save. The long run below has an arm with the wide clip.

# %% [markdown] tags=["slide"]
# ## 6. A live run, with and without
#
# Two short runs from Dev1, with the same seeds: the same problems, and in the first
# step the same samples. In one of them the weight of the language part is 0. Everything
# else is equal. The loop is that of chapter 09, plus a reference.

# %%
live = replace(config, **shape, steps=20, refresh=5)


def distance(policy, other, batch, rows=32):
    """Mean k3 per token on the first rows of a batch."""
    ids, mask = batch.ids[:rows], batch.mask[:rows]
    with torch.no_grad():
        ours, theirs = (token_logprobs(m(ids), ids) for m in (policy, other))
    return kl_k3(ours, theirs)[mask].mean().item()


def one_language(policy, config):
    """Reasoning RL with a refreshed reference; yields the metrics of each step."""
    start, ref = copy.deepcopy(policy), copy.deepcopy(policy)
    optimizers, reward = optim.adamw(policy, config.lr), with_meters(config)
    draw = draws.draw_reasoning
    loop = grpo.train(
        policy, tokenizer, draw, config, optimizers, ref=ref, reward=reward
    )
    for metrics, batch in loop:
        metrics |= reward.means()
        metrics["to start"] = distance(policy, start, batch)
        metrics["to reference"] = distance(policy, ref, batch)
        if metrics["step"] % config.refresh == 0:
            ref.load_state_dict(policy.state_dict())
        yield metrics


# %%
arms = {"with": live, "without": replace(live, language=0.0)}
histories, trained = {}, {}
for name, how in arms.items():
    trained[name] = copy.deepcopy(dev1)
    histories[name] = list(one_language(trained[name], how))
    print(name)
    for end in range(5, how.steps + 1, 5):
        last = histories[name][end - 5 : end]
        mean = {
            part: sum(m[part] for m in last) / 5
            for part in ("right", "format", "language", "mixed", "wordless", "length")
        }
        cells = ", ".join(f"{part} {value:.2f}" for part, value in mean.items())
        print(f"  steps {end - 4:2} to {end:2}: {cells}")
assert histories["with"][0]["right"] == histories["without"][0]["right"]


# %%
def softened(history, names, window=5):
    """A history in which each of the metrics is the mean of the last few."""
    lines = {n: plots.smooth(plots.column(history, n), window) for n in names}
    steps = [metrics["step"] for metrics in history]
    return [
        {"step": step, **{n: lines[n][i][1] for n in names}}
        for i, step in enumerate(steps)
    ]


SHOWN = ("right", "format", "mixed", "length")
soft = {arm: [softened(history, SHOWN)] for arm, history in histories.items()}

# %% tags=["slide"]
plots.compared_curves(soft, {"right": "right answers", "format": "well-formed"})

# %% tags=["slide"]
plots.compared_curves(soft, {"mixed": "answers that mix", "length": "tokens"})

# %% [markdown]
# What you see: four things that were logged, two runs each, every point the mean of
# the last five steps. *Right*, *well-formed* and *tokens* wobble with the problems that
# are drawn, in both runs alike: twenty steps are too few to move them, and keeping to one
# language costs nothing that shows here. What parts the runs is *answers that mix*.
# Without the language reward the share climbs and climbs; with it, it stays where Dev1
# had it. Remember that no reward speaks *for* mixing. What nobody pays for is free to
# drift, and here one can watch it.
#
# The leash of the same two runs:

# %%
leash = {
    arm: {
        "to Dev1": plots.column(history, "to start"),
        "to the reference": plots.column(history, "to reference"),
    }
    for arm, history in histories.items()
}
plots.curves(leash, "step", "KL per token, nats")

# %% [markdown]
# What you see: until step 5 the two lines of a run are one. After the first refresh they
# part, and the line to the reference stays lower. The teeth of section 4 are lost in
# noise. One reason for it: the samples are older than the update, and a token that the
# update has just made unlikely has a large $\pi_{\text{ref}} / \pi_\theta$. How much does
# this leash hold?

# %%
last = histories["with"][-1]
pull = live.kl_coef * last["to reference"]
print(f"KL term of a token {pull:.6f}, while being right moves the reward by 1")

# %% [markdown]
# It hardly holds at all. With $\beta = 0.001$ the KL term is a rail far out, not a
# rein: it does nothing until a token has become a thousand times less likely than in
# the reference, where $k_3$ explodes. The long run has an arm with a reference that
# never moves and ten times the coefficient.
#
# The honest measure, as always, is on held-out problems:

# %%
print(f"{'':10}" + "".join(f"{name:>14}" for name in before))
lines = {"Dev1": before} | {arm: measure(p)[0] for arm, p in trained.items()}
for name, found in lines.items():
    print(f"{name:10}" + "".join(f"{value:14.3f}" for value in found.values()))

# %% [markdown]
# Problems that nobody trained on show the same order: the run with the reward mixes least,
# then Dev1, then the run without. With 144 answers in a row, a difference of two shares
# near one half (*right*) is worth nothing below about ten points, of two shares near 5%
# (*mixed*) below about five. Twenty steps show that the machinery works. For the
# price of the language reward we need more problems, more seeds, and pairs.

# %% [markdown] tags=["slide"]
# ## 7. The long run
#
# `python -m results.language with 0` makes one unit: the stage of the recipe from Dev1
# of seed 0, measured before and after on test problems of each reasoning family, easy
# and hard. There are five arms:
#
# - **with**: the stage as the recipe has it;
# - **without**: the same without the language part;
# - **weak**: the same with a fifth of its weight, the safe one of section 3;
# - **wide**: clip 10;
# - **still**: the reference stays Dev1, and the KL counts tenfold.

# %%
ARMS = ("with", "without", "weak", "wide", "still")
found = {
    arm: {seed: read(f"language-{arm}-{seed}.json") for seed in SEEDS} for arm in ARMS
}
units = {
    (arm, seed): unit["P5"]
    for arm, seeds in found.items()
    for seed, unit in seeds.items()
    if unit is not None
}
COLUMNS = ("countdown", "arithmetic", "logic", "format", "mixed", "readability")
print(f"measured: {len(units)} of {len(ARMS) * len(SEEDS)} units")
for level in ("easy", "hard"):
    print(f"\n{level:22}" + "".join(f"{name:>13}" for name in (*COLUMNS, "length")))
    for (arm, seed), unit in units.items():
        moments = ("before", "after") if arm == "with" else ("after",)
        for moment in moments:
            summary = unit[moment][level]["summary"]
            cells = [f"{summary[name]['mean']:13.3f}" for name in COLUMNS]
            label = f"{arm if moment == 'after' else 'Dev1'}, seed {seed}"
            print(f"{label:22}" + "".join(cells), f"{summary['length']['mean']:12.1f}")

# %% [markdown]
# Look at the column *mixed*. Dev1 mixes in 5 to 6 of a hundred easy answers. After RL
# without the language reward it is 8 to 12, in every seed more than before; with it, 2 to
# 4, in every seed less. On hard problems, where thoughts are long, Dev1 mixes in 9 to 15
# of a hundred. Without the reward it is 14 to 20: twice as many in seed 0, a few more in
# seed 1, no more in seed 2. With it, 4 to 7. So a cold start in one language is not enough:
# on easy problems RL brings the mixing back, in every seed. The answers of all arms are
# about equally long (last column), so length is not the reason.
#
# Read the comparisons. *Dev1* against *with* is the stage: what RL adds to the cold
# start. *Without* against *with* is the language reward. *Weak* against *with* is its
# weight, section 3: with a fifth of it 4 to 6 of a hundred easy answers mix, as in Dev1,
# so 0.6 undoes what RL makes and repairs little of what was there. (Of the hard ones it
# repairs a part, in two seeds of three.)
#
# *Wide* against *with* is section 5, and *still* against *with* is section 4. The same
# problems were answered in all arms, so the differences can be taken problem by problem
# (section 8 says how):

# %%
for arm, other in (("weak", "with"), ("with", "wide"), ("with", "still")):
    for level in ("easy", "hard"):
        cells = []
        for seed in SEEDS:
            ends = [units[name, seed]["after"][level] for name in (arm, other)]
            gain = evaluate.paired(*(end["values"]["mixed"] for end in ends))
            low, high = gain["interval"]
            cells.append(f"{gain['difference']:+.3f} [{low:+.3f}, {high:+.3f}]")
        print(f"{arm:4} -> {other:6}{level:6} mixed:  " + "   ".join(cells))
for arm in ("with", "wide"):
    clipped_away = fmean(
        step["clip_fraction"] for seed in SEEDS for step in found[arm][seed]["history"]
    )
    print(f"{arm}: share of tokens that the clip silenced {clipped_away:.5f}")
for arm in ("with", "still"):
    ends = [found[arm][seed]["history"][-1]["kl"] for seed in SEEDS]
    print(f"{arm}: KL to its reference after the last step {fmean(ends):.3f}")

# %% [markdown]
# The weight matters in every seed and at both levels. The other two do not: of their
# twelve intervals one misses 0, barely, and right answers do not follow them either (the
# table above). For the clip, the count says why: with 4 parts for
# each rollout the narrow one silences two or three tokens in a thousand, so there is
# little to save. The reference was held where it was *and* held ten times as
# tightly, and still nothing: after 40 steps the policy is some 0.03 nats a token away
# from Dev1, and a hundredth of that is next to nothing beside rewards that differ by 1.
# This is no evidence against R1's choices; its rollouts had 16 parts, and its reference
# stayed for 400 steps at a time. It only says that our forty steps cannot tell.
#
# P5 was written down before any of this was measured: Zero clearly above its base,
# and at most 3% of the answers mixed with the reward. The weight was not: we took 3 after
# 0.6 had missed the line, on these very test problems, with the arms of seed 0. So the
# evidence for 3 is in seeds 1 and 2. The rule, applied to easy problems, on which P5 is
# measured; on hard ones no seed keeps it:

# %% tags=["slide"]
for (arm, seed), unit in units.items():
    if arm in ("with", "without", "weak"):
        share = unit["after"]["easy"]["summary"]["mixed"]
        low, high = share["interval"]
        kept = "yes" if share["mean"] <= 0.03 else "no"
        print(
            f"{arm:8} seed {seed}: {share['mean']:.1%} mixed "
            f"[{low:.1%}, {high:.1%}], at most 3%: {kept}"
        )

# %% [markdown]
# With the reward seed 0 keeps the rule, but seed 0 helped to choose the weight. Of the
# two others one keeps it (2.9%, with an interval up to 3.8%) and one misses it (4.3%,
# where Dev1 had 6.1%). So P5 holds in part: the reward cuts the mixing in every seed, to 2
# to 4% on easy problems and 4 to 7% on hard ones, but 3% is not sure.


# %%
def spread(arm, moment="after"):
    """Share of easy answers that mix: mean of the seeds, the lowest and the highest."""
    ends = [units[arm, seed][moment]["easy"]["summary"] for seed in SEEDS]
    shares = [end["mixed"]["mean"] for end in ends]
    return fmean(shares), min(shares), max(shares)


bars = {"Dev1": spread("with", "before"), **{arm: spread(arm) for arm in ARMS}}
panel = {arm: {"easy problems": bar} for arm, bar in bars.items()}
plots.bars_with_intervals(panel, "answers that mix")

# %% [markdown]
# What you see: the share of easy answers that mix, before the stage and after it in each
# arm. A bar is the mean of three seeds; its whisker ends at the lowest and the highest.

# %% [markdown] tags=["slide"]
# ## 8. What it costs
#
# The authors say that keeping to one language costs a little performance, and that
# they pay it because people prefer to read one language (v1, section 2.3.2; v2,
# section 3.2.1). In an ablation on a distilled model of 7 billion parameters,
# mathematics stayed about equal and code became slightly worse, while without the
# reward the share of the right language kept falling (v2, supplement B.6).
#
# How does one measure a small cost? Not by two intervals side by side: they overlap
# for any small difference. Both runs answered *the same problems*, and some of these
# are hard for every model. Subtract problem by problem, and that part of the noise is
# gone:
#
# $$ \text{difference} = \frac{1}{N} \sum_{i=1}^{N} \big(a_i^{\text{with}}
#    - a_i^{\text{without}}\big), $$
#
# with a bootstrap interval over the $N$ differences. By hand first:

# %% tags=["nbval-check-output"]
without = [1.0, 0.75, 0.0, 0.25, 1.0, 0.0, 0.5, 1.0]
with_it = [1.0, 0.50, 0.0, 0.25, 1.0, 0.0, 0.5, 0.75]
gain = evaluate.paired(without, with_it)
print(f"means {sum(without) / 8:.4f} and {sum(with_it) / 8:.4f}")
for name, values in (("without", without), ("with", with_it)):
    low, high = evaluate.interval(values)
    print(f"{name:8} alone   [{low:.2f}, {high:.2f}]")
low, high = gain["interval"]
print(f"difference {gain['difference']:+.4f} [{low:.2f}, {high:.2f}]")

# %% [markdown]
# The two intervals overlap almost wholly, while that of the difference is several times
# as narrow. Now the measured units, all three families together and each alone:

# %% tags=["slide"]
FAMILIES = scorecard.REASONING


def values_of(arm, seed, level):
    """Right answers after training, problem by problem, of each family and of all."""
    values = units[arm, seed]["after"][level]["values"]
    every = [value for family in FAMILIES for value in values[family]]
    return {"all": every, **{family: values[family] for family in FAMILIES}}


both = [s for s in SEEDS if ("with", s) in units and ("without", s) in units]
print(f"seeds with both runs: {both}")
for level in ("easy", "hard"):
    for seed in both:
        pair = [values_of(arm, seed, level) for arm in ("without", "with")]
        for name in pair[0]:
            gain = evaluate.paired(pair[0][name], pair[1][name])
            low, high = gain["interval"]
            cell = f"{gain['difference']:+.3f} [{low:+.3f}, {high:+.3f}]"
            print(f"{level}, seed {seed}, {name:12}{cell}")

# %% [markdown]
# Below 0 is a price, above 0 a gift. An interval that holds 0 means that this many
# problems cannot tell, not that the price is nothing. And an interval over problems
# knows nothing about seeds: each seed is another training run, with other samples,
# and runs differ even where nothing was changed. Only a difference that has the same
# sign in every seed, and is larger than the seeds differ among themselves, is worth a
# sentence.
#
# On easy problems there is no price that 384 problems can see: the three differences are
# -0.01, +0.01 and 0.00, and each interval holds 0. On hard ones it is -0.01, -0.02 and
# -0.03, and most of it is hard arithmetic: -0.04, -0.07 and -0.04. Hard puzzles nobody
# solves, so nothing can be lost there. Perhaps a small price, then, as the authors say of
# theirs; theirs is told by subject, not by difficulty.

# %% [markdown]
# ## 9. What this does not show
#
# Our languages are two, and they have different scripts; a look at the letters is
# enough. English and French cannot be told apart that way, and real programs use a
# classifier, which errs. Our thoughts are tapes with a few words; a language model of
# the size of R1 thinks in sentences, where the choice of language may change *what*
# is thought. The price of one language there says nothing about the price here, in
# either direction: a Korean "no" is exactly as good as an English one for reaching a
# target, so the tiny world gives the reward an easy life.
#
# Nor do our runs test what R1's leash was for. Forty steps are a tenth of one of its
# refreshes. And the hole of section 3, thinking without words, stays open; that the live
# run did not fall into it is a fact about this run, not about the reward.
#
# ## Summary
#
# - A reward for right answers is blind to language, so mixing drifts; and longer
#   thoughts mix more even if no habit changes.
# - A share of words is simple only after one has said what a word is: numbers, single
#   letters, formulas and names of programs are in no language.
# - As a share, the reward hardly feels one foreign word in a long thought, unless its
#   weight is large.
# - Rewards add up safely if no wrong answer can beat a right one. Whoever takes more
#   weight than that must know what the policy does, and meter what nobody forbids.
# - A leash to a fixed reference limits how far a policy goes, a refreshed one how
#   fast. At 0.001 it is a rail, not a rein.
# - A narrow clip silences tokens at which the model was undecided; clip 10 has no lower
#   edge at all.
# - A small price is measured by differences, problem by problem, and over seeds.
#
# | part | what it pays | can be had for nothing by | kept in check by |
# |---|---|---|---|
# | right, 1 | the verifier says yes | nobody | |
# | format, 0.1 | one thought, one answer | a dot | being right pays ten times as much |
# | language, 3 | words in the language of the question | a thought without words | the meters; exercise 11.3 |
#
# ## Questions
#
# 1. Your language reward is at 1.00 after ten steps, and your answers are as right as
#    before. Name two models that would show this, one that you want and one that you
#    do not want.
#
#    <details><summary>Answer</summary>One that thinks in the language of the
#    question, and one that has stopped using words. Count the words of a thought: the
#    reward alone cannot tell them apart.</details>
#
# 2. In a log the KL rises to 0.02, drops to 0, rises to 0.02, and so on. A colleague
#    says: the policy oscillates around the reference. What do you answer?
#
#    <details><summary>Answer</summary>Look whether the drops are at multiples of the
#    refresh. If so, the policy may be walking steadily away; the reference is carried
#    after it. Only the KL to the start tells.</details>
#
# 3. Why does the language part still teach in a group where all answers are right, and
#    what would dividing by the spread do to that group?
#
#    <details><summary>Answer</summary>Rewards differ in the language part, so
#    advantages are not zero. Divided by the group's small spread, this difference
#    would push as hard as right against wrong does elsewhere.</details>

# %% [markdown]
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/11_one_language.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 11.1** (easy, 10 min) Name the culprits. Return the list of words of the
# thinking that are in another language than the problem's, in order, as
# `language_consistency` sees them.
#
# <details><summary>Hint</summary>`words_of` of section 2 finds all words, and
# `rewards.SCRIPT[problem.language].match` knows its own.</details>


# %% tags=["exercise"]
def foreign_words(problem, text):
    """Words of the thinking that are in another language."""
    # BEGIN SOLUTION
    mine = rewards.SCRIPT[problem.language]
    return [word for word in words_of(text) if not mine.match(word)]
    # END SOLUTION


# %% tags=["check"]
checks.ex_11_1(foreign_words)

# %% [markdown] tags=["exercise-text"]
# **Exercise 11.2** (easy, 10 min) How much may language weigh? Being right has the
# weight `right`. The other parts are given as a list of (weight, lowest value,
# highest value). Return the weight that the language part, from 0 to 1, must stay
# below, so that no wrong answer reaches a right one; 0.0 if there is no such weight.
#
# <details><summary>Hint</summary>The worst right answer has every other part at its
# lowest, the best wrong one at its highest.</details>


# %% tags=["exercise"]
def largest_weight(right, others):
    """The weight of language must stay below this."""
    # BEGIN SOLUTION
    spread = sum(weight * (high - low) for weight, low, high in others)
    return max(0.0, right - spread)
    # END SOLUTION


# %% tags=["check"]
checks.ex_11_2(largest_weight)

# %% [markdown] tags=["exercise-text"]
# **Exercise 11.3** (medium, 15 min) Close the hole. Write a language reward that a
# thought without words cannot have: the share of words in the problem's language,
# times the number of words *in the problem's language* divided by `enough`, but at most 1.
# (With `enough=2`, one word of the language pays half.) A thought with no word, or no
# thought, pays 0. Then think: what can be had for
# nothing *now*?
#
# <details><summary>Answer to the last question</summary>Any `enough` words of the
# language, whatever they say: "yes yes", and then the tape. It pays for words, not for
# explaining.</details>
#
# <details><summary>Hint</summary>Take `words_of(text)` and count those of the language.
# Mind the thought without any.</details>


# %% tags=["exercise"]
def spoken(problem, text, enough=2):
    """Language consistency that wants words."""
    # BEGIN SOLUTION
    words = words_of(text)
    script = rewards.SCRIPT[problem.language]
    mine = sum(script.match(w) is not None for w in words)
    return mine / len(words) * min(1.0, mine / enough) if words else 0.0
    # END SOLUTION


# %% tags=["check"]
checks.ex_11_3(spoken)

# %% [markdown] tags=["exercise-text"]
# **Exercise 11.4** (medium, 15 min) Which policy holds the leash? Steps are counted
# from 1. At the end of every step that is a multiple of `every`, the reference
# becomes the policy of that moment. For each step, return after how many steps of
# training its reference was made (0 is the start). The list has `steps` entries.
#
# <details><summary>Hint</summary>The step at whose end a refresh happens was itself
# still held by the old reference.</details>


# %% tags=["exercise"]
def references(steps, every):
    """For steps 1, 2, ...: the step whose policy is the reference."""
    # BEGIN SOLUTION
    return [(step - 1) // every * every for step in range(1, steps + 1)]
    # END SOLUTION


# %% tags=["check"]
checks.ex_11_4(references)

# %% [markdown] tags=["exercise-text"]
# **Exercise 11.5** (hard, 20 min) The share of silent tokens. Given log-probabilities
# now and at sampling, advantages and mask, return the share of tokens that the clip
# has robbed of their gradient, among the tokens that would have one: those under the
# mask whose advantage is not 0. No such token: 0.0. The check compares with what
# autograd finds.
#
# <details><summary>Hint</summary>`silent` of section 5 does most of it. A padded
# place can have any ratio.</details>


# %% tags=["exercise"]
def silent_share(logprobs, old, advantages, mask, low=0.2, high=0.28):
    """logprobs, old and mask are (B, T), advantages (B,); one number."""
    # BEGIN SOLUTION
    ratio = (logprobs - old).exp()
    push = advantages[:, None]
    gone = ((push > 0) & (ratio > 1 + high)) | ((push < 0) & (ratio < 1 - low))
    counted = mask & (push != 0)
    return (gone & counted).sum().item() / max(1, counted.sum().item())
    # END SOLUTION


# %% tags=["check"]
checks.ex_11_5(silent_share)
