"""The small parts: RMSNorm, rotary positions, SwiGLU.

A model that was trained on short texts has never seen its slow rotary pairs turn all
the way round. To read longer texts these pairs are slowed down, until the new length
fits into angles that training has shown; fast pairs, which tell neighbours apart, keep
their speed. YaRN (arXiv 2309.00071) and Llama 3.1 differ in where they draw the line.
"""

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
    """Return theta^(-2i/dim) for pair i: by how many radians a step turns it."""
    return theta ** (-torch.arange(0, dim, 2, dtype=torch.float32) / dim)


def yarn_frequencies(
    dim: int,
    theta: float,
    factor: float,
    original_positions: int,
    beta_fast: float = 32.0,
    beta_slow: float = 1.0,
) -> Float[Tensor, " R"]:
    """Slow each pair down by up to `factor`, depending on how often it turns.

    A pair that turns `beta_fast` times or more within `original_positions` keeps
    its frequency, one that turns `beta_slow` times or less is divided by `factor`,
    with a straight ramp over the pairs between (YaRN, arXiv 2309.00071, section 3;
    bounds rounded outwards, as DeepSeek-V3 and transformers do).
    """
    check_stretch(factor, original_positions)
    if not 0 < beta_slow < beta_fast:
        raise ValueError(
            f"wanted 0 < beta_slow < beta_fast, got {beta_slow} and {beta_fast}"
        )
    plain = rope_frequencies(dim, theta)
    first, last = (
        dim
        * math.log(original_positions / (turns * 2 * math.pi))
        / (2 * math.log(theta))
        for turns in (beta_fast, beta_slow)
    )
    low, high = max(math.floor(first), 0), min(math.ceil(last), dim - 1)
    pair = torch.arange(dim // 2, dtype=torch.float32)
    ramp = ((pair - low) / max(high - low, 1e-3)).clamp(0, 1)
    return plain * (1 - ramp) + plain / factor * ramp


def yarn_mscale(factor: float, mscale: float = 1.0) -> float:
    """Return 0.1 mscale ln(factor) + 1, and 1 where nothing is stretched.

    More keys flatten a softmax; scaling queries and keys by this number each, that is
    the scores by its square, sharpens it again (YaRN, section 3).

    >>> round(yarn_mscale(40.0), 4)
    1.3689
    """
    return 0.1 * mscale * math.log(factor) + 1.0 if factor > 1 else 1.0


def llama3_frequencies(
    dim: int,
    theta: float,
    factor: float,
    original_positions: int,
    low_freq_factor: float = 1.0,
    high_freq_factor: float = 4.0,
) -> Float[Tensor, " R"]:
    """Slow down pairs by their wavelength, as Llama 3.1 and later do.

    Pairs that turn more than `high_freq_factor` times within `original_positions` are
    kept, those that turn less than `low_freq_factor` times are divided by `factor`, and
    between both is a blend. (Described in Meta's published code, not in the paper.)
    """
    check_stretch(factor, original_positions)
    low, high = low_freq_factor, high_freq_factor
    if not low < high:
        raise ValueError(f"wanted low < high factor, got {low} and {high}")
    plain = rope_frequencies(dim, theta)
    turns = original_positions * plain / (2 * math.pi)
    kept = ((turns - low) / (high - low)).clamp(0, 1)
    return (1 - kept) * plain / factor + kept * plain


def check_stretch(factor: float, original_positions: int) -> None:
    if factor < 1 or original_positions < 1:
        raise ValueError(
            "wanted factor >= 1 and original_positions >= 1, "
            f"got {factor} and {original_positions}"
        )


def angle_tables(
    positions: int, frequency: Float[Tensor, " R"], scale: float = 1.0
) -> Float[Tensor, "2 P R"]:
    """Return cos and sin of position * frequency, both times `scale` (YaRN's)."""
    angle = torch.outer(torch.arange(positions, dtype=frequency.dtype), frequency)
    return torch.stack((angle.cos(), angle.sin())) * scale


def rope_tables(positions: int, dim: int, theta: float) -> Float[Tensor, "2 P R"]:
    """Return cos and sin of position * theta^(-2i/dim) for each pair i."""
    return angle_tables(positions, rope_frequencies(dim, theta))


def apply_rope(
    x: Float[Tensor, "B T H K"], rope: Float[Tensor, "2 #B T R"]
) -> Float[Tensor, "B T H K"]:
    """Turn each pair (x[2i], x[2i+1]) by the angle of its position (RoFormer, eq. 34).

    The pairs are neighbours, as in DeepSeek's files; in Hugging Face's Llama they are
    half a head apart.
    The turned halves are written one after the other: a fixed reordering of queries
    and keys alike, which leaves every dot product as it was.
    """
    even, odd = x[..., 0::2], x[..., 1::2]
    cos, sin = rope[0].unsqueeze(2), rope[1].unsqueeze(2)
    return torch.cat((even * cos - odd * sin, even * sin + odd * cos), dim=-1)


def apply_rope_half(
    x: Float[Tensor, "B T H K"], rope: Float[Tensor, "2 #B T R"]
) -> Float[Tensor, "B T H K"]:
    """Turn each pair (x[i], x[i + K/2]): the layout of Hugging Face's Llama, Qwen."""
    first, second = x.chunk(2, dim=-1)
    cos, sin = rope[0].unsqueeze(2), rope[1].unsqueeze(2)
    turned = (first * cos - second * sin, first * sin + second * cos)
    return torch.cat(turned, dim=-1)


def to_halves(x: Tensor, dim: int = -1) -> Tensor:
    """Reorder pairs of neighbours (DeepSeek) into halves (Llama, Qwen).

    The dimension must be one head: of queries, of keys, or of the rows of a weight
    viewed as (heads, head_dim, d_model).

    >>> to_halves(torch.tensor([0, 10, 1, 11, 2, 12]))
    tensor([ 0,  1,  2, 10, 11, 12])
    """
    x = even(x.movedim(dim, -1))
    return torch.cat((x[..., 0::2], x[..., 1::2]), dim=-1).movedim(-1, dim)


def to_neighbours(x: Tensor, dim: int = -1) -> Tensor:
    """Undo `to_halves`.

    >>> to_neighbours(torch.tensor([0, 1, 2, 10, 11, 12]))
    tensor([ 0, 10,  1, 11,  2, 12])
    """
    halves = even(x.movedim(dim, -1)).chunk(2, dim=-1)
    return torch.stack(halves, dim=-1).flatten(-2).movedim(-1, dim)


def even(x: Tensor) -> Tensor:
    if x.shape[-1] % 2:
        raise ValueError(f"pairs need an even size, got {x.shape[-1]}")
    return x


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
