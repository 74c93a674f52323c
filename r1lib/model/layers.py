"""The small parts: RMSNorm, rotary positions, SwiGLU."""

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


def angle_tables(
    positions: int, frequency: Float[Tensor, " R"], scale: float = 1.0
) -> Float[Tensor, "2 T R"]:
    """Return cos and sin of position * frequency, both times `scale` (YaRN's)."""
    angle = torch.outer(torch.arange(positions, dtype=frequency.dtype), frequency)
    return torch.stack((angle.cos(), angle.sin())) * scale


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
