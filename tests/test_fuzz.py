"""2,000 hostile completions for each verifier: no exception, rewards in range."""

import random

import pytest

from r1lib import sandbox
from r1lib.sandbox import Sandbox
from results import fuzz

WHY_NOT = sandbox.missing()
N = 2000
WITHOUT_BOX = fuzz.verifiers_of(None)


@pytest.mark.parametrize("name", WITHOUT_BOX)
def test_hostile_text_never_raises_and_pays_what_it_may(name):
    check, most, every = WITHOUT_BOX[name]
    found = fuzz.fuzz(check, most, N // every, seed=1)
    assert found["completions"] == N // every and found["exceptions"] == []
    assert 0 <= found["lowest"] <= found["highest"] <= most
    assert found["highest"] > 0  # mutated right answers are sometimes still right
    assert found["lowest"] == 0


@pytest.mark.slow
@pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
def test_hostile_programs_never_raise_and_pay_what_they_may():
    with Sandbox() as box:
        check, most, _ = fuzz.verifiers_of(box)["programs: sandbox"]
        found = fuzz.fuzz(check, most, N, seed=1)
    assert found["exceptions"] == [] and found["lowest"] == 0
    assert 0.8 < found["highest"] <= most


def test_an_exception_and_a_reward_out_of_range_are_seen():
    def crash(text):
        raise RecursionError("deep")

    rows = fuzz.fuzz(lambda rng: (fuzz.noise(rng), lambda t: 0.5), 1.0, 5, 0)
    assert rows["exceptions"] == [] and rows["lowest"] == 0.5 == rows["highest"]
    seen = fuzz.fuzz(
        lambda rng: ("x", crash if rng.random() < 0.5 else lambda t: 0.0), 1.0, 50, 0
    )
    assert (
        0 < len(seen["exceptions"]) < 50 and "RecursionError" in seen["exceptions"][0]
    )
    with pytest.raises(ValueError, match="a reward of 1.2"):
        fuzz.fuzz(lambda rng: ("x", lambda t: 1.2), 1.0, 1, 0)


def test_the_texts_are_of_all_kinds():
    rng = random.Random(0)
    texts = [fuzz.noise(rng) for _ in range(400)]
    assert len(set(texts)) > 350
    for sign in ("<answer>", "\\frac", "lambda", "\ud800", "((((("):
        assert any(sign in text for text in texts), sign
    assert max(map(len, texts)) > 3000 and min(map(len, texts)) == 0
    right = "<think>1</think><answer>def solve(xs):\n    return xs</answer>"
    changed = {fuzz.mutated(rng, right) for _ in range(50)}
    assert right in changed and len(changed) > 30
