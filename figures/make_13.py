"""Draw the road map of chapter 13: python -m figures.make_13"""

from figures.sketch import SMALL, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE, PURPLE


def draw(axes):
    """From left to right: answers, labels, two models, the mixed reward, the policy."""
    lines = ("the policy", "writes several", "answers")
    box(axes, 0.2, 2.5, 2.1, 1.3, BLUE, lines, "5")
    lines = ("the judge", "two answers,", "both orders")
    box(axes, 3.1, 3.9, 2.2, 1.3, GREY, lines, "2, 4")
    lines = ("the annotator", "one answer:", "safe or not")
    box(axes, 3.1, 1.1, 2.2, 1.3, GREY, lines, "7")
    arrow(axes, (2.3, 3.4), (3.05, 4.3))
    arrow(axes, (2.3, 2.9), (3.05, 1.9))
    lines = ("helpful model", "Bradley-Terry,", "summary only")
    box(axes, 6.1, 3.9, 2.3, 1.3, ORANGE, lines, "3, 6")
    lines = ("harmless model", "point-wise,", "whole answer")
    box(axes, 6.1, 1.1, 2.3, 1.3, ORANGE, lines, "7")
    arrow(axes, (5.3, 4.55), (6.05, 4.55))
    arrow(axes, (5.3, 1.75), (6.05, 1.75))
    axes.text(5.68, 4.8, "clear pairs", **{**SMALL, "fontsize": 9})
    lines = ("mixed reward", "models + rules,", "on one scale")
    box(axes, 9.3, 2.5, 2.2, 1.3, GREEN, lines, "8")
    arrow(axes, (8.4, 4.5), (9.9, 3.85), ORANGE)
    arrow(axes, (8.4, 1.8), (9.9, 2.45), ORANGE)
    lines = ("accuracy, format, language",)
    box(axes, 9.0, 0.45, 2.8, 0.7, PURPLE, lines)
    arrow(axes, (10.6, 1.15), (10.6, 2.45), PURPLE)
    arrow(axes, (11.5, 3.15), (12.4, 3.15), GREEN)
    axes.text(12.55, 2.85, "GRPO", **{**SMALL, "ha": "center"})
    kind = {"bend": -0.5, "line": "--"}
    arrow(axes, (1.25, 3.8), (7.2, 5.25), ORANGE, **kind)
    axes.text(4.3, 6.25, "9, 10: please the model, not the reader", **SMALL)


if __name__ == "__main__":
    sheet("13_preferences.png", 13, 6.5, draw)
