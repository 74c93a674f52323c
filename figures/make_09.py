"""Draw the road map of chapter 09: python -m figures.make_09 -> figures/09_loop.png"""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE, PAPER, PURPLE, STYLE

HERE = Path(__file__).parent
PALE = {
    BLUE: "#e3eff8",
    ORANGE: "#fbeadf",
    GREEN: "#e0f3ec",
    PURPLE: "#f8edf4",
    GREY: "#f2f2f2",
}
MAP = (  # chapters of the recipe, this one in colour
    ("05", "base model"),
    ("09", "R1-Zero"),
    ("10", "cold start"),
    ("11", "reasoning RL"),
    ("12", "rejection\nsampling"),
    ("13", "all\nscenarios"),
    ("14", "distillation"),
)


def box(axes, x, y, width, height, colour, title, lines=(), section=""):
    """A rounded box with a title, small lines under it, and its section's number."""
    shape = "round,pad=0,rounding_size=0.12"
    face = PALE[colour]
    kind = {"boxstyle": shape, "facecolor": face, "edgecolor": colour, "linewidth": 1.8}
    axes.add_patch(FancyBboxPatch((x, y), width, height, **kind))
    centre = {"ha": "center", "va": "center", "color": INK}
    top = y + height - 0.34
    axes.text(x + width / 2, top, title, fontsize=13.5, fontweight="bold", **centre)
    for i, line in enumerate(lines):
        spot = (x + width / 2, top - 0.38 - 0.3 * i)
        axes.text(*spot, line, fontsize=11, family="DejaVu Sans Mono", **centre)
    if section:
        badge = {"boxstyle": "circle,pad=0.25", "facecolor": colour, "edgecolor": PAPER}
        kind = {"ha": "center", "va": "center", "color": PAPER, "fontweight": "bold"}
        axes.text(x + 0.04, y + height - 0.04, section, fontsize=11, bbox=badge, **kind)


def arrow(axes, start, end, colour=INK, bend=0.0):
    """An arrow between two points, bent by a share of its length."""
    kind = {"arrowstyle": "-|>", "mutation_scale": 16, "linewidth": 1.8}
    style = {"color": colour, "connectionstyle": f"arc3,rad={bend}"}
    axes.add_patch(FancyArrowPatch(start, end, **kind, **style))


def recipe(axes):
    """The strip on top: the chapters that build R1, and where the reader is."""
    for i, (number, name) in enumerate(MAP):
        x, here = 0.35 + 1.84 * i, number == "09"
        box(axes, x, 4.95, 1.52, 0.78, BLUE if here else GREY, "")
        kind = {"ha": "center", "va": "center", "color": INK if here else "#555555"}
        weight = "bold" if here else "normal"
        spot = (x + 0.28, 5.34)
        axes.text(*spot, number, fontsize=11, fontweight="bold", **kind)
        spot = (x + 0.93, 5.34)
        axes.text(*spot, name, fontsize=10, fontweight=weight, **kind)
        if i:
            arrow(axes, (x - 0.3, 5.34), (x - 0.02, 5.34), GREY)


def loop(axes):
    """The ring below: the six stations of one step of R1-Zero."""
    width, height, top, low = 3.4, 1.4, 3.05, 0.4
    left, middle, right = 0.4, 4.8, 9.2
    lines = ("numbers=3,7,8", "target=35")
    box(axes, left, top, width, height, GREY, "a problem", lines, "2")
    lines = ("<think>... no ... yes", "<answer>(8-3)*7")
    box(axes, middle, top, width, height, BLUE, "G answers to it", lines, "4")
    lines = ("right answer?  1 or 0", "format kept?   0.1 or 0")
    box(axes, right, top, width, height, GREEN, "reward by rule", lines, "3")
    lines = ("minus the mean", "of the siblings")
    box(axes, right, low, width, height, ORANGE, "group advantage", lines, "5")
    lines = ("min(ratio A,", "clip(ratio) A)")
    box(axes, middle, low, width, height, ORANGE, "clipped loss", lines, "6")
    lines = ("one gradient step", "then ask again")
    box(axes, left, low, width, height, PURPLE, "a better policy", lines, "7")
    level, below = top + height / 2, low + height / 2
    arrow(axes, (left + width, level), (middle - 0.05, level))
    arrow(axes, (middle + width, level), (right - 0.05, level))
    arrow(axes, (right + width / 2, top), (right + width / 2, low + height + 0.05))
    arrow(axes, (right, below), (middle + width + 0.05, below))
    arrow(axes, (middle, below), (left + width + 0.05, below))
    arrow(axes, (left + width / 2, low + height), (left + width / 2, top - 0.05))
    kind = {"ha": "center", "va": "center", "fontsize": 12.5, "color": INK}
    text = (
        "one step of R1-Zero: nobody shows a solution, only right or wrong comes back"
    )
    axes.text(6.5, 2.42, text, style="italic", **kind)


def main():
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(13, 5.95))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, 13), ylim=(0, 5.95))
        axes.axis("off")
        recipe(axes)
        loop(axes)
        figure.savefig(HERE / "09_loop.png", dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    main()
