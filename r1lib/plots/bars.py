"""Bars and dots: measured values, with their intervals."""

from matplotlib.ticker import LogLocator, NullFormatter, PercentFormatter

from r1lib.plots.style import INK, LOOKS, PAPER, Picture, look_of, styled


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
    kind = {"color": colour, "hatch": hatch, "edgecolor": PAPER, "label": label}
    axes.bar(places, means, width, **kind)
    down = [mean - low for mean, low, _ in values]
    up = [high - mean for mean, _, high in values]
    kind = {"color": INK, "capsize": 3, "linestyle": "none", "linewidth": 1.2}
    axes.errorbar(places, means, [down, up], **kind)
    for x, (mean, _, high) in rows:
        kind = {"textcoords": "offset points", "ha": "center", "color": INK}
        axes.annotate(f"{mean:.2f}", (x, high), (0, 4), **kind)


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
def stacked_shares(shares: dict[str, dict[str, float]]) -> Picture:
    """Draw one bar of parts that add up to 1 for each row: {"base": {"guess": 0.6}}."""
    figure = Picture(figsize=(8.4, 0.9 + 0.5 * len(shares)), layout="constrained")
    axes, left = figure.subplots(), dict.fromkeys(shares, 0.0)
    for look, name in enumerate(next(iter(shares.values()))):
        colour, _, _, hatch = look_of(look)
        kind = {"color": colour, "hatch": hatch, "edgecolor": PAPER, "label": name}
        for row, parts in shares.items():
            axes.barh(row, parts[name], 0.62, left=left[row], **kind)
            if parts[name] > 0.06:
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
            kind["label"] = None
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(visible=False)
    axes.legend(fontsize=9, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=5)
    figure.alt = "Shares. " + " ".join(
        f"{row}: {', '.join(f'{n} {v:.0%}' for n, v in parts.items())}."
        for row, parts in shares.items()
    )
    return figure


@styled
def interval_dots(panels: dict[str, dict[str, list]], label: str = "pass@1") -> Picture:
    """Draw (mean, low, high) of each seed as dots with whiskers, a row per name.

    panels = {"countdown": {"base": [(0.2, 0.1, 0.3), ...], "zero": [...]}}
    """
    first = next(iter(panels.values()))
    names, most = list(first), max(first, key=lambda name: len(first[name]))
    figure = Picture(figsize=(8.4, 1.0 + 0.34 * len(names)), layout="constrained")
    all_axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (title, rows) in zip(all_axes, panels.items(), strict=True):
        for y, name in enumerate(names):
            for seed, (mean, low, high) in enumerate(rows[name]):
                colour, _, marker, _ = look_of(seed)
                place = y + 0.22 * (seed - (len(rows[name]) - 1) / 2)
                kind = {"color": colour, "linewidth": 1.4}
                axes.plot([low, high], [place, place], **kind)
                label_of = f"seed {seed}" if name == most else None
                kind = {"color": colour, "linestyle": "none", "markersize": 5}
                axes.plot([mean], [place], marker, label=label_of, **kind)
        axes.set(title=title, xlabel=label, xlim=(0, 1), yticks=range(len(names)))
        axes.set_yticklabels(names)
    all_axes[0].invert_yaxis()
    if len(first[most]) > 1:
        all_axes[-1].legend(fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))
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
) -> Picture:
    """Draw a named dot for each (price, (mean, low, high)), over a logarithmic price.

    points = {"base": (16, (0.2, 0.1, 0.3)), "vote of 8": (394, (0.4, 0.3, 0.5))}
    """
    figure = Picture(figsize=(8.4, 4.2), layout="constrained")
    axes = figure.subplots()
    for name, (price, (mean, low, high)) in points.items():
        axes.plot([price, price], [low, high], color=LOOKS[0][0], linewidth=1.4)
        axes.plot([price], [mean], "o", color=LOOKS[0][0], markersize=6)
        side = -1 if crowded(points, name) else 1
        kind = {"textcoords": "offset points", "va": "center", "fontsize": 9}
        kind["ha"] = "right" if side < 0 else "left"
        axes.annotate(name, (price, mean), (7 * side, 0), **kind)
        figure.alt += f"{name}: {mean:.2f} for {price:.0f}. "
    prices = [price for price, _ in points.values()]
    axes.set(xscale="log", xlabel=xlabel, ylabel=ylabel, ylim=(0, 1))
    axes.set_xlim(min(prices) / 3, max(prices) * 3)  # room for the names
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    figure.alt = f"Dots of {ylabel} over {xlabel}. " + figure.alt.strip()
    return figure


def crowded(points, name: str) -> bool:
    """Whether a name to the right of its dot would run into another dot."""
    price, (mean, *_) = points[name]
    return any(
        (price, name) < (other, label) and other < 2.5 * price and abs(y - mean) < 0.1
        for label, (other, (y, *_)) in points.items()
    )


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
        kind = {"height": 0.66, "edgecolor": PAPER}
        axes.barh(y, row["out"], color=LOOKS[0][0], label=label[0], **kind)
        kind |= {"left": row["out"], "color": LOOKS[1][0], "hatch": LOOKS[1][3]}
        axes.barh(y, row["removed"], label=label[1], **kind)
        gone = f"  (-{row['removed']:,})" if row["removed"] else ""
        spot = (row["out"] + row["removed"], y)
        kind = {"textcoords": "offset points", "va": "center", "fontsize": 9}
        axes.annotate(f"{row['out']:,}{gone}", spot, (5, 0), **kind)
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
