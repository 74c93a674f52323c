"""Rewards for programs: does it parse, read well, run, pass its tests, run fast?

The R1 paper rewards code by a compiler and test cases (arXiv 2501.12948v2, section
2.2); lint, the partial credit and the run time here are ours. A wrong program never
earns as much as a right one, and speed counts only where every test passes.

Run time is processor time, taken by the kernel outside of the program's reach. Counting
bytecodes would be exact, but blind (`sorted` is one instruction, whatever the list) and
the counter would live inside the program that it judges. So the noise is fought
instead: large inputs, medians, the cost of starting subtracted, whole doublings only.
"""

import math
import re
from dataclasses import dataclass
from statistics import median

from r1lib.problem import Problem
from r1lib.rewards import lint
from r1lib.sandbox import Sandbox
from r1lib.tokenizer import chat

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
    """Score a program on tests (args, expected); its speed on the `large` inputs."""
    if not tests:
        raise ValueError("score needs at least one test, got none")
    complaints = lint.lint(code, entry)
    try:
        lint.parse(code)
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


def work(codes: list[str], inputs, box, entry="solve", repeats=3) -> list[float | None]:
    """Measure the processor seconds that each program needs for all inputs.

    In turns, the median of `repeats`, without what a program that does nothing needs;
    at least RESOLUTION. Every run counts: None for a program that did not get through
    each time, with exactly the results of the first run of the first program.
    """
    everyone = (*codes, IDLE.format(entry=entry))
    rounds = [
        [box.call(code, inputs, SLOWEST, entry) for code in everyone]
        for _ in range(repeats)
    ]
    wanted = rounds[0][0].texts
    *measured, idle = zip(*rounds, strict=True)
    start = median(back.seconds for back in idle)
    seconds = []
    for runs in measured:
        same = all(back.error is None and back.texts == wanted for back in runs)
        spent = median(back.seconds for back in runs) - start
        seconds.append(max(spent, RESOLUTION) if same else None)
    return seconds


def speed(code: str, reference: str, large, box, entry="solve") -> float:
    """Compare run times in whole doublings: 0.5 as fast as the reference, 1 at best.

    0.0 where the results on the large inputs differ in any run: fast but wrong earns
    nothing, nor does a program that is right only now and then.
    """
    theirs, mine = work([reference, code], large, box, entry)
    if theirs is None:
        raise ValueError(
            "the reference must solve every large input in time, each time alike"
        )
    return doublings(theirs / mine) if mine is not None else 0.0


def doublings(ratio: float) -> float:
    """Turn "so many times as fast" into a score; small differences are noise.

    >>> [doublings(ratio) for ratio in (1.0, 1.3, 2.0, 16.0, 0.5, 0.001)]
    [0.5, 0.5, 0.625, 1.0, 0.375, 0.0]
    """
    steps = round(math.log2(ratio))
    return min(1.0, max(0.0, 0.5 + steps / (2 * DOUBLINGS)))
