"""Direct Preference Optimization: preferences without a reward model and without RL.

Rafailov et al., arXiv 2305.18290: the policy that is best for a Bradley-Terry reward,
held near a reference, can be found from pairs alone. The reward is then the log-ratio
of policy and reference, times beta.
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F


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
    if not len(chosen):
        raise ValueError("a preference loss needs at least one pair, got none")
    margin = beta * ((chosen - ref_chosen) - (rejected - ref_rejected))
    loss = -F.logsigmoid(margin).mean()
    return loss, {
        "loss": loss.item(),
        "margin": margin.mean().item(),
        "accuracy": (margin > 0).float().mean().item(),
    }
