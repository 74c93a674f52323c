"""Votes are counted over all groups, and both ways of an easy question are compared."""

from dataclasses import replace

import pytest
import small
import torch

from r1lib.evaluate import Answers
from r1lib.problem import problems
from r1lib.tokenizer import Tokenizer
from r1lib.world import arithmetic, requests, skills
from results import longer


def answers(*rows):
    """Numbers that were answered to sums, in a row for each problem whose gold is 5."""
    asked = [arithmetic.make((2, 3), "+", "en") for _ in rows]
    texts = [[f"<answer>{n}</answer>" for n in row] for row in rows]
    right = torch.tensor([[float(n == 5) for n in row] for row in rows])
    return Answers(asked, texts, right, torch.full(right.shape, 4.0))


def test_a_vote_is_the_mean_over_all_groups():
    found = answers([5, 5, 5, 1], [1, 1, 5, 5], [5, 1, 2, 5])
    assert longer.votes(found, 1) == [0.75, 0.5, 0.5]
    assert longer.votes(found, 2) == [1.0, 0.5, 0.5]  # the earlier wins a tie
    assert longer.votes(found, 4) == skills.majority_right(found) == [1.0, 0.0, 1.0]
    with pytest.raises(ValueError, match="wanted k that divides 4 answers, got 3"):
        longer.votes(found, 3)


def test_a_vote_costs_all_its_tokens(monkeypatch):
    monkeypatch.setattr(longer, "VOTERS", (1, 4))
    row = longer.voted(answers([5, 5, 5, 1], [1, 2, 3, 4]))
    assert row["majority@1"]["mean"] == 0.375 and row["majority@4"]["mean"] == 0.5
    assert row["majority@1"]["gain"]["difference"] == 0
    assert row["majority@4"]["gain"]["difference"] == 0.125
    assert row["majority@4"]["tokens"] == 4 * row["majority@1"]["tokens"] == 16
    assert row["pass@16"]["mean"] == 0.5 and row["problems"] == 2


def test_every_family_is_judged_by_its_own_rule():
    game = arithmetic.make((2, 3), "+", "en")
    (fact,) = problems(requests.SAMPLE["facts"], 1, 0, "test")
    for problem, said in ((game, "5"), (fact, fact.answer)):
        assert problem.check(f"<answer>{said}</answer>")
        assert not problem.check("<answer>maybe</answer>")


@pytest.fixture(scope="module")
def untrained():
    """A model that writes bytes at random, and its tokenizer."""
    return small.model(replace(small.DENSE, max_positions=700)), Tokenizer([])


def test_a_question_is_asked_both_ways(untrained):
    asked = problems(arithmetic.sample, 2, 0, "test")
    for way, prefix in longer.WAYS.items():
        rows, lengths = longer.begun(*untrained, asked, 2, 24, prefix)
        assert [len(row) for row in rows] == [2, 2] and len(lengths) == 4
        assert all(text.startswith(prefix) for row in rows for text in row), way
        assert max(lengths) <= 25
    found = longer.asked_twice(*untrained, asked, 2, 24)
    plain, thinking = found["plain"], found["thinking"]
    assert plain["tokens"] <= 25 and found["problems"] == 2
    assert plain["right"] == thinking["right"] == 0


def test_what_thinking_gains_is_above_zero_where_it_helps(untrained, monkeypatch):
    asked = problems(arithmetic.sample, 2, 0, "test")
    thinks = lambda self, text, box=None: "<think>" in text[:7]  # noqa: E731
    monkeypatch.setattr(type(asked[0]), "check", thinks)
    found = longer.asked_twice(*untrained, asked, 2, 8)
    assert found["thinking"]["right"] == 1 and found["plain"]["right"] == 0
    assert found["gain of thinking"]["difference"] == 1


def test_a_small_unit_runs_through(untrained):
    steps = list(longer.parts(*untrained, 2, 16, 2, 8))
    places = [(what, name) for _, what, name, _ in steps]
    assert [m["step"] for m, *_ in steps] == list(range(1, 11))
    assert places[0] == ("voting", "countdown, easy")
    assert places[-1] == ("overthinking", "arithmetic")
    assert {name for what, name in places if what == "overthinking"} == {*longer.EASY}
