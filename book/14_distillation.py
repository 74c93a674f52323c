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
# # Distillation: a small model learns to reason from a large one
#
# | | |
# |---|---|
# | You will build | three ways to teach a small model: by texts, by distributions, by correcting its own texts; the loss behind each; one bill that makes their costs comparable; and a student that learns to reason in front of you |
# | You need | Chapter 09 for the games and for pass@1, chapter 10 for fine-tuning, chapter 12 for where good traces come from |
# | Minutes to read | 50 |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v1), sections 2.4, 3.2 and 4.1, Tables 5 and 6; knowledge distillation (arXiv 1503.02531), section 2; generalised knowledge distillation (arXiv 2306.13649), sections 2 and 3 |
#
# ![Three roads lead from a teacher, R1, to a small student. First, texts: the teacher writes, a filter keeps what is right and readable, the student copies. Second, distributions: on the same texts the student fits the teacher's chances for every next token. Third, its own texts: the student writes, and the teacher corrects it token by token. Below, one bill counts what each road costs.](../figures/14_distillation.png)
#
# What you see: the three roads of this chapter. The small numbers are the sections in
# which you build each of them.

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random
# generator. Nothing below configures anything else.

# %% tags=["setup"]
import copy
import json
import math
import random
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import torch

from r1lib import artifacts, checks, distill, evaluate, hub, plots
from r1lib.files import shown
from r1lib.model import counts
from r1lib.model.presets import PRESETS
from r1lib.problem import problems
from r1lib.recipe import pipeline, rejection
from r1lib.tokenizer import EOS, Tokenizer, chat
from r1lib.traces import collect, tables
from r1lib.training import batches, optim, sft
from r1lib.world import arithmetic, countdown, rewrite, skills

torch.manual_seed(0)
RESULTS = Path("../results/data")
temporary = tempfile.TemporaryDirectory()  # it goes when the kernel stops
FOLDER = Path(temporary.name)  # everything this chapter writes
tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")

# %% [markdown]
# Some cells below show a function of the library as it is. What these need:

# %% tags=["setup"]
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields

from jaxtyping import Bool, Float
from torch import Tensor

from r1lib import rewards
from r1lib.distill import KINDS
from r1lib.evaluate import paired
from r1lib.model.config import ModelConfig
from r1lib.model.transformer import evaluating
from r1lib.rl.rollout import rollout
from r1lib.training.sft import Example

# %% [markdown]
# ## 1. Why distill?
#
# We have a model that reasons. It is also the largest model that we have, and somebody
# must run it. Every token that R1 writes passes through 37 billion of its 671 billion
# weights, and all 671 billion have to lie in fast memory meanwhile. A phone, a
# laptop or a single graphics card will not do.
#
# There are two ways to a small model that reasons. One repeats the whole story in
# small: take a small base and reinforce it. The other uses what we have got. The large
# model has already found out how to reason; let it *write that down*, and let the small
# one read it. This is **distillation**. The large model is the **teacher**, the small
# one the **student**. The word is from Hinton, Vinyals and Dean (arXiv 1503.02531), who
# boiled a group of models down to a single small one.
#
# What is at stake, in numbers that need no experiment? One of the
# published students of R1 has a body like Qwen2.5's with 1.5 billion weights, another
# one like Llama's with 8 billion. `costs` counts multiplications and additions
# (**FLOPs**) for one more token after 5,000 others:

# %% tags=["nbval-check-output"]
published = ("deepseek-v3", "r1-distill-llama-8b", "r1-distill-qwen-1.5b")
print(f"{'':22}{'weights':>9}{'in bf16':>10}{'FLOPs a token':>16}")
for name in published:
    c = PRESETS[name]
    weights, one = counts.parameters(c), counts.decode_flops(c, 5_000)
    cells = f"{weights / 1e9:7.1f} B{2 * weights / 1e9:7,.0f} GB{one / 1e9:12.1f} G"
    print(f"{name:22}{cells}")
teacher_one, student_one = (
    counts.decode_flops(PRESETS[n], 5_000) for n in published[::2]
)
print(
    f"the smallest student writes {teacher_one / student_one:.0f} tokens for one of R1"
)

# %% [markdown] tags=["slide"]
# And does it work? These are six students from the paper, each a published model that
# was fine-tuned on the 800,000 samples of chapter 12, **without any reinforcement
# learning** (arXiv 2501.12948v1, section 2.4; numbers from Table 5). "Vote" is cons@64,
# a majority vote of 64 answers:

# %% tags=["slide", "nbval-check-output"]
PAPER = {  # AIME 2024: pass@1 and vote; MATH-500; in percent
    "Qwen-1.5B": (28.9, 52.7, 83.9),
    "Qwen-7B": (55.5, 83.3, 92.8),
    "Qwen-14B": (69.7, 80.0, 93.9),
    "Qwen-32B": (72.6, 83.3, 94.3),
    "Llama-8B": (50.4, 80.0, 89.1),
    "Llama-70B": (70.0, 86.7, 94.5),
}
R1_ITSELF = (79.8, 97.3)  # v1, Table 4
print(f"{'distilled into':16}{'AIME 2024':>10}{'vote':>7}{'MATH-500':>10}{'of R1':>8}")
for name, (aime, vote, math500) in PAPER.items():
    share = aime / R1_ITSELF[0]
    print(f"{name:16}{aime:10.1f}{vote:7.1f}{math500:10.1f}{share:8.0%}")
print(f"{'R1, the teacher':16}{R1_ITSELF[0]:10.1f}{'':7}{R1_ITSELF[1]:10.1f}")

# %% [markdown]
# Read the last column downwards: at one answer each, no student passes its teacher. (The
# votes do, but R1's own vote is not reported.)
#
# ### Distillation or reinforcement learning?
#
# Then the paper asks the question of this chapter. Take a base of 32 billion weights
# and run on it what made R1-Zero: reinforcement learning, more than 10,000 steps of it.
# (The paper calls the result DeepSeek-R1-Zero-Qwen-32B.) Compare with the same size,
# fine-tuned on R1's samples (v1, section 4.1 and Table 6):

# %% tags=["slide", "nbval-check-output"]
ALONE = {"AIME 2024": 47.0, "MATH-500": 91.6, "GPQA": 55.0, "LiveCodeBench": 40.2}
TAUGHT = {"AIME 2024": 72.6, "MATH-500": 94.3, "GPQA": 62.1, "LiveCodeBench": 57.2}
print(f"{'':24}" + "".join(f"{name:>15}" for name in ALONE))
for name, row in (("RL alone, 32B", ALONE), ("distilled, 32B", TAUGHT)):
    print(f"{name:24}" + "".join(f"{x:15.1f}" for x in row.values()))
print(f"{'':24}" + "".join(f"{TAUGHT[n] - x:+15.1f}" for n, x in ALONE.items()))

# %% [markdown]
# The authors draw two conclusions: for a small model, learning from a strong teacher is
# both better and cheaper than large-scale RL of its own; and to go *beyond* what there
# is, one still needs a stronger base and more RL, since somebody has to be the teacher.
#
# Raschka's essay on reasoning models (2025) notes that two rows are missing before
# one can say what did the work. One is **SFT and then RL on the small model**: perhaps
# the best of both. The other is **pure SFT on the large base**, without RL: if V3-Base,
# trained on these samples alone, were as good as R1, the later RL would have added nothing.
# This one appeared in the paper's second version, whose stage table has Dev3, V3-Base
# after the samples alone: AIME 78.1, where R1 has 79.8, and AlpacaEval 62.1, where R1 has
# 87.6 (v2, table 3). On mathematics the last RL added little; on what people ask for,
# much. But the samples themselves came from a model that RL had trained. In our world
# each row takes minutes, so section 9 has both, beside everything else that this chapter
# builds.
#
# One warning for the whole chapter. The paper's numbers and ours are about different
# worlds. We put the same *questions*, in the same words, and compare the
# *direction* of the answers. No number of one ever stands in a table of the other.

# %% [markdown] tags=["slide"]
# ## 2. A teacher and a student
#
# The students of the paper were Qwen and Llama models: another shape than R1's, a
# pre-training of their own, a tokenizer of their own. Ours are small models in these
# two shapes: plain attention, no experts. The student has read the same tiny web as the
# teacher's base, in a pre-training of its own (`recipe`, stage `student`).

# %% tags=["nbval-check-output"]
SIZES = ("tiny", "student-qwen-large", "student-qwen", "student-qwen-small")
print(f"{'':20}{'weights':>9}{'active':>9}{'kFLOPs a token':>16}")
for name in (*SIZES, "student-llama"):
    c = replace(PRESETS[name], vocab_size=tokenizer.vocab_size)
    kflops = counts.decode_flops(c, 60) / 1e3
    sizes = f"{counts.parameters(c):9,}{counts.active_parameters(c):9,}"
    print(f"{name:20}{sizes}{kflops:16,.0f}")

# %% [markdown]
# `tiny` is the teacher, with its experts. The student that we mostly use,
# `student-qwen`, has a third of its weights, and two thirds of the weights that one
# token passes: experts that are not asked cost nothing (and so the largest student costs
# more per token than its teacher). The distance is smaller than in
# the paper, and our students are near the floor below which a model of this world
# hardly learns to add. Keep this in mind where the sizes are compared.
#
# Here they are. Both get held-out problems of the two games of chapter 09, which
# neither has ever seen, four answers each. *Countdown* gives numbers and a target,
# *arithmetic* gives a sum. A line of thinking is a **tape**: `20+15=35,+1=36~36=0 yes`
# computes step by step, and behind `~` stand the target and the distance to it.

# %%
teacher, teachers_own = artifacts.load("r1-tiny")
base, _ = artifacts.load("student-tiny")
teacher.eval()  # it is only read from here on
LONGEST = 144  # tokens that an answer may have in this chapter
held_out = pipeline.held_out(96, "valid")  # 96 problems of each game


def examine(model, n=4):
    """Answers to the held-out problems, and their summary."""
    found = evaluate.answer(model, tokenizer, held_out, n, max_new_tokens=LONGEST)
    return found, skills.summary(found)


answers, scores = {}, {}
for name, model in (("student base", base), ("teacher", teacher)):
    answers[name], scores[name] = examine(model)


# %%
def table(names):
    """One line for each model: right, interval, by game, and length."""
    print(f"{'':18} right  [95%]         countdown  arithmetic  tokens")
    for name in names:
        s, (low, high) = scores[name], scores[name]["interval"]
        cells = [s[game]["pass@1"] for game in ("countdown", "arithmetic")]
        print(
            f"{name:18}{s['pass@1']:6.2f}  [{low:.2f}, {high:.2f}]"
            f"{cells[0]:12.2f}{cells[1]:12.2f}{s['length']:8.0f}"
        )


table(scores)


# %% tags=["slide"]
def show(text, label=""):
    print(label)
    print("    " + text.replace("\n", "\n    ") + "\n")


for i in (0, 96):
    print(held_out[i].prompt)
    for name in ("student base", "teacher"):
        verdict = "right" if answers[name].right[i, 0] else "wrong"
        show(answers[name].texts[i][0], f"{name} [{verdict}]:")

# %% [markdown] tags=["slide"]
# ## 3. First way: texts
#
# The plainest way is the one that R1 took. The teacher answers a great many problems.
# What is wrong or hard to read is thrown away. The student is fine-tuned on the rest:
# the loss is $-\log \pi(y_t \mid \ldots)$, averaged over the tokens of the completions,
# exactly as in chapter 10. To the student it makes no difference who wrote the text, a
# person or a machine.
#
# (In the paper most of the samples were written by Dev2, the model before R1's second
# fine-tuning, and the rest came out of V3's own pipeline, chapter 12. Here R1 writes fresh ones; section 9
# has a row for Dev2's.)
#
# Let us collect. R1 answers training problems of both games, once each; `collect` would
# refuse a held-out one. Then come the filters of chapter 12 that look at a single row:
# right, in form, in one language, not too long, nothing said twice.

# %%
asked = [
    p
    for game in (countdown, arithmetic)
    for p in problems(game.sample, 550, 14, "train")
]
path = FOLDER / "traces.jsonl"
kind = {"source": "r1-tiny", "max_new_tokens": LONGEST, "at_once": 275}
for done in collect.collect(path, teacher, tokenizer, asked, 1, **kind):
    print(f"{done['problems']:5} problems, {done['correct']:4.0%} right")
raw = collect.read(path)[1]

# %%
NAMES = ("correct", "form", "language", "length", "repetition")
sizes = rejection.Sizes(filters=NAMES, most_tokens=120)
kept, report = rejection.filtered("traces", raw, sizes)
print(f"{len(kept)} traces of {len(raw)}, {sum(r['tokens'] for r in kept):,} tokens")
plots.funnel_bars(report, "traces")

# %% [markdown]
# What you see: what is left of the teacher's samples after each filter.
#
# Now the traces have to become **examples**: ids, and a mask that is true on the tokens
# that the student shall learn to write. A first version is short, and it has two faults
# that are hard to see later:


# %%
def naive_examples(rows, tokenizer, positions):
    """Prompt and completion as ids, cut to the length that the student can read."""
    out = []
    for row in rows:
        ids = tokenizer.prompt(row["prompt"])
        written = tokenizer.encode(row["completion"], allow_special=True) + [EOS]
        mask = [False] * len(ids) + [True] * len(written)
        out.append(Example((ids + written)[:positions], mask[:positions]))
    return out


# %% [markdown]
# Try it on two traces written by hand, one short and one long, for a student that can
# read only 60 tokens:

# %% tags=["nbval-check-output"]
game = countdown.make((3, 7, 8), 35, "en", "(8-3)*7")
hit, end = "8-3=5,*7=35~35=0 yes the target\n", "</think><answer>(8-3)*7</answer>"
misses = "8+7=15,-3=12~35=23 no false\n7+3=10,+8=18~35=17 no false\n"


def by_hand(text, correct=True):
    note = {"source": "by hand", "seed": 0, "tokens": 9, "finished": True}
    return tables.row(game, text, **note, correct=correct)


short, long = by_hand(f"<think>{hit}{end}"), by_hand(f"<think>{misses}{hit}{end}")
for row in (short, long):
    (example,) = naive_examples([row], tokenizer, 60)
    print(
        len(example.ids), "tokens, the end:", repr(tokenizer.decode(example.ids[-9:]))
    )

# %% [markdown]
# The long one has lost its answer. A student that learns from cut traces learns that
# one thinks and thinks and then stops without a word. It is not a rare accident: in a
# well known teaching project 5,305 of 12,000 traces of R1 were longer than the 2,048
# tokens that its student was given (Raschka, *Reasoning from Scratch*, chapter 8 of the
# code). So: leave out what does not fit, whole, and **say how many**, since what is
# left out are the longest thoughts, and those are not a random part.
#
# The second fault is not to ask whether the rows were checked at all.

# %%
# r1lib.distill.examples

# %% tags=["slide", "nbval-check-output"]
fit, left_out = examples([short, long], tokenizer, 60)
print(f"{len(fit)} example, left out: {left_out}")
assert fit == naive_examples([short], tokenizer, 60)  # where nothing is cut: the same
cases = {
    "nothing": ([], 60),
    "unchecked": ([short, by_hand("<answer>56</answer>", correct=False)], 60),
    "no room": ([long], 60),
}
for name, (rows, positions) in cases.items():
    try:
        examples(rows, tokenizer, positions)
    except ValueError as error:
        print(f"{name}: {error}")

# %% [markdown]
# ### Texts travel
#
# What goes from teacher to student here are *texts*, not ids. So the two need not have
# the same tokenizer, the same vocabulary, or anything else in common. R1's students
# kept the tokenizers of Qwen and Llama, slightly changed (the README of the release
# says so). The same trace for a student that reads single bytes:

# %% tags=["nbval-check-output"]
bytes_only = Tokenizer([])  # no merges: every byte is a token
for name, own in (("the teacher's", tokenizer), ("single bytes", bytes_only)):
    ((example,), _) = examples([short], own, 512)
    learned = [i for i, m in zip(example.ids, example.mask, strict=True) if m]
    same = own.decode(learned[:-1]) == short["completion"]
    print(
        f"{name:14} {len(example.ids):4} tokens, {len(learned):3} learned, same: {same}"
    )

# %% [markdown]
# Count the learned ones: prompt tokens are read and not learned, the stop token is
# learned like any other. Exercise 14.2 asks where in the *logits* these tokens were
# foretold.

# %% [markdown] tags=["slide"]
# ## 4. A student in front of you
#
# Everything is ready. Fine-tune a copy of the student's base on the traces. The
# learning rates are those of pre-training, larger than in chapter 10: the student has a
# long way to go, and its base is nothing that must be preserved.

# %%
room = base.config.max_positions
given, left_out = distill.examples(kept, tokenizer, room)
one_pass = sum(len(example.ids) for example in given)
print(f"{len(given)} examples, {one_pass:,} tokens with prompts, {left_out} too long")


def fine_tune(rows, epochs, label):
    """A copy of the student's base that has read the examples `epochs` times."""
    student = copy.deepcopy(base)
    optimizers = optim.base_optimizers(student, 0.01, 3e-3)
    config = sft.SFTConfig(epochs=epochs, batch_size=24)
    began = time.perf_counter()
    losses = [m["loss"] for m in sft.train(student, rows, config, optimizers)]
    first, last = fmean(losses[:3]), fmean(losses[-3:])
    print(f"{label}: {len(losses)} steps, loss {first:.2f} -> {last:.2f}", end="")
    print(f", {time.perf_counter() - began:.0f} seconds")
    return student


EPOCHS = 4
student = fine_tune(given, EPOCHS, "distilled")

# %%
answers["distilled"], scores["distilled"] = examine(student)
names = ("student base", "distilled", "teacher")
table(names)
assert scores["distilled"]["interval"][0] > scores["student base"]["interval"][1]

# %%
plots.bars_with_intervals(
    {
        game: {
            n: (scores[n][game]["pass@1"], *scores[n][game]["interval"]) for n in names
        }
        for game in ("countdown", "arithmetic")
    }
)

# %% [markdown]
# What you see: the share of right answers to problems that none of the three has ever
# seen, with 95% intervals over problems. The student has read several hundred traces four
# times. No reward was computed, no group was sampled, nobody told it which of its own
# answers are wrong.
#
# The same problems, before and after:

# %% tags=["slide"]
for i in (0, 96):
    print(held_out[i].prompt)
    for name in ("student base", "distilled"):
        verdict = "right" if answers[name].right[i, 0] else "wrong"
        show(answers[name].texts[i][0], f"{name} [{verdict}]:")

# %% [markdown]
# ### What did it learn, the skill or the manners?
#
# Imitation has a known trap: a student may take over how the teacher *sounds* before it
# takes over what the teacher *can do*. Imitators of ChatGPT were rated by people as nearly
# as good, yet came hardly closer to it in automatic tests of tasks that their data did
# not cover (Gudibande et al., arXiv 2305.15717). Where the data covered a task they did
# improve, and ours are about two games only. Here both can be measured apart. Manners: does
# it think in the tags, reject an attempt, and go on? Skill: of the tapes that it writes,
# how many have every step right?


# %% tags=["slide"]
def habits(found):
    """Shares: in form; goes on after a miss; tapes whose every step is right."""
    texts = [text for row in found.texts for text in row]
    lines = [line for text in texts for line in chat.thinking(text).split("\n")]
    read = [rewrite.line_pattern().fullmatch(line) for line in lines]
    tapes = [rewrite.read_tape(match["tape"]) for match in read if match]
    sums = [countdown.run_tape(order, ops) == got for order, ops, got in tapes]
    neat = fmean(rewards.format(None, text) for text in texts)
    goes_on = fmean(skills.reflects(t) or rewrite.notices(t) for t in texts)
    return neat, goes_on, len(sums) / len(texts), fmean(sums) if sums else math.nan


print(
    f"{'':14}{'in form':>9}{'goes on':>9}{'tapes an answer':>17}{'of these right':>16}"
)
for name in names:
    neat, goes_on, tapes, sums = habits(answers[name])
    print(f"{name:14}{neat:9.0%}{goes_on:9.0%}{tapes:17.2f}{sums:16.0%}")

# %% [markdown]
# The last column is skill, the others are manners. Compare how far each of them moved from
# the first line to the second, and how far it still is from the third. The form is the
# same in every example; a sum has to be right for each pair of numbers, and a few hundred
# traces hold many pairs rarely or never.
# In this book's run the form is all but learned, thinking goes on after a miss about as
# often as the teacher's, and of the tapes, of which there are seven times as many, one in
# twelve is right where it was one in twenty-five. The student *sounds* like R1. It gains
# right answers mostly since it tries, and goes on trying. Why the sums stay behind, and what
# becomes of them when the student's base can add, is the longest story of section 9.

# %% [markdown] tags=["slide"]
# ## 5. One bill for all
#
# Three ways will stand beside each other, and beside RL. "Equal effort" must mean
# something, and seconds mean little on a machine that does other things too. So we
# count tokens by what was *done* with them, because that decides the price:
#
# - a token that a model **reads** passes forward through its weights once: about 2 FLOPs
#   for each active weight;
# - a token that it **writes** costs the same arithmetic, but one after another, each with
#   a cache of those before it;
# - a token that it is **trained** on passes forward and backward: about 6.

# %%
# r1lib.distill.Spent

# %% [markdown]
# The last method uses exact counts from `costs` instead of the rule of thumb, so that
# attention is in it. What the live run has used:

# %%
wrote = sum(row["tokens"] for row in raw)  # also what was thrown away has been paid
texts_bill = Spent(student_trained=EPOCHS * one_pass, teacher_written=wrote)
length = round(one_pass / len(given))
for name, part in (
    ("the teacher writes", Spent(teacher_written=wrote)),
    ("the student learns", Spent(student_trained=EPOCHS * one_pass)),
    ("together", texts_bill),
):
    flops = part.flops(base.config, teacher.config, length)
    print(f"{name:20}{flops / 1e9:8.0f} GFLOPs")

# %% [markdown]
# Two things are easily forgotten in such a bill. Rejected samples were paid for, so
# a stricter filter makes the kept ones dearer. And the upper line is paid *once*: a
# second student, of another size or shape, learns from the same table for the price of
# the second line. The second to the sixth student of R1 cost no more than their own
# training. The same at the paper's size, by the rule of thumb, with the mean of 5,355
# tokens a sample (arXiv 2501.12948v2, the supplement on the supervised data):

# %% tags=["nbval-check-output"]
tokens = 804_745 * 5_355
active = counts.active_parameters(PRESETS["deepseek-v3"])
print(f"{tokens / 1e9:.1f} billion tokens")
print(f"a model of R1's size writes:{2 * active * tokens:.1e} FLOPs")
for size in (1.5e9, 8e9, 32e9):
    print(f"{size / 1e9:3.1f} B read them twice:   {6 * size * 2 * tokens:.1e} FLOPs")

# %% [markdown]
# (The paper says two to three times; we take two. The table has 804,745 samples in
# the second version. What the filters threw away is not in the first line.) So for 1.5
# billion weights the teacher's writing is the larger part, for 32 billion the student's
# learning. At 8 billion they are of one order: the rule of thumb leaves out attention,
# which for R1 at this length is not small.

# %% [markdown] tags=["slide"]
# ## 6. Second way: distributions
#
# A text is the *outcome* of a choice. Before the teacher wrote a token it had a chance
# for each of its words, and all of them but one are lost in the text. Look at one such
# moment: R1 begins to think about a held-out problem.

# %%
prompt = tokenizer.prompt(held_out[0].prompt)
prompt += tokenizer.encode("<think>", allow_special=True)
with torch.no_grad():
    chances = {
        name: model(torch.tensor([prompt]))[0, -1].softmax(-1)
        for name, model in (("teacher", teacher), ("student", student))
    }
print(held_out[0].prompt)
for i in chances["teacher"].topk(5).indices.tolist():
    row = "".join(f"{name} {p[i]:6.1%}   " for name, p in chances.items())
    print(f"    {tokenizer.decode([i])!r:8} {row}")

# %% [markdown]
# What the teacher might begin with is not one number but several, each with its chance.
# One trace shows one of them. The whole row tells the student at once which ones are
# good, which are possible, and that the rest are not: hundreds of numbers at every
# place, instead of one.
#
# ### What fine-tuning on texts does, on average
#
# Let $p$ be the teacher's distribution of the next token and $q$ the student's. The
# **forward KL divergence** is
#
# $$ \mathrm{KL}(p \,\|\, q) = \sum_y p(y) \log \frac{p(y)}{q(y)}
#    = \underbrace{-\sum_y p(y) \log q(y)}_{\text{cross-entropy}}
#    - \underbrace{\Big(-\sum_y p(y) \log p(y)\Big)}_{\text{entropy of the teacher}}. $$
#
# The second part does not depend on the student. The first is the mean of $-\log q(y)$
# for $y$ written by the teacher, which is exactly the loss of fine-tuning on texts. So
# **texts are the forward KL, sampled**. (Filtered texts, as ours, are samples of the
# teacher *given that it was right and readable*: of a somewhat better teacher than $p$.
# The second way fits $p$ itself, mistakes included.) The gradients agree on average:

# %% tags=["nbval-check-output"]
p = torch.tensor([0.6, 0.3, 0.1])
logits = torch.tensor([0.0, 1.0, 0.5], requires_grad=True)


def gradient(loss):
    (found,) = torch.autograd.grad(loss, logits)
    return found


q = logits.log_softmax(0)
each = torch.stack([gradient(-logits.log_softmax(0)[y]) for y in range(3)])
mean = (p[:, None] * each).sum(0)
exact = gradient((p * (p.log() - q)).sum())
print("fine-tuning, mean over texts", [f"{x:+.3f}" for x in mean.tolist()])
print("forward KL                  ", [f"{x:+.3f}" for x in exact.tolist()])
spread = (p[:, None] * (each - mean) ** 2).sum().sqrt()
print(f"spread of a single text: {spread:.3f}, length of the mean: {mean.norm():.3f}")

# %% [markdown]
# Same goal, less noise: here the spread of a single sampled token is larger than what
# it tries to estimate. On the other hand a text costs nothing to *keep*. The
# distribution needs the teacher itself, in memory, at every step; or a file with one
# number for each word and place. For R1's vocabulary of 129,280 and 4.3 billion tokens
# nobody would like to store that. (In practice
# one keeps the few likeliest words of each place.)
#
# ### The loss
#
# Rule 1 of this book: what has shape (B, T) is indexed by token. Token $t$ was foretold
# by the logits in column $t-1$. First in plain loops:


# %%
def naive_kl_loss(student, teacher, mask):
    """Mean over masked tokens of KL(teacher || student), one token at a time."""
    found = []
    for b, t in mask.nonzero().tolist():
        p, q = teacher[b, t - 1].softmax(-1), student[b, t - 1].softmax(-1)
        found.append(sum(p[v] * (p[v] / q[v]).log() for v in range(len(p))))
    return sum(found) / len(found)


# %%
# r1lib.distill.KINDS
# r1lib.distill.kl_loss

# %%
rng = torch.Generator().manual_seed(0)
s, t = torch.randn(2, 2, 5, 7, generator=rng)
few = torch.tensor([[0, 0, 1, 1, 1], [0, 1, 1, 0, 0]]).bool()
assert torch.allclose(kl_loss(s, t, few), naive_kl_loss(s, t, few), atol=1e-6)
assert torch.allclose(
    kl_loss(s, t, few, "reverse"), naive_kl_loss(t, s, few), atol=1e-6
)
print("naive and final loss agree, in both directions")

# %% [markdown]
# ### Forward or reverse: what gives where room is short
#
# The library's loss has a second kind. The **reverse KL** is $\mathrm{KL}(q \,\|\, p)$:
# the mean of $\log q(y) - \log p(y)$ for $y$ written by the *student*. Both are zero
# exactly where the two agree. A student that can agree, and is trained to the end, arrives
# at the same place with both. On the way there, and where it has too little room, it must
# decide where to be wrong, and they differ:
#
# - forward: where $p(y)$ is large and $q(y)$ nearly 0, $\log p/q$ explodes. The student
#   must give weight to *everything the teacher might write*, even if it also puts weight
#   where the teacher never goes. It **covers**.
# - reverse: where $q(y)$ is large and $p(y)$ nearly 0, it explodes. The student must not
#   write *anything the teacher would not*, even if it drops half of what the teacher does.
#   It **picks**.
#
# A teacher with two favourite answers, and a student with room for one hump only, with
# a centre and a width to choose:

# %% tags=["slide", "nbval-check-output"]
places = torch.arange(21.0)


def hump(centre, width):
    return -((places - centre) ** 2) / (2 * width**2)


two = torch.logaddexp(math.log(0.65) + hump(5, 1.5), math.log(0.35) + hump(15, 1.5))
one_token = torch.tensor([[False, True]])
fits = {}
for kind in KINDS:
    shape = torch.tensor([9.0, 2.0], requires_grad=True)  # centre and width
    optimizer = torch.optim.Adam([shape], lr=0.05)
    for _ in range(600):
        mine = hump(shape[0], shape[1]).expand(1, 2, -1)
        loss = kl_loss(mine, two.expand(1, 2, -1), one_token, kind)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    fits[kind] = hump(*shape.detach()).softmax(0)
    print(f"{kind:8} centre {shape[0]:4.1f}, width {shape[1].abs():3.1f}, ", end="")
    print(f"weight where the teacher is not (8 to 12): {fits[kind][8:13].sum():.2f}")

# %%
lines = {"teacher": two.softmax(0), **fits}
plots.curves(
    {"Room for one": {n: list(enumerate(row.tolist())) for n, row in lines.items()}},
    "answer",
    "chance",
)

# %% [markdown]
# What you see: the teacher's two humps; the forward student, wide, with its top at
# the edge of the valley and a third of its weight in it, where the teacher hardly ever
# is; and the reverse student, which has
# given up one of the two and is right about the other. (Begin with a width of 3 instead
# of 2, and the reverse student ends up wide as well: the reverse kind has more than
# one valley to roll into, and the better one is not always found.)
#
# For reasoning the valley is the problem. Between two good ways to solve a problem
# there is usually no third one that is half of each: half of the one tape and half of
# the other is a wrong tape. (The picture is about whole texts and a student too small for
# them. At a single place, a choice between two words has no valley.) A student that covers writes things that the teacher would
# never write. This is the argument for the reverse kind in language models (MiniLLM,
# arXiv 2306.08543). The argument against it: what the student has dropped
# hardly pulls it back, since every word is weighted by the student's own chance, and
# variety is what voting and later RL live on.
#
# ### Temperature
#
# One more knob. A teacher that is sure, 99.9% on one token, tells little more than the
# text does. Dividing both models' logits by a **temperature** $T > 1$ makes the small
# chances visible: which mistakes would have been nearly right?

# %% tags=["nbval-check-output"]
sure = torch.tensor([8.0, 4.0, 3.0, -2.0])
print("   T  chances                            gradient  times T^2")
for T in (1, 2, 4, 8):
    chances = (sure / T).softmax(0)
    blank = torch.zeros(4, requires_grad=True)
    loss = (chances * (chances.log() - (blank / T).log_softmax(0))).sum()
    (push,) = torch.autograd.grad(loss, blank)
    row = "".join(f"{p:8.4f}" for p in chances.tolist())
    print(f"{T:4}{row}   {push.norm():8.3f}{T**2 * push.norm():11.2f}")

# %% [markdown]
# Softer distributions also make gradients smaller, about by $1/T^2$ where $T$ is large;
# hence the factor $T^2$ in the loss, which keeps them in one order of magnitude (arXiv
# 1503.02531, section 2.1). Higher temperatures made sense for classifiers, whose wrong
# classes carry much of the news. A language model's chances are spread by themselves
# wherever there is a choice, so 1 is the usual value. Is it the best one? Section 9 has tried 2.
#
# ### The tokenizers must be one
#
# Place by place and word by word can only be compared where places and words are the
# same. This is the great restriction of the second way: R1's students could not have been
# taught in this plain form, since Qwen's and Llama's vocabularies differ from R1's.
# (Methods that match two vocabularies exist; they give up the exact comparison.) The
# dangerous case is not a different size, which fails loudly. It is two
# tokenizers of the *same* size whose ids mean other things, where everything runs and
# the student learns noise:

# %%
# r1lib.distill.check_same_tokenizer

# %% tags=["nbval-check-output"]
one, other = Tokenizer([(100, 101), (102, 103)]), Tokenizer([(102, 103), (100, 101)])
print(
    one.vocab_size, other.vocab_size, repr(one.decode([265])), repr(other.decode([265]))
)
try:
    check_same_tokenizer(one, other)
except ValueError as error:
    print(error)
tokenizers = tokenizer, teachers_own  # of student and teacher
check_same_tokenizer(*tokenizers)  # ours are one: nothing happens

# %% [markdown]
# ### The step
#
# A batch is cut into parts that fit into memory; each part's loss counts by its share
# of the tokens, so that the parts add up to the mean of the whole. The teacher only
# reads: no gradient, no change. The loop around it is the one of fine-tuning, with the
# same order of examples and the same learning rates. It asks for both tokenizers, and it
# writes its own bill.

# %%
# r1lib.distill.add_gradients

# %%
# r1lib.distill.train

# %% [markdown]
# Now the same traces, once through, in three ways: by texts, and by both kinds of
# distributions. What do we measure? How far a student is from its teacher, per token,
# on texts that the teacher wrote for held-out problems:


# %%
def laid_out(found, right=None, most=64):
    """One text a problem, of that verdict if given: ids, mask, the teacher's logits."""
    pairs = []
    rows = zip(found.problems, found.texts, found.right.tolist(), strict=True)
    for problem, texts, verdicts in rows:
        for text, verdict in zip(texts, verdicts, strict=True):
            if right is None or verdict == right:
                pairs.append((problem.prompt, text))
                break  # one text a problem
    pairs = pairs[:: -(-len(pairs) // most)]
    ids, mask = sft.collate(sft.encode(tokenizer, pairs))
    with torch.no_grad():
        return ids, mask, teacher(ids)


def distances(model, where):
    """Mean KL per token between a student and the teacher, by kind, on given texts."""
    ids, mask, wanted = where
    with torch.no_grad():
        mine = model(ids)
    return {kind: kl_loss(mine, wanted, mask, kind).item() for kind in KINDS}


def fit_distributions(kind):
    """A copy of the base that has fitted the teacher's chances on the traces once."""
    pupil = copy.deepcopy(base)
    optimizers = optim.base_optimizers(pupil, 0.01, 3e-3)
    config = distill.DistillConfig(epochs=1, batch_size=24, kind=kind)
    steps = list(distill.train(pupil, teacher, tokenizers, given, config, optimizers))
    return pupil, sum((spent for _, spent in steps), distill.Spent())


# %%
once = distill.Spent(student_trained=one_pass, teacher_written=wrote)
pupils = {"texts": (fine_tune(given, 1, "texts, once"), once)}
for kind in KINDS:
    pupil, bill = fit_distributions(kind)
    pupils[kind] = (pupil, bill + distill.Spent(teacher_written=wrote))

# %% tags=["slide"]
theirs, far = laid_out(answers["teacher"]), {}
print(f"{'':10}{'forward KL':>12}{'reverse KL':>12}{'GFLOPs':>9}")
for name, (pupil, bill) in {"base": (base, distill.Spent()), **pupils}.items():
    far[name] = distances(pupil, theirs)
    flops = bill.flops(base.config, teacher.config, length) / 1e9
    cells = "".join(f"{far[name][kind]:12.3f}" for kind in KINDS)
    print(f"{name:10}{cells}{flops:9.0f}")
for kind in KINDS:
    assert far[kind][kind] < far["base"][kind]  # each is nearer in what it was taught

# %% [markdown]
# After one pass the forward KL ends where plain texts end, for a quarter more arithmetic.
# The reverse KL is behind even in its own column: a word pulls with the weight that the
# *student* gives it, and at the start that is nearly nothing for what it has to learn.
# (Forward, the weight is the teacher's.) It is a poor first teacher, and section 9 shows what it
# is over a longer course.
# Each student was trained for one of the columns: texts and "forward" for the first,
# "reverse" for the second. Whether being nearer to the teacher per token also means being
# right more often is another question, and section 9 counts right answers only.

# %% [markdown] tags=["slide"]
# ## 7. Third way: the student's own texts
#
# Both ways so far have a blind spot. The student practises on the teacher's texts, and
# only on those that passed the filters. When it writes by itself, it makes a slip
# sooner or later, and from then on it stands in a place where no trace has ever been.
# Nobody has shown it how to go on from there. The mismatch is called **exposure bias**.
#
# Do we have it? Measure the distance to the teacher on four kinds of text: right and wrong
# ones of the teacher, right and wrong ones of the student.

# %%
sources = (
    ("the teacher's, right", "teacher", 1.0),
    ("the teacher's, wrong", "teacher", 0.0),
    ("the student's, right", "distilled", 1.0),
    ("the student's, wrong", "distilled", 0.0),
)
print(f"{'texts':22}{'forward KL':>12}{'reverse KL':>12}")
for label, name, verdict in sources:
    found = distances(student, laid_out(answers[name], verdict))
    print(f"{label:22}" + "".join(f"{value:12.3f}" for value in found.values()))

# %% [markdown]
# Compare each line of the teacher with the same line of the student: what changes is who
# wrote. If writing by itself were the trouble, both pairs would differ. If *being lost*
# is, the wrong lines are bad and the right ones are not. Two cautions: wrong texts come
# from harder problems, and their mean includes the slip itself, not only what follows it.
# Here it is both, and being lost counts for more: in both pairs the wrong lines are about
# half as far again from the teacher as the right ones, or more, whoever wrote; that the
# student wrote adds 2% to 40%.
#
# The cure is to practise where one will play. Let the *student* write. Then let the
# teacher read it, and say at every token what it would have thought in this place, slip
# included. The student moves its distribution towards that. This is **on-policy
# distillation** (Agarwal et al., arXiv 2306.13649, who mix it with the teacher's
# texts; we do not).

# %%
# r1lib.distill.on_policy

# %% [markdown]
# Compare it with the loop of chapter 09. The student samples, as in RL. But where RL
# gives one number for a whole completion, here every token gets an opinion about
# every word. And no verifier is asked: "accuracy" is only reported. In fact the reverse
# KL of whole texts is an RL objective with a peculiar reward,
#
# $$ -\mathrm{KL}(q \,\|\, p) =
#    \mathbb{E}_{y \sim q}\Big[\sum_t \log p(y_t \mid \ldots) - \log q(y_t \mid \ldots)\Big]: $$
#
# write what the teacher finds likely, and keep your own variety. (The library
# takes the gradient of each token's KL in its place and treats the text before it as
# given; how an early token changes what can be written later is left out, as in
# the paper.)
#
# The price: the student has to write while it learns, and the teacher must be there to
# read. A few steps, from the distilled student on. The losses of different steps are
# about different texts, so one of them says little; the cell below it measures on texts
# that stay the same:

# %%
before_own = laid_out(answers["distilled"])
pupil = copy.deepcopy(student)
config = distill.OnPolicyConfig(steps=8, prompts=48, max_new_tokens=LONGEST)
optimizers = optim.base_optimizers(pupil, 0.005, 1.5e-3)
own_bill = distill.Spent()
for metrics, bill in distill.on_policy(
    pupil, teacher, tokenizers, pipeline.draw_mixed, config, optimizers
):
    own_bill += bill
    if metrics["step"] in (1, 4, 8):
        print("step {step}: loss {loss:.3f}, right {accuracy:.0%}".format(**metrics))
print(
    f"written {own_bill.student_written:,}, trained on {own_bill.student_trained:,}, "
    f"read by the teacher {own_bill.teacher_read:,}"
)

# %%
print("on texts of the distilled student, reverse KL: ", end="")
near = [distances(model, before_own)["reverse"] for model in (student, pupil)]
print(f"{near[0]:.3f} -> {near[1]:.3f}")
assert near[1] < near[0]

# %% [markdown] tags=["slide"]
# ## 8. What a student cannot learn from traces
#
# A trace is all that the student sees. What does not show in it cannot be learned
# from it. Four cases.
#
# **What the teacher cannot do.** A problem that the teacher never solves leaves no
# trace behind; the first filter sees to that. Chapter 12 counted it: easy problems
# crowd in. So a student learns most about what is easy for the teacher. Here are our
# held-out problems, sorted by how many of the teacher's four answers are right:

# %% tags=["slide"]
by_teacher = answers["teacher"].right.sum(1)
print(f"{'teacher, of 4':15}{'problems':>9}{'student base':>14}{'distilled':>11}")
for low, high in ((0, 0), (1, 2), (3, 3), (4, 4)):
    mine = (by_teacher >= low) & (by_teacher <= high)
    label = str(low) if low == high else f"{low} to {high}"
    cells = [
        answers[n].right[mine].mean().item() for n in ("student base", "distilled")
    ]
    if mine.any():
        print(f"{label:15}{int(mine.sum()):9}{cells[0]:14.0%}{cells[1]:11.0%}")

# %% [markdown]
# Read the two columns downwards. A student is no copy, and may well solve a problem
# that the teacher missed four times; but there it had nobody to follow. (Some of the
# slope in the last column is nobody's fault: a problem that is hard for one model is
# hard for another. The column of the base shows how much of it was there before.)
#
# **What the teacher does silently.** A teacher may know an answer without writing
# why: a guess that came from its 671 billion weights. Its text is right, and useless
# as a lesson. The student learns to *guess*, without the weights that made the guess good. The
# filter "form" throws out bare guesses, yet no filter sees a step that was skipped in
# the middle.
#
# **What the student has no room for.** A step that its own weights cannot carry out,
# it will imitate in form: a line that looks like a sum, with a wrong result. In Table 5
# of the paper the four Qwen students of growing size, taught with the same samples, solve
# 28.9, 55.5, 69.7 and 72.6 percent of AIME. (Not only the sizes differ: the two smallest
# began from Qwen2.5-Math, the others from plain Qwen2.5; v1, section 2.4.) The authors of
# Sky-T1, of whom more below, saw only modest gains when they tried students of 7 and 14
# billion weights.
#
# **What was never asked.** The traces are about easy problems of two games. Whether the
# student has learned to search, or only to search in numbers like these, shows on
# *hard* problems: four numbers, or five steps, of which no trace speaks. Section 9 has
# a column for them.
#
# ### How bad may a trace be?
#
# One would think: perfect traces, perfect student. It is not so simple. In an ablation
# of the Sky-T1 team (Li et al., arXiv 2502.07374, abstract), training on traces whose
# *answers were wrong* cost 3.2% of accuracy, while shuffling or deleting *steps* did
# much more damage. Their reading: what matters is the structure of a long
# thought, trying and checking and turning back, and a wrong thought has that as well.
# Compare the columns of section 4, manners and skill. It was shown for a large student
# that could do the steps already. Whether it holds for small ones is a question for
# section 9.

# %% [markdown] tags=["slide"]
# ## 9. The long run (P9)
#
# The following was measured once, in full runs, and is committed under `results/`;
# `python -m results.distill traces 0` makes one unit of it, and that file lists the
# others. Every arm of the first table ends with the same exam: test problems of both
# games that no stage has ever seen, 256 of each and of each level, four answers or
# more. Teaching takes 500 optimizer steps in every arm, and about 700,000 tokens where
# texts are given, however many traces there are and however long they are. Three arms
# are of another kind. "Own texts" draws new problems in every step and trains on as many
# tokens as the student happens to write. "RL alone" has the 100 steps of chapter 09, with
# its settings, which were chosen for another model. "Texts, then RL" has both the 500
# steps and the 100.


# %%
def results_of(arm):
    """seed -> what was measured of an arm."""
    files = {seed: RESULTS / f"distill-{arm}-{seed}.json" for seed in (0, 1, 2)}
    texts = {seed: file.read_text(encoding="utf-8") for seed, file in files.items()}
    return {seed: json.loads(text)["P9"] for seed, text in texts.items()}


def mean(runs, level, mark="pass@1"):
    """Mean over seeds of a mark on the problems of a level."""
    return fmean(run["test"][level][mark] for run in runs.values())


ROWS = {
    "base": "student base",
    "written": "SFT, clean solutions",
    "rl": "RL alone",
    "traces": "distilled: texts",
    "forward": "distilled: forward KL",
    "softer": "distilled: forward, T=2",
    "reverse": "distilled: reverse KL",
    "own": "distilled: own texts",
    "traces-rl": "texts, then RL",
    "big-written": "big base, clean",
    "big-traces": "big base, texts",
    "teacher": "R1, the teacher",
}
measured = {arm: results_of(arm) for arm in ROWS}

# %% tags=["slide"]
print(f"{'':24}{'easy':>6}{'hard':>7}{'length':>8}{'TFLOPs':>8}   easy, each seed")
for arm, runs in measured.items():
    marks = f"{mean(runs, 'easy'):6.2f}{mean(runs, 'hard'):7.2f}"
    tokens = mean(runs, "easy", "length")
    flops = fmean(run["flops"] for run in runs.values()) / 1e12
    spent = f"{flops:8.2f}" if flops else f"{'-':>8}"
    each = "  ".join(
        "{:.2f} [{:.2f}, {:.2f}]".format(
            run["test"]["easy"]["pass@1"], *run["test"]["easy"]["interval"]
        )
        for run in runs.values()
    )
    print(f"{ROWS[arm]:24}{marks}{tokens:8.0f}{spent}   {each}")


# %%
def dots(rows):
    """Panels for `plots.interval_dots`: each seed of each arm, easy and hard."""
    kept = {name: results_of(arm) for arm, name in rows.items()}
    return {
        level: {
            name: [
                (run["test"][level]["pass@1"], *run["test"][level]["interval"])
                for run in runs.values()
            ]
            for name, runs in kept.items()
        }
        for level in ("easy", "hard")
    }


plots.interval_dots(dots(ROWS))

# %% [markdown]
# What you see: every seed of every arm with its 95% interval over problems. "Clean
# solutions" are the data that a careful person would write for the same problems: one
# try that fits, one check, no search.
#
# Six comparisons are the point of this table. *Texts against RL alone* is Table 6 of the
# paper. *Texts against clean solutions* asks whether it matters that a reasoner wrote
# them, and *RL alone against clean solutions* what a student finds by itself that a careful
# person would just tell it. *Texts, then RL* and *big base, texts* are Raschka's two missing rows, the second
# beside R1 and beside the same base on clean solutions. Every arm answered the same
# problems, so we compare problem by problem, each game apart:


# %%
def gains(*pairs):
    """Print what the second arm of a pair gains over the first, each game and both."""
    for game in ("countdown", "arithmetic", "both"):
        print(f"easy, {game}: gain of the second over the first, seeds 0, 1, 2")
        for pair in pairs:
            cells = ""
            for seed in (0, 1, 2):
                two = [results_of(arm)[seed]["test"]["easy"]["values"] for arm in pair]
                half = len(two[0]) // 2  # first countdown, then arithmetic
                begin = half if game == "arithmetic" else 0
                end = half if game == "countdown" else 2 * half
                gain = paired(*(values[begin:end] for values in two))
                cells += "{:+7.2f} [{:+.2f}, {:+.2f}]".format(
                    gain["difference"], *gain["interval"]
                )
            print(f"  {' -> '.join(pair):25}{cells}")


gains(
    ("rl", "traces"),
    ("written", "traces"),
    ("rl", "written"),
    ("traces", "traces-rl"),
    ("big-written", "big-traces"),
    ("teacher", "big-traces"),
    ("traces", "forward"),
    ("traces", "softer"),
    ("forward", "softer"),
    ("traces", "reverse"),
    ("traces", "own"),
)

# %% [markdown]
# 1. **Distilled beats RL alone on easy problems**, in every seed: 0.35, 0.66 and 0.50 of both games
#    against 0.21, 0.55 and 0.37, with intervals that do not touch, for a third of the
#    arithmetic on average. It is the direction of Table 6 (72.6 against 47.0). Seed by seed it is
#    carried by other games: in seed 0 all of it is arithmetic, in seed 2 most of it countdown.
#    On hard problems it is the other way round, at a low level: RL keeps the base's 0.03 to
#    0.04, the texts fall below 0.02.
# 2. **A reasoner's texts beat clean solutions in countdown**, by 0.07, 0.22 and 0.08, **and do
#    not in arithmetic**, where they are behind by 0.09 and 0.12 and level once. Countdown is a
#    search: the trace shows what to do after a miss. Arithmetic is a calculation, and there the two
#    kinds of text are nearly the same, so that a trace has little to add. (In equal tokens a clean solution
#    is read 8.8 times, a trace 7 times, and much of what a trace student reads is
#    searches in countdown. We did not test whether that explains the rest.) Chapter 10 found the
#    same with journeys and shortcuts. Over both games it is a draw in two seeds of three.
#    "Distilled beats human-style data" holds here where there is something to search.
# 3. **RL alone does not beat clean solutions**, which is where we expected the paper's order to
#    go on. In countdown it does in two seeds (by 0.06 and 0.15) and is behind in the third; in
#    arithmetic it is behind by 0.15 to 0.35, everywhere. Over both games clean solutions are
#    ahead twice and level once, for less than a quarter of the arithmetic. RL can only raise
#    what the student already does now and then; three sums in a row, checked, it hardly ever
#    does, and somebody's written solution simply shows it.
# 4. **RL after the texts** adds 0.06, 0.07 and 0.10, most of it in countdown, and costs four
#    times what the texts did. From the same student without texts, the same RL ended 0.18 to 0.24
#    lower, so RL does not make the texts superfluous. In seed 1 this
#    student, of a third of the weights, comes within 0.02 of its teacher on easy problems.
# 5. **The big base, without any RL**, reaches its teacher on easy problems within 0.03 (in seed 2
#    measurably below) by reading alone; on clean solutions it stays 0.11 to 0.15 below. So here too
#    the last RL adds little *to these problems*, as in the table of the paper's second
#    version. But somebody had to find these traces, and that was RL. And on hard
#    problems, of which it read nothing, it has 0.02 and R1 0.36.
# 6. **The student stays below R1**, by 0.08 to 0.43 with texts alone, where the same texts
#    lift the big base to R1. That base is three times as large, and it has read the web for
#    more than twice as many steps. The table of sizes below comes near to telling the two
#    apart.
#
# And the three ways? Forward KL is worth +0.06, -0.03 and +0.03 over the texts that it is
# computed on, each beyond the noise of problems, with two signs: no gain that one can count on. At
# temperature 2 it is: +0.08, +0.03 and +0.07 over the texts, clear of chance in every seed, and +0.03, +0.06
# and +0.05 over itself at 1 (clear in two). What a teacher that is nearly sure would *almost*
# have written is worth reading. (We tried no other temperature.) Reverse KL
# gained 0.09 and 0.05 and lost 0.18, nearly all of it in arithmetic (0.48 against 0.82 in seed 1).
# The student's own texts, corrected by the same reverse KL, do best where the student is
# worst: +0.24, 0.00, +0.09, and no seed falls below 0.58. What helped may be to be corrected
# *where one stumbles*, as section 7 hoped, or that this arm meets some 7,500 different problems, the
# others 1,600 seven times. So the teacher wrote more, nearly five times as much: texts on some 7,230
# problems, each read once or twice, for the same number of tokens trained on.

# %%
gains(("traces", "n-7500"), ("n-7500", "own"))

# %% [markdown]
# Fresh problems help arithmetic (+0.08, +0.04, +0.07, clear in every seed) and not countdown. Over these
# fresh texts the corrected own ones still gain in countdown, in every seed (+0.13, +0.05, +0.11), and in
# the arithmetic of seed 0, which cannot add; in arithmetic elsewhere they are level or behind. So
# more problems are not what it has ahead. To be corrected where one stumbles may be; that this arm learns
# whole distributions and trains on an eighth more tokens is the rest of the difference.
#
# ### For the same arithmetic
#
# The arms differ in what they cost. RL pays for every sample; texts pay the teacher
# once. The bill begins with a finished teacher: what R1's own training cost is not in it,
# nor any pre-training. RL alone needs no teacher. First the bills, in thousands of tokens, means over seeds:

# %%
PARTS = {
    "student_trained": "trained on",
    "student_written": "written",
    "teacher_written": "teacher wrote",
    "teacher_read": "teacher read",
}
head = "".join(f"{name:>14}" for name in PARTS.values())
print(f"{'thousands of tokens':22}{head}  minutes")
for arm, runs in measured.items():
    spent = [fmean(run["spent"][part] for run in runs.values()) for part in PARTS]
    minutes = fmean(run["spent"]["seconds"] for run in runs.values()) / 60
    cells = "".join(f"{n / 1e3:14,.0f}" for n in spent)
    print(f"{ROWS[arm]:22}{cells}{minutes:9.1f}")

# %% [markdown]
# (The minutes are of one core of a busy machine; take them as an order of magnitude.)
# In the rows of the big base, "student" means a model as large as the teacher. Now
# accuracy against FLOPs, with the curve of RL on the student as it trains:


# %%
def spent_so_far(runs):
    """(TFLOPs, right on easy valid problems) along an RL run, means over seeds."""
    c = replace(PRESETS["student-qwen"], vocab_size=tokenizer.vocab_size)
    curves = []
    for run in runs.values():
        length = round(run["test"]["easy"]["length"]) + 20  # about 20 tokens of prompt
        looks = [p for p in run["rl"] if "valid" in p]
        bills = [distill.Spent(**p["spent"]).flops(c, c, length) for p in looks]
        rights = [p["valid"] for p in looks]
        curves.append(list(zip(bills, rights, strict=True)))
    out = []
    for points in zip(*curves, strict=True):
        flops, right = (fmean(column) for column in zip(*points, strict=True))
        out.append((flops / 1e12, right))
    return out


def point(arm):
    runs = results_of(arm)
    flops = fmean(run["flops"] for run in runs.values()) / 1e12
    return flops, mean(runs, "easy")


by_price = {"RL alone": spent_so_far(measured["rl"])}
for arm in ("written", "traces", "forward", "reverse", "own", "traces-rl"):
    by_price[ROWS[arm]] = [point(arm)]
panel = {"What the arithmetic buys": by_price}
plots.curves(panel, "TFLOPs", "right, easy", "x")

# %% [markdown]
# What you see: the share of right answers over what was spent, the teacher's writing
# included. The cheapest arm is fine-tuning on clean solutions, for which no teacher
# writes: 0.48 for 1.06 TFLOPs; texts have 0.50 for 1.54. (Forward KL with T=2 costs as much
# as forward KL and is left out.) The curve of RL is looked at on validation problems as it trains; the points
# are on the test problems of the table.
# RL never gets to where the texts are, at any price that it paid: its curve flattens at 0.39,
# with more than three times the arithmetic of the texts, which stand at 0.50. The distributions
# cost a third more than texts, since the teacher has to read along, the student's own
# texts half as much again as texts, and more than three times the minutes, since tokens that are written one by
# one cost far more time than tokens that are read. "Texts, then RL" is the dearest point, and
# over three seeds no better than own texts.
#
# ### How few traces?
#
# Sky-T1 (NovaSky, January 2025) became known for a small number: 17,000 traces of
# QwQ-32B-Preview, put into form by GPT-4o-mini, kept only if right, fine-tuned into
# Qwen2.5-32B-Instruct in 19 hours on eight H100, for less than 450 dollars; on several
# benchmarks on a par with o1-preview (their report, novasky-ai.github.io/posts/sky-t1).
# By the bill of section 5 these are the dollars of the second line; what the writing cost
# is not in them.
# R1's students had nearly fifty times as many. So how far do few traces go? Ours range
# from 30 to some 7,230. All arms are trained on the same number of *tokens*, so few traces
# are read often, 30 of them 317 to 417 times: the left end shows memorising, too, and might
# do better with an early stop.

# %%
ARM_OF = {n: f"n-{n}" for n in (30, 60, 125, 250, 500, 1000)} | {1600: "traces"}
fresh = results_of("n-7500").values()
ARM_OF[round(fmean(run["traces"] for run in fresh))] = "n-7500"
several = {n: results_of(arm) for n, arm in ARM_OF.items()}


def by_count(level):
    """Panels for `plots.doubling_curves`: a panel for each seed."""
    panels = {}
    for seed in (0, 1, 2):
        student = [(n, mean({0: r[seed]}, level)) for n, r in several.items()]
        lines = panels[f"{level}, seed {seed}, right"] = {"student, texts": student}
        for arm in ("teacher", "rl", "base"):
            flat = mean({0: measured[arm][seed]}, level)
            lines[ROWS[arm]] = [(n, flat) for n in (min(several), max(several))]
    return panels


plots.doubling_curves(by_count("easy"), "traces")

# %%
plots.doubling_curves(by_count("hard"), "traces")

# %% [markdown]
# What you see: the accuracy of the students of seeds 0, 1 and 2 over the number of different
# traces, on easy problems and then on hard ones. Flat lines show their teacher, RL alone and
# their base, each of the same seed. The scales of the panels differ.
# The first 30 to 60 teach nothing: read some hundreds of times they are learned by heart, and
# the student ends below its base, or hardly above. From there every doubling pays, most between 125 and
# 500 in seeds 1 and 2 and after 500 in seed 0, and the step from 1,000 to 1,600 still brings 0.04 to 0.06. Then
# the curves bend: the last point has four and a half times as many traces, each read once or twice,
# and brings 0.05, 0.01 and 0.04, all of it in arithmetic. The step before brought as much or more (in seed 0
# 0.04) with 600 more traces. On hard problems every number of easy traces leaves the student below its base.
#
# The line of RL alone is where "distilled beats RL" turns round. With 500 traces the
# two are level in every seed (0.21, 0.54, 0.38 against 0.21, 0.55, 0.37); with 250 RL is
# ahead in every seed, with 1,000 the texts are, and all six intervals exclude 0. So it is a
# matter of how many texts there are. And where both ways end at the same place, we can ask what it
# costs:

# %% tags=["slide"]
for label, arm in (("500 traces", "n-500"), ("RL alone", "rl")):
    runs = results_of(arm)
    minutes = fmean(run["spent"]["seconds"] for run in runs.values()) / 60
    print(f"{label:12}{mean(runs, 'easy'):5.2f} of easy problems, ", end="")
    print(f"{point(arm)[0]:.2f} TFLOPs, {minutes:.1f} minutes")
gains(("rl", "n-250"), ("rl", "n-500"), ("rl", "n-1000"))

# %% [markdown]
# For the same accuracy RL takes four times the arithmetic and more than four times the minutes, the
# teacher's writing of these 500 traces included and the teacher's own training not.
#
# Why is the left end *below* the base? The results hold the skills of chapter 05, each measured
# apart, before and after: of single sums in a line of thinking, how many are right?


# %% tags=["slide"]
def sums(arm, when):
    """Share of single sums right, for seeds 0, 1, 2."""
    runs = results_of(arm).values()
    return "".join(f"{run['skills'][when]['arithmetic']:8.2f}" for run in runs)


print(f"{'single sums right, seeds 0, 1, 2':34}")
print(f"{'student base':20}{sums('base', 'after')}")
for n, arm in ARM_OF.items():
    print(f"{n:5} traces        {sums(arm, 'after')}")

# %% [markdown]
# What you see: the base's sums are *forgotten*. After 30 traces, read 317 to 417 times, 0.10 to 0.18 of
# them are right, of 0.59, 0.98 and 0.95 before, and it takes 1,000 traces to lose next to
# nothing. And not only sums: copying an expression falls from 0.97 and more to 0.62 to 0.72. The
# student knows its 30 texts and can no longer do for other numbers what it did before. (More, and other, texts
# are the cure that we measured; a lower learning rate and an early stop are others, which we did
# not try.)
#
# ### Which traces?

# %%
TRACES = {
    "traces": "right and readable",
    "correct": "right",
    "unfiltered": "unfiltered",
    "wrong": "wrong",
    "shortest": "shortest",
    "longest": "longest",
    "harder": "hard ones too",
    "from-zero": "by Zero",
    "from-dev1": "by Dev1",
    "from-dev2": "by Dev2",
    "from-dev3": "by Dev3",
}
plots.interval_dots(dots(TRACES))

# %% [markdown]
# What you see: students that differ in the traces they read, and so in the problems that
# these are about. All teachers were asked the same 3,000 training problems, none of which
# is in the table from which Dev3 was trained; for "hard ones too", 400, 721 and 800 hard traces stand
# beside 800 easy ones (in seed 0 all of arithmetic, since its R1 solves no hard countdown). An arm takes one trace of each problem for which it finds one, the
# first 800 of each game, so a strict arm reads about somewhat easier problems. "Wrong"
# reads only about problems that R1 missed at least once in four tries, and has as many as
# there are.
# - **Right answers matter much more here than there.** Wrong traces are about 700, so hold
#   them against 500 right ones: 0.14, 0.35, 0.15 against 0.21, 0.54, 0.38, where Sky-T1
#   lost 0.03. Yet even they lift two bases a little and one a lot. It is not that single sums were
#   lost: in seeds 1 and 2 (measured there) 0.94 and 0.92 of them are right after wrong traces, 0.91 and
#   0.84 after 500 right ones. What does the damage we have not isolated; wrong traces
#   are also about harder problems.
# - **Filters**: leaving out what is wrong is worth 0.07 to 0.09; form, language, length and
#   repetition on top, 0.01 to 0.03.
# - **Length**: of several right traces of a problem, the shortest teach at least as well as the
#   longest (0.34, 0.65, 0.52 against 0.33, 0.63, 0.47, clear of chance in seed 2 alone), and the
#   student's own answers come out a sixth to a quarter shorter: one learns the length, too.
# - **The teacher's stage** hardly matters, from Zero to R1: within 0.05 of each other in every seed. All of them have passed the same filters, and a right, readable
#   trace of an easy problem is nearly the same text whoever wrote it. A better teacher
#   solves more problems; it does not write better solutions of the same ones.
# - **Hard traces** lift hard problems, the only thing here that does: from 0.02 to 0.10, 0.33 and
#   0.08 (countdown 0.00, 0.13, 0.11, arithmetic 0.21, 0.53, 0.05), in seed 1 nearly to the teacher's 0.38, for
#   0.00, 0.07 and 0.15 fewer easy ones right. A student can do what it was shown; what it was
#   not shown, it does not infer.
#
# ### Votes, and what distillation cannot do
#
# The paper's students gain much by a majority vote (52.7 against 28.9 for the
# smallest). Sixteen answers each, for the base, the student and its teacher:

# %%
MARKS = ("pass@1", "majority@16", "pass@16")
print(f"{'':20}{'level':>6}" + "".join(f"{mark:>13}" for mark in MARKS))
for arm in ("base", "traces", "teacher"):
    for level in ("easy", "hard"):
        cells = "".join(f"{mean(measured[arm], level, m):13.2f}" for m in MARKS)
        print(f"{ROWS[arm]:20}{level:>6}{cells}")

# %% [markdown]
# What you see: on easy problems the vote is worth 0.20 to the student, and takes it to 0.71, most of
# the way to one answer of its teacher (0.76), which gains by votes itself. On hard problems there is nothing to vote on.
# And look at the base: with its quick guesses it hits 0.40 of the hard problems at least once in
# sixteen tries, the student 0.14. It has given up guessing for a way of working that does not reach so far.
#
# The lines "hard" are the ones to look at. pass@16 says whether a right answer is within
# the student's reach at all; what it does not reach in sixteen tries, no vote will find,
# and RL that begins from this student would need more tries than that, or luck from other
# problems: it can only raise what is sampled now and then.
#
# ### Sizes

# %%
STUDENTS = {
    "small": ("student-qwen-small", "small-base"),
    "traces": ("student-qwen", "base"),
    "llama": ("student-llama", "llama-base"),
    "large": ("student-qwen-large", "large-base"),
}


def each_seed(arm):
    """Easy problems right, a column for each seed."""
    runs = results_of(arm).values()
    return "".join(f"{run['test']['easy']['pass@1']:6.2f}" for run in runs)


print(
    f"{'seeds 0, 1, 2':20}{'weights':>9}  {'easy, with traces':20}{'its base':20}",
    end="",
)
print("single sums of the base")
for arm, (name, before) in STUDENTS.items():
    c = replace(PRESETS[name], vocab_size=tokenizer.vocab_size)
    print(f"{name:20}{counts.parameters(c):9,}{each_seed(arm):20}", end="")
    print(f"{each_seed(before):20}{sums(before, 'after')}")

# %% [markdown]
# What you see: means rise with the size (0.28, 0.50, 0.50, 0.58), as in Table 5, and the Llama-shaped
# student is as good as the Qwen-shaped one. But seeds differ by as much as sizes do: in seed 0 the
# smallest equals one of twice its size, in seed 1 that one passes the largest. The bases themselves solve
# next to nothing (0.07 to 0.15) and yet differ: those of the smallest can add in one seed of three
# (0.81 of single sums, 0.18 and 0.49), and that seed makes the best of the smallest students. And the largest, which spends more on a
# token than its teacher, stays 0.17 below the big base of the first table. That base has more weights
# in all (725k for 469k), experts, and more reading (10,500 steps for 4,500); which of the three makes
# the difference is not measured. When a distilled model disappoints, it need not be its size.
# Every student has a base of its own, with the same steps on the same web, so a larger
# student also brings a better base. Table 5 of the paper has the same double meaning.

# %% [markdown]
# ### And does it hold for other sizes?
#
# Sizes may turn the order of the ways round. The smallest and the largest student again, by all
# three:

# %% tags=["slide"]
print(f"{'easy, seeds 0, 1, 2':22}{'small':24}{'student-qwen':24}large")
for label, *arms in (
    ("its base", "small-base", "base", "large-base"),
    ("RL alone", "small-rl", "rl", "large-rl"),
    ("clean solutions", "small-written", "written", "large-written"),
    ("R1's texts", "small", "traces", "large"),
):
    print(f"{label:18}", *(f"{each_seed(arm):23}" for arm in arms))
gains(
    ("small-rl", "small"),
    ("small-written", "small"),
    ("large-rl", "large"),
    ("large-written", "large"),
)

# %% [markdown]
# The smaller the student, the less RL alone can do for it. RL finds
# little to select in a student that is right once in fourteen tries, and the smallest even unlearns its sums
# (`skills` in the files: 0.81, 0.18, 0.49 before, 0.43, 0.08, 0.25 after). From there RL gains most by size,
# 0.13, 0.38 and 0.53 in the mean, texts 0.28, 0.50 and 0.58: the lead of the texts melts
# from 0.23, 0.09 and 0.15 to -0.01, 0.05 and 0.11. In countdown it stays, beyond chance in seven of nine
# cells and never below; in arithmetic the large student that found its own way is ahead, by 0.09 and 0.04, and
# 0.03 within chance. The student of
# the paper's Table 6 has a twentieth of its teacher's weights, our largest two thirds: the nearer a
# student comes to its teacher, the less it needs one.
#
# Texts against clean solutions turns round for the smallest: over both games clean ones are ahead by
# 0.04, 0.07 and 0.12, and in
# countdown, where the search was worth its tokens, only seed 0 still gains (+0.07, -0.04, +0.01). A
# trace asks for many right steps in a row, and a student that is often wrong in one may get lost in it: perhaps
# the shorter lesson is the one that it can use. For the large one it is as for the middle one: countdown
# gains (+0.05, +0.02 within chance, +0.15), arithmetic loses, and both together are a draw in two seeds of three.
#
# Last, the stage `distill` of `python r1.py train` itself, which reads Dev2's whole table twice, chat and
# facts and puzzles included, and not 1,600 traces of two games seven times: 0.22, 0.55 and 0.32
# (`results/data/distill-recipe-*.json`). Who asks for one skill alone gets more of it.
#
# ### Why do the seeds differ so much?
#
# Each seed has a student's base of its own. They guess equally well (0.10, 0.12, 0.11), and yet
# the same way of teaching ends far apart. Look at what they can do in single steps:

# %% tags=["slide"]
print(f"{'single sums right, seeds 0, 1, 2':40}{'easy arithmetic right'}")
for arm in ("base", "written", "traces", "own"):
    runs = results_of(arm).values()
    right = "".join(
        f"{run['test']['easy']['arithmetic']['pass@1']:8.2f}" for run in runs
    )
    print(f"{ROWS[arm]:22}{sums(arm, 'after')}    {right}")

# %% [markdown]
# What you see: the seeds differ in whether their base can *add*. That of seed 0 does 0.59 of single sums,
# the others 0.98 and 0.95; same size, same number of documents, but this skill comes late and
# all at once (chapter 05), and one of the three was late. An arithmetic problem takes three
# sums, each done twice, so six right ones in a row have a chance of 0.79, 0.97 and 0.94 to the sixth
# power after the texts: 0.24, 0.83 and 0.69, not far from the right column. For the other rows
# it is far: by this rule clean solutions would have 0.08 in seed 0, and have 0.43. And students
# whose bases add equally well (0.97 to 0.99 in seed 1: Llama-shaped, large, ours) end at 0.45, 0.55
# and 0.66 over both games. So a base that cannot add goes far to explain the weak arithmetic of seed 0, and
# not the rest. A test: the same three bases, trained for twice as many steps, and then the same texts.

# %% tags=["slide"]
print(f"{'seeds 0, 1, 2':22}{'sums of the base':26}easy, with the same texts")
for label, before, after in (
    ("read 4,500 steps", "base", "traces"),
    ("read 9,000 steps", "twice-base", "twice-traces"),
):
    print(f"{label:20}{sums(before, 'after'):28}{each_seed(after)}")
gains(("traces", "twice-traces"))

# %% [markdown]
# What you see: after twice the reading all three can add, and what the texts make of them lies
# within 0.05, where it lay within 0.32. So the seeds differed in the luck of their bases, not in how
# they were taught. Seed 1, which could add before, has gained nothing (-0.03, paired, just clear of chance); the other
# two have gained 0.31 and 0.10. The mean, 0.63, is above that of a student of twice the size that read as
# long as the first ones (0.58): here more reading was worth more than more weights. Before you ask why a
# distilled model is weak, ask what its base can do.
#
# The student's own texts lift the sums of seed 0 to 0.92, the teacher's texts to 0.79, for one of
# the two reasons above. RL alone ended at 0.08 of arithmetic in seed 0 and at 0.68 and 0.53 in the
# others; in countdown at 0.34, 0.42 and 0.21, where adding is not what separates them.

# %% [markdown] tags=["slide"]
# ## 10. Out into the world
#
# R1's students are useful because anybody's software can load them. Ours can be
# exported in the same way. `hub.export_hf` writes a folder in the form that the
# `transformers` library reads. Our Qwen-shaped student is exported as a Llama with biases,
# because `transformers` gives every folder of Qwen2 Qwen's own way of cutting text into
# tokens, whatever tokenizer lies in the folder.

# %% tags=["nbval-check-output"]
hub.export_hf(student, FOLDER / "student", tokenizer)
for file in sorted((FOLDER / "student").iterdir()):
    print(file.name)
about = json.loads((FOLDER / "student" / "config.json").read_text(encoding="utf-8"))
for name in ("architectures", "hidden_size", "num_hidden_layers", "vocab_size"):
    print(f"  {name}: {about[name]}")

# %% [markdown]
# No pickle, no code: weights as plain numbers in safetensors, the rest as JSON. `hub.load` reads the folder back by its published names. If the writer had
# exchanged two matrices, or the reader turned a rotary pair the wrong way, the logits
# would tell:

# %% tags=["nbval-check-output"]
again = hub.load(FOLDER / "student").eval()
ids = torch.tensor([tokenizer.prompt(held_out[0].prompt)])
with torch.no_grad():
    apart = (again(ids) - student.eval()(ids)).abs().max()
print("weights:", sum(p.numel() for p in again.parameters()))
print("largest difference of a logit below 0.0001:", bool(apart < 1e-4))

# %% [markdown]
# (The export has 256 weights more than the table of section 2: the zeros of a bias that a
# Llama has and a Qwen has not.) That our reader understands our writer is a weak proof. The strong one is in
# `tests/test_hub_export.py`: there `transformers` itself loads such folders, of every
# family, and must find the same logits and the same tokens for the same texts; from our own
# students and from the teacher also the same 200 greedy tokens. (It is not loaded here, since no chapter needs it.) The other
# way round, real students such as R1-Distill-Qwen-1.5B, is chapter 16.

# %% [markdown]
# ## 11. What this does not show
#
# Teacher and student have read the same tiny web, so our student knows the games, the
# form of a tape and even some long thoughts before it meets its first trace. A real
# student has read the real web, with a share of reasoning in it that nobody has
# measured. Its teacher is several hundred times larger than the smallest student; ours
# six times. And in our world the verifier is exact and problems never run out, which
# should favour RL more than the paper's world does.
#
# What carries over is the machinery and the questions: the filters and the bill, the
# two directions of the KL, the condition on tokenizers, the three controls (clean
# solutions, RL alone, the big base without RL), and the suspicion that manners are
# learned first.
#
# ## Summary
#
# | way | the student sees | needs | what it costs |
# |---|---|---|---|
# | texts (the paper's) | one token at each place, written by the teacher | traces only; any tokenizer | the teacher writes once, for all students |
# | distributions | chances of all words, on the teacher's texts | the teacher at hand; the same tokenizer | the teacher also reads, in every pass |
# | its own texts | chances of all words, in places where it gets itself | the same | the student writes, the teacher reads |
# | RL, for comparison | one number for each completion | a verifier, no teacher | the student writes, group by group |
#
# - Texts are the forward KL, sampled: the same goal on average, more noise, no teacher
#   at hand.
# - Forward KL covers, reverse KL picks; it shows where the student has too little room,
#   or too little training, to agree.
# - Leave out what is too long, whole, and say how much it was; refuse what nobody
#   checked; refuse two tokenizers that differ.
# - A trace teaches what it shows. A student hardly learns what its teacher cannot do, does
#   silently, or was never asked.

# %% [markdown]
# ## Three questions
#
# 1. Your student has the teacher's tokenizer, and the teacher can be run at will. You have
#    one day. When would you still choose plain texts?
# 2. Somebody distils from a student that was itself distilled, and so on, five times.
#    Each time the traces are filtered by a verifier. What happens to right answers, to
#    variety, and to mistakes that the verifier cannot see?
# 3. "Distillation beats RL on small models." Name two costs that this sentence leaves out,
#    and a case in which RL is the only way.
#
# <details><summary>Answers</summary>
#
# 1. When there are several students, or one that will be trained more than once: the
#    table is written once and kept, and the teacher need not be in memory. Also where the
#    teacher is only reached through an interface that returns text.
# 2. Rightness is held up by the verifier, each generation up to what the one before it could
#    reach. Variety shrinks, since every sample is a sample of a sample. Mistakes that the
#    verifier does not see, skipped steps or odd manners, pass through and may grow.
# 3. The teacher's own training, and its writing, with all that was thrown away. RL is the
#    only way where nobody is better than your model: somebody has to be the first
#    teacher.</details>

# %% [markdown]
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/14_distillation.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 14.1** (easy, 10 min) Both directions by hand. Given the chances of a
# teacher `p` and of a student `q` as lists, return `(forward, reverse)`. A word with no
# chance in the first distribution costs nothing; one with no chance in the second only
# is infinitely dear (`math.inf`).
#
# <details><summary>Hint</summary>Write one function for $\sum a \log(a/b)$ and call it
# twice. Look at `a == 0` before you look at `b == 0`.</details>


# %% tags=["exercise"]
def divergences(p, q):
    """(KL(p || q), KL(q || p)) of two lists of chances."""

    # BEGIN SOLUTION
    def kl(first, second):
        total = 0.0
        for a, b in zip(first, second, strict=True):
            if a and not b:
                return math.inf
            total += a * math.log(a / b) if a else 0.0
        return total

    return kl(p, q), kl(q, p)
    # END SOLUTION


# %% tags=["check"]
checks.ex_14_1(divergences)

# %% [markdown] tags=["exercise-text"]
# **Exercise 14.2** (easy, 10 min) Which places? A prompt has `n` tokens, the completion
# behind it `m`, the stop token included. In which columns of the logits were the tokens
# of the completion foretold? Return them in order.
#
# <details><summary>Hint</summary>The first token of the completion stands in column `n`
# of the ids. The logits that foretold it stand where the last token of the prompt is
# read.</details>


# %% tags=["exercise"]
def columns(n, m):
    """Columns of the logits that foretell m tokens behind a prompt of n."""
    # BEGIN SOLUTION
    return list(range(n - 1, n + m - 1))
    # END SOLUTION


# %% tags=["check"]
checks.ex_14_2(columns)

# %% [markdown] tags=["exercise-text"]
# **Exercise 14.3** (medium, 15 min) A bill on the back of an envelope. By the rule of
# thumb, reading or writing a token costs 2 FLOPs for each active weight, training on
# one costs 6. Given the active weights of student and teacher and a `Spent`, return the
# FLOPs.
#
# <details><summary>Hint</summary>Four products: two with the student's size, two with the
# teacher's. Seconds are not among them.</details>


# %% tags=["exercise"]
def rough_flops(student, teacher, spent):
    """FLOPs of a bill by the rule of thumb."""
    # BEGIN SOLUTION
    mine = 6 * spent.student_trained + 2 * spent.student_written
    theirs = 2 * (spent.teacher_written + spent.teacher_read)
    return student * mine + teacher * theirs
    # END SOLUTION


# %% tags=["check"]
checks.ex_14_3(rough_flops)

# %% [markdown] tags=["exercise-text"]
# **Exercise 14.4** (medium, 15 min) Choose. Rows are dictionaries with "prompt",
# "tokens", "correct" and "finished". Return one row for each prompt that has any: its
# shortest that is right and ended by itself; the first of several that are equally
# short; in the order in which the prompts first had a usable row.
#
# <details><summary>Hint</summary>A dictionary keeps the order in which keys were first put
# in, also when a value is replaced later.</details>


# %% tags=["exercise"]
def choose(rows):
    """The shortest usable trace of each prompt."""
    # BEGIN SOLUTION
    best = {}
    for row in rows:
        if row["correct"] and row["finished"]:
            old = best.setdefault(row["prompt"], row)
            if row["tokens"] < old["tokens"]:
                best[row["prompt"]] = row
    return list(best.values())
    # END SOLUTION


# %% tags=["check"]
checks.ex_14_4(choose)

# %% [markdown] tags=["exercise-text"]
# **Exercise 14.5** (easy, 10 min) Refuse. Return True only if the distributions of two
# models with these tokenizers can be compared place by place. A `Tokenizer` has
# `merges`, a list of pairs of ids, and `pretokenizer`, the name of the rule by which
# text is cut first.
#
# <details><summary>Hint</summary>The same number of ids is not enough. When do all texts
# become the same ids in both?</details>


# %% tags=["exercise"]
def comparable(student, teacher):
    """Do these two tokenizers give every text the same ids?"""
    # BEGIN SOLUTION
    same_cuts = student.pretokenizer == teacher.pretokenizer
    return same_cuts and student.merges == teacher.merges
    # END SOLUTION


# %% tags=["check"]
checks.ex_14_5(comparable)

# %% [markdown] tags=["exercise-text"]
# **Exercise 14.6** (hard, 20 min) Halfway. Between covering and picking lies the
# generalised Jensen-Shannon divergence (arXiv 2306.13649, section 2). With the mixture
# $m = \beta p + (1-\beta) q$ it is
#
# $$ \beta\, \mathrm{KL}(p \,\|\, m) + (1-\beta)\, \mathrm{KL}(q \,\|\, m). $$
#
# Write it for tensors of chances, all above 0, with one number for each row.
#
# <details><summary>Hint</summary>Sum over the last axis only. Nothing can explode here: where
# $p$ or $q$ has weight, $m$ has some too. This is what it is good for.</details>


# %% tags=["exercise"]
def halfway(p, q, beta):
    """(..., V) chances of teacher and student -> (...) divergences."""
    # BEGIN SOLUTION
    m = beta * p + (1 - beta) * q
    ahead = (p * (p / m).log()).sum(-1)
    back = (q * (q / m).log()).sum(-1)
    return beta * ahead + (1 - beta) * back
    # END SOLUTION


# %% tags=["check"]
checks.ex_14_6(halfway)
