"""Claims about shipping: what is copied is what was measured, with its origin."""

import json
from dataclasses import asdict

import pytest
import small

from r1lib import files, hub
from r1lib.problem import problems
from r1lib.recipe import checkpoints, stages
from r1lib.tokenizer import Tokenizer
from r1lib.traces import tables
from r1lib.world import arithmetic
from tools import cards, ship
from tools import shipped as lib

NUMBERS = {"pass@1": 0.5, "interval": [0.4, 0.6], "length": 9.0, "reflects": 0.1}
BATCH = {"loss": 0.25, "accuracy": 1.0, "grad_norm": 2.0, "reward": 1.1, "length": 40.0}


def finish(folder, stage, **last):
    """Record a stage whose last step has these metrics besides those of its batch."""
    checkpoints.finish(folder, stage, 1, 0.0, [{"step": 1, **BATCH, **last}], None)


@pytest.fixture
def run(tmp_path):
    """A run with a base, a table and a fine-tuned model; the base is measured."""
    folder = tmp_path / "runs" / "seed-3"
    checkpoints.begin(folder, asdict(stages.settings("tiny", 3)))
    (problem,) = problems(arithmetic.sample, 1, 0, "train")
    kept = {"source": "test", "seed": 0, "tokens": 4, "finished": True}
    row = tables.row(problem, "<answer>1</answer>", **kept, correct=True)
    tables.save(folder / "cold", [row], "a table")
    for stage in ("base", "dev1"):
        hub.save(small.model(small.DENSE), folder / stage, Tokenizer([]))
    finish(folder, "base")
    checkpoints.made_from(folder, "cold", ["base"])
    checkpoints.finish(folder, "cold", 1, 0.0, [{"step": 1, "rows": 1}], None)
    checkpoints.made_from(folder, "dev1", ["base", "cold"])
    finish(folder, "dev1")
    measured = {"P1": {"controls": {"sampled": {**NUMBERS, "more": 1}}}}
    measured["weights"] = files.sha256(folder / "base")
    files.write_text(tmp_path / "results/data/base-3.json", json.dumps(measured))
    files.write_text(tmp_path / "artifacts" / "manifest.json", '{"tokenizer": {}}')
    return folder


def artifacts(run):
    return run.parents[1] / "artifacts"


def manifest(run):
    return json.loads((artifacts(run) / "manifest.json").read_text())


def shipped(run):
    """Ship all of a run; return the manifest."""
    assert all(name.endswith("-tiny-3") for name in ship.ship(run, run.parents[1]))
    return manifest(run)


def everything(run):
    """What is in artifacts/, byte for byte."""
    found = sorted(path for path in artifacts(run).rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in found}


def test_every_finished_stage_is_copied_and_described(run):
    found = shipped(run)
    assert set(found) == {"tokenizer", "base-tiny-3", "cold-tiny-3", "dev1-tiny-3"}
    for name in ("base", "cold", "dev1"):
        target = artifacts(run) / f"{name}-tiny-3"
        content = files.counted(files.sha256(target))
        assert found[f"{name}-tiny-3"]["sha256"] == content
        assert content == files.counted(files.sha256(run / name))
        assert found[f"{name}-tiny-3"]["seed"] == 3
    assert found["base-tiny-3"]["metrics"] == NUMBERS
    assert found["cold-tiny-3"]["metrics"] == {"rows": 1}


def test_the_command_of_a_stage_names_the_folder_that_holds_its_inputs(run):
    found = shipped(run)
    assert found["base-tiny-3"]["made_by"] == "python -m results.unit base 3"
    words = found["dev1-tiny-3"]["made_by"].split()
    assert words[:3] == ["python", "r1.py", "train"]
    for option in ("--stage dev1", "--seed 3", "--out runs/seed-3"):
        assert option in " ".join(words)


@pytest.mark.parametrize(
    ("stage", "measured"),
    [
        ("dev1", {}),
        ("dev2", {"valid": 0.81, "valid_length": 70.0}),
        ("helpful", {"pair_accuracy": 0.76, "pairs": 641}),
        ("harmless", {"safe_found": 0.94, "unsafe_found": 0.55, "answers": 830}),
        ("r1", {"helpful": 0.58, "harmless": 0.73, "over_refusal": 0.04, "words": 7.6}),
        ("student", {"skills": {"copy": 1.0}}),
    ],
)
def test_only_what_was_measured_on_held_out_data_is_told(run, stage, measured):
    hub.save(small.model(small.DENSE), run / stage, Tokenizer([]))
    paid = {"right": 0.6, "format": 0.9, "language": 0.9, "liked": 0.7, "safe": 0.8}
    finish(run, stage, **paid, **measured)
    assert shipped(run)[f"{stage}-tiny-3"]["metrics"] == measured


def test_what_the_run_did_not_write_replaces_nothing(run):
    shipped(run)
    before = everything(run)
    (run / "dev1" / "config.json").write_text("{}")
    (run / "cold" / "README.md").write_text("another table")
    finish(run, "cold")
    with pytest.raises(ValueError, match="dev1.*not the one in dev1.json"):
        shipped(run)
    assert everything(run) == before


def test_a_file_that_the_run_did_not_record_stays_behind(run):
    (run / "dev1" / "notes.txt").write_text("mine")
    assert "notes.txt" not in shipped(run)["dev1-tiny-3"]["sha256"]
    assert not (artifacts(run) / "dev1-tiny-3" / "notes.txt").exists()


def test_the_manifest_is_right_wherever_shipping_is_stopped(run):
    shipped(run)
    for stage in ("base", "cold", "dev1"):
        (run / stage / "new.txt").write_text(stage)
        finish(run, stage)
    for name in ship.ship(run, run.parents[1]):
        assert (artifacts(run) / name / "new.txt").exists()
        for other in ("base-tiny-3", "cold-tiny-3", "dev1-tiny-3"):
            written = manifest(run)[other]["sha256"]
            now = files.counted(files.sha256(artifacts(run) / other))
            assert written == now, (name, other)


def test_each_folder_has_its_card(run):
    for name, found in shipped(run).items():
        place = artifacts(run) / name
        if name != "tokenizer":
            text = cards.card(name, found, place, run.parents[1] / "results/data")
            assert (place / "README.md").read_text("utf-8") == text
            assert "README.md" not in found["sha256"]
    assert "| `pass@1` | 0.50 (0.40 to 0.60) |" in (
        artifacts(run) / "base-tiny-3" / "README.md"
    ).read_text("utf-8")


def test_a_run_that_counted_the_card_of_its_table_is_still_read(run):
    """As runs of edition 1 did."""
    for path, key in ((run / "cold.json", "sha256"), (run / "dev1.json", "made_from")):
        content = json.loads(path.read_text())
        place = content[key] if key == "sha256" else content[key]["cold"]
        place["README.md"] = "0" * 64
        path.write_text(json.dumps(content))
    checkpoints.made_from(run, "dev1", ["base", "cold"])
    assert checkpoints.checked(run, "cold") == run / "cold"
    assert "README.md" not in shipped(run)["dev1-tiny-3"]["made_from"]["cold"]


def test_a_run_of_other_settings_is_refused(run):
    before = everything(run)
    other = run.with_name("smoke")
    checkpoints.begin(other, asdict(stages.settings("smoke", 3)))
    hub.save(small.model(small.DENSE), other / "dev1", Tokenizer([]))
    finish(other, "dev1")
    with pytest.raises(ValueError, match="wanted a run of the preset tiny.*'smoke'"):
        shipped(other)
    assert everything(run) == before


def test_a_measurement_of_other_weights_is_not_told(run):
    path = run.parents[1] / "results/data/base-3.json"
    found = files.read_json(path)
    finish(run, "base", skills={"copy": 1.0})
    for other in ({"model.safetensors": "another"}, None):
        files.write_text(path, json.dumps({**found, "weights": other}))
        assert shipped(run)["base-tiny-3"]["metrics"] == {"skills": {"copy": 1.0}}
    path.unlink()
    assert shipped(run)["base-tiny-3"]["metrics"] == {"skills": {"copy": 1.0}}


def test_only_the_stages_that_are_named_are_shipped(run):
    assert list(ship.ship(run, run.parents[1], ["cold"])) == ["cold-tiny-3"]
    with pytest.raises(ValueError, match="stage must be one of base, .*, got 'dev9'"):
        list(ship.ship(run, run.parents[1], ["base", "dev9"]))
    assert set(manifest(run)) == {"tokenizer", "cold-tiny-3"}


def test_what_was_shipped_can_be_taken_into_another_run(run, tmp_path, monkeypatch):
    shipped(run)
    monkeypatch.setattr(lib.artifacts, "FOLDER", artifacts(run))
    lib.artifacts.manifest.cache_clear()
    other, settings = tmp_path / "other", stages.settings("tiny", 3)
    for stage in lib.stages(settings):
        lib.take(stage, other, settings)
        taken, trained = (files.sha256(x / stage) for x in (other, run))
        assert files.counted(taken) == files.counted(trained)
        assert ("README.md" in taken) == (stage == "cold")  # as if it had made it
    assert (
        checkpoints.record(other, "dev1")["seconds"]
        == checkpoints.record(run, "dev1")["seconds"]
    )
    lib.artifacts.manifest.cache_clear()
