"""Draw the map of the README: python -m figures.make_map

It is the recipe of chapter 01 with what the models can do in place of the chapters:
means of three seeds on easy test problems, read from the results of the stage table.
"""

from statistics import fmean

from figures import make_01, pipeline
from figures.sketch import SMALL, box, sheet
from results import stage_table

TABLES = {
    "cold": ("cold start", "readable thoughts"),
    "samples": ("samples", "many right answers"),
    "student": ("another base", "smaller"),
    "distill": ("Distill", "learns from texts"),
}
SIDE = {  # stage -> a second number that this stage is about
    "zero": ("mixed", "mixes languages"),
    "dev2": ("mixed", "mixes languages"),
    "base": ("harmless", "harmless"),
    "r1": ("harmless", "harmless"),
}


def lines_of(stage: str, measured) -> tuple[str, ...]:
    """What a box says: its name, the share of countdowns it solves, one thing more."""
    if stage in TABLES:
        return TABLES[stage]

    def mean(column: str) -> str:
        values = stage_table.means(measured, stage, "easy", column)
        return f"{100 * fmean(values):.0f}%"

    found = [pipeline.PLACES[stage][3][0], f"solves {mean('countdown')}"]
    if stage in SIDE:
        column, words = SIDE[stage]
        found.append(f"{words} {mean(column)}")
    return tuple(found)


def draw(axes) -> None:
    """Every model over the one whose weights it starts from."""
    measured = stage_table.load()
    for start, end, line in pipeline.steps():
        pipeline.link(axes, start, end, line)
    for name, (x, y, colour, _) in pipeline.PLACES.items():
        width = pipeline.WIDTHS.get(name, pipeline.WIDE)
        box(axes, x, y, width, pipeline.TALL, colour, lines_of(name, measured))


def key(axes) -> None:
    """Above: what colours and lines mean."""
    for i, (colour, name) in enumerate(make_01.KINDS.items()):
        x = 0.4 + 2.95 * i
        box(axes, x, 6.32, 0.3, 0.24, colour, ("",))
        axes.text(x + 0.42, 6.44, name, **{**SMALL, "ha": "left"})
    lines = "solid: weights    dashed: texts"
    axes.text(12.3, 6.44, lines, **{**SMALL, "ha": "left"})


if __name__ == "__main__":
    sheet("map.png", 15.2, 6.9, draw, key, bottom=0.7)
