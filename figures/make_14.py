"""Draw the road map of chapter 14: python -m figures.make_14"""

from figures.sketch import INK, SMALL, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE, PURPLE

WIDE = 2.85
LANES = (  # height, colour, section, and what happens at three stations
    (
        5.0,
        ORANGE,
        "3",
        ("texts", "the teacher writes"),
        ("filter", "right and readable"),
        ("copy", "the token that was written"),
    ),
    (
        3.35,
        BLUE,
        "6",
        ("probabilities", "on the teacher's texts"),
        ("the teacher reads", "each next token: p"),
        ("fit the whole row", "forward KL"),
    ),
    (
        1.7,
        PURPLE,
        "7",
        ("on-policy", "the student writes"),
        ("the teacher reads", "each next token: p"),
        ("fit the whole row", "reverse KL"),
    ),
)


def draw(axes):
    """Teacher left, student right, three lanes between them, the bill below."""
    lines = ("R1", "the teacher,", "made in chapters", "09 to 13")
    box(axes, 0.2, 2.8, 1.9, 2.2, GREY, lines, "2")
    lines = ("student", "small, with a", "base of its own")
    box(axes, 12.9, 2.8, 1.8, 2.2, GREEN, lines, "4")
    for y, colour, section, *stations in LANES:
        for i, station in enumerate(stations):
            x = 2.8 + 3.3 * i
            box(axes, x, y, WIDE, 1.05, colour, station, "" if i else section)
            if i:
                arrow(axes, (x - 0.45, y + 0.52), (x - 0.04, y + 0.52), colour)
        middle = y + 0.52
        toward = {5.0: 4.6, 3.35: 3.87, 1.7: 3.2}[y]
        enters = (7.3, 2.79) if section == "7" else (2.76, middle)
        arrow(axes, (2.1, toward), enters, colour)
        arrow(axes, (12.25, middle), (12.86, toward), colour)
    arrow(axes, (13.8, 2.8), (4.3, 1.66), PURPLE, "--", bend=-0.33)
    look = {"facecolor": "#ffffff", "edgecolor": INK, "boxstyle": "round,pad=0.4"}
    text = "5: one bill for all: tokens written, read and trained on, in FLOPs"
    axes.text(7.4, -0.15, text, bbox=look, **{**SMALL, "fontsize": 12})


if __name__ == "__main__":
    sheet("14_distillation.png", 14.9, 6.25, draw, bottom=-0.55)
