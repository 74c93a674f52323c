"""Draw one query and four keys: python -m figures.make_03_attention"""

import math

from matplotlib.patches import Rectangle

from figures.sketch import CENTRE, SMALL, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE, PAPER, PURPLE

TOKENS, QUERY = ("17", "+", "5", "="), (2, 0)
KEYS, VALUES = ((2, 0), (0, 2), (2, 0), (0, 0)), (17, 0, 5, 0)
PRODUCTS = [sum(a * b for a, b in zip(QUERY, key, strict=True)) for key in KEYS]
ROW, TOP, WIDE = 1.0, 3.45, 1.5  # distance of rows, the first one, a bar of share 1
CELL, LEFT = 0.8, 10.75  # the table of shares on the right


def shares(seen):
    """What a query gives to each of the first `seen` tokens."""
    powers = [math.exp(product / math.sqrt(2)) for product in PRODUCTS[:seen]]
    return [power / sum(powers) for power in powers]


def mixture(given):
    return sum(a * value for a, value in zip(given, VALUES, strict=False))


def title(axes, x, words):
    axes.text(x, 4.95, words, **{**CENTRE, "fontsize": 12.5, "fontweight": "bold"})


def search(axes):
    """The query of = meets four keys, and the values are mixed."""
    title(axes, 4.9, "the token = looks back, asking for numbers")
    box(axes, 0.25, 1.85, 1.35, 0.9, BLUE, ("query of =", f"{QUERY}"))
    for token, share in enumerate(shares(4)):
        low, name = TOP - ROW * token, TOKENS[token]
        middle = low + 0.35
        box(axes, 2.4, low, 1.5, 0.7, ORANGE, (f"key of {name}", f"{KEYS[token]}"))
        arrow(axes, (1.6, 2.3), (2.4, middle))
        axes.text(4.5, middle, f"q $\\cdot$ k = {PRODUCTS[token]}", **SMALL)
        size = (WIDE * share, 0.36)
        axes.add_patch(Rectangle((5.15, middle - 0.18), *size, color=PURPLE))
        side = {"ha": "left", "va": "center", "fontsize": 10.5, "color": INK}
        axes.text(5.23 + WIDE * share, middle, f"{share:.2f}", **side)
        box(axes, 6.7, low, 1.4, 0.7, GREEN, (f"value of {name}", f"{VALUES[token]}"))
        arrow(axes, (8.1, middle), (8.6, 2.3), linewidth=0.8 + 4 * share)
    axes.text(5.75, 4.45, "share", **SMALL)
    box(axes, 8.6, 1.9, 1.0, 0.8, BLUE, ("mixture", f"{mixture(shares(4)):.1f}"))


def table(axes):
    """The shares of four tokens that ask with one query; later keys are hidden."""
    title(axes, LEFT + 2 * CELL, "the causal mask")
    for t in range(4):
        low, given = 3.35 - CELL * t, shares(t + 1)
        axes.text(LEFT - 0.1, low + CELL / 2, TOKENS[t], **{**SMALL, "ha": "right"})
        axes.text(LEFT + CELL * (t + 0.5), 4.35, TOKENS[t], **SMALL)
        for s in range(4):
            seen = s <= t
            look = {"facecolor": PURPLE if seen else GREY, "edgecolor": PAPER}
            look |= {"alpha": 0.15 + 0.6 * given[s] if seen else 0.45}
            look |= {"hatch": "" if seen else "//", "linewidth": 2}
            axes.add_patch(Rectangle((LEFT + CELL * s, low), CELL, CELL, **look))
            spot = (LEFT + CELL * (s + 0.5), low + CELL / 2)
            axes.text(*spot, f"{given[s]:.2f}" if seen else "", **SMALL)
        end = LEFT + 4 * CELL
        arrow(axes, (end + 0.05, low + CELL / 2), (end + 0.4, low + CELL / 2))
        axes.text(end + 0.75, low + CELL / 2, f"{mixture(given):.1f}", **SMALL)
    axes.text(LEFT + 2 * CELL, 0.72, "grey: later keys, share 0", **SMALL)


def draw(axes):
    search(axes)
    table(axes)


if __name__ == "__main__":
    sheet("03_attention.png", 15.0, 5.2, draw, bottom=0.3)
