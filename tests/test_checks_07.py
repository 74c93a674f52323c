"""The checks of chapter 07 refuse the mistakes that learners make, and say why."""

import math
from collections import Counter
from statistics import fmean

import pytest

from r1lib import checks
from r1lib.evaluate import majority
from r1lib.search import votes
from r1lib.search.ledger import Ledger, SearchResult


def bound(children, c, i):
    total, visits = children[i]
    parent = sum(v for _, v in children)
    if not visits:
        return math.inf
    return total / visits + c * math.sqrt(math.log(parent) / visits)


def choose(children, c):
    return max(range(len(children)), key=lambda i: bound(children, c, i))


def last_of_equals(children, c):
    places = range(len(children) - 1, -1, -1)
    return max(places, key=lambda i: bound(children, c, i))


def decided(ballots, none_votes=False, strict=True):
    counts, n = Counter(), len(ballots)
    for k, ballot in enumerate(ballots, 1):
        if ballot is not None or none_votes:
            counts[ballot] += 1
        first, second, *_ = [*sorted(counts.values(), reverse=True), 0, 0]
        if first > second + n - k or (not strict and first == second + n - k):
            return k
    return n


def labels(rollouts):
    soft = [fmean(row) for row in rollouts]
    hard = [float(any(row)) for row in rollouts]
    first = len(hard)
    while first and not hard[first - 1]:
        first -= 1
    return soft, hard, first if first < len(hard) else None


def first_zero(rollouts):
    soft, hard, _ = labels(rollouts)
    return soft, hard, hard.index(0.0) if 0.0 in hard else None


def vote(problem, ask, budget):
    return votes.self_consistency(problem, ask, budget)


def one_answer(problem, ask, budget):
    return votes.self_consistency(problem, ask, budget, n=1)


def half_a_thought(problem, ask, budget):
    row = ask([(problem.prompt, "")], 1, max_new_tokens=budget)[0]
    return SearchResult(row[0].text, majority(["5"]), row[0].tokens)


def spendthrift(problem, ask, budget):
    return Ledger(problem, ask, None, 10 * budget).to_the_end  # returns no result


def too_much(problem, ask, budget):
    return votes.self_consistency(problem, ask, 10 * budget)


RIGHT = {
    "7_1": lambda rows: fmean(float(any(row)) for row in rows),
    "7_2": lambda written, cached: (
        2 * sum(n for _, n in written) + (0 if cached else sum(b for b, _ in written))
    ),
    "7_3": choose,
    "7_4": decided,
    "7_5": labels,
    "7_6": vote,
}
WRONG = [
    ("7_1", lambda rows: fmean(fmean(row) for row in rows), "one right sample"),
    ("7_1", lambda rows: sum(map(any, rows)), "one right sample of two"),
    ("7_2", lambda written, cached: sum(n for _, n in written), "the policy alone"),
    ("7_2", lambda written, cached: 2 * sum(n for _, n in written), "without a cache"),
    ("7_3", last_of_equals, "no visit yet comes first"),
    ("7_3", lambda children, c: 0, "one visit is hardly known"),
    ("7_3", lambda ch, c: max(range(len(ch)), key=lambda i: ch[i][0] / ch[i][1]),
     "hardly known"),
    ("7_4", len, "3 of 5 cannot be reached"),
    ("7_4", lambda b: decided(b, none_votes=True), "None is no vote"),
    ("7_4", lambda b: decided(b, strict=False), "it is never decided"),
    ("7_5", first_zero, "step 1 was bad luck"),
    ("7_5", lambda rollouts: labels(rollouts)[:2], "return (soft labels"),
    ("7_6", one_answer, "look at more than one"),
    ("7_6", half_a_thought, "let `OutOfTokens` through"),
    ("7_6", spendthrift, "return a SearchResult"),
    ("7_6", too_much, "the budget was 10"),
]  # fmt: skip


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_a_right_solution_is_correct(name, capsys):
    getattr(checks, f"ex_{name}")(RIGHT[name])
    assert capsys.readouterr().out == f"Exercise {name.replace('_', '.')}: correct\n"


@pytest.mark.parametrize("name, wrong, reason", WRONG)
def test_a_wrong_one_is_refused_with_its_reason(name, wrong, reason, capsys):
    getattr(checks, f"ex_{name}")(wrong)
    said = capsys.readouterr().out
    assert "not right yet" in said and reason in said, said
