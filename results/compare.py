"""Two numbers of the same weights, each from its own samples: may chance part them?

Where the values of all problems are known, the interval is that of the paired
difference; else it follows from mean and spread of both (`by_summary`).
"""

from dataclasses import dataclass
from statistics import fmean, stdev

from r1lib import evaluate

Z = 1.96


@dataclass
class Number:
    """A stored number, the one of now, and the interval of their difference."""

    name: str
    stored: float
    interval: tuple[float, float]
    now: float
    difference: tuple[float, float]

    @property
    def within(self) -> bool:
        """Whether the two may differ by chance alone."""
        low, high = self.difference
        return low <= 0 <= high

    def __str__(self) -> str:
        form = ".1f" if max(abs(self.stored), abs(self.now)) > 2 else ".3f"
        low, high = (format(value, form) for value in self.interval)
        least, most = (format(value, f"+{form}") for value in self.difference)
        change = format(self.now - self.stored, f"+{form}")
        return (
            f"  {self.name:39}{self.stored:{form}} [{low}, {high}]{'':3}"
            f"now {self.now:{form}}, {change} [{least}, {most}]{'':3}"
            f"{'within' if self.within else 'outside'}"
        )


def by_summary(name: str, stored: dict, now: dict, k: int, k_now: int) -> Number:
    """Compare pass@1 of k samples and of k_now samples of some of the same problems.

    Both summaries have `pass@1`, its `interval` over problems, and `problems`. The
    difference varies by the samples of both, and by which of the problems were taken.
    For answers that are right or wrong, the part of the samples follows from mean and
    spread: p(1-p) of all answers is its part within problems and that between them.
    """
    n, most = now["problems"], stored["problems"]
    inside, between = parts(stored, k, most)
    spread = inside / (most * k) + inside / (n * k_now) + between * (1 / n - 1 / most)
    change, half = now["pass@1"] - stored["pass@1"], Z * max(spread, 0.0) ** 0.5
    around = (change - half, change + half)
    return Number(name, stored["pass@1"], stored["interval"], now["pass@1"], around)


def parts(summary: dict, k: int, n: int) -> tuple[float, float]:
    """The variance of single answers within problems, and that of problems.

    >>> always = {"pass@1": 0.5, "interval": [0.402, 0.598]}  # half the problems
    >>> [round(part, 2) for part in parts(always, 16, 100)]
    [0.0, 0.25]
    """
    if k < 2:
        raise ValueError(f"wanted 2 samples of a problem or more, got {k}")
    low, high = summary["interval"]
    p, means = summary["pass@1"], n * ((high - low) / (2 * Z)) ** 2
    inside = min(max((p * (1 - p) - means) * k / (k - 1), 0.0), p * (1 - p))
    return inside, max(means - inside / k, 0.0)


def by_problem(name: str, before: list[float], after: list[float]) -> Number:
    """Compare two means over the same problems.

    The interval is Student's, since a bootstrap of eight problems is too narrow. Where
    all differences agree it is that of `evaluate.paired`.
    """
    gains = [b - a for a, b in zip(before, after, strict=True)]
    around, n = evaluate.paired(before, after)["interval"], len(gains)
    if max(gains) - min(gains) > 1e-9:
        half = student(n - 1) * stdev(gains) / n**0.5
        around = (fmean(gains) - half, fmean(gains) + half)
    place = evaluate.interval(before)
    return Number(name, fmean(before), place, fmean(after), around)


def student(freedom: int) -> float:
    """97.5% of Student's t, by the first terms of its series around the normal one.

    >>> round(student(4), 2), round(student(100), 2)  # tables say 2.78 and 1.98
    (2.73, 1.98)
    """
    first, second = (Z**3 + Z) / 4, (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96
    return Z + first / freedom + second / freedom**2
