"""Draw who predicts what with MTP: python -m figures.make_05_mtp -> 05_mtp.png"""

from figures.sketch import CENTRE, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE

TEXT, STEP, LEFT, AT = ("17", "+", "5", "=", "22"), 2.1, 1.9, 1
SMALL = {**CENTRE, "fontsize": 10.5}


def column(i):
    return LEFT + STEP * i


def draw(axes):
    """Tokens below, states of the main model above them, the two heads on top."""
    for i, token in enumerate(TEXT):
        x = column(i)
        box(axes, x, 0.3, 1.1, 0.6, GREY, (token,))
        kind = {"linestyle": "-" if i == AT else "--"}
        box(axes, x, 1.5, 1.1, 0.6, BLUE, (f"state {i + 1}",), **kind)
        arrow(axes, (x + 0.55, 0.9), (x + 0.55, 1.5))
    x = column(AT)
    box(axes, x - 0.75, 4.4, 1.6, 0.7, GREEN, ("head", "predicts 5"))
    arrow(axes, (x + 0.2, 2.1), (x + 0.05, 4.4), GREEN)
    box(axes, x + 1.55, 2.8, 2.6, 0.8, ORANGE, ("MTP module", "join, one block"))
    box(axes, x + 2.05, 4.4, 1.6, 0.7, ORANGE, ("same head", "predicts ="))
    arrow(axes, (x + 0.9, 2.1), (x + 1.75, 2.8), ORANGE)
    arrow(axes, (x + 2.85, 3.6), (x + 2.85, 4.4), ORANGE)
    arrow(axes, (column(AT + 1) + 1.1, 0.6), (column(AT + 1) + 1.5, 2.8), ORANGE)
    axes.text(column(AT + 1) + 2.2, 2.45, "embedding of 5", **SMALL)
    axes.text(0.9, 0.6, "text", **SMALL)
    axes.text(0.9, 1.8, "main model", **SMALL)
    axes.text(0.9, 4.75, "token after\nthe state", **SMALL)
    axes.text(9.2, 4.75, "token after the next:\nits loss has weight 0.3", **SMALL)


if __name__ == "__main__":
    sheet("05_mtp.png", 13, 5.4, draw)
