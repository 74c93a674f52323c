"""Draw a draft and its check: python -m figures.make_05_speculative"""

import torch
from matplotlib.patches import Rectangle

from figures.sketch import CENTRE, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE
from r1lib.speculative import residual

TOKENS = (",", "~", "no")
Q, P = (0.7, 0.2, 0.1), (0.5, 0.4, 0.1)
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
            axes.text(x + 0.3, 0.4, "after a rejection: this one", **SMALL)
    for i, (colour, hatch, word) in enumerate(
        ((GREEN, "", "accepted: min(p, q)"), (BLUE, "//", "left: p - q"))
    ):
        x = left + 0.2 + 2.6 * i
        look = {"facecolor": colour, "hatch": hatch, "edgecolor": "white"}
        axes.add_patch(Rectangle((x, 4.5), 0.35, 0.25, **look))
        axes.text(
            x + 0.45, 4.62, word, ha="left", va="center", fontsize=10.5, color=INK
        )


def draw(axes):
    step(axes)
    bars(axes, 7.9)


if __name__ == "__main__":
    sheet("05_speculative.png", 13, 5.0, draw)
