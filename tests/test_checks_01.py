"""The checks of chapter 01 refuse the mistakes that learners make, and say why."""

import re

import pytest
import torch

from r1lib import checks
from r1lib.evaluate import interval

STEP = re.compile(r"([-+*/])(\d+)=(\d+)")


def with_temperature(logits, temperature):
    if temperature == 0:
        return torch.nn.functional.one_hot(logits.argmax(), len(logits))
    return (logits / temperature).softmax(0)


def multiplied(logits, temperature):
    return (logits * temperature).softmax(0)


def all_likeliest(logits, temperature):
    if temperature == 0:
        return (logits == logits.max()).float()
    return with_temperature(logits, temperature)


def by_powers(logits, temperature):
    if temperature == 0:
        return with_temperature(logits, temperature)
    powers = logits.exp() ** (1 / temperature)
    return powers / powers.sum()


def in_place(logits, temperature):
    if temperature:
        logits /= temperature
    return with_temperature(logits, float(temperature > 0))


def steps(tape):
    value = int(re.match(r"\d+", tape)[0])
    for op, number, result in STEP.findall(tape):
        yield value, op, int(number), int(result)
        value = int(result)


def is_right(value, op, number, result):
    if op == "/":
        return number != 0 and value == number * result
    sums = {"+": value + number, "-": value - number, "*": value * number}
    return sums[op] == result


def find_slips(tape):
    return [i for i, step in enumerate(steps(tape), 1) if not is_right(*step)]


def from_zero(tape):
    return [i - 1 for i in find_slips(tape)]


def true_results(tape):
    """Goes on from the true results, so one slip makes all later steps wrong."""
    value, wrong = int(re.match(r"\d+", tape)[0]), []
    for i, (op, number, result) in enumerate(STEP.findall(tape), 1):
        value = {"+": value + int(number), "-": value - int(number)}.get(
            op, value * int(number) if op == "*" else value // max(int(number), 1)
        )
        if value != int(result):
            wrong.append(i)
    return wrong


def rounded_down(tape):
    def right(value, op, number, result):
        if op == "/" and number:
            return value // number == result
        return is_right(value, op, number, result)

    return [i for i, step in enumerate(steps(tape), 1) if not right(*step)]


def after_steps(chances, shares, steps, fixed=False):
    chances, shares = torch.tensor(chances), torch.tensor(shares)
    usual = (chances * shares).sum()
    for _ in range(steps):
        usual = usual if fixed else (chances * shares).sum()
        chances = (chances.log() + chances * (shares - usual)).softmax(0)
    return chances.tolist()


def without_usual(chances, shares, steps):
    chances, shares = torch.tensor(chances), torch.tensor(shares)
    for _ in range(steps):
        chances = (chances.log() + chances * shares).softmax(0)
    return chances.tolist()


def right(asked, rows):
    pairs = zip(asked, rows, strict=True)
    marks = [problem.check(c.text) for problem, row in pairs for c in row]
    return sum(marks) / len(marks)


def expected_share(asked, free, thinking, at_once):
    opened = ["<think>" in c.text for row in free for c in row]
    p = sum(opened) / len(opened)
    return p * right(asked, thinking) + (1 - p) * right(asked, at_once)


def thinking_gain(
    ask, name, problems, k=4, ways=("<think>", "<answer>"), first=False, wide=0.0
):
    shares = []
    for opening in ways:
        rows = ask(name, [problem.prompt for problem in problems], k, opening=opening)
        shares.append(right(problems, [row[:1] if first else row for row in rows]))
    gain = shares[0] - shares[1]
    low, high = interval([gain] * 2)
    return gain, low - wide, high + wide


@pytest.mark.parametrize(
    "check, answer",
    [
        (checks.ex_1_1, with_temperature),
        (checks.ex_1_2, find_slips),
        (checks.ex_1_3, after_steps),
        (checks.ex_1_4, expected_share),
        (checks.ex_1_5, thinking_gain),
    ],
)
def test_a_right_answer_is_correct(check, answer, capsys):
    check(answer)
    assert capsys.readouterr().out.endswith(": correct\n")


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_1_1, multiplied, "divide by the temperature"),
        (checks.ex_1_1, all_likeliest, "of two likeliest, the first"),
        (checks.ex_1_1, by_powers, "the result holds nan"),
        (checks.ex_1_1, in_place, "leave the logits as they are"),
        (
            checks.ex_1_1,
            lambda logits, temperature: (logits / temperature).softmax(0),
            "the result holds nan",
        ),
        (checks.ex_1_2, from_zero, "the first step has the number 1"),
        (checks.ex_1_2, true_results, "only step 2 is wrong"),
        (checks.ex_1_2, lambda tape: find_slips(tape)[:1], "and 3 + 7 is 10"),
        (checks.ex_1_2, rounded_down, "9 / 2 is not whole"),
        (checks.ex_1_3, without_usual, "thinking pays in sums"),
        (
            checks.ex_1_3,
            lambda *given: after_steps(*given, fixed=True),
            "work it out in each step",
        ),
        (checks.ex_1_3, lambda c, s, steps: after_steps(c, s, 1), "no step"),
        (checks.ex_1_3, lambda c, s, steps: after_steps(c, s[::-1], steps), "by hand"),
        (
            checks.ex_1_4,
            lambda asked, free, *ways: expected_share(asked, free, *ways[::-1]),
            "one free try in four thinks",
        ),
        (
            checks.ex_1_4,
            lambda asked, free, *ways: sum(right(asked, rows) for rows in ways) / 2,
            "one free try in four thinks",
        ),
        (
            checks.ex_1_5,
            lambda *given: thinking_gain(*given, ways=("<answer>", "<think>")),
            "not the other way",
        ),
        (
            checks.ex_1_5,
            lambda *given: thinking_gain(*given, first=True),
            "75% right with thinking",
        ),
        (
            checks.ex_1_5,
            lambda *given: thinking_gain(*given, ways=("<think>", "")),
            "the opening is",
        ),
        (
            checks.ex_1_5,
            lambda ask, name, problems, k: thinking_gain(ask, "r1", problems),
            "ask 'dev3', 2 times",
        ),
        (
            checks.ex_1_5,
            lambda *given: thinking_gain(*given, ways=("<think>",) * 2),
            "once with <think> and once with <answer>",
        ),
        (
            checks.ex_1_5,
            lambda *given: thinking_gain(*given)[0],
            "the three numbers of `ahead`",
        ),
        (
            checks.ex_1_5,
            lambda *given: thinking_gain(*given, wide=0.1),
            "knows the interval",
        ),
        (
            checks.ex_1_5,
            lambda ask, name, problems, k: ask(name, problems, k, opening="<think>"),
            "the prompts of the problems",
        ),
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said
