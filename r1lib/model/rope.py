"""More rotary positions: long contexts (YaRN, Llama 3) and the other order of pairs.

A model that was trained on short texts has never seen its slow pairs turn all the way
round. To read longer texts, these pairs are slowed down until the new length fits
into angles that training has shown; fast pairs, which tell neighbours apart, keep
their speed. YaRN (arXiv 2309.00071) and Llama 3.1 differ in where they draw the line.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from r1lib.model.layers import rope_frequencies


def yarn_frequencies(
    dim: int,
    theta: float,
    factor: float,
    original: int,
    beta_fast: float = 32.0,
    beta_slow: float = 1.0,
) -> Float[Tensor, " R"]:
    """Slow each pair down by up to `factor`, depending on how often it turns.

    A pair that turns `beta_fast` times or more within the `original` positions keeps
    its frequency, one that turns `beta_slow` times or less is divided by `factor`,
    with a straight ramp over the pairs between (YaRN, arXiv 2309.00071, section 3, by parts;
    bounds rounded outwards, as DeepSeek-V3 and transformers do).
    """
    check_stretch(factor, original)
    if not 0 < beta_slow < beta_fast:
        raise ValueError(
            f"wanted 0 < beta_slow < beta_fast, got {beta_slow} and {beta_fast}"
        )
    plain = rope_frequencies(dim, theta)
    first, last = (
        dim * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(theta))
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
    original: int,
    low: float = 1.0,
    high: float = 4.0,
) -> Float[Tensor, " R"]:
    """Slow down pairs by their wavelength, as Llama 3.1 and later do.

    Pairs that turn more than `high` times within `original` positions are kept, less
    than `low` times divided by `factor`, and between both are blended. (Described in
    Meta's published code, not in the paper.)
    """
    check_stretch(factor, original)
    if not low < high:
        raise ValueError(f"wanted low < high, got {low} and {high}")
    plain = rope_frequencies(dim, theta)
    turns = original * plain / (2 * math.pi)
    kept = ((turns - low) / (high - low)).clamp(0, 1)
    return (1 - kept) * plain / factor + kept * plain


def check_stretch(factor: float, original: int) -> None:
    if factor < 1 or original < 1:
        raise ValueError(
            f"wanted factor >= 1 and original >= 1, got {factor} and {original}"
        )


def apply_rope_half(
    x: Float[Tensor, "B T H K"], rope: Float[Tensor, "2 #B T R"]
) -> Float[Tensor, "B T H K"]:
    """Turn each pair (x[i], x[i + K/2]): the layout of Llama and Qwen checkpoints."""
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
