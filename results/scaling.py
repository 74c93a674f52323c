"""Measure one unit of the scaling study, (size, seed): loss against model and data.

    python -m results.scaling 32x2 0       width 32, 2 layers; also 48x3, 64x4, ...

Dense models of one shape read the tiny web once, at most DATA[-1] batches of it. One
run per unit serves all amounts of data: its learning rate stays constant, and for each
amount a copy leaves it early and decays to zero ("warm-up, stable, decay", arXiv
2404.06395). The copy is, to the last bit, the run that had planned to end there. Loss
is measured on documents of problems that no training sees. A unit takes two to eight
minutes on one core and writes results/data/scaling-SIZE-SEED.json; a killed one
begins anew.
"""

import copy
import time
from dataclasses import replace

import torch

from r1lib import artifacts
from r1lib.losses import next_token_loss
from r1lib.model import counts
from r1lib.model.config import ModelConfig
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import evaluating, new_model
from r1lib.problem import problems
from r1lib.tokenizer import PAD, Tokenizer
from r1lib.training import optim, pretrain
from r1lib.world import corpus, countdown, skills
from results import one_unit
from results.experts import held_out

SIZES = ("32x2", "48x3", "64x4", "96x4", "128x4")  # width x layers
DATA = (200, 400, 800, 1600)  # batches of the plan's size
WARMUP, DECAY = 32, 0.3  # steps, and the share of a run in which the rate falls
POINT = 30  # steps between points of the training curve
WATCHED = 128  # held-out countdown problems on which skills are measured


def config_of(size: str, vocab_size: int) -> ModelConfig:
    """The dense model of the book, in another width and depth."""
    width, layers = map(int, size.split("x"))
    shape = {"d_model": width, "head_dim": width // 4, "ffn_dim": 2 * width}
    dense = PRESETS["tiny-dense"]
    return replace(dense, vocab_size=vocab_size, n_layers=layers, **shape)


def factor(step: int, end: int | None) -> float:
    """Learning-rate factor of a run that ends at `end`, or of the one that goes on."""
    fall = 1.0 if end is None else (end - step) / round(DECAY * end)
    return min((step + 1) / WARMUP, 1.0, fall)


def walk(model, optimizers, batches, first: int, last: int, end: int | None):
    """Train on batches first..last-1 of a run that ends at `end`; yield metrics."""
    model.train()
    for step in range(first, last):
        optim.set_lr(optimizers, factor(step, end))
        total, metrics = pretrain.loss(model, batches[step], mtp_weight=0.0)
        total.backward()
        optim.guarded_step(model, optimizers)
        yield {"step": step + 1, **metrics}


def runs(model, optimizers, batches, ends):
    """Yield ({step, seconds}, model, its losses) for each planned end, of one trunk."""
    losses, spent, here = [], 0.0, 0
    for end in ends:
        began, leave = time.perf_counter(), end - round(DECAY * end)
        losses += [
            m["loss"] for m in walk(model, optimizers, batches, here, leave, None)
        ]
        here, spent = leave, spent + time.perf_counter() - began
        began, branch = time.perf_counter(), copy.deepcopy((model, optimizers))
        tail = [m["loss"] for m in walk(*branch, batches, leave, end, end)]
        seconds = spent + time.perf_counter() - began
        yield {"step": end, "seconds": seconds}, branch[0], losses + tail


@torch.no_grad()
def held_out_loss(model, batches) -> tuple[float, int]:
    """Mean loss of the next token over all tokens, and how many these are."""
    total, count = 0.0, 0
    with evaluating(model):
        for ids in batches:
            n = int((ids[:, 1:] != PAD).sum())
            total += next_token_loss(model(ids), ids).item() * n
            count += n
    return total / count, count


def curve(losses: list[float]) -> list[dict]:
    """Mean training loss of every POINT steps."""
    starts = range(0, len(losses) - POINT + 1, POINT)
    return [
        {"step": s + POINT, "loss": sum(losses[s : s + POINT]) / POINT} for s in starts
    ]


def unit(size: str, seed: int, ends=DATA) -> dict:
    """Train one size on all amounts of data and measure it on each."""
    began = time.perf_counter()
    tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
    plan = pretrain.PretrainConfig(steps=ends[-1], seed=seed)
    texts = corpus.documents(plan.steps * plan.batch_size, seed)
    documents = pretrain.encode_documents(tokenizer, texts)
    batches = list(pretrain.stream(documents, plan))
    length = round(sum(map(len, documents)) / len(documents))
    model = new_model(config_of(size, tokenizer.vocab_size), seed)
    optimizers = optim.base_optimizers(model, plan.muon_lr, plan.adamw_lr)
    measure, points = measurement(tokenizer, batches, length), []
    for done, trained, losses in runs(model, optimizers, batches, ends):
        points.append({**done, **measure(trained, done["step"])})
        history = curve(losses)  # in the end that of the longest run
        progress = (
            f"{done['step']} of {ends[-1]} batches, loss {points[-1]['loss']:.3f}"
        )
        print(f"{size}, seed {seed}: {progress}", flush=True)
    return {
        "scaling": {
            "size": size,
            "parameters": counts.body_parameters(model.config),  # no embedding, no head
            "all parameters": counts.parameters(model.config),
            "points": points,
        },
        "history": history,
        "settings": {
            "batch_size": plan.batch_size,
            "muon_lr": plan.muon_lr,
            "adamw_lr": plan.adamw_lr,
            "warmup": WARMUP,
            "decay": DECAY,
            "mean length": length,
        },
        "minutes": (time.perf_counter() - began) / 60,
    }


def measurement(tokenizer, batches, length: int):
    """Return a function that says what a model knows after so many of the batches."""
    tokens = [int((ids != PAD).sum()) for ids in batches]
    unseen = held_out(tokenizer)
    watched = problems(countdown.sample, WATCHED, 0, "valid")

    def measure(model, steps: int) -> dict:
        read, c = sum(tokens[:steps]), model.config
        loss, count = held_out_loss(model, unseen)
        return {
            "tokens": read,
            "loss": loss,
            "evaluated tokens": count,
            "skills": skills.measure(model, tokenizer, watched),
            "6ND": counts.six_nd(counts.body_parameters(c), read),
            "flops": counts.training_flops(c, read, length),
        }

    return measure


def main() -> None:
    """Run one unit and write its file."""
    asked = one_unit.arguments(one_unit.parser(__doc__, size=SIZES))
    one_unit.write(
        asked.out / f"scaling-{asked.size}-{asked.seed}.json",
        unit(asked.size, asked.seed),
        f"results.scaling {asked.size} {asked.seed}",
        seed=asked.seed,
    )


if __name__ == "__main__":
    main()
