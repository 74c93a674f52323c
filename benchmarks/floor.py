"""How fast could this machine be? Products at their shapes, and bytes that must move.

A step cannot be faster than its matrix products, each at the rate that torch reaches
for this very shape when it does nothing else; nor than moving the weights, the cache
and the optimizer's state, at the rate of a plain copy of as large a block. The larger
of the two is the floor. It leaves out everything elementwise: no code reaches it.
"""

import time
from collections import Counter
from dataclasses import dataclass, field, replace

import torch
from torch import nn

from r1lib.model import counts
from r1lib.model.config import ModelConfig
from r1lib.model.transformer import Transformer

Shape = tuple[int, int, int]  # (rows, inner) @ (inner, columns)
LEAST, QUICK = 0.3, 0.001  # seconds to time one shape for: other work comes in bursts
LARGEST = 2**26  # bytes of a block that is copied: no cache holds it


@dataclass(frozen=True)
class Work:
    """What a row does once: `count` of `unit`, and what it cannot avoid.

    `products` says how often each shape is multiplied; `flops` are others, of
    attention, counted at the best rate of these shapes. `moved` are bytes read and
    written, in blocks of `block` bytes.
    """

    count: float
    unit: str
    products: Counter = field(default_factory=Counter)
    flops: float = 0.0
    moved: float = 0.0
    block: int = LARGEST


def product_flops(products: Counter) -> float:
    """FLOPs of matrix products: two for each of rows x inner x columns."""
    return sum(2 * n * r * i * c for (r, i, c), n in products.items())


def forward(c: ModelConfig, tokens: int, passes: float = 1) -> Counter:
    """Products of `passes` forward passes, each over that many tokens at once.

    Routed experts share the tokens evenly; few tokens reach only some experts.
    """
    with torch.device("meta"):
        model = Transformer(replace(c, n_mtp=0))
    found = Counter()
    for name, module in model.named_modules():
        if not isinstance(module, nn.Linear):
            continue
        rows, times = tokens, 1.0
        if ".experts." in name:
            pairs = tokens * c.n_activated_experts / c.n_routed_experts
            rows = max(1, round(pairs))
            times = min(1.0, pairs / rows)
        found[(rows, module.in_features, module.out_features)] += times * passes
    return found


def training(c: ModelConfig, tokens: int, passes: float = 1) -> Counter:
    """Products of forward and backward passes: gradients of inputs and of weights."""
    found = Counter()
    for (rows, inner, columns), n in forward(c, tokens, passes).items():
        found[(rows, inner, columns)] += n
        found[(rows, columns, inner)] += n
        found[(inner, rows, columns)] += n
    return found


def decoding(c: ModelConfig, rows: int, prompt: int, new: int) -> Work:
    """Write `new` tokens in each of `rows` rows after a prompt, one place at a time.

    Each place reads all weights, and the cache of all that is before it. What reading
    the prompt costs is left out: it depends on how often a prompt is repeated.
    """
    contexts = range(prompt, prompt + new)
    weights = 4 * counts.parameters(replace(c, n_mtp=0))
    cache = sum(rows * counts.cache_bytes(c, 4) * n for n in contexts)
    attention = counts.attention_flops(c, 1, absorbed=c.attention == "mla")
    return Work(
        rows * new,
        "tokens",
        forward(c, rows, new),
        flops=rows * attention * sum(contexts),
        moved=new * weights + cache,
        block=weights,
    )


def training_step(c: ModelConfig, rows: int, length: int, tokens: int) -> Work:
    """One optimizer step of AdamW on `rows` texts of `length`; `tokens` are counted.

    AdamW reads weights, gradients and two moments, and writes three of them.
    """
    weights = 4 * counts.parameters(replace(c, n_mtp=0))
    attention = 3 * rows * counts.attention_flops(c, length * (length + 1) / 2)
    products = training(c, rows * length)
    return Work(tokens, "tokens", products, attention, 7 * weights, weights)


def together(works: list[Work], count: float, unit: str) -> Work:
    """Several pieces of work, one after the other."""
    return Work(
        count,
        unit,
        sum((work.products for work in works), Counter()),
        sum(work.flops for work in works),
        sum(work.moved for work in works),
        min(work.block for work in works),
    )


# ---- measuring -------------------------------------------------------------------


def best_seconds(task, least: float) -> float:
    """The fastest of many calls, for at least so many seconds in all."""
    task()
    best, until = float("inf"), time.perf_counter() + least
    while (began := time.perf_counter()) < until or best == float("inf"):
        task()
        best = min(best, time.perf_counter() - began)
    return best


def product_seconds(shape: Shape, least: float = LEAST) -> float:
    """Seconds of one matrix product of this shape, at its best."""
    rows, inner, columns = shape
    a, b = torch.randn(rows, inner), torch.randn(inner, columns)
    out = torch.empty(rows, columns)
    return best_seconds(lambda: torch.mm(a, b, out=out), least)


def copy_rate(block: int, least: float = LEAST) -> float:
    """Bytes read and written in a second by a copy of a block of so many bytes."""
    source = torch.ones(max(1, min(block, LARGEST) // 4))
    target = torch.empty_like(source)
    moved = 2 * 4 * source.numel()
    return moved / best_seconds(lambda: target.copy_(source), least)


def seconds(work: Work, quick: bool = False) -> dict:
    """Measure the floor of some work on this machine, with the threads of torch."""
    least = QUICK if quick else LEAST
    each = {shape: product_seconds(shape, least) for shape in work.products}
    flops = product_flops(work.products) + work.flops
    computing = sum(n * each[shape] for shape, n in work.products.items())
    fastest = max((2 * r * i * c / s for (r, i, c), s in each.items()), default=0.0)
    computing += work.flops / fastest if work.flops else 0.0
    rate = copy_rate(work.block, least) if work.moved else None
    moving = work.moved / rate if rate else 0.0
    return {
        "seconds": max(computing, moving),
        "computing": computing,
        "moving": moving,
        "flops": flops,
        "flops_per_second": flops / computing if computing else None,
        "best_flops_per_second": fastest,
        "bytes": work.moved,
        "bytes_per_second": rate,
    }


def report(found: dict) -> str:
    """Say in one line what the floor is."""
    if not found["seconds"]:
        return "  floor   none: no matrix product, and little to move"
    flops, moved = (found[f"{x}_per_second"] or 0.0 for x in ("flops", "bytes"))
    return (
        f"  floor   {found['seconds']:8.4g} s: products {found['computing']:.4g} s at "
        f"{flops / 1e9:.1f} GFLOP/s, moving {found['moving']:.4g} s at "
        f"{moved / 1e9:.1f} GB/s"
    )
