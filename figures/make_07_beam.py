"""Draw beam search on the toy of chapter 07: python -m figures.make_07_beam

Two widths, four next steps each time. The texts and values are those of the chapter.
"""

from figures.sketch import SMALL, arrow, box, sheet
from r1lib.plots import GREEN, GREY, INK, ORANGE

FIRST = (("8+7=15", 0.6), ("8-3=5", 0.5), ("8*3=24", 0.3), ("7-3=4", 0.2))
SECOND = {  # width -> answers: text, value, the first step that it goes on from
    1: (("8+7+3", 0.1, 0), ("(8+7)*3", 0.2, 0), ("8+7-3", 0.1, 0), ("(8+7)/3", 0.1, 0)),
    2: (("8+7+3", 0.1, 0), ("(8+7)*3", 0.2, 0), ("8-3+7", 0.1, 1), ("(8-3)*7", 0.9, 1)),
}
WIDE, TALL = 2.1, 0.68


def search(axes, width: int, left: float):
    """One search: the question, four first steps, four answers."""
    title = f"width {width}: " + ("one path goes on", "two paths go on")[width - 1]
    axes.text(left + 3.6, 5.0, title, **{**SMALL, "fontweight": "bold"})
    box(axes, left, 2.1, 1.35, TALL, GREY, ("3, 7, 8", "make 35"))
    best = max(SECOND[width], key=lambda answer: answer[1])
    for row, (text, value) in enumerate(FIRST):
        kept, y = row < width, height(row)
        ends = ((left + 1.35, 2.1 + TALL / 2), (left + 2.02, y + TALL / 2))
        arrow(axes, *ends, INK if kept else GREY, "-" if kept else "--")
        colour = GREEN if kept else GREY
        box(axes, left + 2.05, y, WIDE, TALL, colour, (text, f"value {value}"))
    for row, answer in enumerate(SECOND[width]):
        text, value, parent = answer
        start = (left + 2.05 + WIDE, height(parent) + TALL / 2)
        arrow(axes, start, (left + 5.07, height(row) + TALL / 2), INK)
        colour = ORANGE if answer == best else GREY
        box(axes, left + 5.1, height(row), WIDE, TALL, colour, (text, f"value {value}"))


def height(row: int) -> float:
    """The lower edge of a row, from top to bottom."""
    return 3.85 - 1.15 * row


def both(axes):
    """The two searches side by side."""
    search(axes, 1, 0.2)
    search(axes, 2, 8.2)


if __name__ == "__main__":
    sheet("07_beam.png", 15.6, 5.3, both)
