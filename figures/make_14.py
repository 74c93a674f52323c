"""Draw the road map of chapter 14: python -m figures.make_14"""

from figures.sketch import INK, SMALL, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE, PURPLE

WIDE = 2.75
LANES = (  # height, colour, section, and what happens at three stations
    (
        5.3,
        ORANGE,
        "3",
        ("texts", "the teacher writes"),
        ("a filter", "right and readable"),
        ("copy", "one token at a time"),
    ),
    (
        3.65,
        BLUE,
        "6",
        ("distributions", "on the same texts"),
        ("chances", "of every next word"),
        ("fit", "forward or reverse KL"),
    ),
    (
        2.0,
        PURPLE,
        "7",
        ("its own texts", "the student writes"),
        ("corrected", "by the teacher, token by token"),
        ("fit", "where it gets itself"),
    ),
)


def draw(axes):
    """Teacher left, student right, three lanes between them, the bill below."""
    lines = ("R1", "the teacher", "large")
    box(axes, 0.2, 3.1, 1.6, 2.2, GREY, lines, "2")
    lines = ("student", "small, with a", "base of its own")
    box(axes, 12.3, 3.1, 1.8, 2.2, GREEN, lines, "4")
    for y, colour, section, *stations in LANES:
        for i, station in enumerate(stations):
            x = 2.5 + 3.2 * i
            box(axes, x, y, WIDE, 1.05, colour, station, "" if i else section)
            if i:
                arrow(axes, (x - 0.45, y + 0.52), (x - 0.04, y + 0.52), colour)
        middle = y + 0.52
        toward = {5.3: 4.9, 3.65: 4.17, 2.0: 3.5}[y]
        enters = (6.9, 3.09) if section == "7" else (2.46, middle)
        arrow(axes, (1.8, toward), enters, colour)
        arrow(axes, (11.65, middle), (12.26, toward), colour)
    arrow(axes, (13.2, 3.1), (3.9, 1.96), PURPLE, "--", bend=-0.33)
    look = {"facecolor": "#ffffff", "edgecolor": INK, "boxstyle": "round,pad=0.4"}
    text = "5: one bill for all: tokens written, read and trained on, in FLOPs"
    axes.text(7.1, -0.05, text, bbox=look, **{**SMALL, "fontsize": 12})


if __name__ == "__main__":
    sheet("14_distillation.png", 14.3, 6.7, draw, bottom=-0.4)
