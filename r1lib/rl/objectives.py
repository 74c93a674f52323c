"""Per-token objectives, and the ways to average them into one loss.

A loss is built from two parts: an objective for each token, and an aggregator that
says what one token counts. GRPO is `clipped` + `sequence_mean`, DAPO `clipped` +
`token_mean`, Dr. GRPO `clipped` + `fixed_length_mean` (and no division by the std).

An aggregator never reads a value whose mask is False, not even an inf or a NaN: it
adds nothing to the mean, and its gradient is exactly 0. A mask without any True token
gives 0.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


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
