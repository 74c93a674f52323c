"""Log-probabilities of tokens, entropy, and estimators of KL.

Everything shaped (B, T) is indexed by token: `token_logprobs(logits, ids)[b, t]` is
log p(ids[b, t] | earlier ids). Column 0 has no earlier ids and holds 0. A token that
both distributions close (-inf) adds nothing to an estimate of KL.
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F


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
