"""The scripts that measure one unit write what the committed files hold."""

import json
import sys

import pytest
import torch

from results import code, experts, scaling, unit
from tools import provenance

RESULTS = provenance.DATA


@pytest.mark.parametrize(
    "script, measures, asked, threads, name",
    [
        (scaling, "unit", "32x2 1 --threads 3", 3, "scaling-32x2-1"),
        (experts, "unit", "no-mtp 2 --threads 3", 3, "experts-no-mtp-2"),
        (code, "unit", "1", 1, "code-1"),
        (code, "race", "2 --race", 1, "code-race-2"),
        (unit, "UNITS", "early 1 --threads 3", 3, "early-1"),
    ],
)
def test_a_script_writes_the_file_that_is_committed(
    script, measures, asked, threads, name, tmp_path, monkeypatch
):
    wanted = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    keys = list(wanted)
    measured = {key: wanted[key] for key in keys[: keys.index("seed")]}
    fake, used = lambda *_: measured, []
    as_table = {"early": fake}
    monkeypatch.setattr(script, measures, as_table if script is unit else fake)
    monkeypatch.setattr(code.sandbox, "missing", lambda: None)
    monkeypatch.setattr(torch, "set_num_threads", used.append)
    monkeypatch.setattr(sys, "argv", ["", *asked.split(), "--out", str(tmp_path)])
    script.main()
    found = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
    assert list(found) == keys and used == [threads]
    for key in set(keys) - {"settings", "provenance"}:  # plans may get new fields
        assert found[key] == wanted[key]
    weights = wanted["provenance"]["weights"]["tokenizer"]
    assert found["provenance"]["weights"] == {"tokenizer": weights}


@pytest.mark.parametrize("script", [scaling, experts, code, unit])
def test_a_wrong_command_line_measures_nothing(script, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["", "nothing", "0"])
    with pytest.raises(SystemExit) as stopped:
        script.main()
    assert stopped.value.code == 2
