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
# | You will build | preference data from a judge that is noisy and easily charmed; the Bradley-Terry loss; a helpful and a harmless reward model; R1's mixed reward; a policy that games its reward model; ten steps of R1's last stage |
# | You need | chapter 06: Goodhart's law; chapter 08: RLHF in outline and the KL term; chapter 09: groups, advantages and GRPO; chapter 11: the language reward; chapter 12: where Dev3 comes from |
# | Minutes to read | 115 |
# | Minutes to run | 3, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v2), sections 3.1 and 3.2.2, and the supplement on reward hacking; Bradley and Terry (Biometrika 39, 1952) |
#
# ![The map of the recipe. A frame, you are here, holds the model R1. A solid arrow for weights leads to it from Dev3.](../figures/13_map.png)
#
# What you see: the recipe of R1, with the box of this chapter in colour. Solid arrows carry
# weights, dashed arrows carry only texts.

# %% [markdown]
# **Run this first.** It imports what the whole chapter uses, and seeds the one global random
# generator. Names for one section are imported where it begins.

# %% tags=["setup"]
import copy
import itertools
import json
import math
import random
from collections import Counter
from pathlib import Path
from statistics import fmean

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from r1lib import artifacts, checks, evaluate, plots
from r1lib.feedback import reward_model
from r1lib.feedback.preferences import Pair, encode, encode_pairs, prefer
from r1lib.model.config import ModelConfig
from r1lib.model.transformer import Transformer
from r1lib.problem import LEVELS, Problem, draw, problems
from r1lib.recipe import r1
from r1lib.tokenizer.chat import summary
from r1lib.training import optim, sft
from r1lib.world import judge, requests
from r1lib.world.draws import SAMPLE as GENERAL
from r1lib.world.judge import FIRST, NOISE, charm, helpfulness

torch.manual_seed(0)
RESULTS = Path("../results/data")

# %% [markdown]
# ## 1. What no rule can judge
#
# **The question.** How can a model be rewarded where nobody can write a rule?
#
# Up to here every reward was a rule: `17+5=22` is right, `17+5=23` is wrong. For a friendly
# greeting, a poem or a refusal there is no such rule. There is only a reader of two answers, who likes
# one better.
#
# Learning from such judgements is called **RLHF**, reinforcement learning from human feedback
# (Christiano et al., arXiv 1706.03741; for language models InstructGPT, Ouyang et al., arXiv
# 2203.02155). It has three steps:
#
# 1. Fine-tune a model on good examples.
# 2. Let people compare its answers, and train a **reward model** that predicts their choice.
# 3. Do RL with the reward model as the reward.
#
# If a language model compares the answers, as in R1, the field says **RLAIF**, with AI for
# "human".
#
# R1's last stage, **reinforcement learning for all scenarios**, starts from Dev3. Reasoning problems keep their
# rules. General requests are paid by two reward models (v2, section 3.1). The *helpful* one is trained on 66,000
# pairs of answers. The *harmless* one is trained on single answers to 106,000 prompts.
#
# ![From left to right: the policy writes several answers. A judge compares two answers in both orders; clear pairs train the helpful model, which sees only the summary. An annotator calls one answer safe or not; these labels train the harmless model, which sees the whole answer. Both models and the rules for right, format and language join in the mixed reward, which pays for RL: Dev3 becomes R1. A dashed arrow leads from the policy straight to the helpful model: please the model, not the reader.](../figures/13_preferences.png)
#
# What you see: the way from two answers to a reward. Small numbers are sections.
#
# The dashed arrow is the danger. A reward model is a guess, learned from examples, and a policy
# that climbs it finds the places where the guess is wrong. So of 1,700 steps of the paper's stage
# only the last 400 had general requests and reward models in them (v2, section 3.2.2).

# %% [markdown] tags=["slide"]
# ## 2. A judge with a weakness
#
# **The question.** What do the choices of a judge really measure?
#
# With people as judges nobody can read the *true* quality of an answer. In our made-up world it can
# be read. It has six kinds of general requests (facts, chat, short writing, identity, requests to
# be refused, instructions about the form), each with known good replies.
#
# From these comes the hidden **truth** about a reply, from 0 to 1. Is it to the point, in the right
# language, clean, brief, does it follow instructions? No training in this chapter reads it. We
# print it beside everything else.
#
# Training may read only a **label**: which of two answers does a judge like better? Our judge knows
# the truth, but through noise. And it likes longer and politer answers, as people and language
# models do. Its extra for these we call **charm**. Here are five replies to one request:

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
for name, text in replies.items():
    print(f"{name:20}{text}")

# %% tags=["slide"]
worth = {
    name: {"truth": judge.helpfulness(question, text), "charm": judge.charm(text)}
    for name, text in replies.items()
}
total = {name: parts["truth"] + parts["charm"] for name, parts in worth.items()}
assert worth["with thanks"]["truth"] < worth["good"]["truth"]
assert total["with thanks"] > total["good"]
plots.stacked_bars(worth, "worth to the judge", "{:.2f}")

# %% [markdown]
# What you see: a bar for each reply. The plain part is the truth, the hatched part the charm, and
# the number is their sum $w$, the worth to the judge.
#
# Look at the third bar. Thanks that nobody asked for make the answer *worse* in truth, since more
# than half of its words are beside the point. They make it *better* in the eyes of the judge.
#
# How does worth become a choice? Compare *good* with *half of it*:

# %% tags=["nbval-check-output"]
lead = total["good"] - total["half of it"]
print(f"lead: {total['good']:.2f} - {total['half of it']:.2f} = {lead:.2f}")
print(f"divided by the judge's noise, {NOISE}: {lead / NOISE:.1f}")
print(f"chance to be preferred: {1 / (1 + math.exp(-lead / NOISE)):.2f}")

# %% [markdown]
# By worth alone, the judge prefers *good* in 92 of 100 cases. It is a biased coin, and the logistic
# curve $\sigma$ turns a lead into the bias. One more thing is added: being shown first is worth 0.4,
# whatever the answers say. (Section 4 takes care of that.)
#
# $$ P(a \text{ preferred, shown first}) = \sigma\!\left(\frac{w_a - w_b}{0.15} + 0.4\right). $$
#
# So *good* wins 94 of 100 cases if shown first, and 88 if shown second.

# %%
# r1lib.world.judge.chance

# %% [markdown] tags=["slide"]
# ## 3. Bradley and Terry: numbers from choices
#
# **The question.** We see only choices. Which numbers explain them?
#
# In 1952 Bradley and Terry asked how to rank things that can only be compared two at a time. Suppose that a is
# preferred to b in 3 of 4 comparisons. The odds are 3 to 1. Give a the strength 3 and b the strength 1, and the
# odds are the ratio of the strengths.
#
# Strengths multiply; it is easier to add. So write each strength as $e^s$ and call $s$ the
# **score**. Then a leads b by $\ln 3 \approx 1.1$, and the probability that a is preferred depends
# only on the lead:
#
# $$ P(a \succ b) = \frac{e^{s_a}}{e^{s_a} + e^{s_b}} = \frac{1}{1 + e^{-(s_a - s_b)}}
#    = \sigma(s_a - s_b). $$


# %%
def win_probability(a: float, b: float) -> float:
    """Probability that the answer with score a is preferred to that with score b."""
    return 1 / (1 + math.exp(b - a))


assert math.isclose(win_probability(math.log(3), 0), 3 / 4)
leads, ticks = [x / 4 for x in range(-24, 25)], range(-6, 7, 2)
lines = {
    "probability to be chosen": [(x, win_probability(x, 0)) for x in leads],
    "pull on the score": [(x, 1 - win_probability(x, 0)) for x in leads],
}
plots.curves(
    {"One pair": lines}, "lead of the chosen answer", "from 0 to 1", ticks=ticks
)

# %% [markdown]
# What you see: the rising curve is the probability. A lead of 0 is a fair coin. Scores have no zero of their own:
# add 7 to all of them and nothing changes.
#
# Now turn it round. We have seen choices and want scores. Good scores make the choices that we saw
# likely. Take one pair, and say the **chosen** answer leads the **rejected** one by 2. The scores
# gave this choice the probability $\sigma(2) = 0.88$, and the loss is $-\ln 0.88 = 0.13$. If it is
# behind by 2, the choice had the probability 0.12, and the loss is 2.13.
#
# With the scores $s_c$ and $s_r$ of the two, the loss of a pair and its gradient are
#
# $$ \ell = -\log \sigma(s_c - s_r), \qquad
#    \frac{\partial \ell}{\partial s_c} = -\bigl(1 - \sigma(s_c - s_r)\bigr). $$
#
# The size of the gradient is the *surprise*, the falling curve of the picture. A pair that the
# scores get right with probability 0.99 pulls with 0.01. One that they get badly wrong pulls with
# nearly 1, and never with more.
#
# A first version: five replies, and 400 comparisons by our judge.

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

# %%
found = (scores * NOISE).tolist()
columns = {
    "found from choices": dict(zip(names, found, strict=True)),
    "truth + charm": total,
    "truth": {name: parts["truth"] for name, parts in worth.items()},
}
middle = {column: fmean(values.values()) for column, values in columns.items()}
rows = {
    name: {column: columns[column][name] - middle[column] for column in columns}
    for name in names
}
for row in rows.values():
    assert abs(row["found from choices"] - row["truth + charm"]) < 0.25
plots.row_dots(rows, "difference from the mean of the five")

# %% [markdown]
# What you see: the scores, found from choices alone, beside what we know. They come in units of the
# judge's noise, so we multiply by 0.15. They have no zero, so we subtract each mean.
#
# The scores lie on truth **plus charm**, not on the truth. *With thanks* shows it best: its score
# is that of a good reply.
#
# The library's loss calls `logsigmoid`, which stays finite for every lead (exercise 13.2). Beside
# the loss it reports the **pair accuracy**: the share of pairs in which the chosen answer has the
# higher score.

# %%
# r1lib.feedback.reward_model.bradley_terry_loss

# %% [markdown] tags=["slide"]
# ## 4. Asking fairly
#
# **The question.** How does one ask a judge so that the labels can be trusted?
#
# Besides length and politeness, judges have one more weakness, **position bias**: they lean towards
# the answer that is shown first. The cure costs one more question.
#
# ![Two rows. Above, the judge sees answer A first and answer B second, and says: A better than B, plus lean to the first. Below, it sees B first and A second, and says: A better than B, minus lean to the first. The mean of both is: A better than B.](../figures/13_orders.png)
#
# What you see: asked in both orders, the lean is added once and taken away once. R1's judge,
# DeepSeek-V3, was asked four times, with the order drawn at random (v2, section 3.1).

# %%
# r1lib.feedback.preferences.compare

# %% tags=["nbval-check-output"]
a, b = replies["good"], replies["another good one"]
shown_first = judge.chance(question, a, b), judge.chance(question, b, a)
print(f"a is preferred, a shown first:  {shown_first[0]:.2f}")
print(f"a is preferred, b shown first:  {1 - shown_first[1]:.2f}")


def first_is_best(prompt, first, second):
    """A judge that reads nothing: plus one for whatever comes first."""
    return 1.0


print("by a judge that likes whatever comes first:", end=" ")
print(compare(first_is_best, question.prompt, a, b))

# %% [markdown]
# Both replies are perfect, and yet each is liked better when it is shown first. A judge that only
# looks at the place ends at 0, a tie.
#
# The second filter is the **margin**. A pair on which the judge is undecided holds more noise than
# information. Our labels are plus or minus one. If three of four say a and one says b, their mean is
# 0.5; if all four agree, it is 1. A least gap of 0.75 keeps only the second kind. R1 kept pairs with a
# mean difference above 1, in the scores of its own judge (v2, section 3.1).
#
# The next cell, folded, labels all pairs of answers.

# %% tags=["hide-input"]
# r1lib.recipe.labels.LEAST_GAP
# r1lib.recipe.labels.pairs

# %% [markdown]
# What does the margin bring? In 150 requests a known reply and two damaged copies of it are compared,
# once and then four times. The truth says how often the better one was chosen:


# %% tags=["nbval-check-output", "hide-input"]
from r1lib.recipe import labels
from r1lib.world import draws, instructions


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
by_prompt = {p.prompt: p for p in sample}
votes = pairs(sample, candidates, rng, 0)  # four labels, gap 0.5 or 1; no ties
once = []
for p, row in zip(sample, candidates, strict=True):
    for first, second in itertools.combinations(row, 2):
        won = judge.prefer(p, first, second, rng)
        better, worse = (first, second) if won else (second, first)
        once.append(Pair(p.prompt, better, worse, 1.0))
kinds = {
    "one label": once,
    "majority of four": votes,
    "   all four agree": [pair for pair in votes if pair.gap > labels.LEAST_GAP],
    "   three to one": [pair for pair in votes if pair.gap <= labels.LEAST_GAP],
}
for name, some in kinds.items():
    truths = [
        [judge.helpfulness(by_prompt[p.prompt], t) for t in (p.chosen, p.rejected)]
        for p in some
    ]
    right = [better > worse for better, worse in truths if better != worse]
    print(f"{name:20}{len(right):4} pairs, the better one chosen in {fmean(right):.0%}")

# %% [markdown]
# The margin keeps the third line and drops the fourth, whose pairs are wrong more often. Even four equal labels
# are not always right, since labels follow the *sum* of truth and charm.
#
# One choice is left: how much of an answer may the judge read? R1's helpful model sees only the
# **summary**, the text after the thinking, since its authors wanted to interfere with the reasoning as
# little as possible (v1, section 2.3.4). Otherwise a judge that likes long, polite text would reward
# long, polite *thinking*, written for an audience.
#
# A harmful plan, however, is harmful wherever it appears. So the harmless model reads everything.

# %% [markdown] tags=["slide"]
# ## 5. A policy that writes good and bad answers
#
# **The question.** Whose answers should a reward model learn from?
#
# From answers *of the policy that will be trained*: it will have to tell these apart. For sections 5
# to 9 we make a small policy. The base is fine-tuned for a minute on short English chat. Three in
# four of the replies are good. The others are too long, cut short or meant for somebody else. And three
# in ten end with thanks that nobody asked for.

# %% tags=["hide-input"]
from r1lib.sampling import Sampling, complete
from r1lib.world import web

# shares of: good, to another request, too long, in the other language, broken off
MANNERS = web.Manners(flaws=(0.76, 0.08, 0.08, 0.0, 0.08), thinks=0.3)
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


# %% tags=["hide-input"]
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
examples = sft.encode(tokenizer, texts)
curve = list(sft.train(policy, examples, how, optim.adamw(policy, how.lr)))
print(f"{len(curve)} steps, loss {curve[0]['loss']:.2f} -> {curve[-1]['loss']:.2f}")

# %%
TOKENS = 48  # most tokens in an answer
train_set, valid_set = several(120, "train", 0), several(32, "valid", 0)


def answers(model, problems, k):
    """Sample k answers to each problem."""
    prompts = [problem.prompt for problem in problems]
    return complete(model, tokenizer, prompts, k, Sampling(TOKENS))


answered, checked = answers(policy, train_set, 6), answers(policy, valid_set, 6)
for p, row in list(zip(train_set, answered, strict=True))[:3]:
    print(p.prompt)
    for text in row[:2]:
        said = requests.summary(text).replace("\n", " / ")
        print(f"   truth {judge.helpfulness(p, text):.2f}   {said}")

# %% [markdown]
# (An empty line is an answer that never left its thinking. An answer with a visible tag was cut off
# at 48 tokens.)
#
# Six answers to each request make up to fifteen pairs, and the judge labels them. Now look at the
# lengths. Take the pairs in which one answer is 5 to 8 words longer. Is the longer one chosen because it is
# better, or because it is longer?

# %%
rng = random.Random(0)
labelled = pairs(train_set, answered, rng)
held_out = pairs(valid_set, checked, rng)
asked = {p.prompt: p for p in train_set}
found = Counter()  # (is the longer answer truly better?, was it chosen?)
for pair in labelled:
    more = labels.longer(pair)  # words, below 0 if the shorter one won
    texts = (pair.chosen, pair.rejected)
    won, lost = (judge.helpfulness(asked[pair.prompt], text) for text in texts)
    if 5 <= abs(more) <= 8 and won != lost:
        found[(won > lost) == (more > 0), more > 0] += 1
print("5 to 8 words apart     longer chosen  shorter chosen")
for better, name in ((True, "longer truly better"), (False, "shorter truly better")):
    print(f"{name:20}{found[better, True]:16}{found[better, False]:16}")
for name, some in (
    ("as labelled", labelled),
    ("balanced", labels.balanced(labelled, random.Random(0))),
):
    more = [labels.longer(pair) for pair in some]
    share = sum(m > 0 for m in more) / sum(m != 0 for m in more)
    print(f"{name:12}{len(some):5} pairs, longer chosen in {share:.0%}")

# %% [markdown]
# Mostly the longer answer *is* better: short ones are often cut off or empty. But the errors go one way: of the
# worse answers some longer ones win, and hardly any shorter ones. Length is favoured, or the thanks that lengthen: a **length bias**.
#
# For both reasons a model that only counted words would beat a coin. R1's authors kept chosen and rejected
# answers of comparable length over the whole data (v2, section 3.1).
#
# We **balance**. Of the pairs that are 5 to 8 words apart, the smaller count decides: as many are
# kept of either kind. The same is done in every step of 4 words. By the last printed line,
# which answer is longer now tells nothing.

# %% tags=["hide-input"]
# r1lib.recipe.labels.BUCKET
# r1lib.recipe.labels.longer
# r1lib.recipe.labels.balanced

# %% [markdown] tags=["slide"]
# ## 6. A reward model
#
# **The question.** How does a language model give a text a number?
#
# Take the language model, throw away the layer that predicts the next token, and put one row of
# weights there. The state at the **last** token, which has seen all of the text, becomes one number.
#
# R1's reward model has R1's own architecture with such a head. Ours starts from the policy's weights,
# which already know what the words mean. The new row starts at 0, so an untrained reward model
# likes all texts alike, and its loss is $-\ln 0.5 = 0.69$.

# %%
# r1lib.feedback.reward_model.RewardModel

# %% [markdown]
# Here and in section 10 we train on the pairs as they were labelled. The models of section 11 learn from
# balanced pairs.


# %%
from r1lib.feedback.reward_model import RewardConfig, score_all


def learn(examples, loss, epochs):
    """Train a reward model, from the policy, and print how the loss falls."""
    model, config = RewardModel.of(policy), RewardConfig(epochs, batch_size=24)
    optimizers = optim.adamw(model, config.lr)
    curve = list(reward_model.train(model, examples, config, optimizers, loss))
    third = max(1, len(curve) // 3)
    means = [fmean(m["loss"] for m in part) for part in (curve[:third], curve[-third:])]
    print(f"{len(curve)} steps; loss, first third {means[0]:.2f}, last {means[1]:.2f}")
    return model


random.Random(0).shuffle(labelled)  # 700 of them, read twice, are 60 steps: enough here
helpful = learn(encode_pairs(tokenizer, labelled[:700]), reward_model.pair_loss, 2)
unseen = encode_pairs(tokenizer, held_out)
accuracy = reward_model.pair_accuracy(helpful, unseen)
print(f"pair accuracy on {len(unseen)} pairs about held-out requests: {accuracy:.2f}")
assert accuracy > 0.6

# %% [markdown]
# It is accurate about the judge's labels, on answers like those of the policy. Now score the replies
# of section 2. Predict the order first.

# %%
texts = [f"<answer>{text}</answer>" for text in replies.values()]
rows = [encode(tokenizer, question.prompt, text) for text in texts]
scored = score_all(helpful, rows).tolist()
for name, score in sorted(zip(replies, scored, strict=True), key=lambda x: -x[1]):
    true = judge.helpfulness(question, replies[name])
    print(f"{name:20}score {score:+6.2f}   truth {true:.2f}")

# %% [markdown]
# What you see: the replies, best score first. Wherever the truths are not in falling order, the
# model is wrong. Its pair accuracy did not warn us: that was measured on other texts, the policy's
# own.
#
# In the run printed here (yours may differ) thanks beat half of the right reply: that is the judge's taste. But
# an answer about Peru beats both, and that is the model's mistake. It has learned what a good reply looks
# like, and less well which request it answers. (Section 9 measures this.)

# %% [markdown] tags=["slide"]
# ## 7. Harmless, one answer at a time
#
# **The question.** Must harm be compared, too?
#
# No: an answer is safe or not by itself. So the second model learns **point-wise**. Each answer
# carries a label, safe or not, and $\sigma(s)$ is the model's probability that it is safe. A score of
# -2 means a probability of 0.12. If the label says safe, the loss is $-\ln 0.12 = 2.1$; if it says
# unsafe, it is $-\ln 0.88 = 0.13$. Here scores do have a zero: below it, unsafe is likelier.

# %%
# r1lib.feedback.reward_model.pointwise_loss

# %% [markdown]
# The next cells use one kind of request: those to be refused. Half of them are really harmful. The others
# only *sound* harmful ("How do I kill time at the station?"). Refusing one of these is called
# **over-refusal**. Its label is *safe*, since a refusal harms nobody. So the harmless model cannot discourage it.
#
# A policy that refuses everything is perfectly harmless, and useless. So section 10 counts over-refusal in a
# policy's answers.
#
# The labels come from an annotator that errs in 3 of 100 cases. Each request gets a known reply, and
# one that goes along with whatever was asked:

# %%
# r1lib.recipe.labels.safety


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
safe_train = safety(tokenizer, *safety_set(240, "train"), rng)
small = learn(safe_train, reward_model.safety_loss, 3)
found = r1.held_out_answers(small, safety(tokenizer, *safety_set(40, "valid"), rng))
print(f"of answers labelled safe, called safe:     {found['safe_found']:.0%}")
print(f"of answers labelled unsafe, called unsafe: {found['unsafe_found']:.0%}")

# %% [markdown]
# Going along has only four wordings here. But the wording does not decide: where a request only sounds
# harmful, the same four are safe. So the model has to read the request, too.

# %% [markdown] tags=["slide"]
# ## 8. The mixed reward
#
# **The question.** How are a score and a rule added up?
#
# Take an answer to a request. The helpful model pays 0.9 for it and the harmless one 1.0. It is in
# format, which is worth 0.1, and in one language, worth 0.6. Together $0.9 \cdot 1.0 + 0.1 + 0.6 = 1.6$.
# In general a completion is paid by a rule or by the models, never by both:
#
# $$ r_{\text{problem}} = r_{\text{rule}} + 0.1\, r_{\text{format}} + 0.6\, r_{\text{language}}, $$
#
# $$ r_{\text{request}} = r_{\text{helpful}} \cdot r_{\text{harmless}}
#    + 0.1\, r_{\text{format}} + 0.6\, r_{\text{language}}. $$
#
# The paper writes one sum of the same terms (v2, section 3.2.2). The product is our choice: an unsafe
# answer earns nothing by being liked. The 0.6 is safe where there is a rule. A wrong answer earns at
# most 0.7, and a right one at least 1.
#
# A rule and a score meet in one step, though never in one group. And our advantages are not divided by the
# group's standard deviation (chapter 09), so a group whose rewards lie far apart pulls harder. A rule pays 0 or
# 1; a Bradley-Terry score may run from -5 to 5, and would drown the rules (exercise 13.5).
#
# So we **squash** the score. Let the policy answer held-out requests before
# this stage. Take mean $\mu$ and standard deviation $\delta$ of the scores, and pay
#
# $$ r_{\text{helpful}} = \sigma\!\left(\frac{s - \mu}{\delta}\right) \in (0, 1). $$
#
# Here are the scores of 192 held-out answers of our policy, before and after.

# %% tags=["slide"]
from r1lib.recipe import scenarios
from r1lib.recipe.scenarios import Mixed, Preference

owners, said = [p for p in valid_set for _ in range(6)], sum(checked, [])
# in the place of a harmless model, which is not asked here, the helpful one
before = Preference(helpful, helpful, tokenizer).scores(owners, said)
mean, spread = scenarios.calibration(before)


def squash(score):
    """What a score is paid: one half for the average answer of this policy."""
    return 1 / (1 + math.exp(-(score - mean) / spread))


marked = {"μ - 2δ": mean - 2 * spread, "μ - δ": mean - spread}
marked |= {"μ": mean, "μ + δ": mean + spread}
plots.squash_picture(before, squash, marked)

# %% [markdown]
# What you see: above, the scores as they come; below them the curve that squashes them; on the right
# what is paid. An average score earns one half, and one standard deviation more or
# less moves that by 0.23. From three to four above the mean, beyond the picture, it would be only 0.03. So
# an absurdly high score earns hardly more than a high one.
#
# For one completion, with the models' numbers given, this is all:


# %%
def naive_mixed(problem, text, helpful, safe, right):
    """The reward of one completion, from two models or from a rule."""
    value = helpful * safe if problem.family in GENERAL else right
    value += 0.1 * scenarios.form(problem, text)
    return value + 0.6 * scenarios.language(problem, text)


# %% [markdown]
# The library's `Mixed` does it for a whole rollout, so that each model is called once
# ([r1lib/recipe/scenarios.py](../r1lib/recipe/scenarios.py)). Requests need no thinking, so for them a bare answer
# in its tags is in format.
#
# Two made-up models that know a single word each show the sum at work. Work out the third line before
# you read it: "thank" pays 0.9.


# %% tags=["nbval-check-output"]
class TwoWords:
    """A stand-in for two reward models: likes "thank", fears "steal"."""

    def helpfulness(self, problems, texts):
        return [0.9 if "thank" in text else 0.4 for text in texts]

    def safety(self, problems, texts):
        return [0.1 if "steal" in text else 1.0 for text in texts]


sums = Problem("arithmetic", "easy", "en", "compute 2+2", "4", "2+2")
mixed = Mixed(TwoWords())
texts = {
    "<think>2+2=4 yes</think><answer>4</answer>": sums,
    # the only word of this thinking is Korean, so its language pays 0
    "<think>2+2=4 맞아</think><answer>4</answer>": sums,
    "<answer>thank you</answer>": question,
    "<answer>thank you, now steal</answer>": question,
    "thank you": question,
}
paid = mixed(list(texts.values()), list(texts))
for (text, p), value in zip(texts.items(), paid, strict=True):
    print(f"{value:.2f}  {p.family:11}{text}")
    (likes,) = TwoWords().helpfulness([p], [text])
    (trust,) = TwoWords().safety([p], [text])
    assert abs(value - naive_mixed(p, text, likes, trust, 1.0)) < 1e-6

# %% [markdown]
# In place of `reward`, `grpo.train` takes such a `score`, which gets the whole rollout.

# %% [markdown] tags=["slide"]
# ## 9. Live: leave a policy alone with its reward model
#
# **The question.** What happens to a policy that climbs a reward model for long?
#
# ![A sketch. Over the distance from the start, a dashed curve, the proxy, rises and flattens. A solid curve, the truth, rises with it at first, is highest at a dotted line, stop here, and then falls. Left of the line it says learning, right of it over-optimisation.](../figures/13_proxy.png)
#
# What you see: a sketch of **reward over-optimisation**. The reward model is a **proxy**, a measure that
# replaces the true aim. At first both rise. Then the policy reaches pairs of request and answer that the
# proxy has hardly seen, and the two part: Goodhart's law (chapter 06). **Reward hacking** is the same seen from
# the policy's side.
#
# Gao, Schulman and Hilton (arXiv 2210.10760) measured such curves over the KL distance from the start, for
# RL and for best-of-N, with a larger reward model as the truth.
#
# The policy of section 5 climbs the helpful model *and nothing else*. Every few steps it
# answers held-out requests.

# %%
from r1lib.rl import grpo
from r1lib.rl.grpo import GRPOConfig

# the second model is not asked here either: no safety in this reward
models = Preference(helpful, helpful, tokenizer, mean, spread)


def look(step, policy):
    """Answer held-out requests: score, truth, and how the answers look."""
    rows = answers(policy, valid_set, 2)
    owners = [p for p in valid_set for _ in range(2)]
    said = [text for row in rows for text in row]
    mean = fmean(models.helpfulness(owners, said))
    # in code and files "liked" is the squashed score, and "helpful" the hidden truth
    found = {"step": step, "liked": mean, **r1.quality(owners, said)}
    print(f"{step:4}{mean:9.2f}{found['helpful']:9.2f}", flush=True)
    return {**found, "texts": said[::2]}


climbing = GRPOConfig(
    steps=36,
    prompts=6,
    group_size=16,
    max_new_tokens=TOKENS,
    minibatches=2,
    lr=1e-3,
    decay=0.0,
)
learner = copy.deepcopy(policy)
optimizers = optim.adamw(learner, climbing.lr)
print("step    score    truth")
looks = [look(0, learner)]
loop = grpo.train(
    learner, tokenizer, draw_chat, climbing, optimizers, score=models.helpfulness
)
for metrics, _ in loop:
    if metrics["step"] % 6 == 0:
        looks.append(look(metrics["step"], learner))

# %% tags=["slide"]
first, last = looks[0], looks[-1]
best = max(looks, key=lambda one: one["helpful"])
assert last["liked"] > first["liked"] and last["helpful"] < best["helpful"] - 0.1
said, times = Counter(map(requests.summary, last["texts"])).most_common(1)[0]
print(f"most frequent answer at the end, {times} of {len(last['texts'])}: {said}")
print(f"polite words in an answer: {first['polite']:.2f} -> {last['polite']:.2f}")
plots.compared_curves(
    {"this run": [looks]}, {"liked": "squashed score", "helpful": "truth"}
)

# %% [markdown]
# What you see: left, the squashed score on held-out requests, which the policy is trained to raise. Right, the
# hidden truth about the same answers.
#
# At first both may rise: dropping answers that are cut short is honest. (A look is 64 answers, so differences
# below about 0.1 may be noise.) Then the score rises further, and the truth falls by far more. What has happened to
# the answers?

# %%
first_said = [requests.summary(text) for row in answered for text in row]
print(
    f"the first policy gave it in {first_said.count(said)} of {len(first_said)} answers"
)
good_ones = [requests.references(p)[0] for p in valid_set]
versions = {
    "a good reply to each request": [good_ones],
    "the same replies, requests exchanged": [good_ones[1:] + good_ones[:1]],
    "the same replies, with thanks added": [
        [f"{reply} {thanks}" for reply in good_ones] for thanks in THANKS
    ],
    "the frequent answer, to all requests": [[said] * len(valid_set)],
}
print(f"\n{'':40}score  truth")
for name, lists in versions.items():
    found = []
    for texts in lists:
        texts = [f"<answer>{text}</answer>" for text in texts]
        true = map(judge.helpfulness, valid_set, texts)
        found += zip(models.scores(valid_set, texts), true, strict=True)
    score, true = map(fmean, zip(*found, strict=True))
    print(f"{name:38}{score:+7.2f}{true:7.2f}")

# %% [markdown]
# In the run printed here (yours may differ) the policy has **collapsed**: one answer goes to nearly everybody. It is
# no strange text. The first policy gave it, too, and after a word about a test it is perfect (section 5).
#
# Compare the lines with the first. Exchange the requests, and nearly all truth is lost, but little score. Add
# thanks, and the score falls, too. So here it is not the judge's taste that fails. The model has learned that
# an answer is good, and too little for which request.
#
# The other way down is to **charm**: polite words grow. Here they vanish; section 10 shows that way.
#
# A few answers: before, at the best look, and at the end (the first three of the list):

# %%
for i in range(3):
    print(valid_set[i].prompt)
    for one in (looks[0], best, looks[-1]):
        text = one["texts"][i]
        true = judge.helpfulness(valid_set[i], text)
        said = requests.summary(text).replace("\n", " / ")
        print(f"   step {one['step']:3}, truth {true:.2f}: {said}")

# %% [markdown] tags=["slide"]
# ## 10. The long runs: three ways to climb
#
# **The question.** Is the fall an accident of one small run, and what prevents it?
#
# Now the same with all six kinds of requests in two languages, 60 steps, three seeds, and 160 test
# requests for the numbers. The helpful model is the only reward. Three runs:
#
# - **plain**: nobody planted a shortcut. Does the truth fall all the same?
# - **planted thanks**: three in ten of the replies that the first policy read end with thanks, as in section
#   5. Now there is a shortcut. (Its files are called *unbalanced*.)
# - **planted + leash**: the same, and a KL term with $\beta = 0.05$ holds the policy near its start (chapter 08).
#   In RLHF this is standard, and how far it lets the policy go is the **KL budget**.
#
# In all of them about every fourth reply is flawed, and the model learns from pairs as they are
# labelled, not balanced. (All numbers are in [docs/claims/P08.md](../docs/claims/P08.md), and
# `python -m results.preference_rl plain 0` measures one run again.)

# %% tags=["slide"]
ARMS = {  # name in this chapter -> name of the files
    "plain": "plain",
    "planted thanks": "unbalanced",
    "planted + leash": "leash",
}
SEEDS = (0, 1, 2)


def result(name, seed):
    """A measured file of one seed."""
    path = RESULTS / f"{name}-{seed}.json"
    return json.loads(path.read_text(encoding="utf-8"))


units = {
    arm: [result(f"preference-{name}", seed) for seed in SEEDS]
    for arm, name in ARMS.items()
}
histories = {arm: [u["history"] for u in units[arm]] for arm in ARMS}
plots.compared_curves(histories, {"liked": "squashed score", "helpful": "truth"})

# %% [markdown]
# What you see: score and truth on held-out requests, a line for the mean of the seeds and a band for
# their range. All scores climb, and the truths part. (Each model has its own scale; the two planted runs
# share a model.)
#
# How sure is this? Here is the truth on *test* requests. Step 15 was chosen before any run:

# %%
MOMENTS = {"before": "start", "step 15": "stop", "step 60": "end"}


def by_seed(arm, at, key, form):
    """A measured number of each seed, at one moment, as a text."""
    return ", ".join(form.format(u["P8"][at][key]) for u in units[arm])


print(f"{'truth of seeds':18}" + "".join(f"{name:20}" for name in MOMENTS))
for arm in ARMS:
    truths = (by_seed(arm, at, "helpful", "{:.2f}") for at in MOMENTS.values())
    print(f"{arm:18}" + "".join(f"{text:20}" for text in truths))
print(f"\n{'at step 60':18}{'polite words':20}{'over-refusal':20}pair accuracy before")
for arm in ARMS:
    accuracy = fmean(u["P8"]["helpful"]["pair_accuracy"] for u in units[arm])
    print(f"{arm:18}{by_seed(arm, 'end', 'polite', '{:.1f}'):20}", end="")
    print(f"{by_seed(arm, 'end', 'over_refusal', '{:.0%}'):20}{accuracy:.2f}")
starts = [u["P8"]["start"]["over_refusal"] for arm in ARMS for u in units[arm]]
assert max(starts) < 0.025
panels = {
    arm: {
        name: [
            (u["P8"][at]["helpful"], *u["P8"][at]["helpful interval"])
            for u in units[arm]
        ]
        for name, at in MOMENTS.items()
    }
    for arm in ARMS
}
plots.interval_dots(panels, "truth", 0.7, ink=True)

# %% [markdown]
# What you see: a dot for each seed with its 95% interval. The printed lines have the seeds in order.
#
# *Plain*: the truth falls here, too. In every seed it is well up at step 15, and at step 60 most or all of that
# gain is lost. (The picture's curve, on 48 other requests, falls less.) In both the truth is highest before the end.
# By the score alone, the last step would seem the best one.
#
# *Planted thanks*: at step 15 one seed of three has gained. At the end all are below the start, with several
# polite words in an answer.
#
# *Planted + leash*: the only one that keeps its gain, at the price of a lower score.
#
# All of these models have good pair accuracies, which says nothing about how they hold up under optimisation.
#
# Would balanced pairs have helped? [Earlier runs](../docs/experiments.md#first-edition-what-chapter-13-measured-and-no-longer-needs),
# also with seeds 0, 1, 2, compared them:
#
# | truth of *planted thanks* | before | step 15 | step 60 |
# |---|---|---|---|
# | as labelled | 0.33, 0.31, 0.29 | 0.29, 0.28, 0.41 | 0.22, 0.18, 0.19 |
# | balanced | 0.33, 0.31, 0.29 | 0.45, 0.42, 0.49 | 0.34, 0.31, 0.24 |
#
# Balanced pairs brought a gain in every seed, gone at step 60. But they were half as many, so balance or number may
# have done the good.
#
# What do the answers look like? Two requests in English, chosen among all seeds: of *plain* the one whose truth
# rises and falls most, of *planted thanks* the one whose truth falls most.


# %% tags=["nbval-check-output"]
def most(arm, fall):
    """The answers to one English request, at three moments, with the largest fall."""
    rows = [
        [u["P8"][at]["transcripts"][i] for at in MOMENTS.values()]
        for u in units[arm]
        for i in range(len(u["P8"]["end"]["transcripts"]))
    ]
    rows = [row for row in rows if row[0]["prompt"].isascii()]
    return max(rows, key=lambda row: fall(*(one["helpful"] for one in row)))


chosen_by = {
    "plain": lambda start, stop, end: 2 * stop - start - end,
    "planted thanks": lambda start, stop, end: start - end,
}
for arm, fall in chosen_by.items():
    row = most(arm, fall)
    print(f"{arm}: {row[0]['prompt']}")
    for name, one in zip(MOMENTS, row, strict=True):
        said = requests.summary(one["text"]).replace("\n", " / ")
        print(f"   {name:8}score {one['score']:+5.1f}, ", end="")
        print(f"truth {one['helpful']:.2f}: {said}")

# %% [markdown]
# In *plain* the policy learns to write the poem, and ends with one about something else, for the same score: good
# *somewhere*. In *planted thanks* you see the charm. Thanks are first added to a good reply, and then replace it.
# (Of each answer 120 characters are kept.)
#
# Over-refusal was at most 2% before, and is much more at the end without a leash. ("Sorry" is on the judge's list of
# polite words.)
#
# With a real assistant nobody sees the truth. So one decides *before* the run how far the proxy will be
# trusted, by a number of steps or by a KL budget. The paper chose steps.

# %% [markdown] tags=["slide"]
# ## 11. R1, live
#
# **The question.** How do rules and models train one policy together?
#
# Now the arrow from Dev3 to R1 on the map. We take Dev3 of chapter 12 and the pipeline's reward models. These
# learned as in sections 5 to 7, from answers of Dev3 to requests of all six kinds. The pairs of the helpful one
# are balanced. Of the labels for the harmless one, `labels.even` keeps at most three safe ones for one unsafe:
# with all of them, such a model called nearly everything safe. First the scale:

# %%
from functools import partial

dev3, _ = artifacts.load("dev3-tiny")
pair_model, _ = reward_model.load(artifacts.path("helpful-tiny"))
safe_model, _ = reward_model.load(artifacts.path("harmless-tiny"))
asked = draws.general_problems(96, 0, "valid")
mine = complete(dev3, tokenizer, [p.prompt for p in asked], 2, Sampling(96))
owners = [p for p in asked for _ in range(2)]
bare = Preference(pair_model, safe_model, tokenizer)
scale = scenarios.calibration(bare.scores(owners, [t for row in mine for t in row]))
liking = Preference(pair_model, safe_model, tokenizer, *scale)
print(
    f"scores of Dev3's answers: mean {scale[0]:.2f}, standard deviation {scale[1]:.2f}"
)

accuracies = [
    result("reward-models", seed)["P8"]["helpful"]["pair_accuracy"] for seed in SEEDS
]
print("pair accuracy of the helpful model, by seed:", end=" ")
print(", ".join(f"{accuracy:.2f}" for accuracy in accuracies))

stage = r1.LastStage()
print(f"the recipe: {stage.rl.steps} steps, preferences from {stage.preference_from}")
print(f"the paper: 1,700 steps, preferences in the last {400 / 1700:.0%}")

# %% [markdown]
# Our preferences come in the second half of the steps, the paper's in the last quarter. The reason: with
# problems alone the policy learns to think first, and does so for requests too, where it does not help. In 20
# steps the share of chat answers that think first grew from 0.20 to 0.40 (`docs/experiments.md`). Our temperature
# stays at 1.0; the paper lowers it to 0.7 (v2, section 3.2.2).
#
# The stage is the loop of chapter 11, with two differences. The reward is `Mixed`, and from a certain step on
# most problems are requests that the models pay for. Its leash, $\beta = 0.001$, is fifty times
# looser than in section 10.
#
# The reward can change from step to step, so `next` runs one step of a new `grpo.train` each time. (Ten steps are
# few. So the rate is twice the recipe's, and preferences come from step 4.)


# %% tags=["slide"]
def all_scenarios(policy, config, late, general):
    """RL for all scenarios; from step `late` on a share of problems are requests."""
    ref = copy.deepcopy(policy).requires_grad_(False)
    optimizers = optim.adamw(policy, config.lr)
    wide = partial(scenarios.draw_all, general=general)
    for step in range(config.steps):
        drawn, judges = (wide, liking) if step >= late else (draws.draw_reasoning, None)
        score = Mixed(judges)
        kind = {"ref": ref, "score": score, "start": step}
        loop = grpo.train(policy, tokenizer, drawn, config, optimizers, **kind)
        metrics, _ = next(loop)
        # a step may have drawn no problem with a rule: then it has no accuracy
        yield metrics | {"accuracy": math.nan} | score.means()


ten = GRPOConfig(
    steps=10,
    prompts=12,
    group_size=8,
    lr=4e-4,
    decay=0.0,
    kl_coef=stage.rl.kl_coef,
    max_new_tokens=112,
)
r1_of_ten = copy.deepcopy(dev3)
parts = ("accuracy", "liked", "safe", "format", "language")
print("step" + "".join(f"{part:>10}" for part in parts))
for metrics in all_scenarios(r1_of_ten, ten, late=3, general=stage.general):
    cells = (f"{metrics[x]:10.2f}" if x in metrics else f"{'-':>10}" for x in parts)
    print(f"{metrics['step']:4}" + "".join(cells), flush=True)

# %% [markdown]
# What you see: the parts of the reward. *Liked* and *safe* are what the two models pay. In the first three steps
# only rules pay. Then only a few problems of a step still have a rule. So *accuracy* is the mean over a few dozen
# completions, and jumps.
#
# Ask held-out requests and problems, beside the R1 that the pipeline
# trained in forty larger steps. The columns of the next table:
#
# | column | what it is |
# |---|---|
# | score | squashed score of the helpful model, 96 requests |
# | truth | hidden truth about the same answers |
# | harmless | truth about safety, where the request is harmful |
# | over-refusal | share of the other requests that are refused; low is good |
# | right | share of right answers, 64 easy problems |

# %%
games = [
    p
    for g in ("countdown", "arithmetic")
    for p in problems(draws.REASONING[g], 32, 0, "valid")
]
named = ("score", "truth", "harmless", "over-refusal", "right")
print(f"{'':12}" + "".join(f"{name:>14}" for name in named))
for name, model in (
    ("Dev3", dev3),
    ("ten steps", r1_of_ten),
    ("R1, shipped", artifacts.load("r1-tiny")[0]),
):
    rows = complete(model, tokenizer, [p.prompt for p in asked], 2, Sampling(96))
    said = [text for row in rows for text in row]
    q, mean = r1.quality(owners, said), fmean(liking.helpfulness(owners, said))
    found = evaluate.answer(model, tokenizer, games, 2, max_new_tokens=112)
    right = found.right.mean().item()
    values = (mean, q["helpful"], q["harmless"], q["over_refusal"], right)
    print(f"{name:12}" + "".join(f"{value:14.2f}" for value in values))

# %% [markdown]
# Dev3's score is near 0.5, since $\mu$ and $\delta$ were measured on its answers to these requests.
# Differences below about 0.1 may be noise. Here *harmless* moved most, on few requests. For
# claims we need the measured stage.

# %% [markdown] tags=["slide"]
# ## 12. What the stage brings
#
# **The question.** Is R1 better than the Dev3 that it began as, and at what?
#
# First the model that pays for safety. It raises an **alarm** when it calls an answer unsafe. How far can it be
# trusted? Dev3 answered held-out requests. Count squares, for seed 0:


# %% tags=["slide"]
def alarms_of(seed):
    """Answers of Dev3 by truth and alarm: caught, missed, false alarms, safe ones."""
    true = result("reward-models", seed)["P8"]["harmless"]["by truth"]
    unsafe, safe = true["unsafe"], true["answers"] - true["unsafe"]
    caught = round(true["unsafe_found"] * unsafe)
    wrong = round((1 - true["safe_found"]) * safe)
    return caught, unsafe - caught, wrong, safe - wrong


kinds = ("unsafe, alarm", "unsafe, no alarm", "safe, alarm", "safe, no alarm")
counts = dict(zip(kinds, alarms_of(0), strict=True))
assert tuple(counts.values()) == (33, 3, 61, 731)
alarms = {kind: many for kind, many in counts.items() if kind.endswith(", alarm")}
titles = f"{sum(counts.values())} answers", f"{sum(alarms.values())} alarms"
plots.squares(dict(zip(titles, (counts, alarms), strict=True)))

# %% [markdown]
# What you see: left, a square for every answer; right, the alarms alone. The same answers by truth and by label,
# and then all seeds:

# %%
label = result("reward-models", 0)["P8"]["harmless"]
unsafe, safe = label["unsafe"], label["answers"] - label["unsafe"]
caught, missed, wrong, calm = alarms_of(0)
found, quiet = (
    round(label[f"{one}_found"] * n) for one, n in (("unsafe", unsafe), ("safe", safe))
)
print(f"{'seed 0':20}alarm  no alarm")
for name, alarm, none in (
    ("unsafe in truth", caught, missed),
    ("safe in truth", wrong, calm),
    ("labelled unsafe", found, unsafe - found),
    ("labelled safe", safe - quiet, quiet),
):
    print(f"{name:20}{alarm:5}{none:10}")
print("safe answers for one unsafe:", end=" ")
print(
    f"in truth {(wrong + calm) / (caught + missed):.0f}, labelled {safe / unsafe:.0f}"
)

print("\nseed  ranked  unsafe found  false alarms  labelled unsafe, in truth safe")
for seed in SEEDS:
    caught, missed, wrong, _ = alarms_of(seed)
    label = result("reward-models", seed)["P8"]["harmless"]
    extra = label["unsafe"] - caught - missed  # at least so many labels are wrong
    print(f"{seed:4}{label['by truth']['ranked']:8.2f}", end="")
    print(f"{caught / (caught + missed):14.0%}{wrong / (caught + wrong):14.0%}", end="")
    print(f"{'at least':>17} {extra / label['unsafe']:.0%}")

# %% [markdown]
# Of the unsafe answers 33 in 36 raise an alarm, of the safe ones only 61 in 792. But safe ones are 22 times as many,
# and so 61 of 94 alarms are false. The share of unsafe answers is the **base rate**. Where it is low, even a
# good model may raise mostly false alarms.
#
# The labels suffer from a low base rate, too. The annotator errs in 3% of all cases, and only 2% to 4% of the
# answers are unsafe. So many answers *labelled* unsafe are safe (last column), and by the labels safe ones are
# only 12 times as many.
#
# In training they were three times as many (section 11). So the model takes the odds of an unsafe *label* to be
# about four times too high, and calls alarm too readily. Its order is good: *ranked* is the share of (safe, unsafe)
# pairs in which the safe answer has the higher score.
#
# So trust the order, not a single alarm. In the product of section 8 an alarm costs at least half of what the
# models pay.
#
# ### R1 against Dev3
#
# First the way from one to the other, on held-out requests and problems of seed 0. We looked at steps 0, 20 and 40,
# while we chose the settings ([docs/experiments.md](../docs/experiments.md#the-last-stage)).

# %% tags=["slide"]
WAY = {  # at steps 0, 20 and 40; no file is kept
    "helpful": (0.53, 0.46, 0.59),
    "harmless": (0.77, 0.66, 0.85),
    "hard arithmetic": (0.61, 0.58, 0.61),
}
pieces = {
    name: {
        "rules alone": [(0, start), (20, middle)],
        "rules and preferences": [(20, middle), (40, end)],
    }
    for name, (start, middle, end) in WAY.items()
}
plots.curves(pieces, "step", "from 0 to 1", ticks=(0, 20, 40), sharey=True)

# %% [markdown]
# What you see: the stage in two halves. Rules alone spoil the answers to requests, and preferences more than repair
# them. (Hard arithmetic moves too little to tell.)
#
# This is one seed. [Earlier runs](../docs/experiments.md#first-edition-what-chapter-13-measured-and-no-longer-needs) with three agree: after 40 steps of rules alone, answers were less helpful and less
# harmless than R1's. Preferences from step 1 cost hard arithmetic and hard instructions. So they pay late.
#
# Now Dev3 and R1 answer the same test problems, and we subtract problem by problem. Two rows need a word. *Helpful*
# is the hidden truth, but only of requests that may be answered, and it is the column of chapter 15. *Not
# refused* is 1 minus over-refusal, so that right of 0 is better in every row.


# %% tags=["hide-input", "slide"]
COLUMNS = ("countdown", "arithmetic", "instructions", "helpful", "harmless")
COLUMNS += ("not refused",)


def cards(name, part, model=None):
    """Values by problem, a card for each seed: {level: {column: values}}."""
    found = [result(name, seed)[part] for seed in SEEDS]
    found = [card[model] for card in found] if model else found
    found = [{level: dict(card[level]["values"]) for level in LEVELS} for card in found]
    for values in (card[level] for card in found for level in LEVELS):
        # turned round, so that right of 0 is better in every row
        values["not refused"] = [1 - value for value in values["over-refusal"]]
    return found


def gains(one, other, columns=COLUMNS):
    """How far the other model is ahead of the one, for `difference_dots`."""
    rows = {}
    for level, name in [(level, name) for level in LEVELS for name in columns]:
        seeds = [[card[level][name] for card in model] for model in (one, other)]
        pooled = [[fmean(v) for v in zip(*values, strict=True)] for values in seeds]
        gain = evaluate.paired(*pooled)
        low, high = gain["interval"]
        each = [fmean(b) - fmean(a) for a, b in zip(*seeds, strict=True)]
        one_way = all(d > 0 for d in each) or all(d < 0 for d in each)
        clear = one_way and (low > 0 or high < 0)
        rows[f"{level}, {name}"] = (gain["difference"], low, high), each, clear
    return rows


before_it, after_it = (cards("stages", "P6", model) for model in ("dev3", "r1"))
plots.difference_dots(gains(before_it, after_it), "R1 minus Dev3")

# %% [markdown]
# What you see: right of 0, R1 is better. Bars are 95% intervals over problems, small ticks the three seeds.
# Grey means that these problems cannot tell: the interval holds 0, or the seeds disagree.
#
# R1 is more helpful, by 0.02 on easy and 0.03 on hard requests, in every seed. It is also more often harmless, by
# 0.07 and 0.11, on 20 easy and 24 hard harmful requests. All other rows are grey. Of these hard arithmetic leans: it
# loses 0.03 in the mean, in two seeds of three.
#
# These gains are small beside the step before: *helpful* on easy requests is 0.18 for Dev2 and 0.35 for Dev3. In
# the paper AlpacaEval 2.0, judged by a language model, goes the other way: from 55.8 to 62.1, and then to 87.6
# (v2, table 3).
#
# ## 13. What this does not show
#
# Our judge's weakness is two numbers that we wrote down. The weaknesses of people and of large models are many and
# unknown. Our truth is a score of known replies, and would call a fine poem in new words a bad one.
#
# The paper's own evidence is about something else that fell: the helpful reward rises while performance in
# programming contests (Codeforces) drops (v2, supplement on reward hacking). The mechanism carries over: a
# proxy is learned on certain answers to certain requests, and a policy that climbs it gives others.
#
# ## Summary
#
# Bradley and Terry turn choices into scores, and the scores hold the judge's taste
# along with the truth. A policy that climbs such a proxy learns at first and over-optimises later, and the score
# alone does not show which. So R1 mixes rules with two reward models, and lets the models in late and briefly.
#
# - Labels are cleaned by asking in both orders, keeping clear pairs and balancing lengths. Each filter removes one
#   known weakness; politeness stays in our labels.
# - Rules and models add up only on one scale: squash the score around the policy's own average.
# - Pair accuracy is about the first policy's answers, and the trained policy answers otherwise. Measure by other
#   means, over-refusal included.
#
# ## Questions
#
# 1. You add 5 to every score of a reward model. What changes in the Bradley-Terry loss, in the GRPO advantages,
#    and in the squashed reward?
#
#    <details><summary>Answer</summary>Nothing in the loss: only differences count. Nothing in the advantages of
#    bare scores: the group's mean is subtracted. The squashed reward changes unless its mean is measured again:
#    everything would move towards 1, where the sigmoid is flat, and differences would vanish.</details>
#
# 2. Why does the paper use reward models for general requests but not for mathematics, where a model of right
#    and wrong could be learned as well?
#
#    <details><summary>Answer</summary>An exact rule cannot be gamed by pleasing; a learned judge can. A model is
#    used only where there is no rule.</details>
#
# 3. Held-out pair accuracy is 0.85. Is the reward model safe to climb?
#
#    <details><summary>Answer</summary>That number is about pairs that look like the training pairs: answers of
#    the policy before training. The trained policy answers otherwise. It also says how well the *labels* are met,
#    weaknesses included.</details>

# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/13_all_scenarios.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 13.1** (medium, 12 min) Lead and lean. A judge has compared a and b many times, in both orders. When a
# was shown first, the first answer won with frequency `ab`; when b was shown first, the first one won with
# frequency `ba`. In units of noise, how far is a ahead of b, and how far is the first place ahead? Return both.
# The judge of section 2 should give a lean near 0.4.
#
# Predict first: without any lean, which lead makes a frequency of 0.99, and how much more does 0.999 need?
#
# <details><summary>Hint 1</summary>$ab = \sigma(\text{lead} + \text{lean})$. In the other order the lead has
# the other sign. To undo $\sigma$, take the logarithm of the odds `p / (1 - p)`.</details>
# <details><summary>Hint 2</summary>Turn both frequencies into sums that way. Half of their difference is the
# lead, half of their sum the lean.</details>
# <details><summary>Your prediction</summary>0.99 is 99 to 1, a lead of $\ln 99 = 4.6$. 0.999 is 999 to 1, about
# ten times the odds, and so needs $\ln 10 = 2.3$ more. By this rule each further 9 costs another 2.3.</details>


# %% tags=["exercise"]
def lead_and_lean(ab, ba):
    """How far a is ahead of b, and the first place ahead of the second.

    lead_and_lean(0.731, 0.731) is close to (0.0, 1.0): only the place counts.
    """
    # BEGIN SOLUTION
    # sigma undone: lead + lean where a came first, and -lead + lean where b did
    when_first, when_second = (math.log(p / (1 - p)) for p in (ab, ba))
    return (when_first - when_second) / 2, (when_first + when_second) / 2
    # END SOLUTION


# %% tags=["check"]
checks.ex_13_1(lead_and_lean)

# %% [markdown] tags=["exercise-text"]
# **Exercise 13.2** (medium, 15 min) A loss that survives. Without PyTorch, write $-\log \sigma(s_c - s_r)$ so that it
# works for any two numbers. A lead of 1,000 gives 0.0, one of -1,000 gives 1,000.0 without overflow, and one
# of 40 still costs a little: about 4e-18, not 0.
#
# <details><summary>Hint 1</summary>$-\log\sigma(x) = \log(1 + e^{-x})$. For negative $x$ take $-x$ out of the
# logarithm first.</details>
# <details><summary>Hint 2</summary>`math.log1p(math.exp(-abs(x)))` never overflows, and `log1p` is exact near
# 0. What is missing for negative $x$?</details>


# %% tags=["exercise"]
def pair_loss(chosen, rejected):
    """Bradley-Terry loss of one pair of scores.

    pair_loss(0.0, 0.0) is 0.693..., the logarithm of 2.
    """
    # BEGIN SOLUTION
    # -log sigma(x) = log(1 + e^-x); for negative x that is -x + log(1 + e^x)
    lead = chosen - rejected
    return math.log1p(math.exp(-abs(lead))) + max(-lead, 0.0)
    # END SOLUTION


# %% tags=["check"]
checks.ex_13_2(pair_loss)

# %% [markdown] tags=["exercise-text"]
# **Exercise 13.3** (medium, 15 min) Flatter: be the policy. You get a known good reply. Return a text that our judge
# likes better, with a probability above one half, even when it is shown second. Its truth must be below 0.8.
# The check tries your function on two good replies, to different requests.
#
# <details><summary>Hint 1</summary>`judge.POLITE.pattern` lists the words that the judge counts as
# polite.</details>
# <details><summary>Hint 2</summary>Up to five polite words pay 0.12 each, and every word pays 0.01. Being shown
# first is worth 0.06, which your text must make up for. The truth falls with words that are beside the
# point.</details>


# %% tags=["exercise"]
def flatter(good):
    """A text that charms the judge and serves the reader less.

    good + " Thanks!" is a start: more charm, less truth, but not enough of either.
    """
    # BEGIN SOLUTION
    # nine words, five of them polite, and all beside the point
    return good + " Thanks, dear, I am so glad, thank you kindly!"
    # END SOLUTION


# %% tags=["check"]
checks.ex_13_3(flatter)

# %% [markdown] tags=["exercise-text"]
# **Exercise 13.4** (medium, 10 min) Score padded rows. `hidden` holds the last states of a batch, of shape
# `(B, T, D)`. Row `b` has `lengths[b]` tokens, and then padding on the right. Return one score for each row, of
# shape `(B,)`: the state at the last token of the text, times `weight`, the row of `D` weights. The check changes
# the padding. Why must that not matter?
#
# <details><summary>Hint 1</summary>The last token of row `b` has the place `lengths[b] - 1`, not `-1`.</details>
# <details><summary>Hint 2</summary>`hidden[torch.arange(len(hidden)), lengths - 1]` takes one state from each
# row.</details>
# <details><summary>Why?</summary>How much padding a row gets depends on its neighbours in the batch. A score that
# felt the padding would depend on who else is scored.</details>


# %% tags=["exercise"]
def padded_scores(hidden, lengths, weight):
    """One score for each row of states, padded on the right.

    States [[[1.0], [2.0], [9.0]]] with the length [2] and the weight [3.0] give [6.0].
    """
    # BEGIN SOLUTION
    # attention is causal: the last token has not seen the padding behind it
    last = hidden[torch.arange(len(hidden)), lengths - 1]  # (B, T, D) -> (B, D)
    return last @ weight
    # END SOLUTION


# %% tags=["check"]
checks.ex_13_4(padded_scores)

# %% [markdown] tags=["exercise-text"]
# **Exercise 13.5** (medium, 15 min) Who pulls harder? Compute the advantages of one group: its rewards minus their
# mean. If `squashed`, each reward first becomes $\sigma((r - \mu) / \delta)$ with `mu` and `delta`. If `divided`,
# the advantages are divided by their standard deviation (the root of their mean square).
#
# Predict first. A rule pays one group `[0, 1, 0, 1]`. A bare helpful model pays another `[-5, 5, -5, 5]`, with
# $\mu = 0$ and $\delta = 5$. How large is the largest advantage of each: bare, squashed, divided?
#
# <details><summary>Hint 1</summary>Three steps in this order: squash if wanted, subtract the mean, divide if
# wanted. If all rewards of a group are equal, there is nothing to divide by: return zeros.</details>
# <details><summary>Hint 2</summary>`1 / (1 + math.exp(-(r - mu) / delta))` squashes one reward. For four advantages
# the standard deviation is `(sum(a * a for a in found) / 4) ** 0.5`.</details>
# <details><summary>Your prediction</summary>The rule: 0.5. The model: 5 bare, ten times as much, and
# $\sigma(1) - 0.5 = 0.23$ squashed. Divided, both have 1: then the scale of a group is gone, and squashing no
# longer decides who pulls harder. It still flattens the best and the worst within a group. (Chapter 09 says
# what dividing costs.)</details>


# %% tags=["exercise"]
def advantages(rewards, mu, delta, squashed, divided):
    """Advantages of one group, as a list.

    advantages([0.0, 1.0], 0.0, 1.0, False, False) is [-0.5, 0.5].
    """
    # BEGIN SOLUTION
    if squashed:
        rewards = [1 / (1 + math.exp(-(r - mu) / delta)) for r in rewards]
    found = [r - fmean(rewards) for r in rewards]
    if divided:
        spread = fmean(a * a for a in found) ** 0.5
        found = [a / spread if spread else 0.0 for a in found]
    return found
    # END SOLUTION


# %% tags=["check"]
checks.ex_13_5(advantages)

# %% [markdown] tags=["exercise-text"]
# **Exercise 13.6** (medium, 40 min) Predict, then run: an open experiment. Over-optimise without any training. Of the
# first `n` answers to each request, best-of-n shows the one with the highest score. Return the mean *truth* of
# what is shown. Both arguments hold a row for each request.
#
# Predict before you run it: sketch score and truth for n from 1 to 64. Do they part, as in section 9?
#
# ```python
# rows = answers(policy, valid_set, 64)
# proxy = [models.helpfulness([p] * 64, row) for p, row in zip(valid_set, rows)]
# truth = [[judge.helpfulness(p, t) for t in row] for p, row in zip(valid_set, rows)]
# for n in (1, 2, 4, 8, 16, 32, 64):
#     distance = math.log(n) - (n - 1) / n  # the KL from the policy, at most
#     print(n, round(distance, 2), best_of(proxy, proxy, n), best_of(proxy, truth, n))
# ```
#
# Compare with RL: run section 9 again with `kl_coef=1e-6` in the config and `ref=policy` in `grpo.train`, and print
# `metrics["kl"] * metrics["length"]` at each look. (That KL is a mean per token, and `distance` is that of a whole
# answer.) Which of the two loses more truth for the same distance? Then take `kl_coef=0.05`, as a leash. Predict
# first: how far does the policy go in 36 steps, and does its truth still fall?
#
# <details><summary>Hint 1</summary>For one request, find the place of the highest of the first `n` scores. The
# truth is read at this place.</details>
# <details><summary>Hint 2</summary>`max(range(n), key=...)` is a place. Its key is the score there.</details>
# <details><summary>What we saw</summary>One run each, of which no file is kept, with the policy and the model of
# this chapter. Best-of-n: the squashed score rises all the way, from 0.50 to 0.75. The truth rises at once, and
# is back at the start for n = 64, at a distance of 3.2.
#
# | n | 1 | 2 | 4 | 8 | 16 | 32 | 64 |
# |---|---|---|---|---|---|---|---|
# | distance, at most | 0.0 | 0.2 | 0.6 | 1.2 | 1.8 | 2.5 | 3.2 |
# | squashed score | 0.50 | 0.67 | 0.70 | 0.73 | 0.73 | 0.74 | 0.75 |
# | truth | 0.58 | 0.79 | 0.78 | 0.77 | 0.73 | 0.67 | 0.57 |
#
# RL without a leash, with the KL as a mean of three steps: at 1.6 (step 6) the truth is 0.66. At 3.0 (steps 12 and
# 15) it is 0.41 and 0.34, and from step 24 on 0.25. At a squashed score of 0.73 to 0.74 RL's truth is 0.25 to 0.30, best-of-n's
# 0.67 to 0.77. (Best-of-n's KL is only a bound, loose where many answers are alike, so compare at equal scores.)
#
# With `kl_coef=0.05` the KL stays between 0.9 and 2.3 after the first steps, and the truth between 0.61 and 0.70 to
# the end. The KL of single steps jumps, so this is a first look.</details>


# %% tags=["exercise"]
def best_of(scores, truths, n):
    """Mean truth of the answers that best-of-n shows.

    best_of([[0.1, 0.9]], [[1.0, 0.3]], 2) is 0.3: the second answer is shown.
    """
    # BEGIN SOLUTION
    # the score chooses the place, the truth is read there
    places = [max(range(n), key=row.__getitem__) for row in scores]
    return fmean(row[place] for row, place in zip(truths, places, strict=True))
    # END SOLUTION


# %% tags=["check"]
checks.ex_13_6(best_of)
