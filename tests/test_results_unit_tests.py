"""Unit tests that are drawn, or filtered by a vote."""

from collections import Counter
from pathlib import Path

import pytest

from r1lib import sandbox
from r1lib.rewards.code import score
from r1lib.sandbox import Sandbox
from r1lib.world import programs
from results.unit_tests import (
    agreed,
    draw_inputs,
    generate_tests,
    ratio,
    ratio_interval,
    vote_on_tests,
)
from tools.book_source import fill
from tools.library import Library

ROOT = Path(__file__).resolve().parent.parent
WHY_NOT = sandbox.missing()
SORT_42 = programs.make((("sort", None), ("start", 42)), "en")
RIGHT = "def solve(xs):\n    return [42] + sorted(xs)"
UNSORTED = "def solve(xs):\n    return [42] + xs"
ONE_BY_ONE = """
def solve(xs):
    left, out = list(xs), [42]
    while left:
        out.append(min(left))
        left.remove(min(left))
    return out
"""


@pytest.fixture(scope="module")
def box():
    if WHY_NOT:
        pytest.skip(WHY_NOT)
    with Sandbox() as box:
        yield box


def test_generated_tests_come_from_the_reference(box):
    inputs = draw_inputs(SORT_42.key)
    assert inputs == draw_inputs(SORT_42.key) != draw_inputs("another")
    assert ([],) in inputs and len(inputs) == 20
    tests = generate_tests(SORT_42.answer, inputs, box)
    assert tests == [((xs,), [42, *sorted(xs)]) for (xs,) in inputs]
    # they catch what the five given cases may miss
    sneaky = "def solve(xs):\n    return [42] + sorted(xs) if xs else []"
    assert score(sneaky, list(SORT_42.data), box).tests == 1
    assert score(sneaky, tests, box).tests < 1


def test_inputs_outside_of_the_reference_are_left_out(box):
    inputs = [([],), ([3, 1],)]
    assert generate_tests("def solve(xs):\n    return max(xs)", inputs, box) == [
        (([3, 1],), 3)
    ]
    with pytest.raises(ValueError, match="gives no value"):
        generate_tests("def solve(xs):\n    return xs[5]", inputs, box)


PROPOSED = [
    (([2, 1],), [42, 1, 2]),
    (([2, 1],), [42, 2, 1]),  # wrong: not sorted
    (([],), [42]),
    (([],), []),  # wrong: 42 forgotten
    (([3, 3],), [42, 3, 3]),
    (([5],), 42),  # wrong: a number
    (([1],), [True, 1]),  # wrong: no program returns this
]


def test_wrong_tests_are_filtered_by_agreement(box):
    forgets = "def solve(xs):\n    return sorted(xs)"
    group = [
        RIGHT,
        ONE_BY_ONE,
        UNSORTED,
        forgets,
        "def solve(xs):\n    return xs[0]",
        "x =",
    ]
    kept = agreed(group, PROPOSED, box, least=0.4)
    assert kept == [PROPOSED[0], PROPOSED[2], PROPOSED[4]]


def test_a_group_that_shares_a_mistake_agrees_on_it(box):
    kept = agreed([UNSORTED] * 3 + [RIGHT], PROPOSED, box)
    assert PROPOSED[1] in kept and PROPOSED[0] not in kept


def test_without_programs_or_agreement_no_test_is_kept(box):
    assert agreed([], PROPOSED, box) == []
    assert agreed([RIGHT, UNSORTED], PROPOSED[:2], box) == []  # a tie


def test_a_vote_keeps_what_right_writers_propose(box):
    tasks = vote_on_tests(0.0, False, box, tasks=2)
    assert len(tasks) == 2 and ratio(tasks, "right", "proposed") == 1
    assert ratio(tasks, "kept", "proposed") == ratio(tasks, "both", "right") == 1


def test_a_vote_keeps_a_mistake_that_all_share(box):
    tasks = vote_on_tests(1.0, True, box, tasks=2)
    assert ratio(tasks, "kept", "proposed") == 1 > ratio(tasks, "both", "kept")


def test_an_interval_of_a_share_is_around_it():
    tasks = [Counter(both=i % 2, kept=1) for i in range(16)]
    low, high = ratio_interval(tasks, "both", "kept")
    assert 0.2 < low < ratio(tasks, "both", "kept") == 0.5 < high < 0.8


def test_a_cell_of_a_chapter_shows_a_function_of_results():
    shown = fill("# results.unit_tests.draw_inputs", Library(ROOT))
    first, second, *_ = shown.splitlines()
    assert first == "# results.unit_tests.draw_inputs"
    assert second.startswith("def draw_inputs(") and "edge cases" not in shown
