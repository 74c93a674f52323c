"""What DAPO adds to GRPO beside the wider clip and the token mean (arXiv 2503.14476).

Which groups are worth an update, what a completion pays for being long, and leaving
out those that were cut off. Each is a function of a rollout's parts; `grpo.train` takes
them by `adjust`.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from r1lib.rl.grpo import group_advantages


def informative_groups(rewards: Float[Tensor, "N G"]) -> Bool[Tensor, " N"]:
    """Find the groups that dynamic sampling keeps: those whose rewards differ.

    DAPO draws more prompts until a batch is full of them (eq. 11).

    >>> informative_groups(torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]))
    tensor([ True, False, False])
    """
    return (group_advantages(rewards, normalize_std=False) != 0).any(1)


def overlong_penalty(
    lengths: Int[Tensor, " B"], longest: int, buffer: int
) -> Float[Tensor, " B"]:
    """Return 0 up to `longest - buffer` tokens, then down to -1 at `longest` (eq. 13).

    Lengths are in tokens, the stop token included; the penalty is added to the reward.

    >>> overlong_penalty(torch.tensor([50, 80, 90, 100, 120]), longest=100, buffer=20)
    tensor([ 0.0000,  0.0000, -0.5000, -1.0000, -1.0000])
    """
    if not 1 <= buffer <= longest:
        raise ValueError(
            f"wanted a buffer from 1 to {longest}, the longest length, got {buffer}"
        )
    return ((longest - buffer - lengths) / buffer).clamp(-1, 0)


def without_truncated(
    mask: Bool[Tensor, "B T"], finished: list[bool]
) -> Bool[Tensor, "B T"]:
    """Close the mask of every completion that did not stop by itself.

    Its reward still counts for its siblings; its own tokens teach nothing.
    """
    if len(finished) != len(mask):
        raise ValueError(f"wanted {len(mask)} flags, got {len(finished)}")
    return mask & torch.tensor(finished, device=mask.device).unsqueeze(1)
