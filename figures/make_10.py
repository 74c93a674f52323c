"""Draw the road of a trace in chapter 10: python -m figures.make_10 -> 10_cold.png"""

from figures.sketch import SMALL, arrow, box, card, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE, PURPLE

SOURCES = (  # title, one line, colour
    ("R1-Zero", "its own samples", ORANGE),
    ("base, begun", "<think> is written for it", BLUE),
    ("base, steered", "must reflect until a yes", BLUE),
    ("person", "answers general requests", GREEN),
)


def sources(axes):
    """On the left: who writes the traces."""
    for i, (title, line, colour) in enumerate(SOURCES):
        y = 4.75 - 1.1 * i
        box(axes, 0.3, y, 2.9, 0.85, colour, (title, line), "3" if not i else "")
        arrow(axes, (3.2, y + 0.42), (3.96, 3.9 - 0.2 * i), GREY)


def table(axes):
    """In the middle: keep, rewrite, check, and the table."""
    lines = ("right,", "finished,", "can be read")
    card(axes, 4.0, 2.75, 2.0, 1.7, GREY, "keep", lines, "5")
    lines = ("says it once,", "in one language,", "a word more")
    card(axes, 6.6, 2.75, 2.1, 1.7, PURPLE, "rewrite", lines, "4")
    lines = ("right still,", "one language,", "unique")
    card(axes, 9.3, 2.75, 1.8, 1.7, GREY, "check", lines, "5")
    box(axes, 11.7, 2.9, 1.6, 1.4, GREEN, ("cold start", "a small table", "of texts"))
    for start, end in ((6.0, 6.56), (8.7, 9.26), (11.1, 11.66)):
        arrow(axes, (start, 3.6), (end, 3.6))


def tuning(axes):
    """Below: fine-tuning begins with the base, not with Zero."""
    box(axes, 5.6, 0.4, 1.9, 1.0, GREY, ("base", "weights"))
    card(axes, 8.3, 0.3, 2.7, 1.2, BLUE, "fine-tuning", ("loss on completions",), "6")
    box(axes, 11.7, 0.4, 1.6, 1.0, ORANGE, ("Dev1", "readable"), "8")
    arrow(axes, (7.5, 0.9), (8.26, 0.9))
    arrow(axes, (11.0, 0.9), (11.66, 0.9))
    arrow(axes, (12.3, 2.86), (10.6, 1.54), INK, bend=-0.12)
    text = "what a person wrote is kept as it is"
    axes.text(7.65, 2.45, text, style="italic", **SMALL)
    text = "R1-Zero gives texts, never weights"
    axes.text(8.6, 5.1, text, style="italic", **{**SMALL, "fontsize": 12.5})


if __name__ == "__main__":
    sheet("10_cold.png", 13.6, 6.0, sources, table, tuning)
