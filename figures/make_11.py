"""Draw one step of the RL of chapter 11: python -m figures.make_11"""

from figures.sketch import SMALL, arrow, card, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE, PURPLE


def loop(axes):
    """An answer, its three parts, the loss, the policy and its leash."""
    lines = ("begins as Dev1", "thinks and answers")
    card(axes, 0.4, 2.6, 3.0, 1.4, BLUE, "policy", lines)
    parts = (
        ("right", "1 x (1 or 0)", GREEN, ""),
        ("format", "0.1 x (1 or 0)", GREEN, ""),
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
    card(axes, 8.9, 0.35, 3.7, 1.4, ORANGE, "clipped loss", lines, "9")
    arrow(axes, (10.75, 2.6), (10.75, 1.8))
    lines = ("a copy of the policy", "of some steps ago")
    card(axes, 0.4, 0.35, 3.0, 1.4, GREY, "reference", lines, "4")
    arrow(axes, (1.2, 2.6), (1.2, 1.8), GREY)
    axes.text(1.95, 2.18, "every N steps", **SMALL)
    arrow(axes, (3.4, 0.7), (8.85, 0.7), ORANGE, ":")
    axes.text(6.1, 0.48, "leash: KL x 0.001", **SMALL)
    arrow(axes, (8.9, 1.35), (4.0, 1.35), arrowstyle="-")
    arrow(axes, (4.0, 1.34), (3.42, 2.58))
    axes.text(6.4, 1.14, "one gradient step", **SMALL)


if __name__ == "__main__":
    sheet("11_language.png", 13, 5.35, loop)
