"""Every figure of the book, drawn by matplotlib and readable without colour.

A figure is returned, never shown: the last line of a cell shows it, `savefig` writes
it. Series differ in colour (Okabe and Ito's set, safe for colour-blind eyes), in line
style and in marker. `figure.alt` says in words what is to be seen.
"""

import functools
import io

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

INK, GRID, PAPER = "#222222", "#d9d9d9", "#ffffff"


BLUE, ORANGE, GREEN, PURPLE, GREY, SKY, BLACK = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#777777",
    "#56b4e9",
    "#000000",
)


LOOKS = (  # colour, line, marker, hatch of the first, second, ... series
    (BLUE, "-", "o", ""),
    (ORANGE, "--", "s", "//"),
    (GREEN, "-.", "^", ".."),
    (PURPLE, ":", "D", "xx"),
    (GREY, (0, (6, 1)), "v", "--"),
    (SKY, (0, (1, 1)), "P", "++"),
    (BLACK, (0, (3, 1, 1, 1, 1, 1)), "X", "oo"),
)


STYLE = {
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.edgecolor": GRID,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "font.size": 10,
    "font.family": ["DejaVu Sans"],
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "hatch.color": PAPER,
    "hatch.linewidth": 0.8,
    "lines.linewidth": 1.8,
    "svg.fonttype": "none",
    "svg.hashsalt": "r1lib",
}

DASHES = ("--", ":", "-.")  # of levels, black lines across a panel


def look_of(series: int) -> tuple:
    """Colour, line, marker and hatch of a series; one too many would look like another.

    >>> look_of(1)
    ('#d55e00', '--', 's', '//')
    """
    if not 0 <= series < len(LOOKS):
        raise ValueError(
            f"a figure can tell {len(LOOKS)} series apart, got {series + 1}"
        )
    return LOOKS[series]


class Picture(Figure):
    """A Figure that a notebook shows by itself, with a text for those who listen."""

    alt = ""

    def _repr_png_(self):
        with io.BytesIO() as file, matplotlib.rc_context(STYLE):
            self.savefig(file, format="png", dpi=110)
            return file.getvalue(), {"alt": self.alt}


def styled(draw):
    """Run a drawing function with the style of the book."""

    @functools.wraps(draw)
    def inner(*args, **kwargs):
        with matplotlib.rc_context(STYLE):
            return draw(*args, **kwargs)

    return inner


def series(axes, points, look: int, label: str, marks: bool = False, **options) -> None:
    """Draw one line of (x, y) points in the look of that number, if it has points."""
    if not points:
        return
    colour, line, marker, _ = look_of(look)
    options = {"color": colour, "linestyle": line, "label": label, **options}
    if marks:
        every = max(1, len(points) // 12)
        options |= {"marker": marker, "markevery": every, "markersize": 5}
    axes.plot(*zip(*points, strict=True), **options)


def column(history: list[dict], name: str) -> list[tuple[float, float]]:
    """The (step, value) points of a metric, where it was measured."""
    return [(point["step"], point[name]) for point in history if name in point]


def smooth(points, window: int) -> list[tuple[float, float]]:
    """Replace each value by the mean of the last `window` ones.

    >>> smooth([(1, 2.0), (2, 4.0), (3, 6.0)], 2)
    [(1, 2.0), (2, 3.0), (3, 5.0)]
    """
    out = []
    for i, (x, _) in enumerate(points):
        values = [y for _, y in points[max(0, i + 1 - window) : i + 1]]
        out.append((x, sum(values) / len(values)))
    return out


def finish(*axes) -> None:
    """Whole steps on the x axis, and a legend where there are several series."""
    for one in axes:
        one.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        if len(one.get_legend_handles_labels()[1]) > 1:
            one.legend(fontsize=9)


def trend(what: str, points, form: str) -> str:
    """Say how a series begins and ends.

    >>> trend("Loss", [(1, 2.0), (9, 1.0)], "{:.1f}")
    'Loss: 2.0 at step 1, 1.0 at step 9. '
    """
    if not points:
        return f"{what}: not measured. "
    ends = [points[0], points[-1]] if len(points) > 1 else points
    points_of = (f"{form.format(y)} at step {x}" for x, y in ends)
    return f"{what}: {', '.join(points_of)}. "
