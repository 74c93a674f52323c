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


def loop(axes):
    """Three boxes from left to right."""
    for x, colour, lines in STEPS:
        box(axes, x, 1.7, 1.9, 1.3, colour, lines)
    for x in (2.2, 4.65):
        arrow(axes, (x, 2.35), (x + 0.51, 2.35))


def uses(axes):
    """A row for each use, with the name that the field gives it."""
    for i, (colour, what, name) in enumerate(USES):
        y = 3.75 - 1.15 * i
        frame(axes, 8.4, y, 6.2, 0.9, colour, 0.1)
        left = {**CENTRE, "ha": "left"}
        axes.text(8.65, y + 0.6, what, fontsize=11.5, **left)
        look = {"fontsize": 11.5, "fontweight": "bold"}
        axes.text(8.65, y + 0.27, name, **look, **left)
        arrow(axes, (7.1, 2.35), (8.36, y + 0.45), colour)
    axes.text(3.7, 1.2, "rejection sampling", **{**SMALL, "fontsize": 12.5})


if __name__ == "__main__":
    sheet("12_uses.png", 14.9, 5.0, loop, uses)
