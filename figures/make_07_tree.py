"""Draw the toy tree of chapter 07 after each simulation: python -m figures.make_07_tree

Totals and visits are those that the chapter's `grow` leaves behind.
"""

from figures.sketch import CENTRE, SMALL, frame, sheet
from r1lib.plots import GREEN, GREY, INK, ORANGE

WIDE, TALL, STEP = 1.38, 0.66, 3.1
FRAMES = (  # title, {node: total / visits}, path of this simulation, closed nodes
    (
        "1: rolled out, 8+7+3 scores 0.1",
        {"root": "0.1 / 1", "8+7=15": "0.1 / 1", "8-3=5": ""},
        ("root", "8+7=15"),
        (),
    ),
    (
        "2: 8-3+7 scores 0.1",
        {
            "root": "0.2 / 2",
            "8+7=15": "0.1 / 1",
            "8-3=5": "0.1 / 1",
            "8-3+7": "0.1 / 1",
            "(8-3)*7": "",
        },
        ("root", "8-3=5", "8-3+7"),
        ("8-3+7",),
    ),
    (
        "3: (8+7)*3 scores 0.2",
        {
            "root": "0.4 / 3",
            "8+7=15": "0.3 / 2",
            "8-3=5": "0.1 / 1",
            "(8+7)*3": "0.2 / 1",
            "8+7-3": "",
            "8-3+7": "0.1 / 1",
            "(8-3)*7": "",
        },
        ("root", "8+7=15", "(8+7)*3"),
        ("8-3+7", "(8+7)*3"),
    ),
    (
        "4: (8-3)*7 scores 0.9",
        {
            "root": "1.3 / 4",
            "8+7=15": "0.3 / 2",
            "8-3=5": "1.0 / 2",
            "(8+7)*3": "0.2 / 1",
            "8+7-3": "",
            "8-3+7": "0.1 / 1",
            "(8-3)*7": "0.9 / 1",
        },
        ("root", "8-3=5", "(8-3)*7"),
        ("8-3+7", "(8+7)*3", "8-3=5", "(8-3)*7"),
    ),
    (
        "5: 8+7-3 scores 0.1",
        {
            "root": "1.4 / 5",
            "8+7=15": "0.4 / 3",
            "8-3=5": "1.0 / 2",
            "(8+7)*3": "0.2 / 1",
            "8+7-3": "0.1 / 1",
            "8-3+7": "0.1 / 1",
            "(8-3)*7": "0.9 / 1",
        },
        ("root", "8+7=15", "8+7-3"),
        ("8-3+7", "(8+7)*3", "8-3=5", "(8-3)*7", "8+7=15", "8+7-3", "root"),
    ),
)
PLACES = {  # node -> left edge and lower edge in its frame, and its parent
    "root": (0.75, 3.35, ""),
    "8+7=15": (0.0, 2.2, "root"),
    "8-3=5": (1.5, 2.2, "root"),
    "(8+7)*3": (0.16, 1.15, "8+7=15"),
    "8+7-3": (0.16, 0.25, "8+7=15"),
    "8-3+7": (1.66, 1.15, "8-3=5"),
    "(8-3)*7": (1.66, 0.25, "8-3=5"),
}


def width(node: str) -> float:
    """Answers are narrower, to leave room for the line on their left."""
    return 1.22 if PLACES[node][2] not in ("", "root") else WIDE


def line(axes, left: float, node: str, colour):
    """The line from a node's parent to the node."""
    x, y, parent = PLACES[node]
    if not parent:
        return
    above, foot, _ = PLACES[parent]
    look = {"color": colour, "linewidth": 1.6, "zorder": 1 + (colour == ORANGE)}
    if parent == "root":
        across = (left + above + WIDE / 2, left + x + WIDE / 2)
        axes.plot(across, (foot, y + TALL), **look)
        return
    trunk, middle = left + above + 0.08, y + TALL / 2
    axes.plot((trunk, trunk, left + x), (foot, middle, middle), **look)


def tree(axes, left: float, title: str, nodes: dict, path, closed):
    """One frame: the tree as it is after a simulation."""
    axes.text(left + 1.44, 4.35, title, **{**SMALL, "fontweight": "bold"})
    for node, score in nodes.items():
        (x, y, _), wide = PLACES[node], width(node)
        colour = ORANGE if node in path else GREEN if node in closed else GREY
        line(axes, left, node, ORANGE if node in path else GREY)
        look = {} if score else {"linestyle": ":"}
        frame(axes, left + x, y, wide, TALL, colour, 0.1, **look)
        middle = left + x + wide / 2
        kind = {"family": "DejaVu Sans Mono", "fontsize": 10, **CENTRE}
        lift = 0.13 if score else 0.0
        axes.text(middle, y + TALL / 2 + lift, node, **{**kind, "fontweight": "bold"})
        if score:
            axes.text(middle, y + TALL / 2 - 0.16, score, **kind)
        if node in closed:
            place = (left + x + wide - 0.12, y + TALL - 0.13)
            axes.plot(*place, "s", color=INK, markersize=4.5)


def frames(axes):
    """Five trees side by side, and the key below them."""
    for i, (title, nodes, path, closed) in enumerate(FRAMES):
        tree(axes, 0.2 + STEP * i, title, nodes, path, closed)
    text = (
        "total / visits     orange: the path of this simulation"
        "     dotted: not tried     black square: closed"
        "     green: closed, not on this path"
    )
    axes.text(0.2 + STEP * 2.5 - 0.1, -0.25, text, style="italic", **SMALL)


if __name__ == "__main__":
    sheet("07_tree.png", 15.6, 4.7, frames, bottom=-0.5)
