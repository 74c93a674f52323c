"""Every row of `python r1.py bench`, small: sides agree, and a wrong one is caught.

No second is looked at. In these tests the sides live in this process; two tests start
real ones.
"""

import json
from collections import Counter
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from benchmarks import (
    grpo,
    harness,
    models,
    rewards,
    tokenizer,
    training,
)
from benchmarks.rows import ROWS
from benchmarks.sides import Here, Process, Side
from r1lib import sandbox
from r1lib.model import moe
from r1lib.sandbox import Sandbox
from r1lib.tokenizer import Tokenizer, learn_merges

pytest.importorskip("trl")
pytest.importorskip("math_verify")
SLOW = ("grpo", "rewards-math")
EACH = [
    pytest.param(name, marks=[pytest.mark.slow] if name.startswith(SLOW) else [])
    for name in ROWS
]
KEYS = ("what", "peer", "goal", "seconds", "ratio", "times_floor", "count", "unit")
KEYS += ("way", "tried", "floor", "memory_gb", "runs", "settings", "load")


def skip_without(row):
    if why_not := row.missing():
        pytest.skip(why_not)


# ---- every row -------------------------------------------------------------------


@pytest.mark.parametrize("name", EACH)
def test_a_small_row_runs_through_and_has_the_form(name):
    row, runs = ROWS[name], 1 if name.startswith(SLOW) else 2
    skip_without(row)
    found = harness.measure(row, small=True, rounds=2, runs=runs, start=Here)
    assert tuple(found) == KEYS
    assert json.loads(json.dumps(found)) == found
    rounds = 1 if row.once else 2
    for run in found["runs"]:
        assert [len(run["seconds"][side]) for side in harness.SIDES] == [rounds] * 2
        assert all(apart <= row.tolerance for apart in run["apart"].values())
    low, high = found["ratio"]["range"]
    assert 0 < low <= found["ratio"]["median"] <= high
    assert len(found["ratio"]["of runs"]) == runs
    assert found["floor"]["seconds"] >= 0
    for side in harness.SIDES:
        tried = found["tried"][side]
        assert not any(isinstance(s, str) for s in tried.values()), tried
        assert not tried or found["way"][side] in tried
    assert name in harness.report(name, found)


def spoiled(small_model):
    """A model whose last norm is a little off."""

    def ours(name, small):
        model = small_model(name, small)
        with torch.no_grad():
            model.norm.weight[0] *= 1.05
        return model

    return ours


def with_a_word_more(learn):
    return lambda words, n: learn(words + Counter({"zzz": 10**6}), n)


def weighed_wrongly(route):
    def routed(*args):
        ids, weights = route(*args)
        return ids, weights * 1.01

    return routed


def make_wrong(name, monkeypatch):
    """Change something small on our side."""
    patch = monkeypatch.setattr
    if name.startswith("grpo"):
        patch(grpo, "CHECK_LR", 1.1 * grpo.CHECK_LR)
    elif name.startswith("training"):
        patch(training, "LR", 1.1 * training.LR)
    elif name.startswith("sampling"):
        patch(models, "ours", spoiled(models.ours))
    elif name == "experts":
        patch(moe, "route", weighed_wrongly(moe.route))
    elif name == "bpe-train":
        learn = "r1lib.tokenizer.learn_merges"
        patch(learn, with_a_word_more(learn_merges))
    elif name == "bpe-train-rust":
        patch(tokenizer, "sizes", lambda _: (20_000, 300))
    elif name == "bpe-encode":
        encode = Tokenizer.encode
        patch(Tokenizer, "encode", lambda self, text: encode(self, text)[:-1])
    elif name == "rewards-programs":
        patch(Sandbox, "run", lambda *_: sandbox.Outcome(0, 1, None, 0.0))
    else:
        assert name == "rewards-math"


@pytest.mark.parametrize("name", EACH)
def test_a_wrong_side_is_caught(name, monkeypatch):
    row = ROWS[name]
    skip_without(row)
    theirs = Here(partial(row.theirs, True), 1)
    wanted = theirs.answer(theirs.ways()[0])
    theirs.close()
    if name == "rewards-math":  # the judge is already part of the row
        row = replace(row, ours=partial(rewards.verdicts, lambda *_: True))
    make_wrong(name, monkeypatch)
    ours = Here(partial(row.ours, True), 1)
    found = ours.answer(ours.ways()[0])
    ours.close()
    with pytest.raises(ValueError, match="no time is worth|the sides differ"):
        harness.check(found, wanted, row.tolerance)


def test_every_goal_row_names_what_it_reads():
    for name, row in ROWS.items():
        assert row.name == name and row.goal > 0 and row.peer
        assert set(row.weights) <= {"tokenizer", *models.TRAINED.values()}


# ---- the check -------------------------------------------------------------------


@pytest.mark.parametrize(
    "ours, theirs, words",
    [
        ({"ids": [1, 2]}, {"ids": [1, 3]}, "differ in ids"),
        ({"ids": [1]}, {"text": [1]}, "wanted the same names"),
        ({}, {}, "wanted the same names"),
        ({"x": np.ones(3)}, {"x": np.ones(2)}, "differ in the shape of x"),
        ({"x": np.ones(3)}, {"x": np.ones(3) * 1.01}, "differ in x by 0.0099"),
        ({"x": np.array([1.0, np.nan])}, {"x": np.ones(2)}, "differ in x by nan"),
    ],
)
def test_answers_that_differ_are_refused(ours, theirs, words):
    with pytest.raises(ValueError, match=words):
        harness.check(ours, theirs, 1e-3)


def test_answers_that_are_close_enough_are_equal():
    answer = {"x": np.array([100.0, 1.0]), "ids": [1]}
    close = {"x": np.array([100.0, 1.05]), "ids": [1]}
    assert harness.check(answer, close, 1e-3) == {"x": pytest.approx(5e-4)}


# ---- sides -----------------------------------------------------------------------


def fails():
    raise ValueError("no such cache")


def three_ways():
    ways = {"slow": lambda: 3.0, "broken": fails, "fast": lambda: 1.0}
    return Side(lambda way: {"way": [way]}, ways)


def one_way():
    return Side(lambda way: {"x": torch.ones(2)}, {"only": lambda: 2.0})


def test_the_fastest_way_takes_part_and_a_broken_one_is_written_down():
    best, tried = harness.fastest(Here(three_ways, 1))
    assert best == "fast"
    assert tried == {"slow": 3.0, "broken": "failed: no such cache", "fast": 1.0}


def test_a_row_whose_ways_are_all_broken_says_so():
    side = Here(lambda: Side(dict, {"a": fails, "b": fails}), 1)
    with pytest.raises(RuntimeError, match="no way works: .*no such cache"):
        harness.fastest(side)


@pytest.mark.slow
def test_a_side_in_a_process_of_its_own_answers_and_ends():
    side = Process(three_ways, 1)
    try:
        assert side.ways() == ["slow", "broken", "fast"]
        assert side.answer("fast") == {"way": ["fast"]}
        assert side.seconds("slow") == 3.0
        with pytest.raises(RuntimeError, match="ValueError: no such cache"):
            side.seconds("broken")
        memory = side.memory()
        assert memory["peak"] is None or 0 < memory["made"] <= memory["peak"] < 100
    finally:
        side.close()
    assert not side.process.is_alive()


@pytest.mark.slow
def test_a_side_that_cannot_be_made_says_why():
    with pytest.raises(RuntimeError, match="ValueError: no such cache"):
        Process(fails, 1)


def test_ratios_are_taken_within_a_round():
    runs = [
        {"seconds": {"ours": [1.0, 10.0], "theirs": [2.0, 30.0]}},
        {"seconds": {"ours": [1.0, 1.0], "theirs": [4.0, 5.0]}},
    ]
    found = harness.summary(runs, {"seconds": 0.5})
    assert found["ratio"]["range"] == [2.0, 5.0]
    assert found["ratio"]["of runs"] == [2.5, 4.5]
    assert found["ratio"]["median"] == 3.5
    assert found["times_floor"] == {"ours": 2.0, "theirs": 9.0}
