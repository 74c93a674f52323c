"""Draw the road map of chapter 12: python -m figures.make_12"""

from matplotlib.patches import Polygon

from figures.sketch import PALE, SMALL, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE, PURPLE

FILTERS = ("right", "in form", "one language", "not too long", "nothing twice", "new")
FILTERS += ("few of a prompt",)


def funnel(axes, x, y):
    """Seven sieves, each narrower than the one before."""
    for i, name in enumerate(FILTERS):
        top, wide, thin = y - 0.47 * i, 1.6 - 0.1 * i, 1.6 - 0.1 * (i + 1)
        corners = [(x - wide, top), (x + wide, top)]
        corners += [(x + thin, top - 0.42), (x - thin, top - 0.42)]
        look = {"facecolor": PALE[ORANGE], "edgecolor": ORANGE, "linewidth": 1.6}
        axes.add_patch(Polygon(corners, **look))
        axes.text(x, top - 0.21, name, **SMALL)


LEFT = (  # height, colour, lines, section
    (4.3, GREY, ("RL model", "k samples of", "each problem"), "4"),
    (2.65, PURPLE, ("judge", "as good as", "a known reply?"), "7"),
    (1.0, GREY, ("known replies", "simple ones", "unthought"), "8"),
)


def draw(axes):
    """From left to right: samples, funnel, mix, table, and the base that learns."""
    for y, colour, lines, section in LEFT:
        box(axes, 0.2, y, 2.1, 1.2, colour, lines, section)
    funnel(axes, 5.0, 5.5)
    arrow(axes, (2.3, 4.95), (3.35, 5.1), ORANGE)
    arrow(axes, (2.3, 3.3), (3.75, 3.7), PURPLE, "--")
    axes.text(5.0, 5.85, "5, 6: the funnel, and what it removes", **SMALL)
    lines = ("mix", "3 parts reasoning", "1 part general")
    box(axes, 8.0, 2.6, 2.0, 1.3, BLUE, lines, "9")
    arrow(axes, (5.95, 2.45), (7.96, 3.2), ORANGE)
    arrow(axes, (2.3, 1.6), (7.96, 2.85), bend=0.12)
    lines = ("the base", "two epochs", "a new model")
    box(axes, 10.9, 2.6, 2.1, 1.3, GREEN, lines, "10")
    arrow(axes, (10.0, 3.25), (10.86, 3.25), GREEN)
    text = "11: how much data, and which filter matters"
    axes.text(10.4, 1.2, text, style="italic", **{**SMALL, "fontsize": 12})


if __name__ == "__main__":
    sheet("12_rejection.png", 13.3, 6.2, draw)
