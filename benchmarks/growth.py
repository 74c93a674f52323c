"""How time and memory of a step grow: with width, context, group size, experts.

Each point is one model, or one size of a step, in a process of its own, so that its
peak of memory is its own. One thing grows at a time; all else stays as in the tiny
model. The slope of a line through the points, log against log, is 1 where something
costs twice as much when it is twice as large, and 2 where it costs four times as much.
Memory is what the step needs above what the process had when all was made.
"""

import math
import statistics
from dataclasses import replace
from functools import partial

from benchmarks import grpo, models, training
from benchmarks.sides import Process, Side
from r1lib.model.config import ModelConfig
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import new_model
from r1lib.rl.grpo import GRPOConfig
from r1lib.rl.grpo import train as train_grpo
from r1lib.training import optim

AXES = {
    "width": (48, 96, 192, 384),
    "context": (32, 64, 128, 256),
    "group size": (4, 8, 16, 32),
    "experts": (4, 8, 16, 32, 64),
}
SMALL = {"width": (24, 48), "context": (6, 12), "group size": (2, 4), "experts": (4, 8)}
STEPS = {"training": tuple(AXES)[:2] + ("experts",), "grpo": tuple(AXES)}


def config_of(axis: str, value: int, small: bool) -> ModelConfig:
    """The tiny model with one size changed; widths change together."""
    c = replace(
        PRESETS["smoke" if small else "tiny"],
        vocab_size=models.tokenizer().vocab_size,
        n_mtp=0,
    )
    if axis == "experts":
        return replace(c, n_routed_experts=value)
    if axis != "width":
        return c
    names = ("kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")
    names += ("ffn_dim", "moe_ffn_dim")
    scaled = {name: scaled_to(getattr(c, name), value / c.d_model) for name in names}
    return replace(c, d_model=value, **scaled)


def scaled_to(size: int, factor: float) -> int:
    """A size times a factor, to the next even number."""
    return max(2, 2 * round(size * factor / 2))


def training_step(axis: str, value: int, small: bool) -> Side:
    """AdamW on rows of one length, as many tokens whatever the width."""
    model = new_model(config_of(axis, value, small), 0)
    rows, length = training.sizes(small)
    length = value if axis == "context" else length
    steps = training.loop(model, training.texts(models.tokenizer(), rows, length))
    return Side(lambda _: {}, {"step": lambda: next(steps) and None})


def grpo_step(axis: str, value: int, small: bool) -> Side:
    """Completions of one length, a coin as reward, one optimizer step."""
    model = new_model(config_of(axis, value, small), 0)
    model.head = grpo.Endless(model.head)
    c = GRPOConfig(
        steps=grpo.ENDLESS,
        prompts=2 if small else 8,
        group_size=value if axis == "group size" else 4 if small else 16,
        max_new_tokens=value if axis == "context" else 4 if small else 64,
        minibatches=1,
        lr=grpo.LR,
    )
    pool = models.problems(c.prompts)
    steps = train_grpo(
        model,
        models.tokenizer(),
        lambda rng: rng.choice(pool),
        c,
        optim.adamw(model, grpo.LR),
        reward=grpo.coin,
    )
    return Side(lambda _: {}, {"step": lambda: next(steps) and None})


MAKE = {"training": training_step, "grpo": grpo_step}


def slope(x: list[float], y: list[float]) -> float | None:
    """Least-squares slope of log y over log x: 2 where y grows as the square of x.

    >>> round(slope([1, 2, 4], [3, 12, 48]), 6)
    2.0
    """
    if not all(value and value > 0 for value in y):
        return None  # a step that needs no memory of its own has no slope
    logs = [(math.log(a), math.log(b)) for a, b in zip(x, y, strict=True)]
    return statistics.linear_regression(*zip(*logs, strict=True)).slope


def point(make, rounds: int, threads: int, start=Process) -> dict:
    """Seconds of a step, and the memory that it needed."""
    side = start(make, threads)
    try:
        side.seconds("step")  # warms up
        seconds = [side.seconds("step") for _ in range(rounds)]
        memory = side.memory()
    finally:
        side.close()
    known = memory["peak"] is not None
    return {
        "seconds": statistics.median(seconds),
        "range": [min(seconds), max(seconds)],
        "memory_gb": memory["peak"] - memory["made"] if known else None,
    }


def measure(*, small: bool, rounds: int, threads: int, start=Process) -> dict:
    """All points of all lines, and the slopes: what a plot needs."""
    lines = []
    for step, axes in STEPS.items():
        for axis in axes:
            values = list((SMALL if small else AXES)[axis])
            points = [
                point(partial(MAKE[step], axis, x, small), rounds, threads, start)
                for x in values
            ]
            line = {"step": step, "axis": axis, "values": values}
            for name in ("seconds", "memory_gb"):
                line[name] = [one[name] for one in points]
                line[f"slope of {name}"] = slope(values, line[name])
            lines.append(line | {"range": [one["range"] for one in points]})
    settings = {"small": small, "rounds": rounds, "threads": threads}
    return {"growth": lines, "settings": settings}


def report(found: dict) -> str:
    """One line for each step and axis."""
    lines = []
    for line in found["growth"]:
        slopes = [line[f"slope of {name}"] for name in ("seconds", "memory_gb")]
        words = ", ".join("-" if x is None else f"{x:.2f}" for x in slopes)
        lines.append(
            f"{line['step']:10}{line['axis']:12} slopes of time, memory: {words}   "
            f"seconds {', '.join(f'{x:.3g}' for x in line['seconds'])}"
        )
    return "\n".join(lines)
