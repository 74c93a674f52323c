"""`python r1.py train`: what it writes, and what it says when something is wrong."""

import errno
import json
import os
import re
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_report import Links

from r1lib import files
from r1lib.recipe import checkpoints, pipeline, stages
from r1lib.tokenizer import Tokenizer
from tools import train, train_run
from tools.environment import try_lock

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.usefixtures("one_thread")


def smoke(out, *more):
    return train.main(["--preset", "smoke", "--out", str(out), *more])


@pytest.fixture
def finished(smoke_run, tmp_path):
    """A copy of the smoke run that a test may spoil."""
    return shutil.copytree(smoke_run, tmp_path / "smoke")


@pytest.fixture(scope="module")
def stopped_once(one_thread, tmp_path_factory):
    """A run whose base was stopped at step 50; its last checkpoint is step 40."""
    folder = tmp_path_factory.mktemp("runs") / "stopped"
    steps = pipeline.run("base", folder, stages.settings("smoke"))
    while next(steps)["step"] < 50:
        pass
    steps.close()
    return folder


@pytest.fixture
def stopped(stopped_once, tmp_path):
    """A copy of it that a test may spoil."""
    return shutil.copytree(stopped_once, tmp_path / "stopped")


@pytest.fixture
def error(capsys):
    """The one line on stderr, which is all that may be there."""

    def read():
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1, lines
        assert lines[0].startswith("train: ")
        return lines[0]

    return read


def weights(folder):
    return files.sha256(folder / "base")["model.safetensors"]


# ---- a whole run -------------------------------------------------------------


def test_a_run_leaves_models_results_and_a_report(finished):
    names = {path.name for path in finished.iterdir()} - {".lock"}
    assert names == {
        *(name for stage in stages.STAGES for name in (stage, f"{stage}.json")),
        *("settings.json", "results.json", "report.html", "answers.json"),
    }


def test_the_same_command_again_trains_and_measures_nothing(finished, capsys):
    before = files.read_json(finished / "results.json")
    assert smoke(finished) == 0
    said = capsys.readouterr().out
    for stage in stages.STAGES:
        assert f"{stage}: finished before, skipped" in said
    assert "answering" not in said
    assert files.read_json(finished / "results.json") == before


def test_the_table_has_a_column_for_each_model_and_no_other_stage(finished, capsys):
    assert smoke(finished) == 0
    lines = capsys.readouterr().out.splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("easy / hard "))
    models = [stage.name for stage in stages.RECIPE if stage.leaves == "model"]
    assert lines[head].split("hard")[1].split() == models
    rows = {line.split("  ")[0]: line for line in lines[head + 2 :]}
    assert {"countdown", "readability", "harmless", "training, minutes"} <= set(rows)
    assert re.match(r"countdown +[01]?\.\d\d / [01]?\.\d\d ", rows["countdown"])
    said = next(line for line in lines if "2 samples of each" in line)
    assert re.search(r"a 95% interval is at most 0\.\d\d to either side", said)


def test_a_shipped_stage_has_neither_minutes_nor_curves(finished, capsys):
    total = re.search(r"<b>([0-9.]+)</b> minutes of training", page(finished))
    records = {stage: checkpoints.record(finished, stage) for stage in stages.STAGES}
    for stage, record in records.items():
        record |= {"shipped": f"{stage}-smoke", "history": record["history"][-1:]}
        files.write_text(finished / f"{stage}.json", json.dumps(record))
    assert smoke(finished) == 0
    lines = capsys.readouterr().out.splitlines()
    last = next(line for line in lines if line.startswith("training, minutes"))
    assert last.split()[2:] == ["shipped"] * 8
    assert page(finished).count("<td>shipped</td>") == len(stages.STAGES)
    assert float(total[1]) > 0 and "<b>0.0</b> minutes of training" in page(finished)
    assert "Every skill is measured apart" not in page(finished)


def test_the_curve_of_dev2_counts_right_answers_and_no_sums_of_rewards(finished):
    steps = [
        p for p in checkpoints.record(finished, "dev2")["history"] if p["step"] > 0
    ]
    assert len(steps) == stages.settings("smoke").dev2.steps
    assert [p["accuracy"] for p in steps] == [p["right"] for p in steps]


def page(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


def test_results_say_what_how_and_from_which_weights(finished):
    found = json.loads((finished / "results.json").read_text())
    assert found["settings"]["pretrain"]["steps"] == 60 and found["seed"] == 0
    assert found["command"] == "python r1.py train --preset smoke --seed 0"
    assert set(found["provenance"]["versions"]) == {
        "python",
        "torch",
        "system",
        "threads",
    }
    assert found["provenance"]["weights"].keys() == {"tokenizer"}
    for stage in stages.RECIPE:
        part = found["stages"][stage.name]
        assert part["sha256"] == files.counted(files.sha256(finished / stage.name))
        memory = part["memory_gb"]
        assert part["minutes"] > 0 and (memory is None or 0.05 < memory < 50)
        assert ("test" in part) == ("card" in part) == (stage.leaves == "model")
        if stage.leaves == "model":
            assert part["parameters"] > 10_000 and part["test"]["problems"] == 8


def test_every_model_was_asked_the_same_problems(finished):
    found = files.read_json(finished / "results.json")["stages"]
    asked = [
        [answer["prompt"] for answer in found[stage.name]["answers"]]
        for stage in stages.RECIPE
        if stage.leaves == "model"
    ]
    assert len(asked) == 8 and len(set(asked[0])) == len(train_run.ASKED)
    assert all(prompts == asked[0] for prompts in asked)


def test_one_stage_alone_is_measured_alone(finished, capsys):
    checkpoints.forget(finished, stages.STAGES[1:])
    assert smoke(finished, "--stage", "base") == 0
    found = files.read_json(finished / "results.json")
    assert list(found["stages"]) == ["base"]
    assert "After pre-training" in (finished / "report.html").read_text("utf-8")


def test_devices_are_named_and_the_cpu_is_used(finished, capsys):
    assert smoke(finished) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert re.match(r"devices: cpu \(yes\), .*; training on cpu, \d+ threads", first)


def test_the_report_of_a_run_fetches_and_runs_nothing(finished):
    page = Links((finished / "report.html").read_text("utf-8"))
    assert page.fetched() == []
    assert {"table", "svg", "details", "pre"} <= page.tags


# ---- wrong arguments -----------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stage", "two"], f"one of {', '.join(stages.STAGES)}, got 'two'"),
        (["--from", "two"], f"one of {', '.join(stages.STAGES)}, got 'two'"),
        (["--stage", "", "--fresh"], f"one of {', '.join(stages.STAGES)}, got ''"),
        (["--stage", "r1", "--from", "dev1"], "wanted --stage or --from, got both"),
        (["--preset", "huge"], "preset must be one of tiny, smoke, got 'huge'"),
        (["--seed", "9" * 20], "seed must be a whole number from 0 to 4294967295, got"),
        (["--seed", "-1"], "seed must be a whole number from 0 to 4294967295, got -1"),
        (["--seed", "4294967296", "--fresh"], "got 4294967296"),
        (["--preset", "\x1b[2J" + "x" * 999], "smoke, got '\\x1b[2Jxx"),
        (["--device", "tpu"], "device must be one of cpu, cuda, mps, got 'tpu'"),
        (
            ["--device", "cuda:99"],
            "there is no device cuda:99 on this machine, only cpu",
        ),
    ],
)
def test_a_wrong_argument_is_one_line(tmp_path, error, arguments, words):
    assert train.main(["--out", str(tmp_path / "new"), *arguments]) == 1
    assert words in error()
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "arguments",
    [["--seed", "x"], ["--seed", "1.5"], ["--seed", "9" * 5000], ["--speed"], ["base"]],
)
def test_an_argument_that_cannot_be_read_is_one_line(error, arguments):
    with pytest.raises(SystemExit) as ended:
        train.main(arguments)
    assert ended.value.code == 2
    assert "--help shows all options" in (said := error()) and len(said) < 1100


def test_help_explains_every_option(capsys):
    with pytest.raises(SystemExit) as ended:
        train.main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    known = ("stage", "from", "preset", "out", "seed", "device", "fresh")
    for option in known:
        assert f"--{option}" in text
    assert "Ctrl-C" in text and "report.html" in text
    assert ", ".join(stages.STAGES) in " ".join(text.split())


def test_zero_needs_a_base(tmp_path, error):
    assert smoke(tmp_path / "new", "--stage", "zero") == 1
    assert "no finished base in" in error()


def test_from_a_stage_runs_it_and_all_after_it(finished, capsys):
    checkpoints.forget(finished, ["distill"])
    assert smoke(finished, "--from", "harmless") == 0
    said = capsys.readouterr().out
    done = [stage for stage in stages.STAGES if f"{stage}: finished before" in said]
    assert done == ["harmless", "r1", "student"]
    assert all(checkpoints.is_done(finished, stage) for stage in stages.STAGES)


def test_other_settings_are_refused(finished, error):
    assert smoke(finished, "--seed", "1") == 1
    assert "was begun with pretrain.seed 0, not 1" in error()
    assert smoke(finished) == 0


# ---- damaged files -------------------------------------------------------------


@pytest.mark.parametrize("stage", ["base", "r1", "distill"])
def test_a_cut_model_is_named(finished, error, stage):
    path = finished / stage / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    assert smoke(finished) == 1
    assert re.search(f"{stage}.model.safetensors is damaged", error())


def test_one_changed_bit_of_a_model_is_noticed(finished, error):
    path = finished / "base" / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert smoke(finished) == 1
    assert "model.safetensors is damaged: its sha256" in error()


def test_zero_does_not_start_from_a_damaged_base(finished, error):
    path = finished / "base" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-8])
    assert smoke(finished, "--stage", "zero", "--fresh") == 1
    assert "base" in error() and not (finished / "zero").exists()


def test_the_tokenizer_of_other_weights_is_refused(finished, error):
    path = finished / "base" / "tokenizer.json"
    merges = Tokenizer.load(path).merges
    Tokenizer([*merges[:-1], (9, 9)]).save(path)
    assert smoke(finished) == 1
    assert "tokenizer.json is damaged: its sha256" in error()


def test_a_damaged_checkpoint_leaves_the_one_before(stopped, error):
    path = stopped / "base-work" / "step-000040"
    (path / "training.safetensors").write_bytes(b"cut")
    assert smoke(stopped, "--stage", "base") == 1
    assert "remove the folder step-000040 to go on from step-000020" in error()
    files.remove(path)
    model = stages.settings("smoke")
    assert next(pipeline.run("base", stopped, model))["step"] == 21


# ---- training that goes wrong --------------------------------------------------


def test_a_loss_that_is_not_a_number_stops_the_run(tmp_path, error, monkeypatch):
    settings = stages.SETTINGS["smoke"]
    wild = replace(settings.pretrain, muon_lr=1e30, adamw_lr=1e30)
    monkeypatch.setitem(stages.SETTINGS, "smoke", replace(settings, pretrain=wild))
    assert smoke(tmp_path / "new", "--stage", "base") == 1
    assert "the gradient norm is" in (line := error()) and "training went wrong" in line
    assert not checkpoints.is_done(tmp_path / "new", "base")


def test_a_full_disk_leaves_the_last_checkpoint(stopped, error, monkeypatch):
    before = files.sha256(stopped / "base-work" / "step-000040")

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert smoke(stopped, "--stage", "base") == 1
    assert "the disk is full; make room" in error()
    monkeypatch.undo()
    left = [path.name for path in (stopped / "base-work").iterdir()]
    assert sorted(left) == ["step-000020", "step-000040"]
    assert files.sha256(stopped / "base-work" / "step-000040") == before


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on_and_nothing_is_lost(
    stopped, smoke_run, capsys, monkeypatch
):
    def interrupted(items, *rest):
        for item in items:
            yield item
            if item["step"] == 43:
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(train_run, "bar", interrupted)
    assert smoke(stopped, "--stage", "base") == 130
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last == "train: stopped; the same command goes on with base from step 40"
    monkeypatch.undo()
    assert smoke(stopped, "--stage", "base") == 0
    assert "base: going on from step-000040" in capsys.readouterr().out
    assert weights(stopped) == weights(smoke_run)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path, error):
    (tmp_path / "file").write_text("in the way")
    assert smoke(tmp_path / "file" / "run") == 1
    assert "file" in error()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="not root")
def test_a_folder_without_the_right_to_write_is_one_line(tmp_path, error):
    (tmp_path / "run").mkdir(mode=0o500)
    assert smoke(tmp_path / "run") == 1
    assert "Permission denied" in error()


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied", "runs/x"),
            "denied: runs/x",
        ),
        (MemoryError(), "not enough memory"),
        (torch.OutOfMemoryError("CUDA out of memory"), "not enough memory"),
    ],
)
def test_other_troubles_of_a_machine_are_explained(problem, words):
    assert words in train.explain(problem)


def test_our_own_mistakes_keep_their_traceback():
    assert train.explain(KeyError("x")) is None


# ---- folders -------------------------------------------------------------------


def test_two_trainings_cannot_share_a_folder(finished, error):
    with open(finished / ".lock", "a+") as lock:
        assert try_lock(lock)
        assert smoke(finished) == 1
    assert "another training is at work in" in error()


@pytest.mark.parametrize("more", [[], ["--fresh"]])
def test_a_folder_of_something_else_is_left_alone(tmp_path, error, more):
    (tmp_path / "thesis.txt").write_text("years of work")
    (tmp_path / "base").mkdir()
    assert smoke(tmp_path, *more) == 1
    assert "is not the folder of a run" in error()
    assert {path.name for path in tmp_path.iterdir()} == {"thesis.txt", "base"}


STRAYS = (".DS_Store", "Thumbs.db", "desktop.ini", ".settings.json.swp", "notes.txt~")


def leave_strays(folder):
    for name in STRAYS:
        (folder / name).write_text("stray")
    (folder / ".ipynb_checkpoints").mkdir()


def test_strays_in_a_run_are_neither_its_files_nor_in_its_way(finished, capsys):
    for path in [finished, *(finished / stage for stage in stages.STAGES)]:
        leave_strays(path)
    assert smoke(finished) == 0
    assert "answering" not in capsys.readouterr().out
    (finished / "base.json").unlink()  # as if it had been stopped just before
    checkpoints.finish(finished, "base", 60, 1.0, [{"step": 60}], None)
    assert not set(checkpoints.record(finished, "base")["sha256"]) & set(STRAYS)


def test_a_folder_of_strays_is_as_good_as_empty(tmp_path):
    leave_strays(tmp_path)
    checkpoints.begin(tmp_path, {"seed": 0})
    assert (tmp_path / ".DS_Store").exists()


def test_a_copy_of_a_checkpoint_is_no_checkpoint(stopped):
    for name in ("step-000040 copy", "step-x", "step-000060.bak"):
        shutil.copytree(
            stopped / "base-work" / "step-000020", stopped / "base-work" / name
        )
    (stopped / "base-work" / "step-000080~").write_text("")
    assert [p.name for p in checkpoints.saved(stopped, "base")] == [
        "step-000020",
        "step-000040",
    ]
    assert train.goes_on(stopped).endswith("goes on with base from step 40")


OTHER = ["[]", "null", "3", '"x"', "{}", "[[{}]]", "true", '{"format": []}']


@pytest.mark.parametrize("text", [*OTHER, '{"history": 1}', '{"sha256": {"a": 1}}'])
def test_a_record_of_another_kind_is_one_line(finished, error, text):
    (finished / "zero.json").write_text(text)
    assert smoke(finished) == 1
    wrong = r"(zero\.json is damaged|zero in .*of another version)"
    assert re.search(f"{wrong}.*make it again with --stage zero --fresh", error())


FIELDS = {
    "sha256": [[], None, {}, "x"],
    "history": [{}, None, [3], [{}], [{"step": "1"}]],
    "seconds": ["1", None, -1, float("nan"), float("inf"), True],
    "steps": [None, 1.5, "2"],
    "memory_gb": ["much", []],
    "made_from": [[], 3, None],
    "format": ["1", 0, 2, None],
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_of_another_kind_is_one_line(smoke_run, tmp_path, name):
    record = checkpoints.record(smoke_run, "zero")
    for value in FIELDS[name]:
        (tmp_path / "zero.json").write_text(json.dumps({**record, name: value}))
        wrong = r"(zero.json is damaged|another version).*again with --stage zero"
        with pytest.raises(ValueError, match=wrong):
            checkpoints.record(tmp_path, "zero")


@pytest.mark.parametrize("text", ["[]", "null", "3", '"x"', "{"])
def test_settings_of_another_kind_are_one_line(finished, error, text):
    (finished / "settings.json").write_text(text)
    for more in ([], ["--stage", "r1", "--fresh"]):
        assert smoke(finished, *more) == 1
        assert "settings.json is damaged" in error()


@pytest.mark.slow
@pytest.mark.parametrize("text", ["[]", "null", "{}", "{", '{"stages": []}'])
def test_results_of_another_kind_are_measured_again(finished, monkeypatch, text):
    known = files.read_json(finished / "results.json")["stages"]

    def tested(stage, *rest):
        return {name: known[stage][name] for name in ("test", "card", "answers")}

    monkeypatch.setattr(train_run, "tested", tested)
    (finished / "results.json").write_text(text)
    assert smoke(finished) == 0
    assert files.read_json(finished / "results.json")["stages"] == known


@pytest.mark.parametrize(
    "value", [None, 3, [], {}, {"test": []}, {"card": {"easy": 1}}]
)
def test_a_measurement_of_another_kind_does_not_count(finished, value):
    found = files.read_json(finished / "results.json")
    assert train_run.is_whole(found["stages"]["base"])
    assert not train_run.is_whole(value)
    for part in ("test", "card", "answers"):
        assert not train_run.is_whole({**found["stages"]["base"], part: value})
    found["stages"]["base"] = value
    (finished / "results.json").write_text(json.dumps(found))
    assert "base" not in train_run.earlier(finished, found)


@pytest.mark.parametrize("text", ["[]", "null", '{"state": {}, "sha256": []}'])
def test_a_checkpoint_of_another_kind_leaves_the_one_before(stopped, error, text):
    (stopped / "base-work" / "step-000040" / "state.json").write_text(text)
    assert smoke(stopped, "--stage", "base") == 1
    assert "state.json is damaged" in (said := error())
    assert "remove the folder step-000040 to go on from step-000020" in said


@pytest.mark.parametrize(
    ("name", "value"),
    [("step", "40"), ("history", 3), ("seconds", -1), ("tokenizer", 0)],
)
def test_a_state_of_another_kind_leaves_the_one_before(stopped, error, name, value):
    path = stopped / "base-work" / "step-000040" / "state.json"
    content = files.read_json(path)
    content["state"][name] = value
    path.write_text(json.dumps(content))
    assert smoke(stopped, "--stage", "base") == 1
    assert "remove the folder step-000040 to go on from step-000020" in error()


@pytest.mark.parametrize(
    "text", ["[]", '{"answers": []}', '{"answers": {"train": [3]}}']
)
def test_kept_answers_of_another_kind_are_one_line(finished, error, text):
    path, content = finished / "answers.json", json.loads(text)
    source = files.read_json(path)["source"]
    path.write_text(json.dumps({"source": source, **content} if content else content))
    checkpoints.forget(finished, ["helpful", "r1"])
    assert smoke(finished) == 1
    assert "answers.json is damaged" in error()


def test_a_missing_input_does_not_fix_the_settings_of_a_folder(tmp_path, error):
    assert smoke(tmp_path / "new", "--stage", "zero") == 1
    assert "no finished base in" in error()
    assert not (tmp_path / "new" / "settings.json").exists()


def test_a_clock_that_is_set_back_gives_no_negative_time(stopped, monkeypatch):
    settings = stages.settings("smoke")
    steps = pipeline.run("base", stopped, settings)
    next(steps)
    monkeypatch.setattr(time, "time", lambda: -1e9)
    monkeypatch.setattr(time, "perf_counter", lambda: -1e9)
    for _ in steps:
        pass
    record = checkpoints.record(stopped, "base")
    assert record["seconds"] >= 0 and all(p["seconds"] >= 0 for p in record["history"])


def names_in(folder):
    return {path.name for path in folder.iterdir()} - {".lock"}


def test_fresh_removes_only_what_a_run_has_written(finished):
    (finished / "notes.txt").write_text("mine")
    train_run.forget(finished, None, stages.settings("smoke"))
    assert names_in(finished) == {"notes.txt"}


@pytest.mark.parametrize(
    ("stage", "gone"),
    [
        ("dev3", ("dev3", "helpful", "harmless", "r1")),
        ("helpful", ("helpful", "r1")),
        ("base", [name for name in stages.STAGES if name != "student"]),
        ("student", ("student", "distill")),
    ],
)
def test_fresh_with_a_stage_removes_it_and_what_was_made_from_it(
    finished, capsys, stage, gone
):
    before = names_in(finished)
    train_run.forget(finished, stage, stages.settings("smoke"))
    written = {name for stage in gone for name in (stage, f"{stage}.json")}
    assert before - names_in(finished) == {*written, "results.json", "report.html"}
    assert capsys.readouterr().out == f"forgotten: {', '.join(gone)}\n"


@pytest.mark.parametrize("other", [["--seed", "1"], ["--preset", "tiny"]])
def test_fresh_with_other_settings_removes_nothing(finished, error, other):
    before = names_in(finished)
    assert smoke(finished, "--stage", "harmless", "--fresh", *other) == 1
    assert "was begun with" in error()
    assert names_in(finished) == before


def test_a_stage_of_another_base_is_refused(finished, error):
    record = checkpoints.record(finished, "zero")
    record["made_from"]["base"]["model.safetensors"] = "0"
    (finished / "zero.json").write_text(json.dumps(record))
    assert smoke(finished) == 1
    assert "zero in" in (line := error()) and "make it again with --stage zero" in line


@pytest.mark.slow
def test_what_was_measured_in_another_way_is_measured_again(finished, monkeypatch):
    asked, path = [], finished / "results.json"
    known = files.read_json(path)["stages"]

    def tested(stage, *rest):
        asked.append(stage)
        return {name: known[stage][name] for name in ("test", "card", "answers")}

    monkeypatch.setattr(train_run, "tested", tested)
    assert smoke(finished) == 0 and asked == []
    found = files.read_json(path)
    found["provenance"]["commit"] = "0" * 12
    path.write_text(json.dumps(found))
    assert smoke(finished) == 0
    assert asked == [s.name for s in stages.RECIPE if s.leaves == "model"]


def test_what_is_measured_is_kept_when_the_next_one_fails(finished, monkeypatch):
    path = finished / "results.json"
    known = files.read_json(path)["stages"]
    path.unlink()

    def tested(stage, *rest):
        if stage == "dev2":
            raise KeyboardInterrupt
        return {name: known[stage][name] for name in ("test", "card", "answers")}

    monkeypatch.setattr(train_run, "tested", tested)
    assert smoke(finished) == 130
    assert list(files.read_json(path)["stages"]) == ["base", "zero", "cold", "dev1"]
