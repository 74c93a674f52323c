"""Draw one loop and its four uses in chapter 12: python -m figures.make_12_uses"""

from figures.sketch import CENTRE, SMALL, arrow, box, frame, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE, PURPLE

USES = (  # colour, what is done, its names
    (GREY, "show it to the user", "best-of-N (ch. 07)"),
    (ORANGE, "train the author; sample again", "expert iteration"),
    (PURPLE, "train the first model; sample again", "STaR"),
    (BLUE, "train another model, once", "RFT, as for Dev3; distillation (ch. 14)"),
)
STEPS = (  # x, colour, lines
    (0.3, ORANGE, ("sample", "k answers", "to each prompt")),
    (2.75, GREY, ("check", "right?", "readable?")),
    (5.2, GREEN, ("keep", "the good ones")),
)
TOP, RIGHT = 3.75, 14.6  # of the first use, and of all
BACK = (  # which use goes back to sampling: its number, x and y of its way, a start
    (1, 14.85, 5.0, "again, with the better author", 3.03),
    (2, 15.1, -0.05, "again; each training starts from the first model", 1.67),
)


def loop(axes):
    """Three boxes from left to right."""
    for x, colour, lines in STEPS:
        box(axes, x, 1.7, 1.9, 1.3, colour, lines)
    for x in (2.2, 4.65):
        arrow(axes, (x, 2.35), (x + 0.51, 2.35))


def uses(axes):
    """A row for each use, with the name that the field gives it."""
    for i, (colour, what, name) in enumerate(USES):
        y = TOP - 1.15 * i
        frame(axes, 8.4, y, RIGHT - 8.4, 0.9, colour, 0.1)
        left = {**CENTRE, "ha": "left"}
        axes.text(8.65, y + 0.6, what, fontsize=11.5, **left)
        look = {"fontsize": 11.5, "fontweight": "bold"}
        axes.text(8.65, y + 0.27, name, **look, **left)
        arrow(axes, (7.1, 2.35), (8.36, y + 0.45), colour)
    axes.text(3.7, 1.2, "rejection sampling", **{**SMALL, "fontsize": 12.5})


def again(axes):
    """The two uses that repeat: from their right side around to the first box."""
    for i, x, y, what, end in BACK:
        colour, start, first = USES[i][0], TOP - 1.15 * i + 0.45, 1.25
        way = (RIGHT, x, x, first), (start, start, y, y)
        axes.plot(*way, color=colour, linewidth=1.8)
        arrow(axes, (first, y), (first, end), colour)
        axes.text(4.6, y + 0.22, what, **{**SMALL, "fontsize": 11.5})


if __name__ == "__main__":
    sheet("12_uses.png", 15.3, 5.45, loop, uses, again, bottom=-0.25)
