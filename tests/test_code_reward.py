"""Claims about the code reward: right beats wrong, fast beats slow, hacks lose."""

import random

import pytest

from r1lib import sandbox
from r1lib.rewards import code as code_reward
from r1lib.rewards.code import (
    WEIGHTS,
    Parts,
    doublings,
    extract_program,
    judge,
    score,
    speed,
    work,
)
from r1lib.sandbox import Sandbox
from r1lib.world import programs

WHY_NOT = sandbox.missing()
needs_walls = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
SORT_42 = programs.make((("sort", None), ("start", 42)), "en")
RIGHT = "def solve(xs):\n    return [42] + sorted(xs)"
UNSORTED = "def solve(xs):\n    return [42] + xs"
BUBBLES = """
def solve(xs):
    xs = list(xs)
    for end in range(len(xs), 1, -1):
        for i in range(end - 1):
            if xs[i] > xs[i + 1]:
                xs[i], xs[i + 1] = xs[i + 1], xs[i]
    return [42] + xs
"""


@pytest.fixture(scope="module")
def box():
    if WHY_NOT:
        pytest.skip(WHY_NOT)
    with Sandbox() as box:
        yield box


def large(n):
    return [(random.Random(0).choices(range(10**6), k=n),)]


def answer(code):
    return f"<think>plan</think><answer>{code}</answer>"


def test_the_weights_are_a_whole_and_right_beats_wrong():
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    worst_right = WEIGHTS["syntax"] + WEIGHTS["tests"]  # ugly, slow, and noisy
    best_wrong = sum(WEIGHTS[name] for name in ("syntax", "lint", "runs"))
    assert worst_right > best_wrong + code_reward.PARTIAL * WEIGHTS["tests"]
    assert Parts(1.0, 1.0, 1.0, 1.0, 1.0).total == pytest.approx(1)
    assert Parts().total == 0


def test_a_ladder_of_programs_climbs(box):
    """Every step towards a right, clean program pays a little more."""
    ladder = [
        "def solve(xs)",  # does not parse
        "def other(xs):\n    return ys",  # two complaints, defines no solve
        "def solve(xs):\n    return xs.sorted()",  # clean, but raises
        "def solve(xs):\n    return xs",  # runs, wrong
        "def solve(xs):\n    t = 1\n    return [42] + sorted(xs)",  # right, untidy
        RIGHT,
    ]
    parts = [score(code, list(SORT_42.data), box) for code in ladder]
    totals = [p.total for p in parts]
    assert totals == sorted(totals) and len(set(totals)) == len(totals)
    assert [p.syntax for p in parts] == [0, 1, 1, 1, 1, 1]
    assert [p.runs for p in parts] == [0, 0, 0, 1, 1, 1]
    assert [p.tests for p in parts] == [0, 0, 0, 0, 1, 1]
    assert [p.lint for p in parts] == [0, 0.5, 1, 1, 0.75, 1]
    assert parts[0].error == "line 1: expected ':'" and "solve" in parts[1].error
    assert "AttributeError" in parts[2].error and parts[5].error is None


def test_partial_credit_is_half_at_most(box):
    tests = [(([1],), [1]), (([2, 1],), [1, 2]), (([],), []), (([3, 3],), [3, 3])]
    same = score("def solve(xs):\n    return xs", tests, box)
    assert same.tests == pytest.approx(0.5 * 3 / 4) and same.speed == 0
    none = score("def solve(xs):\n    return None", tests, box)
    assert none.tests == 0 and none.error is None


def test_every_gold_program_earns_the_most(box):
    rng = random.Random(3)
    for _ in range(10):
        problem = programs.sample(rng, "hard", "en")
        parts = judge(problem, answer(problem.answer), box)
        assert parts == Parts(1.0, 1.0, 1.0, 1.0, code_reward.UNMEASURED, None)


def test_the_programs_of_the_corpus_are_still_the_same():
    """This module stands beside the frozen task and changes nothing of it."""
    assert SORT_42.answer == "def solve(xs):\n    return [42]+sorted(xs)"
    assert SORT_42.key == programs.key_of((("sort", None), ("start", 42)))
    drawn = programs.sample(random.Random(0), "easy", "en")
    assert drawn == programs.sample(random.Random(0), "easy", "en")


@needs_walls
def test_a_batch_is_judged_in_order():
    texts = [
        answer(RIGHT),
        "no answer",
        answer(UNSORTED),
        answer("import math"),
        answer(RIGHT),
    ]
    parts = sandbox.each(texts, lambda box, text: judge(SORT_42, text, box))
    assert [p.tests == 1 for p in parts] == [True, False, False, False, True]
    assert parts[1] == Parts(error="no single <answer>")
    assert parts[3].error == "KeyError: 'solve'"


@pytest.mark.parametrize(
    "text, program",
    [
        ("<think>a</think><answer>x = 1</answer>", "x = 1"),
        ("<answer>```python\ndef f():\n    pass\n```</answer>", "def f():\n    pass"),
        ("<answer>```\nx\n```</answer>", "x"),
        ("<answer>a</answer><answer>b</answer>", None),
        ("def solve(xs):\n    return 3", None),
        ("<think><answer>a</answer></think>", None),
        ("<answer>a", None),
        ("", None),
    ],
)
def test_exactly_one_program_is_found(text, program):
    assert extract_program(text) == program


def test_a_score_needs_tests(box):
    with pytest.raises(ValueError, match="at least one test"):
        score(RIGHT, [], box)


def test_a_quicker_program_earns_more(box):
    """Quadratic against n log n on 3,000 numbers: thousands of times the work."""
    cases = list(SORT_42.data)
    slow = score(BUBBLES, cases, box, reference=RIGHT, large=large(3000))
    even = score(RIGHT, cases, box, reference=RIGHT, large=large(3000))
    fast = score(RIGHT, cases, box, reference=BUBBLES, large=large(3000))
    assert slow.tests == even.tests == fast.tests == 1
    assert slow.speed == 0 and fast.speed == 1
    assert slow.speed < even.speed < fast.speed
    assert slow.total < even.total < fast.total


def test_quick_and_wrong_on_large_inputs_earns_no_speed(box):
    lazy = "def solve(xs):\n    return [42] + (sorted(xs) if len(xs) < 100 else xs)"
    parts = score(lazy, list(SORT_42.data), box, reference=BUBBLES, large=large(300))
    assert parts.tests == 1 and parts.speed == 0


class Moody:
    """A sandbox in which one program does something else in its nth call."""

    def __init__(self, box, code, other, n):
        self.box, self.code, self.other, self.left = box, code, other, n

    def call(self, code, *args):
        if code == self.code:
            self.left -= 1
            code = self.other if self.left < 0 else code
            self.left = 1000 if self.left < 0 else self.left
        return self.box.call(code, *args)


GIVES_UP = [
    "def solve(xs):\n    return None",
    "def solve(xs):\n    return sorted(xs)",
    "def solve(xs):\n    return tuple([42] + sorted(xs))",
    "def solve(xs):\n    raise ValueError('busy')",
    "raise SystemExit",
]


@pytest.mark.parametrize("n", range(3))
@pytest.mark.parametrize("other", GIVES_UP)
def test_whoever_gives_up_in_one_timed_run_is_not_fast(other, n, box):
    """The medians alone would not notice: two of three runs are right."""
    moody = Moody(box, RIGHT, other, n)
    assert speed(RIGHT, BUBBLES, large(300), moody) == 0
    assert moody.left > 900, "it did give up"


@pytest.mark.parametrize("other", GIVES_UP)
def test_a_reference_that_gives_up_in_one_run_is_none(other, box):
    with pytest.raises(ValueError, match="reference"):
        speed(RIGHT, BUBBLES, large(300), Moody(box, BUBBLES, other, 2))


def test_a_program_that_differs_from_run_to_run_is_not_fast(box):
    """Its result depends on the clock, so that no two runs agree."""
    fickle = "import time\ndef solve(xs):\n    return time.perf_counter_ns()"
    assert work([RIGHT, RIGHT, fickle], large(10), box)[2] is None
    assert work([fickle, fickle], large(10), box) == [None, None]


def test_the_median_and_the_idle_program_decide():
    """Seconds as scripted: (right, idle) of three rounds."""
    seconds = iter([5.0, 1.0, 2.0, 1.5, 9.0, 1.0])

    class Scripted:
        def call(self, *args):
            return sandbox.Returned(["1"], None, next(seconds))

    assert work(["code"], [()], Scripted()) == [4.0]


def test_a_wrong_program_earns_no_speed(box):
    parts = score(UNSORTED, list(SORT_42.data), box, reference=RIGHT, large=large(300))
    assert parts.tests < 1 and parts.speed == 0


def test_a_program_that_forges_the_clock_gains_nothing(box):
    """The clock that it can reach is not the one that counts."""
    forge = "import time\ntime.process_time = time.perf_counter = lambda: 0.0\n"
    assert speed(forge + BUBBLES, RIGHT, large(3000), box) == 0


def test_a_reference_must_solve_what_it_is_the_reference_for(box):
    with pytest.raises(ValueError, match="reference"):
        speed(RIGHT, "def solve(xs):\n    return xs[10 ** 9]", large(10), box)


@pytest.mark.parametrize("ratio", [0.75, 0.9, 1.0, 1.1, 1.3])
def test_noise_of_a_quarter_changes_nothing(ratio):
    assert doublings(ratio) == 0.5 and doublings(4 * ratio) == 0.75
