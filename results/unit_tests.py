"""Unit tests that nobody wrote by hand: drawn, read from a model, filtered by a vote.

Chapter 06 shows some of these functions, and the measurements of programs use them.
"""

import ast
import random
from collections import Counter

from r1lib.rewards import lint
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


def read_tests(text: str, entry: str = "solve") -> list[tuple]:
    """Read tests that a model wrote, one a line; other lines are skipped.

    >>> read_tests("Tests:\\nassert solve([2, 1]) == [1, 2]\\nassert solve([2")
    [(([2, 1],), [1, 2])]
    """
    tests = []
    for line in text[: lint.LONGEST].splitlines():
        try:
            match lint.parse(line.strip()).body:
                case [ast.Assert(test=ast.Compare(left=call, ops=[ast.Eq()]) as both)]:
                    test = _literal_test(call, both.comparators[0], entry)
                    tests += [test] if test else []
        except (ValueError, TypeError, RecursionError, MemoryError):
            continue
    return tests


def _literal_test(call, expected, entry):
    """Return the test of `entry(literals) == literal`, None for another call."""
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


def precision_and_recall(
    proposed, kept, reference: str, box, entry="solve"
) -> dict[str, float]:
    """Measure a filter of tests, where a test is right if the reference passes it.

    "precision before" and "precision after": the share of right tests among those
    proposed and those kept. "recall": the share of the right tests that were kept. 1.0
    for a share of nothing.
    """
    truth = box.call(reference, [args for args, _ in proposed], entry=entry).texts
    lines = [_test_text(test) for test in proposed]
    right = [line for line, text in zip(lines, truth, strict=True) if line[1] == text]
    both = [test for test in kept if _test_text(test) in right]
    return {
        "precision before": len(right) / len(proposed) if proposed else 1.0,
        "precision after": len(both) / len(kept) if kept else 1.0,
        "recall": len(both) / len(right) if right else 1.0,
    }


def _test_text(test):
    return write(list(test[0])), write(test[1], ordered=False)
