"""Rewards by rule: (problem, completion text) -> a number from 0 to 1.

R1-Zero used two, added with equal weight: is the answer right, and is the thinking
where it belongs (arXiv 2501.12948v2, section 2.2). No neural reward model: it would
be exploited. Here the format counts `FORMAT_WEIGHT`, so that guessing in the right
format never beats being right.

R1 adds language consistency in its first RL. Two penalties, from -1 to 0, look at
tokens and not at the problem; `Weighted` adds any of them up and keeps each part.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence

import regex

from r1lib.problem import LANGUAGES, Problem
from r1lib.tokenizer import chat

FORMAT_WEIGHT = 0.1
WORD = regex.compile(
    r"\p{Hangul}+|\p{Latin}+|[[\p{Alphabetic}\p{Braille}]--[\p{Hangul}\p{Latin}]]+",
    regex.V1,
)
SCRIPT = {"en": regex.compile(r"\p{Latin}"), "ko": regex.compile(r"\p{Hangul}")}
# In no language: names of Python that programs use, names of people in puzzles, R1,
# variables, and the commands of LaTeX.
CODE = frozenset("xs def solve sorted list dict fromkeys len sum max min".split())
LETTERS = frozenset("ABCDERabknxyz")
LATEX = """
frac dfrac tfrac sqrt binom cdot times div pm mp le leq ge geq ne neq lt gt approx equiv
in to cup cap sum prod int lim log ln sin cos tan infty circ angle pmod bmod pi alpha
beta gamma delta theta lambda mu sigma phi omega left right begin end text textbf mathrm
mathbf mathbb boxed quad dots ldots cdots
"""
COMMAND = re.compile(rf"\\(?:{'|'.join(LATEX.split())})(?![A-Za-z])")
TAG = re.compile("|".join(chat.TAGS))
SYMBOL = regex.compile(r"\p{So}")
FLAGS = range(0x1F1E6, 0x1F1E6 + 26)  # the letters that flags are made of
MARK = regex.compile(r"\p{M}+")
MARKS = regex.compile(r"(\p{M}{4})\p{M}+")  # sorting long runs is quadratic


def accuracy(problem: Problem, completion_text: str) -> float:
    """Return 1.0 for a right final answer, else 0.0."""
    return float(problem.check(completion_text))


def format(problem: Problem | None, completion_text: str) -> float:  # noqa: A001
    """Return 1.0 for exactly <think>something</think><answer>something</answer>.

    What nobody can see, such as a zero-width space, is nothing.

    >>> format(None, "<think>2+2=4</think><answer>4</answer>"), format(None, "4")
    (1.0, 0.0)
    """
    if any(completion_text.count(tag) != 1 for tag in chat.TAGS):
        return 0.0
    summary = chat.summary(completion_text)
    starts = completion_text.startswith(chat.OPEN)
    around = summary.startswith(chat.OPEN_ANSWER), summary.endswith(chat.CLOSE_ANSWER)
    both = chat.thinking(completion_text) and chat.answer(completion_text)
    return 1.0 if starts and all(around) and both else 0.0


def total(problem: Problem, completion_text: str) -> float:
    """Accuracy plus a little for the format, the reward of R1-Zero."""
    right = accuracy(problem, completion_text)
    return right + FORMAT_WEIGHT * format(problem, completion_text)


def letters_of(symbol: str) -> str:
    """Return the letters that a symbol shows; itself where it shows none.

    >>> letters_of("\u249c"), letters_of("\U0001f1e6"), letters_of("㈀")
    ('a', 'a', 'ᄀ')
    """
    if ord(symbol) in FLAGS:
        return chr(ord("a") + FLAGS.index(ord(symbol)))
    shown = unicodedata.normalize("NFKC", symbol)
    return "".join(filter(str.isalpha, shown)) or symbol


def words(text: str) -> list[str]:
    """List the words of a text that are in some language; script changes end a word.

    Numbers, operators, LaTeX commands, the names in `CODE` and the single letters in
    `LETTERS` (A, x) are in none. Letters that digits or underscores keep apart are one
    word. Decomposed letters are composed, letters in symbols are read, and what nobody
    can see is dropped.

    >>> words("so 2x+A=17, y1e_s 맞아yes")
    ['so', 'yes', '맞아', 'yes']
    """
    text = chat.visible(TAG.sub(" ", text))
    text = SYMBOL.sub(lambda found: letters_of(found[0]), text)
    text = unicodedata.normalize("NFC", MARKS.sub(r"\1", text))
    text = COMMAND.sub(" ", MARK.sub("", text))
    found = []
    for chunk in regex.findall(r"[\w\p{Braille}]+", text):
        runs = WORD.findall(chunk)
        single = [run for run in runs if len(run) == 1 and run.isascii()]
        if len(single) > 1:
            runs = [run for run in runs if run not in single] + ["".join(single)]
        found += runs
    return [word for word in found if word not in CODE and word not in LETTERS]


def purity(text: str, language: str) -> float:
    """Share of the `words` of a text that are in a language; 1.0 without a word.

    >>> purity("2+2=4 맞아 yes", "ko"), purity("2+2=4", "ko")
    (0.5, 1.0)
    """
    if language not in LANGUAGES:
        raise ValueError(f"language must be one of {LANGUAGES}, got {language!r}")
    found = words(text)
    mine = sum(SCRIPT[language].match(word) is not None for word in found)
    return mine / len(found) if found else 1.0


def language_consistency(problem: Problem, completion_text: str) -> float:
    """Share of the `words` of the thinking that are in the problem's language.

    Text before the thinking counts too, so that no word is hidden there. No thinking
    pays 0.0; thinking without a word pays 1.0, for it mixes nothing. R1's first RL,
    arXiv 2501.12948v1, section 2.3.2.

    >>> game = Problem("countdown", "easy", "ko", "", "", "")
    >>> language_consistency(game, "<think>2+2=4 맞아 yes</think><answer>4</answer>")
    0.5
    """
    summary = chat.summary(completion_text)
    share = purity(completion_text.removesuffix(summary), problem.language)
    return share if chat.thinking(completion_text) else 0.0


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
