"""Draw how asking in both orders cancels a lean: python -m figures.make_13_orders"""

from figures.sketch import CENTRE, SMALL, arrow, frame, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE

ROWS = (  # height, first, second, what the judge's lean does to a, what is left
    (3.3, ("A", BLUE), ("B", ORANGE), "A better than B,  + lean to the first"),
    (1.5, ("B", ORANGE), ("A", BLUE), "A better than B,  - lean to the first"),
)


def question(axes, y, first, second, said):
    """Two answers in the order in which the judge sees them, and what it adds."""
    for x, (name, colour), place in ((0.4, first, "first"), (2.1, second, "second")):
        frame(axes, x, y, 1.4, 0.9, colour, 0.1)
        look = {**CENTRE, "fontsize": 14, "fontweight": "bold"}
        axes.text(x + 0.7, y + 0.55, f"answer {name}", **{**look, "fontsize": 11.5})
        axes.text(x + 0.7, y + 0.24, place, **SMALL)
    arrow(axes, (3.6, y + 0.45), (4.5, y + 0.45), GREY)
    frame(axes, 4.55, y, 4.3, 0.9, GREY, 0.1)
    axes.text(6.7, y + 0.45, said, **{**CENTRE, "fontsize": 11.5})


def draw(axes):
    """Two questions, and their mean."""
    for row in ROWS:
        question(axes, *row)
        arrow(axes, (8.9, row[0] + 0.45), (9.9, 2.9 if row[0] > 2 else 2.65), GREEN)
    frame(axes, 9.95, 2.25, 3.2, 1.05, GREEN, 0.1)
    look = {**CENTRE, "fontsize": 11.5}
    axes.text(11.55, 2.95, "the mean:", **{**look, "fontweight": "bold"})
    axes.text(11.55, 2.6, "A better than B", **look)


if __name__ == "__main__":
    sheet("13_orders.png", 13.5, 4.6, draw, bottom=1.1)
