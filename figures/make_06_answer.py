"""Draw where an answer is looked for: python -m figures.make_06_answer"""

from figures.sketch import CENTRE, SMALL, arrow, frame, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE

MONO = {**CENTRE, "family": "DejaVu Sans Mono", "fontsize": 11.5}
LEFT, TALL, ROW = 0.3, 0.62, 0.86
ROWS = (  # (text, colour) of each piece, what is found, colour of what is found
    (
        (("<think><answer>5</answer> no</think>", GREY), ("<answer>4</answer>", BLUE)),
        ("4", GREEN),
    ),
    (
        (("<think>hm</think>", GREY), (r"so it is \boxed{4}", BLUE)),
        ("4", GREEN),
    ),
    ((("first 3, then 5, so 8", BLUE),), ("8", GREEN)),
    (
        (
            ("<think>hm</think>", GREY),
            ("<answer>4</answer> or <answer>5</answer>", ORANGE),
        ),
        ("nothing: two answers", ORANGE),
    ),
    ((("<think>it must be 4, but let me", GREY),), ("nothing: still thinking", ORANGE)),
)


def draw(axes):
    """A completion in each row: grey is thinking, and only the rest is searched."""
    for i, (pieces, (found, colour)) in enumerate(ROWS):
        x, y = LEFT, 4.05 - ROW * i
        for text, shade in pieces:
            wide = 0.125 * len(text) + 0.3
            frame(axes, x, y, wide, TALL, shade, 0.08)
            axes.text(x + wide / 2, y + TALL / 2, text, **MONO)
            x += wide + 0.08
        arrow(axes, (max(x, 7.9) + 0.05, y + TALL / 2), (8.75, y + TALL / 2), colour)
        look = {**SMALL, "ha": "left", "fontsize": 12.5, "fontweight": "bold"}
        axes.text(8.95, y + TALL / 2, found, **look)
    look = {**SMALL, "ha": "left", "fontsize": 11.5}
    axes.text(LEFT, 0.25, "grey: the thinking, never searched", **look)


if __name__ == "__main__":
    sheet("06_answer.png", 12.2, 4.9, draw)
