"""Every check of the book, with everything that a learner may hand to it.

The checks and the solutions are collected from the library and the book: a new
exercise is tested too.
"""

import functools
import linecache
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from r1lib import checks
from tools.book_source import Book, chapter_cells, read_cells, solution_cells, tags
from tools.library import Library

BOOK = Book(Path(__file__).resolve().parent.parent)
CHECKS = sorted(name for name in vars(checks) if name.startswith("ex_"))
CALL = re.compile(r"checks\.(ex_\w+)\((.*)\)")
NO_RETURN = "not right yet - your function returned None: is a `return` missing?"


@functools.cache
def exercises(source: Path) -> tuple[str, dict[str, tuple[str, str, list[str]]]]:
    """(what runs before, check -> (solution, stub, names of its arguments))."""
    library, found, before = Library(BOOK.root), {}, []
    full = solution_cells(read_cells(source), library)
    stubs = chapter_cells(read_cells(source), library)
    stubs = iter(cell.source for cell in stubs if "exercise" in tags(cell))
    solution = []
    for cell in full:
        if "exercise" in tags(cell):
            solution = [cell.source, next(stubs)]
        elif "check" in tags(cell):
            name, arguments = CALL.fullmatch(cell.source).groups()
            found[name] = (*solution, arguments.split(", "))
        elif cell.cell_type == "code" and "then" not in tags(cell):
            before.append(cell.source)
    return "\n".join(before), found


@functools.cache
def names_before(source: Path) -> dict:
    names = {}
    exec(compile(exercises(source)[0], source.name, "exec"), names)
    return names


def source_of(check: str) -> Path:
    (source,) = BOOK.sources(f"{int(check.split('_')[1]):02}")
    return source


def learner(check: str, kind: int) -> list:
    """The arguments of a check, with the solution of the book (0) or its stub (1)."""
    source = source_of(check)
    *codes, arguments = exercises(source)[1][check]
    names, cell = dict(names_before(source)), f"<ipython-input-{check}>"
    linecache.cache[cell] = (1, None, codes[kind].splitlines(True), cell)
    exec(compile(codes[kind], cell, "exec"), names)
    return [names[argument] for argument in arguments]


def said(check: str, *arguments) -> str:
    """What a check says; that it is one line is part of every test."""
    words = []
    number = check.removeprefix("ex_").replace("_", ".")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.print", words.append)
        vars(checks)[check](*arguments)
    (line,) = words
    head, text = line.split(": ", 1)
    assert head == f"Exercise {number}" and "\n" not in text
    return text


def replaced(check: str, function) -> str:
    """What a check says where a learner's function is another one."""
    _, *others = learner(check, 0)
    return said(check, function, *others)


def broken(*arguments, **options):
    return {"a": 1}["b"]  # a line to be shown


def nothing(*arguments, **options):
    pass


@pytest.mark.slow
def test_every_exercise_has_a_check_and_every_check_an_exercise():
    asked = {name for s in BOOK.sources() for name in exercises(s)[1]}
    files = Path(checks.__file__).parent.glob("chapter_*.py")
    texts = [file.read_text(encoding="utf-8") for file in files]
    written = {name for t in texts for name in re.findall(r"(?m)^def (ex_\w+)", t)}
    assert set(CHECKS) == asked == written


@pytest.mark.parametrize("check", CHECKS)
def test_the_solution_of_the_book_is_correct(check):
    assert said(check, *learner(check, 0)) == "correct"


@pytest.mark.parametrize("check", CHECKS)
def test_the_stub_of_the_book_is_not_started(check):
    assert said(check, *learner(check, 1)) == "not started yet"


@pytest.mark.parametrize("check", CHECKS)
def test_a_forgotten_return_is_named(check):
    assert replaced(check, nothing).startswith(NO_RETURN)


@pytest.mark.parametrize("check", CHECKS)
def test_something_that_is_no_function_is_named(check):
    assert (
        replaced(check, None) == "not right yet - give the check a function, not None"
    )


@pytest.mark.parametrize("check", CHECKS)
def test_an_exception_is_shown_with_the_line_of_the_learner(check):
    line = broken.__code__.co_firstlineno + 1
    place = f'in line {line}: return {{"a": 1}}["b"]  # a line to be shown'
    text = replaced(check, broken)
    assert text.startswith(f"not right yet - it raised KeyError: 'b' {place}")


class Odd:
    """A value of no use, whose repr is long and has control characters."""

    def __repr__(self):
        return "\x1b[31m odd" * 1000


VALUES = [
    "text",
    b"",
    3.5,
    float("nan"),
    -1,
    True,
    [],
    (),
    {},
    {7},
    [None],
    (None, None),
    (None, None, None),
    ["a", "b"],
    [[1], [2, 3]],
    len,
    Odd(),
    object(),
    torch.zeros(2, 3),
    torch.tensor([]),
    torch.tensor(1),
    torch.tensor(float("nan"), requires_grad=True),
    torch.zeros(3).numpy(),
]


@pytest.mark.parametrize("check", CHECKS)
def test_a_value_of_a_wrong_type_is_never_an_exception_of_the_check(check):
    for value in VALUES:
        text = replaced(check, lambda *args, value=value, **options: value)
        assert text.startswith("not right yet - "), value
        assert "it raised" not in text and "of no use" not in text, (value, text)
        assert len(text) < 330 and text.isprintable(), value


def numbers_as(make, value):
    """A result with every number in it made by `make`."""
    if isinstance(value, tuple | list):
        return type(value)(numbers_as(make, item) for item in value)
    return make(value) if isinstance(value, bool | int | float) else value


def is_plain_tensor(value) -> bool:
    return isinstance(value, torch.Tensor) and not value.requires_grad


SAME = {
    "lists": lambda x: list(x) if isinstance(x, tuple) else x,
    "tuples": lambda x: tuple(x) if isinstance(x, list) else x,
    "no tensors": lambda x: x.tolist() if is_plain_tensor(x) else x,
    "arrays": lambda x: x.numpy() if is_plain_tensor(x) else x,
    "numbers of torch": functools.partial(
        numbers_as, lambda x: torch.from_numpy(np.asarray(x))
    ),
    "numbers of numpy": functools.partial(numbers_as, np.asarray),
    "float32": functools.partial(numbers_as, np.float32),
    "whole floats": functools.partial(numbers_as, float),
    "int for bool": functools.partial(
        numbers_as, lambda x: int(x) if type(x) is bool else x
    ),
}
EXACT = {("ex_13_2", "float32")}  # the exercise wants more digits than it has


@pytest.mark.parametrize("kind", SAME)
@pytest.mark.parametrize("check", CHECKS)
def test_the_same_values_of_another_type_are_correct(check, kind):
    solution, *others = learner(check, 0)

    def other(*args, **options):
        return SAME[kind](solution(*args, **options))

    wanted = "correct" if (check, kind) not in EXACT else "not right yet"
    assert said(check, other, *others).startswith(wanted)
