"""Dots over their price say in words what they show; one seed needs no legend."""

from r1lib import plots


def test_each_dot_has_its_name_price_and_interval():
    points = {"base": (16, (0.2, 0.1, 0.3)), "vote of 8": (394, (0.4, 0.3, 0.5))}
    figure = plots.price_dots(points, "tokens", "share right")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == list(points)
    assert [list(line.get_xdata()) for line in axes.lines[1::2]] == [[16], [394]]
    assert [list(line.get_ydata()) for line in axes.lines[::2]] == [
        [0.1, 0.3],
        [0.3, 0.5],
    ]
    assert figure.alt.endswith("base: 0.20 for 16. vote of 8: 0.40 for 394.")


def test_dots_of_one_seed_have_no_legend():
    one, two = [(0.2, 0.1, 0.3)], [(0.2, 0.1, 0.3), (0.3, 0.2, 0.4)]
    for rows, wanted in ((one, False), (two, True)):
        (axes,) = plots.interval_dots({"sums": {"base": rows}}).axes
        assert (axes.get_legend() is not None) == wanted
