"""The figures of chapter 16 show what they are given, and say it in words."""

from r1lib import plots

PANELS = {
    "KL": {"bf16": [1e-4, 2e-4, 3e-4], "dense": [2e-3]},
    "pass@1": {"bf16": [0.5, 0.25, 0.75], "absent": []},
}


def test_each_seed_is_a_dot_in_its_row():
    picture = plots.seed_dots(PANELS, log=("KL",), beside="bf16")
    left, right = picture.axes
    assert (left.get_xscale(), right.get_xscale()) == ("log", "linear")
    dots = [line.get_xdata()[0] for line in left.lines if line.get_marker() != "None"]
    assert dots == [1e-4, 2e-4, 3e-4, 2e-3]
    assert right.lines[0].get_xdata()[0] == 0.5  # the mean of the row beside
    labels = [text.get_text() for text in left.get_yticklabels()]
    assert labels == ["bf16", "dense", "absent"]
    assert picture.alt == (
        "KL, bf16: 0.0001, 0.0002, 0.0003. KL, dense: 0.002. "
        "pass@1, bf16: 0.5, 0.25, 0.75."
    )
    (legend,) = [axes.get_legend() for axes in picture.axes if axes.get_legend()]
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["seed 0", "seed 1", "seed 2"]


def test_lines_over_bars_have_their_places_and_names():
    picture = plots.log_bars({"a": 10, "b": 1e6}, "MB", lines={"H1": 100, "H2": 200})
    (axes,) = picture.axes
    assert [line.get_xdata()[0] for line in axes.lines] == [100, 200]
    assert {"H1", "H2"} <= {text.get_text() for text in axes.texts}
    assert picture.alt.endswith("b: 1,000,000. A line at 100: H1. A line at 200: H2.")
