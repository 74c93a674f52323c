"""Draw what MHA, GQA and MQA keep: python -m figures.make_03_memory"""

from matplotlib.patches import Rectangle

from figures.sketch import CENTRE, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE, PAPER

HEADS, TOP, LOW = 8, 3.55, 1.55
WIDTH, GAP = 0.24, 0.33  # of a head, and from one head to the next


def cell(axes, x, y, width, height, colour, hatch="", alpha=1.0):
    """A block of numbers; what is kept in the cache is drawn solid."""
    kind = {"facecolor": colour, "edgecolor": PAPER, "hatch": hatch, "alpha": alpha}
    axes.add_patch(Rectangle((x, y), width, height, linewidth=1.2, **kind))


def line(axes, start, end):
    axes.plot(*zip(start, end, strict=True), color=GREY, linewidth=1)


def heading(axes, middle, title, lines):
    """Title above a column, and what it keeps below it."""
    axes.text(middle, 4.5, title, fontsize=14, fontweight="bold", **CENTRE)
    for i, text in enumerate(lines):
        weight = "bold" if not i else "normal"
        spot = (middle, 0.62 - 0.32 * i)
        axes.text(*spot, text, fontsize=11, fontweight=weight, **CENTRE)


def shared(axes, left, groups, title, lines):
    """Query heads above, the key and value heads that they share below."""
    width, gap = WIDTH, GAP
    middle = left + gap * (HEADS - 1) / 2 + width / 2
    for h in range(HEADS):
        cell(axes, left + gap * h, TOP, width, 0.42, BLUE)
    for g in range(groups):
        size = HEADS // groups
        centre = left + gap * (g * size + (size - 1) / 2) + width / 2
        cell(axes, centre - width / 2, LOW + 0.45, width, 0.42, ORANGE, "//")
        cell(axes, centre - width / 2, LOW, width, 0.42, GREEN, "..")
        for h in range(g * size, (g + 1) * size):
            line(axes, (left + gap * h + width / 2, TOP), (centre, LOW + 0.87))
    heading(axes, middle, title, lines)


LEGEND = (
    ("query", BLUE, ""),
    ("key", ORANGE, "//"),
    ("value", GREEN, ".."),
)


def draw(axes):
    """The three ways side by side, and a legend."""
    for y, text in ((TOP + 0.21, "queries"), (LOW + 0.44, "kept for\neach token")):
        axes.text(0.72, y, text, fontsize=11.5, style="italic", **CENTRE)
    lines = ("128 heads: 32,768 numbers", "a key and a value", "for each head")
    shared(axes, 1.5, HEADS, "MHA", lines)
    lines = (
        "128 heads: 2,048 numbers",
        "a key and a value",
        "for each of 8 groups",
    )
    shared(axes, 4.4, 2, "GQA (2 groups drawn)", lines)
    lines = ("128 heads: 256 numbers", "one key and one value", "for all heads")
    shared(axes, 7.3, 1, "MQA", lines)
    for i, (word, colour, hatch) in enumerate(LEGEND):
        cell(axes, 3.3 + 1.5 * i, -0.62, 0.32, 0.26, colour, hatch)
        axes.text(3.72 + 1.5 * i, -0.49, word, fontsize=10.5, va="center")


if __name__ == "__main__":
    sheet("03_memory.png", 10.3, 5.0, draw, bottom=-0.8)
