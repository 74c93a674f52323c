"""Searches side by side find what they find alone, and none waits for ever."""

import threading
from types import SimpleNamespace

import pytest
import small
import torch

from r1lib import search
from r1lib.search import forcing, together, votes
from r1lib.search.ledger import OutOfTokens
from r1lib.search.models import Ask
from r1lib.search.paths import Continuation
from r1lib.tokenizer import Tokenizer
from r1lib.verifiers import extract_answer

TOKENIZER = Tokenizer([])
MODEL = small.model(small.DENSE)


def ask(temperature=0.0, longest=20):
    """A policy of the small model; greedy, so that a batch changes nothing."""
    generator = torch.Generator().manual_seed(0)
    return Ask(MODEL, TOKENIZER, longest, temperature, generator)


def problem(prompt):
    return SimpleNamespace(prompt=prompt, check=bool, ballot=extract_answer)


def length(problem, texts):
    return [float(len(text)) for text in texts], [0] * len(texts)


def test_side_by_side_is_as_alone():
    prompts = [("q", ""), ("longer", "a"), ("x", "")]
    wanted = [[(p, 2, 7, ""), (p, 1, 9, "\n")] for p in prompts]

    def asks(questions):
        return lambda ask: [
            ask([prefix], n, max_new_tokens=most, until=until)
            for prefix, n, most, until in questions
        ]

    # the log-probability is left out: a batch changes its last digit
    for mine, q in zip(
        together.together(ask(), [*map(asks, wanted)]), wanted, strict=True
    ):
        for rows, alone in zip(mine, asks(q)(ask()), strict=True):
            assert [m[:3] for m in rows[0]] == [m[:3] for m in alone[0]]


def test_each_search_keeps_its_own_limit():
    policy = ask(1.0)
    prefixes = [("q", "", 3), ("q", "", 20), ("q", "", 1)]
    rows = policy.batch(prefixes, 4, "")
    for (*_, most), row in zip(prefixes, rows, strict=True):
        for more in row:
            assert 1 <= more.tokens <= most
            assert more.finish == "stop" or more.tokens == most
    long = "x" * small.DENSE.max_positions
    cut = Continuation("", 0, "length")
    assert policy.batch([("q", long, 5)], 2, "") == [[cut, cut]]
    assert policy.batch([("q", "", 0)], 2, "") == [[cut, cut]]
    none, some = policy.batch([("q", "", 0), ("q", "", 3)], 1, "")
    assert none[0].tokens == 0 and some[0].tokens >= 1


def test_the_same_generator_brings_the_same_texts():
    def run():
        return together.together(
            ask(1.0), [lambda a, p=p: a([(p, "")], 3) for p in "abc"]
        )

    assert run() == run()


def test_whole_searches_run_and_may_end_at_different_times():
    def guarded(find):
        def run(policy):
            try:
                return find(policy).tokens
            except OutOfTokens as error:
                return -error.tokens

        return run

    found = together.together(
        ask(1.0),
        [
            guarded(lambda a: votes.self_consistency(problem("q"), a, 90)),
            guarded(lambda a: search.beam(problem("r"), a, length, 300)),
            guarded(lambda a: search.mcts(problem("s"), a, length, 300)),
            guarded(lambda a: forcing.force(problem("t"), a, 90, most=10)),
            lambda a: "asks nothing",
        ],
    )
    assert all(0 < abs(n) <= 300 for n in found[:4])
    assert found[4] == "asks nothing"
    assert together.together(ask(), []) == []


def test_an_error_of_one_ends_all():
    before = threading.active_count()

    def fails(policy):
        policy([("q", "")])
        raise KeyError("mine")

    waits = [lambda a: [a([("q", "")]) for _ in range(9)] for _ in range(3)]
    with pytest.raises(KeyError, match="mine"):
        together.together(ask(), [*waits, fails, *waits])
    assert threading.active_count() == before
