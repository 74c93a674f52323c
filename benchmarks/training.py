"""A step of pre-training: `pretrain.train` against a loop around transformers.

24 texts of 128 tokens, the same ones in every step; AdamW, clipped gradients, the
next-token loss alone. The loop around transformers has nothing in it but that.
"""

from functools import partial

import torch

from benchmarks import floor, models
from benchmarks.harness import Row
from benchmarks.sides import Side
from r1lib.model.transformer import Transformer
from r1lib.tokenizer import Tokenizer
from r1lib.training import optim, pretrain
from r1lib.training.pretrain import PretrainConfig
from r1lib.world import web

ROWS_, LENGTH, LR = 24, 128, 1e-3
ENDLESS = 10**6  # steps that are planned: nobody waits for the last one
AT_ONCE = 50  # with so few, the first step has the whole learning rate already


def sizes(small: bool) -> tuple[int, int]:
    return (3, 16) if small else (ROWS_, LENGTH)


def texts(tokenizer: Tokenizer, rows: int, length: int) -> list[list[int]]:
    """Rows of exactly so many tokens, cut from the tiny web."""
    documents = pretrain.encode_documents(tokenizer, web.documents(rows * 8, 0))
    stream = [token for document in documents for token in document]
    while len(stream) < rows * length:
        stream += stream
    return [stream[i * length : (i + 1) * length] for i in range(rows)]


def loop(model: Transformer, documents: list[list[int]], steps: int = ENDLESS):
    """Our own training loop, without the MTP loss and the routers' nudge."""
    config = PretrainConfig(
        steps=steps, batch_size=len(documents), mtp_weight=0.0, bias_speed=0.0
    )
    return pretrain.train(model, documents, config, optim.adamw(model, LR))


@torch.no_grad()
def probed(logits: torch.Tensor, before: torch.Tensor | None = None) -> torch.Tensor:
    """Log-probabilities of a probe, or how a step has changed them."""
    found = logits.log_softmax(-1)
    return found if before is None else found - before


def without_mtp(model: Transformer) -> Transformer:
    """Drop the MTP module: the peer has none, and its weights would be optimized."""
    model.mtp = None
    return model


def ours(name: str, small: bool) -> Side:
    tokenizer = models.tokenizer()
    documents = texts(tokenizer, *sizes(small))
    model = without_mtp(models.ours(name, small))
    steps, probe = loop(model, documents), torch.tensor(documents[:2])

    @torch.no_grad()
    def answer(_):
        before = probed(model(probe))
        with torch.enable_grad():
            made = next(loop(model, documents, AT_ONCE))
        return {
            "loss": torch.tensor([made["loss"]]),
            "gradient norm": torch.tensor([made["grad_norm"]]),
            "log-probabilities": before,
            "their change": probed(model(probe), before),
        }

    def step():
        next(steps)

    return Side(answer, {"step": step})


def their_step(model, ids: torch.Tensor, optimizer) -> dict[str, float]:
    """One step as one would write it with transformers."""
    loss = model(input_ids=ids, labels=ids, use_cache=False).loss
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return {"loss": loss.item(), "grad_norm": float(norm)}


def their_adamw(model) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        model.parameters(), fused=True, lr=LR, betas=(0.9, 0.95), weight_decay=0.0
    )


def theirs(name: str, small: bool) -> Side:
    models.quiet()
    documents = texts(models.tokenizer(), *sizes(small))
    ids, probe = torch.tensor(documents), torch.tensor(documents[:2])
    mine = models.ours(name, small)

    def made(kind):
        model = models.theirs(mine, kind).train()
        return model, their_adamw(model)

    @torch.no_grad()
    def answer(way):
        model, optimizer = made(kinds[way])
        before = probed(model(probe).logits)
        with torch.enable_grad():
            found = their_step(model, ids, optimizer)
        return {
            "loss": torch.tensor([found["loss"]]),
            "gradient norm": torch.tensor([found["grad_norm"]]),
            "log-probabilities": before,
            "their change": probed(model(probe).logits, before),
        }

    def steps(kind):
        model, optimizer = made(kind)
        return lambda: their_step(model, ids, optimizer) and None

    kinds = {kind or "sdpa": kind for kind in models.ways_of(mine)}
    return Side(answer, {way: steps(kind) for way, kind in kinds.items()})


def work(name: str, small: bool) -> floor.Work:
    rows, length = sizes(small)
    return floor.training_step(
        models.config_of(name, small), rows, length, rows * length
    )


ROWS = [
    Row(
        f"training-{name}",
        f"training step, {models.WORDS[name]}, {ROWS_} x {LENGTH}",
        f"transformers {kind}",
        goal,
        partial(ours, name),
        partial(theirs, name),
        partial(work, name),
        tolerance=1e-3,
        weights=("tokenizer", models.TRAINED[name]),
    )
    for name, kind, goal in (("v3", "DeepseekV3", 2.0), ("dense", "Qwen2", 1.3))
]
