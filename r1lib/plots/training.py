"""Curves of a training: losses, skills, rewards and lengths over steps."""

from matplotlib.ticker import PercentFormatter

from r1lib.plots.style import (
    GREY,
    LOOKS,
    Picture,
    column,
    finish,
    series,
    smooth,
    styled,
    trend,
)


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
    top.set(title="Reward and right answers", ylim=(0, None))
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
def compared_curves(
    runs: dict[str, list], names: dict[str, str], percent: tuple[str, ...] = ()
) -> Picture:
    """Draw metrics of several kinds of run: the mean over seeds, and their range.

    runs = {"a": [history of seed 0, ...], "b": [...]}, names = {metric: axis label};
    the metrics in `percent` are shares, with an axis from 0 to 100%.
    """
    figure = Picture(figsize=(8.4, 3.2), layout="constrained")
    panels, alts = figure.subplots(1, len(names), squeeze=False)[0], []
    for axes, (name, label) in zip(panels, names.items(), strict=True):
        below = False  # is a value negative?
        for look, (run, histories) in enumerate(runs.items()):
            tables = [dict(column(history, name)) for history in histories]
            steps = sorted(set.intersection(*map(set, tables)))
            rows = [[table[x] for table in tables] for x in steps]
            means = [
                (x, sum(row) / len(row)) for x, row in zip(steps, rows, strict=True)
            ]
            below = below or any(min(row) < 0 for row in rows)
            axes.fill_between(
                steps,
                list(map(min, rows)),
                list(map(max, rows)),
                color=LOOKS[look][0],
                alpha=0.15,
                linewidth=0,
            )
            series(axes, means, look, run, marks=True)
            alts.append(trend(f"{run}, {label}", means, "{:.2f}"))
        axes.set(xlabel="step", ylabel=label)
        low, high = axes.get_ylim()
        bottom = 1.05 * low if below else 0
        axes.set_ylim(bottom, 1.05 * high)  # no line on the frame
        if name in percent:
            axes.set_ylim(0, 1.03)
            axes.yaxis.set_major_formatter(PercentFormatter(1))
    finish(*panels)
    if len(steps) <= 8:  # few enough for a tick at each
        for axes in panels:
            axes.set_xticks(steps)
    if len(panels) > 1 and len(runs) > 1:  # one legend for all, above them
        for legend in filter(None, (axes.get_legend() for axes in panels)):
            legend.remove()
        handles, labels = panels[0].get_legend_handles_labels()
        places = {"loc": "outside upper center", "ncols": len(runs), "fontsize": 9}
        figure.legend(handles, labels, **places)
    figure.alt = "".join(alts)
    return figure
