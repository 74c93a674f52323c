"""Pictures of chapter 07: a search tree, and the values of the steps of one answer."""

from r1lib.plots.style import GREY, INK, PAPER, Picture, look_of, styled
from r1lib.tokenizer.chat import OPEN


@styled
def tree_picture(root, most: int = 8) -> Picture:
    """Draw a search tree: size is how often a node was passed, colour its mean value.

    A node has `path.text`, `visits`, `total` and `children`. The texts of the `most`
    busiest nodes are written beside them.
    """
    places = layout(root)
    figure = Picture(figsize=(8.4, 4.6), layout="constrained")
    axes, visits = figure.subplots(), max(1, root.visits)
    for node, (x, y) in places.items():
        for child in node.children:
            u, v = places[child]
            axes.plot((x, u), (y, v), color=GREY, linewidth=0.8, zorder=1)
    nodes = list(places)
    dots = axes.scatter(
        [places[n][0] for n in nodes],
        [places[n][1] for n in nodes],
        s=[24 + 420 * n.visits / visits for n in nodes],
        c=[n.total / n.visits if n.visits else 0.0 for n in nodes],
        cmap="cividis",
        vmin=0,
        vmax=1,
        edgecolors=INK,
        zorder=2,
    )
    busiest = sorted(nodes[1:], key=lambda node: -node.visits)[:most]
    for node in busiest:
        kind = {"fontsize": 7, "family": "DejaVu Sans Mono", "va": "bottom"}
        box = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.6, "alpha": 0.8}
        words = f"{last_line(node.path.text.replace(OPEN, ''))}  {node.visits}"
        axes.annotate(
            words, places[node], (4, 7), textcoords="offset points", bbox=box, **kind
        )
    figure.colorbar(dots, label="mean value", shrink=0.7)
    deepest = max(x for x, _ in places.values())
    axes.set(xlim=(-0.2, deepest + 0.9), xlabel="steps")
    axes.set_xticks(range(deepest + 1))
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    wide = len(root.children)
    figure.alt = (
        f"A search tree of {len(nodes)} nodes, {deepest} steps deep, with {wide} "
        f"first steps, after {root.visits} simulations. "
    ) + " ".join(
        f"{last_line(n.path.text)}: {n.visits} visits, mean value "
        f"{n.total / max(1, n.visits):.2f}."
        for n in root.children
    )
    return figure


def layout(root) -> dict:
    """Give each node of a tree a place (depth, height); leaves lie at equal distances.

    A parent lies in the middle of its children.
    """
    places, row = {}, 0.0

    def put(node, depth):
        nonlocal row
        if not node.children:
            places[node], row = (depth, -row), row + 1
            return
        places[node] = (depth, 0.0)  # before its children, in reading order
        for child in node.children:
            put(child, depth + 1)
        heights = [places[child][1] for child in node.children]
        places[node] = (depth, (heights[0] + heights[-1]) / 2)

    put(root, 0)
    return places


def last_line(text: str, longest: int = 24) -> str:
    """Return the last line of a text, shortened in the middle of a word if need be.

    Letters that the fonts of a figure may lack become dots.

    >>> last_line("2+3=5\\n5*2=10\\n"), last_line("맞아")
    ('5*2=10', '··')
    """
    line = text.strip().rpartition("\n")[2].replace("$", "")
    line = "".join(c if ord(c) < 0x250 else "·" for c in line)
    return line if len(line) <= longest else line[: longest - 1] + "…"


@styled
def steps_picture(steps: list[str], values: dict[str, list[float]]) -> Picture:
    """Draw the values of each step of one answer, in [0, 1], as bars beside its text.

    values = {"rollouts": [0.5, 1.0], "model": [0.4, 0.9]}, one for each step.
    """
    figure = Picture(figsize=(8.4, 0.9 + 0.42 * len(steps)), layout="constrained")
    axes, height = figure.subplots(), 0.8 / len(values)
    for look, (name, row) in enumerate(values.items()):
        colour, _, _, hatch = look_of(look)
        places = [i + (look - (len(values) - 1) / 2) * height for i in range(len(row))]
        kind = {"color": colour, "hatch": hatch, "edgecolor": PAPER, "label": name}
        axes.barh(places, row, height, **kind)
        points = ", ".join(f"{value:.2f}" for value in row)
        figure.alt += f"{name}, step by step: {points}. "
    names = [last_line(step, 44) for step in steps]
    kind = {"family": "DejaVu Sans Mono", "fontsize": 8}
    axes.set_yticks(range(len(steps)), names, **kind)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel="chance of a right answer")
    axes.grid(axis="y", visible=False)
    figure.legend(loc="outside lower center", ncols=3, fontsize=9)
    return figure
