"""The two arms of P15 differ in the mistakes and in nothing else."""

import random
from dataclasses import replace

import pytest
import small

from r1lib import rewards
from r1lib.problem import problems, split_of
from r1lib.training.sft import Example
from r1lib.world import arithmetic, countdown, rewrite
from results import journey

PLAN = journey.Plan(problems=12, steps=3, tokens=40)
KNOWN = {
    p.prompt: p
    for game in (countdown, arithmetic)
    for p in problems(game.sample, 12, 5, "train")
}
BOTH = {arm: journey.pairs(arm, 5, PLAN) for arm in journey.ARMS}


def test_both_arms_ask_the_same_training_problems():
    assert [p for p, _ in BOTH["journey"]] == [p for p, _ in BOTH["shortcut"]]
    assert {p for p, _ in BOTH["journey"]} == set(KNOWN)
    assert {split_of(p) for p in KNOWN.values()} == {"train"}


@pytest.mark.parametrize("arm", journey.ARMS)
def test_every_trace_is_right_readable_and_of_its_kind(arm):
    for prompt, text in BOTH[arm]:
        assert KNOWN[prompt].check(text)
        assert rewards.language_consistency(KNOWN[prompt], text) == 1
        assert rewrite.notices(text) == (arm == "journey")


def test_a_shortcut_is_what_is_right_of_the_journey():
    for (_, long), (_, short) in zip(*BOTH.values(), strict=True):
        last = short.split("\n")[-2].removeprefix("<think>")
        assert long.split("\n")[-2] == last  # the hit, or the check that agrees
        assert short.rpartition("<answer>")[2] == long.rpartition("<answer>")[2]
        assert len(short) < len(long)


def test_a_journey_holds_one_to_so_many_misses():
    game = countdown.make((3, 7, 8), 35, "en", "(8-3)*7")
    found = {len(journey.journey(random.Random(i), game, 3)) for i in range(40)}
    assert found == {2, 3, 4}


def test_every_step_learns_as_many_tokens_and_all_examples_come_round():
    config = replace(small.DENSE, vocab_size=32)
    rows = [Example([i] * 12, [False, *[True] * 11]) for i in range(5, 15)]
    found = list(journey.train(small.model(config), rows, PLAN, 0))
    assert [m["step"] for m in found] == [1, 2, 3]
    assert [m["tokens"] for m in found] == [44] * 3
    assert sum(m["examples"] for m in found) == 12  # ten, and two of them again


def test_an_unknown_arm_is_refused():
    with pytest.raises(ValueError, match="arm must be one of .*, got 'both'"):
        journey.pairs("both", 0, PLAN)
