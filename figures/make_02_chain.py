"""Draw one join in the linked list: python -m figures.make_02_chain -> 02_chain.png"""

from figures.sketch import CENTRE, SMALL, arrow, frame, sheet
from r1lib.plots import BLUE, GREY, ORANGE

LEFT, STEP, WIDTH, HEIGHT = 2.6, 1.75, 1.0, 0.62
BEFORE = ("GAP", "x", "a", "b", "y", "GAP")
AFTER = ("GAP", "x", "ab", "GAP", "y", "GAP")


def middle(place):
    return LEFT + STEP * place + WIDTH / 2


def row(axes, y, ids, colours, title):
    """The ids of six places in a row."""
    axes.text(1.15, y + HEIGHT / 2, title, fontsize=12, fontweight="bold", **CENTRE)
    for place, (text, colour) in enumerate(zip(ids, colours, strict=True)):
        look = {"linestyle": ":"} if text == "GAP" else {}
        frame(axes, LEFT + STEP * place, y, WIDTH, HEIGHT, colour, 0.1, **look)
        mono = {"family": "DejaVu Sans Mono", "fontsize": 12}
        axes.text(middle(place), y + HEIGHT / 2, text, **mono, **CENTRE)


def link(axes, y, start, end):
    """`right` above the middle of the boxes, `left` below, from place to place."""
    forward = end > start
    side, shift = (WIDTH / 2, 0.12) if forward else (-WIDTH / 2, -0.12)
    height = y + HEIGHT / 2 + shift
    ends = (middle(start) + side, height), (middle(end) - side, height)
    arrow(axes, *ends, linewidth=1.5)


def draw(axes):
    """Before and after the join of `a b`; what changed is orange."""
    high, low = 2.75, 0.85
    for place in range(6):
        axes.text(middle(place), 3.72, f"place {place}", **SMALL)
    row(axes, high, BEFORE, [GREY, BLUE, BLUE, BLUE, BLUE, GREY], "before")
    row(axes, low, AFTER, [GREY, BLUE, ORANGE, ORANGE, BLUE, GREY], "after")
    for place in range(5):
        link(axes, high, place, place + 1)
        link(axes, high, place + 1, place)
        if place in (0, 1, 4):
            link(axes, low, place, place + 1)
            link(axes, low, place + 1, place)
    y, top = low + HEIGHT, low + HEIGHT + 0.5
    for start, end, tip, edge in (
        (middle(2) + 0.25, middle(4) - 0.25, top, y),
        (middle(4) - 0.25, middle(2) + 0.25, low - 0.5, low),
    ):
        axes.plot([start, start, end], [edge, tip, tip], color=ORANGE, linewidth=1.5)
        arrow(axes, (end, tip), (end, edge), ORANGE, linewidth=1.5)
    kind = {**SMALL, "fontsize": 10.5}
    axes.text(middle(3), top + 0.17, "right[2] = 4", **kind)
    axes.text(middle(3), low - 0.67, "left[4] = 2", **kind)
    text = "upper arrows: right      lower arrows: left      place 3 is skipped"
    axes.text(4.0, 0.02, text, style="italic", ha="center", va="center", fontsize=10.5)


if __name__ == "__main__":
    sheet("02_chain.png", 13, 4.1, draw, bottom=-0.25)
