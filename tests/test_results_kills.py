"""Claims about the run of kills: what is compared, what counts as a kill."""

import json
import os
import random

import pytest

from r1lib.recipe.stages import STAGES
from results import kills

BEGINS = {place: 2.0 + i for i, place in enumerate(kills.PLACES)}


def played(monkeypatch, weights, ends):
    """Let `train` write a run of those weights; it ends itself where `ends` says so."""
    calls = []

    def train(run, seed, stage="", seconds=0.0):
        calls.append((run.name, stage))
        ended = not stage or ends(len(calls))
        for name in STAGES:
            if name == stage and not ended:
                break
            (run / name).mkdir(parents=True, exist_ok=True)
            content = weights if run.name.startswith("killed") else b"weights"
            (run / name / "model.safetensors").write_bytes(content)
            (run / name / "README.md").write_text(run.name)  # not compared
            (run / f"{name}.json").write_text("{}")
        stages = {"zero": {"pass@1": 0.5, "minutes": len(calls)}}
        run.mkdir(exist_ok=True)
        (run / "results.json").write_text(json.dumps({"stages": stages}))
        return ended

    monkeypatch.setattr(kills, "train", train)
    monkeypatch.setattr(kills, "clock", lambda run, began: BEGINS)
    return calls


def test_all_kills_are_spent_and_every_run_is_finished(monkeypatch, tmp_path):
    calls = played(monkeypatch, b"weights", lambda call: call == 4)
    found = kills.unit(tmp_path, 0, kills=12)["resume"]
    assert len(found["kills"]) == 12 and found["runs"] >= 2
    assert calls[0] == ("whole", "")
    assert calls[-1] == (f"killed-{found['runs'] - 1}", "")
    for run in range(found["runs"]):
        mine = [kill["stage"] for kill in found["kills"] if kill["run"] == run]
        assert mine == sorted(set(mine), key=STAGES.index)  # it always goes on
    assert found["files"] == len(STAGES) and found["equal"]


def test_each_stage_has_its_chance_and_a_moment_inside_it():
    rng = random.Random(0)
    drawn = [kills.choose(rng, "base", set(), BEGINS) for _ in range(300)]
    assert {stage for stage, _ in drawn} == set(STAGES)
    for stage, seconds in drawn:
        assert 0 <= seconds - (2.0 if stage == "base" else 0.0) < 1
    late = [kills.choose(rng, "student", {"distill"}, BEGINS) for _ in range(9)]
    assert {stage for stage, _ in late} == {"student"}
    assert kills.choose(rng, "distill", {"distill"}, BEGINS) == ("", 0.0)
    assert kills.choose(rng, kills.THE_END, set(), BEGINS) == ("", 0.0)


def test_the_clock_of_a_run_is_that_of_its_files(tmp_path):
    for at, name in enumerate(("settings", *STAGES)):
        (tmp_path / f"{name}.json").write_text("{}")
        os.utime(tmp_path / f"{name}.json", (0, 100 + at))
    found = kills.clock(tmp_path, 90)
    assert found["base"] == 10 and found["zero"] == 11
    assert found[kills.THE_END] == 10 + len(STAGES)


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
