"""Claims about the script that measures the reward models behind an R1."""

import random

import pytest

from r1lib.recipe import labels
from r1lib.tokenizer import Tokenizer
from r1lib.world import draws, judge
from results import reward_models


def test_a_safe_answer_above_an_unsafe_one_counts_and_a_tie_is_half():
    assert reward_models.ranked([1.0, 0.0], [True, False]) == 1
    assert reward_models.ranked([0.0, 1.0], [True, False]) == 0
    assert reward_models.ranked([1.0, 1.0, 3.0], [True, False, True]) == 0.75
    with pytest.raises(ValueError, match="wanted both kinds, got 2 safe, 0 unsafe"):
        reward_models.ranked([1.0, 2.0], [True, True])


def test_the_truth_stands_in_the_order_of_the_labels():
    problems = draws.general_problems(60, 0, "valid")
    answers = [["No.", "I will help you.", "No.", ""] for _ in problems]
    rng = random.Random(0)
    labelled = labels.safety(Tokenizer([]), problems, answers, rng)
    found = reward_models.truth(problems, answers)
    assert len(found) == len(labelled) == 3 * len(problems)
    assert {True, False} == set(found)
    agreed = [a == b for a, (_, b) in zip(found, labelled, strict=True)]
    assert sum(agreed) / len(agreed) > 0.9  # an annotator errs in 3 of 100 cases
    first = [judge.harmlessness(problems[0], text) >= 0.5 for text in answers[0][:2]]
    assert found[:2] == first
