"""Draw the ring of chapter 09: python -m figures.make_09 -> figures/09_loop.png"""

from figures.sketch import arrow, card, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE, PURPLE


def loop(axes):
    """The six stations of one step of R1-Zero, with the sections that build them."""
    width, height, top, low = 3.4, 1.4, 3.05, 0.4
    left, middle, right = 0.4, 4.8, 9.2
    lines = ("numbers=3,7,8", "target=35")
    card(axes, left, top, width, height, GREY, "a problem", lines, "§2")
    lines = ("<think>... no ... yes", "<answer>(8-3)*7")
    card(axes, middle, top, width, height, BLUE, "G answers to it", lines, "§4")
    lines = ("right answer?  1 or 0", "format kept?   0.1 or 0")
    card(axes, right, top, width, height, GREEN, "reward by rule", lines, "§3")
    lines = ("reward minus the", "mean of its group")
    card(axes, right, low, width, height, ORANGE, "group advantage", lines, "§5")
    lines = ("min(ratio A,", "clip(ratio) A)")
    card(axes, middle, low, width, height, ORANGE, "clipped loss", lines, "§6")
    lines = ("a gradient step on each", "part, then ask again")
    card(axes, left, low, width, height, PURPLE, "a better policy", lines, "§8")
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


if __name__ == "__main__":
    sheet("09_loop.png", 13, 4.75, loop)
