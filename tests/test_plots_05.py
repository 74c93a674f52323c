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
    labels = [text.get_text() for text in picture.axes[0].texts]
    assert labels == ["copy: half", "add: half"]


def test_other_seeds_are_faint_and_have_no_entry_in_the_legend():
    history = [
        {"step": s, "loss": 4.0 / s, "skills": {"copy": s / 4, "add": s / 8}}
        for s in (1, 2, 3)
    ]
    plan = {"copy": 2, "add": 3}
    picture = plots.phase_picture(history, plan, others=[history, history[:2]])
    faint = [line for line in picture.axes[0].lines if line.get_alpha()]
    assert len(faint) == 4  # two skills of two seeds
    assert picture.axes[0].get_legend_handles_labels()[1] == ["copy", "add"]
    assert picture.alt.endswith("Faint lines are 2 other seeds. ")


def test_a_close_up_has_a_bar_of_the_size_asked_for():
    runs = {f"seed {s}": [(i, 1.0 - i / 10 + s) for i in range(4)] for s in (0, 1)}
    picture = plots.close_up(runs, {"seed 0": 2, "seed 1": 3}, 0.25, "one\nskill")
    axes = picture.axes[0]
    (bar,) = axes.containers[0].lines[2][0].get_segments()
    assert abs(bar[1][1] - bar[0][1] - 0.25) < 1e-9
    dots = [x.get_xydata().tolist() for x in axes.lines if x.get_marker() == "o"]
    assert dots == [[[2, 0.8]], [[3, 1.7]]]
    assert "A bar is 0.250 high: one skill. " in picture.alt


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
