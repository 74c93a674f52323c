"""Draw over-optimisation, as a sketch: python -m figures.make_13_proxy"""

import math

from figures.sketch import CENTRE, SMALL, arrow, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE

LEFT, FLOOR, WIDE = 1.2, 0.9, 7.6
POINTS = [i / 100 for i in range(101)]
STOP = 0.28  # where the truth is highest


def proxy(x):
    """Rises, ever more slowly."""
    return 1.4 + 2.5 * (1 - math.exp(-2.6 * x))


def truth(x):
    """Rises with the proxy, and falls where the proxy is wrong."""
    return 1.4 + 9.0 * x * math.exp(-x / STOP) - 0.35 * x


def curves(axes):
    """Both over the distance from the start, and a line where to stop."""
    for end in ((LEFT + WIDE + 0.4, FLOOR), (LEFT, 4.75)):
        arrow(axes, (LEFT, FLOOR), end, INK)
    for value, colour, line in ((proxy, ORANGE, "--"), (truth, BLUE, "-")):
        xs = [LEFT + WIDE * x for x in POINTS]
        ys = [value(x) for x in POINTS]
        axes.plot(xs, ys, color=colour, linestyle=line, linewidth=2.6)
    best = max(POINTS, key=truth)
    x = LEFT + WIDE * best
    axes.plot([x, x], [FLOOR, 4.5], color=GREEN, linewidth=1.6, linestyle=":")
    axes.text(x, 4.68, "stop here", **{**SMALL, "fontsize": 11.5})
    left = {**CENTRE, "ha": "left", "fontsize": 11.5}
    end = LEFT + WIDE + 0.15
    axes.text(end, proxy(1), "the proxy: score of the reward model", **left)
    axes.text(end, truth(1), "the truth: worth to the reader", **left)
    middle = LEFT + WIDE / 2
    axes.text(middle, 0.5, "distance from the start (KL, or steps)", **SMALL)
    notes = ((x - 0.85, "learning", GREEN), (x + 2.7, "over-optimisation", GREY))
    for place, text, _ in notes:
        axes.text(place, 1.15, text, style="italic", **SMALL)


if __name__ == "__main__":
    sheet("13_proxy.png", 13.4, 5.0, curves, bottom=0.2)
