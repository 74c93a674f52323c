"""The checks of chapter 13 refuse the mistakes that learners make, and say why."""

import math

import pytest

from r1lib import checks


def odds(p):
    return math.log(p / (1 - p))


def lead_and_lean(ab, ba):
    return 0.5 * (odds(ab) + odds(1 - ba)), 0.5 * (odds(ab) - odds(1 - ba))


def of_frequencies(ab, ba):
    return (ab - ba) / 2, (ab + ba) / 2


def turned_lead(ab, ba):
    lead, lean = lead_and_lean(ab, ba)
    return -lead, lean


def other_order(ab, ba):
    return lead_and_lean(ab, ba)[::-1]


def not_halved(ab, ba):
    return odds(ab) - odds(ba), odds(ab) + odds(ba)


def plain(chosen, rejected):
    return -math.log(1 / (1 + math.exp(rejected - chosen)))


def without_log1p(chosen, rejected):
    lead = chosen - rejected
    return math.log(1 + math.exp(-abs(lead))) + max(-lead, 0.0)


def turned(chosen, rejected):
    lead = rejected - chosen
    return math.log1p(math.exp(-abs(lead))) + max(-lead, 0.0)


def best_score(scores, truths, n):
    return sum(max(row[:n]) for row in scores) / len(scores)


def best_truth(scores, truths, n):
    return best_score(truths, scores, n)


def best_of(scores, truths, n):
    rows = [
        max(zip(s[:n], t[:n], strict=True), key=lambda pair: pair[0])
        for s, t in zip(scores, truths, strict=True)
    ]
    return sum(true for _, true in rows) / len(rows)


def best_of_all(scores, truths, n):
    return best_of(scores, truths, len(scores[0]))


def all_refusals(cases):
    return sum(refused for _, refused in cases) / len(cases)


def careless(cases):
    fine = [refused for harmful, refused in cases if not harmful]
    return sum(fine) / max(1, len(fine))


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_13_1, lambda p: p / (1 - p), "a lead of 0"),
        (checks.ex_13_1, lambda p: math.log((1 - p) / p), "is ahead"),
        (checks.ex_13_1, lambda p: 2 * p - 1, "4.595"),
        (checks.ex_13_2, of_frequencies, "logarithm of the odds"),
        (checks.ex_13_2, turned_lead, "mind the sign"),
        (checks.ex_13_2, other_order, "the lead is 0, not 1.0"),
        (checks.ex_13_2, not_halved, "a lean of 1, not 2.0"),
        (checks.ex_13_3, plain, "it raised"),
        (checks.ex_13_3, without_log1p, "use log1p"),
        (checks.ex_13_3, turned, "scores 3.5 and 2"),
        (checks.ex_13_4, lambda good: good, "with a chance of"),
        (
            checks.ex_13_4,
            lambda good: good + " Thanks! Thanks!",
            "still helps the reader",
        ),
        (checks.ex_13_5, all_refusals, "is no over-refusal"),
        (checks.ex_13_5, careless, "no harmless request: None"),
        (checks.ex_13_6, best_score, "choose by the score"),
        (checks.ex_13_6, best_truth, "not the truth"),
        (checks.ex_13_6, best_of_all, "n = 1 shows the first"),
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said


def stable(chosen, rejected):
    lead = chosen - rejected
    return (
        math.log1p(math.exp(-lead)) if lead > 0 else math.log1p(math.exp(lead)) - lead
    )


def refused_too_much(cases):
    fine = [refused for harmful, refused in cases if not harmful]
    return fine.count(True) / len(fine) if fine else None


@pytest.mark.parametrize(
    "check, right",
    [
        (checks.ex_13_1, lambda p: -math.log(1 / p - 1)),
        (checks.ex_13_2, lead_and_lean),
        (checks.ex_13_3, stable),
        (checks.ex_13_4, lambda good: f"{good} Thanks! I am so glad, thank you, dear!"),
        (checks.ex_13_5, refused_too_much),
        (checks.ex_13_6, best_of),
    ],
)
def test_a_right_answer_is_right(check, right, capsys):
    check(right)
    assert capsys.readouterr().out.endswith(": correct\n")


def test_a_text_that_charms_nobody_is_no_flattery(capsys):
    checks.ex_13_4(lambda good: "The capital of Peru is Lima.")
    assert "with a chance of" in capsys.readouterr().out
