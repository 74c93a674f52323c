"""Draw the road map of chapter 06: python -m figures.make_06"""

from figures.sketch import SMALL, arrow, badge, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE, PURPLE

VERIFIERS = (  # title, what it compares, section
    ("games", "each number once, exact", "3"),
    ("mathematics", "same value, proved", "4"),
    ("logic", "the one solution", "5"),
    ("programs", "lint, run, tests, time", "8"),
)


def draw(axes):
    """From left to right: a completion, its answer, the verifiers, the sum."""
    box(axes, 0.2, 2.35, 2.2, 1.3, GREY, ("a completion", "thinking", "and answer"))
    box(axes, 3.2, 3.0, 2.2, 1.0, BLUE, ("find the answer", "one, or none"), "2")
    arrow(axes, (2.4, 3.2), (3.15, 3.45))
    for i, (title, line, section) in enumerate(VERIFIERS):
        y = 5.0 - 1.12 * i
        if title == "programs":
            wall = {"facecolor": "none", "linestyle": "--"}
            box(axes, 6.12, y - 0.14, 2.86, 1.16, ORANGE, (), **wall)
            axes.text(7.55, y - 0.34, "sandbox", **SMALL)
            badge(axes, 8.98, y + 1.0, "9", ORANGE)
        box(axes, 6.3, y, 2.5, 0.88, ORANGE, (title, line), section)
        walled = title == "programs"
        arrow(axes, (5.4, 3.5), (6.1 if walled else 6.27, y + 0.44), ORANGE)
        arrow(axes, (8.98 if walled else 8.8, y + 0.44), (10.27, 3.35), ORANGE)
    box(axes, 3.2, 0.3, 2.2, 1.0, PURPLE, ("the thinking", "how it is written"))
    arrow(axes, (2.0, 2.35), (3.15, 1.0))
    lines = ("format, language,", "length, repetition")
    box(axes, 6.3, 0.3, 2.5, 0.82, PURPLE, lines, "6")
    arrow(axes, (5.4, 0.8), (6.25, 0.75), PURPLE)
    arrow(axes, (8.85, 0.75), (10.6, 2.6), PURPLE, "--")
    lines = ("reward", "right: 1", "form, language: 0.1 each")
    box(axes, 10.3, 2.65, 2.55, 1.1, GREEN, lines, "6")
    axes.text(10.75, 1.45, "small weight", **SMALL)
    axes.text(10.9, 4.6, "right or wrong", **SMALL)
    axes.text(10.9, 4.3, "(programs: a share)", **SMALL)
    text = "7: a gallery of cheats      10: a learned judge instead of the rules"
    axes.text(6.5, 6.25, text, style="italic", **{**SMALL, "fontsize": 12})


if __name__ == "__main__":
    sheet("06_rewards.png", 13, 6.5, draw)
