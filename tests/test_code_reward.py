"""Claims about the code reward: right beats wrong, fast beats slow, hacks lose."""

import random
import subprocess
import sys

import pytest

from r1lib import allowed, code_reward, lint, sandbox
from r1lib.code_reward import (
    WEIGHTS,
    Parts,
    agreed,
    coping,
    doublings,
    draw_inputs,
    extract_program,
    generate_tests,
    judge,
    judge_many,
    read_tests,
    score,
    speed,
)
from r1lib.sandbox import Sandbox
from r1lib.tasks import programs

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
        "def other(xs):\n    return ys",  # two complaints, no solve
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
        answer("import os"),
        answer(RIGHT),
    ]
    parts = judge_many([SORT_42] * 5, texts)
    assert [p.tests == 1 for p in parts] == [True, False, False, False, True]
    assert parts[1] == Parts(error="no single <answer>")
    assert parts[3].error == "KeyError: 'solve'"
    with pytest.raises(ValueError):
        judge_many([SORT_42], [])


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


def test_a_wrong_program_earns_no_speed(box):
    parts = score(UNSORTED, list(SORT_42.data), box, reference=RIGHT, large=large(300))
    assert parts.tests < 1 and parts.speed == 0


def test_a_program_that_forges_the_clock_gains_nothing():
    """The allow-list is off: the clock it could reach is not the one that counts."""
    if WHY_NOT:
        pytest.skip(WHY_NOT)
    forge = "import time\ntime.process_time = time.perf_counter = lambda: 0.0\n"
    with Sandbox() as box:
        assert speed(forge + BUBBLES, RIGHT, large(3000), box) == 0


def test_a_reference_must_solve_what_it_is_the_reference_for(box):
    with pytest.raises(ValueError, match="reference"):
        speed(RIGHT, "def solve(xs):\n    return xs[10 ** 9]", large(10), box)


@pytest.mark.parametrize("ratio", [0.75, 0.9, 1.0, 1.1, 1.3])
def test_noise_of_a_quarter_changes_nothing(ratio):
    assert doublings(ratio) == 0.5 and doublings(4 * ratio) == 0.75


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


def test_written_tests_are_read_and_never_run():
    text = """Here are my tests:
assert solve([2, 1]) == [42, 1, 2]
  assert solve([]) == [42], "empty"
assert solve([1], k=2) == 3
assert other([1]) == 2
assert solve([1]) != 2
assert solve(open('/etc/passwd').read()) == 1
assert solve([1]) == __import__('os').getpid()
assert solve(-1, 2.5) == (True, None)
assert solve(1j) == 1
assert solve([1]) == [[[
assert solve([5]) == [42, 5"""
    assert read_tests(text) == [
        (([2, 1],), [42, 1, 2]),
        (([],), [42]),
        ((-1, 2.5), (True, None)),
    ]
    assert read_tests("assert solve(" + "[" * 10**5) == []
    assert read_tests("assert solve(" + "-" * 9_000 + "1) == 1") == []
    assert read_tests("\0\nassert f(1) == 2", entry="f") == [((1,), 2)]


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
        BUBBLES,
        UNSORTED,
        forgets,
        "def solve(xs):\n    return xs[0]",
        "x =",
    ]
    kept = agreed(group, PROPOSED, box, least=0.4)
    assert kept == [PROPOSED[0], PROPOSED[2], PROPOSED[4]]
    measured = coping(PROPOSED, kept, SORT_42.answer, box)
    assert measured == {"before": pytest.approx(3 / 7), "after": 1.0, "found": 1.0}


def test_coping_sees_a_filter_that_fails(box):
    """A group that shares a mistake agrees on it: the measure says so."""
    kept = agreed([UNSORTED] * 3 + [RIGHT], PROPOSED, box)
    measured = coping(PROPOSED, kept, SORT_42.answer, box)
    assert PROPOSED[1] in kept and PROPOSED[0] not in kept
    assert measured["after"] < 1 and measured["found"] < 1
    assert coping(PROPOSED, [], SORT_42.answer, box)["found"] == 0


def test_without_programs_or_agreement_no_test_is_kept(box):
    assert agreed([], PROPOSED, box) == []
    assert agreed([RIGHT, UNSORTED], PROPOSED[:2], box) == []  # a tie


CHANGES = "line 1: a default value that can change"
WITH_NONE = "line 2: == with None, True or False"


@pytest.mark.parametrize(
    "code, complaints",
    [
        ("def solve(xs):\n    return xs", []),
        ("def solve(xs):\n    return ys", ["line 2: ys is not defined"]),
        (
            "def solve(xs):\n    y = z\n    z = 1\n    return y",
            ["line 2: z is used before it is defined"],
        ),
        (
            "def solve(xs):\n    n += 1\n    return n",
            ["line 2: n is used before it is defined"],
        ),
        (
            "y = x\nx = 1\ndef solve(a):\n    return y",
            ["line 1: x is used before it is defined"],
        ),
        ("def solve(xs):\n    u = 1\n    return xs", ["line 2: u is never used"]),
        ("def solve(xs):\n    return xs\n    xs = 1", ["line 3: is never reached"]),
        ("def solve(xs):\n    xs.sort()", ["line 1: solve returns nothing"]),
        (
            "def solve(xs):\n    def inner():\n        return 1\n    inner()",
            ["line 1: solve returns nothing"],
        ),
        ("def solve(xs):\n    return None", ["line 1: solve returns nothing"]),
        ("def sort(xs):\n    return xs", ["line 1: no function solve"]),
        (
            "def solve(xs=[]):\n    return xs",
            [CHANGES],
        ),
        *(
            (f"def solve(xs={value}):\n    return xs", [CHANGES])
            for value in ("list()", "dict()", "set()", "[x for x in 'ab']")
        ),
        *(
            (f"def solve(xs):\n    return {test}", [WITH_NONE])
            for test in ("None == xs", "1 < xs != None", "True != xs == 1")
        ),
        (
            "def solve(x):\n    return x == None",
            [WITH_NONE],
        ),
        (
            "def solve(x):\n    try:\n        return x\n    except:\n        return 1",
            ["line 4: except without a type"],
        ),
        ("def solve(x):\n    max = x\n    return max", ["line 2: max hides a builtin"]),
        ("def solve(max):\n    return max", ["line 1: max hides a builtin"]),
        (
            "def sorted(xs):\n    return xs\ndef solve(xs):\n    return sorted(xs)",
            ["line 1: sorted hides a builtin"],
        ),
        *(
            (
                f"def solve(x):\n    try:\n        return x\n    except {kind}:"
                "\n        return 1",
                ["line 4: except BaseException catches everything"],
            )
            for kind in ("BaseException", "(ValueError, BaseException)")
        ),
        (
            "def solve(xs):\n    return ys\ndef other():\n    global ys\n    return ys",
            ["line 2: ys is not defined", "line 5: ys is not defined"],
        ),
        ("def solve(", ["line 1: '(' was never closed"]),
    ],
)
def test_lint_finds_what_a_careful_reader_would(code, complaints):
    assert [str(c) for c in lint.lint(code)] == complaints


FINE = """
def solve(n):
    return 1 if n == 0 else n * solve(n - 1)
---
def solve(xs):
    return helper(xs)
def helper(xs):
    return xs
---
def solve(xs):
    return [sorted(x, key=lambda t: t + len(x)) for x in xs]
---
def solve(xs):
    return [y for x in xs if (y := x + 1)] + [y]
---
def solve(xs):
    for x in xs:
        if x:
            a = p
        p = a = x
    return a
---
def solve(xs):
    n = 0
    def add():
        nonlocal n
        n += len(xs)
    add()
    return n
---
import math
from collections import Counter as C
def solve(x):
    return C(x), math.pi
---
class P:
    a = 1
    b = a + 1
def solve(x):
    return P.b + x
---
def solve(x):
    match x:
        case [a, *b]:
            return a, b
        case {"k": v, **rest}:
            return v, rest
    return 0
---
def solve(x):
    try:
        return 1 / x
    except ZeroDivisionError as e:
        return str(e)
---
def solve(xs, *more, k=1, **named):
    return xs, more, k, named
---
def solve(xs):
    global seen
    seen = xs
    return seen
---
def solve(xs):
    def keep():
        global kept
        kept = xs
    keep()
    return kept
---
class Row:
    def sum(self):
        return 1
def solve(x):
    return Row().sum() + x
---
def solve(x):
    match x:
        case int(n) | str(n):
            return "{:.2f} of {}".format(n, x)
        case complex(real=n):
            return n
    return [x for __ in range(2)]
---
def solve(n):
    return {a: {b} for a in range(n) for b in range(a) if a + b}
""".split("---")


@pytest.mark.parametrize("code", FINE)
def test_lint_raises_no_false_alarm(code):
    assert lint.lint(code) == [] == allowed.forbidden(code)


def test_lint_knows_functions_that_can_wait():
    code = "async def f():\n    return 1\ndef solve(x):\n    return f, x"
    assert lint.lint(code) == []


def test_a_hidden_builtin_that_is_allowed_is_no_reason_to_refuse():
    code = "def solve(list, max, input):\n    id = list + max\n    return id, input"
    assert allowed.forbidden(code) == []


def test_every_gold_program_is_clean():
    rng = random.Random(1)
    for _ in range(200):
        code = programs.sample(rng, "hard", "en").answer
        assert lint.lint(code) == [] == allowed.forbidden(code)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "-" * 9999 + "1",
        "a" + ".b" * 4900,
        "\0",
        "\ud800",
        "9" * 9999,
        "x" * 10**6,
    ]
    + ["lambda:" * 1400 + "1", "x=" + "1+" * 4000 + "1", "if 1:\n " * 900, "'" * 9999],
    ids=lambda text: ascii(text[:8]),
)
def test_any_text_can_be_looked_at(text):
    assert lint.lint(text) and isinstance(allowed.forbidden(text), list)


@pytest.mark.parametrize(
    "code",
    [
        "import os",
        "import os.path",
        "import sys as math",
        "from os import path",
        "from . import x",
        "from random import *",
        "from typing import sys",
        "from operator import attrgetter",
        "import typing\ntyping.sys",
        "import random\nrandom._os",
        "x.__class__",
        "f'{x.__class__}'",
        "(lambda: 0).__globals__",
        "g.gi_frame",
        "e.__traceback__.tb_frame",
        "open('x')",
        "o = open",
        "eval('1')",
        "exec('1')",
        "getattr(1, 'real')",
        "globals()",
        "__import__('os')",
        "__builtins__",
        "with x as y:\n    pass",
        "async def f():\n    pass",
        "class A:\n    def __eq__(self, other):\n        return True",
        "def f(__x):\n    pass",
        "match x:\n    case object(__globals__=y):\n        y",
        "match x:\n    case str(format=y):\n        y",
        "match x:\n    case g(y):\n        y",
        "int = g\nmatch x:\n    case int(y):\n        y",
        "def f(open):\n    pass\nopen('x')",
        "def f(open):\n    return open",
        "def f():\n    __builtins__ = 0\n__builtins__",
        "class A:\n    __eq__ = g",
        "class A:\n    import math as __eq__",
        "def f():\n    global __builtins__",
        "match x:\n    case [*__builtins__]:\n        pass",
        "'{0.__globals__}'.format(g)",
        "'{0.gi_frame}'.format(g)",
        "'{0[:].__globals__}'.format(g)",
        "'{0:{1.__globals__}}'.format(g, x)",
        "x.format(g)",
        "str.format(x, g)",
        "x.format_map(g)",
        "import string\nstring.Formatter",
        "from string import Formatter",
        "from typing import get_type_hints",
        "from typing import ForwardRef",
        "import functools\nfunctools.singledispatch",
        "import functools\nfunctools.singledispatchmethod",
        "from functools import update_wrapper",
        "from functools import wraps",
        "import operator\noperator.methodcaller",
        "import inspect",
    ],
)
def test_the_allow_list_refuses(code):
    assert allowed.forbidden("x = g = e = 0\n" + code)


def test_no_builtin_becomes_usable_because_a_program_binds_its_name():
    """Asked of a fresh Python, as the sandbox starts it."""
    command = [sys.executable, "-I", "-S", "-c", "print(*dir(__builtins__))"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    others = set(done.stdout.split()) - {*allowed.BUILTINS, *allowed.METHODS}
    assert {"open", "eval", "OSError", "__import__"} <= others
    for name in others - {"__debug__"}:  # which is no name that can be bound
        code = f"def decoy({name}):\n    pass\n{name}"
        assert f"line 3: use of {name}" in map(str, allowed.forbidden(code))
    assert allowed.forbidden("__debug__")
