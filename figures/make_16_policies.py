"""Draw the three policies of an old sampler: python -m figures.make_16_policies"""

from figures.sketch import CENTRE, SMALL, arrow, box, sheet
from r1lib.plots import BLUE, GREY, INK, ORANGE

WIDE, LINE = 2.3, 1.55  # of a box; the height of the time line
POLICIES = (  # (name, when, x of its place in time, colour)
    ("sampler", "step t - 8", 1.5, ORANGE),
    ("old", "start of step t", 7.8, GREY),
    ("new", "inside step t", 10.8, BLUE),
)
SEEN = (  # (between which two, what sees the gap, its ratio, colour)
    (0, 1, "TIS sees this", "old / sampler", ORANGE),
    (1, 2, "the clip sees this", "new / old", BLUE),
)


def steps(axes):
    """The line of time: a mark for each step, and the policies under it."""
    arrow(axes, (0.3, LINE), (12.6, LINE))
    axes.text(12.2, LINE - 0.3, "time", **SMALL)
    first, last = POLICIES[0][2], POLICIES[1][2]
    for i in range(9):
        x = first + (last - first) * i / 8
        axes.plot([x, x], [LINE - 0.09, LINE + 0.09], color=INK, linewidth=1.6)
    for name, when, x, colour in POLICIES:
        axes.plot([x], [LINE], "o", color=colour, markersize=10)
        box(axes, x - WIDE / 2, 0.35, WIDE, 0.8, colour, (name, when))


def brackets(axes):
    """What each repair compares."""
    for one, other, name, ratio, colour in SEEN:
        left, right = POLICIES[one][2] + 0.1, POLICIES[other][2] - 0.1
        y = LINE + 0.45
        corners = [left, left, right, right], [y - 0.18, y, y, y - 0.18]
        axes.plot(*corners, color=colour, linewidth=2.2)
        middle = {**CENTRE, "fontsize": 12}
        spot = (left + right) / 2
        axes.text(spot, y + 0.55, name, fontweight="bold", **middle)
        axes.text(spot, y + 0.24, ratio, **SMALL)


if __name__ == "__main__":
    sheet("16_policies.png", 13.0, 2.9, steps, brackets, bottom=0.15)
