"""The pictures of chapter 07 show every node and every step, and say it in words."""

import pytest

from r1lib import plots
from r1lib.plots import search
from r1lib.plots.style import look_of
from r1lib.search.paths import Path
from r1lib.search.trees import Node, backup


def tree():
    """A root with two children; the second has two of its own."""
    root = Node(Path())
    root.children = [Node(Path(text), root) for text in ("a\n", "b\n")]
    last = root.children[1]
    last.children = [Node(Path(f"b\n{text}\n"), last) for text in ("c", "d")]
    for node, value in ((root.children[0], 0.0), *((n, 1.0) for n in last.children)):
        backup(node, value)
    return root


def test_a_tree_has_a_place_for_each_node():
    root = tree()
    places = search.layout(root)
    assert [node.path.text for node in places] == ["", "a\n", "b\n", "b\nc\n", "b\nd\n"]
    depths = [place[0] for place in places.values()]
    assert depths == [0, 1, 1, 2, 2] and len(set(places.values())) == 5
    first, second = root.children
    low, high = (places[child][1] for child in second.children)
    assert places[second][1] == (low + high) / 2


def test_a_tree_is_described():
    alt = plots.tree_picture(tree()).alt
    assert "5 nodes, 2 steps deep, with 2 first steps, after 3 simulations" in alt
    assert "a: 1 visits, mean value 0.00." in alt and "b: 2 visits" in alt
    assert "after 0 simulations" in plots.tree_picture(Node(Path())).alt


def test_a_node_without_a_visit_is_hollow():
    root = tree()
    root.children[0].children = [Node(Path("a\ne\n"), root.children[0])]
    axes = plots.tree_picture(root).axes[0]
    hollow, visited = axes.collections
    assert hollow.get_offsets().tolist() == [[2, 0]]
    assert len(visited.get_offsets()) == 5
    assert {text.get_text() for text in axes.texts} == set("abcde123")


def test_panels_of_one_unit_share_an_axis_that_holds_every_mark():
    lines = {"one": [(1, 0.2), (2, 0.5)]}
    first, second = plots.doubling_curves(
        {"a, share": lines, "b, share": {"one": [(1, 0.9)]}}, "n"
    ).axes
    assert first.get_ylim() == second.get_ylim() == pytest.approx((0, 0.954))
    first, second = plots.doubling_curves({"a, share": lines, "b, ms": lines}, "n").axes
    assert first.get_ylabel() == "share" and second.get_ylabel() == "ms"


def test_rows_of_panels_share_both_axes_and_label_the_last_row():
    panels = {f"{name}, share": {"one": [(1, 0.2), (4, 0.5)]} for name in "abcd"}
    axes = plots.doubling_curves(panels, "n", columns=2).axes
    assert [one.get_xlabel() for one in axes] == ["", "", "n", "n"]
    assert [one.get_ylabel() for one in axes] == ["share", "", "share", ""]
    assert len({one.get_xlim() for one in axes}) == 1


def test_a_series_of_one_point_is_a_star_and_takes_no_look():
    lines = {"one answer": [(1, 0.2)], "vote": [(1, 0.2), (2, 0.5)]}
    picture = plots.doubling_curves({"a, share": lines}, "n")
    star, line = picture.axes[0].lines
    assert star.get_marker() == "*" and line.get_color() == look_of(0)[0]
    assert "one answer: 0.20 at 1. a, share, vote: 0.20 at 1, 0.50 at 2." in picture.alt


def test_steps_are_described_and_shortened():
    values = {"rollouts": [0.5, 0.0], "model": [0.4, 0.9]}
    picture = plots.steps_picture(["<think>1+1=2\n", "x" * 99], values)
    alt = picture.alt
    written = [text.get_text() for text in picture.axes[0].texts]
    assert written == ["0.50", "0.00", "0.40", "0.90"]
    assert "rollouts, step by step: 0.50, 0.00." in alt and "model" in alt
    assert search.last_line("x" * 99) == "x" * 23 + "…"
