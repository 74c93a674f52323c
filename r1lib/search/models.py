"""Models as the two parts of a search: `Ask` writes, the scorers here judge.

A scorer is a function (problem, texts) -> (numbers in [0, 1], tokens of each text). The
verifier knows what is right and costs nothing: it shows what a perfect scorer would
bring. An outcome reward model reads whole answers (Cobbe et al. 2021, arXiv
2110.14168); scores of single steps are in `search.process`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from r1lib import sampling
from r1lib.feedback import preferences, reward_model
from r1lib.feedback.reward_model import RewardModel
from r1lib.files import shown
from r1lib.model.transformer import Transformer
from r1lib.search.paths import Continuation, at_least_one
from r1lib.tokenizer import EOS, Tokenizer, chat


@dataclass(frozen=True)
class Ask:
    """A policy that goes on with prefixes, by at most `longest` tokens each.

    The generator, if given, moves on with each call, so equal searches differ.
    """

    model: Transformer
    tokenizer: Tokenizer
    longest: int = 192
    temperature: float = 1.0
    generator: torch.Generator | None = None

    def __call__(
        self,
        prefixes: list[tuple[str, str]],
        n: int = 1,
        *,
        max_new_tokens: int | None = None,
        until: str = "",
    ) -> list[list[Continuation]]:
        """Write n continuations of each (prompt, what is written so far)."""
        most = self.longest if max_new_tokens is None else max_new_tokens
        return self.batch([(*prefix, most) for prefix in prefixes], n, until)

    def batch(
        self, prefixes: list[tuple[str, str, int]], n: int, until: str
    ) -> list[list[Continuation]]:
        """Write n continuations of each (prompt, written, most tokens) in one batch.

        One without room among the model's positions, or that may have no token, is cut
        off before its first one.
        """
        rows = [self.encode(*prefix[:2]) for prefix in prefixes]
        most = max((limit for *_, limit in prefixes), default=0)
        positions = self.model.config.max_positions if most > 0 else 0
        fitting = [row for row in rows if len(row) < positions]
        made = []
        if fitting:
            room = positions - max(map(len, fitting))
            made = sampling.generate(
                self.model,
                fitting,
                max_new_tokens=min(room, self.longest, most),
                temperature=self.temperature,
                stop_ids=(EOS, *ends_with(self.tokenizer, until)),
                generator=self.generator,
                repeat=at_least_one("n", n),
            )
        written, full = iter(made), Continuation("", 0, "length")
        return [
            [self.read(first(next(written), limit)) for _ in range(n)]
            if len(row) < positions
            else [full] * n
            for row, (*_, limit) in zip(rows, prefixes, strict=True)
        ]

    def encode(self, prompt: str, written: str) -> list[int]:
        """Return the ids of a question and of what is written behind it."""
        ids = self.tokenizer.prompt(prompt)
        return ids + chat.encode_answer(self.tokenizer, written)

    def read(self, completion: sampling.Completion) -> Continuation:
        """Turn what was sampled into text: eos is counted and not written."""
        ids, finish = completion.ids, completion.finish
        if finish == "stop" and ids[-1] != EOS:
            finish = "until"
        text = self.tokenizer.decode(ids[:-1] if finish == "stop" else ids)
        return Continuation(text, len(ids), finish, sum(completion.logprobs))


def first(made: sampling.Completion, most: int) -> sampling.Completion:
    """Return a completion as if it had been cut off after `most` tokens."""
    if len(made.ids) <= most:
        return made
    kept = made.ids[:most], made.logprobs[:most]
    return replace(made, ids=kept[0], logprobs=kept[1], finish="length")


class Recorded:
    """Whole completions that were sampled before, handed out again in their order.

    `samples` are those of each prompt. A search over them costs no time, and the same
    tokens as it did when they were sampled; a new object starts from the first again.
    """

    def __init__(self, samples: dict[str, list[Continuation]], longest: int):
        self.samples, self.longest = samples, at_least_one("longest", longest)
        self.used = dict.fromkeys(samples, 0)

    def __call__(
        self,
        prefixes: list[tuple[str, str]],
        n: int = 1,
        *,
        max_new_tokens: int,
        until: str = "",
    ) -> list[list[Continuation]]:
        """Return the next n completions of each prompt; longer ones are cut off."""
        rows = []
        for prompt, written in prefixes:
            start = self.used.get(prompt, 0)
            row = self.samples.get(prompt, [])[start : start + n]
            if written or until or len(row) < n:
                raise ValueError(
                    f"wanted {n} recorded completions of {shown(prompt)} from "
                    f"{shown(written)} until {shown(until)}, got {len(row)} whole ones"
                )
            self.used[prompt] += n
            rows.append([cut(more, max_new_tokens) for more in row])
        return rows


def cut(more: Continuation, most: int) -> Continuation:
    """Return a continuation as if it had been cut off after `most` tokens."""
    return more if more.tokens <= most else Continuation("", most, "length")


def ends_with(tokenizer: Tokenizer, until: str) -> list[int]:
    """Return the ids whose text ends with `until`; none for "".

    A text that no single token ends with cannot be waited for: ValueError.
    """
    if not until:
        return []
    special = [i for text, i in tokenizer.special_ids.items() if text == until]
    end = until.encode()
    ids = special or [i for i, b in tokenizer.bytes_of.items() if b.endswith(end)]
    if not ids:
        raise ValueError(f"no token ends with {shown(until)}")
    return ids


def verified(problem, texts: list[str]) -> tuple[list[float], list[int]]:
    """Score 1 for a right answer and 0 for a wrong one, by the problem's own check."""
    return [float(problem.check(text)) for text in texts], [0] * len(texts)


def remembered(score: Callable) -> Callable:
    """Return a scorer that computes each text once and reports the same again.

    It saves time where searches are replayed; what a text costs does not change.
    """
    known = {}

    def again(problem, texts):
        new = [t for t in dict.fromkeys(texts) if (problem.prompt, t) not in known]
        if new:
            for text, *pair in zip(new, *score(problem, new), strict=True):
                known[problem.prompt, text] = pair
        rows = [known[problem.prompt, text] for text in texts]
        return [value for value, _ in rows], [tokens for _, tokens in rows]

    return again


def outcome_score(model: RewardModel, tokenizer: Tokenizer, part=str) -> Callable:
    """Return a scorer of whole answers; it costs the tokens that the model reads.

    `part` is `str`, or `chat.summary` for a model that sees no thinking. The question
    is not counted.
    """

    def score(problem, texts: list[str]) -> tuple[list[float], list[int]]:
        rows = [
            preferences.encode(tokenizer, problem.prompt, text, part) for text in texts
        ]
        question = len(tokenizer.prompt(problem.prompt))
        scores = reward_model.score_all(model, rows).sigmoid().tolist()
        return scores, [len(row) - question for row in rows]

    return score
