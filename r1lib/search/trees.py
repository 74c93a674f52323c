"""A tree of steps: which leaf is tried next, and what a result says about its path.

Upper confidence bounds for trees (Kocsis and Szepesvari 2006, "Bandit based Monte-Carlo
planning"; Coulom 2006). A node is a path of steps; its children are other ways to write
the next one. AlphaGo and AlphaZero put a policy's and a value model's numbers in place
of counts and rollouts; here the policy proposes steps and writes rollouts, and a scorer
judges these. `search.mcts` is the loop around `simulate`.
"""

import math
from dataclasses import dataclass, field

from r1lib.search.ledger import Ledger
from r1lib.search.paths import STEP, Path, at_least_one, ended


@dataclass(eq=False)
class Node:
    """A path, how often results passed it, and the sum of their values."""

    path: Path
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)
    visits: int = 0
    total: float = 0.0
    closed: bool = False  # nothing below can be tried that has not been tried


def uct(total: float, visits: int, parent_visits: int, c: float) -> float:
    """Mean value plus what is uncertain about it; infinite before the first visit.

    UCB1 on a tree (Kocsis and Szepesvari 2006); c is their 2 C_p.

    >>> round(uct(total=3.0, visits=4, parent_visits=10, c=2**0.5), 3)
    1.823
    >>> uct(0.0, 0, 10, c=1.0)
    inf
    """
    if not visits:
        return math.inf
    return total / visits + c * math.sqrt(math.log(parent_visits) / visits)


def select(root: Node, c: float) -> Node:
    """Walk down to a leaf, at each node to the open child of the highest bound."""
    node = root
    while node.children:
        open_children = [child for child in node.children if not child.closed]
        node = max(
            open_children, key=lambda x: uct(x.total, x.visits, x.parent.visits, c)
        )
    return node


def expand(ledger: Ledger, node: Node, n: int) -> Node:
    """Give a leaf up to n different next steps, and return the first of them.

    A leaf that is a whole answer stays as it is, and so does one without a next step.
    """
    if node.path.finish == "stop":
        return node
    n = ledger.affordable(at_least_one("expand", n), STEP, [node.path])
    steps = ledger.ask([node.path], n, STEP)[0] if n else []
    different = {p.text: p for p in steps if p.finish != "length"}
    node.children = [Node(path, node) for path in different.values()]
    return node.children[0] if node.children else node


def backup(node: Node, value: float) -> None:
    """Add a result to a node and to all nodes above it."""
    while node is not None:
        node.visits, node.total = node.visits + 1, node.total + value
        node = node.parent


def close(node: Node) -> None:
    """Close a node that cannot bring anything new, and each parent of closed ones."""
    while node is not None and all(child.closed for child in node.children):
        node.closed = True
        node = node.parent


def simulate(ledger: Ledger, root: Node, n: int, c: float) -> Path | None:
    """Try one path to its end; return it with its value, None if it was cut off."""
    leaf = expand(ledger, select(root, c), n)  # 1 select, 2 expand
    end = leaf.path
    if end.finish != "stop" and ledger.room(1, [end]) < 1:
        return None
    if end.finish != "stop":
        end = ledger.ask([end])[0][0]  # 3 roll out
    ends = ledger.score([end]) if ended(end) else []  # 4 score
    backup(leaf, ends[0].value if ends else 0.0)  # 5 back up
    if leaf.path.finish == "stop" or not ends and not leaf.children:
        close(leaf)
    return ends[0] if ends else None
