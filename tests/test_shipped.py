"""Claims about taking stages from artifacts/: they count as if they were trained."""

import json
from dataclasses import asdict, replace

import pytest
import small

from r1lib import artifacts, files, hub
from r1lib.recipe import checkpoints, pipeline, stages
from r1lib.tokenizer import Tokenizer
from results import one_unit
from tools import shipped, train, train_run

HOW = stages.settings("tiny", 3)


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """An artifacts folder with a base and a Dev1 of seed 3, and a way to add more."""
    folder, manifest = tmp_path / "artifacts", {}
    artifacts.manifest.cache_clear()
    monkeypatch.setattr(artifacts, "FOLDER", folder)

    def add(stage, made_from, settings=HOW, width=8):
        name = shipped.name_of(stage, settings)
        config = replace(small.DENSE, d_model=width)
        hub.save(small.model(config), folder / name, Tokenizer([]))
        manifest[name] = {
            "made_from": {n: manifest[f"{n}-tiny-3"]["sha256"] for n in made_from},
            "metrics": {"valid": 0.5},
            "seconds": 60.0,
            "settings": shipped.digest_of(stage, settings),
            "sha256": files.sha256(folder / name),
            "steps": 7,
        }
        files.write_text(folder / "manifest.json", json.dumps(manifest))
        artifacts.manifest.cache_clear()

    add("base", ())
    yield add
    artifacts.manifest.cache_clear()


def test_a_stage_that_was_taken_is_a_finished_stage(shelf, tmp_path):
    run = tmp_path / "run"
    shipped.take("base", run, HOW)
    assert checkpoints.is_done(run, "base")
    assert checkpoints.checked(run, "base") == run / "base"
    record = checkpoints.record(run, "base")
    assert record["shipped"] == "base-tiny-3" and record["steps"] == 7
    assert record["history"] == [{"step": 7, "valid": 0.5}]
    assert list(pipeline.run("base", run, HOW)) == []


def test_what_is_shipped_has_just_these_settings(shelf, tmp_path):
    assert shipped.stages(replace(HOW, device="cuda")) == ["base"]
    for other in (replace(HOW, cards=65), stages.settings("tiny", 4)):
        assert shipped.stages(other) == []
        with pytest.raises(ValueError, match="there is none; got base"):
            shipped.take("base", tmp_path / "run", other)
    with pytest.raises(ValueError, match="wanted a stage that is shipped.*base; got r"):
        shipped.take("r1", tmp_path / "other", HOW)


def test_settings_of_a_stage_it_is_not_made_from_do_not_count(shelf):
    shelf("cold", ("base",))
    later = replace(HOW, last=replace(HOW.last, general=0.1))
    assert shipped.stages(later) == ["base", "cold"]
    earlier = replace(HOW, zero=replace(HOW.zero, steps=1))
    assert shipped.stages(earlier) == ["base"]
    assert shipped.digest_of("r1", later) != shipped.digest_of("r1", HOW)
    assert shipped.digest_of("helpful", later) == shipped.digest_of("helpful", HOW)


def test_settings_that_came_later_count_once_they_change_something():
    digests = {shipped.digest_of("dev1", HOW)}
    for other in (
        replace(HOW, spoken=0.1),
        replace(HOW, cold=replace(HOW.cold, words=True)),
        replace(HOW, cold=replace(HOW.cold, zero_hard=5)),
    ):
        digests.add(shipped.digest_of("dev1", other))
        assert shipped.digest_of("base", other) == shipped.digest_of(
            "base", replace(HOW, spoken=other.spoken)
        )
    assert len(digests) == 4


def test_all_that_is_committed_can_be_taken():
    """Stages that are shipped are those of the settings of today."""
    artifacts.manifest.cache_clear()
    found = {f"{s}-tiny" for s in shipped.stages(stages.settings("tiny", 0))}
    assert found == {x for x in artifacts.manifest() if x.endswith("-tiny")}


def test_a_stage_made_from_something_else_is_refused(shelf, tmp_path):
    run = tmp_path / "run"
    shelf("zero", ("base",))
    checkpoints.begin(run, asdict(HOW))
    hub.save(small.model(replace(small.DENSE, d_model=16)), run / "base", Tokenizer([]))
    checkpoints.finish(run, "base", 1, 0.0, [{"step": 1}], None)
    with pytest.raises(ValueError, match="shipped zero was not made from the base in"):
        shipped.take("zero", run, HOW)
    assert not checkpoints.is_done(run, "zero")
    shipped.take("zero", tmp_path / "new", HOW)  # without a base, nothing contradicts
    checkpoints.made_from(tmp_path / "new", "zero", [])


def test_a_damaged_artifact_is_not_taken(shelf, tmp_path):
    (artifacts.FOLDER / "base-tiny-3" / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="differs from manifest.json"):
        shipped.take("base", tmp_path / "run", HOW)
    assert not (tmp_path / "run" / "base").exists()


def test_strays_beside_an_artifact_are_not_taken(shelf, tmp_path):
    artifact = artifacts.FOLDER / "base-tiny-3"
    for name in (".DS_Store", "Thumbs.db", "config.json~"):
        (artifact / name).write_text("stray")
    (artifact / ".ipynb_checkpoints").mkdir()
    (artifacts.FOLDER / ".ipynb_checkpoints").mkdir()
    assert artifacts.path("base-tiny-3") == artifact
    shipped.take("base", tmp_path / "run", HOW)
    names = {path.name for path in (tmp_path / "run" / "base").iterdir()}
    assert names == {"config.json", "model.safetensors", "tokenizer.json"}


def test_an_artifact_that_is_not_there_is_one_line(shelf):
    files.remove(artifacts.FOLDER / "base-tiny-3")
    with pytest.raises(ValueError, match="differs from manifest.json"):
        artifacts.path("base-tiny-3")


@pytest.mark.parametrize(
    "text", ["[]", "null", "3", '{"a": []}', '{"a": {"sha256": 3}}', "{"]
)
def test_a_manifest_of_another_kind_is_one_line(shelf, text):
    (artifacts.FOLDER / "manifest.json").write_text(text)
    artifacts.manifest.cache_clear()
    with pytest.raises(ValueError, match="manifest.json is damaged"):
        artifacts.path("base-tiny-3")


@pytest.mark.parametrize("name", ["made_from", "metrics", "steps", "seconds"])
def test_an_entry_of_another_kind_is_one_line(shelf, tmp_path, name):
    manifest = files.read_json(artifacts.FOLDER / "manifest.json")
    manifest["base-tiny-3"][name] = "x"
    (artifacts.FOLDER / "manifest.json").write_text(json.dumps(manifest))
    artifacts.manifest.cache_clear()
    with pytest.raises(
        ValueError, match=f"manifest.json is damaged.*as {name} of base"
    ):
        shipped.take("base", tmp_path / "run", HOW)


def test_what_a_stage_needs_is_taken_and_nothing_else(capsys):
    assert train_run.needed(("base",)) == ()
    assert train_run.needed(("dev1",)) == ("base", "cold")
    assert train_run.needed(("r1",)) == ("dev3", "helpful", "harmless")
    after_dev3 = train_run.chosen(None, "dev3")
    assert train_run.needed(after_dev3) == ("base", "samples")


def test_a_preset_that_is_not_shipped_is_one_clear_line(tmp_path, capsys):
    asked = ["--preset", "smoke", "--out", str(tmp_path / "run"), "--shipped"]
    for more in ([], ["--stage", "dev1"]):
        assert train.main([*asked, *more]) == 1
        line = capsys.readouterr().err
        assert "shipped for seed 0 of smoke: there is none; got base" in line


def test_a_shipped_stage_has_no_curve_to_measure(shelf, tmp_path):
    run = tmp_path / "run"
    shipped.take("base", run, HOW)
    with pytest.raises(ValueError, match="base in .* was taken from artifacts/"):
        one_unit.curve(run, "base")
