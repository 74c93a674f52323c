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
# | You will build | three ways to teach a small model: by texts, by probabilities, and by correcting its own texts; the loss of each; one bill for their costs; two students, and some short trials |
# | You need | Chapter 09 for the games and pass@1, chapter 10 for fine-tuning, chapter 12 for filters |
# | Minutes to read | 110 |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v1), sections 2.4, 3.2 and 4.1; knowledge distillation (arXiv 1503.02531), section 2; on-policy distillation (arXiv 2306.13649), sections 2 and 3 |
#
# ![The map of the recipe. A frame, you are here, holds the model Distill and the smaller base below it; a solid arrow for weights leads from that base to Distill. A dashed arrow for texts leads to Distill from the table called samples, over R1.](../figures/14_map.png)
#
# What you see: the recipe of R1, with the box of this chapter in colour. The paper's
# students read the samples of chapter 12, which Dev2 wrote for the most part. Here
# R1 itself teaches.
#
# ![Three roads lead from a teacher, R1, to a small student. First, texts: the teacher writes, a filter keeps what is right and readable, the student copies the tokens that were written. Second, probabilities: the teacher reads its own texts, and the student fits its probability of each next token. Third, on-policy: the student writes, the teacher reads that, and the student fits the teacher's probabilities there. Below, one bill counts the tokens of all three.](../figures/14_distillation.png)
#
# What you see: the three roads of this chapter. The small numbers are the sections that
# build them.

# %% [markdown]
# **Run this first.** It imports everything. Some names are for the cells that show a
# function of the library as it is.

# %% tags=["setup"]
import copy
import json
import math
import random
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import fmean

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from r1lib import artifacts, checks, distill, evaluate, hub, plots, rewards
from r1lib.distill import check_logits, check_same_tokenizer, verified
from r1lib.losses import token_logprobs
from r1lib.model import counts
from r1lib.model.config import ModelConfig
from r1lib.model.presets import PRESETS
from r1lib.problem import problems
from r1lib.progress import bar
from r1lib.recipe import pipeline, rejection, stages
from r1lib.rl.rollout import rollout
from r1lib.tokenizer import EOS, Tokenizer, chat
from r1lib.traces import collect, tables
from r1lib.training import batches, optim, sft
from r1lib.training.sft import Example
from r1lib.world import arithmetic, countdown, rewrite, skills

torch.manual_seed(0)
RESULTS = Path("../results/data")
temporary = tempfile.TemporaryDirectory()  # it goes when the kernel stops
FOLDER = Path(temporary.name)  # everything this chapter writes
tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")

# %% [markdown]
# ## 1. Why distill?
#
# R1 reasons, but running it is expensive. Every token passes through 37 billion of its
# 671 billion weights, and all of them must lie in fast memory.
#
# There are two ways to a small model that reasons. One repeats the whole story with a
# small base: reinforcement learning. In the other the large model writes down how it
# reasons, and the small one learns from that. This is **distillation**
# (Hinton, Vinyals and Dean, arXiv 1503.02531). The large model is the **teacher**, the
# small one the **student**.
#
# How much would that save? The table has two of R1's published students beside R1's own shape.
# The module `counts` adds up additions and multiplications (**FLOPs**) for one more token
# after 5,000 others. It counts two for each weight that the token passes, and attention to
# those 5,000 tokens (chapter 03). Qwen-1.5B has 1.8 billion weights with both of its
# embeddings.

# %% tags=["nbval-check-output"]
published = ("deepseek-v3", "r1-distill-llama-8b", "r1-distill-qwen-1.5b")
print(f"{'':22}{'weights':>9}{'in bf16':>10}{'FLOPs a token':>16}{'of attention':>14}")
for name in published:
    c = PRESETS[name]
    weights, one = counts.parameters(c), counts.decode_flops(c, 5_000)
    rest = one - counts.decode_flops(c, 0)
    cells = f"{weights / 1e9:7.1f} B{2 * weights / 1e9:7,.0f} GB{one / 1e9:14.0f} G"
    print(f"{name:22}{cells}{rest / 1e9:12.0f} G")

# %% [markdown] tags=["slide"]
# So a token of the smallest student takes a fortieth of the work, and its weights need 4
# GB in place of 1,342.
#
# <details><summary>Why is over half of R1's work attention?</summary>MLA, as it writes, computes in its wide latent. This is the price of its small cache (chapter 03).</details>
#
# Does it work? The authors fine-tuned six models of the Qwen and Llama families on the
# 800,000 samples of chapter 12. They left out RL on purpose: they wanted to show what
# distillation does alone (v1, section 2.4).
#
# They also ask the question of this chapter: **is it better to distil into a small model,
# or to train it by RL?** So they took a base of 32 billion weights and trained it by RL
# for more than 10,000 steps, in the way of R1-Zero (v1, section 4.1). The table has
# pass@1 in percent, from Tables 4 to 6. It is the mean over several answers to each
# problem, typically 4 to 64 (v1, section 3):

# %% tags=["slide", "nbval-check-output"]
PAPER = {  # pass@1 on AIME 2024 and MATH-500
    "distilled, Qwen-1.5B": (28.9, 83.9),
    "distilled, Qwen-7B": (55.5, 92.8),
    "distilled, Qwen-14B": (69.7, 93.9),
    "distilled, Qwen-32B": (72.6, 94.3),
    "distilled, Llama-8B": (50.4, 89.1),
    "distilled, Llama-70B": (70.0, 94.5),
    "RL alone, Qwen-32B": (47.0, 91.6),
    "R1, the teacher": (79.8, 97.3),
}
print(f"{'':22}{'AIME 2024':>10}{'MATH-500':>10}")
for name, (aime, math500) in PAPER.items():
    print(f"{name:22}{aime:10.1f}{math500:10.1f}")

# %% [markdown]
# Within a family larger students come closer; none surpasses the teacher. RL alone stays far
# behind on AIME (47.0 against 72.6) and not far on MATH-500 (91.6 against 94.3). The authors
# draw two conclusions. For a small model a strong teacher is both better and cheaper than
# RL of its own. To go *beyond* the teacher, one still needs a stronger base and more RL.
#
# Sebastian Raschka's essay "Understanding Reasoning LLMs" (February 2025) asks for two
# more rows. One is **texts, then RL** on the small model. The other is **texts on the
# large base**, without RL. The table of section 9 ends with both, marked *Raschka 1* and
# *Raschka 2*.
#
# <details><summary>Has the paper a row of these?</summary>Its second version has *texts on the large base*, as Dev3: 78.1 on AIME and 62.1 on AlpacaEval, where R1 has 79.8 and 87.6 (v2, table 3).</details>
#
# One warning. The paper's numbers and ours are about different worlds. We ask the same
# questions and compare the *direction* of the answers.

# %% [markdown] tags=["slide"]
# ## 2. A teacher and two students
#
# The paper's students had another shape than R1, a pre-training of their own, and a
# tokenizer of their own. Our **small student** is a plain dense model in Qwen's shape. It
# has read the same kind of web in a pre-training of its own, but less than half as much.
#
# Beside it we teach a **big student**: R1's own base, before any RL. It saves nothing, since
# it is as large as the teacher. It does one thing well that the small one does badly.
# *Single sums*, in the table, says which:

# %%
teacher, teachers_own = artifacts.load("r1-tiny")
teacher.eval()  # it is only read from here on
bases = {"small": "student-tiny", "big": "base-tiny"}
bases = {size: artifacts.load(name)[0] for size, name in bases.items()}
watched = problems(countdown.sample, 256, 0, "valid")
recipe = stages.settings("tiny")
heads = f"{'weights':>9}{'used by a token':>17}{'documents read':>16}"
print(f"{'':9}{heads}{'single sums right':>19}")
for name, model in {"teacher": teacher, **bases}.items():
    c = model.config
    sizes = f"{counts.parameters(c):9,}{counts.active_parameters(c):17,}"
    web = recipe.student if name == "small" else recipe.pretrain
    adds = skills.measure(model, tokenizer, watched)["arithmetic"]
    print(f"{name:9}{sizes}{web.steps * web.batch_size:16,}{adds:19.0%}")

# %% [markdown]
# The teacher and the big student have experts (chapter 04): a token uses half of the
# weights. Documents are those of pre-training. These are the names used from here on:
#
# | name | what it is |
# |---|---|
# | teacher, or R1 | the model at the end of the recipe |
# | small base, small student | 239k weights, before and after teaching |
# | big base, big student | 725k weights, R1's own base, before and after teaching |
# | seed 0, 1, 2 | three sets of these, each with a teacher and bases of its own (section 9) |
#
# The models here are those of seed 0, which drew a weak small base. Section 9 has the
# others.
#
# Now the exam: held-out problems of the two games of chapter 09, four answers to each.
# *Countdown* gives numbers and a target, *arithmetic* gives a sum. A line of thinking is
# a **tape**, such as `20+15=35,+1=36~36=0 yes`. It computes step by step. After `~` come
# the target and the distance to it. We print the first English countdown that the teacher
# solves after a miss, and a sum.

# %% tags=["slide"]
LONGEST = 144  # tokens that an answer may have in this chapter
held_out = pipeline.held_out(96, "valid")  # 96 problems of each game
answers, scores = {}, {}


def examine(name, model):
    """Keep four answers of a model to each held-out problem, and their summary."""
    found = evaluate.answer(model, tokenizer, held_out, 4, max_new_tokens=LONGEST)
    answers[name], scores[name] = found, skills.summary(found)
    print(f"{name}: {scores[name]['pass@1']:.2f} right")


def show(i, *names):
    """A held-out problem, and the first answer of some models."""
    print(f"\n{held_out[i].prompt}")
    for name in names:
        verdict = "right" if answers[name].right[i, 0] else "wrong"
        text = answers[name].texts[i][0].replace("\n", "\n    ")
        print(f"  {name} [{verdict}]:\n    {text}")


for name, model in (*bases.items(), ("teacher", teacher)):
    examine(name if model is teacher else f"{name} base", model)
first = next(
    i
    for i, problem in enumerate(held_out)
    if problem.language == "en" and rewrite.notices(answers["teacher"].texts[i][0])
    if answers["teacher"].right[i, 0]
)
for i in (first, 96):
    show(i, "small base", "teacher")

# %% [markdown] tags=["slide"]
# ## 3. First way: texts
#
# The authors took the plainest way. The teacher answers many problems. Wrong and unreadable
# answers are thrown away. The student is fine-tuned on the rest, exactly as in chapter
# 10. The loss is $-\log \pi(y_t \mid \ldots)$, averaged over the tokens of the
# completions. The field calls this **sequence-level distillation** (Kim and Rush, arXiv
# 1606.07947), since the student is shown whole sequences.
#
# <details><summary>Settings of the paper</summary>R1's students read the 800,000 samples two
# to three times, in batches of 64. The learning rate falls along a cosine to a tenth (v2,
# supplement B.4.3).</details>
#
# Our R1 answers training problems of both games, once each; `collect` would refuse a
# held-out problem. Then come those filters of chapter 12 that look at a single row.

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
FILTERS = ("correct", "form", "language", "length", "repetition")
sizes = rejection.Sizes(filters=FILTERS, most_tokens=120)
kept, report = rejection.filtered("traces", raw, sizes)
for family in ("countdown", "arithmetic"):
    found = [row for row in raw if row["family"] == family]
    right = sum(row["correct"] for row in found)
    left = sum(row["family"] == family for row in kept)
    print(f"{family:10} {len(found)} answers, {right} right, {left} kept")
plots.funnel_bars(report, "traces")

# %% [markdown]
# The lines above the figure show the share of right answers among each 275, first countdown
# twice, then arithmetic twice. The figure shows what each filter leaves. Most rejected traces
# are wrong, and most of the wrong ones are of countdown. So more arithmetic than countdown
# is kept: a filter also changes what a student reads.
#
# Next, each trace becomes an **example**: its token ids, and a mask that is true on the
# tokens that the student should learn to write. Here is a first version, and its work on
# two traces written by hand, for a student that reads only 60 tokens, prompt included:


# %% tags=["nbval-check-output"]
def naive_examples(rows, tokenizer, positions):
    """Prompt and completion as ids, cut to the length that the student can read."""
    out = []
    for row in rows:
        ids = tokenizer.prompt(row["prompt"])
        written = tokenizer.encode(row["completion"], allow_special=True) + [EOS]
        mask = [False] * len(ids) + [True] * len(written)
        out.append(Example((ids + written)[:positions], mask[:positions]))
    return out


game = countdown.make((3, 7, 8), 35, "en", "(8-3)*7")
hit, end = "8-3=5,*7=35~35=0 yes the target\n", "</think><answer>(8-3)*7</answer>"
misses = "8+7=15,-3=12~35=23 no false\n7+3=10,+8=18~35=17 no false\n"


def by_hand(text, correct=True):
    note = {"source": "by hand", "seed": 0, "tokens": 9, "finished": True}
    return tables.row(game, text, **note, correct=correct)


short, long = by_hand(f"<think>{hit}{end}"), by_hand(f"<think>{misses}{hit}{end}")
for row in (short, long):
    (example,) = naive_examples([row], tokenizer, 60)
    tail = tokenizer.decode(example.ids[-9:])
    print(f"{len(example.ids)} tokens, {sum(example.mask)} learned, the end: {tail!r}")

# %% [markdown]
# The long one has lost its answer. A student of such traces learns to think and then to
# stop without a word. So we leave such traces out, whole, and report how many, because the
# longest thoughts are no random sample. `verified` also asks whether the rows were checked
# at all:
#
# <details><summary>Are such traces rare?</summary>No. In Raschka's *Reasoning from Scratch* (code of chapter 8) 5,305 of 12,000 traces of R1 exceed the limit of 2,048 tokens. His code leaves them out, whole, too.</details>

# %%
# r1lib.distill.examples

# %% tags=["slide", "nbval-check-output"]
fit, left_out = examples([short, long], tokenizer, 60)
print(f"{len(fit)} example, left out: {left_out}")
assert fit == naive_examples([short], tokenizer, 60)  # where nothing is cut: the same
try:
    examples([short, by_hand("<answer>56</answer>", correct=False)], tokenizer, 60)
except ValueError as error:
    print(error)

bytes_only = Tokenizer([])  # no merges: every byte is a token
((example,), _) = examples([short], bytes_only, 512)
learned = [i for i, m in zip(example.ids, example.mask, strict=True) if m]
same = bytes_only.decode(learned[:-1]) == short["completion"]
print(f"by single bytes: {len(example.ids)} tokens, the same text: {same}")

# %% [markdown]
# The last line shows why this way is so handy: **texts travel**. The table holds text, not
# ids, so the two models need not share a tokenizer or anything else. R1's students kept
# the tokenizers of Qwen and Llama, slightly changed (README of the release).

# %% [markdown] tags=["slide"]
# ## 4. Same texts, different students
#
# Predict before you run it. The small student reads the traces four times and the big one
# twice, so the small one gets the longer lesson. What will each of them have learned?

# %%
room = bases["small"].config.max_positions
given, left_out = distill.examples(kept, tokenizer, room)
one_pass = sum(len(example.ids) for example in given)
print(f"{len(given)} examples, {one_pass:,} tokens with prompts, {left_out} too long")


def fine_tune(start, rows, epochs, label):
    """A copy of a base that has read the examples `epochs` times."""
    pupil = copy.deepcopy(start)
    # learning rates of Muon and of AdamW, as in pre-training (chapter 05)
    optimizers = optim.base_optimizers(pupil, 0.01, 3e-3)
    config = sft.SFTConfig(epochs=epochs, batch_size=24)
    loop = sft.train(pupil, rows, config, optimizers)
    for _ in bar(loop, epochs * math.ceil(len(rows) / 24), label, ("loss",)):
        pass
    return pupil


EPOCHS = {"small": 4, "big": 2}
students = {
    size: fine_tune(bases[size], given, epochs, f"{size} student")
    for size, epochs in EPOCHS.items()
}

# %% tags=["slide"]
for size, pupil in students.items():
    examine(f"{size} student", pupil)
    before, after = (scores[f"{size} {x}"]["interval"] for x in ("base", "student"))
    assert after[0] > before[1]  # both have learned something
points = {n: (s["pass@1"], *s["interval"]) for n, s in scores.items()}
plots.bars_with_intervals(
    {
        f"{size} student": {
            "before": points[f"{size} base"],
            "after": points[f"{size} student"],
            "R1, the teacher": points["teacher"],
        }
        for size in students
    }
)

# %% [markdown]
# What you see: the share of right answers to problems that none of the three has seen,
# with 95% intervals over problems. No reward was computed while the students trained.
#
# The big student makes up most of its distance to the teacher; with more traces it makes
# up nearly all (section 9). The small one gains much less. Why? Read what they write. (A
# text without an answer has used up its 144 tokens.)

# %% tags=["slide"]
for i in (first, 96):
    show(i, "small student", "big student")

# %% [markdown]
# ### Manners and skill
#
# Imitation has a known trap: a student learns how the teacher *sounds* before it learns
# what the teacher *can do*. People rated imitators of ChatGPT as nearly as good, yet they
# hardly improved on tasks outside their training data (Gudibande et al., arXiv 2305.15717).
#
# We can measure the two apart. **Manners**: how many of all answers are in form, and how
# many go on after a miss? **Skill**: of the tapes written, how many have every step right?
# (Sums alone count: a tape that uses numbers not given is right, too. Look for one above.)
# Of the right answers, how many are **earned**, with a right tape as their last?
# And how many single sums are right, as in section 2?


# %% tags=["slide"]
def tapes_right(text):
    """For each tape of a text: is every step of it right?"""
    lines = chat.thinking(text).split("\n")
    read = [rewrite.line_pattern().fullmatch(line) for line in lines]
    tapes = [rewrite.read_tape(match["tape"]) for match in read if match]
    return [countdown.run_tape(order, ops) == got for order, ops, got in tapes]


def habits(found):
    """In form, going on after a miss, tapes an answer; tapes right, answers earned."""
    texts = [text for row in found.texts for text in row]
    checked = [tapes_right(text) for text in texts]
    every = [ok for row in checked for ok in row]
    neat = fmean(rewards.format(None, text) for text in texts)
    # another try is on its way (reflects), or a miss is admitted and left (notices)
    goes_on = fmean(skills.reflects(t) or rewrite.notices(t) for t in texts)
    pairs = zip(checked, found.right.flatten().tolist(), strict=True)
    earned = [any(row[-1:]) for row, right in pairs if right]
    skill = (fmean(x) if x else math.nan for x in (every, earned))
    return neat, goes_on, len(every) / len(texts), *skill


models = {f"{size} base": model for size, model in bases.items()}
models |= {f"{size} student": model for size, model in students.items()}
heads = {"in form": ".0%", "goes on": ".0%", "tapes an answer": ".1f"}
heads |= {"tapes right": ".0%", "earned": ".0%", "single sums": ".0%"}
print(f"{'':13}", *heads, sep="  ")
for name, model in {**models, "teacher": teacher}.items():
    adds = skills.measure(model, tokenizer, watched)["arithmetic"]
    values = zip(heads.items(), (*habits(answers[name]), adds), strict=True)
    print(f"{name:13}", *(f"{v:{len(h)}{kind}}" for (h, kind), v in values), sep="  ")

# %% [markdown]
# The first three columns are manners. After the lesson both students have them, about as
# the teacher does. (*Goes on* counts all answers, also those that had no miss.) The last three
# columns are skill, and of these two students only the big one has it. Its base had it
# already: it wrote few tapes, but most were right. What the base lacked was the habit of
# writing a sum down, checking it, and going on. A trace shows this habit.
#
# <details><summary>Why are half of the single sums right, and so few tapes?</summary>A single sum counts if the *likeliest* token is right, after a flawless beginning. In a tape the student samples, needs two or three right results in a row, and builds on its own errors.</details>
#
# The small student *sounds* like R1. But most of its right answers follow a wrong tape, so its
# gain is mostly better guessing. Section 8 tests that with traces without thinking.
#
# Why no better sums? A sum has to be right for each pair of numbers, and a few hundred traces
# hold most pairs rarely or never. Do more traces teach sums? Section 9 counts.

# %% [markdown] tags=["slide"]
# ## 5. One bill for all
#
# (You may skip this section at first reading.)
#
# "Equal effort" must mean something, and seconds say little on a busy machine. So we count
# tokens by what was *done* with them:
#
# - a token that is **read** passes once through the weights: about 2 FLOPs for each
#   active weight;
# - a token that is **written** takes the same pass, one token after the other; attention in
#   R1's latent costs more than reading does (section 1);
# - a token that is **trained on** passes forward and backward: about 6.

# %%
# r1lib.distill.Spent

# %% [markdown]
# `flops` uses exact counts, so attention is in it. First comes the bill of the small
# student. Below it is the same bill at the paper's size, for the two students of section
# 1. There 804,745 samples of 5,355 tokens (v2, supplement on the supervised data) are
# read twice.

# %%
wrote = sum(row["tokens"] for row in raw)  # also what was thrown away has been paid
length = round(one_pass / len(given))
both = bases["small"].config, teacher.config
for name, part in (
    ("the teacher writes", Spent(teacher_written=wrote)),
    ("the student learns", Spent(student_trained=EPOCHS["small"] * one_pass)),
):
    print(f"{name:20}{part.flops(*both, length) / 1e9:8.0f} GFLOPs")

samples, whole = 804_745, 5_355  # tokens in one of them
tokens = samples * whole
r1, *learners = (PRESETS[name] for name in published)
print(f"at the paper's size, {tokens / 1e9:.1f} billion tokens")
written = Spent(teacher_written=tokens).flops(r1, r1, whole)
print(f"{'R1 writes':20}{written:8.1e} FLOPs")
for name, c in zip(published[1:], learners, strict=True):
    learned = Spent(student_trained=2 * tokens).flops(c, r1, whole)
    print(f"{name.removeprefix('r1-distill-') + ' learns':20}{learned:8.1e} FLOPs")

# %% [markdown]
# Here the learning costs more. The small student reads each trace four times, forward and
# backward, and its teacher uses only one and a half times its weights for a token.
#
# At the paper's size the writing costs more: by far for the smallest
# student, and a little for the one of 8 billion weights.
#
# <details><summary>Is it so for every student?</summary>No. The learning grows with the student and the writing does not, so for a much larger student the order turns around.</details>
#
# Two things are easily forgotten. Rejected samples were paid for, too. And the teacher
# writes only *once*: R1's second to sixth students cost no more than their own training.

# %% [markdown] tags=["slide"]
# ## 6. Second way: probabilities
#
# A text is the *outcome* of a choice. Before the teacher wrote a token it had a
# probability for each token of its vocabulary. The text keeps only which token was drawn,
# no probability. Look at one moment: two models begin to think about a held-out problem.

# %%
student = students["small"]
prompt = tokenizer.prompt(held_out[0].prompt)
prompt += tokenizer.encode("<think>", allow_special=True)
rows = {}
for name, model in (("teacher", teacher), ("small student", student)):
    with torch.no_grad():
        rows[name] = model(torch.tensor([prompt]))[0, -1].softmax(-1)
print(held_out[0].prompt)
for i in rows["teacher"].topk(4).indices.tolist():
    said = "".join(f"{name} {row[i]:6.1%}   " for name, row in rows.items())
    print(f"    {tokenizer.decode([i])!r:6} {said}")

# %% [markdown]
# The student is surer than its teacher here; one position cannot say why.
#
# ![Left: one position in four texts. Three of them have the token 20 there, one has 15, so each shows a single bar of height 1; their mean is 0.75, 0.25 and 0. Right: the teacher's probabilities in this position, 0.6, 0.3 and 0.1, all at once. An arrow from left to right says: more and more texts.](../figures/14_targets.png)
#
# What you see, with numbers made up: a text shows one draw, the teacher's row shows every
# probability at once. The mean of many texts approaches the row.
#
# ### Texts are the forward KL, sampled
#
# Let $p$ be the teacher's distribution of the next token and $q$ the student's. The
# **forward KL divergence** says how far apart they are. It is the mean of $\log p/q$ over
# tokens that the teacher would write:
#
# $$ \mathrm{KL}(p \,\|\, q) = \sum_y p(y) \log \frac{p(y)}{q(y)}
#    = -\sum_y p(y) \log q(y) \;-\; \text{entropy of } p. $$
#
# ![Three tokens, 20, 15 and 1, each with a blue bar for the teacher's probability p and an orange one for the student's q. Token 20: 0.6 and 0.2, term 0.6 log(0.6/0.2) = +0.66. Token 15: 0.3 and 0.5, term -0.15. Token 1: 0.1 and 0.3, term -0.11. At the right the sum, KL(p || q) = 0.40.](../figures/14_kl.png)
#
# What you see: the three tokens again, with a student's $q$ beside $p$. A term is positive
# where the student gives too little, negative where it gives too much. The sum is never
# below 0.
#
# The **entropy** of $p$, $-\sum_y p(y) \log p(y)$, says how uncertain the teacher itself
# is. It is 0 where one token has all the probability, and $\log 3 = 1.10$ where three share
# it equally. The entropy does not depend on the student. The other part is the mean of
# $-\log q(y)$ for $y$ drawn from the teacher, which is the loss of fine-tuning on texts.
# (Filtered texts, as ours, come from a somewhat better teacher than $p$.) The same three
# tokens in code:


# %% tags=["nbval-check-output"]
def gradient(loss, logits):
    (found,) = torch.autograd.grad(loss, logits, retain_graph=True)
    return found


p = torch.tensor([0.6, 0.3, 0.1])
logits = torch.tensor([0.2, 0.5, 0.3]).log().requires_grad_()
q = logits.log_softmax(0)
terms = p * (p.log() - q)
print("p log(p/q):", [f"{x:+.2f}" for x in terms.tolist()], f"sum {terms.sum():.2f}")
each = torch.stack([gradient(-q[y], logits) for y in range(3)])  # of a text with y
mean = (p[:, None] * each).sum(0)
exact = gradient(terms.sum(), logits)
print("gradient, mean over texts", [f"{x:+.2f}" for x in mean.tolist()])
print("gradient of the KL       ", [f"{x:+.2f}" for x in exact.tolist()])
spread = (p[:, None] * (each - mean) ** 2).sum().sqrt()
print(f"length of the mean {mean.norm():.2f}, spread of single texts {spread:.2f}")

# %% [markdown]
# The two gradients are equal, so the goal is the same. Probabilities have less
# noise: the gradient of a single text is typically further from the mean than the mean is
# long (0.73 against 0.49). Does that matter when there are many texts? The trial below asks.
#
# <details><summary>But what does it cost to keep them?</summary>A text costs next to nothing. Probabilities need the teacher in memory at every step, or a file with a number for each of R1's 129,280 tokens in each of 4.3 billion positions. In practice one stores the few likeliest.</details>
#
# ### The loss
#
# Tensors of shape (B, T) are indexed by token (rule 1 of `docs/notation.md`). Token $t$
# was predicted by the logits in column $t-1$. First we write the loss with plain loops.


# %%
def naive_kl_loss(student, teacher, mask):
    """Mean over masked tokens of KL(teacher || student), one token at a time."""
    found = []
    for b, t in mask.nonzero().tolist():
        p, q = teacher[b, t - 1].softmax(-1), student[b, t - 1].softmax(-1)
        found.append(sum(p[v] * (p[v] / q[v]).log() for v in range(len(p))))
    return sum(found) / len(found)


# %% [markdown]
# Then for a whole batch at once. It is three steps: log-probabilities at the learned tokens,
# the two models swapped for the reverse KL (explained below), and the sum over the
# vocabulary. A token of probability 0 adds nothing. (PyTorch's `F.kl_div(log_q, p)` is this
# $\mathrm{KL}(p \,\|\, q)$: the student comes first, as logarithms.)

# %%
# r1lib.distill.KINDS
# r1lib.distill.kl_loss

# %%
rng = torch.Generator().manual_seed(0)
s, t = torch.randn(2, 2, 5, 7, generator=rng)
few = torch.tensor([[0, 0, 1, 1, 1], [0, 1, 1, 0, 0]]).bool()
assert torch.allclose(kl_loss(s, t, few), naive_kl_loss(s, t, few), atol=1e-6)
turned = kl_loss(s, t, few, "reverse")
assert torch.allclose(turned, naive_kl_loss(t, s, few), atol=1e-6)
log_q, p = s.log_softmax(-1)[:, :-1], t.softmax(-1)[:, :-1]
pytorch = torch.nn.functional.kl_div(log_q, p, reduction="none").sum(-1)
assert torch.allclose(kl_loss(s, t, few), pytorch[few[:, 1:]].mean())
print("naive and final loss agree, in both directions; forward, PyTorch's is the same")

# %% [markdown]
# ### The loop
#
# One step: the teacher reads a batch without a gradient, the loss compares the two models,
# and the student moves. The third way will use the same step.


# %%
def correct(student, ids, mask, optimizers, kind):
    """Move a student towards the teacher's probabilities of the masked tokens."""
    with torch.no_grad():
        wanted = teacher(ids)
    loss = kl_loss(student(ids), wanted, mask, kind)
    loss.backward()
    optim.guarded_step(student, optimizers)
    return loss.item()


# %% [markdown]
# Are texts really the forward KL, sampled? Two copies of the small base see the traces
# once: one as texts, one with the teacher's probabilities. The library's loop is
# `distill.train`; its first loss should be ours.

# %%
by_texts = fine_tune(bases["small"], given, 1, "texts")
config = distill.DistillConfig(epochs=1, batch_size=24)
tokenizers = tokenizer, teachers_own  # of student and teacher


def ready():
    """A copy of the small base, and its optimizers."""
    pupil = copy.deepcopy(bases["small"]).train()
    return pupil, optim.base_optimizers(pupil, 0.01, 3e-3)


by_rows, optimizers = ready()
losses = [
    correct(by_rows, *sft.collate(batch), optimizers, "forward")
    for _, batch in batches.scheduled(given, config, optimizers)
]
pupil, optimizers = ready()
loop = distill.train(pupil, teacher, tokenizers, given, config, optimizers)
library, _ = next(loop)
print(f"first loss: ours {losses[0]:.4f}, library {library['loss']:.4f}")
assert abs(losses[0] - library["loss"]) < 1e-3

# %% [markdown]
# Now we measure how far each is from the teacher, per token, on the teacher's answers to
# held-out problems.


# %%
def read_by_teacher(found, most=64):
    """First answers that ended by themselves: ids, mask, and the teacher's logits."""
    rows = zip(found.problems, found.texts, found.lengths[:, 0], strict=True)
    pairs = [(p.prompt, texts[0]) for p, texts, n in rows if n < LONGEST]
    every = math.ceil(len(pairs) / most)  # take each second one, or third, ...
    ids, mask = sft.collate(sft.encode(tokenizer, pairs[::every]))
    with torch.no_grad():
        return ids, mask, teacher(ids)


def distance(model, where, kind="forward"):
    """Mean KL per token between a student and the teacher on given texts, in nats."""
    ids, mask, wanted = where
    with torch.no_grad():
        return kl_loss(model.eval()(ids), wanted, mask, kind).item()


on_teachers = read_by_teacher(answers["teacher"])
pupils = {"base": bases["small"], "texts": by_texts, "probabilities": by_rows}
far, (ids, mask, _) = {}, on_teachers
for name, model in (pupils | {"teacher": teacher}).items():
    far[name] = distance(model, on_teachers)
    with torch.no_grad():  # the loss of fine-tuning, on the same texts
        loss = sft.sft_loss(token_logprobs(model(ids), ids, mask=mask), mask)[0].item()
    rest = f"loss of fine-tuning {loss:.2f}, which is {loss - far[name]:.2f} more"
    print(f"{name:14} forward KL {far[name]:.2f}, {rest}")
assert max(far["texts"], far["probabilities"]) < far["base"] / 2

# %% [markdown]
# One pass takes both most of the way, and to about the same distance. So here less noise
# gained nothing: over tens of thousands of tokens it averages out.
#
# The last number is nearly the same in every row, also for the teacher itself. It estimates
# the teacher's entropy, which no student can remove: the formula of this section, measured.

# %% [markdown]
# ### Forward or reverse
#
# The **reverse KL** is $\mathrm{KL}(q \,\|\, p)$: the mean of $\log q(y) - \log p(y)$ for
# $y$ drawn from the *student*. Both are zero exactly where the two models agree. They
# differ where the student has too little room to agree, and on the way there.
#
# - Forward: where $p(y)$ is large and $q(y)$ nearly 0, $\log p/q$ is huge. The student
#   must give probability to *everything the teacher might write*. The forward KL is
#   **mode-covering**.
# - Reverse: where $q(y)$ is large and $p(y)$ nearly 0, $\log q/p$ is huge. The student
#   must write *nothing that the teacher would not*, even if it drops half of what the
#   teacher does. The reverse KL is **mode-seeking**.
#
# A **mode** is a hump of a distribution. Here the teacher has two favourite answers, 5 and
# 15, and the student has room for one hump only:

# %% tags=["slide"]
places = torch.arange(21.0)


def hump(centre, width):
    return -((places - centre) ** 2) / (2 * width**2)


two = torch.logaddexp(math.log(0.65) + hump(5, 1.5), math.log(0.35) + hump(15, 1.5))
one_token = torch.tensor([[False, True]])
fits, panels = {"teacher": two.softmax(0)}, {}
starts = {
    "Forward KL": ("forward", 2.0),
    "Reverse KL": ("reverse", 2.0),
    "Reverse KL, wide start": ("reverse", 3.0),
}
for name, (kind, width) in starts.items():
    shape = torch.tensor([9.0, width], requires_grad=True)  # centre and width
    optimizer = torch.optim.Adam([shape], lr=0.05)
    for _ in range(600):
        mine = hump(shape[0], shape[1]).expand(1, 2, -1)
        loss = kl_loss(mine, two.expand(1, 2, -1), one_token, kind)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    fits[name] = hump(*shape.detach()).softmax(0)
    both = {"teacher": fits["teacher"], "student": fits[name]}
    panels[name] = {k: list(enumerate(row.tolist())) for k, row in both.items()}
    print(f"{name}: loss {loss.item():.2f}")
for name, row in fits.items():
    print(f"{name}: {row[8:13].sum():.2f} in the valley, 8 to 12")
plots.curves(panels, "answer", "probability", ticks=range(0, 21, 5), sharey=True)

# %% [markdown]
# What you see, from left to right:
#
# - Fitted by the forward KL, the student covers both humps. So it has a third of its
#   probability in the valley between them, where the teacher has 0.04.
# - Fitted by the reverse KL, the student has dropped the right hump. In the valley
#   it has hardly more than the teacher.
# - A warning. From a wider start the same reverse KL ends wide, with a loss of 0.89
#   in place of 0.43. Training does not always find the better optimum.
#
# In a text the valley opens token by token. A student that spreads too widely draws a
# token that the teacher would hardly write, and all that follows builds on it. That is
# the argument for the reverse KL (MiniLLM, arXiv 2306.08543).
#
# There is an argument against it, too. An answer that the student has dropped hardly
# pulls it back, and votes and later RL live on variety. So one has to try (section 9).
#
# <details><summary>Temperature: the T = 2 of section 9</summary>A teacher that is 99.9% sure says little more than its text does. Dividing the logits of both models by a temperature $T > 1$ raises the small probabilities, those of answers that were almost chosen. Gradients shrink by about $1/T^2$, hence the factor $T^2$ in the loss (arXiv 1503.02531, section 2.1). The usual value is 1; section 9 uses 2, and exercise 14.4 shows why not 16.</details>
#
# ### The two tokenizers must be one
#
# Two rows of probabilities can be compared only where positions and ids mean the same. So
# R1 could not have taught Qwen and Llama in this plain form. Different sizes raise an error.
# The dangerous case is two tokenizers of the *same* size, where everything runs and the
# student learns noise. Exercise 14.5 asks for the check that refuses them:

# %% tags=["nbval-check-output"]
th, ou = ((125, 113), (120, 126))  # two merges, as pairs of ids
one, other = Tokenizer([th, ou]), Tokenizer([ou, th])
for t in (one, other):
    print(f"{t.vocab_size} ids; id 265 is {t.decode([265])!r}")
try:
    check_same_tokenizer(one, other)
except ValueError as error:
    print(error)
check_same_tokenizer(*tokenizers)  # ours are one: nothing happens

# %% [markdown] tags=["slide"]
# ## 7. Third way: the student's own texts
#
# Both ways have a blind spot. The student practises on the teacher's texts only. When it
# writes by itself it slips sooner or later, and no trace shows how to go on from there.
# The mismatch is called **exposure bias**.
#
# ![Top: a trace of the teacher, token by token: 20 + 15 = 35, + 1 = 36. Middle: the student's own text, the same up to the equals sign, then 37, a slip. From here on no trace shows what to do, and after + 1 = the student writes 39, a second error. Bottom: the teacher reads the student's text. It finds all fine but two tokens: for 37 it would have written 35, and for 39, given the slip, 38.](../figures/14_slip.png)
#
# What you see: the cure. Let the *student* write, and let the teacher read it and say at
# every token what it would have written here, slip included. This is **on-policy
# distillation** (Agarwal et al., arXiv 2306.13649, who mix in the teacher's texts; we do
# not). Qwen's smaller models are taught in this way (Qwen3, arXiv 2505.09388).
#
# Where would our teacher object? The next figure shows the reverse KL of each token in
# the first lines of the countdown answer that you read in section 4. A result that does not follow from the
# numbers before it is crossed out. Before you look: will every crossed token be dark?
# Remember that the KL compares the whole rows of two models, not only the token that was
# drawn.


# %% tags=["slide"]
def objections(model, ids, mask):
    """{place: reverse KL} of a completion: what the teacher says to each token."""
    with torch.no_grad():
        wanted = teacher(ids)
    found = {}
    for t in mask[0].nonzero().flatten().tolist():
        only = torch.zeros_like(mask)
        only[0, t] = True
        found[t] = max(0.0, distance(model, (ids, only, wanted), "reverse"))
    return found


# %% tags=["slide", "hide-input"]
def follows(before, result):
    """Does a result follow from the text before it? None where it is no result."""
    step = re.search(r"(\d+),?([-+*/~])(\d+)=$", before)
    if not step or not result.isdigit():
        return None
    a, kind, b = int(step[1]), step[2], int(step[3])
    right = {"+": a + b, "-": a - b, "*": a * b, "~": abs(a - b)}
    return int(result) == (right[kind] if kind in right else b and a / b)


read = answers["small student"].texts[first][0]
shown = sft.collate(sft.encode(tokenizer, [(held_out[first].prompt, read)]))
objected = objections(student, *shown)
lines, spots, so_far = [[]], {}, ""
for t, value in objected.items():
    token = tokenizer.decode([shown[0][0, t].item()])
    if "\n" in token:
        lines.append([])
    else:
        spots[t] = follows(so_far, token), (len(lines) - 1, len(lines[-1]))
        lines[-1].append((token, value))
    so_far += token
crossed = {place for true, place in spots.values() if true is False}
plots.token_map(lines[:6], "reverse KL, nats", {x for x in crossed if x[0] < 6})

# %% [markdown]
# Most of the colour is on results, the tokens after `=`. The teacher accepts the form,
# the numbers chosen and the order of steps. Compare the two models at the darkest right result, and at the two palest wrong ones:

# %% tags=["hide-input"]
rights = [t for t, (true, _) in spots.items() if true]
wrongs = [t for t, (true, _) in spots.items() if true is False]
pick = [max(rights, key=objected.get), *sorted(wrongs, key=objected.get)[:2]]
for t in pick:
    verdict = "right" if t in rights else "wrong"
    ids = shown[0][:, : t + 1]
    line = tokenizer.decode(ids[0].tolist()).split("\n")[-1]
    print(f"{line}   {verdict}, reverse KL {objected[t]:.1f}")
    for name, model in (("teacher", teacher), ("small student", student)):
        with torch.no_grad():
            row = model(ids)[0, t - 1].softmax(-1)
        top = (f"{tokenizer.decode([i])} {row[i]:.1%}" for i in row.topk(3)[1].tolist())
        print(f"    {name:14}", *top, sep="   ")

# %% [markdown]
# The dark 12 is right by luck. The student likes 11 better and is unsure, and the KL sees
# that in its row. The pale 48 is wrong, and the teacher would have written it, too. Its
# games end at 50, so it never learned that product, and cannot teach it. At the pale 2 both
# models prefer 0, and the student drew a rare token: rows do not show the draw.
#
# Is most of the distance in the results of all answers? The teacher *agrees* with a
# result if it would write the same token there.

# %%
on_own = read_by_teacher(answers["small student"])
for name, where in (("the teacher's texts", on_teachers), ("its own texts", on_own)):
    print(f"small student on {name}: forward KL {distance(student, where):.2f}")
ids, mask, wanted = on_own
words = [tokenizer.decode([i]) for i in range(tokenizer.vocab_size)]
equals = torch.tensor([word.endswith("=") for word in words])
result = mask & equals[ids.roll(1, 1)]  # the token before it is a =
choice = wanted.argmax(-1).roll(1, 1)  # column t-1 predicts token t
parts = {
    "results, not agreed": result & (choice != ids),
    "results, agreed": result & (choice == ids),
    "other tokens": mask & ~result,
}
for name, part in parts.items():
    value = distance(student, (ids, part, wanted), "reverse")
    share = part.sum() / mask.sum()
    print(f"{name:19} {share:4.0%} of its own texts, reverse KL {value:.2f} each")

# %% [markdown]
# On its own texts the student is further from the teacher, and the distance is mostly in
# the results.
#
# So the signal goes mostly where the small student fails. A verifier gives one number for
# the whole completion, and pays in full where a wrong tape ends in a right answer.
#
# ### The same, seen as RL
#
# In chapter 09, too, the model learned from its own samples. What is the reward here? Write
# minus the reverse KL of one token as a mean over what the student writes:
#
# $$ -\mathrm{KL}(q \,\|\, p) =
#    \mathbb{E}_{y \sim q}\big[\log p(y) - \log q(y)\big]. $$
#
# The bracket is the reward of a token: write what the teacher finds likely, and keep your
# variety. The policy gradient of chapter 08 multiplies this number, as the token's
# **advantage**, with $\nabla \log q(y)$. Is its mean over samples the gradient of the KL?
# We ask it of the three tokens of section 6:

# %% tags=["nbval-check-output"]
p = torch.tensor([0.6, 0.3, 0.1])
logits = torch.tensor([0.2, 0.5, 0.3]).log().requires_grad_()
log_q = logits.log_softmax(0)
q, advantage = log_q.exp().detach(), (p.log() - log_q).detach()
each = [gradient(advantage[y] * log_q[y], logits) for y in range(3)]  # y was drawn
each = torch.stack(each)
mean = (q[:, None] * each).sum(0)
exact = gradient((log_q.exp() * (p.log() - log_q)).sum(), logits)
print("advantage, log p - log q     ", [f"{x:+.2f}" for x in advantage.tolist()])
print("policy gradient, mean        ", [f"{x:+.2f}" for x in mean.tolist()])
print("gradient of minus reverse KL ", [f"{x:+.2f}" for x in exact.tolist()])
spread = (q[:, None] * (each - mean) ** 2).sum().sqrt()
print(f"length of the mean {mean.norm():.2f}, spread of single samples {spread:.2f}")
assert torch.allclose(mean, exact, atol=1e-6)

# %% [markdown]
# The two gradients are one. **On-policy distillation is RL in which each token has an
# advantage of its own.** The first token, which the student writes too seldom, has a
# positive one, the other two a negative one. GRPO has to give the same advantage to all
# tokens of a completion.
#
# Our loss goes one step further. It uses the whole row of probabilities where this gradient
# uses one sampled token, so the mean is the same and the noise of that draw is gone. Both
# treat the text before the token as given, as the paper does.
#
# The loop is that of chapter 09 with another step, and needs no verifier: nothing reads
# the reward that `rollout` asks for. The library's version is `distill.on_policy`.


# %%
def practise(student, asked, optimizers, generator):
    """The student writes an answer to each problem, and the teacher corrects it."""
    settings = {"max_new_tokens": LONGEST, "generator": generator}
    batch = rollout(student, tokenizer, asked, 1, rewards.total, **settings)
    return correct(student, batch.ids, batch.mask, optimizers, "reverse")


# %% [markdown]
# The price: the student has to write while it learns, and the teacher must be there to
# read. We try six steps of 48 answers, three seeds, and measure on the texts of before.


# %%
def on_each(model, where):
    """The reverse KL of a student on each text, in nats per token."""
    rows = zip(*(part.split(1) for part in where), strict=True)
    return [distance(model, row, "reverse") for row in rows]


earlier, moved = on_each(student, on_own), []
print(f"before: reverse KL {fmean(earlier):.2f}, the mean of {len(earlier)} texts")
for seed in (0, 1, 2):
    pupil, rng = copy.deepcopy(student).train(), random.Random(seed)
    generator = torch.Generator().manual_seed(seed)
    optimizers = optim.base_optimizers(pupil, 0.005, 1.5e-3)  # half: it can write
    for step in range(6):
        optim.set_lr(optimizers, optim.warmup_cosine(step, 6))
        drawn = [pipeline.draw_mixed(rng) for _ in range(48)]
        practise(pupil, drawn, optimizers, generator)
    gain = evaluate.paired(earlier, on_each(pupil, on_own))
    low, high = gain["interval"]
    moved.append(gain["difference"])
    print(f"seed {seed}: {moved[-1]:+.2f} [{low:+.2f}, {high:+.2f}]")
assert fmean(moved) < 0

# %% [markdown]
# The distance falls a little in each seed. Right answers we did not measure: six steps are
# too few. Section 9 takes 500, from the small base.
#
# ## 8. What a student cannot learn from traces
#
# A trace is all that the student sees. It cannot pass on:
#
# - **Problems that the teacher never solves.** The first filter removes every trace.
# - **Silent steps.** The teacher may know an answer without writing why. Its text is right,
#   and useless as a lesson: the student learns to *guess*.
# - **Steps that the student cannot carry out.** It imitates the form of the step, and gets
#   the result wrong, as in section 4.
# - **Problems that were never asked.** Our traces are about easy ones; section 9 asks hard
#   ones.
#
# Silent steps are easily tried: the same traces for the same bases, their thinking cut out.

# %% tags=["slide"]
silent = [{**row, "completion": row["completion"].split("</think>")[1]} for row in kept]
print(f"a trace is now {silent[0]['completion']}")
rows, _ = distill.examples(silent, tokenizer, room)
for size, epochs in EPOCHS.items():
    name = f"{size} silent"
    examine(name, fine_tune(bases[size], rows, epochs, name))
print(f"\n{'':18}{'base':>8}{'student':>9}{'silent':>8}")
for size in EPOCHS:
    for family in ("countdown", "arithmetic"):
        by = [scores[f"{size} {x}"] for x in ("base", "student", "silent")]
        cells = (f"{mark[family]['pass@1']:8.2f}" for mark in by)
        print(f"{size + ', ' + family:18}", *cells, sep="")
assert scores["big silent"]["pass@1"] < scores["big student"]["pass@1"] - 0.3

# %% [markdown]
# Compare *student* with *silent*. Over both games the big one loses all that it had gained,
# and in countdown most. Yet it can add: it has learned to answer at once, and seldom
# gets several sums right in one step.
#
# The small one loses nothing in countdown, and part of its gain in arithmetic. So most of
# what it gained in section 4 came from the answers of the traces, not from their thinking:
# it guesses better.
#
# <details><summary>Why does it guess better than the big one?</summary>Perhaps because it read the traces twice as often; we did not test that.</details>
#
# <details><summary>Must traces be perfect?</summary>Not for a large student. In an ablation by the Sky-T1 team (Li et al., arXiv 2502.07374, abstract), training on *wrong answers* cost 3.2% of accuracy. Shuffling or deleting *steps* did much more damage. Our small students lost more by wrong traces, which were also about harder problems ([docs/experiments.md](../docs/experiments.md)).</details>

# %% [markdown] tags=["slide"]
# ## 9. The long run
#
# Everything so far was short, and of one seed. Full runs with three seeds were measured
# once. Teaching takes 500 steps, RL alone the 100 steps of chapter 09. The 500 steps hold
# about 700,000 tokens, and somewhat more on-policy, where the student decides how long texts
# are.
#
# The exam is 256 test problems of each game and level. *Easy* problems have three numbers
# or three steps, as all problems of this chapter so far. *Hard* ones have four numbers or
# five steps, and no trace is about them. Three rows need a word:
#
# - *More of R1's texts* trains on as many tokens as *R1's texts*, from four times as many
#   traces and more. Each is read less often.
# - *Forward KL, T = 2* is the best of three variants of probabilities, chosen after the
#   test.
# - *On-policy* begins with the small base. It draws new problems in each step, so *more of
#   R1's texts* is its fair match.


# %% tags=["hide-input"]
def results_of(arm):
    """seed -> what was measured of an arm."""
    files = {seed: RESULTS / f"distill-{arm}-{seed}.json" for seed in (0, 1, 2)}
    texts = {seed: file.read_text(encoding="utf-8") for seed, file in files.items()}
    return {seed: json.loads(text)["P9"] for seed, text in texts.items()}


ROWS = {
    "base": "small base",
    "rl": "RL alone",
    "traces": "R1's texts",
    "n-7500": "more of R1's texts",
    "softer": "forward KL, T = 2",
    "own": "on-policy",
    "traces-rl": "texts, then RL",
    "big-traces": "big base, texts",
    "teacher": "R1, the teacher",
}
measured = {arm: results_of(arm) for arm in ROWS}


def easy(run):
    """The share of easy test problems that a run solves."""
    return run["test"]["easy"]["pass@1"]


def sums(run):
    """Single sums right at the end, or None where they were not measured."""
    return run.get("skills", {}).get("after", {}).get("arithmetic")


def three(values, form=".2f"):
    """A number for each seed, or a dash."""
    return "  ".join("   -" if x is None else f"{x:{form}}" for x in values)


# %% tags=["slide", "hide-input"]
print(f"seeds 0, 1, 2:      {'easy problems':19}{'single sums':19}{'TFLOPs':19}hard")
for arm, name in ROWS.items():
    runs = measured[arm].values()
    spent = three((run["flops"] / 1e12 or None for run in runs), "4.1f")
    hard = fmean(run["test"]["hard"]["pass@1"] for run in runs)
    cells = f"{three(map(easy, runs)):19}{three(map(sums, runs)):19}{spent:19}"
    print(f"{name:20}{cells}{hard:.2f}")
ways = {f"seed {seed}": {} for seed in (0, 1, 2)}
for arm, name in ROWS.items():
    for seed, run in measured[arm].items():
        mark = run["test"]["easy"]
        spot = run["flops"] / 1e12, (mark["pass@1"], *mark["interval"])
        ways[f"seed {seed}"][name] = spot
plots.price_panels(ways, "TFLOPs of teaching", "easy problems right")

# %% [markdown]
# The figure shows right answers to easy problems over the FLOPs of teaching, with 95%
# intervals over problems. Good ways are high and far left. The lines across are the small
# base and R1.
#
# <details><summary>What is not shown?</summary>The training of the teacher is not counted. Marks that would overlap are moved apart a little.</details>
#
# The three seeds differ as much as the ways do, so compare within a seed. The next table
# does: what one way gains over another on the same easy problems. A star says that the
# 95% interval excludes 0. Believe a row with three stars and one sign, unless one of its
# ways was picked on this very exam:

# %% tags=["slide", "hide-input"]
PAIRS = {
    ("rl", "traces"): "",
    ("traces", "softer"): "picked",
    ("traces", "own"): "",
    ("n-7500", "own"): "",
    ("own", "traces-rl"): "",
    ("traces", "traces-rl"): "Raschka 1",
    ("teacher", "big-traces"): "Raschka 2",
}


def gains(start, end):
    """What one way gains over another on the same easy problems, seed by seed."""
    for runs in zip(*(measured[arm].values() for arm in (start, end)), strict=True):
        gain = evaluate.paired(*(run["test"]["easy"]["values"] for run in runs))
        low, high = gain["interval"]
        yield gain["difference"], low > 0 or high < 0


print(f"{'from':20}{'to':20}seed 0   seed 1   seed 2")
for (start, end), note in PAIRS.items():
    found = list(gains(start, end))
    cells = "".join(f"{x:+.2f}{'*' if star else ' '}   " for x, star in found)
    print(f"{ROWS[start]:20}{ROWS[end]:20}{cells} {note}")
    if (start, end) in (("rl", "traces"), ("traces", "traces-rl")):
        assert all(x > 0 and star for x, star in found)  # clear in every seed

# %% [markdown]
# In short, for the small student in every seed: texts beat RL alone, for less, and RL after
# them adds more. No other gain is as sure. Four conclusions:
#
# 1. **Texts beat RL alone** in every seed, for fewer FLOPs. This is the direction of the
#    paper. For a student of twice the size the lead was gone in one seed of three
#    ([docs/experiments.md](../docs/experiments.md)).
# 2. **Probabilities may add to that.** The row shown has three stars, but it was
#    picked. The other two variants gained in two seeds and lost in the third.
# 3. **RL after texts helps** in every seed (Raschka 1), at several times the FLOPs.
# 4. **On-policy has the highest mean of the small student's ways, but no clear win.** None of
#    its three rows has three stars of one sign. It gains most where the base adds worst.
#    Against *texts, then RL* it wins one seed and loses one, at less than a third of the
#    price.
#
# Does the reverse KL help? On *R1's* texts it had 0.44, 0.48 and 0.55
# ([docs/experiments.md](../docs/experiments.md)), below on-policy in every seed. So the
# student's own texts help, or the fresh problems: we cannot say which.
#
# <details><summary>Was RL alone stopped too early?</summary>Its training curve still rose at step 100; its held-out curve was flat from step 60 ([docs/distillation.md](../docs/distillation.md)).</details>
#
# <details><summary>The three variants of probabilities, seed by seed</summary>Easy
# problems right. All four rows are of the same teachers, bases and exam as the table above;
# the last two are kept in [docs/experiments.md](../docs/experiments.md).
#
# | way | seed 0 | seed 1 | seed 2 |
# |---|---|---|---|
# | R1's texts | 0.35 | 0.66 | 0.50 |
# | forward KL, T = 2 | 0.43 | 0.69 | 0.58 |
# | forward KL, T = 1 | 0.40 | 0.63 | 0.53 |
# | reverse KL, T = 1 | 0.44 | 0.48 | 0.55 |
#
# </details>
#
# Raschka 2, the big base taught by texts alone, comes within 0.03 of R1 on easy problems.
# But its texts came from a model trained by RL.
#
# **None of these ways taught problems that no trace is about.** In the column *hard*
# R1 is far ahead. All that it taught, on easy problems only, are below the small base.
#
# <details><summary>And with traces about hard problems?</summary>In a counter-test half of the traces were about hard problems. Then hard ones rose to 0.10, 0.33 and 0.08 ([docs/experiments.md](../docs/experiments.md)). It had a price: easy ones went from 0.35, 0.66 and 0.50 to 0.35, 0.60 and 0.35.</details>
#
# ### How few traces?
#
# Sky-T1 became known for a small number: 17,000 traces of QwQ-32B-Preview, less than 450
# dollars (novasky-ai.github.io/posts/sky-t1, 2025). Ours have 30 to 7,232, and train on the
# same number of tokens.

# %% tags=["slide", "hide-input"]
several = {arm: results_of(arm) for arm in ("n-30", "n-125", "n-500")}
several |= {arm: measured[arm] for arm in ("traces", "n-7500")}
counted = {
    arm: round(fmean(r["traces"] for r in several[arm].values())) for arm in several
}
panels, levels = {}, {}
for seed in (0, 1, 2):
    points = [(counted[arm], easy(runs[seed])) for arm, runs in several.items()]
    alone = easy(measured["rl"][seed])
    title = f"seed {seed}, easy problems right"
    panels[title] = {ROWS["rl"]: [(30, alone), (points[-1][0], alone)]}
    panels[title] |= {ROWS["traces"]: points}
    free = ("base", "teacher")
    levels[title] = {ROWS[arm]: easy(measured[arm][seed]) for arm in free}
print(f"{'':27}single sums right, seeds 0, 1, 2")
for arm, runs in {"base": measured["base"], **several}.items():
    times = fmean(run.get("passes", 0) for run in runs.values())
    name = f"{counted[arm]:,} traces, read {times:.0f} times" if times else "small base"
    print(f"{name:27}", three(map(sums, runs.values())))
for name, runs in (("500 traces", several["n-500"]), ("RL alone", measured["rl"])):
    spent = three((run["flops"] / 1e12 for run in runs.values()), "4.1f")
    print(f"{name + ', TFLOPs':27}", spent)
plots.doubling_curves(panels, "traces", levels)

# %% [markdown]
# The figure has the colours of the last one. Flat lines are R1, RL alone and the base of that
# seed; the last point is *more of R1's texts*.
#
# Thirty traces, read more than 300 times, do harm: the student falls below its base. It
# forgets how to add, as the printed sums show; presumably it memorizes the thirty. More
# traces pay, in the end less and less: compare the last two points.
#
# Do more traces teach sums (section 4)? In seed 0, up to 500 traces leave sums below the base
# (0.45 against 0.59), 1,600 raise them to 0.79, 7,232 to 0.88. The other bases could add.
#
# At 500 traces the student is level with RL alone in every seed. So "distillation beats
# RL" is true from some number of texts on. At that point RL takes at least twice the
# FLOPs, by the last two printed lines.
#
# ### Ask what the base can do
#
# Was the small student weak because it is small, or because its base could not add? The base of
# seed 0 adds worst, and its student ends last. Once more reading had taught all three bases to add,
# their students had 0.66, 0.63 and 0.60, above the 0.57, 0.55 and 0.63 of students twice as large
# ([docs/experiments.md](../docs/experiments.md)). So ask first what a base can do. Three seeds are
# thin evidence, and nobody changed the sums alone.

# %% [markdown]
# ## 10. What this does not show
#
# Our student has read the same tiny web as its teacher, so it knows the games and the form
# of a tape before its first trace. Our teacher is only three times larger than its student,
# R1 hundreds of times larger than its smallest. And our verifier is exact and problems never
# run out, which should favour RL.
#
# ## Summary
#
# | way | the student sees | it needs | writing and reading |
# |---|---|---|---|
# | texts (R1's way) | the token that was written | traces only; any tokenizer | the teacher writes once, for all students |
# | probabilities | every token's probability, on the teacher's texts | the teacher at hand; its tokenizer | the teacher also reads, in each pass |
# | on-policy | every token's probability, on its own texts | the same | the student writes, the teacher reads |
# | RL, for comparison | one number for each completion | a verifier | the student writes, group by group |
#
# Four sentences to remember:
#
# - Texts are the forward KL, sampled: the same goal on average, with more noise, and no
#   teacher at hand during training.
# - The forward KL is mode-covering, the reverse KL mode-seeking. On-policy distillation
#   is the reverse KL on the student's own texts.
# - On-policy distillation is RL with the advantage $\log p - \log q$ for each token.
# - Traces pass on manners at once. Our one base that added badly lost sums with up to 500
#   traces, and gained some with 1,600.
#
# ## Three questions
#
# 1. Your student has the teacher's tokenizer, and the teacher can be run at will. When would
#    you still choose plain texts?
# 2. Somebody distils from a distilled student, and so on, five times, each time through a
#    verifier. What happens to right answers, to variety, and to mistakes that the
#    verifier cannot see?
# 3. "Distillation beats RL on small models." Name two costs that this leaves out, and a case
#    in which RL is the only way.
#
# <details><summary>Answers</summary>
#
# 1. When there are several students: the table is written once and kept.
# 2. The verifier holds up right answers. Variety shrinks. Mistakes that the verifier cannot
#    see, such as skipped steps, pass through and may grow.
# 3. The teacher's own training, and its texts that were thrown away. RL is the only way
#    where nobody is better than your model.</details>

# %% [markdown] tags=["slide"]
# ## 11. Out into the world
#
# (You may skip this section.)
#
# <details><summary>The same in TRL, for real models</summary>In TRL 1.16, `SFTTrainer` on
# R1's traces is the first way. `DistillationTrainer` is the third; its `beta` leads from the
# forward KL (0) to the reverse KL (1). `GKDTrainer`, in `trl.experimental.gkd`, mixes in
# given texts: `lmbda` is the share of the student's own, so 0 is the second way. Both
# compare only the *sizes* of the vocabularies (section 6).</details>
#
# Anybody's software can load R1's students. `hub.export_hf` writes ours in the form that
# `transformers` reads: weights as safetensors, the rest as JSON, no code.

# %% tags=["nbval-check-output"]
hub.export_hf(student, FOLDER / "student", tokenizer)
print(*(file.name for file in sorted((FOLDER / "student").iterdir())))
again = hub.load(FOLDER / "student").eval()
ids = torch.tensor([tokenizer.prompt(held_out[0].prompt)])
with torch.no_grad():
    apart = (again(ids) - student.eval()(ids)).abs().max()
print("largest difference of a logit below 0.0001:", bool(apart < 1e-4))

# %% [markdown]
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/14_distillation.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 14.1** (easy, 10 min) Both directions by hand. Given the probabilities of a
# teacher `p` and of a student `q` as lists, return `(forward, reverse)`. A token with
# probability 0 in the first distribution costs nothing. A token with probability 0 only in
# the second costs `math.inf`.
#
# <details><summary>Hint 1</summary>Write one function for $\sum a \log(a/b)$ and call it
# twice.</details>
# <details><summary>Hint 2</summary>Look at `a == 0` before you look at
# `b == 0`.</details>


# %% tags=["exercise"]
def divergences(p, q):
    """(KL(p || q), KL(q || p)): [1, 0] and [0.5, 0.5] give (0.693..., inf)."""

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
# **Exercise 14.2** (medium, 15 min) The loss, text by text. `kl_loss` takes the mean over
# all tokens of a batch, so a long text counts more than a short one. Return one number for
# each text instead: the mean forward KL over its own masked tokens. `student` and `teacher`
# are logits of shape (B, T, V). `mask` has shape (B, T), with a True in each row; its column
# $t$ is token $t$, as in section 6. No loops, please.
#
# <details><summary>Hint 1</summary>`log_softmax` of both first. The sum over the last axis
# is a KL for each column.</details>
# <details><summary>Hint 2</summary>The KL of token $t$ is in column $t-1$. So drop the last
# column of the KL and the first of the mask. Then multiply, and add up.</details>


# %% tags=["exercise"]
def kl_rows(student, teacher, mask):
    """(B, T, V), (B, T, V), (B, T) -> (B,): kl_rows(x, x, mask) is 0 in each row."""
    # BEGIN SOLUTION
    log_p, log_q = (x[:, :-1].log_softmax(-1) for x in (teacher, student))
    each, learned = (log_p.exp() * (log_p - log_q)).sum(-1), mask[:, 1:]
    return (each * learned).sum(1) / learned.sum(1)
    # END SOLUTION


# %% tags=["check"]
checks.ex_14_2(kl_rows)

# %% [markdown] tags=["exercise-text"]
# **Exercise 14.3** (easy, 5 min) A bill on the back of an envelope. Reading or writing a
# token costs 2 FLOPs for each active weight, training on one costs 6. Given the active
# weights of student and teacher and a `Spent`, return the FLOPs.
#
# <details><summary>Hint 1</summary>Four products: two with the student's size, two with
# the teacher's.</details>
# <details><summary>Hint 2</summary>Seconds are not among them.</details>


# %% tags=["exercise"]
def rough_flops(student, teacher, spent):
    """FLOPs of a bill: 100 weights that train on 10 tokens cost 6,000."""
    # BEGIN SOLUTION
    mine = 6 * spent.student_trained + 2 * spent.student_written
    theirs = 2 * (spent.teacher_written + spent.teacher_read)
    return student * mine + teacher * theirs
    # END SOLUTION


# %% tags=["check"]
checks.ex_14_3(rough_flops)

# %% [markdown] tags=["exercise-text"]
# **Exercise 14.4** (medium, 20 min) Temperature: predict, then run. With $p_T$ and $q_T$ for
# the softmax of the logits divided by $T$, the gradient of $T^2\, \mathrm{KL}(p_T \| q_T)$
# with respect to the student's logits is $T (q_T - p_T)$. Descent goes the other way, so
# the **pull** on a logit is $T (p_T - q_T)$. Write it for logits of shape (..., V).
#
# Then **predict**. In the position of section 6, which share of the pull goes to the two
# tokens that the teacher likes best, at $T = 1$ and at $T = 4$? Does the whole pull
# vanish as $T$ grows?
#
# ```python
# with torch.no_grad():
#     z, w = (m(torch.tensor([prompt]))[0, -1] for m in (student, teacher))
# for T in (1, 2, 4, 16):
#     size = pull(z, w, T).abs()
#     two = size[w.topk(2).indices].sum() / size.sum()
#     print(f"T = {T:2}: whole pull {size.sum():.2f}, two likeliest tokens {two:.0%}")
# ```
#
# <details><summary>Hint 1</summary>Divide both by the temperature, then `softmax` over the
# last axis.</details>
# <details><summary>Hint 2</summary>The sum of a row is 0: what one token gains, others
# lose.</details>
# <details><summary>What we saw</summary>At $T = 1$ nearly the whole pull, 98%, goes to the two
# tokens that the teacher may really write. At $T = 4$ they get 9% and at $T = 16$ only
# 1%: the rest goes to hundreds of tokens that it hardly ever writes. The whole pull does
# not vanish, it grows from 0.60 to 4.4. So a high temperature spends the lesson on tokens
# that do not matter. Your row for $T = 2$, the choice of section 9, says how much it still
# leaves to the two.</details>


# %% tags=["exercise"]
def pull(student, teacher, temperature):
    """(..., V) logits, twice -> (..., V): pull(x, x, 2.0) is 0 everywhere."""
    # BEGIN SOLUTION
    q, p = ((x / temperature).softmax(-1) for x in (student, teacher))
    return temperature * (p - q)
    # END SOLUTION


# %% tags=["check"]
checks.ex_14_4(pull)

# %% [markdown] tags=["exercise-text"]
# **Exercise 14.5** (easy, 5 min) Refuse. Return True only if the probabilities of two
# models with these tokenizers can be compared position by position. A `Tokenizer` has
# `merges`, a list of pairs of ids, and `pretokenizer`, the name of the rule by which text
# is cut first.
#
# <details><summary>Hint 1</summary>The same number of ids is not enough.</details>
# <details><summary>Hint 2</summary>When do all texts become the same ids in
# both?</details>


# %% tags=["exercise"]
def comparable(student, teacher):
    """Same ids for every text? A tokenizer and itself: True."""
    # BEGIN SOLUTION
    same_cuts = student.pretokenizer == teacher.pretokenizer
    return same_cuts and student.merges == teacher.merges
    # END SOLUTION


# %% tags=["check"]
checks.ex_14_5(comparable)

# %% [markdown] tags=["exercise-text"]
# **Exercise 14.6** (medium, 10 min) Halfway. Between covering and seeking lies the
# generalised Jensen-Shannon divergence (arXiv 2306.13649, section 2). With the mixture
# $m = \beta p + (1-\beta) q$ it is
#
# $$ \beta\, \mathrm{KL}(p \,\|\, m) + (1-\beta)\, \mathrm{KL}(q \,\|\, m). $$
#
# At $\beta = 0$ and $1$ it is 0. Close to 0, divided by $\beta$, it is nearly the forward KL;
# close to 1, divided by $1-\beta$, the reverse. (TRL's `beta` is the KL itself at both ends.)
# Write it for tensors of probabilities, all above 0, with one number for each row.
#
# <details><summary>Hint 1</summary>The mixture first. Then one KL for each term, summed over
# the last axis only.</details>
# <details><summary>Hint 2</summary>A KL of two tensors `a` and `b` is
# `(a * (a / b).log()).sum(-1)`.</details>


# %% tags=["exercise"]
def halfway(p, q, beta):
    """(..., V) probabilities of teacher and student -> (...); 0 where p is q."""
    # BEGIN SOLUTION
    m = beta * p + (1 - beta) * q
    ahead = (p * (p / m).log()).sum(-1)
    back = (q * (q / m).log()).sum(-1)
    return beta * ahead + (1 - beta) * back
    # END SOLUTION


# %% tags=["check"]
checks.ex_14_6(halfway)

# %% [markdown] tags=["exercise-text"]
# **Exercise 14.7** (medium, 25 min) A short course, an open experiment. Choose `n` of the
# rows in a way of your own: at most one for each prompt, and as many as there are if
# prompts are few. First **predict**: how much of `scores["big student"]["pass@1"]`, reached
# with all `len(given)` traces, survives with 100? Compare your choice with the first 100
# rows, which are all of countdown:
#
# ```python
# for name, chosen in (("my course", lesson(kept, 100)), ("first", kept[:100])):
#     rows, _ = distill.examples(chosen, tokenizer, room)
#     examine(name, fine_tune(bases["big"], rows, 15, name))
# ```
#
# <details><summary>Hint 1</summary>Rows have "family", "tokens" and "prompt", among
# others.</details>
# <details><summary>Hint 2</summary>Take turns between the families, and sort each by
# length.</details>
# <details><summary>What we saw</summary>Three orders of training. The course of the solution
# takes the 50 shortest traces of each game: 0.47, 0.51 and 0.52 right, against 0.69 with all
# traces. The first 100 give 0.28, 0.26 and 0.28. They teach more countdown (0.48 to 0.49
# right, against 0.22 to 0.23) and hardly any arithmetic (0.05 to 0.08, against 0.71 to
# 0.81).</details>


# %% tags=["exercise"]
def lesson(rows, n):
    """n rows to learn from, no prompt twice: lesson([a, b], 1) is [a] or [b]."""
    # BEGIN SOLUTION
    turns, seen, out = {}, set(), []
    for row in sorted(rows, key=lambda row: row["tokens"]):
        if row["prompt"] not in seen:
            seen.add(row["prompt"])
            turns.setdefault(row["family"], []).append(row)
    while len(out) < n and any(turns.values()):
        out += [queue.pop(0) for queue in turns.values() if queue]
    return out[:n]
    # END SOLUTION


# %% tags=["check"]
checks.ex_14_7(lesson)

# %% [markdown] tags=["exercise-text"]
# **Exercise 14.8** (medium, 10 min) The cheap way to distil on-policy: only the sampled tokens
# count. `student` and `teacher` are log-probabilities $\log q$ and $\log p$ of the tokens that
# the student wrote, both of shape (B, T). `mask` is True where a token counts. Return a scalar
# whose gradient, descended, follows section 7: each token's advantage is $\log p - \log q$,
# and the loss is the mean over the masked tokens.
#
# <details><summary>Hint 1</summary>The policy gradient of chapter 08: minus the advantage times
# the log-probability.</details>
# <details><summary>Hint 2</summary>The advantage holds $\log q$, too, but counts as a constant:
# `detach` it.</details>


# %% tags=["exercise"]
def token_loss(student, teacher, mask):
    """(B, T) log-probabilities -> (); equal models give a gradient of 0."""
    # BEGIN SOLUTION
    advantage = (teacher - student).detach()
    return -(advantage * student)[mask].mean()
    # END SOLUTION


# %% tags=["check"]
checks.ex_14_8(token_loss)
