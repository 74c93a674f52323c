"""Proximal Policy Optimization: the RL of RLHF, with a value model as its baseline.

PPO (Schulman et al., arXiv 1707.06347; for language models InstructGPT, 2203.02155)
gives every token its own advantage: how much better things went than a second model,
the value model, expected before the token. GAE (1506.02438) says how far ahead to look.
The loop is that of `grpo.train`; what differs is step 4, and a second loss in step 5.

Values are indexed by token, as everything shaped (B, T): `values[b, t]` is what the
value model expects of the completion *before* it sees `ids[b, t]`.
"""

import math
import time
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from r1lib import rewards
from r1lib.losses import (
    check_shapes,
    clip_fraction,
    clipped,
    kl_k1,
    token_logprobs,
    token_mean,
)
from r1lib.rl.rollout import Rollout, measures, parts, rollout, step_generators
from r1lib.training import limits, optim


@dataclass(frozen=True)
class PPOConfig:
    """How to run PPO; a step is `prompts` x `group_size` completions."""

    steps: int = 100
    prompts: int = 32
    group_size: int = 16  # completions of one problem; nothing compares them: 1 will do
    max_new_tokens: int = 144
    temperature: float = 1.0
    lr: float = 6e-4
    value_lr: float = 1e-3
    warmup: float = 0.03
    decay: float = 0.5
    clip_low: float = 0.2
    clip_high: float = 0.2
    value_clip: float = 0.2
    gamma: float = 1.0
    lam: float = 1.0  # R1 v2: 0.95 was clearly worse than 1 on long chains of thought
    kl_coef: float = 0.0  # k1 to the reference, taken from the reward of each token
    minibatches: int = 4  # optimizer steps for one rollout, each on its own part of it
    micro_tokens: int = 12_000  # most tokens in one forward pass: bounds the memory
    seed: int = 0

    def __post_init__(self):
        limits.whole(self, "steps", "prompts", "group_size", "minibatches")
        limits.whole(self, "max_new_tokens", "micro_tokens")
        limits.positive(self, "temperature", "lr", "value_lr", "value_clip")
        limits.share(self, "warmup", "decay", "gamma", "lam")
        limits.not_negative(self, "clip_low", "clip_high", "kl_coef")
        limits.seed(self)
        if self.minibatches > self.prompts * self.group_size:
            raise ValueError(
                f"minibatches ({self.minibatches}) must be at most "
                f"prompts x group_size ({self.prompts * self.group_size})"
            )


def token_rewards(
    rewards: Float[Tensor, " B"],
    mask: Bool[Tensor, "B T"],
    penalty: Float[Tensor, "B T"] | None = None,
) -> Float[Tensor, "B T"]:
    """Put a completion's reward on its last token; take a penalty off every token.

    In RLHF the penalty is kl_coef * k1 to the reference. A completion without tokens
    gets no reward.

    >>> token_rewards(torch.tensor([1.0]), torch.tensor([[False, True, True, False]]))
    tensor([[0., 0., 1., 0.]])
    """
    last = mask.shape[1] - 1 - mask.flip(1).int().argmax(1, keepdim=True)
    placed = torch.zeros_like(mask, dtype=rewards.dtype)
    placed = placed.scatter(1, last, rewards.unsqueeze(1))
    if penalty is not None:
        placed = placed - penalty
    return torch.where(mask, placed, 0)


@torch.no_grad()
def gae(
    rewards: Float[Tensor, "B T"],
    values: Float[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    gamma: float = 1.0,
    lam: float = 1.0,
) -> tuple[Float[Tensor, "B T"], Float[Tensor, "B T"]]:
    """Return advantages and returns of each token (GAE, arXiv 1506.02438, eq. 16).

    A reward is at the token that earned it. delta_t = r_t + gamma V_{t+1} - V_t, and
    A_t = delta_t + gamma lam A_{t+1}; V and A are 0 after the last token. The return,
    which the value model learns, is A + V. With lam = 1 it is the discounted sum of all
    later rewards (Monte Carlo), with lam = 0 it is r_t + gamma V_{t+1} (TD).

    Masked places hold 0 and cannot count, not even as NaN; V_{t+1} is that of the next
    token under the mask. A reward or value under the mask that is not finite is a
    ValueError.

    >>> rewards = torch.tensor([[0.0, 0.0, 1.0]])
    >>> values = torch.tensor([[0.5, 0.6, 0.8]])
    >>> mask = torch.ones(1, 3, dtype=torch.bool)
    >>> gae(rewards, values, mask, lam=0.0)[0]
    tensor([[0.1000, 0.2000, 0.2000]])
    >>> gae(rewards, values, mask, lam=1.0)
    (tensor([[0.5000, 0.4000, 0.2000]]), tensor([[1., 1., 1.]]))
    """
    if not 0 <= gamma <= 1 or not 0 <= lam <= 1:
        raise ValueError(f"wanted gamma and lam from 0 to 1, got {gamma} and {lam}")
    check_shapes(rewards=rewards, values=values, mask=mask)
    rewards, values = torch.where(mask, rewards, 0), torch.where(mask, values, 0)
    _check_finite("rewards", rewards)
    _check_finite("values", values)
    advantages = torch.zeros_like(values)
    after = value_after = torch.zeros_like(values[:, :1])
    for t in reversed(range(mask.shape[1])):
        here = slice(t, t + 1)
        delta = rewards[:, here] + gamma * value_after - values[:, here]
        after = torch.where(mask[:, here], delta + gamma * lam * after, after)
        value_after = torch.where(mask[:, here], values[:, here], value_after)
        advantages[:, here] = torch.where(mask[:, here], after, 0)
    return advantages, advantages + values


def _check_finite(name: str, values: Float[Tensor, "B T"]) -> None:
    """Refuse what is inf or NaN; the error names the first such place."""
    if not values.isfinite().all():
        row, token = (~values.isfinite()).nonzero()[0].tolist()
        raise ValueError(
            f"{name} must be finite, got {values[row, token].item()} "
            f"for token {token} of completion {row}"
        )


def whiten(
    values: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"]
) -> Float[Tensor, "B T"]:
    """Shift and scale to mean 0 and std 1 under the mask; masked places hold 0."""
    centered = torch.where(mask, values - token_mean(values, mask), 0)
    return centered / (token_mean(centered.square(), mask) + 1e-8).sqrt()


def token_values(value_model, ids: Int[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    """Value before each token; column 0, before which there is nothing, holds 0.

    A value model is a Transformer with a head `score` of one number for each position,
    such as a reward model: `RewardModel.of(policy)`, or one that was trained.
    """
    scores = value_model.score(value_model.hidden(ids)).squeeze(-1)
    return F.pad(scores[:, :-1], (1, 0))


def value_loss(
    values: Float[Tensor, "B T"],
    old_values: Float[Tensor, "B T"],
    returns: Float[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    clip: float = 0.2,
    *,
    aggregate=token_mean,
) -> tuple[Float[Tensor, ""], dict[str, float]]:
    """Half the squared error of the values, clipped, as PPO's programs have it.

    The larger error counts of the new value and of the one moved by at most `clip` from
    the old: the value model gains nothing by moving further, as the policy does not in
    `clipped`. `math.inf` switches the clip off.
    """
    if not clip > 0:
        raise ValueError(f"clip must be above 0, got {clip}")
    check_shapes(values=values, old=old_values, returns=returns, mask=mask)
    values, old_values, returns = (
        torch.where(mask, x, 0) for x in (values, old_values, returns)
    )
    near = old_values + (values - old_values).clamp(-clip, clip)
    error = torch.maximum((values - returns).square(), (near - returns).square())
    loss = aggregate(error, mask) / 2
    return loss, {"value_loss": loss.item()}


def ppo_loss(
    logprobs: Float[Tensor, "B T"],
    old_logprobs: Float[Tensor, "B T"],
    advantages: Float[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    *,
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    aggregate=token_mean,
) -> tuple[Float[Tensor, ""], dict[str, float]]:
    """Minus the mean of the clipped objective, with an advantage for each token."""
    check_shapes(logprobs=logprobs, old=old_logprobs, advantages=advantages, mask=mask)
    logprobs, old_logprobs, advantages = (
        torch.where(mask, x, 0) for x in (logprobs, old_logprobs, advantages)
    )
    gain = clipped(logprobs, old_logprobs, advantages, clip_low, clip_high)
    outside = clip_fraction(
        logprobs, old_logprobs, advantages, mask, clip_low, clip_high
    )
    return -aggregate(gain, mask), {"clip_fraction": outside}


@torch.no_grad()
def in_parts(function, batch: Rollout, micro_tokens: int) -> Float[Tensor, "B T"]:
    """Apply function(ids) -> (B, T) to a rollout, part by part, without gradient."""
    result = torch.zeros_like(batch.old_logprobs)
    for part, width in parts(batch, torch.arange(len(batch.ids)), micro_tokens):
        result[part, :width] = function(batch.ids[part, :width])
    return result


def compare(batch: Rollout, value_model, config: PPOConfig, ref=None):
    """Return the advantages, returns and values of a rollout, each (B, T)."""
    penalty = None
    if config.kl_coef:
        ref_logprobs = in_parts(
            lambda ids: token_logprobs(ref(ids), ids, config.temperature),
            batch,
            config.micro_tokens,
        )
        penalty = config.kl_coef * kl_k1(batch.old_logprobs, ref_logprobs)
    values = in_parts(partial(token_values, value_model), batch, config.micro_tokens)
    placed = token_rewards(batch.rewards, batch.mask, penalty)
    advantages, returns = gae(placed, values, batch.mask, config.gamma, config.lam)
    return whiten(advantages, batch.mask), returns, values


def update(
    policy, value_model, optimizers, value_optimizers, batch, compared, rows, config
) -> dict[str, float]:
    """Take one optimizer step of both models; `compared` is what `compare` returns."""
    aggregate = partial(token_mean, whole=batch.mask[rows])
    kept = {"clip_fraction": 0.0, "value_loss": 0.0}
    for part, width in parts(batch, rows, config.micro_tokens):
        ids, mask, old, advantages, returns, values = (
            x[part, :width]
            for x in (batch.ids, batch.mask, batch.old_logprobs, *compared)
        )
        loss, metrics = ppo_loss(
            token_logprobs(policy(ids), ids, config.temperature),
            old,
            advantages,
            mask,
            clip_low=config.clip_low,
            clip_high=config.clip_high,
            aggregate=aggregate,
        )
        error, more = value_loss(
            token_values(value_model, ids),
            values,
            returns,
            mask,
            config.value_clip,
            aggregate=aggregate,
        )
        (loss + error).backward()
        share = float(mask.sum() / batch.mask[rows].sum().clamp(min=1))
        kept["clip_fraction"] += metrics["clip_fraction"] * share
        kept["value_loss"] += more["value_loss"]
    kept["grad_norm"] = optim.guarded_step(policy, optimizers)
    kept["value_grad_norm"] = optim.guarded_step(value_model, value_optimizers)
    return kept


def explained_variance(
    returns: Float[Tensor, "B T"],
    values: Float[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
) -> float:
    """Share of the returns' variance that the values explain: 1 is perfect.

    Values no better than the mean return explain 0, worse ones less. NaN where all
    returns are the same.
    """
    rest, total = (returns - values)[mask], returns[mask]
    spread = total.var(correction=0).item()
    return 1 - rest.var(correction=0).item() / spread if spread else math.nan


def train(
    policy,
    value_model,
    tokenizer,
    draw_problem,
    config: PPOConfig,
    optimizers,
    value_optimizers,
    *,
    ref=None,
    reward=rewards.total,
    start: int = 0,
    score=None,
):
    """Run PPO; yields metrics and the rollout after each step, as `grpo.train` does.

    `value_model` is a model as in `token_values`, never the policy itself. Step s draws
    from generators seeded by (seed, s) alone, so a resumed run repeats the
    uninterrupted one, as long as both models and both optimizers were saved.
    """
    if config.kl_coef and ref is None:
        raise ValueError(
            f"kl_coef is {config.kl_coef}: wanted a reference model as ref, got None"
        )
    policy.train()
    value_model.train()
    for step in range(start, config.steps):
        rng, generator = step_generators(config.seed, step, policy.embed.weight.device)
        # 1 draw
        problems = [draw_problem(rng) for _ in range(config.prompts)]
        began = time.perf_counter()
        # 2 sample, 3 score
        batch = rollout(
            policy,
            tokenizer,
            problems,
            config.group_size,
            reward,
            max_new_tokens=config.max_new_tokens,
            temperature=config.temperature,
            generator=generator,
            score=score,
        )
        sampled = time.perf_counter()
        # 4 compare: with the value model, not with siblings
        compared = compare(batch, value_model, config, ref)
        # 5 learn
        factor = optim.warmup_stable_decay(
            step, config.steps, config.warmup, config.decay
        )
        optim.set_lr([*optimizers, *value_optimizers], factor)
        for rows in torch.arange(len(batch.ids)).chunk(config.minibatches):
            metrics = update(
                policy,
                value_model,
                optimizers,
                value_optimizers,
                batch,
                compared,
                rows,
                config,
            )
        yield (
            {
                "step": step + 1,
                **measures(batch),
                "explained_variance": explained_variance(*compared[1:], batch.mask),
                "sample_seconds": sampled - began,
                "train_seconds": time.perf_counter() - sampled,
                **metrics,
            },
            batch,
        )
