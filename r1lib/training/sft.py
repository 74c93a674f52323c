"""Supervised fine-tuning: learn to write given completions, never their prompts.

The loss is the mean over the tokens of the completions, eos included: the mask comes
from `chat.for_training`, where it is known who writes what. How this file differs from
the recipe of R1 (arXiv 2501.12948v2, B.4.2: batches of 128, up to 32,768 tokens a
text): AdamW has no weight decay, and batch and learning rate are those of a tiny model.
Router biases stay where pre-training left them, as in the last part of DeepSeek-V3's
own training (arXiv 2412.19437, section 4.2), and the MTP module is not trained. With
`packed`, several examples share a row and cannot see each other: the same loss, less
padding. Chapter 10 builds this file.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from r1lib.losses import token_logprobs, token_mean
from r1lib.tokenizer import PAD, chat
from r1lib.training import limits, optim, packing
from r1lib.training.batches import accumulate, micro_batches, scheduled


@dataclass(frozen=True)
class SFTConfig:
    """How to fine-tune; `lr` is the peak, `lowest` the share of it that is left."""

    epochs: int = 2  # R1: 2 or 3 (arXiv 2501.12948v2, B.4.2)
    batch_size: int = 64  # R1: 128, and 64 for its students (B.4.3)
    lr: float = 1e-3  # R1: 5e-5, falling to 5e-6
    warmup: float = 0.03
    lowest: float = 0.1  # as R1: a cosine down to a tenth
    micro_tokens: int = 12_000  # most tokens in one forward pass: bounds the memory
    seed: int = 0
    packed: int = 0  # tokens of a row that several examples share; 0: a row for each

    def __post_init__(self):
        limits.whole(self, "epochs", "batch_size", "micro_tokens")
        limits.whole(self, "packed", least=0)
        limits.positive(self, "lr")
        limits.share(self, "warmup", "lowest")
        limits.seed(self)


@dataclass(frozen=True)
class Example:
    """Ids of a whole text, and True where the model shall learn to write them."""

    ids: list[int]
    mask: list[bool]


def encode(tokenizer, pairs: Iterable[tuple[str, str]]) -> list[Example]:
    """Turn (prompt, completion) texts into examples: framed prompt, completion, eos."""
    roles = ("user", "assistant")
    talks = (
        [{"role": r, "content": t} for r, t in zip(roles, pair, strict=True)]
        for pair in pairs
    )
    return [Example(*chat.for_training(tokenizer, talk)) for talk in talks]


def collate(
    examples: list[Example],
) -> tuple[Int[Tensor, "B T"], Bool[Tensor, "B T"]]:
    """Lay examples into (B, T) tensors, padded on the right: ids and mask by token."""
    width = max(len(example.ids) for example in examples)
    ids = torch.full((len(examples), width), PAD)
    mask = torch.zeros(len(examples), width, dtype=torch.bool)
    for b, example in enumerate(examples):
        ids[b, : len(example.ids)] = torch.tensor(example.ids)
        mask[b, : len(example.mask)] = torch.tensor(example.mask)
    return ids, mask


def sft_loss(
    logprobs: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"]
) -> tuple[Float[Tensor, ""], dict[str, float]]:
    """Minus the mean log-probability of the tokens under the mask, in nats.

    What is outside the mask is not read; a mask without any True token gives 0.

    >>> sft_loss(torch.tensor([[0., -5., -1., -3.]]), torch.tensor([[0, 0, 1, 1]]) > 0)
    (tensor(2.), {'loss': 2.0})
    """
    loss = -token_mean(logprobs, mask)
    return loss, {"loss": loss.item()}


def update(model, optimizers, examples: list[Example], micro_tokens: int) -> dict:
    """Take one optimizer step on a batch, in parts of at most `micro_tokens` tokens."""
    lengths = torch.tensor([len(example.ids) for example in examples])
    total = sum(sum(example.mask) for example in examples)

    def parts():
        for rows in micro_batches(lengths, torch.arange(len(examples)), micro_tokens):
            ids, mask = (
                x.to(model.embed.weight.device)
                for x in collate([examples[i] for i in rows.tolist()])
            )
            loss, metrics = sft_loss(token_logprobs(model(ids), ids, mask=mask), mask)
            yield loss, mask.sum() / max(1, total), metrics

    metrics = accumulate(parts())
    norm = optim.guarded_step(model, optimizers)
    return {**metrics, "tokens": total, "grad_norm": norm}


def pack(
    examples: list[Example], length: int
) -> list[tuple[Int[Tensor, " T"], Int[Tensor, " T"], Bool[Tensor, " T"]]]:
    """Lay examples into rows of `length`: (ids, number of the example, mask) of each.

    The masks have the lengths of the ids, so they fall into the same places.
    """
    rows = packing.pack([example.ids for example in examples], length)
    marks = packing.pack(
        [[1 + m for m in example.mask] for example in examples], length
    )
    return list(zip(rows.ids, rows.owner, marks.ids == 2, strict=True))


def packed_logprobs(
    model,
    ids: Int[Tensor, "B T"],
    owner: Int[Tensor, "B T"],
    mask: Bool[Tensor, "B T"] | None = None,
) -> Float[Tensor, "B T"]:
    """Log-probability of each token, as if every example were alone in its row.

    It sees no other example, and its positions begin at 0. `mask` as in
    `losses.token_logprobs`.
    """
    rows = packing.Packed(ids, owner)
    states = model.hidden(ids, positions=rows.positions, attn_mask=rows.mask)
    return token_logprobs(model.head(states), ids, mask=mask)


def update_packed(model, optimizers, examples: list[Example], config) -> dict:
    """Take the step of `update` with rows of `config.packed` tokens."""
    rows = pack(examples, config.packed)
    total = sum(sum(example.mask) for example in examples)
    at_once = max(1, config.micro_tokens // config.packed)
    device = model.embed.weight.device

    def parts():
        for start in range(0, len(rows), at_once):
            columns = zip(*rows[start : start + at_once], strict=True)
            ids, owner, mask = (torch.stack(column).to(device) for column in columns)
            loss, metrics = sft_loss(packed_logprobs(model, ids, owner, mask), mask)
            yield loss, mask.sum() / max(1, total), metrics

    metrics = accumulate(parts())
    norm = optim.guarded_step(model, optimizers)
    return {**metrics, "tokens": total, "grad_norm": norm}


def train(model, examples: list[Example], config: SFTConfig, optimizers, start=0):
    """Fine-tune for `config.epochs` passes; yields metrics after each step.

    The last batch of an epoch may be smaller.
    """
    positions = model.config.max_positions
    if config.packed > positions:
        raise ValueError(
            f"packed rows of {config.packed} tokens need as many positions, the model "
            f"knows {positions}"
        )
    check(examples, config.packed or positions)
    model.train()
    a_pass = -(-len(examples) // config.batch_size)
    for step, batch in scheduled(examples, config, optimizers, start):
        if config.packed:
            metrics = update_packed(model, optimizers, batch, config)
        else:
            metrics = update(model, optimizers, batch, config.micro_tokens)
        yield {"step": step + 1, "epoch": step // a_pass + 1, **metrics}


def check(examples: list[Example], positions: int) -> None:
    """Refuse examples that teach nothing or do not fit into the model."""
    if not examples:
        raise ValueError("fine-tuning needs at least one example, got none")
    longest = max(len(example.ids) for example in examples)
    if longest > positions:
        raise ValueError(f"room for {positions} ids in a row, an example has {longest}")
    for example in examples:
        if len(example.ids) != len(example.mask):
            raise ValueError(
                f"wanted a mask for each of {len(example.ids)} ids, got "
                f"{len(example.mask)}"
            )
        if example.mask[0] or not any(example.mask):
            raise ValueError(
                "wanted at least one token to learn, and not the first one: nothing "
                f"stands before it; got the mask {example.mask[:8]}"
            )
