"""Draw how the time of a step grows: python -m figures.make_speed_growth"""

import json

from figures.sketch import ROOT, inset, sheet
from r1lib.plots import BLUE, GREEN, ORANGE, PURPLE

LOOKS = {
    "width": (BLUE, "o", "-"),
    "context": (ORANGE, "s", "--"),
    "group size": (GREEN, "^", "-."),
    "experts": (PURPLE, "D", ":"),
}
NAMES = {"training": "a step of training", "grpo": "a GRPO step"}


def panel(figure_axes, place, step, lines):
    """Time over size, both as multiples of their smallest value, on log axes."""
    axes = inset(figure_axes, place)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    for line in lines:
        colour, mark, dash = LOOKS[line["axis"]]
        x = [value / line["values"][0] for value in line["values"]]
        y = [value / line["seconds"][0] for value in line["seconds"]]
        name = f"{line['axis']}: slope {line['slope of seconds']:.2f}"
        axes.plot(x, y, mark + dash, color=colour, label=name)
    axes.plot([1, 8], [1, 8], color="0.75", linewidth=1, zorder=0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}x")
    axes.set(title=NAMES[step], xlabel="size", ylabel="seconds")
    axes.legend(frameon=False, loc="upper left")


def both(axes):
    """Training on the left, GRPO on the right, as measured."""
    file = ROOT / "results" / "data" / "bench-growth.json"
    found = json.loads(file.read_text(encoding="utf-8"))["growth"]
    for i, step in enumerate(NAMES):
        lines = [line for line in found if line["step"] == step]
        panel(axes, (0.07 + 0.5 * i, 0.15, 0.41, 0.73), step, lines)


if __name__ == "__main__":
    sheet("speed_growth.png", 11, 4.4, both)
