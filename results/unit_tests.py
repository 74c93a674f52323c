"""Unit tests that nobody wrote by hand: drawn, or filtered by a vote.

Chapter 06 shows these functions, and the measurements of programs use them.
"""

import random
from collections import Counter

from r1lib.sandbox.inside import read, write


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
