"""Claims about the script that puts hard countdown into the cold start."""

import random

import pytest
import small

from r1lib.problem import LEVELS
from r1lib.recipe import checkpoints, stages
from r1lib.traces import tables
from results import hard_start, journey, reach

HOW = stages.settings("smoke")


@pytest.fixture(scope="module")
def run(smoke_run, tmp_path_factory):
    return small.run(smoke_run, tmp_path_factory.mktemp("run") / "smoke", "dev1")


@pytest.fixture
def answered(monkeypatch):
    """Zero answers each problem twice: once rightly, as a script would, once not."""
    rows = []

    def collect(path, model, tokenizer, asked, k, **options):
        rng = random.Random(0)
        for problem in asked:
            lines = journey.shortcut(problem, journey.journey(rng, problem, 1))
            thought = "\n".join(lines)
            right = f"<think>{thought}\n</think><answer>{problem.answer}</answer>"
            kept = {"source": "zero", "seed": 0, "tokens": 30, "finished": True}
            rows.append(tables.row(problem, right, **kept, correct=True))
            rows.append(
                tables.row(problem, "<answer>7</answer>", **kept, correct=False)
            )
        yield {"problems": len(asked), "correct": 0.5}

    monkeypatch.setattr(hard_start, "collect", collect)
    monkeypatch.setattr(hard_start, "read", lambda path: ({}, rows))
    monkeypatch.setattr(reach, "PROBLEMS", 4)
    return rows


def test_right_answers_to_hard_countdown_are_added_and_nothing_else_changes(
    run, answered, tmp_path
):
    folder = tmp_path / "hard-start"
    found = hard_start.unit(run, folder, HOW, 3)
    known, now = (tables.load(place / "cold") for place in (run, folder))
    assert now[: len(known)] == known and found["P6"]["rows added"] == 3
    assert {(row["family"], row["level"]) for row in now[len(known) :]} == {
        ("countdown", "hard")
    }
    assert all(row["correct"] for row in now[len(known) :])
    assert now[-1]["completion"] not in {row["completion"] for row in answered}
    assert set(found["P6"]["dev1"]) == set(found["P6"]["dev2"]) == set(LEVELS)
    assert found["weights"]["base"] == checkpoints.record(run, "base")["sha256"]
    assert not checkpoints.is_done(run, "dev1")


@pytest.mark.slow
def test_a_finished_unit_is_not_trained_again(run, answered, tmp_path):
    folder = tmp_path / "hard-start"
    first = hard_start.unit(run, folder, HOW, 3)
    answered.clear()
    again = hard_start.unit(run, folder, HOW, 3)
    assert first["P6"] == again["P6"] and first["weights"] == again["weights"]
