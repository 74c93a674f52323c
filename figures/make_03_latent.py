"""Draw the kept numbers of MLA: python -m figures.make_03_latent -> 03_latent.png"""

from figures.make_03_memory import cell, line
from figures.sketch import CENTRE, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE, PURPLE

HEADS, LEFT, STEP = 4, 2.6, 2.0  # heads drawn, the first one, distance
ROTARY, TOP, MIDDLE, LOW = 4.6, 3.05, 1.75, 0.5  # heights, from above
WIDE, NARROW, HIGH = 1.0, 0.5, 0.46
CENTRE_X = LEFT + (STEP * (HEADS - 1) + WIDE + NARROW + 0.05) / 2
SMALL = {**CENTRE, "fontsize": 11}


def head(axes, h):
    """A query of two parts; the key and the value that could be expanded for it."""
    x = LEFT + STEP * h
    centre, right = x + WIDE / 2, x + WIDE + 0.05 + NARROW / 2
    cell(axes, x, TOP, WIDE, HIGH, BLUE)
    cell(axes, x + WIDE + 0.05, TOP, NARROW, HIGH, BLUE)
    for spot, words in ((centre, "128"), (right, "64")):
        axes.text(spot, TOP + HIGH / 2, words, **{**SMALL, "color": "white"})
    line(axes, (right, TOP + HIGH), (CENTRE_X - 0.3 + 0.2 * h, ROTARY))
    line(axes, (centre, TOP), (centre, MIDDLE + 0.38))
    for y, colour, words in ((MIDDLE, ORANGE, "key"), (MIDDLE - 0.42, GREEN, "value")):
        cell(axes, x, y, WIDE, 0.38, colour, alpha=0.35)
        axes.text(centre, y + 0.19, words, **{**CENTRE, "fontsize": 10})
    ends = (MIDDLE - 0.42, LOW + HIGH)
    axes.plot((centre, centre), ends, color=GREY, linewidth=1, linestyle="--")


def draw(axes):
    """One rotary key above four heads, one latent below them."""
    for h in range(HEADS):
        head(axes, h)
    cell(axes, CENTRE_X - 0.5, ROTARY, 1.0, HIGH, ORANGE, "//")
    side = {**SMALL, "ha": "left"}
    axes.text(CENTRE_X + 0.65, ROTARY + HIGH / 2, "rotary key, 64 numbers", **side)
    cell(axes, LEFT, LOW, STEP * (HEADS - 1) + WIDE, HIGH, PURPLE, "xx")
    axes.text(CENTRE_X - 0.25, LOW - 0.22, "latent, 512 numbers", **SMALL)
    for y, words in (
        (ROTARY + HIGH / 2, "kept for\neach token"),
        (TOP + HIGH / 2, "queries of\nfour heads"),
        (MIDDLE, "expanded,\nnever kept"),
        (LOW + HIGH / 2, "kept for\neach token"),
    ):
        axes.text(1.2, y, words, style="italic", **{**CENTRE, "fontsize": 11.5})


if __name__ == "__main__":
    sheet("03_latent.png", 11.0, 5.4, draw)
