"""The figures of chapter 05 show all that they are given, and say it in words."""

from r1lib import plots


def test_rows_say_how_much_is_empty():
    picture = plots.rows_picture({"padded": [[5], [10]], "packed": [[10, 5]]}, 20)
    assert picture.alt == (
        "padded: 2 rows of 20, 62% empty. packed: 1 rows of 20, 25% empty. "
    )
    blocks = [patch.get_width() for patch in picture.axes[1].patches]
    assert blocks == [10, 5, 5]


def test_phases_are_marked_in_both_panels():
    history = [
        {"step": s, "loss": 4.0 / s, "skills": {"copy": s / 4, "add": s / 8}}
        for s in (1, 2, 3, 4)
    ]
    picture = plots.phase_picture(history, {"copy": 2, "add": 4}, (3, "most of\nit"))
    for axes in picture.axes:
        upright = [x.get_xdata()[0] for x in axes.lines if len(set(x.get_xdata())) == 1]
        assert upright == [2, 4]
    assert "Copy: 25% at step 1, 100% at step 4. A line marks step 2." in picture.alt
    assert "Loss: 4.00 at step 1, 1.00 at step 4." in picture.alt
    assert "Shaded up to step 3: most of it. " in picture.alt
    for axes in picture.axes:
        (shade,) = axes.patches
        assert shade.get_x() == 0 and shade.get_width() == 3
    assert "half of the way" in [text.get_text() for text in picture.axes[0].texts]


def test_scaling_draws_each_point_in_both_panels():
    points = [(n, d, n / d) for n in (100, 300) for d in (1e6, 1.02e6, 3e6)]
    picture = plots.scaling_picture(points, lambda n, d: n / d)
    for axes, lines in zip(picture.axes, (2, 2), strict=True):
        marks = [x for x in axes.lines if x.get_linestyle() == "None"]
        assert len(marks) == lines
        assert sum(len(x.get_xdata()) for x in marks) == len(points)
    assert picture.alt.startswith("6 measured losses")


def test_values_that_are_nearly_equal_share_a_line():
    assert plots.apart([105, 100, 300, 310, 331]) == [100, 300, 331]
