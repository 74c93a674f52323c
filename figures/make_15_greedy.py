"""Draw why greedy decoding repeats: python -m figures.make_15_greedy"""

from matplotlib.patches import Rectangle

from figures.sketch import CENTRE, SMALL, arrow, frame, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE

CHANCES = (("A", 0.5, ORANGE), ("B", 0.3, GREY), ("C", 0.2, GREEN))
COLOURS = {name: colour for name, _, colour in CHANCES}
BOLD = {**CENTRE, "fontsize": 13, "fontweight": "bold"}


def bars(axes):
    """On the left: how likely each attempt is after a miss."""
    axes.text(1.9, 3.55, "next attempt, after a miss", **{**SMALL, "fontsize": 12})
    for i, (name, chance, colour) in enumerate(CHANCES):
        x = 0.7 + 0.9 * i
        look = {"facecolor": colour, "edgecolor": INK, "linewidth": 1}
        axes.add_patch(Rectangle((x, 1.0), 0.6, 4 * chance, **look))
        axes.text(x + 0.3, 1.0 + 4 * chance + 0.18, f"{chance}", **SMALL)
        axes.text(x + 0.3, 0.75, name, **BOLD)
    axes.text(1.9, 0.35, "C is right", **{**SMALL, "fontsize": 11.5})


def walk(axes, y, names, what, end, colour):
    """A row of attempts, one after the other."""
    left = {**SMALL, "ha": "left", "fontsize": 12}
    axes.text(4.3, y + 0.95, what, **left)
    for i, name in enumerate(names):
        x = 4.3 + 0.95 * i
        frame(axes, x, y, 0.65, 0.65, COLOURS[name], 0.08)
        axes.text(x + 0.325, y + 0.325, name, **BOLD)
        arrow(axes, (x + 0.67, y + 0.325), (x + 0.93, y + 0.325), INK, linewidth=1.2)
    x = 4.3 + 0.95 * len(names) + 0.1
    axes.text(x, y + 0.325, end, **{**left, "color": colour, "fontweight": "bold"})


def draw(axes):
    bars(axes)
    sampled = "sampled: another attempt may come up each time"
    walk(axes, 2.35, "AABAC", sampled, "answer", GREEN)
    greedy = "greedy: the likeliest is the same one again"
    walk(axes, 0.55, "AAAAAA", greedy, "... until no room is left", BLUE)


if __name__ == "__main__":
    sheet("15_greedy.png", 13.2, 3.9, draw, bottom=0.1)
