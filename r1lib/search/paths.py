"""Paths: what is written so far, and what a policy and a scorer may say about it.

    ask(prefixes, n, max_new_tokens=..., until=...) -> n Continuations of each prefix
    score(problem, texts) -> (numbers, tokens), tokens in all or a list, one a text

A prefix is (prompt, what is written so far). `until` is a text that a continuation ends
with: "\\n" for one step, a line of thinking; "" for a whole completion. A policy and a
scorer come from outside: whatever else they return is a ValueError.
"""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from r1lib.files import shown

STEP = "\n"  # what ends a step
FINISHES = ("stop", "until", "length")


class Continuation(NamedTuple):
    """What a policy adds to a prefix, and how many tokens it sampled for that.

    `finish` is "stop" where the policy ended its answer, "until" at the text that was
    asked for, "length" where it was cut off. `logprob` is of all these tokens together.
    """

    text: str
    tokens: int
    finish: str = "stop"
    logprob: float = 0.0


@dataclass(frozen=True)
class Path:
    """What is written so far, the tokens and the log-probability of it, its score."""

    text: str = ""
    tokens: int = 0
    logprob: float = 0.0
    finish: str = "until"
    value: float = 0.0

    def add(self, more: Continuation) -> "Path":
        """Return the path that goes on with a continuation."""
        return Path(
            text=self.text + more.text,
            tokens=self.tokens + more.tokens,
            logprob=self.logprob + more.logprob,
            finish=more.finish,
        )


def ended(path: Path) -> bool:
    """Whether a policy ended a path by itself and wrote something."""
    return path.finish == "stop" and path.text.strip() != ""


def best(paths: Sequence[Path]) -> Path:
    """Return the path with the highest value, the earliest of equals."""
    return max(paths, key=operator.attrgetter("value"))


def at_least_one(name: str, value) -> int:
    """Return a whole number above 0 as it is; anything else is a ValueError."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a whole number >= 1, got {shown(value)}")
    return value


def count(tokens) -> int:
    """Return a scorer's number of tokens; anything else is a ValueError."""
    try:
        whole = operator.index(tokens)
    except TypeError:
        whole = -1
    if whole < 0:
        raise ValueError(f"a scorer must report tokens >= 0, got {shown(tokens)}")
    return whole


def report(scored, n: int) -> tuple:
    """Return a scorer's (numbers, tokens): a float for each of n texts, all finite."""
    if not isinstance(scored, tuple) or len(scored) != 2:
        raise ValueError(f"a scorer must return (numbers, tokens), got {shown(scored)}")
    try:
        values = [float(value) for value in scored[0]]
    except TypeError:
        raise ValueError(f"wanted numbers as scores, got {shown(scored[0])}") from None
    if len(values) != n or not all(map(math.isfinite, values)):
        raise ValueError(
            f"a scorer must give {n} finite numbers, got {len(values)}: {shown(values)}"
        )
    return values, scored[1]


def asked(
    ask: Callable, prefixes: list[tuple[str, str]], n: int, most: int, until: str
) -> list[list[Continuation]]:
    """Ask a policy for n continuations of each prefix, and check what comes back."""
    rows = ask(prefixes, n, max_new_tokens=most, until=until) if prefixes else []
    if len(rows) != len(prefixes) or any(len(row) != n for row in rows):
        raise ValueError(
            f"wanted {n} continuations of each of {len(prefixes)} prefixes, "
            f"got {shown([len(row) for row in rows])}"
        )
    return [[checked(more, most) for more in row] for row in rows]


def checked(more, most: int) -> Continuation:
    """Return a continuation as it is, if it is one and of at most `most` tokens."""
    fits = isinstance(more, tuple) and 2 <= len(more) <= 4
    if not fits or not isinstance(more[0], str):
        raise ValueError(f"wanted a Continuation, got {shown(more)}")
    more = Continuation(*more)
    if more.finish not in FINISHES or not math.isfinite(more.logprob):
        raise ValueError(
            f"a continuation must end by one of {FINISHES}, "
            f"with a finite log-probability, got {shown(more)}"
        )
    least = 0 if more.finish == "length" else 1
    if not least <= count(more.tokens) <= most:
        raise ValueError(
            f"a continuation must have from {least} to {most} tokens, got {shown(more)}"
        )
    return more
