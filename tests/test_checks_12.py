"""The checks of chapter 12 refuse the mistakes that learners make, and say why."""

import math
import re

import pytest

from r1lib import checks

THANKS = " Thanks, dear, glad! Thanks, dear!"


def without_cap(p, k, keep):
    return k * p


def cap_of_mean(p, k, keep):
    return min(k * p, keep)


def expected_kept(p, k, keep):
    return sum(
        min(c, keep) * math.comb(k, c) * p**c * (1 - p) ** (k - c) for c in range(k + 1)
    )


def doubles(lines):
    return len(set(lines)) < len(lines)


def only_neighbours(lines):
    return any(a == b for a, b in zip(lines, lines[1:], strict=False))


def loops(lines):
    n = len(lines)
    return any(
        lines[i : i + size] == lines[i + size : i + 2 * size]
        for size in range(1, n // 2 + 1)
        for i in range(n - 2 * size + 1)
    )


def by_rows(reasoning, general, ratio):
    return min(round(len(reasoning) / ratio), len(general))


def at_most(reasoning, general, ratio):
    wanted = sum(reasoning) / ratio
    return sum(sum(general[: n + 1]) <= wanted for n in range(len(general)))


def general_rows(reasoning, general, ratio):
    wanted = sum(reasoning) / ratio
    return min(range(len(general) + 1), key=lambda n: abs(sum(general[:n]) - wanted))


def key(prompt):
    *numbers, target = map(int, re.findall(r"\d+", prompt))
    return sorted(numbers), target


def leaks(prompts, held):
    known = [key(p) for p in held]
    return [p for p in prompts if key(p) in known]


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_12_1, without_cap, "ignores the cap"),
        (checks.ex_12_1, cap_of_mean, "ignores the cap"),
        (checks.ex_12_1, lambda p, k, keep: p, "k times p"),
        (checks.ex_12_2, doubles, "no block stands twice in a row"),
        (checks.ex_12_2, only_neighbours, "the block a, b"),
        (checks.ex_12_3, by_rows, "not 1"),
        (checks.ex_12_3, at_most, "12 is nearer"),
        (checks.ex_12_4, lambda reply: reply, "as good as the known one"),
        (checks.ex_12_4, lambda reply: "no", "in both orders"),
        (checks.ex_12_5, lambda rows, held: [r for r in rows if r in held], "asks for"),
        (checks.ex_12_5, lambda rows, held: rows, "another target"),
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said, said


@pytest.mark.parametrize(
    "check, right",
    [
        (checks.ex_12_1, expected_kept),
        (checks.ex_12_2, loops),
        (checks.ex_12_3, general_rows),
        (checks.ex_12_4, lambda reply: reply + THANKS),
        (checks.ex_12_5, leaks),
    ],
)
def test_a_right_answer_is_right(check, right, capsys):
    check(right)
    assert capsys.readouterr().out.endswith(": correct\n")
