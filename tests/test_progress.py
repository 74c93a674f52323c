"""A progress bar: running means that a reader knows, and how long the rest takes."""

import pytest

from r1lib import progress
from r1lib.recipe.stages import RECIPE


class Clock:
    """A time that moves only when told to."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now

    time = monotonic = perf_counter


@pytest.fixture
def clock(monkeypatch):
    """Our own clock, and no notebook: one line a minute."""
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    monkeypatch.delitem(progress.sys.modules, "ipykernel", raising=False)
    return clock


def stage(clock, first: int, total: int, ready: float, each: float):
    """Metrics of steps from `first` on: `ready` seconds before, `each` for each."""
    clock.now += ready
    for step in range(first, total + 1):
        clock.now += each
        yield {"step": step, "loss": 1 / step}


def said(capsys) -> list[str]:
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("first", (1, 61))
def test_what_comes_before_the_first_step_foretells_nothing(clock, capsys, first):
    for _ in progress.bar(stage(clock, first, 71, 600, 31), 71, "helpful", ["loss"]):
        pass
    lines = said(capsys)
    at = first + 2  # the first line: more than a minute after the first step came
    wanted = f"step {at} of 71, loss={1 / at:.3g}; {(71 - at) * 31 / 60:.1f} minutes"
    assert wanted in "\n".join(lines[:3])
    assert lines[-1] == (
        f"helpful: step 71 of 71, loss={1 / 71:.3g} in "
        f"{(600 + 31 * (72 - first)) / 60:.1f} minutes"
    )


def test_without_a_number_of_steps_those_that_came_are_all(clock, capsys):
    assert len(list(progress.bar([{"loss": 1.0}] * 40, None, "grpo"))) == 40
    assert said(capsys) == ["grpo: step 40 of 40 in 0 seconds"]


def test_what_is_no_metrics_passes_through_and_is_counted(clock, capsys):
    names = ["base", ("r1", {"step": 9}), ()]
    assert list(progress.bar(names, 3, "exam")) == names
    assert said(capsys) == ["exam: step 3 of 3 in 0 seconds"]


def test_metrics_may_say_how_many_steps_there_are(clock, capsys):
    items = [{"step": 1, "of": 2}, ({"step": 2, "of": 2}, "with a batch")]
    assert list(progress.bar(items, None, "cold")) == items
    assert said(capsys) == ["cold: step 2 of 2 in 0 seconds"]


def losses(values) -> list[dict]:
    return [{"step": step, "loss": value} for step, value in enumerate(values, 1)]


def test_a_running_mean_is_over_the_last_steps_and_no_others(clock, capsys):
    steps = losses([100.0] * 10 + [2.0] * 10 + [4.0] * 10)
    assert list(progress.bar(steps, None, "dev1", ["loss"], over=20)) == steps
    assert said(capsys) == ["dev1: step 30 of 30, loss=3 in 0 seconds"]


def test_a_bar_for_one_step_shows_what_was_measured_last(clock, capsys):
    list(progress.bar(losses([3.0, 1.0]), None, "dev1", ["loss"]))
    assert said(capsys) == ["dev1: step 2 of 2, loss=1 in 0 seconds"]


def test_what_few_steps_measure_is_shown_as_it_was_last():
    means = progress.Means(["valid"], over=20)
    assert means.add(1, {"loss": 1.0}) == {}
    assert means.add(20, {"valid": 0.25}) == {"valid": 0.25}
    assert means.add(60, {"loss": 1.0}) == {"valid": 0.25}
    assert means.add(61, {"valid": 0.75}) == {"valid": 0.75}


def test_a_table_shows_the_share_of_all_samples_so_far(clock, capsys):
    chunks = [(400, 0.5), (400, 0.75), (100, 0.0)]  # and the last one is a small one
    items = [{"samples": n, "correct": right} for n, right in chunks]
    shown = {"correct": "right"}
    list(progress.bar(items, None, "samples", shown, over=None))
    assert said(capsys) == ["samples: step 3 of 3, right=0.556 in 0 seconds"]


def test_a_line_a_minute_has_the_same_means(clock, capsys):
    def slow():
        for step in losses([8.0, 6.0, 4.0, 2.0]):
            clock.now += 40
            yield step

    list(progress.bar(slow(), 4, "dev3", {"loss": "loss"}, over=2))
    assert said(capsys) == [
        "dev3: step 3 of 4, loss=5; 40 seconds to go",
        "dev3: step 4 of 4, loss=3 in 2.7 minutes",
    ]


def test_a_mean_over_no_step_is_an_error():
    with pytest.raises(ValueError, match="over at least 1 step, got 0"):
        progress.Means(["loss"], 0)


@pytest.mark.parametrize("stage", RECIPE, ids=lambda stage: stage.name)
def test_no_bar_shows_a_sum_of_rewards_or_a_word_of_the_code(stage):
    names = list(stage.called.values())
    assert names and {*names} <= {
        *("loss", "right", "held out", "tokens", "in one language", "liked", "safe")
    }
    assert "reward" not in stage.shown
