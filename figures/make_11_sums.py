"""Draw what a weight does to the order of rewards: python -m figures.make_11_sums"""

from figures.sketch import CENTRE, SMALL, arrow, sheet
from r1lib.plots import GREEN, GREY, INK, ORANGE
from r1lib.rewards import FORMAT_WEIGHT

TEXTS = (  # name, right, well-formed, share of words in the question's language
    ("right, clean", 1, 1, 1.0, GREEN),
    ("right, mixed", 1, 1, 0.5, GREEN),
    ("right, other language", 1, 1, 0.0, GREEN),
    ("right, no thinking", 1, 0, 0.0, GREEN),
    ("wrong, clean", 0, 1, 1.0, ORANGE),
)
WEIGHTS = (0.6, 3.0)
WIDE, LEFT = 2.3, 3.9  # of a unit of reward; where 0 is


def line(axes, y, weight):
    """One number line of rewards, with a mark and a name for each kind of text."""
    arrow(axes, (LEFT, y), (LEFT + 4.55 * WIDE, y), GREY)
    axes.text(1.5, y, f"language weighs {weight:g}", fontsize=13, **CENTRE)
    for tick in range(5):
        axes.text(LEFT + tick * WIDE, y - 0.3, str(tick), **SMALL)
    sums = [
        (right + FORMAT_WEIGHT * formed + weight * share, name, colour)
        for name, right, formed, share, colour in TEXTS
    ]
    for i, (total, name, colour) in enumerate(sorted(sums)):
        step = i if total <= 1 else len(sums) - 1 - i  # no name crosses a line
        x, height = LEFT + total * WIDE, 0.45 + 0.42 * step
        axes.plot([x, x], [y, y + height - 0.14], color=colour, linewidth=1.2)
        axes.plot([x], [y], "o", color=colour, markersize=9)
        side = "right" if total <= 1 else "left"  # two marks lie close together
        words = {**SMALL, "ha": side, "color": colour if colour == ORANGE else INK}
        axes.text(x, y + height, f" {name} {total:.1f} ", **words)


def both(axes):
    """The gentle weight above, the recipe's below."""
    for y, weight in zip((3.0, 0.6), WEIGHTS, strict=True):
        line(axes, y, weight)


if __name__ == "__main__":
    sheet("11_sums.png", 14.8, 4.8, both)
