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
