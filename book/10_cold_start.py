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
# # Cold start: thinking that people can follow
#
# | | |
# |---|---|
# | You will build | a measure of readability and a way to fool it; a rewriter of traces; supervised fine-tuning with mask, loss, training loop and packed rows; and Dev1, fine-tuned before your eyes |
# | You need | PyTorch tensors and gradients; the two games of chapter 01, and what R1-Zero is (chapter 09). Section 6 uses one function of chapter 08 and the optimizers of chapter 05; both are named where they come |
# | Minutes to read | 85; the exercises take about 95 |
# | Minutes to run | 1, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v2), table 3 and supplement B.3.2 and B.4.2; arXiv 2501.12948v1, sections 2.2.4 and 2.3.1; O1 Replication Journey (arXiv 2410.18982) |
#
# ![The map of the recipe. A frame, you are here, holds the table called cold start and the model Dev1. Dashed arrows for texts lead from R1-Zero and from the base to the cold start, and from there to Dev1. A solid arrow for weights leads from the base to Dev1, and from there on to Dev2. R1-Zero has no solid arrow to any later model.](../figures/10_map.png)
#
# What you see: the recipe of R1, with the two boxes of this chapter in colour. Solid
# arrows carry weights, dashed arrows carry only texts.
#
# | section | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 |
# |---|---|---|---|---|---|---|---|---|---|---|
# | minutes to read | 6 | 4 | 5 | 10 | 7 | 10 | 6 | 22 | 6 | 8 |
#
# **The short route:** skip sections 7 and 10. Nothing else depends on them, except one
# exercise each.

# %% [markdown]
# **Run this first.** It imports everything, and seeds the one global random generator.

# %% tags=["setup"]
import copy
import json
import math
import random
import tempfile
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import fmean

import torch
from torch import nn

from r1lib import artifacts, checks, evaluate, plots
from r1lib.losses import token_logprobs
from r1lib.problem import problems, split_of
from r1lib.recipe import cold_start, pipeline
from r1lib.sampling import Sampling, completions
from r1lib.tokenizer import chat
from r1lib.traces import collect, tables
from r1lib.training import optim, packing, sft
from r1lib.training.batches import batches
from r1lib.world import arithmetic, countdown, readability, rewrite, skills, web
from r1lib.world.countdown import WORDS, run_tape, write_expression
from r1lib.world.rewrite import FITS, MISS, missed, read_tape, said_of, verdict

torch.manual_seed(0)
RESULTS = Path("../results/data")
BUDGET = 150  # tokens that a completion may have in this chapter

# %% [markdown] tags=["slide"]
# ## 1. Why begin again?
#
# Chapter 09 ended well. R1-Zero learned to reason from nothing but right and wrong. On
# the first try it solves about four times as many problems as its base. So why doesn't
# the book end here?
#
# Because people have to read what it writes. Here are the base and our R1-Zero, called
# Zero from now on. Both answer held-out problems of the two games at temperature 1. We
# print three right answers of Zero to countdown problems, each with several lines of
# thinking: the first in English, the first in Korean, and the first that mixes.

# %%
base, tokenizer = artifacts.load("base-tiny")
zero, _ = artifacts.load("zero-tiny")
held_out = pipeline.held_out(64, "valid")  # 64 problems of each game
ask = partial(evaluate.answer, tokenizer=tokenizer, max_new_tokens=BUDGET)
before = {
    name: ask(model, problems=held_out, k=2)
    for name, model in (("base", base), ("Zero", zero))
}


def samples(answers):
    """All (problem, completion, right) of some answers, one after the other."""
    rows = zip(answers.problems, answers.texts, answers.right.tolist(), strict=True)
    return [(p, t, r) for p, ts, rs in rows for t, r in zip(ts, rs, strict=True)]


def show(text):
    """Print a completion, indented."""
    print("    " + text.replace("\n", "\n    ") + "\n")


# %% tags=["slide"]
seen = set()
for problem, text, right in samples(before["Zero"]):
    several = right and problem.family == "countdown" and text.count("\n") > 2
    mixes = readability.mixed_share(problem, text) > 0
    kind = "mixed" if mixes else problem.language
    if several and kind not in seen:
        seen.add(kind)
        print(f"{kind}: {problem.prompt}")
        show(text)

# %% [markdown]
# You can follow this because chapter 01 explained the tape. (숫자 is *numbers*, 목표
# *target*, 아니 *no*, 맞아 *yes*. Later come 거짓, *false*, and 참, *true*.) A stranger sees a
# strip of sums with a few words between them. One word of the mixed answer is in the
# wrong language. The first answer does the same sum twice. The Korean one uses an 18
# that was not given.
#
# The real R1-Zero has the same faults: its thinking is hard to follow and mixes
# languages (arXiv 2501.12948v1, section 2.2.4). No reward ever depended on a reader.
#
# ### What the authors did
#
# They call the motive for what comes next "primarily product-driven" (arXiv
# 2501.12948v2, supplement B.3.2): people like a text that thinks as they do. So the new
# examples say "I". They make sure that the problem is understood, then reason, reflect
# and verify, in the language of the question. A **summary** of the steps follows. The
# same paragraph warns that such a voice can earn more trust than the model deserves.
#
# The way to it is **supervised fine-tuning** (SFT): the model reads a small set of good
# examples and learns to continue prompts as they do. The paper calls this stage the
# **cold start**. RL that begins with a raw base is unstable at first, and a little
# supervised data, thousands of examples, warms it up (v1, section 2.3.1). The model that
# has read them is called **Dev1** in version 2 of the paper.
#
# Two points are easy to get wrong.
#
# **Dev1 starts from the base, not from R1-Zero.** Follow the solid arrows on the map.
# R1-Zero passes on texts only.
#
# **Some reasoning gets worse first.** Here are five rows of the paper's table 3 (v2):
#
# | benchmark | measures | R1-Zero | Dev1 | R1 |
# |---|---|---|---|---|
# | AIME 2024 | competition mathematics | 77.9 | 59.0 | 79.8 |
# | MATH-500 | mathematics | 95.9 | 94.2 | 97.3 |
# | LiveCodeBench | programs | 50.0 | 57.5 | 65.9 |
# | IF-Eval | following instructions | 46.6 | 71.7 | 83.3 |
# | AlpacaEval 2.0 | being preferred to another model | 24.7 | 50.1 | 87.6 |
#
# Dev1 follows instructions and pleases people far better. It loses 19 points on AIME
# and 2 on MATH-500, but *gains* 7.5 on programs. The authors put the loss down to the
# small size of the cold start (v2, section 4). Later stages win it back. So if your
# Dev1 solves fewer problems than R1-Zero, nothing is broken.

# %% [markdown] tags=["slide"]
# ## 2. What a reader sees
#
# ![Two cards. The upper one holds three lines as R1-Zero may write them, with notes: worded, a bare verdict; fresh, the same sum once more; language, a verdict in another one. Below, the two lines that the rewriter makes of them: fresh, each attempt once; worded, a verdict and a word; language, that of the question.](../figures/10_marks.png)
#
# What you see: one trace before and after this chapter's rewriter, with a reader's
# notes in the margin.
#
# To say "hard to read" with a number we need a scale. The paper gives none, so this one
# is ours: five **marks**, each a share from 0 to 1. They know nothing about right and
# wrong, and they were fixed before any example of this chapter was written.
#
# - *language*: words of the thinking that are in the language of the question;
# - *fresh*: lines that were not written before, with or without `again` in front;
# - *short*: lines of at most 60 characters;
# - *worded*: lines with at least two words in the language of the question;
# - *finished*: 1 if the thinking ends and an answer follows, otherwise 0.
#
# Most marks are plain counts. *Worded* also gives half a point for one word. So
# `8-3=5,*7=35~35=0 yes` gets 0.5. With a second word, `yes fits`, it would get 1, and with
# 맞아 in place of `yes` 0, because the question is in English.
#
# **Readability** is the mean of the five, and 0 without thinking. Try it on three texts.
# The third one is a cheap trick: the first text with a word added after each verdict.


# %% tags=["nbval-check-output"]
def decorate(text):
    """Add a word after every verdict, and look no further."""
    for language, words in WORDS.items():
        for said, reasons in (("no", MISS), ("yes", FITS)):
            bare = words[said] + "\n"
            text = text.replace(bare, words[said] + reasons[language] + "\n")
    return text


game = countdown.make((3, 7, 8), 35, "en", "(8-3)*7")
miss, hit = "8+7=15,-3=12~35=23 no", "8-3=5,*7=35~35=0 yes"
end = "\n</think><answer>(8-3)*7</answer>"
notes = f"<think>{miss}\nagain {miss}\n{hit}{end}"
mixed = f"<think>{miss}\n{hit.replace(WORDS['en']['yes'], WORDS['ko']['yes'])}{end}"
names = list(readability.marks(game, notes))
print(f"{'':10}" + "".join(f"{name:>10}" for name in names) + f"{'mean':>10}")
for name, text in (("notes", notes), ("mixed", mixed), ("decorated", decorate(notes))):
    row = list(readability.marks(game, text).values())
    print(f"{name:10}" + "".join(f"{value:10.2f}" for value in [*row, fmean(row)]))

# %% [markdown]
# Check the first row by hand. The text has three lines. The second repeats the first, so
# two of three are fresh: 0.67. The lines end in `no`, `again … no` and `yes`. That is one
# word, two, and one, so *worded* is (0.5 + 1 + 0.5) / 3 = 0.67. The other three marks are
# 1, and the mean is 0.87. The second text gives one of its two verdicts in Korean.
#
# The third row is a warning. It still does the same sum twice, and no line says more
# than before. Yet its mark for words is perfect. When a measure becomes a target, it stops
# being a good measure. This is Goodhart's law (chapter 06); chapter 13 shows it at work. So
# readability must never be a reward. And `decorate` becomes our **control**: we compare
# what Dev1 gains with what the trick gains.

# %% [markdown] tags=["slide"]
# ## 3. The recipe, and four sources
#
# ![From left to right: four sources of traces, R1-Zero, the base begun with a thought, the base steered to reflect, and a person; then keep what is right, rewrite, check again, and the cold start, a small table of texts. Below, fine-tuning starts from the base, not from R1-Zero, and gives Dev1.](../figures/10_cold.png)
#
# What you see: the way of a trace through this chapter. Small numbers are sections.
#
# Our tiny world can copy the process faithfully, but the language only in part:
#
# | | the paper (v2, B.3.2) | here |
# |---|---|---|
# | sampled | R1-Zero at temperature 1.0, several traces for each of thousands of prompts | Zero and the base, temperature 1 |
# | kept | right and readable | right, and such that the program can make them readable |
# | rewritten | by people, then by a language model after their examples; checked by people | by a program, checked by the verifier |
# | voice | first person, conversational | each verdict gets a second word |
# | at the end | a summary of the steps | the bare answer |
#
# Ours is poorest in the row about the voice. The tapes stay tapes. **In this edition
# "readable" mostly means a word after each verdict, one language, and no line that
# repeats another.** That is far from prose. This invented example shows what prose would
# be:
#
# | as R1-Zero may write it | as a row of a real cold start |
# |---|---|
# | we have x^2=9 so x=±3 wait 检查 (-3)^2=9 ok both | *Let me see what is asked: all x with x² = 9. The root gives 3. Wait, I should check −3, too: (−3)² = 9, so it fits.* **Summary:** x² = 9 has two solutions, 3 and −3. |
#
# Version 1 of the paper (section 2.3.1) names four sources. One is R1-Zero's own samples.
# The three others are examples in the prompt, a request to reflect, and people.

# %% [markdown]
# ### Examples in front of the question
#
# A **few-shot** prompt puts solved examples in front of a question, and a large base
# model continues in their manner. In the tiny web a document holds one question and one
# answer. Our base has never seen a second question, so we do not count on examples.
#
# We use a simpler push instead and write the first token of a long thought, `<think>`,
# for the model. This source is called *begun*. The small table of this chapter leaves it
# out. In the full table it gives the puzzles and programs.
#
# ### Ask for reflection
#
# A chat model obeys "check your answer, and try again if it is wrong". Our base obeys
# no orders, but sampling can be **steered**: at each token we may forbid some choices.
# Here `</think>` stays forbidden until a yes has been written, and the word `again` is
# never allowed. Chapter 09 used this as a control. Here it is a source: it shows what
# the base *could* write if it had to reflect.

# %%
asked = [p for p in held_out if p.family == "countdown" and p.language == "en"]
steer = skills.never_give_up(tokenizer, avoid=countdown.AGAIN.values())
steered = ask(base, problems=asked[:12], k=1, prefix="<think>", steer=steer, seed=1)
for problem, text, right in samples(steered)[:2]:
    print(problem.prompt, f"  [{'right' if right else 'wrong'}]")
    show(text)

# %% [markdown]
# In our run one line of the second trace has a Korean verdict, and the third line uses a
# 19 that was not given. Such lines are work for the rewriter of section 4.
#
# ### A person
#
# For general requests (a fact, a letter, a request that must be refused) the paper has
# no rule that finds the good answers. So people refined them. Our "person" is a script
# that knows a good reply to every training request. It writes a line or two of thinking
# first, in the language of the question. It refuses what does harm, and answers requests
# that only sound harmful.

# %% tags=["nbval-check-output"]
cases = (("facts", 3), ("refusal", 1), ("refusal", 0), ("instructions", 5))
for family, seed in cases:
    (problem,) = problems(web.SAMPLE[family], 1, seed, "train", language="en")
    text = cold_start.person(random.Random(0), problem)
    print(problem.prompt, f"  right: {problem.check(text)}")
    show(text)

# %% [markdown] tags=["slide"]
# ## 4. The rewriter
#
# A right sample is not yet a readable one. In the paper a language model rewrites it, with
# the instruction to translate the thinking into the language of the question. Tiny traces
# are so regular that a program can do this work. The trick from section 2 will not do:

# %% tags=["nbval-check-output"]
print(decorate(notes))

# %% [markdown]
# The sum that was done twice is still there. `decorate` would let worse things through: a
# Korean verdict on an English question, a slip such as `8-3=6` in a line that was
# rejected anyway, or a wrong distance. All of this occurs in right answers, because only
# the answer was judged.
#
# A person who rewrites *understands* the line. The program has to parse it: back into
# numbers, operations and results. Then it does the sums again:

# %% tags=["nbval-check-output"]
for tape in ("8-3=5,*7=35", "8-3=6,*7=42"):
    numbers, operations, results = read_tape(tape)
    true = run_tape(numbers, operations)
    print(f"{tape}: numbers {numbers}, operations {operations}")
    print(f"    written {results}, true {true}, a slip: {results != true}")

# %% [markdown]
# With this, a countdown is rewritten in one pass over its lines. It drops three kinds:
#
# - lines with a wrong sum, because nothing in the trace notices it;
# - lines with numbers that were not given;
# - lines that repeat an attempt.
#
# Distance and verdict are computed again, and the pass ends at the first hit. `said_of`
# calls `verdict`, which writes yes or no and a second word, both in the language of the
# question. (With `words` on it would write longer phrases; here it is off.)

# %%
# r1lib.world.rewrite.countdown_lines

# %% [markdown]
# Arithmetic needs one more rule. A slip that the next line *notices* stays: there the
# thought goes wrong, sees it and corrects itself, and this habit should survive. The third
# example below has such a line.
#
# `readable` wraps both. It refuses a text that it cannot read line by line, rather than
# guess. It also refuses a text whose answer is wrong, before or after rewriting.

# %% tags=["slide", "nbval-check-output"]
print("a miss and a hit:", missed("en"), verdict("en", True, FITS["en"]), "\n")
slipped = f"<think>8-3=6,*7=42~35=7 no\n{miss}\nagain {miss}\n{hit}{end}"
korean = countdown.make((3, 7, 8), 35, "ko", "(8-3)*7")
sums = arithmetic.make((8, 3, 7), "-*", "en")
noticed = "<think>8-3=6,*7=42\n8-3=5,*7=35~42=7 no\n8-3=5,*7=35~35=0 yes"
noticed += "\n</think><answer>35</answer>"
cases = {
    "a slip and a repeated line dropped": (game, slipped),
    "the same notes, for a Korean question": (korean, notes),
    "arithmetic, a noticed slip kept": (sums, noticed),
}
for name, (problem, text) in cases.items():
    print(f"{name}:")
    show(rewrite.readable(problem, text))

refused = {
    "a guess": "<answer>(8-3)*7</answer>",
    "a wrong answer": notes.replace("(8-3)*7", "8*7-3"),
    "right by a slip": notes.replace("8-3=5,*7=35~", "8-3=6,*7=35~"),
    "two answers": notes + "<answer>35</answer>",
    "unknown words": notes.replace(miss, "hm, " + miss),
}
for name, text in refused.items():
    print(f"{name:16}{rewrite.readable(game, text)}")
once = rewrite.readable(game, notes)
print("twice rewritten, the same:", rewrite.readable(game, once) == once)

# %% [markdown]
# Why so few words? Because words are not free. A tokenizer spells in small pieces what
# it has seldom seen, and the web of our base has few plain words beside its tapes:

# %% tags=["nbval-check-output"]
readable_hit = chat.thinking(rewrite.readable(game, f"<think>{hit}{end}")).strip()
for name, line in (
    ("a note", hit),
    ("readable", readable_hit),
    ("plain words", f"I try {hit}, it fits"),
):
    ids = tokenizer.encode(line)
    pieces = " ".join(tokenizer.decode([i]) for i in ids)
    print(f"{name:12}{len(ids):3} tokens: {pieces}")

# %% [markdown] tags=["slide"]
# ## 5. Sample, keep, rewrite, check
#
# Now at a small scale. Zero answers 220 training problems of each game once, the steered
# base answers some of them twice, and the person replies to requests. `collect` only ever
# appends to its file, so a crash costs little (chapter 12). It refuses held-out problems.

# %%
folder = tempfile.TemporaryDirectory()
work = Path(folder.name)
games = [
    problem
    for family in (countdown, arithmetic)
    for problem in problems(family.sample, 220, 10, "train")
]
requested = [
    problem
    for family in cold_start.GENERAL
    for problem in problems(web.SAMPLE[family], 12, 10, "train")
]
assert {split_of(p) for p in [*games, *requested]} == {"train"}


def collected(model, asked, k, source, **settings):
    """Sample k completions of each problem; a row for each, with its verdict."""
    path = work / f"{source}.jsonl"
    settings |= {"source": source, "max_new_tokens": BUDGET, "at_once": 100}
    for _ in collect.collect(path, model, tokenizer, asked, k, **settings):
        pass
    return collect.read(path)[1]


raw = collected(zero, games, 1, "zero")
raw += collected(base, games[::11], 2, "reflect", opening="<think>", steer=steer)
raw += cold_start.written(requested, tokenizer, lambda p, text: p.check(text), seed=0)
print(f"{len(raw)} samples, {sum(row['correct'] for row in raw)} of them right")

# %% [markdown]
# `select` is the rest of the recipe. It keeps samples that are right, finished on their
# own, and can be made readable. It rewrites them and checks the result: one language, no
# line twice, no two rows that are equal up to case, width and spaces, and one row for
# each prompt. Every filter counts what it removes.

# %% tags=["slide"]
known = {problem.prompt: problem for problem in [*games, *requested]}
rows, report = cold_start.select(raw, known, tokenizer, BUDGET)
plots.funnel_bars(report)

# %% [markdown]
# Each bar shows the samples that are left after a filter, and hatched those that it
# removed. Most are dropped because they are wrong; duplicates come second. A filter that
# finds nothing stays as a guard.
#
# Sample, keep what is right, fine-tune the base on it: this loop is called **STaR** (arXiv
# 2203.14465) or rejection-sampling fine-tuning. Chapter 12 does it at scale.
#
# The table is stored as parquet with a card. Its readability will not be 1.00. In
# arithmetic the first line has no verdict, so no words: such a line and one check
# after it reach 0.90. What this cell prints is the ceiling for a model that imitates
# this table. (A table with another mixture of games has another ceiling.)

# %%
tables.save(work / "cold", rows, "Cold start of chapter 10", report)
rows = tables.load(work / "cold")
card = (work / "cold" / "README.md").read_text(encoding="utf-8")
print("\n".join(card.splitlines()[:3]))
reached = [
    readability.readability(known[row["prompt"]], row["completion"])
    for row in rows
    if row["source"] != "person"
]
assert fmean(reached) > 0.9, "the rewritten traces are hard to read"
print(f"readability of the rewritten traces: {fmean(reached):.2f}")

# %% [markdown] tags=["slide"]
# ## 6. Supervised fine-tuning
#
# Supervised fine-tuning is pre-training on a small, chosen set, with one change: the
# model learns to write completions, and is never asked to write the prompts. With orders
# and replies as examples it is also called **instruction tuning**, and in RL behaviour
# cloning, the simplest kind of **imitation learning**.
#
# ![A row of tokens: the prompt, bos to assistant, then the completion, from the opening think tag to eos, then padding. Below each token is its mask: 0 for prompt and padding, 1 for the completion. Arrows lead from a place to the token that is predicted there: the think tag at the last token of the prompt, eos at the end of the answer.](../figures/10_mask.png)
#
# What you see: one example as the loss sees it. The model reads everything to the left
# of a token, and only tokens with $m_t = 1$ are learned.
#
# With token $x_{b,t}$ in row $b$ and this mask $m_{b,t}$, the loss of a batch is
#
# $$ L = - \frac{\sum_{b,t} m_{b,t} \log \pi_\theta(x_{b,t} \mid x_{b,<t})}
#    {\sum_{b,t} m_{b,t}}, $$
#
# the token mean of chapter 09: each learned token counts the same, so long completions
# weigh more.
#
# The mask comes from the function that lays out the conversation, because only that
# function knows who wrote each token. Code that computes it later, from the ids, has to
# guess. `encode` gives ids and mask together:

# %% tags=["nbval-check-output"]
text = "<think>2+2=4\n</think><answer>4</answer>"
(example,) = sft.encode(tokenizer, [("2+2", text)])
for name, wanted in (("read only", False), ("learned", True)):
    ids = [i for i, m in zip(example.ids, example.mask, strict=True) if m == wanted]
    print(f"{name:10}", " ".join(repr(tokenizer.decode([i]))[1:-1] for i in ids))

# %% [markdown]
# The last learned token is the **eos**: stopping is part of the answer. A model that never
# learns it rambles on. This happens where padding and eos share one id, as in many
# libraries: a mask that is computed from the ids drops both.
#
# Now the loss, twice. First as slowly as possible, one token at a time and nothing padded.
# Then for a whole batch at once. `collate` pads the rows on the right, and
# `token_logprobs` looks up $\log \pi_\theta(x_{b,t} \mid x_{b,<t})$ for every token
# (chapter 08).


# %%
@torch.no_grad()
def slow_loss(model, examples):
    """The mean over learned tokens, one forward pass for each of them."""
    total, count = 0.0, 0
    for example in examples:
        for t, learned in enumerate(example.mask):
            if learned:
                logits = model(torch.tensor([example.ids[:t]]))[0, -1]
                total -= logits.log_softmax(-1)[example.ids[t]].item()
                count += 1
    return total / count


def sft_loss(model, examples):
    """The same number for a padded batch, with a gradient."""
    ids, mask = sft.collate(examples)  # (B, T) each
    logprobs = token_logprobs(model(ids), ids)  # (B, T), 0 in the first column
    return -(logprobs * mask).sum() / mask.sum()


pairs = [(row["prompt"], row["completion"]) for row in rows]
examples = sft.encode(tokenizer, pairs)
base.eval()
with torch.no_grad():
    fast = sft_loss(base, examples[:2]).item()
slow = slow_loss(base, examples[:2])
print(f"one by one {slow:.4f}, batch {fast:.4f} nats per learned token")
assert abs(slow - fast) < 1e-3

# %% [markdown]
# (The loss of the first batch below is lower. These two rows are countdowns, and the batch
# also holds arithmetic, which is easier to predict.)
#
# One step of training is that loss, its gradient, and a step of the optimizers. The
# gradient's norm is cut at 1, so that one strange batch cannot throw the model off. An
# **epoch** is one pass over all examples in shuffled order.
#
# <details><summary>Learning rate and batches, in the paper and here</summary>
#
# The learning rate rises for a few steps, then falls along half a cosine to a tenth.
# The paper's falls from 5e-5 to 5e-6, over two or three epochs, with batches of 128
# texts (v2, B.4.2). Our model is about a million times smaller, and small models take
# larger steps. So we keep the optimizers and the peak rates of pre-training (chapter
# 05), with batches of 8.
#
# </details>


# %%
def sft_step(model, optimizers, batch):
    """One step on a batch of examples; returns its loss."""
    loss = sft_loss(model, batch)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad()
    return loss.item()


def fine_tune(model, examples, epochs=2, batch_size=8, seed=0):
    """Train a model on examples, in place; yields the loss of each step."""
    optimizers = optim.base_optimizers(model, 0.01, 3e-3)  # Muon and AdamW
    plan = list(batches(examples, batch_size, epochs, seed=seed))
    model.train()
    for step, batch in enumerate(plan):
        optim.set_lr(optimizers, optim.warmup_cosine(step, len(plan)))
        yield sft_step(model, optimizers, batch)


# %% [markdown]
# The library's `sft.train` does the same and cuts large batches into parts that fit
# into memory. Three steps of both, from the same weights:

# %%
plan = sft.SFTConfig(epochs=2, batch_size=8)
twin, ours = copy.deepcopy(base), copy.deepcopy(base)
library = sft.train(twin, examples, plan, optim.base_optimizers(twin, 0.01, 3e-3))
theirs = [metrics["loss"] for metrics in islice(library, 3)]
mine = list(islice(fine_tune(ours, examples), 3))
for one, other in zip(mine, theirs, strict=True):
    print(f"ours {one:.4f}, library {other:.4f}")
    assert abs(one - other) < 1e-2

# %% [markdown]
# ## 7. Packed rows
#
# *You may skip this section at first reading: the live run is in section 8.*
#
# Examples differ in length, and a padded batch wastes computation on padding. **Packing**
# puts several examples into one row. Chapter 05 packed documents. In fine-tuning the
# mask of learned tokens is packed with them.
#
# Our code lets no example see its neighbours in the row. It gives attention a mask, and
# counts positions from 0 again in each example:

# %% tags=["nbval-check-output"]
tiny = [sft.Example([5, 6, 7], [False, True, True])]
tiny += [sft.Example([8, 9], [False, True])]
((ids, owner, learned),) = sft.pack(tiny, 6)
one_row = packing.Packed(ids[None], owner[None])
print("ids      ", ids.tolist())
print("example  ", owner.tolist())
print("position ", one_row.positions[0].tolist())
print("learned  ", learned.int().tolist())
print("\nmay look at", *ids.tolist())
for i, row in zip(ids.tolist(), one_row.mask[0, 0].tolist(), strict=True):
    print(f"{i:11}", *("#" if look else "." for look in row))

# %% [markdown]
# The row holds two examples and one token of padding. Below, in the line of each token,
# there is a `#` for every token that it may look at: itself and earlier ones of its own
# example.
#
# Is the loss the same as with padding? "About the same" would hide a neighbour that
# leaks in. So we ask in double precision, where rounding is far below any such effect:

# %% tags=["nbval-check-output"]
exact = copy.deepcopy(base).double()
with torch.no_grad():
    padded = sft_loss(exact, examples[:12])
    columns = zip(*sft.pack(examples[:12], 400), strict=True)
    ids, owner, learned = (torch.stack(column) for column in columns)
    rows_of = packing.Packed(ids, owner)
    states = exact.hidden(ids, positions=rows_of.positions, attn_mask=rows_of.mask)
    logprobs = token_logprobs(exact.head(states), ids)
    packed = -(logprobs * learned).sum() / learned.sum()
print("losses equal to ten digits:", bool((padded - packed).abs() < 1e-10 * padded))

# %%
mixture = examples[::40]  # games and general requests
lengths = [len(example.ids) for example in mixture]
filled = [
    torch.bincount(owner[owner > 0])[1:].tolist()
    for _, owner, _ in sft.pack(mixture, max(lengths))
]
layouts = {"padded": [[n] for n in lengths], "packed": filled}
plots.rows_picture(layouts, max(lengths))

# %% [markdown]
# What you see: above, ten examples of the table with a row for each. What is hatched is
# computed for nothing. Below, the same examples are packed. Within a row, each colour is
# one example. Our live run pads.
#
# Our explicit mask is one of three ways to treat the borders in a row. It works anywhere,
# but on a GPU attention with a mask cannot use PyTorch's flash kernel. The two others:
#
# - **A variable-length kernel** gets the borders instead, for example from positions that
#   begin at 0 again. TRL calls this `padding_free`. Without such a kernel, positions alone
#   do not keep examples apart.
# - **Nothing at all.** Examples then see earlier ones in their row. DeepSeek-V3 accepts
#   that in pre-training (arXiv 2412.19437, section 4.1).
#
# <details><summary>The same settings in TRL</summary>
#
# | here | in TRL |
# |---|---|
# | the mask of `sft.encode` | `completion_only_loss`, `assistant_only_loss` of `SFTConfig` |
# | `sft.pack`, each example sees only itself | `packing` of `SFTConfig`, with an attention that supports `padding_free` |
# | all weights are trained | the same by default; with `peft_config` of `SFTTrainer` often LoRA instead, a small update of low rank |
#
# </details>

# %% [markdown] tags=["slide"]
# ## 8. A live run: Dev1 from the base
#
# We train two epochs over the table of section 5, from the **base**. One row in ten is
# kept back and never learned, and every ten steps we look at the loss on these rows.
# (Your numbers will differ a little from those printed here, because samples depend on
# the processor. The assertions should hold.)

# %%
kept = examples[::10]
learned_from = [example for i, example in enumerate(examples) if i % 10]


@torch.no_grad()
def kept_loss(model):
    """The loss on the rows that are kept back."""
    return sft_loss(model, kept).item()


dev1 = copy.deepcopy(base)
losses, unseen = [], [(0, kept_loss(dev1))]
for step, loss in enumerate(fine_tune(dev1, learned_from), 1):
    losses.append(loss)
    if step % 10 == 0:
        unseen.append((step, kept_loss(dev1)))
assert fmean(losses[-5:]) < losses[0] / 2
assert unseen[-1][1] < unseen[0][1] / 2
smooth = plots.smooth(list(enumerate(losses, 1)), 10)
curve = {"fine-tuning": {"learned, last ten batches": smooth, "kept back": unseen}}
plots.curves(curve, "step", "nats per learned token")

# %% [markdown]
# Both losses fall fast, and then slowly. The learned line lags, as it is a mean of the
# last ten batches. After step 30 the loss of the kept rows barely improves: most tokens
# are form, which is learned quickly. As long as both lines fall together, what the model
# learns also holds for other rows. If the learned loss keeps falling while the other one
# rises, the model memorizes its rows (**overfitting**). So choose the number of epochs by
# rows that are kept back.
#
# Do not take the end of these curves for skill. Nearly every token is easy. A completion is
# right only if the few hard ones, the numbers on the tape, are all right. So multiply the
# loss on the kept rows by the length of a completion:

# %%
learned = fmean(sum(example.mask) for example in examples)
print(f"{learned:.0f} learned tokens in a completion\n")
print("step   kept-back loss   nats in a completion   e^-nats")
for step, loss in unseen:
    nats = loss * learned
    if step in (0, 10, 30, unseen[-1][0]):
        print(f"{step:4}{loss:17.3f}{nats:23.1f}{math.exp(-nats):10.1%}")

# %% [markdown]
# (A nat is the unit of a natural logarithm.) The last column is roughly the chance of
# writing one exact text of typical length and loss. It is small although Dev1 will solve
# most of these problems, because many right completions share the chance. The rest comes
# from slips.
#
# Where do the nats lie? Here is the loss of each token of one countdown that was kept
# back, first for the base, then for Dev1. The token at the end of a line is `\n`:


# %% tags=["slide"]
def losses_of(model, example):
    """[(learned token, its loss, at most 3)], a list for each line of the text."""
    ids, lines = torch.tensor([example.ids]), [[]]
    with torch.no_grad():
        found = -token_logprobs(model(ids), ids)[0]
    for i, loss, m in zip(example.ids, found.tolist(), example.mask, strict=True):
        if m:
            token = tokenizer.decode([i])
            lines[-1].append((token.replace("\n", r"\n"), min(loss, 3.0)))
            if "\n" in token:
                lines.append([])
    return lines


one = next(
    example
    for example, (prompt, text) in zip(kept, pairs[::10], strict=True)
    if prompt.startswith("numbers=") and text.count("\n") == 2
)
maps = []
for name, model in (("the base", base), ("Dev1", dev1)):
    maps += [[(f"{name}:", 0.0)], *losses_of(model.eval(), one)]
plots.token_map(maps, "loss, nats; 3 is 3 or more")

# %% [markdown]
# What you see: a row for each line of the text, dark where the loss of a token is high.
# The base is surprised by the form. For Dev1 most tokens are form and cost nothing. What
# is left is choices: which number and which operation come next.
#
# One slip often leads to others. In training, the model reads the example's own tokens
# (**teacher forcing**). When it answers, it reads its own. One wrong token puts it in a
# context that almost no training example covers, and imitation does not say how to get
# out. This gap is called **exposure bias**. RL has no such gap, because it trains on the
# model's own texts. It is one reason why the recipe goes on with RL in chapter 11.
#
# ### A mark that words cannot buy
#
# Readability does not look at the sums. So we add a stricter measure: the share of *true*
# lines. A line is true if its sums and distance are right, and its verdict fits.


# %% tags=["nbval-check-output"]
def is_true(line):
    """Are the sums, the distance and the verdict of a line right?"""
    found = rewrite.line_pattern().fullmatch(line)
    if found is None:
        return False
    numbers, operations, results = read_tape(found["tape"])
    if run_tape(numbers, operations) != results:
        return False
    if found["wanted"] is None:  # a sum without a check
        return True
    away = abs(results[-1] - int(found["wanted"]))
    check = line[found.end("tape") :]
    yes = any(words["yes"] in check for words in WORDS.values())
    return check.startswith(f"~{found['wanted']}={away} ") and yes == (away == 0)


def true_lines(problem, text):
    """The share of true lines; 0 where nobody thinks."""
    lines = [line for line in chat.thinking(text).split("\n") if line.strip()]
    return fmean(map(is_true, lines)) if lines else 0.0


for line in (hit, "8-3=6,*7=42~35=7 no", "8-3=5,*7=35~20=13 no", hit + " and so on"):
    print(f"{line:32}{is_true(line)}")
assert true_lines(game, notes) == true_lines(game, decorate(notes)) == 1

# %% [markdown]
# A slip makes a line false, and so does a wrong distance. A line that cannot be read
# counts as false. Decoration changes nothing.
#
# Now the same held-out problems as in section 1, for Dev1 and for our control: Zero's
# own answers, decorated.

# %%
texts = [[decorate(text) for text in row] for row in before["Zero"].texts]
answers = {**before, "Zero, decorated": replace(before["Zero"], texts=texts)}
answers["Dev1"] = ask(dev1, problems=held_out, k=2)
SHOWN = ("Zero", "Zero, decorated", "Dev1")


def mark(name):
    """A function that reads one mark, or their mean, from a completion."""
    if name == "readability":
        return readability.readability
    return lambda problem, text: readability.marks(problem, text)[name]


def values(name, rule):
    """What a rule says of a model's answers: the mean for each problem."""
    found = answers[name]
    return [
        fmean(rule(problem, text) for text in row)
        for problem, row in zip(found.problems, found.texts, strict=True)
    ]


RULES = {name: mark(name) for name in ("readability", "worded", "language", "fresh")}
RULES |= {"true lines": true_lines, "right": lambda p, text: p.check(text)}
traces = [
    (known[r["prompt"]], r["completion"]) for r in rows if r["source"] != "person"
]
print(f"true lines in the table: {fmean(true_lines(*trace) for trace in traces):.2f}")
panels = {}
for title, rule in RULES.items():
    each = {name: values(name, rule) for name in SHOWN}
    panels[title] = {n: [(fmean(v), *evaluate.interval(v))] for n, v in each.items()}

# %% tags=["slide"]
kept_to = {name: rows[0][0] for name, rows in panels["language"].items()}
assert kept_to["Dev1"] > kept_to["Zero"], "mixes as much as Zero"
print("Dev1 minus Zero")
for title in ("true lines", "right"):
    pair = (values(name, RULES[title]) for name in ("Zero", "Dev1"))
    gap = evaluate.paired(*pair)
    low, high = gap["interval"]
    print(f"{title:11}{gap['difference']:+.2f} [{low:+.2f}, {high:+.2f}]")
assert high < 0, "no fall of right answers, for these two models"
plots.interval_dots(panels, "share", columns=3)

# %% [markdown]
# The dots show readability, three of its marks, true lines, and right answers, with 95%
# intervals over problems. The base is left out: where it does not think, every mark is
# 0. Compare Zero, its decorated answers, and Dev1:
#
# - *Readability* rises from Zero to Dev1, but the control rises at least as far. A word
#   after every verdict is enough for this gain.
# - *Worded* shows where the gain comes from: the trick moves it most.
# - *Language* rises a little, and the trick does not move it. The larger exam of
#   section 9 makes this clear.
# - *Fresh* falls a little in our run, though no row of the table repeats a line.
# - *True lines* fall, in our run from 0.85 to 0.77, and the trick leaves them where they
#   were. So Dev1's lines look better and are wrong more often. In the table nearly all
#   lines are true: a model does not get every habit of its examples.
# - *Right* falls, and for these two models the fall is clear. Zero had 100 steps of RL, and
#   Dev1 has only read a table: that is a likely reason. Exercise 10.6 adds a hint. Trained
#   on the same table, Zero itself falls to about Dev1's level.
#
# Here is one prompt, before and after: the first that both Zero and Dev1 solve in several
# lines.

# %% tags=["slide"]
for i, problem in enumerate(held_out):
    firsts = {name: answers[name].texts[i][0] for name in ("base", "Zero", "Dev1")}
    long = [text.count("\n") > 1 and problem.check(text) for text in firsts.values()]
    if all(long[1:]):
        print(problem.prompt)
        for name, text in firsts.items():
            print(f"  {name}, {'right' if problem.check(text) else 'wrong'}")
            show(text)
        break

# %% [markdown]
# Recompute Dev1's sums and distances line by line. In our run its first line says that
# 35 misses 20 by 13. The answer is right all the same: such a line is readable and false.
#
# ### Form without content
#
# The person's replies teach how to treat requests outside the games. Twelve rows of
# each kind are too few to show it, so we ask the Dev1 that ships with the book. It read
# a larger table, with AdamW alone and a lower rate. Here are the first three held-out
# English requests of the kind that may or may not do harm, at temperature 0:

# %% tags=["slide"]
shipped, _ = artifacts.load("dev1-tiny")
print(f"trained on {len(tables.load(artifacts.path('cold-tiny'))):,} rows\n")
requests = problems(web.SAMPLE["refusal"], 3, 0, "valid", language="en")
settings = Sampling(BUDGET, temperature=0.0)
prompts = [problem.prompt for problem in requests]
found = completions(shipped, tokenizer, prompts, 1, settings)
for problem, (completion,) in zip(requests, found, strict=True):
    print(problem.prompt, f"  right: {problem.check(completion.text)}")
    show(completion.text)

# %% [markdown]
# Read the thoughts, not only the answers. The form is there: first the question, then
# what the answer depends on, then a reply. But in two of three the first line names
# another request. In the second the verdict says *harmless*, and the reply refuses. The
# third thought invents a rule and does not keep it. It is right all the same, because the
# verifier reads the answer only. In these three, Dev1 has the form of such thoughts and
# not their content.
#
# LIMA (arXiv 2305.11206) fine-tuned a large model on only 1,000 examples. It argued that
# fine-tuning teaches mostly the style in which to use what pre-training has taught. How
# many rows does the style need here? Exercise 10.6 asks.

# %% [markdown] tags=["slide"]
# ## 9. Three seeds: what it buys, what it costs
#
# One short run shows a direction. The pipeline has trained base, Zero and Dev1 for
# three seeds, each on a full table (2,315 rows for seed 0).
#
# In the table below, a stage has its mean over seeds. A difference is taken problem by
# problem, and has a 95% interval. *Mixed* is the share of answers that think in two
# languages. *Helpful* and *harmless* are scores from 0 to 1 by rules of chapter 13.
# *Harmless* asks whether 20 harmful requests are refused.


# %%
def measured(name):
    """The committed results of a unit, one for each seed."""
    files = [RESULTS / f"{name}-{seed}.json" for seed in (0, 1, 2)]
    return [json.loads(f.read_text(encoding="utf-8")) for f in files]


stages = [unit["P6"] for unit in measured("stages")]
GAMES = [(x, game) for x in ("easy", "hard") for game in ("countdown", "arithmetic")]
FORM = "readability", "mixed", "facts", "instructions", "helpful", "harmless"


def by_problem(stage, level, column):
    """A value for each problem: its mean over the three seeds."""
    rows = [unit[stage][level]["values"][column] for unit in stages]
    return [fmean(values) for values in zip(*rows, strict=True)]


def against(other, level, column):
    """Dev1 minus another stage, with its interval, as text."""
    gap = evaluate.paired(*(by_problem(s, level, column) for s in (other, "dev1")))
    low, high = gap["interval"]
    return f"{gap['difference']:+7.2f} [{low:+.2f}, {high:+.2f}]"


# %% tags=["slide"]
print(f"{'':20} base  Zero  Dev1{'Dev1 - Zero':>19}{'Dev1 - base':>23}")
for level, column in [*GAMES, *(("easy", column) for column in FORM)]:
    of_stages = [fmean(by_problem(s, level, column)) for s in ("base", "zero", "dev1")]
    print(f"{level + ' ' + column:20}", *(f"{mean:5.2f}" for mean in of_stages), end="")
    print(against("zero", level, column), against("base", level, column))

# %% tags=["slide"]
panels = {}
for level, column in [*GAMES, ("easy", "mixed"), ("easy", "harmless")]:
    rows = {}
    for stage, name in (("base", "base"), ("zero", "Zero"), ("dev1", "Dev1")):
        cells = [unit[stage][level]["summary"][column] for unit in stages]
        rows[name] = [(c["mean"], *c["interval"]) for c in cells]
    panels[f"{level} {column}"] = rows
plots.interval_dots(panels, "share or score", columns=3)

# %% [markdown]
# Each dot is a seed, with an interval over problems. *Mixed* is better when it is low.
#
# **Dev1 against Zero**, as in the paper's table of section 1. The price: the cold start
# costs some of the easy games and nearly all of hard countdown. In hard arithmetic the
# seeds disagree. The gain: far fewer mixed answers, and safer replies to harmful
# requests. Readability rises a little, and section 8 has shown what that is worth.
# Facts do not move. Instructions and helpfulness gain 0.03 each, where the paper's two
# rows about requests gain most. So we share half of the paper's picture: one language,
# at the cost of some reasoning.
#
# **Dev1 against the base**, from which it was trained. The table taught it to play and to
# refuse. Four things got worse. Facts fall most, although the table has 120 of them.
# Answers mix more than twice as often. Hard countdown and helpfulness fall a little.
#
# Hard countdown is lost mainly because of what the table leaves out. All its games are
# easy, so no row searches with four numbers.
#
# <details><summary>How do we know that?</summary>
#
# Another run ([docs/experiments.md](../docs/experiments.md)) added some 300 of Zero's right
# answers to hard countdown, an eighth of the table. Dev1 then solved 0.23, 0.20 and 0.16 of
# it in the three seeds, and lost nothing in easy countdown. (That is on other problems, of
# which the recipe's Dev1 solves 0.01, 0.01 and 0.04.)
#
# </details>
#
# [docs/stage_table.md](../docs/stage_table.md) has all stages. Do not compare *mixed* with
# chapter 09, which used different problems, and different models for seeds 1 and 2.

# %% [markdown] tags=["slide"]
# ## 10. Should examples make mistakes?
#
# *You may skip this section at first reading.*
#
# Our rewriter keeps the misses of a search. Is that wise? One school says that a model
# should see only clean solutions, because it imitates what it sees. The other, the O1
# Replication Journey (arXiv 2410.18982), trains on the whole **journey**: wrong turns,
# doubts and returns included. It calls the clean path a **shortcut** and reports that 327
# journeys beat as many shortcuts by more than 8 points on MATH.
#
# We compare the two on our games. A program writes both kinds of example, and Zero has no
# part in it. A countdown journey has one to four misses before its hit. An arithmetic
# journey always has exactly one slip, which the next line notices. The shortcut is the
# same text without them:

# %% tags=["nbval-check-output"]
straight = "<think>8-3=5,*7=35\n8-3=5,*7=35~35=0 yes\n</think><answer>35</answer>"
forms = {
    "countdown, journey": (game, notes),
    "countdown, shortcut": (game, f"<think>{hit}{end}"),
    "arithmetic, journey": (sums, noticed),
    "arithmetic, shortcut": (sums, straight),
}
for name, (problem, text) in forms.items():
    print(f"{name}: right {problem.check(text)}")
    show(rewrite.readable(problem, text))

# %% [markdown]
# The comparison is easy to spoil. A journey is longer, so equal epochs give it more
# tokens. We give both kinds the same problems, the same form, the same number of steps,
# and the same number of learned tokens in each step. One difference remains: with equal
# tokens, shortcuts are read more often, 3.6 times against 1.9. Hard problems are larger
# than any in the training. (`python -m results.journey journey 0` repeats one unit.)

# %% tags=["slide"]
arms = {f"{name}s": measured(f"journey-{name}") for name in ("journey", "shortcut")}
kinds = {"easy countdown": ("easy", "countdown")}
kinds |= {f"{level} arithmetic": (level, "arithmetic") for level in ("easy", "hard")}
panels = {}
for title, (level, family) in kinds.items():
    panels[title] = {}
    for arm, units in arms.items():
        cells = [unit["P15"][level][family] for unit in units]
        panels[title][arm] = [(c["pass@1"], *c["interval"]) for c in cells]
    print(f"{title:17}", end="")
    for arm, row in panels[title].items():
        print(f"{arm:>12} {fmean(right for right, *_ in row):.2f}", end="")
    print()
plots.interval_dots(panels, "right")

# %% [markdown]
# The two games give two answers. In every seed journeys win by far in countdown and lose
# in arithmetic. A mean over both games would show a small win and hide the loss. (Hard
# countdown is left out: both are at 0.)
#
# Countdown is a *search*: a first attempt often misses, and there is nothing wrong with
# that. A model of journeys has read thousands of misses. A model of shortcuts was never
# taught what comes after one. What does it write there? The result files keep a few whole
# answers of each model, and we can read how their thoughts end:


# %% tags=["nbval-check-output"]
def ending(prompt, text):
    """How the thought of a countdown ends."""
    tape, _, check = chat.thinking(text).strip().split("\n")[-1].partition("~")
    if not any(words["yes"] in check for words in WORDS.values()):
        return "no yes"
    hits = read_tape(tape)[2][-1] == int(prompt.split("=")[-1])
    return "yes to a hit" if hits else "yes to a miss"


for arm, units in arms.items():
    cards = [unit["P15"][level] for unit in units for level in ("easy", "hard")]
    kept_texts = [row for card in cards for row in card["transcripts"][:2]]
    ends = [ending(**row) for row in kept_texts]
    print(f"{arm}, {len(ends)} countdowns:", end=" ")
    print(*(f"{ends.count(end)} {end}" for end in sorted(set(ends))), sep=", ")

# %% [markdown]
# After shortcuts, a model ends with a yes each time, and nine times of twelve its own sum
# misses the target. That is how every example ended that it read. (Twelve answers are
# few: four problems, each answered by the models of three seeds.)
#
# Arithmetic is a *calculation*. A wrong line there is a slip, and our journeys hold one
# in every arithmetic example. The likely reading: imitated misses help where trying is
# the method, and cost accuracy where a line should simply be right.
#
# So "train on mistakes" is too short a rule. Show the wrong turns of a search, and no
# needless slips. Our rewriter breaks this rule in arithmetic, where it keeps slips that
# were noticed. What that costs the recipe is not measured.

# %% [markdown]
# ## 11. What this does not show
#
# Our rewriter is a program and parses tiny thoughts only. At full size a language model
# rewrites and makes new mistakes. The paper's rows also needed people. Ours needed only a
# script that knows every good reply. We do not learn what the paper's readers like either:
# our scale was made for the form that we teach.
#
# ## Summary
#
# - R1-Zero reasons well and is hard to read, so R1 starts again from the *base* with a
#   small table of readable traces.
# - Fine-tuning is next-token loss on completions only. The mask is made where it is
#   known who wrote each token, and the eos is learned.
# - The cold start improves the form of an answer and costs some reasoning. RL wins the
#   easy games back, but not hard countdown, which the table leaves out (chapters 11 and 15).
# - To rewrite a trace is to parse it, compute it again, write it in the question's
#   language, and verify the result. What cannot be parsed is refused.
# - A mark of form can be raised by form alone, so compare with the cheapest trick.
# - Each filter counts what it removes, so that a reader can judge the data.
# - Packed examples that cannot see each other have the loss of padded ones, to ten digits.
# - In our runs examples with misses helped in a search, and examples with slips cost
#   accuracy in a calculation.
#
# ## Questions
#
# 1. Why is Dev1 trained from the base and not from Zero, which already reasons better?
#
#    <details><summary>Answer</summary>The paper does not compare the two. Perhaps because
#    Zero's weights carry its habits (mixing, repeating) and a narrow policy. At our size the
#    table removes Zero's lead along with its habits, so nothing is gained by starting there
#    (exercise 10.6).</details>
#
# 2. A colleague leaves the prompts in the loss: "more tokens, more learning". Her loss
#    differs from yours. Can you compare the two models by it?
#
#    <details><summary>Answer</summary>No: the losses are means over different tokens.
#    Here hers is higher, because a prompt holds random numbers that nobody can predict.
#    In a chat template with long fixed parts it would be lower. Either way, learning to
#    write the questions is noise that takes its share of every gradient.</details>
#
# 3. Your filter keeps only right answers, and the shortest one for each prompt. What
#    have you done to the journeys?
#
#    <details><summary>Answer</summary>Thrown many of them away. The shortest right
#    answer is often the one that hit at once. A model trained on many of these learns
#    that the first attempt succeeds. How much is lost depends on how many samples you
#    choose from. We did not measure it for the cold start. For the student of chapter 14,
#    which learns from R1, the shortest of up to four traces cost nothing in the first
#    edition (`docs/experiments.md`).</details>

# %% [markdown]
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/10_cold_start.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 10.1** (easy, 10 min) Two means. `logprobs` and `mask` are tensors (B, T): the
# log-probability of each token, and True where it is learned. Return `(by_token,
# by_example)`. The first is the loss of section 6. The second gives each example the same
# weight: the mean over rows of each row's own mean. First **predict**: if one long row is
# hard, which of the two rises more?
#
# <details><summary>The answer to the prediction</summary>`by_token`. A long row has most of
# the tokens, and only one of the rows. Take two rows of 2 and 10 tokens, with a loss of 1
# at each token. If the long row costs 3 a token, `by_token` rises from 1 to
# (2 + 30) / 12 = 2.67, and `by_example` to (1 + 3) / 2 = 2. The check below tries these
# rows.</details>
# <details><summary>Hint 1</summary>Both start from `-logprobs * mask`. The first divides
# once, the second once for each row.</details>
# <details><summary>Hint 2</summary>`.sum(1)` adds up each row. Divide it by `mask.sum(1)`,
# and take the mean.</details>


# %% tags=["exercise"]
def two_means(logprobs, mask):
    """(by_token, by_example): with a loss of 1 at every learned token it is (1, 1)."""
    # BEGIN SOLUTION
    losses = -(logprobs * mask)
    by_token = losses.sum() / mask.sum()
    return by_token, (losses.sum(1) / mask.sum(1)).mean()
    # END SOLUTION


# %% tags=["check"]
checks.ex_10_1(two_means)

# %% [markdown] tags=["exercise-text"]
# **Exercise 10.2** (medium, 15 min) One line, done again. Given a tape such as
# `8-3=5,*7=35` and a target, return the readable English line of countdown. Distance and
# verdict must be true. Where a sum on the tape is wrong, return `None`.
#
# <details><summary>Hint 1</summary>Section 4 reads a tape back and computes the true
# results. Compare the two lists first.</details>
# <details><summary>Hint 2</summary>`verdict("en", yes, FITS["en"])` writes the verdict with
# its reason, a space in front. The line is `tape~target=distance` and then the
# verdict.</details>


# %% tags=["exercise"]
def readable_line(tape, target):
    """A readable line, or None.

    readable_line("8-3=6,*7=42", 42) is None, because 8-3 is 5.
    """
    # BEGIN SOLUTION
    numbers, operations, results = read_tape(tape)
    if run_tape(numbers, operations) != results:
        return None
    away = abs(results[-1] - target)
    return f"{tape}~{target}={away}{verdict('en', away == 0, FITS['en'])}"
    # END SOLUTION


# %% tags=["check"]
checks.ex_10_2(readable_line)

# %% [markdown] tags=["exercise-text"]
# **Exercise 10.3** (easy, 10 min) From journey to shortcut. Given a right completion in
# the readable English form of countdown, return the same completion without the attempts
# that missed. A line that missed ends in `missed("en")`.
#
# <details><summary>Hint 1</summary>Cut at `<think>` and `</think>`, and split the middle
# into lines.</details>
# <details><summary>Hint 2</summary>`text.removeprefix("<think>").partition("</think>")`
# gives the thought, the tag, and the rest. Keep the last line break.</details>


# %% tags=["exercise"]
def to_shortcut(text):
    """The completion with its last attempt only; a shortcut comes back as it is."""
    # BEGIN SOLUTION
    thought, _, rest = text.removeprefix("<think>").partition("</think>")
    lines = [line for line in thought.split("\n") if not line.endswith(missed("en"))]
    return "<think>" + "\n".join(lines) + "</think>" + rest
    # END SOLUTION


# %% tags=["check"]
checks.ex_10_3(to_shortcut)

# %% [markdown] tags=["exercise-text"]
# **Exercise 10.4** (easy, 5 min) Which token may look at which. `owner` (T,) holds for
# each token of a packed row the number of its example, and 0 for padding. Return a bool
# tensor (T, T): True where token t (row) may look at token s (column). A token may look
# at itself and at earlier tokens of its own example. Padding may look at padding.
#
# <details><summary>Hint 1</summary>Section 7 has a picture of it. Compare the tensor
# with itself by broadcasting.</details>
# <details><summary>Hint 2</summary>`owner[:, None]` beside `owner[None, :]` is (T, T),
# and `tril` removes the future.</details>


# %% tags=["exercise"]
def may_look(owner):
    """(T,) owners -> (T, T) bools.

    may_look(torch.tensor([1, 2])) is [[True, False], [False, True]].
    """
    # BEGIN SOLUTION
    return (owner[:, None] == owner[None, :]).tril()
    # END SOLUTION


# %% tags=["check"]
checks.ex_10_4(may_look)

# %% [markdown] tags=["exercise-text"]
# **Exercise 10.5** (easy, 8 min) A funnel. Apply named filters in turn to a list of
# rows; a filter is a function from one row to True (keep it) or False. Return the rows
# that pass all, and a dict from each name to how many rows it removed.
#
# <details><summary>Hint 1</summary>A filter sees only what the ones before it have
# left.</details>
# <details><summary>Hint 2</summary>In each round, make the list of kept rows, note the
# difference of the two lengths, and go on with the kept ones.</details>


# %% tags=["exercise"]
def my_funnel(rows, filters):
    """(rows that are left, {name: how many it removed}).

    my_funnel([1, 2, 3], {"odd": lambda n: n % 2 == 1}) is ([1, 3], {"odd": 1}).
    """
    # BEGIN SOLUTION
    removed = {}
    for name, keep in filters.items():
        kept = [row for row in rows if keep(row)]
        removed[name] = len(rows) - len(kept)
        rows = kept
    return rows, removed
    # END SOLUTION


# %% tags=["check"]
checks.ex_10_5(my_funnel)

# %% [markdown] tags=["exercise-text"]
# **Exercise 10.6** (hard, 45 min) Predict, then run: an open experiment. Why not
# fine-tune Zero? Write `compare(starts, train, measure)`: for each name and model in
# the dict `starts`, measure the model, train a *copy* of it, and measure the copy.
# Return {name: (before, after)}. The models themselves must stay as they were.
#
# First write down what you expect of Zero against the base: more often right? more
# readable? more mixing? Then run it:
#
# ```python
# train = lambda model: list(fine_tune(model, examples, seed=0))
# asked = lambda model: samples(ask(model, problems=held_out, k=2))
# right = lambda model: fmean(r for *_, r in asked(model))
# reads = lambda model: fmean(readability.readability(p, t) for p, t, _ in asked(model))
# compare({"base": base, "Zero": zero}, train, right)
# ```
#
# Repeat it with other seeds before you believe it, and with `reads`. Does the small
# table change Zero as much as it changes the base?
#
# <details><summary>Then ask how many rows form needs</summary>Draw 25, 50, 100 and 200
# rows from `learned_from` with `random.sample`, and set `epochs` so that each training
# has as many steps. Which measure stops rising first, *language*, readability, or right
# answers?</details>
# <details><summary>Hint 1</summary>`train` changes the model that it gets, and may
# return anything.</details>
# <details><summary>Hint 2</summary>`copy.deepcopy(model)` is a copy with weights of its
# own.</details>
# <details><summary>What we saw</summary>Seeds 0, 1 and 2 of training and of sampling, on the
# 128 held-out problems. The base rose from 0.20 right to 0.63, 0.67 and 0.73. Zero *fell*
# from 0.78 to 0.65, 0.71 and 0.72. Readability ended between 0.86 and 0.90 from either
# start, mixed answers between 0.02 and 0.06. So after two epochs hardly anything was left of
# Zero's lead. All of this is for one base and one Zero. A lower learning rate might have
# saved more of the lead; we did not try one.</details>


# %% tags=["exercise"]
def compare(starts, train, measure):
    """{name: model} -> {name: (measure before training, measure of a trained copy)}."""
    # BEGIN SOLUTION
    found = {}
    for name, model in starts.items():
        tuned = copy.deepcopy(model)
        train(tuned)
        found[name] = (measure(model), measure(tuned))
    return found
    # END SOLUTION


# %% tags=["check"]
checks.ex_10_6(compare)
