"""Traces for P9: the teacher's samples on easy training problems, and a choice of them.

The teacher answers each problem K times, into runs/traces-SEED; none of them was
sampled for the table that Dev3 learned from. At most one trace of a problem is taken,
and an arm takes the first so many problems of each game, in one order for all arms. A
filter chooses problems as well as traces: those on which nothing passes fall out.
"""

import json
import random
import time
from dataclasses import dataclass
from pathlib import Path

from r1lib import files
from r1lib.problem import Problem, problems
from r1lib.progress import bar
from r1lib.recipe import checkpoints, pipeline, rejection, stages
from r1lib.traces import collect
from r1lib.training import limits
from results import one_unit

LEVEL = "easy"
FILTERS = ("correct", "form", "language", "length", "repetition")


@dataclass(frozen=True)
class Sizes:
    """How much a teacher writes: problems of each game, samples of each."""

    problems: int = 1500
    k: int = 4
    max_new_tokens: int = 192
    most_tokens: int = 160  # longer ones ramble
    at_once: int = 100

    def __post_init__(self):
        limits.whole(self, "problems", "k", "max_new_tokens", "most_tokens", "at_once")


def asked(sizes: Sizes, seed: int) -> list[Problem]:
    """Easy training problems of both games, none asked by the stage `samples`."""
    known = {
        problem.prompt
        for family, at, n in rejection.parts(stages.settings("tiny", seed).samples)[0]
        if family in pipeline.FAMILIES and at == LEVEL
        for problem in rejection.training(family, LEVEL, n, seed)
    }
    number, out = random.Random(f"traces-{seed}").getrandbits(32), []
    for family, sample in pipeline.FAMILIES.items():
        drawn = problems(sample, 2 * sizes.problems, number, "train", LEVEL)
        new = [problem for problem in drawn if problem.prompt not in known]
        if len(new) < sizes.problems:
            raise ValueError(
                f"wanted {sizes.problems} {LEVEL} problems of {family} that no stage "
                f"was asked for its table, got {len(new)}"
            )
        out += new[: sizes.problems]
    return out


def sampled(run: Path, stage: str, sizes: Sizes, seed: int):
    """Let a stage answer, or find its answers: (rows, seconds of sampling).

    A killed collection goes on; its seconds are those of the chunks that were noted.
    """
    name = f"{stage}-{LEVEL}-{sizes.problems}.jsonl"
    path = run.with_name(f"traces-{seed}") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    model, tokenizer = checkpoints.load(run, stage)
    given = asked(sizes, seed)
    loop = collect.collect(
        path,
        model,
        tokenizer,
        given,
        sizes.k,
        source=f"{stage} of seed {seed}",
        max_new_tokens=sizes.max_new_tokens,
        seed=seed,
        at_once=sizes.at_once,
    )
    clock, seconds = path.with_suffix(".json"), 0.0

    def timed():
        nonlocal seconds
        if clock.is_file():
            seconds = files.read_json(clock)["seconds"]
        began = time.perf_counter()
        for metrics in loop:
            seconds += time.perf_counter() - began
            files.write_text(clock, json.dumps({"seconds": seconds}))
            yield {"step": -(-metrics["problems"] // sizes.at_once), **metrics}
            began = time.perf_counter()

    steps = -(-len(given) // sizes.at_once)
    with one_unit.alone(path):
        for _ in bar(timed(), steps, f"{stage} writes", ("correct",)):
            pass
    return collect.read(path)[1], seconds


def first(rows: list[dict], n: int) -> list[dict]:
    """Take the first n rows, as many of each game."""
    each = n // len(pipeline.FAMILIES)
    of = {
        family: [r for r in rows if r["family"] == family]
        for family in pipeline.FAMILIES
    }
    return [row for found in of.values() for row in found[:each]]


def readable(rows: list[dict], sizes: Sizes) -> list[dict]:
    """Take the first trace of each problem that is right, finished and readable.

    The filters are those of rejection sampling that look at a single row.
    """
    strict = rejection.Sizes(filters=FILTERS, most_tokens=sizes.most_tokens)
    rows, _ = rejection.filtered("readable", rows, strict)
    first_of = {}
    for row in rows:
        first_of.setdefault(row["prompt"], row)
    return list(first_of.values())
