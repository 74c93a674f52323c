"""Draw the trips of a token between machines: python -m figures.make_04_machines"""

from figures.sketch import CENTRE, SMALL, arrow, frame, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE

HOME = 1  # the machine of the token
ROWS = (4.3, 3.25, 2.2, 1.15)  # lower edges of the four machines
HEIGHT = 0.8
STOPS = (0.15, 2.35, 4.85)  # left edges: token, experts, token again
WIDTHS = (1.1, 1.4, 1.1)


def middle(row):
    """Half way up a machine."""
    return ROWS[row] + HEIGHT / 2


def tile(axes, x, y, width, text, colour, **kind):
    """A small box inside a machine."""
    frame(axes, x, y, width, 0.46, colour, 0.06, **kind)
    axes.text(x + width / 2, y + 0.23, text, **{**SMALL, "fontsize": 11})


def machines(axes, left, chosen, closed):
    """The same four machines three times; machine m holds experts 2m and 2m + 1."""
    heads = ("home", "experts", "home again")
    for stop, width, head in zip(STOPS, WIDTHS, heads, strict=True):
        axes.text(left + stop + width / 2, 5.35, head, **SMALL)
        for row, y in enumerate(ROWS):
            look = {"facecolor": "none", "linewidth": 1.2}
            frame(axes, left + stop, y, width, HEIGHT, GREY, 0.08, **look)
            if head == "experts":
                for expert in (2 * row, 2 * row + 1):
                    colour = ORANGE if expert in chosen else GREY
                    line = {"linestyle": ":" if expert in closed else "-"}
                    x = left + stop + 0.12 + 0.61 * (expert % 2)
                    tile(axes, x, y + 0.17, 0.55, f"{expert}", colour, **line)
    for row in range(4):
        spot = (left, middle(row))
        axes.text(*spot, f"machine {row}", **{**SMALL, "ha": "right", "fontsize": 10})
    for stop, text in ((STOPS[0], "u"), (STOPS[2], "y")):
        tile(axes, left + stop + 0.28, ROWS[HOME] + 0.17, 0.55, text, BLUE)
        for row in {*range(4)} - {HOME}:
            spot = (left + stop + 0.55, middle(row))
            axes.text(*spot, "others", **{**SMALL, "color": GREY})


def trips(axes, left, visited):
    """Thin lines for all tokens, arrows for this one: out in orange, back in green."""
    out = left + STOPS[0] + WIDTHS[0], left + STOPS[1]
    back = left + STOPS[1] + WIDTHS[1], left + STOPS[2]
    for start, end in (out, back):
        for a in range(4):
            for b in range(4):
                ends = [middle(a), middle(b)]
                axes.plot([start, end], ends, color="#dddddd", linewidth=1, zorder=0)
    for row in visited:
        arrow(axes, (out[0], middle(HOME)), (out[1], middle(row)), ORANGE)
        arrow(axes, (back[0], middle(row)), (back[1], middle(HOME)), GREEN)
    for (start, end), text in zip((out, back), ("dispatch", "combine"), strict=True):
        spot = ((start + end) / 2, 0.85)
        axes.text(*spot, text, fontsize=11, fontweight="bold", **CENTRE)


def panel(axes, left, title, chosen, closed, note):
    """One way to choose three experts, and the trips that it takes."""
    axes.text(left + 2.6, 5.85, title, fontsize=12.5, fontweight="bold", **CENTRE)
    machines(axes, left, chosen, closed)
    trips(axes, left, sorted({expert // 2 for expert in chosen}))
    axes.text(left + 2.6, 0.35, note, style="italic", **{**SMALL, "fontsize": 11})


def draw(axes):
    """The token of section 3, without the limit and with it."""
    note = "three machines: three trips out, three back"
    panel(axes, 0.95, "the three best experts: 1, 6, 4", (1, 4, 6), (), note)
    note = "two machines: experts 4 and 5 share a trip out and a trip back"
    title = "at most two machines: experts 1, 4, 5"
    panel(axes, 8.15, title, (1, 4, 5), (2, 3, 6, 7), note)


if __name__ == "__main__":
    sheet("04_machines.png", 14.3, 6.2, draw)
