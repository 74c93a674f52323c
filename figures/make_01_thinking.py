"""Draw an answer with its parts: python -m figures.make_01_thinking"""

from figures.sketch import CENTRE, SMALL, arrow, box, frame, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE

MONO = {
    "family": "DejaVu Sans Mono",
    "fontsize": 13.5,
    "ha": "left",
    "va": "center",
    "color": INK,
}
LETTER = 0.1178  # inches of one letter of MONO


def question(axes):
    """On the left: one question, two ways to answer it."""
    lines = ("question", "Tom has 12 apples,", "gets 5 more,", "then has 2 times")
    lines += ("as many, loses 9.", "How many?")
    box(axes, 0.3, 1.75, 2.6, 2.2, GREY, lines)
    arrow(axes, (2.9, 3.4), (3.76, 4.2))
    arrow(axes, (2.9, 2.3), (3.76, 1.9))


def ordinary(axes):
    """Above: the answer at once."""
    frame(axes, 3.8, 3.75, 8.9, 0.95, GREY, 0.1)
    axes.text(4.0, 4.22, "<answer>30</answer>", **MONO)
    text = "no thinking: a guess, and wrong"
    axes.text(7.5, 4.22, text, **{**SMALL, "ha": "left"})
    axes.text(3.8, 4.95, "ordinary model", **{**BOLD, "color": INK})


def reasoning(axes):
    """Below: thinking first, with the names of its parts."""
    frame(axes, 3.8, 0.95, 8.9, 1.75, BLUE, 0.1)
    axes.text(3.8, 2.95, "reasoning model", **BOLD)
    axes.text(4.0, 2.35, "<think>12+5=17,*2=34,-9=25", **MONO)
    axes.text(4.0, 1.85, "12+5=17,*2=34,-9=25~25=0 yes true", **MONO)
    axes.text(4.0, 1.35, "</think><answer>25</answer>", **MONO)
    note(axes, 7, 26, 2.35, ORANGE, "a tape: one small sum after another")
    underline(axes, 0, 19, 1.85, ORANGE)
    note(axes, 19.3, 33, 1.85, GREEN, "the tape again, and a check: 0 away from 25")
    note(axes, 8, 27, 1.35, BLUE, "the answer: all that is graded")


def note(axes, first, last, y, colour, text):
    """Underline some letters of a line and name them on the right."""
    underline(axes, first, last, y, colour)
    axes.text(8.75, y, text, **{**SMALL, "ha": "left"})
    arrow(axes, (8.7, y), (4.0 + LETTER * last + 0.08, y), colour, linewidth=1.2)


def underline(axes, first, last, y, colour):
    """Draw a line under the letters from `first` to `last`."""
    start, end = 4.0 + LETTER * first, 4.0 + LETTER * last
    axes.plot([start, end], [y - 0.17] * 2, color=colour, linewidth=2.4)


BOLD = {**CENTRE, "ha": "left", "fontsize": 12.5, "fontweight": "bold"}

if __name__ == "__main__":
    sheet("01_thinking.png", 13.0, 5.25, question, ordinary, reasoning, bottom=0.65)
