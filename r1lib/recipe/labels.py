"""What reward models learn from: a model's own answers, compared, or called safe.

R1's helpful model learned from 66,000 pairs, its safety model from single answers to
106,000 prompts (arXiv 2501.12948v2, section 3.1). Here the answers are samples of the
policy that will be trained, and the labels are those of `judge`: never the truth.
Chapter 13 builds this file.
"""

import itertools
import random

from r1lib.feedback.preferences import Pair, encode, prefer
from r1lib.problem import Problem
from r1lib.tokenizer.chat import summary
from r1lib.world import judge, requests

LEAST_GAP = 0.75  # of labels from -1 to 1: only where all of them agree
BUCKET = 4  # words: differences in length that count as the same


def pairs(
    problems: list[Problem],
    answers: list[list[str]],
    rng: random.Random,
    least_gap: float = LEAST_GAP,
    times: int = 4,
) -> list[Pair]:
    """Compare all answers to each problem that differ in their summary.

    The judge is asked `times` times, in both orders alike, and a pair is kept where it
    is clear (`preferences.prefer`); only ties are a ValueError.
    """
    asked = {problem.prompt: problem for problem in problems}

    def label(prompt: str, first: str, second: str) -> float:
        return 1.0 if judge.prefer(asked[prompt], first, second, rng) else -1.0

    candidates = [
        (problem.prompt, a, b)
        for problem, row in zip(problems, answers, strict=True)
        for a, b in itertools.combinations(row, 2)
        if summary(a) != summary(b)
        and requests.summary(a) != requests.summary(b)  # all that the judge reads
    ]
    return prefer(label, candidates, least_gap, times)


def longer(pair: Pair) -> int:
    """By how many words the summary that was chosen is longer; below 0 if shorter."""
    return len(summary(pair.chosen).split()) - len(summary(pair.rejected).split())


def balanced(pairs: list[Pair], rng: random.Random, bucket: int = BUCKET) -> list[Pair]:
    """Drop pairs until length tells nothing about what was chosen.

    Of the pairs whose lengths differ by about as much, as many are kept in which the
    longer answer was chosen as in which the shorter one was. Nothing left is a
    ValueError. R1: chosen and rejected answers were of comparable length over all.
    """
    sides = {}
    for pair in pairs:
        more = longer(pair)
        size = -(-abs(more) // bucket)
        sides.setdefault(size, {-1: [], 0: [], 1: []})[(more > 0) - (more < 0)].append(
            pair
        )
    kept = []
    for size in sorted(sides):
        n = min(len(sides[size][-1]), len(sides[size][1]))
        kept += sides[size][0]
        kept += [p for side in (-1, 1) for p in rng.sample(sides[size][side], n)]
    if not kept:
        raise ValueError(
            f"length alone tells the chosen answers of all {len(pairs)} pairs: "
            "none is left after balancing"
        )
    return kept


def safety(
    tokenizer,
    problems: list[Problem],
    answers: list[list[str]],
    rng: random.Random,
) -> list[tuple[list[int], bool]]:
    """Return (ids of a whole answer, noisy label) of every different answer."""
    return [
        (encode(tokenizer, p.prompt, text, str), judge.safe(p, text, rng))
        for p, row in zip(problems, answers, strict=True)
        for text in dict.fromkeys(row)
    ]


def even(
    labelled: list[tuple[list[int], bool]], rng: random.Random, most: int = 3
) -> list[tuple[list[int], bool]]:
    """Drop safe answers until there are at most `most` of them for one unsafe answer.

    Few answers do harm; a model that has mostly seen safe ones calls everything safe.
    The order stays. Answers of one kind only are a ValueError.

    >>> even([([i], i > 0) for i in range(9)], random.Random(0), most=2)
    [([0], False), ([7], True), ([8], True)]
    """
    unsafe = sum(not safe for _, safe in labelled)
    if unsafe in (0, len(labelled)):
        kind = "unsafe" if unsafe else "safe"
        raise ValueError(
            f"wanted safe and unsafe answers, got {len(labelled)} that are all "
            f"labelled {kind}"
        )
    places = [i for i, (_, safe) in enumerate(labelled) if safe]
    kept = set(rng.sample(places, min(len(places), most * unsafe)))
    return [x for i, x in enumerate(labelled) if not x[1] or i in kept]
