"""Draw which tokens of an example are learned: python -m figures.make_10_mask"""

from matplotlib.patches import Rectangle

from figures.sketch import CENTRE, PALE, SMALL, arrow, sheet
from r1lib.plots import BLUE, GREY, INK

PROMPT = ("bos", "user", "2", "+", "2", "assis-\ntant")
COMPLETION = (
    *("<think>", "2", "+", "2", "=", "4", "\\n", "</think>"),
    *("<ans-\nwer>", "4", "</ans-\nwer>", "eos"),
)
PADDING = ("pad", "pad")
WIDE, LEFT, LEVEL = 0.68, 0.5, 1.55
PARTS = (  # tokens, colour, what they are for the loss
    (PROMPT, GREY, "prompt: read, not learned"),
    (COMPLETION, BLUE, "completion: read and learned"),
    (PADDING, GREY, "padding: neither"),
)


def row(axes):
    """A cell for each token, its mask below, and a bracket for each part."""
    x = LEFT
    for tokens, colour, what in PARTS:
        start = x
        for token in tokens:
            look = {"facecolor": PALE[colour], "edgecolor": colour, "linewidth": 1.4}
            if token == "pad":
                look |= {"facecolor": "#ffffff", "linestyle": "--"}
            axes.add_patch(Rectangle((x, LEVEL), WIDE - 0.06, 0.75, **look))
            size = 8.5 if len(token) > 3 else 12
            middle = x + WIDE / 2 - 0.03
            text = "" if token == "pad" else token
            axes.text(middle, LEVEL + 0.37, text, **{**CENTRE, "fontsize": size})
            learned = "1" if colour == BLUE else "0"
            look = {**CENTRE, "fontsize": 12, "color": BLUE if colour == BLUE else GREY}
            axes.text(middle, LEVEL - 0.3, learned, **look)
            x += WIDE
        bracket(axes, start, x - 0.06, what)
    axes.text(LEFT - 0.12, LEVEL - 0.3, "$m_t$", **{**CENTRE, "ha": "right"})


def bracket(axes, left, right, what):
    """A line over some cells, with a word on it."""
    axes.plot([left, right], [2.6, 2.6], color=INK, linewidth=1.4)
    axes.text((left + right) / 2, 2.85, what, **SMALL)


def shift(axes):
    """Below: a token is predicted at the place to its left."""
    last = LEFT + WIDE * len(PROMPT) - WIDE / 2
    for i in (0, 1, 2):
        x = last + WIDE * i
        arrow(axes, (x, 1.0), (x + WIDE, 1.0), BLUE, bend=0.5, linewidth=1.2)
    x = LEFT + WIDE * (len(PROMPT) + len(COMPLETION)) - 1.5 * WIDE
    arrow(axes, (x, 1.0), (x + WIDE, 1.0), BLUE, bend=0.5, linewidth=1.2)
    text = "a token is predicted at the place before it, from everything up to there:\n"
    text += "the first at the last token of the prompt, eos at the end of the answer"
    axes.text(8.6, 0.35, text, **SMALL)


if __name__ == "__main__":
    sheet("10_mask.png", 14.4, 3.2, row, shift)
