"""Draw a beam search of width 2: python -m figures.make_07_beam"""

from figures.sketch import SMALL, arrow, box, sheet
from r1lib.plots import GREEN, GREY, INK, ORANGE

COLUMNS = (  # steps of a column from top to bottom: text, value, parent, kept
    (("8+7=15", 0.2, 0, False), ("8-3=5", 0.8, 0, True),
     ("8*3=24", 0.5, 0, True), ("7-3=4", 0.1, 0, False)),
    (("5*7=35", 0.9, 1, True), ("5+7=12", 0.3, 1, False),
     ("24+7=31", 0.4, 2, True), ("24-7=17", 0.2, 2, False)),
    (("answer (8-3)*7", 0.95, 0, True), ("answer 8-3*7", 0.2, 0, False),
     ("answer 8*3+7", 0.3, 2, True), ("answer 8+3*7", 0.1, 2, False)),
)  # fmt: skip
WIDE, TALL = 2.9, 0.8


def place(column: int, row: int) -> tuple[float, float]:
    """The lower left corner of a step."""
    return 2.7 + 4.0 * column, 4.1 - 1.25 * row


def beam(axes):
    """Three steps: four paths are written, two are kept."""
    box(axes, 0.3, 2.25, 1.5, TALL, GREY, ("question",))
    for column, steps in enumerate(COLUMNS):
        for row, (text, value, parent, kept) in enumerate(steps):
            x, y = place(column, row)
            u, v = (1.8, 2.65)
            if column:
                u, v = place(column - 1, parent)
                u, v = u + WIDE, v + TALL / 2
            line = "-" if kept else "--"
            arrow(axes, (u, v), (x - 0.04, y + TALL / 2), INK if kept else GREY, line)
            colour = GREEN if kept else GREY
            if kept and column == 2 and row == 0:
                colour = ORANGE
            box(axes, x, y, WIDE, TALL, colour, (text, f"value {value}"))
    for column, text in enumerate(("first step", "second step", "answer")):
        axes.text(place(column, 0)[0] + WIDE / 2, 5.25, text, **SMALL)


if __name__ == "__main__":
    sheet("07_beam.png", 14.0, 5.6, beam)
