"""Samples one by one: which filter stops each, and what each is found to be worth."""

from r1lib.plots.style import GREEN, GREY, INK, ORANGE, PAPER, Picture, look_of, styled


@styled
def filter_lanes(verdicts: dict[str, dict[str, bool]], ends: dict[str, str]) -> Picture:
    """Draw a lane for each sample through all filters, up to the one that removes it.

    verdicts = {"correct": {"good": True, "wrong": False}, ...}: each filter alone, in
    their order. ends = {"wrong": "correct"}: which filter removes a sample. A hollow
    mark is an objection of a filter that the sample did not reach.
    """
    filters, samples = list(verdicts), list(next(iter(verdicts.values())))
    figure = Picture(figsize=(8.4, 1.5 + 0.33 * len(samples)), layout="constrained")
    axes = figure.subplots()
    for y, sample in enumerate(samples):
        kept = sample not in ends
        end = len(filters) - 0.4 if kept else filters.index(ends[sample])
        colour = GREEN if kept else GREY
        axes.plot([-0.6, end], [y, y], color=colour, linewidth=2.4)
        for x, name in enumerate(filters):
            if not verdicts[name][sample]:
                face = ORANGE if x == end else PAPER
                look = {"color": ORANGE, "markerfacecolor": face, "linestyle": "none"}
                axes.plot([x], [y], "s", markersize=8, **look)
        if kept:
            axes.plot([end], [y], ">", color=GREEN, markersize=8, clip_on=False)
    for x, name in enumerate(filters):
        here = sum(end == name for end in ends.values())
        alone = sum(not keep for keep in verdicts[name].values())
        for y, count in ((len(samples), here), (len(samples) + 0.85, alone)):
            axes.text(x, y, str(count), ha="center", va="center", color=INK)
        figure.alt += f"{name}: {here} removed, {alone} alone. "
    axes.axhline(len(samples) - 0.45, color=INK, linewidth=0.8)
    rows = [*range(len(samples)), len(samples), len(samples) + 0.85]
    axes.set_yticks(rows, [*samples, "removed here", "removed alone"])
    for text in axes.get_yticklabels()[len(samples) :]:
        text.set_fontweight("bold")
    axes.set_xticks(range(len(filters)), filters)
    axes.xaxis.tick_top()
    axes.set(ylim=(len(samples) + 1.4, -0.6), xlim=(-0.6, len(filters) - 0.3))
    axes.grid(axis="y", visible=False)
    stops = [f"{s} ends at {ends[s]}" if s in ends else f"{s} is kept" for s in samples]
    figure.alt = f"A lane for each sample: {', '.join(stops)}. {figure.alt.strip()}"
    return figure


@styled
def row_dots(rows: dict[str, dict[str, float]], label: str) -> Picture:
    """Draw several values of each row as marks on one line, a mark for each series.

    rows = {"good": {"found": 0.3, "truth": 0.4}, "half": {"found": -0.1, "truth": 0.0}}
    """
    names = list(next(iter(rows.values())))
    figure = Picture(figsize=(8.4, 1.3 + 0.36 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for series, name in enumerate(names):
        colour, _, marker, _ = look_of(series)
        face = colour if series == 0 else "none"
        look = {"color": colour, "markerfacecolor": face, "markeredgewidth": 1.8}
        values = [values[name] for values in rows.values()]
        axes.plot(
            values,
            range(len(rows)),
            marker,
            linestyle="none",
            label=name,
            markersize=6 if series == 0 else 10 + series,
            **look,
        )
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set(ylim=(len(rows) - 0.5, -0.5), xlabel=label)
    axes.legend(fontsize=9, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)
    figure.alt = f"Marks of {label}. " + " ".join(
        f"{row}: {', '.join(f'{name} {value:.2f}' for name, value in values.items())}."
        for row, values in rows.items()
    )
    return figure
