"""Draw the road map of chapter 13: python -m figures.make_13"""

from figures.sketch import SMALL, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE, PURPLE

BOXES = (  # x, y, width, height, colour, lines, section
    (0.2, 2.6, 2.1, 1.3, BLUE, ("the policy", "writes several", "answers"), "5"),
    (3.1, 4.0, 2.2, 1.3, GREY, ("the judge", "two answers,", "both orders"), "2, 4"),
    (3.1, 1.2, 2.2, 1.3, GREY, ("the annotator", "one answer:", "safe or not"), "7"),
    (6.4, 4.0, 2.4, 1.3, ORANGE, ("helpful model", "pairs,", "summary only"), "3, 6"),
    (6.4, 1.2, 2.4, 1.3, ORANGE, ("harmless model", "labels,", "whole answer"), "7"),
    (9.6, 2.6, 2.2, 1.3, GREEN, ("mixed reward", "models + rules,", "one scale"), "8"),
    (9.3, 0.3, 2.8, 0.8, PURPLE, ("rules", "right, format, language"), ""),
    (12.6, 2.6, 2.1, 1.3, BLUE, ("RL (GRPO)", "Dev3", "becomes R1"), "11"),
)


def draw(axes):
    """From left to right: answers, labels, two models, the mixed reward, the policy."""
    for x, y, width, height, colour, lines, section in BOXES:
        box(axes, x, y, width, height, colour, lines, section)
    arrow(axes, (2.3, 3.5), (3.05, 4.4))
    arrow(axes, (2.3, 3.0), (3.05, 2.0))
    arrow(axes, (5.3, 4.65), (6.35, 4.65))
    arrow(axes, (5.3, 1.85), (6.35, 1.85))
    axes.text(5.83, 4.85, "clear pairs", **{**SMALL, "fontsize": 9})
    axes.text(5.83, 2.05, "yes or no", **{**SMALL, "fontsize": 9})
    arrow(axes, (8.8, 4.5), (10.2, 3.94), ORANGE)
    arrow(axes, (8.8, 1.9), (10.2, 2.56), ORANGE)
    arrow(axes, (10.7, 1.1), (10.7, 2.56), PURPLE)
    arrow(axes, (11.8, 3.25), (12.56, 3.25), GREEN)
    kind = {"bend": -0.45, "line": "--"}
    arrow(axes, (1.25, 3.9), (7.6, 5.34), ORANGE, **kind)
    axes.text(4.4, 6.35, "9, 10: please the model, not the reader", **SMALL)


if __name__ == "__main__":
    sheet("13_preferences.png", 14.9, 6.6, draw)
