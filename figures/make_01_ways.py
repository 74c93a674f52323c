"""Draw four ways to a reasoning model: python -m figures.make_01_ways"""

from figures.sketch import SMALL, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE, PURPLE

WAYS = (  # title, what is done, colour, model, chapters
    ("think longer when asked", "more tokens, more samples, a vote", PURPLE, "", "07"),
    ("pure RL", "rewards for right answers", ORANGE, "R1-Zero", "09"),
    ("SFT and RL", "examples, then rewards, in two rounds", GREEN, "R1", "10 to 13"),
    ("SFT on a teacher's texts", "examples alone: distillation", BLUE, "Distill", "14"),
)


def ways(axes):
    """A row for each way: from which weights, by what, to which."""
    for i, (title, line, colour, model, chapters) in enumerate(WAYS):
        y = 4.25 - 1.35 * i
        base = "a small base" if i == 3 else "base"
        box(axes, 0.4, y, 1.9, 0.95, GREY, (base, "weights"))
        box(axes, 3.3, y, 4.4, 0.95, colour, (f"{i + 1}  {title}", line))
        name = (model, "new weights") if model else ("base", "the same weights")
        box(axes, 8.7, y, 2.1, 0.95, colour if model else GREY, name)
        arrow(axes, (2.3, y + 0.47), (3.26, y + 0.47))
        arrow(axes, (7.7, y + 0.47), (8.66, y + 0.47))
        text = f"chapter{'s' if 'to' in chapters else ''} {chapters}"
        axes.text(11.1, y + 0.47, text, **{**SMALL, "ha": "left"})


if __name__ == "__main__":
    sheet("01_ways.png", 12.9, 5.5, ways)
