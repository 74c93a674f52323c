"""The figure of chapter 12 shows every filter, and says it in words."""

from r1lib import plots

REPORT = [
    {
        "filter": "reasoning: correct",
        "in": 1200,
        "removed": 700,
        "out": 500,
        "alone": 7,
    },
    {"filter": "all: unique", "in": 500, "removed": 0, "out": 500, "alone": 9},
]


def test_a_funnel_draws_what_is_left_and_what_goes():
    picture = plots.funnel_bars(REPORT)
    assert picture.alt == (
        "A funnel of 1,200 samples. correct: 700 removed, 500 left. "
        "unique: 0 removed, 500 left."
    )
    widths = [patch.get_width() for patch in picture.axes[0].patches]
    assert widths == [1200, 0, 500, 700, 500, 0]
    assert [t.get_text() for t in picture.axes[0].get_yticklabels()] == [
        "sampled",
        "correct",
        "unique",
    ]
    assert "500  (-700)" in [t.get_text() for t in picture.axes[0].texts]


def test_a_lane_ends_where_its_sample_is_removed():
    verdicts = {
        "correct": {"good": True, "wrong": False, "long": True},
        "length": {"good": True, "wrong": False, "long": False},
    }
    ends = {"wrong": "correct", "long": "length"}
    picture = plots.filter_lanes(verdicts, ends)
    assert picture.alt == (
        "A lane for each sample: good is kept, wrong ends at correct, long ends at "
        "length. correct: 1 removed, 1 alone. length: 1 removed, 2 alone."
    )
    axes = picture.axes[0]
    lanes = [line.get_xdata()[1] for line in axes.lines if len(line.get_xdata()) == 2]
    assert lanes[1:3] == [0, 1] and lanes[0] > 1
    hollow = [
        line.get_xdata()[0]
        for line in axes.lines
        if line.get_marker() == "s" and line.get_markerfacecolor() == plots.PAPER
    ]
    assert hollow == [1]  # the filter that the wrong one did not reach
    assert [text.get_text() for text in axes.texts] == ["1", "1", "1", "2"]
