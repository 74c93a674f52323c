"""Group Relative Policy Optimization, and the loop that made R1-Zero.

GRPO (DeepSeekMath, arXiv 2402.03300, section 4.1) asks for G answers to one question
and compares each with its siblings; no value model is needed. Chapter 09 builds it.

How this file differs from the paper:

1. Tokens are averaged over the batch, not first within a completion (DAPO).
2. Advantages are not divided by the group's std unless `normalize_std` says so.
3. A KL term to a reference is taken only where `kl_coef` is above 0.
4. The upper clip is wider than the lower one (DAPO's clip-higher).
5. One rollout serves `minibatches` optimizer steps, so the clip has something to do
   from the second on.
"""

import time
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from r1lib import rewards
from r1lib.losses import (
    check_shapes,
    clip_fraction,
    clipped,
    kl_k3,
    token_mean,
)
from r1lib.rl.rollout import Rollout, measures, parts, rollout, step_generators
from r1lib.training import limits, optim
from r1lib.training.shared_prompts import completion_logprobs


@dataclass(frozen=True)
class GRPOConfig:
    """How to run R1-Zero; a step is `prompts` x `group_size` completions."""

    steps: int = 100
    prompts: int = 32
    group_size: int = 16
    max_new_tokens: int = 144
    temperature: float = 1.0
    lr: float = 6e-4
    warmup: float = 0.03
    decay: float = 0.5
    clip_low: float = 0.2
    clip_high: float = 0.28
    kl_coef: float = 0.0
    normalize_std: bool = False  # Dr. GRPO; see `train`
    minibatches: int = 4  # optimizer steps for one rollout, each on its own part of it
    micro_tokens: int = 12_000  # most tokens in one forward pass: bounds the memory
    seed: int = 0

    def __post_init__(self):
        limits.whole(self, "steps", "prompts", "minibatches")
        limits.whole(self, "max_new_tokens", "micro_tokens")
        limits.whole(self, "group_size", least=2)
        limits.positive(self, "temperature", "lr")
        limits.share(self, "warmup", "decay")
        limits.not_negative(self, "clip_low", "clip_high", "kl_coef")
        limits.truth(self, "normalize_std")
        limits.seed(self)
        if self.prompts % self.minibatches:
            raise ValueError(
                f"prompts ({self.prompts}) must be a multiple of minibatches "
                f"({self.minibatches})"
            )


def group_advantages(
    rewards: Float[Tensor, "N G"], eps: float = 1e-4, normalize_std: bool = True
) -> Float[Tensor, "N G"]:
    """Compare each of G answers with its siblings: (r - mean) / (std + eps).

    A group that agrees, all right or all wrong, gets exact zeros: it holds no signal.
    Rewards agree if they differ by rounding alone, at most 4 units in the last place
    of the largest. DeepSeekMath section 4.1.2; std with Bessel's correction, as TRL
    computes it. Rewards that are inf or NaN are a ValueError.

    >>> rewards = torch.tensor([[1., 0., 0., 1.], [1., 1., 1., 1.]])
    >>> group_advantages(rewards).round(decimals=3)
    tensor([[ 0.8660, -0.8660, -0.8660,  0.8660],
            [ 0.0000,  0.0000,  0.0000,  0.0000]])
    """
    if rewards.shape[1] < 2:
        raise ValueError(f"a group needs at least 2 answers, got {rewards.shape[1]}")
    if not rewards.isfinite().all():
        group, answer = (~rewards.isfinite()).nonzero()[0].tolist()
        raise ValueError(
            f"rewards must be finite, got {rewards[group, answer].item()} "
            f"for answer {answer} of group {group}"
        )
    wide = rewards.to(torch.promote_types(rewards.dtype, torch.float32))
    found = wide - wide.mean(dim=1, keepdim=True)
    if normalize_std:
        found = found / (wide.std(dim=1, keepdim=True) + eps)
    spread = wide.amax(1, keepdim=True) - wide.amin(1, keepdim=True)
    rounding = 4 * torch.finfo(rewards.dtype).eps * wide.abs().amax(1, keepdim=True)
    return torch.where(spread > rounding, found, 0).to(rewards.dtype)


def grpo_loss(
    logprobs: Float[Tensor, "B T"],
    old_logprobs: Float[Tensor, "B T"],
    advantages: Float[Tensor, " B"],
    mask: Bool[Tensor, "B T"],
    *,
    ref_logprobs: Float[Tensor, "B T"] | None = None,
    kl_coef: float = 0.0,
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    aggregate=token_mean,
    objective=None,
    weights: Float[Tensor, "B #T"] | None = None,
) -> tuple[Float[Tensor, ""], dict[str, float]]:
    """Return the GRPO loss: clipped objective, minus kl_coef * k3 to the reference.

    On the first step after sampling all ratios are 1. Then with `sequence_mean` the
    loss is 0, as advantages of a group sum to zero; with `token_mean` longer ones count
    more, and it is not. Neither gradient is 0. `clip_fraction` is the share
    of all tokens under the mask whose ratio is outside the clip, where the advantage is
    not 0: without an advantage there is nothing to clip.

    `objective(logprobs, old_logprobs, advantages, mask)` may take the place of
    `clipped`: with the advantages as (B, 1) it returns (B, T), or (B, 1) for a whole
    completion. `weights` multiply the objective, not the KL term, and have no gradient:
    the importance of a token where the sampler differs from the trainer.

    What is outside the mask is not read, not even an inf or a NaN. A mask without any
    True token gives a loss of 0. A `kl_coef` above 0 without `ref_logprobs` is a
    ValueError.
    """
    if kl_coef and ref_logprobs is None:
        raise ValueError(f"kl_coef is {kl_coef}, which needs ref_logprobs, got None")
    check_shapes(logprobs=logprobs, old=old_logprobs, mask=mask, ref=ref_logprobs)
    check_shapes(advantages=advantages, completions=mask[:, 0])
    logprobs = torch.where(mask, logprobs, 0)  # here, or gradients would be 0 * inf
    old_logprobs = torch.where(mask, old_logprobs, 0)
    tokens = (logprobs, old_logprobs, advantages.unsqueeze(1))
    if objective is None:
        gain = clipped(*tokens, clip_low, clip_high)
    else:
        gain = objective(*tokens, mask)
    if weights is not None:
        gain = gain * torch.where(mask, weights, 0)
    metrics = {"clip_fraction": clip_fraction(*tokens, mask, clip_low, clip_high)}
    if kl_coef:
        kl = kl_k3(logprobs, torch.where(mask, ref_logprobs, 0))
        gain = gain - kl_coef * kl
        metrics["kl"] = token_mean(kl.detach(), mask).item()
    return -aggregate(gain, mask), metrics


@torch.no_grad()
def reference_logprobs(ref, ids, mask, config: GRPOConfig) -> Tensor | None:
    """Log-probabilities of the reference; None where there is none or no KL term."""
    if not config.kl_coef or ref is None:  # then `grpo_loss` refuses a KL term
        return None
    return completion_logprobs(ref, ids, mask, config.temperature)


def update(
    policy,
    optimizers,
    batch: Rollout,
    advantages: Float[Tensor, " B"],
    rows: Int[Tensor, " R"],
    config: GRPOConfig,
    ref=None,
    objective=None,
    aggregate=token_mean,
) -> dict[str, float]:
    """Take one optimizer step on the given rows; those without signal are skipped.

    The rows are read in parts of at most `config.micro_tokens` tokens. How they are cut
    changes neither the loss nor the gradient, as `aggregate` is given the whole mask.
    """
    whole = batch.mask[rows]  # rows without signal still count: the step shrinks when
    if not config.kl_coef:  # few groups disagree
        rows = rows[advantages[rows] != 0]
    kept = {"clip_fraction": 0.0, "kl": 0.0}
    for part, width in parts(batch, rows, config.micro_tokens):
        ids, mask, old = (
            x[part, :width] for x in (batch.ids, batch.mask, batch.old_logprobs)
        )
        logprobs = completion_logprobs(policy, ids, mask, config.temperature)
        loss, metrics = grpo_loss(
            logprobs,
            old,
            advantages[part],
            mask,
            ref_logprobs=reference_logprobs(ref, ids, mask, config),
            kl_coef=config.kl_coef,
            clip_low=config.clip_low,
            clip_high=config.clip_high,
            aggregate=partial(aggregate, whole=whole),
            objective=objective,
        )
        loss.backward()  # the parts add up to the loss of all rows
        for name, value in metrics.items():
            kept[name] += value * float(mask.sum() / whole.sum().clamp(min=1))
    kept["grad_norm"] = optim.guarded_step(policy, optimizers)
    return kept


def train(
    policy,
    tokenizer,
    draw_problem,
    config: GRPOConfig,
    optimizers,
    *,
    ref=None,
    reward=rewards.total,
    start: int = 0,
    score=None,
    advantages=None,
    adjust=None,
    objective=None,
    aggregate=token_mean,
):
    """Run the R1-Zero loop; yields metrics and the rollout after each step.

    `draw_problem(rng)` returns a training problem. Step s draws from generators
    seeded by (seed, s) alone, so a resumed run repeats the uninterrupted one.
    `score(problems, texts)` may score a whole rollout at once, in place of `reward`.

    Other algorithms are this loop with another function: `advantages(rewards)` in place
    of `group_advantages`, (N, G) to (N, G) (`rl.reinforce`); `adjust(rollout)`, which
    returns a rollout with changed rewards or mask before they are compared (`rl.dapo`);
    `objective` as in `grpo_loss`, and an aggregator of `losses`.

    Advantages are not divided by the group's std unless the config says so. A group
    that is all wrong differs in its format alone; divided by its tiny std, these tenths
    would shout as loudly as right and wrong do elsewhere, and the policy would learn to
    stop early and neatly.
    """
    if config.kl_coef and ref is None:
        raise ValueError(
            f"kl_coef is {config.kl_coef}: wanted a reference model as ref, got None"
        )
    if advantages is None:
        advantages = partial(group_advantages, normalize_std=config.normalize_std)
    policy.train()
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
        batch = batch if adjust is None else adjust(batch)
        sampled = time.perf_counter()
        # 4 compare
        compared = advantages(batch.rewards.view(config.prompts, config.group_size))
        # 5 learn
        factor = optim.warmup_stable_decay(
            step, config.steps, config.warmup, config.decay
        )
        optim.set_lr(optimizers, factor)
        for rows in torch.arange(compared.numel()).chunk(config.minibatches):
            metrics = update(
                policy,
                optimizers,
                batch,
                compared.flatten(),
                rows,
                config,
                ref,
                objective,
                aggregate,
            )
        yield (
            {
                "step": step + 1,
                **measures(batch),
                "agreeing_groups": (compared == 0).all(1).float().mean().item(),
                "sample_seconds": sampled - began,
                "train_seconds": time.perf_counter() - sampled,
                **metrics,
            },
            batch,
        )
