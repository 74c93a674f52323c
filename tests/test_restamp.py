"""A measurement is kept only where the witness agrees and runs all its code."""

import json

import pytest

from tools import provenance, restamp

WITNESSED = ["r1lib.rl.grpo.train"]
ELSEWHERE = ["r1lib.hub_export"]


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A copy of the project (by links) that holds one result with an old digest."""
    for name in ("r1lib", "artifacts", "tools"):
        (tmp_path / name).symlink_to(restamp.ROOT / name)
    (tmp_path / "results").mkdir()
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    monkeypatch.setattr(restamp, "ROOT", tmp_path)
    monkeypatch.setattr(restamp, "git", lambda *arguments: "abc1234")

    def write(modules):
        path = tmp_path / "results" / "one-0.json"
        block = {"modules": modules, "code": "0" * 16, "artifacts": {}}
        path.write_text(json.dumps({"P1": 0.5, "provenance": block}))
        return path

    return write


def test_equal_to_the_last_bit_is_stamped_once(results, monkeypatch, capsys):
    path = results(WITNESSED)
    every = restamp.parts_of(restamp.WITNESS)
    monkeypatch.setattr(restamp, "agreement", lambda commit: (every, []))
    assert restamp.stale_results() == [path]
    restamp.main()
    content = json.loads(path.read_text())
    assert content["P1"] == 0.5
    assert content["provenance"]["measured at"] == "abc1234"
    assert restamp.stale_results() == []
    assert "the same to the last bit" in capsys.readouterr().out


def test_a_difference_leaves_the_file_alone(results, monkeypatch, capsys):
    path = results(WITNESSED)
    before = path.read_text()
    part = ["reinforce_and_answer, zero"]
    monkeypatch.setattr(restamp, "agreement", lambda commit: (["mark"], part))
    with pytest.raises(SystemExit) as stop:
        restamp.main()
    assert stop.value.code == 1 and path.read_text() == before
    assert (
        "differs from abc1234 in: reinforce_and_answer, zero" in capsys.readouterr().out
    )


def test_code_that_the_witness_does_not_run_cannot_be_vouched_for(results, capsys):
    path = results(ELSEWHERE)
    before = path.read_text()
    assert not restamp.is_witnessed(path, restamp.parts_of(restamp.WITNESS))
    with pytest.raises(SystemExit) as stop:
        restamp.main()
    assert stop.value.code == 1 and path.read_text() == before
    assert "does not run all of its code" in capsys.readouterr().out


def test_a_part_that_differs_does_not_speak_for_what_others_run(
    results, monkeypatch, capsys
):
    """A new scorecard says nothing against a measurement that never asked it."""
    path = results(WITNESSED)
    part = (["reinforce_and_answer"], ["mark, scorecard"])
    monkeypatch.setattr(restamp, "agreement", lambda commit: part)
    restamp.main()
    assert "the same to the last bit" in capsys.readouterr().out
    assert restamp.stale_results() == []
    card = results(["r1lib.scorecard.measure"])
    assert not restamp.is_witnessed(card, part[0])
    assert restamp.is_witnessed(card, ["mark"])
    assert not restamp.is_witnessed(path, [])


def test_a_part_stands_alone_with_what_it_calls_and_imports():
    source = restamp.part_of_witness(["walk"])
    assert "def left" in source and "def short" in source
    assert "def mark" not in source and "scorecard" not in source
    compile(source, "witness", "exec")
