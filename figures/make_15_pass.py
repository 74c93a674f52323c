"""Draw how choices of samples are counted: python -m figures.make_15_pass"""

from figures.sketch import CENTRE, SMALL, frame, sheet
from r1lib.plots import GREEN, GREY, ORANGE

RIGHT = (2, 5)  # of the samples 1 to 8
CHOICES = ((1, 2, 6, 8), (2, 3, 4, 5), (1, 3, 6, 7))
BOLD = {**CENTRE, "fontsize": 12, "fontweight": "bold"}


def tile(axes, x, y, number):
    colour = GREEN if number in RIGHT else GREY
    frame(axes, x, y, 0.62, 0.62, colour, 0.06)
    axes.text(x + 0.31, y + 0.31, str(number), **BOLD)


def draw(axes):
    """Eight samples on top; below, three of the 70 ways to choose four of them."""
    left = {**SMALL, "ha": "left", "fontsize": 12}
    axes.text(0.3, 3.75, "n = 8 samples, c = 2 are right (green)", **left)
    for number in range(1, 9):
        tile(axes, 0.3 + 0.75 * (number - 1), 2.85, number)
    axes.text(0.3, 2.4, "choose k = 4 of them: 70 ways, such as", **left)
    for j, choice in enumerate(CHOICES):
        x = 0.3 + 3.75 * j
        for i, number in enumerate(choice):
            tile(axes, x + 0.72 * i, 1.45, number)
        holds = any(number in RIGHT for number in choice)
        look = {**BOLD, "color": GREEN if holds else ORANGE}
        axes.text(x + 1.4, 1.1, "holds a right one" if holds else "only wrong", **look)
    text = "15 of the 70 hold only wrong ones: pass@4 = 1 - 15/70 = 0.79"
    axes.text(0.3, 0.5, text, **{**left, "fontsize": 13})


if __name__ == "__main__":
    sheet("15_pass.png", 11.8, 4.1, draw, bottom=0.2)
