"""Settings inside their ranges: each check names the field and says what it got.

A frozen dataclass calls these in `__post_init__`, so a setting that makes no sense is
a ValueError before any work is done.
"""

import math
from collections.abc import Callable
from numbers import Integral, Real

LARGEST_SEED = 2**32 - 1  # what torch, numpy and random all take


def whole(settings, *names: str, least: int = 1) -> None:
    """Refuse a field that is no whole number of at least `least`.

    >>> from types import SimpleNamespace
    >>> whole(SimpleNamespace(steps=0), "steps")
    Traceback (most recent call last):
    ValueError: steps must be at least 1, got 0
    """
    _check(settings, names, lambda x: isinstance(x, Integral), "a whole number")
    _check(settings, names, lambda x: x >= least, f"at least {least}")


def seed(settings) -> None:
    """Refuse a `seed` that is no whole number from 0 to LARGEST_SEED."""
    wanted = f"a whole number from 0 to {LARGEST_SEED}"
    _check(settings, ("seed",), lambda x: isinstance(x, Integral), wanted)
    _check(settings, ("seed",), lambda x: 0 <= x <= LARGEST_SEED, wanted)


def positive(settings, *names: str) -> None:
    """Refuse a field that is no finite number above 0: a rate, a temperature."""
    _real(settings, names, lambda x: x > 0, "finite and above 0")


def not_negative(settings, *names: str) -> None:
    """Refuse a field that is no finite number of at least 0: a weight, a clip."""
    _real(settings, names, lambda x: x >= 0, "finite and at least 0")


def share(settings, *names: str) -> None:
    """Refuse a field that is no number from 0 to 1."""
    _real(settings, names, lambda x: 0 <= x <= 1, "from 0 to 1")


def truth(settings, *names: str) -> None:
    """Refuse a field that is not True or False."""
    for name in names:
        if not isinstance(value := getattr(settings, name), bool):
            raise _error(name, "True or False", value)


def one_of(settings, choices, *names: str) -> None:
    """Refuse a field that is none of the names in `choices`."""
    for name in names:
        value = getattr(settings, name)
        if not isinstance(value, str) or value not in choices:
            raise _error(name, f"one of {', '.join(choices)}", value)


def kind(settings, wanted: type, *names: str) -> None:
    """Refuse a field that is no object of a class, such as settings within settings."""
    for name in names:
        if not isinstance(value := getattr(settings, name), wanted):
            raise _error(name, f"a {wanted.__name__}", value)


def _real(settings, names, fits: Callable, wanted: str) -> None:
    _check(settings, names, lambda x: isinstance(x, Real), "a number")
    _check(settings, names, lambda x: math.isfinite(x) and fits(x), wanted)


def _check(settings, names, fits: Callable, wanted: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if isinstance(value, bool) or not fits(value):
            raise _error(name, wanted, value)


def _error(name: str, wanted: str, value) -> ValueError:
    return ValueError(f"{name} must be {wanted}, got {ascii(value)[:200]}")
