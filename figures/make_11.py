"""Draw the road map of chapter 11: python -m figures.make_11 -> 11_language.png"""

from figures.make_09 import MAP
from figures.sketch import SMALL, arrow, badge, card, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE, PURPLE


def recipe(axes):
    """The strip on top: the chapters that build R1, and where the reader is."""
    for i, (number, name) in enumerate(MAP):
        x, here = 0.35 + 1.84 * i, number == "11"
        card(axes, x, 5.55, 1.52, 0.78, BLUE if here else GREY, "")
        kind = {"ha": "center", "va": "center", "color": INK if here else "#555555"}
        weight = "bold" if here else "normal"
        axes.text(x + 0.28, 5.94, number, fontsize=11, fontweight="bold", **kind)
        name = name.replace(" ", "\n") if here else name
        axes.text(x + 0.93, 5.94, name, fontsize=10, fontweight=weight, **kind)
        if i:
            arrow(axes, (x - 0.3, 5.94), (x - 0.02, 5.94), GREY)


def loop(axes):
    """Below: an answer, its three parts, the loss, the policy and its leash."""
    lines = ("begins as Dev1", "thinks and answers")
    card(axes, 0.4, 2.6, 3.0, 1.4, BLUE, "policy", lines)
    parts = (
        ("right", "1 or 0", GREEN, ""),
        ("format", "0.1 or 0", GREEN, ""),
        ("language", "3 x share of words", PURPLE, "2"),
    )
    for i, (title, line, colour, section) in enumerate(parts):
        y = 4.05 - 1.13 * i
        card(axes, 4.6, y, 3.1, 0.95, colour, title, (line,), section)
        arrow(axes, (3.4, 3.3), (4.55, y + 0.47), colour)
        arrow(axes, (7.7, y + 0.47), (8.85, 3.3), colour)
    lines = ("added up, each logged", "within a group")
    card(axes, 8.9, 2.6, 3.7, 1.4, ORANGE, "reward, advantage", lines, "3")
    lines = ("pushes what paid", "0.2 / 0.28  or  10")
    card(axes, 8.9, 0.35, 3.7, 1.4, ORANGE, "clipped loss", lines, "5")
    arrow(axes, (10.75, 2.6), (10.75, 1.8))
    lines = ("a copy of the policy", "of some steps ago")
    card(axes, 0.4, 0.35, 3.0, 1.4, GREY, "reference", lines, "4")
    kind = {"arrowstyle": "-"}
    arrow(axes, (2.5, 2.6), (2.5, 1.75), PURPLE, "--", **kind)
    axes.text(3.1, 2.18, "leash: KL", **SMALL)
    arrow(axes, (1.2, 2.6), (1.2, 1.8), GREY)
    axes.text(0.62, 2.18, "every N\nsteps", **SMALL)
    arrow(axes, (8.9, 1.25), (4.0, 1.25), **kind)
    arrow(axes, (4.0, 1.24), (3.42, 2.58))
    axes.text(6.2, 1.48, "one gradient step", **SMALL)
    badge(axes, 4.5, 0.7, "6", BLUE)
    axes.text(6.5, 0.7, "the run, with and without language", **SMALL)


if __name__ == "__main__":
    sheet("11_language.png", 13, 6.55, recipe, loop)
