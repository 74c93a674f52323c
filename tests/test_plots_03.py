"""Claims about the pictures of chapter 03: what they say in words is what they show."""

import torch

from r1lib import plots


def test_heat_maps_count_their_zeros_and_name_the_largest_cell():
    table = [[0.5, 0.0, 0.0], [0.25, 0.9, 0.0]]
    picture = plots.heat_maps({"a head": table}, ["r0", "r1"], ["c0", "c1", "c2"])
    assert "2 by 3 cells, 3 exactly 0" in picture.alt
    assert "largest, 0.90, in row 'r1', column 'c1'" in picture.alt
    (image,) = picture.axes[0].images
    assert image.get_array().shape == (2, 3)
    assert torch.tensor(image.get_array().filled(-1.0)).eq(-1).sum() == 3  # grey
    labels = [label.get_text() for label in picture.axes[0].get_xticklabels()]
    assert labels == ["c0", "c1", "c2"]


def test_curves_tell_both_ends_and_take_logarithmic_axes():
    lines = {"MHA": [(128, 1.0), (512, 1.0)], "MLA": [(128, 1.9), (512, 0.25)]}
    picture = plots.curves({"time": lines, "bytes": lines}, "x", "y", log="xy")
    assert "time, MLA: 1.9 at 128, 0.25 at 512. " in picture.alt
    assert [axes.get_xscale() for axes in picture.axes] == ["log", "log"]
    content, about = picture._repr_png_()
    assert content.startswith(b"\x89PNG") and about["alt"] == picture.alt
    (plain,) = plots.curves({"time": lines}, "x", "y").axes
    assert (plain.get_xscale(), plain.get_yscale()) == ("linear", "linear")


def test_marked_bars_look_different():
    values = {"V3 (MLA)": 70_272, "GPT-2 XL": 307_200}
    picture = plots.log_bars(values, "bytes", "(MLA)")
    marked, plain = picture.axes[0].patches
    assert marked.get_hatch() and not plain.get_hatch()
    assert marked.get_facecolor() != plain.get_facecolor()
    assert "V3 (MLA): 70,272. GPT-2 XL: 307,200." in picture.alt
    assert not any(
        bar.get_hatch() for bar in plots.log_bars(values, "b").axes[0].patches
    )
