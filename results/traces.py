"""Traces for P9: a stage's samples on training problems, and ways to choose from them.

Each stage of a run answers the same problems K times, into runs/traces-SEED; none of
them was sampled for the table that Dev3 learned from. Every way of choosing takes at
most one trace of a problem, and an arm takes the first so many problems of each game,
in one order for all arms. A filter still chooses problems as well as traces: those on
which nothing passes fall out. That is part of what a filter does.
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
from r1lib.world.rewrite import readable
from results import journey, one_unit

LEVELS_OF = {"easy": ("easy",), "both": ("easy", "hard")}


@dataclass(frozen=True)
class Sizes:
    """How much a teacher writes: problems of each game and level, samples of each."""

    problems: int = 1500
    k: int = 4
    max_new_tokens: int = 192
    most_tokens: int = 160  # longer ones ramble
    at_once: int = 100

    def __post_init__(self):
        limits.whole(self, "problems", "k", "max_new_tokens", "most_tokens", "at_once")


def asked(sizes: Sizes, seed: int, level: str) -> list[Problem]:
    """Training problems of both games, none of which the stage `samples` has asked."""
    known = {
        problem.prompt
        for family, at, n in rejection.parts(stages.settings("tiny", seed).samples)[0]
        if family in pipeline.FAMILIES and at == level
        for problem in rejection.training(family, level, n, seed)
    }
    number, out = random.Random(f"traces-{seed}").getrandbits(32), []
    for family, sample in pipeline.FAMILIES.items():
        drawn = problems(sample, 2 * sizes.problems, number, "train", level)
        new = [problem for problem in drawn if problem.prompt not in known]
        if len(new) < sizes.problems:
            raise ValueError(
                f"wanted {sizes.problems} {level} problems of {family} that no stage "
                f"was asked for its table, got {len(new)}"
            )
        out += new[: sizes.problems]
    return out


def sampled(run: Path, stage: str, sizes: Sizes, seed: int, level: str = "easy"):
    """Let a stage answer, or find its answers: (rows, seconds of sampling).

    A killed collection goes on; its seconds are those of the chunks that were noted.
    """
    name = f"{stage}-{level}-{sizes.problems}.jsonl"
    path = run.with_name(f"traces-{seed}") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    model, tokenizer = checkpoints.load(run, stage)
    given = asked(sizes, seed, level)
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


def chosen(rows: list[dict], way: str, sizes: Sizes) -> list[dict]:
    """Take one trace of each problem, in the order of the problems.

    unfiltered    the first sample, whatever it is
    wrong         the first that ended by itself, in form, with a wrong answer
    correct       the first that is right
    readable      the first that also passes the filters of rejection sampling
    shortest      the shortest of these
    longest       the longest of these
    """
    filters = {
        "unfiltered": (),
        "wrong": ("form",),
        "correct": ("correct",),
        **dict.fromkeys(
            ("readable", "shortest", "longest"),
            ("correct", "form", "language", "length", "repetition"),
        ),
    }
    if way not in filters:
        raise ValueError(f"way must be one of {', '.join(filters)}, got {way!r}")
    if way == "wrong":
        rows = [row for row in rows if row["finished"] and not row["correct"]]
    if filters[way]:
        kept = rejection.Sizes(filters=filters[way], most_tokens=sizes.most_tokens)
        rows, _ = rejection.filtered(way, rows, kept)
    best = {}
    for row in rows:
        best.setdefault(row["prompt"], []).append(row)
    if way in ("shortest", "longest"):
        pick = min if way == "shortest" else max
        return [pick(found, key=lambda row: row["tokens"]) for found in best.values()]
    return [found[0] for found in best.values()]


def written(rows: list[dict], sizes: Sizes, seed: int, level: str = "easy"):
    """Solve the problems of the rows as a person would: no try that fails, one check.

    The form is that of the readable traces, so only the search is missing.
    """
    known = {problem.prompt: problem for problem in asked(sizes, seed, level)}
    rng, out = random.Random(f"written-{seed}"), []
    for row in rows:
        problem = known[row["prompt"]]
        lines = journey.shortcut(problem, journey.journey(rng, problem, 1))
        text = "\n".join(lines)
        text = f"<think>{text}\n</think><answer>{problem.answer}</answer>"
        out.append({**row, "completion": readable(problem, text), "source": "a script"})
    return out
