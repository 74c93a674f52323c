"""The true map of the recipe, and a frame around the stages of one chapter.

Every model stands over the one whose weights it starts from. Arrows are those of the
recipe, and a test compares them. Chapter 01 draws the map whole; figures/make_10_map.py
shows how a chapter draws where its reader is.
"""

from figures.sketch import CENTRE, SMALL, arrow, box
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE, PURPLE
from r1lib.recipe.stages import RECIPE

WIDE, TALL = 1.95, 1.0
PLACES = {  # stage -> (x, y, colour, lines)
    "base": (0.4, 0.9, GREY, ("Base", "pre-training, ch. 05")),
    "zero": (0.4, 2.6, ORANGE, ("R1-Zero", "RL, ch. 09")),
    "cold": (2.9, 2.6, GREEN, ("cold start", "few texts, ch. 10")),
    "dev1": (5.4, 2.6, BLUE, ("Dev1", "SFT, ch. 10")),
    "dev2": (5.4, 4.3, ORANGE, ("Dev2", "RL, ch. 11")),
    "samples": (
        7.9,
        4.3,
        GREEN,
        ("samples", "many texts, ch. 12", "most by Dev2"),
    ),
    "dev3": (10.4, 2.6, BLUE, ("Dev3", "SFT, ch. 12")),
    "r1": (10.4, 4.3, ORANGE, ("R1", "RL, ch. 13", "two reward models")),
    "student": (12.9, 0.9, GREY, ("another base", "smaller")),
    "distill": (12.9, 4.3, BLUE, ("Distill", "SFT, ch. 14")),
}
WIDTHS = {"base": 11.95}  # a bar under all models that start from it
HIDDEN = ("helpful", "harmless")  # the two reward models: a line in the box of R1

MARGIN = 0.22  # inches between the frame and the boxes inside


def steps() -> list[tuple[str, str, str]]:
    """(from, to, line) of all arrows: solid for weights, dashed for texts."""
    found = []
    for stage in RECIPE:
        if stage.name in HIDDEN:
            continue
        if stage.start:
            found.append((stage.start, stage.name, "-"))
        reads = [name for name in stage.reads if name not in HIDDEN]
        found += [(name, stage.name, "--") for name in reads]
    return found


def around(here: tuple[str, ...]) -> tuple[float, float, float, float]:
    """Left, bottom, width and height of the frame around some stages."""
    left = min(PLACES[name][0] for name in here) - MARGIN
    low = min(PLACES[name][1] for name in here) - MARGIN
    right = max(PLACES[name][0] for name in here) + WIDE + MARGIN
    top = max(PLACES[name][1] for name in here) + TALL + MARGIN
    return left, low, right - left, top - low


def link(axes, start, end, line):
    """An arrow straight up, to the right, or over the top."""
    (x, y, *_), (u, v, *_) = PLACES[start], PLACES[end]
    colour = INK if line == "-" else PURPLE
    middle = u + WIDE / 2
    if (start, end) == ("samples", "distill"):  # over R1, which stands between
        ends = ((x + WIDE / 2, y + TALL), (middle, v + TALL + 0.04))
        arrow(axes, *ends, colour, line, bend=-0.22)
    elif line == "-" or start == "base":
        arrow(axes, (middle, y + TALL), (middle, v - 0.04), colour, line)
    elif v < y:
        ends = ((x + WIDE, y + 0.3), (u - 0.04, v + 0.7))
        arrow(axes, *ends, colour, line)
    else:
        ends = ((x + WIDE, y + TALL / 2), (u - 0.04, v + TALL / 2))
        arrow(axes, *ends, colour, line)


def you_are_here(axes, here: tuple[str, ...], below: bool = False, apart: bool = False):
    """Draw the recipe; the stages `here` keep their colours and get a frame.

    One for all of them, or one for each where they are `apart`. The words are above
    the first frame, or `below` it.
    """
    found = [around((name,)) for name in here] if apart else [around(here)]
    for place in found:
        box(axes, *place, BLUE, (), facecolor="none", linestyle="--")
    left, low, width, height = found[0]
    label = {**CENTRE, "ha": "left", "fontsize": 12.5, "fontweight": "bold"}
    beside_key = 2.4 if low + height > 5.2 else 0  # where the key stands in the way
    spot = (max(left + 0.08, beside_key), low + height + 0.2)
    if "distill" in here:  # right of the arrow that comes over the top
        label, spot = {**label, "ha": "right"}, (left + width, spot[1])
    if below:  # and to the right of an arrow that comes from there
        spot = left + width / 2 + 0.12, low - 0.2
    axes.text(*spot, "you are here", **label)
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
