"""Claims about shipping: what is copied is what was measured, with its origin."""

import json

import pytest
import small

from r1lib import files, hub, runs, tables
from r1lib.tasks import arithmetic, problems
from r1lib.tokenizer import Tokenizer
from tools import ship

NUMBERS = {"pass@1": 0.5, "interval": [0.4, 0.6], "length": 9.0, "reflects": 0.1}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run with a base, a table and a fine-tuned model; the base is measured."""
    monkeypatch.setattr(ship, "ROOT", tmp_path)
    folder = tmp_path / "runs" / "seed-3"
    runs.begin(folder, {"seed": 3})
    (problem,) = problems(arithmetic.sample, 1, 0, "train")
    kept = {"source": "test", "seed": 0, "tokens": 4, "finished": True}
    row = tables.row(problem, "<answer>1</answer>", **kept, correct=True)
    tables.save(folder / "cold", [row], "a table")
    for stage in ("base", "dev1"):
        hub.save(small.model(small.DENSE), folder / stage, Tokenizer([]))
    for stage, last in (("base", {}), ("cold", {"rows": 1}), ("dev1", {"loss": 0.25})):
        runs.finish(folder, stage, 1, 0.0, [{"step": 1, "epoch": 1, **last}], None)
    measured = {"P1": {"controls": {"sampled": {**NUMBERS, "more": 1}}}}
    files.write_text(tmp_path / "results" / "base-3.json", json.dumps(measured))
    files.write_text(tmp_path / "artifacts" / "manifest.json", '{"tokenizer": {}}')
    return folder


def manifest(run):
    return json.loads((run.parents[1] / "artifacts" / "manifest.json").read_text())


def shipped(run, monkeypatch):
    monkeypatch.setattr("sys.argv", ["ship", str(run)])
    ship.main()
    return manifest(run)


def test_every_finished_stage_is_copied_and_described(run, monkeypatch):
    found = shipped(run, monkeypatch)
    assert set(found) == {"tokenizer", "base-tiny", "cold-tiny", "dev1-tiny"}
    for name in ("base", "cold", "dev1"):
        target = run.parents[1] / "artifacts" / f"{name}-tiny"
        assert found[f"{name}-tiny"]["sha256"] == files.sha256(target)
        assert files.sha256(target) == files.sha256(run / name)
    assert found["base-tiny"]["metrics"] == NUMBERS
    assert found["base-tiny"]["made_by"] == "python -m results.unit base 3"
    assert found["cold-tiny"]["metrics"] == {"rows": 1}
    assert found["dev1-tiny"]["metrics"] == {"loss": 0.25}
    made_by = "python r1.py train --stage dev1 --seed 3"
    assert found["dev1-tiny"]["made_by"] == made_by and found["dev1-tiny"]["seed"] == 3


def test_what_the_run_did_not_write_is_not_shipped(run, monkeypatch):
    (run / "dev1" / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="dev1 is not what its run wrote down"):
        shipped(run, monkeypatch)
    assert manifest(run) == {"tokenizer": {}}


def test_a_base_that_is_not_measured_is_not_shipped(run, monkeypatch):
    (run.parents[1] / "results" / "base-3.json").unlink()
    with pytest.raises(ValueError, match="there is no results/base-3.json"):
        shipped(run, monkeypatch)
