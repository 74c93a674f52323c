"""The stages run, stop, are killed, and go on to the very same weights."""

import json
import math
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from kill_and_resume import SMALL, digits, train_stage

from r1lib import artifacts, files, hub, rewards
from r1lib.model.transformer import Transformer
from r1lib.problem import split_of
from r1lib.recipe import checkpoints, pipeline, stages
from r1lib.tokenizer import Tokenizer
from r1lib.traces import tables
from tools import make_tokenizer

HERE = Path(__file__).parent
HOW = stages.settings("smoke")
pytestmark = pytest.mark.usefixtures("one_thread")
FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills need os.fork")


@pytest.fixture(scope="module")
def undisturbed(one_thread, tmp_path_factory):
    """A smoke run from start to end."""
    folder = tmp_path_factory.mktemp("undisturbed")
    for stage in stages.STAGES:
        for _ in train_stage(stage, folder):
            pass
    return folder


def weights(folder):
    return [checkpoints.record(folder, stage)["sha256"] for stage in stages.STAGES]


def numbers(folder, stage):
    """The curve of a stage without what the clock decides."""
    history = checkpoints.record(folder, stage)["history"]
    return [{k: v for k, v in point.items() if "seconds" not in k} for point in history]


def start(*arguments):
    """Run the script of kills."""
    environment = os.environ | {"PYTHONPATH": str(HERE.parent)}
    return subprocess.run(
        [sys.executable, HERE / "kill_and_resume.py", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


# ---- a run -------------------------------------------------------------------


@pytest.mark.slow
def test_a_finished_run_holds_what_its_stages_left_and_nothing_else(undisturbed):
    names = {path.name for path in undisturbed.iterdir()}
    left = {name for stage in stages.STAGES for name in (stage, f"{stage}.json")}
    assert names == {"settings.json", "answers.json", *left}


def test_each_record_says_what_its_stage_was_made_from(undisturbed):
    for stage in stages.RECIPE:
        wanted = {n: checkpoints.record(undisturbed, n)["sha256"] for n in stage.needs}
        assert checkpoints.record(undisturbed, stage.name)["made_from"] == wanted


def test_minutes_of_a_table_count_earlier_starts(tmp_path):
    def sampling():
        yield {"step": 1}
        files.write_text(tmp_path / "cold" / "statistics.json", "{}")

    stopped = pipeline.tabled(tmp_path, "cold", sampling(), 1)
    assert next(stopped) == {"step": 1, "of": 1}
    stopped.close()
    kept = tmp_path / "cold-work" / "seconds.json"
    assert files.read_json(kept, files.NUMBER) > 0
    files.write_text(kept, "600000")
    list(pipeline.tabled(tmp_path, "cold", sampling(), 1))
    assert 600_000 < checkpoints.record(tmp_path, "cold")["seconds"] < 1_200_000


def test_a_table_that_goes_on_counts_its_samples_from_before(tmp_path):
    work = tmp_path / "cold-work"
    work.mkdir()
    rows = ['{"source": "zero"}', '{"correct": true}', '{"correct": false}']
    text = "\n".join([*rows, '{"completion": "\\"correct\\": true", "correct": false}'])
    (work / "zero-logic.jsonl").write_text(f'{text}\n{{"correct": true')  # half a line
    (work / "zero-countdown.jsonl").write_text('{}\n{"correct": true}\n')
    going_on = pipeline.tabled(tmp_path, "cold", iter([{"step": 3}]), 9)
    before = {"step": 0, "samples": 4, "correct": 0.5, "of": 9}
    assert [next(going_on), next(going_on)] == [before, {"step": 3, "of": 9}]


def test_curves_have_a_point_where_they_should(undisturbed):
    base, zero = numbers(undisturbed, "base"), numbers(undisturbed, "zero")
    assert [point["step"] for point in base] == list(range(10, 61, 10))
    assert {"copy", "arithmetic", "verification"} <= set(base[-1]["skills"])
    assert base[-1]["loss"] < base[0]["loss"] - 1
    assert [point["step"] for point in zero] == list(range(7))
    looks = [point["step"] for point in zero if "valid" in point]
    assert looks == [0, 3, 6]


def test_transcripts_show_the_same_problems_at_every_look(undisturbed):
    looks = [p["transcripts"] for p in numbers(undisturbed, "zero") if "valid" in p]
    prompts = [[one["prompt"] for one in look] for look in looks]
    assert prompts[0] == prompts[1] == prompts[2] and len(prompts[0]) == 4
    assert all(isinstance(one["right"], bool) for one in looks[0])


def test_zero_is_trained_from_the_base(undisturbed):
    """Its weights moved, and not far: it did not start anew."""
    base, zero = (
        checkpoints.load(undisturbed, s)[0].state_dict() for s in ("base", "zero")
    )
    moved = [(base[name] - zero[name]).abs().max().item() for name in base]
    assert 0 < max(moved) < 0.05


def test_what_is_measured_was_never_trained_on():
    for split in ("valid", "test"):
        held_out = pipeline.held_out(3, split)
        assert {split_of(problem) for problem in held_out} == {split}
        assert {p.family for p in held_out} == set(pipeline.FAMILIES)


def test_a_finished_model_is_tested_with_intervals(undisturbed):
    model, tokenizer = checkpoints.load(undisturbed, "zero")
    found = pipeline.test(model, tokenizer, HOW, k=2)
    assert found["problems"] == 8 and found["samples"] == 2
    low, high = found["interval"]
    assert 0 <= low <= found["pass@1"] <= high <= 1


def test_a_finished_stage_does_nothing(undisturbed):
    assert list(pipeline.run("base", undisturbed, HOW)) == []


# ---- stopped and killed --------------------------------------------------------


def test_a_stage_that_was_closed_goes_on_to_the_same_weights(undisturbed, tmp_path):
    for stop in (5, 47):
        steps = pipeline.run("base", tmp_path, HOW)
        for metrics in steps:
            if metrics["step"] == stop:
                steps.close()
        assert not checkpoints.is_done(tmp_path, "base")
    rest = [metrics["step"] for metrics in pipeline.run("base", tmp_path, HOW)]
    assert rest == list(range(41, 61))
    assert checkpoints.record(tmp_path, "base")["sha256"] == weights(undisturbed)[0]
    assert numbers(tmp_path, "base") == numbers(undisturbed, "base")


def test_another_input_than_at_the_beginning_is_refused(undisturbed, tmp_path):
    """Of a stage that is finished, and of one that is under way."""
    settings = replace(HOW, zero=replace(HOW.zero, steps=2))
    checkpoints.begin(tmp_path, asdict(settings))
    for name in ("base", "base.json"):
        (tmp_path / name).symlink_to(undisturbed / name)
    words = "zero in .* was not made from the base that is there now: make it again"
    steps = pipeline.run("zero", tmp_path, settings)
    next(steps)
    steps.close()
    other = files.read_json(tmp_path / "base.json") | {"sha256": {"config.json": "0"}}
    (tmp_path / "base.json").unlink()
    files.write_text(tmp_path / "base.json", json.dumps(other))
    with pytest.raises(ValueError, match=words):
        pipeline.run("zero", tmp_path, settings)
    checkpoints.forget(tmp_path, ["zero"])
    hub.save(Transformer(SMALL), tmp_path / "zero", Tokenizer([]))
    checkpoints.finish(tmp_path, "zero", 2, 0.0, [], None)
    with pytest.raises(ValueError, match=words):
        pipeline.run("zero", tmp_path, settings)


def test_a_stage_of_another_version_is_refused(undisturbed, tmp_path):
    folder = shutil.copytree(undisturbed, tmp_path / "run")
    record = files.read_json(folder / "base.json") | {"format": checkpoints.FORMAT + 1}
    files.write_text(folder / "base.json", json.dumps(record))
    checkpoints.forget(folder, ["zero"])
    other = checkpoints.FORMAT + 1
    words = f"of another version: its format is {other}.*--stage base --fresh"
    with pytest.raises(ValueError, match=words):
        list(pipeline.run("zero", folder, HOW))
    assert not (folder / "zero-work").exists()


def test_a_stage_that_says_no_format_is_of_the_first(
    undisturbed, tmp_path, monkeypatch
):
    folder = shutil.copytree(undisturbed, tmp_path / "run")
    record = files.read_json(folder / "base.json")
    del record["format"]
    files.write_text(folder / "base.json", json.dumps(record))
    assert checkpoints.record(folder, "base") == record
    monkeypatch.setattr(checkpoints, "FORMAT", 2)
    with pytest.raises(ValueError, match="its format is 1, this library reads 2"):
        checkpoints.record(folder, "base")


def with_table(undisturbed, folder, change):
    """A run whose student reads a changed table of samples."""
    shutil.copytree(undisturbed, folder)
    rows = change(tables.load(folder / "samples"))
    checkpoints.forget(folder, ["samples", "distill"])
    tables.save(folder / "samples", rows, "changed")
    checkpoints.finish(folder, "samples", 1, 1.0, [], None)
    return folder


def test_a_student_reads_no_text_that_was_not_found_correct(undisturbed, tmp_path):
    def one_wrong(rows):
        right = [row | {"correct": True} for row in rows]
        return [*right[:-1], right[-1] | {"correct": False}]

    folder = with_table(undisturbed, tmp_path / "run", one_wrong)
    strict = replace(HOW, samples=replace(HOW.samples, filters=("correct",)))
    files.write_text(folder / "settings.json", json.dumps(asdict(strict)))
    with pytest.raises(ValueError, match="1 of .* traces were not found correct"):
        list(pipeline.run("distill", folder, strict))


def test_texts_that_are_too_long_for_a_student_are_counted(undisturbed, tmp_path):
    def two_too_long(rows):
        text = rows[0]["completion"] + "1+1=2 " * 500
        return [*rows, *[rows[0] | {"completion": text}] * 2]

    folder = with_table(undisturbed, tmp_path / "run", two_too_long)
    last = list(pipeline.run("distill", folder, HOW))[-1]
    assert (
        last["too_long"]
        == checkpoints.record(folder, "distill")["history"][-1]["too_long"]
    )
    assert last["too_long"] == 2
    same = [
        checkpoints.record(run, "distill")["sha256"] for run in (folder, undisturbed)
    ]
    assert same[0]["model.safetensors"] == same[1]["model.safetensors"]


@pytest.mark.parametrize("stage", ["cold", "helpful"])
def test_one_changed_bit_of_what_a_stage_reads_is_noticed(stage, undisturbed, tmp_path):
    copy = shutil.copytree(undisturbed, tmp_path / "run")
    path = next(iter((copy / stage).glob("*.parquet")), copy / stage / "config.json")
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    reader = {"cold": "dev1", "helpful": "r1"}[stage]
    checkpoints.forget(copy, [reader])
    with pytest.raises(ValueError, match=rf"{path.name} is damaged: its sha256"):
        list(pipeline.run(reader, copy, HOW))


@pytest.mark.slow
@FORKS
def test_a_kill_at_any_call_that_saves_loses_nothing(tmp_path):
    done = start("save", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    calls = int(done.stdout.split()[-2])
    assert calls > 25


@pytest.mark.slow
@FORKS
def test_killed_runs_end_with_the_same_weights(undisturbed, tmp_path):
    done = start("train", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "killed" in done.stdout
    assert weights(tmp_path) == weights(undisturbed), done.stdout
    for stage in stages.STAGES:
        assert numbers(tmp_path, stage) == numbers(undisturbed, stage)


# ---- a reference that follows ----------------------------------------------------

LEASH = stages.RefreshedGRPO(
    steps=8,
    prompts=2,
    group_size=4,
    minibatches=2,
    max_new_tokens=8,
    kl_coef=0.5,
    refresh=3,
)
LEASHED = replace(HOW, dev2=LEASH, rl_save_every=2, look_every=8, looks=1)


def begin_leashed(folder, settings=LEASHED):
    """A run of which only Dev1 is finished, a model of no skill."""
    torch.manual_seed(0)
    checkpoints.begin(folder, asdict(settings))
    hub.save(Transformer(SMALL), folder / "dev1", Tokenizer([]))
    checkpoints.finish(folder, "dev1", 0, 0.0, [], None)


def leashed(folder, settings=LEASHED):
    """RL from it with a reward that is paid now and then, in two parts."""
    parts = {"right": (1.0, digits), "language": (0.3, lambda problem, text: 0.5)}
    reward = rewards.Weighted(parts)
    return pipeline.reinforce(folder, settings, "dev2", pipeline.draw_mixed, reward)


@pytest.fixture(scope="module")
def unstopped(tmp_path_factory):
    """The run from Dev1 without a stop."""
    folder = tmp_path_factory.mktemp("leashed")
    begin_leashed(folder)
    assert [metrics["step"] for metrics in leashed(folder)] == list(range(1, 9))
    return folder


def same_dev2(folder, other):
    one, two = (checkpoints.record(f, "dev2")["sha256"] for f in (folder, other))
    return one == two and numbers(folder, "dev2") == numbers(other, "dev2")


@pytest.mark.parametrize(
    "stops",
    [(2,), (3,), (4,), (5,), (6,), (7,), (1, 3, 4, 7)],
    ids=["before", "at", "just after", "between", "at, saved", "after", "often"],
)
def test_a_run_stopped_around_a_refresh_ends_with_the_same_weights(
    stops, unstopped, tmp_path
):
    begin_leashed(tmp_path)
    for stop in stops:
        steps = leashed(tmp_path)
        for metrics in steps:
            if metrics["step"] == stop:
                steps.close()
        assert not checkpoints.is_done(tmp_path, "dev2")
    rest = [metrics["step"] for metrics in leashed(tmp_path)]
    assert rest[0] == stops[-1] // 2 * 2 + 1, "it begins after the last checkpoint"
    assert same_dev2(tmp_path, unstopped)


@pytest.mark.parametrize("call", range(1, 7))
def test_a_crash_at_each_save_of_reference_or_policy_loses_nothing(
    call, unstopped, tmp_path, monkeypatch
):
    """In order: step 2, reference 3, step 4, reference 6, step 6, step 8."""
    begin_leashed(tmp_path)
    save, names = hub.save_training, []

    def crash(model, optimizers, path, state):
        names.append(path.name)
        if len(names) == call:
            raise KeyboardInterrupt
        return save(model, optimizers, path, state)

    with monkeypatch.context() as patch:
        patch.setattr(hub, "save_training", crash)
        with pytest.raises(KeyboardInterrupt):
            list(leashed(tmp_path))
    order = ("step-2", "ref-3", "step-4", "ref-6", "step-6", "step-8")
    assert [name.replace("00000", "") for name in names] == list(order[:call])
    list(leashed(tmp_path))
    assert same_dev2(tmp_path, unstopped)


def test_the_reference_decides_the_weights(unstopped, tmp_path):
    """Or the tests above would pass with any reference."""
    settings = replace(LEASHED, dev2=replace(LEASH, refresh=100))
    begin_leashed(tmp_path, settings)
    list(leashed(tmp_path, settings))
    assert not same_dev2(tmp_path, unstopped)
    early = [numbers(f, "dev2")[:4] for f in (tmp_path, unstopped)]
    assert early[0] == early[1], "until the first refresh they are one run"


def test_a_finished_run_keeps_no_reference(unstopped):
    names = sorted(path.name for path in unstopped.iterdir())
    assert names == ["dev1", "dev1.json", "dev2", "dev2.json", "settings.json"]


def test_each_part_of_the_reward_is_in_the_history(unstopped):
    for point in numbers(unstopped, "dev2")[1:]:
        assert point["language"] == 0.5 and 0 <= point["right"] <= 1
        assert point["reward"] == pytest.approx(point["right"] + 0.15, abs=1e-5)


# ---- checkpoints ---------------------------------------------------------------


@pytest.fixture
def stage(tmp_path):
    """A stage with a tiny model that was saved at steps 1, 2 and 3."""
    made = checkpoints.Stage(tmp_path, "base", Transformer(SMALL), Tokenizer([]), [])
    for step in (1, 2, 3):
        made.history.append({"step": step})
        made.save(step)
    return made


def again(stage):
    return checkpoints.resume(stage.folder, "base", stage.model, stage.tokenizer, [])


def test_the_last_two_checkpoints_are_kept(stage):
    names = [path.name for path in checkpoints.saved(stage.folder, "base")]
    assert names == ["step-000002", "step-000003"]
    assert again(stage).step == 3


@pytest.mark.parametrize("name", ["training.safetensors", "state.json"])
def test_a_cut_checkpoint_is_named_with_the_way_on(stage, name):
    path = stage.folder / "base-work" / "step-000003"
    content = (path / name).read_bytes()
    (path / name).write_bytes(content[: len(content) // 2])
    words = f"{name} is damaged.*remove the folder step-000003 to go on from step-0+2"
    with pytest.raises(ValueError, match=words):
        again(stage)
    files.remove(path)
    assert again(stage).step == 2


def test_one_changed_bit_in_a_checkpoint_is_noticed(stage):
    path = stage.folder / "base-work" / "step-000003" / "training.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="training.safetensors is damaged"):
        again(stage)


def test_a_checkpoint_of_another_tokenizer_is_refused(stage):
    other = Tokenizer([(9, 10)])
    with pytest.raises(ValueError, match="another tokenizer"):
        checkpoints.resume(stage.folder, "base", stage.model, other, [])


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_weights_that_are_not_finite_never_replace_good_ones(stage, bad):
    with torch.no_grad():
        stage.model.norm.weight[0] = bad
    with pytest.raises(FloatingPointError, match="not finite after step 4"):
        stage.save(4)
    assert checkpoints.saved(stage.folder, "base")[-1].name == "step-000003"


def test_equal_models_are_equal_files(stage, tmp_path):
    for name in ("one", "two"):
        hub.save(stage.model, tmp_path / name, stage.tokenizer)
    assert files.sha256(tmp_path / "one") == files.sha256(tmp_path / "two")


# ---- folders and settings ------------------------------------------------------


def test_other_settings_are_refused_by_name(tmp_path):
    checkpoints.begin(tmp_path, {"lr": 1, "model": {"layers": 2}})
    checkpoints.begin(tmp_path, {"lr": 1, "model": {"layers": 2}})
    with pytest.raises(ValueError, match="begun with model.layers 2, not 3; choose"):
        checkpoints.begin(tmp_path, {"lr": 1, "model": {"layers": 3}})


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match="holds other things, such as 'thesis.txt'"):
        checkpoints.begin(tmp_path, {})
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_leftovers_of_a_kill_are_cleared(tmp_path):
    checkpoints.begin(tmp_path, {})
    (tmp_path / ".base.old").mkdir()
    (tmp_path / ".zero.tmp").mkdir()
    (tmp_path / "base-work" / ".step-000004.tmp").mkdir(parents=True)
    checkpoints.begin(tmp_path, {})
    assert (tmp_path / "base").is_dir() and not (tmp_path / ".base.old").exists()
    assert not (tmp_path / ".zero.tmp").exists()
    assert list((tmp_path / "base-work").iterdir()) == []


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda out: pipeline.run("two", out, HOW), "stage must be one of base, zero"),
        (
            lambda out: stages.settings("huge"),
            "preset must be one of tiny, smoke",
        ),
        (
            lambda out: next(pipeline.run("zero", out, HOW)),
            "no finished base in .*--preset smoke --seed 0 --out .* --stage base`",
        ),
        (lambda out: replace(HOW, save_every=15), "must be a multiple of point_every"),
    ],
)
def test_a_mistake_is_named(tmp_path, call, words):
    with pytest.raises(ValueError, match=words):
        call(tmp_path)


# ---- the tokenizer -------------------------------------------------------------


def test_the_committed_tokenizer_can_be_made_again():
    made = Tokenizer.train(make_tokenizer.training_texts(), make_tokenizer.VOCABULARY)
    make_tokenizer.check(made)
    kept = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
    assert made.merges == kept.merges


def test_a_tokenizer_that_cuts_numbers_is_refused():
    with pytest.raises(ValueError, match="wanted one token each, got more for 10, 11"):
        make_tokenizer.check(Tokenizer([]))
