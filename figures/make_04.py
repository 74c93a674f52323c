"""Draw the road map of chapter 04: python -m figures.make_04"""

from figures.sketch import SMALL, arrow, badge, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE, PAPER, PURPLE

MONO = {"fontfamily": "DejaVu Sans Mono"}
SCORES = (".31", ".92", ".12", ".20", ".66", ".60", ".71", ".08")  # of section 3
CHOSEN, CLOSED = (1, 4, 5), (2, 3, 6, 7)
WEIGHTS = {1: ".42", 4: ".30", 5: ".28"}  # scores of the chosen, divided by their sum


def draw(axes):
    """From left to right: a token, the router, eight experts, the sum."""
    box(axes, 0.3, 2.3, 1.7, 0.9, GREY, ("a token", "u"))
    box(axes, 2.7, 3.6, 2.4, 1.0, BLUE, ("router", "8 scores, top 3"), "2")
    box(axes, 2.7, 0.55, 2.4, 1.0, GREEN, ("shared expert", "for every token"), "4")
    box(axes, 10.6, 2.3, 2.1, 0.9, GREY, ("sum", "y"))
    badge(axes, 12.66, 3.16, "4", GREEN)
    arrow(axes, (2.0, 3.0), (2.65, 3.85))
    arrow(axes, (2.0, 2.5), (2.65, 1.15))
    axes.plot([5.1, 11.65], [1.05, 1.05], color=GREEN, linewidth=1.8)
    arrow(axes, (11.65, 1.05), (11.65, 2.3), GREEN)
    for i, score in enumerate(SCORES):
        y = 5.65 - 0.58 * i
        used, closed = i in CHOSEN, i in CLOSED
        look = {"linestyle": ":" if closed else "-"}
        colour = ORANGE if used else GREY
        text = f"expert {i}, closed" if closed else f"expert {i}"
        box(axes, 6.9, y - 0.21, 2.1, 0.44, colour, (text,), **look)
        axes.text(6.45, y, score, **{**SMALL, **MONO})
        if used:
            arrow(axes, (5.1, 4.1), (6.15, y), ORANGE)
            end = (10.95, 3.2) if y > 4 else (10.6, 3.0 if y > 3 else 2.7)
            arrow(axes, (9.05, y), end, ORANGE)
            spot = 9.05 + 0.42 * (end[0] - 9.05), y + 0.42 * (end[1] - y)
            plate = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.2}
            axes.text(*spot, WEIGHTS[i], bbox=plate, **{**SMALL, **MONO})
    for y in (4.78, 3.62, 2.46):
        line = {"color": INK, "linewidth": 1, "linestyle": (0, (4, 3))}
        axes.plot([6.1, 9.2], [y, y], **line)
    axes.text(11.35, 5.36, "four groups of two,\ntwo of them open", **SMALL)
    badge(axes, 6.1, 2.46, "3", PURPLE)
    lines = ("bias", "overloaded experts are chosen less")
    box(axes, 0.9, 4.98, 4.2, 0.9, PURPLE, lines, "5")
    arrow(axes, (3.9, 4.95), (3.9, 4.62), PURPLE)
    text = "3 of 8 routed experts work for this token; all 8 have to be stored"
    axes.text(6.5, 0.22, text, style="italic", **{**SMALL, "fontsize": 12})


if __name__ == "__main__":
    sheet("04_experts.png", 13, 6.1, draw)
