"""The figures of chapters 13 and 15 count what they are given, and say it in words."""

import pytest

from r1lib import plots

COUNTS = {"unsafe, alarm": 3, "unsafe, no alarm": 1, "safe, alarm": 5, "rest": 20}


def test_each_count_is_so_many_squares_in_columns():
    alarms = {"unsafe, alarm": 3, "safe, alarm": 5}
    picture = plots.squares({"29 answers": COUNTS, "8 alarms": alarms}, high=4)
    drawn = [
        [len(kind.get_paths()) for kind in axes.collections] for axes in picture.axes
    ]
    assert drawn == [[3, 1, 5, 20], [3, 0, 5, 0]]
    assert [axes.get_xlim() for axes in picture.axes] == [(0, 8), (0, 2)]
    assert "8 alarms: unsafe, alarm 3; safe, alarm 5." in picture.alt
    with pytest.raises(ValueError, match="at most 4 kinds, got 5"):
        plots.squares({"too many": COUNTS | {"fifth": 1}})


def test_a_squashed_score_is_counted_before_and_after():
    def half(score):
        return score / 2

    picture = plots.squash_picture([0.0, 1.0, 2.0], half, {"mean": 1.0})
    above, _, axes, beside = picture.axes
    before, after = ([bar.get_bbox() for bar in one.patches] for one in (above, beside))
    assert sum(box.height for box in before) == sum(box.width for box in after) == 3
    assert [text.get_text() for text in axes.texts] == ["mean", "0.50"]
    assert "0.00 at a score of 0.0 to 1.00 at 2.0" in picture.alt


def test_a_circle_counts_the_problems_at_its_place():
    values = {"Dev1": [0.5, 0.5, 1.0, 0.0], "Dev2": [1.0, 1.0, 0.75, 0.0]}
    rows = {"claim": None, "same": ((0.2, 0.1, 0.3), [0.1, 0.3], True)}
    picture = plots.pairing_picture(values, rows, "Dev2 minus Dev1")
    left, right = picture.axes
    assert sorted(text.get_text() for text in left.texts) == ["1", "1", "2"]
    assert "2 above the diagonal, 1 below" in picture.alt
    weights = [name.get_fontweight() for name in right.get_yticklabels()]
    assert weights == ["bold", "normal"]
    assert picture.alt.endswith("claim: same: +0.20 (+0.10 to +0.30).")


def test_row_dots_mark_every_value_of_a_row():
    rows = {"good": {"found": 0.3, "truth": 0.4}, "half": {"found": -0.1, "truth": 0.0}}
    picture = plots.row_dots(rows, "score")
    drawn = [list(line.get_xdata()) for line in picture.axes[0].lines]
    assert drawn == [[0.3, -0.1], [0.4, 0.0]]
    assert picture.alt.endswith(
        "good: found 0.30, truth 0.40. half: found -0.10, truth 0.00."
    )


def test_totals_of_bars_take_a_form():
    picture = plots.stacked_bars({"a": {"x": 0.25, "y": 0.5}}, "worth", "{:.2f}")
    assert [text.get_text() for text in picture.axes[0].texts] == ["0.75"]
    assert picture.alt == "Bars of worth. a: x 0.25, y 0.50."
