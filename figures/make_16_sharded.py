"""Draw one layer of a sharded step: python -m figures.make_16_sharded"""

from matplotlib.patches import Rectangle

from figures.sketch import CENTRE, PALE, SMALL, arrow, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE

HALF, TALL, ROW = 1.2, 0.34, 0.41  # of a slice; from one row to the next
COLUMNS = (  # (left edge, title, what happens)
    (2.75, "1. between steps", "each has its slices"),
    (5.6, "2. gather layer 2", "use it, then drop it"),
    (8.45, "3. backward", "gather again: gradient"),
    (11.3, "4. reduce-scatter", "each keeps its slice's sum"),
)
RANKS = ((4.05, BLUE, "rank 0"), (0.3, ORANGE, "rank 1"))
PARTS = (("weights", 3), ("gradients", 0))  # (name, how many rows above the lowest)


def slice_of(axes, x, y, colour, held, text=""):
    """Half of a layer: filled where a rank holds it, dashed where it does not."""
    look = {"facecolor": PALE[colour] if held else "none", "linewidth": 1.5}
    look |= {"edgecolor": colour if held else GREY}
    look |= {"linestyle": "-" if held else (0, (2, 2))}
    axes.add_patch(Rectangle((x, y), HALF - 0.06, TALL, **look))
    axes.text(x + HALF / 2 - 0.03, y + TALL / 2, text, fontsize=9, **CENTRE)


def state(moment, layer, part, mine):
    """Is this half of a layer held at a moment, and what is written on it?"""
    if part == "weights":
        return mine or (layer == 1 and moment in (1, 2)), ""
    if moment == 2 and layer == 1:
        return True, "own rows"
    done = moment >= 2 and layer > (1 if moment == 2 else 0)
    return mine and done, "sum" if mine and done else ""


def moments(axes):
    """Four moments from left to right, two ranks from top to bottom."""
    for moment, (left, title, what) in enumerate(COLUMNS):
        middle = left + HALF
        axes.text(middle, 7.3, title, fontsize=12.5, fontweight="bold", **CENTRE)
        axes.text(middle, 6.98, what, **SMALL)
        for rank, (bottom, _, _) in enumerate(RANKS):
            for part, above in PARTS:
                for layer in range(3):
                    y = bottom + ROW * (above + 2 - layer) + (0.12 if above else 0)
                    for half, colour in enumerate((BLUE, ORANGE)):
                        held, text = state(moment, layer, part, half == rank)
                        shown = colour if part == "weights" else GREEN
                        slice_of(axes, left + HALF * half, y, shown, held, text)
    for bottom, colour, name in RANKS:
        look = {**CENTRE, "color": colour, "fontsize": 12, "fontweight": "bold"}
        axes.text(0.45, bottom + 1.26, name, **look)
        for part, above in PARTS:
            low = bottom + ROW * above + (0.12 if above else 0)
            axes.text(1.35, low + ROW + TALL / 2, part, **SMALL)
            for layer in range(3):
                y = low + ROW * (2 - layer) + TALL / 2
                axes.text(2.25, y, f"layer {layer + 1}", **{**SMALL, "fontsize": 9.5})
    for left, text in ((5.6, "weights"), (8.45, "weights"), (11.3, "gradients")):
        x = left + HALF
        arrow(axes, (x, 3.95), (x, 2.95), INK, arrowstyle="<|-|>", shrinkB=0)
        axes.text(x + 0.65, 3.45, text, **SMALL)


if __name__ == "__main__":
    sheet("16_sharded.png", 14.0, 7.6, moments, bottom=0.1)
