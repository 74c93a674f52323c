"""Draw one layer of a sharded step: python -m figures.make_16_sharded"""

from matplotlib.patches import Rectangle

from figures.sketch import CENTRE, PALE, SMALL, arrow, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE

HALF, TALL = 1.3, 0.46  # of a slice
COLUMNS = (  # (left edge, title, what happens)
    (1.9, "1. between steps", "each has its slices"),
    (4.95, "2. gather layer 2", "use it, then drop it"),
    (8.0, "3. backward", "gather again: gradient"),
    (11.05, "4. reduce-scatter", "each keeps its slice's sum"),
)
ROWS = ((3.4, BLUE, "rank 1"), (1.0, ORANGE, "rank 2"))


def slice_of(axes, x, y, colour, held, text=""):
    """Half of a layer: filled where a rank holds it, dashed where it does not."""
    look = {"facecolor": PALE[colour] if held else "none", "linewidth": 1.6}
    look |= {"edgecolor": colour if held else GREY}
    look |= {"linestyle": "-" if held else (0, (2, 2))}
    axes.add_patch(Rectangle((x, y), HALF - 0.06, TALL, **look))
    axes.text(x + HALF / 2 - 0.03, y + TALL / 2, text, fontsize=9.5, **CENTRE)


def moments(axes):
    """Four moments from left to right, two ranks from top to bottom."""
    for i, (left, title, what) in enumerate(COLUMNS):
        middle = left + HALF
        axes.text(middle, 5.75, title, fontsize=12.5, fontweight="bold", **CENTRE)
        axes.text(middle, 5.42, what, **SMALL)
        for rank, (bottom, _, _) in enumerate(ROWS):
            for layer in range(3):
                y = bottom + 0.58 * (2 - layer)
                for part, colour in enumerate((BLUE, ORANGE)):
                    x = left + HALF * part
                    mine = part == rank
                    if layer == 1 and i == 2:
                        slice_of(axes, x, y, GREEN, True, "gradient")
                    elif layer == 1 and i == 3:
                        slice_of(axes, x, y, GREEN, mine, "sum" if mine else "")
                    else:
                        held = mine or (layer == 1 and i == 1)
                        slice_of(axes, x, y, colour, held)
    for bottom, colour, name in ROWS:
        look = {**CENTRE, "color": colour, "fontsize": 12}
        axes.text(0.5, bottom + 0.81, name, fontweight="bold", **look)
        for layer in range(3):
            at = bottom + 0.58 * (2 - layer) + TALL / 2
            axes.text(1.4, at, f"layer {layer + 1}", **SMALL)
    for left, text in ((4.95, "slices"), (8.0, "gradients")):
        x = left + HALF
        arrow(axes, (x, 3.3), (x, 2.72), INK, arrowstyle="<|-|>", shrinkB=0)
        axes.text(x + 0.7, 3.0, text, **SMALL)


if __name__ == "__main__":
    sheet("16_sharded.png", 14.0, 6.1, moments, bottom=0.6)
