"""The checks of chapter 10 refuse the mistakes that learners make, and say why."""

import copy

import pytest
import torch

from r1lib import checks
from r1lib.checks.chapter_10 import HIT, MISS, NO, YES
from r1lib.world import countdown, rewrite


def two_means(logprobs, mask):
    losses = -(logprobs * mask)
    return losses.sum() / mask.sum(), (losses.sum(1) / mask.sum(1)).mean()


def believing(tape, target):
    """Trusts the results as they are written."""
    away = abs(rewrite.read_tape(tape)[2][-1] - target)
    return f"{tape}~{target}={away}{NO if away else YES}"


def without_misses(text):
    return text.replace(MISS, "")


def all_alone(rows, filters):
    kept = [row for row in rows if all(keep(row) for keep in filters.values())]
    return kept, {n: sum(not keep(r) for r in rows) for n, keep in filters.items()}


def same(owner):
    return owner.unsqueeze(1) == owner.unsqueeze(0)


def itself(starts, train, measure):
    before = {name: measure(model) for name, model in starts.items()}
    return {n: (before[n], train(m) or measure(m)) for n, m in starts.items()}


def from_one_start(starts, train, measure):
    train(tuned := copy.deepcopy(starts["base"]))
    return {name: (measure(m), measure(tuned)) for name, m in starts.items()}


def one_copy(starts, train, measure):
    found = {}
    for name, model in starts.items():
        train(tuned := copy.deepcopy(starts["base"]))
        found[name] = (measure(model), measure(tuned))
    return found


def only_after(starts, train, measure):
    return {name: after for name, (_, after) in fair(starts, train, measure).items()}


def backwards(starts, train, measure):
    return {n: pair[::-1] for n, pair in fair(starts, train, measure).items()}


def fair(starts, train, measure):
    found = {}
    for name, model in starts.items():
        train(tuned := copy.deepcopy(model))
        found[name] = (measure(model), measure(tuned))
    return found


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_10_1, lambda x, m: two_means(x, m)[::-1], "exchanged"),
        (checks.ex_10_1, lambda x, m: two_means(-x, m), "minus the log"),
        (checks.ex_10_1, lambda x, m: two_means(x, m | True), "by_token is 1.000"),
        (checks.ex_10_1, lambda x, m: two_means(x, m)[:1] * 2, "by_example is 2.000"),
        (checks.ex_10_1, lambda x, m: two_means(x, m)[0], "return (by_token"),
        (checks.ex_10_2, believing, "holds a wrong sum"),
        (checks.ex_10_2, lambda tape, target: None, "every sum of"),
        (checks.ex_10_3, lambda text: text, "still there"),
        (checks.ex_10_3, without_misses, "wanted"),
        (checks.ex_10_4, same, "looks into the future"),
        (
            checks.ex_10_4,
            lambda o: torch.ones(8, 8).tril().bool(),
            "the second example",
        ),
        (checks.ex_10_5, all_alone, "only what the ones before it"),
        (checks.ex_10_5, lambda rows, filters: rows, "return (rows, removed)"),
        (checks.ex_10_6, itself, "a copy"),
        (checks.ex_10_6, from_one_start, "train each start once"),
        (checks.ex_10_6, one_copy, "its own start"),
        (checks.ex_10_6, only_after, "(before, after)"),
        (checks.ex_10_6, backwards, "first comes"),
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said


def test_a_fair_comparison_and_two_means_are_correct(capsys):
    checks.ex_10_1(two_means)
    checks.ex_10_6(fair)
    said = "Exercise 10.1: correct\nExercise 10.6: correct\n"
    assert capsys.readouterr().out == said


def test_the_lines_of_the_check_are_those_of_the_rewriter():
    game = countdown.make((3, 7, 8), 35, "en")
    text = "<think>8+7=15,-3=12~35=23 no\n8-3=5,*7=35~35=0 yes\n</think>"
    text = rewrite.readable(game, text + "<answer>(8-3)*7</answer>")
    assert text == f"<think>{MISS}\n{HIT}\n</think><answer>(8-3)*7</answer>"
