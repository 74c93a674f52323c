"""Dots of single values: of seeds, of problems of two models, of sizes far apart."""

from collections import Counter

from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from r1lib.plots.bars import difference_rows, said_of
from r1lib.plots.style import (
    BLUE,
    DASHES,
    GREY,
    INK,
    LOOKS,
    PAPER,
    Picture,
    look_of,
    styled,
)


@styled
def seed_dots(
    panels: dict[str, dict[str, list]],
    log: tuple = (),
    beside: str = "",
    called: str = "seed",
) -> Picture:
    """Draw a dot for each seed, a row per name; panels in `log` share such an axis.

    A grey line marks the mean of the row `beside`. A row may be absent or empty. The
    legend says `called` 0, 1, 2.

    panels = {"KL, nats": {"bf16": [7.9e-05, 8.1e-05], "fp8": [7.3e-04, 7.9e-04]}}
    """
    names = list(dict.fromkeys(name for rows in panels.values() for name in rows))
    figure = Picture(figsize=(8.4, 1.1 + 0.34 * len(names)), layout="constrained")
    all_axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (title, rows) in zip(all_axes, panels.items(), strict=True):
        if rows.get(beside):
            mean = sum(rows[beside]) / len(rows[beside])
            axes.axvline(mean, color=GREY, linewidth=1)
        for y, name in enumerate(names):
            dots(axes, y, rows.get(name, ()), called)
        axes.set(title=title, yticks=range(len(names)))
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_yticklabels(names)
        if title in log:
            axes.set_xscale("log")
        else:
            axes.set_xlim(left=-0.02 * axes.get_xlim()[1])
    logarithmic = [axes for axes in all_axes if axes.get_title("left") in log]
    for axes in logarithmic:
        limits = [edge for other in logarithmic for edge in other.get_xlim()]
        axes.set_xlim(min(limits), max(limits))
    handles = {label: h for axes in all_axes for h, label in legend(axes)}
    all_axes[-1].legend(
        handles.values(), handles, fontsize=9, loc="upper left", bbox_to_anchor=(1, 1)
    )
    figure.alt = " ".join(
        f"{title}, {name}: {', '.join(f'{value:.2g}' for value in values)}."
        for title, rows in panels.items()
        for name, values in rows.items()
        if values
    )
    return figure


@styled
def log_dots(
    values: dict[str, float | tuple[float, float, float]],
    label: str,
    lines: dict[str, float] | None = None,
) -> Picture:
    """Draw a dot with its number for each name, on a logarithmic axis.

    A value may be (middle, low, high), drawn as a dot with whiskers. Each of `lines`,
    the smallest first, is a vertical line with its name at the top.

    values = {"batch 1": (2.4, 1.8, 2.9), "batch 512": (5.4, 3.6, 11.4)}
    """
    figure = Picture(figsize=(8.4, 0.9 + 0.3 * len(values)), layout="constrained")
    axes, colour = figure.subplots(), LOOKS[0][0]
    ranges = {k: v if isinstance(v, tuple) else (v, v, v) for k, v in values.items()}
    spot = {"textcoords": "offset points", "fontsize": 9, "va": "center"}
    blank = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.8}  # over a line
    for name, (middle, low, high) in ranges.items():
        axes.plot([low, high], [name, name], color=colour, linewidth=1.6)
        axes.plot([middle], [name], "o", color=colour, markersize=7)
        axes.annotate(short(middle), (high, name), (8, 0), bbox=blank, **spot)
    least = min(low for _, low, _ in ranges.values())
    most = max(high for _, _, high in ranges.values())
    limits = least / 1.3, most * (most / least) ** 0.2  # room for the last number
    axes.set(xscale="log", xlabel=label, xlim=limits, ylim=(len(values) - 0.5, -0.5))
    if most < 100 * least:
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    for i, (name, value) in enumerate((lines or {}).items()):
        axes.axvline(value, color=INK, linewidth=1, linestyle=(0, (4, 2)))
        top = spot | {"xycoords": ("data", "axes fraction"), "va": "bottom"}
        top["ha"] = "left" if i else "right"
        axes.annotate(name, (value, 1.0), (4 if i else -4, 2), **top)
    figure.alt = f"Dots of {label}. " + " ".join(
        f"{name}: {short(middle)}"
        + (f" ({short(low)} to {short(high)})." if low < high else ".")
        for name, (middle, low, high) in ranges.items()
    )
    for name, value in (lines or {}).items():
        figure.alt += f" A line at {short(value)}: {name}."
    return figure


def short(value: float) -> str:
    """A number with two digits, or whole.

    >>> short(0.128), short(671_026.4)
    ('0.13', '671,026')
    """
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def dots(axes, y: float, values, called: str = "seed") -> None:
    """Draw the values of seeds 0, 1, 2 around the height y."""
    for seed, value in enumerate(values):
        colour, _, marker, _ = look_of(seed)
        place = y + 0.22 * (seed - (len(values) - 1) / 2)
        look = {"color": colour, "linestyle": "none", "markersize": 5}
        axes.plot([value], [place], marker, label=f"{called} {seed}", **look)


def legend(axes):
    """Pairs of (handle, label) of what an axes shows."""
    return zip(*axes.get_legend_handles_labels(), strict=True)


@styled
def difference_panels(panels: dict[str, dict], label: str) -> Picture:
    """Draw the rows of `difference_dots` of several panels, which share their names."""
    first, *others = panels.values()
    if any([*rows] != [*first] for rows in others):
        raise ValueError(f"wanted the same rows in each panel, got {panels}")
    figure = Picture(figsize=(9.2, 1.3 + 0.25 * len(first)), layout="constrained")
    figure.alt = f"{label}, with 95% intervals."
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, rows) in zip(all_axes, panels.items(), strict=True):
        difference_rows(axes, rows)
        axes.set_title(title)
        most = 3 if len(panels) > 3 else 4  # or their numbers would touch
        axes.xaxis.set_major_locator(MaxNLocator(most))
        if axes is not all_axes[0]:
            axes.set_yticklabels([])
        figure.alt += f" {title}. {said_of(rows)}"
    figure.supxlabel(label, fontsize=10)
    return figure


@styled
def two_intervals(rows: dict[str, tuple], label: str) -> Picture:
    """Draw a difference with two intervals around a line at 0, a row per name.

    The bar is over problems, the line below it over seeds, with a tick for each seed.
    A row of which an interval holds 0 is a tie, and grey.

    rows = {"ppo": (mean, (low, high) of problems, (low, high) of seeds, [seed, ...])}
    """
    figure = Picture(figsize=(8.4, 1.5 + 0.42 * len(rows)), layout="constrained")
    axes = figure.subplots()
    said = two_interval_rows(axes, rows)
    axes.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=9)
    axes.set_xlabel(label)
    figure.alt = f"{label}, with two 95% intervals. {said}"
    return figure


@styled
def two_interval_panels(panels: dict[str, dict], label: str) -> Picture:
    """Draw the rows of `two_intervals` of several panels, which share names and axis.

    A row of None is a heading. At the right each row is marked as clear or as a tie.
    """
    first, *others = panels.values()
    if any([*rows] != [*first] for rows in others):
        raise ValueError(f"wanted the same rows in each panel, got {panels}")
    figure = Picture(figsize=(9.2, 1.5 + 0.36 * len(first)), layout="constrained")
    figure.alt = f"{label}, with two 95% intervals."
    all_axes = figure.subplots(1, len(panels), squeeze=False, sharex=True)[0]
    for axes, (title, rows) in zip(all_axes, panels.items(), strict=True):
        figure.alt += f" {title}. {two_interval_rows(axes, rows)}"
        axes.set_title(title)
        for y, row in enumerate(rows.values()):
            if row is not None:
                spot, said = (1.02, y), "clear" if clear_of_0(row) else "tie"
                place = {"xycoords": ("axes fraction", "data"), "va": "center"}
                look = {"fontsize": 9, "color": INK if said == "clear" else GREY}
                axes.annotate(said, spot, **place, **look)
        if axes is not all_axes[0]:
            axes.set_yticklabels([])
    marks = [*zip(*legend(all_axes[0]), strict=True)]
    figure.legend(*marks, ncols=3, loc="outside upper center", fontsize=9)
    figure.supxlabel(label, fontsize=10)
    return figure


def clear_of_0(row: tuple) -> bool:
    """Whether both intervals of a row of `two_intervals` exclude 0."""
    _, problems, seeds, _ = row
    return all(low > 0 or high < 0 for low, high in (problems, seeds))


def two_interval_rows(axes, rows: dict[str, tuple | None]) -> str:
    """Draw the rows of `two_intervals`, the first one on top; return them in words."""
    said = []
    axes.axvline(0, color=INK, linewidth=1)
    bar, line = {"linewidth": 6, "alpha": 0.45}, {"linewidth": 1.4}
    tick = {"markersize": 9, "markeredgewidth": 1.8, "linestyle": "none"}
    for y, (name, row) in enumerate(rows.items()):
        if row is None:
            said.append(f"{name}:")
            continue
        mean, problems, seeds, each = row
        clear = clear_of_0(row)
        colour = LOOKS[mean < 0][0] if clear else GREY
        above, below = [y - 0.14] * 2, [y + 0.2] * 2
        axes.plot(problems, above, color=colour, **bar)
        axes.plot(seeds, below, color=colour, **line)
        axes.plot(each, [y + 0.2] * len(each), "|", color=colour, **tick)
        axes.plot([mean], [y - 0.14], "D" if clear else "o", color=colour, markersize=6)
        said.append(
            f"{name}: {mean:+.2f}, over problems {problems[0]:+.2f} to "
            f"{problems[1]:+.2f}, over seeds {seeds[0]:+.2f} to {seeds[1]:+.2f}, "
            f"{'clear' if clear else 'a tie'}."
        )
    for called, marker, look in (
        ("interval over problems", "", bar),
        ("interval over seeds", "", line),
        ("a seed", "|", tick),
    ):
        axes.plot([], [], marker, color=INK, label=called, **look)
    axes.set(yticks=range(len(rows)), ylim=(len(rows) - 0.4, -0.6))
    names = axes.set_yticklabels(list(rows))
    for name, row in zip(names, rows.values(), strict=True):
        name.set_fontweight("bold" if row is None else "normal")
    axes.grid(axis="y", visible=False)
    return " ".join(said)


@styled
def pairing_picture(
    values: dict[str, list[float]], rows: dict[str, tuple | None], label: str
) -> Picture:
    """Draw two models problem by problem, and beside it intervals of their difference.

    values = {"Dev1": [0.5, 1.0], "Dev2": [0.75, 1.0]}, one value for each problem: a
    circle counts the problems at its place. `rows` are those of `difference_dots`.
    """
    (one, first), (other, second) = values.items()
    figure = Picture(figsize=(8.4, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle="--")
    places = Counter(zip(first, second, strict=True))
    for (x, y), count in places.items():
        left.scatter(
            [x], [y], s=110 + 22 * count, color=BLUE, edgecolor=PAPER, zorder=2
        )
        spot = {"ha": "center", "va": "center_baseline", "fontsize": 8, "zorder": 3}
        left.text(x, y, str(count), color=PAPER, **spot)
    left.set(xlabel=f"{one}: share right", ylabel=f"{other}: share right")
    left.set(title="each problem", xlim=(-0.14, 1.14), ylim=(-0.14, 1.14))
    left.set(xticks=(0, 0.25, 0.5, 0.75, 1), yticks=(0, 0.25, 0.5, 0.75, 1))
    left.set_aspect("equal")
    difference_rows(right, rows)
    right.set(title="interval of the difference", xlabel=label)
    above = sum(count for (x, y), count in places.items() if y > x)
    below = sum(count for (x, y), count in places.items() if y < x)
    figure.alt = (
        f"Left, {len(first)} problems as circles over {one} and {other}: {above} above "
        f"the diagonal, {below} below. Right, intervals: " + said_of(rows)
    )
    return figure


def apart(
    points: list[tuple[float, float]], wide: float = 0.055, high: float = 0.06
) -> list[float]:
    """The x of points, moved where two are nearer than `wide` in x and `high` in y.

    Both in shares of the axis. Two near points move by as much, away from each other.

    >>> [round(x, 3) for x in apart([(0.5, 0.3), (0.51, 0.3), (0.9, 0.3)])]
    [0.477, 0.532, 0.9]
    """
    xs = [x for x, _ in points]
    for i, (a, y) in enumerate(points):
        for j, (b, other) in enumerate(points[:i]):
            if abs(a - b) < wide and abs(y - other) < high:
                push = (wide - abs(a - b)) / 2
                xs[i] += push if a >= b else -push
                xs[j] -= push if a >= b else -push
    return xs


@styled
def price_panels(
    panels: dict[str, dict[str, tuple]], xlabel: str, ylabel: str
) -> Picture:
    """Draw (price, (mean, low, high)) of each way in a panel; free ones are levels.

    What costs 0 is a line across the panel. All panels share both axes. Marks that
    would hide each other are moved apart sideways; the text for listeners has prices.

    panels = {"seed 0": {"base": (0, (0.1, 0.1, 0.2)), "RL": (4.5, (0.2, 0.1, 0.3))}}
    """
    top = max(price for ways in panels.values() for price, _ in ways.values())
    figure = Picture(figsize=(8.4, 4.2), layout="constrained")
    share = {"sharex": True, "sharey": True, "squeeze": False}
    all_axes = figure.subplots(1, len(panels), **share)[0]
    for axes, (title, ways) in zip(all_axes, panels.items(), strict=True):
        free = [name for name, (price, _) in ways.items() if price == 0]
        priced = [name for name in ways if name not in free]
        moved = apart([(ways[n][0] / top, ways[n][1][0]) for n in priced])
        for name, (_, (mean, low, high)) in ways.items():
            if name in free:
                dash = DASHES[free.index(name) % 3]
                axes.axhline(mean, color=INK, linestyle=dash, linewidth=1.2, label=name)
                continue
            colour, _, marker, _ = look_of(priced.index(name))
            x = top * moved[priced.index(name)]
            axes.plot([x, x], [low, high], color=colour, linewidth=1.4)
            kind = {"linestyle": "none", "markersize": 7, "label": name}
            axes.plot([x], [mean], marker, color=colour, **kind)
        axes.set(title=title, xlabel=xlabel)
    all_axes[0].set(ylabel=ylabel, ylim=(0, 1), xlim=(0, 1.08 * top))
    handles = all_axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, fontsize=9)
    figure.alt = f"Dots of {ylabel} over {xlabel}, with 95% intervals. " + " ".join(
        f"{title}: "
        + "; ".join(f"{n} {m:.2f} for {price:.1f}" for n, (price, (m, *_)) in w.items())
        + "."
        for title, w in panels.items()
    )
    return figure
