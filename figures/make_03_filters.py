"""Draw what filters keep: python -m figures.make_03_filters -> 03_filters.png"""

import torch
from matplotlib.patches import Rectangle

from figures.sketch import CENTRE, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE
from r1lib.sampling import keep_min_p, keep_top_k, keep_top_p

ROWS = {
    "the model is sure": (0.91, 0.04, 0.02, 0.01, 0.01, 0.01),
    "the model is unsure": (0.25, 0.22, 0.20, 0.15, 0.10, 0.08),
}
FILTERS = (
    ("top-k, k = 3", lambda logp: keep_top_k(logp, 3), BLUE),
    ("top-p, p = 0.9", lambda logp: keep_top_p(logp, 0.9), ORANGE),
    ("min-p, p = 0.1", lambda logp: keep_min_p(logp, 0.1), GREEN),
)
SMALL = {**CENTRE, "fontsize": 10.5}


def column(axes, left, title, chances):
    """Bars of probabilities, and below them what each filter keeps."""
    axes.text(left + 1.95, 4.55, title, **{**CENTRE, "fontsize": 12.5})
    for i, p in enumerate(chances):
        x, height = left + 0.65 * i, 2.2 * p
        bar = {"facecolor": GREY, "edgecolor": "none"}
        axes.add_patch(Rectangle((x, 1.9), 0.5, height, **bar))
        axes.text(x + 0.25, 1.9 + height + 0.18, f"{p:.2f}", **SMALL)
    logp = torch.tensor([chances]).log()
    for row, (_, keep, colour) in enumerate(FILTERS):
        y = 1.45 - 0.5 * row
        for i, kept in enumerate(keep(logp)[0].isfinite().tolist()):
            look = {"facecolor": colour if kept else "none", "edgecolor": colour}
            axes.add_patch(Rectangle((left + 0.65 * i, y - 0.15), 0.5, 0.3, **look))


def draw(axes):
    axes.text(2.0, 2.6, "probabilities\nof six tokens", **SMALL)
    for row, (name, _, _) in enumerate(FILTERS):
        axes.text(2.0, 1.45 - 0.5 * row, name, **SMALL)
    for left, (title, chances) in zip((3.6, 8.3), ROWS.items(), strict=True):
        column(axes, left, title, chances)
    axes.text(6.6, -0.05, "filled: kept, open: closed", **SMALL)


if __name__ == "__main__":
    sheet("03_filters.png", 13, 4.85, draw, bottom=-0.25)
