"""Direct Preference Optimization: preferences without a reward model and without RL.

Rafailov et al., arXiv 2305.18290: the policy that is best for a Bradley-Terry reward,
held near a reference, can be found from pairs alone. The reward is then the log-ratio
of policy and reference, times beta.

The loop differs from that of `grpo.train` in its first steps: it neither samples nor
scores, as its pairs were made before: from a rollout by `best_and_worst`, or by a
judge.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from r1lib.losses import check_shapes, token_logprobs
from r1lib.rl.grpo import group_advantages
from r1lib.rl.rollout import Rollout
from r1lib.training import limits, optim, sft
from r1lib.training.batches import accumulate, micro_batches, scheduled


@dataclass(frozen=True)
class DPOConfig:
    """How to run DPO; a step is `batch_size` pairs."""

    epochs: int = 1
    batch_size: int = 32
    lr: float = 1e-4
    beta: float = 0.1
    warmup: float = 0.03
    lowest: float = 0.1
    micro_tokens: int = 12_000  # most tokens in one forward pass: bounds the memory
    seed: int = 0

    def __post_init__(self):
        limits.whole(self, "epochs", "batch_size", "micro_tokens")
        limits.positive(self, "lr", "beta")
        limits.share(self, "warmup", "lowest")
        limits.seed(self)


@dataclass(frozen=True)
class Pair:
    """Two completions of one prompt, as ids; stop tokens are included."""

    prompt: list[int]
    chosen: list[int]
    rejected: list[int]

    def __post_init__(self):
        if not (self.prompt and self.chosen and self.rejected):
            raise ValueError(
                "a pair needs a prompt and two completions of at least one token, got "
                f"{len(self.prompt)}, {len(self.chosen)} and {len(self.rejected)}"
            )


def best_and_worst(batch: Rollout, group_size: int) -> list[Pair]:
    """Pair the first best and the first worst of each group whose rewards differ."""
    rewards = batch.rewards.view(-1, group_size)
    advantages = group_advantages(rewards, normalize_std=False)
    pairs = []
    for n in (advantages != 0).any(1).nonzero().flatten().tolist():
        rows = n * group_size + torch.stack((rewards[n].argmax(), rewards[n].argmin()))
        pairs.append(pair_of(batch, *rows.tolist()))
    return pairs


def pair_of(batch: Rollout, chosen: int, rejected: int) -> Pair:
    """Make a pair of two rows of a rollout that answer one prompt."""
    start = int(batch.mask[chosen].int().argmax())
    ids = (batch.ids[b][batch.mask[b]].tolist() for b in (chosen, rejected))
    return Pair(batch.ids[chosen, :start].tolist(), *ids)


def sequence_logprobs(
    logprobs: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"]
) -> Float[Tensor, " B"]:
    """Log-probability of whole completions: the sum over the tokens under the mask.

    A completion without tokens gets 0, the logarithm of 1.
    """
    return torch.where(mask, logprobs, 0).sum(1)


def dpo_loss(
    chosen: Float[Tensor, " B"],
    rejected: Float[Tensor, " B"],
    ref_chosen: Float[Tensor, " B"],
    ref_rejected: Float[Tensor, " B"],
    beta: float = 0.1,
) -> tuple[Float[Tensor, ""], dict[str, float]]:
    """Return the DPO loss (eq. 7) from log-probabilities of whole completions.

    -log sigmoid(beta (log-ratio of the chosen - log-ratio of the rejected)), averaged
    over pairs; log 2 where the policy is the reference. `accuracy` is the share of
    pairs whose chosen completion has gained more than the rejected one.
    """
    if not 0 < beta < math.inf:
        raise ValueError(f"beta must be finite and above 0, got {beta}")
    check_shapes(
        chosen=chosen,
        rejected=rejected,
        ref_chosen=ref_chosen,
        ref_rejected=ref_rejected,
    )
    if not len(chosen):
        raise ValueError("a preference loss needs at least one pair, got none")
    margin = beta * ((chosen - ref_chosen) - (rejected - ref_rejected))
    loss = -F.logsigmoid(margin).mean()
    return loss, {
        "loss": loss.item(),
        "margin": margin.mean().item(),
        "accuracy": (margin > 0).float().mean().item(),
    }


def pair_logprobs(
    model, pairs: list[Pair]
) -> tuple[Float[Tensor, " P"], Float[Tensor, " P"]]:
    """Log-probabilities of the chosen and of the rejected completions of P pairs."""
    rows = [(p.prompt, p.chosen) for p in pairs] + [
        (p.prompt, p.rejected) for p in pairs
    ]
    ids, mask = sft.collate(
        [sft.Example([*p, *c], [False] * len(p) + [True] * len(c)) for p, c in rows]
    )
    ids, mask = (x.to(model.embed.weight.device) for x in (ids, mask))
    chosen, rejected = sequence_logprobs(token_logprobs(model(ids), ids), mask).chunk(2)
    return chosen, rejected


def update(
    policy, ref, optimizers, pairs: list[Pair], config: DPOConfig
) -> dict[str, float]:
    """Take one optimizer step, in parts of at most `config.micro_tokens` tokens."""
    lengths = [len(p.prompt) + max(len(p.chosen), len(p.rejected)) for p in pairs]
    cut = micro_batches(
        2 * torch.tensor(lengths), torch.arange(len(pairs)), config.micro_tokens
    )

    def parts():
        for rows in cut:
            part = [pairs[i] for i in rows.tolist()]
            with torch.no_grad():
                fixed = pair_logprobs(ref, part)
            loss, metrics = dpo_loss(*pair_logprobs(policy, part), *fixed, config.beta)
            yield loss, len(part) / len(pairs), metrics

    metrics = accumulate(parts())
    return {**metrics, "grad_norm": optim.guarded_step(policy, optimizers)}


def train(
    policy, ref, pairs: list[Pair], config: DPOConfig, optimizers, start: int = 0
):
    """Learn from pairs, near the reference; yields metrics after each step.

    `ref` is a copy of the policy as it was in the beginning. Step s depends on
    (seed, s) alone, so a resumed run repeats the whole one.
    """
    if not pairs:
        raise ValueError("DPO needs at least one pair, got none")
    policy.train()
    for step, batch in scheduled(pairs, config, optimizers, start):
        yield {"step": step + 1, **update(policy, ref, optimizers, batch, config)}
