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
# # R1-Zero: reasoning from pure RL
#
# | | |
# |---|---|
# | You will build | the R1-Zero loop: groups of sampled answers, rewards by rule, group advantages, the clipped GRPO loss, and a run that learns while you watch |
# | You need | PyTorch tensors and gradients; the idea of a token and its probability. Chapters 06 and 08 help, but you can begin here |
# | Minutes to read | 120 |
# | Minutes to run | 3, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v2), sections 2.1 to 2.3; DeepSeekMath (arXiv 2402.03300), section 4.1 |
#
# ![The map of the recipe, R1-Zero framed. A solid arrow leads from the base to R1-Zero, and only a dashed arrow from there to the cold start.](../figures/09_map.png)
#
# What you see: this chapter in the recipe of R1. R1-Zero hands
# on only its texts (dashed), not its weights (solid). The other boxes are later chapters;
# SFT is training on texts.
#
# ![A ring of six stations with the sections that build them: a problem, section 2; G answers to it, section 4; reward by rule, section 3; group advantage, section 5; clipped loss, section 6; a better policy, section 8; and back to a problem.](../figures/09_loop.png)
#
# What you see: the whole chapter is one ring. A small number is the section in which
# you build that station. Section 9 trains, 10 shows what came out, and 11 asks whether it
# is real.
#
# **Run the next cell first.** It imports everything and seeds the global random
# generator.

# %% tags=["setup"]
import copy
import json
import math
import random
import re
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from r1lib import artifacts, checks, evaluate, plots, sampling, verifiers
from r1lib.losses import check_shapes, clip_fraction, kl_k3, sequence_mean
from r1lib.problem import Problem, split_of
from r1lib.recipe import pipeline, stages
from r1lib.rl import grpo
from r1lib.rl.grpo import GRPOConfig
from r1lib.rl.rollout import rollout
from r1lib.tokenizer import EOS, PAD, Tokenizer, chat
from r1lib.training import optim
from r1lib.world import corpus, countdown, skills

torch.manual_seed(0)
RESULTS = Path("../results/data")

# %% [markdown]
# ## 1. Can a reward alone teach reasoning?
#
# Imagine a model that can continue any text but was never taught to answer questions. You give it a problem. It writes something. You say *right* or *wrong*, and
# nothing else. Could it learn to reason that way?
#
# The DeepSeek-R1 paper answered yes. Its model **R1-Zero** starts from DeepSeek-V3-Base
# and sees rewards only. AIME 2024 is a mathematics competition for schools. Its
# pass@1 there (one answer to each problem) rose from 15.6% to 71.0% (arXiv 2501.12948v1,
# section 2.2.4 and Table 2; 77.9% in v2, Figure 1). Meanwhile answers grew longer by
# themselves. Words such as "wait" and "check" became five to seven times as frequent
# (v2, supplement on self-evolution).
#
# We repeat it with a model of the same kind, about a million times smaller. So we can afford three seeds and **controls**: runs without the thing under test,
# here RL. Ours is the base model, simply made to think longer (section 11).
#
# ## 2. A game small enough to watch
#
# **Countdown**: reach a target with three given numbers, each used exactly once, by
# `+ - * /`. An attempt is written like a calculator's paper strip, which we call a
# **tape**: `8-3=5,*7=35` takes 8, subtracts 3, and multiplies the running result, 5,
# by 7. Every result is a whole number from 0 to 50 and is one token. Here is a successful
# answer:

# %% tags=["nbval-check-output"]
numbers, target = (3, 7, 8), 35
problem = countdown.make(numbers, target, "en", answer="(8-3)*7")
solved = """<think>8+7=15,*3=45~35=10 no
8-3=5,*7=35~35=0 yes
</think><answer>(8-3)*7</answer>"""

print(problem.prompt)
print(solved)
print("right:", problem.check(solved), "  split:", split_of(problem))

every = countdown.tapes(numbers)
hits = [tape for tape in every if tape[2][-1] == target]
budget = stages.settings("tiny").zero.max_new_tokens
tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
# any check will do here, we only count its tokens
checked = [countdown.write_tape(*tape) + "~35=2 no\n" for tape in every]
needed = sum(len(tokenizer.encode(text)) for text in checked)
print(f"\n{len(every)} tapes, of which {len(hits)} reaches {target}")
print(f"all of them, checked: {needed} tokens; an answer may have {budget}")

# %% [markdown]
# 8 plus 7 is 15, times 3 is 45. After `~` comes the check: the distance
# from 45 to 35 is 10, so *no*. The second attempt misses by 0, so *yes*.
#
# A hash of its numbers and target puts every problem into
# `train`, `valid` or `test` (its *split*), in any order and language. Problems of `valid` and
# `test`, which no training sees, are **held out**. The share of right answers, one answer
# at a time, is called **pass@1**.
#
# Could a model just write down every tape? The last two lines say no: there is room for
# about half of them.
#
# The second game, **arithmetic**, asks for one long sum, bare like
# `compute ((17+5)*2)-8` or as a little story. One slip on the tape spoils the answer. A
# careful solver does the tape twice and compares.
#
# Both games are asked in English or Korean. Five Korean words are enough to read the
# outputs: 숫자 *numbers*, 목표 *target*, 계산 *compute*, 아니 *no*, 맞아 *yes*.
#
# ### What the base model has read
#
# Our base model was pre-trained on a made-up "web" in which people solve such problems
# in three styles. They **guess** (an answer, no work), work **short** (one attempt), or
# **long**: attempt, check, and after a "no" try something else. One right text of
# each style (the long one fails at least once first):

# %% tags=["nbval-check-output"]
clean = corpus.Habits(slip=0.0, false_yes=0.0, false_no=0.0, switch=0.0)
for style, share in zip(("guess", "short", "long"), clean.styles, strict=True):
    print(f"--- {style}: {share:.0%} of the texts")
    for seed in range(1000):
        text = corpus.trace(random.Random(seed), problem, style, clean)
        if problem.check(text) and skills.reflects(text) == (style == "long"):
            print(text)
            break

# %% [markdown]
# Most texts are worse than these. People slip, they accept a wrong result, and some
# give the verdict in the other language. After a "no" in countdown most of them do the
# same sum once more, after the word `again` or `다시`. In arithmetic a second look is how
# slips are found. In countdown it hardly ever pays: the same attempt usually misses again.
#
# <details><summary>Who chose these habits? And where do the tags come from?</summary>
#
# How often each habit occurs was fixed before the RL runs reported here (`Habits` in
# `r1lib/world/corpus.py`; earlier designs in `docs/experiments.md`).
#
# R1-Zero's prompt asks for the tags. It announces a conversation between a user and an
# assistant that "first thinks about the reasoning process in the mind and then provides
# the user with the answer". The reasoning goes into `<think>` tags and the answer into
# `<answer>` tags (v1, Table 1). Nothing else is prescribed. Our base gets no
# instruction. It knows the tags because its web contains them.
#
# </details>
#
# ### Ask the base model
#
# We ask held-out problems, four answers each, at temperature 1: the model's own
# probabilities, neither sharpened nor flattened. The function `habit` sorts an answer
# into one of four kinds:
#
# - **guess**: no thinking;
# - **one pass**: one line of thinking;
# - **double check**: more lines, but no new attempt (a line with `again` is not one);
# - **new attempt**: an attempt was rejected, and a line without `again` follows
#   (`skills.reflects`). It may be the same sum; section 11 counts sums instead.

# %%
policy, tokenizer = artifacts.load("base-tiny")
held_out = pipeline.held_out(96, "valid")  # 96 problems of each game
before = evaluate.answer(policy, tokenizer, held_out, 4, max_new_tokens=budget)
parameters = sum(p.numel() for p in policy.parameters())
print(f"{parameters / 1e6:.2f} million parameters, {len(held_out)} problems")

GAMES = ("countdown", "arithmetic")
HABITS = ("guess", "one pass", "double check", "new attempt")


def habit(text):
    """Name what a completion does before it answers."""
    if "<think>" not in text:
        return "guess"
    if skills.reflects(text):
        return "new attempt"
    lines = text.partition("</think>")[0].strip().count("\n") + 1
    return "one pass" if lines == 1 else "double check"


def show(prompt, text, right, label=""):
    print(f"{label}{prompt}   [{'right' if right else 'wrong'}]")
    print("    " + text.replace("\n", "\n    ") + "\n")


# %% tags=["slide"]
shown = set()
for i, texts in enumerate(before.texts):
    name = habit(texts[0])
    if name not in shown:  # the first of its kind, not the best
        shown.add(name)
        prompt, right = held_out[i].prompt, before.right[i, 0]
        show(prompt, texts[0], right, f"{name}: ")


def by_habit(answers, game):
    """habit -> whether right, for each completion in one game."""
    found = {name: [] for name in HABITS}
    rows = zip(answers.problems, answers.texts, answers.right.tolist(), strict=True)
    for asked, texts, row in rows:
        if asked.family == game:
            for text, right in zip(texts, row, strict=True):
                found[habit(text)].append(right)
    return found


for game in GAMES:
    found = by_habit(before, game)
    count = sum(map(len, found.values()))
    print(f"{game:14}{'share':>8}{'right':>8}   of")
    for name, marks in found.items():
        right = f"{sum(marks) / len(marks):.0%}" if marks else "-"
        print(f"  {name:12}{len(marks) / count:8.0%}{right:>8}{len(marks):5}")

# %% [markdown]
# A guess in countdown is a random expression with the given numbers, and one in arithmetic
# a number near the result. So the first hits by luck more often.
#
# The reward pays for right answers, and a tenth for the format (section 3). It sees habits only
# through that tenth. Which rows of this table will it reinforce? Taken together, the three
# kinds of thinking are right far more often than a guess. (Too few samples to rank the three.)
#
# ## 3. Rewards by rule
#
# R1-Zero is paid for two things: the final answer is right, and the thinking is inside
# its tags (v2, section 2.2). Both are decided by a rule, not by another network, which
# could be fooled.
#
# $$ r = r_{\text{accuracy}} + 0.1 \cdot r_{\text{format}} $$
#
# The paper adds the two with equal weight. Then a wrong answer in perfect form earns as
# much as a right one without form. We give the format a tenth, so that being right
# always earns more. (`chat.TAGS` are the four tags, `chat.thinking` is the text inside
# `<think>`, `chat.summary` what follows.) Four texts for the problem above:

# %%
# r1lib.rewards.FORMAT_WEIGHT
# r1lib.rewards.accuracy
# r1lib.rewards.format
# r1lib.rewards.total

# %% tags=["nbval-check-output"]
tape = "<think>8-3=5,*7=35~35=0 yes\n</think>"
texts = {
    "thinks, right": tape + "<answer>(8-3)*7</answer>",
    "guesses, right": "<answer>(8-3)*7</answer>",
    "neat, but wrong": tape + "<answer>35</answer>",
    "hedges": tape + "<answer>(8-3)*7</answer><answer>35</answer>",
}
print(f"{'':17}accuracy  format  total")
for name, text in texts.items():
    right, neat = accuracy(problem, text), format(problem, text)
    print(f"{name:17}{right:8.0f}{neat:8.0f}{total(problem, text):7.1f}")

# %% [markdown]
# The third text gives the target itself as its answer; the rule wants each number
# exactly once. The fourth offers two answers, which count as none. The thinking is
# *not* looked at: a tape full of mistakes in front of a right answer earns everything.
#
# A guess never earns the tenth. So when does thinking pay more than guessing?
#
# $$ \text{right}_{\text{think}} + 0.1 \cdot \text{in format}_{\text{think}}
#    \;>\; \text{right}_{\text{guess}} $$
#
# So thinking pays even where it is right less often, by less than 0.1 times its share
# in format. Beyond this break-even RL teaches guessing.
#
# ## 4. Sampling a group
#
# The model that chooses tokens is called the **policy**, $\pi_\theta$, with parameters
# $\theta$. We write $q$ for the question (the prompt), $o$ for an answer (the
# completion), $o_t$ for its token number $t$, and $o_{<t}$ for the tokens before that.
# So $\pi_\theta(o_t \mid q, o_{<t})$ is the probability of the next token, and the
# product of these over $t$ is $\pi_\theta(o \mid q)$, the probability of the answer.
#
# For each problem we sample a **group** of $G$ answers, called **siblings**. All lie in
# one rectangle of ids, of shape (B, T): $B$ completions, $T$ tokens. Three rules hold
# for this shape:
#
# 1. **Columns are tokens.** `logprobs[b, t]` is the log-probability of the token in
#    column `t`, given those before it. Column 0 holds 0.
# 2. **Rows are group-major**: all answers to problem 1, then all to problem 2. So
#    `rewards.view(N, G)` has one problem in each row.
# 3. **The mask is true exactly where the policy chose**: not on the prompt, not on the
#    padding, but *on the stop token*. Stopping is a choice like any other.
#
# The library's `collate` lays them out. Below it, two short answers written by hand:

# %%
# r1lib.rl.rollout.collate

# %% tags=["nbval-check-output"]
prompt = tokenizer.prompt("compute 6*7")
answers = []
for text in ("<answer>42</answer>", "<answer>40+2=42</answer>"):
    written = tokenizer.encode(text, allow_special=True) + [EOS]
    guess = [-0.5] * len(written)  # any log-probabilities will do here
    answers.append(sampling.Completion(written, guess, "stop"))

ids, mask, logprobs = collate([prompt, prompt], answers)
print(f"ids and mask: {tuple(ids.shape)}\n")
print(f"column  {'row 0':<17}mask   {'row 1':<17}mask")
for t in range(ids.shape[1]):
    pieces = [repr(tokenizer.decode([i])) for i in ids[:, t].tolist()]
    marks = [int(m) for m in mask[:, t]]
    print(f"{t:>6}  {pieces[0]:<17}{marks[0]:<7}{pieces[1]:<17}{marks[1]}")

# %% [markdown]
# Sampling and scoring a batch is called a **rollout**. Here is a real one, which we
# keep for the next three sections. `draw_mixed` draws a problem of either game, and
# `old_logprobs` will be the log-probabilities that sampling wrote down:

# %%
N, G = 8, 16
rng = random.Random(9)
problems = [pipeline.draw_mixed(rng) for _ in range(N)]
batch = rollout(
    policy,
    tokenizer,
    problems,
    G,
    total,
    max_new_tokens=budget,
    generator=torch.Generator().manual_seed(9),
)
plots.batch_picture(batch.mask[:48], batch.rewards[:48], G)

# %% [markdown]
# What you see: the first three groups. Each row is one completion: the hatched prompt,
# what the policy sampled in colour, then nothing. Orange is the last token: a stop, or the
# point where the room ran out. The number after it is the reward.
#
# Training needs the log-probability of every token. The **logits** at column $t$, the
# scores before the softmax, are about the token at column $t+1$, so `logits[:, :-1]` is
# compared with `ids[:, 1:]`. `cross_entropy` without a reduction is minus the
# log-probability of the token that was chosen. `F.pad` puts the 0 of rule 1 in front.


# %%
def simple_logprobs(logits, ids):
    predicted, chosen = logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten()
    surprise = F.cross_entropy(predicted, chosen, reduction="none")
    return F.pad(-surprise.view(ids[:, 1:].shape), (1, 0))


# %% tags=["hide-input"]
# r1lib.losses.chosen_logprobs
# r1lib.losses.token_logprobs

# %% [markdown]
# Now the three rules as code, and a fourth: training must find the log-probabilities that
# sampling wrote down.

# %%
with torch.no_grad():
    logits = policy(batch.ids)
recomputed = token_logprobs(logits, batch.ids)

torch.testing.assert_close(simple_logprobs(logits, batch.ids), recomputed)
assert batch.ids.shape == batch.mask.shape == recomputed.shape
assert (recomputed[:, 0] == 0).all() and not batch.mask[:, 0].any()  # rule 1
assert batch.rewards.view(N, G).shape == (N, G)  # rule 2
assert batch.mask.sum(1).tolist() == batch.lengths.tolist()  # rule 3
gap = ((recomputed - batch.old_logprobs) * batch.mask).abs().max()
assert gap < 1e-3, gap
means = batch.rewards.view(N, G).mean(1).tolist()
print("mean reward of each group:", *(f"{mean:.2f}" for mean in means))

# %% [markdown] tags=["slide"]
# ## 5. From REINFORCE to the group advantage
#
# We want parameters $\theta$ that make the expected reward large. Sampling is not
# differentiable, but its probabilities are. As $\nabla \pi = \pi \, \nabla \log \pi$,
#
# $$ \nabla_\theta \, \mathbb{E}_{o \sim \pi_\theta}[\,r(o)\,]
#    = \sum_o r(o)\, \nabla \pi_\theta(o)
#    = \mathbb{E}_{o \sim \pi_\theta}[\,r(o)\, \nabla \log \pi_\theta(o)\,]. $$
#
# This is **REINFORCE**: sample answers, and push up the log-probability of each in
# proportion to its reward. It is right on average, and noisy: with rewards from 0 to
# 1.1 a wrong answer in good form (0.1) is pushed up as well, just less.
#
# The cure is a **baseline** $b$: push by $r - b$. On average this changes nothing, as
# $\sum_o b\, \nabla \pi(o) = b\, \nabla \sum_o \pi(o) = b\, \nabla 1 = 0$. PPO, the
# earlier standard, trains a second network to predict $b$.
#
# GRPO's idea is simpler: *we
# have sixteen answers to the same question; the mean of all sixteen is the baseline.*
# (It contains $r_i$ itself; Question 2 shows that this does little harm.)
#
# The paper then divides by the spread, a standard deviation. (Ours is the one with $G-1$.) Our
# runs leave the division out; the next table shows why.
#
# $$ \hat A_i = \frac{r_i - \operatorname{mean}(r_1, \dots, r_G)}
#    {\operatorname{std}(r_1, \dots, r_G) + \varepsilon} $$
#
# ![Four completions with rewards 1.1, 0.1, 0.1 and 0 as bars. A dashed line at their mean, 0.325, is the baseline. Arrows from the line: up by 0.775 for the right one, down by 0.225, 0.225 and 0.325 for the others.](../figures/09_group.png)
#
# What you see: a group of four, with a right completion on the left. The arrows are $r_i - b$;
# they add up to 0. ($\varepsilon = 0.0001$ avoids a division by 0.) The formula is two lines of
# code. The library's function (folded) adds checks and a guard: equal rewards that differ by
# rounding must give exact zeros.

# %% tags=["hide-input"]
# r1lib.rl.grpo.group_advantages


# %% tags=["slide", "nbval-check-output"]
def simple_advantages(rewards, eps=1e-4):
    above = rewards - rewards.mean(1, keepdim=True)
    return above / (rewards.std(1, keepdim=True) + eps)


groups = torch.tensor(
    [
        [1.1, 0.1, 0.1, 0.0],  # one of four is right
        [1.1, 1.1, 0.1, 0.1],  # half are
        [0.1, 0.0, 0.0, 0.0],  # none is, but one keeps the format
        [0.1, 0.1, 0.1, 0.1],  # all agree: wrong
        [1.1, 1.1, 1.1, 1.1],  # all agree: right
    ]
)
final = group_advantages(groups)
torch.testing.assert_close(simple_advantages(groups), final)
undivided = group_advantages(groups, normalize_std=False)

print(f"{'rewards':22}{'divided by the spread':30}not divided")
tables = groups.tolist(), final.tolist(), undivided.tolist()
for rows in zip(*tables, strict=True):
    first = " ".join(f"{r:.1f}" for r in rows[0])
    others = [" ".join(f"{a:+.2f}" for a in row) for row in rows[1:]]
    print(f"{first:22}{others[0]:30}{others[1]}")

# %% [markdown]
# Each row of advantages sums to zero: it is always a contest *within one question*. A
# right answer that is rare is pushed harder than one of many.
#
# A group **agrees** when all its *rewards* are equal. Then every advantage is zero, and
# the group teaches nothing. So the problems must be neither too hard nor too easy.
#
# Look at the third row. No answer was right; one sibling at least kept the format. Divided by the
# small spread of its group, its tenth of a point becomes the largest advantage of the table. So
# our runs depart from the paper and leave the division out (`normalize_std=False`). Dr. GRPO
# (arXiv 2503.20783) leaves it out as well. In our batch every group has a right answer, and so something to compare:

# %%
grouped = batch.rewards.view(N, G)
advantages = group_advantages(grouped, normalize_std=False).flatten()
right = batch.rewards >= 1
some_right = int((grouped >= 1).any(1).sum())
agreeing = int((grouped.std(1) < 1e-6).sum())
print(f"{int(right.sum())} of {N * G} completions are right,")
print(f"with a mean advantage of {advantages[right].mean():+.2f}")
print(f"{some_right} of {N} groups hold a right answer")
print(f"{agreeing} agree altogether and teach nothing, not even the format")

# %% [markdown] tags=["slide"]
# ## 6. Ratio, clip, loss
#
# Sampling is expensive, so one takes several optimizer steps for each rollout: a few on
# the same samples (section 7), or one on each part of them (section 8). After the first
# step, however, the samples come from an *old* policy. A weight repairs an average over
# old samples, for any function $f$ of the answer:
#
# $$ \mathbb{E}_{o \sim \pi_{\text{old}}}\Big[\frac{\pi_\theta(o)}{\pi_{\text{old}}(o)}\, f(o)\Big]
#    = \sum_o \pi_\theta(o)\, f(o) = \mathbb{E}_{o \sim \pi_\theta}[\,f(o)\,]. $$
#
# This is **importance sampling**. GRPO uses such a **ratio** token by token, as the
# product over a whole answer is noisy; this is an approximation:
#
# $$ \rho_t = \frac{\pi_\theta(o_t \mid q, o_{<t})}
#    {\pi_{\text{old}}(o_t \mid q, o_{<t})} = \exp(\log \pi_\theta - \log \pi_{\text{old}}), $$
#
# and the **clip** removes the incentive to move further:
#
# $$ L_t = \min\big(\rho_t \hat A,\; \operatorname{clip}(\rho_t,
#    1-\epsilon_{\text{low}}, 1+\epsilon_{\text{high}})\, \hat A\big). $$
#
# Here clip moves $\rho_t$ to the nearest point of the range, for us 0.8 to 1.28. For
# a negative $\hat A$ we still take the smaller of the two numbers, the more negative one. An
# optimizer minimizes, so the loss
# is minus the mean of $L_t$ over tokens. (Below, `"B #T"` allows one column in place of T.)

# %%
# r1lib.losses.clipped
# r1lib.losses.token_mean

# %% [markdown]
# Inside the range every token learns. Outside there are four cases: the answer was good
# or bad, and its token has become less or more likely since it was sampled. A token is
# **held** by the clip if its own gradient is 0.


# %% tags=["slide"]
def one_token(ratio, advantage, low=0.2, high=0.28):
    new = torch.tensor([[ratio]]).log()
    old, weight = torch.zeros(1, 1), torch.tensor([[advantage]])
    return clipped(new, old, weight, low, high).item()


print("advantage  ratio  objective   held")
for sign in (1.0, -1.0):
    for ratio in (0.5, 1.5):
        logprob = torch.tensor([[math.log(ratio)]], requires_grad=True)
        weight = torch.tensor([[sign]])
        value = clipped(logprob, torch.zeros(1, 1), weight, 0.2, 0.28)
        value.sum().backward()
        held = "no" if logprob.grad.abs().item() > 0 else "yes"
        print(f"{sign:+9.0f}{ratio:7.1f}{value.item():+11.2f}  {held:>5}")
plots.clip_picture(one_token, low=0.2, high=0.28)

# %% [markdown]
# A good token that has become *less* likely: pull it back. A good token
# that is already 1.5 times as likely: no further push. A bad token already halved:
# none either. A bad token that has become *more* likely: push it down.
#
# What you see: the objective of one token, with the edges of our runs. Left, a good
# one: nothing is gained beyond the right edge. Right, a bad one: nothing is gained left
# of the left edge. The upper edge is a little wider (0.28, after DAPO, arXiv
# 2503.14476), which leaves rare good tokens more room to grow.
#
# The loss of a whole batch needs two lines more. A slow loop tests them, and the library's
# version (folded).

# %% tags=["hide-input"]
# r1lib.rl.grpo.grpo_loss


# %% tags=["slide", "nbval-check-output"]
def simple_loss(logprobs, old, advantages, mask, low=0.2, high=0.2):
    gain = clipped(logprobs, old, advantages.unsqueeze(1), low, high)
    return -token_mean(gain, mask)


def grpo_loss_by_loop(logprobs, old, advantages, mask, low=0.2, high=0.2):
    summed, count = 0.0, 0
    for b in range(mask.shape[0]):
        for t in range(mask.shape[1]):
            if not mask[b, t]:
                continue  # the prompt, or padding
            ratio = math.exp(logprobs[b, t] - old[b, t])
            bounded = min(max(ratio, 1 - low), 1 + high)
            summed += min(ratio * advantages[b], bounded * advantages[b])
            count += 1
    return -summed / count


generator = torch.Generator().manual_seed(0)
old = -torch.rand(6, 9, generator=generator)
new = old + 0.5 * torch.randn(6, 9, generator=generator)
weights = torch.randn(6, generator=generator)
holes = torch.rand(6, 9, generator=generator) > 0.3

slow = grpo_loss_by_loop(new, old, weights, holes)
short = simple_loss(new, old, weights, holes)
full, metrics = grpo_loss(new, old, weights, holes)
torch.testing.assert_close(torch.as_tensor(slow), full)
torch.testing.assert_close(short, full)
print(f"loop {slow:.4f}, two lines {short:.4f}, library {full:.4f}")
print(f"tokens outside the range, held or not: {metrics['clip_fraction']:.0%}")

# %% [markdown] tags=["slide"]
# ### "Why is my loss 0?"
#
# The answer depends on how tokens are averaged. Let
# $L_{i,t}$ be the objective of token $t$ in completion $i$, and $|o_i|$ the number of
# its tokens. Two averages are in use:
#
# $$ \text{sequence mean: } \frac1B \sum_{i=1}^B \frac{1}{|o_i|} \sum_t L_{i,t}
#    \qquad \text{token mean: } \frac{1}{\sum_i |o_i|} \sum_{i=1}^B \sum_t L_{i,t} $$
#
# The first is DeepSeekMath's (Exercise 9.3). A token of a long
# completion weighs less in it, so being wrong at length is cheaper than being wrong
# briefly. The second, DAPO's, is ours. Both on our batch, on the very first step:

# %%
logprobs = token_logprobs(policy(batch.ids), batch.ids)
inputs = (logprobs, batch.old_logprobs, advantages, batch.mask)

for aggregate in (sequence_mean, token_mean):
    policy.zero_grad()
    loss, _ = grpo_loss(*inputs, aggregate=aggregate)
    loss.backward(retain_graph=True)
    norm = torch.nn.utils.clip_grad_norm_(policy.parameters(), math.inf)
    name = aggregate.__name__
    print(f"{name:14} loss {loss:+.4f}   gradient norm {norm:.2f}")
    if aggregate is sequence_mean:
        assert abs(loss) < 1e-3 < 1e-2 < norm

lengths = batch.mask.sum(1)
by_length = -(advantages * lengths).sum() / lengths.sum()
print(f"{'by hand':14} loss {by_length:+.4f}")

# %% [markdown]
# Right after sampling every ratio is 1, so a token contributes just its advantage, and
# the advantages of a group sum to zero. With `sequence_mean` the *value* of the loss is
# therefore 0, up to rounding. Its *gradient* is not: the derivative of $\rho$ at
# $\rho = 1$ is $\nabla \log \pi_\theta$, and what remains is REINFORCE with a baseline.
#
# With `token_mean` the value is minus the length-weighted mean of the advantages, as
# the last line shows. It is negative where right answers are longer than the others.
# Either way the loss does not measure success; the reward does.
#
# <details><summary>A leash that we leave off: the KL penalty</summary>
#
# Many programs add a penalty for drifting away from a reference model, usually the
# model before RL. Drift is measured by the **KL divergence**, the mean of
# $\log \pi_\theta(o \mid q) - \log \pi_{\text{ref}}(o \mid q)$ over answers that the
# policy samples. It is 0 if the two agree, and positive otherwise. GRPO estimates it
# for each token by
#
# $$ k_3 = \frac{\pi_{\text{ref}}}{\pi_\theta}
#    - \log \frac{\pi_{\text{ref}}}{\pi_\theta} - 1 \;\ge\; 0. $$
#
# [Chapter 08](08_rlhf_to_grpo.ipynb), section 4, tests this estimate. R1-Zero used a
# coefficient of only 0.001 and replaced the reference by the current policy every 400
# steps (v2, training details). We use 0, for three reasons. Our runs are short. A
# reference costs another forward pass. And our rule, which checks every number, has shown no
# false reward to exploit. (The reward models of chapter 13 have.)
#
# </details>
#
# ## 7. One step by hand
#
# Take one group in which siblings disagree, and take an optimizer step on it. If all of the
# above is right, right answers gain *relative to* wrong ones. Then take two more steps on
# the same samples, which are old by now. A token is held if it has
# moved out of the range in the direction of its advantage. (The
# learning rate is half that of our runs.)

# %% tags=["slide"]
n = int((grouped >= 1).float().std(1).argmax())  # the most divided group
rows = slice(n * G, (n + 1) * G)
ids, mask, old = batch.ids[rows], batch.mask[rows], batch.old_logprobs[rows]
good = grouped[n] >= 1
low, high = 0.2, 0.28  # the edges of our runs

learner = copy.deepcopy(policy)
optimizers = optim.adamw(learner, lr=3e-4)
print(f"{problems[n].prompt}: {int(good.sum())} right, {int((~good).sum())} wrong")
print(f"{'steps taken':13}{'ratios':>14}{'held':>7}   probability times: right, wrong")
for taken in range(4):
    now = token_logprobs(learner(ids), ids)
    moved = (now.detach() - old) * mask  # log of the ratio, by token
    ratio, weight = moved.exp(), advantages[rows, None]
    up, down = (ratio > 1 + high) & (weight > 0), (ratio < 1 - low) & (weight < 0)
    held = int(((up | down) & mask).sum())
    gains = [moved.sum(1)[which].mean().exp() for which in (good, ~good)]
    ends = f"{ratio[mask].min():.2f} to {ratio[mask].max():.2f}"
    print(f"{taken:<13}{ends:>14}{held:7}{gains[0]:17.2f}, {gains[1]:.2f}")
    assert (held > 0) == (taken > 0)
    loss, _ = grpo_loss(now, old, advantages[rows], mask, clip_low=low, clip_high=high)
    loss.backward()
    optim.guarded_step(learner, optimizers)
assert gains[0] > 1 > gains[1]

# %% [markdown]
# What you see: before the first step every ratio is 1, and the clip does nothing. From then
# on the two kinds of answer move apart (a geometric mean over each kind), and more and more
# tokens are held. The others still learn.
#
# After one step a ratio is already far above 1.28. The clip takes away a token's own push, but
# does not bound the ratio: one step can overshoot, and shared weights move held tokens, too.
#
# An answer that is never sampled gets no push. One with a chance of one in a thousand is in
# only 1.6% of groups of 16 ($1 - 0.999^{16}$).
#
# ## 8. The loop
#
# One step of R1-Zero is: draw problems, sample groups, score, compare, learn. To learn, the
# rollout is cut into **minibatches**, each good for one optimizer step. From the second on
# the samples are a little old, and ratios differ from 1. (`optim.guarded_step` clips the norm of the gradient, refuses one that is not
# finite, takes the step and sets all gradients back to zero.)


# %% tags=["slide"]
def simple_zero(policy, config):
    optimizers = optim.adamw(policy, config.lr)
    edges = {"clip_low": config.clip_low, "clip_high": config.clip_high}
    for step in range(config.steps):
        rng = random.Random(f"{config.seed}-{step}")
        generator = torch.Generator().manual_seed(rng.getrandbits(62))
        problems = [pipeline.draw_mixed(rng) for _ in range(config.prompts)]
        batch = rollout(
            policy,
            tokenizer,
            problems,
            config.group_size,
            total,
            max_new_tokens=config.max_new_tokens,
            generator=generator,
        )
        grouped = batch.rewards.view(config.prompts, config.group_size)
        advantages = group_advantages(grouped, normalize_std=False).flatten()
        for rows in torch.arange(len(advantages)).chunk(config.minibatches):
            ids, mask, old = batch.ids[rows], batch.mask[rows], batch.old_logprobs[rows]
            logprobs = token_logprobs(policy(ids), ids)
            loss, metrics = grpo_loss(logprobs, old, advantages[rows], mask, **edges)
            loss.backward()
            norm = optim.guarded_step(policy, optimizers)
        # of the last minibatch, as in the library
        yield batch.rewards.mean().item(), metrics["clip_fraction"], norm


# %% [markdown]
# The library's `grpo.train` is this loop with three additions:
#
# - a plan for the learning rate: a short warm-up, and a decay at the end;
# - savings of work and memory;
# - the KL penalty, if wanted.
#
# In `GRPOConfig` the learning rate is 0.0006 by default, the range 0.8 to 1.28, and the
# division is off. Called alone, `group_advantages` divides, and `grpo_loss` clips at 1.2.
#
# With a constant learning rate the two must agree. "Outside" is the share of tokens outside
# the range, held or not, in the last of four minibatches:

# %%
shape = {"prompts": 8, "group_size": 8, "max_new_tokens": budget}
small = GRPOConfig(steps=2, warmup=0.0, decay=0.0, minibatches=4, seed=1, **shape)
mine, theirs = copy.deepcopy(policy), copy.deepcopy(policy)
optimizers = optim.adamw(theirs, small.lr)
draw = pipeline.draw_mixed
library = grpo.train(theirs, tokenizer, draw, small, optimizers)
both = zip(simple_zero(mine, small), library, strict=True)
for (reward, outside, norm), (metrics, _) in both:
    print(f"reward {reward:.3f} and {metrics['reward']:.3f}", end=",  ")
    print(f"outside {outside:.1%} and {metrics['clip_fraction']:.1%}", end=",  ")
    print(f"gradient norm {norm:.3f} and {metrics['grad_norm']:.3f}")
    assert math.isclose(reward, metrics["reward"], abs_tol=1e-6)
    assert math.isclose(outside, metrics["clip_fraction"], abs_tol=0.01)
    assert math.isclose(norm, metrics["grad_norm"], rel_tol=1e-2)

# %% [markdown] tags=["slide"]
# ## 9. A live run
#
# Now we train from the base model: 15 steps of 16 problems with 16
# answers each. Each rollout is cut into four parts with one optimizer step each, so there
# are 60 of those. (Samples depend on the processor, so your numbers will
# differ a little.)

# %%
shape = {"prompts": 16, "group_size": 16, "max_new_tokens": budget}
live = GRPOConfig(steps=15, **shape)
live_policy = copy.deepcopy(policy)
optimizers = optim.adamw(live_policy, live.lr)
loop = grpo.train(live_policy, tokenizer, draw, live, optimizers)
history = []
for metrics, _ in loop:
    history.append(metrics)
    if metrics["step"] % 5 == 0:
        last = history[-5:]
        mean = {k: sum(m[k] for m in last) / 5 for k in metrics}
        print(
            f"steps {metrics['step'] - 4:2} to {metrics['step']:2}: "
            f"reward {mean['reward']:.2f}, right {mean['accuracy']:.0%}, "
            f"tokens {mean['length']:.0f}, "
            f"agreeing groups {mean['agreeing_groups']:.0%}, "
            f"outside the range {mean['clip_fraction']:.1%}"
        )
plots.zero_curves(history)

# %% [markdown]
# What you see: above, the training reward and the share of right answers; below, the
# length of a completion, for which nothing is paid directly. So few tokens leave the range that
# the clip is mere insurance here, and in the long run of section 10. A likely reason:
# section 7 took its ratios on the very answers just trained on; here each part holds other
# problems.
#
# The honest measure is the held-out
# problems of section 2, with 95% intervals: draw the *problems* again, with replacement, a
# thousand times. The interval is the middle 95% of the means (chapter 15, section 5).

# %%
limit = {"max_new_tokens": budget}
after = evaluate.answer(live_policy, tokenizer, held_out, 4, **limit)
for name, answers in (("before", before), ("after", after)):
    s = skills.summary(answers)
    low, high = s["interval"]
    print(
        f"{name:7} pass@1 {s['pass@1']:.3f}  [{low:.3f}, {high:.3f}]   "
        f"{s['length']:.0f} tokens, new attempt {s['reflects']:.0%}"
    )
low_after = skills.summary(after)["interval"][0]
high_before = skills.summary(before)["interval"][1]
assert low_after > high_before, "the intervals overlap"

both, shares = {"base": before, "15 steps": after}, {}
for game in GAMES:
    for name, answers in both.items():
        found = by_habit(answers, game)
        count = sum(map(len, found.values()))
        shares[f"{game}, {name}"] = {h: len(m) / count for h, m in found.items()}
plots.stacked_shares(shares)

# %% [markdown]
# What you see: the habits before and after, in each game. Guessing shrinks. In
# countdown "new attempt" takes most of its place, in arithmetic "double check".
#
# ### A gallery of failures
#
# **The wrong mask.** Suppose that the mask is off by one, or that the prompt or the
# padding slips in. Compare the direction of the gradient with the right one: 1 is the
# same, 0 is unrelated.


# %% tags=["slide"]
part = slice(0, 4 * G)  # four groups are enough for a direction
ids, right_mask = batch.ids[part], batch.mask[part]
logprobs = token_logprobs(policy(ids), ids)
parameters = list(policy.parameters())


def gradient(mask):
    """Loss, and its gradient as one long vector, for a given mask."""
    loss, _ = grpo_loss(logprobs, logprobs.detach(), advantages[part], mask)
    kind = {"retain_graph": True, "materialize_grads": True}
    found = torch.autograd.grad(loss, parameters, allow_unused=True, **kind)
    return loss.item(), torch.cat([g.flatten() for g in found])


_, truth = gradient(right_mask)
first = right_mask & ~right_mask.roll(1, 1)
print(f"{'mask':22}{'loss':>8}{'gradient':>10}{'direction':>11}")
for name, mask in (
    ("right", right_mask),
    ("prompt too", ids != PAD),
    ("stop token missing", right_mask & (ids != EOS)),
    ("first token missing", right_mask & ~first),
    ("first token only", first),
    ("one token too late", right_mask.roll(1, 1)),
    ("padding too", right_mask | (ids == PAD)),
):
    loss, found = gradient(mask)
    same = torch.cosine_similarity(truth, found, dim=0)
    print(f"{name:22}{loss:+8.3f}{found.norm():10.2f}{same:+11.2f}")

# %% [markdown]
# The loss raises no alarm. The length of the gradient gives the worst masks away. The others
# only a test of the mask finds, like the assertions of section 4.
#
# <details><summary>Line by line</summary>
#
# The prompt is the same for all siblings and their advantages sum to zero, so its
# gradient cancels. But the mean is now over more tokens, so the gradient is shorter.
# Leaving out the stop token does little harm *here*, as the base is already sure to stop after its
# answer. With the first token only, almost all that is trained is the choice between guessing
# and thinking. It points partly the right way but ignores every later token.
# "One token too late" counts the first padding token after the stop.
# The model never expected it, so its gradient is huge. Counting all the padding drowns
# the direction.
#
# </details>
#
# **You get what you pay for.** The next cell trains four copies of the base, each for
# six small steps of 8 problems, with at most 64 tokens an answer.


# %%
def few_steps(reward=total, **changes):
    """Train a copy of the base for six small steps; answer some problems."""
    learner = copy.deepcopy(policy)
    shape = {"prompts": 8, "group_size": 16, "max_new_tokens": 64}
    config = GRPOConfig(**({"steps": 6, "decay": 0.0} | shape | changes))
    optimizers = optim.adamw(learner, config.lr)
    rule = {"reward": reward}
    for _ in grpo.train(learner, tokenizer, draw, config, optimizers, **rule):
        pass
    return evaluate.answer(learner, tokenizer, held_out[::4], 4, **limit)


print(f"{'':26}{'thinks':>8}{'in format':>11}{'right':>8}")
for name, answers in (
    ("base", evaluate.answer(policy, tokenizer, held_out[::4], 4, **limit)),
    ("right answers and format", few_steps()),
    ("only right answers paid", few_steps(accuracy)),
    ("only the format paid", few_steps(format)),
    ("learning rate x 40", few_steps(lr=40 * live.lr)),
):
    texts = [text for group in answers.texts for text in group]
    thinks = sum("<think>" in t for t in texts) / len(texts)
    neat = sum(format(None, t) for t in texts) / len(texts)
    right = answers.right.mean().item()
    print(f"{name:26}{thinks:8.0%}{neat:11.0%}{right:8.0%}")

# %% [markdown]
# Paid for right answers alone, the
# model turns to thinking all the same: in this short run the tenth for the format is not
# needed. Paid for the format alone, the model opens `<think>`, too.
# As thinking beats guessing in this base, right answers come along: for a while the
# wrong reward looks like the right one. The last model seems broken for good: none of its
# 192 answers is right or in format. Where no answer of a group is paid, every advantage
# is 0, and no gradient leads back. (One seed and 48
# problems a line: a few points mean nothing.)
#
# **A good place to stop.** You have built R1-Zero and seen it learn.

# %% [markdown] tags=["slide"]
# ## 10. What came out
#
# The long run has 100 steps of 512 answers, in three seeds, each from a base of its own.


# %%
def measured(unit):
    """The seeds for which results/ holds this unit."""
    return [s for s in (0, 1, 2) if (RESULTS / f"{unit}-{s}.json").exists()]


SEEDS = measured("zero")


def read(name):
    return json.loads((RESULTS / name).read_text(encoding="utf-8"))


bases = [read(f"base-{seed}.json") for seed in SEEDS]
zeros = [read(f"zero-{seed}.json") for seed in SEEDS]
# in the files P1, P2, ... are claims of the paper, listed in docs/phenomena.md
controls = [base["P1"]["controls"] for base in bases]
histories = [z["history"] for z in zeros]
training = [history[1:] for history in histories]
labels = {
    "accuracy": "right",
    "length": "tokens",
    "agreeing_groups": "groups that agree",
}
shares = ("accuracy", "agreeing_groups")
plots.compared_curves({"R1-Zero": training}, labels, percent=shares)

# %% [markdown]
# What you see: the training answers of each step. How many are right, how long they are,
# and how many groups agree. The line is the mean of the three seeds, the band
# their range. (Its dots only tell lines apart, as in section 13.) As more answers are right, more groups agree and teach nothing.
#
# The next cell adds held-out problems, seeds 0, 1 and 2 one after another. An answer
# **mixes** if it gives a verdict in the other language.


# %% tags=["slide"]
def digits(found, form="{:.2f}"):
    """The values of the seeds, one after another."""
    return "  ".join(form.format(value) for value in found)


def print_habits(rows):
    """Length, new attempts and mixing of some models, every seed by itself."""
    print(f"{'':22}{'tokens':>16}{'new attempt':>18}{'mixes':>18}")
    for name, found in rows.items():
        print(f"{name:22}", end="")
        print(f"{digits((one['length'] for one in found), '{:.0f}'):>16}", end="")
        for key in ("reflects", "mixes"):
            print(f"{digits((one[key] for one in found), '{:.0%}'):>18}", end="")
        print()


for step in (0, 20, 100):
    points = [history[step]["valid"] for history in histories]
    print(f"pass@1 at step {step:3}, valid:  {digits(points)}")
points = [z["P1"]["zero"]["pass@1"] for z in zeros]
print(f"pass@1 at step 100, test:   {digits(points)}")
for key, label in (("finished", "ended in time"), ("agreeing_groups", "groups agree")):
    late = [sum(p[key] for p in one[-10:]) / 10 for one in training]
    print(f"{label + ', last 10 steps:':28} {digits(late, '{:3.0%}')}")
print()
rows = {
    "base": [c["sampled"] for c in controls],
    "Zero": [z["P1"]["zero"] for z in zeros],
}
print_habits(rows)
assert all(h[0]["valid"] < 0.2 and h[100]["valid"] > 0.75 for h in histories)
assert all(sum(p["clip_fraction"] for p in h) < 0.005 * len(h) for h in training)
for base, zero in zip(*rows.values(), strict=True):
    assert zero["length"] > 4 * base["length"]
    assert 7.5 < zero["reflects"] / base["reflects"] < 9.5

# %% [markdown]
# **More right answers.** In every seed pass@1 on `valid` climbs from less than one in five
# to about four in five, most of it within 20 steps. On the `test` problems of section 11,
# others and twice as many, it ends at three in four.
#
# **Longer answers.** Zero's are more than four times as long as those of its base. No reward
# names length. But the tenth pays for a block of thinking, and a block costs tokens. Without the
# tenth a short run (section 9) thought about as much; the long one had it.
#
# New attempts become about eight to nine
# times as frequent, and an answer with new attempts *is* longer. Most of the
# growth is over by step 20; in the paper it goes on (v1, Figure 3). Our limit of 144 tokens is one likely reason: late in training it cuts off
# more than one answer in ten.
#
# **Mixed languages, unasked.** 3% of the base's answers mix, and 25 to 51% of Zero's.
# R1-Zero had the same trouble (v2, section 2.3). Chapter 11 pays for language.
#
# One problem before, during and after (seed 0; the first in the file, not chosen by its
# result):

# %% tags=["slide"]
looks = [p for p in zeros[0]["history"] if "transcripts" in p]
chosen = [looks[0], looks[min(1, len(looks) - 1)], looks[-1]]
for look in chosen:
    seen = look["transcripts"][0]
    label = f"step {look['step']}: "
    show(seen["prompt"], seen["text"], seen["right"], label)

# %% [markdown]
# The first tape says 35 + 1 = 38, at step 20 and at step 100, and the check says *no*. At step
# 20 another attempt is right; at step 100 the same sum, redone.
#
# ![One word problem, answered by R1-Zero of seed 0 at steps 0, 20 and 100, beside the curve of its share of right answers.](../figures/widget_zero.png)
#
# What you see: one position of [widgets/zero.html](../widgets/zero.html). Its orange dots
# are held-out problems. Open it in a browser to move through all steps and seeds.
#
# <details><summary>Our long run beside the paper's (v2, training details)</summary>
#
# To make one again: `python -m results.unit base 0`, then `zero 0`.
#
# A *step* of this book is a rollout and all that is learned from it. The paper counts
# optimizer steps.
#
# | | R1-Zero | ours |
# |---|---|---|
# | a rollout | 8,192 answers, cut into 16 parts | 512 answers, cut into 4 parts |
# | one optimizer step | 512 answers: 32 problems, 16 each | 128 answers: 8 problems, 16 each |
# | optimizer steps; rollouts | 10,400; 650 | 400; 100 |
# | longest answer, tokens | 32,768; 65,536 after step 8,200 | 144 |
# | temperature of sampling | 1 | 1 |
# | learning rate | $3 \cdot 10^{-6}$ | $6 \cdot 10^{-4}$ |
# | KL coefficient | 0.001, reference renewed every 400 optimizer steps | 0 |
# | format reward against accuracy | 1 : 1 | 0.1 : 1 |
#
# </details>

# %% [markdown] tags=["slide"]
# ## 11. Is it real? The controls
#
# Would the base have done as well if we had simply made it think longer? Each base was
# measured in every cheap way we knew, on the same `test` problems:
#
# - **sampled** as at step 0; **greedy**: always the likeliest token;
# - **forced**: the base has to open with `<think>` and cannot close it before it has
#   said yes, at temperature 1, at 0.6, and greedily. (Until then `skills.never_give_up`
#   sets the logit of `</think>` to minus infinity.)
# - **never "again"**: forced, and the words `again` and `다시` have probability zero. This
#   bans the word. The sum may still come back without it.
#
# **One rule.** Compare sampled Zero with a rival. It is **above** or **below** the rival if
# the two intervals do not overlap. All else is **not shown**. We say that something
# **emerged** only where Zero is above the *best* forced base, the best of the three that are
# only forced. This rule was written down before the runs.
#
# The means over the seeds, each with its commonest verdict and the number of seeds:


# %% tags=["slide"]
FORCED = ("forced", "forced, T=0.6", "forced, greedy")
KNOWING = "nothing twice, T=0.6"  # so the files call it


def verdict(ours, rivals):
    """Compare with the best rival: do the intervals overlap?"""
    best = max(rivals, key=lambda found: found["pass@1"])
    if ours["interval"][0] > best["interval"][1]:
        return "above"
    return "below" if ours["interval"][1] < best["interval"][0] else "not shown"


def print_rival(label, temperature, rivals):
    """The best of these rivals in each game, and whether Zero is above it."""
    print(f"{label:22}{temperature:>11}", end="")
    for game in GAMES:
        best, found = [], []
        for zero, base in zip(zeros, controls, strict=True):
            others = [base[name][game] for name in rivals]
            best.append(max(one["pass@1"] for one in others))
            found.append(verdict(zero["P1"]["zero"][game], others))
        usual = max(found, key=found.count)
        said = f"{usual} {found.count(usual)}/{len(found)}"
        print(f"{sum(best) / len(best):11.2f}  {said:13}", end="")
    print()


print(f"{'rival':22}{'temperature':>11}", end="")
print("".join(f"{game:>11}  {'Zero is':13}" for game in GAMES))
print_rival("base, sampled", "1", ("sampled",))
print_rival("base, best forced", "best of 3", FORCED)
print_rival('base, never "again"', "0.6", (KNOWING,))
points = [[z["P1"]["zero"][game]["pass@1"] for z in zeros] for game in GAMES]
means = [sum(values) / len(values) for values in points]
print(f"{'Zero, sampled':22}{'1':>11}{means[0]:11.2f}{means[1]:26.2f}")

# %% [markdown]
# **The verdict.**
#
# - **Countdown:** above the best forced base in every seed. By our rule it emerged. But
#   against the base that may not say `again`, nothing is shown.
# - **Arithmetic:** it did not emerge. Zero is below the best forced base in two seeds of three.
# - **Both games together:** above in one seed of three.


# %% tags=["slide"]
def triple(found, name="pass@1"):
    """(mean, low, high) of a measure."""
    ends = found["interval" if name == "pass@1" else f"{name} interval"]
    return (found[name], *ends)


first, others = ("sampled", "forced, T=0.6"), ("greedy", "forced", "forced, greedy")
table = {f"base, {name}": [c[name] for c in controls] for name in first}
table['base, never "again", T=0.6'] = [c[KNOWING] for c in controls]
table["Zero, sampled"] = [z["P1"]["zero"] for z in zeros]
table |= {f"base, {name}": [c[name] for c in controls] for name in others}
table["Zero, greedy"] = [z["P1"]["greedy"] for z in zeros]

panels = {game: {} for game in GAMES}
for name, found in table.items():
    for game in GAMES:
        panels[game][name] = [triple(one[game]) for one in found]

plots.interval_dots(panels, most={"countdown": 1.0, "arithmetic": (0.7, 1.0)})

# %% [markdown]
# What you see: a dot with its 95% interval for each measurement and seed, the main rows on
# top. RL starts at **base, sampled** and ends at **Zero, sampled**. The axis of arithmetic
# begins at 0.7; what lies below is written as a number.
#
# Caution: the best rivals write at temperature 0.6 or greedily, and sampled Zero at 1.
# (Zero at 0.6 was not measured here.)
#
# <details><summary>Like against like, a second series, and all intervals</summary>
#
# - both at 1, Zero is higher in both games and every seed;
# - both greedy, it is a little higher in countdown, and the intervals overlap.
#
# Greedy Zero even solves less countdown than the base forced at 0.6. After a miss its
# likeliest attempt is often the same one once more (chapter 15, section 2).
#
# In a second series of runs, seeds 1 and 2 emerged in countdown again, and for both games
# together neither did. All intervals are in [R1-Zero beside its
# controls](../docs/r1_zero.md). The rule is strict: a paired comparison (chapter 15,
# section 6) could see smaller differences.
#
# </details>
#
# Every seed, to look things up:


# %% tags=["hide-input"]
def head(label, names):
    return f"{label:32}" + "".join(f"{name:>20}" for name in names)


def judge(label, rivals):
    print("\n" + head(f"against {label}", [f"seed {seed}" for seed in SEEDS]))
    for game in (*GAMES, None):
        cells = []
        for zero, base in zip(zeros, controls, strict=True):
            found = [zero["P1"]["zero"], *(base[name] for name in rivals)]
            ours, *others = [one[game] if game else one for one in found]
            cells.append(verdict(ours, others))
        print(head(f"  {game or 'both games'}", cells))


print(f"{'pass@1 on test, seeds 0, 1, 2':30}{'countdown':>16}", end="")
print(f"{'arithmetic':>20}{'both games':>20}")
for name, found in table.items():
    cells = [digits(one[game]["pass@1"] for one in found) for game in GAMES]
    cells.append(digits(one["pass@1"] for one in found))
    print(f"{name:30}{cells[0]}{cells[1]:>20}{cells[2]:>20}")
judge("its base", ("sampled",))
judge("the best forced base", FORCED)
judge('the base, never "again"', (KNOWING,))

for zero, base in zip(zeros, controls, strict=True):
    ours, greedy = zero["P1"]["zero"], zero["P1"]["greedy"]
    assert all(ours["pass@1"] > base[name]["pass@1"] for name in FORCED)
    assert verdict(ours["countdown"], [base[n]["countdown"] for n in FORCED]) == "above"
    calm = base["forced, T=0.6"]["countdown"]
    assert calm["pass@1"] > greedy["countdown"]["pass@1"]
    assert all(calm["pass@1"] >= base[n]["countdown"]["pass@1"] for n in FORCED)
    both = greedy["countdown"], base["forced, greedy"]["countdown"]
    assert both[0]["pass@1"] > both[1]["pass@1"]
    assert verdict(both[0], [both[1]]) == "not shown"
    exact = base["forced, greedy"]["arithmetic"]["pass@1"]
    assert abs(greedy["arithmetic"]["pass@1"] - exact) < 0.02
    for game in GAMES:  # both at temperature 1
        assert ours[game]["pass@1"] > base["forced"][game]["pass@1"]
    assert ours["length"] < base["forced"]["length"]

# %% [markdown]
# ### Selected, or taught?
#
# The verdict allows two stories. In the first, RL made a habit of the base, thinking long,
# the usual one: it **selected**. In the second, it **taught** something that the habit alone
# does not give, such as fewer slips or better first attempts.
#
# For countdown "taught" is not shown: a base that may not write `again` does about as well.
#
# And we wrote the wasteful `again` into the web ourselves. Earlier designs had no such waste, and
# there selection was all that RL could do: Zero stayed level with the forced base or below it
# (`docs/experiments.md`). So what emerged depends on a habit that we planted.
#
# ### Length, reflection, mixing
#
# How much of all three does the base show when it has to think?

# %%
chosen = ("base, forced", "base, forced, T=0.6", "Zero, sampled")
print_habits({name: table[name] for name in chosen})

# %% [markdown]
# **Length and new attempts** need nothing new: at temperature 1 the forced base has
# even more of both.
#
# Now we count sums, not words, in the countdown problems of section 2 (models of seed 0).
# **New sum**: a "no", and later a sum not yet written. **Repeated**: the share of sums
# written before in the same answer. (With another result a sum counts as new.)

# %%
trained, _ = artifacts.load("zero-tiny")
forced = {"prefix": "<think>", "steer": skills.never_give_up(tokenizer)}
asked = [p for p in held_out if p.family == "countdown"]
names = ("new attempt", "new sum", "repeated", "say `again`")
print(f"{'temperature 1':14}" + "".join(f"{name:>13}" for name in names))
for name, model, how in (
    ("base", policy, {}),
    ("base, forced", policy, forced),
    ("Zero", trained, {}),
):
    answers = evaluate.answer(model, tokenizer, asked, 2, **limit, **how)
    texts = [text for group in answers.texts for text in group]
    lines = [line for text in texts for line in skills.attempts(text)]
    shares = [
        sum(map(has, texts)) / len(texts)
        for has in (skills.reflects, skills.tries_another)
    ]
    shares.append(skills.repeated_share(texts))
    shares.append(sum(line.startswith(skills.ONCE_MORE) for line in lines) / len(lines))
    print(f"{name:14}" + "".join(f"{share:13.0%}" for share in shares))

# %% [markdown]
# Counted by sum, new attempts are about as frequent. But RL unlearned the *word*, not the
# repetition: Zero almost never says `again`, and still about a fifth of its sums were there before.
#
# <details><summary>The aha moment</summary>
#
# In the middle of an equation an intermediate R1-Zero wrote "Wait, wait. Wait. That's
# an aha moment I can flag here." and began again (v1, Table 3). It is one completion,
# chosen by its authors. DeepSeek-V3-Base already writes such words now and then before
# any RL (Liu et al., arXiv 2503.20783v1). What can be counted is how often an attempt
# is rejected and another made.
#
# </details>
#
# **Mixing** is different. Each verdict is a chance to slip into the other language, so
# longer answers mix more often. But at temperature 1 Zero's answers have *fewer* tokens than
# those of the forced base, in every seed. Even so, more of them mix in seeds 1 and 2.
#
# ## 12. What this does not show
#
# The tiny web was written by us, and it holds the habit that RL then finds. Real web
# text holds it as well, but how much? Two games with exact rules
# are not mathematics. No problem needs a *new* idea, only more care and another
# attempt.
#
# ## 13. For a second reading
#
# ### More tries, and a vote
#
# With sixteen tries, is the base as good as Zero? The share of problems of which at
# least one of $k$ answers is right is called **pass@k**:

# %%
TRIES = {
    "base, sampled": 16,
    "Zero, sampled": 16,
    "base, forced, T=0.6": 4,
    'base, never "again", T=0.6': 4,
}
print(f"{'':36}{'countdown':>18}{'arithmetic':>20}")
for name, k in TRIES.items():
    at_k = f"pass@{k}"
    cells = [digits(one[game][at_k] for one in table[name]) for game in GAMES]
    print(f"{at_k:8}{name:28}{cells[0]:>18}{cells[1]:>20}")
votes = [digits(one[g]["majority@16"] for one in table["Zero, sampled"]) for g in GAMES]
print(f"{'vote':8}{'Zero, sampled, 16 answers':28}{votes[0]:>18}{votes[1]:>20}")
for zero, base in zip(table["Zero, sampled"], table["base, sampled"], strict=True):
    zero, base = (triple(one["countdown"], "pass@16") for one in (zero, base))
    assert zero[1] > base[2], "the intervals of pass@16 overlap"

# %% [markdown]
# In countdown the base does not catch up with Zero within sixteen tries. In arithmetic it nearly does. But most tries of the
# sampled base are guesses. In countdown four tries of the base that never says `again` beat
# its sixteen.
#
# **A vote** takes the most frequent of several answers. Among Zero's sixteen (the last
# line) it lifts countdown from 0.56, 0.63 and 0.56 to 0.86, 0.84 and 0.83.
#
# <details><summary>And the real R1-Zero?</summary>
#
# The question is open. With very many tries base models catch up with their RL-trained
# versions (Yue et al., arXiv 2504.13837), which speaks for selection. Others train
# longer and report problems that the base never solves (ProRL, arXiv 2505.24864v1). The
# paper itself had no forced control. A vote of 64 answers lifts its AIME from 71.0 to 86.7
# (v1, Table 2).
#
# </details>

# %% [markdown] tags=["slide"]
# ### What the base must bring
#
# [TinyZero](https://github.com/Jiayi-Pan/TinyZero), on the same game, reports that R1-Zero training works from a base of 1.5 billion parameters and
# fails from one of 0.5. Three skills matter here ([chapter 05](05_pretraining.ipynb),
# section 9, shows when they arrive):
#
# - *arithmetic*: to do one step of a tape;
# - *verification*: to find a distance of 0 just where an attempt hits;
# - *own attempt*: to make an attempt that uses each given number once.
#
# Two bases make the control. Both get RL by a plan of 60 steps. Its learning rate
# falls from step 30 on, that of the long run from step 50. The **early** one
# is stopped while its verdicts are still no better than a coin flip, and it cannot add
# either. The **blind** one was trained on text without checks, in the recorded runs for
# 3,000 steps. It can add, if not as surely as the finished base, and cannot tell whether it is right. (Its verification was never
# trained, so that number says nothing.)

# %%
others = {
    name: [read(f"{name}-{seed}.json") for seed in measured(name)]
    for name in ("early", "blind")
}
final = bases[0]["skills"][-1]["skills"]
print(head("skill", [*(f"{n}, seed 0" for n in others), "finished base"]))
for name in ("arithmetic", "verification", "own attempt"):
    cells = [f"{found[0]['P12']['skills'][name]:.0%}" for found in others.values()]
    print(head(name, (*cells, f"{final[name]:.0%}")))

steps = len(others["early"][0]["history"])
columns = "".join(f"{name:>13}" for name in (*GAMES, "new attempt"))
print(f"\n{f'{steps} steps of RL':22}{columns}")
for name, found in others.items():
    for seed, one in enumerate(found):
        for moment in ("before", "after"):
            point = one["P12"][moment]
            cells = "".join(f"{point[game]['pass@1']:13.2f}" for game in GAMES)
            print(f"{name}, {seed}, {moment:10}{cells}{point['reflects']:13.0%}")

runs = {"the finished base": [h[1 : steps + 1] for h in histories]}
for name, found in others.items():
    runs[f"the {name} base"] = [one["history"] for one in found]
for points in sum(runs.values(), []):
    for point in points:  # the reward is 1 for right, and 0.1 for the format
        point["form"] = 10 * (point["reward"] - point["accuracy"])
labels = {"accuracy": "right answers", "form": "in format", "length": "tokens"}
plots.compared_curves(runs, labels, percent=("accuracy", "form"))

# %% [markdown]
# What you see: RL from three bases, on the training answers of both games. Of the finished
# base these are the first 60 steps of the long run. The early base learns the format, and its answers stay as wrong as before. In the last
# ten steps the finished base keeps the format in little more than four answers of five: some
# thoughts never end within 144 tokens.
#
# The blind base finds that one pass is better than a guess. In arithmetic right answers
# become 1.7 to 2.9 times as many, in countdown about 1.4 times. It makes no new
# attempts: a model that cannot see a hit gains nothing from a second one. The
# finished base, which can, goes far higher in its first 60 steps. (In the recorded runs the
# blind base has also read less than a third as much. With the plan, *three* things differ.)
#
# ## Summary
#
# - R1-Zero asks $G$ times, pays by rule, and compares each answer
#   with its group. The group's mean replaces PPO's value network.
# - The gradient is REINFORCE with a baseline. Ratio and clip limit how far old samples
#   are trusted.
# - The loss is about 0 at the start; its gradient is not.
# - A group that agrees teaches nothing. The base must already do, now and then, what
#   the reward needs.
# - Length and new attempts grow. The tenth asks for one block of thinking, never for a new
#   attempt; in a short run accuracy alone raised thinking, too. Language mixing rose
#   as well, and in two of three seeds by more than the length in tokens explains.
# - "It emerged" needs a control. In countdown sampled Zero beats a base that is forced to
#   think. Against one that is also barred from saying `again` nothing is shown. (That rival
#   wrote at 0.6, Zero at 1.)
#
# ## Questions
#
# 1. Your training reward has been flat for 50 steps, and almost all groups agree. Name
#    two opposite reasons, and how you would tell them apart.
#
#    <details><summary>Answer</summary>All wrong (problems too hard, or the format is
#    broken so that nothing is ever paid) or all right (too easy). The mean reward is
#    0.1 or less in the one case (the format), near 1.1 in the other. Cure: other problems, or
#    sampling until groups disagree, as DAPO does.</details>
#
# 2. Why may the baseline depend on the question, but not on the answer that it is
#    subtracted from? And does the group mean keep to this?
#
#    <details><summary>Answer</summary>The proof takes b out of the sum over answers;
#    that works only if b is the same for each. The group mean contains the answer
#    itself, so strictly no. On average it shrinks the gradient by the factor (G-1)/G,
#    and changes nothing else as long as the spread is left undivided. Exercise 9.2
#    repairs it.</details>
#
# 3. A friend's base is right in 30% of its guesses. When it thinks, it is right in 25%, and
#    80% of its thoughts are in format. What will our reward teach it? And what if the
#    format is not paid?
#
#    <details><summary>Answer</summary>Section 3: a thought earns 0.25 + 0.1 x 0.8 = 0.33 on
#    average, a guess 0.30. So it learns to think, and becomes right less often at first.
#    Without the tenth it learns to guess: shorter answers, no thinking, and a rising reward.
#    Measure the table of section 2 before you start.</details>
#
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/09_r1_zero.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 9.1** (easy, 10 min) Catch the bug. A mask that is off by one has the right
# number of true places, so a count does not find it. Write the test that does. Given
# a mask (B, T) and, for each row, the number of tokens in its prompt and in its answer, say
# whether the mask is true exactly on the answer. (The stop token is part of it.)
#
# <details><summary>Hint 1</summary>In a row whose prompt has 3 tokens and whose answer has 2,
# only columns 3 and 4 are true.</details>
# <details><summary>Hint 2</summary>Build the right row as a list of truth values and
# compare it with `mask.tolist()`. One wrong row is enough for False.</details>


# %% tags=["exercise"]
def mask_is_right(mask, prompt_lengths, answer_lengths):
    """Whether a mask (B, T) is true exactly on the answers.

    For the mask [[False, True, True, False]], [1] and [2] it is True.
    """
    # BEGIN SOLUTION
    rows = zip(mask.tolist(), prompt_lengths, answer_lengths, strict=True)
    for row, start, count in rows:
        wanted = [start <= t < start + count for t in range(len(row))]
        if row != wanted:
            return False
    return True
    # END SOLUTION


# %% tags=["check"]
checks.ex_9_1(mask_is_right)

# %% [markdown] tags=["exercise-text"]
# **Exercise 9.2** (easy, 5 min) Leave one out. The group mean contains the answer that
# it judges. RLOO compares each answer with the mean of the *other* $G-1$ instead, and
# does not divide by the spread. Write it for rewards of shape (N, G), without a loop.
#
# <details><summary>Hint 1</summary>The sum of the others is the sum of all minus
# yourself.</details>
# <details><summary>Hint 2</summary>`rewards.sum(1, keepdim=True)` has the shape (N, 1)
# and fits beside (N, G). Divide by `rewards.shape[1] - 1`.</details>


# %% tags=["exercise"]
def leave_one_out(rewards):
    """Reward minus the mean reward of the siblings, (N, G) -> (N, G).

    For rewards [[1.0, 0.0]] it is [[1.0, -1.0]].
    """
    # BEGIN SOLUTION
    others = rewards.sum(1, keepdim=True) - rewards
    return rewards - others / (rewards.shape[1] - 1)
    # END SOLUTION


# %% tags=["check"]
checks.ex_9_2(leave_one_out)

# %% [markdown] tags=["exercise-text"]
# **Exercise 9.3** (medium, 10 min) Two averages. Write the mean over each completion
# first and then over completions: the one of DeepSeekMath, which gives long
# completions' tokens less weight. Places where the mask is false do not count, whatever
# value they hold. A row without any true place counts as 0.
#
# <details><summary>Hint 1</summary>Multiplying by the mask is not enough where a value
# is infinite or not a number. What does 0 times infinity give?</details>
# <details><summary>Hint 2</summary>`torch.where(mask, values, 0.0)` drops such values.
# Guard the division by `clamp(min=1)`.</details>


# %% tags=["exercise"]
def my_sequence_mean(values, mask):
    """(B, T) values and mask -> one number.

    For values [[2.0, 4.0], [6.0, 9.0]], the 9 not under the mask, it is 4.5.
    """
    # BEGIN SOLUTION
    kept = torch.where(mask, values, 0.0)
    return (kept.sum(1) / mask.sum(1).clamp(min=1)).mean()
    # END SOLUTION


# %% tags=["check"]
checks.ex_9_3(my_sequence_mean)

# %% [markdown] tags=["exercise-text"]
# **Exercise 9.4** (easy, 5 min) Cheat. Here is a verifier that was written in a hurry.
# Write a completion that it believes for *every* countdown problem, in perfect format,
# while the book's verifier refuses it.
#
# <details><summary>Hint 1</summary>It checks the value of the expression. What does it
# not check?</details>
# <details><summary>Hint 2</summary>Section 3 has such an answer in its table: "neat,
# but wrong".</details>


# %% tags=["exercise"]
def naive_correct(completion, numbers, target):
    """Believe any answer whose expression has the value of the target."""
    found = re.findall(r"<answer>(.*?)</answer>", completion)
    tree = verifiers.parse_expression(found[-1]) if found else None
    return tree is not None and verifiers.value(tree) == target


def cheat(numbers, target):
    """A completion that `naive_correct` believes and the book's verifier refuses.

    For (3, 7, 8) and 56 this would do: "<think>hm</think><answer>8*7</answer>".
    """
    # BEGIN SOLUTION
    return f"<think>too easy</think><answer>{target}</answer>"
    # END SOLUTION


# %% tags=["check"]
checks.ex_9_4(cheat, naive_correct)

# %% [markdown] tags=["exercise-text"]
# **Exercise 9.5** (easy, 15 min) The wrong siblings. Another sampler writes the first answers
# to all problems, then all second answers, and so on. `rewards.view(N, G)` raises no
# error there, but it compares answers to different problems. Write the advantages for
# this order of rows, not divided by the spread.
#
# Then predict. Suppose that `simple_zero` gets all its rows in this order, and is otherwise
# left as it is. Which of its three numbers move in the first step: the reward, the share
# outside, the gradient norm? Does "the advantages of a group sum to zero" still hold?
#
# <details><summary>Hint 1</summary>With 2 problems and 3 answers the rows belong to problems 1, 2,
# 1, 2, 1, 2. Which view has one *answer* in each row and one problem in each column?</details>
# <details><summary>Hint 2</summary>`rewards.view(group_size, -1)`. The mean is now that of a
# column, `mean(0)`, and `flatten()` restores the order.</details>
# <details><summary>What came out here</summary>We put the rows of section 8 in this order, with
# seeds 1 and 2 (measured once, on an earlier base; yours differs). The first reward was the same, as the samples come
# before the update. The norm and the share outside rose in both seeds. The sums over the
# wrong groups were zero as well, so a test of sums finds nothing.</details>


# %% tags=["exercise"]
def other_order(rewards, group_size):
    """Advantages of rewards (B,) in the order of that sampler, (B,).

    For [1.0, 0.0, 0.0, 0.0] and 2 answers to each problem: [0.5, 0.0, -0.5, 0.0].
    """
    # BEGIN SOLUTION
    answers = rewards.view(group_size, -1)
    return (answers - answers.mean(0)).flatten()
    # END SOLUTION


# %% tags=["check"]
checks.ex_9_5(other_order)

# %% [markdown] tags=["exercise-text"]
# **Exercise 9.6** (medium, 20 min) The whole loss. From nothing but `torch`, write the
# GRPO loss with the KL leash (folded away in section 6). It has the ratio, the clip for advantages
# of both signs, and $k_3$ per token with coefficient `beta`. Take the mean over all tokens
# under the mask. What lies outside it, even an infinite value, changes neither loss nor
# gradient. The check compares both with the library on random numbers.
#
# <details><summary>Hint 1</summary>`advantages.unsqueeze(1)` fits beside (B, T). The
# objective is the smaller of ratio and clipped ratio, each times the advantage, minus
# `beta` times $k_3$. The loss is minus its mean.</details>
# <details><summary>Hint 2</summary>`torch.minimum` compares element by element. With
# `log_ratio = ref - new`, $k_3$ is `log_ratio.exp() - log_ratio - 1`. First set `new`, `old`
# and `ref` to 0 outside the mask with `torch.where`. Dropping the values only at the
# end is too late for the gradient.</details>


# %% tags=["exercise"]
def my_grpo_loss(new, old, ref, advantages, mask, eps=0.2, beta=0.04):
    """new, old, ref and mask are (B, T), advantages (B,); one number.

    Where new, old and ref are equal, it is minus the mean advantage of the tokens.
    """
    # BEGIN SOLUTION
    new, old, ref = (torch.where(mask, x, 0.0) for x in (new, old, ref))
    weight = advantages.unsqueeze(1)
    ratio = (new - old).exp()
    bounded = ratio.clamp(1 - eps, 1 + eps)
    objective = torch.minimum(ratio * weight, bounded * weight)
    log_ratio = ref - new
    objective = objective - beta * (log_ratio.exp() - log_ratio - 1)
    return -torch.where(mask, objective, 0.0).sum() / mask.sum()
    # END SOLUTION


# %% tags=["check"]
checks.ex_9_6(my_grpo_loss)

# %% [markdown] tags=["exercise-text"]
# **Exercise 9.7** (medium, 40 min) What does a sibling buy? An open experiment. Suppose
# that each answer to a problem is right with chance `p`, and that only right and wrong
# are paid. Return the chance that all `group_size` answers earn the same, so that the
# group teaches nothing.
#
# Then predict, and run. A step of 128 completions can be 32 x 4 or 16 x 8 (problems x
# answers), among others. Which has more agreeing groups, and which do you expect
# to win? Run `few_steps(prompts=32, group_size=4, seed=1)` of section 9, and the
# other, with three seeds each. Is the difference larger than that between seeds?
#
# <details><summary>Hint 1</summary>All are right, or all are wrong. For each case
# multiply the chances of the single answers.</details>
# <details><summary>Hint 2</summary>`few_steps` hands its keywords to `GRPOConfig`. Its
# loop throws away the metrics of each step; keep their `agreeing_groups`, and return
# their mean, too.</details>
# <details><summary>What came out here</summary>Three seeds each
# (measured once, on an earlier base; yours differs). With 4 answers 17 to 30% of the groups agreed, with 8 answers 4
# to 12%. Of the answers 34 to 37% and 36 to 40% were right: the seeds differ as much as the
# shapes do. For 4 answers the formula gives 41% at a chance of 0.2, where the base begins, and
# 19% at 0.35. The paid format lowers it further: it tells wrong siblings apart. Unequal
# problems raise it.</details>
# <details><summary>One more</summary>Add `normalize_std=True` to 8 x 16: does the
# format come earlier, and right answers later?</details>


# %% tags=["exercise"]
def agreeing(p, group_size):
    """Chance of a group that agrees: agreeing(0.5, 2) is 0.5."""
    # BEGIN SOLUTION
    return p**group_size + (1 - p) ** group_size
    # END SOLUTION


# %% tags=["check"]
checks.ex_9_7(agreeing)
