"""The checks of chapter 13 refuse the mistakes that learners make, and say why."""

import math

import pytest
import torch

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


def last_place(hidden, lengths, weight):
    return hidden[:, -1] @ weight


def one_too_far(hidden, lengths, weight):
    places = lengths.clamp(max=hidden.shape[1] - 1)
    return hidden[torch.arange(len(hidden)), places] @ weight


def with_a_mean(hidden, lengths, weight):
    rows = [row[:n].mean(0) for row, n in zip(hidden, lengths, strict=True)]
    return torch.stack(rows) @ weight


def taken_along(hidden, lengths, weight):
    places = lengths.view(-1, 1, 1) - 1
    return (hidden.take_along_dim(places, 1) * weight).sum(-1).view(-1)


def advantages(rewards, mu, delta, squashed, divided):
    found = torch.tensor(rewards)
    found = ((found - mu) / delta).sigmoid() if squashed else found
    found = found - found.mean()
    spread = found.square().mean().sqrt() if divided else 1
    return found if not spread else found / spread


def never_squashed(rewards, mu, delta, squashed, divided):
    return advantages(rewards, mu, delta, False, divided)


def not_centred(rewards, mu, delta, squashed, divided):
    return rewards


def never_divided(rewards, mu, delta, squashed, divided):
    return advantages(rewards, mu, delta, squashed, False)


def by_zero(rewards, mu, delta, squashed, divided):
    found = advantages(rewards, mu, delta, squashed, False).tolist()
    spread = (sum(a * a for a in found) / len(found)) ** 0.5
    return [a / spread for a in found] if divided else found


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_13_1, of_frequencies, "logarithm of the odds"),
        (checks.ex_13_1, turned_lead, "mind the sign"),
        (checks.ex_13_1, other_order, "the lead is 0, not 1.0"),
        (checks.ex_13_1, not_halved, "a lean of 1, not 2.0"),
        (checks.ex_13_2, plain, "it raised"),
        (checks.ex_13_2, without_log1p, "use log1p"),
        (checks.ex_13_2, turned, "scores 3.5 and 2"),
        (checks.ex_13_3, lambda good: good, "with a chance of"),
        (
            checks.ex_13_3,
            lambda good: good + " Thanks! Thanks!",
            "still helps the reader",
        ),
        (checks.ex_13_4, last_place, "is padding: use `lengths`"),
        (checks.ex_13_4, one_too_far, "rows of 2, 4 and 1 tokens"),
        (checks.ex_13_4, with_a_mean, "rows of 2, 4 and 1 tokens"),
        (checks.ex_13_5, never_squashed, "0.116 around 0"),
        (checks.ex_13_5, not_centred, "have the mean 1"),
        (checks.ex_13_5, never_divided, "their own mean square becomes 1"),
        (checks.ex_13_5, by_zero, "equal rewards give zeros"),
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


@pytest.mark.parametrize(
    "check, right",
    [
        (checks.ex_13_1, lead_and_lean),
        (checks.ex_13_2, stable),
        (checks.ex_13_3, lambda good: f"{good} Thanks! I am so glad, thank you, dear!"),
        (checks.ex_13_4, taken_along),
        (checks.ex_13_5, advantages),
        (checks.ex_13_6, best_of),
    ],
)
def test_a_right_answer_is_right(check, right, capsys):
    check(right)
    assert capsys.readouterr().out.endswith(": correct\n")


def test_a_text_that_charms_nobody_is_no_flattery(capsys):
    checks.ex_13_3(lambda good: "The capital of Peru is Lima.")
    assert "with a chance of" in capsys.readouterr().out
