"""Can a person follow the thinking? Mixed language, and five plain marks of a text.

The paper says of R1-Zero that its thinking is hard to read and mixes languages
(arXiv 2501.12948v2, section 2) and gives no scale for it. This scale is ours: each mark
is a share from 0 to 1, and readability is their mean. It knows nothing about right and
wrong, and anybody can reach 1 by form alone, so it is for tables and never a reward.
"""

import re
from statistics import fmean

from r1lib.problem import Problem
from r1lib.rewards import SCRIPT, WORD, language_consistency
from r1lib.tokenizer.chat import thinking
from r1lib.world.countdown import AGAIN
from r1lib.world.requests import summary

LONGEST_LINE = 60  # characters that are taken in at one look
ENOUGH_WORDS = 2  # in a line: what is done, and what came of it


def mixed_share(problem: Problem, text: str) -> float:
    """Share of the words of the thinking in another language than the problem's.

    1 - `language_consistency` where somebody thinks; who does not think mixes nothing.
    A completion counts as mixed (row P5) where this is above 0.

    >>> game = Problem("countdown", "easy", "en", "", "", "")
    >>> mixed_share(game, "<think>2+2=4 맞아 yes</think>4"), mixed_share(game, "4 맞아")
    (0.5, 0.0)
    """
    return 1.0 - language_consistency(problem, text) if thinking(text) else 0.0


def marks(problem: Problem, text: str) -> dict[str, float]:
    """Return the five marks of the thinking; all 0 where nobody thinks.

    language   share of its words in the problem's language
    fresh      share of lines not written before, with or without "again" in front
    short      share of lines of at most LONGEST_LINE characters
    worded     a line with ENOUGH_WORDS words of its language counts 1, less a share
    finished   1 if the thinking ends and a summary follows, else 0
    """
    lines = [line.strip() for line in thinking(text).split("\n") if line.strip()]
    names = ("language", "fresh", "short", "worded", "finished")
    if not lines:
        return dict.fromkeys(names, 0.0)
    bare = {line.removeprefix(AGAIN["en"]).removeprefix(AGAIN["ko"]) for line in lines}
    mine = SCRIPT[problem.language]
    texts = (re.sub(r"\b[A-Za-z]\b", " ", line) for line in lines)  # A, x: no words
    worded = [sum(mine.match(w) is not None for w in WORD.findall(x)) for x in texts]
    values = (
        language_consistency(problem, text),
        len(bare) / len(lines),
        fmean(len(line) <= LONGEST_LINE for line in lines),
        fmean(min(n, ENOUGH_WORDS) / ENOUGH_WORDS for n in worded),
        float(bool(summary(text))),
    )
    return dict(zip(names, values, strict=True))


def readability(problem: Problem, text: str) -> float:
    """Return the mean of the five marks, from 0 (unreadable, or no thinking) to 1.

    >>> game = Problem("countdown", "easy", "en", "", "", "")
    >>> readability(game, "<think>I try 2+2=4 yes\\n</think><answer>2+2</answer>")
    1.0
    >>> readability(game, "<think>2+2=4\\n2+2=4\\n</think><answer>2+2</answer>")
    0.7
    """
    return fmean(marks(problem, text).values())
