"""Draw the road map of chapter 10: python -m figures.make_10 -> figures/10_cold.png"""

from figures.sketch import SMALL, arrow, box, card, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE, PURPLE

SOURCES = (  # title, one line, colour
    ("R1-Zero", "its own samples", ORANGE),
    ("begun", "the base after <think>", BLUE),
    ("reflect", "the base, held by the hand", BLUE),
    ("person", "general requests", GREEN),
)


def sources(axes):
    """On the left: who writes the traces."""
    for i, (title, line, colour) in enumerate(SOURCES):
        y = 4.75 - 1.1 * i
        box(axes, 0.3, y, 2.9, 0.85, colour, (title, line), "3" if not i else "")
        arrow(axes, (3.2, y + 0.42), (3.96, 3.55), GREY)


def table(axes):
    """In the middle: keep, rewrite, check, and the table."""
    lines = ("right, finished,", "can be read")
    card(axes, 4.0, 2.85, 2.0, 1.4, GREY, "keep", lines, "5")
    lines = ("8-3=5 ... yes", "... yes the target")
    card(axes, 6.6, 2.85, 2.1, 1.4, PURPLE, "rewrite", lines, "4")
    card(axes, 9.3, 2.85, 1.8, 1.4, GREY, "check", ("one language", "unique"), "5")
    box(axes, 11.7, 2.85, 1.5, 1.4, GREEN, ("table", "thousands", "of rows"), "5")
    for start, end in ((6.0, 6.56), (8.7, 9.26), (11.1, 11.66)):
        arrow(axes, (start, 3.55), (end, 3.55))


def tuning(axes):
    """Below: fine-tuning begins with the base, not with Zero."""
    box(axes, 4.3, 0.5, 1.9, 1.0, GREY, ("base", "weights"))
    card(axes, 7.6, 0.4, 2.8, 1.2, BLUE, "fine-tuning", ("loss on completions",), "6")
    box(axes, 11.7, 0.5, 1.5, 1.0, ORANGE, ("Dev1", "readable"), "8")
    arrow(axes, (6.2, 1.0), (7.56, 1.0))
    arrow(axes, (10.4, 1.0), (11.66, 1.0))
    arrow(axes, (12.0, 2.81), (9.9, 1.64), GREEN, bend=-0.12)
    text = "Zero gives traces, never weights"
    axes.text(8.6, 5.1, text, style="italic", **{**SMALL, "fontsize": 12.5})


if __name__ == "__main__":
    sheet("10_cold.png", 13.5, 6.0, sources, table, tuning)
