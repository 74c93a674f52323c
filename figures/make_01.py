"""Draw the map of the recipe for chapter 01: python -m figures.make_01

Colours say which kind of training made a model. Solid arrows carry weights, dashed
ones carry text; both are those of the recipe, and a test compares them.
"""

from figures.sketch import SMALL, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE, PURPLE
from r1lib.recipe.stages import RECIPE

WIDE, TALL = 1.95, 1.0
KINDS = {
    GREY: "pre-training",
    BLUE: "fine-tuning on examples (SFT)",
    ORANGE: "learning from rewards (RL)",
    GREEN: "a table of texts",
}
PLACES = {  # stage -> (x, y, colour, lines)
    "base": (0.4, 0.9, GREY, ("Base", "pre-training, ch. 05")),
    "zero": (0.4, 2.6, ORANGE, ("R1-Zero", "RL, ch. 09")),
    "cold": (2.9, 2.6, GREEN, ("cold start", "few texts, ch. 10")),
    "dev1": (5.4, 2.6, BLUE, ("Dev1", "SFT, ch. 10")),
    "dev2": (5.4, 4.3, ORANGE, ("Dev2", "RL, ch. 11")),
    "samples": (
        7.9,
        4.3,
        GREEN,
        ("samples", "many texts, ch. 12", "most by Dev2"),
    ),
    "dev3": (10.4, 2.6, BLUE, ("Dev3", "SFT, ch. 12")),
    "r1": (10.4, 4.3, ORANGE, ("R1", "RL, ch. 13", "two reward models")),
    "student": (12.9, 0.9, GREY, ("another base", "smaller")),
    "distill": (12.9, 4.3, BLUE, ("Distill", "SFT, ch. 14")),
}
WIDTHS = {"base": 11.95}  # a bar under all models that start from it
HIDDEN = ("helpful", "harmless")  # the two reward models: a line in the box of R1


def steps() -> list[tuple[str, str, str]]:
    """(from, to, line) of all arrows: solid for weights, dashed for texts."""
    found = []
    for stage in RECIPE:
        if stage.name in HIDDEN:
            continue
        if stage.start:
            found.append((stage.start, stage.name, "-"))
        reads = [name for name in stage.reads if name not in HIDDEN]
        found += [(name, stage.name, "--") for name in reads]
    return found


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
        box(axes, x, y, WIDTHS.get(name, WIDE), TALL, colour, lines)
    text = "three models start from the base: R1-Zero gives texts to R1, never weights"
    axes.text(6.4, 0.62, text, style="italic", **SMALL)


def link(axes, start, end, line):
    """An arrow straight up, to the right, or over the top."""
    (x, y, *_), (u, v, *_) = PLACES[start], PLACES[end]
    colour = INK if line == "-" else PURPLE
    middle = u + WIDE / 2
    if (start, end) == ("samples", "distill"):  # over R1, which stands between
        ends = ((x + WIDE / 2, y + TALL), (middle, v + TALL + 0.04))
        arrow(axes, *ends, colour, line, bend=-0.22)
    elif line == "-" or start == "base":
        arrow(axes, (middle, y + TALL), (middle, v - 0.04), colour, line)
    elif v < y:
        ends = ((x + WIDE, y + 0.3), (u - 0.04, v + 0.7))
        arrow(axes, *ends, colour, line)
    else:
        ends = ((x + WIDE, y + TALL / 2), (u - 0.04, v + TALL / 2))
        arrow(axes, *ends, colour, line)


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
