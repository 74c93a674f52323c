"""A check says one of three things and never fails a chapter."""

import functools
import sys
import traceback

import pytest
import torch

from r1lib.checks import report
from r1lib.checks.exercise import LONGEST, items, loss, number, parts, tensor, truth


def raises(problem):
    def test(*functions):
        raise problem

    return test


@pytest.mark.parametrize(
    "test, said",
    [
        (lambda: None, "correct"),
        (raises(NotImplementedError("your turn")), "not started yet"),
        (raises(AssertionError("too big\nmore")), "not right yet - too big"),
        (raises(AssertionError()), "not right yet - the result is another one"),
        (raises(KeyError("a")), "not right yet - it raised KeyError: 'a'"),
        (raises(ZeroDivisionError()), "not right yet - it raised ZeroDivisionError"),
    ],
)
def test_report_prints_one_line(test, said, capsys):
    report("9.1", test)
    assert capsys.readouterr().out == f"Exercise 9.1: {said}\n"


def test_interrupt_is_not_swallowed():
    with pytest.raises(KeyboardInterrupt):
        report("9.1", raises(KeyboardInterrupt()))


# ---- errors in a learner's code ------------------------------------------------------

CELL = """\
def helper(x):
    return x["key"]

def direct(x):
    y = 2
    return y / 0  # here

def through_helper(x):
    return 1 + helper({})

def late(x):
    yield 1
    yield missing

def claims(x):
    assert x == 2, "claim"

def of_torch(x):
    return torch.ones(3, dtype=torch.long).log_softmax(0)

def loud(x):
    raise ValueError("\\x1b[31m" + "red" * 999)

def two(x, y):
    return x

def give(values):
    values = iter(values)
    return lambda x: next(values)

def unfinished(x):
    raise NotImplementedError("later")
"""


def cell(tmp_path):
    """Functions of a learner, as in a cell whose file lies in a folder of the host."""
    path = tmp_path / "ipykernel_7" / "3141.py"
    path.parent.mkdir()
    path.write_text(CELL)
    names = {"torch": torch}
    exec(compile(CELL, str(path), "exec"), names)
    return names


def call(function):
    assert list(function(1)) == [1, 2], "not the list"


@pytest.mark.parametrize(
    "name, said",
    [
        (
            "direct",
            "ZeroDivisionError: division by zero in line 6: return y / 0  # here",
        ),
        ("through_helper", "KeyError: 'key' in line 2: return x[\"key\"]"),
        ("late", "NameError: name 'missing' is not defined in line 13: yield missing"),
        ("claims", 'AssertionError: claim in line 16: assert x == 2, "claim"'),
        ("unfinished", "NotImplementedError: later in line 32: raise NotImpl"),
    ],
)
def test_an_error_is_shown_with_its_line(name, said, tmp_path, capsys):
    function = cell(tmp_path)[name]
    report("9.1", lambda f: call(f), function)
    out = capsys.readouterr().out
    assert out.startswith(f"Exercise 9.1: not right yet - it raised {said}")
    assert out.count("\n") == 1 and str(tmp_path) not in out and "3141" not in out


def test_the_whole_traceback_of_the_learner_is_kept(tmp_path, capsys, monkeypatch):
    for name in ("last_exc", "last_type", "last_value", "last_traceback"):
        monkeypatch.setattr(sys, name, None, raising=False)
    report("9.1", call, cell(tmp_path)["through_helper"])
    frames = traceback.extract_tb(sys.last_traceback)
    assert [frame.name for frame in frames] == ["through_helper", "helper"]
    assert sys.last_type is KeyError and sys.last_value is sys.last_exc


def test_what_torch_has_not_implemented_is_an_error_and_no_stub(tmp_path, capsys):
    report("9.1", call, cell(tmp_path)["of_torch"])
    out = capsys.readouterr().out
    assert "it raised" in out and "in line 19" in out


def test_a_text_of_an_error_is_bounded_and_has_no_control_characters(tmp_path, capsys):
    report("9.1", call, cell(tmp_path)["loud"])
    out = capsys.readouterr().out
    assert len(out) < LONGEST + 200 and out.strip().isprintable()


def test_an_error_before_the_first_line_has_no_line(tmp_path, capsys):
    report("9.1", call, cell(tmp_path)["two"])
    out = capsys.readouterr().out
    assert (
        "it raised TypeError: two() missing 1 required" in out and " line " not in out
    )


def test_wrapped_functions_have_their_lines_too(tmp_path, capsys):
    names = cell(tmp_path)
    for function in (
        functools.lru_cache(names["direct"]),
        staticmethod(names["direct"]),
    ):
        report("9.1", call, function)
        assert "in line 6: return y / 0" in capsys.readouterr().out


# ---- missing returns and wrong types -------------------------------------------------


@pytest.mark.parametrize(
    "returned, said",
    [
        ([None], "your function returned None: is a `return` missing?"),
        ([[1, 2], None], "your function returned None: is a `return` missing?"),
        ([3], "your function returned 3 (int), of no use to the check (TypeError: "),
        (["1" * 999], "not the list"),
    ],
)
def test_a_missing_return_and_a_useless_value_are_named(
    returned, said, tmp_path, capsys
):

    def test(function):
        for _ in returned:
            call(function)

    report("9.1", test, cell(tmp_path)["give"](returned))
    assert f"not right yet - {said}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "returned, said",
    [
        ([None, None], "your function returned None: is a `return` missing? - no 1"),
        ([1, None], "no 2"),
        ([1, 2], "correct"),
    ],
)
def test_none_that_can_be_right_is_named_where_nothing_else_comes(
    returned, said, tmp_path, capsys
):

    def test(function):
        got = [function(0), function(0)]
        assert got[0] == 1, "no 1"
        assert got[1] == 2, "no 2"

    report("9.1", test, cell(tmp_path)["give"](returned), may_be_none=True)
    assert capsys.readouterr().out.endswith(f"{said}\n")


@pytest.mark.parametrize(
    "read, value, said",
    [
        (number, "4", "return a number, not '4' (str)"),
        (number, torch.ones(2), "return a number, not a Tensor of shape (2,)"),
        (number, float("nan"), "the result is not a number: nan"),
        (truth, 2, "return True or False, not 2 (int)"),
        (items, "abc", "return a list, not 'abc' (str)"),
        (items, {3, 1}, "return a list, not {1, 3} (set)"),
        (lambda x: parts(x, 2, "two"), [1], "two, not [1] (list)"),
        (lambda x: tensor(x, (2,)), [[1], [2, 3]], "return a tensor, not [[1], "),
        (lambda x: tensor(x, (2,)), torch.ones(3), "wanted shape (2,), got (3,)"),
        (lambda x: tensor(x, (1,), torch.bool), [1], "a mask is true or false"),
        (loss, 1.5, "the result has no gradient"),
        (loss, torch.tensor(1.5), "the result has no gradient"),
    ],
)
def test_a_wrong_type_or_shape_is_named(read, value, said):
    with pytest.raises(AssertionError) as problem:
        read(value)
    assert str(problem.value).startswith(said)


# ---- a learner's own classes ---------------------------------------------------------


class Mute(Exception):
    """Its text cannot be had."""

    def __str__(self):
        raise KeyError("no text")

    __repr__ = __str__


class MuteStub(Mute, NotImplementedError):
    pass


class Sub(str):
    def strip(self):
        raise RuntimeError


class Odd(Exception):
    def __str__(self):
        return Sub("odd\nand more")


def throw(problem):
    def function(x):
        raise problem

    return function


@pytest.mark.parametrize(
    "problem, said",
    [
        (Mute(), "it raised Mute: (its text raises KeyError) in line"),
        (MuteStub(), "it raised MuteStub: (its text raises KeyError) in line"),
        (ValueError(Mute()), "it raised ValueError: (its text raises KeyError)"),
        (Odd(), "it raised Odd: odd in line"),
        (type("\x1b[31m" * 99, (Exception,), {})("x"), "it raised ?[31m?[31m"),
    ],
    ids=lambda x: type(x).__name__[:9],
)
def test_an_exception_whose_own_text_fails_is_named(problem, said, capsys):
    report("9.1", call, throw(problem))
    out = capsys.readouterr().out
    assert said in out and out.strip().isprintable() and out.count("\n") == 1


def test_notes_that_are_no_list_of_texts_do_no_harm(capsys):
    problem = ValueError("wrong")
    problem.__notes__ = 5
    report("9.1", call, throw(problem))
    problem.__notes__ = [Mute(), "a\x1b"]
    report("9.1", call, throw(problem))
    first, second = capsys.readouterr().out.splitlines()
    assert "ValueError: wrong" in first and "raises KeyError) - a?" in second


def test_a_value_whose_own_text_fails_is_named(capsys):
    report("9.1", lambda f: number(f(1)), lambda x: Mute())
    assert "a number, not (its text raises KeyError) (Mute)" in capsys.readouterr().out


def test_partial_functions_methods_and_callable_objects_have_their_lines_too(
    tmp_path, capsys
):
    direct = cell(tmp_path)["direct"]
    in_class = type("Holder", (), {"__call__": lambda self, x: direct(x)})
    given = (
        functools.partial(direct),
        functools.partial(functools.partial(functools.lru_cache(direct))),
        functools.partial(direct, 1),
    )
    for function in given[:2]:
        report("9.1", call, function)
        assert "in line 6: return y / 0" in capsys.readouterr().out
    report("9.1", lambda f: f(), given[2])
    assert "in line 6: return y / 0" in capsys.readouterr().out
    report("9.1", call, in_class())
    assert "it raised ZeroDivisionError: division by zero in line" in (
        capsys.readouterr().out
    )
    bound = type("Bound", (), {"run": lambda self, x: direct(x)})().run
    report("9.1", call, bound)
    assert "it raised ZeroDivisionError: division by zero in line" in (
        capsys.readouterr().out
    )


def test_builtins_and_what_wraps_itself_have_no_line(capsys):
    def around(x):
        return 1 / 0

    around.__wrapped__ = around
    for function in (max, int, around):
        report("9.1", call, function)
    assert capsys.readouterr().out.count("not right yet") == 3
