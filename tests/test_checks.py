"""A check says one of three things and never fails a chapter."""

import pytest

from r1lib.checks import report


def raises(problem):
    def test():
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
