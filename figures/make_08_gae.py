"""Draw generalized advantage estimation: python -m figures.make_08_gae"""

import torch

from figures.sketch import CENTRE, PALE, SMALL, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE
from r1lib.rl.ppo import gae

PIECES = ("12+5=17", "*2=36", "no", "*2=34 yes")
NOTES = ("a right sum", "a slip", "it is noticed", "and mended")
VALUES, REWARDS = [0.4, 0.7, 0.2, 0.9], [0.0, 0.0, 0.0, 1.0]
LEFT, WIDTH = (2.6, 5.1, 7.6, 10.1), 2.0


def trajectory(axes):
    """The pieces with the value before each, and the reward after the last."""
    names = {**CENTRE, "ha": "left", "fontsize": 11.5}
    axes.text(0.25, 5.8, "value V before", **names)
    axes.text(0.25, 4.85, "completion", **names)
    axes.text(0.25, 6.15, "change", **{**names, "fontsize": 10})
    for x, piece, note, value in zip(LEFT, PIECES, NOTES, VALUES, strict=True):
        box(axes, x, 4.45, WIDTH, 0.8, BLUE, (piece, note))
        axes.text(x, 5.8, f"{value:.1f}", fontsize=14, color=ORANGE, ha="center")
        axes.plot([x, x], [4.35, 5.6], color=ORANGE, lw=1.2, ls=":")
    end = LEFT[-1] + WIDTH
    axes.text(end + 0.15, 5.8, "reward 1", fontsize=12.5, color=GREEN, ha="center")
    axes.plot([end, end], [4.35, 5.6], color=GREEN, lw=1.2, ls=":")
    for i, x in enumerate(LEFT):
        stop = LEFT[i + 1] - 0.3 if i < 3 else end - 0.5
        arrow(axes, (x + 0.3, 5.87), (stop, 5.87), GREY, linewidth=1.3)
        after = VALUES[i + 1] if i < 3 else 0.0
        change = REWARDS[i] + after - VALUES[i]
        axes.text((x + 0.3 + stop) / 2, 6.12, f"{change:+.1f}", **SMALL)


def rows(axes):
    """The advantages for three lambdas as bars, one row each."""
    rewards, values = torch.tensor([REWARDS]), torch.tensor([VALUES])
    mask = torch.ones(1, 4, dtype=torch.bool)
    for y, lam, words in (
        (3.3, 0.0, "0: one step (TD)"),
        (2.05, 0.5, "0.5: between"),
        (0.8, 1.0, "1: Monte Carlo"),
    ):
        axes.text(0.25, y, rf"$\lambda$ = {words}", **{**SMALL, "ha": "left"})
        axes.plot([LEFT[0], LEFT[-1] + WIDTH], [y, y], color=GREY, lw=1)
        advantages = gae(rewards, values, mask, lam=lam)[0][0].tolist()
        for x, value in zip(LEFT, advantages, strict=True):
            colour, middle = GREEN if value > 0 else ORANGE, x + WIDTH / 2
            kind = {"color": PALE[colour], "edgecolor": colour, "linewidth": 1.6}
            axes.bar([middle], [0.62 * value], 0.8, bottom=y, **kind)
            text = {**SMALL, "ha": "left", "color": INK}
            level = y + (0.19 if value > 0 else -0.22)
            axes.text(middle + 0.5, level, f"{value:+.2f}", **text)


if __name__ == "__main__":
    sheet("08_gae.png", 12.9, 6.5, trajectory, rows)
