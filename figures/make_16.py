"""Draw four ways to cut the work of a training step: python -m figures.make_16"""

from matplotlib.patches import Rectangle

from figures.sketch import CENTRE, PALE, SMALL, arrow, sheet
from r1lib.plots import BLUE, GREY, ORANGE


def block(axes, x, y, width, height, colour, text="", fontsize=10.5):
    """A rectangle with a word in it."""
    look = {"facecolor": PALE[colour], "edgecolor": colour, "linewidth": 1.6}
    axes.add_patch(Rectangle((x, y), width, height, **look))
    axes.text(x + width / 2, y + height / 2, text, fontsize=fontsize, **CENTRE)


def title(axes, x, y, name, text):
    axes.text(x, y, name, fontsize=13.5, fontweight="bold", **CENTRE)
    axes.text(x, y - 0.36, text, **SMALL)


def data(axes, x, y):
    """Two whole models, each with half of the batch."""
    title(axes, x + 3.3, y + 3.1, "data", "whole models, parts of the batch")
    for rank, colour in enumerate((BLUE, ORANGE)):
        at = x + 0.3 + 3.4 * rank
        block(
            axes, at, y + 2.0, 2.6, 0.5, colour, f"rows {'1-4' if not rank else '5-8'}"
        )
        for layer in range(2):
            block(
                axes, at, y + 1.0 - 0.55 * layer, 2.6, 0.5, colour, f"layer {layer + 1}"
            )
        arrow(axes, (at + 1.3, y + 1.98), (at + 1.3, y + 1.52))
    arrow(axes, (x + 2.95, y + 0.95), (x + 3.65, y + 0.95), arrowstyle="<|-|>")
    axes.text(x + 3.3, y + 0.05, "add up the gradients, once a step", **SMALL)


def tensor(axes, x, y):
    """Every matrix cut into columns and rows; outputs are added up after each part."""
    title(axes, x + 3.3, y + 3.1, "tensor", "parts of every matrix")
    for i in range(4):
        row = y + 1.98 - 0.54 * i
        part = "feed-forward" if i % 2 else "attention"
        for rank, colour in enumerate((BLUE, ORANGE)):
            at = x + 1.05 + 3.15 * rank
            block(axes, at, row, 2.2, 0.44, colour, f"half of {part}")
        ends = (x + 3.3, row + 0.22), (x + 4.15, row + 0.22)
        arrow(axes, *ends, arrowstyle="<|-|>")
        if not i % 2:
            axes.text(x + 0.5, row - 0.05, f"layer {i // 2 + 1}", **SMALL)
    axes.text(x + 3.7, y + 0.05, "add up the outputs, twice a layer", **SMALL)


def pipeline(axes, x, y):
    """Layers on different ranks; micro-batches follow one another."""
    title(axes, x + 3.3, y + 3.1, "pipeline", "parts of the layers, in turn")
    for rank, colour in enumerate((BLUE, ORANGE)):
        row = y + 1.55 - 0.75 * rank
        axes.text(x + 0.75, row + 0.3, f"layer {rank + 1}", **SMALL)
        for i in range(4):
            block(axes, x + 1.6 + 0.9 * (i + rank), row, 0.85, 0.6, colour, str(i + 1))
        idle = x + 1.6 + (0.9 * 4 if rank == 0 else 0)
        block(axes, idle, row, 0.85, 0.6, GREY, "idle", 9)
    axes.text(
        x + 3.3, y + 0.05, "time runs to the right; numbers are micro-batches", **SMALL
    )


GOES = ((0, 1), (0, 2), (1, 3), (2, 3), (0, 3), (1, 2), (0, 1), (2, 3))  # of a token


def expert(axes, x, y):
    """Experts on different ranks; every token travels to its two and back."""
    title(axes, x + 3.3, y + 3.1, "expert", "parts of the experts")
    top, low = y + 2.15, y + 0.45
    for i, goals in enumerate(GOES):
        rank, colour = i // 4, (BLUE, ORANGE)[i // 4]
        at = x + 0.3 + 3.4 * rank + 0.65 * (i % 4)
        block(axes, at, top, 0.6, 0.4, colour, f"token {i}", 7.5)
        for goal in goals:
            end = x + 0.3 + 3.4 * (goal // 2) + 1.3 * (goal % 2) + 0.62
            place = [j for j, row in enumerate(GOES) if goal in row].index(i)
            side = 0.28 * (place - 1.5)  # the four arrows of an expert end apart
            stays = goal // 2 == rank
            ends = (at + 0.3, top - 0.02), (end + side, low + 0.57)
            look = {"linewidth": 1.4, "mutation_scale": 10, "shrinkB": 0}
            arrow(axes, *ends, colour, "-" if stays else (0, (4, 2)), **look)
    for i in range(4):
        at, colour = x + 0.3 + 3.4 * (i // 2) + 1.3 * (i % 2), (BLUE, ORANGE)[i // 2]
        block(axes, at, low, 1.25, 0.55, colour, f"expert {i}", 9.5)
    text = "each token to its two experts; dashed: to the other rank. Outputs return"
    axes.text(x + 3.3, y + 0.05, text, **SMALL)


def parallel(axes):
    """The four cuts; blue is rank 0, orange rank 1."""
    for i, part in enumerate((data, tensor, pipeline, expert)):
        part(axes, 0.2 + 7.2 * (i % 2), 4.3 - 4.0 * (i // 2))
    axes.text(7.3, 0.05, "blue: rank 0      orange: rank 1", **SMALL)


if __name__ == "__main__":
    sheet("16_parallel.png", 14.6, 8.0, parallel, bottom=-0.2)
