"""Rewards for programs: does it parse, read well, run, pass its tests, run fast?

The R1 paper rewards code by a compiler and test cases (arXiv 2501.12948v2, section
2.2); lint, the partial credit and the run time here are ours. A wrong program never
earns as much as a right one, and speed counts only where every test passes.

Run time is processor time, taken by the kernel outside of the program's reach. Counting
bytecodes would be exact, but blind (`sorted` is one instruction, whatever the list) and
the counter would live inside the program that it judges. So the noise is fought
instead: large inputs, medians, the cost of starting subtracted, whole doublings only.
"""

import ast
import math
import random
import re
from collections import Counter
from dataclasses import dataclass
from statistics import median

from r1lib import chat, lint, syntax
from r1lib.sandbox import Sandbox, each
from r1lib.sandbox_inside import read, write
from r1lib.tasks import Problem

WEIGHTS = {"syntax": 0.05, "lint": 0.05, "runs": 0.1, "tests": 0.7, "speed": 0.1}
PARTIAL = 0.5  # of the tests' weight, at most, while any test fails
PER_COMPLAINT = 0.25  # of the lint part
DOUBLINGS = 4  # this many times twice as fast earns the whole speed part
UNMEASURED = 0.5  # the speed part without a reference, as for a program as fast as it
SLOWEST = 4.0  # seconds for the large inputs
RESOLUTION = 1e-3  # seconds; less work than this cannot be told apart
IDLE = "def {entry}(*args):\n    return None"


@dataclass(frozen=True)
class Parts:
    """What a program earned, each in [0, 1], and the first thing that went wrong."""

    syntax: float = 0.0
    lint: float = 0.0
    runs: float = 0.0
    tests: float = 0.0
    speed: float = 0.0
    error: str | None = None

    @property
    def total(self) -> float:
        """The reward: the parts by their WEIGHTS, in [0, 1]."""
        return sum(weight * getattr(self, name) for name, weight in WEIGHTS.items())


def extract_program(completion: str) -> str | None:
    """Return the program of a completion: its one <answer>, without a code fence.

    >>> extract_program("<think>sort</think><answer>```python\\nx = 1\\n```</answer>")
    'x = 1'
    """
    answer = chat.answer(completion)
    if answer is None:
        return None
    fenced = re.fullmatch(r"```(?:python|py)?\n(.*?)\n?```", answer, flags=re.DOTALL)
    return fenced[1] if fenced else answer


def score(
    code: str,
    tests: list[tuple[tuple, object]],
    box: Sandbox,
    *,
    reference: str | None = None,
    large: list[tuple] | None = None,
    timeout: float = 2.0,
    entry: str = "solve",
) -> Parts:
    """Score a program on tests (args, expected); its speed on the `large` inputs.

    Speed is measured against the program `reference`, and only if all tests pass.
    """
    if not tests:
        raise ValueError("score needs at least one test, got none")
    complaints = lint.lint(code, entry)
    try:
        syntax.parse(code)
    except ValueError as error:
        return Parts(error=str(error))
    tidy = max(0.0, 1 - PER_COMPLAINT * len(complaints))
    outcome = box.run(code, tests, timeout, entry)
    right = outcome.passed == outcome.total
    share = 1.0 if right else PARTIAL * outcome.passed / outcome.total
    fast = 0.0
    if right:
        measured = reference is not None and large
        fast = speed(code, reference, large, box, entry) if measured else UNMEASURED
    runs = float(outcome.error is None)
    return Parts(1.0, tidy, runs, share, fast, outcome.error)


def judge(problem: Problem, completion_text: str, box: Sandbox, **options) -> Parts:
    """Score the program in a completion by the test cases of its problem."""
    code = extract_program(completion_text)
    if code is None:
        return Parts(error="no single <answer>")
    return score(code, list(problem.data), box, **options)


def judge_many(
    problems: list[Problem], completion_texts: list[str], workers: int = 2, **options
) -> list[Parts]:
    """Judge a batch on several warm sandboxes, in order."""
    pairs = list(zip(problems, completion_texts, strict=True))
    return each(pairs, lambda box, p: judge(*p, box, **options), workers=workers)


def work(codes: list[str], inputs, box, entry="solve", repeats=3) -> list[float | None]:
    """Measure the processor seconds that each program needs for all inputs.

    In turns, the median of `repeats`, without what a program that does nothing needs;
    at least RESOLUTION. None for a program that did not get through.
    """
    times = [[] for _ in (*codes, IDLE)]
    for _ in range(repeats):
        for i, code in enumerate((*codes, IDLE.format(entry=entry))):
            back = box.call(code, inputs, SLOWEST, entry)
            times[i].append(back.seconds if back.error is None else math.inf)
    *middle, idle = map(median, times)
    return [max(t - idle, RESOLUTION) if t < math.inf else None for t in middle]


def speed(code: str, reference: str, large, box, entry="solve") -> float:
    """Compare run times in whole doublings: 0.5 as fast as the reference, 1 at best.

    0.0 where the results on the large inputs differ: fast but wrong earns nothing.
    """
    results = [box.call(c, large, SLOWEST, entry).texts for c in (code, reference)]
    if None in results[1]:
        raise ValueError("the reference must solve every large input")
    if results[0] != results[1]:
        return 0.0
    mine, theirs = work([code, reference], large, box, entry)
    if theirs is None:
        raise ValueError("the reference must solve every large input in time")
    return doublings(theirs / mine) if mine is not None else 0.0


def doublings(ratio: float) -> float:
    """Turn "so many times as fast" into a score; small differences are noise.

    >>> [doublings(ratio) for ratio in (1.0, 1.3, 2.0, 16.0, 0.5, 0.001)]
    [0.5, 0.5, 0.625, 1.0, 0.375, 0.0]
    """
    steps = round(math.log2(ratio))
    return min(1.0, max(0.0, 0.5 + steps / (2 * DOUBLINGS)))


def draw_inputs(key: str, n: int = 20, longest: int = 12) -> list[tuple]:
    """Draw arguments (xs,) for list programs: edge cases first; the same for a key."""
    rng = random.Random(f"inputs {key}")
    edges = [[], [0], [7, 7, 7], [9, 8, 7, 6], list(range(10)), [99, 0, 50]]
    drawn = [rng.choices(range(21), k=rng.randint(1, longest)) for _ in range(n)]
    return [(xs,) for xs in (*edges, *drawn)][:n]


def generate_tests(reference: str, inputs, box, entry="solve") -> list[tuple]:
    """Generate tests by running a reference program in the sandbox.

    Inputs for which it gives no value are outside of what it is defined for, and left
    out. ValueError where none is left.
    """
    tests = []
    back = box.call(reference, inputs, entry=entry)
    for args, text in zip(inputs, back.texts, strict=True):
        if text is not None:
            tests.append((args, read(text)))
    if not tests:
        raise ValueError(f"the reference gives no value: {back.error}")
    return tests


def read_tests(text: str, entry: str = "solve") -> list[tuple]:
    """Read tests that a model wrote, one a line; other lines are skipped.

    >>> read_tests("Tests:\\nassert solve([2, 1]) == [1, 2]\\nassert solve([2")
    [(([2, 1],), [1, 2])]
    """
    tests = []
    for line in text[: syntax.LONGEST].splitlines():
        try:
            match syntax.parse(line.strip()).body:
                case [ast.Assert(test=ast.Compare(left=call, ops=[ast.Eq()]) as both)]:
                    test = _test(call, both.comparators[0], entry)
                    tests += [test] if test else []
        except (ValueError, TypeError, RecursionError, MemoryError):
            continue
    return tests


def _test(call, expected, entry):
    match call:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name == entry:
            test = tuple(map(ast.literal_eval, args)), ast.literal_eval(expected)
            write(test)  # plain data only
            return test
    return None


def agreed(programs: list[str], tests, box, least: float = 0.5, entry="solve") -> list:
    """Keep the tests whose expected value most programs return, of those that return.

    Tests written by a model are often wrong, and so are its programs; but they rarely
    make the same mistake (dual execution agreement, in its simplest form: CodeT, arXiv
    2207.10397). A value must have more votes than any other, and at least `least`.
    """
    inputs = [args for args, _ in tests]
    rows = [box.call(code, inputs, entry=entry).texts for code in programs]
    kept = []
    for column, test in zip(zip(*rows, strict=True), tests, strict=False):
        votes = Counter(text for text in column if text is not None)
        mine = votes.pop(write(test[1], ordered=False), 0)
        if mine > max(votes.values(), default=0):
            kept += [test] if mine >= least * (mine + votes.total()) else []
    return kept


def coping(proposed, kept, reference: str, box, entry="solve") -> dict[str, float]:
    """Measure a filter of tests: how right they are before and after, what it lost.

    "before" and "after": share of tests that the reference passes; "found": share of
    the right tests that were kept; 1.0 where there is nothing to lose.
    """
    truth = box.call(reference, [args for args, _ in proposed], entry=entry).texts
    lines = [_as_text(test) for test in proposed]
    right = [line for line, text in zip(lines, truth, strict=True) if line[1] == text]
    both = [test for test in kept if _as_text(test) in right]
    return {
        "before": len(right) / len(proposed) if proposed else 1.0,
        "after": len(both) / len(kept) if kept else 1.0,
        "found": len(both) / len(right) if right else 1.0,
    }


def _as_text(test):
    return write(list(test[0])), write(test[1], ordered=False)
