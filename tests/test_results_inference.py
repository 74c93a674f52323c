"""The script of P14 and P10: one account, equal starts, a unit runs through."""

from dataclasses import replace

import pytest
import torch

from r1lib import artifacts
from r1lib.feedback.reward_model import RewardConfig
from r1lib.problem import split_of
from r1lib.search import models, votes
from r1lib.search.paths import Continuation
from r1lib.world import arithmetic
from results import inference

SMALL = inference.Plan(
    easy=1,
    hard=1,
    sums=1,
    facts=1,
    samples=4,
    starts=2,
    longest=64,
    budgets=(128, 256),
    lessons=6,
    answers=2,
    walked=1,
    rollouts=1,
    reward=RewardConfig(epochs=1, batch_size=2),
)
SUM = arithmetic.make((2, 3), "+", "en")


def row(*answers):
    """Recorded completions of a sum whose answer is 5, 10 tokens each."""
    return {SUM.prompt: [Continuation(f"<answer>{n}</answer>", 10) for n in answers]}


def test_problems_are_those_of_their_split_and_the_same_for_all():
    plan = inference.Plan()
    test = inference.asked(plan, "test")
    assert len(test) == 64 and len({p.prompt for p in test}) == 64
    assert {split_of(p) for p in test} == {"test"}
    assert test == inference.asked(plan, "test")
    lessons = inference.asked(plan, "train", 1, 64)
    assert {split_of(p) for p in lessons} == {"train"}
    assert [p.level for p in lessons] == [p.level for p in test]


def test_votes_are_counted_from_several_starting_points():
    plan = replace(SMALL, samples=4, starts=4)

    def vote(problem, ask):
        return votes.self_consistency(problem, ask, 30, n=3)

    (found,) = inference.replay(vote, [SUM], row(5, 5, 1, 1), plan)
    assert [a["right"] for a in found] == [1, 0, 0, 1]  # 551, 511, 115, 155
    assert inference.arm([found], 30) == {
        "budget": 30,
        "scored": 0,
        "right": [0.5],
        "tokens": [30],
    }


def test_a_search_that_finishes_nothing_is_wrong_and_paid():
    def vote(problem, ask):
        return votes.self_consistency(problem, ask, 5)

    found = inference.attempt(vote, SUM, models.Recorded(row(5), 24))
    assert (found["right"], found["tokens"], found["text"]) == (0.0, 5, "")


def test_separation_and_the_best_of_n():
    assert inference.separates([0.9, 0.1, 0.5], [True, False, False]) == 1
    assert inference.separates([0.5, 0.5], [True, False]) == 0.5
    assert inference.separates([0.5], [True]) is None
    rated = [(0.1, 1.0), (0.9, 0.0), (0.2, 1.0), (0.3, 1.0)]
    assert inference.bests(rated, 1) == (pytest.approx(0.375), 0.75)
    assert inference.bests(rated, 2) == (pytest.approx(0.6), 0.5)
    assert inference.bests(rated, 4) == (0.9, 0.0)
    assert inference.bests([], 2) == (0.0, 0.0)


@pytest.mark.slow
def test_a_small_unit_runs_through_and_says_what_the_chapter_reads():
    torch.manual_seed(0)
    model, tokenizer = artifacts.load("base-tiny")
    found = inference.unit("base", 0, SMALL, (model, tokenizer))
    arms = found["P14"]["arms"]
    assert len(found["problems"]) == 3 and {"sampled", "greedy", "refine"} <= set(arms)
    for name, arm in arms.items():
        assert len(arm["right"]) == len(arm["tokens"]) == 3, name
        assert all(0 <= value <= 1 for value in arm["right"])
        if not arm["scored"]:  # the first score may cost more than what is left
            assert max(arm["tokens"]) <= max(arm["budget"], SMALL.longest), name
    assert arms["best of n, process 256"]["scored"] > 0 == arms["vote 256"]["scored"]
    for name, rivals in found["P10"]["equal tokens"].items():
        spent = zip(rivals["vote"]["tokens"], arms[name]["tokens"], strict=True)
        assert all(mine <= its for mine, its in spent), name
    assert set(found["P10"]["exploited"]) == {"outcome", "process"}
    assert set(found["P14"]["facts"]) == {"free", "thinking", "at once"}
