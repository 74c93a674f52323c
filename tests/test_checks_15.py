"""The checks of chapter 15 refuse the mistakes that learners make, and say why."""

from collections import Counter
from math import ceil, comb
from statistics import fmean, pstdev, stdev

import pytest

from r1lib import checks
from r1lib.world.contamination import ngrams


def agreed(ballots, least):
    votes = Counter(b for b in ballots if b is not None).most_common(2)
    if not votes or votes[0][1] < least:
        return None
    shared = len(votes) == 2 and votes[0][1] == votes[1][1]
    return None if shared else votes[0][0]


def none_votes(ballots, least):
    answer, count = Counter(ballots).most_common(1)[0]
    return answer if count >= least else None


def first_of_a_tie(ballots, least):
    votes = Counter(b for b in ballots if b is not None).most_common(1)
    return votes[0][0] if votes and votes[0][1] >= least else None


def standard_error(rows):
    return stdev(fmean(row) for row in rows) / len(rows) ** 0.5


def sign_test(before, after, sides=2):
    wins = sum(b > a for a, b in zip(before, after, strict=True))
    losses = sum(b < a for a, b in zip(before, after, strict=True))
    n = wins + losses
    tail = sum(comb(n, i) for i in range(max(wins, losses), n + 1)) / 2**n
    return min(1.0, sides * tail)


def suspicious(train, tests, n, most):
    seen = Counter(g for text in train for g in ngrams(text, n))
    return [t for t in tests if any(0 < seen[g] <= most for g in ngrams(t, n))]


def every_ngram(train, tests, n, most):
    return [t for t in tests if any(ngrams(t, n) & ngrams(s, n) for s in train)]


def needed(gain, spread):
    if gain == 0:
        raise ValueError("no gain")
    return ceil((1.96 * spread / gain) ** 2)


def gains(before, after):
    pairs = zip(before, after, strict=True)
    return [[b - a for a, b in zip(*rows, strict=True)] for rows in pairs]


def excludes(values, factor):
    return abs(fmean(values)) > factor * stdev(values) / len(values) ** 0.5


def over_problems(before, after):
    return excludes(
        [fmean(row) for row in zip(*gains(before, after), strict=True)], 1.96
    )


def over_seeds(before, after):
    return excludes([fmean(row) for row in gains(before, after)], 4.303)


def clear(before, after):
    return over_problems(before, after) and over_seeds(before, after)


def seeds_as_problems(before, after):
    every = [x for row in gains(before, after) for x in row]
    return excludes(every, 1.96) and over_seeds(before, after)


def only_better(before, after):
    values = [x for row in gains(before, after) for x in row]
    return clear(before, after) and fmean(values) > 0


def unpaired(before, after):
    first, second = (
        [fmean(row) for row in zip(*rows, strict=True)] for rows in (before, after)
    )
    error = (stdev(first) ** 2 / len(first) + stdev(second) ** 2 / len(second)) ** 0.5
    gain = abs(fmean(second) - fmean(first))
    return gain > 1.96 * error and over_seeds(before, after)


def loop(lines):
    sizes = range(1, len(lines) // 2 + 1)
    return next((p for p in sizes if lines[-p:] == lines[-2 * p : -p]), 0)


def last_line_came_back(lines):
    before = lines[:-1][::-1]
    return before.index(lines[-1]) + 1 if lines and lines[-1] in before else 0


def largest_loop(lines):
    sizes = range(len(lines) // 2, 0, -1)
    return next((p for p in sizes if lines[-p:] == lines[-2 * p : -p]), 0)


def anywhere(lines):
    ends = range(len(lines), 0, -1)
    return next((p for end in ends if (p := loop(lines[:end]))), 0)


def flat(rows):
    values = [x for row in rows for x in row]
    return stdev(values) / len(values) ** 0.5


@pytest.mark.parametrize(
    "check, answer",
    [
        (checks.ex_15_1, agreed),
        (checks.ex_15_2, standard_error),
        (checks.ex_15_3, sign_test),
        (checks.ex_15_4, suspicious),
        (checks.ex_15_5, needed),
        (checks.ex_15_6, clear),
        (checks.ex_15_7, loop),
    ],
)
def test_a_right_answer_is_correct(check, answer, capsys):
    check(answer)
    assert capsys.readouterr().out.endswith(": correct\n")


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_15_1, none_votes, "None is no vote"),
        (checks.ex_15_1, first_of_a_tie, "share the first place"),
        (checks.ex_15_1, lambda ballots, least: "35", "three are asked for"),
        (checks.ex_15_2, flat, "average each row first"),
        (
            checks.ex_15_2,
            lambda rows: pstdev(fmean(r) for r in rows) / len(rows) ** 0.5,
            "divide by N - 1",
        ),
        (checks.ex_15_3, lambda a, b: sign_test(a, b, sides=1), "two-sided"),
        (checks.ex_15_3, lambda a, b: 0.125, "p = 1"),
        (checks.ex_15_4, every_ngram, "that is a formula"),
        (checks.ex_15_4, lambda *_: [], "with n=3"),
        (checks.ex_15_5, lambda g, s: int((1.96 * s / g) ** 2), "round up"),
        (
            checks.ex_15_5,
            lambda g, s: ceil((1.96 * s / g) ** 2) if g else 0,
            "raise ValueError",
        ),
        (checks.ex_15_6, over_problems, "they differ too much"),
        (checks.ex_15_6, over_seeds, "average the seeds first"),
        (checks.ex_15_6, seeds_as_problems, "average the seeds first"),
        (checks.ex_15_6, only_better, "a clear loss is clear"),
        (checks.ex_15_6, unpaired, "problem by problem"),
        (checks.ex_15_7, last_line_came_back, "the lines before it differ"),
        (checks.ex_15_7, largest_loop, "the smallest p"),
        (checks.ex_15_7, anywhere, "the loop was left"),
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said
