"""Draw the four steps of comparing answers: python -m figures.make_06_ladder"""

from figures.sketch import CENTRE, SMALL, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE

STEPS = (  # title, what it does, a pair that it decides
    ("1 number", "written out, as a fraction", "1/2  and  50%", "equal"),
    ("2 structure", "tuple, set, interval", "(1,2)  and  (2,1)", "not equal"),
    ("3 exact", "rational value, bounded", "1024  and  2^{10}", "equal"),
    ("4 algebra", "a proof by sympy", r"2\sqrt{2}  and  \sqrt{8}", "equal"),
)
WIDE, TALL, GAP = 2.7, 1.05, 0.55


def draw(axes):
    """From left to right, each step decides some pairs and passes on the rest."""
    mono = {**CENTRE, "family": "DejaVu Sans Mono", "fontsize": 10.5}
    for i, (title, what, pair, verdict) in enumerate(STEPS):
        x = 0.3 + i * (WIDE + GAP)
        box(axes, x, 2.0, WIDE, TALL, BLUE, (title, what))
        colour = GREEN if verdict == "equal" else ORANGE
        axes.text(x + WIDE / 2, 3.75, pair, **mono)
        arrow(axes, (x + WIDE / 2, 3.55), (x + WIDE / 2, 3.1), GREY)
        arrow(axes, (x + WIDE / 2, 2.0), (x + WIDE / 2, 1.5), colour)
        look = {**SMALL, "fontsize": 12, "fontweight": "bold"}
        axes.text(x + WIDE / 2, 1.27, verdict, **look)
        if i < 3:
            arrow(axes, (x + WIDE, 2.52), (x + WIDE + GAP - 0.04, 2.52))
    last = 0.3 + 3 * (WIDE + GAP) + WIDE
    arrow(axes, (last, 2.52), (last + 0.55, 2.52), ORANGE)
    look = {**SMALL, "ha": "left", "fontsize": 11.5}
    axes.text(last + 0.62, 2.52, "not proved:\nnot equal", **look)
    text = "each step may say equal or not equal; to the right: it cannot decide"
    axes.text(0.3, 0.62, text, **{**look, "style": "italic"})
    text = 'texts that are no mathematics, such as "Monday", are compared as words'
    axes.text(0.3, 0.3, text, **{**look, "style": "italic"})


if __name__ == "__main__":
    sheet("06_ladder.png", 14.6, 4.2, draw, bottom=0.2)
