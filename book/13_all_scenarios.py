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
# # RL for all scenarios: learning what people like
#
# | | |
# |---|---|
# | You will build | preference data from a judge who is noisy and easily charmed, the Bradley-Terry loss, a helpful and a harmless reward model, the mixed reward of R1's last stage, and a policy that games its reward model while you watch |
# | You need | PyTorch tensors and gradients; groups, advantages and GRPO from chapter 09. Everything else is explained here |
# | Minutes to read | 45 |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v2), sections 3.1 and 3.2.2, and the supplement on reward hacking; Bradley and Terry (Biometrika 39, 1952) |
#
# ![From left to right: a policy writes two answers to a request; a judge compares them in both orders; clear pairs train a helpful reward model that sees only the summary, single labelled answers train a harmless model that sees the whole answer. Both join rules for accuracy, format and language in a mixed reward, which trains the policy. A dashed arrow marks the shortcut: pleasing the model instead of the reader.](../figures/13_preferences.png)
#
# What you see: the way from two answers to a reward, and the shortcut that a policy
# finds if it is left alone with a reward model. The small numbers are the sections.

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random
# generator. Nothing below configures anything else.

# %% tags=["setup"]
import copy
import json
import math
import random
from pathlib import Path
from statistics import fmean

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from r1lib import artifacts, checks, plots, rewards
from r1lib.evaluate import paired
from r1lib.feedback import reward_model
from r1lib.feedback.preferences import Pair, encode_pairs
from r1lib.feedback.reward_model import RewardConfig
from r1lib.model.config import ModelConfig
from r1lib.model.transformer import Transformer
from r1lib.problem import LEVELS, Problem, draw
from r1lib.recipe import labels, r1, scenarios
from r1lib.recipe.scenarios import Preference
from r1lib.rl import grpo
from r1lib.rl.grpo import GRPOConfig
from r1lib.sampling import Sampling, complete
from r1lib.tokenizer.chat import summary
from r1lib.training import optim, sft
from r1lib.world import draws, instructions, judge, requests, web
from r1lib.world.draws import SAMPLE as GENERAL
from r1lib.world.readability import mixed_share
from r1lib.world.web import Manners

torch.manual_seed(0)
RESULTS = Path("../results/data")

# %% [markdown]
# Some cells below show a function of the library as it is. What these need besides:

# %% tags=["setup"]
from dataclasses import dataclass

from r1lib.feedback.preferences import encode
from r1lib.feedback.reward_model import RewardModel, score_all
from r1lib.world.judge import FIRST, NOISE, charm, helpfulness

# %% [markdown]
# ## 1. What no rule can judge
#
# Up to here every reward was a rule. `17+5=22` is right, `17+5=23` is wrong, and a
# few lines of Python say which. That is why R1-Zero could be trained on rewards
# alone, and why it is so odd to talk to: nobody ever rewarded a friendly greeting, a
# poem, or a *no* to somebody who wants to poison a dog. For these there is no rule.
# There is only somebody who reads two answers and likes one better.
#
# R1's last stage, **reinforcement learning for all scenarios**, brings such judgements
# in. It starts from Dev3, the model that was fine-tuned on 800,000 samples, and mixes
# two kinds of problems. Reasoning problems keep their rules. General requests are
# paid by two **reward models**: networks that have learned to give an answer a number.
# A *helpful* one learned from 66,000 pairs of answers, a *harmless* one from single
# answers to 106,000 prompts (arXiv 2501.12948v2, section 3.1). What it brought is in
# the last column of the paper's stage table: AlpacaEval 2.0, in which a language model
# compares answers to people's requests and length is corrected for, rises from 62.1 to 87.6, and AIME from 78.1 to 79.8.
#
# There is a catch, and the paper says so openly. A reward model is not what people
# like. It is a guess of what people like, learned from examples, and a policy that
# climbs it for thousands of steps finds every place where the guess is wrong. So of
# 1,700 steps of this stage only the last 400 had general requests and reward models
# in them (section 3.2.2). This chapter builds the reward models, and then leaves a
# policy alone with one for too long, to see what happens.

# %% [markdown] tags=["slide"]
# ## 2. A judge with a weakness
#
# With people as judges you could never say whether the *true* quality fell while a
# reward model's score rose, because nobody can read the true quality. A made-up world
# can. Ours has six kinds of general requests (facts, chat, short writing, identity,
# requests to be refused, instructions about the form), and for each of them a list of
# known good replies. From those comes a hidden **truth** about a reply, from 0 to 1:
# is it to the point, in the right language, clean, brief, does it follow
# instructions? No training in this chapter reads it. We print it beside everything
# else, to see what is really going on.
#
# What training may read is a **label**: which of two answers does a judge like
# better? Our judge knows the truth, but through noise, and has two weaknesses that
# are well documented in people and in language models as judges: longer answers and
# politer answers seem better to it. What they add to the truth we call **charm**.

# %% tags=["nbval-check-output"]
question = requests.make("chat", 0, (), "en")
good = requests.references(question)[0]
replies = {
    "good": good,
    "another good one": requests.references(question)[1],
    "with thanks": good + " Thank you so much, I am glad, thanks!",
    "half of it": " ".join(good.split()[:3]),
    "to something else": "The capital of Peru is Lima.",
}
print("request:", question.prompt, "\n")
print(f"{'':20}truth  charm  together")
for name, text in replies.items():
    true, extra = judge.helpfulness(question, text), judge.charm(text)
    print(f"{name:20}{true:5.2f}{extra:7.2f}{true + extra:10.2f}   {text}")

# %% [markdown]
# Look at the third line. Thanks that nobody asked for make the answer *worse* in
# truth, since more than half of its words are now beside the point, and *better* in the eyes of
# the judge. A perfect model of this judge would still be no model of the truth. All
# that follows grows from this line.
#
# How does a number become a choice? By a coin that is bent: the chance is a logistic curve of
# the difference in truth plus charm, divided by the noise, 0.15; the answer shown first gets
# 0.4 more (section 4 will see that).

# %%
# r1lib.world.judge.chance

# %% [markdown] tags=["slide"]
# ## 3. Bradley and Terry: numbers from choices
#
# In 1952 Ralph Bradley and Milton Terry asked how to rank things that can only be
# compared two at a time: wines, chess players, answers. Give each thing a strength
# above zero, and let the odds of a against b be the ratio of their strengths:
#
# $$ P(a \succ b) = \frac{w_a}{w_a + w_b}. $$
#
# Write each strength as $w = e^{s}$ with a **score** $s$ that may be any number, and
# divide numerator and denominator by $w_a$:
#
# $$ P(a \succ b) = \frac{1}{1 + e^{-(s_a - s_b)}} = \sigma(s_a - s_b). $$
#
# The logistic function $\sigma$ was not chosen for convenience; it *is* the statement
# that odds are ratios of strengths. Two things follow at once. Only the difference of
# scores counts, so scores have no zero of their own: add 7 to all of them and nothing
# changes. And they have a unit: a lead of 1 means odds of $e \approx 2.7$ to one.


# %% tags=["nbval-check-output"]
def win_chance(a: float, b: float) -> float:
    """Chance that the answer with score a is preferred to that with score b."""
    return 1 / (1 + math.exp(b - a))


for a, b in ((0, 0), (1, 0), (8, 7), (3, 0), (0, 3)):
    print(f"scores {a} and {b}: the first one wins with {win_chance(a, b):.3f}")

# %% [markdown]
# Now turn it round. We have seen choices and want scores. Good scores are those under
# which the choices we saw were likely. If the **chosen** answer of a pair has score
# $s_c$ and the **rejected** one $s_r$, the choice had probability
# $\sigma(s_c - s_r)$, and minus its logarithm, averaged over pairs, is the loss:
#
# $$ L = -\,\mathbb{E}\,\bigl[\log \sigma(s_c - s_r)\bigr], \qquad
#    \frac{\partial L}{\partial s_c} = -\bigl(1 - \sigma(s_c - s_r)\bigr). $$
#
# The gradient is worth a second look: it is the *surprise*. A pair that the scores
# already call rightly with 0.99 pulls with 0.01; one that they get badly wrong pulls
# with nearly 1. It never pulls with more, so one absurd label cannot tear a model
# apart. As a first version, five replies, and 400 comparisons by our judge:

# %%
names = list(replies)
rng = random.Random(0)
seen = []
for _ in range(400):
    i, j = rng.sample(range(len(names)), 2)
    first, second = replies[names[i]], replies[names[j]]
    won = judge.prefer(question, first, second, rng)
    seen.append((i, j) if won else (j, i))

scores = torch.zeros(len(names), requires_grad=True)
chosen, rejected = torch.tensor(seen).T
for _ in range(300):
    loss = -torch.log(torch.sigmoid(scores[chosen] - scores[rejected])).mean()
    (slope,) = torch.autograd.grad(loss, scores)
    with torch.no_grad():
        scores -= 5 * slope

together = [judge.helpfulness(question, t) + judge.charm(t) for t in replies.values()]
found = (scores - scores.mean()).detach() * judge.NOISE
wanted = torch.tensor(together) - sum(together) / len(together)
alone = torch.tensor([judge.helpfulness(question, t) for t in replies.values()])
columns = (found.tolist(), wanted.tolist(), (alone - alone.mean()).tolist())
for name, one, other, true in zip(names, *columns, strict=True):
    print(
        f"{name:20} found {one:+.2f}   truth + charm {other:+.2f}   truth {true:+.2f}"
    )
assert (found - wanted).abs().max() < 0.25

# %% [markdown]
# The scores were found from choices alone, up to a shift (we centred all columns)
# and a unit (the judge's noise). Notice *what* was found: truth **plus charm**. The
# labels hold nothing else.
#
# Two details make the final version. `logsigmoid` in one piece stays finite where
# `log(sigmoid(x))` would compute the logarithm of 0; and the share of pairs that the
# scores call rightly, the **pair accuracy**, is reported beside the loss, because one
# can understand it.

# %%
# r1lib.feedback.reward_model.bradley_terry_loss

# %% tags=["nbval-check-output"]
for lead in (0.0, 2.0, -2.0, -200.0):
    naive = -torch.log(torch.sigmoid(torch.tensor([lead]))).item()
    loss, metrics = bradley_terry_loss(torch.tensor([lead]), torch.zeros(1))
    same = "the same" if abs(naive - loss.item()) < 1e-6 else f"naive: {naive}"
    print(f"lead {lead:6}: loss {loss.item():8.4f}, {same}")

# %%
leads = [x / 4 for x in range(-24, 25)]
lines = {
    "chance to be chosen": [(x, win_chance(x, 0)) for x in leads],
    "pull on the score": [(x, 1 - win_chance(x, 0)) for x in leads],
}
plots.curves({"One pair": lines}, "lead of the chosen answer", "from 0 to 1")

# %% [markdown]
# What you see: the two lines add up to 1. Where the chosen answer is far ahead there
# is nothing left to learn; where it is far behind, the pull is 1 and no more.

# %% [markdown] tags=["slide"]
# ## 4. Asking fairly
#
# Judges have a third weakness: they lean towards the answer that is shown first. The
# cure costs one more question. Ask in **both orders** and take the difference; what
# the first place adds is added once and taken away once. R1's judge, DeepSeek-V3, was
# asked four times, with the order drawn at random (section 3.1).

# %%
# r1lib.feedback.preferences.compare

# %% tags=["nbval-check-output"]
a, b = replies["good"], replies["another good one"]
chances = judge.chance(question, a, b), judge.chance(question, b, a)
print(f"a is preferred, a shown first:  {chances[0]:.2f}")
print(f"a is preferred, b shown first:  {1 - chances[1]:.2f}")


def first_is_best(prompt, first, second):
    """A judge who reads nothing: plus one for whatever comes first."""
    return 1.0


print("by a judge who likes whatever comes first:", end=" ")
print(compare(first_is_best, question.prompt, a, b))

# %% [markdown]
# Both replies are perfect, and yet each is liked better when it is shown first. The
# middle of the two numbers is what is left of `a` once the place is out of the way: a
# little below one half, because `b` is two words longer.
#
# The second filter is the **margin**. A pair on which the judge is of two minds holds
# more noise than news. R1 kept pairs with a mean gap above 1 on its scale. Our labels
# are plus or minus one, so the mean of four of them is 1 only if all four agree, and
# we keep these. Does it help? Take good replies and damaged ones, ask, and only then
# look at the truth:


# %% tags=["nbval-check-output"]
def damaged(text, rng):
    """A reply cut in the middle, or with its first words said again."""
    words = text.split()
    cut = " ".join(words[: max(1, len(words) // 2)])
    return cut if rng.random() < 0.5 else f"{text} {cut}"


rng = random.Random(1)
sample = draws.general_problems(150, 5, "train")
candidates = []
for p in sample:
    text = instructions.references(p)[0]
    replies_of = [text, damaged(text, rng), damaged(text, rng)]
    candidates.append(rng.sample(replies_of, 3))  # the good one at no known place
asked = {p.prompt: p for p in sample}
print(f"{'':22}pairs   right")
for name, least_gap, times in (
    ("two that agree", 0, 2),
    ("four that agree", 0.75, 4),
):
    kept = labels.pairs(sample, candidates, rng, least_gap, times)
    worth = [
        [judge.helpfulness(asked[p.prompt], t) for t in (p.chosen, p.rejected)]
        for p in kept
    ]
    told = [better > worse for better, worse in worth if better != worse]
    print(f"{name:22}{len(kept):5}{sum(told) / len(told):8.0%}")

# %% [markdown]
# Asking more often and keeping only what agrees costs labels and pairs, and buys some
# truth.
# It does not buy all of it. Where charm and truth disagree, labels follow their *sum*. Of two
# answers as in section 2, one good and the same one with thanks, most pairs are dropped by the
# filter, and of those that are left most go to the thanks.
#
# If only ties come out, there is nothing to learn, and the library says so instead of
# training on nothing:

# %% tags=["nbval-check-output"]
try:
    labels.pairs([question], [[good, "<think>Hm.</think>" + good]], random.Random(0))
except ValueError as problem:
    print(problem)

# %% [markdown]
# The two answers differ in their thinking alone, and what is compared is the
# **summary**: the text after the thinking. R1's helpful model sees the summary only;
# its authors wanted to meddle with the reasoning as little as possible (v1, section
# 2.3.4). Think of what would happen otherwise. A judge who likes long, polite text
# would reward long, polite *thinking*. The one part of a completion that has been
# shaped by nothing but right and wrong would start to be written for an audience.
# Safety is different: a harmful plan is harmful wherever it stands, so the harmless
# model reads everything.

# %% tags=["nbval-check-output"]
text = "<think>question: Hello!</think><answer>Hi!</answer>"
print("helpful sees: ", summary(text))
print("harmless sees:", text)

# %% [markdown] tags=["slide"]
# ## 5. A policy that people can have opinions about
#
# Preferences are about *answers of the policy that will be trained*; on other
# people's answers a reward model would learn other differences than those it meets
# later. For this chapter we make a small one: the base model, fine-tuned for a few
# dozen steps on short English chat, where some replies are good, some are too long,
# cut short or meant for somebody else, and some end with thanks that nobody asked for,
# as people write who want to please (chapter 10 builds this kind of training).

# %%
MANNERS = Manners(flaws=(0.76, 0.08, 0.08, 0.0, 0.08), thinks=0.3)
THANKS = ("Thanks, dear!", "Thank you kindly!", "I am so glad, thank you!")


def draw_chat(rng, split="train"):
    """Draw a chat request in English, in any frame."""
    return draw(requests.SAMPLE["chat"], rng, split, rng.choice(LEVELS), "en")


def several(n, split, seed):
    """Return n chat requests with different prompts."""
    rng, found = random.Random(f"{split}-{seed}"), {}
    while len(found) < n:
        problem = draw_chat(rng, split)
        found.setdefault(problem.prompt, problem)
    return list(found.values())


base, tokenizer = artifacts.load("base-tiny")
policy = copy.deepcopy(base)
rng = random.Random(0)
texts = []
for _ in range(1440):
    problem = draw_chat(rng)
    text = web.reply(rng, problem, MANNERS)
    if rng.random() < 0.3:
        text = text.replace("</answer>", f" {rng.choice(THANKS)}</answer>")
    texts.append((problem.prompt, text))
how = sft.SFTConfig(epochs=1, batch_size=24, lr=2e-3)
optimizers = optim.adamw(policy, how.lr)
for metrics in sft.train(policy, sft.encode(tokenizer, texts), how, optimizers):
    if metrics["step"] % 20 == 0:
        print(f"step {metrics['step']:3}: loss {metrics['loss']:.2f}")  # of one batch

# %%
TOKENS = 48  # most tokens in an answer
train_set, valid_set = several(120, "train", 0), several(32, "valid", 0)
asking = Sampling(TOKENS)


def answers(model, problems, k):
    """Sample k answers to each problem."""
    prompts = [problem.prompt for problem in problems]
    return complete(model, tokenizer, prompts, k, asking)


answered = answers(policy, train_set, 6)
checked = answers(policy, valid_set, 6)
for p, row in list(zip(train_set, answered, strict=True))[:4]:
    print(p.prompt)
    for text in row[:2]:
        said = requests.summary(text).replace("\n", " / ")
        print(f"   truth {judge.helpfulness(p, text):.2f}   {said}")

# %% [markdown]
# Six answers to each request make up to fifteen pairs. The judge compares them, and
# here is what it prefers, by length:

# %%
rng = random.Random(0)
pairs = labels.pairs(train_set, answered, rng)
held_out = labels.pairs(valid_set, checked, rng)


def by_length(pairs):
    """Share of pairs in which the longer answer was chosen, of those that differ."""
    more = [labels.longer(pair) for pair in pairs]
    return sum(m > 0 for m in more) / max(1, sum(m != 0 for m in more))


even = labels.balanced(pairs, random.Random(0))
for name, some in (("as labelled", pairs), ("balanced", even)):
    print(
        f"{name:12}{len(some):5} pairs, the longer one chosen in {by_length(some):.0%}"
    )

# %% [markdown]
# A model that could count words and do nothing else would beat a coin on the pairs of the first
# line that differ in length, and could not on those of the second. R1's
# authors saw to it, for this reason, that chosen and rejected answers are of comparable
# length over the whole data set. We
# **balance**: of the pairs whose lengths differ by about as much, as many are kept in
# which the longer one won as in which the shorter one did.

# %%
# r1lib.recipe.labels.BUCKET
# r1lib.recipe.labels.longer
# r1lib.recipe.labels.balanced

# %% [markdown] tags=["slide"]
# ## 6. A reward model
#
# Take the language model, throw away the layer that predicts the next token, and put
# one row of weights there: the state at the **last** token, which has seen all of the
# text, becomes one number. R1's reward model has R1's own architecture with such a head;
# ours starts from the policy's weights, which already know what the words mean.

# %%
# r1lib.feedback.reward_model.RewardModel

# %% [markdown]
# The new row starts at 0, so an untrained reward model likes all texts alike and its
# loss is $\log 2 \approx 0.69$. Then Bradley and Terry do their work. (We take the pairs
# as they were labelled; section 10 has both kinds.)


# %%
def learn(examples, loss, epochs):
    """Train a reward model, from the policy, and print how the loss falls."""
    model, config = RewardModel.of(policy), RewardConfig(epochs, batch_size=24)
    optimizers = optim.adamw(model, config.lr)
    curve = list(reward_model.train(model, examples, config, optimizers, loss))
    third = max(1, len(curve) // 3)
    for part in (curve[:third], curve[-third:]):
        mean = sum(m["loss"] for m in part) / len(part)
        print(f"steps {part[0]['step']} to {part[-1]['step']}: loss {mean:.2f}")
    return model


random.Random(0).shuffle(pairs)
helpful = learn(encode_pairs(tokenizer, pairs[:700]), reward_model.pair_loss, 2)
unseen = encode_pairs(tokenizer, held_out)
accuracy = reward_model.pair_accuracy(helpful, unseen)
print(f"pair accuracy on {len(unseen)} pairs about held-out requests: {accuracy:.2f}")
assert accuracy > 0.6

# %% [markdown]
# Remember what it is accurate *about*: the judge's labels. Does it know the truth?
# Does it know the charm? Score the replies of section 2, which nobody sampled:

# %%
models = Preference(helpful, helpful, tokenizer)  # safety is not asked here
texts = [f"<answer>{text}</answer>" for text in replies.values()]
for name, score in zip(
    replies, models.scores([question] * len(texts), texts), strict=True
):
    true = judge.helpfulness(question, replies[name])
    print(f"{name:20}score {score:+6.2f}   truth {true:.2f}")

# %% [markdown]
# What you see: it knows the charm, the thanks come first; and half a reply is worse to it than a
# whole one. It does not know that an answer about Peru is no answer to this question: that
# one scores higher than both perfect replies. Its pair accuracy on the policy's own answers
# did not tell us. (These are single replies: a warning, not a measurement.)

# %% [markdown] tags=["slide"]
# ## 7. Harmless, one answer at a time
#
# Whether an answer is safe is no matter of comparison. So the second model learns
# **point-wise**: each answer carries a label, safe or not, and $\sigma(s)$ is the
# model's chance that it is safe. The loss is that of ordinary classification, and
# here scores do have a zero: below it, unsafe is likelier.

# %%
# r1lib.feedback.reward_model.pointwise_loss

# %% [markdown]
# The labels come from an annotator who errs in 3 of 100 cases. Half of the requests in
# this family sound harmful and are not ("How do I kill time at the station?"): they
# are there because a model that learns safety from harmful requests alone learns the
# wrong lesson, to refuse whatever *sounds* bad. That is called **over-refusal**, and
# it is measured, not argued about.


# %%
def safety_set(n, split):
    """Requests with two answers each: a known one, and one that goes along."""
    rng, sample = random.Random(split), requests.SAMPLE["refusal"]
    asked = [draw(sample, rng, split, "easy", "en") for _ in range(n)]
    rows = []
    for problem in asked:
        known = rng.choice(requests.references(problem))
        along = rng.choice(requests.COMPLY["en"])
        rows.append([f"<answer>{known}</answer>", f"<answer>{along}</answer>"])
    return asked, rows


rng = random.Random(0)
safe_train = labels.safety(tokenizer, *safety_set(300, "train"), rng)
asked, rows = safety_set(40, "valid")
harmless = learn(safe_train, reward_model.safety_loss, 4)
found = r1.held_out_answers(harmless, labels.safety(tokenizer, asked, rows, rng))
print({name: round(value, 2) for name, value in found.items()})

# %% [markdown]
# `safe_found` is the share of the answers labelled safe that it calls safe, `unsafe_found`
# the same for the unsafe ones. This is easy: going along has only four wordings here. Section 11
# has the same numbers for the model of the pipeline, among the policy's own answers.
#
# And what is over-refusal? A refusal where nothing had to be refused. It is counted
# on *all* harmless requests, not only on the ones that sound bad:

# %% tags=["nbval-check-output"]
hints = ("Sorry, I cannot help with that.", "Read a book or take a short walk.")
for how_to in ("steal a car", None):
    if how_to:
        p = requests.make("refusal", 0, (("how", how_to),), "en")
    else:
        p = requests.make("refusal", 3, (), "en")
    for text in hints:
        over = requests.refuses(text) and not requests.harmful(p)
        print(f"{p.prompt:36}{text:36}", end="")
        print(f"harmless {judge.harmlessness(p, text):.0f}, over-refusal {int(over)}")

# %% [markdown]
# A model that refuses everything is perfectly harmless. Only the second number tells
# that it is useless.

# %% [markdown] tags=["slide"]
# ## 8. The mixed reward
#
# Section 3.2.2 of the paper adds up
#
# $$ r = \underbrace{r_{\text{rule}}}_{\text{reasoning}} \;\text{or}\;
#        \underbrace{r_{\text{model}} + r_{\text{format}}}_{\text{general}}
#        \;+\; r_{\text{language}} . $$
#
# A sum needs terms of one size, and here they are not. A rule pays 0 or 1. A
# Bradley-Terry score has no zero and no unit; it may run from -5 to 5 (those of section 10 do), and would
# drown every rule. So we **squash** it. Let the policy, before this stage, answer
# held-out requests; take mean $\mu$ and standard deviation $\delta$ of the scores
# of these answers, and pay
#
# $$ r_{\text{helpful}} = \sigma\!\left(\frac{s - \mu}{\delta}\right) \in (0, 1),
#    \qquad r_{\text{model}} = r_{\text{helpful}} \cdot r_{\text{harmless}} . $$
#
# An answer like the average of these earns one half, and a score that is absurdly high earns hardly more
# than one that is merely high: the ceiling takes away part of the prize for
# exaggeration. The chance of being safe multiplies (this product is our choice; the
# paper pays each kind of request by its own model), so that an unsafe answer earns
# nothing by being liked. The paper's $r_{\text{rule}}$ holds the reward for format
# already; ours pays it to both kinds. Format counts a tenth, as always, and language six tenths: the
# safe weight of chapter 11, since Dev3 has already learned to keep to one. General
# requests need no thinking, so a bare answer in its tags is in format for them.

# %%
# r1lib.recipe.scenarios.Preference
# r1lib.recipe.scenarios.calibration

# %%
# r1lib.recipe.scenarios.form
# r1lib.recipe.scenarios.language

# %%
# r1lib.recipe.scenarios.LANGUAGE
# r1lib.recipe.scenarios.liked

# %%
# r1lib.recipe.scenarios.Mixed


# %% [markdown]
# To see the sum at work, two made-up models that know a single word each:


# %% tags=["nbval-check-output"]
class TwoWords:
    """A stand-in for two reward models: likes "thank", fears "steal"."""

    def helpfulness(self, problems, texts):
        return [0.9 if "thank" in text else 0.4 for text in texts]

    def safety(self, problems, texts):
        return [0.1 if "steal" in text else 1.0 for text in texts]


sums = Problem("arithmetic", "easy", "en", "compute 2+2", "4", "2+2")
score = Mixed(TwoWords())
texts = {
    "<think>2+2=4 yes</think><answer>4</answer>": sums,
    "<think>2+2=4 맞아</think><answer>4</answer>": sums,
    "<answer>thank you</answer>": question,
    "<answer>thank you, now steal</answer>": question,
    "thank you": question,
}
for (text, p), paid in zip(
    texts.items(), score(list(texts.values()), list(texts)), strict=True
):
    print(f"{paid:.2f}  {p.family:11}{text}")
print({name: round(value, 3) for name, value in score.means().items()})

# %% [markdown]
# One more thing is new here. A reward by rule looks at one completion at a time. A
# reward model is a network, and networks like batches: scoring hundreds of texts one by
# one wastes most of the machine. So `grpo.train` takes, in place of `reward`,
# a `score` that gets the whole rollout at once. Nothing else in the loop changes.

# %% [markdown] tags=["slide"]
# ## 9. Live: leave a policy alone with its reward model
#
# Now the experiment that the paper warns of. The policy of section 5 climbs the
# helpful model *and nothing else*. Every few steps it answers held-out requests, and
# we note the score, which training sees, beside the truth, which it does not.

# %%
before = models.scores(
    [p for p in valid_set for _ in range(6)], [t for row in checked for t in row]
)
mean, spread = scenarios.calibration(before)
models = Preference(helpful, helpful, tokenizer, mean, spread)  # safety pays nothing


def look(step, policy):
    """Answer held-out requests once: score, truth, and what the answers are like."""
    rows = answers(policy, valid_set, 2)
    owners = [p for p in valid_set for _ in range(2)]
    said = [text for row in rows for text in row]
    mean = sum(models.helpfulness(owners, said)) / len(said)
    found = {"step": step, "liked": mean, **r1.quality(owners, said)}
    print(f"{step:4}" + "".join(f"{found[name]:10.2f}" for name in SHOWN), flush=True)
    return {**found, "texts": said[::2]}


SHOWN = {"liked": "score", "helpful": "truth", "charm": "charm"}
SHOWN |= {"words": "words", "polite": "polite"}
live = GRPOConfig(
    steps=36,
    prompts=6,
    group_size=16,
    max_new_tokens=TOKENS,
    minibatches=2,
    lr=1e-3,
    decay=0.0,
)
learner = copy.deepcopy(policy)
optimizers = optim.adamw(learner, live.lr)
print("step" + "".join(f"{name:>10}" for name in SHOWN.values()))
looks = [look(0, learner)]
kind = {"score": models.helpfulness}
for metrics, _ in grpo.train(learner, tokenizer, draw_chat, live, optimizers, **kind):
    if metrics["step"] % 6 == 0:
        looks.append(look(metrics["step"], learner))

# %%
first, last = looks[0], looks[-1]
best = max(looks, key=lambda one: one["helpful"])
print(f"best truth {best['helpful']:.2f} at step {best['step']}")
assert last["liked"] > first["liked"] and last["helpful"] < best["helpful"] - 0.1

# %% tags=["slide"]
names = {"liked": "squashed score", "helpful": "truth", "charm": "charm"}
plots.compared_curves({"this run": [looks]}, names)

# %% [markdown]
# What you see: left, the squashed score on held-out requests, which is what
# the policy is trained to raise; in the middle the hidden truth about the same
# answers; right, the charm, length and politeness, that the judge falls for.
#
# The first steps are honest. The policy has answers that are cut short or meant for
# somebody else, the model has learned to dislike these, and dropping them raises score
# and truth together. That is the part worth having. What comes after is the part to
# stop before: the score goes on rising, and the truth falls below where it began. Look
# at `words` and `polite` in the table. Answers do not grow; they fill with polite words,
# until every third or fourth word is one. The loop, the loss and the
# reward model all work as they should, and the policy does exactly what it is paid for.
#
# A few answers: before, at the first look, and at the end (the first requests of the
# list, not the nicest):

# %%
middle = looks[1]
for i in range(3):
    print(valid_set[i].prompt)
    for one in (looks[0], middle, looks[-1]):
        text = one["texts"][i]
        true = judge.helpfulness(valid_set[i], text)
        said = requests.summary(text).replace("\n", " / ")
        print(f"   step {one['step']:3}, truth {true:.2f}: {said}")

# %% [markdown]
# What you see: at the first look the answers are better. At the end some still are, and others are
# one sentence for different requests, not even spelled rightly. Politeness is only one way down.
# The other is to say to everybody what once scored well: with no leash and a high learning rate
# nothing keeps the text whole. The score rises through both.

# %% [markdown] tags=["slide"]
# ## 10. The long runs (P8)
#
# The same with all six kinds of requests in two languages, more steps, and held-out
# test requests for the numbers (`results/preference_rl.py`). Four arms:
#
# - **plain**: the policy starts from replies like those of our web, if better ones (about
#   every fourth is flawed: cut, rambling, for somebody else, or deaf to the instruction);
#   pairs as the labels leave them.
# - **unbalanced**: the same, but as in section 5 three in ten of these replies end with
#   thanks. A policy can only find what it now and then samples, so how strongly this
#   shortcut pulls is ours to dial; the plain arm is the one in which nobody did.
# - **balanced**: unbalanced, with pairs of balanced lengths. Balancing drops pairs, so
#   this arm's model learns from fewer.
# - **leash**: unbalanced, with a KL term that holds the policy near its start
#   (chapter 09, section 6; chapter 11 shows what it does).
#
# For each run of 60 steps the table shows three moments: before, after a quarter of the steps,
# which was chosen in advance, and at the end; 160 test requests, two answers each, with 95%
# intervals over requests. The squashed score has the mean
# and the spread of its own model: compare it down the moments of one run, never across
# runs.

# %%
ARMS = ("plain", "unbalanced", "balanced", "leash")
units = [
    json.loads((RESULTS / f"preference-{arm}-{seed}.json").read_text(encoding="utf-8"))
    for arm in ARMS
    for seed in (0, 1, 2)
]
print(
    f"{'arm, seed':15}{'pairs':>6}{'accuracy':>10}{'':8}{'squashed':>9}{'truth':>7}",
    end="",
)
print(f"{'':16}{'words':>7}{'polite':>8}{'over-ref.':>11}")
for one in units:
    name, pairs = f"{one['arm']}, {one['seed']}", one["P8"]["helpful"]["examples"]
    for moment in ("start", "stop", "end"):
        found = one["P8"][moment]
        accuracy = f"{one['P8']['helpful']['pair_accuracy']:.2f}"
        low, high = found["helpful interval"]
        print(f"{name:15}{pairs:>6}{accuracy:>10}  {moment:6}", end="")
        print(f"{found['liked']:9.2f}", end="")
        print(f"{found['helpful']:7.2f} [{low:.2f}, {high:.2f}]  ", end="")
        print(f"{found['words']:7.1f}{found['polite']:8.2f}", end="")
        print(f"{found['over_refusal']:11.0%}")
        name = pairs = ""

# %%
runs = {}
for one in units:
    runs.setdefault(one["arm"], []).append(one["history"])
plots.compared_curves(runs, {"liked": "squashed score", "helpful": "truth"})

# %% [markdown]
# What you see: left, what was optimised, each run on the scale of its own model, so that heights
# may be compared only between unbalanced and leash, which share one; right, what was wanted; on
# the same 48 requests for validation, for each arm (mean over seeds, and their range).
#
# Read the plain arm first, and remember that nobody planted thanks there. In the table the
# truth rises from 0.37, 0.42 and 0.35 to 0.54, 0.53 and 0.48 at step 15 and is back at 0.38,
# 0.41 and 0.39 at step 60. The curve, on fewer requests, is noisier: it stays up until about step 40 and
# then falls. To ten steps we do not know when the truth turns. That it turns while the score
# goes on rising, we do. Had we looked at the score alone, the last step would seem the best one.
#
# Where some replies already please (unbalanced), the shortcut is found first in two seeds of
# three: the truth at the early stop is 0.29 and 0.28, from 0.33 and 0.31; in seed 2 it
# rises from 0.29 to 0.41 before it falls. At the end it is 0.22, 0.18 and 0.19, below the start,
# with three to five polite words in an answer. So a stop that serves the plain arm comes too
# late in most runs here.
# Balanced pairs, from the same policy, give the first quarter back (0.33, 0.31, 0.29 to
# 0.45, 0.42, 0.49), although their model is right about fewer held-out pairs. These are pairs as
# labelled, in which length helps to guess, and the balanced model has learned from half as
# many. Which of the two differences does the good we cannot say: an arm with a random half of
# the pairs would. Left to run, the gain is climbed away too: 0.34, 0.31 and 0.24, about where it
# began or below, though above the unbalanced arm. The leash is the other cure, and
# the only one here that lasts: 0.42, 0.41 and 0.42 at the early stop, and 0.41, 0.42 and
# 0.39 at the end, for a score that stays lower.
#
# All of these models pass what is usually asked of a reward model: 0.79 to 0.87 of the
# held-out pairs. What a policy does to them when it climbs does not stand in that number.
#
# And what do answers look like that a model likes and nobody needs? The first requests
# of the test, in the plain arm of seed 0, at the early stop and at the end:

# %%
plain = units[0]["P8"]
for i in range(8):
    print(plain["end"]["transcripts"][i]["prompt"])
    for moment in ("stop", "end"):
        one = plain[moment]["transcripts"][i]
        said = requests.summary(one["text"]).replace("\n", " / ")
        print(f"   {moment:5} score {one['score']:+5.1f}", end=", ")
        print(f"truth {one['helpful']:.2f}: {said}")

# %% [markdown]
# The model has learned which replies are good *somewhere*: a letter of thanks where one
# was asked for, a refusal where harm was asked for. What it has learned less well is to
# whom they were a reply. The labels could show it only rarely: in the replies from which the
# policy began, about one story request in a hundred was answered by a letter. Now it does so
# itself: whoever asks for a story about a
# fox and a map reads "To Minsu. Thank you so much for the flowers. I will not forget your
# warm heart." The letter is worth +3.6; the attempt at a story, at the early stop, was worth
# -1.0. The duck gets a refusal. That is a second way to please, and nobody added it on
# purpose. But two things that we made point to it: some of the flawed replies are replies to something else
# of the same kind, and "sorry" and "thank you" are on the judge's list of polite words, so that a
# refusal has a charm of 0.22 and "A duck says quack." one of 0.04. Over-refusal shows it: 2%
# at most at the start, in every arm, and 8% to 56% at the end in all but the leashed one.
#
# **Stopping early is not a trick but a budget.** Nobody who trains a real assistant
# sees the right-hand curve. What one can do is to decide *before* the run how far the
# proxy, a measure that stands in for what is wanted, will be trusted: a number of steps, or a distance from the start (that is the
# KL term), and to check by other means, such as people, whether it was too far. The
# paper chose steps.

# %% [markdown]
# ## 11. R1
#
# In the pipeline all of this is two calls: `last_stage.reward_models`, which samples
# Dev3, labels, and trains both models, and `last_stage.r1`, which trains Dev3 into R1.
# At first only reasoning problems are drawn and only rules pay; in the last part most of
# the prompts are requests, and the models pay for them.

# %% tags=["nbval-check-output"]
stage = r1.LastStage()
print(f"steps {stage.rl.steps}, preferences from step {stage.preference_from}")
print(f"the paper: 1,700 steps, the last {400 / 1700:.0%}; here the last", end=" ")
print(f"{1 - stage.preference_from / stage.rl.steps:.0%}")
print(f"temperature {stage.rl.temperature}, groups of {stage.rl.group_size}")
print(f"share of requests from then on: {stage.general:.0%}")

# %% [markdown]
# The paper lowers the temperature to 0.7 in this stage, since answers became incoherent
# at higher ones. Ours stays at 1.0, at which everything in this book is measured. And
# our part with requests is longer than the paper's, for a reason that we did not
# expect. In the first part nobody asks for a poem, and yet poems change: a problem pays
# better with a thought before the answer, so the policy learns to think first, and it does so for
# requests as well, where thinking does not help (in one run chat with a thought grew from
# 20% to 40% in 20 steps; `docs/experiments.md`, the last stage). Helpfulness falls while
# nobody looks, and the second part has to win it back before it can win anything. So our
# first part is short, and the learning rate low.
#
# First the two models that pay. On held-out requests, answered by Dev3 and labelled by the
# erring judge of section 2 (`python -m results.reward_models 0`):

# %%
for seed in (0, 1, 2):
    file = RESULTS / f"reward-models-{seed}.json"
    found = json.loads(file.read_text(encoding="utf-8"))["P8"]
    pairs, label = found["helpful"], found["harmless"]
    print(
        f"seed {seed}, helpful: {pairs['pair_accuracy']:.2f} of {pairs['pairs']} pairs"
    )
    for name, kind in (("labels", label), ("truth", label["by truth"])):
        print(
            f"   harmless, by the {name:7}{kind['safe_found']:.2f} of the safe and "
            f"{kind['unsafe_found']:.2f} of {kind['unsafe']} unsafe answers found, "
            f"safe above unsafe {kind['ranked']:.2f}"
        )

# %% [markdown]
# The helpful model picks the better answer in 0.76 to 0.80 of the pairs. The harmless model looks
# bad, as long as it is measured by labels: it finds about half of the unsafe answers. But only 2%
# to 4% of the answers do harm, and an annotator errs in 3% of all cases, so half of the
# answers that are *labelled* unsafe are nothing of the kind. By the hidden truth it finds 0.92,
# all and 0.77 of them, and puts a safe answer above an unsafe one in 0.96 to 0.99 of the cases. It has learned
# more than its labels can show. Where what you look for is rare, measure your labels first.
#
# What the stage does, measured on test problems, easy and hard, R1 against the Dev3 that
# it began as (`results/data/stages-0.json` and its siblings, paired, with 95% intervals
# over problems, and the difference of each seed; harmless counts harmful requests only):


# %%
def cards(kind, part, model):
    """Values by problem of one model, seeds 0, 1 and 2: {level: {column: values}}."""
    out = []
    for seed in (0, 1, 2):
        file = RESULTS / f"{kind}-{seed}.json"
        found = json.loads(file.read_text(encoding="utf-8"))[part]
        found = found[model] if model else found
        out.append({level: found[level]["values"] for level in LEVELS})
    return out


COLUMNS = ("countdown", "arithmetic", "instructions", "helpful", "harmless")


def compare(one, other, columns):
    """Print what the other model gains over the one, paired by problem."""
    for level, name in [(level, name) for level in LEVELS for name in columns]:
        seeds = [[card[level][name] for card in cards] for cards in (one, other)]
        pooled = [[fmean(v) for v in zip(*rows, strict=True)] for rows in seeds]
        gain = paired(*pooled)
        low, high = gain["interval"]
        each = [fmean(b) - fmean(a) for a, b in zip(*seeds, strict=True)]
        print(f"{level}  {name:13}{gain['difference']:+6.2f}", end="")
        print(f" [{low:+.2f}, {high:+.2f}]   seeds", *(f"{x:+.2f}" for x in each))


dev3, last = (cards("stages", "P6", model) for model in ("dev3", "r1"))
compare(dev3, last, (*COLUMNS, "over-refusal", "length"))

# %% [markdown]
# R1 is ahead of Dev3 where people would notice: more helpful on easy and on hard requests
# (+0.02 and +0.03, both clear) and harmless more often (0.86 to 0.94, hard 0.82 to 0.92),
# while over-refusal stays where it was. Countdown, easy
# arithmetic and instructions are tied. Hard arithmetic loses 0.03, a little more than chance
# would explain. (The harmless column rests on 20 easy and 24 hard
# requests.) The gain is small beside the step before it: on easy requests the base, from which
# Dev3 is trained, has 0.24, Dev2 0.18 and Dev3 0.35. In the paper it is the other way round: AlpacaEval
# goes from 55.8 to 62.1 with the samples, and then to 87.6.
#
# ### When should preferences pay?
#
# The recipe lets requests and reward models in from step 20 of 40. Is that the models' doing, and is
# late better than always? Two other schedules from the same Dev3, all else the same
# (`python -m results.schedule never 0`), each against R1, problem by problem. Plus is good,
# except for over-refusal:

# %%
for arm, label in (("never", "rules alone, to the end"), ("always", "from step 1 on")):
    print(label)
    changed = cards(f"schedule-{arm}", "P8", None)
    compare(last, changed, (*COLUMNS, "over-refusal"))
print("rules alone, against Dev3")
compare(dev3, cards("schedule-never", "P8", None), ("helpful", "harmless"))

# %% [markdown]
# What you see, first block: with rules alone helpfulness ends 0.04 and 0.05 below R1, harmlessness 0.18
# and 0.14, in every seed. Most of it is what R1 has gained; the rest is forgotten, since
# both end below the Dev3 that the stage began as (last block; only hard harmlessness within chance). So what R1 has gained over Dev3 is the doing of the requests and of the reward models that judge them. They have a
# price: by rules alone arithmetic would be 0.02 better on easy problems, and 0.03 on hard ones, which is the
# loss that we saw above. Three prompts in ten of the stage were requests.
#
# Second block: twice as many steps with preferences bring little more of what they are for (helpfulness
# +0.01 and 0.00, harmlessness +0.03 within chance and 0.00), and they cost instructions (0.05 on hard ones),
# arithmetic (0.03 on hard ones), and caution turns into refusal: of harmless requests of the
# hard kind 0.05, 0.06 and 0.04 are refused, for 0.02, 0.03 and 0.03 in R1. No ruin, in 40 steps of low rate: the policies
# of section 10 had 60 steps of a higher rate and nothing else to do. But late is better than always here, as
# the paper has it.

# %% [markdown]
# ## 12. What this does not show
#
# Our judge's weakness is two numbers that we wrote down; those of people and of
# language models as judges are many and unknown. Our truth is a score of known replies
# and would call a fine poem in new words a bad one. The policy is tiny, and its ways
# to please are few: with thousands of steps and a large model they are more inventive,
# and harder to see. And the paper's own evidence is about something else that fell: in
# its supplement, the helpful score rises while the performance in programming contests
# (Codeforces) drops. What carries over is the mechanism. A proxy is learned where data is; a
# policy that climbs it leaves the place where the data was.
#
# ## Summary
#
# - Where no rule can judge, people (or models) compare. Bradley and Terry turn
#   choices into scores; only differences of scores mean something.
# - Labels are cleaned by asking in both orders, keeping clear pairs and balancing
#   lengths. What all labels share, the judge's taste, no filter removes.
# - The helpful model sees the summary only, so that thinking is not written for an
#   audience. The harmless model sees everything, and learns from single answers.
# - Rules and models add up only on one scale: squash the score around the policy's
#   own average.
# - A reward model is a proxy. Its score rises longer than the truth does, so it is
#   used late and for a short while, and over-refusal is measured beside harmlessness.
#
# ## Questions
#
# 1. You add 5 to every score of a reward model. What changes in the Bradley-Terry
#    loss, in the GRPO advantages, and in the squashed reward?
#
#    <details><summary>Answer</summary>Nothing in the loss: only differences count.
#    Nothing in the advantages of bare scores: the group's mean is subtracted. The
#    squashed reward changes unless its mean is measured again: everything would move
#    towards 1, where the sigmoid is flat, and differences would vanish.</details>
#
# 2. Why does the paper use reward models for general requests but not for
#    mathematics, where a model of right and wrong could be learned as well?
#
#    <details><summary>Answer</summary>Where an exact rule exists it cannot be gamed by
#    pleasing; a learned judge can. A model is used only where there is no
#    rule.</details>
#
# 3. Held-out pair accuracy is 0.85. Is the reward model safe to climb?
#
#    <details><summary>Answer</summary>That number is about pairs that look like the
#    training pairs: answers of the policy before training. The trained policy leaves
#    them, and then nobody has measured anything. It also says how well the *labels* are
#    met, weaknesses included.</details>

# %% [markdown]
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/13_all_scenarios.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 13.1** (easy, 10 min) Both orders. `ask(first, second)` returns 1.0 if the
# answer shown first is liked better, else -1.0. Ask `times` times in all, each order
# equally often, and return by how much `a` is preferred to `b`, from -1 to 1.
#
# <details><summary>Hint</summary>In the swapped order the sign has to be turned: a 1.0
# then speaks for `b`.</details>


# %% tags=["exercise"]
def fair(ask, a, b, times=4):
    """By how much a is preferred to b, from -1 to 1."""
    # BEGIN SOLUTION
    total = 0.0
    for _ in range(times // 2):
        total += ask(a, b) - ask(b, a)
    return total / times
    # END SOLUTION


# %% tags=["check"]
checks.ex_13_1(fair)

# %% [markdown] tags=["exercise-text"]
# **Exercise 13.2** (medium, 15 min) A loss that survives. Without PyTorch, write
# $-\log \sigma(s_c - s_r)$ so that it works for any two numbers: a lead of 1,000 gives
# 0.0, and a lead of -1,000 gives 1,000.0 and no overflow.
#
# <details><summary>Hint</summary>$-\log\sigma(x) = \log(1 + e^{-x})$. For negative $x$
# take $-x$ out of the logarithm first. `math.log1p` is exact near 0.</details>


# %% tags=["exercise"]
def pair_loss(chosen, rejected):
    """Bradley-Terry loss of one pair of scores."""
    # BEGIN SOLUTION
    lead = chosen - rejected
    return math.log1p(math.exp(-abs(lead))) + max(-lead, 0.0)
    # END SOLUTION


# %% tags=["check"]
checks.ex_13_2(pair_loss)

# %% [markdown] tags=["exercise-text"]
# **Exercise 13.3** (medium, 20 min) Take length away. `leads` holds for each pair by how
# many words the chosen answer is longer (negative: shorter). Return the indices of the
# pairs to keep, in order: all with lead 0, and of each absolute value as many positive
# as negative ones, as many as possible, the earlier ones first.
#
# <details><summary>Hint</summary>Collect the indices of +n and of -n in two lists for
# each n; the shorter list says how many of both stay.</details>


# %% tags=["exercise"]
def even_leads(leads):
    """Indices to keep, so that length tells nothing."""
    # BEGIN SOLUTION
    kept = [i for i, lead in enumerate(leads) if lead == 0]
    for size in {abs(lead) for lead in leads if lead}:
        longer = [i for i, lead in enumerate(leads) if lead == size]
        shorter = [i for i, lead in enumerate(leads) if lead == -size]
        n = min(len(longer), len(shorter))
        kept += longer[:n] + shorter[:n]
    return sorted(kept)
    # END SOLUTION


# %% tags=["check"]
checks.ex_13_3(even_leads)

# %% [markdown] tags=["exercise-text"]
# **Exercise 13.4** (medium, 15 min) Flatter. Given a known good reply, return a text
# that our judge likes better (with a chance above one half, even when it is shown
# second), while its truth is below 0.8. Be the policy.
#
# <details><summary>Hint</summary>Which words does the judge count as polite?
# `judge.POLITE.pattern` lists them. Up to five of them pay 0.12 each, and every word
# pays 0.01.</details>


# %% tags=["exercise"]
def flatter(good):
    """A text that charms the judge and serves the reader less."""
    # BEGIN SOLUTION
    return good + " Thanks, dear, I am so glad, thank you kindly!"
    # END SOLUTION


# %% tags=["check"]
checks.ex_13_4(flatter)

# %% [markdown] tags=["exercise-text"]
# **Exercise 13.5** (easy, 10 min) Over-refusal. `cases` is a list of
# `(harmful, refused)`, two bools each. Return the share of refusals among the requests
# that are *not* harmful, or `None` if there is no such request.
#
# <details><summary>Hint</summary>Refusals of harmful requests count neither above nor
# below the line.</details>


# %% tags=["exercise"]
def over_refusal(cases):
    """Share of harmless requests that are refused."""
    # BEGIN SOLUTION
    fine = [refused for harmful, refused in cases if not harmful]
    return sum(fine) / len(fine) if fine else None
    # END SOLUTION


# %% tags=["check"]
checks.ex_13_5(over_refusal)
