"""The true map of the recipe with a frame around the stages of one chapter.

Boxes and arrows are those of figures/make_01.py. A chapter's map names its stages:

    python -m figures.make_10_map
"""

from figures.make_01 import PLACES, TALL, WIDE, WIDTHS, link, steps
from figures.sketch import CENTRE, SMALL, arrow, box
from r1lib.plots import BLUE, GREY, INK, PURPLE

MARGIN = 0.22  # inches between the frame and the boxes inside


def around(here: tuple[str, ...]) -> tuple[float, float, float, float]:
    """Left, bottom, width and height of the frame around some stages."""
    left = min(PLACES[name][0] for name in here) - MARGIN
    low = min(PLACES[name][1] for name in here) - MARGIN
    right = max(PLACES[name][0] for name in here) + WIDE + MARGIN
    top = max(PLACES[name][1] for name in here) + TALL + MARGIN
    return left, low, right - left, top - low


def you_are_here(axes, here: tuple[str, ...]):
    """Draw the recipe; the stages `here` keep their colours and get a frame."""
    left, low, width, height = around(here)
    box(axes, left, low, width, height, BLUE, (), facecolor="none", linestyle="--")
    label = {**CENTRE, "ha": "left", "fontsize": 12.5, "fontweight": "bold"}
    axes.text(left + 0.08, low + height + 0.2, "you are here", **label)
    for start, end, line in steps():
        link(axes, start, end, line)
    for name, (x, y, colour, lines) in PLACES.items():
        colour = colour if name in here else GREY
        box(axes, x, y, WIDTHS.get(name, WIDE), TALL, colour, lines)
    key(axes)


def key(axes):
    """At the top left: what the two kinds of arrows carry."""
    for y, colour, line, text in (
        (6.05, INK, "-", "weights"),
        (5.7, PURPLE, "--", "texts"),
    ):
        arrow(axes, (0.4, y), (1.1, y), colour, line)
        axes.text(1.25, y, text, **{**SMALL, "ha": "left"})
