"""Draw one position of the first widget: python -m figures.make_widget_zero"""

import textwrap

from figures.sketch import ROOT, inset, sheet
from r1lib.plots import BLUE, GREEN, INK, ORANGE
from tools import widgets

PROBLEM, SHOWN = 7, (0, 1, 5)  # a word problem; the looks at steps 0, 20 and 100
RUN = widgets.zero(ROOT)["seeds"][0]
NAME = "widget_zero.png"


def texts(axes):
    """What the model wrote at three steps."""
    prompt = textwrap.fill(RUN["looks"][0]["texts"][PROBLEM]["prompt"], 62)
    axes.text(0.4, 5.75, prompt, fontsize=11, va="top")
    for i, number in enumerate(SHOWN):
        look, y = RUN["looks"][number], 4.6 - 1.65 * i
        one = look["texts"][PROBLEM]
        colour, word = (GREEN, "right") if one["right"] else (ORANGE, "wrong")
        axes.text(0.4, y, f"step {look['step']}: {word}", color=colour, weight="bold")
        mono = {"family": "DejaVu Sans Mono", "fontsize": 10, "va": "top"}
        axes.text(0.4, y - 0.2, one["text"], **mono, color=INK)


def curve(axes):
    """The share of right answers over the steps."""
    small = inset(axes, (0.56, 0.17, 0.4, 0.68))
    small.plot(*zip(*[(x, y) for x, y, _ in RUN["curve"]], strict=True), color=BLUE)
    looks = [(look["step"], look["valid"]) for look in RUN["looks"]]
    small.plot(*zip(*looks, strict=True), "s", color=ORANGE, ms=7)
    small.set(xlabel="step", ylim=(0, 1))
    said = "share right, in training (line) and held out (dots)"
    small.set_title(said, fontsize=10)


if __name__ == "__main__":
    sheet(NAME, 12, 6, texts, curve)
