"""Batches: examples in an order that a seed decides, padded, cut, and one step."""

import random
from collections.abc import Iterable, Iterator
from itertools import islice

import torch
from jaxtyping import Int
from torch import Tensor

from r1lib.tokenizer import PAD
from r1lib.training import optim


def pad(rows: list[list[int]]) -> Int[Tensor, "B T"]:
    """Put rows of ids side by side, filled up with PAD on the right."""
    width = max(map(len, rows))
    return torch.tensor([row + [PAD] * (width - len(row)) for row in rows])


def micro_batches(lengths: Tensor, rows: Tensor, most_tokens: int):
    """Cut rows into groups of similar length with at most `most_tokens` each."""
    rows = rows[lengths[rows].argsort()]
    cut, width = [], 0
    for row in rows.tolist():
        width = max(width, int(lengths[row]))
        if cut and width * (len(cut) + 1) > most_tokens:
            yield torch.tensor(cut)
            cut, width = [], int(lengths[row])
        cut.append(row)
    if cut:
        yield torch.tensor(cut)


def batches(examples: list, batch_size: int, epochs: int, seed: int) -> Iterator[list]:
    """Yield all examples once an epoch, in an order that (seed, epoch) decides."""
    for epoch in range(epochs):
        order = list(examples)
        random.Random(f"{seed}-{epoch}").shuffle(order)
        for start in range(0, len(order), batch_size):
            yield order[start : start + batch_size]


def scheduled(
    examples: list, config, optimizers, start: int = 0
) -> Iterator[tuple[int, list]]:
    """Yield (step, batch) from step `start` on, the step's learning rate set.

    `config` says batch_size, epochs, seed, warmup and lowest. What step s learns from
    depends on (seed, s) alone, so a resumed run repeats the uninterrupted one.
    """
    steps = config.epochs * -(-len(examples) // config.batch_size)
    plan = batches(examples, config.batch_size, config.epochs, config.seed)
    for step, batch in islice(enumerate(plan), start, None):
        factor = optim.warmup_cosine(step, steps, config.warmup, config.lowest)
        optim.set_lr(optimizers, factor)
        yield step, batch


def accumulate(parts: Iterable[tuple[Tensor, Tensor, dict]]) -> dict[str, float]:
    """Add up the gradients of a batch that is cut into parts; return its metrics.

    `parts` yields (loss, share, metrics): a mean over the tokens of a part, the share
    of the batch's tokens that the part holds, and numbers to average in the same way.
    Each part is forgotten before the next one is computed.
    """
    means: dict[str, float] = {}
    for loss, share, metrics in parts:
        (loss * share).backward()
        for name, value in metrics.items():
            means[name] = means.get(name, 0.0) + value * float(share)
    return means
