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

# %% [markdown]
# # Appendix B. The mathematics of learning from rewards
#
# | | |
# |---|---|
# | You will build | nothing new: each identity behind the losses of this book, derived in a few lines and checked with numbers |
# | You need | probabilities, derivatives, logarithms; appendix C if autograd is new to you |
# | Minutes to read | 25 |
# | Minutes to run | 1, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeekMath (arXiv 2402.03300), section 4.1; PPO (arXiv 1707.06347), section 3; DPO (arXiv 2305.18290), section 4 |
#
# ![Three curves over the log-ratio d from minus 2 to 2. k1 is a straight line through 0 and is negative on the left. k2 is a parabola that touches 0. k3 touches 0 too, rises slowly on the right and steeply on the left.](../figures/B_estimators.png)
#
# What you see: three ways to estimate how far a policy has moved, as functions of one
# number. Section 7 explains them, and why the choice matters when you differentiate.

# %% [markdown]
# **Run this first.** All numbers are float64, so that an identity holds to many digits.

# %% tags=["setup"]
import itertools
import math

import torch

from r1lib.losses import clipped, kl_k1, kl_k2, kl_k3

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
torch.set_printoptions(precision=3, sci_mode=False)


def same(a, b):
    """Say whether two results agree, up to rounding."""
    return torch.allclose(torch.as_tensor(a), torch.as_tensor(b), atol=1e-9)


# %% [markdown]
# ## 1. A policy that fits on one line
#
# A language model chooses one token after another. We begin with less: one choice among
# five completions. The model is then five numbers, its **logits**, here called `theta`.
# Softmax turns them into probabilities. Such a distribution over a few options is called
# **categorical**.
#
# Each completion has a reward, which the world gives and the model cannot change.

# %% tags=["nbval-check-output"]
theta = torch.tensor([1.0, 0.5, 0.0, -0.5, -1.0])
rewards = torch.tensor([0.0, 1.0, 0.0, 0.0, 1.0])
p = theta.softmax(0)
print("probabilities", p)
print("expected reward", f"{p @ rewards:.3f}")

# %% [markdown]
# Five options are few enough to sum over all of them. So an **expectation**, the mean
# over what the model might write, is exact here:
#
# $$J(\theta) = \mathbb{E}_{y \sim p}[r(y)] = \sum_y p(y)\, r(y).$$
#
# A real model has more completions than anybody can list. Everything below replaces such
# sums by means over samples. Here we can compute both and compare them.

# %% [markdown]
# ## 2. The gradient of an expectation
#
# We want to change `theta` so that $J$ grows. The reward does not depend on `theta`, the
# probabilities do. Their derivative can be written with a logarithm, because
# $\nabla \log p = \nabla p / p$:
#
# $$\nabla J = \sum_y r(y)\, \nabla p(y) = \sum_y p(y)\, r(y)\, \nabla \log p(y)
# = \mathbb{E}_{y \sim p}\left[ r(y)\, \nabla \log p(y) \right].$$
#
# The last form is an expectation again, so samples can estimate it. This is the
# **policy gradient theorem** for one choice. For the softmax, $\nabla \log p(y)$ is known:
# 1 at place $y$, minus all the probabilities. The vector is called the **score** of $y$.


# %%
def scores(p):
    """Row y holds the gradient of log p(y) with respect to the logits."""
    return torch.eye(len(p)) - p


def gradient(f, at):
    """Let autograd differentiate a function of the logits."""
    leaf = at.clone().requires_grad_()
    return torch.autograd.grad(f(leaf), leaf)[0]


# %% tags=["nbval-check-output"]
by_autograd = gradient(lambda theta: theta.softmax(0) @ rewards, theta)
by_theorem = (p * rewards) @ scores(p)
by_hand = p * (rewards - p @ rewards)
print(by_autograd, same(by_autograd, by_theorem), same(by_autograd, by_hand))

# %% [markdown]
# The third version is worth a look: the gradient for a completion is its probability times
# (its reward minus the expected reward). What is better than expected goes up.
#
# Now with samples, as REINFORCE does it (chapter 08). We draw many completions and average
# reward times score. The error shrinks with the square root of their number:

# %%
for count in (100, 10_000, 1_000_000):
    drawn = torch.multinomial(p, count, replacement=True)
    estimate = (rewards[drawn, None] * scores(p)[drawn]).mean(0)
    error = (estimate - by_theorem).norm()
    print(f"{count:9,} samples: error {error:.4f}")
assert error < 0.01

# %% [markdown]
# ## 3. A baseline changes the noise and not the mean
#
# The mean of the score is zero, because probabilities sum to 1 whatever `theta` is:
# $\mathbb{E}[\nabla \log p] = \sum_y \nabla p(y) = \nabla 1 = 0$. So any constant $b$ may be
# subtracted from the reward. The estimate keeps its mean, and its variance changes:


# %%
def moments(baseline):
    """Exact mean and total variance of (r - b) * score, for one sample."""
    values = (rewards - baseline)[:, None] * scores(p)
    mean = p @ values
    return mean, (p @ (values - mean).square()).sum()


# %% tags=["nbval-check-output"]
for name, baseline in (("none", 0.0), ("expected reward", p @ rewards), ("far off", 3)):
    mean, variance = moments(baseline)
    print(f"{name:16} mean right: {same(mean, by_theorem)}  variance {variance:.3f}")

# %% [markdown]
# A reward minus a baseline is called an **advantage**. PPO learns the baseline with a
# second model, the value model. GRPO takes the mean reward of the *group*: the $G$
# completions sampled for one prompt.
#
# One detail is easy to overlook. The group mean contains the completion's own reward, so it
# is not a constant for this completion. We can list all groups of a size and compute the
# exact mean of GRPO's gradient (before any division by the standard deviation):


# %%
def group_gradient(size, own=True):
    """Exact mean gradient over all groups, with the group mean as the baseline."""
    total = torch.zeros(len(p))
    for group in itertools.product(range(len(p)), repeat=size):
        chosen = torch.tensor(group)
        r, chance = rewards[chosen], p[chosen].prod()
        others = (r.sum() - r) / (size - 1)
        advantages = r - (r.mean() if own else others)
        total += chance * (advantages[:, None] * scores(p)[chosen]).mean(0)
    return total


# %% tags=["nbval-check-output"]
for size in (2, 3, 4):
    ratio = group_gradient(size).norm() / by_theorem.norm()
    without = same(group_gradient(size, own=False), by_theorem)
    print(f"G={size}: {ratio:.3f} of the gradient; mean of the others: {without}")

# %% [markdown]
# The group mean shrinks the gradient by the factor $1 - 1/G$ and keeps its direction. With
# $G = 16$ that is 6%, less than a change of learning rate. The mean of the *others*, used by
# RLOO, has no such factor.

# %% [markdown]
# ## 4. Many tokens
#
# A completion is a sequence of tokens $y_1, \dots, y_T$. Each is drawn given those before
# it, so its probability is a product and its logarithm a sum:
#
# $$\log p(y) = \sum_t \log p(y_t \mid y_{<t}).$$
#
# The gradient of section 2 becomes a sum over tokens. Each token's score is multiplied by
# the reward of the whole completion. Now suppose that some reward comes early, after the
# first token. A later token cannot have caused it, so it can be left out there. What
# remains for token $t$ is the **return**: the sum of the rewards from $t$ on. This is the
# policy gradient theorem for sequences:
#
# $$\nabla J = \mathbb{E}\Big[ \sum_t \nabla \log p(y_t \mid y_{<t}) \,
# \big(r_t + r_{t+1} + \dots\big) \Big].$$
#
# To check it, let two tokens be chosen from three. Row 0 of `table` holds the logits of the
# first token, row $1 + y_1$ those of the second.

# %%
table = torch.randn(4, 3)
early, late = torch.randn(3), torch.randn(3, 3)  # rewards of y1, and of (y1, y2)


def expected(table):
    """J, summed over all nine sequences."""
    first, second = table[0].softmax(0), table[1:].softmax(1)
    return (first * early).sum() + (first[:, None] * second * late).sum()


def by_returns(table):
    """The mean, over all sequences, of score times return."""
    total = torch.zeros_like(table)
    first, second = table[0].softmax(0), table[1:].softmax(1)
    for a, b in itertools.product(range(3), repeat=2):
        chance = first[a] * second[a, b]
        total[0] += chance * scores(first)[a] * (early[a] + late[a, b])
        total[1 + a] += chance * scores(second[a])[b] * late[a, b]
    return total


# %% tags=["nbval-check-output"]
print(same(gradient(expected, table), by_returns(table)))

# %% [markdown]
# R1's reward comes once, at the end. Then every token has the same return, and GRPO gives
# every token of a completion the same advantage. The value model of PPO does more: it
# guesses, token by token, what will come (GAE, chapter 08).

# %% [markdown]
# ## 5. Importance sampling: learn from an older policy
#
# Sampling is the expensive part, so we want to use samples for several steps. After the
# first step the policy $p$ is no longer the policy $q$ that sampled. A weight corrects it:
#
# $$\mathbb{E}_{y \sim p}[f(y)] = \sum_y q(y)\, \frac{p(y)}{q(y)}\, f(y)
# = \mathbb{E}_{y \sim q}\left[ \rho(y)\, f(y) \right], \qquad \rho = \frac{p}{q}.$$
#
# $\rho$ is the **ratio**. It needs $q(y) > 0$ wherever $p(y) > 0$. Two facts about it:

# %% tags=["nbval-check-output"]
old = (theta + torch.tensor([0.3, -0.2, 0.1, 0.4, -0.6])).softmax(0)
ratio = p / old
print("the same mean:", same(old @ (ratio * rewards), p @ rewards))
print("mean ratio", f"{old @ ratio:.3f}", " mean square", f"{old @ ratio.square():.3f}")

# %% [markdown]
# The mean of the ratio is 1. Its mean square is the price. $n$ weighted samples are worth
# about $n / \mathbb{E}_q[\rho^2]$ samples of the new policy. For sequences the ratio is a
# product of token ratios, and with independent tokens the mean square is a power:

# %%
price = old @ ratio.square()
for length in (1, 10, 100, 1000):
    print(f"{length:5} tokens: 1,000 samples are worth {1000 / price**length:.3g}")

# %% [markdown]
# So nobody weighs long sequences like this. PPO and GRPO weigh each token with its own
# ratio, which is an approximation, and stay close to $q$.
#
# Why is the approximation good near $q$? At $p = q$ the gradient of the ratio *is* the
# score. So a loss built from ratios starts with the policy gradient:


# %% tags=["nbval-check-output"]
def surrogate(theta):
    """What PPO maximizes, without its clip: the mean of ratio times reward."""
    return (p * (theta.softmax(0) / p) * rewards).sum()


print(same(gradient(surrogate, theta), by_theorem))

# %% [markdown]
# ## 6. The clip
#
# The clip takes away the reward for moving far. It is the smaller of two numbers
# (chapter 08):
#
# $$\min\big(\rho A,\ \mathrm{clip}(\rho, 1-\epsilon, 1+\epsilon)\, A\big).$$
#
# There are four interesting cases: the advantage is positive or negative, the ratio too
# large or too small. Ask autograd which of them still push:

# %% tags=["nbval-check-output"]
for advantage, moved in itertools.product((1.0, -1.0), (1.5, 0.5)):
    logp = torch.tensor([[math.log(moved)]], requires_grad=True)
    value = clipped(logp, torch.zeros(1, 1), torch.tensor([[advantage]]))
    (slope,) = torch.autograd.grad(value.sum(), logp)
    print(f"A={advantage:+.0f} ratio={moved}: gradient {slope.item():+.1f}")

# %% [markdown]
# No gradient where the token has already moved the right way: up for a good one, down for
# a bad one. Where it has moved the wrong way, the gradient stays and brings it back.

# %% [markdown]
# ## 7. How far have we moved? KL and its three estimators
#
# The **Kullback-Leibler divergence** measures how far a policy $p$ is from a reference $q$:
#
# $$\mathrm{KL}(p \,\|\, q) = \mathbb{E}_{y \sim p}\left[\log \frac{p(y)}{q(y)}\right] \ge 0.$$
#
# It is 0 only if they are equal, and it is not symmetric. With $d = \log p(y) - \log q(y)$
# at a sample $y$ of $p$, three estimates are common (Schulman, 2020):
#
# $$k_1 = d, \qquad k_2 = \tfrac{1}{2} d^2, \qquad k_3 = e^{-d} - 1 + d.$$
#
# $k_1$ is the definition, and can be negative. $k_3$ adds $e^{-d} - 1 = q/p - 1$, whose mean
# under $p$ is 0. So $k_3$ has the right mean as well, and $e^x \ge 1 + x$ keeps it from being
# negative. Exact means and standard deviations, for a reference nearby and one far away:

# %% tags=["nbval-check-output"]
logp = theta.log_softmax(0)
for name, step in (("near", 0.2), ("far", 2.0)):
    ref = (theta + step * torch.tensor([-1.0, 0.5, 1.0, 0.2, -0.8])).log_softmax(0)
    print(f"{name}: KL {p @ (logp - ref):.4f}")
    for k in (kl_k1, kl_k2, kl_k3):
        value = k(logp, ref)
        mean = p @ value
        spread = (p @ (value - mean).square()).sqrt()
        print(f"    {k.__name__}  mean {mean:.4f}  deviation {spread:.4f}")

# %% [markdown]
# What you see: $k_1$ and $k_3$ have the mean of the KL, always. $k_2$ comes close for a near
# reference only. $k_1$ is the noisiest when the policies are near, where one usually is.
# So for *watching* the KL, $k_3$ is the best of the three. It has one weakness, the steep
# branch in the figure: a completion that $q$ likes far more than $p$ gives a huge value.

# %% [markdown]
# ## 8. The same three as losses
#
# As a loss an estimate is differentiated, with the samples held fixed. Its gradient need
# not be the gradient of the KL. By the chain rule $\nabla k = k'(d)\, \nabla \log p(y)$, so the
# mean gradient is $\sum_y p(y)\, k'(d)\, \nabla \log p(y)$:


# %%
def mean_gradient(k, ref):
    """Mean, over samples of p, of the gradient of k: the samples do not move."""
    return gradient(lambda theta: p @ k(theta.log_softmax(0), ref), theta)


def kl(a, b):
    """KL(a || b) from log-probabilities."""
    return (a.exp() * (a - b)).sum()


# %% tags=["nbval-check-output"]
toward = gradient(lambda theta: kl(theta.log_softmax(0), ref), theta)  # KL(p || ref)
reverse = gradient(lambda theta: kl(ref, theta.log_softmax(0)), theta)  # KL(ref || p)
print("k1: gradient is zero:      ", same(mean_gradient(kl_k1, ref), torch.zeros(5)))
print("k2: that of KL(p || ref):  ", same(mean_gradient(kl_k2, ref), toward))
print("k3: that of KL(ref || p):  ", same(mean_gradient(kl_k3, ref), reverse))

# %% [markdown]
# Each line has a short proof. $k_1' = 1$, and the mean score is zero: as a loss, $k_1$ does
# nothing but add noise. $k_2' = d$ gives $\mathbb{E}[d\, \nabla \log p]$, which is the gradient of
# $\mathrm{KL}(p \,\|\, q)$. $k_3' = 1 - q/p$ gives $-\sum_y q(y)\, \nabla \log p(y)$, the gradient of
# the KL in the *other* direction.
#
# GRPO's loss uses $k_3$ (DeepSeekMath, eq. 4). Near the reference the two directions agree,
# so nobody notices. Far from it they differ: $\mathrm{KL}(\text{ref} \,\|\, p)$ punishes a policy for
# losing what the reference does, $\mathrm{KL}(p \,\|\, \text{ref})$ for doing what the reference does not.
#
# RLHF puts $-\beta d$ into the *reward* instead. Section 2 then gives the gradient
# $-\beta\, \mathbb{E}[d\, \nabla \log p]$, the one of $k_2$:

# %% tags=["nbval-check-output"]
print("in the reward:", same((p * (logp - ref)) @ scores(p), toward))

# %% [markdown]
# ## 9. The best policy on a leash
#
# What is the best that a policy can do if it pays $\beta$ for each unit of KL? Maximize
# $J - \beta\, \mathrm{KL}(p \,\|\, q)$ over all distributions. The solution is known in closed form:
#
# $$p^*(y) = \frac{1}{Z}\, q(y)\, e^{r(y)/\beta}, \qquad
# Z = \sum_y q(y)\, e^{r(y)/\beta},$$
#
# and its value is $\beta \log Z$. The proof is one line. Put $p^*$ into the objective: it
# becomes $\beta \log Z - \beta\, \mathrm{KL}(p \,\|\, p^*)$, and a KL is never negative. So no other
# policy reaches $\beta \log Z$:

# %% tags=["nbval-check-output"]
beta, q = 0.5, ref.exp()
weights = q * (rewards / beta).exp()
best = weights / weights.sum()


def on_a_leash(p):
    """J minus beta times the KL to the reference."""
    return (p * rewards).sum() - beta * kl(p.log(), ref)


print("value is beta log Z:", same(on_a_leash(best), beta * weights.sum().log()))
others = torch.randn(1000, 5).softmax(1)
better = sum(bool(on_a_leash(other) > on_a_leash(best)) for other in others)
print("better ones of 1,000:", better)

# %% [markdown]
# Read backwards, the formula says which reward a policy is best for:
# $r(y) = \beta \log \frac{p^*(y)}{q(y)} + \beta \log Z$. In a *difference* of two rewards for one
# prompt the unknown $Z$ cancels. DPO (chapter 08) is built on that: it fits differences of
# log-ratios to people's preferences, and needs no reward model.

# %% tags=["nbval-check-output"]
implied = beta * (best.log() - ref)
print("differences of rewards:", same(implied[1] - implied[0], rewards[1] - rewards[0]))

# %% [markdown]
# ## Summary
#
# | identity | in the library | chapter |
# |---|---|---|
# | the gradient is the mean of advantage times score | `r1lib.rl.reinforce`, `r1lib.rl.grpo.grpo_loss` | 08, 09 |
# | a baseline changes the noise only | `r1lib.rl.grpo.group_advantages` | 08, 09 |
# | returns: later rewards only | `r1lib.rl.ppo.gae` | 08 |
# | the ratio corrects for older samples; the clip bounds it | `r1lib.losses.clipped` | 08 |
# | three estimators of the KL, and their gradients | `r1lib.losses.kl_k1`, `kl_k2`, `kl_k3` | 08, 11 |
# | the best policy on a leash | `r1lib.rl.dpo.dpo_loss` | 08 |
#
# ## Questions
#
# 1. All completions of a group are right. What is the gradient of GRPO for this group, and
#    what would it be without a baseline?
#
#    <details><summary>Answer</summary>Zero: each reward equals the group mean. Without a
#    baseline every sampled completion is pushed up. Over many groups that averages out, but
#    it is noise.</details>
#
# 2. A training log shows `kl = -0.003`. Is something broken?
#
#    <details><summary>Answer</summary>Not if it is a mean of $k_1$ over few samples: it can
#    be negative. A negative $k_3$ would be a bug.</details>
#
# 3. Your loss adds $0.05 \cdot k_1$, averaged over fresh samples, and the policy drifts away
#    from the reference as if nothing held it. Why?
#
#    <details><summary>Answer</summary>The mean gradient of $k_1$ is zero (section 8). Put the
#    log-ratio into the reward, or use $k_2$ or $k_3$ as the loss.</details>
