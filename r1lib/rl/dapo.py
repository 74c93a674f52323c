"""What DAPO adds to GRPO beside the wider clip and the token mean (arXiv 2503.14476).

Which groups are worth an update, what a completion pays for being long, and leaving
out those that were cut off. Each is a function of a rollout's parts; `grpo.train` takes
them by `adjust`.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from r1lib.rl.grpo import group_advantages
from r1lib.rl.rollout import Rollout
from r1lib.tokenizer import PAD


def informative_groups(rewards: Float[Tensor, "N G"]) -> Bool[Tensor, " N"]:
    """Find the groups that dynamic sampling keeps: those whose rewards differ.

    DAPO draws more prompts until a batch is full of them: `refilled`.

    >>> informative_groups(torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]))
    tensor([ True, False, False])
    """
    return (group_advantages(rewards, normalize_std=False) != 0).any(1)


def refilled(
    batch: Rollout,
    group_size: int,
    draw: Callable[[int], Rollout],
    most: int = 4,
) -> tuple[Rollout, list[Rollout]]:
    """Put fresh groups in the place of those that agree: dynamic sampling (eq. 11).

    `draw(n)` samples and scores n groups of other prompts. As many as are missing are
    drawn, up to `most` times; groups that agree even then stay in and teach nothing.
    Returns the batch, in its order, and every rollout that was drawn for it: all of
    their completions were paid for.
    """
    if most < 0:
        raise ValueError(f"wanted 0 draws or more, got {most}")
    drawn = []
    for _ in range(most):
        missing = ~informative_groups(batch.rewards.view(-1, group_size))
        if not missing.any():
            break
        fresh = draw(int(missing.sum()))
        drawn.append(fresh)
        good = informative_groups(fresh.rewards.view(-1, group_size))
        places = missing.nonzero().flatten()[: int(good.sum())]
        batch = with_groups(batch, fresh, places, good.nonzero().flatten(), group_size)
    return batch, drawn


def with_groups(
    batch: Rollout,
    other: Rollout,
    places: Int[Tensor, " n"],
    chosen: Int[Tensor, " n"],
    group_size: int,
) -> Rollout:
    """Put the chosen groups of another rollout into places of this one."""
    rows = torch.arange(len(batch.ids))  # of both rollouts, one after the other
    taken = chosen.cpu() * group_size + len(batch.ids)
    rows.view(-1, group_size)[places.cpu()] = taken[:, None] + torch.arange(group_size)
    width = max(batch.ids.shape[1], other.ids.shape[1])

    def tensor(name: str, blank=0) -> Tensor:
        both = (getattr(batch, name), getattr(other, name))
        wide = [F.pad(x, (0, width - x.shape[1]), value=blank) for x in both]
        return torch.cat(wide)[rows]

    def plain(name: str) -> list:
        both = [*getattr(batch, name), *getattr(other, name)]
        return [both[row] for row in rows.tolist()]

    return Rollout(
        tensor("ids", PAD),
        tensor("mask"),
        tensor("old_logprobs"),
        torch.cat((batch.rewards, other.rewards))[rows],
        plain("texts"),
        plain("finished"),
        torch.cat((batch.lengths, other.lengths))[rows],
    )


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
