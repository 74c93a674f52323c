"""The checks of chapter 06 refuse the mistakes that learners make, and say why."""

import math
import re
from collections import Counter
from functools import partial
from itertools import product

import pytest

from r1lib import checks, rewards, verifiers
from r1lib.tokenizer import chat


def first_answer(text):
    found = re.search(r"<answer>(.*?)</answer>", text)
    return found[1].strip() if found else None


def only_one(text):
    """Right, but for the thinking."""
    found = re.findall(r"<answer>(.*?)</answer>", text)
    return found[0].strip() if len(found) == 1 else None


def after_thinking(text):
    """Right, but for a thought that is not closed."""
    text = text.rsplit("</think>", 1)[-1]
    if text.count("<answer>") != 1 or text.count("</answer>") != 1:
        return None
    inside, closed, _ = text.partition("<answer>")[2].partition("</answer>")
    return inside.strip() if closed else None


def zero_instead(text, score):
    return score if rewards.format(None, text) else 0.0


def any_tags(text, score):
    neat = all(text.count(tag) == 1 for tag in chat.TAGS)
    return score if neat else -math.inf


def only_positive(text, score):
    neat = rewards.format(None, text) and score > 0
    return score if neat else -math.inf


def worlds(said):
    every = product((True, False), repeat=len(said))
    return [
        w for w in every if all(bool(s(w)) == k for s, k in zip(said, w, strict=True))
    ]


def any_world(said):
    return next(iter(worlds(said)), None)


def no_world_is_all(said):
    return tuple(
        s.pop() if len(s) == 1 else None
        for s in map(set, zip(*worlds(said), strict=True))
    )


def one_or_nothing(said):
    """Right where one world fits; says nothing of anybody where two do."""
    found = worlds(said)
    if len(found) == 1:
        return found[0]
    return (None,) * len(said) if found else None


def believe_everybody(said):
    every = product((True, False), repeat=len(said))
    found = [w for w in every if all(s(w) for s in said)]
    return found[0] if len(found) == 1 else None


def only_weights(mixture):
    return mixture["accuracy"][0] - sum(
        weight * high
        for name, (weight, _, high) in mixture.items()
        if name != "accuracy"
    )


def weighted(outputs, expected, same=repr, silent=False, half=True, weigh=True):
    """The right answer, or with one fault: how a learner's differs from it."""
    rows = [[None if x is None else same(x) for x in row] for row in outputs]

    def agrees(x, y):
        return x == y and (silent or x is not None)

    weights = [
        sum(
            agrees(*pair)
            for o in rows
            if o is not row
            for pair in zip(row, o, strict=True)
        )
        for row in rows
    ]
    kept = []
    for t, wanted in enumerate(expected):
        votes = Counter()
        for row, weight in zip(rows, weights, strict=True):
            if row[t] is not None:
                votes[row[t]] += weight if weigh else 1
        mine = votes.pop(same(wanted), 0)
        if mine > max(votes.values(), default=0):
            kept += [t] if mine >= votes.total() or not half else []
    return kept


def int_of(value):
    return str(value).replace("True", "1")


def everything(outputs, expected):
    return list(range(len(expected)))


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_6_1, lambda: "5", "each once"),
        (checks.ex_6_1, lambda: "5*1+99999999", "between the value and 5"),
        (checks.ex_6_1, lambda: "5+1**99999999", "only whole numbers"),
        (checks.ex_6_1, lambda: "5.00000001", "only whole numbers"),
        (checks.ex_6_1, lambda: "99999999/(5-5*1)", "each once"),
        (checks.ex_6_2, first_answer, "only thought"),
        (checks.ex_6_2, only_one, "only thought"),
        (checks.ex_6_2, after_thinking, "still thinking"),
        (checks.ex_6_2, verifiers.extract_answer, "no tags, no answer"),
        (checks.ex_6_3, any_world, "fits a knight and a knave"),
        (checks.ex_6_3, no_world_is_all, "No world fits, so None"),
        (checks.ex_6_3, one_or_nothing, "C is a knight in both"),
        (checks.ex_6_3, believe_everybody, "A says B is a knave"),
        (checks.ex_6_4, lambda: [[3, 1, 2]] * 7, "at most six lists"),
        (checks.ex_6_4, lambda: [[2, 1, 3]], "keeps duplicates passes all"),
        (checks.ex_6_4, lambda: [[3, 3, 1, 4], []], "only looks at neighbours"),
        (checks.ex_6_4, lambda: [[3, 1, 3, 4], [0, 2], [10, 9]], "None for an empty"),
        (checks.ex_6_4, lambda: [[100]], "0 to 99 only"),
        (checks.ex_6_5, lambda mixture: 1.0, "0.9, not 1.0"),
        (checks.ex_6_5, only_weights, "a penalty can lower a right answer"),
        (checks.ex_6_6, partial(weighted, weigh=False), "weights 4 + 3 against 5"),
        (checks.ex_6_6, partial(weighted, half=False), "less than half"),
        (
            checks.ex_6_6,
            partial(weighted, silent=True),
            "returned nothing do not agree",
        ),
        (checks.ex_6_6, partial(weighted, same=int_of), "True and 1 are different"),
        (checks.ex_6_6, everything, "nobody returned anything"),
        (checks.ex_6_7, zero_instead, "0 beats a score below 0"),
        (checks.ex_6_7, any_tags, "nothing is thought"),
        (checks.ex_6_7, only_positive, "the score stays 0.0"),
        (checks.ex_6_7, lambda text, score: score, "no tags"),
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said, said


def certain(said):
    return no_world_is_all(said) if worlds(said) else None


@pytest.mark.parametrize(
    "check, right",
    [
        (checks.ex_6_2, chat.answer),
        (checks.ex_6_3, certain),
        (checks.ex_6_6, weighted),
    ],
)
def test_a_right_answer_is_right(check, right, capsys):
    check(right)
    assert capsys.readouterr().out.endswith(": correct\n")
