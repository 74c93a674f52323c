"""A road map in the book is the one that its script draws."""

import runpy
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.patches import FancyArrowPatch

from figures import pipeline, sketch
from r1lib.recipe.stages import RECIPE

FIGURES = Path(sketch.__file__).parent


MOST = 1e-4  # share of pixels; edges of letters may differ between machines


def difference(one, other):
    """Share of the pixels in which two pictures clearly differ."""
    one, other = imread(one), imread(other)
    assert one.shape == other.shape
    return (np.abs(one - other).max(-1) > 0.3).mean()


@pytest.mark.parametrize("script", sorted(p.stem for p in FIGURES.glob("make_*.py")))
def test_a_committed_road_map_is_what_its_script_draws(script, tmp_path, monkeypatch):
    monkeypatch.setattr(sketch, "HERE", tmp_path)
    runpy.run_module(f"figures.{script}", run_name="__main__")
    (drawn,) = tmp_path.iterdir()
    found = difference(drawn, FIGURES / drawn.name)
    assert found < MOST, f"run python -m figures.{script} and look at it"


def test_one_changed_number_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(sketch, "HERE", tmp_path)
    for name, line in (("old.png", "3,7,2,8"), ("new.png", "3,7,8")):
        card = partial(sketch.card, x=1, y=1, width=3, height=1.4, colour=sketch.GREY)
        sketch.sheet(name, 13, 6, partial(card, title="a problem", lines=(line,)))
    assert difference(tmp_path / "old.png", tmp_path / "new.png") > MOST


def test_the_map_of_chapter_01_has_the_lineage_of_the_recipe():
    axes, made = Figure().add_axes((0, 0, 1, 1)), runpy.run_module("figures.make_01")
    shown = [stage for stage in RECIPE if stage.name not in pipeline.HIDDEN]
    weights = {(a, b) for a, b, line in pipeline.steps() if line == "-"}
    texts = {(a, b) for a, b, line in pipeline.steps() if line == "--"}
    assert weights == {(stage.start, stage.name) for stage in shown if stage.start}
    assert set(pipeline.PLACES) == {stage.name for stage in shown}
    assert ("zero", "cold") in texts and not {a for a, _ in weights} & {"zero"}
    made["recipe"](axes)
    arrows = sum(isinstance(patch, FancyArrowPatch) for patch in axes.patches)
    assert arrows == len(weights) + len(texts)


def test_the_map_of_a_chapter_is_that_of_the_recipe():
    axes = Figure().add_axes((0, 0, 1, 1))
    pipeline.you_are_here(axes, ("cold", "dev1"))
    left, low, width, height = pipeline.around(("cold", "dev1"))
    for name, (x, y, *_) in pipeline.PLACES.items():
        inside = left < x < left + width and low < y < low + height
        assert inside == (name in ("cold", "dev1"))
    arrows = sum(isinstance(patch, FancyArrowPatch) for patch in axes.patches)
    assert arrows == len(pipeline.steps()) + 2  # and the two of the key
    assert "you are here" in [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("apart, frames", [(False, 1), (True, 2)])
def test_stages_share_a_frame_unless_they_are_apart(monkeypatch, apart, frames):
    drawn = []

    def box(axes, left, low, width, height, *_, linestyle="-", **__):
        if linestyle == "--":
            drawn.append((left, low, width, height))

    monkeypatch.setattr(pipeline, "box", box)
    here = ("samples", "dev3")
    pipeline.you_are_here(Figure().subplots(), here, apart=apart)
    together, each = pipeline.around(here), [pipeline.around((n,)) for n in here]
    assert drawn == (each if apart else [together]) and len(drawn) == frames
