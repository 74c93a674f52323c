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
# | You will build | a small table of readable traces from four sources, the rewriter that makes Zero's notes readable, filters that count what they remove, supervised fine-tuning with its loss on completions only, packed rows, and a first model that reasons so that you can follow it |
# | You need | PyTorch tensors and gradients; what R1-Zero is (chapter 09). Everything else is explained here |
# | Minutes to read | 45 |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v1), section 2.3.1; v2, section 3 and the supplement on cold-start data; O1 Replication Journey (arXiv 2410.18982) |
#
# ![From left to right: four sources of traces, R1-Zero, the base begun with a thought, the base held by the hand, and a person; then keep what is right, rewrite, check again, and a table of a few thousand rows; below, fine-tuning starts from the base, not from Zero, and gives Dev1.](../figures/10_cold.png)
#
# What you see: the road of a trace through this chapter. The small numbers are the
# sections in which you build each part.

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random
# generator. Nothing below configures anything else.

# %% tags=["setup"]
import copy
import json
import random
import re
import tempfile
from functools import partial
from pathlib import Path
from statistics import fmean

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from r1lib import artifacts, checks, evaluate, plots, rewards, sampling
from r1lib.losses import token_logprobs
from r1lib.problem import problems, split_of
from r1lib.recipe import cold_start, pipeline
from r1lib.tokenizer import chat
from r1lib.traces import collect, filters, tables
from r1lib.training import optim, packing, sft
from r1lib.world import arithmetic, countdown, readability, rewrite, skills, web

torch.manual_seed(0)
RESULTS = Path("../results/data")
BUDGET = 150  # tokens that a completion may have in this chapter

# %% [markdown]
# The functions of the library that this chapter shows use names of their own modules.
# Here they are, so that each can be shown whole.

# %% tags=["setup"]
from collections.abc import Iterator

from r1lib.losses import token_mean
from r1lib.problem import Problem
from r1lib.recipe.cold_start import HARM, RULE, length_of
from r1lib.rewards import SCRIPT, WORD, language_consistency
from r1lib.sampling import to_text
from r1lib.tokenizer import EOS, PAD
from r1lib.tokenizer.chat import thinking
from r1lib.training.batches import scheduled
from r1lib.training.sft import Example, SFTConfig, check, update, update_packed
from r1lib.world import instructions, requests
from r1lib.world.countdown import AGAIN, WORDS, run_tape, write_expression
from r1lib.world.readability import ENOUGH_WORDS, LONGEST_LINE
from r1lib.world.requests import summary
from r1lib.world.rewrite import (
    FITS,
    LONGEST,
    MISS,
    REWRITE,
    SAME,
    line_pattern,
    readable,
)

# %% [markdown]
# ## 1. Why begin again?
#
# Chapter 09 ended with a success. R1-Zero, trained by nothing but right and wrong,
# solves problems that its base does not. Then its makers read what it writes, and
# did not like it. Its thinking mixes languages, runs on without structure, and is
# made for nobody (arXiv 2501.12948v1, section 2.2.4, at its end). No reward ever asked
# for a reader, so there is none in its mind.
#
# The way out is an old one, and it sounds like a step back: show it how. Before any
# new reinforcement learning a model is **fine-tuned** on a small set of good
# examples, so that RL starts from a writer whom one can read. The paper calls this the
# **cold start**: the engine is warmed by a little supervised data, thousands of
# examples where the later stages use hundreds of thousands (v1, section 2.3.1).
#
# Two things are easy to get wrong here, and many descriptions do.
#
# *What* is fine-tuned is DeepSeek-V3-Base, the same base from which Zero came, and not
# Zero. Zero's weights end with Zero. What passes on from it is text: traces of its
# thinking, chosen and made readable. The model that comes out of the cold start
# is called Dev1 in the second version of the paper (v2, section 3).
#
# *What it costs* is reasoning in mathematics. In the paper's own table of stages AIME 2024,
# a hard competition, falls from 77.9 for Zero to 59.0 for Dev1 (MATH-500 only from 95.9 to
# 94.2, and programs gain, LiveCodeBench from 50.0 to 57.5), while following instructions
# (IFEval) rises from 46.6 to 71.7. The later stages win the loss back, up to 79.8 for R1. So if your
# fine-tuned model is a worse reasoner than Zero at the end of this chapter, nothing
# is broken. We measure both sides.

# %% [markdown] tags=["slide"]
# ## 2. What a reader sees
#
# Here are the base and our R1-Zero, the model of chapter 09. We ask both some held-out
# problems of the two games, at temperature 1, and look at the first right answers of
# Zero that think in several lines.

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


# %% tags=["slide"]
seen = set()
for problem, text, right in samples(before["Zero"]):
    kind = (problem.family, problem.language)
    if right and text.count("\n") > 2 and kind not in seen:  # the first of its kind
        seen.add(kind)
        print(problem.prompt)
        print("    " + text.replace("\n", "\n    ") + "\n")

# %% [markdown]
# You can follow this, because you have read chapter 09 and know what the signs mean.
# Somebody who has not sees a strip of sums, now and then a word, and it may be a word
# of the wrong language. To put a number on "hard to read" we need a scale. The paper
# gives none, so this one is ours: five plain **marks**, each a share from 0 to 1, and
# **readability** is their mean. It was fixed before any example of this chapter was
# written, and it knows nothing about right and wrong.

# %%
# r1lib.world.readability.marks

# %% tags=["nbval-check-output"]
game = countdown.make((3, 7, 8), 35, "en", "(8-3)*7")
miss, hit = "8+7=15,-3=12~35=23 no", "8-3=5,*7=35~35=0 yes"
end = "\n</think><answer>(8-3)*7</answer>"
notes = f"<think>{miss}\nagain {miss}\n{hit}{end}"
mixed = f"<think>{miss}\n{hit.replace('yes', '맞아')}{end}"
worded = f"<think>{miss} false\n{hit} the target{end}"
print(f"{'':10}" + "".join(f"{n:>10}" for n in readability.marks(game, notes)))
for name, text in (("notes", notes), ("mixed", mixed), ("worded", worded)):
    row = readability.marks(game, text).values()
    print(f"{name:10}" + "".join(f"{value:10.2f}" for value in row))

# %% [markdown]
# The first text does a sum twice: a third of its lines are not *fresh*. The second
# says one of its two verdicts in Korean. In both, most lines have one word of the question's language
# or none, where a reader wants to know two things, what is done and what came of it. The third is the form
# that we shall teach. (A scale can be gamed: anybody reaches 1 by form alone. Never
# use it as a reward. And as our examples are written to reach it, report its parts.)

# %% [markdown] tags=["slide"]
# ## 3. Four sources
#
# The paper names the sources of its cold-start data (v1, section 2.3.1): few-shot
# prompts with a long chain of thought as example; asking a model directly for
# detailed answers with reflection and verification; R1-Zero's outputs in readable
# form; and human hands that refine what comes out. We go through them one by one.
#
# ### Few-shot: examples in front of the question
#
# A **few-shot** prompt puts solved examples in front of a question, and a large base
# model continues in their manner. Our model has 512 positions, an example takes some
# sixty tokens, so there is room. There is also a trap: a chat template drops the
# thinking of earlier answers (chapter 02), and with it the very thing that the
# example is to show. Hence `for_training`, which keeps it.


# %%
def with_examples(shots, prompt):
    """Ids of solved examples, then of a question: one conversation."""
    ids = tokenizer.prompt(prompt)
    if not shots:
        return ids
    talk = []
    for question, answer in shots:
        talk += [{"role": "user", "content": question}]
        talk += [{"role": "assistant", "content": answer}]
    return chat.for_training(tokenizer, talk)[0] + ids[1:]  # one bos is enough


# %% tags=["nbval-check-output"]
other = countdown.make((2, 5, 9), 19, "en", "(5*2)+9")
second = "<think>9+5=14,+2=16~19=3 no false\n5*2=10,+9=19~19=0 yes the target"
shots = [(game.prompt, worded)]
shots += [(other.prompt, second + "\n</think><answer>(5*2)+9</answer>")]
ids = with_examples(shots[:1], "numbers=2,4,6 target=12")
dropped = [{"role": "user", "content": game.prompt}]
dropped += [{"role": "assistant", "content": worded}]
dropped += [{"role": "user", "content": "numbers=2,4,6 target=12"}]
template = chat.for_inference(tokenizer, dropped)
print(f"with its thinking {len(ids)} tokens, by the template {len(template)}")
print("the template shows:", tokenizer.decode(template).count("~"), "attempts")

# %% [markdown]
# Now measure: no example, one, and two; and as a rival the simplest way to ask for a
# long thought, which is to begin it. Whoever writes the first token, `<think>`, in the
# model's place has asked for thinking without any words.

# %%
asked = [p for p in held_out if p.family == "countdown" and p.language == "en"][:24]


def continued(prompts, opening=""):
    """Let the base continue some prompts, each begun by `opening`."""
    begun = tokenizer.encode(opening, allow_special=True)
    found = sampling.generate(
        base,
        [ids + begun for ids in prompts],
        max_new_tokens=BUDGET,
        stop_ids=(EOS,),
        generator=torch.Generator().manual_seed(0),
    )
    return [opening + to_text(tokenizer, completion) for completion in found]


# %% tags=["slide"]
ways = {
    "nothing in front": ([], ""),
    "one example": (shots[:1], ""),
    "two examples": (shots, ""),
    "begun with <think>": ([], "<think>"),
}
print(f"{'':20}{'thinks':>8}{'right':>8}")
for name, (examples, opening) in ways.items():
    texts = continued([with_examples(examples, p.prompt) for p in asked], opening)
    thinks = fmean("<think>" in text for text in texts)
    right = fmean(p.check(text) for p, text in zip(asked, texts, strict=True))
    print(f"{name:20}{thinks:8.0%}{right:8.0%}")

# %% [markdown]
# Examples do not help our base; they hurt it. The likely reason is its education. The
# tiny web has one question and one answer in each document, and pre-training read each
# document alone, so this base has never once seen a second question, nor a position far
# down the row. It does not take the first as an example of anything. Learning
# from examples in the prompt is itself learned from text that repeats its own pattern,
# of which the real web is full. For a large base few-shot is the natural tool; for
# ours the opening `<think>` makes it think every time, though on 24 problems not clearly
# more often right. We call this source `begun`.
#
# ### Ask for reflection
#
# "Check your answer, and try again if it is wrong" are words to a chat model. Our base
# does not follow orders, but we can hold its hand: it may not close its thought
# before it has written a yes, and it may not do a sum again which it has just done.
# Chapter 09 used this as a control. Here it is a source, `reflect`: what the base
# *could* write if somebody asked for it.

# %%
hand = skills.never_give_up(tokenizer, avoid=countdown.AGAIN.values())
kind = {"prefix": "<think>", "steer": hand, "seed": 1}
held = ask(base, problems=asked[:12], k=1, **kind)
for problem, text, right in samples(held)[:2]:
    print(problem.prompt, f"  [{'right' if right else 'wrong'}]")
    print("    " + text.replace("\n", "\n    ") + "\n")

# %% [markdown]
# ### A person
#
# For general requests, the capital of France or a poem or a request to be refused,
# there is no rule that could find the good answers among many samples, and our base
# has bad manners (chapter 05: its web holds wrong, rambling and harmful replies). The
# paper's people refined traces by hand. Ours is a script that knows
# a good reply to every training request and thinks a line or two before it, always in
# the language of the question. Harm is refused, the harmless request that only sounds
# like it is answered, and small talk gets no thought at all, as in the paper's
# later data (v1, section 2.3.3).

# %%
# r1lib.recipe.cold_start.person

# %% tags=["nbval-check-output"]
cases = (("facts", 3), ("refusal", 1), ("refusal", 0), ("instructions", 5))
for family, seed in cases:
    (problem,) = problems(web.SAMPLE[family], 1, seed, "train", language="en")
    text = cold_start.person(random.Random(0), problem)
    print(problem.prompt, f"  right: {problem.check(text)}")
    print("    " + text.replace("\n", "\n    ") + "\n")

# %% [markdown] tags=["slide"]
# ## 4. The rewriter
#
# A right sample is not yet a readable one. In the paper a language model is asked to
# rewrite it, in the question's language and in an orderly form, after the example of
# rewritings by people, and people check the result (v2, supplement). Tiny traces
# are so regular that a program can take this place. The first idea is a few
# replacements:


# %%
def naive(text):
    """Put a word behind every verdict, and see no further."""
    return text.replace(" no\n", " no false\n").replace(" yes\n", " yes the target\n")


print(naive(notes))

# %% [markdown]
# It looks well, and it is worthless as a model to imitate: the sum that was done
# twice is still there. What else would such a rewriter pass on? A Korean verdict on an
# English question. A slip: `8-3=6` in a line that was rejected anyway. A wrong distance,
# a right attempt that was turned down. All this occurs in right answers, because only
# the answer was judged. A person who rewrites *understands* the line. So must the
# program: read the tape back into numbers, operations and results, do the sums, and
# write the line anew.

# %%
# r1lib.world.rewrite.read_tape
# r1lib.world.rewrite.verdict

# %%
# r1lib.world.rewrite.countdown_lines

# %% [markdown]
# In countdown an attempt with a slip is dropped: nothing in the trace noticed the
# slip, so there is nothing to learn from it but slipping. In arithmetic a slip that
# the next line *notices* stays. There the thought goes wrong, sees it, and corrects
# itself, and we want exactly this habit to survive:

# %%
# r1lib.world.rewrite.arithmetic_lines

# %% [markdown]
# Then the frame around both. A text that cannot be read line by line is refused, not
# guessed at, and so is one whose answer is wrong before or after. Logic puzzles and
# programs keep their form and pass in one language or not at all.

# %%
# r1lib.world.rewrite.readable

# %% tags=["slide", "nbval-check-output"]
slipped = f"<think>8-3=6,*7=42~35=7 no\n{miss}\nagain {miss}\n{hit}{end}"
print(readable(game, slipped), "\n")
korean = countdown.make((3, 7, 8), 35, "ko", "(8-3)*7")
print(readable(korean, notes))

# %% [markdown]
# Five texts that it must refuse, and one law: what is readable comes back as it is.

# %% tags=["nbval-check-output"]
refused = {
    "a guess": "<answer>(8-3)*7</answer>",
    "a wrong answer": notes.replace("(8-3)*7", "8*7-3"),
    "right by a slip": notes.replace("8-3=5,*7=35~", "8-3=6,*7=35~"),
    "hedged": notes + "<answer>35</answer>",
    "unknown words": notes.replace(miss, "hm, " + miss),
}
for name, text in refused.items():
    print(f"{name:16}{readable(game, text)}")
once = readable(game, notes)
print("twice rewritten, the same:", readable(game, once) == once)

# %% [markdown]
# Why these words? Our first form read better: `try 8-3=5,*7=35~35=0 yes, it fits`. But
# words are not free. The tokenizer was trained on a web where nobody says "it fits", so
# it spells these words in small pieces, and a line costs more than half as much again:

# %% tags=["nbval-check-output"]
lines = {"note": hit, "first form": f"try {hit}, it fits", "ours": f"{hit} the target"}
for name, line in lines.items():
    ids = tokenizer.encode(line)
    print(
        f"{name:10} {len(ids)} tokens: {' '.join(tokenizer.decode([i]) for i in ids)}"
    )

# %% [markdown]
# For the model it was a new place to calculate in, too. In what it has read a tape (the
# chain of sums before the `~`) begins a line or stands behind `again`, never behind `try`.
# So the words are those that the tokenizer knows as one token, and they stand behind the
# verdict.

# %% [markdown] tags=["slide"]
# ## 5. Sample, keep, rewrite, check
#
# Now at scale, though a small one: 220 training problems of each game, one sample of
# Zero each; a part from the held base; and the person's replies. `collect` writes a
# file that only grows, line by line, so a machine that dies costs one chunk. A
# problem that is not one to train on is an error.

# %%
folder = tempfile.TemporaryDirectory()
work = Path(folder.name)
train_problems = [
    problem
    for game_of in (countdown, arithmetic)
    for problem in problems(game_of.sample, 220, 10, "train")
]
how = {"max_new_tokens": BUDGET, "at_once": 100}
for _ in collect.collect(
    work / "zero.jsonl", zero, tokenizer, train_problems, 1, source="zero", **how
):
    pass
for _ in collect.collect(
    work / "reflect.jsonl",
    base,
    tokenizer,
    train_problems[::11],
    2,
    source="reflect",
    opening="<think>",
    steer=hand,
    **how,
):
    pass


def is_right(problem, text):
    """The rule of the problem's own family."""
    return problem.check(text)


requested = [
    problem
    for family in cold_start.GENERAL
    for problem in problems(web.SAMPLE[family], 12, 10, "train")
]
raw = collect.read(work / "zero.jsonl")[1] + collect.read(work / "reflect.jsonl")[1]
raw += cold_start.written(requested, tokenizer, is_right, seed=0)
assert {split_of(p) for p in [*train_problems, *requested]} == {"train"}
print(f"{len(raw)} samples, {sum(row['correct'] for row in raw)} of them right")

# %% [markdown]
# `select` is the rest of the paper's recipe: keep what is right, ended by itself and
# can be made readable; rewrite; then check what came out, for one language, no line
# twice, nothing that differs from another row by a space only, and one trace for
# each prompt. Every filter says what it removed, and how much it would have removed
# alone: the first three of all samples, the others of the rewritten ones.

# %%
# r1lib.recipe.cold_start.select

# %% tags=["slide"]
known = {problem.prompt: problem for problem in [*train_problems, *requested]}
rows, report = cold_start.select(raw, known, tokenizer, BUDGET)
print(f"{'filter':26}{'in':>6}{'removed':>9}{'out':>6}{'alone':>7}")
for part in report:
    counts = [part[name] for name in ("in", "removed", "out", "alone")]
    print(f"{part['filter']:26}{counts[0]:6}{counts[1]:9}{counts[2]:6}{counts[3]:7}")

# %% [markdown]
# Most is lost because it is wrong, then because it says what was said already. "Thinks in
# one language" finds nothing, for the rewriter has just seen to that; it stays as a guard.
#
# The table is stored as parquet with a card that says what is in it, as one stores a
# data set for others. Any program that knows `datasets` or pandas reads it.

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
assert min(reached) > 0.85, "a trace of the table is hard to read"
print(f"readability of the rewritten traces: {fmean(reached):.2f}")

# %% [markdown] tags=["slide"]
# ## 6. Supervised fine-tuning
#
# **Supervised fine-tuning** (SFT) is pre-training on a small, chosen set, with one
# change. The model learns to write completions, and is never asked to write the
# questions. With the tokens $o_t$ of the completions and a mask $m_t$ that is 1 on
# them and 0 elsewhere,
#
# $$ L = - \frac{\sum_t m_t \log \pi_\theta(o_t \mid o_{<t})}{\sum_t m_t}. $$
#
# Where does the mask come from? From the only place that knows who wrote what, the
# function that lays out the conversation. Whoever computes it later from the ids has
# to guess. One example, token by token:

# %% tags=["nbval-check-output"]
text = "<think>2+2=4\n</think><answer>4</answer>"
(example,) = sft.encode(tokenizer, [("2+2", text)])
pieces = [repr(tokenizer.decode([i]))[1:-1] for i in example.ids]
for piece, learned in zip(pieces, example.mask, strict=True):
    print(f"{piece:14}{'learned' if learned else '-'}")

# %% [markdown]
# The last token is the eos, and it is learned: stopping is part of the answer. First
# the loss as slowly as possible, one token at a time and nothing padded:


# %%
@torch.no_grad()
def loss_by_loop(model, examples):
    total, count = 0.0, 0
    for example in examples:
        for t, learned in enumerate(example.mask):
            if learned:
                logits = model(torch.tensor([example.ids[:t]]))[0, -1]
                total -= logits.log_softmax(-1)[example.ids[t]].item()
                count += 1
    return total / count


# %%
# r1lib.training.sft.collate
# r1lib.training.sft.sft_loss

# %%
pairs = [(row["prompt"], row["completion"]) for row in rows]
few = sft.encode(tokenizer, pairs[:2])
ids, mask = sft.collate(few)
base.eval()
with torch.no_grad():
    fast, _ = sft.sft_loss(token_logprobs(base(ids), ids), mask)
slow = loss_by_loop(base, few)
print(f"loop {slow:.4f}, library {fast:.4f} nats per learned token")
assert abs(slow - fast) < 1e-3

# %% [markdown]
# The loop over steps holds no surprise: shuffle, take a batch, one optimizer step,
# a learning rate that falls along a cosine to a tenth, and everything twice. The paper
# trains for two or three epochs (v2, B.4.2). Its learning rate falls along a cosine from
# 5e-5 to 5e-6, which suits a model a million times as large. Ours begins with the
# optimizers and the rate of pre-training (chapter 05): with AdamW at a third of that rate
# the same table gave a model that could hardly spell, for a new form of writing in
# some hundred steps is not a small change. The paper's batches hold 128 texts of up to
# 32,768 tokens. Our table is small, so we take batches of 8; with 128 there would be
# half a dozen steps.

# %%
# r1lib.training.batches.batches
# r1lib.training.sft.train

# %% [markdown] tags=["slide"]
# ## 7. Packed rows
#
# Examples differ in length, and a padded batch computes on nothing. **Packing** puts
# several examples into one row. Then each must be kept from seeing its neighbours,
# and its positions must begin at 0 again, or it would be another text than the one
# that the model will be asked for. Chapter 05 built both for pre-training; for
# fine-tuning the mask of what is learned travels along.

# %%
# r1lib.training.sft.pack
# r1lib.training.sft.packed_logprobs

# %% tags=["nbval-check-output"]
short = [Example([5, 6, 7], [False, True, True]), Example([8, 9], [False, True])]
for ids, owner, learned in sft.pack(short, 6):
    places = packing.Packed(ids[None], owner[None]).positions[0]
    print("ids      ", ids.tolist())
    print("example  ", owner.tolist())
    print("position ", places.tolist())
    print("learned  ", learned.int().tolist())

# %% [markdown]
# Is it the same loss? "About the same" would hide a neighbour that shines through, so
# we ask in double precision:

# %% tags=["nbval-check-output"]
exact = copy.deepcopy(base).double()
some = sft.encode(tokenizer, pairs[:12])
with torch.no_grad():
    ids, mask = sft.collate(some)
    padded, _ = sft.sft_loss(token_logprobs(exact(ids), ids), mask)
    rows_of = (torch.stack(part) for part in zip(*sft.pack(some, 400), strict=True))
    packed_ids, owner, packed_mask = rows_of
    logprobs = sft.packed_logprobs(exact, packed_ids, owner)
    packed, _ = sft.sft_loss(logprobs, packed_mask)
print("learned tokens equal:", bool(mask.sum() == packed_mask.sum()))
print("losses equal to ten digits:", bool((padded - packed).abs() < 1e-10 * padded))

# %%
batch = sft.encode(tokenizer, pairs[:24])
lengths = [len(example.ids) for example in batch]
layouts = {
    "padded": [[n] for n in lengths],
    "packed": [
        torch.bincount(owner[owner > 0])[1:].tolist()
        for _, owner, _ in sft.pack(batch, max(lengths))
    ],
}
plots.rows_picture(layouts, max(lengths))

# %% [markdown]
# What you see: above, 24 examples of the table, a row for each, and hatched what is
# computed for nothing. Below, the same examples packed. The gain is not free: a row
# of many examples needs an explicit mask, for which attention cannot take its fastest
# path. `SFTConfig(packed=...)` chooses; our live run pads.

# %% [markdown] tags=["slide"]
# ## 8. A live run: Dev1 from the base
#
# Two epochs over the table of section 5, from the **base**. (What you measure will
# differ a little from what is printed here: samples depend on the processor to the
# last bit. The assertions will hold.)

# %%
dev1 = copy.deepcopy(base)
examples = sft.encode(tokenizer, pairs)
plan = SFTConfig(epochs=2, batch_size=8, lr=3e-3)
optimizers = optim.base_optimizers(dev1, 0.01, plan.lr)  # as in pre-training
history = list(sft.train(dev1, examples, plan, optimizers))
learned = sum(metrics["tokens"] for metrics in history)
print(f"{len(history)} steps, {learned:,} learned tokens")
points = {"loss": [(m["step"], m["loss"]) for m in history]}
assert fmean(m["loss"] for m in history[-5:]) < history[0]["loss"] / 2
plots.curves({"fine-tuning": points}, "step", "nats per learned token")

# %% [markdown]
# What you see: the loss falls fast, since most of each line is a form that is learned
# once: the words behind each verdict. Do not take the end of this curve for skill. A mean
# over tokens is kept low by the many tokens that nobody can miss, while a completion
# is right only if the few that matter, the numbers behind the signs, are right one
# after the other. So multiply by the length of a completion, and the same number
# looks otherwise:

# %%
nats = fmean(m["loss"] for m in history[-5:]) * learned / (2 * len(examples))
print(f"about {nats:.0f} nats for a whole completion")

# %% [markdown]
# Some of these nats are honest doubt, since nobody can know which attempt comes next.
# The rest are slips to come. Now the same held-out problems as in section 2, for all
# three models:

# %%
answers = {**before, "Dev1": ask(dev1, problems=held_out, k=2)}


def read_marks(answers):
    """Each mark, and readability, as the mean over completions."""
    found = [readability.marks(p, text) for p, text, _ in samples(answers)]
    means = {name: fmean(m[name] for m in found) for name in found[0]}
    return {**means, "readability": fmean(means.values())}


def mixes(answers):
    """Share of completions that think in more than the question's language."""
    return fmean(readability.mixed_share(p, t) > 0 for p, t, _ in samples(answers))


# %% tags=["slide"]
tables_of = {name: read_marks(found) for name, found in answers.items()}
print(f"{'':8}" + "".join(f"{n:>12}" for n in tables_of["base"]) + "     mixes")
for name, found in tables_of.items():
    cells = "".join(f"{value:12.2f}" for value in found.values())
    print(f"{name:8}{cells}{mixes(answers[name]):10.0%}")

# %%
panels = {"readability": {}, "pass@1": {}}
for name, found in answers.items():
    by_problem = [
        fmean(readability.readability(p, text) for text in texts)
        for p, texts in zip(found.problems, found.texts, strict=True)
    ]
    rights = found.right.mean(1)
    for panel, values in zip(panels, (by_problem, rights.tolist()), strict=True):
        panels[panel][name] = [(fmean(values), *evaluate.interval(values))]
low_after = panels["readability"]["Dev1"][0][1]
assert low_after > panels["readability"]["base"][0][2], "no more readable than the base"
plots.interval_dots(panels, "share, with 95% interval")

# %% [markdown]
# What you see: left, readability; right, the share of right answers; both with
# intervals over problems. Read it row by row. The base is right seldom and mostly does
# not think at all, which counts as unreadable. Zero is right often, in notes of its
# own. Dev1 nearly always begins to think, mostly in words, mixes languages far less, and is right less
# often than Zero: a few hundred examples have given it a new hand to write with, and it
# still slips with it. On so few problems the intervals of the two touch; over three
# seeds (section 10) the step is clear. That is the first half of the paper's table of
# stages (P6), in little: the form comes first, and reasoning is down until RL wins it
# back.
#
# Two transcripts of Dev1, the first right ones of more than one line:

# %% tags=["slide"]
shown = 0
for problem, text, right in samples(answers["Dev1"]):
    if right and text.count("\n") > 1 and shown < 2:
        shown += 1
        print(problem.prompt)
        print("    " + text.replace("\n", "\n    ") + "\n")

# %% [markdown]
# They are right, but look closely for a sum that is done twice, a slip that nobody noticed, a
# line that breaks off. Right is still not readable.
#
# And what the person has taught: requests that are no game. The base answers them as
# its web does. Dev1 has seen a few good replies, which show how a reply looks; what is
# true of the world it does not learn from a handful, so do not expect more right ones:

# %%
general = [
    problem
    for family in cold_start.GENERAL
    for problem in problems(web.SAMPLE[family], 6, 0, "valid")
]
for name, model in (("base", base), ("Dev1", dev1)):
    prompts = [tokenizer.prompt(problem.prompt) for problem in general]
    found = sampling.generate(
        model,
        prompts,
        max_new_tokens=BUDGET,
        stop_ids=(EOS,),
        generator=torch.Generator().manual_seed(0),
    )
    texts = [to_text(tokenizer, completion) for completion in found]
    good = fmean(map(is_right, general, texts))
    print(f"{name:6} right {good:.0%} of {len(general)} held-out requests")

# %% [markdown] tags=["slide"]
# ## 9. Should examples make mistakes?
#
# Our rewriter keeps the misses of a search: `no false`. Is that wise? One school says
# that a model should see only clean solutions, since it imitates what it sees. The
# other, the O1 Replication Journey (arXiv 2410.18982), trains on the whole **journey**,
# wrong turns, doubts and returns included, and calls the clean path a **shortcut**
# that teaches answers instead of searching. It reports that 327 journeys beat
# as many shortcuts by more than 8 points on MATH.
#
# The comparison is easy to spoil. A journey is longer; who trains both for two
# epochs has given it more tokens. Ours (P15) fixes the problems, the form, the number of
# steps and the number of learned tokens in each step. The two arms differ in the
# mistakes; and in one thing more that cannot be had equal, too. A journey is about twice as
# long, so with equal tokens journeys are read 1.9 times and shortcuts 3.6 times. Keep
# this in mind where shortcuts win. One problem, in both arms:

# %% tags=["nbval-check-output"]
journey = f"<think>{miss} false\n{hit} the target{end}"
shortcut = f"<think>{hit} the target{end}"
for name, text in (("journey", journey), ("shortcut", shortcut)):
    print(f"--- {name}: right {game.check(text)},", end=" ")
    print(f"notices a mistake {rewrite.notices(text)}")
    print(text)

# %% [markdown]
# The long runs were measured once (`python -m results.journey journey 0`, and so on for
# three seeds, each from its own base) and are read from `results/` here. Easy problems
# are of the kind that was trained on; hard ones have four numbers instead of three, or
# five steps instead of three, and neither arm was trained on one.


# %% tags=["slide"]
def measured(name):
    """The committed files of an arm, one for each seed that was measured."""
    files = [RESULTS / f"{name}-{seed}.json" for seed in (0, 1, 2)]
    return [json.loads(f.read_text(encoding="utf-8")) for f in files]


arms = {name: measured(f"journey-{name}") for name in ("journey", "shortcut")}
print(f"{'':18}{'level':8}{'countdown':>20}{'arithmetic':>20}{'tokens':>8}")
for name, units in arms.items():
    for unit in units:
        for level in ("easy", "hard"):
            found, cells = unit["P15"][level], ""
            for family in ("countdown", "arithmetic"):
                triple = (found[family]["pass@1"], *found[family]["interval"])
                cells += "{:>8.2f} [{:.2f}, {:.2f}]".format(*triple)
            label = f"{name}, seed {unit['seed']}"
            print(f"{label:18}{level:8}{cells}{found['length']:8.0f}")

# %% [markdown]
# Two games, two answers. In **countdown** journeys win by far: 0.55, 0.52 and 0.46 of the
# easy problems (seeds 0, 1, 2) against 0.20, 0.24 and 0.22. In **arithmetic** they lose:
# 0.73, 0.80 and 0.64 against 0.90, 0.89 and 0.86, and on the hard expressions 0.14, 0.07
# and 0.11 against 0.24, 0.10 and 0.19. The mean over both games would have hidden
# this: on easy problems it is 0.62 for journeys and 0.55 for shortcuts, a small win that
# says nothing of the loss in arithmetic.
#
# Think of what the trained model meets when it is asked. Countdown is a search. The first
# attempt misses, as first attempts do, and there is nothing wrong with that. A model
# of journeys has seen this moment thousands of times and knows how to go on. A model of
# shortcuts has never seen a line that ends in `false`: it declares the miss a hit, or it
# is in a place where nobody has shown it what to do. Arithmetic is a calculation. There a
# wrong line is a slip, and no careful person would make it. Our journeys hold a slip in
# *every* arithmetic example, and their answers show it: over both games they notice a
# mistake in 70% to 74% of the easy problems, so in arithmetic alone in 40% or more. The
# likely reading: imitated misses help where trying is the method, and cost accuracy where
# a line should simply be right. Hard countdown says nothing, since both arms are at 0.
#
# So "train on mistakes" is too short a rule. Show the wrong turns of a *search*, do not
# show slips that nobody needed to make; and look at each kind of problem apart. By this
# rule our own rewriter is too kind: in arithmetic it keeps slips that were noticed (section
# 4); in the cold start only some examples hold one, and what those few cost we have not
# measured. (That
# both arms know both forms from pre-training makes the difference smaller than it would
# be for a model that meets search here for the first time.)

# %% [markdown]
# ## 10. What this does not show
#
# Our rewriter is a program, and programs that understand a thought completely exist for
# tiny thoughts only. At full size a language model rewrites, makes new mistakes
# while it does, and only the verifier and human eyes stand behind it. The price was
# hidden too: the paper's thousands of rows needed people, ours a script
# that knows every good reply of a made-up world.
#
# Readability was measured on a scale for which the examples were written and filtered, so
# its rise is no discovery. Look at the parts in section 8: words in a line and language
# rise, repetition stays as it was. And a live run with a few hundred rows and one
# seed shows a direction. The table of stages with its intervals is in chapter 15.
#
# There, over three seeds and 96 test problems of each game, the cold start costs 0.08 of
# easy countdown and 0.07 of easy arithmetic against Zero. Hard countdown is nearly lost,
# from 0.13 to 0.01; in hard arithmetic the seeds disagree. Readability rises from 0.86
# to 0.90, and the share of mixed completions falls from 23% to 6%. Harmful requests are
# handled rightly in 0.61 of cases instead of 0.34, instructions followed in 0.11 instead of
# 0.08. That Dev1 was trained by the pipeline, on a larger table (2,315 rows for seed 0),
# with AdamW alone at 1e-3 and batches of 24; on 400 rows that rate was too low.
#
# ## Summary
#
# - Zero thinks well and writes for nobody. R1 begins anew from the *base*, with a small
#   table of readable traces; Zero passes on text, never weights.
# - Right is not readable, and rewriting is not decoration: a trace is read, done again,
#   said in the question's language, and verified once more. What cannot be read is
#   refused.
# - Each filter counts what it removes. A data set without these counts cannot be judged.
# - The loss looks at completions only, eos included; the mask is made where it is known
#   who wrote what. Packed examples must not see each other, and then the loss is the
#   same to the last digits.
# - The cold start buys readability and manners and pays with reasoning; RL has to win
#   it back (chapter 11).
#
# ## Questions
#
# 1. Why is Dev1 trained from the base and not from Zero, which already reasons better?
#
#    <details><summary>Answer</summary>The paper does not compare the two. A likely reason:
#    Zero's weights carry its habits, mixing, notes,
#    sums without words, and a policy that has become narrow. A few thousand examples
#    would have to unlearn them. From the base the same examples set the style before
#    RL sharpens it, and RL then sharpens a readable one.</details>
#
# 2. A colleague leaves the prompts in the loss, "more tokens, more learning". The loss is
#    lower than yours. Is the model better?
#
#    <details><summary>Answer</summary>The two losses are means over different tokens and
#    cannot be compared: the frame of a prompt is easy and pulls the mean down. The
#    numbers in the questions are random, so learning to write them is noise, and it
#    takes its share of every gradient.</details>
#
# 3. Your filter keeps only right answers, and the shortest one for each prompt. What
#    have you done to the journeys?
#
#    <details><summary>Answer</summary>Thrown them away. The shortest right answer is the
#    one that hit at once, by luck or because the problem was easy. A model of these
#    learns that first attempts hit.</details>

# %% [markdown]
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/10_cold_start.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 10.1** (easy, 10 min) The mask. A row holds a prompt of `prompt` ids, then a
# completion of `completion` ids, the last of which is the eos, then padding up to
# `width`. Return its mask, a list of `width` bools: True where the model shall learn.
#
# <details><summary>Hint</summary>Three runs of equal values, one after the other. The
# eos belongs to the completion.</details>


# %% tags=["exercise"]
def learned_places(prompt, completion, width):
    """The mask of one padded row."""
    # BEGIN SOLUTION
    padding = width - prompt - completion
    return [False] * prompt + [True] * completion + [False] * padding
    # END SOLUTION


# %% tags=["check"]
checks.ex_10_1(learned_places)

# %% [markdown] tags=["exercise-text"]
# **Exercise 10.2** (medium, 15 min) One line, done again. Given a tape such as
# `8-3=5,*7=35` and a target, return the readable English line of countdown with the
# true distance and verdict, or `None` where a sum on the tape is wrong.
#
# <details><summary>Hint</summary>`rewrite.read_tape` gives the numbers, the operations
# and the results as written; `countdown.run_tape(numbers, operations)` gives the true
# ones.</details>


# %% tags=["exercise"]
def readable_line(tape, target):
    """A line such as "8-3=5,*7=35~35=0 yes the target"."""
    # BEGIN SOLUTION
    numbers, operations, results = rewrite.read_tape(tape)
    if countdown.run_tape(numbers, operations) != results:
        return None
    away = abs(results[-1] - target)
    verdict = "yes the target" if away == 0 else "no false"
    return f"{tape}~{target}={away} {verdict}"
    # END SOLUTION


# %% tags=["check"]
checks.ex_10_2(readable_line)

# %% [markdown] tags=["exercise-text"]
# **Exercise 10.3** (easy, 10 min) From journey to shortcut. Given a right completion in
# the readable form of countdown, return the same completion without the attempts that
# missed.
#
# <details><summary>Hint</summary>Cut at `<think>` and `</think>`, split the middle into
# lines, and keep those that do not end in "no false".</details>


# %% tags=["exercise"]
def to_shortcut(text):
    """The completion with its last attempt only."""
    # BEGIN SOLUTION
    thought, _, rest = text.removeprefix("<think>").partition("</think>")
    lines = [x for x in thought.split("\n") if not x.endswith("no false")]
    return "<think>" + "\n".join(lines) + "</think>" + rest
    # END SOLUTION


# %% tags=["check"]
checks.ex_10_3(to_shortcut)

# %% [markdown] tags=["exercise-text"]
# **Exercise 10.4** (medium, 15 min) Who may look at whom. Given the number of the
# example that each token of a packed row belongs to, as a tensor (T,), 0 for padding,
# return a bool tensor (T, T) that is True where token t (row) may look at token s
# (column): itself and earlier tokens of its own example. Padding may look at padding.
#
# <details><summary>Hint</summary>Compare the tensor with itself by broadcasting; `tril`
# keeps what is not in the future.</details>


# %% tags=["exercise"]
def may_look(owner):
    """(T,) owners -> (T, T) bools."""
    # BEGIN SOLUTION
    return (owner.unsqueeze(1) == owner.unsqueeze(0)).tril()
    # END SOLUTION


# %% tags=["check"]
checks.ex_10_4(may_look)

# %% [markdown] tags=["exercise-text"]
# **Exercise 10.5** (medium, 15 min) A funnel. Apply named filters in turn to a list of
# rows; a filter is a function from one row to True (keep it) or False. Return the rows
# that pass all, and a dict from each name to how many rows it removed.
#
# <details><summary>Hint</summary>A filter sees only what the ones before it have left.
# </details>


# %% tags=["exercise"]
def my_funnel(rows, filters):
    """(rows that are left, {name: how many it removed})."""
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
