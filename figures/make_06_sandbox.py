"""Draw what crosses the wall of the sandbox: python -m figures.make_06_sandbox"""

from figures.sketch import SMALL, arrow, badge, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE

SMALL = {**SMALL, "fontsize": 11.5}


def draw(axes):
    """The trainer on the left, the program behind a wall, the kernel under it."""
    box(axes, 0.3, 1.5, 3.3, 2.9, BLUE, ("the trainer", "arguments", "expected values"))
    badge(axes, 0.34, 4.36, "1", BLUE)
    wall = {"facecolor": "none", "linestyle": "--"}
    box(axes, 6.3, 1.3, 6.1, 3.3, ORANGE, (), **wall)
    axes.text(9.35, 4.83, "sealed: nothing else is meant to pass", **SMALL)
    lines = ("a warm server", "reads no", "program")
    box(axes, 6.6, 2.2, 2.1, 1.2, GREY, lines)
    lines = ("one program", "a copy of the server,", "gone afterwards")
    box(axes, 9.6, 2.2, 2.5, 1.5, ORANGE, lines)
    badge(axes, 9.64, 3.66, "2", ORANGE)
    arrow(axes, (8.7, 2.75), (9.55, 2.75))
    axes.text(9.13, 3.0, "fork", **SMALL)
    arrow(axes, (3.6, 4.0), (9.55, 3.5))
    axes.text(4.95, 4.15, "program, arguments", **SMALL)
    arrow(axes, (3.6, 3.1), (6.55, 2.9), GREY, linewidth=1.2)
    axes.text(4.95, 3.25, "a number: fork", **SMALL)
    arrow(axes, (9.55, 2.35), (3.65, 2.0), GREEN, bend=-0.12)
    axes.text(4.95, 1.62, "values, as text", **SMALL)
    box(axes, 6.3, 0.25, 6.1, 0.7, GREY, ("the kernel: a few calls pass",))
    badge(axes, 6.34, 0.91, "3", INK)
    arrow(axes, (10.85, 2.2), (10.85, 1.0), ORANGE, "--")
    refused = {**SMALL, "ha": "right", "fontsize": 10.5}
    axes.text(10.7, 1.6, "refused: open, connect, fork, ...", **refused)
    text = "compare here, type for type"
    axes.text(1.95, 1.15, text, **{**SMALL, "style": "italic"})


if __name__ == "__main__":
    sheet("06_sandbox.png", 12.8, 5.1, draw)
