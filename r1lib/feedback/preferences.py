"""Preferences: two answers, a judge that is asked in both orders, clear gaps only.

The judge of R1's helpfulness data compared two answers four times, in an order drawn at
random, and only pairs with a mean gap above 1 were kept; its reward model saw only the
summary, the text after the thinking, so that it has no say in how a model thinks (arXiv
2501.12948v2, the part on reward models). Here each order is asked equally often.
Chapter 13 builds this file.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from r1lib.tokenizer import EOS, chat
from r1lib.tokenizer.chat import summary


def encode(tokenizer, prompt: str, completion: str, part=summary) -> list[int]:
    """Frame a prompt with the part of a completion that is scored, and eos.

    `part` is `summary` for helpfulness, `str` (the whole answer) for harmlessness.
    """
    answer = chat.encode_answer(tokenizer, part(completion))
    return [*tokenizer.prompt(prompt), *answer, EOS]


@dataclass(frozen=True)
class Pair:
    """Two answers to one prompt; `gap` is by how much the judge prefers the first."""

    prompt: str
    chosen: str
    rejected: str
    gap: float


def compare(judge, prompt: str, a: str, b: str, times: int = 4) -> float:
    """By how much a judge prefers a to b, each order asked times / 2 times.

    `judge(prompt, first, second)` is above 0 where the first answer is better. A judge
    that simply likes what comes first says 0 here.
    """
    if times < 2 or times % 2:
        raise ValueError(f"times must be even and at least 2, got {times}")
    asked = [judge(prompt, a, b) - judge(prompt, b, a) for _ in range(times // 2)]
    return sum(asked) / times


def prefer(
    judge,
    candidates: Iterable[tuple[str, str, str]],
    least_gap: float = 1.0,
    times: int = 4,
) -> list[Pair]:
    """Judge (prompt, answer, other answer) and keep clear preferences, better first.

    A gap of `least_gap` or less is a tie, and so are equal summaries; if there are only
    ties, or no candidates at all, that is a ValueError.
    """
    pairs, gaps = [], []
    for prompt, a, b in candidates:
        gap = compare(judge, prompt, a, b, times)
        gaps.append(abs(gap))
        if abs(gap) > least_gap and a != b:
            better, worse = (a, b) if gap > 0 else (b, a)
            pairs.append(Pair(prompt, better, worse, abs(gap)))
    if not gaps:
        raise ValueError(
            "wanted two answers to a request that differ, got none: all answers to "
            "each request are alike"
        )
    if not pairs:
        raise ValueError(
            f"only ties among {len(gaps)} pairs: none has a gap above {least_gap}, "
            f"the largest is {max(gaps)}"
        )
    return pairs


def encode_pairs(
    tokenizer, pairs: Iterable[Pair], part=summary
) -> list[tuple[list[int], list[int]]]:
    """Turn pairs into ids, chosen first; those that look the same scored are ties.

    Two answers may differ in their thinking alone. Only ties are a ValueError.
    """
    encoded = [
        tuple(
            encode(tokenizer, p.prompt, text, part) for text in (p.chosen, p.rejected)
        )
        for p in pairs
    ]
    kept = [(chosen, rejected) for chosen, rejected in encoded if chosen != rejected]
    if not kept:
        raise ValueError(
            f"only ties among {len(encoded)} pairs: the chosen and the rejected answer "
            "are the same text to the model"
        )
    return kept
