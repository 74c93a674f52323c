"""Every figure of the book, drawn by matplotlib and readable without colour.

A figure is returned, never shown: the last line of a cell shows it, `savefig` writes
it. Series differ in colour (Okabe and Ito's set, safe for colour-blind eyes), in line
style and in marker. `figure.alt` says in words what is to be seen.
"""

import functools
import io
import math

import matplotlib
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, PercentFormatter

INK, GRID, PAPER = "#222222", "#d9d9d9", "#ffffff"
BLUE, ORANGE, GREEN, PURPLE, GREY = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#777777",
)
LOOKS = (  # colour, line, marker, hatch of the first, second, ... series
    (BLUE, "-", "o", ""),
    (ORANGE, "--", "s", "//"),
    (GREEN, "-.", "^", ".."),
    (PURPLE, ":", "D", "xx"),
    (GREY, (0, (6, 1)), "v", "--"),
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


def series(axes, points, look: int, label: str, marks: bool = False, **kind) -> None:
    """Draw one line of (x, y) points in the look of that number, if it has points."""
    if not points:
        return
    colour, line, marker, _ = LOOKS[look % len(LOOKS)]
    kind = {"color": colour, "linestyle": line, "label": label, **kind}
    if marks:
        every = max(1, len(points) // 12)
        kind |= {"marker": marker, "markevery": every, "markersize": 5}
    axes.plot(*zip(*points, strict=True), **kind)


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


@styled
def base_curves(history: list[dict]) -> Picture:
    """Draw pre-training: the loss, and the skills apart, over steps."""
    figure = Picture(figsize=(8.4, 3.3), layout="constrained")
    left, right = figure.subplots(1, 2)
    for look, (name, label) in enumerate((("loss", "next token"), ("mtp_loss", "MTP"))):
        series(left, column(history, name), look, label)
    left.set(title="Loss", xlabel="step", ylabel="nats per token")
    left.set_ylim(bottom=0)
    measured = [{"step": p["step"], **p["skills"]} for p in history if "skills" in p]
    skills = [name for name in measured[-1] if name != "step"] if measured else []
    for look, name in enumerate(skills):
        series(right, column(measured, name), look, name, marks=True)
    right.set(title="Skills (dotted: a coin)", xlabel="step", ylim=(0, 1.03))
    right.axhline(0.5, color=GREY, linewidth=1, linestyle=(0, (1, 2)))
    right.yaxis.set_major_formatter(PercentFormatter(1))
    finish(left, right)
    figure.alt = "Pre-training. " + trend("Loss", column(history, "loss"), "{:.2f}")
    for name in skills:
        figure.alt += trend(name.capitalize(), column(measured, name), "{:.0%}")
    return figure


@styled
def zero_curves(history: list[dict]) -> Picture:
    """Draw R1-Zero: reward and accuracy above, completion length below, over steps."""
    figure = Picture(figsize=(8.4, 5.2), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True)
    window = max(1, len(history) // 40)
    series(top, smooth(column(history, "reward"), window), 0, "reward, training")
    series(top, smooth(column(history, "accuracy"), window), 1, "accuracy, training")
    valid = column(history, "valid")
    series(top, valid, 2, "pass@1, held out", marks=True)
    top.set(title="Right answers", ylim=(0, None))
    length, tokens = smooth(column(history, "length"), window), "tokens"
    series(bottom, length, 0, "training")
    series(bottom, column(history, "valid_length"), 2, "held out", marks=True)
    bottom.set(title="Length of a completion", xlabel="step", ylabel=tokens)
    bottom.set_ylim(bottom=0)
    finish(top, bottom)
    figure.alt = "Reinforcement learning. " + trend("Held-out pass@1", valid, "{:.0%}")
    figure.alt += trend("Mean length", length, "{:.0f} tokens")
    return figure


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
    colour, _, _, hatch = LOOKS[look % len(LOOKS)]
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
def learning_curves(
    histories: list[list[dict]], name: str = "valid", label: str = "pass@1, held out"
) -> Picture:
    """Draw one metric of several seeds: thin lines, their mean thick, their range."""
    figure = Picture(figsize=(6.4, 3.4), layout="constrained")
    axes, runs = figure.subplots(), [column(history, name) for history in histories]
    for seed, points in enumerate(runs):
        faint = {"linewidth": 1, "alpha": 0.7, "color": GREY}
        series(axes, points, seed, "_" if seed else "one seed", **faint)
    shared = sorted(set.intersection(*({x for x, _ in points} for points in runs)))
    table = [[dict(points)[x] for points in runs] for x in shared]
    means = [(x, sum(row) / len(row)) for x, row in zip(shared, table, strict=True)]
    low, high = [min(row) for row in table], [max(row) for row in table]
    axes.fill_between(shared, low, high, color=BLUE, alpha=0.15, linewidth=0)
    series(axes, means, 0, f"mean of {len(runs)}", marks=True, linewidth=2.4)
    axes.set(xlabel="step", ylabel=label)
    axes.set_ylim(bottom=0)
    finish(axes)
    what = f"Mean of {len(runs)} seeds, {label}"
    figure.alt = trend(what, means, "{:.2f}") if means else "No step is common to all."
    return figure


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
    told = (f"{form.format(y)} at step {x}" for x, y in ends)
    return f"{what}: {', '.join(told)}. "


# ---- chapter 02 ------------------------------------------------------------------


@styled
def doubling_curves(panels: dict[str, dict[str, list]], xlabel: str) -> Picture:
    """Draw (x, y) points of several series in each panel; x doubles from tick to tick.

    panels = {"title, unit": {"series": [(256, 1.0), (512, 1.5), ...], ...}, ...}
    """
    figure = Picture(figsize=(8.4, 3.4), layout="constrained")
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, lines) in zip(all_axes, panels.items(), strict=True):
        for look, (name, points) in enumerate(lines.items()):
            series(axes, points, look, name, marks=True)
        name, _, unit = title.rpartition(", ")
        axes.set_xscale("log", base=2)
        axes.set(title=name, xlabel=xlabel, ylabel=unit)
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.legend(fontsize=9)
    figure.alt = f"Curves over {xlabel}. " + " ".join(
        f"{title}, {name}: {points[0][1]:.2f} at {points[0][0]}, "
        f"{points[-1][1]:.2f} at {points[-1][0]}."
        for title, lines in panels.items()
        for name, points in lines.items()
    )
    return figure


# ---- chapter 03 ------------------------------------------------------------------


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
        axes.imshow([[x or math.nan for x in row] for row in table], shades, vmin=0)
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
def curves(
    panels: dict[str, dict[str, list]], xlabel: str, ylabel: str, log: str = ""
) -> Picture:
    """Draw named lines of (x, y) points; `log` names the logarithmic axes: "xy".

    panels = {"title": {"MHA": [(128, 1.0), (512, 1.1)], "GQA": [...]}}
    """
    figure = Picture(figsize=(8.4 if len(panels) > 1 else 6.0, 3.6))
    figure.set_layout_engine("constrained")
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, lines) in zip(all_axes, panels.items(), strict=True):
        for look, (name, points) in enumerate(lines.items()):
            series(axes, points, look, name, marks=True)
            ends = f"{points[0][1]:.3g} at {points[0][0]:.3g}, "
            ends += f"{points[-1][1]:.3g} at {points[-1][0]:.3g}"
            figure.alt += f"{title}, {name}: {ends}. "
        axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
        for letter, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
            if letter in log:
                axes.set(**{f"{letter}scale": "log"})
                axis.set_major_formatter(lambda value, _: f"{value:,g}")
                axis.set_minor_formatter(NullFormatter())
                low, high = axis.get_view_interval()
                if high < 100 * low:  # less than two decades: more ticks
                    subs = (1, 3) if letter == "x" else (1, 2, 5)
                    axis.set_major_locator(LogLocator(subs=subs))
    handles = all_axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, fontsize=9)
    return figure


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
        kind = {"textcoords": "offset points", "va": "center", "fontsize": 9}
        axes.annotate(f"{value:,.0f}", (value, name), (4, 0), **kind)
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel=label, xlim=(None, 3 * max(values.values())))
    axes.grid(axis="y", visible=False)
    figure.alt = f"Bars of {label}. " + " ".join(
        f"{name}: {value:,.0f}." for name, value in values.items()
    )
    return figure


# ---- chapter 04 ------------------------------------------------------------------


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
                kind = {"ha": "center", "va": "center", "fontsize": 7.5}
                axes.text(x, y, said, color=colour, **kind)
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


@styled
def balance_picture(runs: dict[str, list[dict]]) -> Picture:
    """Draw how busy experts are: the busiest over steps, and all of them at the end.

    runs = {"none": [{"step": 20, "load": [0.3, 2.1, ...]}, ...]}, 1 being the mean.
    """
    figure = Picture(figsize=(8.4, 3.3), layout="constrained")
    (left, right), alts = figure.subplots(1, 2), []
    width = 0.8 / len(runs)
    for look, (name, history) in enumerate(runs.items()):
        points = [(point["step"], max(point["load"])) for point in history]
        series(left, points, look, name, marks=True)
        colour, _, _, hatch = LOOKS[look]
        final = sorted(history[-1]["load"], reverse=True)
        places = [
            i + 1 + (look - (len(runs) - 1) / 2) * width for i in range(len(final))
        ]
        kind = {"color": colour, "hatch": hatch, "edgecolor": PAPER, "label": name}
        right.bar(places, final, width, **kind)
        idle = sum(x < 0.1 for x in final)
        alts.append(trend(f"{name}, busiest expert over mean", points, "{:.1f}"))
        alts.append(f"At the end {idle} experts are below a tenth of the mean. ")
    for axes in (left, right):
        axes.axhline(1, color=GREY, linewidth=1, linestyle=(0, (1, 2)))
        axes.set_ylim(bottom=0)
    left.set(title="The busiest expert", xlabel="step", ylabel="load / mean load")
    right.set(title="All experts at the end", xlabel="expert, busiest first")
    finish(left, right)
    figure.alt = "".join(alts)
    return figure


# ---- chapter 05 ------------------------------------------------------------------


@styled
def rows_picture(layouts: dict[str, list[list[int]]], width: int) -> Picture:
    """Draw rows of a batch: documents as blocks, what is left of `width` hatched.

    layouts = {"padded": [[12], [30], ...], "packed": [[30, 12], ...]}, in tokens.
    """
    heights = [0.6 + 0.16 * len(rows) for rows in layouts.values()]
    figure = Picture(figsize=(8.4, 0.7 + sum(heights)), layout="constrained")
    shape = {"sharex": True, "squeeze": False, "height_ratios": heights}
    all_axes = figure.subplots(len(layouts), 1, **shape)[:, 0]
    for axes, (title, rows) in zip(all_axes, layouts.items(), strict=True):
        for y, row in enumerate(rows):
            left = 0
            for i, size in enumerate(row):
                colour, _, _, _ = LOOKS[i % 4]
                axes.barh(y, size, 0.8, left=left, color=colour, edgecolor=PAPER)
                left += size
            kind = {"color": GRID, "hatch": "///", "edgecolor": PAPER}
            axes.barh(y, width - left, 0.8, left=left, **kind)
        real = sum(map(sum, rows))
        wasted = 1 - real / (width * len(rows))
        axes.set(title=f"{title}: {wasted:.0%} empty", yticks=[], xlim=(0, width))
        axes.invert_yaxis()
        axes.grid(visible=False)
        figure.alt += f"{title}: {len(rows)} rows of {width}, {wasted:.0%} empty. "
    all_axes[-1].set_xlabel("token (column)")
    return figure


@styled
def phase_picture(history: list[dict], marked: dict[str, int]) -> Picture:
    """Draw skills over steps above the loss; marked = {skill: step of its line}."""
    figure = Picture(figsize=(8.4, 5.4), layout="constrained")
    shape = {"sharex": True, "height_ratios": (2, 1)}
    top, bottom = figure.subplots(2, 1, **shape)
    measured = [{"step": p["step"], **p["skills"]} for p in history if "skills" in p]
    for look, (name, step) in enumerate(marked.items()):
        points, colour = column(measured, name), LOOKS[look][0]
        series(top, points, look, name, marks=True)
        for axes in (top, bottom):
            axes.axvline(step, color=colour, linewidth=1.2, linestyle=(0, (2, 2)))
        ends = trend(name.capitalize(), points, "{:.0%}")
        figure.alt += f"{ends}A line marks step {step}. "
    top.axhline(0.5, color=GREY, linewidth=1, linestyle=(0, (1, 2)))
    top.set(title="Skills (dotted: a coin)", ylim=(0, 1.03))
    top.yaxis.set_major_formatter(PercentFormatter(1))
    series(bottom, column(history, "loss"), 4, "loss")
    bottom.set(title="Loss of training", xlabel="step", ylabel="nats per token")
    finish(top, bottom)
    figure.alt += trend("Loss", column(history, "loss"), "{:.2f}")
    return figure


@styled
def scaling_picture(points: list[tuple], law) -> Picture:
    """Draw losses over tokens and over parameters as marks, and `law` as lines.

    points = [(parameters, tokens, loss), ...]; law(parameters, tokens) -> loss. Amounts
    that differ by less than a tenth (seeds read other documents) share a line.
    """
    figure = Picture(figsize=(8.4, 3.8), layout="constrained")
    panels, names = figure.subplots(1, 2, sharey=True), ("parameters", "tokens")
    groups = [apart(p[i] for p in points) for i in (0, 1)]
    for axes, over, fixed in ((panels[0], 1, 0), (panels[1], 0, 1)):
        for look, group in enumerate(groups[fixed]):
            colour, line, marker, _ = LOOKS[look % len(LOOKS)]
            mine = [p for p in points if group <= p[fixed] < 1.1 * group]
            low, high = 0.85 * groups[over][0], 1.2 * groups[over][-1]
            xs = [low * (high / low) ** (i / 40) for i in range(41)]
            ys = [law(*((x, group) if over == 0 else (group, x))) for x in xs]
            kind = {"color": colour, "linestyle": line, "linewidth": 1.3}
            axes.plot(xs, ys, **kind)
            kind = {"color": colour, "linestyle": "none", "markersize": 5}
            label = f"{brief(group)} {names[fixed]}"
            spots = [p[over] for p in mine], [p[2] for p in mine]
            axes.plot(*spots, marker=marker, label=label, **kind)
        axes.set(xscale="log", xlabel=names[over], title=f"Over {names[over]}")
        axes.set_xticks(groups[over], list(map(brief, groups[over])))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.legend(fontsize=8)
    panels[0].set_ylabel("held-out loss, nats per token")
    best, worst = min(points, key=lambda p: p[2]), max(points, key=lambda p: p[2])
    figure.alt = f"{len(points)} measured losses beside a fitted law. " + " ".join(
        f"{brief(n)} parameters, {brief(d)} tokens: {loss:.2f}."
        for n, d, loss in (worst, best)
    )
    return figure


def apart(values) -> list[float]:
    """The sorted values without those less than a tenth above one that is kept."""
    kept = []
    for value in sorted(values):
        if not kept or value >= 1.1 * kept[-1]:
            kept.append(value)
    return kept


def brief(value: float) -> str:
    """Write a large number short.

    >>> brief(20_640), brief(1_546_605)
    ('21k', '1.5M')
    """
    return f"{value / 1e6:.1f}M" if value >= 1e6 else f"{value / 1e3:.0f}k"


# ---- chapter 09 ------------------------------------------------------------------


@styled
def batch_picture(mask, rewards, group_size: int) -> Picture:
    """Draw a rollout: a row per completion, a column per token, groups set apart.

    Prompt tokens are hatched grey, sampled ones blue, the last one of them orange.
    """
    rows, places = len(mask), [row.nonzero().flatten().tolist() for row in mask]
    width = 1 + max(place[-1] for place in places)
    heights = [b + 0.7 * (b // group_size) for b in range(rows)]
    figure = Picture(figsize=(8.4, 0.9 + 0.1 * rows), layout="constrained")
    axes = figure.subplots()
    for y, place, reward in zip(heights, places, rewards.tolist(), strict=True):
        first, last = place[0], place[-1]
        axes.barh(y, first, 0.8, color=GRID, hatch="///", edgecolor=PAPER)
        axes.barh(y, last - first, 0.8, left=first, color=BLUE)
        axes.barh(y, 1, 0.8, left=last, color=ORANGE)
        kind = {"va": "center", "fontsize": 6.5, "color": INK}
        axes.text(last + 1 + width / 90, y, f"{reward:.1f}", **kind)
    for name, colour, hatch in (
        ("prompt: mask 0", GRID, "///"),
        ("sampled: mask 1", BLUE, ""),
        ("last sampled: mask 1", ORANGE, ""),
    ):
        axes.barh(0, 0, color=colour, hatch=hatch, edgecolor=PAPER, label=name)
    kind = {"yticks": [], "ylim": (heights[-1] + 1, -1)}
    axes.set(xlim=(0, width * 1.06), xlabel="token (column)", **kind)
    axes.grid(visible=False)
    axes.legend(fontsize=9, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    counts = f"{rows // group_size} groups of {group_size} completions"
    figure.alt = f"{counts}; every row is prompt, sampled tokens, then padding. "
    figure.alt += f"{sum(map(len, places))} tokens were sampled."
    return figure


@styled
def clip_picture(objective, low: float, high: float) -> Picture:
    """Draw objective(ratio, advantage) over the ratio, for advantages +1 and -1."""
    figure = Picture(figsize=(8.4, 2.9), layout="constrained")
    for axes, sign in zip(figure.subplots(1, 2), (1.0, -1.0), strict=True):
        ratios = [i / 100 for i in range(0, 201)]
        points = [(r, objective(r, sign)) for r in ratios]
        free = [(r, sign * r) for r in ratios]
        series(axes, free, 4, "without the clip", linewidth=1)
        series(axes, points, 0, "with the clip", linewidth=2.4)
        for edge in (1 - low, 1 + high):
            axes.axvline(edge, color=GREY, linewidth=1, linestyle=(0, (1, 2)))
        axes.plot([1], [sign], "o", color=INK, markersize=5)
        good = "right" if sign > 0 else "wrong"
        axes.set(title=f"A = {sign:+.0f}: a {good} answer", xlabel="ratio")
        axes.legend(fontsize=9)
    figure.alt = (
        f"Clipped objective over the ratio. For A = +1 it rises to ratio {1 + high} "
        f"and is flat beyond; for A = -1 it is flat below {1 - low} and falls beyond."
    )
    return figure


@styled
def stacked_shares(shares: dict[str, dict[str, float]]) -> Picture:
    """Draw one bar of parts that add up to 1 for each row: {"base": {"guess": 0.6}}."""
    figure = Picture(figsize=(8.4, 0.9 + 0.5 * len(shares)), layout="constrained")
    axes, left = figure.subplots(), dict.fromkeys(shares, 0.0)
    for look, name in enumerate(next(iter(shares.values()))):
        colour, _, _, hatch = LOOKS[look % len(LOOKS)]
        kind = {"color": colour, "hatch": hatch, "edgecolor": PAPER, "label": name}
        for row, parts in shares.items():
            axes.barh(row, parts[name], 0.62, left=left[row], **kind)
            if parts[name] > 0.06:
                middle = left[row] + parts[name] / 2
                box = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.5}
                kind_of_text = {"ha": "center", "va": "center", "fontsize": 9}
                axes.text(middle, row, f"{parts[name]:.0%}", bbox=box, **kind_of_text)
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
def compared_curves(runs: dict[str, list], names: dict[str, str]) -> Picture:
    """Draw metrics of several kinds of run: the mean over seeds, and their range.

    runs = {"a": [history of seed 0, ...], "b": [...]}, names = {metric: axis label}.
    """
    figure = Picture(figsize=(8.4, 3.2), layout="constrained")
    panels, alts = figure.subplots(1, len(names), squeeze=False)[0], []
    for axes, (name, label) in zip(panels, names.items(), strict=True):
        for look, (run, histories) in enumerate(runs.items()):
            tables = [dict(column(history, name)) for history in histories]
            steps = sorted(set.intersection(*map(set, tables)))
            rows = [[table[x] for table in tables] for x in steps]
            means = [
                (x, sum(row) / len(row)) for x, row in zip(steps, rows, strict=True)
            ]
            kind = {"color": LOOKS[look][0], "alpha": 0.15, "linewidth": 0}
            axes.fill_between(steps, list(map(min, rows)), list(map(max, rows)), **kind)
            series(axes, means, look, run, marks=True)
            alts.append(trend(f"{run}, {label}", means, "{:.2f}"))
        axes.set(xlabel="step", ylabel=label)
        axes.set_ylim(bottom=0)
    finish(*panels)
    figure.alt = "".join(alts)
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
                colour, _, marker, _ = LOOKS[seed % len(LOOKS)]
                place = y + 0.22 * (seed - (len(rows[name]) - 1) / 2)
                kind = {"color": colour, "linewidth": 1.4}
                axes.plot([low, high], [place, place], **kind)
                label_of = f"seed {seed}" if name == most else None
                kind = {"color": colour, "linestyle": "none", "markersize": 5}
                axes.plot([mean], [place], marker, label=label_of, **kind)
        axes.set(title=title, xlabel=label, xlim=(0, 1), yticks=range(len(names)))
        axes.set_yticklabels(names)
    all_axes[0].invert_yaxis()
    all_axes[-1].legend(fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))
    figure.alt = f"Dots of {label} with 95% intervals, means over seeds. " + " ".join(
        f"{title}, {name}: {sum(m for m, *_ in rows[name]) / len(rows[name]):.2f}."
        for title, rows in panels.items()
        for name in names
    )
    return figure
