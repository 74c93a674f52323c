"""Draw one position of the third widget: python -m figures.make_widget_experts"""

from figures.sketch import CENTRE, ROOT, frame, sheet
from r1lib.plots import GREY, INK
from tools import widgets

LAYER, WIDE, TALL = "1", 16, 0.95  # tokens in a line; inches for a line
TEXT = widgets.result(ROOT, "widgets-routing-0")["texts"][0]
COLOURS = ("#a6cee3", "#fdbf6f", "#b2df8a", "#fb9a99")  # those of the widget
COLOURS += ("#cab2d6", "#ffff99", "#d9d9d9", "#8dd3c7")
NAME = "widget_experts.png"


def chips(axes):
    """Each token of a text in a box, with its two experts under it."""
    chosen = TEXT["layers"][LAYER]["experts"]
    for i, (word, experts) in enumerate(zip(TEXT["tokens"], chosen, strict=True)):
        x, y = 0.2 + 0.79 * (i % WIDE), 4.2 - TALL * (i // WIDE)
        face = {"facecolor": COLOURS[experts[0]], "linewidth": 1}
        frame(axes, x, y, 0.72, 0.75, GREY, 0.06, **face)
        said = (
            word.replace("assistant", "asst").replace("\n", "line\nend").strip()
            or "space"
        )
        size = 11 if len(said) < 6 else 6.5
        mono = {**CENTRE, "family": "DejaVu Sans Mono"}
        axes.text(x + 0.36, y + 0.5, said, fontsize=size, **mono)
        axes.text(x + 0.36, y + 0.17, "{} {}".format(*experts), fontsize=9, **CENTRE)
    label = f"layer {LAYER}: under each token its two experts, the heavier one first"
    axes.text(0.2, 5.25, label, fontsize=12, color=INK)


if __name__ == "__main__":
    sheet(NAME, 12.9, 5.6, chips)
