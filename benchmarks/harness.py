"""Two sides do the same work: first checked for equality, then timed in turns.

A `Row` names two functions that make a `Side`: ours, and that of a peer. Each side
lives in a process of its own with the same number of threads. Where a side has several
ways to do the work (a peer's static or dynamic cache, say), its fastest takes part.
Rounds alternate, and a ratio is taken within a round, so that a slow minute hits both.
"""

import math
import multiprocessing
import os
import signal
import statistics
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from benchmarks import floor
from benchmarks.floor import Work
from r1lib.files import shown
from r1lib.recipe.runs import peak_memory_gb

ROUNDS, RUNS = 5, 3
SIDES = ("ours", "theirs")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")


@dataclass(frozen=True)
class Side:
    """One way, or several, to do a row's work.

    `answer(way)` computes, in one of them, what both sides have to agree on: tensors,
    numbers, ids, texts, by name. Each function of `ways` does the work once. It returns
    its seconds where the harness should not count all that it did, or else None.
    """

    answer: Callable[[str], dict]
    ways: dict[str, Callable[[], float | None]]


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


# ---- one side --------------------------------------------------------------------


class Here:
    """A side in this process: for tests, and inside the process of a side."""

    def __init__(self, make: Callable[[], Side], threads: int):
        torch.set_num_threads(threads)
        self.side = make()

    def answer(self, way: str) -> dict:
        """Return what the other side has to agree with; tensors as arrays."""
        found = self.side.answer(way)
        return {
            name: x.detach().numpy() if isinstance(x, Tensor) else x
            for name, x in found.items()
        }

    def ways(self) -> list[str]:
        return list(self.side.ways)

    def seconds(self, way: str) -> float:
        """Do the work once and return the seconds on the wall."""
        began = time.perf_counter()
        own = self.side.ways[way]()
        return time.perf_counter() - began if own is None else own

    def memory(self) -> float | None:
        """Peak memory of the process in GB, so far."""
        return peak_memory_gb()

    def close(self) -> None:
        pass


def serve(pipe, make: Callable[[], Side], threads: int) -> None:
    """Answer calls of `Process` until there are none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    try:
        here = Here(make, threads)
    except Exception as error:
        pipe.send((False, f"{type(error).__name__}: {error}"))
        return
    pipe.send((True, None))
    while (asked := pipe.recv()) is not None:
        try:
            pipe.send((True, getattr(here, asked[0])(*asked[1:])))
        except Exception as error:
            pipe.send((False, f"{type(error).__name__}: {error}"))


class Process:
    """The same, in a process of its own."""

    def __init__(self, make: Callable[[], Side], threads: int):
        context = multiprocessing.get_context("spawn")
        self.pipe, inner = context.Pipe()
        self.process = context.Process(target=serve, args=(inner, make, threads))
        before = {name: os.environ.get(name) for name in THREADS}
        os.environ.update(dict.fromkeys(THREADS, str(threads)))
        try:
            self.process.start()
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
        inner.close()
        try:
            self._reply()
        except BaseException:
            self.close()
            raise

    def _reply(self):
        try:
            fine, reply = self.pipe.recv()
        except EOFError:
            raise RuntimeError("the process of a side died") from None
        if not fine:
            raise RuntimeError(reply)
        return reply

    def _ask(self, *asked):
        self.pipe.send(asked)
        return self._reply()

    def answer(self, way: str) -> dict:
        return self._ask("answer", way)

    def ways(self) -> list[str]:
        return self._ask("ways")

    def seconds(self, way: str) -> float:
        return self._ask("seconds", way)

    def memory(self) -> float | None:
        return self._ask("memory")

    def close(self) -> None:
        self.process.terminate()
        self.process.join()
        self.pipe.close()


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
    """Check both sides in the ways that were chosen, warm up, and time them in turns."""
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
        memory = found["runs"][-1]["memory_gb"][side]
        way = found["way"][side]
        lines.append(
            f"  {side:8}{seconds:8.4g} s  {rate:12,.0f} {found['unit']}/s"
            + (f"  {times:6.1f} x floor" if times else "")
            + (f"  {memory:5.2f} GB" if memory else "")
            + f"  ({way})"
        )
    lines.append(floor.report(found["floor"]))
    return "\n".join(lines)


def slope(x: list[float], y: list[float]) -> float:
    """Least-squares slope of log y over log x: 2 where y grows as the square of x.

    >>> round(slope([1, 2, 4], [3, 12, 48]), 6)
    2.0
    """
    logs = [(math.log(a), math.log(b)) for a, b in zip(x, y, strict=True)]
    return statistics.linear_regression(*zip(*logs, strict=True)).slope
