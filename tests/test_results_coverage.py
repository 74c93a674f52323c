"""pass@k for k up to 256: curves, pairs, and one small unit from end to end."""

from itertools import combinations

import pytest

from r1lib.recipe import checkpoints
from results import coverage


def test_a_curve_is_what_all_choices_of_samples_say():
    n, right = 8, [0, 1, 3, 8]
    found = coverage.curve(right, n)
    for k, mean in zip(found["k"], found["mean"], strict=True):
        wins = [
            sum(min(choice) < c for choice in combinations(range(n), k)) for c in right
        ]
        of = len(list(combinations(range(n), k)))
        assert mean == pytest.approx(sum(wins) / of / len(right))
    assert found["k"] == [1, 2, 4, 8]


def test_a_model_that_only_selects_is_ahead_first_and_level_at_the_end():
    base, chosen = [[1] * 64] * 3, [[4] * 64] * 3
    rows = coverage.crossing(base, chosen, n=4)
    assert [row["difference"] for row in rows] == [0.75, 0.5, 0.0]
    assert [row["clear"] for row in rows] == [True, True, False]


def test_counts_of_other_problems_are_refused():
    with pytest.raises(ValueError, match="wanted the same"):
        coverage.crossing([[1, 2]] * 3, [[1]] * 3, n=4)


@pytest.mark.parametrize("name", ["forced", "guess"])
def test_a_unit_is_measured_from_end_to_end(name, monkeypatch, smoke_run):
    monkeypatch.setattr(coverage, "PROBLEMS", 8)
    monkeypatch.setattr(coverage, "SAMPLES", 2)
    monkeypatch.setattr(coverage, "LONGEST", 8)
    found = coverage.unit(name, 0, smoke_run)
    cells = [f"{f} {at}" for f in coverage.FAMILIES for at in coverage.LEVELS]
    assert list(found["P17"]) == cells
    assert all(0 <= c <= 2 for cell in cells for c in found["P17"][cell]["right"])
    assert found["weights"] == checkpoints.record(smoke_run, "base")["sha256"]
