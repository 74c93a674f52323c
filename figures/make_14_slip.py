"""Draw a slip, and who has a lesson for what follows it: figures.make_14_slip"""

from figures.sketch import CENTRE, SMALL, arrow, frame, sheet
from r1lib.plots import GREEN, GREY, INK, ORANGE, PURPLE

TRACE = ("20", "+", "15", "=", "35", ",+", "1", "=", "36")
STUDENT = ("20", "+", "15", "=", "37", ",+", "1", "=", "39")
OBJECTIONS = {4: "35!", 8: "38!"}  # what the teacher would have written
SLIP, WIDE, LEFT = 4, 0.92, 3.6


def tokens(axes, y, texts, colours):
    """A row of tokens from left to right."""
    for i, (text, colour) in enumerate(zip(texts, colours, strict=True)):
        x = LEFT + 1.12 * i
        frame(axes, x, y, WIDE, 0.7, colour, 0.08)
        axes.text(x + WIDE / 2, y + 0.35, text, **{**SMALL, "fontsize": 13})


def draw(axes):
    """The teacher's trace, the student's own text, and what the teacher says to it."""
    left = {**CENTRE, "ha": "left", "fontsize": 12}
    axes.text(0.3, 4.55, "a trace of the teacher", **left)
    tokens(axes, 4.2, TRACE, [ORANGE] * 9)
    axes.text(0.3, 2.55, "the student's own text", **left)
    tokens(axes, 2.2, STUDENT, [GREY] * SLIP + [PURPLE] * (9 - SLIP))
    x = LEFT + 1.12 * SLIP + WIDE / 2
    arrow(axes, (x - 0.9, 4.15), (x - 0.1, 2.95), PURPLE, "--")
    axes.text(x - 1.35, 3.52, "a slip", **{**SMALL, "fontsize": 12})
    text = "from here on no trace shows what to do"
    axes.text(x + 2.6, 3.52, text, **{**SMALL, "fontsize": 12})
    axes.text(0.3, 0.95, "the teacher reads it", **left)
    for i in range(9):
        here = LEFT + 1.12 * i + WIDE / 2
        wrong = i in OBJECTIONS
        colour = ORANGE if wrong else GREEN
        arrow(axes, (here, 1.3), (here, 2.12), colour)
        said = OBJECTIONS.get(i, "fine")
        look = {**SMALL, "fontsize": 12, "fontweight": "bold" if wrong else "normal"}
        axes.text(here, 0.95, said, **look)
    text = "no trace goes on from this slip; the teacher does: after 37 + 1 = it has 38"
    axes.text(LEFT + 5.0, 0.4, text, **{**SMALL, "color": INK, "fontsize": 11})


if __name__ == "__main__":
    sheet("14_slip.png", 14.0, 5.2, draw)
