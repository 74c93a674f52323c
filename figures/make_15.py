"""Draw the road map of chapter 15, from the recipe: python -m figures.make_15"""

from figures.sketch import SMALL, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE, PURPLE
from r1lib.recipe.stages import RECIPE

COLOURS = {"model": BLUE, "table": GREY, "scores": PURPLE}
WIDE, TALL = 2.25, 1.05
STEP = 2.4  # inches from column to column


def place(name):
    """Lower left corner of a stage; base stands at the left, in the middle."""
    column = LAYOUT[name][0]
    return 0.2 + STEP * column, LAYOUT[name][1]


LAYOUT = {  # stage -> (column, height)
    "base": (0, 2.7),
    "zero": (0.55, 4.6),
    "cold": (1.6, 4.6),
    "dev1": (1.6, 2.7),
    "dev2": (2.65, 4.6),
    "samples": (3.7, 4.6),
    "dev3": (3.7, 2.7),
    "helpful": (4.75, 4.6),
    "harmless": (4.75, 0.8),
    "r1": (5.3, 2.7),
    "student": (3.7, 6.5),
    "distill": (4.75, 6.5),
}


def words(does, width=22):
    """Break a description into lines that fit a box."""
    lines = [""]
    for word in does.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def link(axes, start, end, colour, line="-"):
    """An arrow from the edge of one stage to the nearest edge of another."""
    (x, y), (u, v) = place(start), place(end)
    if abs(y - v) < 0.1:  # side by side
        ends = ((x + WIDE, y + TALL / 2), (u - 0.04, v + TALL / 2))
    elif v > y:
        ends = ((x + WIDE / 2, y + TALL), (u + WIDE / 2, v - 0.04))
    else:
        ends = ((x + WIDE / 2, y), (u + WIDE / 2, v + TALL + 0.04))
    arrow(axes, *ends, colour, line)


def draw(axes):
    """Every stage of the recipe, whose weights it starts from, and what it reads."""
    lines = []
    for stage in RECIPE:
        if stage.start:
            lines.append((stage.start, stage.name, BLUE, "-"))
        lines += [(name, stage.name, ORANGE, "--") for name in stage.reads]
    for start, end, colour, line in lines:
        past_dev1 = start == "base" and end == "dev3"
        if past_dev1:  # below dev1, which stands between
            (x, y), (u, v) = place(start), place(end)
            ends = ((x + WIDE / 2, y), (u + WIDE / 2, v - 0.04))
            arrow(axes, *ends, colour, line, bend=0.18)
        elif (start, end) == ("base", "cold"):
            (x, y), (u, v) = place(start), place(end)
            ends = ((x + WIDE, y + 0.9 * TALL), (u + 0.15 * WIDE, v - 0.04))
            arrow(axes, *ends, colour, line)
        else:
            link(axes, start, end, colour, line)
    for stage in RECIPE:
        colour = GREEN if stage.name == "r1" else COLOURS[stage.leaves]
        text = (stage.name, *words(stage.does))
        box(axes, *place(stage.name), WIDE, TALL, colour, text)
    key = "solid: starts from these weights      dashed: reads what that stage wrote"
    axes.text(4.1, 0.55, key, **SMALL)
    kinds = (
        "blue: a model      grey: a table      purple: a reward model      green: R1"
    )
    axes.text(4.1, 0.2, kinds, **SMALL)


if __name__ == "__main__":
    sheet("15_pipeline.png", 15.4, 8.0, draw)
