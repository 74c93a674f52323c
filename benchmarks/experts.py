"""A layer of experts against a dense one with as many active FLOPs, both ours.

The dense layer is as wide as all that a token passes in the other one: the shared
expert and the two routed ones. All routed experts hold the same weights here, and the
router's scale is their number, so both layers compute the same; that costs no time, as
tokens are spread over experts as ever.
"""

from dataclasses import replace
from functools import partial

import torch

from benchmarks import floor
from benchmarks.harness import Row
from benchmarks.sides import Side
from r1lib.model.config import ModelConfig
from r1lib.model.layers import SwiGLU
from r1lib.model.moe import MoE
from r1lib.model.presets import PRESETS

TOKENS = 24 * 128


def config_of(small: bool) -> ModelConfig:
    """V3-shaped, with a router that multiplies by the number of active experts."""
    c = PRESETS["smoke" if small else "tiny"]
    return replace(c, route_scale=float(c.n_activated_experts))


def width(c: ModelConfig) -> int:
    """The units that a token passes in a layer with experts."""
    return (c.n_shared_experts + c.n_activated_experts) * c.moe_ffn_dim


def tokens_of(small: bool) -> int:
    return 40 if small else TOKENS


def inputs(c: ModelConfig, small: bool) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(1, tokens_of(small), c.d_model, generator=generator)


@torch.no_grad()
def dense(c: ModelConfig) -> SwiGLU:
    """A dense layer whose units for the routed experts come again for each of them."""
    torch.manual_seed(0)
    layer = SwiGLU(c.d_model, width(c))
    shared, size = c.n_shared_experts * c.moe_ffn_dim, c.moe_ffn_dim
    first = slice(shared, shared + size)
    for start in range(shared, width(c), size):
        again = slice(start, start + size)
        layer.w_gate.weight[again] = layer.w_gate.weight[first]
        layer.w_up.weight[again] = layer.w_up.weight[first]
        layer.w_down.weight[:, again] = layer.w_down.weight[:, first]
    return layer


@torch.no_grad()
def experts(c: ModelConfig) -> MoE:
    """A layer of experts that computes what `dense` does."""
    source, layer = dense(c), MoE(c)
    shared = c.n_shared_experts * c.moe_ffn_dim
    parts = [(layer.shared, slice(0, shared))]
    parts += [(e, slice(shared, shared + c.moe_ffn_dim)) for e in layer.experts]
    for part, units in parts:
        part.w_gate.weight.copy_(source.w_gate.weight[units])
        part.w_up.weight.copy_(source.w_up.weight[units])
        part.w_down.weight.copy_(source.w_down.weight[:, units])
    return layer


def side(make, small: bool) -> Side:
    """Forward and backward through one layer, in training mode."""
    c = config_of(small)
    layer, x = make(c).train(), inputs(c, small)

    def both_ways():
        y = layer(x.requires_grad_())
        y.sum().backward()
        gradient, x.grad = x.grad, None
        layer.zero_grad(set_to_none=True)
        return y, gradient

    def answer(_):
        y, gradient = both_ways()
        return {"output": y, "gradient of the input": gradient}

    def step():
        both_ways()

    return Side(answer, {"forward and backward": step})


def work(small: bool) -> floor.Work:
    """The products of the dense layer; nobody needs more."""
    c, n = config_of(small), tokens_of(small)
    found = floor.Counter()
    for inner, columns, times in ((c.d_model, width(c), 2), (width(c), c.d_model, 1)):
        found[(n, inner, columns)] += times
        found[(n, columns, inner)] += times
        found[(inner, n, columns)] += times
    return floor.Work(n, "tokens", found)


ROWS = [
    Row(
        "experts",
        "layer of experts, forward and backward, 3,072 tokens",
        "a dense layer of ours with as many active FLOPs",
        0.7,
        partial(side, experts),
        partial(side, dense),
        work,
        weights=(),
    )
]
