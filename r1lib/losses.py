"""Losses: log-probabilities, objectives for each token, and ways to average them.

Everything shaped (B, T) is indexed by token: `token_logprobs(logits, ids)[b, t]` is
log p(ids[b, t] | earlier ids). Column 0 has no earlier ids and holds 0. A token that
both distributions close (-inf) adds nothing to an estimate of KL.

A policy loss has two parts: an objective for each token, and an aggregator that says
what one token counts. GRPO is `clipped` + `sequence_mean`, DAPO `clipped` +
`token_mean`, Dr. GRPO `clipped` + `fixed_length_mean` (and no division by the std).
An aggregator never reads a value whose mask is False, not even an inf or a NaN: it
adds nothing to the mean, and its gradient is exactly 0. A mask without any True token
gives 0.
"""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from r1lib.tokenizer import PAD


def token_logprobs(
    logits: Float[Tensor, "B T V"], ids: Int[Tensor, "B T"], temperature: float = 1.0
) -> Float[Tensor, "B T"]:
    """Return log p(ids[b, t] | earlier) at the sampling temperature; column 0 is 0.

    >>> token_logprobs(torch.zeros(1, 3, 4), torch.tensor([[1, 2, 3]])).exp()
    tensor([[1.0000, 0.2500, 0.2500]])
    """
    if not 0 < temperature < math.inf:
        raise ValueError(f"temperature must be finite and above 0, got {temperature}")
    scaled = logits[:, :-1] / temperature if temperature != 1.0 else logits[:, :-1]
    chosen = -F.cross_entropy(
        scaled.flatten(0, 1), ids[:, 1:].flatten(), reduction="none"
    )
    return F.pad(chosen.view(ids.shape[0], -1), (1, 0))


def entropy(logits: Float[Tensor, "*B V"]) -> Float[Tensor, "*B"]:
    """Entropy in nats of each next-token distribution.

    A closed token, whose logit is -inf, adds nothing: 0 ln 0 is 0.

    >>> round(entropy(torch.tensor([0.0, 0.0, -math.inf])).item(), 4)  # ln 2
    0.6931
    """
    logp = logits.log_softmax(-1)
    return -(logp.exp() * logp.masked_fill(logp == -math.inf, 0)).sum(-1)


def kl_k1(logprobs: Float[Tensor, "*B"], ref_logprobs: Float[Tensor, "*B"]):
    """Unbiased for KL(policy || ref), noisy; as a loss its expected gradient is 0."""
    closed = (logprobs == ref_logprobs) & logprobs.isinf()
    return torch.where(closed, 0, logprobs - ref_logprobs)


def kl_k2(logprobs: Float[Tensor, "*B"], ref_logprobs: Float[Tensor, "*B"]):
    """Half the squared log-ratio: biased, but its gradient is the true one."""
    log_ratio = torch.where(logprobs == ref_logprobs, 0, logprobs - ref_logprobs)
    return 0.5 * log_ratio.square()


def kl_k3(logprobs: Float[Tensor, "*B"], ref_logprobs: Float[Tensor, "*B"]):
    """exp(ref - lp) - (ref - lp) - 1: unbiased, never negative (GRPO, eq. 4)."""
    log_ratio = torch.where(logprobs == ref_logprobs, 0, ref_logprobs - logprobs)
    return torch.expm1(log_ratio) - log_ratio


def clipped(
    logprobs: Float[Tensor, "B T"],
    old_logprobs: Float[Tensor, "B T"],
    advantages: Float[Tensor, "B 1"],
    clip_low: float = 0.2,
    clip_high: float = 0.2,
) -> Float[Tensor, "B T"]:
    """min(r A, clip(r, 1 - low, 1 + high) A) with r = exp(lp - old) (PPO, eq. 7).

    The minimum holds for both signs of A: it only ever removes a reason to move on.
    """
    ratio = (logprobs - old_logprobs).exp()
    bounded = ratio.clamp(1 - clip_low, 1 + clip_high)
    return torch.minimum(ratio * advantages, bounded * advantages)


def sequence_mean(values: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"]):
    """Mean over each completion, then over completions: GRPO's 1/|o_i|."""
    count = mask.sum(1).clamp(min=1)
    return (torch.where(mask, values, 0).sum(1) / count).mean()


def token_mean(values: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"]):
    """Mean over all tokens of the batch: every token counts the same (DAPO)."""
    return torch.where(mask, values, 0).sum() / mask.sum().clamp(min=1)


def fixed_length_mean(
    values: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"], length: int
):
    """Sum over tokens divided by a constant length, then the mean (Dr. GRPO)."""
    if length < 1:
        raise ValueError(f"length must be at least 1, got {length}")
    return torch.where(mask, values, 0).sum(1).mean() / length


def next_token_loss(
    logits: Float[Tensor, "B T V"], ids: Int[Tensor, "B L"], ahead: int = 1
) -> Float[Tensor, ""]:
    """Mean cross-entropy in nats of the token `ahead` places later, pads left out.

    Logits that foretell a pad are not read, not even an inf or a NaN. Where no token
    stands `ahead` places later the loss is 0.
    """
    targets = ids[:, ahead:]
    real = targets != PAD
    foretold = logits[:, : targets.shape[1]][real]
    total = F.cross_entropy(foretold, targets[real], reduction="sum")
    return total / real.sum().clamp(min=1)
