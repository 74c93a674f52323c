"""Draw the road map of chapter 05: python -m figures.make_05"""

from matplotlib.patches import Rectangle

from figures.sketch import PALE, SMALL, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE, PAPER, PURPLE

ROWS = ((6.2, GREEN), (7.1, ORANGE), (8.0, BLUE))


def rows_of_a_batch(axes, x, y):
    """Three documents of similar length, a row each, padding hatched."""
    for r, (size, colour) in enumerate(ROWS):
        spot, width = (x, y - 0.33 * r), 0.26 * size
        kind = {"facecolor": PALE[colour], "edgecolor": colour, "linewidth": 1.4}
        axes.add_patch(Rectangle(spot, width, 0.24, **kind))
        rest = {"facecolor": GREY, "edgecolor": PAPER, "hatch": "////", "alpha": 0.5}
        spot = (x + width, spot[1])
        axes.add_patch(Rectangle(spot, 2.08 - width, 0.24, linewidth=0, **rest))


def plan(axes, x, y):
    """The learning rate: up, flat, down."""
    steps, rates = (0, 0.25, 1.5, 2.2), (0, 0.55, 0.55, 0)
    places = [x + s for s in steps], [y + r for r in rates]
    axes.plot(*places, color=PURPLE, linewidth=2.2)


def draw(axes):
    """From left to right: documents, rows, model, two heads, loss, optimizers."""
    box(axes, 0.3, 3.3, 2.0, 1.2, GREY, ("tiny web", "guesses, short", "and long"), "1")
    box(axes, 2.9, 3.0, 2.5, 1.8, BLUE, ("batch of rows",), "4")
    axes.texts[-2].set_y(4.55)
    rows_of_a_batch(axes, 3.11, 4.09)
    axes.text(4.15, 3.19, "padded (V3: packed)", **SMALL)
    box(axes, 6.0, 3.3, 1.9, 1.2, GREY, ("model", "states h"))
    box(axes, 8.6, 4.3, 2.3, 1.1, GREEN, ("head", "next token"), "2")
    box(axes, 8.6, 2.4, 2.3, 1.1, ORANGE, ("MTP, head", "the one after"), "5")
    box(axes, 11.4, 3.4, 1.4, 1.0, GREY, ("loss", "sum"))
    arrow(axes, (2.3, 3.9), (2.86, 3.9))
    arrow(axes, (5.4, 3.9), (5.96, 3.9))
    arrow(axes, (7.9, 4.1), (8.56, 4.75))
    arrow(axes, (7.9, 3.7), (8.56, 3.1))
    arrow(axes, (10.9, 4.75), (11.36, 4.2))
    arrow(axes, (10.9, 3.0), (11.36, 3.6), ORANGE)
    arrow(axes, (4.6, 2.98), (8.56, 2.62), ORANGE, bend=0.12)
    axes.text(5.0, 2.32, "the next token, known in training", **SMALL)
    box(axes, 6.3, 0.55, 2.9, 1.1, BLUE, ("AdamW, Muon", "a step of the weights"), "6")
    box(axes, 9.9, 0.55, 2.9, 1.1, PURPLE, ("learning rate",), "7")
    axes.texts[-2].set_y(1.48)
    plan(axes, 10.25, 0.68)
    arrow(axes, (12.1, 3.36), (8.7, 1.69), INK, bend=-0.2)
    arrow(axes, (9.86, 0.95), (9.26, 0.95), PURPLE)
    arrow(axes, (6.95, 1.68), (6.95, 3.24), BLUE)
    text = "the loop in one cell (3), thousands of steps (8);\n"
    text += "then skills (9), a law for the loss (10), the bill (11)"
    axes.text(3.0, 1.1, text, style="italic", **{**SMALL, "fontsize": 12})


if __name__ == "__main__":
    sheet("05_pretraining.png", 13.2, 5.8, draw)
