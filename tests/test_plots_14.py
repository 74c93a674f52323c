"""The figures of chapter 14: no two series look alike, and tokens keep their order."""

import pytest

from r1lib import plots
from r1lib.plots.style import LOOKS, look_of


def test_as_many_lines_as_there_are_looks_differ_all():
    assert len({look[:3] for look in LOOKS}) == len({look[0] for look in LOOKS}) == 7
    lines = {f"arm {i}": [(1, i), (2, i + 1)] for i in range(len(LOOKS))}
    (axes,) = plots.curves({"all": lines}, "TFLOPs", "right").axes
    drawn = {(line.get_color(), line.get_marker()) for line in axes.lines}
    assert len(drawn) == len(LOOKS)


@pytest.mark.parametrize("series", [-1, len(LOOKS)])
def test_a_series_too_many_is_refused(series):
    with pytest.raises(ValueError, match=f"7 series apart, got {series + 1}"):
        look_of(series)


def test_dots_of_a_group_share_a_look_and_no_line_joins_them():
    groups = {"small": [(0.8, 0.4), (0.2, 0.2)], "large": [(1.0, 0.6)]}
    picture = plots.scatter(groups, "sums", "right")
    small, large = picture.axes[0].lines
    assert small.get_linestyle() == "None" and len(small.get_xdata()) == 2
    assert small.get_marker() != large.get_marker()
    assert "small: 0.40 at 0.80, 0.20 at 0.20." in picture.alt


def test_tokens_stand_in_their_order_and_large_values_are_written():
    lines = [[("20", 0.1), ("=", 0.0), ("36", 8.0)], [(" no", 1.0)]]
    picture = plots.token_map(lines, "nats")
    axes = picture.axes[0]
    words = [text.get_text() for text in axes.texts]
    assert words == ["20", "=", "36", "8.0", " no", "1.0"]
    bars = [(bar.get_x(), bar.get_y() > 0.5) for bar in axes.patches]
    assert bars == sorted(bars, key=lambda bar: (bar[1], bar[0]))
    assert "'36': 8.0. 'no': 1.0." in picture.alt and "'='" not in picture.alt


def test_a_crossed_token_has_a_line_and_is_named():
    lines = [[("9", 0.0), ("=", 0.1)], [("12", 5.0), ("2", 0.2)]]
    picture = plots.token_map(lines, "nats", crossed={(1, 1)})
    assert len(picture.axes[0].lines) == 1
    assert picture.alt.endswith("Crossed out: '2'.")
    assert not plots.token_map(lines, "nats").axes[0].lines


def test_a_mask_has_no_scale():
    lines = [[("2", 0.0), ("36", 1.0)]]
    assert len(plots.token_map(lines, "mask").axes) == 1
    assert len(plots.token_map([[("2", 0.4), ("36", 1.0)]], "nats").axes) == 2


def test_what_costs_nothing_is_a_level_and_the_rest_are_dots():
    ways = {"base": (0, (0.1, 0.1, 0.2)), "RL": (4.5, (0.2, 0.1, 0.3))}
    picture = plots.price_panels({"seed 0": ways, "seed 1": ways}, "TFLOPs", "right")
    first, second = picture.axes
    level, whisker, dot = first.lines
    assert list(level.get_ydata()) == [0.1, 0.1] and level.get_marker() == "None"
    assert list(whisker.get_ydata()) == [0.1, 0.3] and list(dot.get_xdata()) == [4.5]
    assert first.get_ylim() == second.get_ylim() == (0, 1)
    assert picture.alt.endswith("seed 1: base 0.10 for 0.0; RL 0.20 for 4.5.")


def test_marks_that_would_hide_each_other_are_moved_apart():
    near = {"a": (2.0, (0.6, 0.5, 0.7)), "b": (2.1, (0.6, 0.5, 0.7))}
    ways = near | {"c": (8.0, (0.6, 0.5, 0.7)), "d": (2.0, (0.9, 0.8, 1.0))}
    (axes,) = plots.price_panels({"seed 0": ways}, "TFLOPs", "right").axes
    a, b, c, d = (line.get_xdata()[0] for line in axes.lines[1::2])
    assert (a + b) / 2 == pytest.approx(2.05) and b - a > 0.4
    assert (c, d) == (8.0, 2.0)


def test_levels_go_across_in_the_dashes_of_the_other_figure():
    lines = {"seed 0, right": {"texts": [(32, 0.1), (64, 0.3)]}}
    levels = {"seed 0, right": {"base": 0.2, "teacher": 0.8}}
    picture = plots.doubling_curves(lines, "traces", levels)
    (axes,) = picture.axes
    _, base, teacher = axes.lines
    assert list(base.get_ydata()) == [0.2, 0.2]
    assert (base.get_linestyle(), teacher.get_linestyle()) == ("--", ":")
    assert axes.get_ylim()[1] > 0.8
    assert picture.alt.endswith("teacher: 0.80 across.")
