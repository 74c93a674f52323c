"""Draw what a text and what a row of probabilities teach: figures.make_14_targets"""

from figures.sketch import CENTRE, INK, SMALL, arrow, frame, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE

TOKENS, TEACHER = ("20", "15", "1"), (0.6, 0.3, 0.1)
DRAWS = (0, 0, 1, 0)  # what four texts wrote in this position
HIGH, BOTTOM = 1.6, 1.35


def bars(axes, left, values, colour, wide=0.52):
    """One bar for each token, its value on top; nothing for 0."""
    for i, (token, value) in enumerate(zip(TOKENS, values, strict=True)):
        x = left + (i + 0.5) * wide * 1.25
        axes.bar(x, HIGH * value, wide, bottom=BOTTOM, color=colour)
        axes.text(x, BOTTOM - 0.22, token, **SMALL)
        if value:
            axes.text(x, BOTTOM + HIGH * value + 0.17, f"{value:g}", **SMALL)
    right = left + len(TOKENS) * wide * 1.25
    axes.plot([left - 0.05, right + 0.05], [BOTTOM, BOTTOM], color=INK, linewidth=1)


def draw(axes):
    """Four texts on the left, the teacher's own probabilities on the right."""
    bold = {**CENTRE, "fontsize": 13, "fontweight": "bold"}
    frame(axes, 0.2, 0.3, 9.6, 4.4, ORANGE, 0.12)
    axes.text(5.0, 4.35, "texts: each shows one draw", **bold)
    for i, drawn in enumerate(DRAWS):
        left = 0.6 + 2.3 * i
        bars(axes, left, [float(j == drawn) for j in range(3)], ORANGE)
        axes.text(left + 0.97, 3.75, f"text {i + 1}", **SMALL)
    axes.text(5.0, 0.68, "their mean: 0.75, 0.25, 0", **SMALL)
    frame(axes, 11.2, 0.3, 3.4, 4.4, BLUE, 0.12)
    axes.text(12.9, 4.35, "probabilities: all at once", **bold)
    bars(axes, 11.95, TEACHER, BLUE)
    arrow(axes, (9.85, 2.5), (11.15, 2.5), GREEN)
    axes.text(10.5, 2.95, "more and", **{**SMALL, "color": GREY})
    axes.text(10.5, 2.72, "more texts", **{**SMALL, "color": GREY})


if __name__ == "__main__":
    sheet("14_targets.png", 14.8, 5.0, draw)
