"""How many rewards a second does each family give, and programs a second the sandbox?

    python -m benchmarks.rewards               print medians
    python -m benchmarks.rewards --save        and write it to results/data/

The texts are completions of the tiny web: right ones, wrong ones, guesses. Each number
is the median of ROUNDS rounds; all families take part in each round, so that a slow
minute hits all of them. Both clocks are kept: on the wall, and of the processors, with
those of every process that was started for it. A machine that others use too is
slower on the wall. The sandbox is measured on 1 and 2 workers: with their start (cold),
and with servers that run already (warm). A program is a process of its own either way.
"""

import argparse
import json
import os
import random
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from r1lib import files, rewards, sandbox, verifiers
from r1lib.problem import STYLES, problems
from r1lib.rewards import code
from r1lib.sandbox import Sandbox
from r1lib.world import arithmetic, corpus, countdown, logic, programs
from tools import provenance

ROUNDS, TEXTS, PROGRAMS, SEED = 5, 2000, 100, 0
PLAIN = [("1/2", "0.5"), ("1000", "1,000"), ("3", "x=3"), ("3", "3 or 4"), ("7", "8")]
PLAIN += [("(1,2)", "(2,1)"), ("{1,2}", "{2,1}"), ("[1,2)", r"\left[1,2\right)")]
ALGEBRA = [("x^{2}+2x+1", "(x+1)^2"), ("2\\sqrt{2}", "\\sqrt{8}"), ("x+y", "y+x")]
ALGEBRA += [("2\\pi", "6.28"), ("\\frac{1}{x+1}", "\\frac{x-1}{x^2-1}")]


def texts_of(family, n: int) -> list[tuple]:
    """n completions of a family's problems, in all styles."""
    rng = random.Random(SEED)
    write = corpus.trace if family in (countdown, arithmetic) else family.trace
    rows = problems(family.sample, 50, SEED, "train")
    out = []
    for _ in range(n):
        problem = rng.choice(rows)
        out.append((problem, write(rng, problem, rng.choice(STYLES))))
    return out


def clocks() -> tuple[float, float]:
    """The wall's time, and the processors' of this process and those it waited for."""
    used = os.times()
    return time.perf_counter(), sum(used[:4])


def timed(task: Callable, n: int) -> dict:
    """Run a task that gives n rewards; seconds on the wall and of the processors."""
    wall, used = clocks()
    task()
    now, spent = clocks()
    return {"n": n, "wall": now - wall, "processor": spent - used}


def warm_run(boxes: list[Sandbox], jobs: list) -> None:
    """Judge jobs on servers that run already, each from a thread of its own."""

    def work(i):
        return [code.judge(*job, boxes[i]).total for job in jobs[i :: len(boxes)]]

    with ThreadPoolExecutor(len(boxes)) as pool:
        for part in pool.map(work, range(len(boxes))):
            if min(part) < code.WEIGHTS["tests"]:
                raise ValueError("a right program was called wrong")


def tasks_of(n: int, n_programs: int) -> dict[str, tuple[Callable, int]]:
    """Name -> (task, how many rewards it gives), for all that needs no sandbox."""
    out = {}
    for name, family in (
        ("countdown", countdown),
        ("arithmetic", arithmetic),
        ("logic", logic),
    ):
        rows = texts_of(family, n)

        def score(rows=rows):
            return [rewards.total(p, t) for p, t in rows]

        out[name] = (score, n)
    for name, pairs, count in (
        ("math_equal, no algebra", PLAIN, n),
        ("math_equal, algebra", ALGEBRA, max(len(ALGEBRA), n // 20)),
    ):
        rows = (pairs * (count // len(pairs) + 1))[:count]

        def equal(rows=rows):
            return [verifiers.math_equal(a, b) for a, b in rows]

        out[name] = (equal, count)
    return out


def measure(rounds: int, n: int, n_programs: int) -> dict[str, list[dict]]:
    """All rounds of all families: name -> one {n, wall, processor} for each round."""
    tasks = tasks_of(n, n_programs)
    rows = problems(programs.sample, 50, SEED, "train", language="en")
    jobs = [
        (rows[i % len(rows)], f"<answer>{rows[i % len(rows)].answer}</answer>")
        for i in range(n_programs)
    ]
    found = {name: [] for name in tasks}
    tasks["math_equal, algebra"][0]()  # starts the worker that computes
    with ExitStack() as stack:
        boxes = []
        if sandbox.missing() is None:
            boxes = [stack.enter_context(Sandbox()) for _ in range(2)]
            warm_run(boxes, jobs[:4])
        for _ in range(rounds):
            for name, (task, count) in tasks.items():
                found[name].append(timed(task, count))
            for k in (1, 2)[: len(boxes)]:
                warm = timed(lambda k=k: warm_run(boxes[:k], jobs), n_programs)
                found.setdefault(f"programs, warm, {k} workers", []).append(warm)
                split = list(zip(*jobs, strict=True))
                cold = timed(
                    lambda k=k, s=split: code.judge_many(*map(list, s), k),
                    n_programs,
                )
                found.setdefault(f"programs, cold, {k} workers", []).append(cold)
            if boxes:
                one = rows[0].answer, list(rows[0].data)
                first = timed(lambda one=one: sandbox.run(*one), 1)
                found.setdefault("one program, cold", []).append(first)
    return found


def summary(found: dict[str, list[dict]]) -> dict[str, dict]:
    """Rewards a second: median and range over the rounds; seconds of both clocks."""
    out = {}
    for name, rows in found.items():
        rates = [row["n"] / row["wall"] for row in rows]
        spent = [row["processor"] / row["n"] for row in rows]
        out[name] = {
            "per second": statistics.median(rates),
            "range": [min(rates), max(rates)],
            "wall seconds each": statistics.median(r["wall"] / r["n"] for r in rows),
            "processor seconds each": statistics.median(spent),
            "n": rows[0]["n"],
        }
    return out


def load() -> float | None:
    """How many processes wanted to run in the last minute; None where nobody counts."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def main() -> None:
    """Measure, print, and write the file if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--save", action="store_true")
    asked = parser.parse_args()
    if why_not := sandbox.missing():
        print(why_not)
    before = load()
    found = summary(measure(asked.rounds, TEXTS, PROGRAMS))
    after = load()
    for name, row in found.items():
        low, high = row["range"]
        print(f"{name:28}{row['per second']:10,.0f} /s  ({low:,.0f} to {high:,.0f})")
    if asked.save:
        content = {
            "rewards": found,
            "load": {"before": before, "after": after, "processors": os.cpu_count()},
            "settings": {"rounds": asked.rounds, "texts": TEXTS, "programs": PROGRAMS},
            "seed": SEED,
            "command": "python -m benchmarks.rewards --save",
            "provenance": provenance.block(),
        }
        path = provenance.DATA / "benchmark-rewards.json"
        files.write_text(path, json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
