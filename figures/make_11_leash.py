"""Draw a fixed and a refreshed reference: python -m figures.make_11_leash"""

from matplotlib.patches import Circle

from figures.sketch import CENTRE, PALE, SMALL, arrow, sheet
from r1lib.plots import BLUE, GREY, INK, ORANGE, PURPLE

RADIUS = 1.15
BOLD = {**CENTRE, "fontsize": 13, "fontweight": "bold"}


def reach(axes, x, y, label):
    """A reference, and the circle that its leash allows."""
    look = {"facecolor": PALE[PURPLE], "edgecolor": PURPLE, "linestyle": "--"}
    axes.add_patch(Circle((x, y), RADIUS, alpha=0.6, linewidth=1.6, **look))
    axes.plot([x], [y], "o", color=GREY, markersize=9)
    axes.text(x, y - 0.32, label, **SMALL)


def fixed(axes):
    """On the left: the policy stops where the leash is taut."""
    reach(axes, 2.0, 2.0, "Dev1")
    arrow(axes, (2.0, 2.0), (2.98, 2.5), BLUE)
    axes.plot([3.05], [2.54], "o", color=BLUE, markersize=9)
    axes.text(3.25, 2.85, "policy", **{**SMALL, "ha": "left"})
    axes.text(2.4, 4.35, "fixed: limits how far", **BOLD)


def moved(axes):
    """On the right: the reference is replaced by the policy, again and again."""
    places = [(6.4 + 1.1 * i, 1.7 + 0.3 * i) for i in range(4)]
    for x, y in places:
        reach(axes, x, y, "Dev1" if (x, y) == places[0] else "")
    for x, y in places:
        arrow(axes, (x, y), (x + 1.02, y + 0.28), BLUE)
    axes.plot([x + 1.1], [y + 0.3], "o", color=BLUE, markersize=9)
    axes.text(x + 1.3, y + 0.55, "policy", **{**SMALL, "ha": "left"})
    text = "refreshed: limits how fast"
    axes.text(8.6, 4.35, text, **BOLD)
    arrow(axes, (9.4, 0.75), (8.65, 1.95), ORANGE, linewidth=1.4)
    text = "the policy of that moment\nbecomes the reference"
    axes.text(9.9, 0.5, text, **{**SMALL, "color": INK})


if __name__ == "__main__":
    sheet("11_leash.png", 12.6, 4.7, fixed, moved)
