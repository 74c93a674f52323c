"""Problems of the tiny world, and the splits that keep test problems unseen.

A `Problem` is a question in one language with what is needed to verify an answer.
`split_of` looks only at the canonical problem (for countdown the sorted numbers and
the target), never at the language or the wording: a problem and its translation, or
the same numbers in another order, always fall on the same side.
"""

import random
from dataclasses import dataclass

from r1lib import verifiers
from r1lib.files import digest, one_of
from r1lib.verifiers.notation import parse_number

LANGUAGES = ("en", "ko")
LEVELS = ("easy", "hard")
STYLES = ("guess", "short", "long")
SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class Problem:
    """One question; `key` is its canonical, language-blind identity.

    `answer` is a gold answer as text (one of several where many are right), and
    `data` holds what the family's verifier needs: for countdown (numbers, target).
    """

    family: str
    level: str
    language: str
    prompt: str
    answer: str
    key: str
    data: tuple = ()

    def check(self, completion: str, box=None) -> bool:
        """Say whether a completion is right: its one final answer equals `answer`.

        Where `answer` is a number, the other must be written as one: 4, not 2+2.

        A family with other rules is a subclass with a `check` and a `ballot` of its own
        (`r1lib.world`). `box` is the sandbox in which a program would run.

        >>> sums = Problem("sums", "easy", "en", "What is 1/4 + 1/4?", "1/2", "1/4+1/4")
        >>> sums.check("<answer>0.5</answer>"), sums.check("It is 0.5 or 0.6")
        (True, False)
        """
        answer = verifiers.extract_answer(completion)
        if answer is None:
            return False
        number = parse_number(self.answer)
        if number is not None:
            return parse_number(answer) == number
        if self.data:  # by value alone the target itself would pass in countdown
            raise ValueError(
                f"wanted a {self.family} problem as its family makes it, "
                "with a check of its own, got a plain Problem"
            )
        return verifiers.math_equal(self.answer, answer)

    def ballot(self, completion: str):
        """What a completion votes for: the meaning of its answer; None is no vote."""
        answer = verifiers.extract_answer(completion)
        return None if answer is None else verifiers.meaning(answer)


def check(problem: Problem, completion: str, box=None) -> bool:
    """Ask a problem whether a completion is right: its own `check`, as a function."""
    return problem.check(completion, box)


def split_of(problem: Problem) -> str:
    """Assign a problem to "train" (90%), "valid" (5%) or "test" (5%), by its key.

    >>> a = Problem("countdown", "easy", "en", "numbers=1,2,3 target=6", "", "1,2,3>6")
    >>> b = Problem("countdown", "easy", "ko", "숫자=3,2,1 목표=6", "", "1,2,3>6")
    >>> split_of(a) == split_of(b)
    True
    """
    bucket = int(digest(f"{problem.family}:{problem.key}")[:8], 16) % 20
    return {0: "test", 1: "valid"}.get(bucket, "train")


def draw(sample, rng, split: str, level: str = "easy", language: str | None = None):
    """Draw from `sample(rng, level, language)` until a problem of `split` comes up."""
    one_of("split", split, SPLITS)
    one_of("level", level, LEVELS)
    one_of("language", language, (None, *LANGUAGES))
    while True:
        problem = sample(rng, level, language or rng.choice(LANGUAGES))
        if split_of(problem) == split:
            return problem


def problems(sample, n: int, seed: int, split: str, level="easy", language=None):
    """Return n distinct problems (by key) of one family, the same for every call."""
    rng, seen, out = random.Random(f"{seed}-{split}-{level}"), set(), []
    tries = 0
    while len(out) < n:
        problem = draw(sample, rng, split, level, language)
        tries += 1
        if tries > 40 * n + 2_000:
            raise ValueError(f"found only {len(out)} distinct {split} problems of {n}")
        if problem.key not in seen:
            seen.add(problem.key)
            out.append(problem)
    return out
