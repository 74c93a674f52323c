"""The figures of chapter 04 show all that they are given, and say it in words."""

import pytest

from r1lib import plots

RUNS = {
    "none": [{"step": s, "load": [3.0, 0.5, 0.5, 0.0]} for s in (20, 40)],
    "bias": [{"step": s, "load": [1.0, 1.0, 1.0, 1.0]} for s in (20, 40)],
}


@pytest.mark.parametrize("experts, ticks", [(4, [1, 4]), (16, [1, 4, 8, 12, 16])])
def test_every_fourth_expert_has_a_tick(experts, ticks):
    runs = {"none": [{"step": 1, "load": [1.0] * experts}]}
    assert list(plots.balance_picture(runs).axes[1].get_xticks()) == ticks


def test_one_legend_is_above_both_panels_of_the_balance():
    picture = plots.balance_picture(RUNS)
    assert not any(axes.get_legend() for axes in picture.axes)
    (legend,) = picture.legends
    assert [text.get_text() for text in legend.get_texts()] == ["none", "bias"]
    assert "At the end 1 experts are below a tenth of the mean." in picture.alt


@pytest.mark.parametrize("values, low", [((0.5, 1.0), False), ((-0.5, 1.0), True)])
def test_compared_curves_go_below_zero_only_where_a_value_does(values, low):
    history = [{"step": i, "gap": value} for i, value in enumerate(values)]
    picture = plots.compared_curves({"a": [history]}, {"gap": "gap"})
    bottom, top = picture.axes[0].get_ylim()
    assert top > 1 and (bottom < -0.5 if low else bottom == 0)
