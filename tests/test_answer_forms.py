"""Claims about 322 golds: every form is its gold, and no gold is another one."""

import random
from itertools import combinations

import pytest

from r1lib.verifiers import algebra, math_equal
from results.answer_forms import GOLDS, forms

PAIRS = [(a, b) for x, y in combinations(GOLDS, 2) for a, b in ((x, y), (y, x))]


def test_there_are_enough_golds_and_forms():
    rng = random.Random(0)
    assert len(GOLDS) == len(set(GOLDS)) >= 300
    assert sum(len(set(forms(gold, rng))) for gold in GOLDS) > 3000


@pytest.mark.parametrize("part", range(4))
def test_a_right_form_is_never_refused_whichever_is_the_gold(part):
    rng = random.Random(part)
    refused = [
        (gold, form)
        for gold in GOLDS[part::4]
        for form in forms(gold, rng)
        if not (math_equal(gold, form) and math_equal(form, gold))
    ]
    assert refused == []


@pytest.mark.slow
def test_no_pair_of_golds_is_equal_before_algebra(monkeypatch):
    asked = []
    monkeypatch.setattr(algebra, "equal", lambda *pair, patience: asked.append(pair))
    assert [pair for pair in PAIRS if math_equal(*pair)] == []
    assert len(asked) < len(PAIRS) / 3  # most pairs need no algebra


@pytest.mark.slow
def test_no_pair_of_golds_is_equal_for_algebra():
    sample = random.Random(0).sample(PAIRS, 1500)
    assert [pair for pair in sample if math_equal(*pair)] == []
