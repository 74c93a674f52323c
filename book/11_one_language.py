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
# | You will build | a measure of language, word by word; a reward of three parts; two live runs, with the language reward and without it; a paired measure of what it costs |
# | You need | chapter 09: groups, advantages, ratio and clip; chapter 10: where Dev1 comes from |
# | Minutes to read | 95, of which 15 are the appendix |
# | Minutes to run | 3, on a laptop's processor; more while it does other work |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v2), section 3.2.1 and supplement B.6; arXiv 2501.12948v1, section 2.3.2 |
#
# ![The map of the recipe. A frame, you are here, holds the model Dev2. A solid arrow for weights leads to it from Dev1. A dashed arrow for texts leads from Dev2 to the table of samples.](../figures/11_map.png)
#
# What you see: the recipe of R1, with the box of this chapter in colour. Solid arrows
# carry weights, dashed arrows carry only texts. (An appendix after the exercises has
# two more parts of R1's first RL. Skip it if you like.)

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random generator.

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

from r1lib import artifacts, checks, evaluate, plots, rewards
from r1lib.losses import clipped, token_logprobs
from r1lib.problem import LANGUAGES, Problem
from r1lib.problem import problems as distinct
from r1lib.progress import bar
from r1lib.recipe import pipeline, scenarios, stages
from r1lib.recipe.stages import RefreshedGRPO
from r1lib.rewards import COMMAND, MARK, MARKS, SYMBOL, TAG, letters_of
from r1lib.rl import grpo
from r1lib.rl.grpo import group_advantages
from r1lib.rl.rollout import rollout
from r1lib.tokenizer import chat
from r1lib.training import optim
from r1lib.world import corpus, countdown, draws, readability, scorecard

torch.manual_seed(0)
RESULTS = Path("../results/data")

# %% [markdown] tags=["slide"]
# ## 1. Why Zero mixes languages
#
# Why does a model that is paid for right answers begin to mix languages? A question is
# in English, and the model thinks half in Chinese. The authors of R1 name this
# **language mixing** as one of the two troubles of R1-Zero, next to poor readability
# (arXiv 2501.12948v2, section 3). Chapter 10 treated both with examples. This chapter
# adds a reward, and recovers the reasoning that the cold start cost.
#
# **The reward does not see it.** Here is one thought, written three times: in the
# language of the question, with its last word in another language, and all in the other
# language. (Our models think in English and Korean: 시도 is *try*, 아니 *no*, 맞아
# *yes*, 찾았어 *found it*.)

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
# The three are completions of one group. They earn the same, so none of them is pushed
# anywhere. The reward of R1-Zero is *blind* to mixing, so the habit can drift.
#
# **Longer thoughts have more chances to mix**, even if the habit never changes. Suppose
# that one word in fifty is in the wrong language. Then one word is clean with probability
# 0.98, and ten words are with probability $0.98^{10} = 0.82$. So 18% of the thoughts of
# ten words mix. In general, with probability $s$ of a slip, a thought of $n$ words is
# clean with probability $(1-s)^n$. RL makes thoughts longer:

# %% tags=["nbval-check-output"]
words_in_thought = (1, 3, 10, 30, 100)
print("share that mixes  " + "".join(f"{n:>7} words" for n in words_in_thought))
for s in (0.005, 0.02, 0.10):
    shares = [1 - (1 - s) ** n for n in words_in_thought]
    print(f"slip {s:<13.1%}" + "".join(f"{share:>13.0%}" for share in shares))

# %% [markdown]
# So "more answers mix" can mean that the model became careless, or only that it
# thinks longer. To tell them apart, look at the length too.
#
# **And our Zero?** A line of thought ends in a **verdict**, *yes* or *no*. In the web
# that our base has read, some people write it in the other language. Here are the base,
# the base that is made to think, and Zero. The table is the one of chapter 09, section 11:

# %%
habits = corpus.Habits()
print(f"a verdict in the other language: {habits.switch:.0%}")


def read(name):
    """A measured file of results/, or None if nobody has measured it yet."""
    path = RESULTS / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


SEEDS = (0, 1, 2)
heads = "".join(f"{f'seed {seed}':>9}" for seed in SEEDS)
print(f"\n{'answers that mix':24}{heads}   tokens")
rows = {
    # P1, P5, P6: claims of the book, one page each in docs/claims
    "base": [read(f"base-{s}.json")["P1"]["controls"]["sampled"] for s in SEEDS],
    "base, made to think": [
        read(f"base-{s}.json")["P1"]["controls"]["forced"] for s in SEEDS
    ],
    "Zero": [read(f"zero-{s}.json")["P1"]["zero"] for s in SEEDS],
}
for name, found in rows.items():
    cells = "".join(f"{one['mixes']:9.0%}" for one in found)
    print(f"{name:24}{cells}{fmean(one['length'] for one in found):9.0f}")

# %% [markdown]
# What you see: the share of answers with a verdict in the other language. The base
# seldom mixes, because it seldom thinks. Made to think, a little longer than Zero does,
# it mixes in a quarter of its answers. Three verdicts with a slip of 10% each would
# give as much: 27%, in the table above. So length alone can explain Zero in seed 0. In
# the two other seeds Zero mixes more than that, so there the habit has probably drifted,
# too. (*Tokens* stand for length here; nobody counted the verdicts.)
#
# <details><summary>A second series of seeds 1 and 2</summary>
#
# How far the habit drifts is chance. Seeds 1 and 2 were run a second time, base and all
# (`results/data/again-*`). There Zero ended at 32% and 36%, and the base made to think
# had 26% and 29%. The Dev1 models of sections 5 to 7 come from this second series for
# seeds 1 and 2. Their Zero is not in the table above.
#
# </details>
#
# R1's authors answered twice. First, they started from Dev1, which has read thoughts in one
# language each. But the RL that follows is as blind as before. So, second, they paid for
# language.
#
# ![The policy, which begins as Dev1, answers. The answer is paid in three parts, right, format and language, which are added up and compared within a group. The clipped loss makes four gradient steps, and the policy answers again.](../figures/11_language.png)
#
# What you see: the loop of chapter 09 with a third part in the reward. Small numbers are
# sections. Section 4 starts from Zero instead; section 5 from Dev1.

# %% [markdown] tags=["slide"]
# ## 2. Measuring language, word by word
#
# How does one turn "in one language" into a number? The paper has one line for it: the
# share of words of the thinking that are in the language of the question (v2, section
# 3.2.1; v1, section 2.3.2).
#
# ![A thought in seven tiles: try, a tape, yes, a Cyrillic word, x, a formula, so. The English words are blue, the foreign word orange, the tape, the variable and the formula grey. Below: language reward = 3 English words of 4 = 0.75.](../figures/11_words.png)
#
# What you see: a thought of seven pieces. The tape, the variable and the formula are in no
# language and count on neither side. Four words are left, and three of them are English. So
# the reward is 3/4 = 0.75, or in general
#
# $$ r_{\text{language}} = \frac{\text{words in the target language}}
#    {\text{all words}}. $$
#
# The hard part is to say what a word is. The obvious program splits at spaces and looks
# for letters. (`A는 기사, B는 거짓` says that A is a knight and B a liar.)


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
# The first four are perfect in their language, and only one of them gets full marks: the tape
# and the formula count as foreign. The last line is mixed and gets full marks, since two
# words glued together count as one word of either language.
#
# So let a word be a run of letters of *one* script: `맞아yes` is two words. The last alternative
# of the pattern catches every script but Hangul and Latin, since a third language is foreign,
# too. What is in no language is left out: numbers, commands of LaTeX, some names of Python, and
# the single letters that our problems use as names.

# %%
# r1lib.rewards.WORD
# r1lib.rewards.SCRIPT
# r1lib.rewards.CODE
# r1lib.rewards.LETTERS

# %% [markdown]
# (The lists fit *our* world only. English words such as *a*, *list* and *sum* fall through
# them.) With the patterns the idea takes two lines:


# %% tags=["slide"]
def simple_words(text):
    """Runs of letters of one script, without names of code and variables."""
    runs = WORD.findall(TAG.sub(" ", text))  # TAG: <think>, </answer> and so on
    return [run for run in runs if run not in CODE and run not in LETTERS]


# %% [markdown]
# The library's `words` is the same with holes closed.
#
# <details><summary>Which holes</summary>
#
# Each hole is a way to cheat, or to be counted wrongly. The code is in the folded cell below.
#
# - `chat.visible` drops characters that cannot be seen;
# - `SYMBOL` and `letters_of` read the letters in symbols such as ⓨ;
# - `MARKS` and `MARK` take off accents, also whole piles of them;
# - `COMMAND` takes out the commands of LaTeX;
# - `single` joins a word that is spelled letter by letter, as in `y1e_s`.
#
# </details>

# %% tags=["hide-input"]
# r1lib.rewards.words

# %% [markdown]
# Only the *thinking* counts, because the answer may have to be in another language. It ends
# at the last `</think>`, or a model could go on in a second thought. Text before the first
# `<think>` counts, too, or foreign words could be moved there. An answer that does not think
# gets 0:

# %%
# r1lib.rewards.purity
# r1lib.rewards.language_consistency

# %% [markdown]
# First what both programs find in three texts, then some rewards, with the language of the
# question in front. Cover the numbers and guess.

# %% tags=["nbval-check-output"]
for text in ("<think>try 8-3=5 맞아yes, x", "y1e_s ⓨⓔⓢ", r"\frac{1}{2} 맞아"):
    print(f"{text:24} simple {simple_words(text)}, library {words(text)}")

cases = (
    ("en", "English", "try 8-3=5,*7=35~35=0 yes, it fits"),
    ("ko", "Korean", "시도 8-3=5,*7=35~35=0 맞아, 찾았어"),
    ("ko", "Korean, one foreign word", "시도 8-3=5,*7=35~35=0 yes, 찾았어"),
    ("ko", "all in English", "try 8-3=5,*7=35~35=0 yes"),
    ("ko", "logic: names of people", "기사=A,B:A 참,B 거짓 아니"),
    ("ko", "formula", r"\frac{1}{2} + x = 1 맞아"),
    ("en", "glued", "맞아yes"),
    ("en", "a third language", "yes 好 да no"),
    ("en", "code in a program", "def solve(xs): return sorted(xs)"),
    ("en", "no word at all", "8-3=5,*7=35~35=0"),
    ("en", "no thinking", ""),
)
for language, name, thought in cases:
    asked = Problem("countdown", "easy", language, "", "", "")
    text = f"<think>{thought}</think>{RIGHT}"
    print(f"{language}  {language_consistency(asked, text):.2f}  {name:25} {thought}")
before_it = f"맞아 <think>yes</think>{RIGHT}"
outside = language_consistency(problem, before_it)
print(f"en  {outside:.2f}  {'before the thinking':25} 맞아")

# %% [markdown]
# Three lines near the end deserve a second look. *Code in a program* pays for `return` as if it
# were English, a bug of our list. (Chapter 12 shows its cost.) *No word at all* gets
# everything, because it mixes nothing. *No thinking* gets nothing. Section 3 looks for
# what these two decisions invite.
#
# For tables we want a yes or no instead of a share: an answer **mixes** if its thinking holds
# a single foreign word. Sections measure mixing in several ways:
# compare only within a row.
#
# <details><summary>How each section measures mixing</summary>
#
# | section | what makes an answer mix | problems | tokens at most |
# |---|---|---|---|
# | 1 | a verdict of the other language | test problems of chapter 09 | as in training |
# | 2 and 4 | any foreign word | 72, held out | 112 |
# | 3 and 4 | any foreign word | training draws, more countdown, some hard | 112 |
# | 5 | any foreign word | test, 128 of each family, easy and hard | as in training |
#
# </details>
#
# ### Ask Dev1
#
# How much does Dev1 mix, before any RL? It gets held-out problems of three families in
# both languages, 72 in all, two answers each. Two families are the games of chapter 09. The
# third, **logic**, asks which person is a knight and always says the truth, and which a liar
# (chapter 06). Our models hardly learn it.


# %% tags=["needed"]
def words_of(text):
    """The words that the language reward counts; none without any thinking."""
    counted = text.removesuffix(chat.summary(text))
    return rewards.words(counted) if chat.thinking(text) else []


# %%
dev1, tokenizer = artifacts.load("dev1-tiny")
config = stages.settings("tiny").dev2
LONGEST = 112  # tokens; the long run may use config.max_new_tokens
asked = [
    p
    for family in sorted(draws.REASONING)
    for p in distinct(draws.REASONING[family], 24, 0, "valid")
]


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
    return {**shares, "tokens": found.lengths.mean().item()}, pairs


before, pairs = measure(dev1)
print({name: round(value, 3) for name, value in before.items()})
mixing = [pair for pair in pairs if mixed(*pair)]
for p, text in mixing[:2]:  # the first ones, not the worst
    print(f"\n{p.prompt}\n{text}")

# %% [markdown]
# Dev1 has read thoughts in one language, and mostly keeps to it: look at *mixed*. In each
# printed answer, find the foreign word, here `true` both times. (아니 거짓 is *no, false*,
# 맞아 참 *yes, true*.)

# %% [markdown] tags=["slide"]
# ## 3. Several rewards, added up
#
# How do three rewards become one number, and how much should language weigh? The authors
# add the language reward directly to the others (v2, section 3.2.1). Being right has the
# weight 1 and the format 0.1, as before. Take a right answer in which half of the words are
# foreign. If language has the weight 3, it earns
#
# $$ 1 \cdot 1 + 0.1 \cdot 1 + 3 \cdot 0.5 = 2.6 . $$
#
# ![Two number lines of the sum of rewards. At the weight 0.6: wrong and clean 0.7, right without thinking 1.0, right in the other language 1.1, right and mixed 1.4, right and clean 1.7. At the weight 3 wrong and clean has moved to 3.1, beyond right and mixed with 2.6; right and clean has 4.1.](../figures/11_sums.png)
#
# What you see: the sum for five kinds of text, at a weight of 0.6 and at one of 3. Green is
# right, orange wrong. *Mixed* has half of its words in the other language. At 0.6 every
# right answer earns more than the wrong one. At 3 the clean wrong answer has overtaken
# three kinds of right ones.
#
# The upper line looks safer, and yet the recipe of this book has the weight 3. Why?
#
# ### Which weights were tried
#
# Three weights were run, each for forty steps from the Dev1 of three seeds:
#
# | weight | answers that mix after the stage, beside Dev1 |
# |---|---|
# | 0 | more on easy problems, in every seed |
# | 0.6 | about as many on easy problems; fewer on hard ones in two seeds of three |
# | 3 | fewer, in every seed, on easy and on hard problems |
#
# We began with 0.6, the weight in the recipe's last stage (chapter 13). As it removed little, we
# took five times as much, and kept that after a look at seed 0. So only seeds 1 and 2 test the
# choice. It is a weight that worked, not the best one: nothing between 0.6 and 3 was run from
# Dev1, not even the 1 of a plain sum. (Exercise 11.1 tries smaller weights; the numbers of
# 0.6 are in [docs/experiments.md](../docs/experiments.md).)
#
# ### The three parts in code
#
# In code a reward is a dictionary of weights and functions. The sum goes to the learner.
# Each part goes to the log by itself, since a sum does not say which part rises.

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
GENTLE = replace(config, language=scenarios.LANGUAGE)  # weight 0.6, for comparison
reward = pipeline.in_one_language(config)
print(f"{'':23}" + "".join(f"{name:>10}" for name in (*reward.parts, "sum")))
for name, text in texts.items():
    total = reward(problem, text)
    cells = [*reward.means().values(), total]
    print(f"{name:23}" + "".join(f"{cell:10.2f}" for cell in cells))

# %% [markdown]
# Look at the last line: a dot, with a wrong answer, earns more than a right answer that
# mixes. At 0.6 that could not happen. And *no thinking* loses three points.
#
# ### What the language part pays for
#
# The name says language. But an answer can lose this reward in two ways: by a foreign word,
# or by not thinking at all. The reward is exactly the difference of two columns:
#
# $$ r_{\text{language}} = \text{thinks (1 or 0)} - \text{share of foreign words}. $$
#
# Which of the two does RL feel? Only differences within a group push. So measure for each column
# how far an answer typically lies from the mean of its group: the root of the mean square,
# times the weight. This is the size of its **push**, its part of the advantage.


# %%
def push_of(values, group_size=8):
    """Typical distance of a value from the mean of its group (root mean square)."""
    groups = torch.tensor(values).view(-1, group_size)
    return (groups - groups.mean(1, keepdim=True)).square().mean().sqrt().item()


def thinks(problem, text):
    """1.0 where something is thought."""
    return float(bool(chat.thinking(text)))


def columns_of(policy, n=64, group_size=8, seed=0):
    """Answers to n training problems, marked in four ways."""
    rng = random.Random(seed)
    asked = [draws.draw_reasoning(rng) for _ in range(n)]
    fixed = torch.Generator().manual_seed(seed)
    options = {"max_new_tokens": LONGEST, "generator": fixed}
    texts = rollout(policy, tokenizer, asked, group_size, reward, **options).texts
    owners = [p for p in asked for _ in range(group_size)]
    rows = [*zip(owners, texts, strict=True)]
    marks = {
        "right": rewards.accuracy,
        "thinking": thinks,
        "mixing": readability.mixed_share,
        "language": language_consistency,
    }
    return {name: [mark(*row) for row in rows] for name, mark in marks.items()}


# %% tags=["slide"]
zero, _ = artifacts.load("zero-tiny")
columns = {"Dev1": columns_of(dev1), "Zero": columns_of(zero)}
weights = (GENTLE.language, config.language)
heads = [f"{name}, {w:g}" for name in columns for w in weights]
print(f"{'push':12}" + "".join(f"{head:>11}" for head in heads))
for name in ("right", "thinking", "mixing"):
    cells = [
        push_of(found[name]) * (1 if name == "right" else w)
        for found in columns.values()
        for w in weights
    ]
    print(f"{name:12}" + "".join(f"{cell:11.2f}" for cell in cells))
for name, found in columns.items():
    groups_of = {n: torch.tensor(v).view(-1, 8) for n, v in found.items()}
    clean = groups_of["mixing"].amax(1) == 0
    apart = clean & (groups_of["language"].amin(1) < groups_of["language"].amax(1))
    print(
        f"{name}: {fmean(found['thinking']):.0%} think; groups in which nobody mixes:"
    )
    print(
        f"      {clean.sum()}, and {apart.sum()} of them differ in the language reward"
    )

# %% [markdown]
# What you see: the typical push of being right, of thinking and of mixing, for each model at
# both weights. In Dev1 few answers skip the thinking, but each loses the whole weight.
# **So for Dev1 the language part is mostly a wage for thinking.** At the weight 3 that push is
# even larger than that of being right. Even a group in which nobody mixes often learns
# something from this part.
#
# For Zero, which always thinks, the whole push comes from mixing. So the same reward
# does two jobs, and the model decides which.
#
# The row of mixing also suggests why 0.6 did little. A share is quiet in long thoughts: one
# foreign word of thirty costs a thirtieth of the weight. (Exercise 11.4 tries a strict rule: 1
# if nothing is mixed, else 0.)
#
# ### What a large weight risks
#
# A reward that can be had for nothing must be *small*, or being right stops paying. The
# best wrong answer must stay below the worst right one. The worst right answer earns 1, the best
# wrong one 0.1 for its format and all of the language reward. So every weight below 0.9 is safe.
# With weights $w_f$ of the format and $w$ of the language this says
#
# $$ w < 1 - w_f. $$
#
# Equal weights, as in the paper, are not safe in this sense either, and 3 is far from
# it. How far? If both think and keep the format, a clean wrong answer earns 3.1. A right one
# with a share $f$ of foreign words earns $1.1 + 3(1-f)$, more while $f$ is below one third. How
# many answers of Dev1 are beyond that?

# %%
thoughtful = [pair for pair in pairs if chat.thinking(pair[1])]
beyond = sum(readability.mixed_share(*pair) > 1 / 3 for pair in thoughtful)
quick = [pair for pair in pairs if not chat.thinking(pair[1])]
lucky = sum(rewards.accuracy(*pair) for pair in quick)
print(f"{len(thoughtful)} think, {beyond} of them with more than a third foreign words")
print(f"{len(quick)} do not think, {lucky:.0f} of them right")

# %% [markdown]
# Next to none. So at the start a wrong answer rarely earns more than a right one. But the
# group's mean decides what is pushed, as the next table shows.
#
# ### What the third part does to a group
#
# Take groups of four. At the weight 3 clean and right earns 4.1, clean and wrong 3.1, and one
# foreign word in four takes off 0.75. At 0.6 these are 1.7, 0.7 and 0.15. Advantages are as
# in chapter 09, with the spread left undivided:

# %% tags=["nbval-check-output"]
groups = {
    "a right one mixes, weight 0.6": [1.7, 1.55, 0.7, 0.7],
    "a right one mixes, weight 3": [4.1, 3.35, 3.1, 3.1],
    "all right, one mixes": [4.1, 3.35, 4.1, 4.1],
    "all wrong, one mixes": [3.1, 2.35, 3.1, 3.1],
}
for name, row in groups.items():
    push = group_advantages(torch.tensor([row]), normalize_std=False)[0]
    print(f"{name:31}" + "".join(f"{a:+8.2f}" for a in push.tolist()))

# %% [markdown]
# The answer that mixes is always the second. In the first row it is still pushed *up*, for
# being right. At the weight 3 it is pushed *down*: here one language costs a right answer.
# Section 7 looks for such a price. The third row is the useful one: where all are right, only
# the language part still teaches. The last is doubtful: it teaches to be wrong in one language.
#
# ### What nobody forbids
#
# *No word, right* gets full marks for language. A model that stopped using words, and only wrote
# its tape, would go on getting them. And a dot, where no answer of the group is right, earns as
# much as an honest attempt. **Nothing catches** a tape without words: words survive only as far
# as they help to be right, and because Dev1 starts with them.
#
# So the live run carries two **meters**, for mixing and for thoughts without a word: parts with
# weight 0, which are logged and pay nothing. Exercise 11.3 closes the hole.

# %% [markdown] tags=["slide"]
# ## 4. A live run, with and without
#
# What does the language part do in training? Start from a model that mixes often and always
# thinks: the Zero of chapter 09. From it the language part has one job, and a minute is enough
# to see it. From Dev1, where section 5 starts, it does two at once (section 3).
#
# (The leash of R1's first RL is off here: see the appendix.)

# %%
shape = {"prompts": 16, "group_size": 8, "max_new_tokens": LONGEST, "kl_coef": 0.0}
live = replace(config, **shape, steps=20)


def with_meters(config):
    """The reward of the stage, and two parts that are only logged."""
    parts = pipeline.in_one_language(config).parts
    meters = {"mixed": (0.0, mixed), "wordless": (0.0, wordless)}
    return rewards.Weighted({**parts, **meters})


def one_language(policy, config, reward):
    """Reasoning RL with a reward of several parts; yields the metrics of each step."""
    problems, optimizers = draws.draw_reasoning, optim.adamw(policy, config.lr)
    for metrics, _ in grpo.train(
        policy, tokenizer, problems, config, optimizers, reward=reward
    ):
        yield metrics | reward.means()


# %%
held_out = {"Dev1": (before, pairs), "Zero": measure(zero)}
for name, (shares, _) in held_out.items():
    some = 1 - (1 - shares["mixed"]) ** live.group_size
    print(f"{name}: {shares['mixed']:.0%} mix, so {some:.0%} of the groups have one")

# %% [markdown]
# (The last number assumes independent answers.)
#
# Both runs use the same seed: the same problems, and in the first step the same samples.
# In one of them the weight of the language part is 0. Nothing else differs, so this is the
# **control run**. The loop is that of chapter 09. Each run took
# about half a minute here.

# %% tags=["slide"]
arms = {"with": live, "without": replace(live, language=0.0)}
histories, trained = {}, {}
for name, how in arms.items():
    trained[name] = copy.deepcopy(zero)
    loop = one_language(trained[name], how, with_meters(how))
    histories[name] = list(bar(loop, how.steps, name, ("right", "mixed")))
assert histories["with"][0]["right"] == histories["without"][0]["right"]
ends = {a: fmean(m["mixed"] for m in h[-5:]) for a, h in histories.items()}
assert ends["with"] < ends["without"], "less is mixed with the language reward"


# %% tags=["hide-input"]
def softened(history, names, window=5):
    """A history in which each of the metrics is the mean of the last few."""
    lines = {n: plots.smooth(plots.column(history, n), window) for n in names}
    steps = [metrics["step"] for metrics in history]
    return [
        {"step": step, **{n: lines[n][i][1] for n in names}}
        for i, step in enumerate(steps)
    ]


SHOWN = ("right", "mixed", "language", "wordless")
soft = {arm: [softened(history, SHOWN)] for arm, history in histories.items()}
print("mean of five steps")
for arm, (history,) in soft.items():
    for metrics in history[4::5]:
        cells = ", ".join(f"{part} {metrics[part]:.2f}" for part in SHOWN)
        print(f"{arm:8} steps {metrics['step'] - 4:2} to {metrics['step']:2}: {cells}")
plots.compared_curves(soft, {"mixed": "answers that mix", "right": "right answers"})

# %% [markdown]
# What you see: means of five steps, 640 answers; the first points average what there is.
# *With* the language reward fewer and fewer answers mix. *Without* it the share wanders:
# nothing holds it. In *right* the two runs go up and down together, with the problems that
# are drawn. A price cannot be seen here.
#
# Is the gap chance? With `seed=1` and `seed=2` in `live` we saw the same, from this Zero: in
# the last five steps *with* mixed in less than half as many answers as *without*. (No files
# are kept.)
#
# Do the held-out problems of section 2 agree?

# %%
held_out |= {arm: measure(policy) for arm, policy in trained.items()}
print(f"{'':10}" + "".join(f"{name:>10}" for name in before))
for name, (shares, _) in held_out.items():
    print(f"{name:10}" + "".join(f"{value:10.3f}" for value in shares.values()))

# %% [markdown]
# Compare *mixed* in the last three rows. These are 144 answers of each model: differences
# below about eight points in *mixed*, and below about ten in *right*, mean nothing.
#
# Look at *wordless*, too: these runs did not take the cheap way to the full reward.
#
# Why does the recipe not start from Zero? Mixing is only one of its two troubles. Nothing in
# this reward makes a thought easier to read.
#
# ### Some thoughts, with and without
#
# What does mixing look like? Here are the words of the thoughts for the first five countdown
# prompts at which Zero mixes, with those of the two trained models. (The choice is by Zero, so
# compare the two others with each other.)

# %% tags=["slide"]
answers = held_out["Zero"][1]
firsts = [i for i in range(0, len(answers), 2) if answers[i][0].family == "countdown"]
for i in [i for i in firsts if mixed(*answers[i])][:5]:
    print(f"\n{answers[i][0].prompt}")
    for name in ("Zero", "without", "with"):
        pair = held_out[name][1][i]
        print(f"  {name:8}{'mixes' * int(mixed(*pair)):6}", *words_of(pair[1]))

# %% [markdown]
# A verdict in the other language is no slip of arithmetic, and the reward for right answers
# cannot see it. Look for *mixes* beside *with*: the language reward lowers the share; it
# does not abolish mixing.
#
# <details><summary>The same loop in TRL: `GRPOTrainer`</summary>
#
# | here | in TRL's `GRPOConfig` |
# |---|---|
# | parts and weights of `Weighted` | `reward_funcs` of the trainer, `reward_weights` |
# | `kl_coef` (appendix) | `beta` |
# | a refreshed reference (appendix) | `sync_ref_model`, `ref_model_sync_steps`, `ref_model_mixup_alpha=1.0` |
# | clip 0.2 / 0.28 | `epsilon`, `epsilon_high` |
# | spread left undivided | `scale_rewards="none"` |
# | not tried here: each part divided by its own spread in the group, then added, so that a quiet part is as loud as any other | `multi_objective_aggregation="normalize_then_sum"` |
#
# </details>

# %% [markdown] tags=["slide"]
# ## 5. What the language reward does
#
# Does the language reward keep a model in one language? The stage of the recipe takes forty
# steps with four times as many answers in each. We ran it from Dev1 of three seeds, *with*
# the language reward and *without* it (`python -m results.language with 0`, and so on).

# %%
ARMS = ("without", "with")
units = {
    (arm, seed): read(f"language-{arm}-{seed}.json") for arm in ARMS for seed in SEEDS
}


def column(exams, level, name):
    """[(mean, low, high) of each seed] of one column of an exam."""
    cells = [exam[level]["summary"][name] for exam in exams]
    return [(cell["mean"], *cell["interval"]) for cell in cells]


def summary(arm, level, name, moment="after"):
    """The same for one arm of the stage."""
    exams = [units[arm, seed]["P5"][moment] for seed in SEEDS]
    return column(exams, level, name)


# %% tags=["slide"]
long_runs = {
    arm: [
        softened(
            [m | {"lost": 1 - m["language"]} for m in units[arm, s]["history"]],
            ("lost", "right"),
        )
        for s in SEEDS
    ]
    for arm in ("with", "without")
}
for arm, runs in long_runs.items():
    lost = [f"{run[4]['lost']:.1%} to {run[-1]['lost']:.1%}" for run in runs]
    print(f"{arm:8} lost, first to last five steps: " + ", ".join(lost))
labels = {"lost": "language reward that is lost", "right": "right answers"}
plots.compared_curves(long_runs, labels)

# %% [markdown]
# What you see: what is missing from the full language reward. Lines are means over three seeds,
# bands their range. *With* the reward it falls almost to 0. But it also falls
# *without*, where nobody pays for it! Section 3 has the explanation: not thinking loses it, too.
# Being right pays for thinking, so in both arms probably more answers think.
#
# So this curve cannot show mixing. An exam of both models can, which counts answers with a
# foreign word:

# %% tags=["slide"]
panels = {}
for level in ("easy", "hard"):
    rows = {"Dev1": summary("with", level, "mixed", "before")}
    rows |= {arm: summary(arm, level, "mixed") for arm in ARMS}
    panels[f"{level} problems"] = rows
    for name, row in rows.items():
        print(f"{level}, {name:9}", *(f"{mean:6.1%}" for mean, *_ in row))
    start, without, with_it = ([mean for mean, *_ in row] for row in rows.values())
    assert all(after < old for after, old in zip(with_it, start, strict=True))
    if level == "easy":
        assert all(after > old for after, old in zip(without, start, strict=True))
plots.interval_dots(panels, "answers that mix", 0.3, percent=True)

# %% [markdown]
# What you see: the share of answers that mix, before the stage (Dev1) and after it. Each
# dot is a seed, and its bar an interval over problems.
#
# **Without the language reward RL brings the mixing back.** On easy problems more answers mix
# than in Dev1, in every seed. On hard problems *without* is above Dev1 in two seeds
# of three. So a cold start in one language is not enough.
#
# **With it, less is mixed than before**, in every seed and at both levels.
#
# Did paying for clean words do this, or the wage for thinking? The arms differ in both, and
# a long run that pays for thinking alone was not made. The live run of section 4 suggests the
# words: there all answers think. But it starts from another model.
#
# Our goal, written down before, was that at most 3% of the easy answers mix. Seed 0 keeps
# it, but seed 0 helped to choose the weight (section 3). Of the two others one keeps it,
# barely, and one misses it.
#
# ### Is it only length?
#
# Section 1 warned that longer thoughts mix more by themselves. Most of the mixing on easy
# problems is in countdown, which has a verdict in every line: the next cell prints it. So take
# easy countdown alone, and ask how much Dev1 would mix if only its length had changed. With 10%
# before and twice the length, an answer is clean with probability $0.9^2 = 0.81$. So length alone
# would give 19%. (This is rough: tokens stand for verdicts, and one mean length for all answers.)


# %%
def of_countdown(arm, moment, name):
    """Values of easy countdown, a list of one per problem for each seed."""
    tables = [units[arm, seed]["P5"][moment]["easy"]["values"] for seed in SEEDS]
    return [t[name][: len(t["countdown"])] for t in tables]  # countdown comes first


def as_dots(values):
    """(mean, low, high) for each seed."""
    return [(fmean(row), *evaluate.interval(row)) for row in values]


was = [fmean(row) for row in of_countdown("with", "before", "length")]
mixing_was = of_countdown("with", "before", "mixed")
by_length = {"Dev1": as_dots(mixing_was)}
for i, family in enumerate(("countdown", "arithmetic", "logic")):  # their order there
    shares = [
        fmean(
            units["with", s]["P5"]["before"]["easy"]["values"]["mixed"][128 * i :][:128]
        )
        for s in SEEDS
    ]
    print(f"easy {family:11} Dev1 mixes in", *(f"{share:4.0%}" for share in shares))
print("Dev1    tokens:", *(f"{length:4.0f}" for length in was))
for arm in ARMS:
    lengths = [fmean(row) for row in of_countdown(arm, "after", "length")]
    print(f"{arm:7} tokens:", *(f"{length:4.0f}" for length in lengths))
    by_length[f"{arm}: by length alone"] = [
        tuple(1 - (1 - share) ** (now / before_it) for share in dot)
        for dot, now, before_it in zip(by_length["Dev1"], lengths, was, strict=True)
    ]
    by_length[f"{arm}: measured"] = as_dots(of_countdown(arm, "after", "mixed"))
plots.interval_dots(
    {"easy countdown": by_length}, "answers that mix", 0.4, percent=True
)

# %% [markdown]
# What you see: below Dev1, for both models, what length alone would give and
# what was measured. The bars of *by length alone* are those of Dev1, carried over.
# *Without* mixes far more than length alone gives in seed 0: there RL added mixing of its
# own. In the two other seeds these runs cannot tell the rise from length. *With* mixes
# less than length alone would give, in every seed, and its answers are not the shorter ones.

# %% [markdown] tags=["slide"]
# ## 6. What RL wins back
#
# Does the stage also recover the reasoning that the cold start cost? The next figure is of
# the exam of chapter 10, section 9, which Zero took, too. Dev1 after the stage is called
# **Dev2**; it is the model *with*.

# %% tags=["slide"]
skills = {
    "countdown": ("easy", "countdown"),
    "arithmetic": ("easy", "arithmetic"),
    "hard countdown": ("hard", "countdown"),
    "hard arithmetic": ("hard", "arithmetic"),
}
exams = [read(f"stages-{seed}.json")["P6"] for seed in SEEDS]
panels = {
    title: {
        stage: column([exam[stage.lower()] for exam in exams], *where)
        for stage in ("Zero", "Dev1", "Dev2")
    }
    for title, where in skills.items()
}
for title, rows in panels.items():
    cells = (f"{n} {fmean(m for m, *_ in row):.2f}" for n, row in rows.items())
    print(f"{title:20}" + "   ".join(cells))
limits = {title: 0.3 if title == "hard countdown" else 1.0 for title in panels}
plots.interval_dots(panels, "right", limits, columns=2)

# %% [markdown]
# What you see: Zero, Dev1 and Dev2, a dot for each seed. (Hard countdown has an axis of its
# own.) From Dev1 to Dev2 right answers rise in every seed in the three other panels. On easy
# problems Dev2 is back where Zero was. In hard arithmetic it is ahead, in one seed only just.
#
# Hard countdown stays nearly lost: RL cannot reward what is hardly ever found.

# %% [markdown] tags=["slide"]
# ## 7. What it costs
#
# Is an answer in one language less often right? The authors say that it costs a little
# performance (v1, section 2.3.2; v2, section 3.2.1). In their ablation on a distilled model of 7
# billion parameters, mathematics stayed about equal and code became slightly worse (v2,
# supplement B.6).
#
# How does one measure a small cost? Not by two intervals side by side: they overlap for
# any small difference. Both models answered *the same problems*, and some of these are hard
# for every model. Subtract problem by problem, and that part of the noise is gone. Here are
# eight problems, marked for two models:

# %% tags=["nbval-check-output"]
without = [1.0, 0.75, 0.0, 0.25, 1.0, 0.0, 0.5, 1.0]
with_it = [1.0, 0.50, 0.0, 0.25, 1.0, 0.0, 0.5, 0.75]
print("differences", [b - a for a, b in zip(without, with_it, strict=True)])
gain = evaluate.paired(without, with_it)
for name, values in (("without", without), ("with", with_it)):
    low, high = evaluate.interval(values)
    print(f"{name:8} alone  {fmean(values):+.2f} [{low:.2f}, {high:.2f}]")
low, high = gain["interval"]
print(f"difference      {gain['difference']:+.2f} [{low:.2f}, {high:.2f}]")

# %% [markdown]
# The two intervals overlap almost wholly, while that of the difference is several times as
# narrow. In general
#
# $$ \text{difference} = \frac{1}{N} \sum_{i=1}^{N} \big(a_i^{\text{with}}
#    - a_i^{\text{without}}\big), $$
#
# with a bootstrap interval over the $N$ differences: draw $N$ of them with replacement, a thousand
# times, and take the middle 95% of the means.
#
# Now the measured runs. A problem counts once: its answers are averaged over the three seeds
# first.


# %% tags=["slide"]
def price(level, families):
    """((difference, low, high), difference of each seed, clear): with minus without."""
    ends = {}
    for arm in ARMS:
        tables = [units[arm, seed]["P5"]["after"][level]["values"] for seed in SEEDS]
        ends[arm] = [[v for f in families for v in table[f]] for table in tables]
    if ends["without"] == ends["with"]:
        return None  # no problem differs in any seed: no interval to draw
    found = evaluate.paired_seeds(ends["without"], ends["with"])
    return (found["difference"], *found["interval"]), found["each"], found["clear"]


FAMILIES = scorecard.REASONING
rows = {f"{level}, all": price(level, FAMILIES) for level in ("easy", "hard")}
for level in ("easy", "hard"):
    rows |= {f"{level}, {family}": price(level, [family]) for family in FAMILIES}
print("no problem differs:", *(name for name, row in rows.items() if row is None))
rows = {name: row for name, row in rows.items() if row is not None}
for name in ("easy, all", "hard, all", "hard, arithmetic"):
    (mean, low, high), each, clear = rows[name]
    print(f"{name:18}{mean:+.3f} [{low:+.3f}, {high:+.3f}]{', clear' * clear}")
print("\nhard arithmetic, right in each seed")
right_in = {"Dev1": [m for m, *_ in summary("with", "hard", "arithmetic", "before")]}
right_in |= {arm: [m for m, *_ in summary(arm, "hard", "arithmetic")] for arm in ARMS}
for name, row in right_in.items():
    print(f"{name:8}" + "".join(f"{mean:6.2f}" for mean in row))
start, alone, both = map(fmean, right_in.values())
gained, lost = alone - start, alone - both
print(
    f"RL alone gains {gained:.2f}; language takes {lost:.2f} back: {lost / gained:.0%}"
)
assert [name for name, row in rows.items() if row[2]] == ["hard, arithmetic"]
plots.difference_dots(rows, "right answers: with minus without the language reward")

# %% [markdown]
# What you see: left of 0 is a price. A dot or diamond is the mean difference, its bar the
# interval over problems, and each small tick one seed. A coloured diamond is clear by the rule
# of chapter 08: 0 is outside the interval over problems and outside the one over seeds. Grey
# means that these runs cannot tell, not that the price is nothing.
#
# On easy problems no price is visible. Over all hard problems there is a loss in every seed,
# and yet a tie by that rule, since the seeds differ. Hard arithmetic is clear.
#
# Is it a small price? Beside what RL alone gains over Dev1 on the same problems it is a good part:
# the last printed line. But it is one clear row of seven, picked after the fact, and
# chance alone can make one. And seed 0 helped to choose the weight. (Section 6 has
# another exam: compare only within a section.)
#
# Why should there be a price at all? A Korean "no" reaches a target as well as an English
# one. A hypothesis: the price comes from the *weight*. At 3 the language part
# pushes harder than being right, at first mostly for thinking, and it can push a right answer
# down (section 3). We did not test this; a run with a smaller weight would.
#
# <details><summary>Why hard logic has no bar</summary>
#
# No model solved one of these puzzles, so all differences are 0, and a bootstrap can draw
# nothing but zeros. That would be a bar without length, as if the price were known exactly. It
# is not known at all: where nothing is right, nothing can be lost.
#
# </details>

# %% [markdown]
# ## 8. What this does not show
#
# Our languages are two, with different scripts, so a look at the letters is enough.
# English and French share theirs. Real programs ask a classifier that names the
# language of a text (fastText's `lid.176`, or `lingua`), sentence by sentence.
#
# Our words are mostly verdicts. A large model thinks in sentences, where the choice of language
# may change *what* is thought. So its price may be higher or lower than ours.
#
# The hole of section 3, thinking without words, stays open.

# %% [markdown]
# ## Summary
#
# - A reward for right answers is blind to language, so mixing can drift, and longer thoughts
#   mix more by themselves. At the weight 3 the language part about halved the mixing of Dev1.
#   Our goal of 3% on easy problems was kept in two seeds and missed in one.
# - The language part pays for thinking, too. Dev1 feels mostly that, and Zero, which always
#   thinks, feels only the foreign words. From Dev1 we did not separate the two wages.
# - In the same stage RL recovers what the cold start cost, except for hard
#   countdown. In hard arithmetic the language reward took back more than a quarter of what RL
#   alone gained. That is the one clear row of seven, picked after the fact.
# - A share of words is simple only after one has said what a word is: numbers, single
#   letters, formulas and names of programs are in no language.
# - Rewards add up safely if no wrong answer can beat a right one. With more weight than
#   that, know what the policy does, and measure what nobody forbids.
# - A small price is measured by differences, problem by problem, and over seeds.
#
# <details><summary>The three parts beside each other</summary>
#
# | part | what it pays | cheapest way to get it | kept in check by |
# |---|---|---|---|
# | right, 1 | the verifier says yes | being right | |
# | format, 0.1 | one thought, one answer | a dot | being right pays ten times as much |
# | language, 3 | words in the language of the question | a dot, or a thought without words | being right, which pays a third as much; the meters; exercise 11.3 |
#
# </details>

# %% [markdown]
# ## Questions
#
# 1. Your language reward is at 1.00 after ten steps, and your answers are as right as
#    before. Name two models that would show this, one that you want and one that you do
#    not want.
#
#    <details><summary>Answer</summary>One that thinks in the language of the question,
#    and one that has stopped using words. Count the words of a thought: the reward
#    alone cannot tell them apart.</details>
#
# 2. After RL more answers mix than before, and answers have become twice as long. A
#    colleague says: RL has made the model careless. What do you compute first?
#
#    <details><summary>Answer</summary>How much the model would mix if only the length had
#    changed. With a share $m$ before, and twice the length, that is $1-(1-m)^2$. Only what is
#    above it has to be explained by a new habit.</details>
#
# 3. Why does the language part still teach in a group where all answers are right, and
#    what would dividing by the spread do to that group?
#
#    <details><summary>Answer</summary>Rewards differ in the language part, so
#    advantages are not zero. In long thoughts, where one foreign word costs little, the
#    group's spread is small. Divided by it, even this difference would push as hard as
#    right against wrong does elsewhere.</details>

# %% [markdown]
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/11_one_language.ipynb`. Exercises 11.6 and 11.7 belong to the appendix.

# %% [markdown] tags=["exercise-text"]
# **Exercise 11.1** (medium, 20 min) Is a smaller weight enough? An open experiment. First a
# meter with a margin: `ended` returns the mean of a metric over the last steps, and the margin
# $2\sqrt{m(1-m)/N}$ of a share $m$ of $N$ answers. Then predict: at the weights 0.6 and 1, does
# *mixed* end nearer to the run *with* or to the one *without*? And *right*? Now run them:
#
# ```python
# for weight in (0.6, 1.0):
#     how = replace(live, language=weight)
#     run = list(one_language(copy.deepcopy(zero), how, with_meters(how)))
#     print(weight, ended(run, "mixed", 128), ended(run, "right", 128))
# print({arm: ended(run, "mixed", 128) for arm, run in histories.items()})
# ```
#
# <details><summary>Hint 1</summary>`history[-last:]` are the last steps, and each is a
# dictionary of metrics.</details>
# <details><summary>Hint 2</summary>N is `answers`, those of one step, times the number of
# steps that you averaged.</details>
# <details><summary>What we saw</summary>In one run (no file is kept) the weight 1 ended near *with*, and 0.6
# about halfway to *without*. *Right* differed by a few points, about as much as its
# margin. From Dev1 it may be otherwise.</details>


# %% tags=["exercise"]
def ended(history, name, answers, last=5):
    """(mean of the metric in the last steps, its margin).

    ended([{"mixed": 0.9}, {"mixed": 0.5}], "mixed", 100, last=1) is (0.5, 0.1).
    """
    # BEGIN SOLUTION
    found = [metrics[name] for metrics in history[-last:]]
    mean = fmean(found)
    return mean, 2 * math.sqrt(mean * (1 - mean) / (answers * len(found)))
    # END SOLUTION


# %% tags=["check"]
checks.ex_11_1(ended)

# %% [markdown] tags=["exercise-text"]
# **Exercise 11.2** (easy, 10 min) How much may language weigh? Being right has the
# weight `right`. The other parts are given as a list of (weight, lowest value, highest
# value). The language part is from 0 to 1. Return the weight that it must stay below,
# so that no wrong answer reaches a right one; 0.0 if there is no such weight.
#
# <details><summary>Hint 1</summary>The worst right answer has every other part at its
# lowest, the best wrong one at its highest.</details>
# <details><summary>Hint 2</summary>What is left of `right` after the parts have been
# spread from lowest to highest? It cannot be below 0.</details>


# %% tags=["exercise"]
def largest_weight(right, others):
    """The weight of language must stay below this.

    largest_weight(1.0, [(0.1, 0, 1)]) is 0.9, as in section 3.
    """
    # BEGIN SOLUTION
    spread = sum(weight * (high - low) for weight, low, high in others)
    return max(0.0, right - spread)
    # END SOLUTION


# %% tags=["check"]
checks.ex_11_2(largest_weight)

# %% [markdown] tags=["exercise-text"]
# **Exercise 11.3** (medium, 15 min) Close the hole. Write a language reward that a
# thought without words cannot have. It is the share of words in the problem's language,
# times a second factor: the number of words *in that language* divided by `enough`, but
# at most 1. A thought with no word, or no thought, pays 0. Then think: what can be had
# for nothing *now*?
#
# <details><summary>Hint 1</summary>Take `words_of(text)` and count those of the
# language: `rewards.SCRIPT[problem.language].match(word)` is `None` for a foreign
# word.</details>
# <details><summary>Hint 2</summary>Return 0.0 before you divide by a number of words
# that is 0. `min(1.0, mine / enough)` is the second factor.</details>
# <details><summary>Answer to the last question</summary>Any `enough` words of the
# language, whatever they say: "yes yes", and then the tape. It pays for words, not for
# explaining.</details>


# %% tags=["exercise"]
def spoken(problem, text, enough=2):
    """Language consistency that wants words.

    With enough=2 the English thought "8-3=5 yes" pays 0.5.
    """
    # BEGIN SOLUTION
    words = words_of(text)
    script = rewards.SCRIPT[problem.language]
    mine = sum(script.match(w) is not None for w in words)
    return mine / len(words) * min(1.0, mine / enough) if words else 0.0
    # END SOLUTION


# %% tags=["check"]
checks.ex_11_3(spoken)

# %% [markdown] tags=["exercise-text"]
# **Exercise 11.4** (hard, 40 min) Predict, then run: an open experiment. Write the
# strict rule of section 3: 1.0 if the thinking holds a word and every word is in the
# problem's language, else 0.0. Predict before you run it: is a strict rule at weight 1
# louder than a share at weight 3? In which groups does it still teach, and in which
# does it fall silent? Then train with it beside the two live runs:
#
# ```python
# parts = {**with_meters(live).parts, "language": (1.0, strict)}
# history = list(one_language(copy.deepcopy(zero), live, rewards.Weighted(parts)))
# ```
#
# Watch both meters, and *right*. Which of the two rewards would you give to a model
# that mixes in every answer?
#
# <details><summary>Hint 1</summary>A thought without words must not be paid, so the
# hole of section 3 is closed, too.</details>
# <details><summary>Hint 2</summary>`rewards.language_consistency` is exactly 1.0 where
# nothing is foreign, also where there is no word. `words_of(text)` tells these
# apart.</details>
# <details><summary>Answer to the predictions</summary>One slip among n words costs 1
# under the strict rule, and 3/n under the share. So the rule is louder from four words
# on. It is silent where all eight get the same: all clean, or all paid nothing, for a foreign
# word, no word or no thought. A model that mixes in every answer learns nothing from
# it.</details>


# %% tags=["exercise"]
def strict(problem, text):
    """1.0 for a thought with words, all in the problem's language; else 0.0.

    For an English problem, "yes" pays 1.0, "yes 맞아" 0.0, and "2+2=4" 0.0.
    """
    # BEGIN SOLUTION
    pure = rewards.language_consistency(problem, text) == 1.0
    return float(pure and bool(words_of(text)))
    # END SOLUTION


# %% tags=["check"]
checks.ex_11_4(strict)

# %% [markdown] tags=["exercise-text"]
# **Exercise 11.5** (easy, 10 min) How much is pairing worth? You get the marks of two
# models on the same problems. Return the mean difference (second minus first), its
# standard error, and the standard error that you would have if the two models had
# answered *different* problems. First guess for the eight marks of section 7: how many
# times smaller is the paired one?
#
# <details><summary>Hint 1</summary>The standard error of a mean of N numbers is the
# square root of (their variance divided by N). `statistics.variance` gives the
# variance.</details>
# <details><summary>Hint 2</summary>Paired, take the variance of the differences. In two
# groups, take the sum of the two variances.</details>
# <details><summary>Answer to the guess</summary>About 5 times: 0.04 against
# 0.21.</details>


# %% tags=["exercise"]
def paired_error(first, second):
    """(mean difference, its standard error, the error of two separate groups).

    paired_error([0, 1], [0, 1]) is (0, 0, about 0.71): nothing differs in any problem.
    """
    # BEGIN SOLUTION
    from statistics import variance

    gains = [b - a for a, b in zip(first, second, strict=True)]
    apart = variance(first) + variance(second)
    n = len(gains)
    return fmean(gains), math.sqrt(variance(gains) / n), math.sqrt(apart / n)
    # END SOLUTION


# %% tags=["check"]
checks.ex_11_5(paired_error)

# %% [markdown] tags=["slide"]
# ## Appendix: a leash and a wide clip
#
# **Skip this if you like.** (Of the later chapters only 13 comes back to the leash, in one of its
# runs.) R1's first RL had two more parts, which chapter 09 left out or set otherwise.
#
# ### The leash, and why it moves
#
# How can RL change what pays and keep the rest, such as a form of thought that people can
# follow? The loss gets one more term, a leash: $\beta$ times the KL divergence to a
# **reference model**. It is 0 where both agree and otherwise positive (appendix B).
#
# Say that the policy makes a token twice as likely as the reference does. Then this token adds
# $0.5 - \ln 0.5 - 1 = 0.19$. In general the estimate for a token is
#
# $$ k_3 = \frac{\pi_{\text{ref}}}{\pi_\theta}
#    - \ln \frac{\pi_{\text{ref}}}{\pi_\theta} - 1. $$
#
# ![Two drawings. Left, fixed: one circle around Dev1, and the policy stops at its edge. Right, refreshed: a chain of circles, each around the place where the policy was when the reference was replaced; the policy has walked far from Dev1.](../figures/11_leash.png)
#
# What you see: a fixed reference limits *how far* the policy goes. A refreshed one, a
# copy of the policy that is renewed now and then, limits *how fast*.
#
# R1 replaced its reference by the newest policy every 400 optimizer steps, with
# $\beta = 0.001$ (v2, section 3.2.1). Our stage does it every 20 rollouts, which are 80
# optimizer steps. In code a refresh is a copy of the weights:
# `ref.load_state_dict(policy.state_dict())`.
#
# How hard does this leash pull? Here is its part of the loss at the end of our long runs:

# %%
for seed in SEEDS:
    unit = units["with", seed]
    kl, beta = unit["history"][-1]["kl"], unit["settings"]["kl_coef"]
    print(f"seed {seed}: KL {kl:.3f} nats a token, times {beta} is {kl * beta:.0e}")

# %% [markdown]
# Being right moves the reward by 1, so this leash hardly holds at all, and our stage, 160 optimizer
# steps, is too short to test what R1's leash was for. A fixed reference with ten times the $\beta$
# changed nothing that we could measure ([docs/experiments.md](../docs/experiments.md)).
#
# ### A refresh in a log
#
# What does one see in a log? Here is a toy: three tokens, and a policy that moves its logits
# by the same little bit at each step. Every five steps the reference is refreshed.

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
plots.curves({"KL of a policy that drifts steadily": toy}, "step", "nats")

# %% [markdown]
# What you see: the same drift, measured twice. The KL to the start only grows. The KL
# to the refreshed reference makes teeth, and the height of a tooth says how much the
# policy changed in five steps: a speed. (The teeth shrink although the logits move by equal
# steps, because KL measures what the policy *does*.)
#
# So a KL that falls to zero in the middle of a run need not mean that the policy came home;
# perhaps the reference was refreshed. And two runs with different refreshing cannot be
# compared by their KL.

# %% [markdown] tags=["slide"]
# ### A clip of 10
#
# Chapter 09 used a clip of 0.2 below and 0.28 above. The paper has $\epsilon = 10$ (v2, section
# 3.2.1). A clip that is too low, it says, cuts off the gradients of many tokens and costs
# performance. One that is too high makes training unstable.
#
# The clip takes the gradient away where the ratio $\rho$ of new to old probability has
# left the range from $1-\epsilon$ to $1+\epsilon$ in the wanted direction. A ratio is
# never negative. With 10 the lower edge is $-9$, which cannot be reached: *downwards
# there is no clip at all*. Upwards it starts at 11. Which cases lose their gradient?


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
# A zero is a token without gradient: a **silent** one. With the narrow clip a good
# token stops at 1.28 times its old probability, and a bad one at 0.8. With the wide one
# a good token may become eleven times as likely, and bad tokens never become silent.
#
# <details><summary>Why a wide clip may be unstable</summary>
#
# The slope contains the ratio itself. A bad token that has become *less* likely is
# pushed down by a gradient that shrinks with it, so going on does little. A good token
# that has become more likely is pushed up harder, up to eleven times. That may be one
# source of the instability; the paper does not say.
#
# </details>
#
# **Count them.** One batch of Dev1, and sixteen optimizer steps on it, as in the paper, each with
# its own part of the batch: here one group of eight. Before each step, ask of every token
# whether its gradient is gone.

# %%
one = replace(config, **shape, minibatches=16)
rng = random.Random(11)
drawn = [draws.draw_reasoning(rng) for _ in range(one.prompts)]
sampled = torch.Generator().manual_seed(11)
limit = {"max_new_tokens": LONGEST, "generator": sampled}
reward = pipeline.in_one_language(one)
batch = rollout(dev1, tokenizer, drawn, one.group_size, reward, **limit)
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

print("parts      tokens   silent at 0.2/0.28   silent at 10   largest ratio")
for first, last in ((0, 1), *((i, i + 3) for i in range(1, len(table), 3))):
    total, narrow, wide, most = zip(*table[first:last], strict=True)
    cells = f"{sum(total):8}{sum(narrow):10} = {sum(narrow) / sum(total):8.1%}"
    cells += f"{sum(wide):15}{max(most):16.2f}"
    print(f"{first + 1:2} to {min(last, len(table)):2}  {cells}")
assert table[0][1] == 0, "nothing can be silent before the first step"
print("\nmost often silent:", gone.most_common(8))
print(f"their probability when they were sampled, mean: {fmean(chances):.2f}")
print(f"of all tokens of the batch: {batch.old_logprobs[batch.mask].exp().mean():.2f}")

# %% [markdown]
# In the first part all ratios are 1 and nothing is silent. Then the policy moves away
# from the samples, and some tokens become silent at the narrow clip; at 10, none. They
# are few, but not just any: a token whose probability was near 1 cannot become
# 1.28 times as likely. The cut falls on places where the model was undecided, as the
# two means show.
#
# (*Tokens* counts only answers with an advantage other than 0, so a group of equal rewards
# adds none.)
#
# Our recipe has 4 parts. How many tokens were outside its clip in the long runs? The log keeps
# the last part of each step, where the policy is farthest from the samples. It divides by
# *all* tokens of that part, also by those without an advantage:

# %%
for seed in SEEDS:
    steps = units["with", seed]["history"]
    share = fmean(step["clip_fraction"] for step in steps)
    print(f"seed {seed}: {share:.2%} of the tokens outside the clip")

# %% [markdown]
# At most one token in 300, a share of other tokens than those in the table above, so do not
# compare the two. A wider clip would free few, and a run with a clip of 10
# ended level with ours ([docs/experiments.md](../docs/experiments.md)). This is no evidence
# against R1's choice: its rollouts had 16 parts.

# %% [markdown] tags=["exercise-text"]
# **Exercise 11.6** (easy, 5 min) Which policy holds the leash of the appendix? Steps are
# counted from 1. At the end of every step that is a multiple of `every`, the reference becomes the
# policy of that moment. For each step, return after how many steps of training its
# reference was made (0 is the start). The list has `steps` entries.
#
# <details><summary>Hint 1</summary>The step at whose end a refresh happens was itself
# still held by the old reference.</details>
# <details><summary>Hint 2</summary>`(step - 1) // every` counts the refreshes before a
# step.</details>


# %% tags=["exercise"]
def references(steps, every):
    """For steps 1, 2, ...: the step whose policy is the reference.

    references(4, 2) is [0, 0, 2, 2].
    """
    # BEGIN SOLUTION
    return [(step - 1) // every * every for step in range(1, steps + 1)]
    # END SOLUTION


# %% tags=["check"]
checks.ex_11_6(references)

# %% [markdown] tags=["exercise-text"]
# **Exercise 11.7** (medium, 10 min) The share of silent tokens. You get
# log-probabilities now and at sampling, advantages and mask. Among the tokens under the
# mask whose advantage is not 0, return the share whose gradient the clip has taken
# away. No such token: 0.0. The check compares with what autograd finds.
#
# <details><summary>Hint 1</summary>The table of slopes says which two of the four cases are
# silent. A padded place can have any ratio.</details>
# <details><summary>Hint 2</summary>`(logprobs - old).exp()` is the ratio, and
# `advantages[:, None]` fits beside it. Combine conditions with `&` and `|`.</details>


# %% tags=["exercise"]
def silent_share(logprobs, old, advantages, mask, low=0.2, high=0.28):
    """logprobs, old and mask are (B, T), advantages (B,); one number.

    Where logprobs and old are equal it is 0.0.
    """
    # BEGIN SOLUTION
    ratio = (logprobs - old).exp()
    push = advantages[:, None]
    gone = ((push > 0) & (ratio > 1 + high)) | ((push < 0) & (ratio < 1 - low))
    counted = mask & (push != 0)
    return (gone & counted).sum().item() / max(1, counted.sum().item())
    # END SOLUTION


# %% tags=["check"]
checks.ex_11_7(silent_share)
