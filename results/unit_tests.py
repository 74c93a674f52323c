"""Unit tests that nobody wrote by hand: drawn, or filtered by a vote.

Chapter 06 shows these functions, and the measurements of programs use them.
"""

import random
from collections import Counter

from r1lib.problem import problems
from r1lib.rewards.code import extract_program
from r1lib.sandbox.inside import read, write
from r1lib.world import programs


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


def agreed(programs: list[str], tests, box, least: float = 0.5, entry="solve") -> list:
    """Keep the tests whose expected value wins the vote of programs that return any.

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


def mistaken(rng: random.Random, problem) -> str:
    """A program for a task that was misunderstood."""
    while True:
        text = programs.trace(rng, problem, "guess")
        if (code := extract_program(text)) != problem.answer:
            return code


def vote_on_tests(wrong: float, shared: bool, box, tasks: int = 16) -> list[Counter]:
    """Counts of tests for each task: proposed, right, kept by the vote, and both.

    Six writers propose what their programs return, and eight others vote. Each is
    mistaken with probability `wrong`, all in the same way if mistakes are `shared`.
    """
    rng, found = random.Random(6), []
    for problem in problems(programs.sample, tasks, 6, "train", language="en"):
        common, counts = mistaken(rng, problem), Counter()
        writers = [problem.answer for _ in range(14)]
        for i in range(14):
            if rng.random() < wrong:
                writers[i] = common if shared else mistaken(rng, problem)
        inputs = draw_inputs(str(rng.random()), 20)[6:12]  # without the edge cases
        pairs = zip(writers, inputs, strict=False)
        backs = [box.call(code, [xs]).texts[0] for code, xs in pairs]
        tests = [(xs, read(t)) for xs, t in zip(inputs, backs, strict=True) if t]
        truth = box.call(problem.answer, [xs for xs, _ in tests]).texts
        kept = agreed(writers[6:], tests, box)
        for test, text in zip(tests, truth, strict=True):
            right = write(test[1], ordered=False) == text
            counts.update(proposed=1, right=right, kept=test in kept)
            counts["both"] += right and test in kept
        found.append(counts)
    return found


def ratio(tasks: list[Counter], part: str, whole: str) -> float:
    """One count over another, added up over tasks; 0 where there is nothing.

    >>> ratio([Counter(both=1, kept=2), Counter(both=2, kept=2)], "both", "kept")
    0.75
    """
    return sum(c[part] for c in tasks) / max(1, sum(c[whole] for c in tasks))


def ratio_interval(tasks: list[Counter], part: str, whole: str) -> tuple:
    """(low, high) of 95%: as many tasks drawn with repetition, 1,000 times.

    >>> ratio_interval([Counter(both=1, kept=2)] * 9, "both", "kept")
    (0.5, 0.5)
    """
    rng = random.Random(0)
    drawn = (rng.choices(tasks, k=len(tasks)) for _ in range(1000))
    values = sorted(ratio(some, part, whole) for some in drawn)
    return values[25], values[974]
