"""Draw which words of a thought have a language: python -m figures.make_11_words"""

from figures.sketch import CENTRE, SMALL, frame, sheet
from r1lib.plots import BLUE, GREY, ORANGE

PIECES = (  # a piece of a thought, its colour, why
    ("try", BLUE, "English"),
    ("8-3=5,*7=35", GREY, "a tape"),
    ("yes", BLUE, "English"),
    ("да", ORANGE, "another language"),
    ("x", GREY, "a variable"),
    (r"\frac{1}{2}", GREY, "a formula"),
    ("so", BLUE, "English"),
)


def thought(axes):
    """Each piece on a tile in the colour of its language, and the share below."""
    x = 0.4
    for piece, colour, why in PIECES:
        width = max(1.15, 0.155 * len(piece) + 0.4)
        frame(axes, x, 1.65, width, 0.75, colour, 0.1)
        spot = (x + width / 2, 2.02)
        axes.text(*spot, piece, **{**CENTRE, "fontsize": 14, "family": MONO})
        lines = why.replace(" ", "\n", 1) if len(why) > 10 else why
        axes.text(x + width / 2, 1.3, lines, **SMALL)
        x += width + 0.22
    own = sum(colour == BLUE for _, colour, _ in PIECES)
    words = own + sum(colour == ORANGE for _, colour, _ in PIECES)
    text = f"language reward = {own} English words of {words} = {own / words:.2f}"
    axes.text(x / 2, 0.5, text, **{**CENTRE, "fontsize": 13, "fontweight": "bold"})
    text = "an English question; grey pieces count on neither side"
    axes.text(x / 2, 2.75, text, **SMALL)


MONO = "DejaVu Sans Mono"

if __name__ == "__main__":
    sheet("11_words.png", 12.7, 3.1, thought)
