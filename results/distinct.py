"""The control of P1 that may not do a sum twice: the base, forced, line by line.

To ban a word changes how a model writes, and not what it tries: the sum comes back
without the word. Here a thought is sampled line by line. A line whose sum was written
before (`skills.tried`) is thrown away and sampled again, and so is one that ends the
thought without a yes, as in the forced base. Where `TRIES` lines are in vain, as many
are drawn at a higher temperature; the last one in vain is kept, and `stuck` counts
these, so the reader sees how far the ban reaches. Thrown away lines are free: the
control is stronger than a real model would be.
"""

from dataclasses import dataclass, field

import torch

from r1lib import evaluate
from r1lib.problem import Problem
from r1lib.progress import bar
from r1lib.search.models import Ask
from r1lib.tokenizer.chat import CLOSE, OPEN
from r1lib.world import skills

TRIES = 8  # lines that are drawn at once, of which the first allowed one is kept
TEMPERATURES = (0.6, 1.0, 1.5)  # the next one where none of the lines is allowed
BATCH = 64  # completions that grow side by side
LINES = 60  # of a completion at most: no thought in the tiny web has half as many


@dataclass
class Growing:
    """A completion that grows by a line at a time."""

    problem: Problem
    text: str = OPEN
    tokens: int = 0
    ended: bool = False
    done: set[tuple[str, bool]] = field(default_factory=set)
    stuck: int = 0

    def allows(self, line: str) -> bool:
        """Whether a line does a new sum, and ends the thought only behind a yes."""
        if CLOSE in self.text:
            return True
        thought, closed, _ = line.partition(CLOSE)
        if closed:
            return said_yes(self.text + thought)
        return not set(skills.tried(OPEN + line)) & self.done

    def add(self, more) -> None:
        """Go on with a `Continuation`: a line, or the last part of the completion."""
        if CLOSE not in self.text:
            self.done |= set(skills.tried(OPEN + more.text.partition(CLOSE)[0]))
        self.text += more.text
        self.tokens += more.tokens
        self.ended = more.finish != "until"


def said_yes(text: str) -> bool:
    """Whether some attempt was found right.

    >>> said_yes("<think>1+2=3~3=0 yes\\n"), said_yes("<think>1+2=3~4=1 no\\n")
    (True, False)
    """
    return any(line.endswith(skills.YES) for line in skills.attempts(text))


def grow(rows: list[Growing], asks: list, most: int) -> None:
    """Add a line to each completion that has not ended and has room.

    A completion without an allowed line asks the next of `asks`, which is bolder.
    """
    for row in rows:
        row.ended = row.ended or row.tokens >= most
    waiting = [row for row in rows if not row.ended]
    for ask in asks:
        if not waiting:
            return
        prefixes = [(r.problem.prompt, r.text, most - r.tokens) for r in waiting]
        drawn = list(zip(waiting, ask.batch(prefixes, TRIES, "\n"), strict=True))
        waiting = []
        for row, lines in drawn:
            allowed = [line for line in lines if row.allows(line.text)]
            if allowed:
                row.add(allowed[0])
            elif ask is asks[-1]:
                row.stuck += 1
                row.add(lines[-1])
            else:
                waiting.append(row)


def answer(
    model, tokenizer, problems: list[Problem], k: int, *, most: int, seed: int
) -> tuple[evaluate.Answers, float]:
    """Answer each problem k times at temperature 0.6; also the share of stuck lines."""
    generator = torch.Generator().manual_seed(seed)
    asks = [
        Ask(model, tokenizer, most, temperature, generator)
        for temperature in TEMPERATURES
    ]
    rows = [Growing(problem) for problem in problems for _ in range(k)]
    for i in bar(range(0, len(rows), BATCH), -(-len(rows) // BATCH), "no sum twice"):
        for _ in range(LINES):
            grow(rows[i : i + BATCH], asks, most)
    grouped = [rows[i : i + k] for i in range(0, len(rows), k)]
    right = [[float(r.problem.check(r.text)) for r in group] for group in grouped]
    texts = [[r.text for r in group] for group in grouped]
    lengths = torch.tensor([[float(r.tokens) for r in group] for group in grouped])
    found = evaluate.Answers(problems, texts, torch.tensor(right), lengths)
    lines = sum(len(skills.attempts(r.text)) for r in rows)
    return found, sum(r.stuck for r in rows) / max(1, lines)
