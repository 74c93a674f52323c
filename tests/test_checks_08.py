"""The checks of chapter 08 refuse the mistakes that learners make, and say why."""

import math

import pytest
import torch

from r1lib import checks
from r1lib.rl.grpo import group_advantages


def two_averages(gain, mask):
    """Row by row, not as the book's solution does it."""
    rows = [row[kept] for row, kept in zip(gain, mask, strict=True)]
    return sum(row.mean() for row in rows) / len(rows), torch.cat(rows).mean()


def by_padded_length(gain, mask):
    kept = torch.where(mask, gain, 0)
    return kept.mean(1).mean().item(), kept.mean().item()


def with_nan(gain, mask):
    sums = (gain * mask).sum(1)
    return (sums / mask.sum(1)).mean().item(), (sums.sum() / mask.sum()).item()


def exact_gradient(probabilities, rewards):
    mean = sum(p * r for p, r in zip(probabilities, rewards, strict=True))
    return [p * (r - mean) for p, r in zip(probabilities, rewards, strict=True)]


def my_gae(rewards, values, lam):
    """As the sum says, not as the book's solution does it."""
    deltas = [
        r + v_after - v
        for r, v, v_after in zip(rewards, values, [*values[1:], 0.0], strict=True)
    ]
    return [
        sum(lam**k * delta for k, delta in enumerate(deltas[t:]))
        for t in range(len(deltas))
    ]


def best_policy(ref, rewards, beta):
    logits = torch.tensor(ref).double().log() + torch.tensor(rewards).double() / beta
    return logits.softmax(0).tolist()


def without_shift(ref, rewards, beta):
    weights = [p * math.exp(r / beta) for p, r in zip(ref, rewards, strict=True)]
    return [weight / sum(weights) for weight in weights]


def push_by_cases(ratio, advantage):
    """As a table of the four cases, not as the book's solution does it."""
    if (advantage > 0 and ratio > 1.2) or (advantage < 0 and ratio < 0.8):
        return 0
    return advantage * ratio


def with_max(ratio, advantage):
    if advantage > 0:
        return push_by_cases(ratio, advantage)
    return 0 if ratio > 1.2 else advantage * ratio


def against_the_best(rewards):
    return rewards - rewards.amax(1, keepdim=True)


@pytest.mark.parametrize(
    "check, answer",
    [
        (checks.ex_8_1, two_averages),
        (checks.ex_8_2, exact_gradient),
        (checks.ex_8_3, my_gae),
        (checks.ex_8_4, best_policy),
        (checks.ex_8_5, push_by_cases),
        (checks.ex_8_6, group_advantages),
        (checks.ex_8_6, against_the_best),
    ],
)
def test_a_right_answer_is_correct(check, answer, capsys):
    check(answer)
    assert capsys.readouterr().out.endswith(": correct\n")


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_8_1, by_padded_length, "not by the padded length"),
        (checks.ex_8_1, with_nan, "nan x 0 is nan"),
        (checks.ex_8_1, lambda g, m: two_averages(g, m)[::-1], "comes first"),
        (checks.ex_8_1, lambda g, m: (0.0, 0.0), "3 tokens and 1: [0.0, 0.5]"),
        (
            checks.ex_8_2,
            lambda p, r: [a * b for a, b in zip(p, r, strict=True)],
            "minus probabilities",
        ),
        (checks.ex_8_2, lambda p, r: exact_gradient(p, r)[:1], "0.5 x (1 - 0.5)"),
        (checks.ex_8_3, lambda r, v, lam: my_gae(r, v, lam)[::-1], "first comes first"),
        (checks.ex_8_3, lambda r, v, lam: my_gae(r, v, 1.0), "only the next value"),
        (checks.ex_8_3, lambda r, v, lam: my_gae(r, v, 0.0), "reward minus value"),
        (
            checks.ex_8_3,
            lambda r, v, lam: my_gae([0.0] * (len(r) - 1) + r[-1:], v, lam),
            "on the way",
        ),
        (
            checks.ex_8_4,
            lambda p, r, b: [a / 2 for a in best_policy(p, r, b)],
            "sum to 1",
        ),
        (checks.ex_8_4, without_shift, "large rewards, no inf"),
        (checks.ex_8_4, lambda p, r, b: best_policy(p, r, 1.0), "0.2 e to 0.8"),
        (checks.ex_8_4, lambda p, r, b: list(p), "e to 1"),
        (checks.ex_8_5, lambda r, a: a, "inside the range: ratio times"),
        (checks.ex_8_5, lambda r, a: r * a, "common enough"),
        (checks.ex_8_5, lambda r, a: 0 if abs(r - 1) > 0.2 else r * a, "pull it back"),
        (checks.ex_8_5, with_max, "rare enough"),
        (checks.ex_8_6, lambda r: r, "a group that agrees gets zeros"),
        (checks.ex_8_6, lambda r: r * 0, "nothing would be learned"),
        (checks.ex_8_6, lambda r: -group_advantages(r), "never gets a lower advantage"),
        (checks.ex_8_6, lambda r: r - r.mean(), "a group that agrees gets zeros"),
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said
