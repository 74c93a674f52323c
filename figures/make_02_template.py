"""Draw what is read and what is learned: python -m figures.make_02_template"""

from figures.sketch import CENTRE, frame, sheet
from r1lib.plots import BLUE, GREY, INK, ORANGE

PARTS = ("question 1", "thinking 1", "answer 1", "question 2", "thinking 2", "answer 2")
ROWS = (  # name, then for each part: r read, l learned, x dropped, blank not there
    ("in use, before answer 2", "rxrr  "),
    ("the template for training", "rxlrxl"),
    ("whole, with all thinking", "rllrll"),
    ("one example for answer 1", "rll   "),
    ("... and one for answer 2", "rxrrll"),
)
KIND = {"r": BLUE, "l": ORANGE, "x": GREY}
LEFT, WIDE, TALL, STEP, TOP = 3.0, 1.62, 0.6, 1.0, 4.3


def part(axes, k, y, text, kind):
    """One part of the conversation, or the hole that it leaves."""
    x, gone = LEFT + WIDE * k, kind == "x"
    line = {"linestyle": ":", "facecolor": "none"} if gone else {}
    frame(axes, x + 0.05, y, WIDE - 0.1, TALL, KIND[kind], 0.08, **line)
    look = {**CENTRE, "color": GREY if gone else INK, "fontsize": 11.5}
    axes.text(x + WIDE / 2, y + TALL / 2, "dropped" if gone else text, **look)


def draw(axes):
    """One row for each way of using a conversation of two answers."""
    for i, (name, kinds) in enumerate(ROWS):
        y = TOP - STEP * i
        axes.text(1.45, y + TALL / 2, name, fontsize=11.5, **CENTRE)
        for k, kind in enumerate(kinds):
            if kind != " ":
                part(axes, k, y, PARTS[k], kind)
    note = "blue: read     orange: learned     dotted: dropped"
    look = {"ha": "left", "va": "center", "fontsize": 10.5, "color": INK}
    axes.text(LEFT, TOP + 0.95, note, style="italic", **look)


if __name__ == "__main__":
    sheet("02_template.png", 13, 5.6, draw)
