"""Does the run-time part of the code reward prefer the faster program, every time?

    python -m results.run_time        writes results/data/run-time.json

Several correct programs of one task, judged REPEATS times in turns: the part `speed`
of each, the whole reward, and how often noise put a slower program above a quicker one
(a flip) or level with it (a tie). Two programs that are almost equally fast are
among them: there the part must not pretend to know.
"""

import argparse
import itertools
import json
import random
from statistics import median

from r1lib import files, sandbox
from r1lib.rewards import code as code_reward
from r1lib.sandbox import Sandbox
from results import unit_tests
from tools import provenance

REPEATS = 15
LARGE = 1000  # numbers in the list on which run time is measured
SEED = 0
SORT = {
    "sorted": "def solve(xs):\n    return [42]+sorted(xs)",
    "list.sort": "def solve(xs):\n    ys = list(xs)\n    ys.sort()\n    return [42]+ys",
    "merge sort": """def solve(xs):
    def merged(ys):
        if len(ys) < 2:
            return ys
        half = len(ys) // 2
        a, b = merged(ys[:half]), merged(ys[half:])
        out, i, j = [], 0, 0
        while i < len(a) and j < len(b):
            if b[j] < a[i]:
                out.append(b[j])
                j += 1
            else:
                out.append(a[i])
                i += 1
        return out + a[i:] + b[j:]
    return [42] + merged(list(xs))""",
    "insertion sort": """def solve(xs):
    out = []
    for x in xs:
        i = len(out)
        while i and out[i - 1] > x:
            i -= 1
        out.insert(i, x)
    return [42] + out""",
    "bubble sort": """def solve(xs):
    ys = list(xs)
    for end in range(len(ys), 1, -1):
        for i in range(end - 1):
            if ys[i] > ys[i + 1]:
                ys[i], ys[i + 1] = ys[i + 1], ys[i]
    return [42] + ys""",
}
DISTINCT = {
    "dict": "def solve(xs):\n    return list(dict.fromkeys(xs))",
    "set beside": """def solve(xs):
    seen, out = set(), []
    for x in xs:
        if x not in seen:
            seen.add(x)
            out.append(x)
    return out""",
    "look back": """def solve(xs):
    out = []
    for x in xs:
        if x not in out:
            out.append(x)
    return out""",
    "slices": "def solve(xs):\n"
    "    return [x for i,x in enumerate(xs) if x not in xs[:i]]",
}
TASKS = {"sorted, with 42 at the start": SORT, "without duplicates": DISTINCT}


def judged(programs: dict, box: Sandbox, repeats: int, n: int) -> dict:
    """Judge each program `repeats` times, in turns; the first one is the reference."""
    reference = next(iter(programs.values()))
    rng = random.Random(SEED)
    large = [(rng.choices(range(10**6), k=n),)]
    small = [(rng.choices(range(21), k=k),) for k in (3, 4, 5, 6, 6)]
    tests = unit_tests.generate_tests(reference, small, box)
    rows = {name: {"seconds": [], "speed": [], "reward": []} for name in programs}
    for _ in range(repeats):
        seconds = code_reward.work(list(programs.values()), large, box, repeats=1)
        for (name, code), spent in zip(programs.items(), seconds, strict=True):
            if spent is None:
                raise ValueError(f"{name} is too slow to be measured")
            parts = code_reward.score(
                code, tests, box, reference=reference, large=large
            )
            if parts.tests < 1:
                raise ValueError(f"{name} is wrong: {parts}")
            rows[name]["seconds"].append(spent)
            rows[name]["speed"].append(parts.speed)
            rows[name]["reward"].append(parts.total)
    return {name: {"code": code, **rows[name]} for name, code in programs.items()}


def pairs(rows: dict) -> list[dict]:
    """For any two programs: how often the slower one got more, or as much."""
    order = sorted(rows, key=lambda name: median(rows[name]["seconds"]))
    out = []
    for quick, slow in itertools.combinations(order, 2):
        both = list(zip(rows[quick]["speed"], rows[slow]["speed"], strict=True))
        quicker, slower = (median(rows[name]["seconds"]) for name in (quick, slow))
        out.append(
            {
                "quicker": quick,
                "slower": slow,
                "times faster": slower / quicker,
                "n": len(both),
                "ties": sum(a == b for a, b in both),
                "flips": sum(a < b for a, b in both),
            }
        )
    return out


def main() -> None:
    """Judge the programs of all tasks and write results/data/run-time.json."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=REPEATS)
    asked = parser.parse_args()
    if why_not := sandbox.missing():
        raise SystemExit(why_not)
    tasks = {}
    with Sandbox() as box:
        for name, programs in TASKS.items():
            rows = judged(programs, box, asked.repeats, LARGE)
            first = next(iter(programs))
            tasks[name] = {"reference": first, "large": LARGE, "programs": rows}
            tasks[name]["pairs"] = pairs(rows)
            print(name)
            for pair in tasks[name]["pairs"]:
                print(f"    {pair}")
    content = {
        "tasks": tasks,
        "resolution": code_reward.RESOLUTION,
        "repeats": asked.repeats,
        "seed": SEED,
        "command": "python -m results.run_time",
        "provenance": provenance.block(),
    }
    path = provenance.DATA / "run-time.json"
    files.write_text(path, json.dumps(content, indent=1))
    print(f"wrote {path.name}")


if __name__ == "__main__":
    main()
