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


def test_samples_of_one_model_are_not_called_seeds():
    picture = plots.seed_dots(PANELS, called="sample")
    (legend,) = [axes.get_legend() for axes in picture.axes if axes.get_legend()]
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["sample 0", "sample 1", "sample 2"]


def test_dots_have_numbers_whiskers_and_lines_with_names():
    values = {"a": 10, "b": (2000.0, 1000.0, 4000.0)}
    picture = plots.log_dots(values, "MB", lines={"H1": 100, "H2": 200})
    (axes,) = picture.axes
    assert axes.get_xscale() == "log"
    drawn = [tuple(line.get_xdata()) for line in axes.lines]
    assert drawn[2:4] == [(1000.0, 4000.0), (2000.0,)]
    assert [line[0] for line in drawn[4:]] == [100, 200]
    assert {"10", "2,000", "H1", "H2"} == {text.get_text() for text in axes.texts}
    assert picture.alt == (
        "Dots of MB. a: 10. b: 2,000 (1,000 to 4,000). "
        "A line at 100: H1. A line at 200: H2."
    )
