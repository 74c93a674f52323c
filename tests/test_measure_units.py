"""The units of the book as data: their files, their commands, what they read."""

import argparse
import doctest
import importlib
import json
import re
import sys
from collections import Counter

import pytest

from benchmarks import rows
from r1lib.recipe import stages
from results import times, units
from results.units import UNITS, Unit
from tools import measure, measure_run, provenance


def committed() -> dict[str, dict]:
    """Path -> content of the results that some unit should have made."""
    paths = [p for p in provenance.DATA.glob("*.json")]
    mine = [p for p in paths if not p.name.startswith(units.OTHERS)]
    return {f"results/data/{p.name}": json.loads(p.read_text("utf-8")) for p in mine}


def makers() -> dict[str, tuple[Unit, int]]:
    return {u.made(s): (u, s) for u in UNITS.values() for s in u.seeds}


def test_no_two_units_leave_the_same_thing():
    made = Counter(u.made(s) for u in UNITS.values() for s in u.seeds)
    assert max(made.values()) == 1


def test_every_result_is_what_its_unit_says():
    found = makers()
    assert len(committed()) > 200
    for path, content in committed().items():
        unit, seed = found[path]
        assert content["command"] == " ".join(["python -m", *unit.command(seed)])
        claims = {key for key in content if re.fullmatch(r"P\d+", key)}
        assert claims == set(unit.claims), path


def test_units_read_the_weights_that_their_results_name():
    for path, content in committed().items():
        unit, seed = makers()[path]
        tail = f"-tiny-{seed}" if seed else "-tiny"
        read = {  # a stage of a run is called by the name that it is shipped as
            p.rpartition("/")[2] + (tail if p.startswith("runs/") else "")
            for p in unit.needed(seed)
        }
        known = set(content["provenance"]["weights"]) - {"tokenizer"}
        assert known <= read, path


def test_every_result_that_a_chapter_reads_has_a_unit():
    read = set(measure.chapters(provenance.ROOT))
    assert len(read) > 150 and "09" in measure.chapters(provenance.ROOT)["zero-0"]
    timed = {f"bench-{name}" for name in rows.chosen(None)}
    units_of = {f"results/data/{name}.json" for name in read - timed}
    assert units_of <= set(makers())


def test_whatever_is_read_is_made_by_a_unit():
    for unit in UNITS.values():
        for seed in unit.seeds:
            for path in unit.needed(seed):
                maker, of = units.maker(path)
                leaves = maker.made(of)
                assert leaves == path or maker.name in units.RUNS
    assert units.maker("artifacts/tokenizer") is None
    assert units.maker("runs/seed-7/dev1")[1] == 7


def test_every_stage_of_the_recipe_can_be_made():
    for stage in stages.STAGES:
        assert units.maker(f"runs/seed-1/{stage}")[1] == 1
        assert units.maker(f"artifacts/{stage}-tiny-1")[0].name == f"ship-{stage}"


def test_a_plan_begins_with_what_is_read(tmp_path):
    """Where nothing is there, it goes back to the base; what reads comes later."""
    task = measure_run.Task(UNITS["spurious-coin"], 1)
    plan = measure_run.ordered(measure_run.with_inputs([task], tmp_path))
    assert list(map(str, plan)) == ["base 1", "ship-base 1", "spurious-coin 1"]
    assert "measure base --seed 1 first" in measure_run.blocked(task, tmp_path)
    task = measure_run.Task(UNITS["reward-models"], 0)
    plan = measure_run.ordered(measure_run.with_inputs([task], tmp_path))
    made = {"runs/seed-0/base", "runs/seed-0/zero"}  # beside results
    for unit, seed in plan:
        assert {path for path in unit.needed(seed)} <= made
        made.add(unit.made(seed))
    assert len(plan) == 10


class Parsed(Exception):
    pass


@pytest.mark.parametrize("module", sorted({u.module for u in UNITS.values()}))
def test_commands_of_units_parse(module, monkeypatch):
    parse = argparse.ArgumentParser.parse_args

    def stop(self, *arguments, **named):
        parse(self, *arguments, **named)
        raise Parsed

    script = importlib.import_module(module)
    if module == "tools.ship":  # has no parser: a run and stages
        monkeypatch.setattr(script, "ship", lambda run, only: iter(sorted(only)))
    else:
        monkeypatch.setattr(argparse.ArgumentParser, "parse_args", stop)
    for unit in UNITS.values():
        if unit.module == module:
            monkeypatch.setattr(sys, "argv", unit.command(1))
            if module == "tools.ship":
                script.main()
                assert set(sys.argv[2:]) <= set(stages.STAGES)
                continue
            with pytest.raises(Parsed):
                script.main()


def test_the_examples_of_the_table():
    names = ("units", "times", "compare", "from_shipped")
    for name in names:
        failed, tried = doctest.testmod(importlib.import_module(f"results.{name}"))
        assert tried and not failed, name


def test_a_stage_took_what_the_manifest_says():
    dev1 = times.minutes(UNITS["train-dev1"], 0)
    assert dev1 and dev1 != times.minutes(UNITS["train-dev1"], 1)
