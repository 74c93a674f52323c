"""Claims about the script of P8's schedule: what pays when, and what it starts from."""

import pytest
import small

from r1lib.problem import LEVELS
from r1lib.recipe import checkpoints, stages
from results import schedule

HOW = stages.settings("smoke")


@pytest.fixture(scope="module")
def run(smoke_run, tmp_path_factory):
    return small.run(smoke_run, tmp_path_factory.mktemp("run") / "smoke", "r1")


@pytest.mark.parametrize(("arm", "begins"), [("always", 0), ("never", "steps")])
@pytest.mark.slow
def test_preferences_pay_from_the_first_step_or_never(run, tmp_path, arm, begins):
    found = schedule.unit(arm, run, tmp_path / arm, HOW, problems=2, samples=1)
    points = [point for point in found["history"] if point["step"] > 0]
    steps = HOW.last.rl.steps
    assert len(points) == steps and 0 < HOW.last.preference_from < steps
    assert [("liked" in point) for point in points] == [arm == "always"] * steps
    wanted = steps if begins == "steps" else begins
    assert found["settings"]["preference_from"] == wanted
    assert set(found["P8"]) == set(LEVELS)
    for stage in ("dev3", "helpful", "harmless"):
        assert found["weights"][stage] == checkpoints.record(run, stage)["sha256"]
    assert not (run / "r1").exists()


@pytest.mark.slow
def test_a_finished_unit_is_not_trained_again(run, tmp_path):
    folder = tmp_path / "never"
    first, again = (
        schedule.unit("never", run, folder, HOW, problems=2, samples=1) for _ in "12"
    )
    assert first["weights"] == again["weights"] and first["P8"] == again["P8"]


def test_an_arm_that_nobody_knows_is_named(run, tmp_path):
    with pytest.raises(ValueError, match="always, never, got 'often'"):
        schedule.unit("often", run, tmp_path, HOW)
