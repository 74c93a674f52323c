"""Which samples are good enough to learn from: small filters, and what each removes.

A filter maps rows (see `tables.COLUMNS`) to one bool each: keep it or not. `apply`
applies several in turn and counts. R1 kept the correct ones and dropped chaotic text:
mixed languages, long paragraphs, repetition (arXiv 2501.12948v1, section 2.3.3).
Chapter 12 builds this file.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable

from r1lib import rewards
from r1lib.files import shown

Filter = Callable[[list[dict]], list[bool]]


def correct(rows: list[dict]) -> list[bool]:
    """Keep what the verifier, or a judge, called right when it was collected."""
    return [row["correct"] for row in rows]


def one_language(rows: list[dict]) -> list[bool]:
    """Keep what has every word, thought or said, in the language of its question."""
    return [rewards.purity(row["completion"], row["language"]) == 1.0 for row in rows]


def not_rambling(most_tokens: int) -> Filter:
    """Keep what came to an end within `most_tokens` tokens, its eos included."""
    if most_tokens < 1:
        raise ValueError(f"most_tokens must be at least 1, got {most_tokens}")
    return lambda rows: [
        row["finished"] and row["tokens"] <= most_tokens for row in rows
    ]


def not_repeated(most: float = 0.0) -> Filter:
    """Keep where at most this share of the lines was there before, word for word."""
    if not 0 <= most <= 1:
        raise ValueError(f"most must be from 0 to 1, got {most}")

    def keep(rows: list[dict]) -> list[bool]:
        lines = ([x for x in r["completion"].split("\n") if x.strip()] for r in rows)
        return [-rewards.repetition_penalty(tokens, n=1) <= most for tokens in lines]

    return keep


def exact(row: dict) -> str:
    """Identity of a sample: prompt and completion, letter by letter."""
    return f"{row['prompt']}\0{row['completion']}"


def normalised(row: dict) -> str:
    """Identity that small differences in writing do not change.

    Case, the width of letters, and spaces, which count only between two words.

    >>> row = {"prompt": "Compute 2 + 3", "completion": "２+3 = 5 Yes"}
    >>> normalised(row).split("\\0")
    ['compute 2+3', '2+3=5 yes']
    """
    text = unicodedata.normalize("NFKC", exact(row)).casefold()
    return re.sub(r"\s*([^\w\s])\s*", r"\1", re.sub(r"\s+", " ", text))


def unique(identity: Callable[[dict], str] = exact) -> Filter:
    """Keep the first of all rows that have one identity."""
    return at_most(1, identity)


def at_most(n: int, identity: Callable[[dict], str] = lambda row: row["prompt"]):
    """Keep the first n rows of each identity: by default n answers to one prompt."""
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")

    def keep(rows: list[dict]) -> list[bool]:
        seen = Counter()
        kept = []
        for name in map(identity, rows):
            seen[name] += 1
            kept.append(seen[name] <= n)
        return kept

    return keep


def apply(
    rows: list[dict], filters: dict[str, Filter]
) -> tuple[list[dict], list[dict]]:
    """Apply filters in turn; return the rows that pass all, and a report.

    The report holds for each filter how many rows came in, were removed and went out,
    and how many of all rows it would remove `alone`. Nothing left is a ValueError that
    names the filter.
    """
    if not rows:
        raise ValueError("the filters got no rows at all: collect some first")
    everything, report = rows, []
    for name, keep in filters.items():
        flags = keep(rows)
        kept = [row for row, flag in zip(rows, flags, strict=True) if flag]
        if not kept:
            raise ValueError(
                f"the filter {shown(name)} removed all of the {len(rows)} rows that "
                f"reached it ({len(everything)} before the first filter)"
            )
        alone = keep(everything).count(False)
        counts = {"in": len(rows), "removed": len(rows) - len(kept), "out": len(kept)}
        report.append({"filter": name, **counts, "alone": alone})
        rows = kept
    return rows, report
