"""The scripts of P11, spurious rewards and thinking less: small units run through."""

import random
from dataclasses import asdict, replace
from types import SimpleNamespace

import pytest
import small
import torch

from r1lib import artifacts
from r1lib.rl.grpo import GRPOConfig
from r1lib.rl.rollout import Rollout
from r1lib.tokenizer import Tokenizer, chat
from r1lib.world import arithmetic
from results import rl_arms, rl_measure, spurious, thinking_less, variants
from results import variants_table as pages
from results.rl_arms import ARMS

TOKENIZER = Tokenizer([])
TINY = GRPOConfig(steps=2, prompts=4, group_size=4, max_new_tokens=8)
CONFIG = replace(small.DENSE, max_positions=200)


@pytest.fixture
def tiny(monkeypatch):
    """Units so small that each takes a second, on a model of no skill."""
    monkeypatch.setattr(artifacts, "load", lambda _: (small.model(CONFIG), TOKENIZER))
    for module in (rl_measure, rl_arms, spurious.rl_measure):
        monkeypatch.setattr(module, "CONFIG", TINY)
    monkeypatch.setattr(rl_measure, "TESTS", 2)
    monkeypatch.setattr(rl_measure, "SAMPLES", 2)
    monkeypatch.setattr(spurious, "VALID", 2)
    monkeypatch.setattr(rl_arms.rewards, "total", digits)
    return monkeypatch


TOKENIZER = Tokenizer([])


def digits(problem, text):
    """A reward that a model of no skill gets now and then."""
    return sum(sign < "a" for sign in text) / max(1, len(text))


@pytest.mark.parametrize("arm", ARMS)
def test_every_arm_trains_and_is_graded(tiny, arm):
    tiny.setattr(
        rl_arms.Arm, "config", lambda self, seed: replace(TINY, **self.changes)
    )
    found = variants.unit(arm, 0)
    assert found["failed"] is None and found["P11"]["arm"] == arm
    assert found["held"]["policy"] > 0 and found["held"]["optimizer states"] > 0
    last = found["history"][-1]
    assert last["completions"] == 32 and last["tokens"] > 0
    assert any(point.get("grad_norm", 0) > 0 for point in found["history"])
    after = found["P11"]["after"]
    assert len(after["values"]["right"]) == after["all"]["problems"] == 4
    assert set(after) == {"all", "arithmetic", "countdown", "values", "samples"}


def test_an_arm_changes_what_it_says_and_nothing_else():
    plain = asdict(rl_measure.CONFIG)
    for name, arm in ARMS.items():
        found = asdict(arm.config(3))
        changed = {key for key in plain if found[key] != plain[key]}
        assert changed == {"seed", *arm.changes}, name
        each = (found["prompts"], found["group_size"], found["steps"])
        assert each[0] * each[1] * each[2] == 40 * 8 * 16


def test_seconds_samples_and_tokens_add_up():
    batch = small_rollout([2, 3], [0.0, 1.0])
    found = list(rl_measure.followed(iter([({}, batch), ({}, batch), ({}, None)])))
    assert [point["completions"] for point in found] == [2, 4, 4]
    assert [point["tokens"] for point in found] == [5, 10, 10]
    assert found[0]["entropy"] == pytest.approx(0.5) and "entropy" not in found[2]


def small_rollout(lengths: list[int], rewards: list[float]) -> Rollout:
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    logprobs = torch.where(mask, -0.5, -9.0)
    paid, texts = torch.tensor(rewards), ["" for _ in lengths]
    flags = [True for _ in lengths]
    return Rollout(
        mask.long(), mask, logprobs, paid, texts, flags, torch.tensor(lengths)
    )


def test_every_spurious_reward_pays_what_it_says():
    asked = [arithmetic.make((2, 3), "+", "en")] * 4
    said = ["<answer>5</answer>", "<answer>4</answer>", "<answer>4</answer>", "no"]
    assert spurious.true(asked, said) == [1, 0, 0, 0]
    assert spurious.voted(asked, said, 4) == [0, 1, 1, 0]
    assert spurious.voted(asked, said, 2) == [1, 0, 1, 0], "the earlier wins a tie"
    thought = "<think>2+3=5</think><answer>1</answer>"
    assert spurious.formatted(asked[:2], [thought, said[0]]) == [1, 0]
    assert spurious.voted(asked[:2], ["<think>", "<think>"], 2) == [0, 0]
    paid = spurious.coin(asked * 500, said * 500, random.Random(0), 0.2)
    assert sum(paid) / len(paid) == pytest.approx(0.2, abs=0.03)


def test_a_spurious_unit_runs_through(tiny):
    for name in spurious.REWARDS:
        found = spurious.unit(name, 0)
        assert found["spurious"]["reward"] == name and len(found["history"]) == 2
        assert all(0 <= point["right"] <= 1 for point in found["history"])


def test_half_of_the_thoughts_are_emptied():
    thought, bare = "<think>1+1=2\n</think><answer>2</answer>", "<answer>2</answer>"
    rows = [{"completion": thought, "n": i} for i in range(6)]
    rows += [{"completion": bare, "n": 6}]
    found = thinking_less.emptied(rows, random.Random(0))
    texts = [row["completion"] for row in found]
    assert texts.count("<think></think>" + bare) == 4 and texts[6] != bare
    assert texts.count("<think>\n1+1=2\n</think>" + bare) == 3
    assert {chat.thinking(text) for text in texts} == {"", "1+1=2"}
    assert [row["n"] for row in found] == list(range(7))


def test_every_answer_pays_for_its_tokens():
    batch, priced = small_rollout([36, 72, 144], [1.0, 0.0, 1.0]), {}
    for price in (0.0, 2.0):
        taken = thinking_less.Priced(price, 144)
        priced[price] = taken(batch).rewards.tolist()
        assert taken.right == pytest.approx(2 / 3)
    assert priced == {0.0: [1.0, 0.0, 1.0], 2.0: [0.5, -1.0, -1.0]}


def test_a_unit_of_thinking_less_runs_through(tiny):
    tiny.setattr(thinking_less, "CONFIG", TINY)
    tiny.setattr(thinking_less, "PROBLEMS", 2)
    tiny.setattr(thinking_less, "SAMPLES", 2)
    tiny.setattr(thinking_less, "LONGEST", 8)
    tiny.setattr(thinking_less.rewards, "accuracy", digits)
    row = {"completion": "<think>1</think>1", "prompt": "1", "correct": True}
    tiny.setattr(thinking_less.tables, "load", lambda _: [row] * 4)
    for arm in thinking_less.ARMS:
        found = thinking_less.unit(arm, 0)
        after = found["thinking less"]["after"]
        assert set(after) >= {"own", "plain"} and after["own"]["facts"]["problems"] == 2
        assert bool(found["history"]) == (arm != "dev1")


def test_only_missing_units_are_run(monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(rl_measure.provenance, "DATA", tmp_path)
    monkeypatch.setattr(
        rl_measure, "path_of", lambda *unit: tmp_path / "-".join(map(str, unit))
    )
    (tmp_path / "spurious-coin-1").touch()
    monkeypatch.setattr(
        rl_measure, "subprocess", SimpleNamespace(run=lambda c: ran.append(c[2:]))
    )
    rl_measure.run_missing("spurious", ["coin"])
    assert ran == [["results.spurious", "coin", seed] for seed in "02"]


def test_the_page_is_what_the_files_say():
    assert pages.PAGE.read_text(encoding="utf-8") == pages.page()


def test_only_what_has_every_seed_is_on_the_page(tmp_path):
    for seed in (0, 1):
        (tmp_path / f"variants-grpo-{seed}.json").write_text('{"seed": 0}')
    assert pages.load("variants", "grpo", tmp_path) == []
    (tmp_path / "variants-grpo-2.json").write_text('{"seed": 2}')
    assert len(pages.load("variants", "grpo", tmp_path)) == 3


def test_a_difference_is_bold_where_problems_and_seeds_agree():
    def cards(rights):
        mean = [sum(row) / len(row) / 10 for row in rights]
        return [
            {"samples": 10, "values": {"right": r}, "all": {"pass@1": m}}
            for r, m in zip(rights, mean, strict=True)
        ]

    low, high = cards([[1, 2] * 9] * 3), cards([[5, 7] * 9, [6, 7] * 9, [6, 8] * 9])
    noisy = cards([[1, 2] * 9, [1, 3] * 9, [9, 9] * 9])
    assert pages.against(high, low).startswith("**+0.50 [+0.4")
    assert pages.against(noisy, low).startswith("+0.27 [")
    assert pages.against(low, low).startswith("+0.00 [-")
