"""A policy for tests of `r1lib.search` that follows a script, and a scorer with a list.

A step is a word and a line break, an answer is the last word. A token is a character;
the end of an answer is one more.
"""

from types import SimpleNamespace

from r1lib.search.paths import Continuation
from r1lib.verifiers import extract_answer

PROBLEM = SimpleNamespace(
    prompt="q", check=lambda text: text.endswith("42"), ballot=extract_answer
)


class Script:
    """Knows what may follow each text, and writes it in turn."""

    def __init__(self, follows: dict[str, list[str]]):
        self.follows, self.turn, self.asked = follows, {}, []

    def __call__(self, prefixes, n, *, max_new_tokens, until):
        self.asked.append((len(prefixes), n, max_new_tokens, until))
        return [
            [self.write(text, max_new_tokens, until) for _ in range(n)]
            for _, text in prefixes
        ]

    def write(self, begun, most, until):
        text = ""
        while begun + text in self.follows:
            text += self.next(begun + text)
            if until and text.endswith(until):
                break
        finish = "until" if until and text.endswith(until) else "stop"
        tokens = len(text) + (finish == "stop")
        if tokens > most:
            return Continuation(text[:most], most, "length")
        return Continuation(text, tokens, finish, -0.5 * tokens)

    def next(self, text):
        turn = self.turn[text] = self.turn.get(text, -1) + 1
        return self.follows[text][turn % len(self.follows[text])]


def scorer(values: dict[str, float], cost=0):
    """Scores by the end of a text; `cost` is a number a text, or "read": characters."""

    def score(problem, texts):
        known = [
            next((v for end, v in values.items() if t.endswith(end)), 0.0)
            for t in texts
        ]
        if cost == "read":
            return known, [len(text) for text in texts]
        return known, cost * len(texts)

    return score
