"""Draw the merges of a short text: python -m figures.make_02_merges -> 02_merges.png

The merges are those that the library finds; a box is as wide as its token is long.
"""

from collections import Counter

from figures.sketch import CENTRE, SMALL, frame, sheet
from r1lib.plots import BLUE, INK, ORANGE
from r1lib.tokenizer import FIRST_BYTE, SMALLEST, join, slow_merges

TEXT = "aaabdaaabac"
LEFT, UNIT, TALL, STEP, TOP = 1.9, 0.78, 0.6, 1.3, 4.15
TABLE = LEFT + UNIT * len(TEXT) + 0.7  # left edge of the table of merges


def states():
    """(ids, merges so far, places of the pair that is joined next), row by row."""
    ids, merges = [FIRST_BYTE + b for b in TEXT.encode()], []
    for new, pair in enumerate(slow_merges(Counter([TEXT]), 10), SMALLEST):
        yield ids, tuple(merges), places(ids, pair)
        ids, merges = join(ids, pair, new), [*merges, pair]
    yield ids, tuple(merges), set()


def places(ids, pair) -> set[int]:
    """Both places of each join, from left to right."""
    found, i = set(), 0
    while i + 1 < len(ids):
        if (ids[i], ids[i + 1]) == pair:
            found |= {i, i + 1}
            i += 1
        i += 1
    return found


def spelling(merges) -> dict[int, str]:
    """The letters of each id."""
    letters = {FIRST_BYTE + b: chr(b) for b in TEXT.encode()}
    for new, (left, right) in enumerate(merges, SMALLEST):
        letters[new] = letters[left] + letters[right]
    return letters


def row(axes, y, ids, merges, joined):
    """One state of the text, and the merges that led to it."""
    letters, x = spelling(merges), LEFT
    axes.text(1.0, y + TALL / 2, f"{len(ids)} tokens", fontsize=12, **CENTRE)
    for i, token in enumerate(ids):
        text = letters[token]
        wide = UNIT * len(text)
        colour = ORANGE if i in joined else BLUE
        frame(axes, x + 0.04, y, wide - 0.08, TALL, colour, 0.08)
        mono = {"family": "DejaVu Sans Mono", "fontsize": 12.5, **CENTRE}
        axes.text(x + wide / 2, y + TALL / 2, text, **mono)
        x += wide
    for i, (one, two) in enumerate(merges):
        kind = {"family": "DejaVu Sans Mono", "fontsize": 11, "va": "center"}
        line = f"{SMALLEST + i}: {letters[one]} + {letters[two]}"
        weight = "bold" if i == len(merges) - 1 else "normal"
        height = y + TALL / 2 + 0.3 * ((len(merges) - 1) / 2 - i)
        axes.text(TABLE, height, line, color=INK, fontweight=weight, **kind)


def draw(axes):
    """All states from top to bottom."""
    kind = {**SMALL, "style": "italic"}
    axes.text(TABLE + 0.75, TOP + 1.1, "merges so far", **kind)
    axes.text(LEFT + 4.3, TOP + 1.1, "orange: joined next", **kind)
    for k, (ids, merges, joined) in enumerate(states()):
        row(axes, TOP - STEP * k, ids, merges, joined)
        if not merges:
            axes.text(TABLE + 0.75, TOP + TALL / 2, "none", **SMALL)


if __name__ == "__main__":
    sheet("02_merges.png", 13, 5.7, draw)
