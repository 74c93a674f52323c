"""Draw the map of the recipe for chapter 01: python -m figures.make_01

Colours say which kind of training made a model. Solid arrows carry weights, dashed
ones carry text; both are those of the recipe, and a test compares them.
"""

from figures.pipeline import PLACES, TALL, WIDE, WIDTHS, link, steps
from figures.sketch import SMALL, arrow, badge, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE, PURPLE

KINDS = {
    GREY: "pre-training",
    BLUE: "fine-tuning on examples (SFT)",
    ORANGE: "learning from rewards (RL)",
    GREEN: "a table of texts",
}
STEPS = ("zero", "cold", "dev1", "dev2", "samples", "dev3", "r1", "distill")
LINES = {  # where this map says more, or uses a word of chapter 01
    "r1": ("R1", "RL: verifiers and", "reward models, ch. 13"),
    "student": ("small base", "pre-training"),
}


def ordinary(axes):
    """On top: the three steps of an ordinary assistant."""
    names = (
        (GREY, "Base", "next tokens of the web"),
        (BLUE, "Assistant", "examples of good answers"),
        (ORANGE, "Chat model", "which of two is liked better"),
    )
    axes.text(0.4, 8.42, "An ordinary assistant", **LEFT)
    for i, (colour, name, line) in enumerate(names):
        x = 0.4 + 4.3 * i
        box(axes, x, 7.2, 3.35, TALL, colour, (name, line))
        if i:
            arrow(axes, (x - 0.95, 7.7), (x - 0.04, 7.7), INK)


def recipe(axes):
    """Below: R1, every model over the one whose weights it starts from."""
    axes.text(0.4, 6.42, "DeepSeek-R1", **LEFT)
    for start, end, line in steps():
        link(axes, start, end, line)
    for name, (x, y, colour, lines) in PLACES.items():
        shown = LINES.get(name, lines)
        box(axes, x, y, WIDTHS.get(name, WIDE), TALL, colour, shown)
        if name in STEPS:
            badge(axes, x + 0.04, y + TALL - 0.04, str(STEPS.index(name) + 1), colour)
    text = "three models start from the base: R1-Zero gives texts to R1, never weights"
    axes.text(6.4, 0.62, text, style="italic", **SMALL)


def key(axes):
    """On top of both maps: what colours and lines mean."""
    for i, (colour, name) in enumerate(KINDS.items()):
        x = 0.4 + 3.35 * i
        box(axes, x, 9.02, 0.3, 0.24, colour, ("",))
        axes.text(x + 0.42, 9.14, name, **{**SMALL, "ha": "left"})
    arrow(axes, (13.0, 9.26), (13.6, 9.26), INK)
    arrow(axes, (13.0, 9.02), (13.6, 9.02), PURPLE, "--")
    axes.text(13.7, 9.26, "weights", **{**SMALL, "ha": "left"})
    axes.text(13.7, 9.02, "texts", **{**SMALL, "ha": "left"})


LEFT = {**SMALL, "ha": "left", "fontsize": 13.5, "fontweight": "bold"}

if __name__ == "__main__":
    sheet("01_recipe.png", 15.2, 9.5, ordinary, recipe, key, bottom=0.4)
