"""The checks of chapter 10 refuse the mistakes that learners make, and say why."""

import pytest
import torch

from r1lib import checks
from r1lib.checks.chapter_10 import HIT, MISS
from r1lib.world import countdown, rewrite


def without_eos(prompt, completion, width):
    padding = width - prompt - completion + 1
    return [False] * prompt + [True] * (completion - 1) + [False] * padding


def believing(tape, target):
    """Trusts the results as they are written."""
    away = abs(rewrite.read_tape(tape)[2][-1] - target)
    return f"{tape}~{target}={away} " + ("no false" if away else "yes the target")


def without_misses(text):
    return text.replace(MISS, "")


def all_alone(rows, filters):
    kept = [row for row in rows if all(keep(row) for keep in filters.values())]
    return kept, {n: sum(not keep(r) for r in rows) for n, keep in filters.items()}


def same(owner):
    return owner.unsqueeze(1) == owner.unsqueeze(0)


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_10_1, without_eos, "learn it too"),
        (checks.ex_10_1, lambda p, c, w: [True] * w, "the prompt is not"),
        (checks.ex_10_1, lambda p, c, w: [False] * p + [True] * (w - p), "padding"),
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
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said


def test_the_lines_of_the_check_are_those_of_the_rewriter():
    game = countdown.make((3, 7, 8), 35, "en")
    text = "<think>8+7=15,-3=12~35=23 no\n8-3=5,*7=35~35=0 yes\n</think>"
    text = rewrite.readable(game, text + "<answer>(8-3)*7</answer>")
    assert text == f"<think>{MISS}\n{HIT}\n</think><answer>(8-3)*7</answer>"
