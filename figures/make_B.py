"""Draw the three estimators of the KL for appendix B: python -m figures.make_B"""

import matplotlib
import torch
from matplotlib.figure import Figure

from figures import sketch
from r1lib.losses import kl_k1, kl_k2, kl_k3
from r1lib.plots import BLUE, GREEN, INK, ORANGE, STYLE

CURVES = (
    ("k1 = d", kl_k1, BLUE, (0.97, 1.62)),
    ("k2 = d²/2", kl_k2, GREEN, (-1.93, 0.66)),
    ("k3 = exp(-d) - 1 + d", kl_k3, ORANGE, (-1.55, 2.75)),
)


def main():
    """The curves over the log-ratio of one sample."""
    d = torch.linspace(-2, 2, 201)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8, 4.2))
        axes = figure.add_axes((0.09, 0.15, 0.88, 0.8))
        axes.axhline(0, color=INK, linewidth=0.8)
        for name, estimator, colour, place in CURVES:
            axes.plot(d, estimator(d, torch.zeros(201)), color=colour, linewidth=2.5)
            axes.text(*place, name, color=colour, fontsize=12, fontweight="bold")
        axes.set(xlim=(-2, 2), ylim=(-2.1, 3.2), ylabel="estimate of the KL, in nats")
        axes.set_xlabel("d = log p(y) - log q(y) of one sample y, in nats")
        name = sketch.HERE / "B_estimators.png"
        figure.savefig(name, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    main()
