"""Two sides do the same work: first checked for equality, then timed in turns.

A `Row` names two functions that make a `Side`: ours, and that of a peer. Each side
lives in a process of its own with the same number of threads. Where a side has several
ways to do the work (a peer's static or dynamic cache, say), its fastest takes part.
Rounds alternate, and a ratio is taken within a round, so that a slow minute hits both.
"""

import os
import statistics
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch

from benchmarks import floor
from benchmarks.floor import Work
from benchmarks.sides import Process, Side
from r1lib.files import shown

ROUNDS, RUNS = 5, 3
SIDES = ("ours", "theirs")


@dataclass(frozen=True)
class Row:
    """One row of the table.

    `ours(small)` and `theirs(small)` make the sides, `work(small)` says what they have
    to do. `goal` is the ratio of the peer's seconds to ours that is aimed at. Tensors
    may differ by `tolerance` times the largest number in them. `weights` are the
    artifacts that are read. `missing()` says why a machine cannot run the row. `once`:
    it takes minutes and needs no warming up, so one round in a run is enough.
    """

    name: str
    what: str
    peer: str
    goal: float
    ours: Callable[[bool], Side]
    theirs: Callable[[bool], Side]
    work: Callable[[bool], Work]
    tolerance: float = 1e-4
    weights: tuple[str, ...] = ("tokenizer",)
    missing: Callable[[], str | None] = lambda: None
    once: bool = False


# ---- the same? -------------------------------------------------------------------


def check(ours: dict, theirs: dict, tolerance: float) -> dict[str, float]:
    """Refuse to go on where two answers differ; return how far arrays are apart.

    The distance is that of the farthest pair, in units of the largest number.
    """
    if ours.keys() != theirs.keys() or not ours:
        raise ValueError(f"wanted the same names, got {[*ours]} and {[*theirs]}")
    apart = {}
    for name, mine in ours.items():
        other = theirs[name]
        if not hasattr(mine, "shape"):
            if mine != other:
                raise ValueError(
                    f"the sides differ in {name}: ours {shown(mine)}, theirs "
                    f"{shown(other)}: no time is worth reporting"
                )
            continue
        if mine.shape != other.shape:
            raise ValueError(
                f"the sides differ in the shape of {name}: ours {mine.shape}, theirs "
                f"{other.shape}"
            )
        apart[name] = float(abs(mine - other).max() / abs(other).max())
        if not apart[name] <= tolerance:  # nor NaN
            raise ValueError(
                f"the sides differ in {name} by {apart[name]:.2g} of its largest "
                f"number, {tolerance:g} is allowed: no time is worth reporting"
            )
    return apart


# ---- measuring -------------------------------------------------------------------


def fastest(side) -> tuple[str, dict[str, float | str]]:
    """Try every way twice, the first time to warm up; return the best, and all.

    A way that fails is no way, but it is written down why. The only way is not tried.
    """
    tried: dict[str, float | str] = {}
    ways = side.ways()
    if len(ways) == 1:
        return ways[0], {}
    for way in ways:
        try:
            side.seconds(way)
            tried[way] = side.seconds(way)
        except Exception as error:
            tried[way] = f"failed: {shown(error)}"
    fine = {way: s for way, s in tried.items() if not isinstance(s, str)}
    if not fine:
        raise RuntimeError(f"no way works: {tried}")
    return min(fine, key=fine.get), tried


@contextmanager
def started(row: Row, small: bool, threads: int, start=Process):
    """Both sides of a row, by name; closed in the end."""
    sides = {}
    try:
        for name in SIDES:
            sides[name] = start(partial(getattr(row, name), small), threads)
        yield sides
    finally:
        for side in sides.values():
            side.close()


def one_run(row: Row, sides: dict, ways: dict[str, str], rounds: int) -> dict:
    """Check both sides in the chosen ways, warm up, and time them in turns."""
    answers = {name: side.answer(ways[name]) for name, side in sides.items()}
    apart = check(answers["ours"], answers["theirs"], row.tolerance)
    seconds = {name: [] for name in sides}
    for name, side in sides.items():
        if not row.once:
            side.seconds(ways[name])
    for i in range(rounds):
        for name in SIDES[:: -1 if i % 2 else 1]:
            seconds[name].append(sides[name].seconds(ways[name]))
    memory = {name: side.memory() for name, side in sides.items()}
    return {"seconds": seconds, "memory_gb": memory, "apart": apart}


def measure(
    row: Row,
    *,
    small: bool = False,
    rounds: int = ROUNDS,
    runs: int = RUNS,
    threads: int = 1,
    start=Process,
) -> dict:
    """Measure a row: several runs, each with new processes, and what the floor is.

    Processes of their own choose the ways, so that no way adds to another's memory.
    """
    before, work, rounds = load(), row.work(small), 1 if row.once else rounds
    torch.set_num_threads(threads)
    least = floor.seconds(work, quick=small)
    with started(row, small, threads, start) as sides:
        tried = {name: fastest(side) for name, side in sides.items()}
    ways, found = {name: best for name, (best, _) in tried.items()}, []
    for _ in range(runs):
        with started(row, small, threads, start) as sides:
            found.append(one_run(row, sides, ways, rounds))
    return {
        "what": row.what,
        "peer": row.peer,
        "goal": row.goal,
        **summary(found, least),
        "count": work.count,
        "unit": work.unit,
        "way": ways,
        "tried": {name: all_ways for name, (_, all_ways) in tried.items()},
        "floor": least,
        "memory_gb": found[-1]["memory_gb"],
        "runs": found,
        "settings": {
            "small": small,
            "rounds": rounds,
            "runs": runs,
            "threads": threads,
            "tolerance": row.tolerance,
        },
        "load": {"before": before, "after": load(), "processors": os.cpu_count()},
    }


def summary(runs: list[dict], least: dict) -> dict:
    """Median seconds of both sides, their ratio with its spread, times the floor.

    The ratio is taken within each round; "of runs" are the medians of single runs.
    """
    sides = {s: [x for run in runs for x in run["seconds"][s]] for s in SIDES}
    ratios = [
        [b / a for a, b in zip(*(run["seconds"][s] for s in SIDES), strict=True)]
        for run in runs
    ]
    every = [ratio for run in ratios for ratio in run]
    medians = {side: statistics.median(found) for side, found in sides.items()}
    return {
        "seconds": medians,
        "ratio": {
            "median": statistics.median(every),
            "range": [min(every), max(every)],
            "of runs": [statistics.median(run) for run in ratios],
        },
        "times_floor": {
            side: median / least["seconds"] if least["seconds"] else None
            for side, median in medians.items()
        },
    }


def load() -> float | None:
    """How many processes wanted to run in the last minute; None where nobody counts."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def report(name: str, found: dict) -> str:
    """Say in a few lines what was measured."""
    low, high = found["ratio"]["range"]
    lines = [
        f"{name}: {found['what']}, against {found['peer']}",
        f"  ratio   {found['ratio']['median']:8.2f}   ({low:.2f} to {high:.2f}), "
        f"goal {found['goal']:g}",
    ]
    for side, seconds in found["seconds"].items():
        rate, times = found["count"] / seconds, found["times_floor"][side]
        memory = found["memory_gb"][side]
        way = found["way"][side]
        lines.append(
            f"  {side:8}{seconds:8.4g} s  {rate:12,.0f} {found['unit']}/s"
            + (f"  {times:6.1f} x floor" if times else "")
            + (f"  {memory['peak']:5.2f} GB" if memory["peak"] else "")
            + f"  ({way})"
        )
    lines.append(floor.report(found["floor"]))
    return "\n".join(lines)
