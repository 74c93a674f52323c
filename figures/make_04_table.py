"""Draw the table of experts: python -m figures.make_04_table -> 04_table.png"""

from figures.sketch import CENTRE, SMALL, arrow, frame, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE

CHOICES = (1, 0, 1, 2, 1)  # the expert of each token
COLOURS = (GREEN, ORANGE, BLUE)
WIDTH, HEIGHT = 1.0, 0.5


def tile(axes, x, y, text, colour, **kind):
    """One row of numbers, named by its token."""
    frame(axes, x, y, WIDTH, HEIGHT, colour, 0.06, **kind)
    axes.text(x + WIDTH / 2, y + HEIGHT / 2, text, fontsize=11, **CENTRE)


def column(axes, x, tokens, title):
    """Five tokens below one another, in the colour of their expert."""
    axes.text(x + WIDTH / 2, 4.25, title, fontsize=12, fontweight="bold", **CENTRE)
    for row, token in enumerate(tokens):
        y = 3.3 - 0.68 * row
        tile(axes, x, y, f"token {token}", COLOURS[CHOICES[token]])
        spot = (x + WIDTH + 0.55, y + HEIGHT / 2)
        axes.text(*spot, f"expert {CHOICES[token]}", **SMALL)


def draw(axes):
    """Tokens as they come, sorted into slices, and laid into the table."""
    order = sorted(range(5), key=lambda token: CHOICES[token])
    column(axes, 0.4, range(5), "as they come")
    arrow(axes, (2.75, 2.2), (3.6, 2.2))
    column(axes, 3.9, order, "sorted: slices")
    arrow(axes, (6.25, 2.2), (7.1, 2.2))
    spot = (9.85, 4.25)
    axes.text(*spot, "table: 3 experts, 3 places each", fontweight="bold", **SMALL)
    for expert, colour in enumerate(COLOURS):
        y = 3.0 - 0.85 * expert
        axes.text(7.75, y + HEIGHT / 2, f"expert {expert}", **SMALL)
        mine = [token for token in order if CHOICES[token] == expert]
        for place in range(3):
            x = 8.4 + 1.2 * place
            if place < len(mine):
                tile(axes, x, y, f"token {mine[place]}", colour)
            else:
                tile(axes, x, y, "empty", GREY, linestyle=":")
    text = "as many places as the busiest expert needs; 4 of 9 are empty"
    axes.text(9.85, 0.75, text, style="italic", **SMALL)


if __name__ == "__main__":
    sheet("04_table.png", 13, 4.7, draw)
