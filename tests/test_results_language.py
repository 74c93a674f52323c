"""The script of P5 trains as the stage does, and its arms differ as they say."""

from dataclasses import asdict, replace

import pytest
import torch

from r1lib import artifacts, hub, rewards
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer
from r1lib.recipe import checkpoints, pipeline, stages
from r1lib.tokenizer import Tokenizer
from r1lib.world import scorecard
from results import language

HOW = stages.settings("smoke")
SIZE = {"prompts": 2, "group_size": 4, "minibatches": 2, "max_new_tokens": 8}
SHORT = replace(HOW.dev2, steps=3, refresh=2, **SIZE)


def make():
    """A model of no skill, with the tokenizer of the book."""
    tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
    torch.manual_seed(0)
    config = replace(PRESETS["smoke"], vocab_size=tokenizer.vocab_size)
    return Transformer(config), tokenizer


@pytest.fixture
def easy_reward(monkeypatch):
    """Parts that a model of no skill gets now and then, so that something moves."""

    def digits(problem, text):
        return sum(sign.isdigit() for sign in text) / max(1, len(text))

    def short(problem, text):
        return 1 / (1 + len(text))

    def parts(config):
        both = {"right": (1.0, digits), "format": (0.1, rewards.format)}
        return rewards.Weighted({**both, "language": (config.language, short)})

    monkeypatch.setattr(pipeline, "in_one_language", parts)


def test_every_arm_changes_what_it_says_and_nothing_else():
    plain = stages.settings("tiny", 3).dev2
    changed = {}
    for arm, wanted in language.ARMS.items():
        found = asdict(replace(plain, **wanted))
        kept = asdict(plain)
        changed[arm] = {name for name in found if found[name] != kept[name]}
        assert found["seed"] == 3
    assert changed == {"with": set(), "without": {"language"}}


def test_the_arm_with_is_the_stage_of_the_recipe(tmp_path, easy_reward):
    """Step by step the same numbers, before and after a refresh."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    settings = replace(HOW, dev2=SHORT, looks=1)
    checkpoints.begin(tmp_path, asdict(settings))
    model, tokenizer = make()
    hub.save(model, tmp_path / "dev1", tokenizer)
    checkpoints.finish(tmp_path, "dev1", 0, 0.0, [], None)
    stage = list(pipeline.dev2(tmp_path, settings))
    mine = list(language.train(*checkpoints.load(tmp_path, "dev1"), SHORT))
    torch.set_num_threads(threads)
    assert len(stage) == len(mine) == 3 and all(m["grad_norm"] > 0 for m in mine)
    kept = language.stage_history(tmp_path)
    assert [point["step"] for point in kept] == [1, 2, 3]
    assert all(set(one) == set(other) for one, other in zip(kept, mine, strict=True))
    names = ("reward", "right", "format", "language", "length", "kl", "grad_norm")
    for one, other in zip(stage, mine, strict=True):
        assert {n: one[n] for n in names} == {n: other[n] for n in names}


def test_only_the_refreshed_reference_is_the_policy_of_the_step_before(easy_reward):
    kl = []
    for refresh in (1, 10):
        config = replace(SHORT, refresh=refresh, minibatches=1)
        kl.append([m["kl"] for m in language.train(*make(), config)])
    assert kl[0] == pytest.approx([0.0, 0.0, 0.0], abs=1e-7)
    assert kl[1][0] == pytest.approx(0.0, abs=1e-7)
    assert kl[1][1] > 1e-6 and kl[1][2] > 1e-6


def test_without_the_language_part_another_policy_is_trained(easy_reward):
    found = []
    for arm in ("with", "without"):
        policy, tokenizer = make()
        config = replace(SHORT, **language.ARMS[arm])
        found.append(list(language.train(policy, tokenizer, config)))
    one, other = found
    assert one[0]["language"] == other[0]["language"], "logged where it pays nothing"
    assert one[0]["reward"] > other[0]["reward"]
    assert one[-1]["grad_norm"] != other[-1]["grad_norm"]


def test_a_card_holds_both_levels_and_the_values_of_every_problem(monkeypatch):
    monkeypatch.setattr(language, "PROBLEMS", 2)
    monkeypatch.setattr(language, "SAMPLES", 2)
    found = language.card(*make(), SHORT)
    assert set(found) == {"easy", "hard"}
    for level in found.values():
        for family in scorecard.REASONING:
            assert len(level["values"][family]) == 2
            assert level["summary"][family]["problems"] == 2
        assert len(level["values"]["mixed"]) == 6
        assert "programs" not in level["values"]
