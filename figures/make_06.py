"""Draw the road map of chapter 06: python -m figures.make_06"""

from figures.sketch import SMALL, arrow, badge, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE, PURPLE

VERIFIERS = (  # title, what it compares, section
    ("games", "each number once, exact", "3"),
    ("mathematics", "same value, proved", "7"),
    ("logic", "the one solution", "8"),
    ("programs", "lint, run, tests, time", "9"),
)


def draw(axes):
    """From left to right: a completion, its answer, the verifiers, the sum."""
    box(axes, 0.2, 2.6, 2.2, 1.3, GREY, ("a completion", "thinking", "and answer"))
    box(axes, 3.2, 2.05, 2.2, 1.0, BLUE, ("find the answer", "one, or none"), "2")
    arrow(axes, (2.4, 3.0), (3.15, 2.65))
    for i, (title, line, section) in enumerate(VERIFIERS):
        y = 3.85 - 1.12 * i
        if title == "programs":
            wall = {"facecolor": "none", "linestyle": "--"}
            box(axes, 6.12, y - 0.14, 2.86, 1.16, ORANGE, (), **wall)
            axes.text(7.55, y - 0.34, "sandbox", **SMALL)
            badge(axes, 8.98, y + 1.0, "10", ORANGE)
        box(axes, 6.3, y, 2.5, 0.88, ORANGE, (title, line), section)
        walled = title == "programs"
        arrow(axes, (5.4, 2.55), (6.1 if walled else 6.27, y + 0.44), ORANGE)
        start = (8.98 if walled else 8.8, y + 0.44)
        arrow(axes, start, (10.27, y + 0.44 if walled else 3.35), ORANGE)
    box(axes, 3.2, 4.9, 2.2, 1.0, PURPLE, ("the form", "how it is written"))
    arrow(axes, (2.0, 3.9), (3.15, 5.2))
    lines = ("format, language,", "length, repetition")
    box(axes, 6.3, 5.0, 2.5, 0.82, PURPLE, lines, "4")
    arrow(axes, (5.4, 5.4), (6.25, 5.4), PURPLE)
    arrow(axes, (8.85, 5.4), (10.9, 3.97), PURPLE, "--")
    lines = ("reward", "right: 1", "form, language: 0.1 each")
    box(axes, 10.3, 2.8, 2.55, 1.1, GREEN, lines, "4")
    lines = ("reward for programs", "tests: 0.7, the rest: 0.3")
    box(axes, 10.3, 0.48, 2.55, 0.92, GREEN, lines, "9")
    axes.text(10.95, 4.9, "small weight", **SMALL)
    axes.text(10.05, 2.35, "right or wrong", **SMALL)
    text = "5: a gallery of cheats      6: a learned judge instead of the rules"
    axes.text(6.5, 6.25, text, style="italic", **{**SMALL, "fontsize": 12})


if __name__ == "__main__":
    sheet("06_rewards.png", 13, 6.5, draw)
