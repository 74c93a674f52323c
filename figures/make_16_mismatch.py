"""Draw what a sampler hands to its trainer: python -m figures.make_16_mismatch"""

from figures.sketch import SMALL, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE

WIDE, TALL = 2.7, 3.2
LEFT, RIGHT, BOTTOM = 0.3, 9.3, 0.9
ROWS = (  # (what is sent, its height, colour, which repair uses it)
    ("texts", 3.75, GREY, "read again by the trainer"),
    ("probability of each token", 2.75, BLUE, "TIS, masking: weigh the loss"),
    ("experts of each token", 1.75, GREEN, "routing replay: run the same"),
)


def draw(axes):
    """The sampler on the left, the trainer on the right, and what is sent between."""
    sampler = ("sampler", "bfloat16 or eight bits", "weights of some", "steps ago")
    trainer = ("trainer", "float32", "the newest", "weights")
    box(axes, LEFT, BOTTOM, WIDE, TALL, ORANGE, sampler)
    box(axes, RIGHT, BOTTOM, WIDE, TALL, BLUE, trainer)
    middle = (LEFT + WIDE + RIGHT) / 2
    for sent, y, colour, use in ROWS:
        arrow(axes, (LEFT + WIDE + 0.1, y), (RIGHT - 0.1, y), colour)
        axes.text(middle, y + 0.2, sent, fontweight="bold", **SMALL)
        axes.text(middle, y - 0.22, use, **SMALL)
    ends = (RIGHT + WIDE / 2, BOTTOM - 0.05), (LEFT + WIDE / 2, BOTTOM - 0.05)
    arrow(axes, *ends, bend=-0.08)
    axes.text(middle, 0.7, "weights, now and then", **SMALL)


if __name__ == "__main__":
    sheet("16_mismatch.png", 12.3, 4.4, draw)
