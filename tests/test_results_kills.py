"""Claims about the run of kills: what is compared, what counts as a kill."""

import json
import os

import pytest

from r1lib.recipe import STAGES
from results import kills


def played(monkeypatch, weights, ends, left_out=STAGES[-1]):
    """Let `train` write a run of those weights; it ends itself where `ends` says so.

    A killed one has no `left_out`.
    """
    calls = []

    def train(run, seed, seconds=None):
        calls.append((run.name, seconds))
        ended = seconds is None or ends(len(calls))
        for stage in STAGES:
            if stage == left_out and not ended:
                continue
            (run / stage).mkdir(parents=True, exist_ok=True)
            content = weights if run.name.startswith("killed") else b"weights"
            (run / stage / "model.safetensors").write_bytes(content)
            (run / stage / "README.md").write_text(run.name)  # not compared
            (run / f"{stage}.json").write_text("{}")
        told = {"zero": {"pass@1": 0.5, "minutes": len(calls)}}
        (run / "results.json").write_text(json.dumps({"stages": told}))
        return ended

    monkeypatch.setattr(kills, "train", train)
    places = {place: 2.0 + i for i, place in enumerate((*STAGES, kills.THE_END))}
    monkeypatch.setattr(kills, "clock", lambda run, began: places)
    return calls


def test_all_kills_are_spent_and_every_run_is_finished(monkeypatch, tmp_path):
    calls = played(monkeypatch, b"weights", lambda call: call == 4)
    found = kills.unit(tmp_path, 0, kills=5)["resume"]
    assert [kill["run"] for kill in found["kills"]] == [0, 0, 1, 1, 1]
    assert found["runs"] == 2 and found["files"] == len(STAGES)
    assert [name for name, _ in calls][-1] == "killed-1" and calls[-1][1] is None
    first, *more = [seconds for _, seconds in calls[1:-1]]
    assert 2 < first < 2 + len(STAGES)  # after the imports, in any stage
    assert all(2 < seconds < 3 for seconds in more[:2])  # only distill was left


def test_the_clock_of_a_run_is_that_of_its_files(tmp_path):
    for at, name in enumerate(("settings", *STAGES)):
        (tmp_path / f"{name}.json").write_text("{}")
        os.utime(tmp_path / f"{name}.json", (0, 100 + at))
    found = kills.clock(tmp_path, 90)
    assert found["base"] == 10 and found["zero"] == 11
    assert found[kills.THE_END] == 10 + len(STAGES)


def test_a_run_whose_stages_are_there_is_killed_once_at_most(monkeypatch, tmp_path):
    calls = played(monkeypatch, b"weights", lambda call: False, left_out=None)
    found = kills.unit(tmp_path, 0, kills=2)["resume"]
    assert [kill["run"] for kill in found["kills"]] == [0, 1] and found["runs"] == 2
    assert {kill["stage"] for kill in found["kills"]} == {kills.THE_END}
    assert [seconds is None for _, seconds in calls] == [True, False, True, False, True]


def test_a_run_that_ends_otherwise_is_noticed(monkeypatch, tmp_path):
    played(monkeypatch, b"others", lambda call: False)
    with pytest.raises(ValueError, match="other numbers"):
        kills.unit(tmp_path, 0, kills=2)


def test_clocks_do_not_count_and_numbers_do():
    one = {"zero": {"minutes": 1.0, "last": [{"seconds": 2, "loss": 0.5}]}}
    two = {"zero": {"minutes": 9.0, "last": [{"seconds": 7, "loss": 0.5}]}}
    assert kills.timeless(one) == kills.timeless(two)
    two["zero"]["last"][0]["loss"] = 0.4
    assert kills.timeless(one) != kills.timeless(two)
