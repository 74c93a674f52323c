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
# | Minutes to read | 55 |
# | Minutes to run | 1, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v2), table 3 and supplement B.3.2 and B.4.2; arXiv 2501.12948v1, sections 2.2.4 and 2.3.1; O1 Replication Journey (arXiv 2410.18982) |
#
# ![The map of the recipe. A frame, you are here, holds the table called cold start and the model Dev1. Dashed arrows for texts lead from R1-Zero and from the base to the cold start, and from there to Dev1. A solid arrow for weights leads from the base to Dev1, and from there on to Dev2. R1-Zero has no solid arrow to any later model.](../figures/10_map.png)
#
# What you see: the recipe of R1, with the two boxes of this chapter in colour. Solid
# arrows carry weights, dashed arrows carry only texts.

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
# Because people have to read what it writes. The thinking of R1-Zero is hard to follow
# and mixes languages (arXiv 2501.12948v1, section 2.2.4). No reward ever depended on a
# reader.
#
# The authors call the motive for what comes next "primarily product-driven" (arXiv
# 2501.12948v2, supplement B.3.2): people like a text that thinks as they do. So the new
# examples say "I", where R1-Zero says "we" or avoids pronouns. They begin by making sure
# that the problem is understood. Then they reason, reflect and verify, in the language of
# the question. A **summary** of the steps follows, because R1-Zero gives a bare result.
#
# The same paragraph warns: a lively first-person voice can earn more trust than the
# model deserves.
#
# The way to such a voice is **supervised fine-tuning** (SFT): the model reads a small
# set of good examples and learns to continue prompts as they do. The paper calls this
# stage the **cold start**. RL that begins with a raw base is unstable at first, and a
# little supervised data warms it up (v1, section 2.3.1). "A little" means thousands of
# examples.
#
# Two points are easy to get wrong.
#
# **Dev1 starts from the base, not from R1-Zero.** Follow the solid arrows on the map.
# R1-Zero passes on texts, and its weights end with it. The model that reads the cold
# start is called Dev1 in version 2 of the paper.
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
# Here are the base and our R1-Zero, called Zero from now on. Both answer held-out
# problems of the two games at temperature 1. We print three right answers of Zero to
# countdown problems, each with several lines of thinking: the first in English, the
# first in Korean, the first that mixes. (숫자 *numbers*, 목표 *target*, 아니 *no*, 맞아 *yes*.
# Later 거짓 *false* and 참 *true*.)

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
# You can follow this because chapter 01 explained the tape. A stranger sees a strip of
# sums with a few words between them, in the mixed answer one in the wrong language.
# (Our Korean answer uses an 18 that was not given.)
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
# - *worded*: lines with at least two words in the language of the question (one word
#   counts half, a foreign word nothing);
# - *finished*: 1 if the thinking ends and an answer follows, otherwise 0.
#
# **Readability** is their mean, and 0 without thinking. Try it on three texts. The
# third one is a cheap trick: the first text with a word added after each verdict.


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
# The first text does a sum twice, so a third of its lines are not fresh. The second gives
# one of its two verdicts in Korean.
#
# The third row is a warning. It still does the same sum twice, and no line says more
# than before. Yet its mark for words is perfect. When a measure becomes a target, it stops
# being a good measure. This is Goodhart's law (chapter 06); chapter 13 shows it at work. So
# readability must never be a reward, and `decorate` becomes our **control**: what Dev1
# gains has to be compared with what the trick gains.

# %% [markdown] tags=["slide"]
# ## 3. The recipe, and four sources
#
# ![From left to right: four sources of traces, R1-Zero, the base begun with a thought, the base steered to reflect, and a person; then keep what is right, rewrite, check again, and the cold start, a small table of texts. Below, fine-tuning starts from the base, not from R1-Zero, and gives Dev1.](../figures/10_cold.png)
#
# What you see: the road of a trace through this chapter. Small numbers are sections.
#
# Our tiny world can copy the process faithfully, the language only in part:
#
# | | the paper (v2, B.3.2) | here |
# |---|---|---|
# | sampled | R1-Zero at temperature 1.0, several traces for each of thousands of prompts | Zero and the base, temperature 1 |
# | kept | right and readable | right, and such that the program can make them readable |
# | rewritten | by people, then by a language model after their examples; checked by people | by a program, checked by the verifier |
# | voice | first person, conversational | each verdict gets a second word |
# | at the end | a summary of the steps | the bare answer |
#
# The row about the voice is where ours is poorest. The tapes stay tapes. **In this
# edition "readable" mostly means a word after each verdict, one language, and no line
# that repeats another.** That is far from prose. Here is what prose would be, in an example that
# we invented:
#
# | as R1-Zero may write it | as a row of a real cold start |
# |---|---|
# | we have x^2=9 so x=±3 wait 检查 (-3)^2=9 ok both | *Let me see what is asked: all x with x² = 9. The root gives 3. Wait, I should check −3, too: (−3)² = 9, so it fits.* **Summary:** x² = 9 has two solutions, 3 and −3. |
#
# Version 1 of the paper (section 2.3.1) names four sources. Zero's own samples need no
# explanation. The three others follow: examples in the prompt, a request to reflect,
# and people.

# %% [markdown]
# ### Examples in front of the question
#
# A **few-shot** prompt puts solved examples in front of a question, and a large base
# model continues in their manner. This skill is itself learned, from texts that repeat
# their own pattern. The real web is full of them. In the tiny web a document holds one
# question and one answer, and each document was read alone. Our base has never seen a
# second question, so we do not count on examples.
#
# It gets the simplest push instead: we write the first token of a long thought,
# `<think>`, in the model's place. We call this source *begun*. In the full table it is
# the only one with puzzles and programs, for which Zero never got a reward.
#
# ### Ask for reflection
#
# A chat model obeys "check your answer, and try again if it is wrong". Our base obeys
# no orders, but sampling can be **steered**: at each token we may forbid some choices.
# Here `</think>` stays forbidden until a yes has been written, and the word `again` is
# never allowed. Chapter 09 used this as a control. Here it is a source: what the
# base *could* write if it had to reflect.

# %%
asked = [p for p in held_out if p.family == "countdown" and p.language == "en"]
steer = skills.never_give_up(tokenizer, avoid=countdown.AGAIN.values())
steered = ask(base, problems=asked[:12], k=1, prefix="<think>", steer=steer, seed=1)
for problem, text, right in samples(steered)[:2]:
    print(problem.prompt, f"  [{'right' if right else 'wrong'}]")
    show(text)

# %% [markdown]
# ### A person
#
# For general requests (a fact, a letter, a request that must be refused) the paper has
# no rule that finds the good answers. So people refined them. Our "person" is a script
# that knows a good reply to every training request. It thinks a line or two first, in
# the language of the question. It refuses what does harm, and answers requests that only
# sound harmful.

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
# are so regular that a program can do this work. The trick of section 2 is no candidate:

# %% tags=["nbval-check-output"]
print(decorate(notes))

# %% [markdown]
# The sum that was done twice is still there. `decorate` would pass on worse things: a
# Korean verdict on an English question, a slip such as `8-3=6` in a line that was
# rejected anyway, a wrong distance. All of this occurs in right answers, because only
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
# `readable` puts a frame around both. A text that cannot be read line by line is refused,
# not guessed at. So is one whose answer is wrong, before or after.

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
# Now at scale, though a small one: 220 training problems of each game, one sample of
# Zero each; some of the steered base; and the person's replies. (*Begun* is left out
# here.) `collect` writes a file that only grows, so a crash costs little (chapter 12).
# It refuses problems that are held out.

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
# finds nothing stays as a guard: the rewriter has already enforced one language and
# removed repeated lines.
#
# Sample, keep what is right, fine-tune the base on it: this loop is known as **STaR**
# (arXiv 2203.14465) and as rejection-sampling fine-tuning. Chapter 12 does it at scale.
#
# The table is stored as parquet with a card. Its readability will not be 1.00. In
# arithmetic the first line has no verdict, so no words: such a line and one check
# after it reach 0.90. What this cell prints is the ceiling for a model that imitates
# the table.

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
# model learns to write completions, and is never asked to write the prompts. Where the
# examples are orders and replies, it is also called **instruction tuning**. In RL it is
# called behaviour cloning, the simplest kind of **imitation learning**.
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
# (These two rows are countdowns, harder to predict than arithmetic. The first batch,
# below, is mixed.)
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
# Examples differ in length, and a padded batch computes on nothing. **Packing** puts
# several examples into one row. Then no example may see its neighbours, and positions
# must begin at 0 again for each. Chapter 05 packed documents; in fine-tuning the mask
# of learned tokens travels along.

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
# What you see: the row with two examples and one token of padding. Below, in the line
# of each token, a `#` for every token that it may look at: itself and earlier ones of
# its own example.
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
# What you see: above, ten examples of the table with a row for each, and hatched what
# is computed for nothing. Below, the same examples packed: within a row, each colour is
# one example. The gain has a price: a row of several examples needs an explicit mask,
# for which attention cannot take its fastest path. Our live run pads.
#
# <details><summary>The same settings in TRL</summary>
#
# | here | in TRL |
# |---|---|
# | the mask of `sft.encode` | `completion_only_loss`, `assistant_only_loss` of `SFTConfig` |
# | `sft.pack`, one example blind to the next | `packing` and `padding_free` of `SFTConfig` |
# | all weights are trained | the same by default; with `peft_config` of `SFTTrainer` often LoRA instead, a small update of low rank |
#
# </details>

# %% [markdown] tags=["slide"]
# ## 8. A live run: Dev1 from the base
#
# Three measurements build on each other. Each answers another question:
#
# | question | measured on | where |
# |---|---|---|
# | What does a mark of readability reward? | texts written by hand | section 2 |
# | Does Dev1 learn the form, and at what price? | one run, 128 held-out problems | here |
# | Would another run say the same? | three seeds, larger tables, test problems | section 9 |
#
# We train two epochs over the table of section 5, from the **base**. One row in ten is
# kept back and never learned, and every ten steps we look at the loss on these rows. (Your numbers will differ a
# little from those printed here, since samples depend on the processor to the last bit. The
# assertions will hold.)

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
# last ten batches. From step 30 the kept rows hardly gain: most tokens of a line
# are form, which is learned once. As long as both lines fall together, the model learns
# more than its rows. Once the loss of learned rows goes on falling while the other one
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
# (A nat is the unit of a natural logarithm.) The last column is, roughly, the chance that
# the model writes one exact text, namely a completion of typical length and loss. It is
# small although Dev1 will solve most of these problems, since many right completions share
# the chance: nobody can know which attempt comes next. The other part of the nats is slips
# to come.
#
# Where do the nats lie? Here is the loss of each token of one countdown that was kept
# back, first by the base, then by Dev1:


# %% tags=["slide"]
def losses_of(model, example):
    """[(learned token, its loss, at most 3)], a list for each line of the text."""
    ids, lines = torch.tensor([example.ids]), [[]]
    with torch.no_grad():
        found = -token_logprobs(model(ids), ids)[0]
    for i, loss, m in zip(example.ids, found.tolist(), example.mask, strict=True):
        if "\n" in (token := tokenizer.decode([i])):
            lines.append([])
        elif m:
            lines[-1].append((token, min(loss, 3.0)))
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
# is left are choices: which number and which operation come next.
#
# One slip often leads to others. In training, the model reads the example's own tokens
# (**teacher forcing**). When it answers, it reads its own. One wrong token puts it in a
# context that almost no training example covers, and imitation does not say how to get
# out. This
# gap is called **exposure bias**. RL has no such gap, because it trains on the model's
# own texts. It is one reason why the recipe goes on with RL in chapter 11.
#
# Now the same held-out problems as in section 2, for Dev1 and for our control: Zero's
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
RULES["right"] = lambda problem, text: problem.check(text)
panels = {}
for title, rule in RULES.items():
    each = {name: values(name, rule) for name in SHOWN}
    panels[title] = {n: [(fmean(v), *evaluate.interval(v))] for n, v in each.items()}

# %% tags=["slide"]
kept_to = {name: rows[0][0] for name, rows in panels["language"].items()}
assert kept_to["Dev1"] > kept_to["Zero"], "mixes as much as Zero"
loss = evaluate.paired(*(values(name, RULES["right"]) for name in ("Zero", "Dev1")))
low, high = loss["interval"]
print(f"right, Dev1 against Zero: {loss['difference']:+.2f} [{low:+.2f}, {high:+.2f}]")
assert high < 0, "no fall, for these two models"
plots.interval_dots(panels, "share", columns=3)

# %% [markdown]
# The dots show readability, three of its marks, and right answers, with 95% intervals
# over problems. (The base is left out: where it does not think, every mark is 0.) Compare
# Zero, its decorated answers, and Dev1:
#
# - *Readability* rises from Zero to Dev1. But the control rises at least as far: adding a
#   word after every verdict is enough for this gain.
# - *Worded* shows where the gain comes from. It is the mark that the trick moves most.
# - *Language* rises a little, and the trick does not move it. The larger exam of
#   section 9 makes this clear.
# - *Fresh* falls a little in our run, though no row of the table repeats a line.
# - *Right* falls, because Dev1 is still clumsy in its new format. For these two models
#   the fall is clear. Another training might lose less: section 9 has three.
#
# One prompt, before and after: the first that both Zero and Dev1 solve in several
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
# 35 misses 20 by 13. The answer is right all the same.
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
# another request. In the second the verdict says *harmless* and the reply refuses. The
# third invents a rule, does not keep it, and is right all the same, because the verifier
# reads the answer only. Dev1 has learned the form of these thoughts, not their content.
#
# LIMA (arXiv 2305.11206) fine-tuned a large model on only 1,000 examples. It argued
# that knowledge comes from pre-training, and that fine-tuning teaches mostly the style
# in which to use it. Our base has little to use. How many rows does the style need?
# Exercise 10.6 asks.

# %% [markdown] tags=["slide"]
# ## 9. Three seeds: what it buys, what it costs
#
# One short run shows a direction. The pipeline has trained base, Zero and Dev1 for
# three seeds, each on a full table (2,315 rows for seed 0). All answered the same test
# problems, and the results are in `results/data/`.


# %%
def measured(name):
    """The committed results of a unit, one for each seed."""
    files = [RESULTS / f"{name}-{seed}.json" for seed in (0, 1, 2)]
    return [json.loads(f.read_text(encoding="utf-8")) for f in files]


def cards(level, columns):
    """{title: {stage: [(mean, low, high) of each seed]}} from the table of stages."""
    units = [unit["P6"] for unit in measured("stages")]
    found = {}
    for title, column in columns.items():
        found[title] = {}
        for stage, name in (("base", "base"), ("zero", "Zero"), ("dev1", "Dev1")):
            cells = [unit[stage][level]["summary"][column] for unit in units]
            found[title][name] = [(c["mean"], *c["interval"]) for c in cells]
    return found


def means(panels):
    """Print the mean over seeds of each row of each panel."""
    for title, found in panels.items():
        cells = "".join(
            f"{name} {fmean(mean for mean, *_ in row):.2f}   "
            for name, row in found.items()
        )
        print(f"{title:22}{cells}")


# %% tags=["slide"]
skill = cards("easy", {"countdown": "countdown", "arithmetic": "arithmetic"})
skill |= cards("hard", {"hard countdown": "countdown", "hard arithmetic": "arithmetic"})
means(skill)
plots.interval_dots(skill, "right")

# %%
form = cards(
    "easy",
    {
        "readability": "readability",
        "mixed (bad)": "mixed",
        "instructions": "instructions",
        "harmless": "harmless",
    },
)
means(form)
plots.interval_dots(form, "share")

# %% [markdown]
# The first figure shows right answers to the two games, the second form and manners. Each
# dot is a seed. *Mixed* is the share of answers that think in two languages. *Harmless*,
# from 0 to 1, asks by a rule of chapter 13 whether harmful requests are refused.
#
# **Dev1 against Zero**, as in the table of section 1. First the price. Dev1 solves 0.57 of
# easy countdown where Zero solves 0.65. Problem by problem the difference is -0.08, with a
# 95% interval of [-0.12, -0.05]. In easy arithmetic it is 0.85 against 0.92. A likely
# reason: Zero had 100 steps of RL, and Dev1 has only read. In hard arithmetic the seeds
# disagree. Hard countdown is nearly lost, from 0.13 to 0.01.
#
# Then the gain. Mixed answers fall from 0.23 to 0.06: -0.17 [-0.19, -0.15]. Replies to
# harmful requests become safer, from 0.34 to 0.61: +0.26 [+0.18, +0.36], rounded, on only
# 20 requests. Readability rises a little, and section 8 has shown what that is worth.
# Following instructions (0.08 to 0.11) and helpfulness (0.15 to 0.19) hardly move. In the
# paper's five rows they gain most. So we share one part of the paper's picture, one
# language at the cost of some reasoning, and not the other.
#
# **Dev1 against the base**, from which it was trained. The table taught it to play: easy
# countdown rises from 0.21 to 0.57, hard arithmetic from 0.12 to 0.42. It taught safety
# too, from 0.37 to 0.61. Four things got worse. Facts fall most, from 0.37 to 0.23,
# although the table has 120 of them. Answers mix three times as often, 0.02 against 0.06,
# hard countdown falls from 0.05 to 0.01, and helpfulness from 0.24 to 0.19.
#
# Don't blame the loss of hard countdown on the format. Every game in the table is an
# easy one, so no row searches with four numbers. What a cold start leaves out, the
# model may unlearn. Chapter 15 adds some 300 of Zero's right answers to hard countdown,
# an eighth of the table. Dev1 then solves 0.23, 0.20 and 0.16 of it in the three seeds,
# and loses nothing in easy countdown. (That is on other problems, where the recipe's Dev1
# solves 0.01, 0.01 and 0.04.)
#
# All stages are in [docs/stage_table.md](../docs/stage_table.md). Do not compare *mixed*
# with chapter 09: there the models of seeds 1 and 2 are others. Here a third of the
# problems are logic puzzles, and any foreign word counts.

# %% [markdown] tags=["slide"]
# ## 10. Should examples make mistakes?
#
# *You may skip this section at first reading.*
#
# Our rewriter keeps the misses of a search. Is that wise? One school says that a model
# should see only clean solutions, because it imitates what it sees. The other, the O1
# Replication Journey (arXiv 2410.18982), trains on the whole **journey**: wrong turns,
# doubts and returns included. It calls the clean path a **shortcut** and reports that 327
# journeys beat as many shortcuts by more than 8 points on MATH. One problem in both forms:

# %% tags=["nbval-check-output"]
journey = rewrite.readable(game, notes)
shortcut = rewrite.readable(game, f"<think>{hit}{end}")
for name, text in (("journey", journey), ("shortcut", shortcut)):
    print(
        f"{name}: right {game.check(text)}, notices a mistake {rewrite.notices(text)}"
    )
    show(text)

# %% [markdown]
# The comparison is easy to spoil. A journey is longer, so equal epochs give it more
# tokens. Our arms fix the problems, the form, the number of steps, and the learned
# tokens in each step. One difference remains: with equal tokens, shortcuts are read
# more often, 3.6 times against 1.9. Hard problems are larger than any that was trained
# on. (To repeat it: `python -m results.journey journey 0`, and so on.)

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
means(panels)
plots.interval_dots(panels, "right")

# %% [markdown]
# The two games give two answers. In countdown journeys win by far in every seed. In
# arithmetic they lose in every seed. A mean over both games would show a small win
# and hide the loss. (Hard countdown is left out: both arms are at 0.)
#
# Countdown is a *search*: a first attempt misses, and there is nothing wrong with that.
# A model of journeys has seen this moment thousands of times. A model of shortcuts was
# never taught what comes after one. Perhaps it calls the miss a hit; we did not count.
# Arithmetic is a *calculation*. A wrong line there is a slip, and our journeys hold one
# in every arithmetic example. The likely reading: imitated misses help where trying is
# the method, and cost accuracy where a line should simply be right.
#
# So "train on mistakes" is too short a rule. Show the wrong turns of a search, do not
# show needless slips, and look at each kind of problem separately. Our rewriter breaks
# this rule in arithmetic, where it keeps slips that were noticed. We left the recipe as
# it is; the cost is not measured.

# %% [markdown]
# ## 11. What this does not show
#
# Our rewriter is a program and parses tiny thoughts only. At full size a language model
# rewrites and makes new mistakes. The paper's rows needed people, too. Ours needed only
# a script that knows every good reply. Nor do we learn what the paper's readers like: our scale
# was made for the form that we teach.
#
# ## Summary
#
# - R1-Zero thinks well and is hard to read, so R1 starts again from the *base* with a
#   small table of readable traces.
# - Fine-tuning is next-token loss on completions only. The mask is made where it is
#   known who wrote each token, and the eos is learned.
# - The cold start improves the form of an answer and costs some reasoning, in part because
#   of what the table leaves out. RL wins most of it back (chapters 11 and 15).
# - To rewrite a trace is to parse it, compute it again, write it in the question's
#   language, and verify the result. What cannot be parsed is refused.
# - A mark of form can be raised by form alone, so compare with the cheapest trick.
# - Each filter counts what it removes, so that a reader can judge the data.
# - Packed examples must not see each other; then the loss is the same to ten digits.
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
#    is another number than yours. Can you compare the two models by it?
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
