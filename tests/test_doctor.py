"""`python r1.py doctor`: damage is a line of its table, never a traceback."""

import json

import pytest

from r1lib import artifacts
from tools import doctor


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """An artifacts folder with one file, and a manifest that fits."""
    monkeypatch.setattr(artifacts, "FOLDER", tmp_path)
    artifacts.manifest.cache_clear()
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    manifest = json.dumps({"a": {"sha256": {"x": empty}}})
    (tmp_path / "manifest.json").write_text(manifest)
    yield tmp_path
    artifacts.manifest.cache_clear()


def test_artifacts_that_fit_are_counted_whatever_a_system_left_there(shelf):
    (shelf / ".ipynb_checkpoints").mkdir()
    (shelf / ".DS_Store").write_text("")
    (shelf / "a" / "Thumbs.db").write_text("")
    assert doctor.artifacts_line() == "1, every sha256 right"


def test_a_changed_artifact_is_damaged(shelf):
    (shelf / "a" / "x").write_text("changed")
    assert doctor.artifacts_line().startswith("DAMAGED: artifact 'a' differs")


@pytest.mark.parametrize("text", ["[]", "null", "{", '{"a": 3}', '{"a": {}}'])
def test_a_manifest_of_another_kind_is_damaged(shelf, text):
    (shelf / "manifest.json").write_text(text)
    assert doctor.artifacts_line().startswith("DAMAGED: ")


def test_no_manifest_is_no_damage(shelf):
    (shelf / "manifest.json").unlink()
    assert doctor.artifacts_line().startswith("none yet")


@pytest.mark.parametrize("problem", [OSError("no disk"), ValueError("a\nb")])
def test_what_doctor_cannot_read_is_one_line(monkeypatch, capsys, problem):
    def fail():
        raise problem

    monkeypatch.setattr(doctor, "facts", fail)
    assert doctor.main() == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
