"""Tables of numbers as colours."""

import math

from matplotlib.colors import LinearSegmentedColormap

from r1lib.plots.style import BLUE, GRID, INK, PAPER, Picture, styled


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
    panels: dict[str, list[list[float]]], rows: list[str], columns: list[str], label=""
) -> Picture:
    """Draw tables of numbers from 0 to 1 as shades, side by side; -inf is crossed out.

    panels = {"layer 1": [[0.1, 0.9], [0.5, 0.5]]}, one inner list for each of `rows`.
    """
    high, wide = 1.0 + 0.32 * len(rows), 1.6 + 0.36 * len(columns) * len(panels)
    figure = Picture(figsize=(min(11, wide), high), layout="constrained")
    all_axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    shades = LinearSegmentedColormap.from_list("paper to blue", [PAPER, BLUE])
    for axes, (title, table) in zip(all_axes, panels.items(), strict=True):
        top = max(v for row in table for v in row)
        shown = [[max(v, 0.0) for v in row] for row in table]
        axes.imshow(shown, cmap=shades, vmin=0, vmax=top, aspect="auto")
        for y, row in enumerate(table):
            for x, value in enumerate(row):
                said = "x" if value == -math.inf else f"{value:.2f}".removeprefix("0")
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
