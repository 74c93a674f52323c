"""Draw the rewards of right and wrong answers: python -m figures.make_06_margin"""

from figures.sketch import SMALL, arrow, frame, sheet
from r1lib.plots import GREEN, INK, ORANGE

START, UNIT = 3.4, 2.6  # where 0 is, and how long 1 is
ROWS = (  # name, ranges of wrong and of right answers
    ("form and language\nweigh 0.1 each", (0.0, 0.2), (1.0, 1.2)),
    ("all three parts\nweigh 1", (0.0, 2.0), (1.0, 3.0)),
)


def place(value):
    return START + UNIT * value


def draw(axes):
    """Two mixtures over one axis: ranges that are apart, and ranges that overlap."""
    for i, (name, wrong, right) in enumerate(ROWS):
        y = 3.1 - 1.65 * i
        left = {**SMALL, "ha": "left", "fontsize": 12}
        axes.text(0.25, y + 0.5, name, **left)
        for (low, high), colour, what, up in (
            (wrong, ORANGE, "wrong", 0.0),
            (right, GREEN, "right", 0.55),
        ):
            wide = UNIT * (high - low)
            frame(axes, place(low), y + up, wide, 0.45, colour, 0.05)
            spot = (place(high) + 0.12, y + up + 0.22)
            axes.text(*spot, what, **{**left, "fontweight": "bold"})
    both = {"arrowstyle": "<|-|>", "linewidth": 1.2, "shrinkB": 0}
    arrow(axes, (place(0.2) + 0.03, 3.6), (place(1.0) - 0.03, 3.6), INK, **both)
    axes.text(place(0.6), 3.8, "gap", **{**SMALL, "fontsize": 11.5})
    axes.plot([place(0), place(3.1)], [1.1, 1.1], color=INK, linewidth=1.2)
    for value in (0, 1, 2, 3):
        axes.plot([place(value)] * 2, [1.03, 1.17], color=INK, linewidth=1.2)
        axes.text(place(value), 0.82, str(value), **{**SMALL, "fontsize": 12})
    axes.text(place(1.5), 0.5, "reward", **{**SMALL, "fontsize": 12})


if __name__ == "__main__":
    sheet("06_margin.png", 12.2, 4.4, draw, bottom=0.25)
