"""Losses: log-probabilities, objectives for each token, and ways to average them.

Everything shaped (B, T) is indexed by token: `token_logprobs(logits, ids)[b, t]` is
log p(ids[b, t] | earlier ids). Column 0 has no earlier ids and holds 0. A token that
both distributions close (-inf) adds nothing to an estimate of KL.

A policy loss has two parts: an objective for each token, and an aggregator that says
what one token counts. An objective is to be raised, so the loss is minus its mean.

| name     | objective | aggregator                       | arXiv      |
|----------|-----------|----------------------------------|------------|
| GRPO     | `clipped` | `sequence_mean`                  | 2402.03300 |
| Dr. GRPO | `clipped` | `fixed_length_mean`              | 2503.20783 |
| DAPO     | `clipped` | `token_mean`                     | 2503.14476 |
| BNPO     | `clipped` | `token_mean` of each micro-batch | (TRL)      |
| GSPO     | `gspo`    | `sequence_mean`                  | 2507.18071 |
| LUSPO    | `gspo`    | `sequence_sum`                   | 2602.05261 |
| CISPO    | `cispo`   | `token_mean`                     | 2506.13585 |
| SAPO     | `sapo`    | `sequence_mean`                  | 2511.20347 |
| VESPO    | `vespo`   | `token_mean`                     | 2602.10693 |

The advantages of an objective are (B, 1), one for each completion, or (B, T), one for
each token as in PPO. Dr. GRPO does not divide them by the group's std.

An aggregator never reads a value whose mask is False, not even an inf or a NaN: it
adds nothing to the mean, and its gradient is exactly 0. A mask without any True token
gives 0. Where one step is cut into parts, `whole` is the mask of all its rows; the
values of the parts, and their gradients, then add up to those of the whole.
"""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from r1lib.tokenizer import PAD


def token_logprobs(
    logits: Float[Tensor, "B T V"],
    ids: Int[Tensor, "B T"],
    temperature: float = 1.0,
    mask: Bool[Tensor, "B T"] | None = None,
) -> Float[Tensor, "B T"]:
    """Return log p(ids[b, t] | earlier) at the sampling temperature; column 0 is 0.

    With a `mask`, tokens outside it get 0 too. The logits that predict them are not
    read, not even an inf or a NaN, and their gradient is exactly 0.

    >>> token_logprobs(torch.zeros(1, 3, 4), torch.tensor([[1, 2, 3]])).exp()
    tensor([[1.0000, 0.2500, 0.2500]])
    """
    real = (
        torch.ones_like(ids[:, 1:], dtype=torch.bool) if mask is None else mask[:, 1:]
    )
    chosen = chosen_logprobs(logits[:, :-1][real], ids[:, 1:][real], temperature)
    logprobs = chosen.new_zeros(real.shape).masked_scatter(real, chosen)
    return F.pad(logprobs, (1, 0))


def chosen_logprobs(
    logits: Float[Tensor, "N V"], ids: Int[Tensor, " N"], temperature: float = 1.0
) -> Float[Tensor, " N"]:
    """Return log p of one token each, from the logits that predict it."""
    if not 0 < temperature < math.inf:
        raise ValueError(f"temperature must be finite and above 0, got {temperature}")
    scaled = logits / temperature if temperature != 1.0 else logits
    return -F.cross_entropy(scaled, ids, reduction="none")


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


def check_shapes(**tensors: Tensor | None) -> None:
    """Refuse tensors whose shapes differ; the error names each with its shape.

    Broadcasting would make a loss of them all the same, of the wrong numbers.
    """
    shapes = {n: tuple(x.shape) for n, x in tensors.items() if x is not None}
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"wanted tensors of one shape, got {listed}")


def clipped(
    logprobs: Float[Tensor, "B T"],
    old_logprobs: Float[Tensor, "B T"],
    advantages: Float[Tensor, "B #T"],
    clip_low: float = 0.2,
    clip_high: float = 0.2,
) -> Float[Tensor, "B T"]:
    """min(r A, clip(r, 1 - low, 1 + high) A) with r = exp(lp - old) (PPO, eq. 7).

    The minimum holds for both signs of A: it only ever removes a reason to move on.
    """
    ratio = (logprobs - old_logprobs).exp()
    bounded = ratio.clamp(1 - clip_low, 1 + clip_high)
    return torch.minimum(ratio * advantages, bounded * advantages)


@torch.no_grad()
def clip_fraction(
    logprobs: Float[Tensor, "B T"],
    old_logprobs: Float[Tensor, "B T"],
    advantages: Float[Tensor, "B #T"],
    mask: Bool[Tensor, "B T"],
    clip_low: float = 0.2,
    clip_high: float = 0.2,
) -> float:
    """Share of the tokens under the mask whose ratio is outside the clip.

    A token with an advantage of 0 is not counted: there is nothing to clip.
    """
    ratio = (logprobs - old_logprobs).exp()
    outside = (ratio < 1 - clip_low) | (ratio > 1 + clip_high)
    return token_mean((outside & (advantages != 0)).float(), mask).item()


def two_sided(
    logprobs: Float[Tensor, "B T"],
    old_logprobs: Float[Tensor, "B T"],
    advantages: Float[Tensor, "B #T"],
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    delta: float = 4.0,
) -> Float[Tensor, "B T"]:
    """`clipped`, and no ratio above delta (INTELLECT-2, arXiv 2505.07291).

    `clipped` has no limit for a bad token that became likelier, A < 0 and r large:
    one such token can outweigh all others. Here it gets no gradient above delta.

    >>> old, bad = torch.zeros(1, 1), -torch.ones(1, 1)
    >>> logprobs = torch.tensor([[9.0]]).log()
    >>> clipped(logprobs, old, bad).item(), two_sided(logprobs, old, bad).item()
    (-9.0, -4.0)
    """
    if not delta > 1 + clip_high:
        raise ValueError(f"delta must be above 1 + clip_high, got {delta}")
    ratio = (logprobs - old_logprobs).exp()
    bounded = ratio.clamp(1 - clip_low, 1 + clip_high)
    return torch.minimum(ratio.clamp(max=delta) * advantages, bounded * advantages)


def cispo(
    logprobs: Float[Tensor, "B T"],
    old_logprobs: Float[Tensor, "B T"],
    advantages: Float[Tensor, "B #T"],
    cap: float = 5.0,
) -> Float[Tensor, "B T"]:
    """min(r, cap) A lp, the weight without gradient (CISPO, arXiv 2506.13585, eq. 4).

    REINFORCE with a bounded importance weight: every token keeps a gradient, also
    those that the clip of PPO would silence. As in TRL, `cap` is the largest ratio
    itself, not 1 plus something, and small ratios are not bounded.
    """
    weight = (logprobs - old_logprobs).exp().clamp(max=cap).detach()
    return weight * advantages * logprobs


def sapo(
    logprobs: Float[Tensor, "B T"],
    old_logprobs: Float[Tensor, "B T"],
    advantages: Float[Tensor, "B #T"],
    tau_positive: float = 1.0,
    tau_negative: float = 1.05,
) -> Float[Tensor, "B T"]:
    """4/tau sigmoid(tau (r - 1)) A: a soft clip (SAPO, arXiv 2511.20347).

    The slope in r is A at r = 1 and falls smoothly to both sides, faster for a larger
    tau. `tau_positive` is used where A > 0, `tau_negative` elsewhere.
    """
    if not (tau_positive > 0 and tau_negative > 0):
        raise ValueError(f"tau must be above 0, got {tau_positive} and {tau_negative}")
    ratio = (logprobs - old_logprobs).exp()
    tau = torch.where(advantages > 0, tau_positive, tau_negative)
    return 4 / tau * torch.sigmoid(tau * (ratio - 1)) * advantages


def sequence_log_ratio(
    logprobs: Float[Tensor, "B T"],
    old_logprobs: Float[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
) -> Float[Tensor, "B 1"]:
    """Log-ratio of whole completions: the sum of those of the tokens under the mask."""
    return torch.where(mask, logprobs - old_logprobs, 0).sum(1, keepdim=True)


def gspo_ratio(
    logprobs: Float[Tensor, "B T"],
    old_logprobs: Float[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
) -> Float[Tensor, "B 1"]:
    """Log-ratio of a completion per token: the mean under the mask, as in GSPO.

    Its exponential is the geometric mean of the token ratios. With old log-probs of 0
    it goes into any objective in place of the log-probs of tokens, as `gspo` shows. A
    completion without tokens has a log-ratio of 0.

    >>> logprobs, mask = torch.tensor([[0.0, 0.2, 0.4]]), torch.tensor([[0, 1, 1]]) > 0
    >>> gspo_ratio(logprobs, torch.zeros(1, 3), mask)
    tensor([[0.3000]])
    """
    count = mask.sum(1, keepdim=True).clamp(min=1)
    return sequence_log_ratio(logprobs, old_logprobs, mask) / count


def gspo(
    logprobs: Float[Tensor, "B T"],
    old_logprobs: Float[Tensor, "B T"],
    advantages: Float[Tensor, "B 1"],
    mask: Bool[Tensor, "B T"],
    clip_low: float = 3e-4,
    clip_high: float = 4e-4,
) -> Float[Tensor, "B 1"]:
    """`clipped` for whole completions (GSPO, arXiv 2507.18071, eq. 5).

    A completion is clipped as a whole or not at all. The mean of many token ratios
    hardly moves, hence a clip about a thousand times narrower than GRPO's.
    """
    log_ratio = gspo_ratio(logprobs, old_logprobs, mask)
    none = torch.zeros_like(log_ratio)
    return clipped(log_ratio, none, advantages, clip_low, clip_high)


def vespo(
    logprobs: Float[Tensor, "B T"],
    old_logprobs: Float[Tensor, "B T"],
    advantages: Float[Tensor, "B 1"],
    mask: Bool[Tensor, "B T"],
    positive: tuple[float, float] = (2.0, 3.0),
    negative: tuple[float, float] = (3.0, 2.0),
) -> Float[Tensor, "B T"]:
    """phi(w) A lp with phi(w) = w^k exp(c (1 - w)), without gradient (2602.10693).

    w is the ratio of a whole completion: the product of its token ratios. phi is 1 at
    w = 1 and falls to 0 on both sides, so completions far from the policy that wrote
    them hardly count. `positive` is (k, c) where A >= 0, `negative` elsewhere. Bounds
    on the logarithms are those of TRL.
    """
    tokens = (logprobs - old_logprobs).clamp(-20, 20)
    log_w = torch.where(mask, tokens, 0).sum(1, keepdim=True).clamp(math.log(1e-8), 20)
    k = torch.where(advantages >= 0, positive[0], negative[0])
    c = torch.where(advantages >= 0, positive[1], negative[1])
    phi = (c + k * log_w - c * log_w.exp()).exp()
    return phi.detach() * advantages * logprobs


def truncated_importance(
    log_ratio: Float[Tensor, "B T"], cap: float = 3.0
) -> Float[Tensor, "B T"]:
    """min(rho, cap): weights where sampler and trainer differ (truncated, TIS).

    `log_ratio` is trainer minus sampler at the time of sampling, of each token or, by
    `sequence_log_ratio`, of each completion (B, 1). An objective is multiplied by the
    weights; they have no gradient. A large ratio is cut down, which is biased but
    bounded (Ionides 2008; Yao et al. 2025; TRL's `token_truncate`).

    >>> truncated_importance(torch.tensor([[0.5, 1.0, 8.0]]).log())
    tensor([[0.5000, 1.0000, 3.0000]])
    """
    return log_ratio.exp().clamp(max=cap).detach()


def masked_importance(
    log_ratio: Float[Tensor, "B T"], low: float = 0.0, high: float = 3.0
) -> Float[Tensor, "B T"]:
    """The ratio rho, or 0 where it is not from low to high (masked, MIS).

    As `truncated_importance`, but what is too far away is left out (IcePop; TRL's
    `token_mask` and `sequence_mask`).

    >>> masked_importance(torch.tensor([[0.2, 1.0, 8.0]]).log(), low=0.5)
    tensor([[0., 1., 0.]])
    """
    ratio = log_ratio.exp().detach()
    return torch.where((ratio >= low) & (ratio <= high), ratio, 0)


def sequence_mean(
    values: Float[Tensor, "B #T"],
    mask: Bool[Tensor, "B T"],
    whole: Bool[Tensor, "R S"] | None = None,
):
    """Mean over each completion, then over completions: GRPO's 1/|o_i|."""
    count = mask.sum(1).clamp(min=1)
    rows = len(mask if whole is None else whole)
    return (torch.where(mask, values, 0).sum(1) / count).sum() / rows


def token_mean(
    values: Float[Tensor, "B #T"],
    mask: Bool[Tensor, "B T"],
    whole: Bool[Tensor, "R S"] | None = None,
):
    """Mean over all tokens of the batch: every token counts the same (DAPO)."""
    count = (mask if whole is None else whole).sum().clamp(min=1)
    return torch.where(mask, values, 0).sum() / count


def sequence_sum(
    values: Float[Tensor, "B #T"],
    mask: Bool[Tensor, "B T"],
    whole: Bool[Tensor, "R S"] | None = None,
):
    """Sum over each completion, then the mean: longer ones count more (LUSPO)."""
    return fixed_length_mean(values, mask, 1, whole)


def fixed_length_mean(
    values: Float[Tensor, "B #T"],
    mask: Bool[Tensor, "B T"],
    length: int,
    whole: Bool[Tensor, "R S"] | None = None,
):
    """Sum over tokens divided by a constant length, then the mean (Dr. GRPO)."""
    if length < 1:
        raise ValueError(f"length must be at least 1, got {length}")
    rows = len(mask if whole is None else whole)
    return torch.where(mask, values, 0).sum() / (rows * length)


def next_token_loss(
    logits: Float[Tensor, "B T V"],
    ids: Int[Tensor, "B L"],
    ahead: int = 1,
    head=None,
) -> Float[Tensor, ""]:
    """Mean cross-entropy in nats of the token `ahead` places later, pads left out.

    Logits that predict a pad are not read, not even an inf or a NaN. Where there is no
    token `ahead` places later the loss is 0. With a `head`, states take the place of
    logits: it is asked only where a token follows, which saves time and memory.
    """
    targets = ids[:, ahead:]
    real = targets != PAD
    predicted = logits[:, : targets.shape[1]][real]
    predicted = predicted if head is None else head(predicted)
    total = F.cross_entropy(predicted, targets[real], reduction="sum")
    return total / real.sum().clamp(min=1)
