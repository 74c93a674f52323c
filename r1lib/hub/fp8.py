"""Eight-bit weights as DeepSeek-V3 publishes them, read into wider numbers.

A weight is float8 (E4M3: four bits of exponent, three of mantissa), and a second tensor
beside it, NAME_scale_inv, holds one float32 for each block of 128 x 128 numbers, by
which the block is multiplied (arXiv 2412.19437, section 3.3.2; README_WEIGHTS.md).
"""

import torch
from jaxtyping import Float
from torch import Tensor

from r1lib.files import shown

KIND, SCALE, BLOCK = "F8_E4M3", "_scale_inv", 128


def is_used(content: dict) -> bool:
    """Say whether a config.json announces such weights; other quantisation is refused.

    >>> is_used({"quantization_config": {"quant_method": "fp8"}}), is_used({})
    (True, False)
    """
    given = content.get("quantization_config")
    if given is None:
        return False
    if isinstance(given, dict) and given.get("quant_method") == "fp8":
        if given.get("weight_block_size", [BLOCK, BLOCK]) == [BLOCK, BLOCK]:
            return True
    raise ValueError(
        "config.json: quantization_config must be null, or fp8 in blocks of "
        f"{BLOCK} x {BLOCK}, got {shown(given)}: look for the weights in bfloat16"
    )


def without_scales(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """Drop the scales from a list of tensors; one that fits no weight is an error."""
    scales = {name for name in stored if name.endswith(SCALE)}
    for name in scales:
        weight = stored.get(name.removesuffix(SCALE))
        if weight is None or weight.dim() != 2:
            raise ValueError(f"unexpected {name}: there is no matrix of that name")
        wanted = tuple(-(-size // BLOCK) for size in weight.shape)
        if tuple(stored[name].shape) != wanted:
            got = tuple(stored[name].shape)
            raise ValueError(f"{name}: wanted shape {wanted}, got {got}")
    return {name: tensor for name, tensor in stored.items() if name not in scales}


def read(name: str, places: dict, read_tensor) -> Tensor:
    """Read a tensor by `read_tensor(file, name)`; widen it where it is in blocks."""
    tensor, scale = read_tensor(places[name], name), name + SCALE
    if scale in places:
        return widened(tensor, read_tensor(places[scale], scale))
    if tensor.dtype == torch.float8_e4m3fn:
        raise ValueError(f"missing {scale}: {name} has eight bits")
    return tensor


def widened(weight: Float[Tensor, "R C"], scale: Float[Tensor, "r c"]):
    """Multiply each block by its scale, in float32.

    >>> weight = torch.ones(130, 2).to(torch.float8_e4m3fn)
    >>> widened(weight, torch.tensor([[0.5], [2.0]]))[[0, 127, 128], 0]
    tensor([0.5000, 0.5000, 2.0000])
    """
    rows, columns = weight.shape
    each = scale.float().repeat_interleave(BLOCK, 0)[:rows]
    return weight.float() * each.repeat_interleave(BLOCK, 1)[:, :columns]
