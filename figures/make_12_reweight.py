"""Draw what rejection does to a distribution: python -m figures.make_12_reweight"""

from matplotlib.patches import Rectangle

from figures.sketch import CENTRE, PALE, SMALL, arrow, sheet
from r1lib.plots import BLUE, GREY, INK, ORANGE

BARS = (("A", 0.5, False), ("B", 0.3, True), ("C", 0.1, False), ("D", 0.1, True))
KEPT = sum(share for _, share, right in BARS if right)
FLOOR, HIGH, WIDE, STEP = 1.0, 4.2, 0.62, 0.92


def bars(axes, left, title, value):
    """Four bars; `value(share, right)` is a height, and whether it is crossed out."""
    axes.text(left + 1.7, 4.75, title, **{**SMALL, "fontsize": 12.5})
    axes.plot([left - 0.1, left + 3.5], [FLOOR, FLOOR], color=INK, linewidth=1.2)
    for i, (name, share, right) in enumerate(BARS):
        x, colour = left + STEP * i, BLUE if right else ORANGE
        height, gone = value(share, right)
        look = {"facecolor": PALE[GREY if gone else colour], "linewidth": 1.8}
        look |= {"edgecolor": GREY if gone else colour}
        if height:
            line = "--" if gone else "-"
            place = (x, FLOOR), WIDE, HIGH * height
            axes.add_patch(Rectangle(*place, linestyle=line, **look))
        if gone:
            top = FLOOR + HIGH * height
            axes.plot([x, x + WIDE], [FLOOR, top], color=GREY, linewidth=1.6)
            axes.plot([x, x + WIDE], [top, FLOOR], color=GREY, linewidth=1.6)
        middle = x + WIDE / 2
        said = f"{height:.2f}".rstrip("0") if height and not gone else "0"
        look = {**CENTRE, "fontsize": 11.5}
        axes.text(middle, FLOOR + HIGH * height + 0.2, said, **look)
        axes.text(middle, 0.7, name, **{**look, "fontweight": "bold"})
        axes.text(middle, 0.36, "right" if right else "wrong", **SMALL)


def draw(axes):
    """Before, rejected, and stretched until the rest adds up to 1."""
    bars(axes, 0.5, "the author writes, $p$", lambda share, right: (share, False))
    title = f"rejected; {KEPT:.1f} is left, $Z$"
    bars(axes, 5.7, title, lambda share, right: (share, not right))
    after = "what is kept, $q = p\\,r/Z$"
    bars(axes, 10.9, after, lambda share, right: (share * right / KEPT, False))
    for x, what in ((4.3, "check"), (9.5, "divide by $Z$")):
        arrow(axes, (x, 2.4), (x + 1.0, 2.4))
        axes.text(x + 0.5, 2.75, what, **SMALL)


if __name__ == "__main__":
    sheet("12_reweight.png", 14.9, 5.1, draw)
