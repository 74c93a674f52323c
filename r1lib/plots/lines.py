"""Lines and dots over any two quantities."""

from collections.abc import Sequence
from statistics import fmean

from matplotlib.ticker import (
    FixedLocator,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)

from r1lib.plots.style import (
    BLUE,
    DASHES,
    GREY,
    INK,
    ORANGE,
    PAPER,
    Picture,
    look_of,
    series,
    styled,
)


@styled
def doubling_curves(
    panels: dict[str, dict[str, list]],
    xlabel: str,
    levels: dict[str, dict[str, float]] | None = None,
    columns: int = 0,
) -> Picture:
    """Draw (x, y) points of several series in each panel; x doubles from tick to tick.

    panels = {"title, unit": {"series": [(256, 1.0), (512, 1.5), ...], ...}, ...}
    Panels of one unit share their axes. A series of one point is a star. `levels` are
    heights that do not depend on x, drawn as black lines across a panel:
    {"title, unit": {"name": 0.3, ...}, ...}. A row has `columns` panels; 0 is all.
    """
    levels = levels or {}
    columns = columns or len(panels)
    rows = -(-len(panels) // columns)
    figure = Picture(figsize=(8.4, 1 + 2.4 * rows), layout="constrained")
    shared = len({title.rpartition(", ")[2] for title in panels}) == 1
    same = {"sharex": shared, "sharey": shared}
    all_axes = figure.subplots(rows, columns, squeeze=False, **same).ravel()
    tops = [highest(lines, levels.get(title, {})) for title, lines in panels.items()]
    for i, (axes, (title, lines)) in enumerate(
        zip(all_axes, panels.items(), strict=False)
    ):
        long = [name for name, points in lines.items() if len(points) != 1]
        for name, points in lines.items():
            if name in long:
                series(axes, points, long.index(name), name, marks=True)
            else:
                star = {"color": INK, "markersize": 11, "zorder": 3, "label": name}
                axes.plot(*points[0], "*", **star)
        for k, (name, y) in enumerate(levels.get(title, {}).items()):
            kind = {"color": INK, "linestyle": DASHES[k % 3], "linewidth": 1.2}
            axes.axhline(y, label=name, **kind)
        name, _, unit = title.rpartition(", ")
        axes.set_xscale("log", base=2)
        axes.set(title=name, xlabel=xlabel if i + columns >= len(panels) else "")
        axes.set_ylabel("" if shared and i % columns else unit)
        axes.set_ylim(0, 1.06 * (max(tops) if shared else tops[i]))
        axes.xaxis.set_major_formatter("{x:,.0f}")
    handles = all_axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, fontsize=9)
    figure.alt = f"Curves over {xlabel}. " + " ".join(
        f"{title}, {name}: "
        + ", ".join(f"{y:.2f} at {x:,.0f}" for x, y in (points[:1] + points[1:][-1:]))
        + "."
        for title, lines in panels.items()
        for name, points in lines.items()
    )
    figure.alt += "".join(
        f" {title}, {name}: {y:.2f} across."
        for title, lines in levels.items()
        for name, y in lines.items()
    )
    return figure


def highest(lines: dict[str, list], levels: dict[str, float]) -> float:
    """The highest point of a panel; 1 where there is none above 0."""
    heights = [y for points in lines.values() for _, y in points]
    return max([*heights, *levels.values()], default=0) or 1


@styled
def curves(
    panels: dict[str, dict[str, list]],
    xlabel: str | Sequence[str],
    ylabel: str,
    log: str = "",
    ticks: Sequence[float] = (),
    sharey: bool = False,
) -> Picture:
    """Draw named lines of (x, y) points; `log` names the logarithmic axes: "xy".

    panels = {"title": {"MHA": [(128, 1.0), (512, 1.1)], "GQA": [...]}}. `xlabel` is one
    for all panels, or one for each; `ticks` are places on the x axis. With `sharey` all
    panels have one scale, so that their heights can be compared.
    """
    labels = [xlabel] * len(panels) if isinstance(xlabel, str) else xlabel
    figure = Picture(figsize=(8.4 if len(panels) > 1 else 6.0, 3.6))
    figure.set_layout_engine("constrained")
    all_axes = figure.subplots(1, len(panels), squeeze=False, sharey=sharey)[0]
    shown = zip(all_axes, labels, panels.items(), strict=True)
    for axes, label, (title, lines) in shown:
        for look, (name, points) in enumerate(lines.items()):
            series(axes, points, look, name, marks=True)
            ends = f"{points[0][1]:.3g} at {points[0][0]:.3g}, "
            ends += f"{points[-1][1]:.3g} at {points[-1][0]:.3g}"
            figure.alt += f"{title}, {name}: {ends}. ".removeprefix(", ")
        axes.set(title=title, xlabel=label, ylabel=ylabel)
        if "x" not in log:
            whole = all(float(x).is_integer() for row in lines.values() for x, _ in row)
            axes.xaxis.set_major_locator(MaxNLocator(integer=whole))
        for letter, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
            if letter in log:
                axes.set(**{f"{letter}scale": "log"})
                axis.set_major_formatter(lambda value, _: f"{value:,g}")
                axis.set_minor_formatter(NullFormatter())
                low, high = axis.get_view_interval()
                if high < 100 * low:  # less than two decades: more ticks
                    subs = (1, 3) if letter == "x" else (1, 2, 5)
                    axis.set_major_locator(LogLocator(subs=subs))
        if len(ticks):
            axes.xaxis.set_major_locator(FixedLocator(ticks))
            axes.xaxis.set_minor_locator(NullLocator())
    handles = all_axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, fontsize=9)
    return figure


@styled
def seed_curves(
    panels: dict[str, dict[str, list]], xlabel: str, ylabel: str, base: int = 0
) -> Picture:
    """Draw lines through means over seeds; each seed is a small mark.

    With a `base` the x axis is logarithmic, and a step along it multiplies x by that.
    A point is a list of (x, y), one for each seed:
    panels = {"title": {"Dev1": [[(7, 0.1), (6, 0.2)], [(62, 0.7), (64, 0.6)]]}}
    """
    figure = Picture(figsize=(8.4, 3.6), layout="constrained")
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, lines) in zip(all_axes, panels.items(), strict=True):
        for look, (name, points) in enumerate(lines.items()):
            colour, _, marker, _ = look_of(look)
            means = [tuple(map(fmean, zip(*seeds, strict=True))) for seeds in points]
            series(axes, means, look, name, marks=True)
            every = [place for seeds in points for place in seeds]
            kind = {"color": colour, "markersize": 3.5, "alpha": 0.6}
            axes.plot(*zip(*every, strict=True), marker, linestyle="none", **kind)
            places = ", ".join(f"{y:.2f} at {x:.0f}" for x, y in means)
            figure.alt += f"{title}, {name}: {places}. "
        axes.set(title=title, xlabel=xlabel, ylabel=ylabel, ylim=(0, None))
        if base:
            axes.set_xscale("log", base=base)
            axes.xaxis.set_major_formatter("{x:,.0f}")
            axes.xaxis.set_minor_locator(NullLocator())
        else:
            axes.set_xlim(0, None)
    handles = all_axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, fontsize=9)
    figure.alt = f"Means over seeds of {ylabel} over {xlabel}. " + figure.alt.strip()
    return figure


@styled
def scatter(groups: dict[str, list], xlabel: str, ylabel: str) -> Picture:
    """Draw (x, y) points that no line joins; a colour and a marker for each group.

    groups = {"small": [(0.8, 0.4), (0.2, 0.2)], "large": [(1.0, 0.6)]}
    """
    figure = Picture(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    for look, (name, points) in enumerate(groups.items()):
        colour, _, marker, _ = look_of(look)
        axes.plot(
            *zip(*points, strict=True),
            marker=marker,
            color=colour,
            linestyle="none",
            markersize=7,
            label=name,
        )
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=9)
    figure.alt = f"Dots of {ylabel} over {xlabel}. " + " ".join(
        f"{name}: {', '.join(f'{y:.2f} at {x:.2f}' for x, y in points)}."
        for name, points in groups.items()
    )
    return figure


@styled
def squash_picture(
    scores: Sequence[float], squash, marked: dict[str, float]
) -> Picture:
    """Draw squash(score) as a curve, beside it how scores lie before and after.

    Above the curve is a histogram of the scores, on its right one of what they become.
    `marked` are scores with a name, followed from below to the left.
    """
    figure = Picture(figsize=(7.4, 4.6), layout="constrained")
    ratios = {"width_ratios": (4, 1.2), "height_ratios": (1, 2.6)}
    (above, corner), (axes, beside) = figure.subplots(2, 2, gridspec_kw=ratios)
    corner.axis("off")
    low, high = min(*scores, *marked.values()), max(*scores, *marked.values())
    room = 0.05 * (high - low)
    ends = (low - room, high + room)
    grid = [ends[0] + i * (ends[1] - ends[0]) / 200 for i in range(201)]
    axes.plot(grid, [squash(x) for x in grid], color=BLUE)
    for name, x in marked.items():
        y = squash(x)
        axes.plot([x, x, ends[0]], [0, y, y], color=GREY, linewidth=1, linestyle="--")
        spot = {"textcoords": "offset points", "fontsize": 9, "va": "bottom"}
        late = x > (low + high) / 2  # no room to the right of its line
        side = {"ha": "right"} if late else {"ha": "left"}
        axes.annotate(name, (x, 0), (-4 if late else 4, 3), **side, **spot)
        if any(0 < squash(other) - y < 0.07 for other in marked.values()):
            spot["va"] = "top"  # no room between the two lines
        side = -3 if spot["va"] == "top" else 2
        axes.annotate(f"{y:.2f}", (ends[0], y), (3, side), ha="left", **spot)
    after = [squash(x) for x in scores]
    kind = {"edgecolor": PAPER, "linewidth": 0.8}
    above.hist(scores, 28, range=ends, color=ORANGE, **kind)
    beside.hist(after, 20, range=(0, 1), color=BLUE, orientation="horizontal", **kind)
    above.set(title="before", xlim=ends, ylabel="answers", xticklabels=[])
    axes.set(xlim=ends, ylim=(0, 1.06), xlabel="score of the model", ylabel="paid")
    beside.set(title="after", ylim=(0, 1.06), xlabel="answers", yticklabels=[])
    figure.alt = (
        f"A curve rises from {squash(low):.2f} at a score of {low:.1f} to "
        f"{squash(high):.2f} at {high:.1f}. Above it a histogram of {len(scores)} "
        f"scores from {min(scores):.1f} to {max(scores):.1f}, with the mean "
        f"{fmean(scores):.2f}; right of it one of what is paid, from {min(after):.2f} "
        f"to {max(after):.2f}, with the mean {fmean(after):.2f}."
    )
    return figure
