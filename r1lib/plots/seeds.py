"""Dots of single seeds, for measurements without an interval of their own."""

from r1lib.plots.style import GREY, Picture, look_of, styled


@styled
def seed_dots(
    panels: dict[str, dict[str, list]], log: tuple = (), beside: str = ""
) -> Picture:
    """Draw a dot for each seed, a row per name; panels in `log` share such an axis.

    A grey line marks the mean of the row `beside`. A row may be absent or empty.

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
            dots(axes, y, rows.get(name, ()))
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


def dots(axes, y: float, values) -> None:
    """Draw the values of seeds 0, 1, 2 around the height y."""
    for seed, value in enumerate(values):
        colour, _, marker, _ = look_of(seed)
        place = y + 0.22 * (seed - (len(values) - 1) / 2)
        look = {"color": colour, "linestyle": "none", "markersize": 5}
        axes.plot([value], [place], marker, label=f"seed {seed}", **look)


def legend(axes):
    """Pairs of (handle, label) of what an axes shows."""
    return zip(*axes.get_legend_handles_labels(), strict=True)
