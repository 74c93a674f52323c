"""The figures of chapter 08 show every part and every variant, and say it in words."""

import pytest
from matplotlib.colors import to_hex

from r1lib import plots


def test_stacked_bars_start_where_the_part_before_ends():
    rows = {"PPO": {"policy": 16.0, "value model": 16.0, "reference": 2.0}}
    rows["GRPO"] = {"policy": 16.0, "reference": 2.0}  # a row may lack a part
    picture = plots.stacked_bars(rows, "GB")
    bars = [(bar.get_x(), bar.get_width()) for bar in picture.axes[0].patches]
    assert bars == [(0, 16), (0, 16), (16, 16), (32, 2), (16, 2)]
    assert [text.get_text() for text in picture.axes[0].texts] == ["34", "18"]
    assert "GRPO: policy 16, reference 2." in picture.alt


def test_a_difference_that_is_not_clear_is_grey():
    rows = {
        "better": ((0.2, 0.1, 0.3), [0.1, 0.2, 0.3], True),
        "tie": ((0.1, 0.05, 0.15), [-0.1, 0.1, 0.3], False),
        "worse": ((-0.2, -0.3, -0.1), [-0.2], True),
    }
    picture = plots.difference_dots(rows, "pass@1")
    marks = [line for line in picture.axes[0].lines if line.get_marker() in "oD"]
    colours = [to_hex(mark.get_color()) for mark in marks]
    assert colours == [plots.BLUE, plots.GREY, plots.ORANGE]
    assert "tie: +0.10 (+0.05 to +0.15)." in picture.alt


def test_differences_in_panels_share_their_names():
    up, down = ((0.2, 0.1, 0.3), [0.2], True), ((-0.2, -0.3, 0.1), [-0.2], False)
    panels = {
        "easy": {"claim": None, "step": up},
        "hard": {"claim": None, "step": down},
    }
    picture = plots.difference_panels(panels, "gain")
    assert [axes.get_title("left") for axes in picture.axes] == ["easy", "hard"]
    names = [text.get_text() for text in picture.axes[0].get_yticklabels()]
    assert names == ["claim", "step"]
    assert "easy. claim: step: +0.20 (+0.10 to +0.30)." in picture.alt
    assert "hard. claim: step: -0.20 (-0.30 to +0.10)." in picture.alt
    with pytest.raises(ValueError, match="same rows"):
        plots.difference_panels({"easy": {"a": up}, "hard": {"b": up}}, "gain")


def test_a_row_may_show_a_second_interval_as_a_thin_line():
    rows = {"tie": ((0.1, 0.05, 0.15), [0.0, 0.1, 0.2], False, (-0.15, 0.35))}
    picture = plots.difference_dots(rows, "gain")
    ends = [line.get_xdata() for line in picture.axes[0].lines]
    assert any([*x] == [-0.15, 0.35] for x in ends)
    assert "tie: +0.10 (+0.05 to +0.15; over seeds -0.15 to +0.35)." in picture.alt


def test_curves_of_seeds_go_through_their_means_and_show_each_seed():
    seeds = [[(6, 0.1), (8, 0.3)], [(60, 0.7), (64, 0.5)]]
    picture = plots.seed_curves({"games": {"Dev1": seeds}}, "tokens", "right")
    line, marks = picture.axes[0].lines
    assert line.get_xydata().tolist() == [[7, 0.2], [62, 0.6]]
    assert len(marks.get_xydata()) == 4 and marks.get_linestyle() == "None"
    assert "games, Dev1: 0.20 at 7, 0.60 at 62." in picture.alt
    axes = plots.seed_curves({"games": {"Dev1": seeds}}, "tokens", "right", 4).axes[0]
    assert axes.get_xscale() == "log" and {4, 16, 64} <= {*axes.get_xticks()}


def test_panels_of_curves_may_have_axes_of_their_own():
    lines = {"PPO": [(8, 1.0), (64, 2.0)]}
    panels, labels = {"a": lines, "b": lines}, ("completions", "seconds")
    picture = plots.curves(panels, labels, "reward", log="x", ticks=(8, 64))
    assert [axes.get_xlabel() for axes in picture.axes] == list(labels)
    for axes in picture.axes:
        assert axes.get_xticks().tolist() == [8, 64]
        assert not len(axes.get_xticks(minor=True))


def test_a_row_is_grey_where_one_of_two_intervals_holds_0():
    each = [-0.3, -0.2, -0.1]
    rows = {
        "clear": (-0.2, (-0.3, -0.1), (-0.3, -0.1), each),
        "tie": (-0.2, (-0.3, -0.1), (-0.5, 0.1), each),
    }
    picture = plots.two_intervals(rows, "pass@1")
    lines = [line for line in picture.axes[0].lines if len(line.get_xdata()) == 3]
    assert len(lines) == 2 and lines[0].get_color() != plots.GREY
    assert lines[1].get_color() == plots.GREY
    assert "over seeds -0.50 to +0.10, a tie." in picture.alt
    assert "over seeds -0.30 to -0.10, clear." in picture.alt


def test_panels_of_two_intervals_share_rows_and_say_clear_or_tie():
    each = [0.1, 0.2, 0.3]
    rows = {
        "claim": None,
        "up": (0.2, (0.1, 0.3), (0.1, 0.3), each),
        "tie": (0.2, (0.1, 0.3), (-0.1, 0.5), each),
    }
    picture = plots.two_interval_panels({"easy": rows, "hard": rows}, "gain")
    for axes in picture.axes:
        assert [mark.get_text() for mark in axes.texts] == ["clear", "tie"]
    assert picture.alt.count("claim: up: +0.20, over problems") == 2
    with pytest.raises(ValueError, match="the same rows"):
        plots.two_interval_panels({"easy": rows, "hard": {"up": rows["up"]}}, "gain")
