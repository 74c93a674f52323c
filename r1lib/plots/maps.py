"""Numbers as colours: of tables, and of the tokens of a text; counts as squares."""

import math
import re
from collections.abc import Collection

from matplotlib.cm import ScalarMappable
from matplotlib.collections import PatchCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from r1lib.plots.style import BLUE, GRID, INK, ORANGE, PAPER, Picture, styled

MARKS = ((ORANGE, "o"), (INK, "x"), (BLUE, ""), (GRID, ""))  # of the kinds of squares


@styled
def heat_maps(maps: dict[str, list], rows: list[str], columns: list[str]) -> Picture:
    """Draw tables of numbers in one colour, dark for the largest; exact zeros grey.

    maps = {"title": [[0.1, 0.0], [0.5, 0.2]]}, with a name for each row and column.
    """
    height = 0.9 + 4.6 * len(rows) / len(columns) / len(maps) ** 0.5
    figure = Picture(figsize=(8.4, min(height, 6.4)), layout="constrained")
    shades = LinearSegmentedColormap.from_list("paper to blue", (PAPER, BLUE))
    shades = shades.with_extremes(bad=GRID)
    all_axes = figure.subplots(1, len(maps), squeeze=False)[0]
    for axes, (title, table) in zip(all_axes, maps.items(), strict=True):
        shown = [[x or math.nan for x in row] for row in table]
        image = axes.imshow(shown, shades, vmin=0)
        figure.colorbar(image, ax=axes, shrink=0.7)
        small = {"fontsize": 7 if len(columns) * len(maps) < 60 else 5.5}
        axes.set_title(title, fontsize=9)
        axes.set_xticks(range(len(columns)), columns, rotation=90, **small)
        axes.set_yticks(range(len(rows)), rows, **small)
        axes.grid(visible=False)
    figure.alt = ""
    for title, table in maps.items():
        most = max(
            (x, -r, -c) for r, row in enumerate(table) for c, x in enumerate(row)
        )
        zeros = sum(x == 0 for row in table for x in row)
        figure.alt += (
            f"{title}: {len(rows)} by {len(columns)} cells, {zeros} exactly 0; the "
            f"largest, {most[0]:.2f}, in row {rows[-most[1]]!r}, "
            f"column {columns[-most[2]]!r}. "
        )
    return figure


@styled
def heatmaps(
    panels: dict[str, list[list[float]]],
    rows: list[str],
    columns: list[str],
    label: str = "",
    shared: bool = False,
) -> Picture:
    """Draw tables of small numbers as shades, side by side; -inf is crossed out.

    panels = {"layer 1": [[0.1, 0.9], [0.5, 0.5]]}, one inner list for each of `rows`.
    The darkest cell is the largest of its panel; with `shared`, of all panels. Numbers
    below 0 are as pale as 0.
    """
    each = max(0.36, 0.09 * max(map(len, map(str, columns))))  # room for a name
    high, wide = 1.0 + 0.32 * len(rows), 1.6 + each * len(columns) * len(panels)
    figure = Picture(figsize=(min(11, wide), high), layout="constrained")
    all_axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    shades = LinearSegmentedColormap.from_list("paper to blue", [PAPER, BLUE])
    tops = [max(v for row in table for v in row) for table in panels.values()]
    tops = [max(tops)] * len(tops) if shared else tops
    for axes, top, (title, table) in zip(all_axes, tops, panels.items(), strict=True):
        shown = [[max(v, 0.0) for v in row] for row in table]
        axes.imshow(shown, cmap=shades, vmin=0, vmax=top, aspect="auto")
        for y, row in enumerate(table):
            for x, value in enumerate(row):
                said = "x" if value == -math.inf else short(value)
                colour = PAPER if value > 0.6 * top else INK
                axes.text(
                    x, y, said, color=colour, ha="center", va="center", fontsize=7.5
                )
        axes.set(title=title, xlabel=label)
        axes.set_xticks(range(len(columns)), columns)
        axes.set_yticks(range(len(rows)), rows)
        axes.grid(visible=False)
    figure.alt = " ".join(
        f"{title}, {row}: most at {columns[values.index(max(values))]} "
        f"({max(values):.2f})."
        for title, table in panels.items()
        for row, values in zip(rows, table, strict=True)
    )
    return figure


def short(value: float) -> str:
    """Two digits behind the point and no 0 before it.

    >>> short(0.5), short(-0.012), short(-0.001), short(1.2)
    ('.50', '-.01', '.00', '1.20')
    """
    return re.sub(r"^(-?)0\.", r"\1.", f"{round(value, 2) + 0.0:.2f}")


@styled
def token_map(
    lines: list[list[tuple[str, float]]],
    label: str,
    crossed: Collection[tuple[int, int]] = (),
) -> Picture:
    """Draw a text token by token, dark where a token's value is large; a row per line.

    lines = [[("20", 0.1), ("-", 0.1), ("15", 0.0)], ...], no value below 0. A value of
    a tenth of the largest or more is written under its token, unless all values are
    0 or the largest: a mask needs no numbers and no scale. `crossed` are places
    (row, token in it), from 0, whose token is crossed out.
    """
    figure = Picture(figsize=(8.4, 0.9 + 0.55 * len(lines)), layout="constrained")
    axes, top = figure.subplots(), max(value for line in lines for _, value in line)
    shades = LinearSegmentedColormap.from_list("paper to orange", [PAPER, ORANGE])
    scale = Normalize(0, top)
    kind = {"ha": "center", "va": "center", "color": INK}
    mask = all(value in (0, top) for line in lines for _, value in line)
    for y, line in enumerate(lines):
        left = 0.0
        for x, (text, value) in enumerate(line):
            wide = 1.2 + len(text)
            face = {"color": shades(scale(value)), "edgecolor": GRID}
            axes.barh(y, wide, 0.86, left=left, **face)
            spot, marked = left + wide / 2, value >= top / 10 and not mask
            mono = {"family": "DejaVu Sans Mono", "fontsize": 9}
            place = y - 0.14 * marked
            axes.text(spot, place, text, **mono, **kind)
            if (y, x) in crossed:
                half = 0.25 + 0.35 * len(text.strip())
                ends = [spot - half, spot + half], [place + 0.13, place - 0.17]
                axes.plot(*ends, color=INK, linewidth=1.1)
            if marked:
                axes.text(spot, y + 0.25, f"{value:.1f}", fontsize=7, **kind)
            left += wide
    axes.invert_yaxis()
    axes.axis("off")
    if not mask:
        bar = {"ax": axes, "label": label, "shrink": 0.9, "pad": 0.01}
        figure.colorbar(ScalarMappable(scale, shades), **bar)
    figure.alt = f"A text of {sum(map(len, lines))} tokens, coloured by {label}. " + (
        " ".join(
            f"{text.strip()!r}: {value:.1f}."
            for line in lines
            for text, value in line
            if value >= top / 10
        )
    )
    if crossed:
        words = (repr(lines[y][x][0].strip()) for y, x in sorted(crossed))
        figure.alt += f" Crossed out: {', '.join(words)}."
    return figure


@styled
def squares(panels: dict[str, dict[str, int]], high: int = 18) -> Picture:
    """Draw every count as so many squares, in columns of `high`, kind after kind.

    panels = {"all answers": {"unsafe, alarm": 2, "no alarm": 9}, "alarms": {...}}. Four
    kinds at most, all of them in the first panel.
    """
    kinds = list(next(iter(panels.values())))
    if len(kinds) > len(MARKS):
        raise ValueError(f"wanted at most {len(MARKS)} kinds, got {len(kinds)}")
    columns = [-(-sum(counts.values()) // high) for counts in panels.values()]
    figure = Picture(figsize=(8.4, 1.3 + 7.4 * high / (sum(columns) + 8)))
    figure.set_layout_engine("constrained")
    ratios = {"width_ratios": [width + 1 for width in columns]}
    all_axes = figure.subplots(1, len(panels), squeeze=False, gridspec_kw=ratios)[0]
    for axes, width, (title, counts) in zip(
        all_axes, columns, panels.items(), strict=True
    ):
        drawn = 0
        for kind, (colour, mark) in zip(kinds, MARKS, strict=False):
            many = range(drawn, drawn + counts.get(kind, 0))
            places = [(place // high, place % high) for place in many]
            boxes = [Rectangle((x + 0.06, y + 0.06), 0.88, 0.88) for x, y in places]
            axes.add_collection(PatchCollection(boxes, facecolor=colour))
            if mark and places:
                xs, ys = zip(*((x + 0.5, y + 0.5) for x, y in places), strict=True)
                axes.plot(xs, ys, mark, color=PAPER, markersize=3)
            drawn += len(places)
        axes.set_title(title, fontsize=10)
        axes.set(xlim=(0, width), ylim=(high, 0), aspect="equal", anchor="W")
        axes.axis("off")
    first = next(iter(panels.values()))
    names = [f"{kind}: {first[kind]}" for kind in kinds]
    handles = [
        tuple(
            Line2D([], [], linestyle="none", marker=sign, markersize=size, color=paint)
            for sign, size, paint in (("s", 10, colour), (mark or "none", 4, PAPER))
        )
        for colour, mark in MARKS[: len(kinds)]
    ]
    where = {"loc": "outside lower center", "ncols": 2, "fontsize": 9}
    figure.legend(handles, names, **where)
    figure.alt = "Squares, one for each. " + " ".join(
        f"{title}: {'; '.join(f'{kind} {count}' for kind, count in counts.items())}."
        for title, counts in panels.items()
    )
    return figure
