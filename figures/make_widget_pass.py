"""Draw one position of the second widget: python -m figures.make_widget_pass"""

from statistics import fmean

from figures.sketch import ROOT, inset, sheet
from r1lib.evaluate import pass_at_k
from r1lib.plots import LOOKS
from tools import widgets

DATA = widgets.passing(ROOT)
NAME = "widget_pass.png"


def curves(axes):
    """pass@k of each model: every seed thin, their mean thick."""
    n, ks = DATA["samples"], range(1, DATA["samples"] + 1)
    big = inset(axes, (0.07, 0.12, 0.9, 0.78))
    for (name, seeds), (colour, line, *_) in zip(DATA["models"].items(), LOOKS):  # noqa: B905
        rows = [
            [fmean(pass_at_k(n, c, k) for c in counts) for k in ks] for counts in seeds
        ]
        for row in rows:
            big.plot(ks, row, color=colour, linestyle=line, lw=0.7, alpha=0.6)
        mean = [fmean(column) for column in zip(*rows, strict=True)]
        big.plot(ks, mean, color=colour, linestyle=line, lw=2.5, label=name)
    big.set_xscale("log", base=2)
    big.set(xticks=[1, 2, 4, 8, 16, 32], xticklabels=[1, 2, 4, 8, 16, 32])
    big.set(ylim=(0, 1), xlabel="k, tries", title="pass@k, 64 held-out problems")
    big.legend(loc="lower right", fontsize=11)


if __name__ == "__main__":
    sheet(NAME, 9, 4.5, curves)
