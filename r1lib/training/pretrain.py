"""Pre-training: next-token prediction on the tiny web, with the MTP loss beside it.

Many small steps: the skill of checking one's own result appears suddenly, and a few
large batches of the same text never reach it (chapter 05 shows the curve). Documents
of similar length share a batch, so little work is spent on padding.

How this file differs from DeepSeek-V3 (arXiv 2412.19437, sections 2.1.2 and 4.2):

1. Muon trains the matrices; AdamW, which V3 uses for everything, trains the rest.
2. Only every `mtp_every`-th batch pays for the MTP loss.
3. Documents are padded and not packed (`packing` does that).
4. The routers' biases alone balance the experts: no sequence-wise loss beside them.
5. The learning rate warms up, stays and decays once; all numbers are float32.
"""

import itertools
import random
from dataclasses import dataclass

from jaxtyping import Int
from torch import Tensor

from r1lib.losses import next_token_loss
from r1lib.model.transformer import Transformer, balance, mtp_hidden
from r1lib.tokenizer import EOS, PAD
from r1lib.training import limits, optim
from r1lib.training.batches import pad


@dataclass(frozen=True)
class PretrainConfig:
    """How to pre-train; learning rates are peaks, the plan is warm-up-stable-decay."""

    steps: int = 10_500
    batch_size: int = 24
    muon_lr: float = 0.01
    adamw_lr: float = 3e-3
    mtp_weight: float = 0.3  # lambda of DeepSeek-V3, section 4.2
    mtp_every: int = 4  # only every fourth batch pays for the MTP loss
    bias_speed: float = 0.001  # gamma of DeepSeek-V3, section 4.2
    seed: int = 0

    def __post_init__(self):
        limits.whole(self, "steps", "batch_size", "mtp_every")
        limits.positive(self, "muon_lr", "adamw_lr")
        limits.not_negative(self, "mtp_weight", "bias_speed")
        limits.seed(self)


def encode_documents(tokenizer, documents) -> list[list[int]]:
    """Turn (prompt, completion) texts into ids: framed prompt, completion, eos."""
    return [
        tokenizer.prompt(prompt)
        + tokenizer.encode(completion, allow_special=True)
        + [EOS]
        for prompt, completion in documents
    ]


def batches(documents: list[list[int]], size: int, seed, window: int = 64):
    """Cut documents into batches of similar length, in random order, and pad them."""
    documents = list(documents)
    rng = random.Random(seed)
    rng.shuffle(documents)
    for start in range(0, len(documents) - size + 1, size * window):
        chunk = sorted(documents[start : start + size * window], key=len)
        cut = [chunk[i : i + size] for i in range(0, len(chunk) - size + 1, size)]
        rng.shuffle(cut)
        yield from map(pad, cut)


def loss(model: Transformer, ids: Int[Tensor, "B T"], mtp_weight: float):
    """Next-token loss plus mtp_weight * MTP loss (DeepSeek-V3, eq. 24-25)."""
    hidden = model.hidden(ids)
    main = next_token_loss(hidden, ids, head=model.head)
    if model.mtp is None or not mtp_weight:
        return main, {"loss": main.item()}
    further = mtp_hidden(model, ids, hidden)
    extra = next_token_loss(further, ids, ahead=2, head=model.head)
    return main + mtp_weight * extra, {"loss": main.item(), "mtp_loss": extra.item()}


def train(
    model: Transformer,
    documents: list[list[int]],
    config: PretrainConfig,
    optimizers,
    start: int = 0,
):
    """Train on `documents`, one pass or more; yields metrics after each step."""
    lengths, positions = [len(ids) for ids in documents], model.config.max_positions
    if lengths and (min(lengths) < 1 or max(lengths) > positions):
        raise ValueError(
            f"wanted documents of 1 to {positions} tokens, got {min(lengths)} to "
            f"{max(lengths)}"
        )
    model.train()
    for step, ids in enumerate(stream(documents, config)):
        if step < start:
            continue
        optim.set_lr(optimizers, optim.warmup_stable_decay(step, config.steps))
        weight = config.mtp_weight if step % config.mtp_every == 0 else 0.0
        total, metrics = loss(model, ids.to(model.embed.weight.device), weight)
        total.backward()
        metrics["grad_norm"] = optim.guarded_step(model, optimizers)
        balance(model, config.bias_speed)
        yield {"step": step + 1, "tokens": int((ids != PAD).sum()), **metrics}


def stream(documents, config: PretrainConfig):
    """Yield config.steps batches, going over the documents as often as it takes."""
    if len(documents) < config.batch_size:
        raise ValueError(
            f"wanted at least {config.batch_size} documents, got {len(documents)}"
        )
    left = config.steps
    for epoch in itertools.count():
        order = f"{config.seed}-{epoch}"  # no other seed has it in another epoch
        for ids in batches(documents, config.batch_size, order):
            if left == 0:
                return
            left -= 1
            yield ids
