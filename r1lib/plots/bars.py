"""Bars and dots: measured values, with their intervals."""

from matplotlib.ticker import LogLocator, NullFormatter, PercentFormatter

from r1lib.plots.style import GREY, INK, LOOKS, PAPER, Picture, look_of, styled

CONTROL = 2  # the look of what others are compared with: green triangles


@styled
def bars_with_intervals(
    groups: dict[str, dict[str, tuple[float, float, float]]], label: str = "pass@1"
) -> Picture:
    """Draw groups of bars; each is (mean, low, high), all in one unit.

    groups = {"countdown": {"base": (0.2, 0.15, 0.25), "zero": (0.7, 0.65, 0.75)}}
    """
    names = list(dict.fromkeys(name for bars in groups.values() for name in bars))
    figure = Picture(figsize=(max(4.2, 1.2 * len(groups) * len(names)), 3.3))
    figure.set_layout_engine("constrained")
    axes, width = figure.subplots(), 0.8 / len(names)
    for look, name in enumerate(names):
        shift = (look - (len(names) - 1) / 2) * width
        rows = [
            (i + shift, g[name]) for i, g in enumerate(groups.values()) if name in g
        ]
        bars(axes, rows, look, name, width * 0.92)
    axes.set_xticks(range(len(groups)), list(groups))
    axes.set(ylabel=label, ylim=(0, axes.get_ylim()[1] * 1.1))
    axes.grid(axis="x", visible=False)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    figure.alt = f"Bars of {label} with 95% intervals. "
    for group, named in groups.items():
        for name, (mean, low, high) in named.items():
            figure.alt += f"{group}, {name}: {mean:.2f} ({low:.2f} to {high:.2f}). "
    return figure


def bars(axes, rows, look: int, label: str, width: float) -> None:
    """Draw (x, (mean, low, high)) rows as bars of one look with intervals."""
    colour, _, _, hatch = look_of(look)
    places, values = [x for x, _ in rows], [value for _, value in rows]
    means = [mean for mean, _, _ in values]
    axes.bar(
        places, means, width, color=colour, hatch=hatch, edgecolor=PAPER, label=label
    )
    down = [mean - low for mean, low, _ in values]
    up = [high - mean for mean, _, high in values]
    axes.errorbar(
        places, means, [down, up], color=INK, capsize=3, linestyle="none", linewidth=1.2
    )
    for x, (mean, _, high) in rows:
        axes.annotate(
            f"{mean:.2f}",
            (x, high),
            (0, 4),
            textcoords="offset points",
            ha="center",
            color=INK,
        )


@styled
def log_bars(values: dict[str, float], label: str, marked: str = "") -> Picture:
    """Draw a horizontal bar for each name on a logarithmic scale, some marked.

    Names that hold the text `marked` are drawn in the second colour and hatched.
    """
    figure = Picture(figsize=(8.4, 0.8 + 0.32 * len(values)), layout="constrained")
    axes = figure.subplots()
    for name, value in values.items():
        colour, _, _, hatch = LOOKS[bool(marked) and marked in name]
        axes.barh(name, value, 0.7, color=colour, hatch=hatch, edgecolor=PAPER)
        axes.annotate(
            f"{value:,.0f}",
            (value, name),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel=label, xlim=(None, 3 * max(values.values())))
    axes.grid(axis="y", visible=False)
    figure.alt = f"Bars of {label}. " + " ".join(
        f"{name}: {value:,.0f}." for name, value in values.items()
    )
    return figure


@styled
def stacked_shares(shares: dict[str, dict[str, float]], label: str = "") -> Picture:
    """Draw one bar of parts that add up to 1 for each row: {"base": {"guess": 0.6}}."""
    figure = Picture(figsize=(8.4, 0.9 + 0.5 * len(shares)), layout="constrained")
    axes, left = figure.subplots(), dict.fromkeys(shares, 0.0)
    for look, name in enumerate(next(iter(shares.values()))):
        colour, _, _, hatch = look_of(look)
        first = next(iter(shares))  # the legend names each part once
        for row, parts in shares.items():
            axes.barh(
                row,
                parts[name],
                0.62,
                left=left[row],
                color=colour,
                hatch=hatch,
                edgecolor=PAPER,
                label=name if row == first else None,
            )
            if parts[name] > 0.04:  # room for its number
                middle = left[row] + parts[name] / 2
                box = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.5}
                axes.text(
                    middle,
                    row,
                    f"{parts[name]:.0%}",
                    bbox=box,
                    ha="center",
                    va="center",
                    fontsize=9,
                )
            left[row] += parts[name]
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel=label)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(visible=False)
    axes.legend(fontsize=9, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=5)
    figure.alt = "Shares. " + " ".join(
        f"{row}: {', '.join(f'{n} {v:.0%}' for n, v in parts.items())}."
        for row, parts in shares.items()
    )
    return figure


@styled
def stacked_bars(
    rows: dict[str, dict[str, float]], label: str, form: str = "{:,.0f}"
) -> Picture:
    """Draw one bar of parts for each row, its total behind it; a row may lack parts.

    rows = {"PPO": {"policy": 16.0, "value model": 16.0}, "GRPO": {"policy": 16.0}}
    """
    names = list(dict.fromkeys(name for parts in rows.values() for name in parts))
    figure = Picture(figsize=(8.4, 1.2 + 0.4 * len(rows)), layout="constrained")
    axes, left = figure.subplots(), dict.fromkeys(rows, 0.0)
    for look, name in enumerate(names):
        colour, _, _, hatch = look_of(look)
        kind = {"color": colour, "hatch": hatch, "edgecolor": PAPER}
        has = [row for row, parts in rows.items() if name in parts]
        values, starts = [rows[row][name] for row in has], [left[row] for row in has]
        axes.barh(has, values, 0.62, left=starts, label=name, **kind)
        for row, value in zip(has, values, strict=True):
            left[row] += value
    for row, total in left.items():
        spot = {"textcoords": "offset points", "va": "center", "fontsize": 9}
        axes.annotate(form.format(total), (total, row), (4, 0), **spot)
    axes.set_yticks(list(rows))
    axes.invert_yaxis()
    axes.set(xlabel=label, xlim=(0, 1.1 * max(left.values())))
    axes.grid(axis="y", visible=False)
    axes.legend(fontsize=9, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=5)
    figure.alt = f"Bars of {label}. " + " ".join(
        f"{row}: {', '.join(f'{n} {form.format(v)}' for n, v in parts.items())}."
        for row, parts in rows.items()
    )
    return figure


@styled
def interval_dots(
    panels: dict[str, dict[str, list]],
    label: str = "pass@1",
    most: float | dict[str, float | tuple[float, float]] = 1.0,
    columns: int | None = None,
    percent: bool = False,
    control: tuple[str, ...] = (),
    ink: bool = False,
) -> Picture:
    """Draw (mean, low, high) of each seed as dots with whiskers, a row per name.

    The axis ends at `most`, which may differ by panel, as {"countdown": 0.5, ...}. A
    pair is its two ends; means below the first are written at the left. The axis
    counts in `percent` if you wish. With `columns` panels go on in a second row, and so
    on; a dot that is alone in its row has its number above it. Rows named in `control`
    look like `CONTROL`. In `ink` all seeds are dark, with marks of their own: beside a
    figure whose colours mean something else.

    panels = {"countdown": {"base": [(0.2, 0.1, 0.3), ...], "zero": [...]}}
    """
    first = next(iter(panels.values()))
    names, longest = list(first), max(first, key=lambda name: len(first[name]))
    columns = columns or len(panels)
    lines = -(-len(panels) // columns)
    size = (8.4, lines * (1.0 + (0.34 if lines == 1 else 0.42) * len(names)))
    figure = Picture(figsize=size, layout="constrained")
    all_axes = figure.subplots(lines, columns, sharey=True, squeeze=False).flatten()
    for axes in all_axes[len(panels) :]:
        axes.set_visible(False)
    all_axes = all_axes[: len(panels)]
    for axes, (title, rows) in zip(all_axes, panels.items(), strict=True):
        end = most[title] if isinstance(most, dict) else most
        start, end = end if isinstance(end, tuple) else (0, end)
        for y, name in enumerate(names):
            outside = "  ".join(
                f"{mean:.2f}" for mean, *_ in rows[name] if mean < start
            )
            if outside:
                look = {"va": "center", "fontsize": 8, "color": INK}
                box = {"facecolor": PAPER, "edgecolor": "none", "pad": 1}
                axes.text(start, y, f"← {outside}", bbox=box, **look)
            for seed, (mean, low, high) in enumerate(rows[name]):
                if mean < start:
                    continue
                colour, _, marker, _ = look_of(CONTROL if name in control else seed)
                if ink:
                    colour, marker = INK, "DvP"[seed % 3]
                place = y + 0.22 * (seed - (len(rows[name]) - 1) / 2)
                axes.plot([low, high], [place, place], color=colour, linewidth=1.4)
                label_of = f"seed {seed}" if name == longest else None
                axes.plot(
                    [mean],
                    [place],
                    marker,
                    label=label_of,
                    color=colour,
                    linestyle="none",
                    markersize=5,
                    clip_on=False,  # or a dot at 1 would be cut in half
                )
                if lines > 1 and len(rows[name]) == 1:
                    above = {"textcoords": "offset points", "ha": "center"}
                    axes.annotate(f"{mean:.2f}", (mean, place), (0, 6), **above)
        axes.set(title=title, xlabel=label, yticks=range(len(names)))
        air, middle = 0.03 * (end - start), (start + end) / 2
        axes.set(xlim=(start - air, end + air), xticks=(start, middle, end))
        axes.xaxis.set_major_formatter(PercentFormatter(1, 0) if percent else "{x:g}")
        axes.set_yticklabels(names)
    all_axes[0].set_ylim(len(names) - 0.5, -0.5)  # the first on top, air around all
    if len(first[longest]) > 1:
        named = all_axes[0].get_legend_handles_labels()
        place = {"loc": "upper left", "bbox_to_anchor": (1, 1)}
        all_axes[-1].legend(*named, fontsize=9, **place)
    figure.alt = f"Dots of {label} with 95% intervals, means over seeds. " + " ".join(
        f"{title}, {name}: {sum(m for m, *_ in rows[name]) / len(rows[name]):.2f}."
        for title, rows in panels.items()
        for name in names
    )
    return figure


@styled
def price_dots(
    points: dict[str, tuple[float, tuple[float, float, float]]],
    xlabel: str,
    ylabel: str,
    hollow: tuple[str, ...] = (),
    control: tuple[str, ...] = (),
) -> Picture:
    """Draw a named dot for each (price, (mean, low, high)), over a logarithmic price.

    The dots named in `hollow` are rings of another colour, those in `control` look like
    `CONTROL`.

    points = {"base": (16, (0.2, 0.1, 0.3)), "vote of 8": (394, (0.4, 0.3, 0.5))}
    """
    figure = Picture(figsize=(8.4, 4.2), layout="constrained")
    axes = figure.subplots()
    for name, (price, (mean, low, high)) in points.items():
        look = CONTROL if name in control else int(name in hollow)
        colour, _, mark, _ = look_of(look)
        axes.plot([price, price], [low, high], color=colour, linewidth=1.4, zorder=1)
        face = {"markerfacecolor": PAPER} if name in hollow else {}
        axes.plot([price], [mean], mark, color=colour, markersize=6, **face)
        side, down = free_place(points, name)
        kind = {"textcoords": "offset points", "va": "center", "fontsize": 9}
        kind["ha"] = "right" if side < 0 else "left"
        axes.annotate(name, (price, mean), (7 * side, 11 * down), **kind)
        figure.alt += f"{name}: {mean:.2f} for {price:.0f}. "
    prices = [price for price, _ in points.values()]
    axes.set(xscale="log", xlabel=xlabel, ylabel=ylabel, ylim=(0, 1))
    axes.set_xlim(min(prices) / 3, max(prices) * 3)  # room for the names
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    figure.alt = f"Dots of {ylabel} over {xlabel}. " + figure.alt.strip()
    return figure


@styled
def difference_dots(rows: dict[str, tuple | None], label: str) -> Picture:
    """Draw ((mean, low, high), means of seeds, clear) for each name around a line at 0.

    Rows that are not clear, which are ties, are grey. A row of None is a heading.
    """
    figure = Picture(figsize=(8.4, 1.1 + 0.26 * len(rows)), layout="constrained")
    axes = figure.subplots()
    difference_rows(axes, rows)
    axes.set_xlabel(label)
    figure.alt = f"{label}, with 95% intervals. " + said_of(rows)
    return figure


def difference_rows(axes, rows: dict[str, tuple | None]) -> None:
    """Draw the rows of `difference_dots`, the first one on top.

    A row may end in a second (low, high), over seeds: a thin line behind the bar.
    """
    axes.axvline(0, color=INK, linewidth=1)
    for y, row in enumerate(rows.values()):
        if row is None:
            continue
        (mean, low, high), seeds, clear, *whisker = row
        colour = LOOKS[mean < 0][0] if clear else GREY
        for ends in whisker:
            axes.plot(ends, [y, y], color=colour, linewidth=1.4)
        axes.plot([low, high], [y, y], color=colour, linewidth=4, alpha=0.45)
        tick = {"markersize": 11, "markeredgewidth": 1.8, "zorder": 3}  # over the line
        places = [y + 0.14 * (i - (len(seeds) - 1) / 2) for i in range(len(seeds))]
        axes.plot(seeds, places, "|", color=colour, **tick)  # none hides another
        axes.plot([mean], [y], "D" if clear else "o", color=colour, markersize=6)
    axes.set(yticks=range(len(rows)), ylim=(len(rows) - 0.4, -0.6))
    names = axes.set_yticklabels(list(rows))
    for name, row in zip(names, rows.values(), strict=True):
        name.set_fontweight("bold" if row is None else "normal")


def said_of(rows: dict[str, tuple | None]) -> str:
    """The rows of `difference_dots` in words."""
    said = []
    for name, row in rows.items():
        if row is None:
            said.append(f"{name}:")
        else:
            (mean, low, high), _, _, *whisker = row
            ends = [f"; over seeds {a:+.2f} to {b:+.2f}" for a, b in whisker]
            places = f"{low:+.2f} to {high:+.2f}" + "".join(ends)
            said.append(f"{name}: {mean:+.2f} ({places}).")
    return " ".join(said)


def free_place(points, name: str) -> tuple[int, int]:
    """(1 or -1, 0 or -1): right or left of its dot, level or lower, clear of others.

    A letter is taken for 0.024 of a power of ten, a line of text for 0.045 in height.
    """
    price, (mean, *_) = points[name]
    wide = 10 ** (0.024 * (len(name) + 3))
    for side, down in ((1, 0), (-1, 0), (1, -1), (-1, -1)):
        ends = sorted((price, price * wide**side))
        low, high = mean + 0.045 * (down - 0.5), mean + 0.045 * (down + 0.5)
        if not any(
            ends[0] <= other <= ends[1] and bottom <= high and low <= top
            for label, (other, (_, bottom, top)) in points.items()
            if label != name
        ):
            return side, down
    return 1, 0


@styled
def funnel_bars(report: list[dict], unit: str = "samples") -> Picture:
    """Draw how many rows are left after each filter; what it removed is hatched.

    report = [{"filter": "correct", "in": 8, "removed": 3, "out": 5, "alone": 3}, ...]
    """
    figure = Picture(figsize=(8.4, 1.1 + 0.42 * (len(report) + 1)))
    figure.set_layout_engine("constrained")
    axes, most = figure.subplots(), report[0]["in"]
    rows = [{"filter": "sampled", "removed": 0, "out": most}, *report]
    for y, row in enumerate(rows):
        label = ("left", "removed here") if y == 1 else (None, None)
        (left, _, _, _), (removed, _, _, hatch) = LOOKS[:2]
        axes.barh(y, row["out"], 0.66, color=left, edgecolor=PAPER, label=label[0])
        axes.barh(
            y,
            row["removed"],
            0.66,
            left=row["out"],
            color=removed,
            hatch=hatch,
            edgecolor=PAPER,
            label=label[1],
        )
        gone = f"  (-{row['removed']:,})" if row["removed"] else ""
        axes.annotate(
            f"{row['out']:,}{gone}",
            (row["out"] + row["removed"], y),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    names = [row["filter"].rpartition(": ")[2] for row in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.invert_yaxis()
    axes.set(xlabel=unit, xlim=(0, 1.2 * most))
    axes.grid(axis="y", visible=False)
    axes.legend(fontsize=9, loc="lower right")
    figure.alt = f"A funnel of {most:,} {unit}. " + " ".join(
        f"{name}: {row['removed']:,} removed, {row['out']:,} left."
        for name, row in zip(names[1:], report, strict=True)
    )
    return figure
