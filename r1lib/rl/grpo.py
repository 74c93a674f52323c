"""Group Relative Policy Optimization, and the loop that made R1-Zero.

GRPO (DeepSeekMath, arXiv 2402.03300, section 4.1) asks for G answers to one question
and compares each with its siblings; no value model is needed. How this file differs
from the paper: tokens are averaged over the batch, not first within a completion
(DAPO); a KL term to a reference is taken only where `kl_coef` is above 0; one rollout
serves `minibatches` optimizer steps, so the clip has something to do from the second
on. Chapter 09 builds it.
"""

import random
import time
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from r1lib import rewards
from r1lib.losses import clipped, kl_k3, token_logprobs, token_mean
from r1lib.rl.rollout import Rollout, rollout
from r1lib.training import limits, optim
from r1lib.training.batches import micro_batches


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
) -> tuple[Float[Tensor, ""], dict[str, float]]:
    """Return the GRPO loss: clipped objective, minus kl_coef * k3 to the reference.

    On the first step after sampling all ratios are 1 and, as advantages of a group
    sum to zero, the loss is near 0. Its gradient is not. `clip_fraction` is the share
    of all tokens under the mask whose ratio is outside the clip, where the advantage is
    not 0: without an advantage there is nothing to clip.

    What is outside the mask is not read, not even an inf or a NaN. A mask without any
    True token gives a loss of 0. A `kl_coef` above 0 without `ref_logprobs` is a
    ValueError.
    """
    if kl_coef and ref_logprobs is None:
        raise ValueError(f"kl_coef is {kl_coef}, which needs ref_logprobs, got None")
    logprobs = torch.where(mask, logprobs, 0)  # here, or gradients would be 0 * inf
    old_logprobs = torch.where(mask, old_logprobs, 0)
    objective = clipped(
        logprobs, old_logprobs, advantages.unsqueeze(1), clip_low, clip_high
    )
    metrics = {}
    if kl_coef:
        kl = kl_k3(logprobs, torch.where(mask, ref_logprobs, 0))
        objective = objective - kl_coef * kl
        metrics["kl"] = token_mean(kl.detach(), mask).item()
    ratio = (logprobs.detach() - old_logprobs).exp()
    outside = (ratio < 1 - clip_low) | (ratio > 1 + clip_high)
    outside &= advantages.unsqueeze(1) != 0
    metrics["clip_fraction"] = token_mean(outside.float(), mask).item()
    return -aggregate(objective, mask), metrics


def update(policy, optimizers, batch: Rollout, advantages, rows, config, ref=None):
    """Take one optimizer step on the given rows; those without signal are skipped."""
    total = batch.mask[rows].sum().clamp(min=1)  # those without signal still count:
    if not config.kl_coef:  # the step shrinks when few groups disagree
        rows = rows[advantages[rows] != 0]
    ends = batch.ids.shape[1] - batch.mask.flip(1).int().argmax(1)
    kept = {"clip_fraction": 0.0, "kl": 0.0}
    for cut in micro_batches(ends.cpu(), rows.cpu(), config.micro_tokens):
        width = int(ends[cut].max())
        ids, mask, old = (
            x[cut, :width] for x in (batch.ids, batch.mask, batch.old_logprobs)
        )
        logprobs = token_logprobs(policy(ids), ids, config.temperature)
        ref_logprobs = None
        if config.kl_coef and ref is not None:  # without one, `grpo_loss` refuses
            with torch.no_grad():
                ref_logprobs = token_logprobs(ref(ids), ids, config.temperature)
        loss, metrics = grpo_loss(
            logprobs,
            old,
            advantages[cut],
            mask,
            ref_logprobs=ref_logprobs,
            kl_coef=config.kl_coef,
            clip_low=config.clip_low,
            clip_high=config.clip_high,
        )
        share = mask.sum() / total  # token means of the parts add up to that of all
        (loss * share).backward()
        for name, value in metrics.items():
            kept[name] += value * float(share)
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
):
    """Run the R1-Zero loop; yields metrics and the rollout after each step.

    `draw_problem(rng)` returns a training problem. Step s draws from generators
    seeded by (seed, s) alone, so a resumed run repeats the uninterrupted one.
    `score(problems, texts)` may score a whole rollout at once, in place of `reward`.

    Advantages are not divided by the group's std unless the config says so. A group
    that is all wrong differs in its format alone; divided by its tiny std, these tenths
    would shout as loudly as right and wrong do elsewhere, and the policy would learn to
    stop early and neatly.
    """
    if config.kl_coef and ref is None:
        raise ValueError(
            f"kl_coef is {config.kl_coef}: wanted a reference model as ref, got None"
        )
    policy.train()
    for step in range(start, config.steps):
        rng = random.Random(f"{config.seed}-{step}")
        generator = torch.Generator(policy.embed.weight.device)
        generator.manual_seed(rng.getrandbits(62))
        problems = [draw_problem(rng) for _ in range(config.prompts)]
        began = time.perf_counter()
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
        grouped = batch.rewards.view(config.prompts, config.group_size)
        advantages = group_advantages(grouped, normalize_std=config.normalize_std)
        agreeing = (advantages == 0).all(1)
        advantages = advantages.flatten()
        factor = optim.warmup_stable_decay(
            step, config.steps, config.warmup, config.decay
        )
        optim.set_lr(optimizers, factor)
        for rows in torch.arange(len(advantages)).chunk(config.minibatches):
            metrics = update(policy, optimizers, batch, advantages, rows, config, ref)
        yield (
            {
                "step": step + 1,
                "reward": batch.rewards.mean().item(),
                "accuracy": (batch.rewards >= 1).float().mean().item(),
                "length": batch.lengths.float().mean().item(),
                "finished": sum(batch.finished) / len(batch.finished),
                "agreeing_groups": agreeing.float().mean().item(),
                "sample_seconds": sampled - began,
                "train_seconds": time.perf_counter() - sampled,
                **metrics,
            },
            batch,
        )
