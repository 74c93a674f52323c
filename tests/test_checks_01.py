"""The checks of chapter 01 refuse the mistakes that learners make, and say why."""

import re

import pytest
import torch

from r1lib import checks

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


def choose_way(ways, slack):
    best = max(right for right, _ in ways.values())
    good = [name for name in ways if ways[name][0] >= best - slack]
    return min(good, key=lambda name: (ways[name][1], -ways[name][0]))


def share_right(ask, name, problems, k, opening, first=False):
    rows = ask(name, [problem.prompt for problem in problems], k, opening=opening)
    right = [
        problem.check(completion.text)
        for problem, row in zip(problems, rows, strict=True)
        for completion in (row[:1] if first else row)
    ]
    return sum(right) / len(right)


def thinking_gain(ask, name, problems, k=4, ways=("<think>", "<answer>"), **more):
    first, second = (share_right(ask, name, problems, k, way, **more) for way in ways)
    return first - second


@pytest.mark.parametrize(
    "check, answer",
    [
        (checks.ex_1_1, with_temperature),
        (checks.ex_1_2, find_slips),
        (checks.ex_1_3, after_steps),
        (checks.ex_1_4, choose_way),
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
            lambda ways, slack: min(ways, key=lambda name: ways[name][1]),
            "no bargain",
        ),
        (
            checks.ex_1_4,
            lambda ways, slack: max(ways, key=lambda name: ways[name][0]),
            "for 12 tokens",
        ),
        (
            checks.ex_1_5,
            lambda *given: -thinking_gain(*given),
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
            lambda ask, name, problems, k: share_right(
                ask, name, problems, k, "<think>"
            ),
            "once with <think> and once with <answer>",
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
