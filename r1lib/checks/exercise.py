"""Automatic checks of the book's exercises.

A chapter calls one check after each exercise. What the learner wrote is only ever
called, never read as text or evaluated. Before the first line is written a check
says so and does not fail, so a fresh chapter runs from top to bottom.

    def ex_9_2(leave_one_out):
        def test(leave_one_out):
            got = tensor(leave_one_out(torch.tensor([[1.0, 0.0]])), (1, 2))
            assert got.sum().abs() < 1e-6, "subtract the mean of the others"
        report("9.2", test, leave_one_out)

The test gets each function as `Watched`, which notices a missing `return`. It reads
what came back with `number`, `truth`, `parts`, `items` or `tensor`: they take all
spellings of one value, and name the type that was wanted where they get another.
"""

import functools
import linecache
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from numbers import Real
from pathlib import Path
from types import CodeType, MethodType, TracebackType

import torch
from torch import Tensor

NO_RETURN = "your function returned None: is a `return` missing?"
LONGEST = 300  # characters of a reason
SHORT = 80  # characters of a value or of a line of code


class Watched:
    """A learner's function that notes what it returned.

    None is an AssertionError at once, unless it `may_be_none`.
    """

    def __init__(self, function, may_be_none: bool):
        assert callable(function), f"give the check a function, not {shown(function)}"
        self.function, self.may_be_none = function, may_be_none
        self.returned: list = []
        self.raised: Exception | None = None

    def __call__(self, *args, **options):
        try:
            got = self.function(*args, **options)
        except Exception as problem:
            self.raised = problem
            raise
        self.returned.append(got)
        assert got is not None or self.may_be_none, NO_RETURN
        return got

    def only_none(self) -> bool:
        return bool(self.returned) and all(got is None for got in self.returned)


def report(
    exercise: str, test: Callable, *functions: object, may_be_none: bool = False
) -> None:
    """Print one line: not started yet, not right yet with the reason, or correct.

    `functions` are the learner's; the test gets them watched. A test raises
    AssertionError with a reason that helps; it returns if all is well. What the
    learner's code raised is left for `%tb` and `%debug`. `may_be_none`: None can be
    a right result.

    >>> report("9.1", lambda: None)
    Exercise 9.1: correct
    >>> report("9.2", lambda half: half(2) == 1, lambda x: None)
    Exercise 9.2: not right yet - your function returned None: is a `return` missing?
    """
    print(f"Exercise {exercise}: {verdict(test, *functions, may_be_none=may_be_none)}")


def verdict(test: Callable, *functions: object, may_be_none: bool = False) -> str:
    """Run a test and say in a few words how it went."""
    watched: list[Watched] = []
    try:
        for function in functions:
            watched.append(Watched(function, may_be_none))
        test(*watched)
    except Exception as problem:  # whatever a learner's code may raise
        if is_stub(problem):
            return "not started yet"
        return f"not right yet - {reason(problem, watched)}"
    return "correct"


def is_stub(problem: Exception) -> bool:
    """Is this the line that stands for a solution, and not a refusal of torch's?"""
    if not isinstance(problem, NotImplementedError):
        return False
    text = one_line(problem)
    return not text or text.endswith("your turn")


@contextmanager
def hint(text: str) -> Iterator[None]:
    """Add what a case wants to an exception that a learner's code raises there.

    An assertion after the call would never be reached.
    """
    try:
        yield
    except Exception as problem:
        problem.add_note(text)
        raise


# ---- why a test failed ------------------------------------------------------------


def reason(problem: Exception, watched: list[Watched]) -> str:
    """What to say of an exception: of the check, of the learner's code, or between."""
    name = one_line(type(problem).__name__, SHORT)
    raised = f"{name}: {one_line(problem)}".rstrip(": ")
    if is_of_learner(problem, watched):
        notes = "".join(f" - {note}" for note in notes_of(problem))
        return f"it raised {raised}{place(problem, watched)}{notes}"
    if isinstance(problem, AssertionError):
        text = one_line(problem) or "the result is another one"
        if watched and all(function.only_none() for function in watched):
            return text if text == NO_RETURN else f"{NO_RETURN} - {text}"
        return text
    if not any(function.returned for function in watched):
        return f"it raised {raised}"
    last = next(f.returned[-1] for f in reversed(watched) if f.returned)
    return f"your function returned {shown(last)}, of no use to the check ({raised})"


def is_of_learner(problem: Exception, watched: list[Watched]) -> bool:
    """Was an exception raised inside a learner's function, or in what it called?"""
    passed = [file_of(part) for part in chain(problem)]  # a generator runs later
    inside = any(function.raised is problem for function in watched)
    inside = inside or bool(files(watched) & set(passed))
    if isinstance(problem, AssertionError):  # a check's own, or an assert of theirs
        return inside and Path(passed[-1]).parent != Path(__file__).parent
    return inside


def notes_of(problem: Exception) -> list[str]:
    notes = getattr(problem, "__notes__", ())  # a learner may have put anything there
    return [one_line(note) for note in notes] if isinstance(notes, list) else []


def files(watched: list[Watched]) -> set[str]:
    """The files, or cells of a notebook, that the functions were written in."""
    written = [code_of(function.function) for function in watched]
    return {code.co_filename for code in written if code is not None}


def code_of(function) -> CodeType | None:
    """The code behind a function, decorated or partial or the call of an object."""
    for _ in range(20):  # a wrapper may wrap itself
        if isinstance(code := getattr(function, "__code__", None), CodeType):
            if not hasattr(function, "__wrapped__"):
                return code
        if isinstance(function, functools.partial):
            function = function.func
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif isinstance(function, MethodType):
            function = function.__func__
        else:
            function = type(function).__call__
    return None


def place(problem: Exception, watched: list[Watched]) -> str:
    """The innermost line of the learner's own that an exception passed; "" if none."""
    mine = [tb for tb in chain(problem) if file_of(tb) in files(watched)]
    if not mine:
        return ""
    remember(problem, mine[0])
    number = mine[-1].tb_lineno
    text = one_line(linecache.getline(file_of(mine[-1]), number), SHORT)
    return f" in line {number}{f': {text}' if text else ''} (%tb shows more)"


def chain(problem: Exception) -> Iterator[TracebackType]:
    part = problem.__traceback__
    while part:
        yield part
        part = part.tb_next


def file_of(part: TracebackType) -> str:
    return part.tb_frame.f_code.co_filename


def remember(problem: Exception, start: TracebackType) -> None:
    """Keep a traceback, from a learner's first line on, where `%tb` looks for it."""
    sys.last_exc = problem.with_traceback(start)
    sys.last_type, sys.last_value = type(problem), problem
    sys.last_traceback = start


# ---- text -------------------------------------------------------------------------


def one_line(text: object, longest: int = LONGEST) -> str:
    """The first line of a text, bounded, without control characters."""
    first = words(text).strip().partition("\n")[0]
    first = "".join(c if c.isprintable() else "?" for c in first)
    return first if len(first) <= longest else f"{first[: longest - 3]}..."


def words(value: object, write: Callable = str) -> str:
    """What `str` or `repr` write; where a learner's own method fails, that it does."""
    try:
        return str.__str__(write(value))
    except Exception as problem:
        return f"(its text raises {type(problem).__name__})"


def shown(value: object) -> str:
    """A value in a few words: its type, and its repr or shape.

    >>> shown([1, 2]), shown(torch.zeros(2, 3))
    ('[1, 2] (list)', 'a Tensor of shape (2, 3)')
    """
    kind = type(value).__name__
    if isinstance(shape := getattr(value, "shape", None), tuple):
        return f"a {kind} of shape {tuple(shape)}"
    if value is None:
        return "None"
    return f"{one_line(words(value, repr), SHORT)} ({kind})"


# ---- what came back ---------------------------------------------------------------


def plain(value):
    """Tensors, arrays and tuples, nested ones too, as numbers and lists of Python.

    >>> plain((torch.tensor(2), [torch.ones(2)]))
    [2, [[1.0, 1.0]]]
    """
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def number(value, nan: str = "the result is not a number: nan") -> Real:
    """One number, also of numpy or as a tensor with one element.

    `nan`: what to say where it is NaN.
    """
    got = plain(value)
    if hasattr(value, "tolist") and isinstance(got, list):
        assert len(got) == 1, f"return a number, not {shown(value)}"
        got = got[0]
    assert isinstance(got, Real), f"return a number, not {shown(value)}"
    assert got == got, nan
    return got


def truth(value) -> bool:
    """True or False, also as 1 or 0, of numpy or as a tensor.

    >>> truth(1), truth(torch.tensor(False))
    (True, False)
    """
    got = plain(value)
    right = isinstance(got, Real) and got in (0, 1)
    assert right, f"return True or False, not {shown(value)}"
    return bool(got)


def text(value) -> str:
    assert isinstance(value, str), f"return a text, not {shown(value)}"
    return value


def items(value, wanted: str = "return a list") -> list:
    """The items, in order, of a list, tuple, range, generator, tensor or array."""
    got = plain(value)
    ordered = isinstance(got, Iterable) and not isinstance(
        got, str | bytes | dict | set | frozenset
    )
    assert ordered, f"{wanted}, not {shown(value)}"
    return plain(list(got))


def parts(value, count: int, wanted: str) -> list:
    """The things of a tuple or list (or the rows of a tensor) that has so many."""
    got = value if isinstance(value, tuple | list) else plain(value)
    right = isinstance(got, tuple | list) and len(got) == count
    assert right, f"{wanted}, not {shown(value)}"
    return list(got)


def tensor(value, shape: tuple[int, ...], dtype: torch.dtype | None = None) -> Tensor:
    """A tensor of this shape without NaN, also from nested lists or an array.

    With `dtype`, numbers of another type are converted; a bool tensor must be one.
    """
    try:
        got = value if isinstance(value, Tensor) else torch.as_tensor(plain(value))
    except (TypeError, ValueError, RuntimeError):
        raise AssertionError(f"return a tensor, not {shown(value)}") from None
    assert tuple(got.shape) == shape, f"wanted shape {shape}, got {tuple(got.shape)}"
    assert not got.isnan().any(), "the result holds nan"
    if dtype == torch.bool:
        assert got.dtype == dtype, "a mask is true or false"
    return got if dtype is None else got.to(dtype)


def loss(value, nan: str = "the result is not a number: nan") -> Tensor:
    """One number as a tensor that has a gradient."""
    number(value.detach() if isinstance(value, Tensor) else value, nan=nan)
    right = isinstance(value, Tensor) and value.requires_grad
    assert right, "the result has no gradient: return a tensor, without .item()"
    return value.reshape(())
