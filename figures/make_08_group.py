"""Draw GRPO on one group of eight: python -m figures.make_08_group"""

import torch

from figures.sketch import CENTRE, SMALL, arrow, frame, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE
from r1lib.rl.grpo import group_advantages

LENGTHS = (4, 6, 3, 8, 5, 3, 7, 4)  # tokens of each completion, as in the chapter
RIGHT = (1, 0, 0, 1, 0, 0, 0, 1)
LEFT, TOP, TALL, WIDE = 2.6, 6.15, 0.66, 0.62  # the first token; a row; a token
HEADS = (
    (0.95, "one prompt"),
    (LEFT + 4 * WIDE, "eight completions, a box for each token"),
    (8.45, "reward"),
    (9.75, "advantage"),
    (11.35, "mean over"),
)


def row(axes, i, advantage):
    """A completion: its tokens with a push on each, its reward and advantage."""
    y, colour = TOP - TALL * (i + 1), GREEN if RIGHT[i] else ORANGE
    arrow(axes, (1.75, TOP - TALL * 4.1), (LEFT - 0.12, y + 0.2), GREY, linewidth=1.1)
    for t in range(LENGTHS[i]):
        x = LEFT + WIDE * t
        frame(axes, x, y, WIDE - 0.08, 0.42, colour, 0.05, linewidth=1.1)
        low, high = (y + 0.07, y + 0.37) if RIGHT[i] else (y + 0.35, y + 0.05)
        middle = x + WIDE / 2 - 0.04
        kind = {"linewidth": 1.6, "mutation_scale": 11}
        arrow(axes, (middle, low), (middle, high), colour, **kind)
    level = y + 0.2
    axes.text(8.45, level, f"{RIGHT[i]}", **{**CENTRE, "fontsize": 12})
    bold = {**CENTRE, "fontsize": 12, "fontweight": "bold", "color": colour}
    axes.text(9.75, level, f"{advantage:+.2f}", **bold)
    axes.text(11.35, level, f"{LENGTHS[i]} tokens", **{**CENTRE, "fontsize": 11})
    axes.plot([12.05, 12.35], [level, level], color=INK, lw=1.2)


def group(axes):
    """The prompt, its eight completions, and what is compared and averaged."""
    for x, words in HEADS:
        axes.text(x, TOP + 0.22, words, **{**SMALL, "fontweight": "bold"})
    frame(axes, 0.15, TOP - TALL * 4.6, 1.6, 0.66, BLUE, 0.1)
    axes.text(0.95, TOP - TALL * 4.1, "12 + 5 = ?", **{**CENTRE, "fontsize": 12})
    advantages = group_advantages(torch.tensor([RIGHT]).float())[0].tolist()
    for i, advantage in enumerate(advantages):
        row(axes, i, advantage)
    bottom, top = TOP - TALL * 8 + 0.2, TOP - TALL + 0.2
    axes.plot([12.35, 12.35], [bottom, top], color=INK, lw=1.2)
    arrow(axes, (12.35, (bottom + top) / 2), (12.75, (bottom + top) / 2))
    words = "mean\nover\nthe eight"
    axes.text(13.35, (bottom + top) / 2, words, **{**CENTRE, "fontsize": 11.5})
    below = {**CENTRE, "fontsize": 11}
    axes.text(8.45, 0.42, f"mean {sum(RIGHT) / 8:g}", **below)
    std = torch.tensor(RIGHT).float().std().item()
    axes.text(8.45, 0.14, f"std {std:.2f}", **below)
    words = "the same for all tokens"
    axes.text(10.55, 0.42, words, **{**SMALL, "fontsize": 10.5})


if __name__ == "__main__":
    sheet("08_group.png", 14, 6.7, group)
