"""`python r1.py measure`: the units as data, and the loop, on tiny units."""

import json
import os
import shutil
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from results import times, units
from results.units import Unit
from tools import measure, measure_run, provenance

SCRIPT = """
import json, os, signal, sys
from pathlib import Path
name, seed = sys.argv[1:]
path = Path(f"results/data/{name}-{seed}.json")
path.parent.mkdir(parents=True, exist_ok=True)
with open("order.txt", "a") as file:
    file.write(f"{name} {seed}\\n")
if Path("fail").exists():
    print("a long story")
    raise ValueError(Path("fail").read_text())
if Path("kill").exists():
    path.write_text('{"command": "x", "provenance": {"edition": 1}, "part": 1}')
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
if Path("cut").exists():
    path.write_text('{"command":')
else:
    path.write_text(json.dumps({"command": "x", "provenance": {"edition": 1}}))
if name == "early":  # it leaves a stage of a run, too
    Path(f"runs/seed-{seed}/dev1").mkdir(parents=True, exist_ok=True)
    Path(f"runs/seed-{seed}/dev1.json").write_text("{}")
    Path(f"runs/seed-{seed}/settings.json").write_text('{"edition": 1}')
"""


MEASURE = """
import sys
from pathlib import Path
from results import units
from tools import measure, provenance
units.UNITS = {"early": units.Unit("early", "fake.script", "early {seed}")}
provenance.ROOT = Path(sys.argv[1])
measure.main(["early"])
"""


def tiny(name, **more) -> Unit:
    return Unit(name, "fake.script", f"{name} {{seed}}", **more)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A project of two units: `late` reads what `early` leaves in a run."""
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake/script.py").write_text(SCRIPT)
    rows = (tiny("late", reads=("runs/seed-{seed}/dev1",)), tiny("early"))
    monkeypatch.setattr(units, "UNITS", {row.name: row for row in rows})
    monkeypatch.setattr(measure_run, "maker", lambda path: (rows[1], int(path[10])))
    monkeypatch.setattr(measure, "chapters", lambda root: {"late-0": ["09"]})
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    return tmp_path


def order(place) -> list[str]:
    file = place / "order.txt"
    return file.read_text().splitlines() if file.exists() else []


def result(place, name, text=None, edition=1):
    path = place / "results/data" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {"command": "x", "minutes": 3, "provenance": {"edition": edition}}
    path.write_text(json.dumps(whole) if text is None else text)
    return path


# ---- what is there -------------------------------------------------------------------


def test_list_says_what_is_missing_old_or_half_written(place, capsys):
    assert measure.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 7 and "chapter 09" in lines[0]
    assert lines[-1].startswith("edition 1: 0 of 6 are there")
    result(place, "late-0")
    result(place, "late-1", edition=2)
    result(place, "late-2", '{"command":')
    result(place, "early-0", '{"command": "x"}')
    assert measure.main(["--list"]) == 0
    states = [line.split()[:3] for line in capsys.readouterr().out.splitlines()]
    assert states[0] == ["late", "1", "of"] and states[1] == [
        "late",
        "2",
        "half-written",
    ]
    assert states[2] == ["early", "0", "half-written"]
    assert measure.main(["--list", "late", "--seed", "0"]) == 0
    assert "there" in capsys.readouterr().out.splitlines()[0]


def test_a_result_without_an_edition_is_of_the_first(place, monkeypatch):
    path = result(place, "late-0", '{"command": "x", "provenance": {}}')
    name = path.relative_to(place).as_posix()
    assert measure_run.state(name, place) == measure_run.READY
    monkeypatch.setattr(measure_run, "EDITION", 2)
    assert measure_run.state(name, place) == "of edition 1"


def test_a_file_with_rows_of_two_editions_does_not_count(place):
    rows = {"P1": {"provenance": {"edition": 2}}, "command": "x", "provenance": {}}
    result(place, "late-0", json.dumps(rows))
    assert measure_run.state("results/data/late-0.json", place) == "of edition 2"


def test_artifacts_have_an_edition(place, monkeypatch):
    (place / "artifacts/base-tiny").mkdir(parents=True)
    manifest = {"base-tiny": {}, "dev1-tiny": {}}
    (place / "artifacts/manifest.json").write_text(json.dumps(manifest))
    assert measure_run.state("artifacts/base-tiny", place) == ""
    assert measure_run.state("artifacts/dev1-tiny", place) == "missing"
    monkeypatch.setattr(measure_run, "EDITION", 2)
    assert measure_run.state("artifacts/base-tiny", place) == "of edition 1"


def test_minutes_come_from_the_stored_files(place):
    row = tiny("early")
    assert times.minutes(row, 0, place) is None
    result(place, "early-1")
    assert times.minutes(row, 0, place) == 3  # of another seed
    assert times.minutes(row, 1, place) == 3


# ---- measuring -----------------------------------------------------------------------


def test_units_run_in_order_and_what_is_there_is_skipped(place, capsys):
    result(place, "early-2")
    assert measure.main(["--all", "--seed", "0", "--seed", "1"]) == 0
    ran = order(place)
    assert sorted(ran) == ["early 0", "early 1", "late 0", "late 1"]
    for seed in "01":
        assert ran.index(f"early {seed}") < ran.index(f"late {seed}")
    assert measure.main(["late", "--seed", "0"]) == 0
    assert "nothing to measure" in capsys.readouterr().out and order(place) == ran
    assert measure.main(["late", "--seed", "0", "--again"]) == 0
    assert order(place) == [*ran, "late 0"]


def test_names_may_be_the_beginnings_of_names(place):
    assert measure.main(["ear", "--seed", "0"]) == 0
    assert order(place) == ["early 0"]


def test_a_missing_input_is_one_line_that_names_the_unit(place, capsys):
    assert measure.main(["late", "--seed", "1"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and not order(place)
    assert "late 1 reads runs/seed-1/dev1, which is missing" in error
    assert "measure early --seed 1 first" in error
    result(place, "early-1")  # its result is there, and its stage is not
    assert measure.main(["late", "--seed", "1"]) == 1
    assert "measure early --seed 1 --again first" in capsys.readouterr().err


def test_an_input_of_another_edition_is_named(place, capsys, monkeypatch):
    assert measure.main(["early", "--seed", "0"]) == 0
    monkeypatch.setattr(measure_run, "EDITION", 2)
    assert measure.main(["late", "--seed", "0"]) == 1
    error = capsys.readouterr().err
    assert "runs/seed-0/dev1, which is of edition 1: move runs/seed-0 away" in error


def test_a_whole_result_is_not_measured_again_for_another_unit(place, capsys):
    before = result(place, "early-0").read_text()
    assert measure.main(["--all", "--seed", "0"]) == 1
    assert order(place) == [] and "--again first" in capsys.readouterr().err
    assert (place / "results/data/early-0.json").read_text() == before


def test_a_unit_that_fails_is_one_line_and_loses_nothing(place, capsys):
    (place / "fail").write_text("wanted 2, got 3")
    path = result(place, "early-0")
    before = path.read_text()
    assert measure.main(["early", "--again"]) == 1
    error = capsys.readouterr().err.splitlines()
    assert "early 0 failed: ValueError: wanted 2, got 3" in error[0]
    assert len(error) == 4 and error[-1] == "measure: 3 of 3 failed"
    assert path.read_text() == before  # and it counts, as it did
    assert measure_run.state("results/data/early-0.json", place) == ""
    assert len(order(place)) == 3  # one that fails does not stop the others


def test_a_unit_that_leaves_half_a_result_is_named(place, capsys):
    (place / "cut").touch()
    assert measure.main(["early", "--seed", "0"]) == 1
    assert "early-0.json is half-written" in capsys.readouterr().err
    (place / "cut").unlink()
    assert measure.main(["early", "--seed", "0"]) == 0
    assert "half-written: it does not count" in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_what_a_kill_left_does_not_count_and_the_rest_goes_on(place):
    """Both are killed after the unit has written valid JSON that is not all of it."""
    result(place, "early-1")
    (place / "kill").touch()
    killed = subprocess.run([sys.executable, "-c", MEASURE, str(place)])
    assert killed.returncode == -signal.SIGKILL
    assert measure_run.state("results/data/early-0.json", place) == "half-written"
    assert measure_run.state("results/data/early-1.json", place) == ""
    (place / "kill").unlink()
    with open(place / measure_run.NOTES / ".lock") as file:  # until the unit is gone
        while not measure_run.try_lock(file):
            pass
    assert measure.main(["early"]) == 0
    assert order(place) == ["early 0", "early 0", "early 2"]
    assert "part" not in json.loads((place / "results/data/early-0.json").read_text())


def test_two_runs_do_not_interfere(place, capsys):
    with measure_run.alone(place):
        assert measure.main(["early"]) == 1
    assert "another measure is running" in capsys.readouterr().err
    assert order(place) == []


def test_without_room_nothing_begins(place, capsys, monkeypatch):
    free = SimpleNamespace(free=0.2e9)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    assert measure.main(["early"]) == 1
    error = capsys.readouterr().err
    assert "needs 1 GB of disk, and 0.2 GB are free" in error
    assert error.count("\n") == 1 and order(place) == []


def test_a_disk_that_fills_up_stops_the_loop(place, capsys):
    (place / "fail").write_text("[Errno 28] No space left on device")
    assert measure.main(["early"]) == 1
    assert "early 0: the disk is full" in capsys.readouterr().err
    assert order(place) == ["early 0"]
    (place / "fail").unlink()
    assert measure.main(["early", "--seed", "0"]) == 0


@pytest.mark.parametrize(
    "words, said",
    [
        ("erly", "no unit 'erly'; near it: early"),
        ("zzzzzzz", "--list --all names every unit"),
        ("", "wanted the NAME"),
        ("early --all", "got both"),
        ("early --problems 9", "--problems goes with --from-shipped"),
        ("--from-shipped P9", "wanted P1, P5, P6, got 'P9'"),
        ("--from-shipped --all", "--from-shipped takes claims"),
    ],
)
def test_bad_input_is_one_line(place, capsys, words, said):
    assert measure.main(words.split()) == 1
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert order(place) == []


@pytest.mark.parametrize("words", ["early --seed -1", "early --seed x", "--problems 7"])
def test_numbers_that_are_none_are_one_line(place, capsys, words):
    with pytest.raises(SystemExit) as stopped:
        measure.main(words.split())
    assert stopped.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_unit_without_seeds_refuses_another_one(capsys):
    assert measure.main(["agreement", "--seed", "1"]) == 1
    assert "measured for seed 0 only" in capsys.readouterr().err
