"""What the road maps share: boxes, cards, arrows, and the sheet they are drawn on."""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE, PAPER, PURPLE, STYLE

HERE = Path(__file__).parent
ROOT = HERE.parent
PALE = {
    BLUE: "#e3eff8",
    ORANGE: "#fbeadf",
    GREEN: "#e0f3ec",
    PURPLE: "#f8edf4",
    GREY: "#f2f2f2",
}
CENTRE = {"ha": "center", "va": "center", "color": INK}
SMALL = {**CENTRE, "fontsize": 10.5}


def frame(axes, x, y, width, height, colour, rounding, **kind):
    """A rounded rectangle in a pale colour with an edge in the full one."""
    shape = f"round,pad=0,rounding_size={rounding}"
    face = {"facecolor": PALE[colour], "edgecolor": colour, "linewidth": 1.8, **kind}
    axes.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=shape, **face))


def badge(axes, x, y, section, colour):
    """The number of a section on a coloured disc."""
    disc = {"boxstyle": "circle,pad=0.25", "facecolor": colour, "edgecolor": PAPER}
    kind = {**CENTRE, "color": PAPER, "fontweight": "bold", "fontsize": 11}
    axes.text(x, y, section, bbox=disc, **kind)


def box(axes, x, y, width, height, colour, lines, section="", **kind):
    """A rounded box with centred lines, the first one bold, and a section's number."""
    frame(axes, x, y, width, height, colour, 0.1, **kind)
    middle = y + height / 2 + 0.15 * (len(lines) - 1)
    for i, line in enumerate(lines):
        look = {"fontsize": 11, "fontweight": "normal" if i else "bold", **CENTRE}
        axes.text(x + width / 2, middle - 0.3 * i, line, **look)
    if section:
        badge(axes, x + 0.04, y + height - 0.04, section, colour)


def card(axes, x, y, width, height, colour, title, lines=(), section=""):
    """A rounded box with a title on top, code lines under it, a section's number."""
    frame(axes, x, y, width, height, colour, 0.12)
    top = y + height - 0.34
    spot = (x + width / 2, top)
    axes.text(*spot, title, fontsize=13.5, fontweight="bold", **CENTRE)
    for i, line in enumerate(lines):
        spot = (x + width / 2, top - 0.38 - 0.3 * i)
        axes.text(*spot, line, fontsize=11, family="DejaVu Sans Mono", **CENTRE)
    if section:
        badge(axes, x + 0.04, y + height - 0.04, section, colour)


def arrow(axes, start, end, colour=INK, line="-", bend=0.0, **kind):
    """An arrow between two points, bent by a share of its length."""
    look = {"arrowstyle": "-|>", "mutation_scale": 15, "linewidth": 1.8}
    look |= {"color": colour, "linestyle": line, "shrinkA": 0, "shrinkB": 2}
    look["connectionstyle"] = f"arc3,rad={bend}"
    axes.add_patch(FancyArrowPatch(start, end, **{**look, **kind}))


def inset(axes, place):
    """Ordinary axes on a sheet; left, bottom, width, height as shares of it."""
    return axes.figure.add_axes(place)


def sheet(name, width, height, *parts, bottom=0.0):
    """Let each of `parts` draw on one sheet, and save it beside this file."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, width), ylim=(bottom, height))
        axes.axis("off")
        for part in parts:
            part(axes)
        figure.savefig(HERE / name, dpi=110, metadata={"Software": None})
