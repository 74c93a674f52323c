"""Many searches side by side: what they ask at the same time is sampled in one batch.

A search asks for a few steps, waits, and asks again. Most of such a call is overhead
for a small model, so searches one after another take many times as long as side by
side. Each search is a function of a policy and knows nothing of the others. It has a
thread of its own, but only one thread runs at any time, in a fixed order: the same
generator brings the same texts again.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from r1lib.search.models import Ask
from r1lib.search.paths import Continuation


@dataclass(frozen=True)
class Question:
    """What one search wants to know: n continuations of each prefix."""

    prefixes: list[tuple[str, str]]
    n: int
    most: int
    until: str


def together(ask: Ask, searches: Sequence[Callable]) -> list:
    """Run each `search(ask)` and return their results in order.

    An error of any search ends them all and is raised.
    """
    runs = [Turn(search, ask.longest) for search in searches]
    try:
        for run in runs:
            run.go_on()
        while waiting := [run for run in runs if run.question]:
            rows = answers(ask, [run.question for run in waiting])
            for run, row in zip(waiting, rows, strict=True):
                run.go_on(row)
    finally:
        for run in runs:
            run.stop()
    return [run.result for run in runs]


def answers(ask: Ask, questions: Sequence[Question]) -> list[list[list[Continuation]]]:
    """Answer questions, those with the same n and the same end in one batch."""
    alike = defaultdict(list)
    for i, question in enumerate(questions):
        alike[question.n, question.until].append(i)
    replies = [[]] * len(questions)
    for (n, until), places in alike.items():
        mine = [questions[i] for i in places]
        prefixes = [(*prefix, q.most) for q in mine for prefix in q.prefixes]
        rows = iter(ask.batch(prefixes, n, until))
        for i, question in zip(places, mine, strict=True):
            replies[i] = [next(rows) for _ in question.prefixes]
    return replies


class Turn:
    """A search in a thread that runs only between two questions."""

    def __init__(self, search: Callable, longest: int):
        self.longest, self.question, self.result = longest, None, None
        self.reply, self.error, self.over = None, None, False
        self.mine, self.others = threading.Semaphore(0), threading.Semaphore(0)
        self.thread = threading.Thread(target=self.work, args=(search,), daemon=True)

    def go_on(self, reply=None) -> None:
        """Let the search run up to its next question, or to its end."""
        self.reply, self.question = reply, None
        self.mine.release() if self.thread.ident else self.thread.start()
        self.others.acquire()
        if self.error:
            raise self.error

    def work(self, search: Callable) -> None:
        """Run the search; what it raises is raised by `go_on`."""
        try:
            self.result = search(self)
        except BaseException as error:
            self.error = error
        self.over = True
        self.others.release()

    def __call__(self, prefixes, n=1, *, max_new_tokens=None, until=""):
        """What the search has as its policy: hand over the question, and wait."""
        most = self.longest if max_new_tokens is None else max_new_tokens
        self.question = Question(prefixes, n, min(most, self.longest), until)
        self.others.release()
        self.mine.acquire()
        if self.over:
            raise SystemExit
        return self.reply

    def stop(self) -> None:
        """End a search that still waits for an answer."""
        if self.thread.ident and not self.over:
            self.over = True
            self.mine.release()
            self.others.acquire()
            self.thread.join()
