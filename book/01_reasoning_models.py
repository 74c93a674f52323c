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
# # What is a reasoning model?
#
# | | |
# |---|---|
# | You will build | nothing yet. You ask the finished models of this book, take their answers apart, and measure what thinking buys and what it costs |
# | You need | Python. Every other idea is explained when it is first used |
# | Minutes to read | 25 |
# | Minutes to run | 1, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v2), sections 1 and 2, with its Figure 2; InstructGPT (arXiv 2203.02155) for the three steps of an ordinary model |
#
# ![One question about apples with two answers. An ordinary model writes the answer 30 at once: a guess, and wrong. A reasoning model first writes two lines of thinking, a tape of small sums and a second tape with a check, and then the answer 25.](../figures/01_thinking.png)
#
# What you see: one question and two ways to answer it, in the style of our models. The
# names of the parts (tape, check, answer) come back in every chapter.

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random
# generator. Nothing below configures anything else.

# %% tags=["setup"]
import math
import random
import re
from statistics import fmean

import torch

from r1lib import artifacts, checks, plots
from r1lib.evaluate import interval, majority
from r1lib.model import counts
from r1lib.model.presets import PRESETS
from r1lib.problem import check, problems, split_of
from r1lib.recipe.stages import RECIPE
from r1lib.sampling import Sampling, completions
from r1lib.tokenizer.chat import CLOSE, OPEN
from r1lib.traces import tables
from r1lib.world import arithmetic, corpus, countdown, requests, skills, web

torch.manual_seed(0)

# %% [markdown] tags=["slide"]
# ## 1. One question, two models
#
# A **language model** continues a text. It reads the text in small pieces called
# **tokens** and predicts the next one. That token is added to the text, and the model
# predicts again. The text it starts from is the **prompt**; the text it adds is the
# **completion**.
#
# A **reasoning model** is a language model that has been trained to write steps before
# its answer, and to use them. Our models write their thinking between `<think>` and
# `</think>`, and the answer between `<answer>` and `</answer>`, as R1-Zero does in the
# paper. These tags are tokens like all others: there is no second program inside.
#
# The book comes with all the models that you will train in it. A model is a program with
# many numbers, its **weights**, and training changes these numbers. Load six models:

# %%
NAMES = ("base", "zero", "dev1", "dev2", "dev3", "r1")
models = {name: artifacts.load(f"{name}-tiny") for name in NAMES}
weights = sum(p.numel() for p in models["r1"][0].parameters())
print(f"{len(models)} models with {weights:,} weights each")

# %% [markdown]
# `ask` is the only tool that this chapter needs. It sends prompts to a model and
# returns `k` completions for each prompt, with their `text` and number of `tokens`. The
# **temperature** says how the next token is chosen. At 0 it is always the most likely
# one. At 1 it is drawn at random, with the probabilities that the model gives.


# %%
MOST = 160  # tokens that an answer may have


def ask(name, prompts, k=1, temperature=1.0, opening=""):
    """For each prompt, a row of k completions; each text starts with `opening`."""
    settings = Sampling(MOST, temperature=temperature, seed=1, opening=opening)
    return completions(*models[name], prompts, k, settings)


def show(label, completion):
    """Print a completion with its name and its length."""
    print(f"{label} ({completion.tokens} tokens)")
    print("    " + completion.text.replace("\n", "\n    "))


# %% tags=["slide"]
APPLES = "Tom has 12 apples, gets 5 more, then has 2 times as many, loses 9. How many?"
print(APPLES, "\n")
for name in ("base", "r1"):
    show(name, ask(name, [APPLES], temperature=0.0)[0][0])

# %% [markdown]
# What you see: `base` has only read text. It answers at once, and is wrong. `r1` is the
# model at the end of the recipe. It writes three small sums, does them again, compares
# the two results, and only then answers.
#
# Why can writing help? For each new token a model does the same amount of work: one
# pass through its layers. A guess has to fit all three sums into one pass. A step that
# is written down becomes part of the text, and the next token can read it there.

# %% [markdown] tags=["slide"]
# ## 2. The tiny world: two games
#
# The real R1 learned from mathematics, code and conversations, on large clusters of
# GPUs. We need a world that is small enough for a laptop, and that we
# know completely. So every text that our models read is made by a seeded program. Two games
# carry most of the book.
#
# **Countdown** asks for a target, made from given numbers by `+ - * /`. Each number is
# used exactly once. Easy problems have three numbers, hard ones four.
#
# An attempt is written like a calculator's paper strip, and we call it a **tape**.
# `8-3=5,*7=35` takes 8, subtracts 3, and multiplies the result by 7. The answer
# is the same attempt as one expression:

# %% tags=["nbval-check-output"]
game = countdown.make((3, 7, 8), 35, "en", answer="(8-3)*7")
order, operations = (8, 3, 7), "-*"
results = countdown.run_tape(order, operations)
print("prompt:", game.prompt)
print("tape:  ", countdown.write_tape(order, operations, results))
print("answer:", countdown.write_expression(order, operations))

# %% [markdown]
# A small program, the **verifier**, decides whether an answer is right. It never
# reads the thinking. The third completion below thinks about the moon, and is right:

# %% tags=["nbval-check-output"]
for completion in (
    "<think>8-3=5,*7=35</think><answer>(8-3)*7</answer>",
    "<think>8-3=5,*7=35</think><answer>35</answer>",
    "<think>the moon is blue</think><answer>(8-3)*7</answer>",
):
    print("right" if game.check(completion) else "wrong", completion)

# %% [markdown]
# (The second is wrong because it does not use the numbers.)
#
# **Arithmetic** asks for several sums in a row, bare or as a story. Easy
# problems have three operations, hard ones five. The numbers lead the way, so there is
# nothing to search for. But one wrong result spoils the answer.

# %% tags=["nbval-check-output"]
numbers, operations = (12, 5, 2, 9), "+*-"
bare = arithmetic.make(numbers, operations, "en")
story = arithmetic.make(numbers, operations, "en", random.Random(4))
for problem in (bare, story):
    print(f"{problem.prompt}   answer: {problem.answer}")

# %% [markdown]
# After a tape may come a **check**. `~35=4 no` reads: "the distance to 35 is 4, so no".
# The last word is the **verdict**. People make mistakes when they calculate, and a
# wrong result on a tape is called a **slip**. Three lines to read, one with a slip:
#
# | line | the sums | the verdict |
# |---|---|---|
# | `8-3=5,*7=35~35=0 yes` | all right | right: this is a solution |
# | `8*3=24,+7=31~35=4 no` | all right | right: it misses by 4 |
# | `8*3=24,+7=35~35=0 yes` | a slip: 24 + 7 is 31 | wrong, because it trusts the slip |

# %% [markdown] tags=["slide"]
# ## 3. The tiny world: its people, languages and splits
#
# Before any training for reasoning, the base model has read a "web". Its people answer
# in three **styles**. They *guess* (no work at all), work *short* (one attempt), or
# *long*: attempt, check, and go on after a "no".

# %% tags=["nbval-check-output"]
neat = corpus.Habits(slip=0.0, false_yes=0.0, false_no=0.0, switch=0.0, again=0.0)
for style in ("guess", "short", "long"):
    print(f"--- {style}")
    print(corpus.trace(random.Random(2), game, style, neat))

# %% [markdown]
# These three wrote without slips. The web that the base has read has slips, wrong
# verdicts, and people who repeat a failed sum. How often this happens was our choice:

# %% tags=["nbval-check-output"]
habits = corpus.Habits()
for style, share in zip(("guess", "short", "long"), habits.styles, strict=True):
    print(f"{style:6} {share:4.0%} of the answers")
print(f"a guess is right on purpose in {habits.right_guess:.0%}")
print(f"a result is a slip in          {habits.slip:.0%}")
print(f"a verdict is in the other language in {habits.switch:.0%}")

# %% [markdown]
# Keep the first and the fourth line in mind. Most people guess, and their guesses are
# bad. So where thinking beats guessing in this chapter, a part of that is our choice.
#
# The world has **two languages**, English and Korean, so that a model that mixes them
# is easy to see. And it has more than games. An assistant must also know facts, chat,
# follow instructions, and refuse what does harm:

# %% tags=["nbval-check-output"]
print(game.prompt, "|", countdown.make((3, 7, 8), 35, "ko").prompt, "\n")
for family, share in web.SHARES.items():
    example = problems(web.SAMPLE[family], 1, 3, "train", language="en")[0]
    print(f"{share:4.0%} {family:13}{example.prompt[:58]}")

# %% [markdown]
# Every problem belongs to one of three **splits**. `train` may be read and trained on,
# `valid` is for decisions on the way, and `test` is for the final measurements only. The
# split is computed from the problem itself. So the same numbers in another order, or
# in Korean, are on the same side:

# %% tags=["nbval-check-output"]
for numbers, target, language in (
    ((3, 7, 8), 35, "en"),
    ((8, 3, 7), 35, "ko"),
    ((19, 3, 8), 24, "en"),
    ((3, 8, 19), 24, "ko"),
    ((10, 14, 8), 12, "en"),
):
    problem = countdown.make(numbers, target, language)
    print(f"{split_of(problem):6} {problem.prompt}")

# %% [markdown]
# For facts and requests a test cannot work like that: nobody can guess a capital. There
# only the sentence around the question is new ("It is cold. What is the capital of
# Russia?"). `docs/world.md` describes the whole world.

# %% [markdown] tags=["slide"]
# ## 4. How an ordinary model is trained
#
# ![Two maps. Above, an ordinary assistant: base, then assistant by fine-tuning, then chat model by learning from rewards. Below, DeepSeek-R1. One wide box, the base, carries three models: R1-Zero by RL, Dev1 by SFT, Dev3 by SFT. R1-Zero and the base write the cold-start texts, which Dev1 reads. Dev2 is Dev1 after RL. Dev2 writes the samples, which Dev3 and, on another base, Distill read. R1 is Dev3 after RL.](../figures/01_recipe.png)
#
# What you see: above, the usual way to an assistant; below, the way to R1. Colours are
# kinds of training. Solid arrows carry weights on, dashed ones carry only texts.
#
# An ordinary assistant is made in three steps.
#
# 1. **Pre-training.** The model predicts the next token of very much text. The result
#    is a **base model**. It can continue anything, and has not learned to help.
# 2. **Supervised fine-tuning** (SFT). The model goes on predicting tokens, now those of
#    good answers to given prompts. It becomes an assistant.
# 3. **Preference training.** People say which of two answers they like better, and the
#    model learns to give the better kind. The best-known way is RLHF, reinforcement
#    learning from human feedback. Chapter 08 explains it, and its alternatives.
#
# **Reinforcement learning** (RL) differs from the first two steps: nobody shows a good
# answer. The model writes, a number called the **reward** comes back, and texts that
# earned more become more likely. Here is one example of what each step reads. The first
# comes from our web and has a slip in it, 14 + 6 = 28:

# %% tags=["nbval-check-output"]
prompt, completion = next(web.documents(1, seed=43))
print("1 pre-training\n " + prompt + "\n " + completion.replace("\n", "\n "))

request = problems(requests.SAMPLE["chat"], 1, 7, "train", language="en")[0]
good = requests.references(request)[0]
print(f"2 fine-tuning\n {request.prompt}\n {good}")

print(f"3 preferences\n {request.prompt}\n better: {good}\n worse:  I do not know.")

# %% [markdown] tags=["slide"]
# ## 5. The recipe of R1 on one map
#
# R1 uses the same kinds of training, in another order. Follow the lower map.
#
# **R1-Zero** is the base after RL alone. The reward is given by a verifier: right or
# wrong. It reasons well, but its thinking is hard to read, and it mixes languages.
#
# **Dev1** starts from the base again. It reads a **cold start**: a few thousand
# answers, some of them Zero's, rewritten so that people can follow them.
#
# **Dev2** is Dev1 after RL, with an additional reward for staying in one language.
#
# **Dev3** starts from the base a third time. It reads the many **samples** that Dev2 has
# written and a filter has kept (about 600,000 in the paper), and about 200,000 other texts.
#
# **R1** is Dev3 after RL with two kinds of reward: verifiers where there is a right
# answer, and learned reward models where there is not.
#
# **Distill** is another, smaller base that has read the same samples. No RL is used.
#
# One mistake is so common that it is worth a cell. Zero's *weights* end with Zero.
# They are not the start of Dev1; Zero only writes texts. The recipe of the library says so:

# %% tags=["slide", "nbval-check-output"]
print(f"{'stage':9}{'starts from':13}reads")
for stage in RECIPE:
    print(f"{stage.name:9}{stage.start or '-':13}{', '.join(stage.reads) or '-'}")
starts = {stage.name: stage.start for stage in RECIPE}
assert [name for name in starts if starts[name] == "zero"] == []

# %% [markdown]
# (`cold` and `samples` are tables of texts, not models. `helpful` and `harmless` are the
# two reward models of the last step; the map leaves them out.)

# %% [markdown] tags=["slide"]
# ## 6. One prompt through six models
#
# Now ask all six the same two things: the sum from above, and a fact that they have
# read. The temperature is 0, so each gives its most likely answer.

# %% tags=["slide"]
PARIS = "What is the capital of France?"
thinks = {}
for prompt in (APPLES, PARIS):
    print(f"----- {prompt}")
    for name in NAMES:
        completion = ask(name, [prompt], temperature=0.0)[0][0]
        thinks[prompt, name] = "<think>" in completion.text
        show(name, completion)

# %%
assert not thinks[APPLES, "base"] and all(thinks[APPLES, n] for n in NAMES[1:])
assert all(thinks[PARIS, name] for name in ("zero", "dev1", "dev2"))
assert not any(thinks[PARIS, name] for name in ("base", "dev3", "r1"))

# %% [markdown]
# What you see, in three lines:
#
# - **The sum.** Only the base guesses. RL has made Zero think, and all later models have
#   learned it from texts or rewards. `yes true` in place of `yes` is the cold start's
#   wording.
# - **The fact.** Zero, Dev1 and Dev2 think here, too. Thinking paid in the games for which
#   Zero and Dev2 were rewarded, and the cold start that Dev1 read thinks about facts, too.
# - **Dev3 and R1** answer the fact at once. The samples have taught Dev3 both: sums with
#   thinking, facts without.

# %% [markdown] tags=["slide"]
# ## 7. The same exam for all six
#
# One prompt shows little. So we ask each model four kinds of test questions, twice each,
# and count. The temperature is 1 now. At 0, long thinking tends to repeat itself, and the
# authors of R1 do not use it either: they sample at 0.6 (chapter 15).

# %%
questions = {
    "sums": problems(arithmetic.sample, 64, 1, "test"),
    "facts": problems(requests.SAMPLE["facts"], 64, 1, "test"),
    "harm": [
        request
        for request in problems(requests.SAMPLE["refusal"], 80, 1, "test", "hard")
        if requests.harmful(request)
    ],
    "countdown": problems(countdown.sample, 64, 1, "test"),
}


def is_mixed(problem, text):
    """Is a verdict in the language that was not asked for?"""
    return skills.mixes(text, problem.language)


def measure(name, asked, rule=check, k=2, opening=""):
    """Ask k times each; return (mean of a rule, low, high) and all rows."""
    rows = ask(name, [problem.prompt for problem in asked], k, opening=opening)
    values = [
        fmean(rule(problem, completion.text) for completion in row)
        for problem, row in zip(asked, rows, strict=True)
    ]
    return (fmean(values), *interval(values)), rows


# %%
RULES = {
    "sums right": ("sums", check),
    "facts right": ("facts", check),
    "harm refused": ("harm", check),
    "languages mixed": ("countdown", is_mixed),
}
panels, answers = {title: {} for title in RULES}, {}
for title, (kind, rule) in RULES.items():
    for name in NAMES:
        value, answers[kind, name] = measure(name, questions[kind], rule)
        panels[title][name] = [value]
    print(f"{title}: {len(questions[kind])} questions to each model")

# %% tags=["slide"]
plots.interval_dots(panels, "share")

# %% [markdown]
# What you see: one dot for each model and kind of question, with a 95% interval over
# the questions (chapter 15 explains it). Seed 0 is the first of three training runs. The
# last panel counts countdown answers with a verdict in the other language: small is good.
#
# The panels are the story of the R1 paper in miniature. Read them from top to bottom.
# RL lifts the sums, and mixing comes with it. From the cold start on, mixing is rare again.
# Dev3 and R1 answer more facts right than Zero, and refuse more of what they should.


# %%
def share(title, name):
    return panels[title][name][0][0]


assert share("sums right", "zero") > share("sums right", "base") + 0.4
assert share("sums right", "r1") > share("sums right", "base") + 0.4
assert share("languages mixed", "zero") > 0.15
assert max(share("languages mixed", name) for name in NAMES[2:]) < 0.15
assert share("facts right", "r1") > share("facts right", "zero") + 0.1
assert share("harm refused", "r1") > share("harm refused", "zero") + 0.2

# %% [markdown]
# And how do they think? Here is the first English countdown question that Zero and R1 got
# right and the base got wrong, with the first answer of each:

# %% tags=["slide"]
trio = ("base", "zero", "r1")
for i, problem in enumerate(questions["countdown"]):
    firsts = [answers["countdown", name][i][0] for name in trio]
    marks = [problem.check(completion.text) for completion in firsts]
    if problem.language == "en" and marks == [False, True, True]:
        break
assert marks == [False, True, True]

print(problem.prompt)
for name, completion in zip(trio, firsts, strict=True):
    show(name, completion)

# %% [markdown]
# What you see: the same game with more or less patience. Zero and R1 try, check, and go
# on after a "no". (Where you see Korean: `아니` is no, `맞아` is yes.) Not all of their
# answers end so well. An answer here may have 160 tokens, and a model that is still
# thinking then has not answered.

# %% [markdown] tags=["slide"]
# ## 8. When thinking helps, and when it wastes tokens
#
# "What is the capital of France?" has its answer stored in the weights or not. "A train
# goes 60 km an hour for 3 hours" has its answer nowhere: it must be worked out. Does
# thinking help both?
#
# The base model is the fair one to ask. It has read both kinds of questions, with and
# without thinking. We begin its answer for it: with `<answer>`, so that it answers
# at once, or with `<think>`, so that it must think.


# %% tags=["slide"]
def mean_tokens(rows):
    return fmean(completion.tokens for row in rows for completion in row)


ways, tokens = {}, {}
for kind in ("sums", "facts"):
    ways[kind] = {}
    for way, opening in (("at once", "<answer>"), ("thinking", "<think>")):
        value, rows = measure("base", questions[kind], k=6, opening=opening)
        ways[kind][way], tokens[kind, way] = value, mean_tokens(rows)

plots.bars_with_intervals(ways, "right")

# %%
assert ways["sums"]["at once"][0] < 0.2 and ways["sums"]["thinking"][0] > 0.6
assert ways["facts"]["thinking"][0] < ways["facts"]["at once"][0]
for (kind, way), number in tokens.items():
    print(f"{kind:6} {way:9}{number:4.0f} tokens an answer")

# %% [markdown]
# What you see: with thinking the base gets most sums right, without it hardly any. On facts
# thinking buys nothing, and costs several times the tokens. The base "thinks" about a fact
# by writing down the question and an idea. A likely reason for the loss: each of these
# words is one more chance to go wrong.
#
# How much of this is our own doing? The size of the gain on sums is: guesses on our web
# are bad, so the base has learned to guess badly. The direction is not special to us.
# Chain-of-thought prompts help most where a problem takes several steps (arXiv 2201.11903),
# and large reasoning models spend hundreds of tokens on 2 + 3 (arXiv 2412.21187).
# That is called **overthinking**.
#
# A good reasoning model therefore also decides *whether* to think. Count how often ours do:

# %% tags=["slide"]
thinking = {}
print("share with thinking   sums  facts")
for name in ("base", "zero", "r1"):
    for kind in ("sums", "facts"):
        texts = [completion.text for row in answers[kind, name] for completion in row]
        thinking[name, kind] = fmean("<think>" in text for text in texts)
    print(f"{name:20}{thinking[name, 'sums']:6.0%}{thinking[name, 'facts']:7.0%}")
assert thinking["base", "sums"] < thinking["base", "facts"] < 0.7
assert thinking["zero", "facts"] > 0.8 > 0.3 > thinking["r1", "facts"]

# %% [markdown]
# What you see: the base thinks more about facts than about sums, like the people of its
# web. Zero always thinks. R1 thinks about sums and not about facts.
#
# R1 did not discover that by itself. Look into the two tables of texts on the map. Dev1
# reads `cold`, Dev3 reads `samples`. How many of their answers think?

# %% tags=["nbval-check-output"]
print("share with thinking   sums  facts")
for table in ("cold", "samples"):
    print(f"{table:20}", end="")
    for family in ("arithmetic", "facts"):
        rows = tables.load(artifacts.path(f"{table}-tiny"))
        texts = [row["completion"] for row in rows if row["family"] == family]
        print(f"{fmean('<think>' in text for text in texts):7.0%}", end="")
    print()

# %% [markdown]
# Whoever writes the samples decides when the model thinks. Chapter 12 writes them.

# %% [markdown] tags=["slide"]
# ## 9. What an answer costs
#
# Tokens are the price of thinking: in time, in electricity and on the bill. But the
# tokens of a wrong answer are wasted, too. So divide what all answers cost by the number of
# right ones:
#
# $$ \text{tokens for a right answer} =
#    \frac{\text{tokens of all answers}}{\text{number of right answers}} $$

# %% tags=["slide"]
print(f"{'':16}{'tokens':>8}{'right':>7}{'tokens for a right one':>25}")
price = {}
for (kind, way), number in tokens.items():
    right = ways[kind][way][0]
    price[kind, way] = number / right if right else math.inf
    print(f"{kind:6} {way:9}{number:8.0f}{right:7.0%}{price[kind, way]:25.0f}")
assert price["sums", "thinking"] < price["sums", "at once"]
assert price["facts", "thinking"] > price["facts", "at once"]

# %% [markdown]
# What you see: on sums the long answer is the cheaper one for each right answer, and on
# facts the short one is. (This count assumes that somebody can tell right from wrong.)
#
# What would it be at full size? In R1 each token uses only a part of the weights
# (chapter 04). It takes about two operations (FLOPs) for each weight that it uses, and
# some more to look back at the text so far. The library counts them:

# %% tags=["nbval-check-output"]
full = PRESETS["deepseek-v3"]  # R1 has the shape of DeepSeek-V3
print(f"{counts.parameters(full) / 1e9:.0f} billion weights", end=", ")
print(f"{counts.active_parameters(full) / 1e9:.0f} billion of them for each token")
for written in (10, 1_000, 10_000):
    flops = sum(counts.decode_flops(full, place) for place in range(1, written + 1))
    dollars = 2 * written / 1_000_000
    print(f"{written:6,} tokens: {flops / 1e9:12,.0f} GFLOPs, {dollars:.5f} dollars")

# %% [markdown]
# What you see: an answer of ten thousand tokens beside one of ten. The dollars assume a
# price of 2 dollars a million tokens; put in what your provider asks. The FLOPs grow
# faster than the tokens, because later tokens look back at a longer text.
# Chapter 03 shows what the memory for this costs.

# %% [markdown] tags=["slide"]
# ## 10. Thinking that is shown, and thinking that is hidden
#
# Who gets to read the thinking? There are three cases.
#
# **Shown.** R1's weights are public, and everything it writes can be read.
#
# **Hidden.** OpenAI's o1 writes a chain of thought, too, but users see only a summary of
# it. They pay for all tokens all the same.
#
# **Not written.** Every model computes in its layers, and nothing of that appears as
# text. Some research models are trained to do more of it there (Coconut, arXiv 2412.06769).
#
# The first two differ only in what is cut away before the user sees it. What is left is
# called the **summary**:

# %%
# r1lib.tokenizer.chat.summary

# %%
whole = ask("r1", [APPLES], temperature=0.0)[0][0]
left = summary(whole.text)
seen = len(models["r1"][1].encode(left, allow_special=True))
print(f"shown ({whole.tokens} tokens)\n{whole.text}\n")
print(f"hidden ({seen} tokens)\n{left}\n")
print(f"paid for but not seen: {whole.tokens - seen} tokens")
assert 0 < seen < whole.tokens / 2

# %% [markdown]
# The next turn of a conversation does the same cut. Earlier thinking is dropped from the
# prompt, even where the user has seen it (chapter 02).
#
# Thinking that is shown can be checked, but it is no proof. The verifier in section 2
# accepted a right answer behind a thought about the moon. Nothing in R1's accuracy reward
# asks whether the written steps are the ones that led to the answer.

# %% [markdown] tags=["slide"]
# ## 11. Four ways to build a reasoning model
#
# ![Four rows. One: a base thinks longer when asked, with more tokens, more samples and a vote; the weights stay the same; chapter 07. Two: a base and pure RL give R1-Zero; chapter 09. Three: a base, SFT and RL give R1; chapters 10 to 13. Four: a small base and SFT on a teacher's texts give Distill; chapter 14.](../figures/01_ways.png)
#
# What you see: the four ways, and where the book builds each.
#
# 1. **Inference-time scaling** leaves the weights alone and spends more on each
#    question: a prompt that asks for steps, many samples and a vote, a search.
# 2. **Pure RL** rewards right answers in the right form. No examples are shown; RL makes
#    habits usual that the base had now and then (chapter 09). The thinking that
#    grows is not always pleasant to read.
# 3. **SFT and RL** is the way of R1: examples for form and breadth, rewards for skill.
# 4. **SFT alone** on a strong model's texts is called **distillation**. It is cheap, and it
#    needs a teacher.
#
# The ways can be combined: one may let R1 vote, too. Here they are on one exam, countdown.
# For the first we let the base think, eight times for each question, and take the
# answer that it gives most often.


# %%
def vote(asked, k=8):
    """Let the base think k times and vote: the share right, its interval, the rows."""
    rows = ask("base", [problem.prompt for problem in asked], k, opening="<think>")
    values = []
    for problem, row in zip(asked, rows, strict=True):
        votes = [problem.ballot(completion.text) for completion in row]
        chosen = majority(votes)
        text = row[votes.index(chosen)].text if chosen is not None else ""
        values.append(float(problem.check(text)))
    return (fmean(values), *interval(values)), rows


# %%
for name in ("student", "distill"):
    models[name] = artifacts.load(f"{name}-tiny")
asked, k = questions["countdown"], 8
dots, spent = {}, {}
for label, name in (
    ("base, as it is", "base"),
    ("1  base, 8 thoughts, vote", None),
    ("2  R1-Zero", "zero"),
    ("3  R1", "r1"),
    ("a small base, as it is", "student"),
    ("4  Distill", "distill"),
):
    value, rows = measure(name, asked, k=4) if name else vote(asked, k)
    dots[label] = [value]
    spent[label] = mean_tokens(rows) * (1 if name else k)

# %% tags=["slide"]
plots.interval_dots({"countdown, right": dots}, "share")

# %% tags=["slide"]
for label, number in spent.items():
    print(f"{label:27}{number:5.0f} tokens an answer")


# %%
def gain(before, after):
    return dots[after][0][0] - dots[before][0][0]


start, small = "base, as it is", "a small base, as it is"
for label in ("2  R1-Zero", "3  R1"):
    assert gain(start, label) > 0.25, label
assert gain(start, "1  base, 8 thoughts, vote") > 0
assert gain(small, "4  Distill") > 0

# %% [markdown]
# What you see: each way beats the model that it starts from. The vote needs by far the most
# tokens, each time it is asked. The trained models paid for their skill once, during training.
#
# Nor is this a race between 2 and 3. R1 is not made to be better at countdown than Zero;
# section 7 shows what it has instead. And Distill cannot be compared with the rest. It is
# smaller, and starts from a base that has hardly learned to add:

# %%
for name in ("base", "student"):
    value, _ = measure(name, questions["sums"], opening="<think>")
    size = sum(p.numel() for p in models[name][0].parameters())
    print(f"{name:8}{size:8,} weights, sums right with thinking: {value[0]:.0%}")
assert value[0] < 0.4

# %% [markdown] tags=["slide"]
# ## 12. What is known of o1
#
# OpenAI's o1 (September 2024) made reasoning models known. What has its maker said, and
# what not? The source is the post "Learning to reason with LLMs".
#
# **Said.** o1 was trained by large-scale RL to use a chain of thought. Its accuracy grows
# with the compute of training *and* with the time spent on thinking. The raw chain is
# hidden, and a summary is shown. The post also gives results on AIME 2024, a mathematics
# competition for schools: 74% with one sample, 83% with a vote of 64, and 93% where a
# learned score chose among 1,000 samples.
#
# **Not said.** Its size, its data, its rewards, whether it was fine-tuned on examples
# first, and whether an ordinary answer uses a search or a vote. "o1 does a
# tree search" is a guess.
#
# The R1 paper shows one open recipe that reaches similar scores. It does not show that
# o1 was made in this way.

# %% [markdown]
# ## 13. What this chapter does not show
#
# All numbers here are of one training run on a web that we wrote. Chapter 15 repeats the
# measurements over three runs and says how sure they are.
#
# Our games are not mathematics, our facts are a short list, and our models repeat what
# they have read. What carries over is the *recipe*, step by step. The size of each gain
# does not.
#
# ## Summary
#
# - A reasoning model is a language model that has learned to write steps before its
#   answer. The steps are ordinary tokens.
# - An ordinary assistant: pre-training, SFT, preferences. The recipe of R1 uses the same
#   kinds of step. Three of its models start from the base; Zero passes on texts only.
# - The tiny world has countdown and arithmetic, tapes and checks, slips, three styles, two
#   languages and three splits.
# - Thinking pays where an answer must be worked out, and wastes tokens where it is stored.
# - Compare the tokens for a *right* answer, and count hidden tokens, too.
# - Four ways: think longer, pure RL, SFT and RL, SFT alone.
#
# ## Questions
#
# 1. A friend says: "R1 is R1-Zero with some polish." What is wrong, and what did R1
#    really get from Zero?
#
#    <details><summary>Answer</summary>R1's weights go back to Dev3 and from there to the
#    base, not to Zero. Zero wrote a part of the cold-start texts. Dev1 read them, Dev2
#    grew out of Dev1, and Dev2 wrote the samples that Dev3 read.</details>
#
# 2. Your reasoning model answers "Which country is Lima in?" with 400 tokens of thinking.
#    Name two things that you could change.
#
#    <details><summary>Answer</summary>At the time of the question: begin its answer after the
#    thinking, or send facts to a model that does not think. In training: add facts answered
#    at once to the SFT samples, as Dev3's were, or let tokens cost reward
#    (chapter 07).</details>
#
# 3. A provider hides the thinking and bills its tokens. Which of the statements in this chapter
#    could you still check from outside?
#
#    <details><summary>Answer</summary>Whether the answers are right, and what a right answer
#    costs, because the bill counts the tokens. Not how the model thinks, in which
#    language, or whether it votes.</details>

# %% [markdown]
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/01_reasoning_models.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 1.1** (easy, 10 min) Take a completion apart. Return `(thinking, summary)`: what
# is between `<think>` and `</think>`, and what comes after that. A completion without
# these tags has no thinking. If the thinking never ends, there is no summary.
#
# <details><summary>Hint</summary>`str.partition` cuts at the first occurrence, and
# `str.removeprefix` drops the opening tag.</details>


# %% tags=["exercise"]
def split_completion(completion):
    """A completion -> (thinking, summary), without the two tags."""
    # BEGIN SOLUTION
    if "</think>" in completion:
        thinking, _, summary = completion.partition("</think>")
    elif completion.startswith("<think>"):
        thinking, summary = completion, ""
    else:
        thinking, summary = "", completion
    return thinking.removeprefix("<think>"), summary
    # END SOLUTION


# %% tags=["check"]
checks.ex_1_1(split_completion)

# %% [markdown] tags=["exercise-text"]
# **Exercise 1.2** (medium, 20 min) Find the slips. Return the numbers of the steps on a
# tape whose result is wrong; the first step is number 1. Each step goes on from the result
# that is *written* before it, so a slip does not make the steps after it wrong. A division
# that leaves a remainder, or by 0, is wrong whatever is written.
#
# <details><summary>Hint</summary>Keep the current value in a variable, and set it to the
# written result after each step. Test a division by multiplying back.</details>


# %% tags=["needed"]
def steps(tape):
    """First number, then the steps: "17+5=22,*2=44" -> 17, [("+", 5, 22), ...]."""
    found = re.findall(r"([-+*/])(\d+)=(\d+)", tape)
    first = int(re.match(r"\d+", tape)[0])
    return first, [(op, int(number), int(result)) for op, number, result in found]


# %% tags=["exercise"]
def find_slips(tape):
    """The numbers of the wrong steps: "17+5=22,*2=40,-8=32" -> [2]."""
    # BEGIN SOLUTION
    (value, rest), wrong = steps(tape), []
    for i, (operation, number, result) in enumerate(rest, 1):
        right = {
            "+": value + number == result,
            "-": value - number == result,
            "*": value * number == result,
            "/": number != 0 and number * result == value,
        }
        if not right[operation]:
            wrong.append(i)
        value = result
    return wrong
    # END SOLUTION


# %% tags=["check"]
checks.ex_1_2(find_slips)

# %% [markdown] tags=["exercise-text"]
# **Exercise 1.3** (easy, 10 min) Whose weights? `starts` says for each stage from whose
# weights it starts; `None` means from random ones. Return all stages that a model's weights
# go back to, the nearest first. For `"r1"` this is `["dev3", "base"]`.
#
# <details><summary>Hint</summary>Follow `starts` in a `while` loop until it says
# `None`.</details>


# %% tags=["exercise"]
def ancestors(stage, starts):
    """The stages whose weights went into this one, nearest first."""
    # BEGIN SOLUTION
    found = []
    while starts[stage] is not None:
        stage = starts[stage]
        found.append(stage)
    return found
    # END SOLUTION


# %% tags=["check"]
checks.ex_1_3(ancestors)

# %% [markdown] tags=["exercise-text"]
# **Exercise 1.4** (easy, 5 min) The price of being right. You get the tokens of each answer,
# and for each a 1 or 0: right or wrong. Return the tokens spent for each right answer. If
# nothing is right, no number of tokens is enough: return `math.inf`.
#
# <details><summary>Hint</summary>Wrong answers cost tokens, too.</details>


# %% tags=["exercise"]
def tokens_per_right(tokens, right):
    """Tokens of all answers, divided by the number of right ones."""
    # BEGIN SOLUTION
    return sum(tokens) / sum(right) if sum(right) else math.inf
    # END SOLUTION


# %% tags=["check"]
checks.ex_1_4(tokens_per_right)

# %% [markdown] tags=["exercise-text"]
# **Exercise 1.5** (medium, 15 min) Decide how long to think. `ways` maps the name of a way
# to `(share right, tokens)`. A way is good enough if its share is at most `slack` below the
# best share. Return the name of the good way with the fewest tokens; of two with as many
# tokens, the better one.
#
# <details><summary>Hint</summary>Find the best share first. `min` with a key that returns
# a pair compares the second part where the first is equal.</details>


# %% tags=["exercise"]
def choose_way(ways, slack):
    """The cheapest way that is nearly as good as the best."""
    # BEGIN SOLUTION
    best = max(right for right, _ in ways.values())
    good = [name for name, (right, _) in ways.items() if right >= best - slack]
    return min(good, key=lambda name: (ways[name][1], -ways[name][0]))
    # END SOLUTION


# %% tags=["check"]
checks.ex_1_5(choose_way)
