"""The checks of chapter 15 refuse the mistakes that learners make, and say why."""

from collections import Counter
from math import ceil, comb
from statistics import fmean, pstdev, stdev

import pytest

from r1lib import checks
from r1lib.world.contamination import ngrams


def at_least_two(n, c, k):
    none, one = comb(n - c, k), c * comb(n - c, k - 1)
    return 1 - (none + one) / comb(n, k)


def spread(rows):
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
        (checks.ex_15_1, at_least_two),
        (checks.ex_15_2, spread),
        (checks.ex_15_3, sign_test),
        (checks.ex_15_4, suspicious),
        (checks.ex_15_5, needed),
        (checks.ex_15_6, lambda m, k: 1 - ((m - 1) / m) ** k),
        (checks.ex_15_7, loop),
    ],
)
def test_a_right_answer_is_correct(check, answer, capsys):
    check(answer)
    assert capsys.readouterr().out.endswith(": correct\n")


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_15_1, lambda n, c, k: 1 - comb(n - c, k) / comb(n, k), "is pass@k"),
        (checks.ex_15_1, lambda n, c, k: 0.5, "wanted 0.167"),
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
        (checks.ex_15_6, lambda m, k: min(1.0, k / m), "may be the same one"),
        (checks.ex_15_6, lambda m, k: 1 / m, "two guesses: 0.75"),
        (checks.ex_15_6, lambda m, k: 0.75 if k > 1 else 1 / m, "m=10, k=16"),
        (checks.ex_15_7, last_line_came_back, "the lines before it differ"),
        (checks.ex_15_7, largest_loop, "the smallest p"),
        (checks.ex_15_7, anywhere, "the loop was left"),
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said
