"""Draw the head picture of chapter 03: python -m figures.make_03 -> 03_model.png"""

from figures.sketch import CENTRE, arrow, badge, box, frame, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE, PURPLE

STREAM = 4.9  # where the residual stream runs upwards
SMALL = {**CENTRE, "fontsize": 10.5}


def plus(axes, y):
    """A layer's output is added to the stream."""
    circle = {"boxstyle": "circle,pad=0.12", "facecolor": "white", "edgecolor": INK}
    axes.text(STREAM, y, "+", bbox=circle, **{**CENTRE, "fontsize": 13})


def branch(axes, low, colour, lines, sections):
    """From the stream through a norm and a layer, and back into the stream."""
    box(axes, 5.75, low, 1.15, 0.62, GREY, ("RMSNorm",), "2")
    box(axes, 7.35, low, 2.35, 0.62, colour, lines)
    for i, number in enumerate(sections):
        badge(axes, 7.39 + 0.36 * i, low + 0.58, number, colour)
    arrow(axes, (STREAM, low + 0.31), (5.75, low + 0.31))
    arrow(axes, (6.9, low + 0.31), (7.35, low + 0.31))
    axes.plot((8.5, 8.5), (low + 0.62, low + 0.95), color=INK, linewidth=1.8)
    arrow(axes, (8.5, low + 0.95), (STREAM + 0.2, low + 0.95))
    plus(axes, low + 0.95)


def draw(axes):
    """Ids at the bottom, logits at the top, the stream between them."""
    frame(axes, 4.3, 1.5, 5.8, 2.75, GREY, 0.12, linestyle="--")
    axes.text(4.1, 2.9, "block\n4 times here,\n61 times in V3", ha="right", va="center")
    badge(axes, 4.34, 4.21, "6", GREY)
    arrow(axes, (STREAM, 1.0), (STREAM, 4.75))
    branch(axes, 1.75, BLUE, ("attention",), "358")
    branch(axes, 3.05, GREEN, ("feed-forward",), "2")
    box(axes, 3.65, 0.4, 2.5, 0.6, PURPLE, ("embedding",), "2")
    axes.text(1.5, 0.7, "token ids\n25 8 317 ...", **SMALL)
    arrow(axes, (2.3, 0.7), (3.65, 0.7))
    box(axes, 3.65, 4.75, 2.5, 0.6, PURPLE, ("RMSNorm, head",), "6")
    axes.text(STREAM + 0.12, 1.24, "residual stream", ha="left", va="center")
    arrow(axes, (6.15, 5.05), (7.35, 5.05))
    axes.text(6.75, 5.24, "logits", **SMALL)
    box(axes, 7.35, 4.75, 2.35, 0.6, ORANGE, ("sample",), "10")
    arrow(axes, (9.7, 5.05), (11.2, 5.05))
    axes.text(11.9, 5.05, "next token", **SMALL)
    axes.plot((11.9, 11.9), (4.85, 0.12), color=INK, linewidth=1.2, linestyle="--")
    axes.plot((11.9, 1.5), (0.12, 0.12), color=INK, linewidth=1.2, linestyle="--")
    arrow(axes, (1.5, 0.12), (1.5, 0.42), linewidth=1.2)
    box(axes, 10.45, 1.75, 1.1, 0.62, ORANGE, ("cache",), "7")
    arrow(axes, (9.7, 2.06), (10.45, 2.06), arrowstyle="<|-|>")


if __name__ == "__main__":
    sheet("03_model.png", 13, 5.6, draw)
