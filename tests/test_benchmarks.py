"""Every row of `python r1.py bench`, small: sides agree, and a wrong one is caught.

No second is looked at. In these tests the sides live in this process; two tests start
real ones.
"""

import argparse
import json
from collections import Counter
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from benchmarks import (
    experts,
    floor,
    growth,
    grpo,
    harness,
    models,
    profile,
    rewards,
    table,
    tokenizer,
    training,
)
from benchmarks import rows as registry
from benchmarks.rows import ROWS
from benchmarks.sides import Here, Process, Side
from r1lib import sandbox
from r1lib.model import counts, moe
from r1lib.model.presets import PRESETS
from r1lib.sandbox import Sandbox
from r1lib.tokenizer import Tokenizer, learn_merges
from tools import bench

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


# ---- the floor -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tiny", "tiny-dense", "student-qwen", "smoke"])
def test_products_are_the_weights_that_a_token_is_multiplied_with(name):
    c = replace(PRESETS[name], n_mtp=0)
    flops = floor.product_flops(floor.forward(c, 400))
    assert flops == pytest.approx(2 * 400 * counts.multiplied_weights(c))
    backward = floor.product_flops(floor.training(c, 400))
    assert backward == pytest.approx(3 * flops)
    single = floor.product_flops(floor.forward(c, 1))  # one token, some experts only
    assert single == pytest.approx(2 * counts.multiplied_weights(c))


def test_a_step_of_training_has_the_flops_that_the_book_counts():
    c = replace(PRESETS["tiny"], n_mtp=0)
    work = floor.training_step(c, 24, 128, 24 * 128)
    flops = floor.product_flops(work.products) + work.flops
    assert flops == pytest.approx(counts.training_flops(c, 24 * 128, 128))


def test_decoding_has_the_flops_that_the_book_counts():
    c = replace(PRESETS["tiny-dense"], n_mtp=0)
    work = floor.decoding(c, 3, 10, 5)
    flops = floor.product_flops(work.products) + work.flops
    one = sum(counts.decode_flops(c, context) for context in range(10, 15))
    assert flops == pytest.approx(3 * one, rel=0.01)  # a token more or less to look at
    assert work.count == 15


def test_the_floor_is_the_larger_of_computing_and_moving():
    work = floor.Work(1, "steps", floor.Counter({(8, 8, 8): 2}), 0.0, 1e9, 4096)
    found = floor.seconds(work, quick=True)
    assert found["seconds"] == max(found["computing"], found["moving"]) > 0
    assert found["flops"] == 2 * 2 * 8**3
    assert floor.seconds(floor.Work(1, "bytes"), quick=True)["seconds"] == 0


# ---- experts, profile, growth ----------------------------------------------------


def test_the_layers_that_are_compared_have_equal_active_flops():
    c = replace(PRESETS["tiny"], n_mtp=0)
    dense = sum(p.numel() for p in experts.dense(c).parameters())
    active = counts.ffn_parameters(c, moe=True, active=True)
    assert dense == active - c.n_routed_experts * (c.d_model + 1)  # without the router


def test_a_profile_has_all_kinds_and_adds_up():
    found = profile.measure(small=True, rounds=1, threads=1)
    for step in found["profile"].values():
        assert tuple(step["shares"]) == profile.KINDS
        assert sum(step["shares"].values()) == pytest.approx(1)
        for kind in ("matrix products", "attention", "optimizer", "overhead"):
            assert step["shares"][kind] > 0
    assert found["profile"]["GRPO step"]["shares"]["sampling"] > 0
    assert "pre-training step" in profile.report(found)


def test_the_profile_puts_the_sampler_back():
    before = profile.sampling.sample_token
    with pytest.raises(ZeroDivisionError), profile.watched_sampling():
        _ = 1 / 0
    assert profile.sampling.sample_token is before


def test_growth_has_a_line_for_each_axis():
    found = growth.measure(small=True, rounds=1, threads=1, start=Here)
    lines = found["growth"]
    assert {line["axis"] for line in lines} == set(growth.AXES)
    for line in lines:
        assert len(line["seconds"]) == len(line["values"]) == len(line["memory_gb"])
        assert isinstance(line["slope of seconds"], float)
    assert len(growth.report(found).splitlines()) == len(lines)


@pytest.mark.parametrize("axis, field", [("width", "d_model"), ("experts", None)])
def test_growth_changes_what_it_says(axis, field):
    for value in growth.AXES[axis]:
        c = growth.config_of(axis, value, small=False)
        assert getattr(c, field or "n_routed_experts") == value
    kept = growth.config_of("context", 64, small=False)
    assert kept == replace(PRESETS["tiny"], vocab_size=kept.vocab_size, n_mtp=0)


# ---- the command and the page ----------------------------------------------------


def run(*arguments):
    return bench.main(list(map(str, arguments)))


def test_an_unknown_name_is_one_line_that_lists_the_names(capsys):
    assert run("nonsense") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "'nonsense'" in said
    assert all(name in said for name in registry.NAMES)


@pytest.mark.parametrize("words", [["--rounds", "0"], ["--runs", "x"], ["--fast"]])
def test_a_wrong_option_is_one_line(words, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(*words)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_list_names_all(capsys):
    assert run("--list") == 0
    listed = [text.split()[0] for text in capsys.readouterr().out.splitlines()]
    assert listed == list(registry.NAMES)


def test_a_word_may_ask_for_several_rows():
    assert registry.chosen("grpo") == ["grpo-dense", "grpo-v3", "grpo-natural"]
    assert registry.chosen("bpe-train") == ["bpe-train"]
    assert registry.chosen(None) == list(registry.NAMES)


def small_file(name, folder):
    """Measure a small row in this process, and write its file as the command does."""
    asked = argparse.Namespace(small=True, rounds=1, runs=1, out=folder)
    assert bench.one(name, asked, 1)
    return json.loads((folder / f"bench-{name}.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_the_command_writes_a_file_with_its_origin(tmp_path):
    """With two real processes."""
    found = small_file("experts", tmp_path)
    assert tuple(found) == (*KEYS, "command", "provenance")
    assert found["command"] == "python -m tools.bench experts"
    assert found["settings"] == {
        "small": True,
        "rounds": 1,
        "runs": 1,
        "threads": 1,
        "tolerance": ROWS["experts"].tolerance,
    }
    cells = table.line("experts", tmp_path)
    assert cells[0] == ROWS["experts"].what and " to " in cells[4]
    assert table.ABSENT in table.line("grpo-dense", tmp_path)


def test_a_failed_row_is_one_line_and_no_file(tmp_path, monkeypatch, capsys):
    def differ(*_, **__):
        raise ValueError("the sides differ in ids")

    monkeypatch.setattr(harness, "measure", differ)
    assert run("training", "--small", "--out", tmp_path) == 1
    said = capsys.readouterr().err.splitlines()
    assert said == [
        f"bench: training-{name}: the sides differ in ids" for name in ("v3", "dense")
    ]
    assert list(tmp_path.iterdir()) == []


def test_small_numbers_are_not_written_beside_the_measured_ones(tmp_path, monkeypatch):
    monkeypatch.setattr("tools.provenance.DATA", tmp_path)
    monkeypatch.setattr(bench, "measured", lambda *_: ({}, "measured"))
    assert run("experts", "--small") == 0
    assert list(tmp_path.iterdir()) == []


def test_the_page_shows_the_table_of_the_files(tmp_path):
    page = table.PAGE.read_text(encoding="utf-8")
    assert table.rewritten(page) == page, "run `python r1.py bench --table`"
    assert len(table.block(tmp_path).splitlines()) == len(ROWS) + 2
    with pytest.raises(ValueError, match="wanted <!-- bench -->"):
        table.rewritten("no marks")
