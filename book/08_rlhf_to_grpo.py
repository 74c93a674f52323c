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
# # From RLHF to GRPO
#
# | | |
# |---|---|
# | You will build | REINFORCE with baselines and a small training loop for it, PPO's clip and advantages (GAE), DPO's loss, GRPO's whole objective, and a loop that trains a language model with it. The other loops come from the library |
# | You need | PyTorch tensors and gradients; chapter 01 for the tiny world |
# | Minutes to read | 115; the exercises take about 125 |
# | Minutes to run | 3, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | InstructGPT (arXiv 2203.02155), section 3; PPO (1707.06347); GAE (1506.02438); DPO (2305.18290); DeepSeekMath (2402.03300v3), section 4; DeepSeek-R1 (2501.12948v2), on RL |
#
# ![Five stations in a row: draw prompts, sample completions, score them, compare them, learn, and back to the first. Under score: a rule, a reward model, minus a KL penalty (PPO). Under compare: mean of the batch for REINFORCE, of the others for RLOO, of the group for GRPO, a value model for PPO. Under learn: log-probability for REINFORCE, ratio and clip for PPO and GRPO, plus a KL term for GRPO, other bounds for DAPO, CISPO and others. Below, a dashed arrow leads from pairs from before straight to DPO.](../figures/08_loop.png)
#
# What you see: the whole chapter. All algorithms share one loop, and differ mostly in *compare*
# and *learn*. The discs are the numbers of the sections.
#
# | section | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | summary, questions | appendix |
# |---|---|---|---|---|---|---|---|---|---|---|---|---|
# | minutes to read | 3 | 18 | 9 | 10 | 6 | 15 | 8 | 13 | 16 | 6 | 3 | 8 |
#
# For GRPO alone, read 2 to 6, 8 and 10.

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random generator.

# %% tags=["setup"]
import copy
import json
import math
import time
from functools import partial
from pathlib import Path
from statistics import fmean, stdev

import torch
from jaxtyping import Float
from torch import Tensor

from r1lib import artifacts, checks, evaluate, losses, plots, rewards
from r1lib.evaluate import STUDENT
from r1lib.feedback import reward_model
from r1lib.feedback.preferences import encode
from r1lib.losses import (
    kl_k1,
    kl_k2,
    sequence_mean,
    token_logprobs,
    token_mean,
)
from r1lib.model.counts import parameters, training_bytes
from r1lib.model.presets import PRESETS
from r1lib.plots import interactive
from r1lib.problem import problems
from r1lib.progress import bar
from r1lib.rl import dpo, grpo, ppo, reinforce
from r1lib.rl.grpo import GRPOConfig, group_advantages, grpo_loss
from r1lib.rl.rollout import rollout
from r1lib.training import optim
from r1lib.world import arithmetic, countdown

torch.manual_seed(0)
RESULTS = Path("../results/data")

# %% [markdown] tags=["slide"]
# ## 1. Three stages and four models
#
# ![Above, three stages: fine-tuning on good answers, a reward model from pairs, RL with PPO. Below, what stage three holds in memory: policy and value model with 16 bytes for each weight, reference and reward model with 2 bytes.](../figures/08_rlhf.png)
#
# What you see: RLHF, reinforcement learning from human feedback, as InstructGPT made it
# known. Stage 1 fine-tunes a model on good answers. In stage 2 people choose the better of
# two answers, and a **reward model** learns to predict their choice. In stage 3 the
# language model, now called the **policy**, writes answers and learns to earn reward.
#
# Stage 3 holds four models. The policy writes. While it writes, the **value model**
# estimates how much reward the answer will earn. The **reference** is a frozen copy of the
# first policy, and keeps the policy from drifting away. The reward model judges the finished
# answer.
#
# A model that is trained takes eight times the memory of a frozen one. That is because it
# also needs gradients, two running averages for the optimizer (AdamW), and a copy of the weights in
# higher precision.

# %%
weights = parameters(PRESETS["r1-distill-llama-8b"])
trained = sum(training_bytes(weights).values()) / 1e9
frozen = training_bytes(weights)["weights"] / 1e9
policy_only, ref = {"policy": trained}, {"reference": frozen}
memory = {
    "PPO (RLHF)": policy_only
    | {"value model": trained}
    | ref
    | {"reward model": frozen},
    "GRPO, reward model, KL": policy_only | ref | {"reward model": frozen},
    "DPO": policy_only | ref,
    "GRPO, rule, no KL": policy_only,
}
plots.stacked_bars(memory, f"GB for a model of {weights / 1e9:.0f} billion weights")

# %% [markdown]
# What you see: gigabytes, activations not counted. From top to bottom one model after another
# disappears.

# %% [markdown] tags=["slide"]
# ## 2. REINFORCE: learning from rewards
#
# We start with a policy that is as small as possible: it writes one token out of three. Its
# parameters are three numbers, the **logits** $z$, and its probabilities are
# $\pi = \operatorname{softmax}(z)$.
#
# Suppose these are 0.55, 0.33 and 0.12, and the policy draws the second token for a reward of 1.
# So the second logit should rise, and the others should fall. A good direction is 1 at the drawn
# token and 0 elsewhere, minus the probabilities: $(-0.55, +0.67, -0.12)$.
#
# This vector is called the **score function**. It is the gradient of $\log \pi(o)$ for the
# drawn token $o$, written $\nabla \log \pi(o)$. Multiplied by the
# reward $r(o)$, it is on average the gradient of the expected reward $J$:
#
# $$ J = \sum_o \pi(o)\, r(o), \qquad \nabla J = \sum_o r(o)\, \nabla \pi(o)
#    = \mathbb{E}_{o \sim \pi}\big[\, r(o)\, \nabla \log \pi(o) \,\big]. $$
#
# The last step uses $\nabla \pi = \pi \nabla \log \pi$, and $\mathbb{E}$ is the mean over
# tokens drawn from $\pi$. [Appendix B](B_mathematics.ipynb) goes through it slowly. The cell
# computes $\nabla J$ in both ways:

# %% tags=["slide", "nbval-check-output"]
z = torch.tensor([1.0, 0.5, -0.5], requires_grad=True)
reward_of = torch.tensor([0.0, 1.0, 0.5])  # the reward of each token
pi = z.softmax(0)
score_rows = torch.eye(3) - pi.detach()  # row o: the score function of token o

expected = (pi * reward_of).sum()
(exact,) = torch.autograd.grad(expected, z)
by_hand = (pi[:, None] * reward_of[:, None] * score_rows).sum(0)
print("probabilities       ", [round(x, 2) for x in pi.tolist()])
print("score of 2nd token  ", [round(x, 2) for x in score_rows[1].tolist()])
print("gradient by autograd", [round(x, 3) for x in exact.tolist()])
print("mean of r x score   ", [round(x, 3) for x in by_hand.tolist()])
torch.testing.assert_close(exact, by_hand)

# %% [markdown]
# This way of learning is **REINFORCE** (Williams, 1992).
#
# ### From one token to a completion
#
# A language model writes many tokens. Take the prompt `12+5=` and the completion `1`, `7`, `end`.
# Its probability is a product, with one factor for each token. So its logarithm is a sum:
#
# $$ \log \pi(o) = \log \pi(o_1) + \log \pi(o_2 \mid o_1) + \log \pi(o_3 \mid o_1, o_2) $$
#
# So one reward, paid at the end, gives one push at each place. Here is a toy model with three
# logits at each of the three places:

# %% tags=["slide", "nbval-check-output"]
words = ("1", "7", "end")
logits = torch.tensor([[1.0, 0.5, -0.5], [0.2, 0.8, 0.0], [-0.5, 0.0, 1.0]])
logits.requires_grad_()  # a row for each place
completion, reward = torch.tensor([0, 1, 2]), 1.0  # "1", "7", "end" is right

each = logits.log_softmax(1)[range(3), completion]  # log-probability of each token
(push_rows,) = torch.autograd.grad(reward * each.sum(), logits)
scores_of_tokens = torch.eye(3)[completion] - logits.detach().softmax(1)
torch.testing.assert_close(push_rows, reward * scores_of_tokens)

print(f"place  token  chance   push on {words}")
for place, token in enumerate(completion.tolist()):
    pushes = "".join(f"{x:+7.2f}" for x in push_rows[place].tolist())
    print(f"{place + 1:5}  {words[token]:>5}{each[place].exp():8.2f}  {pushes}")
print(f"the whole completion{each.sum().exp():8.2f}")

# %% [markdown]
# What you see: three pushes, each the score function of its place times the same reward. Every
# token of a right completion is pushed up, even one that did not matter. In a real model all
# logits come from the same weights, and backpropagation adds up the pushes.
#
# ### What a baseline does
#
# Suppose every reward is raised by 10. The task is the same, but every sampled token is now
# pushed up hard. The cure is to subtract a **baseline** $b$ first. The result, $A = r - b$, is the
# **advantage**.
#
# Does that change the gradient? The score function has a mean of 0, because
# $\sum_o \pi(o) \nabla \log \pi(o) = \nabla \sum_o \pi(o) = \nabla 1 = 0$. So a baseline that
# does not depend on the sampled token adds $b$ times 0. The cell computes the mean and the
# variance of the estimate exactly, without sampling:

# %% tags=["nbval-check-output"]
print("baseline            mean of the estimate      variance")
for name, b in (
    ("none", 0.0),
    ("the mean reward", expected.item()),
    ("10, a bad guess", 10.0),
):
    estimates = (reward_of - b)[:, None] * score_rows  # one row for each token
    mean = (pi[:, None] * estimates).sum(0)
    variance = (pi[:, None] * (estimates - mean).square()).sum().item()
    torch.testing.assert_close(mean, exact)
    print(f"{name:18}", [round(x, 3) for x in mean.tolist()], f"{variance:9.2f}")

# %% [markdown]
# What you see: the mean stays. The variance, the noise of one sample, falls with a good baseline
# and rises with a bad one.
#
# ### A whole training loop
#
# Does the noise matter? Here is RL in a few lines, for the policy of one token. A step samples
# eight tokens, compares their rewards, and moves the logits a little. Every reward is raised by
# 10, and the baseline is the mean of the eight.


# %%
def climb(baseline, seed, steps=100, group=8, lr=0.5):
    """Train the policy of three logits; (step, expected reward) after each step."""
    policy = torch.tensor([1.0, 0.5, -0.5], requires_grad=True)
    generator, curve = torch.Generator().manual_seed(seed), []
    for step in range(1, steps + 1):
        logp = policy.log_softmax(0)
        chances = logp.exp().detach()
        drawn = torch.multinomial(chances, group, True, generator=generator)
        rewards = reward_of[drawn] + 10
        advantages = rewards - rewards.mean() if baseline else rewards
        loss = -(advantages * logp[drawn]).mean()
        (gradient,) = torch.autograd.grad(loss, policy)
        policy = (policy - lr * gradient).detach().requires_grad_()
        curve.append((step, (policy.detach().softmax(0) @ reward_of).item()))
    return curve


panels, good = {}, {}
for title, baseline in (("no baseline", False), ("with a baseline", True)):
    climbs = [climb(baseline, seed) for seed in range(40)]
    panels[title] = {f"seed {seed}": climbs[seed] for seed in range(5)}
    good[title] = fmean(curve[-1][1] > 0.9 for curve in climbs)
    print(f"{title}: {good[title]:.0%} of 40 runs end above 0.9")
slow = [climb(False, seed, steps=1000, lr=0.02) for seed in range(20)]
for after in (100, 1000):
    share = fmean(curve[after - 1][1] > 0.9 for curve in slow)
    print(f"no baseline, lr 0.02, after {after} steps: {share:.0%} of 20 above 0.9")
    assert (share > 0.5) == (after == 1000)
plots.curves(panels, "step", "expected reward", sharey=True)

# %% [markdown]
# What you see: the first five of 40 runs. With a baseline every run comes near 1, the reward of
# the best token. Without one, each step pushes up whatever was sampled, and more than half of the
# runs end below 0.9. Small steps average the noise out, as the last line shows, but it takes ten
# times as many of them.
#
# ### Groups: the baseline for free
#
# Sample a **group** of $G$ completions of the same prompt, and use the mean of their rewards.
#
# One detail matters: this mean contains the very reward from which it is subtracted. The mean of
# the *other* $G - 1$ rewards is independent of it. This baseline is called **RLOO**, leave one out
# (Ahmadian et al., arXiv 2402.14740).


# %%
def estimate(compare, group, reward_of, times=20_000):
    """Sample that many groups; (mean, variance) of their gradient estimates."""
    generator = torch.Generator().manual_seed(group)
    draws = torch.multinomial(pi.detach(), times * group, True, generator=generator)
    advantages = compare(reward_of[draws].view(times, group))
    pushes = advantages[..., None] * score_rows[draws].view(times, group, 3)
    means = pushes.mean(1)
    return means.mean(0), means.var(0).sum().item()


BASELINES = {
    "none": lambda rewards: rewards,
    "mean of the others (RLOO)": reinforce.rloo_advantages,
    "mean of the group": partial(group_advantages, normalize_std=False),
}
noise = {name: [] for name in BASELINES}
print("length of the mean gradient, exact 1.00     G = 8     16     64")
for name, compare in BASELINES.items():
    lengths = []
    for group in (8, 16, 64):
        mean, variance = estimate(compare, group, reward_of + 1)
        lengths.append((mean @ exact / (exact @ exact)).item())
        noise[name].append((group, variance))
    print(f"{name:43}" + "".join(f"{x:7.2f}" for x in lengths))
others, whole = noise["mean of the others (RLOO)"], noise["mean of the group"]
assert noise["none"][0][1] > 4 * others[0][1]
assert math.isclose(whole[0][1], (7 / 8) ** 2 * others[0][1], rel_tol=1e-3)
title = "Rewards from 1 to 2"
plots.curves({title: noise}, "group size G", "variance", log="xy", ticks=(8, 16, 64))

# %% [markdown]
# What you see: the variance over 20,000 sampled groups, with every reward raised by 1. A group of
# 8 with a baseline is less noisy than one of 64 without.
#
# <details><summary>Why is the line for the mean of the group below that of RLOO?</summary>That is no
# gain. Each of its advantages is $(G-1)/G$ times that of RLOO. So the gradient is shorter by this
# factor, and the variance by its square. With plain gradient descent, a smaller learning rate does
# the same. The optimizer AdamW divides each gradient by its usual size, so there a constant factor
# nearly cancels.</details>
#
# DeepSeekMath used $G = 64$ (v3, section 4.2), and R1 16 (v2, training details). For
# the same number of completions, a larger group means fewer prompts.
#
# Here is REINFORCE for a batch of completions. A tensor of shape (B, T) has a row for each completion
# and a column for each token. `mask` is true on sampled tokens. A loss is our objective with a minus.


# %% tags=["nbval-check-output"]
def reinforce_by_formula(logprobs, advantages, mask):
    """The loss of REINFORCE: advantages (B,), the rest (B, T)."""
    gain = advantages[:, None] * logprobs  # a row's tokens share its advantage
    return -(gain * mask).sum() / mask.sum()  # the mean over all sampled tokens


generator = torch.Generator().manual_seed(0)
logprobs = -torch.rand(4, 6, generator=generator)
mask = torch.rand(4, 6, generator=generator) > 0.3
advantages = torch.tensor([1.0, -1.0, 0.5, -0.5])
fast, _ = reinforce.reinforce_loss(logprobs, advantages, mask)
slow = reinforce_by_formula(logprobs, advantages, mask)
print(f"by formula {slow:.4f}, library {fast.item():.4f}")

# %% [markdown] tags=["slide"]
# ## 3. PPO: old samples and a value model
#
# REINFORCE's gradient is right only for samples of the present policy. After one step they come
# from an *old* one. Sampling is expensive, so PPO (proximal policy optimization) corrects for this,
# and takes a few more steps.
#
# Suppose the old policy gave a token the probability 0.2, and the new one gives it 0.4. In our
# samples it is half as frequent as it should be, so each of them counts twice. PPO multiplies
# each token by this **ratio** $\rho = \pi / \pi_{\text{old}}$.
#
# We sample from $\pi_{\text{old}}$ and want a mean under $\pi$. For any $f$ of the token,
#
# $$ \mathbb{E}_{\text{old}}[\rho f] = \sum_o \pi_{\text{old}}(o)\,
#    \frac{\pi(o)}{\pi_{\text{old}}(o)}\, f(o) = \mathbb{E}_{\pi}[f]. $$
#
# For a whole completion the exact correction is the product of all its ratios. PPO corrects
# each token alone, and ignores that the text before it also came from the old policy.
#
# The gradient of $\rho A$ is $\rho A\, \nabla \log \pi$: at $\rho = 1$ it is REINFORCE's. The
# **clip** limits how far the correction goes:
#
# $$ \min\big(\rho A,\; \operatorname{clip}(\rho, 1-\epsilon, 1+\epsilon)\, A\big) $$
#
# Here clip moves $\rho$ to the nearest point of the range, and $\epsilon$ is 0.2.
#
# ![Four cases on a line of ratios with the range from 0.8 to 1.2 marked. A good token at ratio 0.5: the gradient pulls it back up. A good token at 1.5: gradient 0. A bad token at 0.5: gradient 0. A bad token at 1.5: the gradient pushes it down.](../figures/08_clip.png)
#
# What you see: one token, less or more likely than when it was sampled. The gradient ends where
# the token has gone far enough in the right direction. Where it went in the *wrong* direction,
# nothing stops the correction. As code:

# %%
# r1lib.losses.clipped

# %% [markdown]
# ### Why `min`, and not `max`, for bad tokens?
#
# The cell compares the two. "Push" is the gradient with respect to the token's log-probability.


# %% tags=["nbval-check-output"]
def clipped_with_max(logprobs, old, advantages):
    ratio = (logprobs - old).exp()
    both = ratio * advantages, ratio.clamp(0.8, 1.2) * advantages
    return torch.where(advantages > 0, torch.minimum(*both), torch.maximum(*both))


def push(objective, ratio, sign):
    logprob = torch.tensor([[math.log(ratio)]], requires_grad=True)
    gain = objective(logprob, torch.zeros(1, 1), torch.tensor([[sign]]))
    return torch.autograd.grad(gain.sum(), logprob)[0].item()


print("advantage  ratio   push with min   push with max")
for sign in (1.0, -1.0):
    for ratio in (0.5, 1.5):
        pushes = [push(f, ratio, sign) for f in (clipped, clipped_with_max)]
        print(f"{sign:+9.0f}{ratio:7.1f}{pushes[0]:+16.1f}{pushes[1]:+16.1f}")

# %% [markdown]
# What you see: with the maximum, a bad token that is already rare is pushed further down,
# and one that became common is left alone. Both are wrong. Programs that compute *losses* take the
# maximum of two losses, which is the same clip.
#
# ### The value model
#
# So far each token of a completion gets the same advantage. But some deserve more of the credit.
# A value model reads the text before token $t$ and estimates
# the reward that the finished answer will get, $V_t$. If the estimate rises after a token,
# that token was a good one, even if the answer fails in the end. The change is
#
# $$ \delta_t = r_t + \gamma V_{t+1} - V_t. $$
#
# The reward $r_t$ is paid at the last token, and $V$ after it is 0. The factor $\gamma$ would
# make late rewards count less; for language models it is 1.
#
# ![A completion in four pieces: a right sum, a slip, the slip is noticed, and mended. The value before them is 0.4, 0.7, 0.2, 0.9, and the reward at the end is 1. With lambda 0 the slip gets advantage -0.5; with lambda 0.5 it gets -0.12; with lambda 1 it gets +0.3, positive like all other pieces here.](../figures/08_gae.png)
#
# What you see: a made-up completion in four pieces, treated as four tokens. Which
# advantage does the slip deserve?
#
# - With $\lambda = 0$ only its own change counts. This is **TD**, temporal difference. It
#   trusts the value model, and is wrong where the value model is wrong.
# - With $\lambda = 1$ the slip gets the final reward minus the value before it. This is
#   **Monte Carlo**. It trusts only the reward, and is noisy, as one outcome decides.
# - Between them, later changes count less and less. This is **GAE**, generalized advantage
#   estimation:
#
# $$ A_t = \delta_t + (\gamma \lambda)\, \delta_{t+1} + (\gamma \lambda)^2\, \delta_{t+2} + \dots $$
#
# The next cell has the formula as written. The library's `ppo.gae` gets the same numbers in
# one walk backwards, as you will in exercise 8.3:


# %% tags=["slide", "nbval-check-output"]
def gae_by_definition(rewards, values, gamma=1.0, lam=1.0):
    after = [*values[1:], 0.0]
    deltas = [
        r + gamma * v_after - v
        for r, v, v_after in zip(rewards, values, after, strict=True)
    ]
    return [
        sum((gamma * lam) ** k * d for k, d in enumerate(deltas[t:]))
        for t in range(len(deltas))
    ]


values, paid_at = [0.4, 0.7, 0.2, 0.9], [0.0, 0.0, 0.0, 1.0]
everywhere = torch.ones(1, 4, dtype=torch.bool)
print("lambda   right sum    slip  noticed   mended")
for lam in (0.0, 0.5, 0.95, 1.0):
    inputs = torch.tensor([paid_at]), torch.tensor([values]), everywhere
    found, returns = ppo.gae(*inputs, lam=lam)
    slow = torch.tensor([gae_by_definition(paid_at, values, lam=lam)])
    torch.testing.assert_close(found, slow)
    print(f"{lam:6}   " + "".join(f"{a:+9.2f}" for a in found[0].tolist()))

# %% [markdown]
# What you see: the numbers of the picture. In the R1 paper's comparison on MATH (v2, supplement), PPO did
# much worse with $\lambda = 0.95$ than with 1.
#
# The value model learns the **returns** $A_t + V_t$ by a squared error. It is often as large as
# the policy, and its estimates are poor at first.

# %% [markdown] tags=["slide"]
# ## 4. A reward model, and a leash
#
# Where no rule can separate right from wrong, a reward model gives the reward. Chapter 13
# trains one; here we only use it. It has a score $s$ for each answer. By the model of Bradley
# and Terry (1952), A is preferred to B with a chance of $\sigma(s_A - s_B)$, where $\sigma(x) =
# 1 / (1 + e^{-x})$.

# %%
judge, tokenizer = reward_model.load(artifacts.path("helpful-tiny"))
question = "What is the capital of France?"
replies = {"A": "Paris.", "B": "I do not know."}
rows = [encode(tokenizer, question, f"<answer>{r}</answer>") for r in replies.values()]
a, b = reward_model.score_all(judge, rows).tolist()
print(f"scores {a:.2f} and {b:.2f}")
print(f"chance that A is preferred: {torch.sigmoid(torch.tensor(a - b)):.0%}")
assert a > b

# %% [markdown]
# A policy that is optimized long enough against such a score finds texts that only the reward
# model likes (chapter 13). So RLHF adds a leash: a penalty on each token, $\beta$ times the log-ratio
# $\log \pi - \log \pi_{\text{ref}}$. It is positive where the policy finds the token
# likelier than the reference does. PPO subtracts the penalty from the reward of each token
# (`ppo.token_rewards`).
#
# The mean log-ratio is the **KL divergence** (Kullback-Leibler) of two distributions:
# $\operatorname{KL}(\pi \| \pi_{\text{ref}}) = \mathbb{E}_{o \sim \pi}[\log \pi(o) - \log
# \pi_{\text{ref}}(o)]$. It is 0 if the two distributions are the same, and otherwise positive.
#
# ### Which KL, and which sign?
#
# Three KL estimators use the sampled token alone. With $x
# = \log \pi_{\text{ref}} - \log \pi$:
#
# $$ k_1 = -x, \qquad k_2 = \tfrac12 x^2, \qquad k_3 = e^{x} - x - 1 $$

# %% tags=["hide-input"]
places = [u / 20 for u in range(-40, 41)]  # log pi - log pi_ref of one token, so -x
CURVES = {
    "k1": lambda u: u,
    "k2": lambda u: u * u / 2,
    "k3": lambda u: math.exp(-u) + u - 1,
    "k3, upside down": lambda u: math.exp(u) - u - 1,
}
drawn = {name: [(u, f(u)) for u in places] for name, f in CURVES.items()}
plots.curves({"One sampled token": drawn}, "log policy - log reference", "estimate")

# %% [markdown]
# What you see: on the right the policy finds the token likelier than the reference does, on the
# left less likely. Only $k_1$ is ever negative. $k_3$ grows fastest on the left. Some published
# programs reverse the sign of $x$: then it grows on the right.
#
# This is $k_3$ as code. The `where` is for tokens that both distributions exclude.

# %%
# r1lib.losses.kl_k3

# %% [markdown]
# An exact sum over six tokens shows what each estimates on average:

# %% tags=["slide", "nbval-check-output"]
logits = torch.tensor([1.2, 0.4, 0.0, -0.3, -1.0, -1.5]).double().requires_grad_()
logp = logits.log_softmax(0)  # the policy
ref_logp = torch.tensor([-0.5, 0.8, 0.3, 0.0, -0.2, -0.4]).double().log_softmax(0)


def under_policy(values):
    """Mean over tokens that the policy samples; no gradient through the sampling."""
    return (logp.detach().exp() * values).sum()


true_kl = (logp.exp() * (logp - ref_logp)).sum()
print(f"exact KL {true_kl.item():.3f}\n\n{'':18}{'mean':>7}{'std':>7}{'least':>8}")
upside_down = torch.expm1(logp - ref_logp) - (logp - ref_logp)
for name, k in (
    ("k1", kl_k1(logp, ref_logp)),
    ("k2", kl_k2(logp, ref_logp)),
    ("k3", kl_k3(logp, ref_logp)),
    ("k3, upside down", upside_down),
):
    mean, spread = under_policy(k), under_policy(k.square())
    std = (spread - mean.square()).sqrt().item()
    print(f"{name:18}{mean.item():7.3f}{std:7.3f}{k.min().item():8.3f}")

# %% [markdown]
# What you see: $k_1$ and $k_3$ have the right mean. $k_3$ is never negative. Upside down it is
# never negative either, so it looks healthy, but it estimates something else.
#
# ### Is the gradient of the KL term right?
#
# *On a first reading, run this cell and go on to section 5.*
#
# If the estimate is added to the loss, its *gradient* counts. The cell compares it with that of
# the exact KL: the length, divided by the true one, and the cosine of the angle. Right is 1 and 1.


# %% tags=["slide", "nbval-check-output"]
def gradient(values):
    return torch.autograd.grad(under_policy(values), logits, retain_graph=True)[0]


(truth,) = torch.autograd.grad(true_kl, logits, retain_graph=True)
ratio = (logp - logp.detach()).exp()  # 1, but it has the gradient of the policy
cases = {
    "k1 in the loss": kl_k1(logp, ref_logp),
    "k2 in the loss": kl_k2(logp, ref_logp),
    "k3 in the loss": kl_k3(logp, ref_logp),
    "k3 upside down in the loss": upside_down,
    "k3 x ratio in the loss": kl_k3(logp, ref_logp) * ratio,
    "k1 in the reward": kl_k1(logp, ref_logp).detach() * logp,
}
print(f"{'':28}{'length':>8}{'direction':>11}")
for name, values in cases.items():
    found = gradient(values)
    length, cosine = (found.norm() / truth.norm()).item(), 0.0
    if length > 1e-9:
        cosine = torch.cosine_similarity(found, truth, dim=0).item()
    print(f"{name:28}{length:8.2f}{cosine:11.2f}")

# %% [markdown]
# What you see: $k_1$ in the loss does nothing, and $k_3$, as in GRPO, pulls in almost the right
# direction. In the reward $k_1$ is exact.
#
# <details><summary>Row by row</summary><b>k1 in the loss</b>: its expected gradient is the mean of
# the score function, which is 0. <b>k2 in the loss</b> is exact, although its value is biased.
# <b>k3 in the loss</b> pulls less hard here. It is the gradient of another KL,
# $\operatorname{KL}(\pi_{\text{ref}} \| \pi)$. Multiplied by the ratio it is exact; DeepSeek-V3.2
# does so. Upside down it pulls about twice as hard as the true gradient. <b>k1 in the reward</b>:
# a reward needs no gradient of its own, so there the KL may be computed under
# <code>no_grad</code>. In a loss, a KL without gradient is no leash.</details>

# %% [markdown] tags=["slide"]
# ## 5. DPO: no reward model, no sampling
#
# With the leash, the best policy can be written down. For "reward minus $\beta$ times
# KL", one can show that it is
#
# $$ \pi^*(o) = \tfrac{1}{Z}\, \pi_{\text{ref}}(o)\, e^{r(o)/\beta}, $$
#
# with a $Z$ that makes the probabilities sum to 1 (exercise 8.4).
#
# <details><summary>Why?</summary>The formula says $r = \beta \log (\pi^* / \pi_{\text{ref}}) +
# \beta \log Z$. Put this into the mean of $r - \beta \log (\pi / \pi_{\text{ref}})$ under $\pi$.
# It becomes $\beta \log Z$ minus $\beta$ times $\operatorname{KL}(\pi \| \pi^*)$. $Z$ does not
# depend on $\pi$, and a KL is least, namely 0, where both agree.</details>
#
# Solve for the reward:
# $r = \beta \log (\pi^* / \pi_{\text{ref}}) + \beta \log Z$. Put this into Bradley and
# Terry's $\sigma(r_A - r_B)$, and the unknown $Z$, the same for both answers, cancels.
# What is left contains only the policy and the reference. So the policy can learn from pairs
# directly, without a reward model:
#
# $$ L = -\log \sigma\Big( \beta \big[
#    \log \tfrac{\pi(\text{chosen})}{\pi_{\text{ref}}(\text{chosen})}
#    - \log \tfrac{\pi(\text{rejected})}{\pi_{\text{ref}}(\text{rejected})} \big] \Big) $$
#
# This is **DPO**, direct preference optimization. A completion's log-probability is the sum over
# its tokens, as in section 2.


# %% tags=["nbval-check-output"]
def dpo_by_formula(chosen, rejected, ref_chosen, ref_rejected, beta=0.1):
    """The loss of DPO; each number is the log-probability of a whole completion."""
    margin = beta * ((chosen - ref_chosen) - (rejected - ref_rejected))
    return -torch.sigmoid(margin).log().mean()


chosen, rejected = torch.tensor([-12.0, -9.0]), torch.tensor([-11.0, -15.0])  # 2 pairs
at_start = dpo_by_formula(chosen, rejected, chosen, rejected)
print(f"policy = reference: loss {at_start:.4f}, log 2 is {math.log(2):.4f}")
moved = chosen + 2, rejected - 3, chosen, rejected
print(f"chosen +2, rejected -3: loss {dpo_by_formula(*moved):.4f}")
torch.testing.assert_close(dpo_by_formula(*moved), dpo.dpo_loss(*moved)[0])

# %% [markdown]
# The loss starts at log 2 for every pair. Only how much likelier an answer became than under
# the reference matters.
#
# Now we train with DPO. Before training we sample once: eight answers to each of 48 sums.
# `rewards.total` pays 1 for a right answer, and 0.1 for the right format (chapter 06). The best and the worst
# answer of a group make a pair, if their rewards differ. The exam is on held-out problems.

# %%
base, tokenizer = artifacts.load("base-tiny")
LIMIT = 64  # tokens that an answer may have
exam = problems(arithmetic.sample, 64, 5, "valid")
asked = problems(arithmetic.sample, 48, 8, "train")
answered, samples = {}, torch.Generator().manual_seed(8)
sampled = rollout(
    base, tokenizer, asked, 8, rewards.total, max_new_tokens=LIMIT, generator=samples
)
pairs = dpo.best_and_worst(sampled, 8)


def take_exam(name, model):
    """Four answers to each exam problem; print and keep the share right."""
    found = evaluate.answer(model, tokenizer, exam, 4, max_new_tokens=LIMIT)
    answered[name] = found
    low, high = evaluate.interval(found.right.mean(1))
    right, length = found.right.mean().item(), found.lengths.mean().item()
    print(f"{name:10} right {right:.2f} [{low:.2f}, {high:.2f}], {length:.0f} tokens")


take_exam("base", base)
config = dpo.DPOConfig(epochs=3, batch_size=16, lr=1e-3)
student = copy.deepcopy(base)
steps = dpo.train(student, base, pairs, config, optim.adamw(student, config.lr))
total = 3 * math.ceil(len(pairs) / 16)
curve = list(bar(steps, total, "DPO", ("loss",)))
print(f"{len(pairs)} pairs, loss {curve[0]['loss']:.2f} -> {curve[-1]['loss']:.2f}")
take_exam("DPO", student)
assert abs(curve[0]["loss"] - math.log(2)) < 0.02 and curve[-1]["loss"] < 0.65
assert answered["DPO"].right.mean() > answered["base"].right.mean() + 0.03

# %% [markdown]
# What you see: the share of right answers rises. DPO wrote no answers while it learned.

# %% [markdown] tags=["slide"]
# ## 6. GRPO: a group in place of a value model
#
# GRPO, group relative policy optimization, samples a group of answers to one prompt and
# compares them with each other. So it needs no value model.
#
# ![Eight completions of one prompt, drawn as rows of boxes, a box for each token. Three are right and have reward 1, five are wrong and have reward 0. The mean is 0.375. Right completions have advantage +1.21, and an arrow up above each token; wrong ones have -0.72, and an arrow down. At the end of each row, the mean over its tokens; at the right edge, the mean over the eight rows.](../figures/08_group.png)
#
# What you see: one group of eight. All tokens of a completion get the same advantage. At the end
# GRPO averages twice: over the tokens of each completion, and over the completions.
#
# Here is the whole objective (DeepSeekMath, v3, section 4.1). For completion $i$ and its token $t$,
#
# $$ A_i = \frac{r_i - \operatorname{mean}(r_1 \dots r_G)}
#    {\operatorname{std}(r_1 \dots r_G)}, \qquad
#    \rho_{i,t} = \frac{\pi(o_{i,t})}{\pi_{\text{old}}(o_{i,t})}, $$
#
# $$ J = \frac1G \sum_{i=1}^{G} \frac{1}{|o_i|} \sum_{t=1}^{|o_i|} \Big[
#    \min\big(\rho_{i,t} A_i,\; \operatorname{clip}(\rho_{i,t}, 1-\epsilon, 1+\epsilon)\, A_i\big)
#    - \beta\, k_3 \Big]. $$
#
# Read it from the inside out:
#
# 1. $A_i$ says how much better completion $i$ is than its group (section 2). New is the division
#    by the standard deviation.
# 2. $\rho_{i,t}$ says how much likelier the token has become since it was sampled (section 3).
# 3. The minimum ends the push on a token that has moved far enough (section 3).
# 4. $\beta k_3$ is the leash to the reference (section 4).
# 5. Then come the two means; $|o_i|$ counts the tokens of completion $i$.
#
# In code each part is a line. The loss is $-J$, and a batch has several groups. The paper leaves
# three details open. We take $\epsilon = 0.2$ from PPO. Like the library TRL, we compute the std
# with $G - 1$, and add 0.0001 so as never to divide by 0.


# %% tags=["slide"]
def grpo_by_formula(logp, old, ref, rewards, mask, eps=0.2, beta=0.04):
    """The loss of GRPO: rewards (N, G), a row for each group; the rest (N * G, T)."""
    mean, std = rewards.mean(1, keepdim=True), rewards.std(1, keepdim=True)
    advantage = ((rewards - mean) / (std + 1e-4)).view(-1, 1)  # one per completion
    ratio = (logp - old).exp()  # one per token
    gain = torch.minimum(ratio * advantage, ratio.clamp(1 - eps, 1 + eps) * advantage)
    x = ref - logp
    gain = gain - beta * (x.exp() - x - 1)  # the leash: k3
    of_completion = (gain * mask).sum(1) / mask.sum(1)  # mean over its tokens
    return -of_completion.mean()  # mean over the completions of all groups


# %% [markdown]
# On the group of the picture, with made-up probabilities, we compare it with the library's
# `grpo_loss`, and print the push on each token right after sampling:

# %% tags=["nbval-check-output"]
lengths = torch.tensor([4, 6, 3, 8, 5, 3, 7, 4])
group = torch.tensor([[1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]])
mask = torch.arange(8) < lengths[:, None]
generator = torch.Generator().manual_seed(0)
old = -torch.rand(8, 8, generator=generator)
ref = old + 0.2 * torch.randn(8, 8, generator=generator)
now = old + 0.2 * torch.randn(8, 8, generator=generator)

compared = group_advantages(group).flatten()
more = {"ref_logprobs": ref, "kl_coef": 0.04, "aggregate": sequence_mean}
fast, _ = grpo_loss(now, old, compared, mask, **more)
slow = grpo_by_formula(now, old, ref, group, mask)
torch.testing.assert_close(slow, fast)
print(f"loss by formula {slow:.4f}, library {fast:.4f}\n")

fresh = old.clone().requires_grad_()  # right after sampling every ratio is 1
gain = -grpo_by_formula(fresh, old, ref, group, mask, beta=0.0)
(push_on,) = torch.autograd.grad(gain, fresh)
print("reward  advantage  tokens  push on each token")
columns = group[0].tolist(), compared.tolist(), lengths.tolist(), push_on[:, 0].tolist()
for reward, advantage, tokens, pushed in zip(*columns, strict=True):
    print(f"{reward:6.0f}{advantage:+11.2f}{tokens:8}{pushed:+20.3f}")
assert torch.allclose(push_on[:, 0], compared / lengths / 8)

# %% [markdown]
# What you see: the push on a token is the advantage, divided by the number of tokens and by 8.
# So a token of a long answer is pushed less than one of a short answer.
#
# DeepSeekMath used $\beta = 0.04$ (v3, section 4.2). R1 used 0.001, and after the cold start a clip of
# 10 (v2, section 3.2.1; chapter 11).
#
# ### "Why is my loss 0?"
#
# We take a real batch: eight problems with eight answers of the base.

# %%
first = rollout(
    base,
    tokenizer,
    problems(arithmetic.sample, 8, 3, "train"),
    8,
    rewards.total,
    max_new_tokens=LIMIT,
    generator=torch.Generator().manual_seed(3),
)
logprobs = token_logprobs(base(first.ids), first.ids, mask=first.mask)
old = first.old_logprobs
advantages = group_advantages(first.rewards.view(8, 8)).flatten()


def flat_gradient(loss):
    """The gradient of all weights as one vector."""
    weights = list(base.parameters())
    found = torch.autograd.grad(
        loss, weights, retain_graph=True, allow_unused=True, materialize_grads=True
    )
    return torch.cat([g.flatten() for g in found])


found = {}
for average in (sequence_mean, token_mean):
    name = average.__name__
    found[name], _ = grpo_loss(logprobs, old, advantages, first.mask, aggregate=average)
    gradient_of = flat_gradient(found[name])
    print(f"{name:14} loss {found[name]:+.2f}", end=", ")
    print(f"length of its gradient {gradient_of.norm():.2f}")
    assert gradient_of.norm() > 0.1
zero = found["sequence_mean"]
assert abs(zero.item()) < 1e-3 < 0.1 < -found["token_mean"].item()

# %% [markdown]
# What you see: `sequence_mean` is GRPO's average, first within each completion. `token_mean`
# is one mean over all tokens of the batch, and the default of our `grpo_loss`.
#
# Right after sampling every ratio is 1, so a token adds just its advantage. With `sequence_mean` each
# completion counts once, and the advantages of a group sum to 0: so does the loss. With
# `token_mean` a long completion counts more. The loss is below 0 if the longer answers are
# the better ones.
#
# Neither value measures progress, and neither *gradient* is 0. To judge a run, watch the reward.
#
# A KL term adds $\beta$ times the KL. With `sequence_mean` the printed loss then starts at 0 and *rises*.
#
# ### "Why is my ratio always 1?"
#
# Because you take one optimizer step for each batch of samples. Then old and new policy
# are the same model, and the clip has nothing to do. The ratio's *value* is 1, but its
# *gradient* is that of $\log \pi$. With more steps on the same samples, the ratio moves.
#
# The cell also prints the share of tokens **outside the clip**: their ratio is below 0.8 or above
# 1.2. A token with an advantage of 0 does not count as outside.

# %%
learner = copy.deepcopy(base)
optimizers = optim.adamw(learner, lr=6e-4)
for step in range(3):
    now = token_logprobs(learner(first.ids), first.ids, mask=first.mask)
    moved = (now - old).exp()[first.mask]
    loss, metrics = grpo_loss(now, old, advantages, first.mask)
    after = f"after {step} step" + "s" * (step != 1)
    print(f"{after:13} ratio {moved.min():.3f} to {moved.max():.3f}", end=", ")
    print(f"outside the clip {metrics['clip_fraction']:.1%}")
    assert (moved.max() - moved.min() < 1e-2) == (step == 0)
    loss.backward()
    optim.guarded_step(learner, optimizers)

# %% [markdown]
# What you see: one step leaves nearly all tokens inside the clip, and moves a few far beyond it. A
# token outside may still be pushed back (section 3).
#
# ![The clipped objective over the ratio, with recorded tokens on it. Left, a right completion with advantage +0.74: two of its tokens are on the flat part above 1.28. Right, a wrong one with advantage -0.26: two are on the flat part below 0.8.](../figures/widget_clip.png)
#
# What you see: tokens of one recorded group (dots) after four optimizer steps. Those on a
# flat part of the line pass no gradient on. The settings are those of this book's recipe (section 8):
# no division by the std, and 1.28 as the upper edge. In
# [widgets/clip.html](../widgets/clip.html) you can move the clip.
#
# ### Try it: one group, step by step
#
# The next cell takes three such steps on one group. A row is a completion, with its probability
# before and after: blue rose, orange fell. Move `steps`, then `group`.
#
# A question: find a group without any right answer. What does GRPO reinforce there?
#
# <details><summary>Answer</summary>In our run, the wrong answers of group 0 that keep the format.
# They earn 0.1, and the others earn 0. Divided by the tiny std of this group, the difference counts
# as much as right against wrong elsewhere. In group 5 all rewards are equal, and nothing
# moves.</details>

# %%
interactive.grpo_steps(base, tokenizer, first, advantages, steps=3)

# %% [markdown]
# ### Is GRPO then just REINFORCE?
#
# At ratio 1, and without a KL term, yes: REINFORCE with the group's advantages. The values of the
# two losses differ, and the gradients agree in every weight:

# %%
plain_loss, _ = reinforce.reinforce_loss(
    logprobs, advantages, first.mask, aggregate=sequence_mean
)
grpo_gradient = flat_gradient(zero)
difference = (flat_gradient(plain_loss) - grpo_gradient).abs().max()
print(f"largest difference in {len(grpo_gradient):,} weights: {difference:.0e}")
print(f"losses: REINFORCE {plain_loss.item():+.3f}, GRPO {zero.item():+.3f}")
assert difference < 1e-4 * grpo_gradient.abs().max()

# %% [markdown] tags=["slide"]
# ## 7. The family: six names
#
# Each of these names answers one problem of GRPO:
#
# | name | the problem | the change |
# |---|---|---|
# | **RLOO**, REINFORCE leave-one-out (2402.14740) | the group's mean contains the answer's own reward | the mean of the others; no ratio, no clip |
# | **Dr. GRPO**, GRPO done right (2503.20783) | a tiny std makes trifles count; long wrong answers are punished less | no division by the std; a constant length, not the answer's |
# | **DAPO** (2503.14476) | the clip holds back rare good tokens; groups that agree teach nothing | upper edge 1.28; one mean over all tokens; new prompts for groups that agree |
# | **CISPO** (2506.13585) | a token that the clip stops teaches nothing | the ratio is a weight with a cap, and the token keeps its gradient |
# | **GSPO**, group sequence policy optimization (2507.18071) | the ratio of a single token is noisy | one ratio for a completion, the geometric mean of its tokens' ratios, and a far narrower clip |
# | **MaxRL** (2602.02710) | the rare right answer to a hard problem counts too little | division by the group's mean reward |
#
# Numbers are those of arXiv ([all papers](../docs/papers.md)).
#
# <details><summary>Four more names</summary><b>SAPO</b> (2511.20347) and <b>VESPO</b> (2602.10693)
# let the push fade where the clip ends it: VESPO by the ratio of the whole completion. <b>LUSPO</b>
# (2602.05261) is GSPO with the sum over each completion in place of the mean. <b>Lite PPO</b>
# (2508.08221) divides by the std of the whole batch. They are in <code>r1lib.losses</code> and
# <code>r1lib.rl.reinforce</code>.</details>
#
# RLOO, Dr. GRPO and MaxRL change the advantages. The cell prints that of a right and that of a
# wrong answer, in groups with 1, 4 and 7 right answers of 8.

# %% tags=["nbval-check-output"]
right = (1, 4, 7)
groups = torch.tensor([[1.0] * c + [0.0] * (8 - c) for c in right])
COMPARE = {
    "RLOO: the others": reinforce.rloo_advantages,
    "Dr. GRPO: the group": partial(group_advantages, normalize_std=False),
    "GRPO: / group's std": group_advantages,
    "MaxRL: / group's mean": reinforce.maxrl_advantages,
}
print(f"{'right of 8':24}" + "".join(f"{c:>16}" for c in right))
for name, compare in COMPARE.items():
    found = compare(groups)
    cells = [f"{row[0].item():+.2f} {row[-1].item():+.2f}" for row in found]
    print(f"{name:24}" + "".join(f"{cell:>16}" for cell in cells))

# %% [markdown]
# What you see: all four subtract a mean, and differ in scale. In the hard group, on the left,
# dividing by the std pushes the single right answer much more, and MaxRL most.
#
# ### Other bounds
#
# DAPO and CISPO change the bound on the ratio. The cell draws the push on one token:


# %%
def tokenwise(objective, **settings):
    """An objective that does not ask for the mask, as `grpo.train` wants it."""
    return lambda lp, old, adv, mask: objective(lp, old, adv, **settings)


usual, wide = tokenwise(clipped), tokenwise(clipped, clip_high=0.28)


def push_curve(objective, sign):
    """(ratio, push) points of one token, by autograd."""
    ratios = torch.arange(0.01, 3.0, 0.01)
    lp = ratios.log().view(-1, 1).requires_grad_()
    ones = torch.ones(len(lp), 1)
    gain = objective(lp, torch.zeros_like(lp), sign * ones, ones > 0)
    (found,) = torch.autograd.grad(gain.sum(), lp)
    return list(zip(ratios.tolist(), found.flatten().tolist(), strict=True))


BOUNDS = {
    "GRPO, clip 0.2": usual,
    "DAPO, 0.28 above": wide,
    "CISPO, cap 2": tokenwise(losses.cispo, cap=2.0),
}
panels = {
    f"advantage {sign:+.0f}": {n: push_curve(f, sign) for n, f in BOUNDS.items()}
    for sign in (1.0, -1.0)
}
plots.curves(panels, "ratio", "push on a token")

# %% [markdown]
# What you see: left, a good token. Up to 1.2 the push is the ratio itself. Then GRPO's falls to 0, at
# 1.28 DAPO's, and that of CISPO grows up to its cap. Right, a bad token: GRPO and DAPO agree.
# Above 1.2 nothing bounds them: a token that became ten times as likely is pushed down ten
# times as hard. `losses.two_sided` adds that bound.
#
# ### "Token level or sequence level?"
#
# These are two choices. One is the *ratio*: of a token, or of a completion (GSPO).
# The other is the *average*: how much does one token of a short, and of a long completion,
# count?

# %% tags=["nbval-check-output"]
mask = torch.zeros(2, 101, dtype=torch.bool)
mask[0, 1:11], mask[1, 1:101] = True, True  # ten tokens and a hundred
print(f"{'weight of a token':20}{'of 10':>9}{'of 100':>9}")
constant = partial(losses.fixed_length_mean, length=128)  # the most it may have
for average in (sequence_mean, token_mean, losses.sequence_sum, constant):
    gain = torch.zeros(2, 101, requires_grad=True)
    average(gain, mask).backward()
    name = getattr(average, "__name__", "fixed_length_mean")
    print(f"{name:20}{gain.grad[0, 1]:9.4f}{gain.grad[1, 1]:9.4f}")

# %% [markdown]
# What you see: only `sequence_mean` makes a token of a long answer count less. The tokens of
# a long wrong answer are then punished less, which encourages rambling. The others differ in
# scale, and AdamW nearly cancels a constant factor.
#
# <details><summary>Filters: which samples count at all</summary>DAPO changes the samples, too
# (<code>r1lib.rl.dapo</code>). <b>Dynamic sampling</b> draws new prompts until enough groups
# disagree. The <b>overlong penalty</b> makes length near the limit costly. And one may
# <b>mask</b> answers that were cut off, as they might have become right.</details>
#
# <details><summary>When sampler and trainer differ</summary>Large runs sample with one fast program
# and train with another. The two disagree a little about every probability, and no error message
# says so. The cure is one more weight on the objective: the trainer's probability over the
# sampler's. A <b>truncated</b> weight is bounded, and a <b>masked</b> one is set to 0 where it is
# too large (<code>truncated_importance</code> and <code>masked_importance</code> in
# <code>r1lib.losses</code>). The weight of a whole completion is a product over its tokens, so it
# may be far off for long ones. Chapter 16 measures the mismatch.</details>

# %% [markdown] tags=["slide"]
# ## 8. Train: GRPO live
#
# Now a language model learns with the objective of section 6. A step is the loop of the first
# picture, and each station is a line or two:


# %% tags=["slide"]
def grpo_by_hand(learner, steps, lr=6e-4):
    """Train with the formula of section 6; what to plot, after each step."""
    optimizers, samples = optim.adamw(learner, lr), torch.Generator().manual_seed(0)
    more = {"max_new_tokens": LIMIT, "generator": samples}
    for step in range(1, steps + 1):
        drawn = problems(arithmetic.sample, 8, 100 + step, "train")  # 1 draw
        batch = rollout(learner, tokenizer, drawn, 8, rewards.total, **more)  # 2, 3
        ids, mask, old = batch.ids, batch.mask, batch.old_logprobs
        now = token_logprobs(learner(ids), ids, mask=mask)
        with torch.no_grad():  # the leash needs a frozen reference: the base
            ref = token_logprobs(base(ids), ids, mask=mask)
        paid = batch.rewards.view(8, 8)  # a row for each group
        loss = grpo_by_formula(now, old, ref, paid, mask)  # 4 compare
        loss.backward()  # 5 learn
        optim.guarded_step(learner, optimizers)  # a step, and gradients to 0
        reward, length = batch.rewards.mean().item(), mask.sum(1).float().mean()
        yield {"step": step, "reward": reward, "length": length.item()}


learner = copy.deepcopy(base)
climbed = [m["reward"] for m in bar(grpo_by_hand(learner, 12), 12, "GRPO", ("reward",))]
print(f"reward {fmean(climbed[:4]):.2f} in the first 4 steps", end=", ")
print(f"{fmean(climbed[-4:]):.2f} in the last 4")
take_exam("by hand", learner)
assert answered["by hand"].right.mean() > answered["base"].right.mean() + 0.05

# %% [markdown]
# What you see: the reward rises, and more exam answers are right than the base's in section 5.
#
# ### The same loop, other algorithms
#
# `grpo.train` is this loop with more care: memory is bounded, and a round of samples may serve
# several steps. An algorithm is then three functions: advantages, an objective for each token, and an
# average.


# %%
def plain(logprobs, old, advantages, mask):
    """REINFORCE: no ratio, no bound."""
    return advantages * logprobs


no_std = partial(group_advantages, normalize_std=False)
constant = partial(losses.fixed_length_mean, length=LIMIT)
FAMILY = {  # name: (advantages, objective, average)
    "GRPO": (group_advantages, usual, sequence_mean),
    "REINFORCE": (reinforce.reinforce_advantages, plain, token_mean),
    "RLOO": (reinforce.rloo_advantages, plain, token_mean),
    "Dr. GRPO": (no_std, usual, constant),
    "DAPO": (group_advantages, wide, token_mean),  # without its filters
    "CISPO": (group_advantages, tokenwise(losses.cispo), token_mean),
    "GSPO": (group_advantages, losses.gspo, sequence_mean),
    "MaxRL": (reinforce.maxrl_advantages, usual, sequence_mean),
    "recipe": (no_std, wide, token_mean),
}

# %% [markdown]
# The last row, `recipe`, is **the recipe of this book**. It makes R1-Zero in chapter 09:
#
# | | GRPO of section 6 | `recipe` |
# |---|---|---|
# | divides by the group's std | yes | no |
# | clip | 0.8 to 1.2 | 0.8 to 1.28 |
# | mean over tokens | of each completion first | of all at once |
# | $\beta$ of the KL term | 0.04 | 0 |
#
# Four algorithms train from the same base, in 12 rounds of 8 problems with 8 answers. Each round is
# split into two halves, with one optimizer step for each. No sample is used twice, but the second
# half is one step old. So its ratios are near 1, and not 1. REINFORCE has no ratio and ignores this.

# %%
shape = {"steps": 12, "prompts": 8, "group_size": 8, "max_new_tokens": LIMIT}
shape |= {"minibatches": 2}


def draw(rng):
    """A training problem."""
    return problems(arithmetic.sample, 1, rng.getrandbits(30), "train")[0]


def run_live(name, seed=0):
    """A generator of metrics, and the policy that it trains."""
    learner = copy.deepcopy(base)
    optimizers = optim.adamw(learner, 6e-4)
    if name == "PPO":
        values = reward_model.RewardModel.of(base)  # a copy with a head for numbers
        more = ppo.PPOConfig(**shape), optimizers, optim.adamw(values, 1e-3)
        return ppo.train(learner, values, tokenizer, draw, *more), learner
    beta = 0.04 if name == "GRPO" else 0.0
    config = GRPOConfig(**shape, kl_coef=beta, seed=seed)
    names = ("advantages", "objective", "aggregate")
    parts = dict(zip(names, FAMILY[name], strict=True)) | {"ref": base}
    return grpo.train(learner, tokenizer, draw, config, optimizers, **parts), learner


histories, spent = {}, {}
for name in ("REINFORCE", "PPO", "GRPO", "recipe"):
    loop, learner = run_live(name)
    began = time.process_time()  # seconds of this process's work
    histories[name] = [[metrics for metrics, _ in loop]]
    spent[name] = time.process_time() - began
    take_exam(name, learner)

# %% tags=["slide", "hide-input"]
print(f"{'':12}{'CPU seconds':>12}{'trained models':>16}{'right, less base':>19}")
start = answered["base"].right.mean(1).tolist()
for name, (metrics,) in histories.items():
    gain = evaluate.paired(start, answered[name].right.mean(1).tolist())
    low, high = gain["interval"]
    models = 2 if name == "PPO" else 1
    print(f"{name:12}{spent[name]:12.0f}{models:16}", end="")
    print(f"   {gain['difference']:+.2f} [{low:+.2f}, {high:+.2f}]")
    assert low > 0, f"{name} did not learn"
    rewards_of = plots.smooth(plots.column(metrics, "reward"), 4)
    for metric, (_, smooth) in zip(metrics, rewards_of, strict=True):
        metric["mean of 4 steps"] = smooth
names = {"mean of 4 steps": "reward, mean of 4 steps", "length": "tokens"}
plots.compared_curves(histories, names)

# %% [markdown]
# What you see: the cost and the gain on the exam, then the reward and the length of the
# answers. PPO costs about twice as much, as it also trains a value model. All four get the same
# problems, so a bump that their lengths share need not be learning. All learned. One run of each
# cannot say which is better; section 9 asks with three seeds.
#
# <details><summary>Why is GRPO higher in this exam than by hand?</summary>This run takes 24
# optimizer steps, not 12, each on half as many samples, and draws other problems. We did not
# separate these causes.</details>

# %% [markdown] tags=["slide"]
# ## 9. What longer runs showed
#
# These runs were made once, by `results/variants.py`. Each has 40 rounds of 8 problems with 16
# answers and four optimizer steps, on countdown and arithmetic. They start from the bases of seeds 0,
# 1 and 2. The exam is 48 test problems of each game, with 16 answers to each.
#
# - `recipe` and `ppo` are those of section 8.
# - `std` is the recipe, with advantages divided by the group's std.
# - `reinforce` and `rloo` are the recipe without ratio and clip. Their baselines are the mean of
#   the batch, and of the others.
# - `dpo` makes pairs of better and worse answers, all sampled from the base before it learns.
#   `dpo-iterated` makes new pairs in each round ([docs/variants.md](../docs/variants.md)).
#
# ### The exam


# %% tags=["hide-input"]
def measured(pattern, name):
    """arm -> seed -> what was measured, of all arms that have three seeds."""
    found = {}
    for path in sorted(RESULTS.glob(pattern)):
        content = json.loads(path.read_text(encoding="utf-8"))
        for card in content.values():
            if isinstance(card, dict) and "after" in card:
                seeds = found.setdefault(card[name], {})
                seeds[content["seed"]] = {**content, **card}
    return {arm: seeds for arm, seeds in found.items() if len(seeds) == 3}


runs = measured("variants-*.json", "arm")
runs["recipe"] = runs.pop("grpo")
MAIN = ("reinforce", "rloo", "ppo", "recipe", "dpo-iterated", "dpo")


def triple(run, name):
    found = run["after"]["all"]
    return (found[name], *found[f"{name} interval"])


dots = {
    name: {
        arm: [triple(run, name) for _, run in sorted(runs[arm].items())]
        for arm in ("base", *MAIN)
    }
    for name in ("pass@1", "pass@16")
}
plots.interval_dots(dots, "share of test problems")

# %% [markdown]
# What you see: a 95% interval for each seed. `pass@1` is the share of right answers, and `pass@16`
# that of problems with at least one of 16 right.
#
# With the recipe, `pass@1` rises far, while `pass@16` stays near the base's
# level. Here RL made answers that the base already finds more frequent.
#
# ### Is a difference real?
#
# All runs answer the same problems, so we subtract problem by problem. Other problems would give
# another mean difference, and so would other seeds. So we draw two 95% intervals, one over
# problems, as before, and one over seeds:

# %%
# r1lib.evaluate.over_seeds

# %% [markdown]
# For three runs the interval is the mean and 4.3 standard errors to each side. Student's factor 4.3 is
# large, as three values say little about their own spread.
#
# A difference is **clear** if neither of the two intervals contains 0 (`evaluate.paired_seeds`),
# otherwise a **tie**. A tie means "not shown", not "no effect".


# %% tags=["hide-input"]
def shares(seeds):
    """Share of right answers to each test problem, a list for each seed."""
    cards = [run["after"] for run in seeds.values()]
    return [[n / card["samples"] for n in card["values"]["right"]] for card in cards]


def against(seeds, arms):
    """arm -> its difference to those runs, problem by problem, the best first."""
    found = {
        arm: evaluate.paired_seeds(shares(seeds), shares(runs[arm])) for arm in arms
    }
    return dict(sorted(found.items(), key=lambda pair: -pair[1]["difference"]))


def as_rows(found):
    """The form that `plots.two_intervals` draws."""
    return {
        arm: (row["difference"], row["interval"], over_seeds(row["each"]), row["each"])
        for arm, row in found.items()
    }


MET = ("reinforce", "rloo", "ppo", "std", "dpo", "dpo-iterated")
met = against(runs["recipe"], MET)
assert {arm for arm in MET if met[arm]["clear"]} == {"dpo", "dpo-iterated"}
print("outside 0.8 to 1.28 in the last optimizer step of a round, groups of 16:")
for arm in ("recipe", "rloo"):
    steps = [step for run in runs[arm].values() for step in run["history"]]
    outside = fmean(step["clip_fraction"] for step in steps)
    print(f"{arm:8}{outside:.1%} of the tokens")
    assert outside < 0.01
print("share of answers that try again after a failed check:")
for arm in ("recipe", "dpo", "dpo-iterated"):
    every = [run["after"]["all"]["habits"] for run in runs[arm].values()]
    print(f"{arm:14}{fmean(habits['tries again'] for habits in every):.2f}")
plots.two_intervals(as_rows(met), "pass@1, minus that of the recipe")

# %% [markdown]
# What you see: grey rows are ties. Before you rank, look at the three seeds of a row. Where they lie
# far apart, one run would have misled you.
#
# `rloo` shows how much is luck. In groups of 16 its advantages are the recipe's times 16/15, a
# factor that AdamW nearly cancels. It has no ratio and no clip. But even in the last step of a
# round, less than 1% of the tokens are outside. So the two are almost one algorithm, and yet their
# seeds differ.
#
# Only the two forms of DPO are clearly behind.
#
# <details><summary>Why are they behind?</summary>Learning from the base's answers cannot be the only
# reason, as <code>dpo-iterated</code> samples again. Both also have a leash ($\beta = 0.1$ in DPO's
# loss), and the recipe has none. The printed shares show an effect: with DPO, few answers try again
# after a failed check. We did not test which cause it is.</details>
#
# More arms are in [docs/experiments.md](../docs/experiments.md).
#
# ### Rewards that have nothing to do with the task
#
# In 2025 a study found that a well-known model became better at mathematics by *random*
# rewards (arXiv 2506.10947). Can a reward that knows nothing of the task select a good habit?
#
# Three rewards never look at the right answer. `majority` rewards the most frequent answer of a
# group. `format` rewards one thought and one answer, whatever they say. `coin` pays at random.

# %% tags=["hide-input"]
REWARDS = ("majority", "format", "coin")
paid = {"recipe": runs["recipe"]} | measured("spurious-*.json", "reward")
rows = {"base": runs["base"]} | {name: paid[name] for name in ("recipe", *REWARDS)}
gains = {
    name: evaluate.paired_seeds(shares(runs["base"]), shares(seeds))
    for name, seeds in rows.items()
    if name != "base"
}
assert all(min(gains[r]["each"]) > 0 for r in ("majority", "format"))
assert max(gains["coin"]["each"]) < 0
plots.two_intervals(as_rows(gains), "right answers, minus those of the base")


# %% tags=["hide-input"]
def habit(run, name):
    """A share without an interval, in the form of a triple."""
    return (run["after"]["all"]["habits"][name],) * 3


plots.interval_dots(
    {
        title: {
            name: [find(run) for _, run in sorted(seeds.items())]
            for name, seeds in rows.items()
        }
        for title, find in (
            ("right: pass@1", partial(triple, name="pass@1")),
            ("one of 16: pass@16", partial(triple, name="pass@16")),
            ("without a thought", partial(habit, name="guess")),
        )
    },
    "share",
)

# %% [markdown]
# What you see: first the differences to the base, then each seed. With `majority` and
# `format` more answers are right in all three seeds. But the seeds lie so far apart that both
# gains are ties by our rule. With `coin` clearly fewer are right.
#
# Look at the third panel. `majority` and `format` select thinking, and in this base thinking is
# better than guessing.
#
# The middle panel shows the price. With `majority` far fewer problems have a right answer among 16.
# It pays for agreement, so a frequent wrong answer grows, too. `coin` favours nothing on purpose,
# and its pushes are noise. Yet with it `pass@16` falls about as far. So agreement may not be the whole reason.
#
# <details><summary>Then why did random rewards help in that study?</summary>Something else must have
# selected. The study suspects the clip: it cuts a coin's pushes unevenly, in favour of likely
# tokens.</details>

# %% [markdown] tags=["slide"]
# ## 10. When nothing learns
#
# The reward is flat, or 0, and the loss says nothing. Here are four numbers of a healthy batch and
# of three broken ones, before any training. All are countdown. In the healthy batch right answers
# alone pay; each broken batch changes one thing. A group agrees if all its rewards are equal.


# %%
def strict(problem, text):
    """A format reward that wants line breaks which the model never writes."""
    inside = text.partition("<think>\n")[2].partition("\n</think>\n<answer>\n")
    return float(bool(inside[2]) and text.endswith("\n</answer>"))


def look(level="easy", reward=rewards.accuracy, limit=LIMIT):
    """Shares that say why a batch teaches or does not."""
    batch = rollout(
        base,
        tokenizer,
        problems(countdown.sample, 16, 3, "train", level),
        8,
        reward,
        max_new_tokens=limit,
        generator=torch.Generator().manual_seed(3),
    )
    grouped = batch.rewards.view(16, 8)  # a row for each group
    return {
        "reward": grouped.mean().item(),
        "finished": fmean(batch.finished),
        "in format": fmean(rewards.format(None, text) for text in batch.texts),
        "agreeing groups": fmean((group_advantages(grouped) == 0).all(1).tolist()),
    }


looks = {
    "healthy": look(),
    "limit of 12 tokens": look(limit=12),
    "a format nobody writes": look(reward=strict),
    "problems too hard": look(level="hard"),
}
print(f"{'':24}" + "".join(f"{name:>17}" for name in looks["healthy"]))
for name, found in looks.items():
    print(f"{name:24}" + "".join(f"{value:17.2f}" for value in found.values()))
agreeing = {name: found["agreeing groups"] for name, found in looks.items()}
assert agreeing["a format nobody writes"] == 1
assert looks["limit of 12 tokens"]["in format"] == 0 < looks["healthy"]["in format"]
assert agreeing["problems too hard"] > agreeing["healthy"] + 0.2

# %% [markdown]
# What you see, and what to do:
#
# - **All groups agree.** No advantage, no gradient. Either nothing is ever paid, or everything
#   is. Print ten completions and score them by hand.
# - **Fewer answers finish, and none is in format.** The limit cuts off those that think, so
#   only guesses can earn. Raise the limit.
# - **Many groups agree, the reward is low.** The problems are too hard. Take easier ones,
#   larger groups, or sample until groups disagree.
#
# Chapter 09 has a gallery of failures during training.
#
# **What this chapter does not show.** In our runs of PPO and GRPO no sample is older than three
# optimizer steps, and answers are short. So nothing here tests methods for older samples, very long
# answers or many experts.
#
# ## Summary
#
# - REINFORCE raises the log-probability of completions that earned more than a baseline. The
#   baseline leaves the expected gradient alone and removes noise. PPO trains a value model
#   for it, and GRPO takes the mean of the group.
# - Ratio and clip limit the use of old samples. The minimum is right for both signs.
# - $k_3$ is a good value, $k_2$ a good gradient, and $k_1$ belongs in the reward.
# - DPO needs only pairs and a reference. Its loss starts at log 2.
# - At ratio 1, and without a KL term, GRPO's gradient is that of REINFORCE. The value of its loss is
#   0 if the mean is taken within each completion first, and says nothing about progress.
#
# ## Questions
#
# 1. A colleague's GRPO run averages within each completion first, and takes one step a batch. The
#    printed loss rises from 0 to 0.02. The reward rises, too. What is the loss?
#
#    <details><summary>Answer</summary>The KL term: the rest is 0 at ratio 1 with this average. The
#    policy moves away from its reference, as it must in order to learn. With one mean over all tokens
#    the answer would be different: then the lengths of good and bad answers count, too.</details>
#
# 2. You train with PPO and $\lambda = 1$. What does the value model still do?
#
#    <details><summary>Answer</summary>It is the baseline: the advantage is the final reward
#    minus the value before the token. It lowers the noise.</details>
#
# 3. Your reward model prefers long answers. Which of the methods in this chapter is safe from
#    that?
#
#    <details><summary>Answer</summary>None. All raise what is scored higher, and DPO learns the
#    same preference from the pairs. A KL term slows it down. Only a better score repairs
#    it.</details>

# %% [markdown]
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/08_rlhf_to_grpo.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 8.1** (medium, 15 min) Two averages, and pads. A program averages by
# `(gain * mask).mean(1).mean()`. That divides by the padded length. Return instead the two averages of
# section 6, `sequence_mean` and `token_mean`, without the library. What is outside the mask may
# be anything, even `nan`. The losses at ratio 1 follow: there `gain` is just the advantage.
#
# <details><summary>Hint 1</summary><code>nan * 0</code> is <code>nan</code>. Put 0 where the mask is
# false: <code>torch.where(mask, gain, 0)</code>.</details>
# <details><summary>Hint 2</summary>Sum over each row. The first average divides each sum by
# <code>mask.sum(1)</code>, then takes the mean. The second divides the sum of all by
# <code>mask.sum()</code>.</details>


# %% tags=["exercise"]
def two_averages(gain, mask):
    """Two numbers; gain [[1, 1, 1], [-1, 9, 9]], one token in row 2 -> 0.0 and 0.5."""
    # BEGIN SOLUTION
    sums, counts = torch.where(mask, gain, 0).sum(1), mask.sum(1)
    return (sums / counts).mean().item(), (sums.sum() / counts.sum()).item()
    # END SOLUTION


# %% tags=["check"]
checks.ex_8_1(two_averages)

# %% [markdown] tags=["exercise-text"]
# **Exercise 8.2** (medium, 15 min) The exact gradient. For a policy over a few tokens,
# return the gradient of the expected reward with respect to the logits, as a list, without
# sampling and without autograd.
#
# <details><summary>Hint 1</summary>Write section 2's sum for one logit: token $o$ adds
# $\pi(o)\, r(o)$ times its score function. This is 1 at the sampled token, minus the
# probabilities.</details>
# <details><summary>Hint 2</summary>With the mean reward as a baseline the gradient is the same,
# and in the sum for logit $i$ only token $i$ is left.</details>


# %% tags=["exercise"]
def exact_gradient(probabilities, rewards):
    """Gradient by logits: probabilities [0.5, 0.5], rewards [1, 0] -> [0.25, -0.25]."""
    # BEGIN SOLUTION
    mean = sum(p * r for p, r in zip(probabilities, rewards, strict=True))
    return [p * (r - mean) for p, r in zip(probabilities, rewards, strict=True)]
    # END SOLUTION


# %% tags=["check"]
checks.ex_8_2(exact_gradient)

# %% [markdown] tags=["exercise-text"]
# **Exercise 8.3** (easy, 10 min) GAE in one walk. `gae_by_definition` of section 3 starts a new sum for
# each token. Return the same advantages of one completion as a list, with $\gamma = 1$, in a single
# walk backwards. `values[t]` is the value before token t; after the last token it is 0.
#
# <details><summary>Hint 1</summary>Walk backwards. The advantage of the token after the last is
# 0, too.</details>
# <details><summary>Hint 2</summary>$A_t = r_t + V_{t+1} - V_t + \lambda A_{t+1}$.</details>


# %% tags=["exercise"]
def my_gae(rewards, values, lam):
    """Advantages: rewards [0, 1], values [0.5, 0.5], lambda 0 -> [0.0, 0.5]."""
    # BEGIN SOLUTION
    advantages, after, value_after = [], 0.0, 0.0
    for reward, value in zip(reversed(rewards), reversed(values), strict=True):
        after = reward + value_after - value + lam * after
        value_after = value
        advantages.append(after)
    return advantages[::-1]
    # END SOLUTION


# %% tags=["check"]
checks.ex_8_3(my_gae)

# %% [markdown] tags=["exercise-text"]
# **Exercise 8.4** (medium, 15 min) The policy that DPO looks for. Given the
# probabilities of the reference, the rewards and $\beta$, return the best probabilities
# (section 5). Rewards may be large.
#
# <details><summary>Hint 1</summary>Multiply each reference probability by $e^{r/\beta}$, then
# divide by the sum.</details>
# <details><summary>Hint 2</summary>$e^{1000}$ is too large for a computer. Subtract the largest
# reward from all first: $Z$ takes care of the rest.</details>


# %% tags=["exercise"]
def best_policy(ref, rewards, beta):
    """Best probabilities: ref [0.5, 0.5], rewards [1, 0], beta 1 -> [0.73, 0.27]."""
    # BEGIN SOLUTION
    most = max(rewards)
    weights = [
        p * math.exp((r - most) / beta) for p, r in zip(ref, rewards, strict=True)
    ]
    return [weight / sum(weights) for weight in weights]
    # END SOLUTION


# %% tags=["check"]
checks.ex_8_4(best_policy)

# %% [markdown] tags=["exercise-text"]
# **Exercise 8.5** (medium, 10 min) The clip, case by case. Return the push on one token: the
# gradient of its clipped objective with respect to its log-probability. The range is from 0.8 to
# 1.2. Use `if`s, without a minimum and without autograd. The check compares with autograd.
#
# <details><summary>Hint 1</summary>Where no clip acts, the push is the ratio times the advantage.
# In two of the four cases of section 3 it is 0.</details>
# <details><summary>Hint 2</summary>A good token (advantage above 0) gets no push above 1.2. A bad
# one gets none below 0.8.</details>


# %% tags=["exercise"]
def push_by_cases(ratio, advantage):
    """Push on a token: ratio 0.5 and advantage 1.0 -> 0.5."""
    # BEGIN SOLUTION
    if advantage > 0 and ratio > 1.2:
        return 0.0
    if advantage < 0 and ratio < 0.8:
        return 0.0
    return ratio * advantage
    # END SOLUTION


# %% tags=["check"]
checks.ex_8_5(push_by_cases)

# %% [markdown] tags=["exercise-text"]
# **Exercise 8.6** (hard, 60 min) A row of your own. Invent advantages: a function from
# rewards (N, G) to advantages (N, G). Two laws hold: a group that agrees gets zeros, and in
# one group a higher reward never gets a lower advantage. Then train with it by `run_live`
# of section 8, with three seeds; a run takes a few seconds. Is the difference to `recipe` larger
# than between seeds?
#
# <details><summary>Hint 1</summary>Ideas: ranks in place of rewards, the median as a baseline,
# only the best against the rest.</details>
# <details><summary>Hint 2</summary>Add a row to `FAMILY`, such as
# `"mine": (my_advantages, wide, token_mean)`, and call `run_live("mine", seed)`. Compare the
# exams of all seeds by `evaluate.paired_seeds`; `answered[name].right.mean(1).tolist()` is the list
# of one seed.</details>
# <details><summary>The comparison in full</summary>
#
# ```python
# def exams(name):
#     for seed in range(3):
#         loop, learner = run_live(name, seed)
#         [*loop]  # trains
#         take_exam(f"{name} {seed}", learner)
#         yield answered[f"{name} {seed}"].right.mean(1).tolist()
#
# FAMILY["mine"] = my_advantages, wide, token_mean
# print(evaluate.paired_seeds([*exams("recipe")], [*exams("mine")]))
# ```
#
# On our machine ranks, the solution's choice, were a tie with `recipe`.</details>


# %% tags=["exercise"]
def my_advantages(rewards):
    """(N, G) rewards -> (N, G) advantages: [[0.5, 0.5, 0.5]] -> [[0.0, 0.0, 0.0]]."""
    # BEGIN SOLUTION
    lower = (rewards.unsqueeze(1) < rewards.unsqueeze(2)).sum(2)
    higher = (rewards.unsqueeze(1) > rewards.unsqueeze(2)).sum(2)
    return (lower - higher) / rewards.shape[1]  # ranks, centred
    # END SOLUTION


# %% tags=["check"]
checks.ex_8_6(my_advantages)

# %% [markdown] tags=["slide"]
# ## Appendix: thinking less
#
# **Skip this if you like**: nothing depends on it.
#
# ### A price, or a switch
#
# "What is the capital of France?" needs no thought. RL can put a **price** on each token.
# Another remedy is **hybrid thinking** (Qwen3, arXiv 2505.09388, section 4.3). A model is fine-tuned on
# answers with and without a thought, and the opening of an answer asks for one or the other.
#
# We compare four models:
#
# - *Dev1* was fine-tuned to think (chapter 10).
# - Two had 30 more steps of RL. A right answer pays 1, and 144 tokens, the most that an answer may
#   have, cost 0 or 0.5.
# - The *hybrid* model reads Dev1's data with half of the thoughts emptied.
#
# In the exam each answers without a thought, and as it likes. The hybrid model is also asked for a
# thought.

# %% tags=["hide-input"]
less = measured("thinking-less-*.json", "arm")
NAMES = {"dev1": "Dev1", "free": "RL, price 0", "cheap": "RL, price 0.5"}
NAMES |= {"hybrid": "hybrid"}
WAYS = {"plain": "no thought", "own": "as it likes", "thinking": "a thought"}


def point(run, way, families):
    """(tokens, share right) of one seed, the mean over families."""
    cards = [run["after"][way][family] for family in families]
    return tuple(fmean(card[key] for card in cards) for key in ("tokens", "pass@1"))


panels = {}
print(f"{'right (tokens)':23}" + "".join(f"{said:>14}" for said in WAYS.values()))
for title, families in (("games", ("arithmetic", "countdown")), ("facts", ("facts",))):
    panels[title] = {}
    for arm, name in NAMES.items():
        every = list(less[arm].values())
        ways = [way for way in WAYS if way in every[0]["after"]]
        seeds = [[point(run, way, families) for run in every] for way in ways]
        panels[title][name] = seeds
        means = [map(fmean, zip(*places, strict=True)) for places in seeds]
        said = [f"{f'{right:.2f} ({tokens:.0f})':>14}" for tokens, right in means]
        print(f"{title}, {name:16}" + "".join(said))
plots.seed_curves(panels, "tokens of an answer", "share right")


# %% tags=["hide-input"]
def facts(arm, way="own", families=("facts",)):
    """Share right of each question of these families, a list for each seed."""
    cards = [run["after"][way] for run in less[arm].values()]
    return [
        [
            right / card["samples"]
            for right, family in zip(
                card["values"]["right"], card["values"]["family"], strict=True
            )
            if family in families
        ]
        for card in cards
    ]


for before, after in (("dev1", "free"), ("free", "cheap"), ("dev1", "cheap")):
    gain = evaluate.paired_seeds(facts(before), facts(after))
    said = "clear" if gain["clear"] else "a tie"
    words = f"facts, {NAMES[after]} minus {NAMES[before]}"
    print(f"{words:40}{gain['difference']:+.2f}, {said}")
for families in (("facts",), ("arithmetic", "countdown")):
    gain = evaluate.paired_seeds(
        facts("dev1", "own", families), facts("hybrid", "thinking", families)
    )
    said = "clear" if gain["clear"] else "a tie"
    words = f"{', '.join(families)}: hybrid, a thought, minus Dev1"
    print(f"{words:55}{gain['difference']:+.2f}, {said}")

# %% [markdown]
# What you see: a line for each model, from answers without a thought to answers as it likes. The
# hybrid has a third point, a requested thought. Small marks are seeds. In the games all lines
# rise, and for facts they fall. That is **overthinking**: in all seeds Dev1 spends several times
# the tokens on facts, and is right less often.
#
# Did the price help? More RL at price 0 is the control, and on facts the two prices are a tie. So an
# effect of the price is not shown. The hybrid model obeys its switch. But asked for a thought, it
# is clearly worse than Dev1 on facts, and tied with it in the games.
