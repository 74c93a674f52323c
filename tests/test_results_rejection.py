"""The script of P7: every arm runs through, and the arms differ only in their data."""

from collections import Counter
from dataclasses import replace

import pytest
import torch

from r1lib import artifacts
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer
from r1lib.problem import Problem
from r1lib.recipe import rejection
from r1lib.tokenizer import Tokenizer
from r1lib.traces import tables
from r1lib.training.sft import SFTConfig
from results import rejection as script

TOKENIZER = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
SMALL = script.Plan(
    sizes=replace(rejection.SIZES["smoke"], max_new_tokens=6, most_tokens=6),
    sft=SFTConfig(batch_size=4),
    tests=1,
    talks=1,
    samples=2,
    shown=1,
)


def model():
    torch.manual_seed(0)
    config = replace(PRESETS["smoke"], vocab_size=TOKENIZER.vocab_size)
    return Transformer(config), TOKENIZER


def made(correct=True, text="<think>2+2=4 yes\n</think><answer>4</answer>", n=0):
    problem = Problem("arithmetic", "easy", "en", f"{n}+2", "", str(n))
    return tables.row(
        problem, text, source="test", seed=0, tokens=9, finished=True, correct=correct
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("p7")
    script.prepare(folder, model(), SMALL, "a test")
    return folder


@pytest.mark.parametrize("arm", ["statistics", "size-4", "repeat-16", "base"])
def test_an_arm_runs_through(folder, arm):
    small = replace(SMALL, sizes=SMALL.sizes)
    if arm == "repeat-16":
        rows, epochs = script.data(arm, folder, TOKENIZER, small)
        whole = tables.load(folder / "samples")
        assert rows == whole[: len(whole) // 16] and epochs == 32
        return
    found = script.unit(arm, folder, model(), model(), small, "a test")["P7"]
    if arm == "statistics":
        filters = found["table"]["filters"]
        assert filters[0]["in"] == found["sampled"]["reasoning"]["rows"]
        kept = sum(f["kept"] for f in found["families"].values())
        last = {f["filter"].split(":")[0]: f["out"] for f in filters}
        assert kept == last["reasoning"] + last["judged"]
        assert set(found["shown"]) == {*small.sizes.filters, "kept"}
    else:
        row = found["test"]["countdown, easy"]
        assert row["right"]["mean"] == 0.0 and row["unfinished"]["mean"] > 0
        low, high = row["readability"]["interval"]
        assert low <= row["readability"]["mean"] <= high
        assert set(found["test"]) >= set(script.TALKS)
    if arm == "size-4":
        fourth = len(tables.load(folder / "samples")) // 4
        assert found["data"]["rows"] == fourth and found["epochs"] == 2
        assert found["steps"] == 2 * -(-fourth // 4)


def test_the_sizes_are_nested(folder):
    small, large = (
        script.data(name, folder, TOKENIZER, SMALL)[0] for name in ("size-4", "size-1")
    )
    assert large[: len(small)] == small and len(small) == len(large) // 4


def test_ablations_have_equally_many_rows_and_the_same_general_ones():
    wrong = "<think>2+2=5 yes\n</think><answer>5</answer>"
    rows = [made(n=n) for n in range(30)] + [
        made(correct=False, text=wrong, n=n) for n in range(30, 60)
    ]
    plan = replace(SMALL, sizes=rejection.SIZES["tiny"], rows=24)
    arms = {
        name: script.ablation(rows, TOKENIZER, out, plan)
        for name, out in script.LEFT_OUT.items()
    }
    talks = {
        name: [r for r in found if r["source"] == rejection.KNOWN]
        for name, found in arms.items()
    }
    assert {len(found) for found in arms.values()} == {32}
    for found in talks.values():
        assert len(found) == 8
        assert Counter(r["prompt"] for r in found) == Counter(
            r["prompt"] for r in talks["every-filter"]
        )
    bad = {name: sum(r["completion"] == wrong for r in f) for name, f in arms.items()}
    assert bad["every-filter"] == 0
    assert bad["no-correct"] > 5 and bad["no-filter"] > 5


def test_too_large_a_plan_takes_what_every_arm_has():
    rows = [made(n=n) for n in range(9)]
    plan = replace(SMALL, sizes=rejection.SIZES["tiny"], rows=1000)
    assert len(script.ablation(rows, TOKENIZER, (), plan)) == 12


def test_an_unknown_arm_is_refused(tmp_path):
    with pytest.raises(ValueError, match="arm must be one of statistics, .*'nothing'"):
        script.unit("nothing", tmp_path, model(), model(), SMALL, "")
