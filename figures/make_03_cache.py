"""Draw a cache that fills: python -m figures.make_03_cache -> 03_cache.png"""

from matplotlib.patches import Rectangle

from figures.sketch import CENTRE, sheet
from r1lib.plots import BLUE, GREEN, PAPER

SIZE, TOKENS = 0.62, ("17", "+", "5", "=", "22", ",*")
SMALL = {**CENTRE, "fontsize": 11}


def cell(axes, x, y, word, computed):
    """A token in one step: computed now, or read from the cache."""
    look = {"facecolor": BLUE if computed else GREEN, "edgecolor": PAPER}
    look |= {"alpha": 1.0 if computed else 0.3, "hatch": "" if computed else ".."}
    axes.add_patch(Rectangle((x, y), SIZE - 0.06, SIZE - 0.12, linewidth=1, **look))
    colour = PAPER if computed else CENTRE["color"]
    spot = (x + SIZE / 2 - 0.03, y + SIZE / 2 - 0.06)
    axes.text(*spot, word, **{**SMALL, "color": colour})


def steps(axes, left, title, cached):
    axes.text(left, 3.75, title, fontsize=12.5, fontweight="bold", va="center")
    total = 0
    for step in range(4):
        y, length = 2.95 - 0.72 * step, 3 + step
        axes.text(left + 0.3, y + 0.25, f"step {step + 1}", **SMALL)
        for i in range(length):
            computed = not cached or step == 0 or i == length - 1
            total += computed
            cell(axes, left + 0.9 + SIZE * i, y, TOKENS[i], computed)
    work = f"together {total} computed"
    axes.text(left + 0.9, 0.5, work, fontsize=11.5, va="center")


def draw(axes):
    steps(axes, 0.5, "without a cache: every step computes all tokens", False)
    steps(axes, 7.0, "with a cache: every step computes the new ones", True)
    for i, (computed, word) in enumerate(
        ((True, "computed"), (False, "read from the cache"))
    ):
        x = 4.3 + 2.4 * i
        cell(axes, x, -0.35, "", computed)
        axes.text(x + 0.75, -0.1, word, fontsize=11, va="center")


if __name__ == "__main__":
    sheet("03_cache.png", 13, 4.1, draw, bottom=-0.5)
