"""What a search may spend and what it has spent: one account of tokens.

A search asks a policy for text and a scorer for numbers. A `Ledger` passes both on,
checks what comes back, and adds up what it cost:

    a token that the policy samples                   1, the stop token included
    a text that a scorer reads or writes              what the scorer reports
    its beginning, if that was scored before          0, if the report is one a text
    questions, prefixes, what the program adds        0

A beginning counts as scored only if it was scored on its own. A cache of prefixes would
also keep what was read as part of another text, so texts that share a beginning, as in
a tree, cost more here. Nothing here knows a model; those of this library are in
`search.models`.

An `ask` with an attribute `longest`, the most tokens of a completion, is asked for
several completions at once; one without is asked for one at a time.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from r1lib.search.paths import Path, asked, at_least_one, count, ended, report
from r1lib.verifiers import extract_answer

NOTHING = (Path(),)  # what a search without a beginning goes on from


class OutOfTokens(ValueError):
    """Nothing was finished within the budget; `tokens` is what it cost to find out."""

    def __init__(self, message: str, tokens: int):
        super().__init__(message)
        self.tokens = tokens


@dataclass(frozen=True)
class SearchResult:
    """The text that a search chose, the answer in it, and all tokens it took.

    `scored` of the tokens are those of the scorer. `candidates` are the finished texts
    that were compared, in the order in which they were found.
    """

    text: str
    answer: str | None
    tokens: int
    scored: int = 0
    candidates: tuple[Path, ...] = ()


class Ledger:
    """The account of one search: it asks, scores, adds up, and keeps to the budget."""

    def __init__(self, problem, ask: Callable, score: Callable | None, budget: int):
        self.budget = at_least_one("budget", budget)
        self.problem, self._ask, self._score = problem, ask, score
        self.written = self.scored = 0
        self._longest = {}  # until -> most tokens of a continuation that was not cut
        self._known = {}  # text -> (its tokens, what scoring it was reported to cost)
        self._priced = score is None  # is it known what a score costs?
        self._rate, self._most = Fraction(0), 0  # the dearest: for a token, for a text

    @property
    def spent(self) -> int:
        """Tokens of the policy and of the scorer so far."""
        return self.written + self.scored

    @property
    def left(self) -> int:
        """What the budget still allows."""
        return self.budget - self.spent

    def room(self, n: int, paths: Sequence[Path] = NOTHING) -> int:
        """Most tokens for each of n continuations, so that their scores can be paid.

        A score is assumed to cost no more than the dearest so far, or for a longer
        text, in proportion; before the first one it is assumed to cost nothing.
        """
        share = self.left // n
        unscored = max(self._new_tokens(path) for path in paths)
        longer = (share - self._rate * unscored) / (1 + self._rate)
        return min(math.floor(longer), share - self._most)

    def affordable(
        self, n: int, until: str = "", paths: Sequence[Path] = NOTHING
    ) -> int:
        """How many of n continuations fit into what is left, with room to be long.

        Of steps as many as could be twice as long as the longest so far. Whole answers
        go one by one until a score has shown its price; then as many as could all have
        the length `ask.longest`. One more may be as long as the longest so far.
        """
        longest = self._longest.get(until, 1)
        size = 2 * longest
        if not until:
            size = getattr(self._ask, "longest", max(1, self.left))
            n = n if self._priced else 1
        return self._fit(n, size, paths) or self._fit(1, longest, paths)

    def _fit(self, n: int, size: int, paths) -> int:
        """Most continuations, up to n, that leave room for `size` tokens each."""
        most = min(n, self.left // size)
        return next((k for k in range(most, 0, -1) if self.room(k, paths) >= size), 0)

    def ask(
        self,
        paths: Sequence[Path],
        n: int = 1,
        until: str = "",
        *,
        most: int | None = None,
        prompt: str | None = None,
    ) -> list[list[Path]]:
        """Let the policy go on with each path, n times each, by up to `most` tokens.

        `prompt` stands in for that of the problem. What was cut off is returned, too.
        """
        room = self.room(n * len(paths), paths)
        room = room if most is None else min(room, most)
        if room < 1:
            raise self.too_little()
        question = self.problem.prompt if prompt is None else prompt
        prefixes = [(question, path.text) for path in paths]
        rows = asked(self._ask, prefixes, n, room, until)
        for more in (more for row in rows for more in row):
            self.written += more.tokens
            if more.finish != "length":
                self._longest[until] = max(more.tokens, self._longest.get(until, 0))
        return [
            [path.add(more) for more in row]
            for path, row in zip(paths, rows, strict=True)
        ]

    def score(self, paths: Sequence[Path], ahead: Sequence[Path] = ()) -> list[Path]:
        """Return the paths with the scorer's numbers as their values.

        `ahead`, if given, are longer texts that are scored in place of the paths.
        """
        if not paths:
            return []
        read = ahead or paths
        scored = self._score(self.problem, [path.text for path in read])
        values, tokens = report(scored, len(paths))
        new = sum(map(self._new_tokens, read))
        cost = self._cost(paths, read, tokens)
        self.scored += cost
        self._rate = max(self._rate, Fraction(cost, max(new, 1)))
        self._most = max(self._most, -(-cost // len(paths)))
        self._priced = True
        if self.left < 0:
            raise self.too_little()
        return [replace(p, value=v) for p, v in zip(paths, values, strict=True)]

    def draw(self, n: int, begin: str = "") -> list[Path]:
        """Draw up to n whole completions, as many as the budget allows, and score them.

        Those that were cut off are dropped, and so are empty ones; both are paid for.
        """
        finished, wanted = [], at_least_one("n", n)
        while k := self.affordable(wanted, paths=[Path(begin)]) if wanted else 0:
            (paths,) = self.ask([Path(begin)], k)
            wanted -= k
            answers = [path for path in paths if ended(path)]
            finished += answers if self._score is None else self.score(answers)
        if not finished:
            raise self.too_little()
        return finished

    def to_the_end(self, path: Path) -> SearchResult:
        """Let a path be written to its end, if need be, and return it as the result."""
        if path.finish == "until":
            ((path,),) = self.ask([path])
        if not ended(path):
            raise self.too_little()
        return self.result(path, [path])

    def result(self, path: Path, candidates: Sequence[Path] = ()) -> SearchResult:
        """Return the chosen path as the result of the search."""
        return SearchResult(
            text=path.text,
            answer=extract_answer(path.text),
            tokens=self.spent,
            scored=self.scored,
            candidates=tuple(candidates),
        )

    def too_little(self) -> OutOfTokens:
        """Return the error for a search that has nothing to show."""
        message = (
            f"nothing was finished within a budget of {self.budget} tokens "
            f"({self.written} written, {self.scored} for scores): it is smaller than "
            "one completion with its score, or the policy writes nothing or never stops"
        )
        return OutOfTokens(message, self.spent)

    def _scored_before(self, path: Path) -> tuple[int, int]:
        """Tokens and cost of the longest beginning of a path that has been scored."""
        known = (
            self._known[text] for text in self._known if path.text.startswith(text)
        )
        return max(known, default=(0, 0))

    def _new_tokens(self, path: Path) -> int:
        return path.tokens - self._scored_before(path)[0]

    def _cost(self, paths, read, tokens) -> int:
        """What a report comes to: a number, or one a text less what is paid already."""
        if not isinstance(tokens, Sequence):
            return count(tokens)
        if len(tokens) != len(read):
            wanted = f"wanted the tokens of {len(read)} scored texts"
            raise ValueError(f"{wanted}, got {len(tokens)}")
        cost = 0
        for path, text, reported in zip(paths, read, map(count, tokens), strict=True):
            cost += max(0, reported - self._scored_before(text)[1])
            self._known[text.text] = text.tokens, reported
            part = reported * path.tokens // max(text.tokens, 1)
            self._known[path.text] = path.tokens, part
        return cost
