"""The checks of chapter 05 refuse the mistakes that learners make, and say why."""

import math

import pytest
import torch

from r1lib import checks
from r1lib.tokenizer import PAD


def v3_rate(tokens, *, cosine=True, last=True, high=10.0):
    """V3's plan with its usual mistakes."""
    if tokens > 14.633 and last:
        return 7.3e-6
    share = min(1.0, max(0.0, (tokens - high) / 4.3))
    kept = (1 + math.cos(math.pi * share)) / 2 if cosine else 1 - share
    return 2.2e-5 + kept * (2.2e-4 - 2.2e-5)


def straight(tokens):
    return v3_rate(tokens, cosine=False)


def no_end(tokens):
    return v3_rate(tokens, last=False)


def early(tokens):
    return v3_rate(tokens, high=4.0)


def targets_of(ids, owner, ahead):
    out = torch.full_like(ids, PAD)
    same = owner[:, ahead:] == owner[:, :-ahead]
    out[:, :-ahead] = ids[:, ahead:].where(same, PAD)
    return out


def over_the_border(ids, owner, ahead):
    return targets_of(ids, torch.ones_like(owner), ahead)


def rolled(ids, owner, ahead):
    return ids.roll(-ahead, 1)


def at_the_token(ids, owner, ahead):
    return ids.masked_fill(targets_of(ids, owner, ahead).roll(ahead, 1) == PAD, PAD)


def one_ahead(ids, owner, ahead):
    return targets_of(ids, owner, 1)


def share_done(points, name, level, start, *, first=False, whole=True, origin=None):
    reached = None
    for point in points:
        if point["skills"][name] >= level:
            reached = point["loss"] if reached is None else reached
        elif not first:
            reached = None
    if reached is None:
        return None
    start = start if origin is None else origin(points)
    return (start - reached) / (start - points[-1]["loss"] if whole else 1)


def first_time(*given):
    return share_done(*given, first=True)


def in_nats(*given):
    return share_done(*given, whole=False)


def from_first_look(*given):
    return share_done(*given, origin=lambda points: points[0]["loss"])


def never_none(*given):
    found = share_done(*given)
    return 1.0 if found is None else found


def adamw(p, grad, m, v, t, *, correct=True, couple=False):
    grad = grad + 0.1 * p if couple else grad
    m, v = 0.9 * m + 0.1 * grad, 0.95 * v + 0.05 * grad**2
    mean, spread = (m / (1 - 0.9**t), v / (1 - 0.95**t)) if correct else (m, v)
    p = p if couple else p - 0.1 * 0.1 * p
    return p - 0.1 * mean / (spread.sqrt() + 1e-8), m, v


def uncorrected(*given):
    return adamw(*given, correct=False)


def coupled(*given):
    return adamw(*given, couple=True)


def late_decay(p, grad, m, v, t):
    after, m, v = adamw(p, grad, m, v, t)
    return (after + 0.01 * p) * 0.99, m, v


def forgetful(p, grad, m, v, t):
    return adamw(p, grad, torch.zeros(4), torch.zeros(4), t)


def few_steps(x):
    x = x / x.norm()
    for _ in range(3):
        x = 1.5 * x - 0.5 * x @ x.T @ x
    return x


def identity(x):
    return torch.eye(*x.shape, dtype=x.dtype)


def half_budget(law, flops):
    return (flops / 12) ** 0.5, (flops / 12) ** 0.5


def equal(law, flops):
    return (flops / 6) ** 0.5, (flops / 6) ** 0.5


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_5_1, straight, "along a straight line"),
        (checks.ex_5_1, no_end, "a rate of 7.3e-6"),
        (checks.ex_5_1, early, "still 2.2e-4"),
        (checks.ex_5_2, over_the_border, "first token of another document"),
        (checks.ex_5_2, rolled, "roll goes round"),
        (checks.ex_5_2, at_the_token, "write them at the state"),
        (checks.ex_5_2, one_ahead, "it ignores `ahead`"),
        (checks.ex_5_3, first_time, "falls below the level once more"),
        (checks.ex_5_3, in_nats, "divide by the whole fall"),
        (checks.ex_5_3, from_first_look, "begins at `start`"),
        (checks.ex_5_3, never_none, "gives None"),
        (checks.ex_5_4, uncorrected, "not divided by 1 - beta^t"),
        (checks.ex_5_4, coupled, "added to the gradient"),
        (checks.ex_5_4, late_decay, "from after the step"),
        (checks.ex_5_4, forgetful, "step 2 is another one"),
        (checks.ex_5_4, lambda *given: given[0], "return three things"),
        (checks.ex_5_5, few_steps, "more steps"),
        (checks.ex_5_5, identity, "it is orthogonal, but turned"),
        (checks.ex_5_6, half_budget, "the budget"),
        (checks.ex_5_6, equal, "the loss is lower"),
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said


@pytest.mark.parametrize(
    "check, right",
    [
        (checks.ex_5_1, v3_rate),
        (checks.ex_5_2, targets_of),
        (checks.ex_5_3, share_done),
        (checks.ex_5_4, adamw),
    ],
)
def test_right_answers_are_right(check, right, capsys):
    check(right)
    assert capsys.readouterr().out.endswith(": correct\n")
