"""Draw how RoPE turns pairs: python -m figures.make_03_rope -> 03_rope.png"""

import math

from matplotlib.patches import Arc, Circle

from figures.sketch import CENTRE, arrow, sheet
from r1lib.plots import BLUE, GREY, INK, ORANGE, PURPLE

RADIUS, MIDDLE = 1.35, 2.05
SMALL = {**CENTRE, "fontsize": 10.5}


def hand(axes, x, degrees, colour, length=RADIUS, line="-"):
    """An arrow from the middle of a dial, turned counter-clockwise from the right."""
    angle = math.radians(degrees)
    end = (x + length * math.cos(angle), MIDDLE + length * math.sin(angle))
    arrow(axes, (x, MIDDLE), end, colour, line, linewidth=2.2, shrinkB=0)


def dial(axes, x, title):
    axes.add_patch(
        Circle((x, MIDDLE), RADIUS, facecolor="none", edgecolor=GREY, linewidth=1)
    )
    axes.text(x, MIDDLE + RADIUS + 0.5, title, **{**CENTRE, "fontsize": 11.5})


def two_tokens(axes, x, first, speed=20):
    """A key at `first` and a query three places later; the angle between them."""
    key, query = 30 + speed * first, 70 + speed * (first + 3)
    dial(axes, x, f"key at position {first}, query at {first + 3}")
    hand(axes, x, key, ORANGE)
    hand(axes, x, query, BLUE)
    arc = {"theta1": key, "theta2": query, "color": INK, "linewidth": 1.2}
    axes.add_patch(Arc((x, MIDDLE), 1.1, 1.1, **arc))
    half = math.radians((key + query) / 2)
    spot = (x + 0.82 * math.cos(half), MIDDLE + 0.82 * math.sin(half))
    axes.text(*spot, f"{query - key}\u00b0", **SMALL)


def speeds(axes, x):
    """Three pairs of one key at position 10: fast, slower, slowest."""
    dial(axes, x, "three pairs, positions 0 and 10")
    for i, length in enumerate((1.35, 1.05, 0.75)):
        turned = math.degrees(10 * 100.0 ** (-i / 2))
        hand(axes, x, 0, GREY, length, ":")
        hand(axes, x, turned, PURPLE, length)
        angle, far = math.radians(turned), length + 0.2
        lift = 0.22 if i == 2 else 0.0  # above the dotted arrow
        spot = (
            x + far * math.cos(angle) - lift,
            MIDDLE + far * math.sin(angle) + lift / 2,
        )
        axes.text(*spot, f"{i}", **{**SMALL, "fontweight": "bold"})


def draw(axes):
    two_tokens(axes, 2.2, 2)
    two_tokens(axes, 6.5, 12)
    speeds(axes, 10.8)
    axes.text(4.35, 0.3, "same distance, same angle, same score", **SMALL)
    axes.text(
        10.8, 0.3, "pair 0 turns 573\u00b0, pair 1 57\u00b0, pair 2 6\u00b0", **SMALL
    )
    for x, colour, word in ((3.85, ORANGE, "key"), (3.85, BLUE, "query")):
        y = MIDDLE + (0.15 if word == "key" else -0.2)
        axes.plot((x, x + 0.35), (y, y), color=colour, linewidth=2.2)
        axes.text(x + 0.45, y, word, ha="left", va="center", fontsize=10.5)


if __name__ == "__main__":
    sheet("03_rope.png", 13, 4.2, draw)
