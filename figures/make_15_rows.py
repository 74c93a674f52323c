"""Draw what the bootstrap draws: python -m figures.make_15_rows"""

from matplotlib.patches import Rectangle

from figures.sketch import CENTRE, PALE, SMALL, arrow, sheet
from r1lib.plots import GREEN, GREY, INK, ORANGE

ROWS = ("11111111", "00000000", "11011111", "00010000", "11111110", "01001011")
DRAWN = (0, 0, 2, 3, 5, 5)
WIDE = 0.42


def grid(axes, x, names):
    """A row for each problem, a cell for each of its samples."""
    for i, name in enumerate(names):
        y = 3.0 - 0.5 * i
        axes.text(x - 0.15, y + 0.21, f"problem {name + 1}", **{**SMALL, "ha": "right"})
        for j, right in enumerate(ROWS[name]):
            colour = GREEN if right == "1" else ORANGE
            look = {"facecolor": PALE[colour], "edgecolor": colour, "linewidth": 1.2}
            axes.add_patch(Rectangle((x + WIDE * j, y), WIDE - 0.05, 0.42, **look))
            spot = (x + WIDE * j + 0.18, y + 0.21)
            axes.text(*spot, right, **{**CENTRE, "fontsize": 10})
        mean = ROWS[name].count("1") / 8
        left = {**SMALL, "ha": "left"}
        axes.text(x + WIDE * 8 + 0.1, y + 0.21, f"{mean:.2f}", **left)


def draw(axes):
    grid(axes, 1.3, range(6))
    grid(axes, 8.3, DRAWN)
    arrow(axes, (5.45, 2.0), (6.85, 2.0), INK)
    axes.text(6.15, 2.55, "draw whole rows,\nwith replacement", **SMALL)
    bold = {**CENTRE, "fontsize": 12.5, "fontweight": "bold"}
    axes.text(3.0, 3.8, "8 samples of each problem", **bold)
    axes.text(10.0, 3.8, "another exam of the same kind", **bold)
    means = [sum(ROWS[i].count("1") for i in rows) / 48 for rows in (range(6), DRAWN)]
    for x, mean in zip((3.0, 10.0), means, strict=True):
        look = {**SMALL, "fontsize": 12, "color": GREY}
        axes.text(x, 0.15, f"mean {mean:.2f}", **{**look, "color": INK})


if __name__ == "__main__":
    sheet("15_rows.png", 12.8, 4.2, draw, bottom=-0.1)
