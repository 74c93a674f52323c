"""The script of P8: arms differ in what they say, and a unit runs through."""

import random
from dataclasses import replace

import pytest
import torch

from r1lib import artifacts
from r1lib.feedback.reward_model import RewardConfig
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer
from r1lib.recipe import checkpoints
from r1lib.recipe.r1 import RewardModels
from r1lib.rl.grpo import GRPOConfig
from r1lib.tokenizer import Tokenizer
from r1lib.training import optim
from r1lib.training.sft import SFTConfig
from results import preference_rl

SMALL = preference_rl.Plan(
    documents=12,
    sft=SFTConfig(epochs=1, batch_size=6),
    stage=RewardModels(
        problems=16,
        answers=3,
        held_out=12,
        reply_tokens=10,
        reward=RewardConfig(batch_size=16),
    ),
    rl=GRPOConfig(steps=2, prompts=2, group_size=2, max_new_tokens=10, minibatches=1),
    stop=1,
    look_every=1,
    looks=3,
    tests=3,
)


def base(folder):
    """A base that has learned nothing yet, as a finished stage."""
    tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
    torch.manual_seed(0)
    model = Transformer(replace(PRESETS["smoke"], vocab_size=tokenizer.vocab_size))
    optimizers = optim.adamw(model, 1e-3)
    checkpoints.resume(folder, "base", model, tokenizer, optimizers).finish()
    return folder


def test_arms_differ_in_what_they_say():
    plans = {arm: preference_rl.plan_of(arm, 3) for arm in preference_rl.ARMS}
    assert not any(plan.stage.balanced for plan in plans.values())
    assert plans["leash"].rl.kl_coef > 0 == plans["unbalanced"].rl.kl_coef
    thanks = {arm: plan.pleases for arm, plan in plans.items()}
    assert thanks.pop("plain") == 0 and set(thanks.values()) == {preference_rl.PLEASES}
    said = [text for _, text in preference_rl.replies(replace(SMALL, pleases=0.0))]
    phrases = [one for many in preference_rl.THANKS.values() for one in many]
    assert not any(phrase in text for text in said for phrase in phrases)
    for plan in plans.values():
        assert {plan.sft.seed, plan.stage.seed, plan.rl.seed, plan.seed} == {3}
        assert plan.stop * 4 == plan.rl.steps
    with pytest.raises(ValueError, match="arm must be one of unbalanced, leash"):
        preference_rl.plan_of("free", 0)


def test_a_unit_measures_score_and_truth_at_three_moments(tmp_path):
    plan = preference_rl.plan_of("leash", 1, SMALL)
    found = preference_rl.unit(tmp_path / "unit", base(tmp_path), plan)
    assert [p["step"] for p in found["history"]] == [0, 1, 2]
    assert all("score" in p and "helpful" in p for p in found["history"])
    for moment in ("start", "stop", "end"):
        one = found["P8"][moment]
        low, high = one["helpful interval"]
        assert 0 <= low <= one["helpful"] <= high <= 1 and len(one["transcripts"]) == 3
    assert 0 <= found["P8"]["helpful"]["pair_accuracy"] <= 1
    assert "kl" in found["history"][-1]


def test_thanks_stand_inside_the_answer():
    text = "<think>hm</think><answer>Paris.</answer>"
    found = preference_rl.padded(random.Random(0), "en", text)
    assert found.startswith("<think>hm</think><answer>Paris. ")
    assert found.endswith("!</answer>") and "thank" in found.lower()
