"""The checks of chapter 12 refuse the mistakes that learners make, and say why."""

import itertools
import keyword
import math
import re

import pytest

from r1lib import checks, rewards


def slips(text):
    false = ("8-3=6", "8+3=11~40=28")
    return [tape for tape in text.split() if tape in false]


def few_slips(most):
    return lambda rows: [len(slips(row["completion"])) <= most for row in rows]


def the_rows_left(most):
    return lambda rows: [r for r in rows if len(slips(r["completion"])) <= most]


def fewer(most):
    least = most or 1
    return lambda rows: [len(slips(row["completion"])) < least for row in rows]


def none_at_all(most):
    return few_slips(0)


def turned(most):
    return lambda rows: [not flag for flag in few_slips(most)(rows)]


def of_rows(rows):
    return [True]


def without_cap(p, k, keep):
    return k * p


def cap_of_mean(p, k, keep):
    return min(k * p, keep)


def expected_kept(p, k, keep):
    return sum(
        min(c, keep) * math.comb(k, c) * p**c * (1 - p) ** (k - c) for c in range(k + 1)
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


def clean(text, language):
    script = rewards.SCRIPT[language]
    words = [w for w in rewards.words(text) if not keyword.iskeyword(w)]
    return all(script.match(word) for word in words)


def by_the_library(text, language):
    return rewards.purity(text, language) == 1.0


def by_parts(text, language):
    script = rewards.SCRIPT[language]
    words = rewards.words(text)
    left = [w for w in words if not any(k in w for k in keyword.kwlist)]
    return all(script.match(word) for word in left)


def hardest(rows, rate, n):
    return sorted(rows, key=lambda row: rate[row["prompt"]])[:n]


def easiest(rows, rate, n):
    return sorted(rows, key=lambda row: -rate[row["prompt"]])[:n]


def in_place(rows, rate, n):
    rows.sort(key=lambda row: rate[row["prompt"]])
    return rows[:n]


def one_of_a_prompt(rows, rate, n):
    return sorted({row["prompt"]: row for row in rows}.values(), key=str)[:n]


def chance_kept(prefers, sample, known, least=2):
    p, q = prefers(sample, known), 1 - prefers(known, sample)
    total = 0.0
    for wins in itertools.product((0, 1), repeat=4):
        parts = (c if w else 1 - c for w, c in zip(wins, (p, p, q, q), strict=True))
        total += math.prod(parts) * (sum(wins) >= least)
    return total


def three_wins(prefers, sample, known):
    return chance_kept(prefers, sample, known, least=3)


def not_turned(prefers, sample, known):
    return chance_kept(lambda a, b: abs((a == known) - prefers(a, b)), sample, known)


def of_the_mean(prefers, sample, known):
    p = (prefers(sample, known) + 1 - prefers(known, sample)) / 2
    return 1 - (1 - p) ** 4 - 4 * p * (1 - p) ** 3


def exactly_two(prefers, sample, known):
    return chance_kept(prefers, sample, known) - three_wins(prefers, sample, known)


def one_order(prefers, sample, known):
    p = prefers(sample, known)
    return 1 - (1 - p) ** 4 - 4 * p * (1 - p) ** 3


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_12_1, the_rows_left, "of each row"),
        (checks.ex_12_1, fewer, "a row with one slip"),
        (checks.ex_12_1, none_at_all, "a row with one slip"),
        (checks.ex_12_1, turned, "what it should remove"),
        (checks.ex_12_1, of_rows, "return a function"),
        (checks.ex_12_2, without_cap, "ignores the cap"),
        (checks.ex_12_2, cap_of_mean, "ignores the cap"),
        (checks.ex_12_2, lambda p, k, keep: p, "k times p"),
        (checks.ex_12_3, by_rows, "not 1"),
        (checks.ex_12_3, at_most, "12 is nearer"),
        (checks.ex_12_4, by_the_library, "keyword.kwlist"),
        (checks.ex_12_4, by_parts, "compare whole words"),
        (checks.ex_12_4, lambda text, language: True, "yes is no Korean"),
        (checks.ex_12_5, lambda rows, held: [r for r in rows if r in held], "asks for"),
        (checks.ex_12_5, lambda rows, held: rows, "another target"),
        (checks.ex_12_6, easiest, "z is the easiest"),
        (checks.ex_12_6, in_place, "leave the list"),
        (checks.ex_12_6, one_of_a_prompt, "of y"),
        (checks.ex_12_7, three_wins, "not three"),
        (checks.ex_12_7, not_turned, "that the known reply wins"),
        (checks.ex_12_7, of_the_mean, "chances of their own"),
        (checks.ex_12_7, exactly_two, "11 of 16"),
        (checks.ex_12_7, one_order, "keep it with"),
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said, said


@pytest.mark.parametrize(
    "check, right",
    [
        (checks.ex_12_1, few_slips),
        (checks.ex_12_2, expected_kept),
        (checks.ex_12_3, general_rows),
        (checks.ex_12_4, clean),
        (checks.ex_12_5, leaks),
        (checks.ex_12_6, hardest),
        (checks.ex_12_7, chance_kept),
    ],
)
def test_a_right_answer_is_right(check, right, capsys):
    check(right)
    assert capsys.readouterr().out.endswith(": correct\n")
