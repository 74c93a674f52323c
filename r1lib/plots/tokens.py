"""What a model may write next: the likeliest tokens and their probabilities."""

from matplotlib.ticker import PercentFormatter

from r1lib.plots.style import PAPER, Picture, look_of, styled

OTHERS, LEAST = "all others", 0.005  # what would be 0% has no number


@styled
def next_token_bars(panels: dict[str, dict[str, dict[str, float]]]) -> Picture:
    """Draw the probability of each likely next token, a bar for each model.

    Every panel is one place in a text. Its models have the same tokens; what is missing
    to 1 is drawn as a row of its own, if it is half a percent or more.

    panels = {"after <think>": {"base": {"12": 0.9}, "r1": {"12": 0.8}}}
    """
    rows = {place: with_others(models) for place, models in panels.items()}
    most = max(len(chances) for models in rows.values() for chances in models.values())
    figure = Picture(figsize=(8.4, 1.1 + 0.42 * most), layout="constrained")
    all_axes = figure.subplots(1, len(rows), squeeze=False)[0]
    for axes, (place, models) in zip(all_axes, rows.items(), strict=True):
        names, thick = list(next(iter(models.values()))), 0.8 / len(models)
        for look, (model, chances) in enumerate(models.items()):
            colour, _, _, hatch = look_of(look)
            shift = (look - (len(models) - 1) / 2) * thick
            where, values = [y + shift for y in range(len(names))], [*chances.values()]
            kind = {"color": colour, "hatch": hatch, "edgecolor": PAPER}
            axes.barh(where, values, thick * 0.92, label=model, **kind)
            for y, value in zip(where, values, strict=True):
                spot = {"textcoords": "offset points", "va": "center", "fontsize": 8}
                if value >= LEAST:
                    axes.annotate(f"{value:.0%}", (value, y), (3, 0), **spot)
        axes.set_yticks(range(len(names)), names, fontsize=9)
        for label in axes.get_yticklabels():
            if label.get_text() != OTHERS:
                label.set_family("DejaVu Sans Mono")
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.set(xlabel="probability", xlim=(0, 1.24), xticks=(0, 0.5, 1))
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.set_title(place, fontsize=10)
    handles = all_axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=5, fontsize=9)
    figure.alt = "Bars of the probability of the next token. " + " ".join(
        f"{place}, {model}: {', '.join(f'{t} {p:.0%}' for t, p in chances.items())}."
        for place, models in rows.items()
        for model, chances in models.items()
    )
    return figure


def with_others(models: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Add what is missing to 1, for all tokens that are not named.

    >>> with_others({"base": {"12": 0.75}})
    {'base': {'12': 0.75, 'all others': 0.25}}
    >>> with_others({"base": {"12": 1.0}})
    {'base': {'12': 1.0}}
    """
    rests = {name: max(0.0, 1 - sum(row.values())) for name, row in models.items()}
    if max(rests.values()) < LEAST:
        return models
    return {name: {**row, OTHERS: rests[name]} for name, row in models.items()}
