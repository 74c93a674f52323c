"""Draw one step of the RL of chapter 11: python -m figures.make_11"""

from figures.sketch import SMALL, arrow, card, sheet
from r1lib.plots import BLUE, GREEN, ORANGE, PURPLE


def loop(axes):
    """An answer, its three parts, their sum, and the step back to the policy."""
    lines = ("begins as Dev1", "thinks and answers")
    card(axes, 0.4, 1.75, 3.0, 1.4, BLUE, "policy", lines, "4")
    parts = (
        ("right", "1 x (1 or 0)", GREEN, ""),
        ("format", "0.1 x (1 or 0)", GREEN, ""),
        ("language", "3 x share of words", PURPLE, "2"),
    )
    for i, (title, line, colour, section) in enumerate(parts):
        y = 3.3 - 1.13 * i
        card(axes, 4.6, y, 3.1, 0.95, colour, title, (line,), section)
        arrow(axes, (3.4, 2.45), (4.55, y + 0.47), colour)
        arrow(axes, (7.7, y + 0.47), (8.85, 3.3 - 0.4 * i), colour)
    lines = ("added up, then compared", "within a group")
    card(axes, 8.9, 2.2, 3.7, 1.4, ORANGE, "reward, advantage", lines, "3")
    card(axes, 8.9, 0.3, 3.7, 0.95, ORANGE, "clipped loss", ("pushes what paid",))
    arrow(axes, (10.75, 2.2), (10.75, 1.3))
    arrow(axes, (8.9, 0.55), (1.9, 0.55), arrowstyle="-")
    arrow(axes, (1.9, 0.54), (1.9, 1.7))
    axes.text(5.4, 0.3, "four gradient steps", **SMALL)


if __name__ == "__main__":
    sheet("11_language.png", 13, 4.5, loop)
