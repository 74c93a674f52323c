"""Claims about the script of P8's schedule: what pays when, and what it starts from."""

import pytest

from r1lib import pipeline, recipe, runs
from r1lib.tasks import LEVELS
from results import schedule

HOW = recipe.settings("smoke")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    for stage in recipe.made_from("r1")[:-1]:
        for _ in pipeline.run(stage, folder, HOW):
            pass
    return folder


def test_preferences_pay_from_the_first_step(run, tmp_path):
    found = schedule.unit(run, tmp_path / "always", HOW, problems=2, samples=1)
    steps = [point for point in found["history"] if point["step"] > 0]
    assert len(steps) == HOW.last.rl.steps and all("liked" in p for p in steps)
    assert found["settings"]["preference_from"] == 0 < HOW.last.preference_from
    assert set(found["P8"]) == set(LEVELS)
    for stage in ("dev3", "helpful", "harmless"):
        assert found["weights"][stage] == runs.record(run, stage)["sha256"]
    assert not (run / "r1").exists()


def test_a_finished_unit_is_not_trained_again(run, tmp_path):
    folder = tmp_path / "always"
    first = schedule.unit(run, folder, HOW, problems=2, samples=1)
    again = schedule.unit(run, folder, HOW, problems=2, samples=1)
    assert first["weights"] == again["weights"] and first["P8"] == again["P8"]
