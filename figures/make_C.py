"""Draw broadcasting and gather for appendix C: python -m figures.make_C"""

from figures.sketch import CENTRE, PALE, SMALL, arrow, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE

SIDE = 0.62


def grid(axes, x, y, rows, colour, marked=(), ghost=False):
    """Numbers in squares; (x, y) is the upper left corner, marked ones are orange."""
    for i, row in enumerate(rows):
        for j, number in enumerate(row):
            shade = ORANGE if (i, j) in marked else colour
            left, low = x + j * SIDE, y - (i + 1) * SIDE
            axes.add_patch(square(left, low, shade, ghost))
            look = CENTRE | {"color": shade if ghost else INK}
            axes.text(left + SIDE / 2, low + SIDE / 2, number, fontsize=12, **look)


def square(x, y, colour, ghost):
    from matplotlib.patches import Rectangle

    look = {"facecolor": PALE[colour], "edgecolor": colour, "linewidth": 1.4}
    look |= {"linestyle": "--", "alpha": 0.6} if ghost else {}
    return Rectangle((x, y), SIDE, SIDE, **look)


def broadcasting(axes):
    """Left: (2, 3) plus (3), the missing row drawn in dashes."""
    axes.text(3.6, 3.6, "broadcasting: used again for each row", **TITLE)
    grid(axes, 0.3, 2.7, ((1, 2, 3), (4, 5, 6)), BLUE)
    axes.text(2.45, 2.08, "+", fontsize=18, **CENTRE)
    grid(axes, 2.7, 2.7, ((10, 20, 30),), GREEN)
    grid(axes, 2.7, 2.7 - SIDE, ((10, 20, 30),), GREEN, ghost=True)
    axes.text(4.85, 2.08, "=", fontsize=18, **CENTRE)
    grid(axes, 5.1, 2.7, ((11, 22, 33), (14, 25, 36)), GREY)
    for x, shape in ((1.23, "(2, 3)"), (3.63, "(3)"), (6.03, "(2, 3)")):
        axes.text(x, 1.1, shape, **SMALL)


def gather(axes):
    """Right: one entry of each row, named by an index."""
    axes.text(11.1, 3.6, "gather: one entry of each row", **TITLE)
    rows = (("0.1", "0.6", "0.2", "0.1"), ("0.3", "0.1", "0.1", "0.5"))
    grid(axes, 8.2, 2.7, rows, BLUE, marked={(0, 1), (1, 3)})
    grid(axes, 11.2, 2.7, (("1",), ("3",)), GREEN)
    arrow(axes, (11.95, 2.08), (12.75, 2.08), INK)
    grid(axes, 12.9, 2.7, (("0.6",), ("0.5",)), ORANGE)
    for i in range(4):
        axes.text(8.2 + (i + 0.5) * SIDE, 2.9, i, **SMALL)
    for x, shape in ((9.44, "(2, 4)"), (11.51, "index (2, 1)"), (13.21, "(2, 1)")):
        axes.text(x, 1.1, shape, **SMALL)


TITLE = CENTRE | {"fontsize": 13, "fontweight": "bold"}

if __name__ == "__main__":
    sheet("C_shapes.png", 14.2, 4.0, broadcasting, gather, bottom=0.7)
