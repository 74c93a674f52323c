"""Pictures that only one chapter needs: batches, experts, clips, laws."""

from collections.abc import Sequence

from matplotlib.ticker import NullFormatter, PercentFormatter

from r1lib.plots.style import (
    BLUE,
    GREY,
    GRID,
    INK,
    LOOKS,
    ORANGE,
    PAPER,
    Picture,
    column,
    finish,
    look_of,
    series,
    styled,
    trend,
)

FAINT = {"alpha": 0.35, "linewidth": 1.0}


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
        right.bar(
            places, final, width, color=colour, hatch=hatch, edgecolor=PAPER, label=name
        )
        idle = sum(x < 0.1 for x in final)
        alts.append(trend(f"{name}, busiest expert over mean", points, "{:.1f}"))
        alts.append(f"At the end {idle} experts are below a tenth of the mean. ")
    for axes in (left, right):
        axes.axhline(1, color=GREY, linewidth=1, linestyle=(0, (1, 2)))
        axes.set_ylim(bottom=0)
    left.set(title="The busiest expert", xlabel="step", ylabel="load / mean load")
    right.set(title="All experts at the end", xlabel="expert, busiest first")
    finish(left, right)
    experts = len(final)
    right.set_xticks([1, *range(4, experts + 1, 4)])
    for legend in filter(None, (left.get_legend(), right.get_legend())):
        legend.remove()  # one legend for both, above them: no line runs through it
    places = {"loc": "outside upper center", "ncols": len(runs), "fontsize": 9}
    figure.legend(*left.get_legend_handles_labels(), **places)
    figure.alt = "".join(alts)
    return figure


@styled
def rows_picture(layouts: dict[str, list[list[int]]], width: int) -> Picture:
    """Draw rows of a batch: documents as blocks, what is left of `width` hatched.

    layouts = {"padded": [[12], [30], ...], "packed": [[30, 12], ...]}, in tokens.
    """
    heights = [0.6 + 0.16 * len(rows) for rows in layouts.values()]
    figure = Picture(figsize=(8.4, 0.7 + sum(heights)), layout="constrained")
    all_axes = figure.subplots(
        len(layouts), 1, sharex=True, squeeze=False, height_ratios=heights
    )[:, 0]
    for axes, (title, rows) in zip(all_axes, layouts.items(), strict=True):
        for y, row in enumerate(rows):
            left = 0
            for i, size in enumerate(row):
                colour, _, _, _ = LOOKS[i % 4]
                axes.barh(y, size, 0.8, left=left, color=colour, edgecolor=PAPER)
                left += size
            axes.barh(
                y,
                width - left,
                0.8,
                left=left,
                color=GRID,
                hatch="///",
                edgecolor=PAPER,
            )
        real = sum(map(sum, rows))
        wasted = 1 - real / (width * len(rows))
        axes.set(title=f"{title}: {wasted:.0%} empty", yticks=[], xlim=(0, width))
        axes.invert_yaxis()
        axes.grid(visible=False)
        figure.alt += f"{title}: {len(rows)} rows of {width}, {wasted:.0%} empty. "
    all_axes[-1].set_xlabel("token (column)")
    return figure


@styled
def phase_picture(
    history: list[dict],
    marked: dict[str, int],
    early: tuple[int, str] | None = None,
    others: Sequence[list[dict]] = (),
) -> Picture:
    """Draw shares of skills over the loss; marked = {skill: step of its line}.

    `early` = (step, words) shades the steps up to that one. `others` are histories of
    more seeds, drawn faintly behind the first.
    """
    figure = Picture(figsize=(8.4, 5.4), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    measured = flat(history)
    for other in others:
        for look, name in enumerate(marked):
            series(top, column(flat(other), name), look, "", **FAINT)
        series(bottom, column(other, "loss"), 4, "", **FAINT)
    for look, (name, step) in enumerate(marked.items()):
        points, colour = column(measured, name), LOOKS[look][0]
        series(top, points, look, name, marks=True)
        for axes in (top, bottom):
            dashes = (4 * look, (4, 8))  # lines at the same step stay visible
            axes.axvline(step, color=colour, linewidth=1.2, linestyle=dashes)
        ends = trend(name.capitalize(), points, "{:.0%}")
        figure.alt += f"{ends}A line marks step {step}. "
    top.axhline(0.5, color=GREY, linewidth=1, linestyle=(0, (1, 2)))
    title = "Skills: share of the way from the floor (dotted: half)"
    top.set(title=title, ylim=(-0.08, 1.03))
    last, together = max(marked.values()), {}
    for name, step in marked.items():
        together.setdefault(step, []).append(name)
    spot = {"textcoords": "offset points", "fontsize": 9, "va": "center"}
    for step, names in together.items():
        height, text = 0.02 if step == last else 0.96, f"{' and '.join(names)}: half"
        top.annotate(text, (step, height), (5, 0), **spot)
    top.yaxis.set_major_formatter(PercentFormatter(1))
    series(bottom, column(history, "loss"), 4, "loss")
    bottom.set(title="Loss of training", xlabel="step", ylabel="nats per token")
    finish(top, bottom)
    if early:
        step, text = early
        for axes in (top, bottom):
            axes.axvspan(0, step, color=GREY, alpha=0.18, linewidth=0)
        high = max(loss for _, loss in column(history, "loss"))
        behind = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.5}
        bottom.annotate(text, (step, 0.8 * high), (18, 0), bbox=behind, **spot)
        figure.alt += f"Shaded up to step {step}: {' '.join(text.split())}. "
    figure.alt += trend("Loss", column(history, "loss"), "{:.2f}")
    if others:
        figure.alt += f"Faint lines are {len(others)} other seeds. "
    return figure


def flat(history: list[dict]) -> list[dict]:
    """The points at which skills were measured, each with its step."""
    return [{"step": p["step"], **p["skills"]} for p in history if "skills" in p]


@styled
def close_up(
    runs: dict[str, list[tuple]], dots: dict[str, int], size: float, words: str
) -> Picture:
    """Draw a stretch of several curves, and a bar that is `size` high for comparison.

    runs = {"seed 0": [(step, loss), ...], ...}; dots = {"seed 0": step of its dot}.
    """
    figure = Picture(figsize=(8.4, 3.6), layout="constrained")
    axes = figure.subplots()
    for look, (name, points) in enumerate(runs.items()):
        series(axes, points, look, name)
        colour, spot = look_of(look)[0], (dots[name], dict(points)[dots[name]])
        axes.plot(*spot, "o", color=colour, markersize=9, zorder=3)
        figure.alt += trend(name.capitalize(), points, "{:.2f}")
        figure.alt += f"Its dot is at step {dots[name]}. "
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    x, y = left + 0.66 * (right - left), high - 0.25 * (high - low)
    axes.errorbar(x, y, size / 2, color=INK, linewidth=2, capsize=6)
    look = {"textcoords": "offset points", "fontsize": 9, "va": "center"}
    axes.annotate(words, (x, y), (12, 0), **look)
    figure.alt += f"A bar is {size:.3f} high: {' '.join(words.split())}. "
    axes.set(title="Loss of training, enlarged", xlabel="step", ylabel="nats per token")
    finish(axes)
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
            colour, line, marker, _ = look_of(look)
            mine = [p for p in points if group <= p[fixed] < 1.1 * group]
            low, high = 0.85 * groups[over][0], 1.2 * groups[over][-1]
            xs = [low * (high / low) ** (i / 40) for i in range(41)]
            ys = [law(*((x, group) if over == 0 else (group, x))) for x in xs]
            axes.plot(xs, ys, color=colour, linestyle=line, linewidth=1.3)
            label = f"{brief(group)} {names[fixed]}"
            spots = [p[over] for p in mine], [p[2] for p in mine]
            axes.plot(
                *spots,
                marker=marker,
                label=label,
                color=colour,
                linestyle="none",
                markersize=5,
            )
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


@styled
def batch_picture(mask, rewards, group_size: int) -> Picture:
    """Draw a rollout: a row per completion, a column per token, groups set apart.

    Prompt tokens are hatched grey, sampled ones blue, the last one of them orange.
    """
    rows, places = len(mask), [row.nonzero().flatten().tolist() for row in mask]
    width = 1 + max(place[-1] for place in places)
    heights = [b + 0.7 * (b // group_size) for b in range(rows)]
    groups = [heights[i : i + group_size] for i in range(0, rows, group_size)]
    figure = Picture(figsize=(8.4, 0.9 + 0.1 * rows), layout="constrained")
    axes = figure.subplots()
    for y, place, reward in zip(heights, places, rewards.tolist(), strict=True):
        first, last = place[0], place[-1]
        axes.barh(y, first, 0.8, color=GRID, hatch="///", edgecolor=PAPER)
        axes.barh(y, last - first, 0.8, left=first, color=BLUE)
        axes.barh(y, 1, 0.8, left=last, color=ORANGE)
        axes.text(
            last + 1 + width / 90,
            y,
            f"{reward:.1f}",
            va="center",
            fontsize=6.5,
            color=INK,
        )
    for name, colour, hatch in (
        ("prompt: mask 0", GRID, "///"),
        ("sampled: mask 1", BLUE, ""),
        ("last sampled: mask 1", ORANGE, ""),
    ):
        axes.barh(0, 0, color=colour, hatch=hatch, edgecolor=PAPER, label=name)
    axes.set(
        xlim=(0, width * 1.06),
        xlabel="token (column)",
        yticks=[sum(g) / len(g) for g in groups],
        ylim=(heights[-1] + 1, -1),
    )
    axes.set_yticklabels([f"problem {i + 1}" for i in range(len(groups))])
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
            name = f"edges, {1 - low:g} and {1 + high:g}" if edge < 1 else None
            line = {"linewidth": 1, "linestyle": (0, (1, 2))}
            axes.axvline(edge, color=GREY, label=name, **line)
        look = {"color": INK, "markersize": 5, "linestyle": "none"}
        axes.plot([1], [sign], "o", label="just sampled", **look)
        good = "better" if sign > 0 else "worse"
        axes.set(title=f"A = {sign:+.0f}: {good} than its group", xlabel="ratio")
        axes.set_ylabel("objective of one token")
    named = axes.get_legend_handles_labels()
    figure.legend(*named, loc="outside upper center", ncols=4, fontsize=9)
    figure.alt = (
        f"Clipped objective over the ratio. For A = +1 it rises to ratio {1 + high} "
        f"and is flat beyond; for A = -1 it is flat below {1 - low} and falls beyond."
    )
    return figure
