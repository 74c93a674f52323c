"""Rewards by rule: (problem, completion text) -> a number from 0 to 1.

R1-Zero used two, added with equal weight: is the answer right, and is the thinking
where it belongs (arXiv 2501.12948v2, section 2.2). No neural reward model: it would
be exploited. Here the format counts `FORMAT_WEIGHT`, so that guessing in the right
format never beats being right.

R1 adds language consistency in its first RL. Two penalties, from -1 to 0, look at
tokens and not at the problem; `Weighted` adds any of them up and keeps each part.
"""

import re
from collections.abc import Callable, Sequence

from r1lib import verifiers
from r1lib.tasks import LANGUAGES, Problem

FORMAT_WEIGHT = 0.1
HANGUL, LATIN = "가-힣ㄱ-ㅎㅏ-ㅣ", "A-Za-zÀ-ÖØ-öø-ɏ"
WORD = re.compile(f"[{HANGUL}]+|[{LATIN}]+|[^\\W\\d_{HANGUL}{LATIN}]+")
SCRIPT = {"en": re.compile(f"[{LATIN}]"), "ko": re.compile(f"[{HANGUL}]")}
# Names of Python that programs use: no language, like numbers and operators.
CODE = frozenset("xs def solve sorted list dict fromkeys len sum max min".split())


def accuracy(problem: Problem, completion_text: str) -> float:
    """Return 1.0 for a right final answer, else 0.0."""
    return float(verifiers.correct(problem, completion_text))


def format(problem: Problem | None, completion_text: str) -> float:  # noqa: A001
    """Return 1.0 for exactly <think>something</think><answer>something</answer>.

    >>> format(None, "<think>2+2=4</think><answer>4</answer>"), format(None, "4")
    (1.0, 0.0)
    """
    tags = ("<think>", "</think>", "<answer>", "</answer>")
    if any(completion_text.count(tag) != 1 for tag in tags):
        return 0.0
    thought, _, rest = completion_text.partition("</think>")
    if not thought.startswith("<think>") or not rest.startswith("<answer>"):
        return 0.0
    answer, _, after = rest.removeprefix("<answer>").partition("</answer>")
    whole = thought.removeprefix("<think>").strip() and answer.strip() and not after
    return 1.0 if whole else 0.0


def total(problem: Problem, completion_text: str) -> float:
    """Accuracy plus a little for the format, the reward of R1-Zero."""
    right = accuracy(problem, completion_text)
    return right + FORMAT_WEIGHT * format(problem, completion_text)


def thinking(completion_text: str) -> str:
    """Return what comes before the last </think>, without tags; "" if nobody thinks.

    A completion that was cut off while thinking is thinking to its end.

    >>> thinking("<think>2+2=4</think><answer>4</answer>")
    '2+2=4'
    """
    before, closed, _ = completion_text.rpartition("</think>")
    if not closed:
        before = completion_text if completion_text.startswith("<think>") else ""
    return before.replace("<think>", " ").replace("</think>", " ").strip()


def language_consistency(problem: Problem, completion_text: str) -> float:
    """Share of the words of the thinking that are in the problem's language.

    Arabic numbers, operators, single Latin letters (A, x), LaTeX commands and the names
    in `CODE` are in no language. No thinking pays 0.0; thinking without a word
    pays 1.0, for it mixes nothing. R1's first RL, arXiv 2501.12948v1, section 2.3.2.

    >>> game = Problem("countdown", "easy", "ko", "", "", "")
    >>> language_consistency(game, "<think>2+2=4 맞아 yes</think><answer>4</answer>")
    0.5
    """
    if problem.language not in LANGUAGES:
        wanted = f"language must be one of {LANGUAGES}"
        raise ValueError(f"{wanted}, got {problem.language!r}")
    thought = thinking(completion_text)
    if not thought:
        return 0.0
    found = WORD.findall(re.sub(r"\\[A-Za-z]+", " ", thought))
    words = [w for w in found if w not in CODE and not (len(w) == 1 and w.isascii())]
    mine = sum(SCRIPT[problem.language].match(word) is not None for word in words)
    return mine / len(words) if words else 1.0


def length_penalty(n_tokens: int, longest: int, buffer: int) -> float:
    """Fall from 0 to -1 over the last `buffer` tokens before `longest`, then stay.

    The soft overlong punishment of DAPO (arXiv 2503.14476, equation 13).

    >>> [length_penalty(n, 100, 20) for n in (80, 90, 100, 1000)]
    [0.0, -0.5, -1.0, -1.0]
    """
    if not 0 < buffer <= longest or n_tokens < 0:
        wanted = "wanted 0 < buffer <= longest and n_tokens >= 0"
        raise ValueError(f"{wanted}, got {buffer}, {longest} and {n_tokens}")
    return -min(max(n_tokens - (longest - buffer), 0), buffer) / buffer + 0.0


def repetition_penalty(pieces: Sequence, n: int = 3) -> float:
    """Return minus the share of n-grams that were there before; from -1 to 0.

    `pieces` are token ids, words or lines. Demystifying Long Chain-of-Thought
    (arXiv 2502.03373), appendix C.2, as one number for a whole completion.

    >>> repetition_penalty("no no no no".split(), n=1)
    -0.75
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    grams = [tuple(pieces[i : i + n]) for i in range(len(pieces) - n + 1)]
    return len(set(grams)) / len(grams) - 1.0 if grams else 0.0


class Weighted:
    """A reward that adds parts up, each with its weight, and remembers them.

    `parts` maps a name to (weight, reward function). `means()` returns the mean of each
    part, unweighted, since it was last asked: once a step, into the step's metrics.

    >>> reward = Weighted({"accuracy": (1.0, accuracy), "format": (0.1, format)})
    >>> sums = Problem("arithmetic", "easy", "en", "2+2", "4", "2+2")
    >>> reward(sums, "4"), reward.means()
    (1.0, {'accuracy': 1.0, 'format': 0.0})
    """

    def __init__(self, parts: dict[str, tuple[float, Callable]]):
        if not parts:
            raise ValueError("a reward needs at least one part, got none")
        self.parts = dict(parts)
        self.seen = {name: [] for name in parts}

    def __call__(self, problem: Problem, completion_text: str) -> float:
        """Return the weighted sum of the parts for one completion."""
        values = {
            name: part(problem, completion_text)
            for name, (_, part) in self.parts.items()
        }
        for name, value in values.items():
            self.seen[name].append(value)
        return sum(weight * values[name] for name, (weight, _) in self.parts.items())

    def means(self) -> dict[str, float]:
        """Return the mean of each part since the last call, and forget them."""
        found = {name: sum(v) / len(v) for name, v in self.seen.items() if v}
        self.seen = {name: [] for name in self.parts}
        return found
