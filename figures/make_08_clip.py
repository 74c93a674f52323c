"""Draw the four cases of PPO's clip: python -m figures.make_08_clip"""

from figures.sketch import CENTRE, SMALL, arrow, frame, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE

LOW, HIGH, START, SCALE = 0.8, 1.2, 0.2, 3.0  # ratios; inches for a ratio of 1
CASES = (  # left, bottom, sign of the advantage, ratio, push, words
    (0.3, 3.3, +1, 0.5, +0.5, "a good token became rarer: pull it back"),
    (6.6, 3.3, +1, 1.5, 0, "a good token is common enough: no push"),
    (0.3, 0.3, -1, 0.5, 0, "a bad token is rare enough: no push"),
    (6.6, 0.3, -1, 1.5, -1.5, "a bad token became more common: push it down"),
)


def place(left, ratio):
    """Where a ratio is on the line of a case."""
    return left + 0.55 + (ratio - START) * SCALE


def case(axes, left, bottom, sign, ratio, push, words):
    """One number line of ratios with the clip's range, a token, and its push."""
    colour, level = GREEN if sign > 0 else ORANGE, bottom + 0.9
    frame(axes, left, bottom, 5.9, 2.6, colour, 0.12)
    axes.text(left + 2.95, bottom + 2.27, words, fontsize=12.5, **CENTRE)
    width = (HIGH - LOW) * SCALE
    frame(axes, place(left, LOW), level - 0.2, width, 0.4, BLUE, 0.02, linewidth=1)
    ends = [place(left, START), place(left, 1.85)]
    axes.plot(ends, [level, level], color=GREY, lw=1.5)
    for mark in (0.5, LOW, 1.0, HIGH, 1.5):
        axes.plot([place(left, mark)] * 2, [level - 0.08, level + 0.08], color=GREY)
        axes.text(place(left, mark), level - 0.42, f"{mark:g}", **SMALL)
    axes.text(left + 2.95, bottom + 0.2, "ratio", **{**SMALL, "fontsize": 9.5})
    x = place(left, ratio)
    axes.plot([x], [level], "o", color=colour, markersize=13, zorder=5)
    text = {**CENTRE, "color": "white", "fontweight": "bold", "zorder": 6}
    axes.text(x, level, "+" if sign > 0 else "-", fontsize=12, **text)
    if push:
        kind = {"linewidth": 3, "mutation_scale": 22}
        arrow(axes, (x, level + 0.45), (x + push * 1.3, level + 0.45), colour, **kind)
        where, says = x + push * 0.65, f"gradient {push:+g}"
    else:
        axes.plot([x], [level + 0.45], "x", color=INK, markersize=10, mew=2.5)
        where, says = x, "gradient 0"
    axes.text(where, level + 0.8, says, **SMALL)


def draw(axes):
    for one in CASES:
        case(axes, *one)


if __name__ == "__main__":
    sheet("08_clip.png", 12.8, 6.2, draw)
