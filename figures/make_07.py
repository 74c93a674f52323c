"""Draw the map of chapter 07: python -m figures.make_07"""

from figures.sketch import SMALL, arrow, box, sheet
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
    """On the left: the policy and the scorer, and the account between them."""
    box(axes, 0.3, 3.7, 2.5, 1.1, PURPLE, ("policy", "writes: ask"), "1")
    box(axes, 0.3, 2.0, 2.5, 1.1, PURPLE, ("scorer", "judges: score"), "3")
    box(axes, 0.3, 0.3, 2.5, 1.1, GREY, ("ledger", "counts all tokens"), "5")
    text = "a process reward model is a scorer of steps: section 6"
    axes.text(0.3, 5.15, text, **{**SMALL, "ha": "left", "style": "italic"})


def ways(axes):
    """In the middle: nine ways to spend tokens, in three rows."""
    for i, (colour, title, cells) in enumerate(ROWS):
        y = 3.55 - 1.7 * i
        axes.text(4.2, y + 1.22, title, **{**SMALL, "ha": "left"})
        for j, (name, line, section) in enumerate(cells):
            box(axes, 4.2 + 2.75 * j, y, 2.5, 1.0, colour, (name, line), section)
        arrow(axes, (2.85, 2.55), (4.1, y + 0.5), INK)


def result(axes):
    """On the right: one answer, and what it cost."""
    box(axes, 13.6, 1.9, 2.1, 1.3, GREY, ("one answer", "and the tokens", "it took"))
    for i in range(3):
        arrow(axes, (12.25, 4.05 - 1.7 * i), (13.54, 2.55), INK)


if __name__ == "__main__":
    sheet("07_map.png", 16.0, 5.5, start, ways, result)
