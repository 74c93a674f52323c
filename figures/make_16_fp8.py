"""Draw FP8 weights with the scales of their blocks: python -m figures.make_16_fp8"""

import torch
from matplotlib.patches import Rectangle

from figures.sketch import CENTRE, PALE, SMALL, arrow, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE

WEIGHTS = ((0.013, -0.021), (0.042, 0.008))  # a corner of one block; 0.042 its largest


def grid(axes, x, y, values, colour, title, form):
    """A small table of numbers with its name above it."""
    axes.text(x + 1.0, y + 1.35, title, **SMALL)
    for r, row in enumerate(values):
        for c, value in enumerate(row):
            look = {"facecolor": PALE[colour], "edgecolor": colour, "linewidth": 1.5}
            place = (x + 1.0 * c, y + 0.55 * (1 - r))
            axes.add_patch(Rectangle(place, 1.0, 0.55, **look))
            spot = (place[0] + 0.5, place[1] + 0.275)
            axes.text(*spot, form.format(value), fontsize=11, **CENTRE)


def matrix(axes):
    """A matrix of 256 x 384 weights in its six blocks, one of them marked."""
    axes.text(1.75, 5.0, "256 x 384 weights", fontsize=12, fontweight="bold", **CENTRE)
    axes.text(1.75, 4.68, "six blocks, six scales", **SMALL)
    for r in range(2):
        for c in range(3):
            colour = ORANGE if (r, c) == (0, 2) else GREY
            look = {"facecolor": PALE[colour], "edgecolor": colour, "linewidth": 1.6}
            place = (0.25 + 1.02 * c, 3.45 - 1.02 * r)
            axes.add_patch(Rectangle(place, 0.96, 0.96, **look))
            spot = (place[0] + 0.48, place[1] + 0.48)
            axes.text(*spot, f"scale {3 * r + c + 1}", fontsize=9.5, **CENTRE)


def steps(axes):
    """Four weights of the marked block: divided, rounded, and multiplied again."""
    weights = torch.tensor(WEIGHTS)
    scale = weights.abs().max() / 448
    divided = weights / scale
    eight = divided.to(torch.float8_e4m3fn).float()
    stages = (
        (weights, ORANGE, "four weights of block 3", "{:.4f}"),
        (divided, GREY, "divided by its scale", "{:.1f}"),
        (eight, GREEN, "rounded: eight bits each", "{:.0f}"),
        (eight * scale, ORANGE, "times the scale: read back", "{:.4f}"),
    )
    for i, (values, colour, title, form) in enumerate(stages):
        x = 4.2 + 2.85 * i
        grid(axes, x, 3.35, values.tolist(), colour, title, form)
        if i:
            arrow(axes, (x - 0.8, 3.9), (x - 0.05, 3.9))
    arrow(axes, (3.3, 3.9), (4.15, 3.9), ORANGE)
    text = f"scale 3 = 0.042 / 448 = {scale.item():.2g}"
    axes.text(7.1, 2.95, text, **SMALL)


def line(axes):
    """All positive numbers of eight bits between 64 and 448."""
    left, wide = 4.2, 10.4
    axes.plot([left, left + wide], [1.35, 1.35], color=INK, linewidth=1.4)
    numbers = torch.arange(127, dtype=torch.uint8).view(torch.float8_e4m3fn).float()
    for value in numbers[numbers >= 64].tolist():
        power = value in (64, 128, 256, 448)
        x = left + wide * (value - 64) / 384
        tall, colour = (0.3, BLUE) if power else (0.18, GREEN)
        axes.plot([x, x], [1.35 - tall / 2, 1.35 + tall / 2], color=colour, lw=2)
        if power:
            axes.text(x, 0.98, f"{value:.0f}", **SMALL)
    text = (
        "every eight-bit number from 64 to 448: eight from one power of two to the next"
    )
    axes.text(left + wide / 2, 1.85, text, **SMALL)


if __name__ == "__main__":
    sheet("16_fp8.png", 15.2, 5.3, matrix, steps, line, bottom=0.7)
