"""A progress bar says how long the rest takes, not how long getting ready took."""

import pytest

from r1lib import progress


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
