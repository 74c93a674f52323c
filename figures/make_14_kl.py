"""Draw the forward KL of three tokens, term by term: python -m figures.make_14_kl"""

import math

from figures.sketch import CENTRE, INK, SMALL, frame, sheet
from r1lib.plots import BLUE, GREY, ORANGE

TOKENS, TEACHER, STUDENT = ("20", "15", "1"), (0.6, 0.3, 0.1), (0.2, 0.5, 0.3)
HIGH, BOTTOM, BAR, PANEL = 3.0, 1.75, 0.75, 3.1


def panel(axes, left, token, p, q):
    """Two bars of one token, and its term of the sum below; returns the term."""
    middle, term = left + PANEL / 2, p * math.log(p / q)
    frame(axes, left, 0.3, PANEL, 4.6, GREY, 0.12)
    bold = {**CENTRE, "fontsize": 13, "fontweight": "bold"}
    axes.text(middle, 4.55, f"token {token}", **bold)
    for shift, value, name, colour in ((-0.45, p, "p", BLUE), (0.45, q, "q", ORANGE)):
        x = middle + shift
        axes.bar(x, HIGH * value, BAR, bottom=BOTTOM, color=colour)
        axes.text(x, BOTTOM + HIGH * value + 0.18, f"{value:g}", **SMALL)
        axes.text(x, BOTTOM - 0.22, name, **{**SMALL, "fontsize": 12})
    axes.plot([middle - 1, middle + 1], [BOTTOM, BOTTOM], color=INK, linewidth=1)
    axes.text(middle, 1.1, f"{p:g} log({p:g} / {q:g})", **{**SMALL, "fontsize": 12})
    axes.text(middle, 0.67, f"{term:+.2f}", **bold)
    return term


def draw(axes):
    """Three tokens and their sum."""
    total = 0.0
    big = {**CENTRE, "fontsize": 15, "fontweight": "bold"}
    for i, token in enumerate(TOKENS):
        left = 0.2 + i * (PANEL + 0.25)
        total += panel(axes, left, token, TEACHER[i], STUDENT[i])
    axes.text(12.0, 1.1, "KL(p || q), the sum", **{**SMALL, "fontsize": 12})
    axes.text(12.0, 0.67, f"= {total:.2f}", **big)
    for y, colour, text in ((3.6, BLUE, "p: teacher"), (3.1, ORANGE, "q: student")):
        axes.bar(10.7, 0.28, 0.3, bottom=y - 0.14, color=colour)
        axes.text(11.05, y, text, **{**SMALL, "ha": "left", "fontsize": 12})


if __name__ == "__main__":
    sheet("14_kl.png", 13.8, 5.1, draw)
