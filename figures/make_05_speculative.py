"""Draw a draft and its check: python -m figures.make_05_speculative"""

import torch
from matplotlib.patches import Rectangle

from figures.sketch import CENTRE, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE
from r1lib.speculative import residual

TOKENS = ("~", ",", "no")
P, Q = (0.5, 0.3, 0.2), (0.2, 0.7, 0.1)  # those of the cell below the figure
KEY = (  # colour, hatch, words
    (GREEN, "", "accepted: min(p, q)"),
    (BLUE, "//", "left: max(0, p - q)"),
    ("none", "", "q, the draft"),
)
SMALL = {**CENTRE, "fontsize": 10.5}


def step(axes):
    """One step: two tokens in, two distributions out."""
    box(axes, 0.3, 3.6, 1.5, 0.7, GREY, ("22", "certain"))
    box(axes, 0.3, 2.4, 1.5, 0.7, ORANGE, (",", "MTP's draft"))
    box(axes, 2.5, 2.4, 1.7, 1.9, BLUE, ("main model", "one step,", "two tokens"))
    box(axes, 5.0, 3.6, 1.9, 0.7, GREEN, ("p after 22", "judges the draft"))
    box(axes, 5.0, 2.4, 1.9, 0.7, GREEN, ("p after 22 ,", "if accepted"))
    for y in (3.95, 2.75):
        arrow(axes, (1.8, y), (2.5, y))
        arrow(axes, (4.2, y), (5.0, y))
    text = "accepted: two tokens from one step\n"
    text += "rejected: one token, drawn from what is left"
    axes.text(3.6, 1.45, text, **{**SMALL, "fontsize": 11})


def bars(axes, left):
    """What q and p share is accepted; the rest of p is drawn after a rejection."""
    rest = residual(torch.tensor([P]), torch.tensor([Q]))[0].tolist()
    for i, (token, p, q) in enumerate(zip(TOKENS, P, Q, strict=True)):
        x, both = left + 1.75 * i, min(p, q)
        for place, height, colour, hatch in (
            (0.0, both, GREEN, ""),
            (both, max(p - q, 0), BLUE, "//"),
        ):
            look = {"facecolor": colour, "hatch": hatch, "edgecolor": "white"}
            axes.add_patch(Rectangle((x, 1.1 + 3.9 * place), 0.6, 3.9 * height, **look))
        edge = {"facecolor": "none", "edgecolor": ORANGE, "linewidth": 2}
        axes.add_patch(Rectangle((x + 0.68, 1.1), 0.45, 3.9 * q, **edge))
        axes.text(x + 0.55, 0.8, f"{token!r}", **SMALL)
        axes.text(x + 0.9, 1.25 + 3.9 * q, f"q {q}", **SMALL)
        axes.text(x + 0.3, 1.25 + 3.9 * p, f"p {p}", **SMALL)
        if rest[i]:
            axes.plot([x + 0.3], [0.5], "^", color=BLUE, markersize=9)
    axes.text(left + 2.3, 0.2, "after a rejection: one of these", **SMALL)
    for i, (colour, hatch, word) in enumerate(KEY):
        x, y = left - 0.9 + 2.25 * i, 4.5
        look = {"facecolor": colour, "hatch": hatch, "edgecolor": "white"}
        if not hatch and colour == "none":
            look = {"facecolor": "none", "edgecolor": ORANGE, "linewidth": 2}
        axes.add_patch(Rectangle((x, y), 0.35, 0.25, **look))
        place = {**SMALL, "ha": "left", "color": INK}
        axes.text(x + 0.45, y + 0.12, word, **place)


def draw(axes):
    step(axes)
    bars(axes, 7.9)


if __name__ == "__main__":
    sheet("05_speculative.png", 13, 5.0, draw)
