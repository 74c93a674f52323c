"""`python r1.py bench`: the floor, a profile, growth, the command and its page."""

import argparse
import json
from dataclasses import replace

import pytest
from test_benchmarks import KEYS

from benchmarks import chapters, experts, floor, growth, harness, profile, table
from benchmarks import rows as registry
from benchmarks.rows import ROWS
from benchmarks.sides import Here
from r1lib.model import counts
from r1lib.model.presets import PRESETS
from tools import bench

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
        for kind in ("matrix products", "optimizer", "overhead"):
            assert step["shares"][kind] > 0
    # six new tokens are few: absorbed attention is made of plain products
    assert found["profile"]["pre-training step"]["shares"]["attention"] > 0
    assert found["profile"]["GRPO step"]["shares"]["sampling"] > 0
    assert "pre-training step" in profile.report(found)


def test_the_profile_puts_the_sampler_back():
    before = profile.sampling.sample_token
    with pytest.raises(ZeroDivisionError), profile.watched_sampling():
        _ = 1 / 0
    assert profile.sampling.sample_token is before


@pytest.mark.slow
def test_the_memory_of_a_chapter_is_that_of_its_kernel(tmp_path):
    found = chapters.measure(small=True, rounds=1, threads=1)
    one = found["chapters"]["tiny"]
    assert one["memory_gb"] > 2**28 / 1e9 and one["seconds"] > 0
    assert "tiny" in chapters.report(found)
    broken = tmp_path / "broken.ipynb"
    text = json.dumps(chapters.TINY).replace("bytearray(2**28)", "1 / 0")
    broken.write_text(text, "utf-8")
    with pytest.raises(RuntimeError, match="broken.ipynb does not run"):
        chapters.execute(broken, tmp_path)


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
    assert tuple(found) == (*KEYS, "seed", "command", "provenance")
    assert found["seed"] == 0
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
