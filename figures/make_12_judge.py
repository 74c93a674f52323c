"""Draw four questions to a judge of chapter 12: python -m figures.make_12_judge"""

from figures.sketch import CENTRE, SMALL, arrow, box, frame, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE

SAMPLE, KNOWN = ("sample", ORANGE), ("known reply", BLUE)
ASKED = (  # shown first, shown second, does the sample win
    (SAMPLE, KNOWN, True),
    (SAMPLE, KNOWN, False),
    (KNOWN, SAMPLE, False),
    (KNOWN, SAMPLE, True),
)
WIDE, STEP = 2.3, 2.65


def question(axes, left, first, second, won):
    """One question: two replies from top to bottom, and the verdict below."""
    frame(axes, left, 1.75, WIDE, 2.0, GREY, 0.1)
    for y, (name, colour), place in ((2.85, first, "first"), (1.95, second, "second")):
        frame(axes, left + 0.75, y, 1.4, 0.7, colour, 0.1)
        look = {**CENTRE, "fontsize": 11, "fontweight": "bold"}
        axes.text(left + 1.45, y + 0.35, name, **look)
        axes.text(left + 0.38, y + 0.35, place, **SMALL)
    middle, colour = left + WIDE / 2, GREEN if won else GREY
    arrow(axes, (middle, 1.72), (middle, 1.2), colour)
    look = {**CENTRE, "fontsize": 12, "fontweight": "bold" if won else "normal"}
    said = "✓ sample wins" if won else "✗ known wins"
    axes.text(middle, 0.95, said, **{**look, "color": colour if won else INK})


def draw(axes):
    """Two questions in each order, and the sum."""
    for i, asked in enumerate(ASKED):
        question(axes, 0.3 + STEP * i, *asked)
    for x, said in ((0.3, "sample shown first"), (0.3 + 2 * STEP, "known shown first")):
        middle = x + (STEP + WIDE) / 2
        axes.text(middle, 4.1, said, **{**CENTRE, "fontsize": 12.5})
    arrow(axes, (10.7, 2.75), (11.4, 2.75), GREEN)
    box(axes, 11.45, 2.2, 1.9, 1.1, GREEN, ("2 wins of 4", "kept"))


if __name__ == "__main__":
    sheet("12_judge.png", 13.6, 4.4, draw, bottom=0.6)
