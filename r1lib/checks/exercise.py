"""Automatic checks of the book's exercises.

A chapter calls one check after each exercise. What the learner wrote is only ever
called, never read as text or evaluated. Before the first line is written a check
says so and does not fail, so a fresh chapter runs from top to bottom.

    def ex_9_1(group_advantages):
        def test():
            got = group_advantages(torch.tensor([[1.0, 0.0]]))
            assert got.sum().abs() < 1e-6, "subtract the mean of the group"
        report("9.1", test)
"""

from collections.abc import Callable


def report(exercise: str, test: Callable[[], None]) -> None:
    """Print one line: not started yet, not right yet with the reason, or correct.

    A test raises AssertionError with a reason that helps; it returns if all is well.

    >>> report("9.1", lambda: None)
    Exercise 9.1: correct
    """
    print(f"Exercise {exercise}: {verdict(test)}")


def verdict(test: Callable[[], None]) -> str:
    """Run a test and say in a few words how it went."""
    try:
        test()
    except NotImplementedError:
        return "not started yet"
    except AssertionError as problem:
        return f"not right yet - {first_line(problem) or 'the result is another one'}"
    except Exception as problem:  # whatever a learner's code may raise
        what = f"{type(problem).__name__}: {first_line(problem)}".rstrip(": ")
        return f"not right yet - it raised {what}"
    return "correct"


def first_line(problem: Exception) -> str:
    return str(problem).strip().partition("\n")[0]
