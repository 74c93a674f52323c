"""Claims about lint: it finds mistakes, raises no false alarm, and reads any text."""

import random
import threading
import warnings

import ordinary_programs
import pytest

from r1lib.rewards import lint
from r1lib.world import programs

CHANGES = "line 1: a default value that can change"
WITH_NONE = "line 2: == with None, True or False"
EVERYTHING = "line 4: except BaseException catches everything"


def found(code, **options):
    return [str(complaint) for complaint in lint.lint(code, **options)]


@pytest.mark.parametrize(
    "code, complaints",
    [
        ("def solve(xs):\n    return xs", []),
        ("def solve(xs):\n    return ys", ["line 2: undefined name 'ys'"]),
        ("def sort(xs):\n    return xs", ["line 1: undefined name 'solve'"]),
        ("", ["line 1: undefined name 'solve'"]),
        (
            "y = x\nx = 1\ndef solve(a):\n    return y",
            ["line 1: undefined name 'x'"],
        ),
        (
            "import math\ndef solve(xs):\n    return xs",
            ["line 1: 'math' imported but unused"],
        ),
        (
            "def solve(xs):\n    u = 1\n    return xs",
            ["line 2: local variable 'u' is assigned to but never used"],
        ),
        (
            "def solve(x):\n    return f'no place'",
            ["line 2: f-string is missing placeholders"],
        ),
        *(
            (f"def solve(xs={value}):\n    return xs", [CHANGES])
            for value in ("[]", "{}", "list()", "dict()", "set()", "[x for x in 'ab']")
        ),
        ("def solve(xs, *, ys=[]):\n    return xs, ys", [CHANGES]),
        ("solve = lambda xs=[]: xs", [CHANGES]),
        *(
            (f"def solve(xs):\n    return {test}", [WITH_NONE])
            for test in (
                "xs == None",
                "None == xs",
                "1 < xs != None",
                "True != xs == 1",
            )
        ),
        (
            "def solve(x):\n    try:\n        return x\n    except:\n        return 1",
            ["line 4: except without a type"],
        ),
        *(
            (
                f"def solve(x):\n    try:\n        return x\n    except {kind}:"
                "\n        return 1",
                [EVERYTHING],
            )
            for kind in ("BaseException", "(ValueError, BaseException)")
        ),
        ("def solve(", ["line 1: '(' was never closed"]),
        (
            "def solve(x):\n    return x\nreturn 1",
            ["line 3: 'return' outside function"],
        ),
    ],
)
def test_lint_finds_what_a_careful_reader_would(code, complaints):
    assert found(code) == complaints


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
---
from math import *
def solve(x):
    return floor(x)
---
from helpers import *
---
try:
    limit
except NameError:
    limit = 10
def solve(x):
    return min(x, limit)
---
try:
    import numpy
except ImportError:
    numpy = None
def solve(x):
    return x if numpy is None else numpy.array(x)
---
solve = sorted
---
from functools import partial
solve = partial(max, 0)
---
from bisect import bisect as solve
---
class solve:
    def __init__(self, x):
        self._x = x
---
async def wait():
    return 1
def solve(x):
    return wait, x
---
def solve(list, max):
    id = list + max
    return id
---
def solve(x):
    return x is None or x != 1 or 0 == x
---
def solve(x, pair=(1, 2), name="", other=None, *, more=frozenset()):
    return x, pair, name, other, more
---
def solve(x):
    try:
        return int(x)
    except (ValueError, TypeError):
        return None
    except Exception as error:
        raise RuntimeError("new") from error
""".split("---")


@pytest.mark.parametrize("code", FINE)
def test_lint_raises_no_false_alarm(code):
    assert found(code) == []


@pytest.mark.parametrize(
    "program", ordinary_programs.all_programs(), ids=lambda program: program.name
)
def test_an_ordinary_program_is_clean(program):
    assert found(program.code) == []


def test_every_gold_program_is_clean():
    rng = random.Random(1)
    for _ in range(200):
        assert found(programs.sample(rng, "hard", "en").answer) == []


def test_another_entry_is_asked_for():
    code = "def main(xs):\n    return xs"
    assert found(code, entry="main") == []
    assert found(code) == ["line 1: undefined name 'solve'"]


HUGE = "0x" + "f" * 4000
NO_PROGRAM = [
    "(" * 5000,
    "[" * 9999,
    "-" * 9999 + "1",
    "a" + ".b" * 4900,
    "\0",
    "x = 1\0",
    "\ud800",
    "9" * 9999,
    "x" * 10**6,
    "x=" + "1+" * 4000 + "1",
    "if 1:\n " * 900,
    "'" * 9999,
    "a" * 10**7,
    "def \x1b[31m(): pass",
    "'\\N{NO SUCH SIGN}'",
    "f'{'",
]
HOSTILE = [
    "lambda:" * 1400 + "1",
    f"x = {{{HUGE}: 1, {HUGE}: 2}}",  # its message cannot be written
    "if a:\n b\n" + "elif a:\n b\n" * 800,
    "x: '" + "(" * 300 + "'",
    "x: '" + "-" * 9000 + "1'",
    "x: '\\0'",
    "x: 'List[\"List[x\"]'",
    "'{\x1b}'.format()",
    "'%(\x1b)s' % {}",
    "'%" + "9" * 5000 + "d' % ()",
    "'{" + "9" * 5000 + "}'.format(1)",
    "'" + "{}" * 4000 + "'.format(1)",
    "'{:{:{}}}'.format(1)",
    "__all__ = [1] + x\n__all__ += y",
    "from __future__ import *",
    "def f():\n del a\n del a\n global b\n del b",
    "\n".join(f"a{i} = b{i}" for i in range(700)),
    "def f(): pass\n" * 600,
    "_ = '\\d'",
]


@pytest.mark.parametrize("text", NO_PROGRAM, ids=lambda text: ascii(text[:8]))
def test_what_is_no_program_is_one_complaint(text):
    (complaint,) = lint.lint(text)
    assert_is_one_line(complaint)
    with pytest.raises(ValueError, match="^line [0-9]+: "):
        lint.parse(text)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_any_text_can_be_looked_at(text):
    complaints = lint.lint(text)
    assert complaints == sorted(set(complaints)) != []
    for complaint in complaints:
        assert_is_one_line(complaint)
    assert lint.parse(text)


def assert_is_one_line(complaint):
    assert complaint.line >= 1 and complaint.text.isprintable()
    assert 0 < len(complaint.text) <= lint.SHOWN


def test_broken_ordinary_programs_can_be_looked_at():
    rng = random.Random(0)
    texts = [program.code for program in ordinary_programs.BASE]
    for _ in range(1000):
        left, right = rng.choice(texts), rng.choice(texts)
        cut, other = rng.randrange(len(left)), rng.randrange(len(right))
        for complaint in lint.lint(left[:cut] + right[other:]):
            assert_is_one_line(complaint)


def test_warnings_of_a_text_are_not_shown_and_filters_are_left_alone():
    """In several threads too: whoever looks leaves the filters as they were."""
    before = list(warnings.filters)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        inside = list(warnings.filters)
        text = "def solve(x):\n    return '\\d', x is 1, 0in x"
        assert found(text) and lint.parse(text)
        threads = [
            threading.Thread(target=lambda: [found(text) for _ in range(30)])
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert list(warnings.filters) == inside
    assert list(warnings.filters) == before
