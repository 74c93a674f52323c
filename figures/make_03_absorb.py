"""Draw two forms of MLA: python -m figures.make_03_absorb -> 03_absorb.png"""

from figures.sketch import CENTRE, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, ORANGE, PURPLE

SMALL = {**CENTRE, "fontsize": 10.5}


def naive(axes, left):
    """Every kept latent becomes a key and a value for each head."""
    title = "naive: expand every latent"
    axes.text(left + 2.9, 4.75, title, **{**CENTRE, "fontsize": 12.5})
    box(axes, left, 3.6, 1.7, 0.8, BLUE, ("query", "128 x 128"))
    box(axes, left, 0.35, 1.7, 0.8, PURPLE, ("latents", "S x 512"))
    box(axes, left + 2.2, 1.95, 1.5, 1.0, ORANGE, ("keys", "S x 128 x 128"))
    box(axes, left + 2.2, 0.35, 1.5, 1.0, GREEN, ("values", "S x 128 x 128"))
    box(axes, left + 4.3, 3.6, 1.5, 0.8, BLUE, ("shares", "128 x S"))
    box(axes, left + 4.3, 0.35, 1.5, 0.8, BLUE, ("output", "128 x 128"))
    arrow(axes, (left + 1.7, 4.0), (left + 4.3, 4.0))
    arrow(axes, (left + 1.7, 0.8), (left + 2.2, 0.8))
    arrow(axes, (left + 1.4, 1.15), (left + 2.2, 2.2))
    arrow(axes, (left + 3.7, 2.7), (left + 4.6, 3.6))
    arrow(axes, (left + 3.7, 0.75), (left + 4.3, 0.75))
    arrow(axes, (left + 5.05, 3.6), (left + 5.05, 1.15))
    axes.text(left + 0.95, 1.75, "$W^{UK}$", **SMALL)
    axes.text(left + 1.95, 0.5, "$W^{UV}$", **SMALL)


def absorbed(axes, left):
    """The query is taken to the latents, and one mixture is expanded."""
    title = "absorbed: move the query instead"
    axes.text(left + 2.9, 4.75, title, **{**CENTRE, "fontsize": 12.5})
    box(axes, left, 3.6, 1.7, 0.8, BLUE, ("query", "128 x 128"))
    box(axes, left + 2.3, 3.6, 1.5, 0.8, BLUE, ("latent query", "128 x 512"))
    box(axes, left + 1.2, 1.95, 1.7, 0.8, PURPLE, ("latents", "S x 512"))
    box(axes, left + 4.4, 3.6, 1.5, 0.8, BLUE, ("shares", "128 x S"))
    box(axes, left + 4.4, 1.95, 1.5, 0.8, BLUE, ("mixture", "128 x 512"))
    box(axes, left + 4.4, 0.35, 1.5, 0.8, BLUE, ("output", "128 x 128"))
    arrow(axes, (left + 1.7, 4.0), (left + 2.3, 4.0))
    arrow(axes, (left + 3.8, 4.0), (left + 4.4, 4.0))
    arrow(axes, (left + 2.9, 2.6), (left + 4.5, 3.6))
    arrow(axes, (left + 2.9, 2.3), (left + 4.4, 2.3))
    arrow(axes, (left + 5.15, 3.6), (left + 5.15, 2.75))
    arrow(axes, (left + 5.15, 1.95), (left + 5.15, 1.15))
    axes.text(left + 2.0, 4.25, "$W^{UK}$", **SMALL)
    axes.text(left + 4.75, 1.55, "$W^{UV}$", **SMALL)
    axes.text(
        left + 2.05,
        0.75,
        "one matrix product before,\none after; none grows with S",
        **SMALL,
    )


def draw(axes):
    naive(axes, 0.4)
    absorbed(axes, 6.9)


if __name__ == "__main__":
    sheet("03_absorb.png", 13, 5.1, draw)
