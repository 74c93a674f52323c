"""How fast are answers and programs judged: beside others, and family by family?

`ROWS` compares `math_equal` with math-verify, and our sandbox, whose servers run
already, with a process of Python for each program, which has no walls at all.

Besides, how many rewards a second does each family give, and programs a second the
sandbox? Chapter 06 reads it.

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
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

import torch

from benchmarks.floor import Work
from benchmarks.harness import Row, load
from benchmarks.sides import Side
from r1lib import files, rewards, sandbox, verifiers
from r1lib.problem import STYLES, problems
from r1lib.rewards import code
from r1lib.sandbox import Sandbox
from r1lib.world import arithmetic, corpus, countdown, logic, programs
from tools import provenance

ROUNDS, TEXTS, PROGRAMS, SEED = 5, 2000, 100, 0
COUNT = 1000  # answers, and programs, of a row
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


def cold_run(jobs: list, workers: int) -> None:
    """Judge jobs on servers that are started for it."""
    sandbox.each(jobs, lambda box, job: code.judge(*job, box), workers=workers)


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
                cold = timed(lambda k=k: cold_run(jobs, k), n_programs)
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


# ---- beside others ---------------------------------------------------------------


def answers(small: bool) -> list[tuple[str, str]]:
    """Different (gold, answer) pairs of kinds in which both judges mean the same."""
    from results import agreement

    found, wanted = {}, 20 if small else COUNT
    for seed in range(20):
        for kind, gold, answer in agreement.pairs(seed):
            if kind not in agreement.REASONS:
                found[(gold, answer)] = kind
        if len(found) > wanted:
            break
    pairs = sorted(found)
    random.Random(SEED).shuffle(pairs)
    return pairs[:wanted]


def verdicts(judge: Callable, small: bool) -> Side:
    """Judge all pairs, one after the other."""
    pairs = answers(small)

    def judged():
        return [bool(judge(gold, answer)) for gold, answer in pairs]

    def step():
        judged()

    return Side(lambda _: {"verdicts": judged()}, {"one by one": step})


def math_verify(small: bool) -> Side:
    """math-verify without its time limits: it is faster so."""
    import logging

    from results import agreement

    logging.disable(logging.WARNING)
    return verdicts(agreement.theirs, small)


def jobs(small: bool) -> list[tuple[str, list]]:
    """Programs with the tests of their problems; every other one does nothing."""
    rows = problems(programs.sample, 50, SEED, "train", language="en")
    n = 4 if small else COUNT
    idle = code.IDLE.format(entry="solve")
    pairs = [(rows[i % 50].answer, list(rows[i % 50].data)) for i in range(n)]
    return [(idle if i % 2 else text, tests) for i, (text, tests) in enumerate(pairs)]


def in_sandbox(small: bool) -> Side:
    """As many servers as threads, which run already."""
    wanted, workers = jobs(small), torch.get_num_threads()
    boxes = [Sandbox() for _ in range(workers)]
    for box in boxes:
        box.start()

    def work(i):
        return [boxes[i].run(*job).passed for job in wanted[i::workers]]

    return Side(*spread(work, workers), lambda: [box.stop() for box in boxes] and None)


CALLER = """
import ast, sys
code, inputs = ast.literal_eval(sys.stdin.read())
scope = {}
exec(code, scope)
print([scope["solve"](*args) for args in inputs])
"""


def process_each(small: bool) -> Side:
    """A new Python for each program, as many at a time as there are threads."""
    import ast

    wanted, workers = jobs(small), torch.get_num_threads()

    def passed(text, tests):
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-B", "-c", CALLER],
            input=repr((text, [args for args, _ in tests])),
            capture_output=True,
            text=True,
            timeout=20,
        )
        got = ast.literal_eval(done.stdout)
        return sum(x == y for x, (_, y) in zip(got, tests, strict=True))

    def work(i):
        return [passed(*job) for job in wanted[i::workers]]

    return Side(*spread(work, workers))


def spread(work: Callable, workers: int) -> tuple[Callable, dict]:
    """Answer and ways of a side whose work is cut into parts, each in a thread."""

    def all_parts():
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(work, range(workers)))

    def step():
        all_parts()

    return lambda _: {"tests passed": all_parts()}, {f"{workers} at a time": step}


def counted(unit: str, few: int, small: bool) -> Work:
    return Work(few if small else COUNT, unit)


ROWS = [
    Row(
        "rewards-math",
        f"judging {COUNT:,} math answers",
        "math-verify",
        1.0,
        partial(verdicts, verifiers.math_equal),
        math_verify,
        partial(counted, "answers", 20),
        weights=(),
        once=True,
    ),
    Row(
        "rewards-programs",
        f"judging {COUNT:,} programs",
        "a process for each program, without walls",
        20.0,
        in_sandbox,
        process_each,
        partial(counted, "programs", 4),
        weights=(),
        missing=sandbox.missing,
    ),
]


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
