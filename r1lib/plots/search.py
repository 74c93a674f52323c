"""Pictures of chapter 07: a search tree, and the values of the steps of one answer."""

from r1lib.plots.style import GREY, INK, PAPER, Picture, look_of, styled
from r1lib.tokenizer.chat import OPEN

BEND = 0.1  # where a line leaves its node for a child, in steps


@styled
def tree_picture(root) -> Picture:
    """Draw a search tree: visits as a number in each node, mean values as colours.

    A node has `path.text`, `visits`, `total` and `children`; without a visit it is
    hollow. The step that a node adds is written over the line that leads to it.
    """
    places = layout(root)
    deepest = max(x for x, _ in places.values())
    leaves = sum(not node.children for node in places)
    figure = Picture(figsize=(8.4, 1.1 + 0.27 * leaves), layout="constrained")
    axes, longest = figure.subplots(), int(96 / (deepest + 0.3))
    for node, (x, y) in places.items():
        for child in node.children:
            u, v = places[child]
            bend = x + BEND
            kind = {"color": GREY, "linewidth": 0.8, "zorder": 1}
            axes.plot((x, bend, bend, u), (y, y, v, v), **kind)
            kind = {"fontsize": 6.5, "family": "DejaVu Sans Mono", "va": "bottom"}
            axes.text(bend + 0.03, v + 0.06, words_of(child, longest), **kind)
    colour_nodes(figure, axes, places, max(1, root.visits))
    axes.set(xlim=(-0.15, deepest + 0.15), xlabel="steps (hollow: written, not tried)")
    axes.set_xticks(range(deepest + 1))
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    wide = len(root.children)
    figure.alt = (
        f"A search tree of {len(places)} nodes, {deepest} steps deep, with {wide} "
        f"first steps, after {root.visits} simulations. "
    ) + " ".join(
        f"{words_of(n)}: {n.visits} visits, mean value "
        f"{n.total / max(1, n.visits):.2f}."
        for n in root.children
    )
    return figure


def colour_nodes(figure, axes, places: dict, most: int) -> None:
    """Draw the nodes: hollow ones, and visited ones with colour, size and number."""
    hollow = [place for node, place in places.items() if not node.visits]
    kind = {"facecolor": PAPER, "edgecolors": GREY, "zorder": 2}
    axes.scatter(*zip(*hollow or [(0, 0)], strict=True), s=36, **kind)
    nodes = [node for node in places if node.visits]
    if not nodes:
        return
    means = [node.total / node.visits for node in nodes]
    low, high = min(means), max(means)
    dots = axes.scatter(
        *zip(*(places[node] for node in nodes), strict=True),
        s=[110 + 200 * node.visits / most for node in nodes],
        c=means,
        cmap="cividis",
        vmin=low,
        vmax=max(high, low + 0.01),
        edgecolors=INK,
        zorder=3,
    )
    for node, mean in zip(nodes, means, strict=True):
        colour = PAPER if mean < low + 0.6 * (high - low) else INK
        kind = {"ha": "center", "va": "center", "fontsize": 7, "zorder": 4}
        axes.text(*places[node], str(node.visits), color=colour, **kind)
    figure.colorbar(dots, label="mean value", shrink=0.7)


def words_of(node, longest: int = 24) -> str:
    """Return the step that a node adds to its parent, without the opening tag."""
    return last_line(node.path.text.replace(OPEN, ""), longest)


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
def steps_picture(
    steps: list[str], values: dict[str, list[float]], title: str = ""
) -> Picture:
    """Draw the values of each step of one answer, in [0, 1], as bars beside its text.

    values = {"rollouts": [0.5, 1.0], "model": [0.4, 0.9]}, one for each step.
    """
    figure = Picture(figsize=(8.4, 0.9 + 0.42 * len(steps)), layout="constrained")
    axes, height = figure.subplots(), 0.8 / len(values)
    for look, (name, row) in enumerate(values.items()):
        colour, _, _, hatch = look_of(look)
        places = [i + (look - (len(values) - 1) / 2) * height for i in range(len(row))]
        kind = {"color": colour, "hatch": hatch, "edgecolor": PAPER, "label": name}
        bars = axes.barh(places, row, height, **kind)
        axes.bar_label(bars, fmt="%.2f", fontsize=7, padding=2)
        points = ", ".join(f"{value:.2f}" for value in row)
        figure.alt += f"{name}, step by step: {points}. "
    names = [last_line(step, 44) for step in steps]
    kind = {"family": "DejaVu Sans Mono", "fontsize": 8}
    axes.set_yticks(range(len(steps)), names, **kind)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel="chance of a right answer", title=title)
    axes.grid(axis="y", visible=False)
    figure.legend(loc="outside lower center", ncols=3, fontsize=9)
    return figure
