"""Draw one group and its advantages by hand: python -m figures.make_09_group"""

from figures.sketch import CENTRE, SMALL, arrow, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE

REWARDS = (1.1, 0.1, 0.1, 0.0)
MEAN = sum(REWARDS) / len(REWARDS)
FLOOR, HIGH, WIDE = 0.9, 2.6, 1.9  # where 0 is, one unit of reward, one completion


def group(axes):
    """Four bars of reward, the line of their mean, and an arrow to each."""
    level = FLOOR + HIGH * MEAN
    axes.plot([0.7, 0.9 + 4 * WIDE], [level, level], "--", color=INK, linewidth=1.4)
    words = f"mean {MEAN:.3f}:\nthe baseline"
    axes.text(1.0 + 4 * WIDE, level, words, **{**SMALL, "ha": "left"})
    for i, reward in enumerate(REWARDS):
        x, top = 1.5 + WIDE * i, FLOOR + HIGH * reward
        axes.bar(x, HIGH * reward, 0.62, FLOOR, color=GREY, alpha=0.45)
        colour = GREEN if reward > MEAN else ORANGE
        arrow(axes, (x + 0.5, level), (x + 0.5, top), colour)
        axes.text(x, FLOOR - 0.3, f"reward {reward:g}", **SMALL)
        bold = {**CENTRE, "fontsize": 13, "fontweight": "bold", "color": colour}
        side = top + 0.28 if reward > MEAN else level + 0.3
        axes.text(x + 0.5, side, f"{reward - MEAN:+.3f}", **bold)
    axes.plot([0.7, 0.9 + 4 * WIDE], [FLOOR, FLOOR], color=BLUE, linewidth=1.2)


if __name__ == "__main__":
    sheet("09_group.png", 10.0, 4.4, group)
