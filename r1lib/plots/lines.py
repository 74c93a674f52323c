"""Lines over any two quantities, several panels beside each other."""

from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from r1lib.plots.style import Picture, series, styled


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
    handles = all_axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, fontsize=9)
    figure.alt = f"Curves over {xlabel}. " + " ".join(
        f"{title}, {name}: {points[0][1]:.2f} at {points[0][0]}, "
        f"{points[-1][1]:.2f} at {points[-1][0]}."
        for title, lines in panels.items()
        for name, points in lines.items()
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
    handles = all_axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, fontsize=9)
    return figure
