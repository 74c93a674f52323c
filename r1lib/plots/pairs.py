"""Two or more ways to do one thing, side by side for each name."""

from r1lib.plots.style import BLUE, INK, ORANGE, Picture, look_of, styled


@styled
def paired_dots(panels: dict[str, dict[str, dict[str, tuple]]], label: str) -> Picture:
    """Draw the (mean, low, high) of each way on the line of its name, with its number.

    A thin line joins the ways of a name; each way has a colour and a mark of its own.

    panels = {"facts": {"base": {"at once": (0.5, 0.4, 0.6), "thinking": (0.3, ...)}}}
    """
    names = list(next(iter(panels.values())))
    figure = Picture(figsize=(8.4, 1.3 + 0.62 * len(names)), layout="constrained")
    all_axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (title, rows) in zip(all_axes, panels.items(), strict=True):
        for y, ways in enumerate(rows.values()):
            means = [mean for mean, _, _ in ways.values()]
            axes.plot(means, [y] * len(means), color="#999999", linewidth=1)
            for look, (way, (mean, low, high)) in enumerate(ways.items()):
                colour, _, mark, _ = look_of(look)
                axes.plot([low, high], [y, y], color=colour, linewidth=3, alpha=0.45)
                named = {"label": way if y == 0 else None}
                kind = {"color": colour, "linestyle": "none", "markersize": 7}
                axes.plot([mean], [y], mark, clip_on=False, **kind, **named)
                above = {"textcoords": "offset points", "ha": "center", "fontsize": 9}
                axes.annotate(f"{mean:.2f}", (mean, y), (0, 8), color=colour, **above)
        axes.set(title=title, xlabel=label, xlim=(-0.03, 1.03), xticks=(0, 0.5, 1))
        axes.set_yticks(range(len(names)), names)
    all_axes[0].set_ylim(len(names) - 0.5, -0.6)  # the first on top
    handles = all_axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=5, fontsize=9)
    figure.alt = f"Dots of {label} with 95% intervals. " + " ".join(
        f"{title}, {name}: {', '.join(f'{w} {m:.2f}' for w, (m, *_) in ways.items())}."
        for title, rows in panels.items()
        for name, ways in rows.items()
    )
    return figure


@styled
def change_arrows(rows: dict[str, tuple[float, float]], label: str) -> Picture:
    """Draw an arrow from a probability to another one: blue up, orange down.

    All rows should begin at one place, which has a line; the ends have three digits.

    rows = {"shown <think>": (0.27, 0.62), "drew <think>, wrong": (0.27, 0.20)}
    """
    figure = Picture(figsize=(8.4, 1.0 + 0.36 * len(rows)), layout="constrained")
    axes = figure.subplots()
    start = next(iter(rows.values()))[0]
    axes.axvline(start, color=INK, linewidth=1, linestyle="--")
    top = {"xycoords": axes.get_xaxis_transform(), "textcoords": "offset points"}
    words = {"ha": "center", "va": "bottom", "fontsize": 9}
    axes.annotate(f"before: {start:.3f}", (start, 1), (0, 3), **top, **words)
    for y, (before, after) in enumerate(rows.values()):
        up = after > before
        arrow = {"arrowstyle": "-|>", "mutation_scale": 14, "linewidth": 2.2}
        arrow |= {"color": BLUE if up else ORANGE, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (after, y), (before, y), arrowprops=arrow)
        spot = {"textcoords": "offset points", "va": "center", "fontsize": 9}
        spot |= {"ha": "left" if up else "right", "color": arrow["color"]}
        axes.annotate(f"{after:.3f}", (after, y), (5 if up else -5, 0), **spot)
    axes.set(xlabel=label, xlim=(0, 1), ylim=(len(rows) - 0.5, -0.6))
    axes.set_yticks(range(len(rows)), list(rows))
    axes.grid(axis="y", visible=False)
    figure.alt = f"Arrows of {label}, from before to after. " + " ".join(
        f"{name}: {before:.3f} to {after:.3f}."
        for name, (before, after) in rows.items()
    )
    return figure
