"""Draw the map of chapter 07: python -m figures.make_07"""

from figures.sketch import SMALL, arrow, box, frame, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE, PURPLE

ROWS = (  # colour, title, (ways with their sections)
    (
        BLUE,
        "whole answers, side by side",
        (
            ("vote", "the most frequent", "2"),
            ("best of n", "the highest score", "3"),
            ("weighted vote", "the highest sum", "4"),
        ),
    ),
    (
        GREEN,
        "step by step",
        (
            ("beam", "the best paths go on", "7"),
            ("lookahead", "one step further", "7"),
            ("tree search", "where results are good", "8"),
        ),
    ),
    (
        ORANGE,
        "one answer, changed",
        (
            ("budget forcing", "stop, or go on", "9"),
            ("refine", "answer again", "9"),
            ("calculator", "a tool does the sums", "9"),
        ),
    ),
)


def start(axes):
    """On the left, in one frame: the parts that the ways share."""
    frame(axes, 0.15, 0.1, 3.2, 5.0, GREY, 0.12, facecolor="white", linewidth=1.2)
    axes.text(1.75, 4.82, "three parts, shared", **SMALL)
    lines = ("scorer", "judges answers: 3", "or steps: 6")
    box(axes, 0.5, 3.4, 2.5, 1.1, PURPLE, ("policy", "writes"), "1")
    box(axes, 0.5, 1.9, 2.5, 1.1, PURPLE, lines, "3")
    box(axes, 0.5, 0.4, 2.5, 1.1, GREY, ("ledger", "counts all tokens"), "5")


def ways(axes):
    """In the middle: nine ways to spend tokens, in three rows."""
    for i, (colour, title, cells) in enumerate(ROWS):
        y = 3.55 - 1.7 * i
        axes.text(4.5, y + 1.22, title, **{**SMALL, "ha": "left"})
        for j, (name, line, section) in enumerate(cells):
            box(axes, 4.5 + 2.75 * j, y, 2.5, 1.0, colour, (name, line), section)
        arrow(axes, (3.37, y + 0.5), (4.4, y + 0.5), INK)


def result(axes):
    """On the right: one answer, and what it cost."""
    box(axes, 13.75, 1.9, 2.1, 1.3, GREY, ("one answer", "and the tokens", "it took"))
    for i in range(3):
        arrow(axes, (12.55, 4.05 - 1.7 * i), (13.7, 2.55), INK)


if __name__ == "__main__":
    sheet("07_map.png", 16.0, 5.3, start, ways, result)
