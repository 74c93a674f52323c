"""Draw the road map of chapter 12: python -m figures.make_12"""

from matplotlib.patches import Polygon

from figures.sketch import PALE, SMALL, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE, PURPLE

FILTERS = ("correct", "form", "language", "length", "repetition", "unique")
FILTERS += ("per prompt",)
BOXES = (  # x, y, colour, lines, section
    (0.2, 3.4, ORANGE, ("Dev2", "k samples of", "each problem"), "4"),
    (3.0, 4.4, GREY, ("verifier", "games, puzzles,", "programs"), "6"),
    (3.0, 2.4, PURPLE, ("judge", "as good as", "a known reply?"), "7"),
    (9.9, 0.4, GREY, ("known replies", "simple ones", "without thought"), "8"),
    (9.9, 3.4, BLUE, ("mix", "3 parts reasoning", "1 part general"), "9"),
    (12.7, 3.4, GREEN, ("the base", "two epochs", "becomes Dev3"), "10"),
)


def funnel(axes, x, y):
    """Seven sieves, each narrower than the one before."""
    for i, name in enumerate(FILTERS):
        top, wide, thin = y - 0.47 * i, 1.5 - 0.09 * i, 1.5 - 0.09 * (i + 1)
        corners = [(x - wide, top), (x + wide, top)]
        corners += [(x + thin, top - 0.42), (x - thin, top - 0.42)]
        look = {"facecolor": PALE[ORANGE], "edgecolor": ORANGE, "linewidth": 1.6}
        axes.add_patch(Polygon(corners, **look))
        axes.text(x, top - 0.21, name, **SMALL)


def draw(axes):
    """From left to right: samples, checks, funnel, mix, and the base that learns."""
    for x, y, colour, lines, section in BOXES:
        box(axes, x, y, 2.1, 1.2, colour, lines, section)
    funnel(axes, 7.5, 5.3)
    axes.text(7.5, 5.65, "5, 6: the funnel, and what it removes", **SMALL)
    arrow(axes, (2.3, 4.2), (2.96, 4.8), GREY)
    arrow(axes, (2.3, 3.8), (2.96, 3.2), PURPLE)
    arrow(axes, (5.1, 5.0), (5.98, 5.16), GREY)
    arrow(axes, (5.1, 3.2), (6.02, 4.96), PURPLE)
    arrow(axes, (8.4, 2.2), (9.86, 3.7), ORANGE)
    arrow(axes, (10.95, 1.6), (10.95, 3.36), GREY)
    arrow(axes, (12.0, 4.0), (12.66, 4.0), GREEN)
    text = "11, 12: how much data,\nand which filter matters"
    axes.text(13.75, 5.15, text, **SMALL)


if __name__ == "__main__":
    sheet("12_rejection.png", 15.1, 6.0, draw)
