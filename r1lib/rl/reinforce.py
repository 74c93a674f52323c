"""REINFORCE: raise the log-probability of what was good, and baselines for "good".

The policy gradient is the mean of A * grad log p (Williams 1992). A baseline that does
not depend on the completion itself may be subtracted from its reward: the expected
gradient stays the same, and its variance can shrink. The functions of advantages differ
in the baseline, and in what they divide by. Each takes rewards (N, G), G completions of
each of N prompts, and returns advantages of the same shape; `grpo.train` takes them as
`advantages`.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from r1lib.losses import check_shapes, token_mean
from r1lib.rl.grpo import group_advantages


def reinforce_loss(
    logprobs: Float[Tensor, "B T"],
    advantages: Float[Tensor, " B"],
    mask: Bool[Tensor, "B T"],
    *,
    aggregate=token_mean,
) -> tuple[Float[Tensor, ""], dict[str, float]]:
    """Minus the mean of A lp: no ratio, no clip, for samples of the policy itself.

    Where all ratios are 1 its gradient is that of `grpo_loss`.
    """
    check_shapes(logprobs=logprobs, mask=mask)
    check_shapes(advantages=advantages, completions=mask[:, 0])
    logprobs = torch.where(mask, logprobs, 0)
    loss = -aggregate(advantages.unsqueeze(1) * logprobs, mask)
    return loss, {"loss": loss.item()}


def reinforce_advantages(rewards: Float[Tensor, "N G"]) -> Float[Tensor, "N G"]:
    """Compare with the mean of all N * G rewards: a hard prompt's answers all lose.

    >>> reinforce_advantages(torch.tensor([[1.0, 1.0], [0.0, 0.0]]))
    tensor([[ 0.5000,  0.5000],
            [-0.5000, -0.5000]])
    """
    together = group_advantages(rewards.reshape(1, -1), normalize_std=False)
    return together.view_as(rewards)


def rloo_advantages(rewards: Float[Tensor, "N G"]) -> Float[Tensor, "N G"]:
    """Compare with the mean of the G - 1 siblings (RLOO, arXiv 2402.14740).

    As a reward is no part of its own baseline, this one is unbiased. It is the
    difference to the mean of all G, times G / (G - 1).

    >>> rloo_advantages(torch.tensor([[1.0, 0.0, 0.5]]))
    tensor([[ 0.7500, -0.7500,  0.0000]])
    """
    group = rewards.shape[1]
    return group_advantages(rewards, normalize_std=False) * (group / (group - 1))


def batch_std_advantages(
    rewards: Float[Tensor, "N G"], eps: float = 1e-4
) -> Float[Tensor, "N G"]:
    """Compare within the group, divide by the std of the batch (arXiv 2508.08221).

    A group that nearly agrees is not blown up, as it is by its own std.
    """
    centered = group_advantages(rewards, normalize_std=False)
    return centered / (rewards.std() + eps)


def maxrl_advantages(rewards: Float[Tensor, "N G"]) -> Float[Tensor, "N G"]:
    """(r - mean) / mean within the group: MaxRL (arXiv 2602.02710, algorithm 1).

    For rewards of 0 and 1 the mean is the share of right answers, so the rare success
    on a hard prompt weighs most. In expectation this follows log p(right) up to order
    G - 1, not p(right). A group without success gets zeros.

    >>> maxrl_advantages(torch.tensor([[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0]]))
    tensor([[ 3.0000, -1.0000, -1.0000, -1.0000],
            [ 0.3333,  0.3333,  0.3333, -1.0000]])
    """
    centered = group_advantages(rewards, normalize_std=False)
    if (rewards < 0).any():
        raise ValueError(f"rewards must be at least 0, got {rewards.min().item():.6g}")
    mean = rewards.mean(1, keepdim=True)
    return torch.where(mean > 0, centered / mean, 0)
