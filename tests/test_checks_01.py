"""The checks of chapter 01 refuse the mistakes that learners make, and say why."""

import re

import pytest

from r1lib import checks

STEP = re.compile(r"([-+*/])(\d+)=(\d+)")


def split_completion(completion):
    if "</think>" in completion:
        thinking, _, final = completion.rpartition("</think>")
    elif completion.startswith("<think>"):
        thinking, final = completion, ""
    else:
        thinking, final = "", completion
    return thinking.removeprefix("<think>"), final


def first_end(completion):
    thinking, _, final = completion.partition("</think>")
    return thinking.removeprefix("<think>"), final


def last_end(completion):
    thinking, _, final = completion.rpartition("</think>")
    return thinking.removeprefix("<think>"), final


def only_opened(completion):
    if completion.startswith("<think>"):
        return split_completion(completion)
    return "", completion


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


def ancestors(stage, starts):
    found = []
    while starts[stage] is not None:
        stage = starts[stage]
        found.append(stage)
    return found


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
        (checks.ex_1_1, split_completion),
        (checks.ex_1_2, find_slips),
        (checks.ex_1_3, ancestors),
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
        (checks.ex_1_1, lambda text: ("", text), "between the tags"),
        (checks.ex_1_1, first_end, "nobody thinks here"),
        (checks.ex_1_1, lambda text: text, "return two texts"),
        (
            checks.ex_1_1,
            lambda text: last_end(text) if "</think>" in text else ("", text),
            "the thinking never ends",
        ),
        (
            checks.ex_1_1,
            lambda text: first_end(text) if "</think>" in text else ("", text),
            "the last </think> ends the thinking",
        ),
        (checks.ex_1_2, from_zero, "the first step has the number 1"),
        (checks.ex_1_2, true_results, "only step 2 is wrong"),
        (checks.ex_1_2, lambda tape: find_slips(tape)[:1], "and 3 + 7 is 10"),
        (checks.ex_1_2, rounded_down, "9 / 2 is not whole"),
        (checks.ex_1_3, lambda s, starts: ["base"], "go back to ['dev3', 'base']"),
        (checks.ex_1_3, lambda s, starts: ["zero", "base"], "weights of zero"),
        (checks.ex_1_3, lambda s, starts: [s, *ancestors(s, starts)], "of itself"),
        (checks.ex_1_3, lambda s, starts: ancestors(s, starts)[::-1], "nearest"),
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
        (checks.ex_1_1, only_opened, "without <think> the thinking begins"),
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
