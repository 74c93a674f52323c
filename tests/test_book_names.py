"""What a notebook shows of the library runs there; shown on spoiled tiny books."""

from pathlib import Path

import pytest
from tiny_book import edit

from r1lib import rewards
from r1lib.world import countdown, judge, requests
from tools.book_chapter import load
from tools.book_names import names_defined
from tools.book_source import Book, notebook, tags

SOURCE, LIBRARY = "book/01_doubling.py", "r1lib/numbers.py"
IMPORT = "from r1lib.numbers import STEP, double"
BOTH = ["chapters/01_doubling", "solutions/01_doubling"]


def found(book):
    return names_defined(load(book))


def test_a_whole_book_has_no_problem(book):
    assert found(book) == []


def test_a_name_that_no_cell_defines_is_found(book):
    edit(book.root / SOURCE, IMPORT, "from r1lib.numbers import double")
    assert found(book) == [f"{label}: STEP is used and never defined" for label in BOTH]


@pytest.mark.parametrize("name", ["format", "sum", "id"])
def test_a_library_name_that_is_pythons_own_in_the_notebook_is_found(book, name):
    edit(book.root / LIBRARY, "STEP", name)
    edit(book.root / SOURCE, IMPORT, f"from r1lib.numbers import {name} as STEP")
    (line,) = found(book)
    assert f"r1lib.numbers.double uses {name}, which is Python's own" in line
    edit(book.root / SOURCE, f"{name} as STEP", f"{name}, {name} as STEP")
    assert found(book) == []


@pytest.mark.parametrize(
    "code",
    [
        "STEP = 3",
        "for STEP in (1, 2):\n    pass",
        "a, STEP = 1, 2",
        "if STEP := 3:\n    1",
    ],
)
def test_a_library_name_with_another_value_is_found(book, code):
    edit(book.root / SOURCE, "double(21)\n", f"double(21)\n{code}\n")
    (line,) = found(book)
    assert "r1lib.numbers.double uses STEP, which another cell gives" in line


@pytest.mark.parametrize(
    "code",
    [
        "other = [STEP for STEP in (1, 2)]",
        "def f(STEP):\n    STEP += 1\n    return STEP",
        "class Half:\n    STEP = 1",
        "OTHER = 3\nSTEP = OTHER",  # another version, on purpose
        "%timeit -n 1 double(2)",
        "x = 7\ny = (\n    x\n    % 3\n)",
        "display(get_ipython())",
    ],
)
def test_what_is_no_problem_is_not_found(book, code):
    edit(book.root / SOURCE, "double(21)\n", f"double(21)\n{code}\n")
    assert found(book) == []


def test_solutions_are_looked_at_with_what_they_keep(book):
    edit(book.root / SOURCE, "double(21)\n", "only_here = 2\n")
    edit(book.root / SOURCE, "return x / STEP", "return x / only_here")
    (line,) = set(found(book))
    assert line == "solutions/01_doubling: only_here is used and never defined"


# ---- the book itself --------------------------------------------------------------

BOOK = Book(Path(__file__).resolve().parent.parent)


def shown_in(number: str, dotted: str):
    """A library function as a chapter shows it, with the names of its setup cells."""
    (source,) = BOOK.sources(number)
    names: dict = {}
    for cell in notebook(BOOK, source, "chapters").cells:
        if "setup" in tags(cell) or f"# {dotted}" in cell.source.splitlines():
            exec(compile(cell.source, source.name, "exec"), names)
    return names[dotted.rpartition(".")[2]]


def test_the_reward_of_chapter_09_runs_as_it_is_shown():
    problem = countdown.make((3, 7, 8), 35, "en")
    total = shown_in("09", "r1lib.rewards.total")
    assert total is not rewards.total
    for text in ("<think>8</think><answer>(8-3)*7</answer>", "<answer>1</answer>", ""):
        assert total(problem, text) == rewards.total(problem, text)


def test_the_judge_of_chapter_13_runs_as_it_is_shown():
    problem = requests.make("chat", 0, (), "en")
    good, shown = problem.answer, shown_in("13", "r1lib.world.judge.chance")
    assert shown(problem, good, "no") == judge.chance(problem, good, "no") > 0.5
