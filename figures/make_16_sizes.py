"""Draw the road map of chapter 16: python -m figures.make_16_sizes"""

from figures.sketch import SMALL, arrow, badge, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE, PURPLE

SIZES = (
    ("tiny R1", "0.7 million", "one core of a laptop", GREEN, "1"),
    ("Qwen2.5-0.5B", "0.5 billion", "one GPU", BLUE, "3"),
    ("Qwen2.5-7B", "7.6 billion", "several GPUs", ORANGE, ""),
    ("DeepSeek-V3", "671 billion", "2,048 GPUs", PURPLE, "5"),
)
STEPS = (
    ("read a published\ncheckpoint", "2"),
    ("slice every tensor\nover the GPUs", "4"),
    ("spread layers and\nexperts, too", "4"),
)
LAST = "at every size: the sampler may be another program"
WIDE, LEFT, EACH = 2.75, 0.25, 4.25


def sizes(axes):
    """Four boxes from left to right, and what is new at each step."""
    for i, (name, size, where, colour, section) in enumerate(SIZES):
        x = LEFT + EACH * i
        lines = (name, size + " weights", where)
        box(axes, x, 1.0, WIDE, 1.35, colour, lines, section)
        if i:
            arrow(axes, (x - EACH + WIDE + 0.05, 1.68), (x - 0.05, 1.68))
            text, number = STEPS[i - 1]
            axes.text(x - (EACH - WIDE) / 2, 1.3, text, **SMALL)
            badge(axes, x - (EACH - WIDE) / 2, 2.0, number, GREY)
    axes.text(8.0, 0.55, LAST, **SMALL)
    badge(axes, 5.85, 0.56, "6", GREY)


if __name__ == "__main__":
    sheet("16_sizes.png", 16.0, 2.7, sizes, bottom=0.2)
