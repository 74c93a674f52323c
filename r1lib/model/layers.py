"""The small parts: RMSNorm, rotary positions, SwiGLU."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F


def rms_norm(x: Float[Tensor, "*B D"], weight: Float[Tensor, " D"], eps: float):
    """Scale each vector to root mean square 1, then by `weight` (arXiv 1910.07467)."""
    return F.rms_norm(x, weight.shape, weight, eps)


class RMSNorm(nn.Module):
    """rms_norm with its learned weight."""

    def __init__(self, dim: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, x):
        return rms_norm(x, self.weight, self.eps)


def rope_frequencies(dim: int, theta: float) -> Float[Tensor, " R"]:
    """Return the angle of one step, theta^(-2i/dim) radians, for each pair i."""
    return theta ** (-torch.arange(0, dim, 2, dtype=torch.float32) / dim)


def yarn_frequencies(
    dim: int,
    theta: float,
    factor: float,
    original_positions: int,
    beta_fast: float = 32.0,
    beta_slow: float = 1.0,
) -> Float[Tensor, " R"]:
    """Slow down the pairs that turn too rarely to be learned within the training text.

    A pair that turns more than `beta_fast` times in `original_positions` keeps its
    frequency, one that turns less than `beta_slow` times is slowed by `factor`, and
    those between are blended along a line (YaRN, arXiv 2309.00071, section 3.2).

    >>> plain, yarn = rope_frequencies(64, 1e4), yarn_frequencies(64, 1e4, 40.0, 4096)
    >>> slowed = (plain / yarn).round().tolist()
    >>> slowed[:11] == [1.0] * 11, slowed[23:] == [40.0] * 9
    (True, True)
    """
    plain = rope_frequencies(dim, theta)

    def pair_that_turns(times: float) -> float:
        steps = original_positions / (times * 2 * math.pi)  # of one radian each
        return dim * math.log(steps) / (2 * math.log(theta))

    low = max(math.floor(pair_that_turns(beta_fast)), 0)
    high = min(math.ceil(pair_that_turns(beta_slow)), dim - 1)
    ramp = (torch.arange(dim // 2, dtype=torch.float32) - low) / (high - low or 1e-3)
    ramp = ramp.clamp(0, 1)
    return plain * (1 - ramp) + plain / factor * ramp


def yarn_mscale(factor: float, mscale: float = 1.0) -> float:
    """Return YaRN's temperature 0.1 * mscale * ln(factor) + 1 (section 3.3).

    DeepSeek multiplies attention scores by the square of it: longer texts have more
    tokens to attend to, which would make the softmax flatter.

    >>> round(192**-0.5 * yarn_mscale(40.0) ** 2, 7)  # DeepSeek-V3
    0.1352338
    """
    return 0.1 * mscale * math.log(factor) + 1.0


def llama3_frequencies(
    dim: int,
    theta: float,
    factor: float,
    original_positions: int,
    low_freq_factor: float = 1.0,
    high_freq_factor: float = 4.0,
) -> Float[Tensor, " R"]:
    """Slow the slow pairs down as Llama 3.1 does: blend by turns, not by pair index.

    Pairs with at least `high_freq_factor` turns in `original_positions` keep their
    frequency, those with at most `low_freq_factor` are slowed by `factor` (Llama 3,
    arXiv 2407.21783; the rule is published in its code only).
    """
    plain = rope_frequencies(dim, theta)
    turns = original_positions * plain / (2 * math.pi)
    keep = (turns - low_freq_factor) / (high_freq_factor - low_freq_factor)
    keep = keep.clamp(0, 1)
    return plain * keep + plain / factor * (1 - keep)


def angle_tables(
    positions: int, frequency: Float[Tensor, " R"]
) -> Float[Tensor, "2 T R"]:
    """Return cos and sin of position * frequency."""
    angle = torch.outer(torch.arange(positions, dtype=torch.float32), frequency)
    return torch.stack((angle.cos(), angle.sin()))


def rope_tables(positions: int, dim: int, theta: float) -> Float[Tensor, "2 T R"]:
    """Return cos and sin of position * theta^(-2i/dim) for each pair i."""
    return angle_tables(positions, rope_frequencies(dim, theta))


def apply_rope(
    x: Float[Tensor, "B T H K"], rope: Float[Tensor, "2 #B T R"]
) -> Float[Tensor, "B T H K"]:
    """Turn each pair (x[2i], x[2i+1]) by the angle of its position (RoFormer, eq. 34).

    The pairs are neighbours, DeepSeek's layout; Llama's pairs are half a head apart.
    The turned halves are written one after the other: a fixed reordering of queries
    and keys alike, which leaves every dot product as it was.
    """
    even, odd = x[..., 0::2], x[..., 1::2]
    cos, sin = rope[0].unsqueeze(2), rope[1].unsqueeze(2)
    return torch.cat((even * cos - odd * sin, even * sin + odd * cos), dim=-1)


def apply_rope_half(
    x: Float[Tensor, "B T H K"], rope: Float[Tensor, "2 #B T R"]
) -> Float[Tensor, "B T H K"]:
    """Turn each pair (x[i], x[i + K/2]): the layout of Llama's and Qwen's weights."""
    first, second = x.chunk(2, dim=-1)
    cos, sin = rope[0].unsqueeze(2), rope[1].unsqueeze(2)
    return torch.cat((first * cos - second * sin, first * sin + second * cos), dim=-1)


def swiglu(gate: Float[Tensor, "*B F"], up: Float[Tensor, "*B F"]):
    """SiLU(gate) * up (arXiv 2002.05202)."""
    return F.silu(gate) * up


class SwiGLU(nn.Module):
    """The dense feed-forward block: two matrices in, one out."""

    def __init__(self, d_model: int, ffn_dim: int):
        super().__init__()
        self.w_gate = nn.Linear(d_model, ffn_dim, bias=False)
        self.w_up = nn.Linear(d_model, ffn_dim, bias=False)
        self.w_down = nn.Linear(ffn_dim, d_model, bias=False)

    def forward(self, x):
        return self.w_down(swiglu(self.w_gate(x), self.w_up(x)))


def lookup_rope(tables: Float[Tensor, "2 P R"], positions: Int[Tensor, "B T"]):
    """Pick the rows of `rope_tables` that belong to these positions: (2, B, T, R)."""
    return tables[:, positions]
