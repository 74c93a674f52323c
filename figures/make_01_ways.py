"""Draw four ways to a reasoning model: python -m figures.make_01_ways

Colours are those of the map in make_01: grey no new training, blue SFT, orange RL.
"""

from figures.sketch import SMALL, arrow, box, sheet
from r1lib.plots import BLUE, GREY, ORANGE

WAYS = (  # start, what is done, result, chapters
    (
        "base",
        ((GREY, "1  think longer when asked", "more tokens, more samples, a vote"),),
        (GREY, "base", "the same weights"),
        "chapter 07",
    ),
    (
        "base",
        ((ORANGE, "2  pure RL", "rewards for right answers"),),
        (ORANGE, "R1-Zero", "new weights"),
        "chapter 09",
    ),
    (
        "base",
        ((BLUE, "3  SFT", "examples"), (ORANGE, "and RL", "rewards; two rounds")),
        (ORANGE, "R1", "new weights"),
        "chapters 10 to 13",
    ),
    (
        "a small base",
        ((BLUE, "4  SFT alone", "a teacher's texts: distillation"),),
        (BLUE, "Distill", "new weights"),
        "chapter 14",
    ),
)
HEADINGS = ((1.35, "starts from"), (5.5, "what is done"), (9.75, "the result"))


def ways(axes):
    """A row for each way: from which weights, by what, to which."""
    for x, heading in HEADINGS:
        axes.text(x, 5.55, heading, **{**SMALL, "fontweight": "bold"})
    for i, (start, done, (colour, name, line), chapters) in enumerate(WAYS):
        y = 4.25 - 1.35 * i
        box(axes, 0.4, y, 1.9, 0.95, GREY, (start, "weights"))
        width = 4.4 / len(done)
        for j, (shade, *lines) in enumerate(done):
            box(
                axes,
                3.3 + width * j,
                y,
                width - 0.1 * (j < len(done) - 1),
                0.95,
                shade,
                lines,
            )
        box(axes, 8.7, y, 2.1, 0.95, colour, (name, line))
        arrow(axes, (2.3, y + 0.47), (3.26, y + 0.47))
        arrow(axes, (7.7, y + 0.47), (8.66, y + 0.47))
        axes.text(11.1, y + 0.47, chapters, **{**SMALL, "ha": "left"})


if __name__ == "__main__":
    sheet("01_ways.png", 12.9, 5.85, ways)
