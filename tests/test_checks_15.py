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
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said
